//! How a pull request may be taken apart, and in which order its parts land.

use std::collections::BTreeSet;

use crate::domain::change::{Change, FileChange};
use crate::domain::path::RepoPath;
use crate::rules::{self, SplitPart};

/// One pull request of the proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    pub title: String,
    /// In path order; lock files and generated files are with the part that changes their folder.
    pub files: Vec<RepoPath>,
    /// Indexes of parts that must land before this one.
    pub after: Vec<usize>,
}

/// The parts in the order in which they land: schema before the code that needs it. `None` when
/// the change is one connected whole, or too small to be worth it.
pub fn proposal(change: &Change, limit: usize) -> Option<Vec<Part>> {
    let parts = rules::propose_split(change, limit);
    if parts.len() < 2 {
        return None;
    }
    let mut parts = with_derived(parts, change);
    let kinds: Vec<Kind> = parts.iter().map(kind).collect();
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by_key(|at| (kinds.get(*at).copied().unwrap_or(Kind::Other), *at));
    let tables: Vec<BTreeSet<String>> = parts.iter().map(|part| tables(part, change)).collect();
    let words: Vec<BTreeSet<String>> = parts.iter().map(|part| words(part, change)).collect();
    let mut ordered: Vec<Part> = Vec::new();
    for (place, at) in order.iter().enumerate() {
        let mine = words.get(*at);
        let after = order.iter().take(place).enumerate().filter(|(_, other)| {
            let theirs = tables.get(**other);
            mine.zip(theirs).is_some_and(|(mine, theirs)| !mine.is_disjoint(theirs))
        });
        let after = after.map(|(place, _)| place).collect();
        if let Some(part) = parts.get_mut(*at) {
            let files = std::mem::take(&mut part.files);
            ordered.push(Part { title: std::mem::take(&mut part.title), files, after });
        }
    }
    Some(ordered)
}

/// Schema first, then what runs, then what describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Schema,
    Other,
    Docs,
}

fn kind(part: &SplitPart) -> Kind {
    if part.files.iter().any(is_migration) {
        return Kind::Schema;
    }
    let docs = |path: &RepoPath| {
        matches!(path.extension().as_deref(), Some("md" | "rst" | "adoc" | "txt"))
    };
    if part.files.iter().all(docs) { Kind::Docs } else { Kind::Other }
}

fn is_migration(path: &RepoPath) -> bool {
    ["migrations", "migration", "migrate", "versions"].iter().any(|part| path.has_directory(part))
        || (path.extension().as_deref() == Some("sql") && path.file_name().contains("__"))
}

/// Every file of the change is in one part: what was not counted goes where its folder went.
fn with_derived(mut parts: Vec<SplitPart>, change: &Change) -> Vec<SplitPart> {
    for file in change.files.iter().filter(|file| file.derived) {
        let near = |part: &SplitPart| {
            let folder = file.path.directory();
            part.files.iter().filter(|other| other.directory().starts_with(folder)).count()
        };
        let best =
            parts.iter().enumerate().max_by_key(|(at, part)| (near(part), std::cmp::Reverse(*at)));
        let at = best.map(|(at, _)| at);
        if let Some(part) = at.and_then(|at| parts.get_mut(at)) {
            part.files.push(file.path.clone());
            part.files.sort();
        }
    }
    parts
}

/// Longest added text of one file that is looked through, in bytes.
const MAX_TEXT: usize = 200_000;

/// Names that the migrations of a part create or change.
fn tables(part: &SplitPart, change: &Change) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for text in texts(part, change, &is_migration) {
        let words: Vec<String> = identifiers(&text).collect();
        for pair in words.windows(2) {
            if let [before, name] = pair
                && ["table", "exists", "only", "column"].contains(&before.as_str())
                && name.len() >= 4
                && !["exists", "table", "only", "column", "not"].contains(&name.as_str())
            {
                names.insert(name.clone());
            }
        }
    }
    names
}

fn words(part: &SplitPart, change: &Change) -> BTreeSet<String> {
    texts(part, change, &|_| true)
        .iter()
        .flat_map(|text| identifiers(text).collect::<Vec<_>>())
        .collect()
}

fn identifiers(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
}

/// The added lines of a part's files.
fn texts(part: &SplitPart, change: &Change, wanted: &dyn Fn(&RepoPath) -> bool) -> Vec<String> {
    let files = part.files.iter().filter(|path| wanted(path)).filter_map(|path| change.file(path));
    files.map(added).collect()
}

fn added(file: &FileChange) -> String {
    let Some(text) = file.head_text() else { return String::new() };
    let mut out = String::new();
    for line in file.added_lines().filter_map(|number| text.line(number)) {
        if out.len() > MAX_TEXT {
            break;
        }
        out.push_str(line);
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::assemble;

    fn change(files: &[(&str, &str)]) -> Change {
        let file = |(path, text): &(&str, &str)| {
            assemble::file_change(RepoPath::new(path).unwrap(), None, Some(text))
        };
        assemble::change(files.iter().map(file).collect())
    }

    #[test]
    fn schema_lands_before_the_code_that_needs_it() {
        let change = change(&[
            ("billing/store.py", "SELECT * FROM invoices\n"),
            ("billing/views.py", "import store\n"),
            ("docs/guide/search.md", "text\n"),
            ("db/migrations/0007_invoices.sql", "CREATE TABLE invoices (id bigint);\n"),
        ]);
        let parts = proposal(&change, 2).unwrap();
        let files = |at: usize| parts[at].files.iter().map(RepoPath::as_str).collect::<Vec<_>>();
        assert_eq!(files(0)[0], "db/migrations/0007_invoices.sql");
        let code = parts
            .iter()
            .position(|part| part.files.iter().any(|p| p.as_str() == "billing/store.py"))
            .unwrap();
        assert!(code == 0 || parts[code].after == [0], "{parts:?}");
    }

    #[test]
    fn one_whole_is_not_split() {
        let change = change(&[("a/one.py", "x\n"), ("a/two.py", "y\n")]);
        assert_eq!(proposal(&change, 15), None);
    }

    proptest! {
        #[test]
        fn every_file_is_in_one_part_and_order_points_back(
            names in proptest::collection::btree_set("[abc]/(migrations|core)/[a-f]{1,5}\\.(sql|py|md)", 1..30),
        ) {
            let files: Vec<(&str, &str)> = names.iter().map(|n| (n.as_str(), "CREATE TABLE abcde x\n")).collect();
            if let Some(parts) = proposal(&change(&files), 5) {
                let all: Vec<_> = parts.iter().flat_map(|part| &part.files).collect();
                prop_assert_eq!(all.len(), names.len());
                for (at, part) in parts.iter().enumerate() {
                    prop_assert!(part.after.iter().all(|before| *before < at));
                }
            }
        }
    }
}

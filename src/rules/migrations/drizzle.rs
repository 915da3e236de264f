//! Drizzle's journal (`meta/_journal.json`): which files are migrations, in which order they run,
//! and which of them an existing database takes for old.

use std::collections::{HashMap, HashSet};

use super::discover::{self, Framework};
use super::files::added;
use super::say::draft;
use crate::domain::change::{Change, FileChange};
use crate::domain::diff::{LineRange, Side};
use crate::domain::finding::Category::Reliability;
use crate::domain::finding::Confidence::{High, Medium};
use crate::domain::finding::FindingKind;
use crate::domain::finding::Severity::Major;
use crate::domain::path::RepoPath;
use crate::domain::team::Lane;
use crate::ports::source::Need;
use crate::rules::parse::json;
use crate::rules::{Check, Draft, Findings, Rule, RuleContext};

/// Most new entries of a journal whose files are looked for.
const MAX_NEW: usize = 20;

const JOURNAL: &str = "meta/_journal.json";

/// An entry of a journal.
struct Entry {
    /// The name of the file, without `.sql`.
    tag: String,
    /// When it was generated, in milliseconds; what a database remembers of it.
    when: Option<i64>,
    lines: LineRange,
}

/// Reads a journal; `None` if the text is not one.
fn entries(text: &str) -> Option<Vec<Entry>> {
    let root = json::parse(text).ok()?;
    let list = root.get("entries").filter(|list| list.is_sequence())?;
    let entry = |node: &crate::rules::parse::tree::Node| {
        Some(Entry {
            tag: node.get("tag")?.as_str()?.to_owned(),
            when: node.get("when").and_then(crate::rules::parse::tree::Node::as_i64),
            lines: node.lines,
        })
    };
    list.items().iter().map(entry).collect()
}

/// The tags of a journal in the order in which they run.
pub(super) fn tags(text: &str) -> Option<Vec<String>> {
    Some(entries(text)?.into_iter().map(|entry| entry.tag).collect())
}

/// Where the journal of a folder is.
pub(super) fn journal_of(folder: &str) -> Option<RepoPath> {
    RepoPath::new(&if folder.is_empty() {
        JOURNAL.to_owned()
    } else {
        format!("{folder}/{JOURNAL}")
    })
}

/// The folder whose journal a file is.
fn folder_of(path: &RepoPath) -> Option<&str> {
    let folder = path.as_str().strip_suffix(JOURNAL)?;
    if folder.is_empty() { Some("") } else { folder.strip_suffix('/') }
}

/// The journals that a change touches, each with its folder.
fn journals(change: &Change) -> impl Iterator<Item = (&FileChange, &str)> {
    let touched = change.files.iter().filter(|file| file.head_text().is_some());
    touched.filter_map(|file| Some((file, folder_of(&file.path)?)))
}

/// Puts the files of a change, given by their positions in it, into the order of the journals that
/// it touches; all others stay where they are.
pub(super) fn reorder(change: &Change, order: &mut [usize]) {
    for (journal, folder) in journals(change) {
        let Some(tags) = journal.head_text().and_then(|text| tags(text.as_str())) else { continue };
        let places: HashMap<&str, usize> = tags.iter().map(String::as_str).zip(0..).collect();
        let place = |at: usize| {
            let path = &change.files.get(at)?.path;
            let name = path.file_name();
            let tag = name.strip_suffix(".sql").filter(|_| path.directory() == folder)?;
            places.get(tag).copied()
        };
        let slots: Vec<usize> = (0..order.len())
            .filter(|slot| order.get(*slot).is_some_and(|at| place(*at).is_some()))
            .collect();
        let mut own: Vec<usize> =
            slots.iter().filter_map(|slot| order.get(*slot).copied()).collect();
        own.sort_by_key(|at| place(*at));
        for (slot, at) in slots.into_iter().zip(own) {
            if let Some(place) = order.get_mut(slot) {
                *place = at;
            }
        }
    }
}

/// Entries that the change brings to a journal.
fn new_entries(journal: &FileChange) -> Vec<Entry> {
    let read = |side| journal.text(side).and_then(|text| entries(text.as_str()));
    let known: HashSet<String> =
        read(Side::Base).unwrap_or_default().into_iter().map(|entry| entry.tag).collect();
    let all = read(Side::Head).unwrap_or_default();
    all.into_iter().filter(|entry| !known.contains(&entry.tag)).take(MAX_NEW).collect()
}

/// The file of an entry.
fn file_of(folder: &str, tag: &str) -> Option<RepoPath> {
    RepoPath::new(&if folder.is_empty() {
        format!("{tag}.sql")
    } else {
        format!("{folder}/{tag}.sql")
    })
}

/// SQL files that the change adds and that Drizzle may run.
fn added_sql(change: &Change) -> impl Iterator<Item = &FileChange> {
    let own = added(change).filter(|(_, identity)| {
        matches!(identity.framework, Framework::Drizzle | Framework::Plain)
    });
    own.map(|(file, _)| file)
}

fn needs(change: &Change) -> Vec<Need> {
    let mut needs: Vec<Need> = added_sql(change)
        .filter_map(|file| journal_of(file.path.directory()))
        .map(|path| Need::File { side: Side::Head, path })
        .collect();
    for (journal, folder) in journals(change) {
        let files = new_entries(journal).into_iter().filter_map(|it| file_of(folder, &it.tag));
        needs.extend(files.map(|path| Need::File { side: Side::Head, path }));
    }
    needs.dedup();
    needs
}

pub(super) const JOURNAL_MISMATCH: Rule = Rule {
    code: "migration/journal-mismatch",
    title: "Drizzle's journal and its folder do not agree",
    lane: Lane::Data,
    kind: FindingKind::Evidence,
    category: Reliability,
    severity: Major,
    confidence: High,
    equivalents: &[],
    page: include_str!("../../../fixtures/rules/migration/journal-mismatch.md"),
    check: Check::Change {
        applies: |change| {
            discover::has_forward_migration(change) || journals(change).next().is_some()
        },
        needs,
        check: |context, findings| {
            for file in added_sql(context.change) {
                unlisted(context, findings, file);
            }
            for (journal, folder) in journals(context.change) {
                for entry in new_entries(journal) {
                    without_file(context, findings, journal, folder, &entry);
                }
            }
        },
    },
};

/// A file that the journal does not name is never run.
fn unlisted(context: &RuleContext<'_>, findings: &mut Findings<'_>, file: &FileChange) {
    let Some(path) = journal_of(file.path.directory()) else { return };
    let changed = context.change.file(&path).and_then(FileChange::head_text);
    let there = context.gathered(&Need::File { side: Side::Head, path });
    let text = changed.or(there.first().map(|file| &file.text));
    let Some(tags) = text.and_then(|text| tags(text.as_str())) else { return };
    let name = file.path.file_name();
    let own = name.strip_suffix(".sql").unwrap_or(name);
    if tags.iter().any(|tag| tag == own) {
        return;
    }
    findings.on_file(
        file,
        Draft {
            symbol: Some(own.to_owned()),
            confidence: Some(Medium),
            ..draft(
                format!("`{name}` is not in Drizzle's journal"),
                "Drizzle runs what `meta/_journal.json` lists, and nothing else: this file is never run, and nothing says so.",
                "Let `drizzle-kit generate` (with `--custom` for SQL of your own) make the file, and commit the journal and \
                 the snapshot with it.",
            )
        },
    );
}

/// An entry without its file stops every `migrate`.
fn without_file(
    context: &RuleContext<'_>,
    findings: &mut Findings<'_>,
    journal: &FileChange,
    folder: &str,
    entry: &Entry,
) {
    let Some(path) = file_of(folder, &entry.tag) else { return };
    if context.change.file(&path).is_some_and(|file| !file.is_deleted()) {
        return;
    }
    let need = Need::File { side: Side::Head, path };
    if context.gathered_whole(&need).is_none_or(|files| !files.is_empty()) {
        return;
    }
    findings.at_head(
        journal,
        entry.lines,
        Draft {
            symbol: Some(entry.tag.clone()),
            ..draft(
                format!("`{}.sql` is in the journal, but not in the folder", entry.tag),
                "Drizzle reads every file that the journal lists before it runs any: `migrate` stops with an error on every \
                 database.",
                "Commit the file, or take the entry out of the journal.",
            )
        },
    );
}

/// Entries that databases take for old: Drizzle compares `when` with the newest that has run.
pub(super) fn skipped(context: &RuleContext<'_>, findings: &mut Findings<'_>) {
    for (journal, _) in journals(context.change) {
        let base = journal.base_text().and_then(|text| entries(text.as_str())).unwrap_or_default();
        let newest = base.iter().filter_map(|entry| Some((entry.when?, &entry.tag))).max();
        let Some((newest, tag)) = newest else { continue };
        for entry in new_entries(journal) {
            if entry.when.is_none_or(|when| when > newest) {
                continue;
            }
            findings.at_head(
                journal,
                entry.lines,
                Draft {
                    symbol: Some(entry.tag.clone()),
                    ..draft(
                        format!("Drizzle skips `{}` on databases that have run `{tag}`", entry.tag),
                        format!(
                            "It runs entries whose `when` is later than the newest that a database has recorded. This one is not \
                             later than `{tag}`, which is on the base branch: `migrate` reports success and leaves it out. New \
                             databases do run it."
                        ),
                        "Generate the migration again on the present base branch, so that it gets the newest `when`.",
                    )
                },
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn journals_are_told_from_other_json() {
        let journal = r#"{"version":"7","dialect":"postgresql","entries":[
            {"idx":0,"version":"7","when":1700000000000,"tag":"0000_init","breakpoints":true},
            {"idx":1,"version":"7","when":1700000000001,"tag":"0001_more","breakpoints":true}]}"#;
        assert_eq!(tags(journal).unwrap(), ["0000_init", "0001_more"]);
        for other in ["", "{}", "[]", r#"{"entries":{}}"#, r#"{"entries":[1]}"#] {
            assert!(tags(other).is_none(), "{other}");
        }
    }

    #[test]
    fn a_journal_belongs_to_the_folder_above_it() {
        let folder = |path: &str| {
            let path = RepoPath::new(path).unwrap();
            folder_of(&path).map(str::to_owned)
        };
        assert_eq!(folder("src/db/drizzle/meta/_journal.json").as_deref(), Some("src/db/drizzle"));
        assert_eq!(folder("meta/_journal.json").as_deref(), Some(""));
        assert_eq!(folder("a/notmeta/_journal.json"), None);
        assert_eq!(journal_of("a/b").unwrap().as_str(), "a/b/meta/_journal.json");
    }
}

//! Documents that are spread over files by `$ref`, on both sides of a change.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::openapi::resolve::Documents;
use super::parse::tree::{Node, Tree};
use super::parse::yaml;
use super::{RuleContext, nearby};
use crate::domain::change::{Change, FileChange};
use crate::domain::diff::Side;
use crate::domain::path::RepoPath;
use crate::ports::source::{Need, literal_glob};

/// Most files that are read besides the changed ones.
pub const MAX_FILES: usize = 400;

/// Most files that are asked for by name.
const MAX_WORDS: usize = 100;

/// Whether a file is of a form in which documents are spread.
pub fn is_readable(path: &RepoPath) -> bool {
    matches!(path.extension().as_deref(), Some("yaml" | "yml" | "json"))
}

/// Both texts of a file.
pub fn texts(file: &FileChange) -> impl Iterator<Item = &str> {
    [file.base_text(), file.head_text()].into_iter().flatten().map(|text| text.as_str())
}

/// The files of the top folders in which the chosen ones lie. What a change does not touch is the
/// same on both sides.
pub fn need(change: &Change, chosen: impl Fn(&FileChange) -> bool) -> Option<Need> {
    let mut folders = BTreeSet::new();
    for file in change.files.iter().filter(|file| chosen(file)) {
        let path = file.path.as_str();
        folders.insert(path.split_once('/').map_or("", |(folder, _)| folder).to_owned());
    }
    let globs: Vec<String> = folders
        .iter()
        .flat_map(|folder| ["yaml", "yml", "json"].map(|kind| (folder, kind)))
        .map(|(folder, kind)| match folder.as_str() {
            "" => format!("*.{kind}"),
            folder => format!("{folder}/**/*.{kind}"),
        })
        .collect();
    (!globs.is_empty()).then_some(Need::Glob { side: Side::Head, globs, limit: MAX_FILES })
}

/// Where files lie that refer to a changed one, in a directory on the way to it.
const PLACES: [&str; 3] = [
    "*.{yaml,yml,json}",
    "{asyncapi,api,channels,common,components,contracts,definitions,docs,events,messages,operations,schema,schemas,\
     spec,specs}/*.{yaml,yml,json}",
    "{asyncapi,components,contracts,docs,events,schemas,spec}/*/*.{yaml,yml,json}",
];

/// The files near the chosen parts that name them, or hold `mark`, and those that the chosen main
/// files refer to.
pub fn needs_near(
    change: &Change,
    is_part: impl Fn(&FileChange) -> bool,
    is_main: impl Fn(&FileChange) -> bool,
    mark: Option<&str>,
) -> Vec<Need> {
    let parts: Vec<&FileChange> = change.files.iter().filter(|file| is_part(file)).collect();
    let mut needs = Vec::new();
    if !parts.is_empty() {
        let mut words: BTreeSet<String> = mark.iter().map(|mark| (*mark).to_owned()).collect();
        words.extend(parts.iter().map(|file| file.path.file_name().to_owned()));
        let folders = nearby::above(parts.iter().map(|file| &file.path));
        let globs = nearby::in_each(folders, &PLACES);
        let words = words.into_iter().take(MAX_WORDS).collect();
        needs.push(Need::Search { side: Side::Head, words, globs, limit: MAX_FILES });
    }
    let mut named: BTreeSet<RepoPath> = BTreeSet::new();
    for file in change.files.iter().filter(|file| is_main(file)) {
        for (side, text) in [(Side::Base, file.base_text()), (Side::Head, file.head_text())] {
            if let Some(text) = text.filter(|text| refers_to_files(text.as_str())) {
                let path = file.path_on(side);
                let tree = yaml::parse(text.as_str());
                named.extend(tree.documents.iter().flat_map(|node| targets(path, node)));
            }
        }
    }
    named.retain(|path| is_readable(path) && change.file(path).is_none());
    let globs: Vec<String> =
        named.iter().take(MAX_WORDS).map(|path| literal_glob(path.as_str())).collect();
    if !globs.is_empty() {
        needs.push(Need::Glob { side: Side::Head, globs, limit: MAX_FILES });
    }
    needs
}

/// Whether a text has a reference that starts with something other than `#`.
pub fn refers_to_files(text: &str) -> bool {
    text.match_indices("$ref").any(|(at, word)| {
        let rest = text.get(at + word.len()..).unwrap_or_default();
        let value = rest.trim_start_matches(['"', '\'', ':', ' ']);
        !value.starts_with('#') && value.starts_with(|c: char| c.is_alphanumeric() || c == '.')
    })
}

/// The files of one side, parsed on first use.
pub struct Files<'c> {
    context: &'c RuleContext<'c>,
    side: Side,
    pub others: HashMap<&'c RepoPath, &'c str>,
    parsed: HashMap<RepoPath, Option<Arc<Tree>>>,
}

/// A document, and the files that it refers to, directly or not.
pub struct Spread {
    /// The main file first.
    pub files: Vec<(RepoPath, Arc<Tree>)>,
    /// Files that it refers to and that were not read.
    pub missing: BTreeSet<RepoPath>,
}

impl Spread {
    pub fn documents(&self) -> Documents<'_> {
        let files = self.files.iter().map(|one| (one.0.clone(), one.1.documents.first()));
        Documents::new(files.filter_map(|(path, node)| Some((path, node?))).collect())
    }

    /// Whether the change touches one of its files.
    pub fn is_touched(&self, change: &Change) -> bool {
        self.files.iter().any(|(path, _)| {
            change.files.iter().any(|f| f.path == *path || f.path_on(Side::Base) == path)
        })
    }
}

impl<'c> Files<'c> {
    /// Of the changed files on that side, and those that were gathered for the needs.
    pub fn new(context: &'c RuleContext<'c>, side: Side, needs: &[Need]) -> Self {
        let gathered = needs.iter().flat_map(|need| context.gathered(need));
        let others = gathered.map(|file| (&file.path, file.text.as_str())).collect();
        Self { context, side, others, parsed: HashMap::new() }
    }

    pub fn tree(&mut self, path: &RepoPath) -> Option<Arc<Tree>> {
        if let Some(known) = self.parsed.get(path) {
            return known.clone();
        }
        let changed = self.context.change.files.iter().find(|file| file.path_on(self.side) == path);
        let tree = match changed {
            Some(file) => self.context.parsed(file, self.side, yaml::parse),
            None => self.others.get(path).map(|text| Arc::new(yaml::parse(text))),
        };
        let tree = tree.filter(|tree| tree.error.is_none() && !tree.documents.is_empty());
        self.parsed.insert(path.clone(), tree.clone());
        tree
    }

    /// A document and the files that it refers to; `None` if it is not of the wanted kind.
    pub fn load(&mut self, root: &RepoPath, is_root: impl Fn(&Node) -> bool) -> Option<Spread> {
        let tree = self.tree(root)?;
        if !tree.documents.first().is_some_and(is_root) {
            return None;
        }
        let mut seen = BTreeSet::from([root.clone()]);
        let mut files = vec![(root.clone(), tree)];
        let mut missing = BTreeSet::new();
        let mut next = 0;
        while let Some((path, tree)) = files.get(next).cloned() {
            next += 1;
            for target in tree.documents.iter().flat_map(|node| targets(&path, node)) {
                if !seen.insert(target.clone()) {
                    continue;
                }
                match self.tree(&target).filter(|_| files.len() < MAX_FILES) {
                    Some(tree) => files.push((target, tree)),
                    None if is_readable(&target) => {
                        missing.insert(target);
                    }
                    None => {}
                }
            }
        }
        Some(Spread { files, missing })
    }
}

/// Paths of the other files that a file refers to.
fn targets(path: &RepoPath, node: &Node) -> BTreeSet<RepoPath> {
    let references = node.walk().filter_map(|node| node.get("$ref").and_then(Node::as_str));
    references
        .filter_map(|reference| reference.split('#').next().filter(|place| !place.is_empty()))
        .filter(|place| !place.contains("://"))
        .filter_map(|place| path.resolve(place))
        .collect()
}

/// Main files before and after: the changed ones, and those beside them that were gathered.
pub fn roots(
    context: &RuleContext<'_>,
    files: &Files<'_>,
    changed: impl Fn(&FileChange) -> bool,
    gathered: impl Fn(&RepoPath, &str) -> bool,
) -> BTreeMap<RepoPath, RepoPath> {
    let own = context.change.files.iter().filter(|file| changed(file));
    let mut roots: BTreeMap<RepoPath, RepoPath> = own
        .map(|file| (file.path_on(Side::Base).clone(), file.path_on(Side::Head).clone()))
        .collect();
    let named =
        files.others.iter().filter(|(path, text)| is_readable(path) && gathered(path, text));
    for path in named.map(|(path, _)| (*path).clone()) {
        if context.change.file(&path).is_none() {
            roots.insert(path.clone(), path);
        }
    }
    roots
}

/// The changed file at a path of one side.
pub fn changed<'c>(
    context: &RuleContext<'c>,
    side: Side,
    path: &RepoPath,
) -> Option<&'c FileChange> {
    let mut files = context.change.files.iter();
    files.find(|file| file.path_on(side) == path && file.text(side).is_some())
}

/// A document of which a part could not be compared, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    pub document: RepoPath,
    pub why: String,
}

/// What a comparison leaves out because files could not be read. A file that both sides refer to
/// and that the change does not touch is the same on both.
pub fn unread(old: &Spread, new: &Spread, whole: bool) -> Option<Unread> {
    let differing: BTreeSet<&RepoPath> = match whole {
        true => old.missing.symmetric_difference(&new.missing).collect(),
        false => old.missing.union(&new.missing).collect(),
    };
    let first = differing.first()?;
    let (document, _) = new.files.first()?;
    let more = match differing.len() {
        1 => String::new(),
        count => format!(" and {} more", count - 1),
    };
    let why = format!(
        "refers to `{first}`{more}, which could not be read: what it says there was not compared"
    );
    Some(Unread { document: document.clone(), why })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> RepoPath {
        RepoPath::new(text).unwrap()
    }

    fn spread(missing: &[&str]) -> Spread {
        let files = vec![(path("events/asyncapi.yaml"), Arc::new(yaml::parse("asyncapi: 2.6.0")))];
        Spread { files, missing: missing.iter().map(|it| path(it)).collect() }
    }

    #[test]
    fn what_was_not_read_is_said_where_it_may_matter() {
        let said = |old: &[&str], new: &[&str], whole| {
            unread(&spread(old), &spread(new), whole).map(|one| (one.document.to_string(), one.why))
        };
        // Nobody has it, on either side: the same is missing from both.
        assert_eq!(said(&["a.yaml"], &["a.yaml"], true), None);
        let (document, why) = said(&["a.yaml"], &["b.yaml"], true).unwrap();
        assert_eq!(document, "events/asyncapi.yaml");
        assert!(why.contains("`a.yaml` and 1 more"), "{why}");
        // Bounds left some files out.
        assert!(
            said(&["a.yaml"], &["a.yaml"], false).is_some_and(|(_, why)| why.contains("`a.yaml`,"))
        );
    }

    #[test]
    fn references_to_files_are_told_from_those_within() {
        for (text, expected) in [
            ("{\"$ref\": \"#/a\"}", false),
            ("$ref: './a.yaml#/b'", true),
            ("{$ref: schemas/a.json}", true),
            ("$ref:\n", false),
        ] {
            assert_eq!(refers_to_files(text), expected, "{text}");
        }
        let tree = yaml::parse(
            "a: {$ref: '../x/b.yaml#/c'}\nd: {$ref: 'https://e.example/f.json'}\ng: {$ref: '#/a'}\n",
        );
        let found = targets(&path("events/v1/a.yaml"), &tree.documents[0]);
        assert_eq!(found.into_iter().collect::<Vec<_>>(), [path("events/x/b.yaml")]);
    }
}

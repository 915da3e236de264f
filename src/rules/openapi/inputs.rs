//! Which descriptions a change touches, over all the files they are spread over.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::diff::{self, Comparison};
use super::document::{is_description, may_be_document};
use super::examples::{self, Misfit};
use super::lint::{self, Lapse};
use super::model::Description;
use super::resolve::Documents;
use super::table;
use crate::config::policy::ErrorShape;
use crate::domain::change::{Change, FileChange};
use crate::domain::diff::Side;
use crate::domain::path::RepoPath;
use crate::domain::report::Endpoint;
use crate::ports::source::Need;
use crate::rules::RuleContext;
use crate::rules::parse::tree::{Node, Tree};
use crate::rules::parse::yaml;

/// Most files that are read besides the changed ones.
const MAX_FILES: usize = 400;

/// What became of the descriptions that a change touches.
#[derive(Default)]
pub struct Reviewed {
    pub descriptions: Vec<ReviewedDescription>,
}

pub struct ReviewedDescription {
    pub comparison: Comparison,
    pub endpoints: Vec<Endpoint>,
    pub lapses: Vec<Lapse>,
    pub misfits: Vec<Misfit>,
}

/// Whether a changed file may be a description, or a part of one.
pub fn applies(change: &Change) -> bool {
    change.files.iter().any(|file| may_be_document(file) || may_be_part(file))
}

/// A file of schemas or operations that a description refers to.
fn may_be_part(file: &FileChange) -> bool {
    const FOLDERS: [&str; 9] = [
        "api",
        "openapi",
        "swagger",
        "schemas",
        "components",
        "paths",
        "spec",
        "specs",
        "contracts",
    ];
    let in_place = FOLDERS.iter().any(|folder| file.path.has_directory(folder));
    is_readable(&file.path)
        && texts(file).any(|text| {
            text.contains("$ref")
                || (in_place && (text.contains("type") || text.contains("schema")))
        })
}

fn is_readable(path: &RepoPath) -> bool {
    matches!(path.extension().as_deref(), Some("yaml" | "yml" | "json"))
}

fn texts(file: &FileChange) -> impl Iterator<Item = &str> {
    [file.base_text(), file.head_text()].into_iter().flatten().map(|text| text.as_str())
}

/// The neighbours of changed descriptions that are spread over files. What a change does not
/// touch is the same on both sides.
pub fn needs(change: &Change) -> Vec<Need> {
    let mut folders = BTreeSet::new();
    for file in &change.files {
        let spread = may_be_document(file) && texts(file).any(refers_to_files);
        if spread || (!may_be_document(file) && may_be_part(file)) {
            let path = file.path.as_str();
            folders.insert(path.split_once('/').map_or("", |(folder, _)| folder).to_owned());
        }
    }
    let globs: Vec<String> = folders
        .iter()
        .flat_map(|folder| ["yaml", "yml", "json"].map(|kind| (folder, kind)))
        .map(|(folder, kind)| match folder.as_str() {
            "" => format!("*.{kind}"),
            folder => format!("{folder}/**/*.{kind}"),
        })
        .collect();
    if globs.is_empty() {
        return Vec::new();
    }
    vec![Need::Glob { side: Side::Head, globs, limit: MAX_FILES }]
}

/// Whether a text has a reference that starts with something other than `#`.
fn refers_to_files(text: &str) -> bool {
    text.match_indices("$ref").any(|(at, word)| {
        let rest = text.get(at + word.len()..).unwrap_or_default();
        let value = rest.trim_start_matches(['"', '\'', ':', ' ']);
        !value.starts_with('#') && value.starts_with(|c: char| c.is_alphanumeric() || c == '.')
    })
}

/// The files of one side, parsed on first use.
struct Files<'c> {
    context: &'c RuleContext<'c>,
    side: Side,
    others: HashMap<&'c RepoPath, &'c str>,
    parsed: HashMap<RepoPath, Option<Arc<Tree>>>,
}

impl Files<'_> {
    fn tree(&mut self, path: &RepoPath) -> Option<Arc<Tree>> {
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

    /// A description and the files that it refers to, directly or not.
    fn load(&mut self, root: &RepoPath) -> Option<Vec<(RepoPath, Arc<Tree>)>> {
        let tree = self.tree(root)?;
        if !tree.documents.first().is_some_and(is_description) {
            return None;
        }
        let mut seen = BTreeSet::from([root.clone()]);
        let mut list = vec![(root.clone(), tree)];
        let mut next = 0;
        while let Some((path, tree)) = list.get(next).cloned() {
            next += 1;
            for target in tree.documents.iter().flat_map(|node| targets(&path, node)) {
                if list.len() < MAX_FILES
                    && seen.insert(target.clone())
                    && let Some(tree) = self.tree(&target)
                {
                    list.push((target, tree));
                }
            }
        }
        Some(list)
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

/// Compares the descriptions of a change; done once for all rules.
pub fn review(context: &RuleContext<'_>) -> Arc<Reviewed> {
    context.shared(|| make(context)).unwrap_or_default()
}

fn make(context: &RuleContext<'_>) -> Reviewed {
    let others: HashMap<&RepoPath, &str> = needs(context.change)
        .iter()
        .flat_map(|need| context.gathered(need))
        .map(|file| (&file.path, file.text.as_str()))
        .collect();
    let mut base =
        Files { context, side: Side::Base, others: others.clone(), parsed: HashMap::new() };
    let mut head = Files { context, side: Side::Head, others, parsed: HashMap::new() };
    let mut descriptions = Vec::new();
    for (before, after) in roots(context, &base.others) {
        let wanted = context.policy.openapi.error_shape;
        let Some(new) = head.load(&after) else { continue };
        let Some(old) = base.load(&before) else {
            let added = context.change.file(&after).is_some_and(|file| file.base.is_none());
            descriptions.extend(added.then(|| first_version(&new, wanted)).flatten());
            continue;
        };
        let changed = |path: &RepoPath| {
            context.change.files.iter().any(|f| f.path == *path || f.path_on(Side::Base) == path)
        };
        if old.iter().chain(&new).any(|(path, _)| changed(path)) {
            descriptions.extend(compare(&old, &new, wanted));
        }
    }
    Reviewed { descriptions }
}

/// Main files before and after.
fn roots(
    context: &RuleContext<'_>,
    others: &HashMap<&RepoPath, &str>,
) -> BTreeMap<RepoPath, RepoPath> {
    let changed = context.change.files.iter().filter(|file| may_be_document(file));
    let mut roots: BTreeMap<RepoPath, RepoPath> = changed
        .map(|file| (file.path_on(Side::Base).clone(), file.path_on(Side::Head).clone()))
        .collect();
    let whole = |text: &str| text.contains("openapi") || text.contains("swagger");
    let named = others.iter().filter(|(path, text)| is_readable(path) && whole(text));
    for path in named.map(|(path, _)| (*path).clone()) {
        if context.change.file(&path).is_none() {
            roots.insert(path.clone(), path);
        }
    }
    roots
}

type Loaded = [(RepoPath, Arc<Tree>)];

fn compare(old: &Loaded, new: &Loaded, wanted: ErrorShape) -> Option<ReviewedDescription> {
    let base = Description::new(documents(old))?;
    let head = Description::new(documents(new))?;
    let comparison = diff::compare(&base, &head);
    let endpoints = table::endpoints(&base, &head, &comparison);
    let lapses = lint::lapses(Some(&base), &head, wanted);
    let misfits = examples::misfits(Some(&base), &head);
    Some(ReviewedDescription { comparison, endpoints, lapses, misfits })
}

/// A description that the change adds: there is nothing to compare it with.
fn first_version(new: &Loaded, wanted: ErrorShape) -> Option<ReviewedDescription> {
    let head = Description::new(documents(new))?;
    let lapses = lint::lapses(None, &head, wanted);
    let misfits = examples::misfits(None, &head);
    let (comparison, endpoints) = Default::default();
    Some(ReviewedDescription { comparison, endpoints, lapses, misfits })
}

fn documents(list: &Loaded) -> Documents<'_> {
    let files = list.iter().map(|one| (one.0.clone(), one.1.documents.first()));
    Documents::new(files.filter_map(|(path, node)| Some((path, node?))).collect())
}

//! The schemas that a change touches, compared.

use std::collections::{BTreeMap, HashSet};

use super::compare::{Difference, Level, compare};
use super::schema::Schema;
use super::syntax::{Document, Type, parse};
use crate::domain::change::{Change, FileChange};
use crate::domain::diff::Side;
use crate::domain::path::RepoPath;
use crate::rules::contracts::is_public;
use crate::rules::parse::cursor::SyntaxError;

/// What is to be said about a change. Places name files by their number in the change.
#[derive(Debug, Default)]
pub struct Review {
    pub differences: Vec<Difference>,
    /// Files that could be read before and no longer can.
    pub unreadable: Vec<(usize, SyntaxError)>,
}

pub fn is_schema(file: &FileChange) -> bool {
    let extension = |path: &RepoPath| {
        matches!(path.extension().as_deref(), Some("graphql" | "graphqls" | "gql"))
    };
    extension(&file.path) && is_public(&file.path)
}

pub fn applies(change: &Change) -> bool {
    change.files.iter().any(|file| is_schema(file) && file.base.is_some())
}

/// Both sides of one file, read.
struct Pair {
    directory: String,
    base: Document,
    head: Document,
}

pub fn review(change: &Change) -> Review {
    let mut review = Review::default();
    let mut pairs = Vec::new();
    for (number, file) in change.files.iter().enumerate().filter(|(_, file)| is_schema(file)) {
        // A side that is there but was not read (too large, binary) says nothing.
        let unread = |side| file.content(side).is_some() && file.text(side).is_none();
        if unread(Side::Base) || unread(Side::Head) {
            continue;
        }
        let read = |side| {
            file.text(side).map_or_else(|| Ok(Document::default()), |t| parse(t.as_str(), number))
        };
        match (read(Side::Base), read(Side::Head)) {
            (Ok(base), Ok(head)) => {
                pairs.push(Pair { directory: file.path.directory().to_owned(), base, head });
            }
            (Ok(base), Err(error)) if !base.is_empty() => review.unreadable.push((number, error)),
            _ => {}
        }
    }
    let all: Vec<&Pair> = pairs.iter().collect();
    for group in schemas(&all) {
        review.differences.extend(group);
    }
    one_for_each_deleted_file(change, &mut review.differences);
    review
}

/// A file that goes with many types is one difference: the first type stands for all.
fn one_for_each_deleted_file(change: &Change, differences: &mut Vec<Difference>) {
    let file_of = |difference: &Difference| {
        let at = difference.base.filter(|_| difference.id == "TYPE_REMOVED")?;
        Some(at.document).filter(|file| change.files.get(*file).is_some_and(FileChange::is_deleted))
    };
    let mut types: BTreeMap<usize, usize> = BTreeMap::new();
    for file in differences.iter().filter_map(file_of) {
        *types.entry(file).or_default() += 1;
    }
    let mut said = HashSet::new();
    differences.retain_mut(|difference| {
        let Some(file) = file_of(difference) else { return true };
        let count = types.get(&file).copied().unwrap_or(1);
        if count > 1 {
            let path = change.files.get(file).map_or("", |file| file.path.as_str());
            difference.title = format!("`{path}` is removed with its {count} types");
        }
        said.insert(file)
    });
}

/// The differences of each schema among the files. Files are one schema unless two of them
/// define the same name; then those of a folder are, and then each one for itself.
fn schemas(all: &[&Pair]) -> Vec<Vec<Difference>> {
    if let Some(differences) = one_schema(all) {
        return vec![differences];
    }
    let mut folders: BTreeMap<&str, Vec<&Pair>> = BTreeMap::new();
    for pair in all {
        folders.entry(&pair.directory).or_default().push(pair);
    }
    let mut found = Vec::new();
    for folder in folders.values() {
        match one_schema(folder) {
            Some(differences) => found.push(differences),
            None => found.extend(folder.iter().filter_map(|pair| one_schema(&[pair]))),
        }
    }
    found
}

fn one_schema(pairs: &[&Pair]) -> Option<Vec<Difference>> {
    let base = Schema::join(pairs.iter().map(|pair| &pair.base));
    let head = Schema::join(pairs.iter().map(|pair| &pair.head));
    if base.clash.is_some() || head.clash.is_some() {
        return None;
    }
    let mut differences = compare(&base, &head);
    let received = received(&head);
    for difference in differences.iter_mut().filter(|found| found.id == "ENUM_VALUE_ADDED") {
        let name = difference.path.split('.').next().unwrap_or_default();
        difference.notable = received.contains(name);
    }
    Some(differences)
}

/// Types of fields: what clients receive, as far as these documents show.
fn received(schema: &Schema) -> HashSet<String> {
    let fields = schema.types.values().flat_map(|entry| &entry.fields);
    fields.map(|field| innermost(&field.kind).to_owned()).collect()
}

fn innermost(kind: &Type) -> &str {
    match kind {
        Type::Named(name) => name,
        Type::List(inner) | Type::NonNull(inner) => innermost(inner),
    }
}

/// The differences between two versions of one schema: id and path as graphql-inspector names
/// them, and whether it is breaking. `None` if one of the texts is not GraphQL or defines a name
/// twice.
pub fn differences(base: &str, head: &str) -> Option<Vec<(&'static str, String, bool)>> {
    let pair =
        Pair { directory: String::new(), base: parse(base, 0).ok()?, head: parse(head, 0).ok()? };
    let found = one_schema(&[&pair])?;
    let said = |d: Difference| (d.id, d.path, d.level == Level::Breaking);
    Some(found.into_iter().map(said).collect())
}

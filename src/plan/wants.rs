//! What to read of a repository for one issue: chosen by names, so that the cost does not grow
//! with the contents.

use std::collections::BTreeSet;

use super::issue::{Brief, References, references};
use super::paths;
use super::repository as files;
use super::words::{plural, singular};
use crate::domain::issue::Issue;
use crate::domain::path::RepoPath;
use crate::domain::survey::{Listing, Wants};

/// Files that are read whole.
const MAX_FILES: usize = 260;
/// Migrations among them.
const MAX_MIGRATIONS: usize = 150;
/// Files that are searched.
const MAX_SEARCH: usize = 300;
const MAX_WORDS: usize = 60;

/// Which files to read and which words to search for.
pub fn wants(issue: &Issue, listing: &Listing) -> Wants {
    let brief = Brief::read(issue, &[]);
    let references = references(&brief, listing);
    let mut wants = Wants { words: words(&references), ..Wants::default() };
    let mut chosen = BTreeSet::new();
    fixed(listing, &references, &mut chosen);
    migrations(listing, &references, &mut chosen, &mut wants.left_out);
    models(listing, &references, &mut chosen);
    wants.files = chosen.into_iter().take(MAX_FILES).cloned().collect();
    wants.search = search(listing, &references, &mut wants.left_out);
    if listing.cut {
        wants.left_out.push("the tree has more files than are listed".to_owned());
    }
    wants
}

/// Names in code as they are, and subjects in the forms in which code writes them.
fn words(references: &References) -> Vec<String> {
    let mut words: Vec<String> = references.identifiers.clone();
    for subject in &references.subjects {
        let many = plural(subject);
        for form in [subject.clone(), many.clone(), capital(subject), capital(&many)] {
            if !words.contains(&form) {
                words.push(form);
            }
        }
    }
    words.truncate(MAX_WORDS);
    words
}

fn capital(word: &str) -> String {
    let mut parts = String::new();
    for part in word.split('_') {
        parts.push_str(&super::words::sentence(part));
    }
    parts
}

/// Files by which a repository describes itself, and those that the issue names.
fn fixed<'a>(listing: &'a Listing, references: &References, chosen: &mut BTreeSet<&'a RepoPath>) {
    let mut manifests = 0;
    let mut pipelines = 0;
    let mut contracts = 0;
    for path in listing.paths() {
        let depth = path.as_str().matches('/').count();
        let name = path.file_name();
        let wanted = if files::is_manifest(name) && depth <= 3 && !paths::is_foreign(path) {
            manifests += 1;
            manifests <= 20
        } else if paths::is_pipeline(path) {
            pipelines += 1;
            pipelines <= 10
        } else if files::is_contract(path) && !paths::is_foreign(path) {
            contracts += 1;
            contracts <= 4
        } else {
            let documents =
                ["README.md", "CONTRIBUTING.md", "AGENTS.md", "DEVELOPMENT.md", "Makefile"];
            let schemas = ["schema.prisma", "schema.rb", "structure.sql", "schema.sql"];
            (depth == 0 && documents.contains(&name)) || (schemas.contains(&name) && depth <= 4)
        };
        if wanted || references.files.iter().any(|file| file == path.as_str()) {
            chosen.insert(path);
        }
    }
}

/// Migrations: those whose name speaks of the subject, the first ones (they create most tables)
/// and the last ones.
fn migrations<'a>(
    listing: &'a Listing,
    references: &References,
    chosen: &mut BTreeSet<&'a RepoPath>,
    left_out: &mut Vec<String>,
) {
    let all: Vec<&RepoPath> = listing
        .paths()
        .filter(|path| {
            files::migration_directory(path).is_some()
                && !paths::is_foreign(path)
                && !path.file_name().ends_with(".down.sql")
        })
        .collect();
    if all.len() <= MAX_MIGRATIONS {
        chosen.extend(all);
        return;
    }
    left_out.push(format!(
        "{} of {} migrations were read: those named after the subject, the first and the last",
        MAX_MIGRATIONS,
        all.len()
    ));
    let speaks = all.iter().copied().filter(|path| speaks_of(path, references));
    let mut taken: BTreeSet<&RepoPath> = speaks.take(MAX_MIGRATIONS / 3).collect();
    let half = (MAX_MIGRATIONS - taken.len()) / 2;
    taken.extend(all.iter().copied().take(half));
    taken.extend(all.iter().copied().rev().take(half));
    chosen.extend(taken);
}

/// Files that define models, where the name says so.
fn models<'a>(listing: &'a Listing, references: &References, chosen: &mut BTreeSet<&'a RepoPath>) {
    let model = |path: &&RepoPath| {
        let inside = ["models", "model", "entity", "entities", "domain"].iter();
        paths::is_code(path)
            && !paths::is_foreign(path)
            && !paths::is_test(path)
            && (path.file_name() == "models.py" || { inside }.any(|name| path.has_directory(name)))
    };
    let mut found: Vec<&RepoPath> = listing.paths().filter(model).collect();
    found.sort_by_key(|path| !speaks_of(path, references));
    chosen.extend(found.into_iter().take(40));
}

/// Whether the path has a word of the subject.
pub fn speaks_of(path: &RepoPath, references: &References) -> bool {
    paths::path_words(path)
        .iter()
        .any(|word| references.subjects.iter().any(|subject| *subject == singular(word)))
}

/// Code whose path speaks of the subject first, then other code that is not test.
fn search(listing: &Listing, references: &References, left_out: &mut Vec<String>) -> Vec<RepoPath> {
    let code: Vec<&RepoPath> =
        listing.paths().filter(|path| paths::is_code(path) && !paths::is_foreign(path)).collect();
    let (named, others): (Vec<&RepoPath>, Vec<&RepoPath>) =
        code.iter().copied().partition(|path| speaks_of(path, references));
    let others = others.into_iter().filter(|path| !paths::is_test(path));
    let chosen: Vec<RepoPath> = named.into_iter().chain(others).take(MAX_SEARCH).cloned().collect();
    if code.len() > MAX_SEARCH {
        left_out.push(format!(
            "{} of {} code files were searched: those whose path names the subject first",
            chosen.len(),
            code.len()
        ));
    }
    chosen
}

//! In which order the migrations of one folder run.

use std::collections::{HashMap, VecDeque};

use crate::domain::change::SourceFile;
use crate::rules::migrations::alembic;

/// A migration with what orders it.
pub struct Versioned<'f> {
    version: Vec<u64>,
    file: &'f SourceFile,
}

impl<'f> Versioned<'f> {
    pub fn new(version: &str, file: &'f SourceFile) -> Self {
        Self { version: numbers(version), file }
    }
}

/// Gives migrations their place in a journal that lists all of them, instead of their names'
/// numbers.
pub fn by_journal(files: &mut [Versioned<'_>], tags: &[String]) {
    let places: HashMap<&str, u64> = tags.iter().map(String::as_str).zip(0..).collect();
    let place = |it: &Versioned<'_>| {
        let name = it.file.path.file_name();
        places.get(name.strip_suffix(".sql").unwrap_or(name)).copied()
    };
    let found: Option<Vec<u64>> = files.iter().map(place).collect();
    for (file, place) in files.iter_mut().zip(found.into_iter().flatten()) {
        file.version = vec![place];
    }
}

/// The migrations as they run: by version, Alembic's by their graph.
pub fn in_order(mut files: Vec<Versioned<'_>>) -> Vec<&SourceFile> {
    by_revision(&mut files);
    files.sort_by(|one, other| {
        (&one.version, &one.file.path).cmp(&(&other.version, &other.file.path))
    });
    files.into_iter().map(|it| it.file).collect()
}

/// A version as numbers, so that `10` comes after `9`.
fn numbers(version: &str) -> Vec<u64> {
    version.split(['.', '_', '-']).map(|part| part.parse().unwrap_or(u64::MAX)).collect()
}

/// Gives Alembic's migrations their place in its graph instead of their names' numbers.
fn by_revision(files: &mut [Versioned<'_>]) {
    let read = |it: &Versioned<'_>| {
        let python = it.file.path.extension().as_deref() == Some("py");
        python.then(|| alembic::revision(it.file.text.as_str())).flatten()
    };
    let revisions: Vec<Option<alembic::Revision>> = files.iter().map(read).collect();
    let mut followers: HashMap<&str, Vec<usize>> = HashMap::new();
    let mut missing = vec![0_usize; files.len()];
    for (at, revision) in revisions.iter().enumerate() {
        for before in revision.iter().flat_map(|it| &it.follows) {
            followers.entry(before.as_str()).or_default().push(at);
            if let Some(count) = missing.get_mut(at) {
                *count += 1;
            }
        }
    }
    let first = revisions
        .iter()
        .enumerate()
        .filter(|(_, it)| it.as_ref().is_some_and(|it| it.follows.is_empty()));
    let mut ready: VecDeque<usize> = first.map(|(at, _)| at).collect();
    let mut place = 0;
    while let Some(at) = ready.pop_front() {
        place += 1;
        if let Some(it) = files.get_mut(at) {
            it.version = vec![place];
        }
        let own = revisions.get(at).and_then(Option::as_ref).map_or("", |it| it.own.as_str());
        for next in followers.remove(own).unwrap_or_default() {
            if let Some(count) = missing.get_mut(next) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    ready.push_back(next);
                }
            }
        }
    }
}

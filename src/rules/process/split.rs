//! How a large change may be taken apart: files that belong together stay together.

use std::collections::{BTreeMap, HashMap};

use crate::domain::change::{Change, FileChange};
use crate::domain::path::RepoPath;

/// A part of a change that could be reviewed by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SplitPart {
    /// What its files have in common: a directory, or several.
    pub title: String,
    pub files: Vec<RepoPath>,
}

/// Longest stretch of added text per file that is searched for names of other files, in bytes.
const MAX_SEARCHED: usize = 200_000;

/// Directory names that group nothing by themselves.
const PLAIN_DIRECTORIES: &[&str] = &[
    "src",
    "lib",
    "app",
    "apps",
    "pkg",
    "internal",
    "cmd",
    "main",
    "java",
    "kotlin",
    "python",
    "services",
    "packages",
    "crates",
    "modules",
    "test",
    "tests",
    "spec",
    "resources",
    "com",
    "org",
    "io",
    "net",
];

/// File names that say nothing about what refers to them.
const PLAIN_STEMS: &[&str] = &[
    "index",
    "main",
    "mod",
    "lib",
    "init",
    "__init__",
    "utils",
    "util",
    "types",
    "models",
    "model",
    "config",
    "constants",
    "errors",
    "error",
    "helpers",
    "common",
    "base",
    "test",
    "tests",
    "server",
    "client",
    "service",
    "handler",
    "routes",
    "schema",
    "readme",
    "package",
    "setup",
    "build",
    "values",
    "default",
    "core",
    "data",
    "user",
    "users",
    "name",
    "page",
    "list",
    "item",
    "state",
    "options",
];

/// A division of the files that count (no lock files, generated or vendored ones) into parts of at
/// most `limit` files. Files that refer to one another, tests and what they test, and files of one
/// module go together, in this order of strength.
pub fn propose_split(change: &Change, limit: usize) -> Vec<SplitPart> {
    let limit = limit.max(1);
    let files: Vec<&FileChange> = change.files.iter().filter(|file| !file.derived).collect();
    let mut groups = Groups::new(files.len());
    for (a, b) in links(&files) {
        groups.join(a, b, limit);
    }
    let mut modules: BTreeMap<String, usize> = BTreeMap::new();
    for (at, file) in files.iter().enumerate() {
        let first = *modules.entry(module_of(&file.path)).or_insert(at);
        groups.join(first, at, limit);
    }
    let mut parts: Vec<Vec<usize>> = groups.list();
    parts.sort_by_key(|part| (std::cmp::Reverse(part.len()), part.first().copied()));
    let mut packed: Vec<Vec<usize>> = Vec::new();
    // Small leftovers travel together rather than as a dozen pull requests of one file.
    for part in parts {
        let small = part.len() * 4 <= limit;
        let home =
            packed.iter_mut().rev().find(|other| small && other.len() + part.len() <= limit / 2);
        match home {
            Some(other) => other.extend(part),
            None => packed.push(part),
        }
    }
    packed.iter().map(|part| describe(part, &files)).collect()
}

/// Disjoint groups of files, none larger than the limit they were joined under.
struct Groups {
    parent: Vec<usize>,
    size: Vec<usize>,
}

impl Groups {
    fn new(count: usize) -> Self {
        Self { parent: (0..count).collect(), size: vec![1; count] }
    }

    fn root(&mut self, mut at: usize) -> usize {
        while let Some(&above) = self.parent.get(at).filter(|above| **above != at) {
            let higher = self.parent.get(above).copied().unwrap_or(above);
            if let Some(slot) = self.parent.get_mut(at) {
                *slot = higher;
            }
            at = higher;
        }
        at
    }

    fn join(&mut self, a: usize, b: usize, limit: usize) {
        let (a, b) = (self.root(a), self.root(b));
        let total = self.size.get(a).copied().unwrap_or(0) + self.size.get(b).copied().unwrap_or(0);
        if a == b || total > limit {
            return;
        }
        // Lower index wins, so that the result does not depend on the order of joins.
        let (low, high) = (a.min(b), a.max(b));
        if let Some(slot) = self.parent.get_mut(high) {
            *slot = low;
        }
        if let Some(slot) = self.size.get_mut(low) {
            *slot = total;
        }
    }

    fn list(mut self) -> Vec<Vec<usize>> {
        let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for at in 0..self.parent.len() {
            groups.entry(self.root(at)).or_default().push(at);
        }
        groups.into_values().collect()
    }
}

/// Pairs of files of which one belongs to the other: a test and its subject, or a file whose added
/// lines name another file that only one changed file can be.
fn links(files: &[&FileChange]) -> Vec<(usize, usize)> {
    let mut by_stem: HashMap<String, Vec<usize>> = HashMap::new();
    for (at, file) in files.iter().enumerate() {
        by_stem.entry(subject_stem(&file.path)).or_default().push(at);
    }
    let mut pairs: Vec<(usize, usize)> = Vec::new();
    for same in by_stem.values() {
        let first = same.first().copied().unwrap_or(0);
        let telling = files.get(first).is_some_and(|file| is_telling(&subject_stem(&file.path)));
        if same.len() == 2 && telling {
            pairs.extend(same.iter().skip(1).map(|other| (first, *other)));
        }
    }
    for (at, file) in files.iter().enumerate() {
        for word in added_words(file) {
            if let Some([target]) = by_stem.get(&word).map(Vec::as_slice)
                && *target != at
                && is_telling(&word)
            {
                pairs.push((at.min(*target), at.max(*target)));
            }
        }
    }
    pairs.sort_unstable();
    pairs.dedup();
    pairs
}

fn is_telling(stem: &str) -> bool {
    stem.len() >= 4 && !PLAIN_STEMS.contains(&stem)
}

/// The lower-cased identifiers on the lines that the change added.
fn added_words(file: &FileChange) -> Vec<String> {
    let Some(text) = file.head_text() else { return Vec::new() };
    let mut words = std::collections::BTreeSet::new();
    let mut searched = 0;
    for line in file.added_lines().filter_map(|number| text.line(number)) {
        searched += line.len();
        if searched > MAX_SEARCHED {
            break;
        }
        let parts = line.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '-');
        words.extend(parts.filter(|part| part.len() >= 4).map(str::to_ascii_lowercase));
    }
    words.into_iter().collect()
}

/// The file's name without extension and without what marks tests: `user_store_test.go` and
/// `UserStoreTest.java` are about `user_store` and `userstore`.
pub(super) fn subject_stem(path: &RepoPath) -> String {
    let name = path.file_name();
    let stem = name.trim_start_matches('.').split('.').next().unwrap_or(name);
    for end in ["Tests", "Test", "Spec", "IT"] {
        if let Some(subject) = stem.strip_suffix(end).filter(|subject| !subject.is_empty()) {
            return subject.to_ascii_lowercase();
        }
    }
    let lower = stem.to_ascii_lowercase();
    let lower = lower.strip_prefix("test_").unwrap_or(&lower);
    let ends = ["_tests", "_test", "_spec", "-test", "-spec"];
    ends.iter().find_map(|end| lower.strip_suffix(end)).unwrap_or(lower).to_owned()
}

/// The directory that stands for the file's module: the first two telling parts of its path.
fn module_of(path: &RepoPath) -> String {
    let mut kept = Vec::new();
    let mut telling = 0;
    for part in path.directory().split('/').filter(|part| !part.is_empty()) {
        kept.push(part);
        if !PLAIN_DIRECTORIES.contains(&part) {
            telling += 1;
        }
        if telling == 2 {
            break;
        }
    }
    kept.join("/")
}

fn describe(part: &[usize], files: &[&FileChange]) -> SplitPart {
    let mut paths: Vec<RepoPath> =
        part.iter().filter_map(|at| files.get(*at)).map(|file| file.path.clone()).collect();
    paths.sort();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for path in &paths {
        *counts.entry(module_of(path)).or_default() += 1;
    }
    let mut modules: Vec<(String, usize)> = counts.into_iter().collect();
    modules.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), name.clone()));
    let shown = modules.iter().take(3).map(|(name, _)| match name.as_str() {
        "" => "files at the root".to_owned(),
        name => name.to_owned(),
    });
    let mut title = shown.collect::<Vec<_>>().join(", ");
    if modules.len() > 3 {
        title.push_str(" and others");
    }
    SplitPart { title, files: paths }
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
    fn tests_stay_with_what_they_test_and_references_together() {
        let change = change(&[
            ("billing/api/invoice_store.py", "x\n"),
            ("orders/core/cart.py", "from billing import invoice_store\n"),
            ("search/index/ranker.py", "y\n"),
            ("tests/search/test_ranker.py", "z\n"),
        ]);
        let parts = propose_split(&change, 2);
        assert_eq!(parts.len(), 2);
        assert_eq!(parts[0].files[1].as_str(), "orders/core/cart.py");
        assert_eq!(parts[1].files[1].as_str(), "tests/search/test_ranker.py");
    }

    #[test]
    fn stems() {
        let stem = |path: &str| subject_stem(&RepoPath::new(path).unwrap());
        assert_eq!(stem("a/user_store_test.go"), "user_store");
        assert_eq!(stem("a/UserStoreTest.java"), "userstore");
        assert_eq!(stem("a/user-store.spec.ts"), "user-store");
        assert_eq!(stem("a/Test.java"), "test");
    }

    proptest! {
        #[test]
        fn every_file_is_in_one_part_and_no_part_is_too_large(
            names in proptest::collection::btree_set("[abc]/[abc]{1,2}/[a-f]{1,5}\\.(go|py)", 1..40),
            limit in 1usize..20,
        ) {
            let files: Vec<(&str, &str)> = names.iter().map(|n| (n.as_str(), "abcde x\n")).collect();
            let parts = propose_split(&change(&files), limit);
            prop_assert!(parts.iter().all(|part| !part.files.is_empty() && part.files.len() <= limit));
            let all: Vec<_> = parts.iter().flat_map(|part| &part.files).collect();
            prop_assert_eq!(all.len(), names.len());
        }
    }
}

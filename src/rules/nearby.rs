//! Globs for files that belong to a changed file by where they lie: beside it, or in a directory
//! on the way to it. Asking only there keeps the cost of a review to that of its change; a glob
//! that begins with `**` makes every directory of the repository be read.

use std::collections::BTreeSet;

use crate::domain::path::{RepoPath, directories_of};
use crate::ports::source::literal_glob;

/// Most directories that are named for one need.
const MAX_DIRECTORIES: usize = 200;

/// `tail` in a directory, as a glob; the directory is taken as it is.
pub(super) fn inside(directory: &str, tail: &str) -> String {
    if directory.is_empty() {
        tail.to_owned()
    } else {
        format!("{}/{tail}", literal_glob(directory))
    }
}

/// The directories of the paths and all above them, the root (empty) first.
pub(super) fn above<'a>(paths: impl IntoIterator<Item = &'a RepoPath>) -> BTreeSet<&'a str> {
    directories_of(paths, MAX_DIRECTORIES)
}

/// Each of the tails in each of the directories.
pub(super) fn in_each<'a>(
    directories: impl IntoIterator<Item = &'a str>,
    tails: &[&str],
) -> Vec<String> {
    let directories = directories.into_iter();
    directories.flat_map(|d| tails.iter().map(move |tail| inside(d, tail))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_on_the_way_are_named_once() {
        let paths = ["a/b/c.rs", "a/d.rs", "e.rs"].map(|p| RepoPath::new(p).unwrap());
        let found: Vec<&str> = above(&paths).into_iter().collect();
        assert_eq!(found, ["", "a", "a/b"]);
        assert_eq!(in_each(found, &["x", "*/x"]), ["x", "*/x", "a/x", "a/*/x", "a/b/x", "a/b/*/x"]);
        assert_eq!(inside("a[1]", "x"), "a[[]1[]]/x");
    }
}

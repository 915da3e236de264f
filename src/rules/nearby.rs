//! Globs for files that belong to a changed file by where they lie: beside it, or in a directory
//! on the way to it. Asking only there keeps the cost of a review to that of its change; a glob
//! that begins with `**` makes every directory of the repository be read.

use std::collections::BTreeSet;

use crate::domain::path::RepoPath;

/// Most directories that are named for one need.
const MAX_DIRECTORIES: usize = 200;

/// A name as a glob that matches only itself.
pub(super) fn escaped(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '*' | '?' | '[' | ']' | '{' | '}' | '!' => {
                out.push('[');
                out.push(c);
                out.push(']');
            }
            c => out.push(c),
        }
    }
    out
}

/// `tail` in a directory, as a glob; the directory is taken as it is.
pub(super) fn inside(directory: &str, tail: &str) -> String {
    if directory.is_empty() { tail.to_owned() } else { format!("{}/{tail}", escaped(directory)) }
}

/// The directories of the paths and all above them, the root (empty) first.
pub(super) fn above<'a>(paths: impl IntoIterator<Item = &'a RepoPath>) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::from([""]);
    for path in paths {
        let directory = path.directory();
        let ends = directory.match_indices('/').map(|(at, _)| at).chain([directory.len()]);
        for end in ends {
            if found.len() >= MAX_DIRECTORIES {
                return found;
            }
            found.extend(directory.get(..end));
        }
    }
    found
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

//! Paths inside a repository.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A path inside a repository, `/`-separated, relative, without `.` or `..` parts.
///
/// Git allows any bytes in a path. Bytes that are not UTF-8 are replaced for display when the
/// path is made, and [`RepoPath::is_lossy`] then says that the text is not the real name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RepoPath(String);

impl RepoPath {
    /// `None` for an empty or absolute path and for one with `.`, `..` or empty parts.
    pub fn new(text: &str) -> Option<Self> {
        let sound = !text.is_empty()
            && text.split('/').all(|part| !matches!(part, "" | "." | "..") && !part.contains('\0'));
        sound.then(|| Self(text.to_owned()))
    }

    /// As [`RepoPath::new`], replacing bytes that are not UTF-8.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Self::new(&String::from_utf8_lossy(bytes))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the name had bytes that are not UTF-8.
    pub fn is_lossy(&self) -> bool {
        self.0.contains('\u{FFFD}')
    }

    /// The last part.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// Everything before the last `/`; empty at the root.
    pub fn directory(&self) -> &str {
        self.0.rsplit_once('/').map_or("", |(directory, _)| directory)
    }

    /// The lower-cased text after the last `.` of the file name, if there is one.
    pub fn extension(&self) -> Option<String> {
        let (stem, extension) = self.file_name().rsplit_once('.')?;
        (!stem.is_empty()).then(|| extension.to_ascii_lowercase())
    }

    /// Whether `part` (compared without case) is one of the directories on the way.
    pub fn has_directory(&self, part: &str) -> bool {
        self.directory().split('/').any(|directory| directory.eq_ignore_ascii_case(part))
    }

    /// `self` joined with a relative link as Markdown or a symlink writes it; `None` if it
    /// leaves the repository.
    pub fn resolve(&self, link: &str) -> Option<Self> {
        let mut parts: Vec<&str> = match link.strip_prefix('/') {
            Some(_) => Vec::new(),
            None => self.directory().split('/').filter(|p| !p.is_empty()).collect(),
        };
        for part in link.split('/') {
            match part {
                "" | "." => {}
                ".." => {
                    parts.pop()?;
                }
                other => parts.push(other),
            }
        }
        Self::new(&parts.join("/"))
    }
}

/// The directories on the way to the paths, the root (empty) first, parents before children.
/// No more than `most` of them; those of later paths are left out.
pub fn directories_of<'a>(
    paths: impl IntoIterator<Item = &'a RepoPath>,
    most: usize,
) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::from([""]);
    for path in paths {
        let directory = path.directory();
        let ends = directory.match_indices('/').map(|(at, _)| at).chain([directory.len()]);
        for end in ends {
            if found.len() >= most {
                return found;
            }
            found.extend(directory.get(..end));
        }
    }
    found
}

impl fmt::Display for RepoPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_paths_that_leave_the_repository() {
        for bad in ["", "/a", "a//b", "../a", "a/./b", "a/.."] {
            assert!(RepoPath::new(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn resolves_links_inside_only() {
        let from = RepoPath::new("a/b/c.md").unwrap();
        assert_eq!(from.resolve("../d.md").unwrap().as_str(), "a/d.md");
        assert_eq!(from.resolve("./x/y").unwrap().as_str(), "a/b/x/y");
        assert_eq!(from.resolve("/x").unwrap().as_str(), "x");
        assert!(from.resolve("../../../d").is_none());
    }

    #[test]
    fn names() {
        let path = RepoPath::new("DB/migrations/0001_a.UP.SQL").unwrap();
        assert_eq!(path.extension().as_deref(), Some("sql"));
        assert!(path.has_directory("db"));
        assert_eq!(path.file_name(), "0001_a.UP.SQL");
        assert_eq!(RepoPath::new(".gitignore").unwrap().extension(), None);
    }
}

//! Symbolic links among instruction files, followed inside the tree only.

use std::collections::BTreeMap;

use super::RawFile;
use crate::domain::instructions::{Problem, ProblemLevel};
use crate::domain::path::RepoPath;

/// Links followed one after another before giving up.
const MAX_LINKS: usize = 8;

/// A file whose bytes are content.
pub struct Resolved {
    pub path: RepoPath,
    pub bytes: Vec<u8>,
}

enum Outcome {
    Content(Vec<u8>),
    Loop,
    Outside(String),
    /// The target was not among the files read.
    Unread(String),
}

/// Replaces links by what they point at; links that lead nowhere are reported and left out.
pub fn resolve(files: Vec<RawFile>, problems: &mut Vec<Problem>) -> Vec<Resolved> {
    let by_path: BTreeMap<&str, &RawFile> =
        files.iter().map(|file| (file.path.as_str(), file)).collect();
    let mut resolved = Vec::with_capacity(files.len());
    for file in by_path.values() {
        let message = match follow(file, &by_path) {
            Outcome::Content(bytes) => {
                resolved.push(Resolved { path: file.path.clone(), bytes });
                continue;
            }
            Outcome::Loop => "the symbolic link leads back to itself; it is ignored".to_owned(),
            Outcome::Outside(target) => format!(
                "the symbolic link points outside of the repository (`{}`); it is ignored",
                super::parsed::shown(&target)
            ),
            Outcome::Unread(target) => format!(
                "the symbolic link points at `{}`, which is not a file that was read; it is \
                 ignored",
                super::parsed::shown(&target)
            ),
        };
        problems.push(Problem {
            level: ProblemLevel::Warning,
            path: file.path.clone(),
            line: None,
            message,
        });
    }
    resolved
}

fn follow(start: &RawFile, files: &BTreeMap<&str, &RawFile>) -> Outcome {
    let mut file = start;
    for _ in 0..=MAX_LINKS {
        let Some(target) = &file.symlink_target else {
            return Outcome::Content(file.bytes.clone());
        };
        let stored = file.bytes.is_empty() || file.bytes.trim_ascii() == target.trim().as_bytes();
        if !stored {
            // The reader followed the link itself.
            return Outcome::Content(file.bytes.clone());
        }
        let inside = if target.starts_with('/') { None } else { file.path.resolve(target.trim()) };
        let Some(path) = inside else { return Outcome::Outside(target.clone()) };
        match files.get(path.as_str()) {
            Some(next) => file = next,
            None => return Outcome::Unread(path.as_str().to_owned()),
        }
    }
    Outcome::Loop
}

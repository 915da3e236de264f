//! Whole files in, a team out.

mod fixtures;
mod hostile;
mod named;
mod seeds;

use super::{RawFile, read};
use crate::domain::instructions::Instructions;
use crate::domain::path::RepoPath;

fn path(text: &str) -> RepoPath {
    RepoPath::new(text).unwrap()
}

fn raw(at: &str, text: &str) -> RawFile {
    RawFile { path: path(at), bytes: text.as_bytes().to_vec(), symlink_target: None }
}

fn link(at: &str, target: &str) -> RawFile {
    RawFile {
        path: path(at),
        bytes: target.as_bytes().to_vec(),
        symlink_target: Some(target.to_owned()),
    }
}

fn read_one(at: &str, text: &str) -> Instructions {
    read(vec![raw(at, text)], &[])
}

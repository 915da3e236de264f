//! Repositories on this machine: opened by git2, nothing fetched, nothing executed.

use std::path::Path;

use git2::{Oid, Repository};

use super::history::{self, MergeBase};
use crate::domain::ids::CommitSha;
use crate::ports::source::{Fetched, RepositoryHandle, SourceError};

const SHALLOW_HINT: &str = "this clone is shallow: fetch more history (in actions/checkout, a \
                            larger fetch-depth, or fetch-depth: 0 for all of it)";

/// Opens a git directory.
///
/// As a bare repository on purpose: that reads neither the working tree nor the index, and it
/// works on repositories of another owner (a checkout mounted into a container). The owner check
/// protects against configuration that runs programs; nothing is ever run here.
pub(super) fn open(git_dir: &Path) -> Result<Repository, git2::Error> {
    Repository::open_bare(git_dir)
}

/// Wraps an error of libgit2 that has no better meaning.
pub(super) fn internal(error: &git2::Error) -> SourceError {
    SourceError::Internal(format!("git: {}", error.message()))
}

/// A commit id as the domain has it.
pub(super) fn commit_sha(oid: Oid) -> Result<CommitSha, SourceError> {
    CommitSha::parse(&oid.to_string())
        .ok_or_else(|| SourceError::Internal(format!("{oid} is no commit id")))
}

/// The libgit2 id of a commit; ids of other object formats are not found by it.
pub(super) fn oid(commit: &CommitSha) -> Result<Oid, SourceError> {
    Oid::from_str(commit.as_str())
        .map_err(|_| SourceError::NotFound(format!("commit {commit}: unsupported object format")))
}

/// Resolves both revisions of the repository at or above `path`, and their merge base.
pub(super) fn open_local(path: &Path, base: &str, head: &str) -> Result<Fetched, SourceError> {
    let none: [&Path; 0] = [];
    let git_dir = Repository::discover_path(path, none).map_err(|_| {
        SourceError::NotFound(format!("no git repository at {} or above it", path.display()))
    })?;
    let repository = open(&git_dir).map_err(|error| {
        SourceError::Internal(format!("cannot open {}: {}", git_dir.display(), error.message()))
    })?;
    let base = resolve(&repository, base)?;
    let head = resolve(&repository, head)?;
    let merge_base = match history::merge_base(&repository, base, head) {
        Ok(MergeBase::Known(found)) => Some(commit_sha(found)?),
        Ok(MergeBase::Unrelated) => None,
        Ok(MergeBase::Hidden) => {
            return Err(SourceError::NotFound(format!(
                "the merge base of {base} and {head}; {SHALLOW_HINT}"
            )));
        }
        Err(error) => return Err(internal(&error)),
    };
    Ok(Fetched {
        repository: RepositoryHandle(git_dir),
        base: commit_sha(base)?,
        head: commit_sha(head)?,
        merge_base,
    })
}

fn resolve(repository: &Repository, revision: &str) -> Result<Oid, SourceError> {
    let commit = repository
        .revparse_single(revision)
        .and_then(|object| object.peel_to_commit())
        .map(|commit| commit.id());
    commit.map_err(|error| {
        let mut text = format!("cannot resolve {revision:?} to a commit: {}", error.message());
        if !history::shallow_boundary(repository).is_empty() {
            text = format!("{text}; {SHALLOW_HINT}");
        }
        SourceError::NotFound(text)
    })
}

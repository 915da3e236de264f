//! Repository contents by git.

use std::sync::Arc;

use async_trait::async_trait;
use secrecy::SecretString;

use crate::domain::change::{Change, Subject};
use crate::domain::diff::Side;
use crate::domain::ids::{CommitSha, Number, RepoId, RepoSlug};
use crate::domain::path::RepoPath;
use crate::domain::survey::Listing;
use crate::domain::text::Untrusted;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// The repository or commit is not there (deleted, force-pushed away, no access).
    #[error("not found: {0}")]
    NotFound(String),
    /// The remote refused the token.
    #[error("forbidden: {0}")]
    Forbidden(String),
    /// Network or remote trouble: may work later.
    #[error("transient: {0}")]
    Transient(String),
    /// Local disk full, corrupt cache that could not be rebuilt, and the like.
    #[error("internal: {0}")]
    Internal(String),
}

/// Where to fetch from.
pub struct Remote {
    pub id: RepoId,
    pub slug: RepoSlug,
    /// `https://host/owner/name.git`, without credentials.
    pub url: String,
    /// Kept in memory only; never in URLs, configuration files or logs.
    pub token: Option<SecretString>,
}

/// What to fetch.
#[derive(Debug, Clone)]
pub struct FetchRequest {
    /// Tip of the base branch.
    pub base: CommitSha,
    pub head: CommitSha,
    /// Fetches `refs/pull/N/head` when the head cannot be asked for by id (forks).
    pub pull: Option<Number>,
    pub base_ref: Option<String>,
}

/// A repository in which both ends of a change and their merge base are present.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    pub repository: RepositoryHandle,
    pub base: CommitSha,
    pub head: CommitSha,
    /// `None` for unrelated histories: the base itself is compared with.
    pub merge_base: Option<CommitSha>,
}

/// Names a local repository for [`Source`]; only an adapter makes one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RepositoryHandle(pub std::path::PathBuf);

/// What a change is about, known before its files are read.
#[derive(Debug, Clone)]
pub struct ChangeHead {
    pub repo: Option<(RepoId, RepoSlug)>,
    pub subject: Subject,
    pub title: Untrusted<String>,
    pub body: Untrusted<String>,
}

/// An entry of a commit's tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeEntry {
    pub path: RepoPath,
    pub mode: u32,
    /// Hexadecimal object id.
    pub object: String,
}

/// Files of one commit that a rule asks for beyond the changed ones.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Need {
    /// One file.
    File { side: Side, path: RepoPath },
    /// Files whose path matches one of the globs, in path order, at most `limit`.
    Glob { side: Side, globs: Vec<String>, limit: usize },
    /// Files whose path matches one of the globs (empty: every text file) and whose text holds at
    /// least one of the words (as whole identifiers), at most `limit` files.
    Search { side: Side, words: Vec<String>, globs: Vec<String>, limit: usize },
}

/// A file's text as found for a [`Need`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundFile {
    pub path: RepoPath,
    pub side: Side,
    pub text: String,
}

/// The answer to a list of needs.
#[derive(Debug, Clone, Default)]
pub struct Gathered {
    /// In the order of the needs.
    pub results: Vec<NeedResult>,
}

#[derive(Debug, Clone, Default)]
pub struct NeedResult {
    pub files: Vec<FoundFile>,
    /// Why the answer is not complete ("more than 2,000 files match", "time ran out").
    pub incomplete: Option<String>,
}

/// Reading repositories. Remote ones are fetched into a cache first.
#[async_trait]
pub trait Source: Send + Sync {
    /// Makes both commits and their merge base available, fetching as little as that takes.
    async fn fetch(&self, remote: &Remote, request: &FetchRequest) -> Result<Fetched, SourceError>;
    /// The same for a repository on this machine; revisions are anything git resolves.
    async fn open_local(
        &self,
        path: &std::path::Path,
        base: &str,
        head: &str,
    ) -> Result<Fetched, SourceError>;
    /// The difference between merge base and head, within the limits; what is left out is in
    /// `omissions`.
    async fn change(&self, fetched: &Fetched, head: ChangeHead) -> Result<Change, SourceError>;
    /// Files below any of these paths at a commit, symlinks included, without reading them.
    /// Exact file paths and directories are both accepted; missing ones are left out.
    async fn list(
        &self,
        fetched: &Fetched,
        commit: &CommitSha,
        paths: &[String],
    ) -> Result<Vec<TreeEntry>, SourceError>;
    /// Every file of a commit in path order, without reading any; kept per commit.
    async fn listing(
        &self,
        fetched: &Fetched,
        commit: &CommitSha,
    ) -> Result<Arc<Listing>, SourceError>;
    /// Raw bytes of a file at a commit, at most `limit` bytes; `None` if it is not a file there.
    /// Symlinks are followed inside the tree, at most eight times.
    async fn read(
        &self,
        fetched: &Fetched,
        commit: &CommitSha,
        path: &RepoPath,
        limit: usize,
    ) -> Result<Option<Vec<u8>>, SourceError>;
    /// What rules asked for beyond the changed files. `Side::Base` is the merge base.
    async fn gather(&self, fetched: &Fetched, needs: &[Need]) -> Result<Gathered, SourceError>;
    /// Drops the cache of a repository.
    async fn forget(&self, id: RepoId) -> Result<(), SourceError>;
}

/// A glob that matches this path only.
pub fn literal_glob(path: &str) -> String {
    globset::escape(path).replace('\\', "[\\]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literal_globs_match_themselves_only() {
        let paths =
            ["src/a.rs", "app/[id]/page.ts", "a/{b}/c!.ts", "x/?.rs", "s/*.go", "[!a]/b", "a\\b.c"];
        for path in paths {
            let glob = globset::Glob::new(&literal_glob(path)).unwrap().compile_matcher();
            assert!(glob.is_match(path), "{path}");
            assert!(!glob.is_match("src/b.rs"));
        }
    }
}

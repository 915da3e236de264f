//! GitHub, as the use cases see it. Reading and writing are separate: only `pipeline::publish`
//! holds a [`ForgeWrite`].

use async_trait::async_trait;
use secrecy::SecretString;

use crate::domain::diff::{LineRange, Side};
use crate::domain::event::{Actor, RepoRef};
use crate::domain::ids::{CheckRunId, CommentId, CommitSha, InstallationId, Number, RepoSlug};
use crate::domain::issue::Issue;
use crate::domain::job::Timestamp;
use crate::domain::path::RepoPath;
use crate::domain::publication::{Annotation, CheckAction, Conclusion, Reaction};
use crate::domain::text::Untrusted;

/// What callers branch on. The text is for logs, never for the outside.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ForgeError {
    /// 404 or 410: gone, or never visible to us.
    #[error("not found: {0}")]
    NotFound(String),
    /// 401 after a fresh token, or 403 that is no rate limit: permission missing, App suspended.
    #[error("forbidden: {0}")]
    Forbidden(String),
    /// Primary or secondary limit; no call before `until`.
    #[error("rate limited: {why}")]
    RateLimited { until: Timestamp, why: String },
    /// 409: try again after reading the present state.
    #[error("conflict: {0}")]
    Conflict(String),
    /// 422 or 400: GitHub refuses this content; repeating it is useless.
    #[error("refused: {0}")]
    Invalid(String),
    /// 5xx, timeout, reset, truncated or unreadable answer. A write may have been applied.
    #[error("transient: {0}")]
    Transient(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PullState {
    Open,
    Closed,
    Merged,
}

/// A pull request as it is now.
#[derive(Debug, Clone)]
pub struct Pull {
    pub number: Number,
    /// The repository's present name (follows renames and transfers).
    pub slug: RepoSlug,
    pub state: PullState,
    pub draft: bool,
    pub title: Untrusted<String>,
    pub body: Untrusted<String>,
    pub author: Actor,
    pub head: CommitSha,
    pub base: CommitSha,
    /// Name of the base branch.
    pub base_ref: String,
    pub head_ref: String,
    pub from_fork: bool,
    pub labels: Vec<String>,
}

#[derive(Debug, Clone)]
pub struct IssueComment {
    pub id: CommentId,
    pub author: Actor,
    /// Written by this App's installation (checked by App id or bot account, not by content).
    pub ours: bool,
    pub body: Untrusted<String>,
}

#[derive(Debug, Clone)]
pub struct ReviewComment {
    pub id: CommentId,
    pub author: Actor,
    pub ours: bool,
    pub body: Untrusted<String>,
    /// Set on replies.
    pub in_reply_to: Option<CommentId>,
}

/// A check run of this App.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExistingCheckRun {
    pub id: CheckRunId,
    pub name: String,
    pub external_id: String,
    pub completed: bool,
    pub conclusion: Option<Conclusion>,
    pub annotations: usize,
}

/// What goes to GitHub for a check run. At most 50 annotations: the caller batches.
#[derive(Debug, Clone)]
pub struct CheckRunWrite {
    pub name: String,
    pub head: CommitSha,
    pub external_id: String,
    /// `None` = in progress.
    pub conclusion: Option<Conclusion>,
    pub title: String,
    pub summary: String,
    pub text: Option<String>,
    pub annotations: Vec<Annotation>,
    pub actions: Vec<CheckAction>,
}

#[derive(Debug, Clone)]
pub struct ReviewNote {
    pub path: RepoPath,
    pub side: Side,
    pub lines: LineRange,
    pub body: String,
}

/// What an account may do in a repository, ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Permission {
    None,
    Read,
    Triage,
    Write,
    Maintain,
    Admin,
}

/// The default branch and its tip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefaultBranch {
    pub name: String,
    pub head: CommitSha,
}

/// A file of a new tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeFile {
    pub path: RepoPath,
    /// `None` removes the file.
    pub text: Option<String>,
    pub executable: bool,
}

/// A commit to be written. Everything that decides its id is given, so that writing it again makes
/// the same commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCommit {
    pub tree: String,
    pub parent: CommitSha,
    pub message: String,
    /// Of author and committer, cut to whole seconds.
    pub at: Timestamp,
}

/// A pull request to be opened as a draft, from a branch of the same repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPull {
    pub title: String,
    pub body: String,
    pub head: String,
    pub base: String,
}

/// A delivery that GitHub could not hand over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedDelivery {
    pub id: u64,
    pub guid: String,
}

/// Reading. Listings return all pages.
#[async_trait]
pub trait ForgeRead: Send + Sync {
    async fn pull(&self, repo: &RepoRef, number: Number) -> Result<Pull, ForgeError>;
    /// Open pull requests, newest first, at most `limit`.
    async fn open_pulls(&self, repo: &RepoRef, limit: usize) -> Result<Vec<Pull>, ForgeError>;
    /// Open pull requests whose head is this commit (check events of forks do not name them).
    async fn pulls_of_commit(
        &self,
        repo: &RepoRef,
        head: &CommitSha,
    ) -> Result<Vec<Pull>, ForgeError>;
    async fn comments(
        &self,
        repo: &RepoRef,
        number: Number,
    ) -> Result<Vec<IssueComment>, ForgeError>;
    async fn review_comments(
        &self,
        repo: &RepoRef,
        number: Number,
    ) -> Result<Vec<ReviewComment>, ForgeError>;
    /// This App's check runs on a commit, the latest of each name.
    async fn check_runs(
        &self,
        repo: &RepoRef,
        head: &CommitSha,
    ) -> Result<Vec<ExistingCheckRun>, ForgeError>;
    async fn permission(&self, repo: &RepoRef, login: &str) -> Result<Permission, ForgeError>;
    async fn issue(&self, repo: &RepoRef, number: Number) -> Result<Issue, ForgeError>;
    async fn default_branch(&self, repo: &RepoRef) -> Result<DefaultBranch, ForgeError>;
    /// The tip of a branch; `None` if there is no such branch.
    async fn branch_head(
        &self,
        repo: &RepoRef,
        branch: &str,
    ) -> Result<Option<CommitSha>, ForgeError>;
    /// Object id of a commit's tree.
    async fn commit_tree(&self, repo: &RepoRef, commit: &CommitSha) -> Result<String, ForgeError>;
    /// Pull requests in any state from this branch of the repository itself, newest first.
    async fn pulls_of_branch(&self, repo: &RepoRef, branch: &str) -> Result<Vec<Pull>, ForgeError>;
    /// Whether an account is an active member of a team of an organisation.
    /// [`ForgeError::Forbidden`] where the App may not see members.
    async fn is_team_member(
        &self,
        repo: &RepoRef,
        organisation: &str,
        team: &str,
        login: &str,
    ) -> Result<bool, ForgeError>;
    /// Repositories that an installation reaches.
    async fn installation_repositories(
        &self,
        installation: InstallationId,
    ) -> Result<Vec<RepoRef>, ForgeError>;
    async fn installations(&self) -> Result<Vec<InstallationId>, ForgeError>;
    /// Token for fetching this repository's contents, read-only where GitHub can narrow it.
    async fn git_token(&self, repo: &RepoRef) -> Result<SecretString, ForgeError>;
    /// The text of a file on a repository's default branch, e.g. an organisation's policy.
    async fn default_branch_file(
        &self,
        installation: InstallationId,
        slug: &RepoSlug,
        path: &str,
    ) -> Result<Option<String>, ForgeError>;
    /// Deliveries of the last hours that failed and whose GUID was never delivered since.
    async fn failed_deliveries(&self, since: Timestamp) -> Result<Vec<FailedDelivery>, ForgeError>;
}

/// Writing. Nothing here repeats a request by itself: a repeated POST may do a thing twice.
#[async_trait]
pub trait ForgeWrite: Send + Sync {
    async fn create_comment(
        &self,
        repo: &RepoRef,
        number: Number,
        body: &str,
    ) -> Result<CommentId, ForgeError>;
    async fn update_comment(
        &self,
        repo: &RepoRef,
        comment: CommentId,
        body: &str,
    ) -> Result<(), ForgeError>;
    async fn create_check_run(
        &self,
        repo: &RepoRef,
        run: &CheckRunWrite,
    ) -> Result<CheckRunId, ForgeError>;
    async fn update_check_run(
        &self,
        repo: &RepoRef,
        id: CheckRunId,
        run: &CheckRunWrite,
    ) -> Result<(), ForgeError>;
    /// One review of type COMMENT, with an optional body.
    async fn create_review(
        &self,
        repo: &RepoRef,
        number: Number,
        head: &CommitSha,
        body: Option<&str>,
        notes: &[ReviewNote],
    ) -> Result<(), ForgeError>;
    async fn update_review_comment(
        &self,
        repo: &RepoRef,
        comment: CommentId,
        body: &str,
    ) -> Result<(), ForgeError>;
    /// Resolves the threads that start with these comments, where they are not resolved yet.
    async fn resolve_threads(
        &self,
        repo: &RepoRef,
        number: Number,
        comments: &[CommentId],
    ) -> Result<(), ForgeError>;
    async fn add_label(
        &self,
        repo: &RepoRef,
        number: Number,
        label: &str,
    ) -> Result<(), ForgeError>;
    async fn remove_label(
        &self,
        repo: &RepoRef,
        number: Number,
        label: &str,
    ) -> Result<(), ForgeError>;
    /// Adding the same reaction again changes nothing (GitHub answers 200).
    async fn add_reaction(
        &self,
        repo: &RepoRef,
        comment: CommentId,
        reaction: Reaction,
    ) -> Result<(), ForgeError>;
    /// A tree from another one with these files written or removed. Returns its object id; the
    /// same call again makes the same tree.
    async fn create_tree(
        &self,
        repo: &RepoRef,
        base_tree: &str,
        files: &[TreeFile],
    ) -> Result<String, ForgeError>;
    async fn create_commit(
        &self,
        repo: &RepoRef,
        commit: &NewCommit,
    ) -> Result<CommitSha, ForgeError>;
    /// [`ForgeError::Invalid`] if the branch exists.
    async fn create_branch(
        &self,
        repo: &RepoRef,
        branch: &str,
        head: &CommitSha,
    ) -> Result<(), ForgeError>;
    async fn create_draft_pull(&self, repo: &RepoRef, pull: &NewPull)
    -> Result<Number, ForgeError>;
    async fn update_pull(
        &self,
        repo: &RepoRef,
        number: Number,
        title: &str,
        body: &str,
    ) -> Result<(), ForgeError>;
    async fn redeliver(&self, delivery: u64) -> Result<(), ForgeError>;
}

//! What happened on GitHub, with only the fields that the product uses.

use serde::{Deserialize, Serialize};

use super::ids::{
    CheckRunId, CommentId, CommitSha, InstallationId, Login, Number, RepoId, RepoSlug,
};
use super::text::Untrusted;

/// A repository as an event names it, with the installation that lets us in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepoRef {
    pub installation: InstallationId,
    pub id: RepoId,
    /// As the event wrote it: may be out of date after a rename.
    pub slug: RepoSlug,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PullAction {
    Opened,
    Reopened,
    Synchronize,
    ReadyForReview,
    /// The base branch was changed.
    Retargeted,
    Closed,
    Labeled,
    Unlabeled,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IssueAction {
    Labeled,
    Unlabeled,
    /// Title or text.
    Edited,
    Reopened,
    Closed,
}

/// An account that did something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    pub login: Login,
    /// GitHub's account type is `Bot`.
    pub is_bot: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    Pull {
        repo: RepoRef,
        number: Number,
        action: PullAction,
        head: CommitSha,
        draft: bool,
        author: Actor,
        sender: Actor,
        /// The label of `Labeled` and `Unlabeled`.
        label: Option<String>,
    },
    /// A comment was created on an issue or a pull request.
    Comment {
        repo: RepoRef,
        number: Number,
        on_pull: bool,
        comment: CommentId,
        author: Actor,
        body: Untrusted<String>,
    },
    /// Something happened to an issue that is no pull request.
    Issue {
        repo: RepoRef,
        number: Number,
        action: IssueAction,
        /// The label of `Labeled` and `Unlabeled`.
        label: Option<String>,
        sender: Actor,
    },
    /// "Re-run" on one of our check runs.
    CheckRerequested {
        repo: RepoRef,
        check_run: CheckRunId,
        head: CommitSha,
        pulls: Vec<Number>,
        sender: Actor,
    },
    /// A button of one of our check runs.
    CheckAction {
        repo: RepoRef,
        check_run: CheckRunId,
        head: CommitSha,
        pulls: Vec<Number>,
        identifier: String,
        sender: Actor,
    },
    SuiteRerequested {
        repo: RepoRef,
        head: CommitSha,
        pulls: Vec<Number>,
        sender: Actor,
    },
    /// A merge queue asks for checks on a commit that joins pull requests.
    MergeGroup {
        repo: RepoRef,
        head: CommitSha,
        base: CommitSha,
        destroyed: bool,
    },
    /// Commits arrived on the default branch.
    DefaultBranchPush {
        repo: RepoRef,
        head: CommitSha,
    },
    /// The App was installed, or given more repositories.
    RepositoriesAdded {
        repos: Vec<RepoRef>,
    },
    /// The App lost repositories, or was removed.
    RepositoriesRemoved {
        installation: InstallationId,
        repos: Vec<(RepoId, RepoSlug)>,
    },
    /// GitHub checks that we are there.
    Ping,
    /// Well-formed, but nothing for us to do; the clause says why.
    Ignored {
        reason: &'static str,
    },
}

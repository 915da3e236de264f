//! The fields of payloads that we read, of all events together: no two events use one of these
//! names for different things. Everything is optional, everything else is skipped unread.
//!
//! Written again they are what is kept of a delivery: the same event to whoever reads it later, in
//! a fortieth of the bytes, and nothing about people and repositories that we have no use for.

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize};

use crate::domain::event::Actor;
use crate::domain::ids::{CommitSha, InstallationId, Login, RepoId, RepoSlug};

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Payload {
    pub action: Option<String>,
    pub installation: Option<Installation>,
    pub repository: Option<Repository>,
    pub sender: Option<Account>,
    pub pull_request: Option<PullRequest>,
    pub label: Option<Label>,
    pub changes: Option<Changes>,
    pub issue: Option<Issue>,
    pub comment: Option<Comment>,
    pub check_run: Option<CheckRun>,
    pub check_suite: Option<CheckSuite>,
    pub requested_action: Option<RequestedAction>,
    pub merge_group: Option<MergeGroup>,
    pub repositories: Option<Vec<Repository>>,
    pub repositories_added: Option<Vec<Repository>>,
    pub repositories_removed: Option<Vec<Repository>>,
    /// `refs/heads/…` of a push.
    #[serde(rename = "ref")]
    pub reference: Option<String>,
    /// The commit that a push left on the branch.
    pub after: Option<String>,
    pub deleted: Option<bool>,
}

/// A value of which only matters that it is there.
#[derive(Debug, Serialize)]
pub(super) struct Present(bool);

impl<'de> Deserialize<'de> for Present {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self(true))
    }
}

#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Installation {
    pub id: u64,
}

#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Repository {
    pub id: u64,
    pub full_name: Option<String>,
    pub default_branch: Option<String>,
}

impl Repository {
    pub fn id(&self) -> RepoId {
        RepoId(self.id)
    }

    pub fn slug(&self) -> Option<RepoSlug> {
        RepoSlug::parse(self.full_name.as_deref()?)
    }
}

#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Account {
    pub login: String,
    #[serde(rename = "type")]
    pub kind: Option<String>,
}

impl Account {
    pub fn actor(&self) -> Actor {
        Actor { login: Login(self.login.clone()), is_bot: self.kind.as_deref() == Some("Bot") }
    }
}

#[derive(Debug, Deserialize, Serialize)]
pub(super) struct PullRequest {
    pub number: u64,
    #[serde(default)]
    pub draft: Option<bool>,
    pub user: Option<Account>,
    pub head: Option<End>,
}

#[derive(Debug, Deserialize, Serialize)]
pub(super) struct End {
    pub sha: Option<String>,
}

#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Label {
    pub name: String,
}

#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Changes {
    pub base: Option<Present>,
}

#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Issue {
    pub number: u64,
    /// Present when the issue is a pull request.
    pub pull_request: Option<Present>,
}

#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Comment {
    pub id: u64,
    pub user: Option<Account>,
    pub body: Option<String>,
}

#[derive(Debug, Deserialize, Serialize)]
pub(super) struct CheckRun {
    pub id: u64,
    pub head_sha: Option<String>,
    #[serde(default)]
    pub pull_requests: Option<Vec<LinkedPull>>,
}

#[derive(Debug, Deserialize, Serialize)]
pub(super) struct CheckSuite {
    pub head_sha: Option<String>,
    #[serde(default)]
    pub pull_requests: Option<Vec<LinkedPull>>,
}

/// A pull request with this head. It may be one of another repository (a fork's upstream).
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct LinkedPull {
    pub number: u64,
    pub base: Option<LinkedBase>,
}

#[derive(Debug, Deserialize, Serialize)]
pub(super) struct LinkedBase {
    pub repo: Option<LinkedRepository>,
}

#[derive(Debug, Deserialize, Serialize)]
pub(super) struct LinkedRepository {
    pub id: u64,
}

#[derive(Debug, Deserialize, Serialize)]
pub(super) struct RequestedAction {
    pub identifier: Option<String>,
}

#[derive(Debug, Deserialize, Serialize)]
pub(super) struct MergeGroup {
    pub head_sha: Option<String>,
    pub base_sha: Option<String>,
}

impl Installation {
    pub fn id(&self) -> InstallationId {
        InstallationId(self.id)
    }
}

/// A commit id that may be missing or malformed.
pub(super) fn commit(text: Option<&str>) -> Option<CommitSha> {
    CommitSha::parse(text?)
}

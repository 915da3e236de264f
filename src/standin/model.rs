//! What a world is made of.

use std::collections::BTreeMap;

use serde_json::Value;

use super::StandinError;
use super::git_store::GitStore;

/// Seconds since 1970.
pub(super) type Seconds = i64;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum AccountKind {
    User,
    Organization,
    Bot,
}

#[derive(Clone)]
pub(super) struct Account {
    pub id: u64,
    pub login: String,
    pub kind: AccountKind,
}

/// An access token: an installation's, or a person's (no installation, every permission).
#[derive(Clone)]
pub(super) struct Token {
    pub login: String,
    pub installation: bool,
    /// `None` = every repository of the installation.
    pub repositories: Option<Vec<u64>>,
    pub permissions: BTreeMap<String, String>,
    pub expires_at: Option<Seconds>,
}

pub(super) struct Repository {
    pub id: u64,
    pub owner: String,
    pub name: String,
    pub private: bool,
    pub default_branch: String,
    pub git: GitStore,
    /// The repository that this one was forked from.
    pub parent: Option<u64>,
    /// The App is installed here.
    pub installed: bool,
    pub created_at: Seconds,
    pub next_number: u64,
    pub issues: BTreeMap<u64, Issue>,
    pub pulls: BTreeMap<u64, Pull>,
    pub comments: BTreeMap<u64, Comment>,
    pub reviews: BTreeMap<u64, Review>,
    pub review_comments: BTreeMap<u64, ReviewComment>,
    pub check_runs: BTreeMap<u64, CheckRun>,
    pub check_suites: BTreeMap<u64, CheckSuite>,
    pub labels: BTreeMap<String, u64>,
    /// Lower-case login to `read`, `triage`, `write`, `maintain` or `admin`.
    pub permissions: BTreeMap<String, String>,
    pub reactions: Vec<Reaction>,
    /// Branches that start with one of these cannot be made by the App.
    pub protected: Vec<String>,
}

/// An issue, or the half of a pull request that it shares with issues.
pub(super) struct Issue {
    pub id: u64,
    pub number: u64,
    pub title: String,
    pub body: Option<String>,
    pub author: String,
    pub labels: Vec<String>,
    pub open: bool,
    pub created_at: Seconds,
    pub updated_at: Seconds,
    pub closed_at: Option<Seconds>,
}

pub(super) struct Pull {
    pub id: u64,
    pub draft: bool,
    /// `None` once a fork was deleted.
    pub head_repository: Option<u64>,
    pub head_ref: String,
    pub head_sha: String,
    pub base_ref: String,
    pub base_sha: String,
    /// The test merge while open, the real one afterwards.
    pub merge_sha: Option<String>,
    pub merged: Option<(Seconds, String)>,
}

pub(super) struct Comment {
    pub id: u64,
    pub issue: u64,
    pub author: String,
    pub body: String,
    pub created_at: Seconds,
    pub updated_at: Seconds,
}

pub(super) struct Review {
    pub id: u64,
    pub pull: u64,
    pub author: String,
    pub body: String,
    pub state: &'static str,
    pub commit: String,
    pub submitted_at: Seconds,
}

pub(super) struct ReviewComment {
    pub id: u64,
    pub pull: u64,
    pub review: u64,
    pub author: String,
    pub body: String,
    pub path: String,
    pub line: Option<u64>,
    pub side: String,
    pub start_line: Option<u64>,
    pub start_side: Option<String>,
    pub subject: String,
    pub diff_hunk: String,
    pub commit: String,
    pub in_reply_to: Option<u64>,
    /// Kept on the first comment of a thread.
    pub resolved: bool,
    pub created_at: Seconds,
    pub updated_at: Seconds,
}

pub(super) struct CheckRun {
    pub id: u64,
    pub suite: u64,
    pub name: String,
    pub head_sha: String,
    pub external_id: String,
    pub details_url: Option<String>,
    pub status: String,
    pub conclusion: Option<String>,
    pub started_at: Seconds,
    pub completed_at: Option<Seconds>,
    pub title: Option<String>,
    pub summary: Option<String>,
    pub text: Option<String>,
    pub annotations: Vec<Value>,
    pub actions: Vec<Value>,
}

pub(super) struct CheckSuite {
    pub id: u64,
    pub head_sha: String,
    pub head_branch: Option<String>,
    pub created_at: Seconds,
}

pub(super) struct Reaction {
    pub id: u64,
    pub comment: u64,
    pub author: String,
    pub content: String,
    pub created_at: Seconds,
}

impl Repository {
    pub fn slug(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }

    pub fn issue(&self, number: u64) -> Result<&Issue, StandinError> {
        self.issues.get(&number).ok_or_else(|| self.unknown("issue", number))
    }

    pub fn issue_mut(&mut self, number: u64) -> Result<&mut Issue, StandinError> {
        let unknown = self.unknown("issue", number);
        self.issues.get_mut(&number).ok_or(unknown)
    }

    pub fn pull(&self, number: u64) -> Result<&Pull, StandinError> {
        self.pulls.get(&number).ok_or_else(|| self.unknown("pull request", number))
    }

    pub fn pull_mut(&mut self, number: u64) -> Result<&mut Pull, StandinError> {
        let unknown = self.unknown("pull request", number);
        self.pulls.get_mut(&number).ok_or(unknown)
    }

    /// What an account may do: the owner administers, others as set, everybody reads a public one.
    pub fn permission_of(&self, login: &str) -> &str {
        if login.eq_ignore_ascii_case(&self.owner) {
            return "admin";
        }
        match self.permissions.get(&login.to_ascii_lowercase()) {
            Some(level) => level,
            None if self.private => "none",
            None => "read",
        }
    }

    fn unknown(&self, what: &str, number: u64) -> StandinError {
        StandinError::Unknown(format!("{what} {}#{number}", self.slug()))
    }
}

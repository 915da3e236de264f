//! What was said, per pull request or issue, so that it is not said again.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::queue::{Lease, StoreError};
use crate::domain::finding::Fingerprint;
use crate::domain::ids::{CommentId, CommitSha, Login, Number, RepoId};
use crate::domain::report::RememberedFinding;
use crate::domain::run::PlanRun;

/// The memory of one pull request. A JSON document in the store; fields of a newer version are
/// kept as they are, so that an older one that runs in between does not lose them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct PullMemory {
    pub findings: Vec<RememberedFinding>,
    /// The summary comment, once created.
    pub summary: Option<CommentId>,
    /// The head for which publishing was begun: written before the first call, so that a head
    /// that is not named here has no check runs of ours yet.
    pub publishing: Option<CommitSha>,
    /// Automatic reviews are off until `resume`.
    pub paused: bool,
    /// The last completed review.
    pub reviewed: Option<Reviewed>,
    /// The command prefix of the base branch's policy, as of the last review.
    pub command_prefix: Option<String>,
    /// Lanes that have had a check run on this pull request: they stay visible as skipped.
    pub lanes_seen: Vec<crate::domain::team::Lane>,
    /// Comments whose commands were carried out, the newest last: a job that runs again must not
    /// pause or dismiss again what a later command resumed or restored.
    pub answered: Vec<CommentId>,
    /// The plan, where this is an issue and one was asked for.
    pub plan: Option<PlanRun>,
    /// Gates of this pull request that somebody approved, the newest last.
    pub gates: Vec<GateApproval>,
    /// Gates of this pull request that somebody said no to, the newest last.
    pub rejections: Vec<GateRejection>,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub unknown: serde_json::Map<String, serde_json::Value>,
}

impl PullMemory {
    /// Whether a push to the default branch concerns what is remembered here.
    pub fn plan_follows_base(&self) -> bool {
        self.plan.as_ref().is_some_and(PlanRun::follows_base)
    }
}

/// One person's yes to a gate of a pull request. It counts for one head only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GateApproval {
    /// The finding that asks for it.
    pub finding: Fingerprint,
    pub head: CommitSha,
    pub by: Login,
}

/// One person's no to a gate of a pull request. It is shown for one head only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GateRejection {
    /// The finding that asks for a decision.
    pub finding: Fingerprint,
    pub head: CommitSha,
    pub by: Login,
    pub reason: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reviewed {
    pub head: CommitSha,
    pub base: CommitSha,
    /// Digest of everything that decided the result besides the commits: version, rules, policy.
    pub inputs: String,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub unknown: serde_json::Map<String, serde_json::Value>,
}

#[async_trait]
pub trait Ledger: Send + Sync {
    async fn load(&self, repo: RepoId, number: Number) -> Result<PullMemory, StoreError>;
    /// Stores the memory if the lease is still held; `false`: it was lost, nothing was stored.
    async fn save(
        &self,
        lease: &Lease,
        number: Number,
        memory: &PullMemory,
    ) -> Result<bool, StoreError>;
    /// Issues of a repository whose plans [follow](PullMemory::plan_follows_base) the default
    /// branch.
    async fn plans_that_follow_base(&self, repo: RepoId) -> Result<Vec<Number>, StoreError>;
    async fn forget(&self, repo: RepoId) -> Result<(), StoreError>;
}

//! Units of durable work.

use serde::{Deserialize, Serialize};

use super::event::{Actor, RepoRef};
use super::ids::{CommentId, CommitSha, DeliveryId, Number};
use super::team::Lane;
use super::text::Untrusted;

/// Milliseconds since the Unix epoch, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    pub fn plus(self, duration: std::time::Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }

    /// Time from `earlier` to `self`; zero if `earlier` is later.
    pub fn since(self, earlier: Self) -> std::time::Duration {
        std::time::Duration::from_millis(u64::try_from(self.0 - earlier.0).unwrap_or(0))
    }
}

/// What to do. Jobs are level-triggered: they name a subject, and the worker reads its present
/// state when it starts, so an old job never acts on an old head.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum JobKind {
    /// Review the pull request at its present head.
    ReviewPull {
        number: Number,
        /// Review again even if this head was reviewed, and repeat what is unchanged.
        full: bool,
        /// Only these lanes; empty means all.
        lanes: Vec<Lane>,
        /// Asked for by a person (ignores draft and pause).
        requested: bool,
    },
    /// Answer checks on a merge queue's commit.
    ReviewMergeGroup { head: CommitSha, base: CommitSha },
    /// Review the open pull requests with this head (check events of forks do not name them).
    FindPulls { head: CommitSha },
    /// Carry out a comment's command.
    AnswerCommand {
        number: Number,
        on_pull: bool,
        comment: CommentId,
        author: Actor,
        body: Untrusted<String>,
    },
    /// Bring the plan of an issue in line with the issue as it is now.
    PlanIssue {
        number: Number,
        /// The label that was added, where that is what happened.
        label: Option<String>,
    },
    /// Carry out the approved plan of an issue.
    ExecutePlan { number: Number },
    /// Bring the plans of this repository that follow its default branch in line with it.
    RefreshPlans,
    /// Find pull requests of this repository without a current check and enqueue them.
    Resync,
    /// Forget a repository that we lost: its cache and state.
    Forget,
}

impl JobKind {
    /// Jobs with the same subject never run at the same time.
    pub fn subject(&self) -> String {
        match self {
            Self::ReviewPull { number, .. }
            | Self::AnswerCommand { number, .. }
            | Self::PlanIssue { number, .. }
            | Self::ExecutePlan { number } => format!("pull/{number}"),
            Self::RefreshPlans => "plans".to_owned(),
            Self::ReviewMergeGroup { head, .. } | Self::FindPulls { head } => {
                format!("commit/{head}")
            }
            Self::Resync | Self::Forget => "repository".to_owned(),
        }
    }

    /// Among waiting jobs of one subject, those with the same key are one job: the newer is
    /// [merged](Self::merge) into the older.
    pub fn coalescing_key(&self) -> String {
        match self {
            Self::ReviewPull { .. } => "review".to_owned(),
            Self::ReviewMergeGroup { .. } => "merge-group".to_owned(),
            Self::FindPulls { .. } => "find-pulls".to_owned(),
            Self::AnswerCommand { comment, .. } => format!("command/{comment}"),
            Self::PlanIssue { .. } => "plan".to_owned(),
            Self::ExecutePlan { .. } => "execute".to_owned(),
            Self::RefreshPlans => "refresh-plans".to_owned(),
            Self::Resync => "resync".to_owned(),
            Self::Forget => "forget".to_owned(),
        }
    }

    /// What one job must do so that both are done.
    pub fn merge(self, newer: Self) -> Self {
        match (self, newer) {
            (
                Self::ReviewPull { number, full: full_a, lanes: mut lanes_a, requested: asked_a },
                Self::ReviewPull { full: full_b, lanes: lanes_b, requested: asked_b, .. },
            ) => {
                if lanes_a.is_empty() || lanes_b.is_empty() {
                    lanes_a.clear();
                } else {
                    lanes_a.extend(lanes_b);
                    lanes_a.sort_unstable();
                    lanes_a.dedup();
                }
                Self::ReviewPull {
                    number,
                    full: full_a || full_b,
                    lanes: lanes_a,
                    requested: asked_a || asked_b,
                }
            }
            (Self::PlanIssue { number, label: older }, Self::PlanIssue { label: newer, .. }) => {
                Self::PlanIssue { number, label: newer.or(older) }
            }
            (_, newer) => newer,
        }
    }

    /// Short name for logs and metrics.
    pub fn name(&self) -> &'static str {
        match self {
            Self::ReviewPull { .. } => "review_pull",
            Self::ReviewMergeGroup { .. } => "review_merge_group",
            Self::FindPulls { .. } => "find_pulls",
            Self::AnswerCommand { .. } => "answer_command",
            Self::PlanIssue { .. } => "plan_issue",
            Self::ExecutePlan { .. } => "execute_plan",
            Self::RefreshPlans => "refresh_plans",
            Self::Resync => "resync",
            Self::Forget => "forget",
        }
    }
}

/// A job before it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewJob {
    pub repo: RepoRef,
    pub kind: JobKind,
    /// The delivery that caused it, if one did.
    pub delivery: Option<DeliveryId>,
}

/// A stored job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    pub id: i64,
    pub repo: RepoRef,
    pub kind: JobKind,
    pub delivery: Option<DeliveryId>,
    /// How many times it was started, this time included.
    pub attempt: u32,
    pub enqueued_at: Timestamp,
}

/// How a job ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobOutcome {
    Done,
    /// Not ready: run again at or after this time.
    Retry {
        at: Timestamp,
        why: String,
    },
    /// Given up: kept for `dead list` and `dead replay`.
    Dead {
        why: String,
    },
}

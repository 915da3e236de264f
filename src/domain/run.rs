//! What becomes of a plan: asked for, answered, approved, carried out, delivered. Pure.
//!
//! Everything that changes a run goes through a method here, and only [`PlanRun::permit`] makes an
//! [`Approved`]: without one, no branch can be published.

mod approval;
mod recovery;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use self::approval::{Approval, Approved, Approver, GateChoice, NotApproved, Refusal};
pub use self::recovery::{Failure, MAX_ATTEMPTS, MAX_DEPTH, Recovery, TaskRun, TaskState, recover};
use super::house::House;
use super::ids::{CommentId, CommitSha, Login, Number};
use super::instructions::Problem;
use super::job::Timestamp;
use super::plan::{Answered, Execution, FileAction, FileClass, GateKind, Plan, Task};

/// Longest answer or reason that is kept, in characters.
pub const MAX_WORDS: usize = 500;

/// Where a run stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Phase {
    /// The plan is to be made, or made again.
    #[default]
    Planning,
    /// Questions that block are open.
    NeedsInput,
    AwaitingApproval,
    /// Every gate is approved; nothing was begun.
    Approved,
    Executing,
    Delivered,
    Rejected {
        by: Login,
        gate: GateKind,
        reason: String,
    },
    Cancelled {
        cause: Cancelled,
    },
    /// The last attempt failed: a person has to look.
    Escalated {
        task: String,
        failure: String,
        attempts: u32,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cancelled {
    Closed,
    Unlabelled,
    ByCommand,
}

/// The plan in force and what it was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Current {
    pub plan: Plan,
    /// Hexadecimal digest of the plan's canonical form.
    pub digest: String,
    /// The commit that was read.
    pub base: CommitSha,
    /// The branch that the commit was the tip of.
    pub base_ref: String,
    /// Digest of everything that the plan was made from: tells whether it must be made again.
    pub inputs: String,
    /// When it was made: words spoken before cannot be about it.
    pub made_at: Timestamp,
    /// Problems of policy and instruction files, as they are shown with the plan.
    pub problems: Vec<Problem>,
    /// What goes along with every task that is handed over.
    #[serde(default)]
    pub house: House,
}

/// How much of a plan is open to the eye.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum PlanDetail {
    Terse,
    #[default]
    Balanced,
    Verbose,
}

/// Code owners of the files that wait for a gate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GateOwners {
    pub gate: GateKind,
    /// As CODEOWNERS writes them, a list for files with the same owners: who is in every list owns
    /// all the files, and only they decide. Never empty, nor any list in it.
    pub lists: Vec<Vec<String>>,
}

/// What the base commit's policy says about plans.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RunRules {
    /// The label that asks for a plan.
    pub trigger: String,
    /// Issues with one of these labels are left alone.
    pub exclude: Vec<String>,
    /// `@org/team`, a login, or empty: whoever maintains the repository.
    pub approvers: Vec<String>,
    /// Who else decides about a gate, because CODEOWNERS says so.
    pub owners: Vec<GateOwners>,
    /// These rules are those of the owner's `.github` repository.
    pub from_owner: bool,
    pub allow_branches: bool,
    /// Start as soon as everything is approved.
    pub automatic: bool,
    /// State labels are wanted.
    pub labels: bool,
    /// The word that commands start with, without the slash.
    pub prefix: String,
    pub detail: PlanDetail,
}

impl Default for RunRules {
    fn default() -> Self {
        Self {
            trigger: "backend-team".to_owned(),
            exclude: Vec::new(),
            approvers: Vec::new(),
            owners: Vec::new(),
            from_owner: false,
            allow_branches: true,
            automatic: true,
            labels: false,
            prefix: "backend-team".to_owned(),
            detail: PlanDetail::Balanced,
        }
    }
}

/// What was left outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delivery {
    /// `None`: no branch was allowed, or there was nothing to write; see `why`.
    pub branch: Option<String>,
    pub head: Option<CommitSha>,
    pub pull: Option<Number>,
    /// Why there is no branch or no pull request.
    pub why: Option<String>,
    /// What was written, where it could not go to a branch.
    pub written: Vec<WrittenText>,
}

/// A file that a task wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WrittenText {
    pub path: String,
    pub class: FileClass,
    pub action: FileAction,
    pub content: String,
    /// The task that wrote it.
    pub task: String,
}

/// A plan of an issue over time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanRun {
    pub phase: Phase,
    /// The author: never approves.
    pub author: Login,
    /// Asked for by a command: no label is needed.
    pub asked: bool,
    /// Nothing is begun or written until `resume`.
    pub paused: bool,
    pub rules: RunRules,
    pub current: Option<Current>,
    pub answers: Vec<Answered>,
    pub approvals: Vec<Approval>,
    pub tasks: Vec<TaskRun>,
    pub delivery: Option<Delivery>,
    /// Digest of what is shown outside: tells whether it must be shown again.
    pub shown: Option<String>,
    /// Commands that changed this run, the newest last: comment and line. A job that runs again
    /// must not do them again.
    pub applied: Vec<(CommentId, usize)>,
}

/// Commands that are remembered.
const MAX_APPLIED: usize = 50;

impl PlanRun {
    pub fn new(author: Login, asked: bool) -> Self {
        Self {
            phase: Phase::Planning,
            author,
            asked,
            paused: false,
            rules: RunRules::default(),
            current: None,
            answers: Vec::new(),
            approvals: Vec::new(),
            tasks: Vec::new(),
            delivery: None,
            shown: None,
            applied: Vec::new(),
        }
    }

    /// Remembers that a line of a comment was carried out.
    pub fn apply(&mut self, line: (CommentId, usize)) {
        self.applied.push(line);
        self.applied.drain(..self.applied.len().saturating_sub(MAX_APPLIED));
    }

    /// Whether anything may still happen without a new command.
    pub fn is_open(&self) -> bool {
        !matches!(
            self.phase,
            Phase::Delivered
                | Phase::Rejected { .. }
                | Phase::Cancelled { .. }
                | Phase::Escalated { .. }
        )
    }

    /// Whether the plan follows the default branch: before it is approved as a whole.
    pub fn follows_base(&self) -> bool {
        matches!(self.phase, Phase::Planning | Phase::NeedsInput | Phase::AwaitingApproval)
    }

    /// A plan was made. The same plan on the same commit changes nothing; any other asks again.
    /// Refused (`false`) once the run is closed.
    pub fn planned(&mut self, current: Current, rules: RunRules) -> bool {
        if !self.is_open() {
            return false;
        }
        self.rules = rules;
        let same = self
            .current
            .as_ref()
            .is_some_and(|old| old.digest == current.digest && old.base == current.base);
        if same && self.phase != Phase::Planning {
            // What it was made from may differ in what has no influence.
            let made_at = self.current.as_ref().map_or(current.made_at, |old| old.made_at);
            self.current = Some(Current { made_at, ..current });
            return true;
        }
        let blocking = current.plan.questions.iter().any(|question| question.blocking);
        self.phase = if blocking { Phase::NeedsInput } else { Phase::AwaitingApproval };
        self.current = Some(current);
        self.forget_work();
        true
    }

    fn forget_work(&mut self) {
        self.approvals.clear();
        self.tasks.clear();
    }

    /// The plan must be made again, because what it was made from changed.
    pub fn outdated(&mut self) {
        if self.is_open() {
            self.phase = Phase::Planning;
            self.forget_work();
        }
    }

    /// Answers to questions of the plan in force, by their topic. Newer answers replace older
    /// ones; the plan has to be made again.
    pub fn answer(&mut self, given: Vec<Answered>) -> Result<(), Refusal> {
        if !self.follows_base() {
            return Err(Refusal::NotOpen);
        }
        for answer in given {
            self.answers.retain(|old| old.topic != answer.topic);
            self.answers.push(answer);
        }
        self.outdated();
        Ok(())
    }

    /// Asked for anew, in whatever state it is. Answers stay.
    pub fn restart(&mut self, author: Login, asked: bool) {
        self.author = author;
        self.asked |= asked;
        self.paused = false;
        self.phase = Phase::Planning;
        self.delivery = None;
        self.forget_work();
    }

    /// Ends an open run. `false`: it had ended.
    pub fn cancel(&mut self, cause: Cancelled) -> bool {
        let open = self.is_open();
        if open {
            self.phase = Phase::Cancelled { cause };
            self.approvals.clear();
        }
        open
    }

    /// Whether the run ended in a way that label or reopening undo.
    pub fn may_reopen(&self) -> bool {
        matches!(self.phase, Phase::Cancelled { cause: Cancelled::Closed | Cancelled::Unlabelled })
    }

    /// Work begins.
    pub fn start(&mut self, _approved: &Approved) {
        if self.phase == Phase::Approved {
            self.phase = Phase::Executing;
        }
    }

    /// How a task stands.
    pub fn task_mut(&mut self, id: &str) -> Option<&mut TaskRun> {
        self.tasks.iter_mut().find(|task| task.id == id)
    }

    /// A failed task and what is to be done about it. The last resort ends the run: a plan is
    /// approved as a whole, so that nothing of it is written.
    pub fn failed(&mut self, id: &str, failure: &Failure) -> Recovery {
        let Some(task) = self.task_mut(id) else { return Recovery::Escalate };
        let recovery = recover(task, failure);
        let (attempts, name) = (task.attempts_in_all(), task.id.clone());
        if recovery == Recovery::Escalate {
            for waiting in self.tasks.iter_mut().filter(|t| t.state == TaskState::Waiting) {
                waiting.state = TaskState::Skipped;
            }
            let failure = failure.what.chars().take(MAX_WORDS).collect();
            self.phase = Phase::Escalated { task: name, failure, attempts };
            self.approvals.clear();
        }
        recovery
    }

    /// Nobody works on it any more, for a reason that is ours.
    pub fn gave_up(&mut self, why: String) {
        if self.is_open() {
            let attempts = self.tasks.iter().map(TaskRun::attempts_in_all).max().unwrap_or(0);
            let task = self.tasks.iter().find(|task| task.state == TaskState::Running);
            let task = task.map_or_else(|| "planning".to_owned(), |task| task.id.clone());
            self.phase = Phase::Escalated { task, failure: why, attempts };
            self.approvals.clear();
        }
    }

    /// What was approved is outside. The approval is used up.
    pub fn delivered(&mut self, _used: Approved, delivery: Delivery) {
        self.delivery = Some(delivery);
        self.phase = Phase::Delivered;
    }
}

/// What is generated waits; the rest is for people.
fn first_state(task: &Task) -> TaskRun {
    let state = match task.execution {
        Execution::Generated { .. } => TaskState::Waiting,
        Execution::Delegated | Execution::Advice => TaskState::HandedOver,
    };
    TaskRun::new(&task.id, &task.agent, state)
}

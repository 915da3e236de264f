//! What a plan's texts are made from: the plan, and what its orchestrator knows about it.

use serde::{Deserialize, Serialize};

use crate::domain::house::House;
use crate::domain::ids::{CommitSha, Login, Number, RepoSlug};
use crate::domain::instructions::Problem;
use crate::domain::job::Timestamp;
use crate::domain::plan::{Answered, GateKind, Plan, Task};
use crate::domain::run::{GateOwners, TaskState};
use crate::report::WebUrl;
use crate::report::deciders::Deciders;

/// How many characters of a digest people see and type.
pub const SHORT_DIGEST: usize = 12;

/// A plan as it stands, with everything that its comment says.
#[derive(Debug, Clone, Copy)]
pub struct PlanView<'a> {
    pub plan: &'a Plan,
    pub state: &'a PlanState,
    /// Hexadecimal digest of the canonical form; approvals are bound to it.
    pub digest: &'a str,
    /// The commit that was read. `None` for a plan over a directory.
    pub base: Option<&'a CommitSha>,
    /// The canonical form as text.
    pub yaml: &'a str,
    /// Answers that people gave to earlier questions.
    pub answered: &'a [Answered],
    /// Problems in instruction and policy files.
    pub problems: &'a [Problem],
    /// The policy's approvers; empty: whoever maintains the repository.
    pub approvers: &'a [String],
    /// Code owners who decide about gates.
    pub owners: &'a [GateOwners],
    /// What goes along with every task that is handed over.
    pub house: &'a House,
    /// When the plan was made, where that is known.
    pub made_at: Option<Timestamp>,
    pub verbosity: Verbosity,
    /// The word that commands start with, without the slash.
    pub prefix: &'a str,
    /// Where places link to; `None`: they are not links.
    pub forge: Option<(&'a WebUrl, &'a RepoSlug)>,
}

/// How much is open to the eye. The canonical form is the same in all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verbosity {
    /// Decisions and one line a task.
    Terse,
    #[default]
    Balanced,
    /// Everything open.
    Verbose,
}

/// Where a plan stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "is")]
pub enum PlanState {
    /// Blocking questions are open; nothing is written meanwhile.
    NeedsInput,
    /// Gates are open. `given`: those that have their approval.
    AwaitingApproval {
        given: Vec<Approval>,
    },
    /// Every gate is approved; the tasks are being worked on.
    Executing {
        tasks: Vec<TaskProgress>,
    },
    /// Done: what could be written is on a branch, or in a comment of its own where branches are
    /// not allowed (`branch` is `None`).
    Delivered {
        branch: Option<String>,
        pull: Option<Number>,
        tasks: Vec<TaskProgress>,
    },
    Rejected {
        by: Login,
        gate: GateKind,
        reason: String,
    },
    /// By a person, or because a newer plan took its place.
    Cancelled {
        why: String,
    },
    /// Stopped after the last attempt; a person has to look.
    Escalated {
        task: Option<String>,
        failure: String,
        /// How often it was tried, the first time included.
        attempts: u32,
        tasks: Vec<TaskProgress>,
    },
}

impl PlanState {
    /// Progress of the tasks, where there is any.
    pub fn progress(&self) -> &[TaskProgress] {
        match self {
            Self::Executing { tasks }
            | Self::Delivered { tasks, .. }
            | Self::Escalated { tasks, .. } => tasks,
            _ => &[],
        }
    }

    /// Approvals given, where the plan waits for more.
    pub fn approvals(&self) -> &[Approval] {
        match self {
            Self::AwaitingApproval { given } => given,
            _ => &[],
        }
    }
}

/// A live approval of a gate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    pub gate: GateKind,
    pub by: Login,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskProgress {
    /// The task's id.
    pub task: String,
    pub state: TaskState,
    /// What happened, one clause; may hold words from the repository.
    pub note: Option<String>,
}

/// As it stands behind a task.
pub fn state_name(state: TaskState) -> &'static str {
    match state {
        TaskState::Waiting => "waiting",
        TaskState::Running => "running",
        TaskState::Retrying => "retrying",
        TaskState::Done => "done",
        TaskState::HandedOver => "handed over",
        TaskState::Failed => "failed",
        TaskState::Skipped => "not started",
    }
}

impl<'a> PlanView<'a> {
    /// The digest as people type it.
    pub fn short_digest(&self) -> &'a str {
        self.digest.get(..SHORT_DIGEST).unwrap_or(self.digest)
    }

    /// The line that approves a gate of this very plan.
    pub fn approve_command(&self, gate: GateKind) -> String {
        format!("/{} approve {} {}", self.prefix, gate_name(gate), self.short_digest())
    }

    /// The line that rejects a gate; the reason is the person's.
    pub fn reject_command(&self, gate: GateKind) -> String {
        format!("/{} reject {} REASON", self.prefix, gate_name(gate))
    }

    /// The line that answers every open question with its first, minimal safe option.
    pub fn answer_command(&self) -> String {
        let mut command = format!("/{} answer", self.prefix);
        for question in &self.plan.questions {
            command.push_str(&format!(" {}=A", question.id));
        }
        command
    }

    /// Who decides about a gate.
    pub(super) fn deciders(&self, gate: GateKind) -> Deciders<'a> {
        let owned = self.owners.iter().find(|owned| owned.gate == gate);
        Deciders { approvers: self.approvers, owners: owned.map_or(&[], |owned| &owned.lists) }
    }

    pub(super) fn progress_of(&self, task: &Task) -> Option<&'a TaskProgress> {
        self.state.progress().iter().find(|progress| progress.task == task.id)
    }

    pub(super) fn approval_of(&self, gate: GateKind) -> Option<&'a Approval> {
        self.state.approvals().iter().find(|approval| approval.gate == gate)
    }

    /// Whether decisions are still being asked for.
    pub(super) fn asks(&self) -> bool {
        matches!(self.state, PlanState::NeedsInput | PlanState::AwaitingApproval { .. })
    }
}

/// A gate's name as people type it.
pub fn gate_name(gate: GateKind) -> &'static str {
    match gate {
        GateKind::Schema => "schema",
        GateKind::Dependency => "dependency",
        GateKind::BreakingApi => "breaking-api",
        GateKind::Auth => "auth",
        GateKind::Tenancy => "tenancy",
        GateKind::Payments => "payments",
        GateKind::Plan => "plan",
    }
}

/// The letter of an option: A for the first.
pub(super) fn letter(index: usize) -> char {
    u8::try_from(index).ok().filter(|at| *at < 26).map_or('?', |at| char::from(b'A' + at))
}

/// The name that a kind of work, a scope, a risk and so on has in the canonical form.
pub(super) fn word(value: impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

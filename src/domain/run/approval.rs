//! Who agreed to what, and the proof that everybody did who must.

use serde::{Deserialize, Serialize};

use super::{Current, MAX_WORDS, Phase, PlanRun};
use crate::domain::ids::{CommentId, CommitSha, Login};
use crate::domain::job::Timestamp;
use crate::domain::plan::{GateKind, Plan};

/// One person's yes to one gate of one plan on one commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    pub gate: GateKind,
    pub by: Login,
    /// Where it was said.
    pub comment: CommentId,
    /// Digest of the plan that was approved.
    pub digest: String,
    /// Commit that the plan stands on.
    pub base: CommitSha,
    pub at: Timestamp,
}

/// Somebody who wants to decide, with what the caller found out about them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approver {
    pub login: Login,
    pub is_bot: bool,
    /// Gates that this person may decide about: policy names them, or they maintain the
    /// repository where it names nobody, or they own the files that wait for it.
    pub permitted: Vec<GateKind>,
    /// Where they said it.
    pub comment: CommentId,
    /// When it was said.
    pub said_at: Timestamp,
}

/// Which gates are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GateChoice {
    All,
    One(GateKind),
}

impl GateChoice {
    pub fn means(self, gate: GateKind) -> bool {
        match self {
            Self::All => true,
            Self::One(one) => one == gate,
        }
    }
}

/// Why a decision does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    Bot,
    /// Neither policy nor CODEOWNERS gives the right to decide about every gate that is meant.
    NotPermitted,
    /// The author of the issue.
    Author,
    /// Nothing waits for a decision.
    NotOpen,
    /// Questions come first.
    NeedsInput,
    /// The plan has no such gate.
    NoSuchGate,
    /// The digest or commit is not the one of the plan in force, the plan was made after the words
    /// were written, or its commit is no longer the tip of the branch.
    Stale,
}

/// Why nothing may be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotApproved {
    /// The run is not at a point where anything is written.
    Phase,
    Paused,
    /// A gate has no approval that is bound to this plan and this commit.
    Gate(GateKind),
}

/// Proof that every gate of a plan is approved for exactly this plan on exactly this commit.
///
/// It cannot be made, copied or changed but by [`PlanRun::permit`].
#[derive(Debug, PartialEq, Eq)]
pub struct Approved {
    plan: Plan,
    digest: String,
    base: CommitSha,
    base_ref: String,
    by: Vec<(GateKind, Login)>,
    last_at: Timestamp,
}

impl Approved {
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The commit that everything written stands on.
    pub fn base(&self) -> &CommitSha {
        &self.base
    }

    pub fn base_ref(&self) -> &str {
        &self.base_ref
    }

    /// Who approved which gate.
    pub fn by(&self) -> &[(GateKind, Login)] {
        &self.by
    }

    /// When the last approval was given: the date of everything that follows from it, so that
    /// writing it again makes the same objects.
    pub fn at(&self) -> Timestamp {
        self.last_at
    }
}

/// The gates that must be approved. A plan without risk still needs a person's word.
fn gates(plan: &Plan) -> Vec<GateKind> {
    let mut gates: Vec<GateKind> = plan.gates.iter().map(|gate| gate.id).collect();
    if gates.is_empty() {
        gates.push(GateKind::Plan);
    }
    gates.dedup();
    gates
}

/// The gates of a plan that a choice means; empty for one that it does not have.
fn meant(plan: &Plan, choice: GateChoice) -> Vec<GateKind> {
    let mut known = gates(plan);
    known.retain(|gate| choice.means(*gate));
    known
}

impl PlanRun {
    /// Every gate of the plan in force.
    pub fn gates(&self) -> Vec<GateKind> {
        self.current.as_ref().map_or_else(Vec::new, |current| gates(&current.plan))
    }

    /// Gates without a live approval.
    pub fn open_gates(&self) -> Vec<GateKind> {
        let Some(current) = &self.current else { return Vec::new() };
        let mut open = gates(&current.plan);
        open.retain(|gate| self.approval_of(current, *gate).is_none());
        open
    }

    fn approval_of(&self, current: &Current, gate: GateKind) -> Option<&Approval> {
        self.approvals.iter().find(|approval| {
            approval.gate == gate
                && approval.digest == current.digest
                && approval.base == current.base
                && approval.by != self.author
        })
    }

    /// Whether somebody's words can decide about the plan in force at all.
    fn decides(&self, approver: &Approver, choice: GateChoice) -> Result<Vec<GateKind>, Refusal> {
        if approver.is_bot {
            return Err(Refusal::Bot);
        }
        match self.phase {
            Phase::AwaitingApproval | Phase::Approved | Phase::Executing => {}
            Phase::NeedsInput => return Err(Refusal::NeedsInput),
            _ => return Err(Refusal::NotOpen),
        }
        let Some(current) = &self.current else { return Err(Refusal::NotOpen) };
        if approver.permitted.is_empty() {
            return Err(Refusal::NotPermitted);
        }
        let meant = meant(&current.plan, choice);
        if meant.is_empty() {
            return Err(Refusal::NoSuchGate);
        }
        match meant.iter().all(|gate| approver.permitted.contains(gate)) {
            true => Ok(meant),
            false => Err(Refusal::NotPermitted),
        }
    }

    /// Somebody approves. `seen` is what they typed: the start of the plan's digest or of its
    /// commit; `tip` is the branch's present tip. Returns the gates that this approved.
    pub fn approve(
        &mut self,
        approver: &Approver,
        choice: GateChoice,
        seen: Option<&str>,
        tip: &CommitSha,
    ) -> Result<Vec<GateKind>, Refusal> {
        let wanted = self.decides(approver, choice)?;
        if approver.login == self.author {
            return Err(Refusal::Author);
        }
        if self.phase != Phase::AwaitingApproval {
            return Err(Refusal::NotOpen);
        }
        let Some(current) = &self.current else { return Err(Refusal::NotOpen) };
        let names = |text: &str| {
            current.digest.starts_with(text) || current.base.as_str().starts_with(text)
        };
        let fresh = match seen {
            Some(text) => text.len() >= 7 && names(&text.to_ascii_lowercase()),
            None => approver.said_at >= current.made_at,
        };
        if !fresh || *tip != current.base {
            return Err(Refusal::Stale);
        }
        let (digest, base) = (current.digest.clone(), current.base.clone());
        let tasks = current.plan.tasks.iter().map(super::first_state).collect();
        for gate in &wanted {
            self.approvals.retain(|old| old.gate != *gate);
            self.approvals.push(Approval {
                gate: *gate,
                by: approver.login.clone(),
                comment: approver.comment,
                digest: digest.clone(),
                base: base.clone(),
                at: approver.said_at,
            });
        }
        if self.open_gates().is_empty() {
            self.phase = Phase::Approved;
            self.tasks = tasks;
        }
        Ok(wanted)
    }

    /// Somebody says no: the run ends.
    pub fn reject(
        &mut self,
        approver: &Approver,
        choice: GateChoice,
        reason: &str,
    ) -> Result<(), Refusal> {
        let wanted = self.decides(approver, choice)?;
        let Some(gate) = wanted.first() else { return Err(Refusal::NoSuchGate) };
        self.phase = Phase::Rejected {
            by: approver.login.clone(),
            gate: *gate,
            reason: reason.chars().take(MAX_WORDS).collect(),
        };
        self.approvals.clear();
        Ok(())
    }

    /// The proof that writing is allowed now.
    pub fn permit(&self) -> Result<Approved, NotApproved> {
        if !matches!(self.phase, Phase::Approved | Phase::Executing) {
            return Err(NotApproved::Phase);
        }
        if self.paused {
            return Err(NotApproved::Paused);
        }
        let Some(current) = &self.current else { return Err(NotApproved::Phase) };
        let mut by = Vec::new();
        let mut last_at = Timestamp(0);
        for gate in gates(&current.plan) {
            let approval = self.approval_of(current, gate).ok_or(NotApproved::Gate(gate))?;
            by.push((gate, approval.by.clone()));
            last_at = last_at.max(approval.at);
        }
        Ok(Approved {
            plan: current.plan.clone(),
            digest: current.digest.clone(),
            base: current.base.clone(),
            base_ref: current.base_ref.clone(),
            by,
            last_at,
        })
    }
}

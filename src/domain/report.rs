//! The result of a review, before anybody words it.

use serde::{Deserialize, Serialize};

use super::change::Anchor;
use super::finding::{Category, Finding, Fingerprint, RuleCode, Severity};
use super::ids::{CommitSha, Login, Number, RepoSlug};
use super::instructions::{InstructionFile, Problem};
use super::path::RepoPath;
use super::routing::Routing;
use super::team::Lane;

#[derive(Debug, Clone)]
pub struct Report {
    pub repo: Option<RepoSlug>,
    pub number: Option<Number>,
    pub base: CommitSha,
    pub head: CommitSha,
    pub stats: ChangeStats,
    pub routing: Routing,
    /// One per lane that was called, in the order of [`Lane::ALL`].
    pub sections: Vec<AgentSection>,
    /// Open findings in the order of attention: severity, category, path, line.
    pub findings: Vec<ReportedFinding>,
    /// Findings that were open before and are gone, each with the head that fixed it.
    pub fixed: Vec<RememberedFinding>,
    /// Findings that were open before and whose rule did not look this time (a review by some
    /// agents only, a rule that ran out of time). Still open, still blocking.
    pub carried: Vec<RememberedFinding>,
    /// Findings that a person dismissed and that are still there.
    pub dismissed: Vec<DismissedFinding>,
    /// Open gates that somebody said no to, at this head.
    pub rejected: Vec<RejectedGate>,
    /// Findings silenced by an inline comment in the file, with the reason given there.
    pub ignored: Vec<IgnoredFinding>,
    pub not_checked: Vec<NotChecked>,
    /// What was taken for granted, one sentence each.
    pub assumptions: Vec<String>,
    pub answers: Vec<Answer>,
    /// Operations of described APIs that the change adds, changes or removes.
    pub endpoints: Vec<Endpoint>,
    /// Instruction files that applied, as they were at the base commit.
    pub instructions: Vec<InstructionFile>,
    /// Problems of policy and instruction files.
    pub problems: Vec<Problem>,
    pub verdict: Verdict,
    /// Findings dropped because their place or quote was not in the change. A healthy run has 0.
    pub dropped: usize,
}

impl Report {
    /// Whether at least one rule of any reviewer had something to look at.
    pub fn anybody_looked(&self) -> bool {
        self.sections.iter().any(AgentSection::looked)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct ChangeStats {
    pub files: usize,
    /// Without lock files, generated and vendored files.
    pub counted_files: usize,
    pub added_lines: usize,
    pub removed_lines: usize,
}

/// What became of an operation of an API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Became {
    Added,
    Changed,
    Removed,
}

/// An operation of an API, as the description says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    pub became: Became,
    /// Upper case.
    pub method: String,
    pub path: String,
    /// Names of the request's schemas, or their types; empty without a body.
    pub request: Vec<String>,
    /// The same for each success status: `200 Order`.
    pub response: Vec<String>,
    /// The other statuses that are described.
    pub errors: Vec<String>,
    /// Differences that break clients.
    pub breaks: usize,
}

/// What one member of the team did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentSection {
    pub lane: Lane,
    pub agent: String,
    /// Rules that looked at something in this change (not: rules that exist).
    pub rules_run: Vec<RuleCode>,
    /// Number of files at which at least one rule looked.
    pub files_looked_at: usize,
}

impl AgentSection {
    /// Whether a rule of this reviewer had something to look at.
    pub fn looked(&self) -> bool {
        !self.rules_run.is_empty()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FindingState {
    New,
    /// Said before, still there: shown in the summary, not noted again.
    Unchanged,
    /// Was fixed, is back.
    Reopened,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportedFinding {
    pub finding: Finding,
    pub fingerprint: Fingerprint,
    pub state: FindingState,
    /// Whether policy lets it block.
    pub blocking: bool,
    /// Whether its lines can carry a note in the diff.
    pub in_diff: bool,
}

/// What the ledger keeps of a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RememberedFinding {
    pub fingerprint: Fingerprint,
    pub rule: RuleCode,
    pub lane: Lane,
    pub severity: Severity,
    pub category: Category,
    pub title: String,
    pub path: RepoPath,
    /// As last seen, for people ("12-14").
    pub lines: Option<String>,
    pub state: RememberedState,
    /// Head commit at which it was first said.
    pub first_seen: CommitSha,
    /// Whether a line note was posted for it.
    pub noted: bool,
    /// Head commit at which it came back after it had been fixed or dismissed.
    #[serde(default)]
    pub reopened_at: Option<CommitSha>,
    /// Fields of a newer version, kept as they are.
    #[serde(flatten)]
    pub unknown: serde_json::Map<String, serde_json::Value>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum RememberedState {
    Open,
    Fixed { head: CommitSha },
    Dismissed { by: Login, reason: String },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DismissedFinding {
    pub finding: Finding,
    pub fingerprint: Fingerprint,
    pub by: Login,
    pub reason: String,
}

/// Somebody's no to a gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectedGate {
    pub fingerprint: Fingerprint,
    pub by: Login,
    pub reason: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IgnoredFinding {
    pub finding: Finding,
    pub fingerprint: Fingerprint,
    pub reason: String,
}

/// Something that nobody looked at. Never to be read as "passed".
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotChecked {
    /// A path, a rule code, or "the change".
    pub what: String,
    pub why: String,
}

/// A checklist question with its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Answer {
    pub lane: Lane,
    /// Short machine name (`logs`, `metrics`, `tracing`).
    pub key: &'static str,
    pub question: String,
    pub answer: AnswerKind,
    /// One sentence: what was found, or what was looked for and not found.
    pub explanation: String,
    pub evidence: Vec<Anchor>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AnswerKind {
    Yes,
    No,
    NotApplicable,
    /// Nothing that can be read here tells.
    NoEvidence,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Nothing found, everything applicable was looked at.
    NoFindings,
    /// Findings, none of which blocks by policy.
    Advisory,
    /// At least one finding blocks by policy.
    Blocking,
    /// A person must decide.
    ActionRequired,
    /// Nothing in the change is for this team.
    NothingToReview,
}

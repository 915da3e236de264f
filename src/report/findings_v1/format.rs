//! The format's types, as they are written.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::finding::Severity;

/// Findings of one review.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReviewFindings {
    /// Who made them.
    pub tool: String,
    /// Version of the tool.
    pub version: String,
    pub status: Status,
    /// Commit that the change was compared with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_sha: Option<String>,
    /// Commit that was reviewed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head_sha: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<VerdictName>,
    /// Who looked.
    #[serde(default)]
    pub agents: Vec<Agent>,
    /// Inputs that are not there: what could not be checked, and why.
    #[serde(default)]
    pub missing: Vec<String>,
    /// What was taken for granted.
    #[serde(default)]
    pub assumptions: Vec<String>,
    /// Questions to the author.
    #[serde(default)]
    pub questions: Vec<String>,
    /// What a person must approve.
    #[serde(default)]
    pub gates: Vec<Gate>,
    /// Checklist answers by lane.
    #[serde(default)]
    pub checklists: BTreeMap<String, Vec<ChecklistAnswer>>,
    #[serde(default)]
    pub limits: Limits,
    #[serde(default)]
    pub usage: Usage,
    /// Open findings, the most important first.
    pub findings: Vec<FindingV1>,
    /// Findings that are there and that a person set aside.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suppressed: Vec<Suppressed>,
    /// Findings of earlier heads that are gone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fixed: Vec<Earlier>,
    /// Findings of earlier heads whose rule did not look this time; still open.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub carried: Vec<Earlier>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Complete.
    Ready,
    /// A person must decide or answer.
    NeedsInput,
    /// Policy blocks the change.
    Blocked,
    /// Something was not checked; see `limits`.
    Partial,
    /// There is no result.
    Failed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum VerdictName {
    NoFindings,
    Advisory,
    Blocking,
    ActionRequired,
    NothingToReview,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Agent {
    pub name: String,
    pub lane: String,
    /// Why it was called.
    pub reasons: Vec<String>,
    /// Codes of the rules that looked.
    pub rules_run: Vec<String>,
    pub files_looked_at: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Gate {
    pub fingerprint: String,
    pub title: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChecklistAnswer {
    pub key: String,
    pub question: String,
    pub answer: AnswerName,
    pub explanation: String,
    pub evidence: Vec<Where>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AnswerName {
    Yes,
    No,
    NotApplicable,
    NoEvidence,
}

/// What the result does not cover.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Limits {
    #[serde(default)]
    pub not_checked: Vec<NotCheckedV1>,
    /// Findings dropped because their place or quote was not in the change.
    #[serde(default)]
    pub dropped: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NotCheckedV1 {
    /// A path, a rule code, or "the change".
    pub what: String,
    pub why: String,
}

/// What the review took.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Usage {
    #[serde(default)]
    pub rules_run: usize,
    #[serde(default)]
    pub files: usize,
    #[serde(default)]
    pub added_lines: usize,
    #[serde(default)]
    pub removed_lines: usize,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FindingV1 {
    /// What kind of statement it makes.
    #[serde(rename = "type")]
    pub kind: KindName,
    pub category: CategoryName,
    pub severity: Severity,
    #[schemars(length(max = 120))]
    pub title: String,
    #[serde(rename = "where")]
    pub place: Where,
    pub evidence: String,
    pub recommendation: String,
    /// The text at the place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quote: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lane: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<SourceName>,
    /// From 0 to 1. Rules are 0.95 where they state facts and 0.7 where they assume something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1))]
    pub confidence: Option<f64>,
    /// Identity over time; has no line number in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// Text that replaces the lines `suggestion_lines` of the file; empty deletes them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggestion: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^[1-9][0-9]*(-[1-9][0-9]*)?$"))]
    pub suggestion_lines: Option<String>,
    /// A file that does what is recommended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_file: Option<NewFileV1>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<StateName>,
    /// Whether policy lets it block.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocking: Option<bool>,
    /// The enclosing named thing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub symbol: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<RelatedV1>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Where {
    pub path: String,
    /// `12` or `12-14`, counted from 1; absent for the file as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^[1-9][0-9]*(-[1-9][0-9]*)?$"))]
    pub lines: Option<String>,
    /// Which version the lines count in; absent means head.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub side: Option<SideName>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NewFileV1 {
    pub path: String,
    pub content: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RelatedV1 {
    #[serde(rename = "where")]
    pub place: Where,
    pub note: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Suppressed {
    pub finding: FindingV1,
    pub by: SuppressedBy,
    pub reason: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SuppressedBy {
    /// A person dismissed it by a command.
    Command,
    /// A comment in the file.
    Comment,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Earlier {
    pub fingerprint: String,
    pub rule_id: String,
    pub severity: Severity,
    pub title: String,
    pub path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fixed_in: Option<String>,
}

macro_rules! names {
    ($(#[$meta:meta])* $name:ident { $($variant:ident),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "kebab-case")]
        pub enum $name { $($variant),+ }
    };
}
names!(KindName { Evidence, MissingEvidence, Question, Gate, Policy });
names!(CategoryName {
    Security,
    Data,
    Api,
    Performance,
    Observability,
    Infra,
    Testing,
    Docs,
    Reliability,
    Architecture,
    Process,
});
names!(SideName { Head, Base });
names!(SourceName { Rule, Llm, Ci });
names!(StateName { New, Unchanged, Reopened });

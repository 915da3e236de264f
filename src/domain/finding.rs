//! A finding: something about the change that a reviewer would point out, with its evidence.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::change::Anchor;
use super::diff::LineRange;
use super::path::RepoPath;
use super::team::Lane;

/// How much it matters. Ordered: `Info < Minor < Major < Critical`.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; nothing to do.
    Info,
    /// Should be improved; harmless for now.
    Minor,
    /// Likely to hurt: an outage, a break, a hole, or work that is hard to undo.
    Major,
    /// Certain to hurt, or impossible to undo.
    Critical,
}

impl Severity {
    pub const ALL: [Self; 4] = [Self::Critical, Self::Major, Self::Minor, Self::Info];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Minor => "minor",
            Self::Major => "major",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Severity {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL
            .into_iter()
            .find(|severity| severity.as_str().eq_ignore_ascii_case(text))
            .ok_or(())
    }
}

/// How sure a rule is by design. `High` findings are shown as facts; `Medium` ones say what they
/// assume. There is no low confidence: such rules are not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    Medium,
    High,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Category {
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
}

impl Category {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Security => "security",
            Self::Data => "data",
            Self::Api => "api",
            Self::Performance => "performance",
            Self::Observability => "observability",
            Self::Infra => "infra",
            Self::Testing => "testing",
            Self::Docs => "docs",
            Self::Reliability => "reliability",
            Self::Architecture => "architecture",
            Self::Process => "process",
        }
    }

    /// Position in the order of attention: data, security, API, performance, then the rest.
    pub fn rank(self) -> u8 {
        match self {
            Self::Data => 0,
            Self::Security => 1,
            Self::Api => 2,
            Self::Performance => 3,
            Self::Reliability => 4,
            Self::Infra => 5,
            Self::Observability => 6,
            Self::Testing => 7,
            Self::Architecture => 8,
            Self::Process => 9,
            Self::Docs => 10,
        }
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What kind of statement a finding makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingKind {
    /// Something is there that should not be, or is wrong.
    Evidence,
    /// Something that should be there is not.
    MissingEvidence,
    /// An answer is needed.
    Question,
    /// A person must approve.
    Gate,
    /// About the repository's own policy or instruction files.
    Policy,
}

/// The stable code of a rule, `family/name`, e.g. `migration/missing-rollback`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RuleCode(pub String);

impl fmt::Display for RuleCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Who says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    Rule,
    Model { agent: String },
}

/// A replacement of whole lines that can be applied as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Fix {
    /// Replaces head lines of the anchor's file. `replacement` has no final line break; empty
    /// means that the lines are deleted.
    Replace { lines: LineRange, replacement: String },
    /// Adds a new file.
    NewFile { path: RepoPath, content: String },
}

/// Another place that belongs to the finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Related {
    pub anchor: Anchor,
    /// What is there, e.g. "still reads the column".
    pub note: String,
}

/// Text for people in findings: plain words in which `` `code` `` marks names and values from the
/// repository. It is not Markdown: the renderer escapes everything outside of code marks and
/// neutralises what is inside.
pub type Prose = String;

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub rule: RuleCode,
    pub origin: Origin,
    pub lane: Lane,
    pub kind: FindingKind,
    pub category: Category,
    pub severity: Severity,
    pub confidence: Confidence,
    /// At most 120 characters; says what is wrong, naming the thing.
    pub title: Prose,
    /// Why it is so and what it leads to.
    pub evidence: Prose,
    /// What to do instead.
    pub recommendation: Prose,
    pub anchor: Anchor,
    /// The text at the anchor (cut at 400 characters), taken from the file by the engine.
    pub quote: String,
    /// Whether something in the quote was masked, so that it differs from the file.
    pub quote_redacted: bool,
    pub related: Vec<Related>,
    pub fix: Option<Fix>,
    /// The enclosing named thing (table, function, operation, job), part of the identity.
    pub symbol: Option<String>,
    /// Codes of rules that say less about the same lines: their findings there become a sentence of
    /// this one.
    #[serde(skip)]
    pub covers: &'static [&'static str],
}

/// Identity of a finding over time: 16 hexadecimal digits. Has no line number in it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(pub String);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

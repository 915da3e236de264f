//! The virtual backend team: its lanes and its members.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::instructions::SourceRef;

/// A kind of work. Rules belong to lanes; members of the team stand in one lane each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lane {
    Lead,
    Data,
    Infra,
    Observability,
    Security,
    Qa,
    /// Writes code on request, on the bot's own branches. Never reviews.
    Implementer,
}

impl Lane {
    /// Every lane, in the order in which people read them.
    pub const ALL: [Self; 7] = [
        Self::Lead,
        Self::Data,
        Self::Infra,
        Self::Observability,
        Self::Security,
        Self::Qa,
        Self::Implementer,
    ];

    /// The lanes that review changes.
    pub const REVIEWERS: [Self; 6] =
        [Self::Lead, Self::Data, Self::Infra, Self::Observability, Self::Security, Self::Qa];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lead => "lead",
            Self::Data => "data",
            Self::Infra => "infra",
            Self::Observability => "observability",
            Self::Security => "security",
            Self::Qa => "qa",
            Self::Implementer => "implementer",
        }
    }

    /// The name of the built-in member of this lane.
    pub fn default_agent(self) -> &'static str {
        match self {
            Self::Lead => "backend-lead",
            Self::Data => "data-gatekeeper",
            Self::Infra => "infra-engineer",
            Self::Observability => "observability-guardian",
            Self::Security => "security-reviewer",
            Self::Qa => "qa-specialist",
            Self::Implementer => "service-implementer",
        }
    }
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Lane {
    type Err = ();

    /// Accepts the lane's name or its built-in member's name, without regard to case.
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL
            .into_iter()
            .find(|lane| {
                lane.as_str().eq_ignore_ascii_case(text)
                    || lane.default_agent().eq_ignore_ascii_case(text)
            })
            .ok_or(())
    }
}

/// One statement of an instructions file, with where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sourced<T> {
    pub value: T,
    /// `None` for what the product itself brings.
    pub source: Option<SourceRef>,
}

/// What an agent may use. Aliases of the various file formats are folded into these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Capability {
    List,
    Read,
    Search,
    Edit,
    Execute,
    Web,
    Delegate,
    Memory,
    Plan,
}

/// A tool as an agent file names it, and what it stands for here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tool {
    /// As written (`context7/*`, `FindFiles`, `edit`).
    pub name: String,
    /// `None` when the product does not know it; then it is ignored, with a note.
    pub capability: Option<Capability>,
}

/// A member of the team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Member {
    /// As written, without code marks (`backend-lead`, `backend/db-architect`, `Backend Lead`).
    pub name: String,
    /// `None` when the name and text do not tell (an external or unknown role).
    pub lane: Option<Lane>,
    pub role: Option<String>,
    pub description: Option<String>,
    pub responsibilities: Vec<Sourced<String>>,
    pub use_when: Vec<Sourced<String>>,
    pub checklist: Vec<Sourced<String>>,
    pub ground_rules: Vec<Sourced<String>>,
    pub collaboration: Vec<Sourced<String>>,
    /// What its work yields, if the file says so.
    pub produces: Vec<Sourced<String>>,
    pub forbidden: Vec<Sourced<String>>,
    /// Names of inputs it requires before working.
    pub required_inputs: Vec<Sourced<String>>,
    /// `None` = all tools (the file does not restrict them).
    pub tools: Option<Vec<Tool>>,
    pub model_hint: Option<String>,
    /// Version or date that the file gives for itself.
    pub version: Option<String>,
    /// Remaining `key: value` facts of the file (frontmatter or bold key lines), in order.
    pub facts: Vec<(String, String)>,
    /// Where the member is introduced; `None` for built-in members.
    pub source: Option<SourceRef>,
}

impl Member {
    /// A member with a name and nothing else.
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            lane: None,
            role: None,
            description: None,
            responsibilities: Vec::new(),
            use_when: Vec::new(),
            checklist: Vec::new(),
            ground_rules: Vec::new(),
            collaboration: Vec::new(),
            produces: Vec::new(),
            forbidden: Vec::new(),
            required_inputs: Vec::new(),
            tools: None,
            model_hint: None,
            version: None,
            facts: Vec::new(),
            source: None,
        }
    }

    pub fn is_built_in(&self) -> bool {
        self.source.is_none()
    }
}

/// A named way of working together ("API change: lead, then implementer, …").
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CollaborationPattern {
    pub name: String,
    pub steps: Vec<PatternStep>,
    pub source: Option<SourceRef>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PatternStep {
    pub agent: String,
    pub task: String,
    /// "if needed" and its like.
    pub conditional: bool,
}

/// A row of a "must involve" table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MandatoryInvolvement {
    /// What triggers it, as written ("auth/session/RBAC/permissions").
    pub trigger: String,
    /// Who must be involved, as written.
    pub involve: String,
    pub source: Option<SourceRef>,
}

/// The team of a repository: what its files say, completed by built-in members.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
pub struct Team {
    pub members: Vec<Member>,
    /// Rules for everyone.
    pub ground_rules: Vec<Sourced<String>>,
    pub patterns: Vec<CollaborationPattern>,
    pub mandatory: Vec<MandatoryInvolvement>,
    /// Alias phrases by which people call the team ("ask backend team").
    pub aliases: Vec<Sourced<String>>,
}

impl Team {
    /// The member that reviews for a lane: the first one that the repository names, else the
    /// built-in one.
    pub fn member_for(&self, lane: Lane) -> Option<&Member> {
        self.members.iter().find(|member| member.lane == Some(lane))
    }

    /// The name people see for a lane.
    pub fn name_for(&self, lane: Lane) -> &str {
        self.member_for(lane).map_or(lane.default_agent(), |member| &member.name)
    }
}

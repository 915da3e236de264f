//! What a change touches and who looks at it, with reasons.

use serde::{Deserialize, Serialize};

use super::change::Anchor;
use super::team::Lane;

/// What a change touches. The names are shown to people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeLabel {
    Api,
    Auth,
    BugFix,
    Ci,
    Code,
    Config,
    CoreRefactor,
    CrossStack,
    Dependency,
    Docs,
    Entity,
    ErrorHandling,
    EventualConsistency,
    ExternalCall,
    ExternalIntegration,
    Idempotency,
    Infra,
    Ingress,
    Migration,
    NewFlow,
    NewModule,
    Observability,
    Payments,
    Performance,
    Pii,
    Policy,
    Queue,
    Realtime,
    Schema,
    Secrets,
    Tenancy,
    Tests,
    Web,
}

impl ChangeLabel {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Auth => "auth",
            Self::BugFix => "bug-fix",
            Self::Ci => "ci",
            Self::Code => "code",
            Self::Config => "config",
            Self::CoreRefactor => "core-refactor",
            Self::CrossStack => "cross-stack",
            Self::Dependency => "dependency",
            Self::Docs => "docs",
            Self::Entity => "entity",
            Self::ErrorHandling => "error-handling",
            Self::EventualConsistency => "eventual-consistency",
            Self::ExternalCall => "external-call",
            Self::ExternalIntegration => "external-integration",
            Self::Idempotency => "idempotency",
            Self::Infra => "infra",
            Self::Ingress => "ingress",
            Self::Migration => "migration",
            Self::NewFlow => "new-flow",
            Self::NewModule => "new-module",
            Self::Observability => "observability",
            Self::Payments => "payments",
            Self::Performance => "performance",
            Self::Pii => "pii",
            Self::Policy => "policy",
            Self::Queue => "queue",
            Self::Realtime => "realtime",
            Self::Schema => "schema",
            Self::Secrets => "secrets",
            Self::Tenancy => "tenancy",
            Self::Tests => "tests",
            Self::Web => "web",
        }
    }
}

impl std::fmt::Display for ChangeLabel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A label with the first places that earned it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Labelled {
    pub label: ChangeLabel,
    /// Why, in a clause: "a migration was added".
    pub because: String,
    /// At most three places.
    pub evidence: Vec<Anchor>,
}

/// Why a member of the team is called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// A clause in plain words with `code` marks: "`migration`: a migration was added".
    pub text: String,
    pub evidence: Vec<Anchor>,
    /// Whether policy or a "must involve" rule makes this member unavoidable.
    pub mandatory: bool,
}

/// One member of the team called to look at the change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Assignment {
    pub lane: Lane,
    /// The member's name as the repository writes it.
    pub agent: String,
    pub reasons: Vec<Reason>,
}

/// The whole routing decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
pub struct Routing {
    pub labels: Vec<Labelled>,
    pub assignments: Vec<Assignment>,
    /// Name of the collaboration pattern that fits, if one does.
    pub pattern: Option<String>,
}

impl Routing {
    pub fn has(&self, label: ChangeLabel) -> bool {
        self.labels.iter().any(|labelled| labelled.label == label)
    }

    pub fn assignment(&self, lane: Lane) -> Option<&Assignment> {
        self.assignments.iter().find(|assignment| assignment.lane == lane)
    }
}

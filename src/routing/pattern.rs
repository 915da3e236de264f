//! Which of the team's collaboration patterns fits a change.

use crate::domain::change::{Change, Subject};
use crate::domain::routing::{ChangeLabel, Labelled};
use crate::domain::team::Team;

/// Situations in order of precedence: the labels that make one, and words of the names that
/// teams give to its pattern.
const SITUATIONS: &[(&[ChangeLabel], &[&str])] = &[
    (
        &[ChangeLabel::NewModule],
        &["service", "subsystem", "module", "feature", "microservice", "serviço"],
    ),
    (
        &[ChangeLabel::Tenancy, ChangeLabel::Auth, ChangeLabel::Payments],
        &["security", "auth", "payment", "payments", "segurança"],
    ),
    (&[ChangeLabel::Api, ChangeLabel::CrossStack], &["api", "endpoint", "contract", "route"]),
    (
        &[ChangeLabel::Migration, ChangeLabel::Schema, ChangeLabel::Entity],
        &["schema", "migration", "migrations", "database", "data", "table", "tabela"],
    ),
    (
        &[ChangeLabel::Infra, ChangeLabel::Ci, ChangeLabel::Ingress],
        &["deployment", "deploy", "infra", "infrastructure", "release", "pipeline"],
    ),
    (&[ChangeLabel::Performance], &["performance", "slow", "optimization"]),
    (&[ChangeLabel::CoreRefactor], &["refactor", "refactoring"]),
    (&[ChangeLabel::BugFix], &["bug", "fix", "error", "defect"]),
];

const INCIDENT: &[&str] = &["incident", "outage", "postmortem", "operational"];

/// The name of the first pattern that fits the most important situation of the change.
pub fn choose(change: &Change, labels: &[Labelled], team: &Team) -> Option<String> {
    let named = |wanted: &[&str]| {
        team.patterns
            .iter()
            .find(|pattern| words(&pattern.name).iter().any(|word| wanted.contains(&word.as_str())))
            .map(|pattern| pattern.name.clone())
    };
    if follows_incident(change)
        && let Some(name) = named(INCIDENT)
    {
        return Some(name);
    }
    SITUATIONS
        .iter()
        .filter(|(wanted, _)| labels.iter().any(|labelled| wanted.contains(&labelled.label)))
        .find_map(|(_, names)| named(names))
}

/// The title or a label of the pull request speaks of an incident.
fn follows_incident(change: &Change) -> bool {
    let speaks = |text: &str| {
        words(text).iter().any(|word| matches!(word.as_str(), "incident" | "outage" | "postmortem"))
    };
    let labelled = match &change.subject {
        Subject::Pull { labels, .. } => labels.iter().any(|label| speaks(label)),
        Subject::Range => false,
    };
    labelled || speaks(change.title.expose())
}

fn words(text: &str) -> Vec<String> {
    let parts = text.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty());
    parts.map(str::to_lowercase).take(100).collect()
}

//! "Must involve" tables of the repository: they add members, never remove any.

use super::{MAX_EVIDENCE, Reasons};
use crate::domain::routing::{ChangeLabel, Labelled};
use crate::domain::team::{Lane, MandatoryInvolvement, Member, Team};

/// Words of a table's first column and the label that they mean.
const TRIGGERS: &[(&str, ChangeLabel)] = &[
    ("acl", ChangeLabel::Auth),
    ("api", ChangeLabel::Api),
    ("auth", ChangeLabel::Auth),
    ("authentication", ChangeLabel::Auth),
    ("authorization", ChangeLabel::Auth),
    ("login", ChangeLabel::Auth),
    ("permission", ChangeLabel::Auth),
    ("permissions", ChangeLabel::Auth),
    ("rbac", ChangeLabel::Auth),
    ("roles", ChangeLabel::Auth),
    ("session", ChangeLabel::Auth),
    ("sessions", ChangeLabel::Auth),
    ("billing", ChangeLabel::Payments),
    ("payment", ChangeLabel::Payments),
    ("payments", ChangeLabel::Payments),
    ("stripe", ChangeLabel::Payments),
    ("tenancy", ChangeLabel::Tenancy),
    ("tenant", ChangeLabel::Tenancy),
    ("tenants", ChangeLabel::Tenancy),
    ("db", ChangeLabel::Schema),
    ("database", ChangeLabel::Schema),
    ("schema", ChangeLabel::Schema),
    ("schemas", ChangeLabel::Schema),
    ("migration", ChangeLabel::Migration),
    ("migrations", ChangeLabel::Migration),
    ("endpoint", ChangeLabel::Api),
    ("endpoints", ChangeLabel::Api),
    ("openapi", ChangeLabel::Api),
    ("ci", ChangeLabel::Ci),
    ("pipeline", ChangeLabel::Ci),
    ("pipelines", ChangeLabel::Ci),
    ("deployment", ChangeLabel::Infra),
    ("infra", ChangeLabel::Infra),
    ("infrastructure", ChangeLabel::Infra),
    ("kubernetes", ChangeLabel::Infra),
    ("terraform", ChangeLabel::Infra),
    ("dependencies", ChangeLabel::Dependency),
    ("dependency", ChangeLabel::Dependency),
    ("pii", ChangeLabel::Pii),
    ("privacy", ChangeLabel::Pii),
    ("queue", ChangeLabel::Queue),
    ("queues", ChangeLabel::Queue),
    ("realtime", ChangeLabel::Realtime),
    ("secret", ChangeLabel::Secrets),
    ("secrets", ChangeLabel::Secrets),
];

/// Words of a reviewer's name and the lane that they mean.
const REVIEWERS: &[(&str, Lane)] = &[
    ("security", Lane::Security),
    ("privacy", Lane::Security),
    ("qa", Lane::Qa),
    ("test", Lane::Qa),
    ("tester", Lane::Qa),
    ("data", Lane::Data),
    ("database", Lane::Data),
    ("dba", Lane::Data),
    ("devops", Lane::Infra),
    ("infra", Lane::Infra),
    ("infrastructure", Lane::Infra),
    ("platform", Lane::Infra),
    ("sre", Lane::Infra),
    ("monitoring", Lane::Observability),
    ("observability", Lane::Observability),
    ("architect", Lane::Lead),
    ("delegate", Lane::Lead),
    ("lead", Lane::Lead),
];

/// People outside of the team, whose titles hold words of a lane ("Web Lead").
const OUTSIDERS: &[&str] = &["frontend", "web", "mobile", "product", "design", "ux", "ui"];

/// Adds the lanes that the team's tables demand for these labels.
pub fn apply(team: &Team, labels: &[Labelled], reasons: &mut Reasons) {
    for demand in &team.mandatory {
        let meant = labels_meant(&demand.trigger);
        let matching: Vec<&Labelled> =
            labels.iter().filter(|labelled| meant.contains(&labelled.label)).collect();
        if matching.is_empty() {
            continue;
        }
        let names: Vec<String> =
            matching.iter().map(|labelled| format!("`{}`", labelled.label)).collect();
        let evidence: Vec<_> = matching
            .iter()
            .flat_map(|labelled| labelled.evidence.iter().cloned())
            .take(MAX_EVIDENCE)
            .collect();
        let text = format!(
            "{}: the repository's table asks for {} on `{}`",
            names.join(", "),
            shown(&demand.involve),
            plain(&demand.trigger)
        );
        for lane in lanes_meant(demand, team) {
            reasons.add(lane, text.clone(), evidence.clone(), true);
        }
    }
}

fn words(text: &str) -> Vec<String> {
    let parts = text.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty());
    parts.map(str::to_lowercase).take(50).collect()
}

/// The labels that a trigger names.
pub fn labels_meant(trigger: &str) -> Vec<ChangeLabel> {
    let words = words(trigger);
    let mut labels: Vec<ChangeLabel> = TRIGGERS
        .iter()
        .filter(|(word, _)| words.iter().any(|known| known == word))
        .map(|(_, label)| *label)
        .collect();
    let has = |word: &str| words.iter().any(|known| known == word);
    if has("stack") && has("cross") {
        labels.push(ChangeLabel::CrossStack);
    }
    // A schema moves by migrations: either word means both.
    if labels.iter().any(|l| matches!(l, ChangeLabel::Schema | ChangeLabel::Migration)) {
        labels.extend([ChangeLabel::Schema, ChangeLabel::Migration]);
    }
    labels
}

/// The lanes of those who must be involved: members by name, else by the words of the title.
/// Somebody outside of the team is the lead's to call.
pub fn lanes_meant(demand: &MandatoryInvolvement, team: &Team) -> Vec<Lane> {
    let wanted = words(&demand.involve).join(" ");
    let named = |member: &&Member| {
        let name = words(&member.name).join(" ");
        !name.is_empty() && wanted.contains(&name)
    };
    let mut lanes: Vec<Lane> =
        team.members.iter().filter(named).filter_map(|member| member.lane).collect();
    for part in demand.involve.split(['+', ',', '&', ';']) {
        let words = words(part);
        if words.iter().any(|word| OUTSIDERS.contains(&word.as_str())) {
            continue;
        }
        let known = REVIEWERS.iter().filter(|(word, _)| words.iter().any(|w| w == word));
        lanes.extend(known.map(|(_, lane)| *lane));
    }
    lanes.retain(|lane| *lane != Lane::Implementer);
    lanes.sort_unstable();
    lanes.dedup();
    if lanes.is_empty() { vec![Lane::Lead] } else { lanes }
}

/// A name from the repository inside of code marks.
fn shown(text: &str) -> String {
    format!("`{}`", plain(text))
}

fn plain(text: &str) -> String {
    let plain: String = text.chars().filter(|c| *c != '`' && !c.is_control()).take(80).collect();
    if plain.trim().is_empty() { "?".to_owned() } else { plain }
}

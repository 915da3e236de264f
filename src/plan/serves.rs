//! Which requirements each step serves.

use super::decompose::{Stage, Step};
use super::facts::Facts;
use super::roles::Role;
use super::words::{Words, singular};
use crate::domain::plan::{Artefact, Execution, Pattern, Requirement, WorkScope};

const DATA: &[&str] =
    &["column", "table", "migration", "schema", "index", "foreign key", "many to many", "nullable"];
const QUERIES: &[&str] = &["index", "indexes", "query", "queries", "n+1"];
const ACCESS: &[&str] = &[
    "permission",
    "permissions",
    "role",
    "only",
    "authorized",
    "unauthorized",
    "rls",
    "isolation",
    "403",
    "401",
    "admin",
    "owner",
    "forbidden",
    "authenticated",
    "token",
];
const DELIVERY: &[&str] = &[
    "deploy",
    "deployed",
    "deployment",
    "docker",
    "kubernetes",
    "helm",
    "pipeline",
    "ci",
    "configurable",
    "environment variable",
    "secret",
    "secrets",
];
const SIGNALS: &[&str] = &[
    "metric",
    "metrics",
    "log",
    "logs",
    "logged",
    "alert",
    "alerts",
    "dashboard",
    "trace",
    "tracing",
    "monitored",
    "operator can see",
    "operators can see",
    "visible to operators",
];
const WEB: &[&str] = &["frontend", "front end", "web app", "web client", "mobile app"];
/// What infrastructure does after an incident, when nobody else of the pattern writes it.
const CONTAINMENT: &[&str] = &["alert", "alerts", "dashboard", "probe", "probes", "replicas"];

/// Which requirements each step serves: by its subject; what no subject claims is served by the
/// step that writes the code.
pub fn serves(facts: &Facts<'_>, steps: &[Step]) -> Vec<Vec<String>> {
    let mut served = vec![Vec::new(); steps.len()];
    let main = steps
        .iter()
        .rposition(|step| step.stage == Stage::Build && !is_tests(step))
        .or_else(|| steps.iter().rposition(|step| step.execution != Execution::Advice))
        .unwrap_or(0);
    let cross = facts.nature.scope == Some(WorkScope::CrossStack);
    for requirement in &facts.asked.requirements {
        // The web part is handed over; no task here serves it.
        if cross && Words::of(&requirement.text).any(WEB) {
            continue;
        }
        let mut claimed = false;
        let mut tested = false;
        for (step, list) in steps.iter().zip(&mut served) {
            let tests = has_case(step, requirement);
            let speaks = claims(facts, step, requirement);
            if tests || speaks {
                list.push(requirement.id.clone());
            }
            claimed |= speaks;
            tested |= tests;
        }
        if (!claimed || tested)
            && let Some(list) = served.get_mut(main)
            && !list.contains(&requirement.id)
        {
            list.push(requirement.id.clone());
        }
    }
    served
}

/// Whether a requirement speaks of what the step is for.
fn claims(facts: &Facts<'_>, step: &Step, requirement: &Requirement) -> bool {
    if step.stage == Stage::Contract {
        return false;
    }
    let words = Words::of(&requirement.text.replace('`', " "));
    match step.role {
        Role::Schema => words.any(DATA) || (facts.nature.schema_only && names_table(facts, &words)),
        Role::Query => words.any(QUERIES),
        Role::Security => words.any(ACCESS),
        Role::Deployment if facts.nature.pattern == Some(Pattern::Incident) => {
            words.any(CONTAINMENT)
        }
        Role::Deployment => words.any(DELIVERY),
        // Whoever only looks does not bring an alert about.
        Role::Monitoring => words.any(SIGNALS) && step.execution != Execution::Advice,
        _ => false,
    }
}

fn names_table(facts: &Facts<'_>, words: &Words) -> bool {
    let tables: Vec<String> = facts.schema.tables().iter().map(|table| singular(table)).collect();
    words.iter().any(|word| tables.contains(&singular(word)))
}

fn has_case(step: &Step, requirement: &Requirement) -> bool {
    match &step.execution {
        Execution::Generated { artefact: Artefact::TestSkeleton { cases, .. } } => {
            cases.contains(&requirement.text)
        }
        _ => false,
    }
}

pub fn is_tests(step: &Step) -> bool {
    matches!(&step.execution, Execution::Generated { artefact: Artefact::TestSkeleton { .. } })
}

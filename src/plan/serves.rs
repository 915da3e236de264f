//! Which requirements each step serves.

use super::decompose::{Stage, Step};
use super::facts::Facts;
use super::roles::Role;
use super::words::{Words, singular};
use crate::domain::plan::{Artefact, Execution};

pub fn serves(facts: &Facts<'_>, steps: &[Step]) -> Vec<Vec<String>> {
    let tables: Vec<String> = facts.schema.tables().iter().map(|table| singular(table)).collect();
    let mut served = vec![Vec::new(); steps.len()];
    let main = steps
        .iter()
        .position(|step| step.stage == Stage::Build && !is_tests(step))
        .or_else(|| steps.iter().rposition(|step| step.execution != Execution::Advice))
        .unwrap_or(0);
    for requirement in &facts.asked.requirements {
        let words = Words::of(&requirement.text.replace('`', " "));
        let about_data = words.any(&[
            "column",
            "table",
            "migration",
            "schema",
            "index",
            "foreign key",
            "many to many",
            "nullable",
        ]) || facts.nature.schema_only
            && words.iter().any(|word| tables.contains(&singular(word)));
        let about = |role: Role| match role {
            Role::Schema => about_data,
            Role::Query => words.any(&["index", "indexes", "query", "queries", "n+1"]),
            Role::Security => words.any(&[
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
            ]),
            Role::Deployment => words.any(&[
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
            ]),
            Role::Monitoring | Role::Debugging => words.any(&[
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
            ]),
            _ => false,
        };
        let mut any = false;
        for (index, step) in steps.iter().enumerate() {
            let behaves = is_tests(step)
                && matches!(&step.execution, Execution::Generated { artefact: Artefact::TestSkeleton { cases, .. } } if cases.contains(&requirement.text));
            if (about(step.role) && step.stage != Stage::Contract) || behaves {
                any |= !behaves;
                if let Some(list) = served.get_mut(index) {
                    list.push(requirement.id.clone());
                }
            }
        }
        let behaviour = steps.iter().any(is_tests)
            && served
                .iter()
                .zip(steps)
                .any(|(list, step)| is_tests(step) && list.contains(&requirement.id));
        if (!any || behaviour)
            && let Some(list) = served.get_mut(main)
            && !list.contains(&requirement.id)
        {
            list.push(requirement.id.clone());
        }
    }
    served
}

pub fn is_tests(step: &Step) -> bool {
    matches!(&step.execution, Execution::Generated { artefact: Artefact::TestSkeleton { .. } })
}

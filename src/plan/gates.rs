//! Decisions that a person must take, with what there is to choose.

use super::decompose::{Stage, Step};
use super::facts::Facts;
use super::roles::Role;
use super::words::{codes, list};
use crate::domain::plan::{Execution, Gate, GateKind, GateOption};

fn option(name: &str, pros: &str, cons: &str) -> GateOption {
    GateOption { name: name.to_owned(), pros: pros.to_owned(), cons: cons.to_owned() }
}

/// The gates of the steps; `ids` are the tasks' ids in the order of the steps.
pub fn gates(facts: &Facts<'_>, steps: &[Step], ids: &[String]) -> Vec<Gate> {
    let named = |wanted: &dyn Fn(&Step) -> bool| -> Vec<String> {
        let pairs = steps.iter().zip(ids);
        pairs.filter(|(step, _)| wanted(step)).map(|(_, id)| id.clone()).collect()
    };
    let writes = |step: &Step| step.execution != Execution::Advice;
    let data = |step: &Step| {
        writes(step) && (matches!(step.stage, Stage::Expand | Stage::Backfill | Stage::Contract))
    };
    let code = |step: &Step| writes(step) && matches!(step.stage, Stage::Build);
    let mut gates = Vec::new();
    let migrating = named(&data);
    if !migrating.is_empty() {
        gates.push(schema(facts, migrating));
    }
    let building =
        named(&|step: &Step| code(step) || (writes(step) && step.stage == Stage::Decide));
    let sensitive = facts.nature.sensitive;
    if !facts.nature.dependencies.is_empty() && !building.is_empty() {
        gates.push(dependency(facts, building.clone()));
    }
    if !facts.nature.breaking.is_empty() && !building.is_empty() {
        gates.push(breaking(facts, building.clone()));
    }
    let guarded = named(&|step: &Step| {
        writes(step) && (step.role == Role::Security || step.stage == Stage::Build)
    });
    if sensitive.auth && !guarded.is_empty() {
        gates.push(access(GateKind::Auth, "authentication or permissions", guarded.clone()));
    }
    if sensitive.tenancy && !guarded.is_empty() {
        gates.push(access(GateKind::Tenancy, "what keeps tenants apart", guarded.clone()));
    }
    if sensitive.payments && !guarded.is_empty() {
        gates.push(payments(guarded));
    }
    let all = named(&writes);
    // Nothing is written before somebody said yes: what no gate of its own guards waits with the
    // first one.
    let guarded: Vec<String> = gates.iter().flat_map(|gate| gate.tasks.clone()).collect();
    match gates.first_mut() {
        Some(first) => {
            first.tasks = ids
                .iter()
                .filter(|id| {
                    first.tasks.contains(id) || (all.contains(id) && !guarded.contains(id))
                })
                .cloned()
                .collect();
        }
        None if !all.is_empty() => gates.push(plan(all)),
        None => {}
    }
    gates
}

fn schema(facts: &Facts<'_>, tasks: Vec<String>) -> Gate {
    let tables = facts.schema.tables();
    let of = if tables.is_empty() { "the database".to_owned() } else { codes(&tables) };
    let creates = facts.schema.creates();
    let only_new =
        tables.iter().all(|table| creates.contains(&table.as_str())) && !tables.is_empty();
    let context = match (facts.schema.destructive.is_empty(), only_new) {
        (false, _) => "Existing data changes its place or goes.".to_owned(),
        (true, true) => "Only new tables are added; existing rows stay as they are.".to_owned(),
        (true, false) => "Tables that may have rows change; the change only adds.".to_owned(),
    };
    let mut options = vec![option(
        "Approve as planned",
        "Each step can be undone or is named as irreversible",
        "The schema of production changes",
    )];
    if facts.schema.destructive.is_empty() {
        options.push(option(
            "Approve the design only",
            "Nothing changes in production",
            "Code that needs the schema has to wait",
        ));
    } else {
        options.push(option(
            "Approve everything but the drop",
            "No data is lost; the drop is decided on by itself later",
            "Old and new stay side by side longer",
        ));
    }
    Gate {
        id: GateKind::Schema,
        decision: format!("May the schema of {of} change as planned?"),
        context,
        options,
        risk: "Locks during the migration, or data that no way back restores".to_owned(),
        tasks,
    }
}

fn dependency(facts: &Facts<'_>, tasks: Vec<String>) -> Gate {
    Gate {
        id: GateKind::Dependency,
        decision: format!("May {} be added?", list(&facts.nature.dependencies)),
        context: "The repository does not use it yet; it has to be kept up to date from then on."
            .to_owned(),
        options: vec![
            option(
                "Do without",
                "Nothing new to run and to update",
                "What is there may fit less well",
            ),
            option(
                "Add it",
                "The request can be met as it is written",
                "One more thing that can break or be attacked",
            ),
        ],
        risk: "A dependency that nobody chose on purpose stays for years".to_owned(),
        tasks,
    }
}

fn breaking(facts: &Facts<'_>, tasks: Vec<String>) -> Gate {
    Gate {
        id: GateKind::BreakingApi,
        decision: "May the API change in a way that existing clients notice?".to_owned(),
        context: format!("{}.", super::words::sentence(&list(&facts.nature.breaking))),
        options: vec![
            option(
                "Both forms side by side",
                "No client breaks",
                "Two forms to maintain for a while",
            ),
            option("A new version", "A clean cut that clients choose", "Two versions to maintain"),
            option("Break now", "One form only", "Every client that has not moved fails"),
        ],
        risk: "Clients that nobody knows of fail in production".to_owned(),
        tasks,
    }
}

fn access(id: GateKind, what: &str, tasks: Vec<String>) -> Gate {
    Gate {
        id,
        decision: format!("May {what} change as planned?"),
        context: "Who may read and write what is decided here.".to_owned(),
        options: vec![
            option(
                "Approve as planned",
                "The rules of access are stated in the plan and tested",
                "Access changes in production",
            ),
            option(
                "Approve the rules only",
                "They can be discussed before any code is there",
                "The work waits",
            ),
        ],
        risk: "Somebody reads or changes what is not theirs".to_owned(),
        tasks,
    }
}

fn payments(tasks: Vec<String>) -> Gate {
    Gate {
        id: GateKind::Payments,
        decision: "May code that moves money change as planned?".to_owned(),
        context: "Amounts, refunds or the state of payments are touched.".to_owned(),
        options: vec![
            option(
                "Approve as planned",
                "Repeated and concurrent requests are part of the tests",
                "Money moves by new code",
            ),
            option(
                "Approve for a test account first",
                "Real money is not touched",
                "One more step before release",
            ),
        ],
        risk: "Money is moved twice, to the wrong account or not at all".to_owned(),
        tasks,
    }
}

fn plan(tasks: Vec<String>) -> Gate {
    Gate {
        id: GateKind::Plan,
        decision: "May the work begin as planned?".to_owned(),
        context: "Nothing in it needs an approval of its own; nothing is written without one."
            .to_owned(),
        options: vec![
            option("Approve as planned", "The work begins", "None known"),
            option("Change the issue first", "The plan is made anew from it", "The work waits"),
        ],
        risk: "Work in a direction that nobody wanted".to_owned(),
        tasks,
    }
}

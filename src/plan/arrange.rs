//! Files in the order in which they are written, checkpoints, integration and phases.

use super::decompose::{Stage, Step};
use super::facts::Facts;
use super::paths;
use super::roles;
use super::serves::is_tests;
use super::words::code;
use crate::domain::finding::Prose;
use crate::domain::plan::{
    Artefact, Checkpoint, Execution, Integration, Pattern, Phase, PlannedFile, Risk, SchemaChange,
    Task, WorkScope,
};

pub fn files(tasks: &[Task], steps: &[Step]) -> Vec<PlannedFile> {
    let mut files: Vec<PlannedFile> = Vec::new();
    for (task, step) in tasks.iter().zip(steps) {
        for (path, action) in &step.files {
            // A directory takes a new file from each task.
            let known = files.iter().any(|file| file.path == *path && !path.ends_with('/'));
            if !known {
                files.push(PlannedFile {
                    path: path.clone(),
                    class: paths::class_of(path),
                    action: *action,
                    task: task.id.clone(),
                });
            }
        }
    }
    files.sort_by(|a, b| a.class.cmp(&b.class).then_with(|| natural(a).cmp(&natural(b))));
    files
}

fn natural(file: &PlannedFile) -> (u32, &str) {
    let number = file.task.trim_start_matches('T').parse().unwrap_or(u32::MAX);
    (number, file.path.as_str())
}

pub fn checkpoints(facts: &Facts<'_>, tasks: &[Task], steps: &[Step]) -> Vec<Checkpoint> {
    let mut checkpoints = Vec::new();
    let agrees = tasks.len() > 1 && facts.nature.pattern != Some(Pattern::Incident);
    let qa = roles::agent(roles::Role::Testing, facts.team).name;
    for (task, step) in tasks.iter().zip(steps) {
        let mut validate: Vec<Prose> = Vec::new();
        match step.stage {
            Stage::Expand if step.role == roles::Role::Schema => {
                if !builds_indexes(step) {
                    validate.push("The schema is valid and its relations are right".to_owned());
                }
                validate.push(format!("{} has tried the migration both ways", code(&qa)));
            }
            Stage::Decide if step.role == roles::Role::Contract && agrees => {
                validate.push("The contract is agreed by everybody who builds on it".to_owned());
            }
            Stage::Backfill => validate.push("No row is left without a value".to_owned()),
            Stage::Contract => validate.push("Nothing reads what is dropped".to_owned()),
            _ => {}
        }
        if !validate.is_empty() {
            checkpoints.push(Checkpoint { after: vec![task.id.clone()], validate });
        }
    }
    checkpoints
}

/// Whether a step's migration adds indexes and nothing else.
fn builds_indexes(step: &Step) -> bool {
    let Execution::Generated { artefact: Artefact::Migration { changes } } = &step.execution else {
        return false;
    };
    changes.iter().all(|change| matches!(change, SchemaChange::AddIndex { .. }))
}

pub fn integration(facts: &Facts<'_>, tasks: &[Task], steps: &[Step]) -> Vec<Integration> {
    let of = |wanted: &dyn Fn(&Step) -> bool| -> Vec<String> {
        tasks
            .iter()
            .zip(steps)
            .filter(|(_, step)| wanted(step))
            .map(|(task, _)| task.id.clone())
            .collect()
    };
    let mut found = Vec::new();
    let data = of(&|step| step.stage == Stage::Expand);
    if data.len() > 1 {
        let into =
            "One migration or an ordered set of them, with access rules and indexes".to_owned();
        found.push(Integration { merge: data.clone(), into: vec![into] });
    }
    let code = of(&|step| {
        step.stage == Stage::Build && step.role != roles::Role::Query && !is_tests(step)
    });
    if let (Some(schema), false) = (data.first(), code.is_empty()) {
        let mut merge = vec![schema.clone()];
        merge.extend(code.iter().cloned());
        let mut into =
            vec!["Columns that the code reads and writes are those of the migration".to_owned()];
        if facts.signals.api {
            into.push("Types of the columns and of the API's fields agree".to_owned());
        }
        found.push(Integration { merge, into });
    }
    let decided = of(&|step| step.stage == Stage::Decide && step.role == roles::Role::Contract);
    let incident = facts.nature.pattern == Some(Pattern::Incident);
    if facts.signals.api && !incident && !decided.is_empty() && !code.is_empty() {
        let mut merge = decided;
        merge.extend(code);
        let into = vec!["Responses and errors are those of the contract".to_owned()];
        found.push(Integration { merge, into });
    }
    found
}

/// Stages of a phase, its name, and when it is done.
type NamedPhase = (&'static [Stage], &'static str, &'static str);

fn named_phases(cross: bool, destructive: bool) -> [NamedPhase; 5] {
    [
        (
            &[Stage::Decide],
            if cross { "Phase 0: agree on the contract" } else { "Decide" },
            if cross {
                "Backend and web have agreed on the contract"
            } else {
                "The decisions are written down and approved"
            },
        ),
        (
            &[Stage::Expand],
            "Expand: add to the schema",
            "The migration has run in production and the code of before works with it",
        ),
        (
            &[Stage::Build, Stage::Operate],
            if destructive {
                "Migrate: deploy code that uses the new form"
            } else {
                "Build and release"
            },
            "The code is deployed and its signals are in order",
        ),
        (&[Stage::Backfill], "Migrate: fill existing rows", "No row is left without a value"),
        (
            &[Stage::Contract],
            "Contract: drop the old form in a later release",
            "Nothing reads the old form, and it is gone",
        ),
    ]
}

pub fn phases(facts: &Facts<'_>, tasks: &[Task], steps: &[Step]) -> Vec<Phase> {
    let cross = facts.nature.scope == Some(WorkScope::CrossStack);
    let all: Vec<String> = tasks.iter().map(|task| task.id.clone()).collect();
    let single = || {
        let done = vec!["Every check of the tasks holds".to_owned()];
        vec![Phase { name: "Everything in one release".to_owned(), tasks: all.clone(), done }]
    };
    if facts.nature.risk != Some(Risk::High) && !cross || tasks.len() < 2 {
        return single();
    }
    let destructive =
        steps.iter().any(|step| matches!(step.stage, Stage::Contract | Stage::Backfill));
    let named = named_phases(cross, destructive);
    // What waits for a task of a later phase belongs to that phase.
    let mut places: Vec<usize> = Vec::new();
    for step in steps {
        let own = named.iter().position(|(stages, _, _)| stages.contains(&step.stage));
        let before = step.after.iter().filter_map(|at| places.get(*at)).max().copied();
        places.push(own.unwrap_or_default().max(before.unwrap_or_default()));
    }
    let mut phases = Vec::new();
    for (place, (_, name, done)) in named.into_iter().enumerate() {
        let inside: Vec<String> = tasks
            .iter()
            .zip(&places)
            .filter(|(_, own)| **own == place)
            .map(|(task, _)| task.id.clone())
            .collect();
        if !inside.is_empty() {
            phases.push(Phase {
                name: name.to_owned(),
                tasks: inside,
                done: vec![done.to_owned()],
            });
        }
    }
    if phases.len() < 2 { single() } else { phases }
}

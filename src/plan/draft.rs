//! From facts to the plan.

use std::collections::BTreeSet;

use super::decompose::{self, Stage, Step};
use super::facts::Facts;
use super::nature::Subject;
use super::roles::{self, Agent};
use super::validate::{strategy_of, waves};
use super::words::{Words, code, codes, list};
use super::{contract, gates, paths, questions};
use crate::config::policy::Policy;
use crate::domain::finding::Prose;
use crate::domain::issue::Issue;
use crate::domain::plan::{
    Answered, Checkpoint, Classification, Complexity, Evidence, Execution, Integration, Phase,
    Plan, PlannedFile, Risk, Task, WorkKind, WorkScope,
};
use crate::domain::survey::Survey;
use crate::domain::team::Team;

/// Most places that a plan shows.
const MAX_EVIDENCE: usize = 14;

/// Drafts the plan of an issue from what the repository shows.
pub fn draft(
    issue: &Issue,
    survey: &Survey,
    team: &Team,
    policy: &Policy,
    answers: &[Answered],
) -> Plan {
    let facts = Facts::establish(issue, survey, team, policy, answers);
    let steps = decompose::steps(&facts);
    let ids: Vec<String> = (1..=steps.len()).map(|number| format!("T{number}")).collect();
    let agents: Vec<Agent> = steps.iter().map(|step| roles::agent(step.role, team)).collect();
    let tasks = tasks(&facts, &steps, &ids, &agents);
    let asking = questions::ask(&facts);
    let mut assumptions = assumptions(&facts, &steps);
    assumptions.extend(asking.assumptions);
    let mut left_out = left_out(&facts);
    left_out.extend(asking.later);
    let cross = facts.nature.scope == Some(WorkScope::CrossStack);
    Plan {
        version: 1,
        goal: facts.asked.goal.clone(),
        strategy: strategy_of(&tasks),
        classification: classification(&facts, &tasks),
        requirements: facts.asked.requirements.clone(),
        checklist: checklist(&facts, &steps, !asking.questions.is_empty()),
        inputs: facts.repository.documents.inputs.clone(),
        evidence: evidence(&facts),
        files: files(&tasks, &steps),
        checkpoints: checkpoints(&facts, &tasks, &steps),
        integration: integration(&facts, &tasks, &steps),
        contract: contract::of(&facts, cross),
        gates: gates::gates(&facts, &steps, &ids),
        assumptions,
        questions: asking.questions,
        phases: phases(&facts, &tasks, &steps),
        left_out,
        tasks,
    }
}

fn tasks(facts: &Facts<'_>, steps: &[Step], ids: &[String], agents: &[Agent]) -> Vec<Task> {
    let serves = serves(facts, steps);
    let mut tasks = Vec::new();
    for (index, ((step, id), agent)) in steps.iter().zip(ids).zip(agents).enumerate() {
        let depends_on: Vec<String> =
            step.after.iter().filter_map(|at| ids.get(*at).cloned()).collect();
        // "Schema of the step before" is said with the step's id.
        let input = step.input.iter().map(|text| match depends_on.last() {
            Some(before) => text.replace("of the step before", &format!("from {before}")),
            None => text.clone(),
        });
        tasks.push(Task {
            id: id.clone(),
            title: step.title.clone(),
            agent: agent.name.clone(),
            lane: agent.lane.as_str().to_owned(),
            because: agent.because.clone(),
            input: input.collect(),
            output: step.output.clone(),
            files: step.files.iter().map(|(path, _)| path.clone()).collect(),
            depends_on,
            checks: step.checks.clone(),
            serves: serves.get(index).cloned().unwrap_or_default(),
            rollback: step.rollback.clone(),
            observe: step.observe.clone(),
            execution: step.execution.clone(),
        });
    }
    tasks
}

/// Which requirements each step serves: by its subject, else the step that writes the code.
fn serves(facts: &Facts<'_>, steps: &[Step]) -> Vec<Vec<String>> {
    use roles::Role;
    let tables: Vec<String> =
        facts.schema.tables().iter().map(|table| super::words::singular(table)).collect();
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
            && words.iter().any(|word| tables.contains(&super::words::singular(word)));
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
                && matches!(&step.execution, Execution::Generated { artefact: crate::domain::plan::Artefact::TestSkeleton { cases, .. } } if cases.contains(&requirement.text));
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

fn is_tests(step: &Step) -> bool {
    use crate::domain::plan::Artefact;
    matches!(&step.execution, Execution::Generated { artefact: Artefact::TestSkeleton { .. } })
}

fn classification(facts: &Facts<'_>, tasks: &[Task]) -> Classification {
    let nature = &facts.nature;
    let agents: BTreeSet<&str> = tasks.iter().map(|task| task.agent.as_str()).collect();
    let branches = strategy_of(tasks) == crate::domain::plan::Strategy::Hybrid;
    let complexity = match (nature.subject, agents.len()) {
        (Subject::Unclear, _) => Complexity::Ambiguous,
        (_, 0 | 1) => Complexity::Simple,
        (_, 2 | 3) if !branches => Complexity::Moderate,
        (_, 2) => Complexity::Moderate,
        _ => Complexity::Complex,
    };
    Classification {
        kind: match (nature.subject, nature.kind) {
            (Subject::Elsewhere, _) if facts.signals.web => WorkKind::Design,
            (Subject::Elsewhere, _) => WorkKind::Content,
            (_, kind) => kind.unwrap_or(WorkKind::Feature),
        },
        scope: nature.scope.unwrap_or(WorkScope::SingleApp),
        risk: nature.risk.unwrap_or(Risk::Low),
        risk_reasons: nature.reasons.clone(),
        complexity,
        areas: facts.areas.clone(),
        pattern: nature.pattern,
    }
}

/// Three to seven bullets: what will be done, not how.
fn checklist(facts: &Facts<'_>, steps: &[Step], asks: bool) -> Vec<Prose> {
    let mut bullets: Vec<Prose> = Vec::new();
    if asks {
        bullets.push("Get the open questions answered".to_owned());
    }
    let gated = facts.nature.risk == Some(Risk::High);
    if gated && facts.nature.subject == Subject::Backend {
        bullets.push("Get the approvals that the risk asks for".to_owned());
    }
    let room = 6 - bullets.len();
    let titles: Vec<Prose> = steps.iter().map(|step| step.title.clone()).collect();
    bullets.extend(titles.into_iter().take(room));
    let closing: [&str; 3] = match facts.nature.subject {
        Subject::Elsewhere => [
            "Say in the issue why the backend has no part in it",
            "Close the request here once it has been taken over",
            "Keep backend, schema and deployment as they are",
        ],
        Subject::Unclear => [
            "Change nothing before it is known what is meant",
            "Make this plan anew from the answers",
            "Say in the issue what is known so far",
        ],
        Subject::Backend => [
            "Check the result against every requirement",
            "Have the change reviewed",
            "Watch it in production after the release",
        ],
    };
    for bullet in closing {
        let enough = bullets.len() >= 3 && bullet != "Check the result against every requirement";
        if !enough && bullets.len() < 7 {
            bullets.push(bullet.to_owned());
        }
    }
    bullets.truncate(7);
    bullets
}

fn evidence(facts: &Facts<'_>) -> Vec<Evidence> {
    if facts.nature.subject == Subject::Elsewhere {
        return Vec::new();
    }
    let repository = &facts.repository;
    let mut found = repository.stack.evidence();
    let schema = !facts.schema.is_empty() || facts.has(crate::domain::plan::Area::Schema);
    if let Some(migrations) = repository.migrations.as_ref().filter(|_| schema) {
        found.push(Evidence {
            path: migrations.latest.clone(),
            lines: None,
            shows: format!(
                "the last of the {} migrations in {}",
                migrations.tool.name(),
                code(&format!("{}/", migrations.directory))
            ),
        });
    }
    for table in facts.schema.tables() {
        if let Some(known) = repository.table(&table) {
            let columns = codes(known.columns.get(..6).unwrap_or(&known.columns));
            let with = if columns.is_empty() { String::new() } else { format!(" with {columns}") };
            let more = if known.columns.len() > 6 { " and more" } else { "" };
            found.push(Evidence {
                path: known.path.clone(),
                lines: Some(known.line.to_string()),
                shows: format!("defines {}{with}{more}", code(&known.name)),
            });
        }
    }
    for mentioned in &facts.endpoints {
        let endpoint = &mentioned.endpoint;
        let known = repository.documents.endpoint(&endpoint.method, &endpoint.path);
        if let (Some(known), Some(contract)) = (known, &repository.documents.contract) {
            found.push(Evidence {
                path: contract.path.clone(),
                lines: Some(known.line.to_string()),
                shows: format!(
                    "describes {} as it is today",
                    code(&format!("{} {}", known.method, known.path))
                ),
            });
        }
    }
    found.extend(facts.relevant.iter().map(|relevant| relevant.evidence()));
    if let Some(command) = &repository.test_command {
        found.push(Evidence {
            path: command.path.clone(),
            lines: Some(command.line.to_string()),
            shows: format!("runs the tests with {}", code(&command.text)),
        });
    }
    let mut seen = BTreeSet::new();
    found.retain(|evidence| seen.insert((evidence.path.clone(), evidence.lines.clone())));
    found.truncate(MAX_EVIDENCE);
    found
}

/// The files of all tasks, migrations first; each file belongs to the first task that writes it.
fn files(tasks: &[Task], steps: &[Step]) -> Vec<PlannedFile> {
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

/// Within a class, in the order of the tasks.
fn natural(file: &PlannedFile) -> (u32, &str) {
    let number = file.task.trim_start_matches('T').parse().unwrap_or(u32::MAX);
    (number, file.path.as_str())
}

fn checkpoints(facts: &Facts<'_>, tasks: &[Task], steps: &[Step]) -> Vec<Checkpoint> {
    let mut checkpoints = Vec::new();
    let qa = roles::agent(roles::Role::Testing, facts.team).name;
    for (task, step) in tasks.iter().zip(steps) {
        let mut validate: Vec<Prose> = Vec::new();
        match step.stage {
            Stage::Expand if step.role == roles::Role::Schema => {
                validate.push("The schema is valid and its relations are right".to_owned());
                validate.push(format!("{} has tried the migration both ways", code(&qa)));
            }
            Stage::Decide if step.role == roles::Role::Contract && tasks.len() > 1 => {
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

/// Where outputs of several tasks have to fit together.
fn integration(facts: &Facts<'_>, tasks: &[Task], steps: &[Step]) -> Vec<Integration> {
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
    let code = of(&|step| step.stage == Stage::Build && !is_tests(step));
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
    if facts.signals.api && !decided.is_empty() && !code.is_empty() {
        let mut merge = decided;
        merge.extend(code);
        let into = vec!["Responses and errors are those of the contract".to_owned()];
        found.push(Integration { merge, into });
    }
    found
}

fn phases(facts: &Facts<'_>, tasks: &[Task], steps: &[Step]) -> Vec<Phase> {
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
    let named: [(&[Stage], &str, &str); 5] = [
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
    ];
    let mut phases = Vec::new();
    for (stages, name, done) in named {
        let inside: Vec<String> = tasks
            .iter()
            .zip(steps)
            .filter(|(_, step)| stages.contains(&step.stage))
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

fn assumptions(facts: &Facts<'_>, steps: &[Step]) -> Vec<Prose> {
    let mut found = Vec::new();
    match facts.nature.subject {
        Subject::Elsewhere => {
            found.push("Nothing in the backend has to change for this request".to_owned());
        }
        Subject::Unclear => {}
        Subject::Backend => {
            found.extend(
                facts
                    .repository
                    .stack
                    .in_words()
                    .map(|stack| format!("The work is done with the stack that is there: {stack}")),
            );
            if facts.repository.test_command.is_none() && !facts.repository.empty {
                found.push("How the tests run is not stated in pipelines or documents".to_owned());
            }
            if facts.repository.empty {
                found.push("The repository has no code yet at this commit".to_owned());
            }
        }
    }
    if steps.iter().any(|step| {
        matches!(
            &step.execution,
            Execution::Generated { artefact: crate::domain::plan::Artefact::Migration { .. } }
        )
    }) {
        found.push("Columns that are not said to be required may be empty".to_owned());
    }
    found
        .extend(facts.asked.out_of_scope.iter().map(|text| format!("Left out on purpose: {text}")));
    found.extend(facts.brief.answers.iter().map(|answer| {
        format!("Answered ({}): {}", answer.topic, super::words::cut(&answer.text, 300))
    }));
    if !facts.references.unknown_files.is_empty() {
        found.push(format!(
            "{} {} not in the repository at this commit: taken as names of new files or of files elsewhere",
            codes(&facts.references.unknown_files),
            if facts.references.unknown_files.len() == 1 { "is" } else { "are" }
        ));
    }
    found
}

fn left_out(facts: &Facts<'_>) -> Vec<Prose> {
    let mut found: Vec<Prose> = facts.survey.left_out.clone();
    if facts.asked.more > 0 {
        found.push(format!("{} further requirements of the issue", facts.asked.more));
    }
    for refused in &facts.asked.refused {
        found.push(format!("not taken as a requirement, because approvals and instructions do not come from an issue's text: \u{201C}{}\u{201D}", super::words::cut(refused, 120)));
    }
    for open in &facts.asked.open {
        found.push(format!("left open by the issue itself: {open}"));
    }
    if !facts.references.linked.is_empty() {
        found.push(format!("linked, not read: {}", list(&facts.references.linked)));
    }
    found
}

/// Tasks by waves, for whoever shows or runs them.
pub fn schedule(plan: &Plan) -> Vec<Vec<&str>> {
    waves(&plan.tasks)
}

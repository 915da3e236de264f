//! From facts to the plan.

use std::collections::BTreeSet;

use super::arrange::{checkpoints, files, integration, phases};
use super::decompose::{self, Step};
use super::evidence::evidence;
use super::facts::Facts;
use super::nature::Subject;
use super::roles::{self, Agent};
use super::serves::serves;
use super::validate::{strategy_of, waves};
use super::words::{codes, list};
use super::{contract, follow, gates, questions};
use crate::config::policy::Policy;
use crate::domain::finding::Prose;
use crate::domain::issue::Issue;
use crate::domain::plan::{
    Answered, Classification, Complexity, Execution, Pattern, Plan, Risk, SchemaChange, Strategy,
    Task, WorkKind, WorkScope,
};
use crate::domain::survey::Survey;
use crate::domain::team::Team;

/// Drafts the plan of an issue from what the repository shows.
pub fn draft(
    issue: &Issue,
    survey: &Survey,
    team: &Team,
    policy: &Policy,
    answers: &[Answered],
) -> Plan {
    let facts = Facts::establish(issue, survey, team, policy, answers);
    let follow::Followed { steps, shown, refused } =
        follow::follow(&facts, decompose::steps(&facts));
    let ids: Vec<String> = (1..=steps.len()).map(|number| format!("T{number}")).collect();
    let agents: Vec<Agent> = steps.iter().map(|step| roles::agent(step.role, team)).collect();
    let tasks = tasks(&facts, &steps, &ids, &agents);
    let asking = questions::ask(&facts);
    let mut assumptions = assumptions(&facts, &steps);
    assumptions.extend(asking.assumptions);
    let mut left_out = left_out(&facts);
    left_out.extend(asking.later);
    left_out.extend(refused);
    let cross = facts.nature.scope == Some(WorkScope::CrossStack);
    let gates = gates::gates(&facts, &steps, &ids);
    Plan {
        version: 1,
        goal: facts.asked.goal.clone(),
        strategy: strategy_of(&tasks),
        classification: classification(&facts, &tasks),
        requirements: facts.asked.requirements.clone(),
        checklist: checklist(&facts, &steps, !asking.questions.is_empty(), !gates.is_empty()),
        inputs: facts.repository.documents.inputs.clone(),
        evidence: evidence(&facts, shown),
        files: files(&tasks, &steps),
        checkpoints: checkpoints(&facts, &tasks, &steps),
        integration: integration(&facts, &tasks, &steps),
        contract: contract::of(&facts, cross),
        gates,
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

fn classification(facts: &Facts<'_>, tasks: &[Task]) -> Classification {
    let nature = &facts.nature;
    let agents: BTreeSet<&str> = tasks.iter().map(|task| task.agent.as_str()).collect();
    let branches = strategy_of(tasks) == Strategy::Hybrid;
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
            // What is there gets faster; what it does stays.
            (_, None | Some(WorkKind::Feature)) if nature.pattern == Some(Pattern::Performance) => {
                WorkKind::Refactor
            }
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
fn checklist(facts: &Facts<'_>, steps: &[Step], asks: bool, gated: bool) -> Vec<Prose> {
    let mut bullets: Vec<Prose> = Vec::new();
    if asks {
        bullets.push("Get the open questions answered".to_owned());
    }
    let gated = gated && facts.nature.risk == Some(Risk::High);
    if gated && facts.nature.subject == Subject::Backend {
        bullets.push("Get the approvals that the risk asks for".to_owned());
    }
    let room = 6 - bullets.len();
    let titles: Vec<Prose> = steps.iter().map(|step| step.title.clone()).collect();
    bullets.extend(titles.into_iter().take(room));
    let reads = only_reads(steps);
    let closing: [&str; 3] = match facts.nature.subject {
        Subject::Backend if reads => [
            "Answer the issue with the result",
            "Open an issue for each thing that has to change",
            "Change nothing in this issue",
        ],
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

/// Whether nothing is written: reviews, analyses, decisions.
fn only_reads(steps: &[Step]) -> bool {
    steps.iter().all(|step| step.execution == Execution::Advice)
}

fn assumptions(facts: &Facts<'_>, steps: &[Step]) -> Vec<Prose> {
    let mut found = Vec::new();
    match facts.nature.subject {
        Subject::Elsewhere => {
            found.push("Nothing in the backend has to change for this request".to_owned());
        }
        Subject::Unclear => {}
        Subject::Backend if only_reads(steps) => {}
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
    if has_optional_columns(facts)
        && steps.iter().any(|step| matches!(step.execution, Execution::Generated { .. }))
    {
        found.push("Columns that are not said to be required may be empty".to_owned());
    }
    if facts.nature.scope == Some(WorkScope::CrossStack) {
        let folder = facts.repository.web.first().and_then(|path| path.split_once('/'));
        let owners = match folder {
            Some((folder, _)) => {
                format!("the people who own {}", super::words::code(&format!("{folder}/")))
            }
            None => "the people who own the web client".to_owned(),
        };
        found.push(format!("The web part is handed to {owners}: no task here covers it"));
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

/// Whether a column may be empty that nobody asked to be required.
fn has_optional_columns(facts: &Facts<'_>) -> bool {
    facts.schema.changes.iter().any(|change| match change {
        SchemaChange::CreateTable { columns, .. } => columns.iter().any(|column| !column.required),
        SchemaChange::AddColumn { table, column } => {
            let filled = |(of, name): &(String, String)| of == table && *name == column.name;
            !column.required && !facts.schema.filled.iter().any(filled)
        }
        _ => false,
    })
}

fn left_out(facts: &Facts<'_>) -> Vec<Prose> {
    let mut found: Vec<Prose> = facts.survey.left_out.clone();
    if facts.asked.more > 0 {
        found.push(format!("{} further requirements of the issue", facts.asked.more));
    }
    let quoted = |text: &String| format!("\u{201C}{}\u{201D}", super::words::cut(text, 120));
    let refused: Vec<String> = facts.asked.refused.iter().map(quoted).collect();
    if !refused.is_empty() {
        found.push(format!(
            "not taken as {}, because approvals, commands and files that steer reviews do not come \
             from an issue's text: {}",
            if refused.len() == 1 { "a requirement" } else { "requirements" },
            refused.join(", ")
        ));
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

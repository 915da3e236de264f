//! Steps on running software: measuring, deploying, finding causes.

use super::code::telemetry;
use super::{Stage, Step};
use crate::domain::finding::Prose;
use crate::domain::plan::{Artefact, Execution, FileAction, Pattern};
use crate::plan::facts::Facts;
use crate::plan::roles::Role;
use crate::plan::words::{codes, cut};

/// Logs, metrics and traces of new behaviour.
pub fn observe(facts: &Facts<'_>) -> Step {
    let names = facts.endpoint_names();
    let subject = if names.is_empty() {
        cut(&facts.asked.goal, 90)
    } else {
        codes(names.get(..3).unwrap_or(&names))
    };
    let changed = super::code::all_known(facts);
    let title = if changed {
        format!("See that the signals of {subject} show the new behaviour")
    } else if names.is_empty() {
        "Make the new behaviour visible in production".to_owned()
    } else {
        format!("Make {subject} visible in production")
    };
    let mut step =
        Step::new(Role::Monitoring, Stage::Operate, title).input("The implementation").output(
            "Rate, errors and duration, and a log line for each failure that an operator must see",
        );
    step = match telemetry(facts) {
        Some(library) => {
            step.check(format!("They are recorded with the library that is there, {library}"))
        }
        None => step.check("They can be queried where the service's other signals are"),
    };
    step = step.check("A failure on purpose shows up within minutes");
    if facts.nature.sensitive.personal || facts.nature.sensitive.auth {
        step = step.check("No secret and no personal data is in a log line or label");
    }
    let alerts: Vec<&String> = facts.repository.alerting.iter().take(2).collect();
    if changed {
        return step;
    }
    for path in &alerts {
        step = step.file((*path).clone(), FileAction::Modify);
    }
    if alerts.is_empty() {
        // Signals are written in code: the implementer of the step before has the files.
        return step;
    }
    step = step.output("An alert rule with its runbook");
    step.execution = Execution::Generated { artefact: Artefact::Alert { subject } };
    step
}

/// What happened, from what is there to read.
pub fn gather(facts: &Facts<'_>) -> Step {
    let step = Step::new(
        Role::Monitoring,
        Stage::Decide,
        "Collect signals and failure patterns of the incident",
    )
    .input("The incident as reported")
    .output("A timeline with the signal that shows each entry")
    .output("The signals that were missing")
    .check("Beginning, end and impact are each backed by a signal, or named as unknown");
    let step = match telemetry(facts) {
        Some(library) => step.input(format!("What the service records with {library}")),
        None => step,
    };
    step.advice()
}

/// Corrections proposed from causes.
pub fn harden(facts: &Facts<'_>) -> Step {
    let mut step = Step::new(Role::Contract, Stage::Decide, "Propose corrections and hardening")
        .input("Timeline and failure patterns")
        .output("Cause, contributing conditions, and for each a correction with its owner")
        .check("Each correction would have prevented, shortened or shown the incident earlier");
    if let Some(path) = &facts.repository.documents.runbooks {
        step = step.input(format!("The runbook, `{path}`"));
    }
    step.advice()
}

/// What infrastructure can do against a repetition.
pub fn mitigate(facts: &Facts<'_>) -> Step {
    let mut step =
        Step::new(Role::Deployment, Stage::Build, "Mitigate at the level of infrastructure")
            .input("The proposed corrections")
            .output(
                "Limits, time-outs, probes, capacity or configuration that contain a repetition",
            )
            .check("The failure, caused on purpose outside of production, stays contained");
    if facts.words.any(&["alert", "alerts"]) {
        step = step.output("The alert that was missing, with its runbook");
    }
    for path in facts.repository.deployment.iter().take(4) {
        step = step.file(path.clone(), FileAction::Modify);
    }
    step.rollback = Some("Deploy the configuration of before".to_owned());
    step.observe =
        Some("Restarts, saturation and errors during and after the deployment".to_owned());
    step
}

/// Where the time goes, in numbers.
pub fn baseline(facts: &Facts<'_>) -> Step {
    let names = facts.endpoint_names();
    let what = match names.as_slice() {
        [] => "what is slow".to_owned(),
        some => codes(some),
    };
    let mut step = Step::new(
        Role::Monitoring,
        Stage::Decide,
        format!("Measure {what} before anything changes"),
    )
    .input("What was reported as slow")
    .output("Latency (median, 95th and 99th percentile), load, and where the time goes")
    .check("The numbers can be measured again in the same way after the change");
    if let Some(path) = facts.repository.documents.input("PerfTargets") {
        step = step.input(format!("The performance targets, `{path}`"));
    }
    step.advice()
}

/// Queries and code that take the time.
pub fn optimize(facts: &Facts<'_>, role: Role) -> Step {
    let files: Vec<String> = facts.code().map(|relevant| relevant.path.clone()).take(6).collect();
    let title = if files.is_empty() {
        "Find the query that takes the time and make it cheaper".to_owned()
    } else {
        format!("Make the queries of {} cheaper", codes(files.get(..3).unwrap_or(&files)))
    };
    let mut step = Step::new(role, Stage::Build, title)
        .input("The baseline")
        .output("The query or access pattern that takes the time, with its plan, and a cheaper one")
        .check("The plan of the query (`EXPLAIN`) on data of production's size shows the gain")
        .check("The number of queries does not grow with the number of rows")
        .check("Results are the same before and after");
    if role == Role::Query && facts.nature.pattern == Some(Pattern::Performance) {
        for path in files {
            step = step.file(path, FileAction::Modify);
        }
    }
    step.rollback = Some("Revert the commit".to_owned());
    step.observe = Some("The measures of the baseline, during and after the deployment".to_owned());
    step
}

/// The same where somebody else changes the code.
pub fn only_find(facts: &Facts<'_>, step: &mut Step) {
    let files: Vec<String> = facts.code().map(|relevant| relevant.path.clone()).take(3).collect();
    step.title = format!("Find which queries of {} take the time, and cheaper ones", codes(&files));
    step.files.clear();
    step.checks.retain(|check| !check.starts_with("Results are"));
    step.rollback = None;
    step.observe = None;
    step.execution = Execution::Advice;
}

/// The cause, before anybody mends.
pub fn diagnose(facts: &Facts<'_>) -> Step {
    let files: Vec<String> = facts.code().map(|relevant| relevant.path.clone()).take(4).collect();
    let mut step = Step::new(Role::Debugging, Stage::Decide, "Find the cause")
        .input("What was observed and what was expected")
        .output("The cause with file and line, and since when it is there")
        .check("The failure can be caused at will, or it is stated why not");
    if !files.is_empty() {
        step = step.input(format!("The code that the report points to: {}", codes(&files)));
    }
    step.advice()
}

/// Deployment and configuration.
pub fn deploy(facts: &Facts<'_>) -> Step {
    let new_service = facts.nature.pattern == Some(Pattern::NewService);
    let fixing = facts.signals.failure;
    let title: Prose = if new_service {
        "Define deployment, configuration and secrets".to_owned()
    } else if fixing {
        format!("Correct the deployment: \u{201C}{}\u{201D}", cut(&facts.asked.goal, 90))
    } else {
        cut(&facts.asked.goal, 120)
    };
    let mut step = Step::new(Role::Deployment, Stage::Operate, title)
        .input(if fixing { "The cause" } else { "The requirements" })
        .output("Pipeline and manifests, secrets by reference only");
    let mentioned = |path: &&String| {
        facts.references.files.contains(*path)
            || path.split('/').any(|part| {
                facts
                    .references
                    .subjects
                    .iter()
                    .any(|subject| part.to_lowercase().contains(subject.as_str()))
            })
    };
    let all: Vec<&String> =
        facts.repository.deployment.iter().chain(&facts.repository.pipelines).collect();
    let named: Vec<&String> = all.iter().copied().filter(mentioned).collect();
    let chosen = if named.is_empty() { all } else { named };
    for path in chosen.into_iter().take(6) {
        step = step.file(path.clone(), FileAction::Modify);
    }
    let pipelines = &facts.repository.pipelines;
    let only_pipelines =
        !step.files.is_empty() && step.files.iter().all(|(path, _)| pipelines.contains(path));
    if fixing && only_pipelines {
        step.output = vec!["A pipeline that runs to its end, secrets by reference only".to_owned()];
    }
    step = step.check("A deployment to an environment that is not production succeeds");
    step = if fixing && only_pipelines {
        step.check("The version of before can be deployed again")
    } else {
        step.check(
            "Probes and resource limits are set, and the version of before can be deployed again",
        )
    };
    step.rollback = Some("Deploy the version of before".to_owned());
    step.observe = Some("Readiness, restarts and error rate during the rollout".to_owned());
    step
}

/// Not for a backend team.
pub fn hand_over(facts: &Facts<'_>) -> Step {
    let web = ["web", "frontend", "front-end", "ui", "design", "docs", "documentation", "mobile"];
    let outside = facts.team.members.iter().find(|member| {
        member.lane.is_none()
            && crate::plan::roles::normalized(&member.name)
                .split('-')
                .any(|word| web.contains(&word))
    });
    let to = match outside {
        Some(member) => crate::plan::words::code(&member.name),
        None if facts.signals.web => "the people who own the web client".to_owned(),
        None => "the people who own these texts".to_owned(),
    };
    let folder = facts.repository.web.first().and_then(|path| path.split_once('/'));
    let step = Step::new(Role::Contract, Stage::Decide, format!("Hand the request over to {to}"))
        .input("The request")
        .output("The issue, assigned to them, with what the backend already offers for it")
        .check("Somebody outside of the backend team has taken it")
        .check("No endpoint, schema or deployment has to change for it");
    let step = match folder {
        Some((folder, _)) if facts.signals.web => step.input(format!("The web code, `{folder}/`")),
        _ => step,
    };
    step.advice()
}

/// Nobody can tell what is meant: ask, then plan.
pub fn clarify(facts: &Facts<'_>) -> Step {
    let called = crate::plan::scope::roles_by_map(&facts.signals);
    let role = called.into_iter().find(|role| *role != Role::Query).unwrap_or(Role::Contract);
    Step::new(role, Stage::Decide, "Find out what is meant")
        .input("The request")
        .output("An answer to the questions below, from which this plan is made anew")
        .check("The answer names an endpoint, a query, a job or a file")
        .advice()
}

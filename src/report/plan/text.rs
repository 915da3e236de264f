//! A plan for people at a terminal.

use super::decisions::state_line;
use super::view::{PlanState, PlanView, Verbosity, gate_name, letter, state_name, word};
use crate::domain::plan::{Execution, FileAction};
use crate::report::markdown::{cut, one_line, visible};

/// Longest line of prose, in characters.
const MAX_LINE: usize = 300;

/// The plan in plain text, without the canonical form.
pub fn text(view: &PlanView<'_>) -> String {
    let mut out = String::new();
    heading(view, &mut out);
    decisions(view, &mut out);
    tasks(view, &mut out);
    grounds(view, &mut out);
    out.push_str(&format!("backend-team: plan {}, {}\n", view.short_digest(), state_line(view)));
    out
}

fn say(text: &str) -> String {
    cut(&one_line(text), MAX_LINE)
}

fn heading(view: &PlanView<'_>, out: &mut String) {
    let plan = view.plan;
    let class = &plan.classification;
    out.push_str(&format!("goal: {}\n", say(&plan.goal)));
    out.push_str(&format!(
        "{} work, {}, {} risk, {}, {} order\n",
        word(class.kind),
        word(class.scope),
        word(class.risk),
        word(class.complexity),
        word(plan.strategy)
    ));
    for reason in class.risk_reasons.iter().take(5) {
        out.push_str(&format!("  risk: {}\n", say(reason)));
    }
    if view.verbosity != Verbosity::Terse {
        plan.checklist.iter().for_each(|text| out.push_str(&format!("  - {}\n", say(text))));
    }
    match view.state {
        PlanState::Rejected { by, gate, reason } => out.push_str(&format!(
            "rejected: {} by {}: {}\n",
            gate_name(*gate),
            say(&by.0),
            say(reason)
        )),
        PlanState::Cancelled { why } => out.push_str(&format!("cancelled: {}\n", say(why))),
        PlanState::Escalated { failure, attempts, .. } => {
            out.push_str(&format!("failed after {attempts}: {}\n", say(failure)));
        }
        PlanState::Delivered { branch: Some(branch), .. } => {
            out.push_str(&format!("branch: {}\n", say(branch)));
        }
        _ => {}
    }
    out.push('\n');
}

fn decisions(view: &PlanView<'_>, out: &mut String) {
    if !view.asks() {
        return;
    }
    let plan = view.plan;
    for question in &plan.questions {
        let waits = if question.blocking { " (work waits)" } else { "" };
        out.push_str(&format!("question {}{waits}: {}\n", question.id, say(&question.text)));
        for (index, option) in question.options.iter().enumerate() {
            out.push_str(&format!("  {}: {}\n", letter(index), say(option)));
        }
    }
    if !plan.questions.is_empty() {
        // By topic: numbers change when answers bring other questions up.
        let topics = plan.questions.iter().map(|question| say(&question.topic));
        let options: Vec<String> = topics.map(|topic| format!("--answer {topic}=A")).collect();
        out.push_str(&format!("  answer: {}\n\n", options.join(" ")));
    }
    // While questions are open the plan may still change.
    let gates = plan.gates.iter().filter(|_| *view.state != PlanState::NeedsInput);
    for gate in gates {
        if let Some(approval) = view.approval_of(gate.id) {
            let by = say(&approval.by.0);
            out.push_str(&format!("approved: {} by {by}\n\n", gate_name(gate.id)));
            continue;
        }
        out.push_str(&format!(
            "approval needed, {}: {}\n",
            gate_name(gate.id),
            say(&gate.decision)
        ));
        out.push_str(&format!("  context: {}\n", say(&gate.context)));
        for option in &gate.options {
            let (name, pros, cons) = (say(&option.name), say(&option.pros), say(&option.cons));
            out.push_str(&format!("  option: {name}. For: {pros}. Against: {cons}.\n"));
        }
        out.push_str(&format!("  risk without it: {}\n", say(&gate.risk)));
        out.push_str(&format!("  on the issue: {}\n\n", view.approve_command(gate.id)));
    }
}

fn tasks(view: &PlanView<'_>, out: &mut String) {
    out.push_str("tasks:\n");
    for task in &view.plan.tasks {
        let state = view
            .progress_of(task)
            .map_or(String::new(), |progress| format!(" ({})", state_name(progress.state)));
        let (id, lane) = (say(&task.id), say(&task.lane));
        out.push_str(&format!("  {id} [{lane}] {}{state}\n", say(&task.title)));
        let after = if task.depends_on.is_empty() {
            "starts first".to_owned()
        } else {
            format!("after {}", say(&task.depends_on.join(", ")))
        };
        let how = match task.execution {
            Execution::Generated { .. } => "written by rules",
            Execution::Delegated => "handed to a person or coding agent",
            Execution::Advice => "nothing is written",
        };
        out.push_str(&format!(
            "     {}: {}; {after}; {how}\n",
            say(&task.agent),
            say(&task.because)
        ));
        if view.verbosity == Verbosity::Terse {
            continue;
        }
        let mut list = |name: &str, texts: &[String]| {
            texts.iter().for_each(|text| out.push_str(&format!("     {name}: {}\n", say(text))));
        };
        if view.verbosity == Verbosity::Verbose {
            list("input", &task.input);
            list("output", &task.output);
        }
        let served = view.plan.requirements.iter().filter(|asked| task.serves.contains(&asked.id));
        let served: Vec<String> = served.map(|asked| asked.text.clone()).collect();
        list("asked for", &served);
        list("done when", &task.checks);
        list("way back", task.rollback.as_slice());
        list("watch", task.observe.as_slice());
    }
    out.push('\n');
}

fn grounds(view: &PlanView<'_>, out: &mut String) {
    let plan = view.plan;
    let mut list = |title: &str, lines: Vec<String>| {
        if !lines.is_empty() {
            out.push_str(&format!("{title}:\n"));
            lines.iter().for_each(|line| out.push_str(&format!("  {}\n", say(line))));
            out.push('\n');
        }
    };
    list("assumptions", plan.assumptions.clone());
    if view.verbosity != Verbosity::Terse {
        let evidence = plan.evidence.iter().map(|evidence| {
            let lines = evidence.lines.as_ref().map_or(String::new(), |lines| format!(":{lines}"));
            format!("{}{lines}: {}", visible(&evidence.path), evidence.shows)
        });
        list("evidence", evidence.collect());
        let missing = plan.inputs.iter().filter(|input| input.path.is_none());
        list("inputs missing", missing.map(|input| input.name.clone()).collect());
        let files = plan.files.iter().map(|file| {
            let action = match file.action {
                FileAction::Add => "add",
                FileAction::Modify => "change",
                FileAction::Remove => "remove",
            };
            format!("{action} {} ({}, {})", file.path, word(file.class), file.task)
        });
        list("files, in the order of writing", files.collect());
        list("not looked at", plan.left_out.clone());
    }
    let problems = view.problems.iter().map(|problem| {
        let line = problem.line.map_or(String::new(), |line| format!(":{line}"));
        format!("{}{line}: {}", problem.path, problem.message)
    });
    list("problems in policy and instruction files", problems.collect());
}

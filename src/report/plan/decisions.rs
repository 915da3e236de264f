//! What people must decide: questions and approvals, with the exact line to write.

use super::view::{PlanState, PlanView, gate_name, letter};
use super::{MAX_CLAUSE, MAX_TEXT};
use crate::domain::plan::{Gate, Question};
use crate::report::counted;
use crate::report::markdown::{code_span, cut, fenced, prose, prose_cell};

/// Open questions and approvals; `None` when nothing is asked any more.
pub(super) fn decisions(view: &PlanView<'_>) -> Option<String> {
    if !view.asks() {
        return None;
    }
    let parts: Vec<String> = [questions(view), gates(view)].into_iter().flatten().collect();
    let open = *view.state == PlanState::NeedsInput
        || view.plan.gates.iter().any(|gate| view.approval_of(gate.id).is_none());
    let title = if open { "Decisions needed" } else { "Decisions" };
    (!parts.is_empty()).then(|| format!("### {title}\n\n{}", parts.join("\n\n")))
}

fn questions(view: &PlanView<'_>) -> Option<String> {
    let questions = &view.plan.questions;
    if questions.is_empty() {
        return None;
    }
    let mut parts: Vec<String> = questions.iter().map(question).collect();
    let command = fenced(&view.answer_command(), "text");
    let blocking = questions.iter().filter(|question| question.blocking).count();
    let waits = match blocking {
        0 => "Without an answer the plan goes on with A.",
        _ => "Work waits for the answers; nothing is assumed in their place.",
    };
    parts.push(format!(
        "A is the smallest safe choice. Answer in a comment, with letters or your own words \
         (`1=\"…\"`), or edit the issue. {waits}\n\n{command}"
    ));
    Some(parts.join("\n\n").trim_end().to_owned())
}

fn question(question: &Question) -> String {
    let waits = if question.blocking { "" } else { " (optional)" };
    let mut lines = vec![format!(
        "**Question {}**{waits}: {}",
        question.id,
        prose(&cut(&question.text, MAX_TEXT))
    )];
    lines.push(String::new());
    for (index, option) in question.options.iter().enumerate() {
        lines.push(format!("- **{}** {}", letter(index), prose(&cut(option, MAX_CLAUSE))));
    }
    lines.join("\n").trim_end().to_owned()
}

fn gates(view: &PlanView<'_>) -> Option<String> {
    let gates = &view.plan.gates;
    if gates.is_empty() {
        return None;
    }
    // While questions are open the plan may still change, and an approval would be for nothing.
    if *view.state == PlanState::NeedsInput {
        let names: Vec<String> = gates.iter().map(|gate| code_span(gate_name(gate.id))).collect();
        return Some(format!(
            "{} will be asked for once the questions are answered: {}.",
            if names.len() == 1 { "One approval" } else { "Approvals" },
            names.join(", ")
        ));
    }
    let parts: Vec<String> = gates
        .iter()
        .map(|gate| match view.approval_of(gate.id) {
            Some(approval) => format!(
                "**Approved: {}** by {}.",
                gate_name(gate.id),
                code_span(&cut(&approval.by.0, 60))
            ),
            None => approval_needed(view, gate),
        })
        .collect();
    Some(parts.join("\n\n"))
}

/// The APPROVAL NEEDED block.
fn approval_needed(view: &PlanView<'_>, gate: &Gate) -> String {
    let mut parts = vec![
        format!("#### APPROVAL NEEDED: {}", gate_name(gate.id)),
        format!("**Decision required:** {}", prose(&cut(&gate.decision, MAX_TEXT))),
        format!("**Context:** {}", prose(&cut(&gate.context, MAX_TEXT))),
    ];
    if !gate.options.is_empty() {
        let mut table = String::from("| Option | For | Against |\n| --- | --- | --- |");
        for option in &gate.options {
            let cell = |text: &str| prose_cell(&cut(text, MAX_CLAUSE));
            table.push_str(&format!(
                "\n| {} | {} | {} |",
                cell(&option.name),
                cell(&option.pros),
                cell(&option.cons)
            ));
        }
        parts.push(table);
    }
    parts.push(format!("**Risk without it:** {}", prose(&cut(&gate.risk, MAX_TEXT))));
    let waiting = match gate.tasks.len() {
        0 => String::new(),
        count if count == view.plan.tasks.len() => " All tasks wait for it.".to_owned(),
        _ => {
            let ids: Vec<String> =
                gate.tasks.iter().take(20).map(|id| prose(&cut(id, 12))).collect();
            let verb = if ids.len() == 1 { "waits" } else { "wait" };
            format!(" {} {verb} for it.", ids.join(", "))
        }
    };
    let deciders = view.deciders(gate.id);
    parts.push(format!(
        "**Who decides:** {}; not the author of the issue.{}",
        deciders.in_words(),
        deciders.unresolved()
    ));
    parts.push(format!("**How to continue:** one of them comments one of these lines.{waiting}"));
    let lines = format!("{}\n{}", view.approve_command(gate.id), view.reject_command(gate.id));
    parts.push(fenced(&lines, "text").trim_end().to_owned());
    parts.join("\n\n")
}

/// The state in a few words, for the heading.
pub(super) fn state_line(view: &PlanView<'_>) -> String {
    let plan = view.plan;
    match view.state {
        PlanState::NeedsInput => {
            let blocking = plan.questions.iter().filter(|question| question.blocking).count();
            format!("waiting for {}", counted(blocking.max(1), "answer"))
        }
        PlanState::AwaitingApproval { .. } => {
            let has = |gate: &&Gate| view.approval_of(gate.id).is_none();
            match plan.gates.iter().filter(has).count() {
                0 => "approved".to_owned(),
                open => format!("waiting for {}", counted(open, "approval")),
            }
        }
        PlanState::Executing { tasks } => {
            format!("at work, {} of {} done", finished(tasks), counted(tasks.len(), "task"))
        }
        PlanState::Delivered { branch: Some(_), .. } => "delivered on a branch".to_owned(),
        PlanState::Delivered { branch: None, .. } => "delivered without a branch".to_owned(),
        PlanState::Rejected { .. } => "rejected".to_owned(),
        PlanState::Cancelled { .. } => "cancelled".to_owned(),
        PlanState::Escalated { .. } => "stopped, a person is needed".to_owned(),
    }
}

fn finished(tasks: &[super::view::TaskProgress]) -> usize {
    use crate::domain::run::TaskState;
    let done = |task: &&super::view::TaskProgress| {
        matches!(task.state, TaskState::Done | TaskState::HandedOver)
    };
    tasks.iter().filter(done).count()
}

/// What happened, for states in which nothing is asked.
pub(super) fn outcome(view: &PlanView<'_>) -> Option<String> {
    let again = code_span(&format!("/{} plan", view.prefix));
    match view.state {
        PlanState::NeedsInput
        | PlanState::AwaitingApproval { .. }
        | PlanState::Executing { .. } => None,
        PlanState::Delivered { branch, pull, .. } => {
            let Some(branch) = branch else {
                return Some(
                    "No branch was written; what the rules could write stands in a comment of its own.".to_owned(),
                );
            };
            let pull = pull.as_ref().map_or(String::new(), |number| {
                // Our own reference: the forge makes it a link.
                format!(", draft pull request #{number}")
            });
            Some(format!("Branch {}{pull}.", code_span(&cut(branch, 120))))
        }
        PlanState::Rejected { by, gate, reason } => Some(format!(
            "{} rejected {}: {}\n\nNothing was written. Change the issue and comment {again} for \
             a new plan.",
            code_span(&cut(&by.0, 60)),
            code_span(gate_name(*gate)),
            prose(&cut(reason, MAX_CLAUSE))
        )),
        PlanState::Cancelled { why } => {
            Some(format!("{} Comment {again} for a new plan.", prose(&cut(why, MAX_CLAUSE))))
        }
        PlanState::Escalated { task, failure, attempts, .. } => {
            let task = task.as_ref().map_or("The work".to_owned(), |id| prose(&cut(id, 12)));
            Some(format!(
                "{task} failed after {}: {}\n\nWhat was finished is kept. Repair the cause and \
                 comment {again}, or take the task over with its delegation packet.",
                counted(usize::try_from(*attempts).unwrap_or(usize::MAX), "attempt"),
                prose(&cut(failure, MAX_TEXT))
            ))
        }
    }
}

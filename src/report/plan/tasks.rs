//! Who does what, why this agent, and when.

use super::view::{PlanView, Verbosity, gate_name, state_name};
use super::{Detail, MAX_CLAUSE, MAX_TEXT, folded};
use crate::domain::plan::{Execution, Task};
use crate::report::markdown::{code_span, cut, fenced, prose};

/// The graph, and a list that says the same in words.
pub(super) fn tasks(view: &PlanView<'_>, detail: Detail) -> Option<String> {
    let tasks = &view.plan.tasks;
    if tasks.is_empty() {
        return None;
    }
    let mut parts = vec![format!("### Tasks ({})", tasks.len())];
    if view.verbosity != Verbosity::Terse
        && detail.graph
        && let Some(graph) = super::graph::graph(view)
    {
        parts.push(fenced(&graph, "mermaid").trim_end().to_owned());
    }
    let mut lines: Vec<String> =
        tasks.iter().take(detail.entries).map(|task| item(view, task)).collect();
    let hidden = tasks.len().saturating_sub(detail.entries);
    if hidden > 0 {
        lines.push(format!("- and {hidden} more; the canonical form has them"));
    }
    parts.push(lines.join("\n"));
    Some(parts.join("\n\n"))
}

fn item(view: &PlanView<'_>, task: &Task) -> String {
    let id = prose(&cut(&task.id, 12));
    let lane = prose(&cut(&task.lane, 40));
    let state = view.progress_of(task).map_or(String::new(), |progress| {
        let note = progress
            .note
            .as_ref()
            .map_or(String::new(), |note| format!(", {}", prose(&cut(note, MAX_CLAUSE))));
        format!(" ({}{note})", state_name(progress.state))
    });
    let head = format!("- **{id}** [{lane}] {}{state}", prose(&cut(&task.title, 200)));
    let order = order(view, task);
    if view.verbosity == Verbosity::Terse {
        return format!("{head}. {order}");
    }
    let agent = code_span(&cut(&task.agent, 60));
    let because = sentence(&prose(&cut(&task.because, MAX_CLAUSE)));
    format!("{head}\\\n  {agent}: {because} {order} {}", execution(task))
}

/// When it starts: what comes before, and whose word it waits for.
fn order(view: &PlanView<'_>, task: &Task) -> String {
    let mut order = match task.depends_on.as_slice() {
        [] => "Starts first.".to_owned(),
        before => {
            let ids: Vec<String> = before.iter().take(20).map(|id| prose(&cut(id, 12))).collect();
            format!("After {}.", joined(&ids))
        }
    };
    let gates: Vec<String> = view
        .plan
        .gates
        .iter()
        .filter(|gate| view.asks() && view.approval_of(gate.id).is_none())
        // What everything waits for is said once, with the gate.
        .filter(|gate| gate.tasks.len() < view.plan.tasks.len() && gate.tasks.contains(&task.id))
        .map(|gate| code_span(gate_name(gate.id)))
        .collect();
    if !gates.is_empty() {
        order.push_str(&format!(" Needs approval {}.", joined(&gates)));
    }
    order
}

fn execution(task: &Task) -> &'static str {
    match task.execution {
        Execution::Generated { .. } => "Written by rules.",
        Execution::Delegated => "Handed to a person or coding agent.",
        Execution::Advice => "Nothing is written.",
    }
}

/// "a, b and c".
pub(super) fn joined(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

/// With a full stop, whatever it ended with.
pub(super) fn sentence(text: &str) -> String {
    let text = text.trim_end();
    if text.is_empty() || text.ends_with(['.', '!', '?', ':']) {
        return text.to_owned();
    }
    format!("{text}.")
}

/// Inputs, outputs, checks, files, rollback and what to watch, for each task.
pub(super) fn in_full(view: &PlanView<'_>, detail: Detail) -> Option<String> {
    if !detail.tasks_in_full || view.verbosity == Verbosity::Terse || view.plan.tasks.is_empty() {
        return None;
    }
    let all: Vec<String> = view.plan.tasks.iter().map(full).collect();
    let body = all.join("\n\n");
    if view.verbosity == Verbosity::Verbose {
        return Some(format!("### Each task in full\n\n{body}"));
    }
    Some(folded("Each task in full: input, output, checks, way back", &body))
}

fn full(task: &Task) -> String {
    let mut lines =
        vec![format!("**{}** {}\n", prose(&cut(&task.id, 12)), prose(&cut(&task.title, 200)))];
    let mut list = |name: &str, texts: Vec<String>| {
        if !texts.is_empty() {
            lines.push(format!("- {name}: {}", texts.join("; ")));
        }
    };
    let said = |texts: &[String]| -> Vec<String> {
        texts.iter().take(20).map(|text| prose(&cut(text, MAX_CLAUSE))).collect()
    };
    list("Input", said(&task.input));
    list("Output", said(&task.output));
    list("Done when", said(&task.checks));
    let files: Vec<String> =
        task.files.iter().take(15).map(|path| code_span(&cut(path, 160))).collect();
    list("Files", files);
    list("Serves", said(&task.serves));
    let one = |text: &Option<String>| -> Vec<String> {
        text.iter().map(|text| prose(&cut(text, MAX_TEXT))).collect()
    };
    list("Way back", one(&task.rollback));
    list("Watch", one(&task.observe));
    lines.join("\n")
}

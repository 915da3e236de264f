//! A plan as people see it: one comment, text for a terminal, and packets for those who carry
//! tasks out.

mod decisions;
mod delivery;
mod graph;
pub mod packet;
#[cfg(test)]
mod samples;
mod sections;
mod tasks;
mod text;
mod view;

pub use delivery::{DIFF_MARKER, Delivery, WrittenFile, changes_comment, pull_body};
pub use packet::{DelegationPacket, delegations as packets};
pub use text::text;
pub use view::{Approval, PlanState, PlanView, SHORT_DIGEST, TaskProgress, Verbosity, gate_name};

use super::markdown::{code_span, fenced};
use crate::domain::publication::MAX_COMMENT_CHARS;

/// What the comment starts with, so that it is found again.
pub const MARKER: &str = "<!-- backend-team:plan -->";

/// Longest text of one statement, in characters.
const MAX_TEXT: usize = 1_000;
/// Longest clause in lists.
const MAX_CLAUSE: usize = 300;

/// How much is shown. Each step leaves more out, and says so.
#[derive(Debug, Clone, Copy)]
struct Detail {
    yaml: bool,
    packets: bool,
    tasks_in_full: bool,
    graph: bool,
    /// Most entries in any one list.
    entries: usize,
}

const STEPS: [Detail; 8] = [
    Detail { yaml: true, packets: true, tasks_in_full: true, graph: true, entries: 100 },
    Detail { yaml: true, packets: false, tasks_in_full: true, graph: true, entries: 100 },
    Detail { yaml: true, packets: false, tasks_in_full: false, graph: true, entries: 100 },
    Detail { yaml: false, packets: false, tasks_in_full: false, graph: true, entries: 100 },
    Detail { yaml: false, packets: false, tasks_in_full: false, graph: false, entries: 60 },
    Detail { yaml: false, packets: false, tasks_in_full: false, graph: false, entries: 20 },
    Detail { yaml: false, packets: false, tasks_in_full: false, graph: false, entries: 5 },
    Detail { yaml: false, packets: false, tasks_in_full: false, graph: false, entries: 0 },
];

/// The plan's comment: at most [`MAX_COMMENT_CHARS`] characters, starting with [`MARKER`].
pub fn comment(view: &PlanView<'_>) -> String {
    for detail in STEPS {
        let body = at_detail(view, detail);
        if body.encode_utf16().count() <= MAX_COMMENT_CHARS {
            return body;
        }
    }
    // Only what was not made by the planner gets here: dozens of gates or questions, each at its
    // longest.
    format!(
        "{MARKER}\n{}\n\nThis plan is too long for a comment. {}\n",
        heading(view),
        "`backend-team plan` prints all of it."
    )
}

fn heading(view: &PlanView<'_>) -> String {
    format!("## Plan: {}", decisions::state_line(view))
}

fn at_detail(view: &PlanView<'_>, detail: Detail) -> String {
    let blocks = [
        Some(format!("{MARKER}\n{}", heading(view))),
        decisions::outcome(view),
        Some(sections::goal(view)),
        Some(sections::overview(view)),
        decisions::decisions(view),
        tasks::tasks(view, detail),
        sections::assumptions(view, detail),
        sections::evidence(view, detail),
        sections::answered(view, detail),
        sections::requirements(view, detail),
        sections::files(view, detail),
        tasks::in_full(view, detail),
        sections::order(view, detail),
        sections::contract(view, detail),
        packets_folded(view, detail),
        yaml(view, detail),
        sections::problems(view, detail),
        cut_note(view, detail),
        Some(hint(view)),
    ];
    let mut body = blocks.into_iter().flatten().collect::<Vec<_>>().join("\n\n");
    body.push('\n');
    body
}

/// A folded part. `title` is ours: it is not escaped.
fn folded(title: &str, body: &str) -> String {
    format!("<details><summary>{title}</summary>\n\n{body}\n\n</details>")
}

/// A packet for each task that somebody else carries out.
fn packets_folded(view: &PlanView<'_>, detail: Detail) -> Option<String> {
    if !detail.packets || view.verbosity == Verbosity::Terse {
        return None;
    }
    let all: Vec<String> =
        packet::delegations(view).iter().map(DelegationPacket::to_markdown).collect();
    let title = format!("Delegation packets ({})", all.len());
    (!all.is_empty()).then(|| folded(&title, &all.join("\n\n")))
}

fn yaml(view: &PlanView<'_>, detail: Detail) -> Option<String> {
    if !detail.yaml || view.yaml.is_empty() {
        return None;
    }
    let block = fenced(view.yaml, "yaml");
    Some(folded("Canonical plan (YAML)", block.trim_end()))
}

fn cut_note(view: &PlanView<'_>, detail: Detail) -> Option<String> {
    let mut gone = Vec::new();
    if !detail.packets && view.verbosity != Verbosity::Terse {
        gone.push("the delegation packets");
    }
    if !detail.tasks_in_full && view.verbosity != Verbosity::Terse {
        gone.push("each task in full");
    }
    if !detail.graph {
        gone.push("the graph");
    }
    if !detail.yaml {
        gone.push("the canonical YAML");
    }
    if gone.is_empty() {
        return None;
    }
    Some(format!(
        "<sub>Left out because this comment would be too long: {}; `backend-team plan` prints \
         them.</sub>",
        gone.join(", ")
    ))
}

fn hint(view: &PlanView<'_>) -> String {
    let command = |rest: &str| code_span(&format!("/{} {rest}", view.prefix));
    format!(
        "<sub>This comment is edited in place; approvals count for plan {} only. Commands, at the \
         start of a line of a comment: {}, {}, {}, {}.</sub>",
        code_span(view.short_digest()),
        command("plan"),
        command("status"),
        command("pause"),
        command("help")
    )
}

#[cfg(test)]
#[path = "comment_tests.rs"]
mod tests;

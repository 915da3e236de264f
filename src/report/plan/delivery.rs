//! The draft pull request's text, and the changes as a comment where branches are not allowed.

use super::tasks::{joined, sentence};
use super::view::{PlanView, word};
use super::{MAX_CLAUSE, MAX_TEXT, folded};
use crate::domain::finding::Prose;
use crate::domain::ids::Number;
use crate::domain::plan::{Execution, FileAction, FileClass};
use crate::domain::publication::MAX_COMMENT_CHARS;
use crate::report::comment_sections::language;
use crate::report::markdown::{code_span, cut, fenced, prose};

/// A file as it was written.
#[derive(Debug, Clone, Copy)]
pub struct WrittenFile<'a> {
    pub path: &'a str,
    pub class: FileClass,
    pub action: FileAction,
    pub content: &'a str,
    /// The id of the task that wrote it.
    pub task: &'a str,
}

/// What was made of the plan.
#[derive(Debug, Clone, Default)]
pub struct Delivery<'a> {
    pub issue: Option<Number>,
    pub files: &'a [WrittenFile<'a>],
    /// What whoever merges must know or still do.
    pub notes: &'a [Prose],
    /// How one sees that it works.
    pub verification: &'a [Prose],
    /// Environment variables and steps that a deployment needs.
    pub setup: &'a [Prose],
    /// What the rules said about the branch: "no findings", or what was not checked.
    pub review: &'a str,
}

/// The text of the draft pull request, at most [`MAX_COMMENT_CHARS`] characters.
pub fn pull_body(view: &PlanView<'_>, delivery: &Delivery<'_>) -> String {
    for entries in [100, 30, 8, 0] {
        let body = body(view, delivery, entries);
        if body.encode_utf16().count() <= MAX_COMMENT_CHARS {
            return body;
        }
    }
    format!("**Goal:** {}\n", prose(&cut(&view.plan.goal, MAX_TEXT)))
}

fn body(view: &PlanView<'_>, delivery: &Delivery<'_>, entries: usize) -> String {
    let migrations = |file: &&WrittenFile<'_>| file.class == FileClass::Migration;
    let indexes = |file: &&WrittenFile<'_>| {
        file.class == FileClass::Migration && file.content.to_ascii_lowercase().contains("index ")
    };
    let others = |file: &&WrittenFile<'_>| file.class != FileClass::Migration;
    let blocks = [
        section("Summary", &summary(view, delivery)),
        section("Migrations", &files(delivery, entries, migrations)),
        section("Functions and contracts", &files(delivery, entries, others)),
        section("Indexes", &files(delivery, entries, indexes)),
        section("Setup", &list(delivery.setup, entries)),
        section("Notes", &notes(view, delivery, entries)),
    ];
    format!("{}\n", blocks.join("\n\n"))
}

fn section(title: &str, body: &str) -> String {
    let body = if body.trim().is_empty() { "None." } else { body.trim_end() };
    format!("## {title}\n\n{body}")
}

fn summary(view: &PlanView<'_>, delivery: &Delivery<'_>) -> String {
    let plan = view.plan;
    let mut agents: Vec<String> =
        plan.tasks.iter().map(|task| code_span(&cut(&task.agent, 60))).collect();
    agents.dedup();
    let issue = delivery.issue.map_or(String::new(), |number| format!(" For #{number}."));
    let review = match delivery.review {
        "" => String::new(),
        said => format!(" Reviewed by the team's own rules: {}.", prose(&cut(said, MAX_CLAUSE))),
    };
    format!(
        "{}{issue}\n\nPlan {}, risk {}, by {}.{review}",
        sentence(&prose(&cut(&plan.goal, MAX_TEXT))),
        code_span(view.short_digest()),
        word(plan.classification.risk),
        joined(&agents)
    )
}

fn files(
    delivery: &Delivery<'_>,
    entries: usize,
    wanted: impl Fn(&&WrittenFile<'_>) -> bool,
) -> String {
    let all: Vec<&WrittenFile<'_>> = delivery.files.iter().filter(|file| wanted(file)).collect();
    let mut lines: Vec<String> = all
        .iter()
        .take(entries)
        .map(|file| {
            let action = match file.action {
                FileAction::Add => "added",
                FileAction::Modify => "changed",
                FileAction::Remove => "removed",
            };
            format!(
                "- {} ({action}, {})",
                code_span(&cut(file.path, 160)),
                prose(&cut(file.task, 12))
            )
        })
        .collect();
    let hidden = all.len().saturating_sub(entries);
    if hidden > 0 {
        lines.push(format!("- and {hidden} more"));
    }
    lines.join("\n")
}

fn list(texts: &[Prose], entries: usize) -> String {
    let mut lines: Vec<String> = texts
        .iter()
        .take(entries)
        .map(|text| format!("- {}", prose(&cut(text, MAX_TEXT))))
        .collect();
    let hidden = texts.len().saturating_sub(entries);
    if hidden > 0 {
        lines.push(format!("- and {hidden} more"));
    }
    lines.join("\n")
}

fn notes(view: &PlanView<'_>, delivery: &Delivery<'_>, entries: usize) -> String {
    let plan = view.plan;
    let rollback: Vec<Prose> = plan
        .tasks
        .iter()
        .filter_map(|task| Some(format!("{}: {}", task.id, task.rollback.as_ref()?)))
        .collect();
    let mut open: Vec<Prose> = delivery.notes.to_vec();
    let delegated = plan.tasks.iter().filter(|task| task.execution == Execution::Delegated);
    open.extend(delegated.map(|task| format!("{} is not in this branch: {}", task.id, task.title)));
    let parts = [
        ("Verification", list(delivery.verification, entries)),
        ("Assumptions", list(&plan.assumptions, entries)),
        ("Rollback", list(&rollback, entries)),
        ("Open points", list(&open, entries)),
    ];
    let parts = parts.map(|(title, body)| {
        let body = if body.is_empty() { "None.".to_owned() } else { body };
        format!("### {title}\n\n{body}")
    });
    parts.join("\n\n")
}

/// What the comment with the changes starts with, so that it is found again.
pub const DIFF_MARKER: &str = "<!-- backend-team:plan-diff -->";

/// Room for the files in their comment, in units of UTF-16; the rest is for what stands around.
const MAX_FILES_SHOWN: usize = MAX_COMMENT_CHARS - 8_000;

/// Every file in a block of its own, where no branch could be written. `why` says why not. At most
/// [`MAX_COMMENT_CHARS`] characters: what does not fit is named.
pub fn changes_comment(view: &PlanView<'_>, files: &[WrittenFile<'_>], why: &str) -> String {
    let (mut blocks, mut left_out, mut used) = (Vec::new(), Vec::new(), 0);
    for file in files {
        let block = whole(file);
        let size = block.encode_utf16().count();
        if used + size > MAX_FILES_SHOWN {
            left_out.push(code_span(&cut(file.path, 160)));
            continue;
        }
        used += size;
        blocks.push(block);
    }
    if !left_out.is_empty() {
        let hidden = left_out.len().saturating_sub(20);
        left_out.truncate(20);
        let more = if hidden > 0 { format!(" and {hidden} more") } else { String::new() };
        blocks.push(format!("Too long to be shown here: {}{more}.", left_out.join(", ")));
    }
    let why = sentence(&prose(&cut(why, MAX_CLAUSE)));
    let mut said = vec![
        format!("{DIFF_MARKER}\n## Changes for plan {}", code_span(view.short_digest())),
        format!("No branch was written: {why} Each block is a whole file."),
    ];
    said.extend(blocks);
    said.join("\n\n") + "\n"
}

fn whole(file: &WrittenFile<'_>) -> String {
    let extension = file.path.rsplit_once('.').map(|(_, extension)| extension);
    let title = format!("{}, {}", heading(file), word(file.class));
    let code = fenced(file.content, language(extension));
    let path = code_span(&cut(file.path, 160));
    folded(&title, &format!("{path}\n\n{}", code.trim_end()))
}

/// Our own words only: a summary element is HTML, where a path would have to be escaped anew.
fn heading(file: &WrittenFile<'_>) -> &'static str {
    match file.action {
        FileAction::Add => "New file",
        FileAction::Modify => "Changed file",
        FileAction::Remove => "Removed file",
    }
}

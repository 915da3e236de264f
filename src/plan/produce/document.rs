//! A section of a document, from what the plan says and nothing else.

use super::ground::Overlay;
use super::names::words;
use super::{ProduceError, Produced};
use crate::domain::plan::{Artefact, Endpoint, Execution, Plan, SchemaChange, Task};

/// Longest heading, in characters.
const MAX_HEADING: usize = 80;

pub(super) fn produce(
    path: &str,
    topic: &str,
    plan: &Plan,
    overlay: &Overlay<'_>,
) -> Result<Produced, ProduceError> {
    let markdown = [".md", ".markdown", ".mdx"].iter().any(|ending| path.ends_with(ending));
    if !markdown {
        return Err(ProduceError::NotGenerated(format!("`{path}` is not Markdown")));
    }
    let before = overlay.text(path);
    if before.is_none() && overlay.has(path) {
        return Err(ProduceError::Unknown(format!("`{path}` could not be read")));
    }
    let heading = text(topic, MAX_HEADING);
    if heading.is_empty() {
        return Err(ProduceError::Unknown("the topic of the section is not named".to_owned()));
    }
    let level = level(before.as_deref().unwrap_or_default());
    if before.as_deref().is_some_and(|text| has_heading(text, &heading)) {
        return Err(ProduceError::Conflict(format!("`{path}` has a section of that name already")));
    }
    let section = format!("{} {heading}\n\n{}", "#".repeat(level), body(plan));
    let mut produced = Produced::default();
    match before {
        Some(before) => produced.modify(path, format!("{}\n\n{section}", before.trim_end()))?,
        None => produced.add(path, section)?,
    }
    produced.notes.push(format!(
        "the new section of `{path}` says what is planned; complete it when it is built"
    ));
    produced.verification.push(format!("`{path}` has the section"));
    Ok(produced)
}

/// Sections stand one below the title; a new file starts with its title.
fn level(text: &str) -> usize {
    if text.trim().is_empty() { 1 } else { 2 }
}

fn has_heading(text: &str, heading: &str) -> bool {
    let wanted = words(heading);
    text.lines().any(|line| line.starts_with('#') && words(line) == wanted)
}

fn body(plan: &Plan) -> String {
    let mut out = format!("{}\n", sentence(&text(&plan.goal, 400)));
    let endpoints: Vec<&Endpoint> = plan
        .tasks
        .iter()
        .flat_map(|task| match artefact(task) {
            Some(Artefact::ApiContract { endpoints, .. }) => endpoints.as_slice(),
            _ => &[],
        })
        .collect();
    if !endpoints.is_empty() {
        out.push_str("\nOperations:\n\n");
        for endpoint in endpoints.iter().take(20) {
            out.push_str(&format!(
                "- `{}`\n",
                code(&format!("{} {}", endpoint.method, endpoint.path))
            ));
        }
    }
    let changes: Vec<String> = plan
        .tasks
        .iter()
        .flat_map(|task| match artefact(task) {
            Some(Artefact::Migration { changes }) => changes.as_slice(),
            _ => &[],
        })
        .filter_map(said)
        .collect();
    if !changes.is_empty() {
        out.push_str("\nData:\n\n");
        changes.iter().take(20).for_each(|line| out.push_str(&format!("- {line}\n")));
    }
    out
}

fn artefact(task: &Task) -> Option<&Artefact> {
    match &task.execution {
        Execution::Generated { artefact } => Some(artefact),
        _ => None,
    }
}

fn said(change: &SchemaChange) -> Option<String> {
    match change {
        SchemaChange::CreateTable { table, columns } => {
            let columns: Vec<String> =
                columns.iter().map(|column| format!("`{}`", code(&column.name))).collect();
            Some(format!("table `{}`: {}", code(table), columns.join(", ")))
        }
        SchemaChange::AddColumn { table, column } => {
            Some(format!("column `{}.{}`", code(table), code(&column.name)))
        }
        _ => None,
    }
}

fn sentence(text: &str) -> String {
    if text.ends_with(['.', '!', '?']) { text.to_owned() } else { format!("{text}.") }
}

fn code(text: &str) -> String {
    text.chars().filter(|c| *c != '`' && !c.is_control()).take(120).collect()
}

/// Words of the issue as plain text: nothing in it is Markdown, HTML or a reference any more.
pub(in crate::plan) fn text(text: &str, limit: usize) -> String {
    let mut out = String::new();
    for c in text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(limit) {
        match c {
            '`'
            | '\u{200B}'..='\u{200F}'
            | '\u{202A}'..='\u{202E}'
            | '\u{2066}'..='\u{2069}'
            | '\u{FEFF}' => {}
            _ if c.is_control() => {}
            '\\' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '~' | '&' | '!' => {
                out.push('\\');
                out.push(c);
            }
            // Neither a mention nor an address.
            '@' => out.push_str("(at)"),
            _ => out.push(c),
        }
    }
    out.trim().replace("://", ":")
}

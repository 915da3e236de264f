//! How members work together: collaboration patterns and "must involve" tables.

use super::display::{clean, fold};
use super::document::{Block, Item, Row, Section, Table};
use super::fields::{Field, field_of};
use super::roster::end_of;
use crate::domain::diff::LineRange;
use crate::domain::instructions::SourceRef;
use crate::domain::path::RepoPath;
use crate::domain::team::{CollaborationPattern, MandatoryInvolvement, PatternStep};

const MAX_PATTERNS: usize = 100;
const MAX_STEPS: usize = 100;

const CONDITIONS: &[&str] = &[
    "if needed",
    "if required",
    "if applicable",
    "if necessary",
    "when needed",
    "when required",
    "as needed",
    "where needed",
    "optional",
    "optionally",
    "possibly",
    "may involve",
    "se necessário",
    "se preciso",
    "si es necesario",
];

/// Whether a step happens only under a condition.
fn is_conditional(text: &str) -> bool {
    let folded = format!(" {} ", fold(text));
    CONDITIONS.iter().any(|condition| folded.contains(&format!(" {condition} ")))
}

fn source(path: &RepoPath, line: u32) -> Option<SourceRef> {
    Some(SourceRef { path: path.clone(), lines: LineRange::line(line) })
}

/// The patterns of all sections whose heading announces patterns.
pub fn patterns(sections: &[Section], path: &RepoPath) -> Vec<CollaborationPattern> {
    let mut found = Vec::new();
    let mut index = 0;
    while let Some(section) = sections.get(index) {
        if field_of(section.title_without_number()) != Some(Field::Patterns) {
            index += 1;
            continue;
        }
        let end = end_of(sections, index);
        let (own, below) = (section, sections.get(index + 1..end).unwrap_or_default());
        for block in &own.blocks {
            from_block(block, path, &mut found);
        }
        for child in below {
            let steps = child.blocks.iter().flat_map(steps_of).take(MAX_STEPS).collect();
            let name = child.title_without_number();
            add(&mut found, path, name, child.lines.start(), steps);
        }
        index = end;
    }
    found
}

fn add(
    found: &mut Vec<CollaborationPattern>,
    path: &RepoPath,
    name: &str,
    line: u32,
    steps: Vec<PatternStep>,
) {
    let name = clean(name.trim().trim_end_matches(':'));
    if !name.is_empty() && !steps.is_empty() && found.len() < MAX_PATTERNS {
        found.push(CollaborationPattern { name, steps, source: source(path, line) });
    }
}

fn from_block(block: &Block, path: &RepoPath, found: &mut Vec<CollaborationPattern>) {
    match block {
        Block::List(items) => {
            for item in items {
                let (name, rest) = name_and_rest(&item.row);
                let steps = if item.children.is_empty() {
                    chain(&rest)
                } else {
                    item.children.iter().filter_map(step_of).take(MAX_STEPS).collect()
                };
                add(found, path, &name, item.row.line, steps);
            }
        }
        Block::Code { text, lines } => flows(text, lines.start(), path, found),
        Block::Paragraph(paragraph) => {
            for row in &paragraph.rows {
                let (name, rest) = name_and_rest(row);
                add(found, path, &name, row.line, chain(&rest));
            }
        }
        Block::Table(_) => {}
    }
}

fn name_and_rest(row: &Row) -> (String, String) {
    let named = if row.lead_is_code { None } else { row.named() };
    named.or_else(|| row.key_value()).unwrap_or_else(|| (row.text.clone(), String::new()))
}

fn steps_of(block: &Block) -> Vec<PatternStep> {
    match block {
        Block::List(items) => items.iter().filter_map(step_of).collect(),
        Block::Paragraph(paragraph) => {
            paragraph.rows.iter().flat_map(|row| chain(&row.text)).collect()
        }
        Block::Code { text, .. } => text.lines().flat_map(chain).collect(),
        Block::Table(_) => Vec::new(),
    }
}

fn step_of(item: &Item) -> Option<PatternStep> {
    let (agent, task) = item.row.named().or_else(|| item.row.key_value())?;
    let sound = !agent.is_empty() && agent.chars().count() <= 60;
    sound.then(|| PatternStep { agent, conditional: is_conditional(&task), task })
}

/// `a → b → (possibly c)` as steps without tasks. Fewer than two parts are not a chain.
fn chain(text: &str) -> Vec<PatternStep> {
    let text = text.replace("->", "→");
    if !text.contains('→') {
        return Vec::new();
    }
    let steps = text.split('→').take(MAX_STEPS).filter_map(|part| {
        let part = clean(part.trim());
        let bare = part.trim_start_matches('(').trim_end_matches(')').trim();
        let sound = !bare.is_empty() && bare.chars().count() <= 120;
        let agent = ["optionally ", "possibly "]
            .iter()
            .find_map(|word| bare.strip_prefix(word))
            .unwrap_or(bare);
        sound.then(|| PatternStep {
            agent: agent.to_owned(),
            task: String::new(),
            conditional: is_conditional(bare),
        })
    });
    steps.collect()
}

/// `Name:` lines, each followed by a chain.
fn flows(text: &str, first: u32, path: &RepoPath, found: &mut Vec<CollaborationPattern>) {
    let mut name: Option<(&str, u32)> = None;
    for (index, line) in text.lines().enumerate() {
        // The fence itself is the block's first line.
        let number = first.saturating_add(u32::try_from(index + 1).unwrap_or(u32::MAX));
        let trimmed = line.trim();
        if let Some(title) = trimmed.strip_suffix(':') {
            name = Some((title, number));
        } else if let Some((title, line)) = name {
            let steps = chain(trimmed);
            if !steps.is_empty() {
                add(found, path, title, line, steps);
                name = None;
            }
        }
    }
}

/// The rows of tables with a column that says who must be involved.
pub fn mandatory(sections: &[Section], path: &RepoPath) -> Vec<MandatoryInvolvement> {
    let tables = sections.iter().flat_map(|section| &section.blocks).filter_map(|block| {
        let Block::Table(table) = block else { return None };
        Some((table, involve_column(table)?))
    });
    let rows = tables.flat_map(|(table, column)| table.rows.iter().map(move |row| (row, column)));
    rows.filter_map(|(row, column)| {
        let text = |index: usize| {
            row.cells.get(index).map(|cell| clean(&cell.text)).filter(|text| !text.is_empty())
        };
        Some(MandatoryInvolvement {
            trigger: text(0)?,
            involve: text(column)?,
            source: source(path, row.line),
        })
    })
    .take(MAX_STEPS)
    .collect()
}

fn involve_column(table: &Table) -> Option<usize> {
    let position = table.header.iter().position(|cell| {
        matches!(
            fold(cell).as_str(),
            "must involve"
                | "must include"
                | "must consult"
                | "required reviewer"
                | "required reviewers"
                | "mandatory reviewer"
                | "mandatory reviewers"
                | "mandatory involvement"
                | "deve envolver"
                | "debe involucrar"
        )
    })?;
    (position > 0).then_some(position)
}

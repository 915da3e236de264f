//! Finding the agents that a document introduces: by headings, by tables, by lists.

use super::display::{clean, fold};
use super::document::{Block, Item, Section, Table};
use super::fields::{Field, field_of};
use super::lanes;

/// More agents than this in one document are not kept.
const MAX_AGENTS: usize = 200;

/// An agent introduced by a heading, with the sections that describe it.
pub struct HeadingAgent {
    pub name: String,
    pub sections: std::ops::Range<usize>,
}

/// An agent introduced by a row of a table or an item of a list.
pub struct RowAgent {
    pub name: String,
    pub line: u32,
    pub values: Vec<(Field, String)>,
}

const ROLE_WORDS: &[&str] = &[
    "agent",
    "agente",
    "analyst",
    "analista",
    "architect",
    "arquiteto",
    "engineer",
    "engenheiro",
    "especialista",
    "expert",
    "gatekeeper",
    "guardian",
    "implementer",
    "ingeniero",
    "lead",
    "orchestrator",
    "reviewer",
    "revisor",
    "specialist",
    "steward",
    "tester",
];

const GROUP_WORDS: &[&str] =
    &["agent", "agents", "agentes", "equipe", "equipo", "roles", "roster", "squad", "team", "time"];

/// The end of the section tree that starts at `index`.
pub fn end_of(sections: &[Section], index: usize) -> usize {
    let Some(own) = sections.get(index) else { return index };
    let below = sections.get(index + 1..).unwrap_or_default();
    let count = below.iter().take_while(|section| section.level > own.level).count();
    index + 1 + count
}

/// Agents by heading. With `strict` (files that describe one agent already), a heading needs a
/// code span or a parent that speaks of agents.
pub fn by_heading(sections: &[Section], strict: bool) -> Vec<HeadingAgent> {
    let mut found = Vec::new();
    let mut ancestors: Vec<(u8, bool)> = Vec::new();
    let mut index = 0;
    while let Some(section) = sections.get(index) {
        while ancestors.last().is_some_and(|(level, _)| *level >= section.level) {
            ancestors.pop();
        }
        let grouped = ancestors.iter().any(|(level, groups)| *groups && *level > 1);
        let end = end_of(sections, index);
        if found.len() < MAX_AGENTS
            && section.level >= 2
            && introduces_agent(sections, index..end, grouped, strict)
        {
            found.push(HeadingAgent { name: name_of(section), sections: index..end });
            index = end;
            continue;
        }
        ancestors.push((section.level, speaks_of_agents(section)));
        index += 1;
    }
    found
}

fn introduces_agent(
    sections: &[Section],
    range: std::ops::Range<usize>,
    grouped: bool,
    strict: bool,
) -> bool {
    let Some(section) = sections.get(range.start) else { return false };
    if field_of(section.title_without_number()).is_some() {
        return false;
    }
    let slug = section.code.as_deref().is_some_and(is_slug);
    let words = fold(section.title_without_number());
    let role = words.split(' ').any(|word| ROLE_WORDS.contains(&word));
    let evidence = slug || grouped || (!strict && (role || section.is_numbered()));
    let fields = core_fields(sections, range);
    !fields.is_empty() && (evidence || (!strict && fields.len() >= 2))
}

/// The core fields that the section's own blocks and its direct sub-headings name.
fn core_fields(sections: &[Section], range: std::ops::Range<usize>) -> Vec<Field> {
    let mut fields = Vec::new();
    let Some((section, below)) = sections.get(range).and_then(<[Section]>::split_first) else {
        return fields;
    };
    for block in &section.blocks {
        match block {
            Block::List(items) => fields.extend(items.iter().filter_map(|item| {
                let (key, value) = item.row.key_value()?;
                let sound = item.row.is_bold() || value.is_empty();
                field_of(&key).filter(|_| sound)
            })),
            Block::Paragraph(paragraph) => {
                fields.extend(paragraph.rows.iter().filter_map(|row| {
                    let (key, value) = row.key_value()?;
                    field_of(&key).filter(|_| row.is_bold() || value.is_empty())
                }));
            }
            Block::Table(_) | Block::Code { .. } => {}
        }
    }
    let direct = below.iter().map(|section| section.level).min();
    let children = below.iter().filter(|section| Some(section.level) == direct);
    fields.extend(children.filter_map(|section| field_of(section.title_without_number())));
    fields.retain(|field| field.is_core());
    fields.sort_unstable();
    fields.dedup();
    fields
}

pub fn speaks_of_agents(section: &Section) -> bool {
    section.folded_title().split(' ').any(|word| GROUP_WORDS.contains(&word))
}

fn is_slug(text: &str) -> bool {
    let sound = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '/' | ':');
    !text.is_empty() && text.chars().all(sound)
}

/// The agent's name in a heading: without numbering, `Agent:` and a file name in brackets.
pub fn name_of(section: &Section) -> String {
    if let Some(code) = &section.code {
        return code.clone();
    }
    let title = section.title_without_number();
    let title = match title.split_once(':') {
        Some((word, rest)) if matches!(fold(word).as_str(), "agent" | "agente") => rest,
        _ => title,
    };
    clean(without_file_name(title).0)
}

/// `Name (file.md)` as `Name` and `file.md`.
pub fn without_file_name(title: &str) -> (&str, Option<&str>) {
    let split = title.trim().strip_suffix(')').and_then(|rest| rest.rsplit_once(" ("));
    match split {
        Some((name, inside)) if !inside.contains(' ') && inside.contains(['.', '-']) => {
            (name, Some(inside))
        }
        _ => (title.trim(), None),
    }
}

/// Agents in tables with a column of agents and a column that says something about them.
pub fn by_table(sections: &[Section]) -> Vec<RowAgent> {
    let mut found = Vec::new();
    let mut grouped_below: Option<u8> = None;
    for section in sections {
        if grouped_below.is_some_and(|level| section.level <= level) {
            grouped_below = None;
        }
        if grouped_below.is_none() && section.level > 1 && speaks_of_agents(section) {
            grouped_below = Some(section.level);
        }
        for block in &section.blocks {
            if let Block::Table(table) = block {
                found.extend(table_agents(table, grouped_below.is_some()));
            }
        }
    }
    found.truncate(MAX_AGENTS);
    found
}

fn table_agents(table: &Table, grouped: bool) -> Vec<RowAgent> {
    let columns: Vec<String> = table.header.iter().map(|cell| fold(cell)).collect();
    let Some(name_column) = columns.iter().position(|column| names_agents(column, grouped)) else {
        return Vec::new();
    };
    let meanings: Vec<Option<Field>> = columns
        .iter()
        .enumerate()
        .map(|(index, column)| column_field(column).filter(|_| index != name_column))
        .collect();
    if meanings.iter().flatten().count() == 0 {
        return Vec::new();
    }
    let rows = table.rows.iter().filter_map(|row| {
        let cell = row.cells.get(name_column)?;
        let name = cell.lead.clone().unwrap_or_else(|| cell.text.clone());
        let name = clean(name.trim().trim_start_matches('@'));
        let sound = !name.is_empty() && name.chars().count() <= 60;
        let values = meanings.iter().zip(&row.cells).filter_map(|(field, cell)| {
            let text = clean(&cell.text);
            (!text.is_empty()).then_some(((*field)?, text))
        });
        sound.then(|| RowAgent { name, line: row.line, values: values.collect() })
    });
    rows.collect()
}

fn names_agents(column: &str, grouped: bool) -> bool {
    match column {
        "agent" | "agents" | "agent name" | "subagent" | "sub agent" | "agente" | "agentes"
        | "specialist" | "team member" => true,
        "name" | "role" | "member" | "nome" | "nombre" | "papel" => grouped,
        _ => false,
    }
}

fn column_field(column: &str) -> Option<Field> {
    match column {
        "area" | "expertise" | "focus" | "specialty" | "área" | "foco" => Some(Field::Role),
        "responsibility" | "scope" => Some(Field::Responsibilities),
        "trigger" | "when" => Some(Field::UseWhen),
        "output" => Some(Field::Produces),
        other => field_of(other).filter(|field| *field != Field::Name),
    }
}

/// Agents in lists (`- **name**: what it does`) below a heading that speaks of agents. Names must
/// read like roles: such headings also hold advice.
pub fn by_list(sections: &[Section]) -> Vec<RowAgent> {
    let mut found = Vec::new();
    for section in sections.iter().filter(|section| speaks_of_agents(section)) {
        for block in &section.blocks {
            let Block::List(items) = block else { continue };
            let agents: Vec<RowAgent> = items.iter().filter_map(list_agent).collect();
            if agents.len() >= 2 && agents.len() == items.len() {
                found.extend(agents);
            }
        }
    }
    found.truncate(MAX_AGENTS);
    found
}

fn list_agent(item: &Item) -> Option<RowAgent> {
    let (name, rest) = item.row.named()?;
    let words = fold(&name);
    let role = words.split(' ').any(|word| ROLE_WORDS.contains(&word));
    let sound = name.chars().count() <= 60
        && !name.contains('.')
        && field_of(&name).is_none()
        && !rest.is_empty()
        && (role || lanes::from_name(&name).is_some());
    sound.then(|| RowAgent { name, line: item.row.line, values: vec![(Field::Description, rest)] })
}

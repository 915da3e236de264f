//! Taking statements about one agent out of the blocks that describe it.

use super::display::{clean, fold};
use super::document::{Block, Item, Paragraph, Table};
use super::fields::{Field, field_of};
use super::tools;
use crate::domain::diff::LineRange;
use crate::domain::instructions::{Problem, ProblemLevel, SourceRef};
use crate::domain::path::RepoPath;
use crate::domain::team::{Member, Sourced};

/// More statements of one kind than this are not kept.
const MAX_STATEMENTS: usize = 500;

/// Fills one member from blocks of one file.
pub struct Harvest<'a> {
    pub path: &'a RepoPath,
    pub member: &'a mut Member,
    pub problems: &'a mut Vec<Problem>,
    pub aliases: &'a mut Vec<Sourced<String>>,
}

impl Harvest<'_> {
    /// Reads `blocks`, which stand below a heading that names `context`.
    pub fn blocks(&mut self, blocks: &[Block], context: Option<Field>) {
        let mut pending = None;
        for block in blocks {
            match block {
                Block::Paragraph(paragraph) => pending = self.paragraph(paragraph, context),
                Block::List(items) => self.list(items, pending.take().or(context)),
                Block::Table(table) => self.table(table, context),
                Block::Code { .. } => {}
            }
        }
    }

    /// Returns the field that the paragraph's last line announces (`Responsible for:`).
    fn paragraph(&mut self, paragraph: &Paragraph, context: Option<Field>) -> Option<Field> {
        let mut announced = None;
        let mut prose: Vec<&str> = Vec::new();
        let mut first_line = None;
        for row in &paragraph.rows {
            announced = None;
            if let Some((name, value)) = parameter(&row.text) {
                self.fact(name, &value);
                continue;
            }
            if let Some((key, value)) = row.key_value()
                && let Some(field) = field_of(&key)
                && (row.is_bold() || value.is_empty())
            {
                if value.is_empty() {
                    announced = Some(field);
                } else {
                    self.value(field, &value, row.line);
                }
                continue;
            }
            if let Some((key, value)) = row.key_value().filter(|_| row.lead.is_some())
                && context.is_none()
                && !value.is_empty()
            {
                self.fact(&fold(&key).replace(' ', "-"), &value);
                continue;
            }
            first_line.get_or_insert(row.line);
            prose.push(&row.text);
        }
        if let (Some(line), Some(field)) = (first_line, context) {
            let text = clean(&prose.join(" "));
            if !field.is_list() || (field == Field::Responsibilities && !text.ends_with(':')) {
                self.single_text(field, &text, line);
            }
        }
        announced
    }

    /// Prose below a heading: a role, a mission, or responsibilities told as one sentence.
    fn single_text(&mut self, field: Field, text: &str, line: u32) {
        match field {
            Field::Responsibilities => self.push(field, text, line),
            Field::Role | Field::Description => {
                if self.member.description.is_none() {
                    self.member.description = Some(text.to_owned());
                }
                if field == Field::Role && self.member.role.is_none() {
                    self.member.role = Some(first_sentence(text).to_owned());
                }
            }
            _ => {}
        }
    }

    fn list(&mut self, items: &[Item], context: Option<Field>) {
        if context == Some(Field::RequiredInputs) {
            self.note_numbering_gap(items);
        }
        for item in items {
            let own = item.row.key_value().and_then(|(key, value)| {
                // Plain words before a colon are prose more often than a key.
                let announces = value.is_empty() && context.is_none();
                let field = field_of(&key).filter(|_| item.row.is_bold() || announces)?;
                Some((field, value))
            });
            match (own, context) {
                (Some((field, value)), _) => {
                    if !value.is_empty() {
                        self.value(field, &value, item.row.line);
                    }
                    self.statements(field, &item.children, "");
                }
                (None, Some(field)) => self.statements(field, std::slice::from_ref(item), ""),
                (None, None) => self.list(&item.children, None),
            }
        }
    }

    /// Every leaf is a statement; what stands above it and ends with a colon is put before it.
    fn statements(&mut self, field: Field, items: &[Item], above: &str) {
        // "Your Role" with a list below it lists responsibilities.
        let field = match field {
            Field::Role | Field::Description => Field::Responsibilities,
            other => other,
        };
        for item in items {
            if field == Field::Tools {
                self.tools_of(item);
                continue;
            }
            let text = if above.is_empty() {
                item.text().to_owned()
            } else {
                format!("{above} {}", item.text())
            };
            let leads = !item.children.is_empty() && item.text().ends_with(':');
            if !leads {
                let value = match field {
                    Field::RequiredInputs => {
                        item.row.named().map_or_else(|| text.clone(), |(name, _)| name)
                    }
                    _ => text.clone(),
                };
                self.push(field, &value, item.row.line);
            }
            let above = if leads { text.as_str() } else { "" };
            self.statements(field, &item.children, above);
        }
    }

    fn tools_of(&mut self, item: &Item) {
        let known = self.member.tools.get_or_insert_default();
        let named: Vec<&str> = item.row.codes.iter().map(String::as_str).collect();
        for name in named {
            if let Some(tool) = tools::tool(name)
                && known.len() < MAX_STATEMENTS
                && !known.contains(&tool)
            {
                known.push(tool);
            }
        }
    }

    /// A value on the key's own line.
    fn value(&mut self, field: Field, value: &str, line: u32) {
        match field {
            Field::Name => {}
            Field::Role => keep_first(&mut self.member.role, value),
            Field::Description => keep_first(&mut self.member.description, value),
            Field::Model => keep_first(&mut self.member.model_hint, value),
            Field::Version => keep_first(&mut self.member.version, value),
            Field::Alias => self.alias(value, line),
            Field::Fact(name) => self.fact(name, value),
            Field::Tools => {
                let list = tools::from_value(&serde_json::Value::String(clean(value)));
                self.member.tools = self.member.tools.take().or(list.allowed);
            }
            Field::RequiredInputs | Field::Produces | Field::Responsibilities => {
                for part in enumeration(value) {
                    self.push(field, part, line);
                }
            }
            Field::Patterns => {}
            Field::UseWhen
            | Field::Checklist
            | Field::GroundRules
            | Field::Collaboration
            | Field::Forbidden => self.push(field, value, line),
        }
    }

    fn alias(&mut self, value: &str, line: u32) {
        for alias in value.split(',').map(clean).filter(|alias| !alias.is_empty()) {
            self.aliases.push(Sourced { value: alias, source: Some(self.source(line)) });
        }
    }

    fn fact(&mut self, name: &str, value: &str) {
        if self.member.facts.len() < MAX_STATEMENTS {
            self.member.facts.push((clean(name), clean(value)));
        }
    }

    /// A checklist or inputs table: its first column.
    fn table(&mut self, table: &Table, context: Option<Field>) {
        let Some(field) = context.filter(|field| field.is_list() && *field != Field::Tools) else {
            return;
        };
        for row in &table.rows {
            if let Some(cell) = row.cells.first().filter(|cell| !cell.text.trim().is_empty()) {
                self.push(field, &clean(&cell.text), row.line);
            }
        }
    }

    fn push(&mut self, field: Field, value: &str, line: u32) {
        let value = clean(value);
        if value.is_empty() {
            return;
        }
        let source = Some(self.source(line));
        let list = match field {
            Field::Responsibilities => &mut self.member.responsibilities,
            Field::UseWhen => &mut self.member.use_when,
            Field::Checklist => &mut self.member.checklist,
            Field::GroundRules => &mut self.member.ground_rules,
            Field::Collaboration => &mut self.member.collaboration,
            Field::Produces => &mut self.member.produces,
            Field::Forbidden => &mut self.member.forbidden,
            Field::RequiredInputs => &mut self.member.required_inputs,
            Field::Fact(name) => return self.fact(name, &value),
            Field::Alias => return self.alias(&value, line),
            _ => return,
        };
        let repeated = field == Field::RequiredInputs && list.iter().any(|k| k.value == value);
        if list.len() < MAX_STATEMENTS && !repeated {
            list.push(Sourced { value, source });
        }
    }

    /// Lists that start at 2 or skip a number have usually lost an item.
    fn note_numbering_gap(&mut self, items: &[Item]) {
        let Some(first) = items.first() else { return };
        if let Some(number) = first.number.filter(|number| *number > 1) {
            self.problems.push(Problem {
                level: ProblemLevel::Note,
                path: self.path.clone(),
                line: Some(first.row.line),
                message: format!(
                    "the list of required inputs starts at {number}; what stood before it, if \
                     anything did, is missing"
                ),
            });
        }
    }

    fn source(&self, line: u32) -> SourceRef {
        SourceRef { path: self.path.clone(), lines: LineRange::line(line) }
    }
}

fn keep_first(slot: &mut Option<String>, value: &str) {
    if slot.is_none() {
        *slot = Some(clean(value));
    }
}

/// `[NAME]: a | b`, the parameter blocks of prompt files.
fn parameter(text: &str) -> Option<(&str, String)> {
    let (name, values) = text.trim().strip_prefix('[')?.split_once("]:")?;
    let sound = !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
    sound.then(|| (name, clean(values)))
}

/// `a, b, c` as its parts; a sentence stays whole.
fn enumeration(value: &str) -> Vec<&str> {
    let value = value.trim();
    if value.contains(". ") {
        return vec![value];
    }
    let separator = if value.contains(';') { ';' } else { ',' };
    let parts = value.trim_end_matches('.').split(separator).map(str::trim);
    parts.filter(|part| !part.is_empty()).collect()
}

pub fn first_sentence(text: &str) -> &str {
    text.split_inclusive(". ").next().unwrap_or(text).trim_end()
}

//! Values that the migrations of a change take out of an enum type, an `ENUM` column or a list in
//! a `CHECK`.

use std::sync::LazyLock;

use regex::Regex;

use crate::domain::change::{Change, FileChange};
use crate::domain::diff::LineRange;
use crate::rules::RuleContext;
use crate::rules::cross::places::{camel_case, pascal_case, singular};
use crate::rules::migrations::{
    ActionKind, Kind, Migration, Schema, Statement, Table, discover, forward_statements, names,
};

/// A value that goes away.
pub struct Gone<'a> {
    pub file: &'a FileChange,
    pub lines: LineRange,
    pub value: String,
    pub renamed_to: Option<String>,
    /// The enum type; `None` for a list of values that belongs to a column.
    pub type_name: Option<String>,
    /// Tables and columns that hold it.
    pub columns: Vec<(String, String)>,
    /// Case tells no values apart.
    pub any_case: bool,
}

/// The words that code would name what the change narrows by; empty if it narrows nothing.
pub fn words(change: &Change) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for file in change.files.iter().filter(|file| discover::is_forward(file)) {
        let Some(text) = file.head_text() else { continue };
        let lower = text.as_str().to_ascii_lowercase();
        if !["enum", "check", "rename value", "_type"].iter().any(|word| lower.contains(word)) {
            continue;
        }
        for statement in forward_statements(&file.path, text.as_str()) {
            let lines = text.lines_of(statement.bytes.start, statement.bytes.end);
            if file.adds_any(lines) {
                narrowed(&statement, &mut words);
            }
        }
    }
    words.sort();
    words.dedup();
    words
}

fn narrowed(statement: &Statement, words: &mut Vec<String>) {
    match &statement.kind {
        Kind::RenameEnumValue { type_name, from, .. } => {
            words.extend(forms(type_name));
            words.push(from.clone());
        }
        // A type that takes the place of another.
        Kind::RenameObject { what: "type", from, to } => {
            words.extend(forms(from));
            words.extend(forms(to));
        }
        Kind::AlterTable { table, actions } => {
            let lists = actions.iter().any(|action| match &action.kind {
                ActionKind::SetType { type_text, .. } => !is_plain(type_text),
                ActionKind::RedefineColumn { column, .. } => column.type_text.starts_with("enum"),
                ActionKind::AddConstraint(it) => {
                    it.expression.as_deref().is_some_and(|text| list(text).is_some())
                }
                _ => false,
            });
            if lists {
                words.extend(forms(names::without_schema(table)));
                words.extend(forms(&singular(names::without_schema(table))));
            }
        }
        _ => {}
    }
}

/// Whether a type is one that every database has.
fn is_plain(type_text: &str) -> bool {
    let first = type_text.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    matches!(
        first,
        "int"
            | "integer"
            | "bigint"
            | "smallint"
            | "text"
            | "varchar"
            | "char"
            | "character"
            | "timestamp"
            | "timestamptz"
            | "date"
            | "numeric"
            | "decimal"
            | "boolean"
            | "bool"
            | "uuid"
            | "json"
            | "jsonb"
            | "double"
            | "real"
            | "float"
            | "bytea"
            | "tinyint"
            | "datetime"
            | "int8"
            | "int4"
    )
}

/// A name as code writes it.
pub fn forms(name: &str) -> Vec<String> {
    let name = names::without_schema(name);
    let mut forms = vec![name.to_owned(), camel_case(name), pascal_case(name)];
    forms.sort();
    forms.dedup();
    forms
}

/// The values that go, with the places that take them away.
pub fn values<'a>(context: &RuleContext<'a>) -> Vec<Gone<'a>> {
    let mut found: Vec<Gone<'a>> = Vec::new();
    for migration in Migration::all(context) {
        if migration.is_repeatable() {
            continue;
        }
        let Some(timeline) = migration.timeline() else { continue };
        let (base, end) = (&timeline.base, &timeline.end);
        for (index, statement) in migration.script.statements.iter().enumerate() {
            let text = migration.file.head_text();
            let lines = text.map(|text| text.lines_of(statement.bytes.start, statement.bytes.end));
            let Some(lines) = lines.filter(|lines| migration.file.adds_any(*lines)) else {
                continue;
            };
            let taken = match &statement.kind {
                Kind::RenameEnumValue { type_name, from, to } => renamed(end, type_name, from, to),
                Kind::CreateEnum { name, .. } => {
                    let later = migration.script.statements.get(index + 1..).unwrap_or_default();
                    recreated(base, end, &final_name(name, later))
                }
                Kind::AlterTable { table, actions } => actions
                    .iter()
                    .flat_map(|action| in_table(base, end, table, &action.kind))
                    .collect(),
                _ => Vec::new(),
            };
            for each in taken {
                let known = found.iter().any(|it| {
                    it.value == each.value
                        && it.type_name == each.type_name
                        && it.columns == each.columns
                });
                if !known {
                    found.push(Gone { file: migration.file, lines, ..each.of(migration.file) });
                }
            }
        }
    }
    found
}

/// A value that goes, without its place.
struct Taken {
    value: String,
    renamed_to: Option<String>,
    type_name: Option<String>,
    columns: Vec<(String, String)>,
    any_case: bool,
}

impl Taken {
    fn of(self, file: &FileChange) -> Gone<'_> {
        let Self { value, renamed_to, type_name, columns, any_case } = self;
        let lines = LineRange::line(1);
        Gone { file, lines, value, renamed_to, type_name, columns, any_case }
    }
}

/// The name that a type has after the statements.
fn final_name(name: &str, later: &[Statement]) -> String {
    later.iter().fold(name.to_owned(), |name, statement| match &statement.kind {
        Kind::RenameObject { what: "type", from, to } if *from == name => to.clone(),
        _ => name,
    })
}

fn renamed(end: &Schema, type_name: &str, from: &str, to: &str) -> Vec<Taken> {
    // Renamed back, or added anew, by another statement.
    if end.enum_values(type_name).is_some_and(|values| values.iter().any(|value| value == from)) {
        return Vec::new();
    }
    vec![Taken {
        value: from.to_owned(),
        renamed_to: Some(to.to_owned()),
        type_name: Some(type_name.to_owned()),
        columns: columns_of(end, type_name),
        any_case: false,
    }]
}

/// A type that is made anew with fewer values.
fn recreated(base: &Schema, end: &Schema, name: &str) -> Vec<Taken> {
    let (Some(before), Some(after)) = (base.enum_values(name), end.enum_values(name)) else {
        return Vec::new();
    };
    let gone = before.iter().filter(|value| !after.contains(value));
    gone.map(|value| Taken {
        value: value.clone(),
        renamed_to: None,
        type_name: Some(name.to_owned()),
        columns: columns_of(end, name),
        any_case: false,
    })
    .collect()
}

fn columns_of(schema: &Schema, type_name: &str) -> Vec<(String, String)> {
    let own = names::without_schema(type_name);
    let is_own = |text: &str| {
        let text = text.trim_end_matches("[]").replace('"', "");
        names::without_schema(&text).eq_ignore_ascii_case(own)
    };
    let columns = schema
        .tables()
        .flat_map(|table| table.columns.iter().map(move |column| (table.name.clone(), column)));
    columns
        .filter(|(_, column)| is_own(&column.type_text))
        .map(|(table, column)| (names::without_schema(&table).to_owned(), column.name.clone()))
        .collect()
}

fn in_table(base: &Schema, end: &Schema, table: &str, action: &ActionKind) -> Vec<Taken> {
    let (before, after) = (base.table(table), end.table(table));
    let (Some(before), Some(after)) = (before.table(), after.table()) else { return Vec::new() };
    match action {
        ActionKind::RedefineColumn { from, column } if *from == column.name => {
            let old = before.column(&column.name).map(|column| column.type_text.as_str());
            let new = after.column(&column.name).map(|column| column.type_text.as_str());
            let (Some(old), Some(new)) = (old.and_then(listed), new.and_then(listed)) else {
                return Vec::new();
            };
            lost(table, &column.name, old, &new, true)
        }
        ActionKind::AddConstraint(constraint) => {
            let Some((column, _)) = constraint.expression.as_deref().and_then(list) else {
                return Vec::new();
            };
            match (allowed(before, &column), allowed(after, &column)) {
                (Some(old), Some(new)) => lost(table, &column, old, &new, false),
                _ => Vec::new(),
            }
        }
        _ => Vec::new(),
    }
}

fn lost(table: &str, column: &str, old: Vec<String>, new: &[String], any_case: bool) -> Vec<Taken> {
    let columns = vec![(names::without_schema(table).to_owned(), column.to_owned())];
    let gone = old.into_iter().filter(|value| !new.contains(value));
    gone.map(|value| Taken {
        value,
        renamed_to: None,
        type_name: None,
        columns: columns.clone(),
        any_case,
    })
    .collect()
}

/// The values of `enum('a','b')`.
fn listed(type_text: &str) -> Option<Vec<String>> {
    type_text.starts_with("enum").then(|| quoted(type_text))
}

fn quoted(text: &str) -> Vec<String> {
    text.split('\'').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The values that every list for a column in the table's checks allows.
fn allowed(table: &Table, column: &str) -> Option<Vec<String>> {
    let texts = table.constraints.iter().filter_map(|constraint| constraint.expression.as_deref());
    let lists = texts.filter_map(list).filter(|(own, _)| own == column).map(|(_, values)| values);
    lists.reduce(|one, other| one.into_iter().filter(|value| other.contains(value)).collect())
}

/// `column IN ('a', 'b')`, alone in a check, as PostgreSQL prints it too: `column = ANY (ARRAY[…])`.
static LIST: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let value = r"'[^']*'(?:::[a-z ]+)?";
    let values = format!(r"{value}(?:\s*,\s*{value})*");
    Regex::new(&format!(
        r#"(?is)^(?:check)?[\s(]*["`]?([a-z_][a-z0-9_]*)["`]?\)?(?:::[a-z ]+)?\s*(?:in\s*\(\s*{values}\s*\)|=\s*any\s*\(+\s*array\s*\[\s*{values}\s*\](?:\s*\))?(?:::[a-z \[\]]+)?)[\s)]*$"#
    ))
    .ok()
});

fn list(expression: &str) -> Option<(String, Vec<String>)> {
    let found = LIST.as_ref()?.captures(expression)?;
    let column = found.get(1)?.as_str().to_lowercase();
    Some((column, quoted(expression)))
}

#[cfg(test)]
mod tests {
    use super::list;

    #[test]
    fn only_a_plain_list_is_one() {
        let values =
            |text| list(text).map(|(column, values)| format!("{column}: {}", values.join(" ")));
        assert_eq!(values("(status IN ('a', 'b'))").as_deref(), Some("status: a b"));
        assert_eq!(values("CHECK (\"status\" in ('a'))").as_deref(), Some("status: a"));
        assert_eq!(
            values("((status)::text = ANY ((ARRAY['a'::character varying, 'b'::text])::text[]))")
                .as_deref(),
            Some("status: a b")
        );
        assert_eq!(values("status IN ('a') OR kind = 'b'"), None);
        assert_eq!(values("status NOT IN ('a')"), None);
        assert_eq!(values("length(status) > 1"), None);
    }
}

//! Tables, indexes and constraints as wholes: made, dropped and renamed.

use super::super::translate::{Argument, Call, Value, name};
use super::Walk;
use super::tables::table_name;
use crate::rules::parse::code::Syntax;

impl<'t> Walk<'_, 't> {
    pub(super) fn create_or_drop(&mut self, node: &Syntax<'t>, call: &Call) {
        let Some(object) = call.argument(0).and_then(Value::call).cloned() else {
            return self.computed(call);
        };
        let creates = call.name.starts_with("create");
        match object.name.as_str() {
            "table" if creates => self.create_table(node, call, &object),
            "table" => {
                let table = table_name(&object).as_deref().and_then(name);
                let (guard, cascade) = (guard(call), cascade(call));
                let sql = table.map(|table| format!("DROP TABLE {guard}{table}{cascade}"));
                self.say(call, sql);
            }
            "index" | "unique_index" if creates => self.say(call, create_index(call, &object)),
            "index" | "unique_index" => self.say(call, drop_index(call, &object)),
            "constraint" if creates => self.say(call, create_constraint(&object)),
            "constraint" => self.say(call, drop_constraint(call, &object)),
            _ => self.computed(call),
        }
    }

    /// `rename table(:a), to: table(:b)`, `rename table(:a), :b, to: :c` and
    /// `rename index(…), to: "b"`.
    pub(super) fn rename(&mut self, call: &Call) {
        let object = call.argument(0).and_then(Value::call);
        let to = call.option("to");
        let sql = object.zip(to).and_then(|(object, to)| {
            if object.name == "index" || object.name == "unique_index" {
                let (from, to) = (name(&index_name(object)?)?, name(to.text()?)?);
                return Some(format!("ALTER INDEX {from} RENAME TO {to}"));
            }
            let table = name(&table_name(object).filter(|_| object.name == "table")?)?;
            match (call.text(1), to) {
                (Some(column), to) => Some(format!(
                    "ALTER TABLE {table} RENAME COLUMN {} TO {}",
                    name(column)?,
                    name(to.text()?)?
                )),
                (None, Value::Call(to)) if to.name == "table" => {
                    Some(format!("ALTER TABLE {table} RENAME TO {}", name(to.text(0)?)?))
                }
                _ => None,
            }
        });
        self.say(call, sql);
    }
}

fn guard(call: &Call) -> &'static str {
    match call.name.as_str() {
        "drop_if_exists" => "IF EXISTS ",
        "create_if_not_exists" => "IF NOT EXISTS ",
        _ => "",
    }
}

fn cascade(call: &Call) -> &'static str {
    if call.text_option("mode") == Some("cascade") { " CASCADE" } else { "" }
}

/// The columns and expressions of an index, as SQL writes them.
fn items(index: &Call) -> Option<Vec<String>> {
    let one = |value: &Value| {
        let text = value.text()?;
        let plain = text.chars().all(|c| c.is_alphanumeric() || c == '_');
        if plain { name(text) } else { Some(expression(text)) }
    };
    // `[desc: :created_at]`
    let ordered = |pairs: &[(String, Argument)]| -> Option<Vec<String>> {
        pairs.iter().map(|(_, column)| one(&column.value)).collect()
    };
    match index.argument(1)? {
        value @ Value::Text(_) => Some(vec![one(value)?]),
        Value::Pairs(pairs) => ordered(pairs),
        Value::List(parts) => {
            let mut items = Vec::new();
            for part in parts {
                match &part.value {
                    Value::Pairs(pairs) => items.extend(ordered(pairs)?),
                    other => items.push(one(other)?),
                }
            }
            Some(items)
        }
        _ => None,
    }
}

/// An expression, or a column with its order or operator class (`"name DESC"`,
/// `"email gin_trgm_ops"`), which stand as they are.
fn expression(text: &str) -> String {
    let mut words = text.split_whitespace();
    let column = words.next().filter(|word| {
        word.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '"') && words.next().is_some()
    });
    match column {
        Some(_) => text.to_owned(),
        None if text.contains('(') && !text.starts_with('(') => text.to_owned(),
        None => format!("({text})"),
    }
}

/// The name that an index is given, or the one that Ecto makes up.
fn index_name(index: &Call) -> Option<String> {
    if let Some(given) = index.option("name") {
        return given.text().map(str::to_owned);
    }
    let table = index.text(0)?;
    let columns: Vec<String> = match index.argument(1)? {
        Value::Text(text) => vec![text.text.clone()],
        Value::Pairs(pairs) => pairs
            .iter()
            .map(|(_, column)| column.value.text().map(str::to_owned))
            .collect::<Option<_>>()?,
        other => other.texts()?.into_iter().map(str::to_owned).collect(),
    };
    let parts = std::iter::once(table).chain(columns.iter().map(String::as_str));
    let clean = parts.map(|part| {
        let part: String =
            part.chars().map(|c| if c.is_alphanumeric() || c == '_' { c } else { '_' }).collect();
        part.trim_end_matches('_').to_owned()
    });
    Some(format!("{}_index", clean.collect::<Vec<_>>().join("_")))
}

fn create_index(call: &Call, index: &Call) -> Option<String> {
    let flag = |key: &str| index.option(key).is_some_and(Value::is_true);
    let text = |key: &str| match index.option(key) {
        None | Some(Value::Nothing) => Some(None),
        Some(value) => value.text().map(Some),
    };
    let unique = index.name == "unique_index" || flag("unique");
    let method = text("using")?.map_or(String::new(), |method| format!(" USING {method}"));
    let part = text("where")?.map_or(String::new(), |only| format!(" WHERE {only}"));
    Some(format!(
        "CREATE {}INDEX {}{}{} ON {}{method} ({}){part}",
        if unique { "UNIQUE " } else { "" },
        if flag("concurrently") { "CONCURRENTLY " } else { "" },
        guard(call),
        name(&index_name(index)?)?,
        name(&table_name(index)?)?,
        items(index)?.join(", "),
    ))
}

fn drop_index(call: &Call, index: &Call) -> Option<String> {
    let concurrently = index.option("concurrently").is_some_and(Value::is_true);
    let how = if concurrently { "CONCURRENTLY " } else { "" };
    let (guard, cascade) = (guard(call), cascade(call));
    Some(format!("DROP INDEX {how}{guard}{}{cascade}", name(&index_name(index)?)?))
}

fn create_constraint(constraint: &Call) -> Option<String> {
    let (table, own) = (name(&table_name(constraint)?)?, name(constraint.text(1)?)?);
    let later =
        if constraint.option("validate").is_some_and(Value::is_false) { " NOT VALID" } else { "" };
    let what = match (constraint.option("check"), constraint.option("exclude")) {
        (Some(check), _) => format!("CHECK ({})", check.text()?),
        (None, Some(exclude)) => format!("EXCLUDE USING {}", exclude.text()?),
        (None, None) => return None,
    };
    Some(format!("ALTER TABLE {table} ADD CONSTRAINT {own} {what}{later}"))
}

fn drop_constraint(call: &Call, constraint: &Call) -> Option<String> {
    let (table, own) = (name(&table_name(constraint)?)?, name(constraint.text(1)?)?);
    let (guard, cascade) = (guard(call), cascade(call));
    Some(format!("ALTER TABLE {table} DROP CONSTRAINT {guard}{own}{cascade}"))
}

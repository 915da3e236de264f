//! `create table`, `alter table` and what stands in their blocks.

use super::super::translate::{Call, Value, list, name};
use super::columns::{self, reference, type_of};
use super::{Walk, statements};
use crate::rules::parse::code::Syntax;

/// What an operation acts on: `table(:orders, prefix: "shop")` is `shop.orders`.
pub(super) fn table_name(call: &Call) -> Option<String> {
    let own = call.text(0)?;
    match call.option("prefix") {
        None | Some(Value::Nothing) => Some(own.to_owned()),
        Some(Value::Text(prefix)) => Some(format!("{}.{own}", prefix.text)),
        Some(_) => None,
    }
}

/// A call inside of a block, with what is not one.
enum Line<'t> {
    Call(Box<Call>),
    Other(Syntax<'t>),
}

impl<'t> Walk<'_, 't> {
    fn lines(&self, block: &Syntax<'t>) -> Vec<Line<'t>> {
        let read = |node: Syntax<'t>| match self.module.reader.call(&node) {
            Some(call) if call.receiver.is_none() => Line::Call(Box::new(call)),
            _ => Line::Other(node),
        };
        statements(block).into_iter().map(read).collect()
    }

    pub(super) fn create_table(&mut self, node: &Syntax<'t>, call: &Call, table: &Call) {
        let own = table_name(table);
        let Some((own, quoted)) = own.and_then(|own| Some((own.clone(), name(&own)?))) else {
            return self.writer.unread(&call.bytes, "the name of the table is computed");
        };
        let mut parts: Vec<String> = own_key(table).into_iter().collect();
        let (mut keys, mut whole) = (Vec::new(), true);
        for line in self.lines(node) {
            let (bytes, why) = match line {
                Line::Call(inner) if matches!(inner.name.as_str(), "add" | "timestamps") => {
                    if inner.option("primary_key").is_some_and(Value::is_true) {
                        keys.extend(inner.text(0).map(str::to_owned));
                    }
                    match declared(&own, &inner) {
                        Some(columns) => {
                            parts.extend(columns);
                            continue;
                        }
                        None => (inner.bytes, "the column's definition is computed"),
                    }
                }
                Line::Call(inner) => (inner.bytes, "it is no operation of Ecto"),
                Line::Other(node) => (node.range(), "it is no operation of Ecto"),
            };
            self.writer.unread(&bytes, why);
            whole = false;
        }
        // What was not read may well be the key.
        if !whole && keys.is_empty() && own_key(table).is_none() {
            return;
        }
        parts.extend(list(&keys).map(|keys| format!("PRIMARY KEY ({keys})")));
        let guard = if call.name == "create_if_not_exists" { "IF NOT EXISTS " } else { "" };
        let partitioned = table.text_option("options").filter(|options| {
            options.trim_start().to_ascii_uppercase().starts_with("PARTITION BY ")
        });
        let options = partitioned.map_or(String::new(), |options| format!(" {options}"));
        let sql = format!("CREATE TABLE {guard}{quoted} ({}){options}", parts.join(", "));
        self.writer.statement(&call.bytes, &sql);
    }

    pub(super) fn alter(&mut self, node: &Syntax<'t>, call: &Call) {
        let table = call.argument(0).and_then(Value::call).filter(|table| table.name == "table");
        let own = table.and_then(table_name);
        let Some((own, quoted)) = own.and_then(|own| Some((own.clone(), name(&own)?))) else {
            return self.writer.unread(&call.bytes, "the name of the table is computed");
        };
        let mut keys = Vec::new();
        for line in self.lines(node) {
            match line {
                Line::Call(inner) => {
                    let key = inner.option("primary_key").is_some_and(Value::is_true);
                    keys.extend(inner.text(0).filter(|_| key).map(str::to_owned));
                    self.change(&own, &quoted, &inner);
                }
                Line::Other(node) => self.unread(&node, "it is no operation of Ecto"),
            }
        }
        if let Some(keys) = list(&keys) {
            let sql = format!("ALTER TABLE {quoted} ADD PRIMARY KEY ({keys})");
            self.writer.statement(&call.bytes, &sql);
        }
    }

    /// One change of a table that is there.
    fn change(&mut self, table: &str, quoted: &str, call: &Call) {
        match call.name.as_str() {
            "add" | "add_if_not_exists" => self.add_column(table, quoted, call),
            "timestamps" => match columns::timestamps(call) {
                Some(columns) => {
                    for column in columns {
                        let sql = format!("ALTER TABLE {quoted} ADD COLUMN {column}");
                        self.writer.statement(&call.bytes, &sql);
                    }
                }
                None => self.computed(call),
            },
            "modify" => self.modify(table, quoted, call),
            "remove" | "remove_if_exists" => {
                let guard = if call.name == "remove" { "" } else { "IF EXISTS " };
                let column = call.text(0).and_then(name);
                let sql = column.map(|it| format!("ALTER TABLE {quoted} DROP COLUMN {guard}{it}"));
                self.say(call, sql);
            }
            _ => self.writer.unread(&call.bytes, "it is no operation of Ecto"),
        }
    }

    fn add_column(&mut self, table: &str, quoted: &str, call: &Call) {
        let guard = if call.name == "add" { "" } else { "IF NOT EXISTS " };
        let Some(column) = columns::definition(call) else { return self.computed(call) };
        let sql = format!("ALTER TABLE {quoted} ADD COLUMN {guard}{column}");
        self.writer.statement(&call.bytes, &sql);
        if let Some(target) = reference(call) {
            let key = columns::foreign_key(table, call.text(0).unwrap_or_default(), target);
            self.say(call, key.map(|key| format!("ALTER TABLE {quoted} ADD {key}")));
        }
    }

    /// `modify` repeats the type: only `from:` tells whether it is another one.
    fn modify(&mut self, table: &str, quoted: &str, call: &Call) {
        let Some(column) = call.text(0).and_then(name) else { return self.computed(call) };
        let start = format!("ALTER TABLE {quoted} ALTER COLUMN {column}");
        let before = From::read(call);
        match (reference(call), call.argument(1).and_then(|kind| type_of(kind, call))) {
            (Some(target), kind) => {
                if let Some(kind) = kind.filter(|_| target.option("type").is_some()) {
                    self.set_type(&start, &kind, &before, call);
                }
                // What it referred to before is let go first.
                if before.refers {
                    let old = format!("{table}_{}_fkey", call.text(0).unwrap_or_default());
                    let old = name(&old.replace('.', "_"));
                    let sql = old.map(|old| format!("ALTER TABLE {quoted} DROP CONSTRAINT {old}"));
                    self.say(call, sql);
                }
                let key = columns::foreign_key(table, call.text(0).unwrap_or_default(), target);
                self.say(call, key.map(|key| format!("ALTER TABLE {quoted} ADD {key}")));
            }
            (None, Some(kind)) => self.set_type(&start, &kind, &before, call),
            (None, None) => return self.computed(call),
        }
        match call.option("null") {
            Some(Value::Boolean(false)) if before.null != Some(false) => {
                self.writer.statement(&call.bytes, &format!("{start} SET NOT NULL"));
            }
            Some(Value::Boolean(true)) => {
                self.writer.statement(&call.bytes, &format!("{start} DROP NOT NULL"));
            }
            _ => {}
        }
        match call.option("default") {
            Some(Value::Nothing) => {
                self.writer.statement(&call.bytes, &format!("{start} DROP DEFAULT"));
            }
            Some(value) => {
                let sql = format!("{start} SET DEFAULT {}", columns::default(value));
                self.writer.statement(&call.bytes, &sql);
            }
            None => {}
        }
    }

    fn set_type(&mut self, start: &str, kind: &str, before: &From, call: &Call) {
        if let Some(old) = &before.kind {
            // Known, and nothing is to be said about it.
            let assured = std::mem::replace(&mut self.writer.assured, true);
            self.writer.statement(&call.bytes, &format!("{start} TYPE {old}"));
            self.writer.assured = assured;
        }
        // With nothing else to it, the call is about the type.
        let others = ["null", "default", "comment", "primary_key"];
        let about_others = others.iter().any(|key| call.option(key).is_some());
        self.writer.restated = before.kind.is_none() && about_others;
        self.writer.statement(&call.bytes, &format!("{start} TYPE {kind}"));
        self.writer.restated = false;
    }
}

/// What `from:` says about a column before.
#[derive(Default)]
struct From {
    kind: Option<String>,
    null: Option<bool>,
    refers: bool,
}

impl From {
    fn read(call: &Call) -> Self {
        let Some(given) = call.option("from") else { return Self::default() };
        let (kind, options) = match given {
            Value::List(pair) => match pair.as_slice() {
                [kind, options] if matches!(options.value, Value::Pairs(_)) => {
                    (&kind.value, Some(&options.value))
                }
                _ => (given, None),
            },
            _ => (given, None),
        };
        let option = |key: &str| options.and_then(|options| options.pair(key));
        let named = match options {
            Some(Value::Pairs(pairs)) => pairs.clone(),
            _ => Vec::new(),
        };
        let refers = matches!(kind, Value::Call(call) if call.name == "references");
        // Of a reference, only the type that it names is known.
        let unnamed = matches!(kind, Value::Call(call) if call.option("type").is_none());
        let own = Call { named, ..call.clone() };
        Self {
            kind: type_of(kind, &own).filter(|_| !unnamed),
            null: option("null").map(Value::is_true),
            refers,
        }
    }
}

/// The columns and constraints that a line of `create table` declares.
fn declared(table: &str, call: &Call) -> Option<Vec<String>> {
    if call.name == "timestamps" {
        return columns::timestamps(call);
    }
    let mut parts = vec![columns::definition(call)?];
    if let Some(target) = reference(call) {
        parts.push(columns::foreign_key(table, call.text(0)?, target)?);
    }
    Some(parts)
}

/// The key column that Ecto adds by itself.
fn own_key(table: &Call) -> Option<String> {
    let (own, kind) = match table.option("primary_key") {
        Some(Value::Boolean(false)) => return None,
        Some(Value::Pairs(pairs)) => {
            let given = |key: &str| pairs.iter().find(|(known, _)| known == key);
            let own = given("name").and_then(|(_, own)| own.value.text());
            let kind = given("type").and_then(|(_, kind)| type_of(&kind.value, table));
            (own, kind)
        }
        _ => (None, None),
    };
    let kind = kind.unwrap_or_else(|| columns::KEY_TYPE.to_owned());
    Some(format!("{} {kind} PRIMARY KEY", name(own.unwrap_or("id"))?))
}

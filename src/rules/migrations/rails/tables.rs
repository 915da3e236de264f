//! Blocks of `create_table` and `change_table`.

use super::super::translate::{Call, Value, list, name};
use super::Walk;
use super::columns::{definition, singular};
use crate::rules::parse::code::Syntax;

impl<'t> Walk<'_, 't> {
    /// `create_table`, `create_join_table` or `change_table`.
    pub(super) fn table(&mut self, call: &Call, block: Option<&Syntax<'t>>) {
        let inner = block.map(|block| self.calls_on_variable(block)).unwrap_or_default();
        let Some(table) = self.table_name(call) else {
            return self.writer.unread(&call.bytes, "the name of the table is computed");
        };
        match (call.name.as_str(), self.reversed) {
            ("change_table", _) => self.change_table(&table, inner),
            (_, true) => {
                if let Some(table) = name(&table) {
                    self.writer.statement(&call.bytes, &format!("DROP TABLE {table}"));
                }
            }
            _ => self.create_table(call, &table, &inner),
        }
    }

    fn table_name(&self, call: &Call) -> Option<String> {
        let first = call.text(0)?;
        if call.name != "create_join_table" {
            return Some(first.to_owned());
        }
        if let Some(given) = call.text_option("table_name") {
            return Some(given.to_owned());
        }
        let mut names = [first, call.text(1)?];
        names.sort_unstable();
        Some(names.join("_"))
    }

    /// The calls in a block on the block's variable, those in conditions and loops included.
    fn calls_on_variable(&self, block: &Syntax<'t>) -> Vec<Call> {
        let variable = block.field("parameters").and_then(|list| list.named_children().next());
        let Some(variable) = variable else { return Vec::new() };
        let variable = variable.text();
        let calls = block.dfs().filter(|node| node.kind() == "call");
        calls
            .filter_map(|node| self.reader.call(&node))
            .filter(|call| matches!(&call.receiver, Some(Value::Name(name)) if *name == variable))
            .collect()
    }

    fn create_table(&mut self, call: &Call, table: &str, inner: &[Call]) {
        let Some(quoted) = name(table) else {
            return self.writer.unread(&call.bytes, "the name of the table is no plain name");
        };
        if call.option("force").is_some_and(|force| !force.is_false() && *force != Value::Nothing) {
            self.writer.statement(&call.bytes, &format!("DROP TABLE IF EXISTS {quoted} CASCADE"));
        }
        let mut parts = primary_key(call);
        if call.name == "create_join_table" {
            let keys: Vec<String> = [0, 1]
                .iter()
                .filter_map(|at| Some(format!("{}_id", singular(call.text(*at)?))))
                .collect();
            parts = keys
                .iter()
                .filter_map(|key| Some(format!("{} bigint NOT NULL", name(key)?)))
                .collect();
            parts.extend(list(&keys).map(|keys| format!("PRIMARY KEY ({keys})")));
        }
        let mut later = Vec::new();
        for each in inner {
            match declared(each) {
                Some(columns) => parts.extend(columns),
                None => later.push(each),
            }
        }
        self.writer
            .statement(&call.bytes, &format!("CREATE TABLE {quoted} ({})", parts.join(", ")));
        for each in inner {
            self.column_extras(table, each);
        }
        for each in later {
            self.on_table(table, each);
        }
    }

    fn change_table(&mut self, table: &str, inner: Vec<Call>) {
        for each in inner {
            self.on_table(table, &each);
        }
    }

    /// A call on a table's block, as the call with the table's name that it stands for.
    fn on_table(&mut self, table: &str, call: &Call) {
        let plain = match call.name.as_str() {
            "column" => "add_column",
            "index" => "add_index",
            "references" | "belongs_to" => "add_reference",
            "foreign_key" => "add_foreign_key",
            "timestamps" => "add_timestamps",
            "check_constraint" => "add_check_constraint",
            "exclusion_constraint" => "add_exclusion_constraint",
            "unique_constraint" | "unique_key" => "add_unique_constraint",
            "remove" => "remove_columns",
            "rename" => "rename_column",
            "change" => "change_column",
            "change_default" => "change_column_default",
            "change_null" => "change_column_null",
            "remove_index"
            | "remove_references"
            | "remove_belongs_to"
            | "remove_timestamps"
            | "remove_foreign_key"
            | "remove_check_constraint"
            | "rename_index"
            | "validate_constraint"
            | "validate_check_constraint"
            | "validate_foreign_key" => &call.name,
            // `column_exists?`, `index_exists?` and the like only look.
            other if other.ends_with('?') => return,
            // A type: one column for each name.
            kind => return self.typed_columns(table, kind, call),
        };
        let mut positional = vec![super::super::translate::Argument {
            value: Value::Text(super::super::translate::Literal {
                text: table.to_owned(),
                verbatim: None,
            }),
            bytes: call.bytes.clone(),
        }];
        positional.extend(call.positional.iter().cloned());
        self.operation(&Call {
            receiver: None,
            name: plain.to_owned(),
            positional,
            ..call.clone()
        });
    }

    fn typed_columns(&mut self, table: &str, kind: &str, call: &Call) {
        let Some(quoted) = name(table) else { return };
        for column in call.positional.iter().filter_map(|argument| argument.value.text()) {
            match definition(column, kind, call) {
                Some(column) => self
                    .writer
                    .statement(&call.bytes, &format!("ALTER TABLE {quoted} ADD COLUMN {column}")),
                None => self.writer.unread(&call.bytes, "the column's definition is computed"),
            }
        }
        self.column_extras(table, call);
    }

    /// The index that a column option asks for.
    fn column_extras(&mut self, table: &str, call: &Call) {
        let wanted = call.option("index").filter(|index| !index.is_false());
        let references = matches!(call.name.as_str(), "references" | "belongs_to");
        if references {
            return self.reference_extras(table, call, 0);
        }
        if let (
            Some(index),
            "column" | "string" | "text" | "integer" | "bigint" | "uuid" | "datetime" | "date"
            | "boolean" | "citext" | "jsonb",
        ) = (wanted, call.name.as_str())
            && let Some(column) = call.text(0)
        {
            self.index_on(table, &[column.to_owned()], call, index);
        }
    }
}

/// The key column that Rails adds by itself.
fn primary_key(call: &Call) -> Vec<String> {
    let key = match call.option("primary_key") {
        Some(Value::Text(text)) => text.text.clone(),
        Some(Value::List(items)) => {
            let names: Vec<&str> = items.iter().filter_map(|item| item.value.text()).collect();
            return list(&names)
                .map(|names| format!("PRIMARY KEY ({names})"))
                .into_iter()
                .collect();
        }
        _ => "id".to_owned(),
    };
    let Some(key) = name(&key) else { return Vec::new() };
    let kind = match call.option("id") {
        Some(Value::Boolean(false)) => return Vec::new(),
        Some(Value::Text(kind)) => match kind.text.as_str() {
            "uuid" => "uuid DEFAULT gen_random_uuid()".to_owned(),
            "integer" | "serial" => "serial".to_owned(),
            "string" => "varchar".to_owned(),
            _ => "bigserial".to_owned(),
        },
        _ => "bigserial".to_owned(),
    };
    vec![format!("{key} {kind} PRIMARY KEY")]
}

/// The columns that a call in the block of `create_table` declares; `None` if it does another
/// thing.
fn declared(call: &Call) -> Option<Vec<String>> {
    let columns: Vec<String> = match call.name.as_str() {
        "timestamps" => ["created_at", "updated_at"]
            .iter()
            .map(|each| format!("{each} timestamp(6) NOT NULL"))
            .collect(),
        "references" | "belongs_to" => call
            .positional
            .iter()
            .filter_map(|each| super::keys::reference_columns(each.value.text()?, call))
            .flatten()
            .collect(),
        "column" => vec![definition(call.text(0)?, call.text(1)?, call)?],
        "primary_key" => vec![definition(call.text(0)?, "primary_key", call)?],
        "index"
        | "foreign_key"
        | "check_constraint"
        | "exclusion_constraint"
        | "unique_constraint"
        | "unique_key" => return None,
        kind => {
            let names = call.positional.iter().filter_map(|each| each.value.text());
            names.filter_map(|column| definition(column, kind, call)).collect()
        }
    };
    Some(columns)
}

//! The operations of Rails migrations, one call at a time.

use super::super::translate::{Call, Value, list, literal, name};
use super::Walk;
use super::columns::{default, definition, type_of};

impl Walk<'_, '_> {
    /// Puts one call into SQL.
    pub(super) fn operation(&mut self, call: &Call) {
        if self.is_data_change(call) {
            return self.data_change(call);
        }
        let own = match &call.receiver {
            None => true,
            Some(Value::Name(name)) => matches!(name.as_str(), "self" | "connection"),
            Some(Value::Call(inner)) => inner.name == "connection",
            _ => false,
        };
        if !own {
            return;
        }
        let turned = self.reversed.then(|| turned_around(call)).flatten();
        if self.reversed && turned.is_none() {
            return self.writer.unread(&call.bytes, "what undoing it means is not worked out");
        }
        let call = turned.as_ref().unwrap_or(call);
        match call.name.as_str() {
            "execute" => self.execute(call),
            "drop_table" | "drop_join_table" => self.drop_tables(call),
            "rename_table" => {
                self.rename(call, |from, to| format!("ALTER TABLE {from} RENAME TO {to}"))
            }
            "rename_enum" => {
                self.rename(call, |from, to| format!("ALTER TYPE {from} RENAME TO {to}"))
            }
            "rename_schema" => {
                self.rename(call, |from, to| format!("ALTER SCHEMA {from} RENAME TO {to}"));
            }
            "create_enum" | "add_enum_value" | "rename_enum_value" | "drop_enum"
            | "disable_extension" | "drop_schema" | "enable_extension" | "create_schema" => {
                self.object(call);
            }
            _ => match call.text(0).map(str::to_owned) {
                Some(table) => self.on_named_table(&table, call),
                None if is_operation(&call.name) => self.computed(call),
                None => {}
            },
        }
    }

    fn on_named_table(&mut self, table: &str, call: &Call) {
        match call.name.as_str() {
            "add_column" | "add_columns" => self.add_columns(table, call),
            "add_timestamps" => self.add_timestamps(table, call),
            "remove_column" => self.drop_columns(table, call, 1),
            "remove_columns" => self.drop_columns(table, call, usize::MAX),
            "remove_timestamps" => {
                self.drop_named(table, &["created_at".to_owned(), "updated_at".to_owned()], call);
            }
            "remove_reference" | "remove_belongs_to" | "remove_references" => {
                let names = call.positional.iter().skip(1).filter_map(|each| each.value.text());
                let columns: Vec<String> = names.map(|each| format!("{each}_id")).collect();
                self.drop_named(table, &columns, call);
            }
            "rename_column" => self.rename_column(table, call),
            "rename_index" => {
                if let (Some(from), Some(to)) =
                    (call.text(1).and_then(name), call.text(2).and_then(name))
                {
                    self.writer
                        .statement(&call.bytes, &format!("ALTER INDEX {from} RENAME TO {to}"));
                }
            }
            "change_column" => self.change_column(call),
            "change_column_null" => self.change_null(table, call),
            "change_column_default" => self.change_default(table, call),
            "add_index" => self.add_index(table, call),
            "remove_index" => self.remove_index(table, call),
            "add_reference" | "add_belongs_to" => self.add_reference(table, call),
            "add_foreign_key" => self.add_foreign_key(table, call),
            "remove_foreign_key" => self.drop_constraint(table, "fk", call),
            "validate_foreign_key" => self.validate_foreign_key(table, call),
            "add_check_constraint" => self.add_check(table, call),
            "remove_check_constraint" => self.drop_constraint(table, "chk_rails", call),
            "validate_check_constraint" | "validate_constraint" => {
                let given = call.text_option("name").or_else(|| call.text(1));
                let fallback = format!("chk_rails_{table}");
                self.validate(table, Some(given.unwrap_or(&fallback)), call);
            }
            "add_exclusion_constraint" => self.add_exclusion(table, call),
            "add_unique_constraint" | "add_unique_key" => self.add_unique(table, call),
            "remove_unique_constraint" | "remove_unique_key" => {
                self.drop_constraint(table, "uniq", call);
            }
            "remove_exclusion_constraint" => self.drop_constraint(table, "excl", call),
            _ => {}
        }
    }

    /// Notes a call whose arguments are not written down as constants.
    pub(super) fn computed(&mut self, call: &Call) {
        self.writer.unread(&call.bytes, "its arguments are computed");
    }

    fn execute(&mut self, call: &Call) {
        let Some(argument) = call.positional.first() else { return };
        match &argument.value {
            Value::Text(sql) => self.writer.embedded(sql, &call.bytes),
            _ => self.writer.unread(&call.bytes, "the SQL is put together when it runs"),
        }
    }

    fn drop_tables(&mut self, call: &Call) {
        let tables: Vec<String> = if call.name == "drop_join_table" {
            let mut names: Vec<&str> =
                call.positional.iter().filter_map(|a| a.value.text()).collect();
            names.sort_unstable();
            vec![names.join("_")]
        } else {
            call.positional.iter().filter_map(|a| a.value.text()).map(str::to_owned).collect()
        };
        match list(&tables) {
            Some(tables) => {
                let cascade =
                    if call.text_option("force") == Some("cascade") { " CASCADE" } else { "" };
                self.writer.statement(&call.bytes, &format!("DROP TABLE {tables}{cascade}"));
            }
            None => self.computed(call),
        }
    }

    fn rename(&mut self, call: &Call, sql: fn(&str, &str) -> String) {
        let to = call.text(1).or_else(|| call.text_option("to"));
        match (call.text(0).and_then(name), to.and_then(name)) {
            (Some(from), Some(to)) => self.writer.statement(&call.bytes, &sql(&from, &to)),
            _ => self.computed(call),
        }
    }

    /// Types, extensions and schemas.
    fn object(&mut self, call: &Call) {
        let Some(object) = call.text(0).and_then(name) else { return self.computed(call) };
        let value = |at: Option<&Value>| at.and_then(literal);
        let sql = match call.name.as_str() {
            "create_enum" => {
                let values = call.argument(1).and_then(Value::texts).unwrap_or_default();
                let values: Vec<String> =
                    values.iter().map(|each| format!("'{}'", each.replace('\'', "''"))).collect();
                format!("CREATE TYPE {object} AS ENUM ({})", values.join(", "))
            }
            "add_enum_value" => match value(call.argument(1)) {
                Some(added) => format!("ALTER TYPE {object} ADD VALUE {added}"),
                None => return self.computed(call),
            },
            "rename_enum_value" => match (value(call.option("from")), value(call.option("to"))) {
                (Some(from), Some(to)) => {
                    format!("ALTER TYPE {object} RENAME VALUE {from} TO {to}")
                }
                _ => return self.computed(call),
            },
            "drop_enum" => format!("DROP TYPE {object}"),
            "disable_extension" => format!("DROP EXTENSION {object}"),
            "drop_schema" => format!("DROP SCHEMA {object} CASCADE"),
            "enable_extension" => format!("CREATE EXTENSION IF NOT EXISTS {object}"),
            _ => format!("CREATE SCHEMA {object}"),
        };
        self.writer.statement(&call.bytes, &sql);
    }

    fn add_columns(&mut self, table: &str, call: &Call) {
        let several = call.name == "add_columns";
        let kind = if several { call.text_option("type") } else { call.text(2) };
        let count = if several { usize::MAX } else { 1 };
        let (Some(quoted), Some(kind)) = (name(table), kind) else { return self.computed(call) };
        for column in call.positional.iter().skip(1).take(count) {
            match column.value.text().and_then(|column| definition(column, kind, call)) {
                Some(column) => {
                    let sql = format!("ALTER TABLE {quoted} ADD COLUMN {column}");
                    self.writer.statement(&call.bytes, &sql);
                }
                None => self.computed(call),
            }
        }
    }

    fn add_timestamps(&mut self, table: &str, call: &Call) {
        let Some(quoted) = name(table) else { return self.computed(call) };
        let required = !call.option("null").is_some_and(Value::is_true);
        let null = if required { " NOT NULL" } else { "" };
        let filled = match call.option("default") {
            Some(Value::Nothing) | None => String::new(),
            Some(value) => format!(" DEFAULT {}", default("datetime", value)),
        };
        for column in ["created_at", "updated_at"] {
            let sql =
                format!("ALTER TABLE {quoted} ADD COLUMN {column} timestamp(6){null}{filled}");
            self.writer.statement(&call.bytes, &sql);
        }
    }

    fn drop_columns(&mut self, table: &str, call: &Call, count: usize) {
        let names = call.positional.iter().skip(1).take(count).map(|each| each.value.text());
        match names.map(|each| each.map(str::to_owned)).collect::<Option<Vec<String>>>() {
            Some(columns) if !columns.is_empty() => self.drop_named(table, &columns, call),
            _ => self.computed(call),
        }
    }

    fn drop_named(&mut self, table: &str, columns: &[String], call: &Call) {
        let Some(quoted) = name(table) else { return self.computed(call) };
        for column in columns.iter().filter_map(|column| name(column)) {
            self.writer
                .statement(&call.bytes, &format!("ALTER TABLE {quoted} DROP COLUMN {column}"));
        }
    }

    fn rename_column(&mut self, table: &str, call: &Call) {
        match (name(table), call.text(1).and_then(name), call.text(2).and_then(name)) {
            (Some(table), Some(from), Some(to)) => {
                let sql = format!("ALTER TABLE {table} RENAME COLUMN {from} TO {to}");
                self.writer.statement(&call.bytes, &sql);
            }
            _ => self.computed(call),
        }
    }

    pub(super) fn change_column(&mut self, call: &Call) {
        let kind = call.text(2).and_then(|kind| type_of(kind, call));
        let (Some(table), Some(column), Some(kind)) =
            (call.text(0).and_then(name), call.text(1).and_then(name), kind)
        else {
            return self.computed(call);
        };
        let start = format!("ALTER TABLE {table} ALTER COLUMN {column}");
        self.writer.statement(&call.bytes, &format!("{start} TYPE {kind}"));
        match call.option("null") {
            Some(Value::Boolean(false)) => {
                self.writer.statement(&call.bytes, &format!("{start} SET NOT NULL"));
            }
            Some(Value::Boolean(true)) => {
                self.writer.statement(&call.bytes, &format!("{start} DROP NOT NULL"));
            }
            _ => {}
        }
    }

    fn change_null(&mut self, table: &str, call: &Call) {
        let (Some(table), Some(column)) = (name(table), call.text(1).and_then(name)) else {
            return self.computed(call);
        };
        if call.argument(2).is_some_and(Value::is_true) {
            let sql = format!("ALTER TABLE {table} ALTER COLUMN {column} DROP NOT NULL");
            return self.writer.statement(&call.bytes, &sql);
        }
        if let Some(filler) = call.argument(3).filter(|value| **value != Value::Nothing) {
            let filler = default("", filler);
            let sql = format!("UPDATE {table} SET {column} = {filler} WHERE {column} IS NULL");
            self.writer.statement(&call.bytes, &sql);
        }
        let sql = format!("ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL");
        self.writer.statement(&call.bytes, &sql);
    }

    fn change_default(&mut self, table: &str, call: &Call) {
        let (Some(table), Some(column)) = (name(table), call.text(1).and_then(name)) else {
            return self.computed(call);
        };
        let pairs = call.argument(2).and_then(|value| value.pair("to"));
        let value = call.option("to").or(pairs).or_else(|| call.argument(2));
        let sql = match value {
            Some(Value::Nothing) => {
                format!("ALTER TABLE {table} ALTER COLUMN {column} DROP DEFAULT")
            }
            Some(value) => {
                let value = default("", value);
                format!("ALTER TABLE {table} ALTER COLUMN {column} SET DEFAULT {value}")
            }
            None => return self.computed(call),
        };
        self.writer.statement(&call.bytes, &sql);
    }
}

/// Whether a name belongs to the migration language, so that a call of it matters.
fn is_operation(name: &str) -> bool {
    const STARTS: [&str; 7] =
        ["add_", "remove_", "rename_", "change_", "drop_", "validate_", "create_"];
    STARTS.iter().any(|start| name.starts_with(start))
}

/// The call that undoes this one, as `revert do` runs it.
fn turned_around(call: &Call) -> Option<Call> {
    let other = match call.name.as_str() {
        "add_column" | "add_columns" => "remove_column",
        "remove_column" if call.positional.len() > 2 => "add_column",
        "add_index" => "remove_index",
        "remove_index" => "add_index",
        "add_reference" | "add_belongs_to" => "remove_reference",
        "remove_reference" | "remove_belongs_to" => "add_reference",
        "add_timestamps" => "remove_timestamps",
        "remove_timestamps" => "add_timestamps",
        "add_foreign_key" => "remove_foreign_key",
        "remove_foreign_key" => "add_foreign_key",
        "add_check_constraint" => "remove_check_constraint",
        "remove_check_constraint" => "add_check_constraint",
        "change_column_null" => {
            let mut call = call.clone();
            if let Some(flag) = call.positional.get_mut(2) {
                flag.value = Value::Boolean(flag.value.is_false());
            }
            return Some(call);
        }
        "rename_table" | "rename_column" => {
            let mut call = call.clone();
            let last = call.positional.len().checked_sub(1)?;
            call.positional.swap(last.checked_sub(1)?, last);
            return Some(call);
        }
        _ => return None,
    };
    Some(Call { name: other.to_owned(), ..call.clone() })
}

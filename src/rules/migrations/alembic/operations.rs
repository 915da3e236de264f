//! The operations of Alembic, one call at a time.

use super::super::translate::{Call, Value, list, name};
use super::Walk;
use super::columns::{default, definition, type_of};

impl Walk<'_, '_> {
    pub(super) fn operation(&mut self, call: &Call) {
        match call.name.as_str() {
            "execute" => self.execute(call),
            "bulk_insert" => {}
            "create_table" => self.create_table(call),
            "drop_table" => self.one(call, 0, |table| format!("DROP TABLE {table}")),
            "rename_table" => match (table(call, 0), text(call, 1, "new_table_name")) {
                (Some(from), Some(to)) => {
                    self.writer
                        .statement(&call.bytes, &format!("ALTER TABLE {from} RENAME TO {to}"));
                }
                _ => self.computed(call),
            },
            "add_column" => self.add_column(call),
            "drop_column" => match (table(call, 0), text(call, 1, "column_name")) {
                (Some(table), Some(column)) => {
                    let sql = format!("ALTER TABLE {table} DROP COLUMN {column}");
                    self.writer.statement(&call.bytes, &sql);
                }
                _ => self.computed(call),
            },
            "alter_column" => self.alter_column(call),
            "create_index" => self.create_index(call),
            "drop_index" => self.drop_index(call),
            "create_foreign_key"
            | "create_unique_constraint"
            | "create_primary_key"
            | "create_check_constraint"
            | "create_exclude_constraint" => self.constraint(call),
            "drop_constraint" => match (table(call, 1), text(call, 0, "constraint_name")) {
                (Some(table), Some(constraint)) => {
                    let sql = format!("ALTER TABLE {table} DROP CONSTRAINT {constraint}");
                    self.writer.statement(&call.bytes, &sql);
                }
                _ => self.computed(call),
            },
            "get_bind"
            | "get_context"
            | "f"
            | "batch_alter_table"
            | "create_table_comment"
            | "drop_table_comment"
            | "inline_literal" => {}
            _ => self.writer.unread(&call.bytes, "an operation that is not known here"),
        }
    }

    fn computed(&mut self, call: &Call) {
        self.writer.unread(&call.bytes, "its arguments are computed");
    }

    fn one(&mut self, call: &Call, at: usize, sql: impl Fn(&str) -> String) {
        match table(call, at) {
            Some(table) => self.writer.statement(&call.bytes, &sql(&table)),
            None => self.computed(call),
        }
    }

    /// `execute("…")` and `execute(sa.text("…"))`.
    pub(super) fn execute(&mut self, call: &Call) {
        let Some(argument) = call.positional.first() else { return };
        let inner = argument.value.call().filter(|inner| inner.name == "text");
        let value = inner.map_or(Some(&argument.value), |inner| inner.argument(0));
        match value {
            Some(Value::Text(sql)) => self.writer.embedded(sql, &call.bytes),
            _ => self.writer.unread(&call.bytes, "the SQL is put together when it runs"),
        }
    }

    fn create_table(&mut self, call: &Call) {
        let Some(table) = table(call, 0) else { return self.computed(call) };
        let mut parts = Vec::new();
        let mut indexed = Vec::new();
        if call.partial {
            self.writer.unread(&call.bytes, "some of its columns are computed");
        }
        for argument in call.positional.iter().skip(1) {
            let Some(part) = argument.value.call() else {
                self.writer.unread(&argument.bytes, "a column that is computed");
                continue;
            };
            let columns = || {
                let names: Vec<&str> =
                    part.positional.iter().filter_map(|each| each.value.text()).collect();
                list(&names)
            };
            match part.name.as_str() {
                "Column" => {
                    match definition(part) {
                        Some(column) => parts.push(column),
                        None => self.writer.unread(&argument.bytes, "a column that is computed"),
                    }
                    if part.option("index").is_some_and(Value::is_true) {
                        indexed.extend(part.text(0).and_then(name));
                    }
                }
                "PrimaryKeyConstraint" => {
                    parts.extend(columns().map(|list| format!("PRIMARY KEY ({list})")));
                }
                "UniqueConstraint" => {
                    parts.extend(columns().map(|list| format!("UNIQUE ({list})")));
                }
                "ForeignKeyConstraint" => parts.extend(foreign_key(part)),
                "CheckConstraint" | "ExcludeConstraint" | "Index" => {}
                _ => self.writer.unread(&argument.bytes, "a column that is made elsewhere"),
            }
        }
        self.writer.statement(&call.bytes, &format!("CREATE TABLE {table} ({})", parts.join(", ")));
        for column in indexed {
            self.writer.statement(&call.bytes, &format!("CREATE INDEX ON {table} ({column})"));
        }
    }

    fn add_column(&mut self, call: &Call) {
        let column = call.either(1, "column").and_then(Value::call);
        let (Some(table), Some(column)) = (table(call, 0), column) else {
            return self.computed(call);
        };
        let Some(sql) = definition(column) else { return self.computed(call) };
        self.writer.statement(&call.bytes, &format!("ALTER TABLE {table} ADD COLUMN {sql}"));
        if column.option("index").is_some_and(Value::is_true)
            && let Some(column) = column.text(0).and_then(name)
        {
            self.writer.statement(&call.bytes, &format!("CREATE INDEX ON {table} ({column})"));
        }
    }

    fn alter_column(&mut self, call: &Call) {
        let (Some(table), Some(column)) = (table(call, 0), text(call, 1, "column_name")) else {
            return self.computed(call);
        };
        let start = format!("ALTER TABLE {table} ALTER COLUMN {column}");
        let kind = call.option("type_").and_then(type_of);
        if let Some(kind) = &kind {
            let using = call.text_option("postgresql_using");
            let using = using.map_or(String::new(), |using| format!(" USING {using}"));
            // What it was, told by an assured statement that nothing is said about.
            if let Some(before) = call.option("existing_type").and_then(type_of) {
                let assured = std::mem::replace(&mut self.writer.assured, true);
                self.writer.statement(&call.bytes, &format!("{start} TYPE {before}"));
                self.writer.assured = assured;
            }
            self.writer.statement(&call.bytes, &format!("{start} TYPE {kind}{using}"));
        } else if call.option("type_").is_some() {
            self.writer.unread(&call.bytes, "a type that is not known here");
        }
        match call.option("nullable") {
            Some(Value::Boolean(false)) => {
                self.writer.statement(&call.bytes, &format!("{start} SET NOT NULL"));
            }
            Some(Value::Boolean(true)) => {
                self.writer.statement(&call.bytes, &format!("{start} DROP NOT NULL"));
            }
            _ => {}
        }
        match call.option("server_default") {
            Some(Value::Nothing) => {
                self.writer.statement(&call.bytes, &format!("{start} DROP DEFAULT"));
            }
            Some(value) => {
                if let Some(value) = default(value) {
                    self.writer.statement(&call.bytes, &format!("{start} SET DEFAULT {value}"));
                }
            }
            None => {}
        }
        if let Some(to) = call.text_option("new_column_name").and_then(name) {
            let sql = format!("ALTER TABLE {table} RENAME COLUMN {column} TO {to}");
            self.writer.statement(&call.bytes, &sql);
        }
    }

    fn create_index(&mut self, call: &Call) {
        let columns = match call.either(2, "columns") {
            Some(Value::List(items)) => items,
            _ => return self.computed(call),
        };
        let Some(table) = table(call, 1) else { return self.computed(call) };
        let items: Vec<String> = columns
            .iter()
            .map(|item| item.value.text().and_then(name).unwrap_or("(expression)".to_owned()))
            .collect();
        let index = text(call, 0, "index_name").unwrap_or_default();
        let flag = |key: &str| call.option(key).is_some_and(Value::is_true);
        let method = call.text_option("postgresql_using").and_then(name);
        let method = method.map_or(String::new(), |method| format!(" USING {method}"));
        let part = if call.option("postgresql_where").is_some() { " WHERE TRUE" } else { "" };
        let unique = flag("unique") || call.argument(3).is_some_and(Value::is_true);
        let sql = format!(
            "CREATE {}INDEX {}{index} ON {table}{method} ({}){part}",
            if unique { "UNIQUE " } else { "" },
            if flag("postgresql_concurrently") { "CONCURRENTLY " } else { "" },
            items.join(", "),
        );
        self.writer.statement(&call.bytes, &sql);
    }

    fn drop_index(&mut self, call: &Call) {
        let Some(index) = text(call, 0, "index_name") else { return self.computed(call) };
        let concurrently = call.option("postgresql_concurrently").is_some_and(Value::is_true);
        let how = if concurrently { "CONCURRENTLY " } else { "" };
        self.writer.statement(&call.bytes, &format!("DROP INDEX {how}{index}"));
    }

    fn constraint(&mut self, call: &Call) {
        let table = if call.name == "create_foreign_key" {
            text(call, 1, "source_table")
        } else {
            table(call, 1)
        };
        let Some(table) = table else { return self.computed(call) };
        let columns = |at: usize, key: &str| {
            call.either(at, key).and_then(Value::texts).and_then(|names| list(&names))
        };
        let later = call.option("postgresql_not_valid").is_some_and(Value::is_true);
        let body = match call.name.as_str() {
            "create_foreign_key" => {
                let own = columns(3, "local_cols");
                let other = columns(4, "remote_cols");
                match (own, text(call, 2, "referent_table"), other) {
                    (Some(own), Some(target), Some(other)) => {
                        format!("FOREIGN KEY ({own}) REFERENCES {target} ({other})")
                    }
                    _ => return self.computed(call),
                }
            }
            "create_check_constraint" => match call.either(2, "condition") {
                Some(Value::Text(condition)) => format!("CHECK ({})", condition.text),
                _ => "CHECK (TRUE)".to_owned(),
            },
            "create_exclude_constraint" => "EXCLUDE USING gist (id WITH =)".to_owned(),
            kind => {
                let word = if kind == "create_primary_key" { "PRIMARY KEY" } else { "UNIQUE" };
                match columns(2, "columns") {
                    Some(columns) => format!("{word} ({columns})"),
                    None => return self.computed(call),
                }
            }
        };
        let constraint = text(call, 0, "constraint_name");
        let named = constraint.map_or(String::new(), |name| format!("CONSTRAINT {name} "));
        let later = if later { " NOT VALID" } else { "" };
        self.writer
            .statement(&call.bytes, &format!("ALTER TABLE {table} ADD {named}{body}{later}"));
    }
}

/// A name by place or keyword; `op.f("…")` marks names that are final.
fn text(call: &Call, at: usize, key: &str) -> Option<String> {
    let value = call.either(at, key)?;
    let inner = value.call().filter(|inner| inner.name == "f").and_then(|inner| inner.argument(0));
    name(inner.unwrap_or(value).text()?)
}

/// The table, with the schema that is named beside it.
fn table(call: &Call, at: usize) -> Option<String> {
    let table = text(call, at, "table_name")?;
    match call.text_option("schema").and_then(name) {
        Some(schema) => Some(format!("{schema}.{table}")),
        None => Some(table),
    }
}

fn foreign_key(part: &Call) -> Option<String> {
    let own = list(&part.argument(0)?.texts()?)?;
    let targets = part.argument(1)?.texts()?;
    let pairs: Option<Vec<(&str, &str)>> =
        targets.iter().map(|target| target.rsplit_once('.')).collect();
    let pairs = pairs?;
    let (table, _) = pairs.first()?;
    let keys: Vec<&str> = pairs.iter().map(|(_, key)| *key).collect();
    Some(format!("FOREIGN KEY ({own}) REFERENCES {} ({})", name(table)?, list(&keys)?))
}

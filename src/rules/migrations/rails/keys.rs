//! Indexes, references and constraints of Rails.

use super::super::translate::{Call, Value, list, name};
use super::Walk;
use super::columns::singular;

/// The columns of a reference as definitions.
pub(super) fn reference_columns(reference: &str, call: &Call) -> Option<Vec<String>> {
    let kind = match call.text_option("type") {
        Some("uuid") => "uuid",
        Some("string") => "varchar",
        Some("integer") => "integer",
        _ => "bigint",
    };
    let required = call.option("null").is_some_and(Value::is_false);
    let null = if required { " NOT NULL" } else { "" };
    let filled = match call.option("default") {
        Some(Value::Nothing) | None => String::new(),
        Some(value) => format!(" DEFAULT {}", super::columns::default(kind, value)),
    };
    let mut columns = vec![format!("{} {kind}{null}{filled}", name(&format!("{reference}_id"))?)];
    if is_polymorphic(call) {
        columns.push(format!("{} varchar{null}", name(&format!("{reference}_type"))?));
    }
    Some(columns)
}

fn is_polymorphic(call: &Call) -> bool {
    call.option("polymorphic").is_some_and(|value| !value.is_false() && *value != Value::Nothing)
}

/// An option as given on the call, or in the pairs that an option holds.
fn inner<'c>(given: &'c Value, key: &str) -> Option<&'c Value> {
    given.pair(key)
}

impl Walk<'_, '_> {
    /// `add_reference` and what else a reference brings, for the names from `first` on.
    pub(super) fn add_reference(&mut self, table: &str, call: &Call) {
        let Some(quoted) = name(table) else { return self.computed(call) };
        for reference in call.positional.iter().skip(1).filter_map(|each| each.value.text()) {
            let Some(columns) = reference_columns(reference, call) else {
                return self.computed(call);
            };
            for column in columns {
                let sql = format!("ALTER TABLE {quoted} ADD COLUMN {column}");
                self.writer.statement(&call.bytes, &sql);
            }
        }
        self.reference_extras(table, call, 1);
    }

    /// The index and the foreign key of a reference. Rails makes the index unless told otherwise.
    pub(super) fn reference_extras(&mut self, table: &str, call: &Call, first: usize) {
        for reference in call.positional.iter().skip(first).filter_map(|each| each.value.text()) {
            let id = format!("{reference}_id");
            let yes = Value::Boolean(true);
            let index = call.option("index").unwrap_or(&yes);
            if !index.is_false() && *index != Value::Nothing {
                let columns = if is_polymorphic(call) {
                    vec![format!("{reference}_type"), id.clone()]
                } else {
                    vec![id.clone()]
                };
                self.index_on(table, &columns, call, index);
            }
            let Some(key) = call.option("foreign_key").filter(|key| !key.is_false()) else {
                continue;
            };
            let target = inner(key, "to_table").and_then(Value::text);
            let target = target.map_or_else(|| plural(reference), str::to_owned);
            let valid = !inner(key, "validate").is_some_and(Value::is_false);
            self.foreign_key(table, &id, &target, valid, call);
        }
    }

    pub(super) fn foreign_key(
        &mut self,
        table: &str,
        column: &str,
        target: &str,
        valid: bool,
        call: &Call,
    ) {
        let names =
            (name(table), name(column), name(target), name(&format!("fk_{table}_{column}")));
        let (Some(table), Some(column), Some(target), Some(key)) = names else {
            return self.computed(call);
        };
        let later = if valid { "" } else { " NOT VALID" };
        let sql = format!(
            "ALTER TABLE {table} ADD CONSTRAINT {key} FOREIGN KEY ({column}) REFERENCES {target} (id){later}"
        );
        self.writer.statement(&call.bytes, &sql);
    }

    pub(super) fn add_foreign_key(&mut self, table: &str, call: &Call) {
        let Some(target) = call.text(1) else { return self.computed(call) };
        let own = format!("{}_id", singular(target));
        let column = match call.option("column") {
            Some(Value::List(columns)) => columns.first().and_then(|column| column.value.text()),
            Some(value) => value.text(),
            None => Some(own.as_str()),
        };
        let valid = !call.option("validate").is_some_and(Value::is_false);
        match column {
            Some(column) => self.foreign_key(table, column, target, valid, call),
            None => self.computed(call),
        }
    }

    pub(super) fn validate_foreign_key(&mut self, table: &str, call: &Call) {
        let target = call.text(1).map(|target| format!("{}_id", singular(target)));
        let column = call.text_option("column").map(str::to_owned).or(target);
        let given = call.text_option("name").map(str::to_owned);
        let key = given.or_else(|| Some(format!("fk_{table}_{}", column?)));
        self.validate(table, key.as_deref(), call);
    }

    pub(super) fn validate(&mut self, table: &str, constraint: Option<&str>, call: &Call) {
        match (name(table), constraint.and_then(name)) {
            (Some(table), Some(constraint)) => {
                let sql = format!("ALTER TABLE {table} VALIDATE CONSTRAINT {constraint}");
                self.writer.statement(&call.bytes, &sql);
            }
            _ => self.computed(call),
        }
    }

    pub(super) fn add_check(&mut self, table: &str, call: &Call) {
        let given =
            call.text_option("name").map_or_else(|| format!("chk_rails_{table}"), str::to_owned);
        let (Some(quoted), Some(constraint), Some(expression)) =
            (name(table), name(&given), call.text(1))
        else {
            return self.computed(call);
        };
        let valid = !call.option("validate").is_some_and(Value::is_false);
        let later = if valid { "" } else { " NOT VALID" };
        let sql =
            format!("ALTER TABLE {quoted} ADD CONSTRAINT {constraint} CHECK ({expression}){later}");
        self.writer.statement(&call.bytes, &sql);
    }

    pub(super) fn add_exclusion(&mut self, table: &str, call: &Call) {
        let given = call.text_option("name").map_or_else(|| format!("excl_{table}"), str::to_owned);
        let (Some(quoted), Some(constraint), Some(expression)) =
            (name(table), name(&given), call.text(1))
        else {
            return self.computed(call);
        };
        let method = call.text_option("using").unwrap_or("gist");
        let sql = format!(
            "ALTER TABLE {quoted} ADD CONSTRAINT {constraint} EXCLUDE USING {method} ({expression})"
        );
        self.writer.statement(&call.bytes, &sql);
    }

    pub(super) fn add_unique(&mut self, table: &str, call: &Call) {
        let Some(quoted) = name(table) else { return self.computed(call) };
        let columns = call.argument(1).and_then(Value::texts).unwrap_or_default();
        let given = call
            .text_option("name")
            .map_or_else(|| format!("uniq_{table}_{}", columns.join("_")), str::to_owned);
        let Some(constraint) = name(&given) else { return self.computed(call) };
        let what = match (call.text_option("using_index").and_then(name), list(&columns)) {
            (Some(index), _) => format!("USING INDEX {index}"),
            (None, Some(columns)) => format!("({columns})"),
            _ => return self.computed(call),
        };
        let sql = format!("ALTER TABLE {quoted} ADD CONSTRAINT {constraint} UNIQUE {what}");
        self.writer.statement(&call.bytes, &sql);
    }

    pub(super) fn drop_constraint(&mut self, table: &str, kind: &str, call: &Call) {
        let given = call.text_option("name").map(str::to_owned);
        let guessed = || match kind {
            "fk" => {
                let target = call.text(1).map(|target| format!("{}_id", singular(target)));
                let column = call.text_option("column").map(str::to_owned).or(target)?;
                Some(format!("fk_{table}_{column}"))
            }
            _ => Some(format!("{kind}_{table}")),
        };
        match (name(table), given.or_else(guessed).as_deref().and_then(name)) {
            (Some(table), Some(constraint)) => {
                let sql = format!("ALTER TABLE {table} DROP CONSTRAINT {constraint}");
                self.writer.statement(&call.bytes, &sql);
            }
            _ => self.computed(call),
        }
    }

    pub(super) fn add_index(&mut self, table: &str, call: &Call) {
        let columns = call.argument(1).and_then(Value::texts);
        let Some(columns) = columns else { return self.computed(call) };
        let columns: Vec<String> = columns.into_iter().map(str::to_owned).collect();
        self.index_on(table, &columns, call, &Value::Pairs(call.named.clone()));
    }

    /// An index with the options that `given` holds.
    pub(super) fn index_on(&mut self, table: &str, columns: &[String], call: &Call, given: &Value) {
        let text = |key: &str| inner(given, key).and_then(Value::text);
        let fallback = format!("index_{table}_on_{}", columns.join("_and_"));
        // An expression is given as one text, and has no name of its own.
        let sound = |column: &String| name(column).filter(|_| !column.contains([' ', '.', '-']));
        let items: Vec<String> = columns
            .iter()
            .map(|column| sound(column).unwrap_or_else(|| format!("({column})")))
            .collect();
        let index = text("name").map_or(fallback, str::to_owned);
        let index = name(&index).unwrap_or_else(|| "index_on_expression".to_owned());
        let Some(quoted) = name(table) else { return self.computed(call) };
        let unique = inner(given, "unique").is_some_and(Value::is_true);
        let concurrently = text("algorithm") == Some("concurrently");
        let method = text("using").map_or(String::new(), |method| format!(" USING {method}"));
        let part = text("where").map_or(String::new(), |only| format!(" WHERE {only}"));
        let sql = format!(
            "CREATE {}INDEX {}{index} ON {quoted}{method} ({}){part}",
            if unique { "UNIQUE " } else { "" },
            if concurrently { "CONCURRENTLY " } else { "" },
            items.join(", "),
        );
        self.writer.statement(&call.bytes, &sql);
    }

    pub(super) fn remove_index(&mut self, table: &str, call: &Call) {
        let columns = call.argument(1).or_else(|| call.option("column")).and_then(Value::texts);
        let index = match (call.text_option("name"), columns) {
            (Some(index), _) => index.to_owned(),
            (None, Some(columns)) => format!("index_{table}_on_{}", columns.join("_and_")),
            (None, None) => return self.computed(call),
        };
        let Some(index) = name(&index) else { return self.computed(call) };
        let concurrently = call.text_option("algorithm") == Some("concurrently");
        let how = if concurrently { "CONCURRENTLY " } else { "" };
        self.writer.statement(&call.bytes, &format!("DROP INDEX {how}{index}"));
    }
}

/// `device` → `devices`, well enough for the table of a reference.
pub(super) fn plural(reference: &str) -> String {
    match reference.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{stem}ies"),
        _ if reference.ends_with(['s', 'x']) || reference.ends_with("ch") => {
            format!("{reference}es")
        }
        _ => format!("{reference}s"),
    }
}

//! The operations of Django, one at a time.

use super::super::translate::{Argument, Call, MAX_DEPTH, Value, Writer, list, name};
use super::fields::{self, Field};
use super::rows::Reading;
use crate::rules::parse::code::Syntax;

pub(super) struct Walk<'w, 't> {
    pub writer: &'w mut Writer,
    pub depth: usize,
    /// The module, which has the functions that operations name.
    pub root: &'w Syntax<'t>,
}

impl Walk<'_, '_> {
    pub(super) fn list(&mut self, items: &[Argument]) {
        for item in items {
            match item.value.call() {
                Some(call) if self.depth <= MAX_DEPTH => self.operation(call),
                _ => self.writer.unread(&item.bytes, "an operation that is computed"),
            }
        }
    }

    fn operation(&mut self, call: &Call) {
        let model = |key: &str| call.either(0, key).and_then(Value::text).map(str::to_lowercase);
        let on_model = || model("model_name").and_then(|model| name(&model));
        let own_name = || call.either(1, "name").and_then(Value::text);
        let done = match call.name.as_str() {
            "CreateModel" => self.create_model(call),
            "DeleteModel" => model("name")
                .and_then(|model| self.say(call, &format!("DROP TABLE {} CASCADE", name(&model)?))),
            "RenameModel" => self.rename_model(call),
            "AddField" => on_model().and_then(|table| self.add_field(&table, call)),
            "RemoveField" => {
                on_model().zip(own_name().and_then(name)).and_then(|(table, column)| {
                    self.say(call, &format!("ALTER TABLE {table} DROP COLUMN {column} CASCADE"))
                })
            }
            "RenameField" => on_model().and_then(|table| {
                let from = call.either(1, "old_name")?.text().and_then(name)?;
                let to = call.either(2, "new_name")?.text().and_then(name)?;
                self.say(call, &format!("ALTER TABLE {table} RENAME COLUMN {from} TO {to}"))
            }),
            "AddIndex" | "AddIndexConcurrently" => {
                on_model().and_then(|table| self.add_index(&table, call))
            }
            "RemoveIndex" | "RemoveIndexConcurrently" => {
                own_name().and_then(name).and_then(|index| {
                    let concurrently = call.name.ends_with("Concurrently");
                    let how = if concurrently { "CONCURRENTLY " } else { "" };
                    self.say(call, &format!("DROP INDEX {how}{index}"))
                })
            }
            "AddConstraint" | "AddConstraintNotValid" => {
                on_model().and_then(|table| self.add_constraint(&table, call))
            }
            "ValidateConstraint" | "RemoveConstraint" => {
                let verb = if call.name == "RemoveConstraint" { "DROP" } else { "VALIDATE" };
                on_model().zip(own_name().and_then(name)).and_then(|(table, constraint)| {
                    self.say(call, &format!("ALTER TABLE {table} {verb} CONSTRAINT {constraint}"))
                })
            }
            "AlterUniqueTogether" => self.unique_together(call),
            "RunSQL" => self.run_sql(call),
            "SeparateDatabaseAndState" => {
                if let Some(Value::List(items)) = call.either(0, "database_operations") {
                    let (writer, depth) = (&mut *self.writer, self.depth + 1);
                    Walk { writer, depth, root: self.root }.list(items);
                }
                Some(())
            }
            _ => self.without_table(call),
        };
        if done.is_none() {
            self.writer.unread(&call.bytes, "an operation that is computed or not known here");
        }
    }

    /// Operations that change no table here.
    fn without_table(&mut self, call: &Call) -> Option<()> {
        match call.name.as_str() {
            // What only Django's own state sees, or the rule on altered fields looks at.
            "AlterField"
            | "AlterModelOptions"
            | "AlterModelManagers"
            | "AlterOrderWithRespectTo"
            | "AlterModelTableComment"
            | "RenameIndex"
            | "AlterIndexTogether" => Some(()),
            other if other.ends_with("Extension") => Some(()),
            "RunPython" => {
                if !Reading::new(self.writer, self.root).run(call) {
                    let why = "what the function of a `RunPython` does to rows";
                    self.writer.unread(&call.bytes, why);
                }
                Some(())
            }
            _ => None,
        }
    }

    fn say(&mut self, call: &Call, sql: &str) -> Option<()> {
        self.writer.statement(&call.bytes, sql);
        Some(())
    }

    fn create_model(&mut self, call: &Call) -> Option<()> {
        let options = call.option("options");
        let option = |key: &str| options.and_then(|options| options.pair(key));
        // A proxy has no table, an unmanaged one is made elsewhere.
        if option("proxy").is_some_and(Value::is_true)
            || option("managed").is_some_and(Value::is_false)
        {
            return Some(());
        }
        let table = name(&call.either(0, "name")?.text()?.to_lowercase())?;
        let Some(Value::List(items)) = call.either(1, "fields") else { return None };
        let (mut columns, mut indexed) = (Vec::new(), Vec::new());
        for item in items {
            let Value::List(pair) = &item.value else { continue };
            let field = pair.get(1).and_then(|field| fields::read(field.value.call()?));
            let own = pair.first().and_then(|name| name.value.text());
            if let (Some(field), Some(own)) = (field, own) {
                indexed.extend(column(own, &field).filter(|_| field.indexed));
                columns.extend(definition(own, &field, true));
            }
        }
        self.say(call, &format!("CREATE TABLE {table} ({})", columns.join(", ")))?;
        // Django indexes references by itself.
        for column in indexed {
            self.say(call, &format!("CREATE INDEX ON {table} ({column})"))?;
        }
        Some(())
    }

    fn rename_model(&mut self, call: &Call) -> Option<()> {
        let from = call.either(0, "old_name")?.text()?.to_lowercase();
        let to = call.either(1, "new_name")?.text()?.to_lowercase();
        // Only the spelling in code changes.
        if from == to {
            return Some(());
        }
        self.say(call, &format!("ALTER TABLE {} RENAME TO {}", name(&from)?, name(&to)?))
    }

    fn add_field(&mut self, table: &str, call: &Call) -> Option<()> {
        let own = call.either(1, "name")?.text()?;
        let field = call.either(2, "field")?.call()?;
        if field.name == "ManyToManyField" {
            let through = name(&format!("{}_{own}", table.trim_matches('"')))?;
            let sql = format!("CREATE TABLE {through} (id bigserial PRIMARY KEY)");
            return field
                .option("through")
                .is_some()
                .then_some(())
                .or_else(|| self.say(call, &sql));
        }
        let field = fields::read(field)?;
        self.say(
            call,
            &format!("ALTER TABLE {table} ADD COLUMN {}", definition(own, &field, false)?),
        )?;
        if field.indexed {
            let column = column(own, &field)?;
            self.say(call, &format!("CREATE INDEX ON {table} ({column})"))?;
        }
        Some(())
    }

    fn add_index(&mut self, table: &str, call: &Call) -> Option<()> {
        let index = call.either(1, "index")?.call()?;
        let columns = match index.option("fields") {
            Some(value) => columns(value)?,
            None => "(expression)".to_owned(),
        };
        let own = index.text_option("name").and_then(name).unwrap_or_default();
        let concurrently = call.name.ends_with("Concurrently");
        let how = if concurrently { "CONCURRENTLY " } else { "" };
        let method = match index.name.as_str() {
            "GinIndex" => " USING gin",
            "GistIndex" => " USING gist",
            "BrinIndex" => " USING brin",
            "HashIndex" => " USING hash",
            _ => "",
        };
        let part = if index.option("condition").is_some() { " WHERE TRUE" } else { "" };
        self.say(call, &format!("CREATE INDEX {how}{own} ON {table}{method} ({columns}){part}"))
    }

    fn add_constraint(&mut self, table: &str, call: &Call) -> Option<()> {
        let constraint = call.either(1, "constraint")?.call()?;
        let own = constraint.text_option("name").and_then(name)?;
        let sql = match constraint.name.as_str() {
            "CheckConstraint" => {
                let later = if call.name.ends_with("NotValid") { " NOT VALID" } else { "" };
                format!("ALTER TABLE {table} ADD CONSTRAINT {own} CHECK (TRUE){later}")
            }
            // With a condition or expressions it is an index, not a constraint.
            "UniqueConstraint" => match constraint.option("fields") {
                Some(fields) if constraint.option("condition").is_none() => {
                    let columns = columns(fields)?;
                    format!("ALTER TABLE {table} ADD CONSTRAINT {own} UNIQUE ({columns})")
                }
                Some(fields) => {
                    let columns = columns(fields)?;
                    format!("CREATE UNIQUE INDEX {own} ON {table} ({columns}) WHERE TRUE")
                }
                None => format!("CREATE UNIQUE INDEX {own} ON {table} ((expression))"),
            },
            "ExclusionConstraint" => {
                format!("ALTER TABLE {table} ADD CONSTRAINT {own} EXCLUDE USING gist (id WITH =)")
            }
            _ => return None,
        };
        self.say(call, &sql)
    }

    fn unique_together(&mut self, call: &Call) -> Option<()> {
        let table = name(&call.either(0, "name")?.text()?.to_lowercase())?;
        let Value::List(sets) = call.either(1, "unique_together")? else { return Some(()) };
        let sets: Vec<String> = sets.iter().filter_map(|set| columns(&set.value)).collect();
        for columns in sets {
            self.say(call, &format!("ALTER TABLE {table} ADD UNIQUE ({columns})"))?;
        }
        Some(())
    }

    fn run_sql(&mut self, call: &Call) -> Option<()> {
        self.sql(call.positional.first().or_else(|| {
            call.named.iter().find(|(key, _)| key == "sql").map(|(_, argument)| argument)
        })?)
    }

    /// One text, or a list of texts and of pairs of a text and its parameters.
    fn sql(&mut self, argument: &Argument) -> Option<()> {
        match &argument.value {
            Value::Text(sql) => {
                self.writer.embedded(sql, &argument.bytes);
                Some(())
            }
            Value::List(items) => {
                for item in items {
                    match &item.value {
                        Value::List(pair) => self.sql(pair.first()?)?,
                        _ => self.sql(item)?,
                    }
                }
                Some(())
            }
            // `migrations.RunSQL.noop`
            Value::Name(name) if name.ends_with("noop") => Some(()),
            _ => None,
        }
    }
}

fn column(own: &str, field: &Field) -> Option<String> {
    match (&field.column, &field.target) {
        (Some(column), _) => name(column),
        (None, Some(_)) => name(&format!("{own}_id")),
        (None, None) => name(own),
    }
}

/// A column as SQL. `new`: of a table that is made here, which has no rows to fill.
fn definition(own: &str, field: &Field, new: bool) -> Option<String> {
    let mut sql = format!("{} {}", column(own, field)?, field.type_text);
    if field.primary_key {
        sql.push_str(" PRIMARY KEY");
    } else if !field.null {
        sql.push_str(" NOT NULL");
    }
    // Django fills existing rows with the default of the model, and takes it away again.
    let filler = field.kept_default.as_ref().or(field.filler.as_ref().filter(|_| !new));
    if let Some(value) = filler.filter(|value| *value != "NULL") {
        sql.push_str(&format!(" DEFAULT {value}"));
    }
    if field.unique {
        sql.push_str(" UNIQUE");
    }
    if let Some(target) = field.target.as_deref().filter(|_| !field.loose).and_then(name) {
        sql.push_str(&format!(" REFERENCES {target}"));
    }
    Some(sql)
}

/// Field names as columns; `-name` orders downwards.
fn columns(value: &Value) -> Option<String> {
    let names: Vec<&str> =
        value.texts()?.into_iter().map(|each| each.trim_start_matches('-')).collect();
    list(&names)
}

/// The name of an operation that cannot be undone.
pub(super) fn irreversible(item: &Argument, depth: usize) -> Option<&'static str> {
    let call = item.value.call()?;
    match call.name.as_str() {
        "RunPython" if call.either(1, "reverse_code").is_none() && !call.partial => {
            Some("RunPython")
        }
        "RunSQL" if call.either(1, "reverse_sql").is_none() && !call.partial => Some("RunSQL"),
        "SeparateDatabaseAndState" if depth < 4 => match call.either(0, "database_operations")? {
            Value::List(items) => items.iter().find_map(|item| irreversible(item, depth + 1)),
            _ => None,
        },
        _ => None,
    }
}

/// The field that an operation gives a model, if it does.
pub(super) fn field_of(item: &Argument, model: &str, field: &str) -> Option<Field> {
    let call = item.value.call()?;
    match call.name.as_str() {
        "AddField" | "AlterField" => {
            let same = call.either(0, "model_name")?.text()?.eq_ignore_ascii_case(model)
                && call.either(1, "name")?.text()? == field;
            same.then(|| fields::read(call.either(2, "field")?.call()?)).flatten()
        }
        "CreateModel" if call.either(0, "name")?.text()?.eq_ignore_ascii_case(model) => {
            let Value::List(items) = call.either(1, "fields")? else { return None };
            items.iter().find_map(|item| {
                let Value::List(pair) = &item.value else { return None };
                let own = pair.first()?.value.text()? == field;
                own.then(|| fields::read(pair.get(1)?.value.call()?)).flatten()
            })
        }
        _ => None,
    }
}

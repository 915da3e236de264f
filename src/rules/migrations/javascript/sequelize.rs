//! Sequelize: `queryInterface.…`.

use super::super::translate::javascript::Link;
use super::super::translate::{Argument, Call, Value, Writer, list, literal, name};
use super::columns::type_of;
use super::raw;

pub(super) fn statement(writer: &mut Writer, links: &[Link<'_>]) {
    let Some(link) = links.last() else { return };
    let call = &link.call;
    let sql = match call.name.as_str() {
        "query" => return raw(writer, link),
        "transaction" | "describeTable" | "bulkInsert" | "showAllTables" | "then" | "catch"
        | "changeColumn" => {
            if call.name == "changeColumn" {
                change_column(writer, call);
            }
            return;
        }
        other => operation(other, call),
    };
    match sql {
        Some(statements) => {
            statements.iter().for_each(|sql| writer.statement(&call.bytes, sql));
        }
        None => writer.unread(&call.bytes, "an operation that is computed or not known here"),
    }
}

fn operation(kind: &str, call: &Call) -> Option<Vec<String>> {
    let table = table(call.argument(0)?)?;
    let text = |at: usize| call.text(at).and_then(name);
    Some(vec![match kind {
        "createTable" => {
            let Value::Pairs(columns) = call.argument(1)? else { return None };
            let columns: Option<Vec<String>> =
                columns.iter().map(|(key, given)| definition(key, &given.value)).collect();
            format!("CREATE TABLE {table} ({})", columns?.join(", "))
        }
        "dropTable" => format!("DROP TABLE {table}"),
        "renameTable" => format!("ALTER TABLE {table} RENAME TO {}", text(1)?),
        "addColumn" => {
            format!(
                "ALTER TABLE {table} ADD COLUMN {}",
                definition(call.text(1)?, call.argument(2)?)?
            )
        }
        "removeColumn" => format!("ALTER TABLE {table} DROP COLUMN {}", text(1)?),
        "renameColumn" => format!("ALTER TABLE {table} RENAME COLUMN {} TO {}", text(1)?, text(2)?),
        "addIndex" => index(&table, call)?,
        "removeIndex" => match call.argument(1)? {
            Value::Text(index) => format!("DROP INDEX {}", name(&index.text)?),
            _ => return None,
        },
        "addConstraint" => constraint(&table, call.argument(1)?)?,
        "removeConstraint" => format!("ALTER TABLE {table} DROP CONSTRAINT {}", text(1)?),
        "bulkUpdate" => {
            let Value::Pairs(values) = call.argument(1)? else { return None };
            let (column, _) = values.first()?;
            let all = matches!(call.argument(2), Some(Value::Pairs(pairs)) if pairs.is_empty());
            let only = if all || call.argument(2).is_none() { "" } else { " WHERE id IS NOT NULL" };
            format!("UPDATE {table} SET {} = NULL{only}", name(column)?)
        }
        "bulkDelete" => {
            let all = match call.argument(1) {
                None | Some(Value::Nothing) => true,
                Some(Value::Pairs(pairs)) => pairs.is_empty(),
                _ => false,
            };
            format!("DELETE FROM {table}{}", if all { "" } else { " WHERE id IS NOT NULL" })
        }
        _ => return None,
    }])
}

/// `'table'` or `{ tableName, schema }`.
fn table(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => name(&text.text),
        Value::Pairs(_) => {
            let table = name(value.pair("tableName")?.text()?)?;
            match value.pair("schema").and_then(Value::text) {
                Some(schema) => Some(format!("{}.{table}", name(schema)?)),
                None => Some(table),
            }
        }
        _ => None,
    }
}

fn change_column(writer: &mut Writer, call: &Call) {
    let parts = call.argument(0).and_then(table).zip(call.text(1).and_then(name));
    let (Some((table, column)), Some(given)) = (parts, call.argument(2)) else {
        return writer.unread(&call.bytes, "its arguments are computed");
    };
    let start = format!("ALTER TABLE {table} ALTER COLUMN {column}");
    match given.pair("type").and_then(kind) {
        Some(kind) => writer.statement(&call.bytes, &format!("{start} TYPE {kind}")),
        None => writer.unread(&call.bytes, "a type that is not known here"),
    }
    match given.pair("allowNull") {
        Some(Value::Boolean(false)) => {
            writer.statement(&call.bytes, &format!("{start} SET NOT NULL"))
        }
        Some(Value::Boolean(true)) => {
            writer.statement(&call.bytes, &format!("{start} DROP NOT NULL"))
        }
        _ => {}
    }
}

/// `Sequelize.STRING(20)` and `DataTypes.INTEGER`.
fn kind(value: &Value) -> Option<String> {
    match value {
        Value::Name(name) => {
            let last = name.rsplit('.').next()?;
            type_of(last, (last == "STRING").then_some("255"), None)
        }
        Value::Call(call) => {
            let number = |at: usize| match call.argument(at) {
                Some(Value::Number(number)) => Some(number.as_str()),
                _ => None,
            };
            type_of(&call.name, number(0), number(1))
        }
        Value::Text(text) => type_of(&text.text, None, None),
        _ => None,
    }
}

fn definition(column: &str, given: &Value) -> Option<String> {
    let kind = kind(given.pair("type").unwrap_or(given))?;
    let flag = |key: &str| given.pair(key);
    let mut sql = format!("{} ", name(column)?);
    let numbered = flag("autoIncrement").is_some_and(Value::is_true);
    sql.push_str(match kind.as_str() {
        "integer" if numbered => "serial",
        "bigint" if numbered => "bigserial",
        other => other,
    });
    if flag("primaryKey").is_some_and(Value::is_true) {
        sql.push_str(" PRIMARY KEY");
    } else if flag("allowNull").is_some_and(Value::is_false) {
        sql.push_str(" NOT NULL");
    }
    if let Some(value) = flag("defaultValue").filter(|value| **value != Value::Nothing) {
        let text = match value {
            Value::Call(call) if matches!(call.name.as_str(), "literal" | "fn") => {
                let inner = call.text(0)?;
                if call.name == "fn" { format!("{inner}()") } else { inner.to_owned() }
            }
            // `Sequelize.UUIDV4` is made up in JavaScript.
            Value::Name(_) => String::new(),
            other => literal(other)?,
        };
        if !text.is_empty() {
            sql.push_str(&format!(" DEFAULT {text}"));
        }
    }
    if flag("unique").is_some_and(|unique| !unique.is_false()) {
        sql.push_str(" UNIQUE");
    }
    if let Some(references) = flag("references") {
        let target = table(references.pair("model")?)?;
        let key = references.pair("key").and_then(Value::text).unwrap_or("id");
        sql.push_str(&format!(" REFERENCES {target} ({})", name(key)?));
    }
    Some(sql)
}

/// `addIndex(table, ['a'], { … })` and `addIndex(table, { fields: ['a'], … })`.
fn index(table: &str, call: &Call) -> Option<String> {
    let (fields, options) = match call.argument(1)? {
        Value::List(fields) => (fields.as_slice(), call.argument(2)),
        options @ Value::Pairs(_) => match options.pair("fields")? {
            Value::List(fields) => (fields.as_slice(), Some(options)),
            _ => return None,
        },
        _ => return None,
    };
    let option = |key: &str| options.and_then(|options| options.pair(key));
    let flag = |key: &str| option(key).is_some_and(Value::is_true);
    let column = |field: &Argument| match &field.value {
        Value::Text(text) => name(&text.text),
        Value::Pairs(_) => name(field.value.pair("name")?.text()?),
        _ => Some("(expression)".to_owned()),
    };
    let columns: Option<Vec<String>> = fields.iter().map(column).collect();
    let unique = flag("unique")
        || option("type")
            .and_then(Value::text)
            .is_some_and(|kind| kind.eq_ignore_ascii_case("unique"));
    Some(format!(
        "CREATE {}INDEX {}{} ON {table} ({}){}",
        if unique { "UNIQUE " } else { "" },
        if flag("concurrently") { "CONCURRENTLY " } else { "" },
        option("name").and_then(Value::text).and_then(name).unwrap_or_default(),
        columns?.join(", "),
        if option("where").is_some() { " WHERE TRUE" } else { "" },
    ))
}

fn constraint(table: &str, options: &Value) -> Option<String> {
    let own = list(&options.pair("fields")?.texts()?)?;
    let named = options.pair("name").and_then(Value::text).and_then(name);
    let named = named.map_or(String::new(), |name| format!("CONSTRAINT {name} "));
    let body = match options.pair("type")?.text()?.to_ascii_lowercase().as_str() {
        "foreign key" => {
            let target = options.pair("references")?;
            let key = target.pair("field").and_then(Value::text).unwrap_or("id");
            format!(
                "FOREIGN KEY ({own}) REFERENCES {} ({})",
                super::sequelize::table(target.pair("table")?)?,
                name(key)?
            )
        }
        "unique" => format!("UNIQUE ({own})"),
        "primary key" => format!("PRIMARY KEY ({own})"),
        "check" => "CHECK (TRUE)".to_owned(),
        _ => return None,
    };
    Some(format!("ALTER TABLE {table} ADD {named}{body}"))
}

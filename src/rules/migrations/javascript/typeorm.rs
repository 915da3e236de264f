//! TypeORM: `queryRunner.…`.

use super::super::translate::javascript::Link;
use super::super::translate::{Call, Value, Writer, list, name};
use super::columns::type_of;
use super::raw;

pub(super) fn statement(writer: &mut Writer, links: &[Link<'_>]) {
    let Some(link) = links.last() else { return };
    let call = &link.call;
    let statements = match call.name.as_str() {
        "query" => return raw(writer, link),
        "getTable"
        | "hasTable"
        | "hasColumn"
        | "startTransaction"
        | "commitTransaction"
        | "rollbackTransaction"
        | "createQueryBuilder"
        | "getRepository" => return,
        other => operation(other, call),
    };
    match statements {
        Some(statements) => {
            statements.iter().for_each(|sql| writer.statement(&call.bytes, sql));
        }
        None => writer.unread(&call.bytes, "an operation that is computed or not known here"),
    }
}

fn operation(kind: &str, call: &Call) -> Option<Vec<String>> {
    let table = || name(call.text(0)?);
    let given = |at: usize| options(call.argument(at)?);
    let each = |at: usize| -> Option<Vec<&Value>> {
        match call.argument(at)? {
            Value::List(items) => items.iter().map(|item| options(&item.value)).collect(),
            other => Some(vec![options(other)?]),
        }
    };
    Some(match kind {
        "createTable" => vec![create_table(given(0)?)?],
        "dropTable" => vec![format!("DROP TABLE {}", table()?)],
        "renameTable" => {
            vec![format!("ALTER TABLE {} RENAME TO {}", table()?, name(call.text(1)?)?)]
        }
        "addColumn" | "addColumns" => {
            let table = table()?;
            let add = |column: &&Value| {
                Some(format!("ALTER TABLE {table} ADD COLUMN {}", definition(column)?))
            };
            each(1)?.iter().map(add).collect::<Option<_>>()?
        }
        "dropColumn" | "dropColumns" => {
            let table = table()?;
            let names = call.argument(1)?.texts()?;
            let drop =
                |column: &&str| Some(format!("ALTER TABLE {table} DROP COLUMN {}", name(column)?));
            names.iter().map(drop).collect::<Option<_>>()?
        }
        "renameColumn" => vec![format!(
            "ALTER TABLE {} RENAME COLUMN {} TO {}",
            table()?,
            name(call.text(1)?)?,
            name(call.text(2)?)?
        )],
        "createIndex" | "createIndices" => {
            let table = table()?;
            each(1)?.iter().map(|index| create_index(&table, index)).collect::<Option<_>>()?
        }
        "dropIndex" => vec![format!("DROP INDEX {}", name(call.text(1)?)?)],
        "createForeignKey" | "createForeignKeys" => {
            let table = table()?;
            each(1)?.iter().map(|key| foreign_key(&table, key)).collect::<Option<_>>()?
        }
        "createUniqueConstraint" => {
            let columns = list(&given(1)?.pair("columnNames")?.texts()?)?;
            vec![format!("ALTER TABLE {} ADD UNIQUE ({columns})", table()?)]
        }
        "createPrimaryKey" => {
            let columns = list(&call.argument(1)?.texts()?)?;
            vec![format!("ALTER TABLE {} ADD PRIMARY KEY ({columns})", table()?)]
        }
        "createCheckConstraint" => vec![format!("ALTER TABLE {} ADD CHECK (TRUE)", table()?)],
        "dropForeignKey" | "dropUniqueConstraint" | "dropCheckConstraint" => {
            vec![format!("ALTER TABLE {} DROP CONSTRAINT {}", table()?, name(call.text(1)?)?)]
        }
        _ => return None,
    })
}

/// The object that `new TableColumn({ … })` is given, or the object itself.
fn options(value: &Value) -> Option<&Value> {
    match value {
        Value::Call(call) => call.argument(0).filter(|value| matches!(value, Value::Pairs(_))),
        Value::Pairs(_) => Some(value),
        _ => None,
    }
}

fn create_table(table: &Value) -> Option<String> {
    let Value::List(columns) = table.pair("columns")? else { return None };
    let columns: Option<Vec<String>> =
        columns.iter().map(|column| definition(options(&column.value)?)).collect();
    Some(format!("CREATE TABLE {} ({})", name(table.pair("name")?.text()?)?, columns?.join(", ")))
}

fn definition(column: &Value) -> Option<String> {
    let text = |key: &str| column.pair(key).and_then(Value::text);
    let flag = |key: &str| column.pair(key).is_some_and(Value::is_true);
    let kind = text("type")?;
    let kind = type_of(kind, text("length"), None).unwrap_or_else(|| kind.to_owned());
    let mut sql = format!("{} {kind}", name(text("name")?)?);
    if flag("isPrimary") {
        sql.push_str(" PRIMARY KEY");
    } else if !flag("isNullable") {
        sql.push_str(" NOT NULL");
    }
    match column.pair("default") {
        Some(Value::Text(value)) => sql.push_str(&format!(" DEFAULT {}", value.text)),
        Some(Value::Number(value)) => sql.push_str(&format!(" DEFAULT {value}")),
        Some(Value::Boolean(value)) => sql.push_str(&format!(" DEFAULT {value}")),
        _ => {}
    }
    if text("generationStrategy") == Some("increment") && !flag("isPrimary") {
        sql.push_str(" GENERATED BY DEFAULT AS IDENTITY");
    }
    if flag("isUnique") {
        sql.push_str(" UNIQUE");
    }
    Some(sql)
}

fn create_index(table: &str, index: &Value) -> Option<String> {
    let columns = list(&index.pair("columnNames")?.texts()?)?;
    let unique = index.pair("isUnique").is_some_and(Value::is_true);
    let concurrently = index.pair("isConcurrent").is_some_and(Value::is_true);
    Some(format!(
        "CREATE {}INDEX {}{} ON {table} ({columns})",
        if unique { "UNIQUE " } else { "" },
        if concurrently { "CONCURRENTLY " } else { "" },
        index.pair("name").and_then(Value::text).and_then(name).unwrap_or_default(),
    ))
}

fn foreign_key(table: &str, key: &Value) -> Option<String> {
    let columns = |of: &str| list(&key.pair(of)?.texts()?);
    Some(format!(
        "ALTER TABLE {table} ADD FOREIGN KEY ({}) REFERENCES {} ({})",
        columns("columnNames")?,
        name(key.pair("referencedTableName")?.text()?)?,
        columns("referencedColumnNames")?,
    ))
}

//! The change types of Liquibase, one at a time.

use super::super::translate::{Literal, Writer, list, name};
use super::element::Element;

/// Parts of a change set that change nothing by themselves.
const REMARKS: [&str; 14] = [
    "comment",
    "preConditions",
    "rollback",
    "validCheckSum",
    "tagDatabase",
    "empty",
    "output",
    "setTableRemarks",
    "setColumnRemarks",
    "modifySql",
    "property",
    "renameSequence",
    "createSequence",
    "alterSequence",
];

pub(super) fn change(writer: &mut Writer, change: &Element) {
    let kind = change.name.as_str();
    // In YAML plain values are both.
    let plain = change.children.is_empty()
        && change.attributes.is_empty()
        && kind != "sql"
        && !change.text.is_empty();
    if REMARKS.contains(&kind) || plain {
        return;
    }
    // In YAML the list of changes has a name of its own.
    if kind == "changes" {
        change.children.iter().for_each(|inner| self::change(writer, inner));
        return;
    }
    if kind == "sql" {
        return sql(writer, change);
    }
    match statements(kind, change) {
        Some(statements) => {
            statements.iter().for_each(|sql| writer.statement(&change.bytes, sql));
        }
        None => {
            writer.unread(&change.bytes, "a change type that is not known here, or is computed")
        }
    }
}

fn sql(writer: &mut Writer, change: &Element) {
    let text = change.attribute("sql").map_or(change.text.as_str(), |sql| sql);
    let nested = change.children.iter().find(|child| child.name == "sql");
    let (text, at) = match nested {
        Some(inner) if !inner.text.is_empty() => (inner.text.as_str(), None),
        _ => (text, change.text_at.clone()),
    };
    writer.embedded(&Literal { text: text.to_owned(), verbatim: at }, &change.bytes);
}

fn table(change: &Element, key: &str, schema: &str) -> Option<String> {
    let table = name(change.attribute(key)?)?;
    match change.attribute(schema) {
        Some(schema) => Some(format!("{}.{table}", name(schema)?)),
        None => Some(table),
    }
}

fn columns(text: &str) -> Option<String> {
    let names: Vec<&str> = text.split(',').map(str::trim).collect();
    list(&names)
}

fn statements(kind: &str, change: &Element) -> Option<Vec<String>> {
    let on = || table(change, "tableName", "schemaName");
    let column = || name(change.attribute("columnName")?);
    let alter_column =
        |what: &str| Some(format!("ALTER TABLE {} ALTER COLUMN {} {what}", on()?, column()?));
    Some(match kind {
        "createTable" => {
            let parts: Option<Vec<String>> = each_column(change).map(definition).collect();
            vec![format!("CREATE TABLE {} ({})", on()?, parts?.join(", "))]
        }
        "dropTable" => vec![format!("DROP TABLE {}", on()?)],
        "renameTable" => vec![format!(
            "ALTER TABLE {} RENAME TO {}",
            table(change, "oldTableName", "schemaName")?,
            name(change.attribute("newTableName")?)?
        )],
        "addColumn" => {
            let table = on()?;
            let add =
                |column| Some(format!("ALTER TABLE {table} ADD COLUMN {}", definition(column)?));
            each_column(change).map(add).collect::<Option<_>>()?
        }
        "dropColumn" => {
            let table = on()?;
            let own = change.attribute("columnName");
            let nested = each_column(change).filter_map(|column| column.attribute("name"));
            let drop = |column| Some(format!("ALTER TABLE {table} DROP COLUMN {}", name(column)?));
            own.into_iter().chain(nested).map(drop).collect::<Option<_>>()?
        }
        "renameColumn" => vec![format!(
            "ALTER TABLE {} RENAME COLUMN {} TO {}",
            on()?,
            name(change.attribute("oldColumnName")?)?,
            name(change.attribute("newColumnName")?)?
        )],
        "modifyDataType" => {
            let kind = type_of(change.attribute("newDataType")?)?;
            vec![alter_column(&format!("TYPE {kind}"))?]
        }
        "addNotNullConstraint" => {
            let mut all = Vec::new();
            if let Some(filler) = change.attribute("defaultNullValue") {
                let (table, column, filler) = (on()?, column()?, filler.replace('\'', "''"));
                all.push(format!(
                    "UPDATE {table} SET {column} = '{filler}' WHERE {column} IS NULL"
                ));
            }
            all.push(alter_column("SET NOT NULL")?);
            all
        }
        "dropNotNullConstraint" => vec![alter_column("DROP NOT NULL")?],
        "addDefaultValue" => vec![alter_column("SET DEFAULT 0")?],
        "dropDefaultValue" => vec![alter_column("DROP DEFAULT")?],
        _ => return keys(kind, change).or_else(|| rows_and_objects(kind, change)),
    })
}

fn keys(kind: &str, change: &Element) -> Option<Vec<String>> {
    let on = || table(change, "tableName", "schemaName");
    let named = change.attribute("constraintName").and_then(name);
    let constraint = named.as_deref().map_or(String::new(), |name| format!("CONSTRAINT {name} "));
    let later = if change.attribute("validate") == Some("false") { " NOT VALID" } else { "" };
    Some(vec![match kind {
        "createIndex" => {
            let names: Vec<&str> =
                each_column(change).filter_map(|column| column.attribute("name")).collect();
            let items: Vec<String> =
                names.iter().map(|item| name(item).unwrap_or("(expression)".to_owned())).collect();
            let unique = change.attribute("unique") == Some("true");
            format!(
                "CREATE {}INDEX {} ON {} ({})",
                if unique { "UNIQUE " } else { "" },
                change.attribute("indexName").and_then(name).unwrap_or_default(),
                on()?,
                items.join(", ")
            )
        }
        "dropIndex" => format!("DROP INDEX {}", name(change.attribute("indexName")?)?),
        "addForeignKeyConstraint" => format!(
            "ALTER TABLE {} ADD {constraint}FOREIGN KEY ({}) REFERENCES {} ({}){later}",
            table(change, "baseTableName", "baseTableSchemaName")?,
            columns(change.attribute("baseColumnNames")?)?,
            name(change.attribute("referencedTableName")?)?,
            columns(change.attribute("referencedColumnNames")?)?,
        ),
        "addUniqueConstraint" => {
            let columns = columns(change.attribute("columnNames")?)?;
            format!("ALTER TABLE {} ADD {constraint}UNIQUE ({columns})", on()?)
        }
        "addPrimaryKey" => {
            let columns = columns(change.attribute("columnNames")?)?;
            format!("ALTER TABLE {} ADD {constraint}PRIMARY KEY ({columns})", on()?)
        }
        "dropUniqueConstraint" | "dropPrimaryKey" => {
            format!("ALTER TABLE {} DROP CONSTRAINT {}", on()?, named?)
        }
        "dropForeignKeyConstraint" => {
            let table = table(change, "baseTableName", "baseTableSchemaName")?;
            format!("ALTER TABLE {table} DROP CONSTRAINT {}", named?)
        }
        _ => return None,
    }])
}

fn rows_and_objects(kind: &str, change: &Element) -> Option<Vec<String>> {
    let on = || table(change, "tableName", "schemaName");
    let filter = change.children.iter().any(|child| child.name == "where");
    let only = if filter { " WHERE id IS NOT NULL" } else { "" };
    Some(vec![match kind {
        "update" => {
            let column = each_column(change).find_map(|column| name(column.attribute("name")?))?;
            format!("UPDATE {} SET {column} = NULL{only}", on()?)
        }
        "delete" => format!("DELETE FROM {}{only}", on()?),
        "insert" | "loadData" | "loadUpdateData" => format!("INSERT INTO {} DEFAULT VALUES", on()?),
        "dropView" => format!("DROP VIEW {}", name(change.attribute("viewName")?)?),
        "dropSequence" => format!("DROP SEQUENCE {}", name(change.attribute("sequenceName")?)?),
        "dropProcedure" => format!("DROP PROCEDURE {}", name(change.attribute("procedureName")?)?),
        _ => return None,
    }])
}

/// The columns of a change: directly inside in XML, in a list called `columns` in YAML.
fn each_column(change: &Element) -> impl Iterator<Item = &Element> {
    let lists = change.children.iter().filter(|child| child.name == "columns");
    let nested = lists.flat_map(|list| &list.children);
    change.children.iter().chain(nested).filter(|child| child.name == "column")
}

/// Types as Liquibase spells them for every database.
fn type_of(text: &str) -> Option<String> {
    let lower = text.to_lowercase();
    let (base, size) =
        lower.split_once('(').map_or((lower.as_str(), ""), |(base, size)| (base, size));
    let size = if size.is_empty() { String::new() } else { format!("({size}") };
    let sound = lower.chars().all(|c| c.is_alphanumeric() || " (),_[]".contains(c));
    let base = match base.trim() {
        "clob" | "longtext" | "nclob" => "text",
        "datetime" => "timestamp",
        "blob" => "bytea",
        "int" => "integer",
        "nvarchar" | "varchar2" => "varchar",
        "number" => "numeric",
        "double" => "double precision",
        other => other,
    };
    sound.then(|| format!("{base}{size}"))
}

fn definition(column: &Element) -> Option<String> {
    let mut sql =
        format!("{} {}", name(column.attribute("name")?)?, type_of(column.attribute("type")?)?);
    let constraints = column.children.iter().find(|child| child.name == "constraints");
    let has = |key: &str, value: &str| {
        constraints.is_some_and(|constraints| constraints.attribute(key) == Some(value))
    };
    if column.attribute("autoIncrement") == Some("true") {
        sql.push_str(" GENERATED BY DEFAULT AS IDENTITY");
    }
    if has("primaryKey", "true") {
        sql.push_str(" PRIMARY KEY");
    } else if has("nullable", "false") {
        sql.push_str(" NOT NULL");
    }
    let default = column.attributes.iter().find(|(key, _)| key.starts_with("defaultValue"));
    if let Some((key, value)) = default.filter(|(key, _)| key != "defaultValueConstraintName") {
        match key.as_str() {
            "defaultValueNumeric" | "defaultValueBoolean" | "defaultValueComputed" => {
                sql.push_str(&format!(" DEFAULT {value}"));
            }
            _ => sql.push_str(&format!(" DEFAULT '{}'", value.replace('\'', "''"))),
        }
    }
    if has("unique", "true") {
        sql.push_str(" UNIQUE");
    }
    Some(sql)
}

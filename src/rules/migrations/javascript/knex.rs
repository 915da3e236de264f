//! Knex: `knex.schema.…` and `knex.raw(…)`.

use super::super::translate::javascript::{Link, chain, first_parameter};
use super::super::translate::{Call, Value, Writer, list, literal, name};
use super::columns::type_of;
use super::raw;

pub(super) fn statement(writer: &mut Writer, links: &[Link<'_>]) {
    for link in links {
        let call = &link.call;
        let table = || call.text(0).and_then(name);
        match call.name.as_str() {
            "raw" => raw(writer, link),
            "createTable" | "createTableIfNotExists" => table_block(writer, link, true),
            "alterTable" | "table" => table_block(writer, link, false),
            "dropTable" | "dropTableIfExists" => match table() {
                Some(table) => writer.statement(&call.bytes, &format!("DROP TABLE {table}")),
                None => computed(writer, call),
            },
            "renameTable" => match (table(), call.text(1).and_then(name)) {
                (Some(from), Some(to)) => {
                    writer.statement(&call.bytes, &format!("ALTER TABLE {from} RENAME TO {to}"));
                }
                _ => computed(writer, call),
            },
            "update" | "del" | "delete" => rows(writer, links, call),
            _ => {}
        }
    }
}

fn computed(writer: &mut Writer, call: &Call) {
    writer.unread(&call.bytes, "its arguments are computed");
}

/// `knex('table').where(…).update(…)`.
fn rows(writer: &mut Writer, links: &[Link<'_>], call: &Call) {
    let Some(first) = links.first().filter(|link| link.call.name.is_empty()) else { return };
    let Some(table) = first.call.text(0).and_then(name) else { return computed(writer, call) };
    let filtered = links.iter().any(|link| link.call.name.starts_with("where"));
    let only = if filtered { " WHERE id IS NOT NULL" } else { "" };
    let sql = if call.name == "update" {
        let column = match call.argument(0) {
            Some(Value::Pairs(pairs)) => pairs.first().and_then(|(key, _)| name(key)),
            Some(Value::Text(text)) => name(&text.text),
            _ => None,
        };
        let Some(column) = column else { return computed(writer, call) };
        format!("UPDATE {table} SET {column} = NULL{only}")
    } else {
        format!("DELETE FROM {table}{only}")
    };
    writer.statement(&call.bytes, &sql);
}

fn table_block(writer: &mut Writer, link: &Link<'_>, new: bool) {
    let call = &link.call;
    let callback = link.arguments.get(1);
    let (Some(table), Some(callback)) = (call.text(0).and_then(name), callback) else {
        return computed(writer, call);
    };
    let Some(handle) = first_parameter(callback) else { return computed(writer, call) };
    let chains: Vec<Vec<Link<'_>>> = callback
        .dfs()
        .filter(|node| node.kind() == "call_expression" && super::is_outermost(node))
        .filter_map(|node| chain(&node))
        .filter(|(start, links)| *start == handle && !links.is_empty())
        .map(|(_, links)| links)
        .collect();
    if new {
        let mut parts: Vec<String> = Vec::new();
        for links in &chains {
            parts.extend(columns(links));
        }
        writer.statement(&call.bytes, &format!("CREATE TABLE {table} ({})", parts.join(", ")));
    }
    for links in &chains {
        in_table(writer, &table, links, new);
    }
}

fn in_table(writer: &mut Writer, table: &str, links: &[Link<'_>], new: bool) {
    let Some(first) = links.first().map(|link| &link.call) else { return };
    let bytes = first.bytes.start..links.last().map_or(first.bytes.end, |link| link.call.bytes.end);
    let alter = |what: String| format!("ALTER TABLE {table} {what}");
    let names = || first.argument(0).and_then(Value::texts);
    let mut say = |sql: Option<String>| match sql {
        Some(sql) => writer.statement(&bytes, &sql),
        None => writer.unread(&bytes, "its arguments are computed"),
    };
    match first.name.as_str() {
        "dropColumn" | "dropColumns" => {
            for column in first.positional.iter().filter_map(|each| each.value.texts()).flatten() {
                say(name(column).map(|column| alter(format!("DROP COLUMN {column}"))));
            }
        }
        "renameColumn" => {
            let pair = first.text(0).and_then(name).zip(first.text(1).and_then(name));
            say(pair.map(|(from, to)| alter(format!("RENAME COLUMN {from} TO {to}"))));
        }
        "index" => say(names()
            .and_then(|names| list(&names))
            .map(|columns| format!("CREATE INDEX ON {table} ({columns})"))),
        "unique" => say(names()
            .and_then(|names| list(&names))
            .map(|columns| alter(format!("ADD UNIQUE ({columns})")))),
        "primary" if !new => say(names()
            .and_then(|names| list(&names))
            .map(|columns| alter(format!("ADD PRIMARY KEY ({columns})")))),
        "dropNullable" => say(first
            .text(0)
            .and_then(name)
            .map(|column| alter(format!("ALTER COLUMN {column} SET NOT NULL")))),
        "setNullable" => say(first
            .text(0)
            .and_then(name)
            .map(|column| alter(format!("ALTER COLUMN {column} DROP NOT NULL")))),
        "foreign" => {
            let own = names().and_then(|names| list(&names));
            say(own.zip(target(links)).map(|(own, target)| {
                alter(format!("ADD FOREIGN KEY ({own}) REFERENCES {target}"))
            }));
        }
        "dropIndex" | "dropUnique" | "dropForeign" | "dropPrimary" | "dropTimestamps"
        | "primary" | "comment" | "engine" | "charset" | "check" | "increments"
            if !new && first.name != "increments" => {}
        _ if new => column_indexes(&mut say, table, links),
        _ if changes(links) => {
            let column = first.text(0).and_then(name).zip(kind(first));
            say(column.map(|(column, kind)| alter(format!("ALTER COLUMN {column} TYPE {kind}"))));
        }
        _ => {
            let added = columns(links);
            if added.is_empty() && type_of(&first.name, None, None).is_some() {
                say(None);
            }
            for column in added {
                say(Some(alter(format!("ADD COLUMN {column}"))));
            }
            column_indexes(&mut say, table, links);
        }
    }
}

/// Indexes that a column's chain asks for.
fn column_indexes(say: &mut impl FnMut(Option<String>), table: &str, links: &[Link<'_>]) {
    let Some(first) = links.first().map(|link| &link.call) else { return };
    let indexed = links.iter().skip(1).any(|link| link.call.name == "index");
    if let Some(column) = first.text(0).and_then(name).filter(|_| indexed) {
        say(Some(format!("CREATE INDEX ON {table} ({column})")));
    }
}

fn changes(links: &[Link<'_>]) -> bool {
    links.iter().any(|link| link.call.name == "alter")
}

fn kind(call: &Call) -> Option<String> {
    let number = |at: usize| match call.argument(at) {
        Some(Value::Number(number)) => Some(number.as_str()),
        _ => None,
    };
    if call.name == "specificType" {
        return call.text(1).map(str::to_lowercase);
    }
    let size = if call.name == "string" { Some(number(1).unwrap_or("255")) } else { number(1) };
    type_of(&call.name, size, number(2))
}

/// What `references('id').inTable('users')` or `references('users.id')` names.
fn target(links: &[Link<'_>]) -> Option<String> {
    let of = |wanted: &str| links.iter().find(|link| link.call.name == wanted)?.call.text(0);
    let column = of("references")?;
    match (of("inTable").or_else(|| of("on")), column.rsplit_once('.')) {
        (Some(table), _) => Some(format!("{} ({})", name(table)?, name(column)?)),
        (None, Some((table, column))) => Some(format!("{} ({})", name(table)?, name(column)?)),
        _ => None,
    }
}

/// The columns that a chain declares.
fn columns(links: &[Link<'_>]) -> Vec<String> {
    let Some(first) = links.first().map(|link| &link.call) else { return Vec::new() };
    let has = |wanted: &str| links.iter().any(|link| link.call.name == wanted);
    if first.name == "timestamps" {
        return ["created_at", "updated_at"]
            .iter()
            .map(|each| format!("{each} timestamptz"))
            .collect();
    }
    let numbered = matches!(first.name.as_str(), "increments" | "bigIncrements");
    let column = if numbered { Some(first.text(0).unwrap_or("id")) } else { first.text(0) };
    let (Some(column), Some(kind)) = (column.and_then(name), kind(first)) else {
        return Vec::new();
    };
    let mut sql = format!("{column} {kind}");
    if numbered || has("primary") {
        sql.push_str(" PRIMARY KEY");
    } else if has("notNullable") || has("notNull") {
        sql.push_str(" NOT NULL");
    }
    let default = links.iter().find(|link| link.call.name == "defaultTo");
    if let Some(value) = default.and_then(|link| link.call.argument(0)) {
        let inner = match value {
            Value::Call(call) if call.name == "raw" => call.text(0).map(str::to_owned),
            Value::Call(call) if call.name == "now" => Some("now()".to_owned()),
            other => literal(other),
        };
        sql.push_str(&format!(" DEFAULT {}", inner.unwrap_or("''".to_owned())));
    }
    if has("unique") {
        sql.push_str(" UNIQUE");
    }
    if let Some(target) = target(links) {
        sql.push_str(&format!(" REFERENCES {target}"));
    }
    vec![sql]
}

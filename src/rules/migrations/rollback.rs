//! Whether the way back undoes the way forward, and what a way back would look like.

use super::actions::ActionKind;
use super::dialect::Dialect;
use super::facts::{Kind, Statement};
use super::names;

/// Something that a migration makes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Made {
    Table(String),
    Column(String, String),
    Index { name: String, table: String, columns: Vec<String> },
    View(String),
}

impl Made {
    /// In words, for findings.
    pub fn describe(&self) -> String {
        match self {
            Self::Table(name) => format!("table `{name}`"),
            Self::Column(table, column) => format!("column `{table}.{column}`"),
            Self::Index { name, .. } => format!("index `{name}`"),
            Self::View(name) => format!("view `{name}`"),
        }
    }
}

/// What the forward part leaves behind once the backward part has run.
pub(super) fn left_behind(forward: &[Statement], backward: &[Statement]) -> Vec<Made> {
    made(forward).into_iter().filter(|thing| !is_undone(thing, backward)).collect()
}

/// What the statements make and do not take away again.
fn made(forward: &[Statement]) -> Vec<Made> {
    let mut all = Vec::new();
    let new_table = |table: &str| {
        forward
            .iter()
            .any(|s| matches!(&s.kind, Kind::CreateTable(made) if names::same(&made.name, table)))
    };
    for (at, statement) in forward.iter().enumerate() {
        match &statement.kind {
            Kind::CreateTable(made) if !made.temporary && made.partition_of.is_none() => {
                all.push((at, Made::Table(made.name.clone())));
            }
            Kind::CreateIndex(index) if !index.name.is_empty() && !new_table(&index.table) => {
                all.push((
                    at,
                    Made::Index {
                        name: index.name.clone(),
                        table: index.table.clone(),
                        columns: index.columns.clone(),
                    },
                ));
            }
            Kind::Create { what: "view", name, or_replace: false } => {
                all.push((at, Made::View(name.clone())));
            }
            Kind::AlterTable { table, actions } if !new_table(table) => {
                for action in actions {
                    if let ActionKind::AddColumn(column) = &action.kind {
                        all.push((at, Made::Column(table.clone(), column.name.clone())));
                    }
                }
            }
            _ => {}
        }
    }
    let gone =
        |at: usize, thing: &Made| is_undone(thing, forward.get(at + 1..).unwrap_or_default());
    let renamed = |thing: &Made| match thing {
        Made::Table(name) => forward.iter().any(|s| is_renamed(s, name)),
        _ => false,
    };
    all.into_iter()
        .filter(|(at, thing)| !gone(*at, thing) && !renamed(thing))
        .map(|(_, thing)| thing)
        .collect()
}

fn is_renamed(statement: &Statement, name: &str) -> bool {
    matches!(&statement.kind, Kind::AlterTable { table, actions }
        if names::same(table, name)
            && actions.iter().any(|a| matches!(a.kind, ActionKind::RenameTable { .. })))
}

fn is_undone(thing: &Made, statements: &[Statement]) -> bool {
    let table_dropped = |wanted: &str| {
        statements.iter().any(|s| match &s.kind {
            Kind::DropTable { tables, .. } => tables.iter().any(|t| names::same(t, wanted)),
            Kind::Drop { what: "schema" | "database", .. } => true,
            _ => is_renamed(s, wanted),
        })
    };
    let column_dropped = |on: &str, of: &str| {
        statements.iter().any(|s| match &s.kind {
            Kind::AlterTable { table, actions } if names::same(table, on) => {
                actions.iter().any(|a| match &a.kind {
                    ActionKind::DropColumn { column, .. } => column == of,
                    ActionKind::RenameColumn { from, .. } => from == of,
                    _ => false,
                })
            }
            _ => false,
        })
    };
    match thing {
        Made::Table(name) => table_dropped(name),
        Made::Column(table, column) => table_dropped(table) || column_dropped(table, column),
        Made::Index { name, table, columns } => {
            table_dropped(table)
                || columns.iter().any(|column| column_dropped(table, column))
                || statements.iter().any(|s| match &s.kind {
                    Kind::DropIndex { indexes, .. } => indexes.contains(name),
                    Kind::AlterTable { actions, .. } => actions.iter().any(|a| {
                        matches!(&a.kind, ActionKind::DropIndex { name: dropped } if dropped == name)
                    }),
                    _ => false,
                })
        }
        Made::View(name) => statements.iter().any(|s| match &s.kind {
            Kind::Drop { names: dropped, .. } => dropped.iter().any(|it| names::same(it, name)),
            Kind::Create { what: "view", name: again, .. } => names::same(again, name),
            _ => false,
        }),
    }
}

/// A script that undoes the statements; `None` unless each of them has a plain opposite.
pub(super) fn inverse(statements: &[Statement], dialect: Dialect) -> Option<String> {
    let quoted = |name: &str| quote(name, dialect);
    let mut lines: Vec<String> = Vec::new();
    for statement in statements {
        match &statement.kind {
            Kind::Begin | Kind::End | Kind::Set => {}
            Kind::CreateTable(made) if !made.if_not_exists && !made.temporary => {
                lines.push(format!("DROP TABLE {};", quoted(&made.name)));
            }
            Kind::CreateIndex(index) if !index.name.is_empty() && !index.if_not_exists => {
                let concurrently = index.concurrently && dialect == Dialect::Postgres;
                let how = if concurrently { "CONCURRENTLY " } else { "" };
                let on = match dialect {
                    Dialect::MySql | Dialect::SqlServer => format!(" ON {}", quoted(&index.table)),
                    _ => String::new(),
                };
                lines.push(format!("DROP INDEX {how}{}{on};", quoted(&index.name)));
            }
            Kind::Create { what: "view", name, or_replace: false } => {
                lines.push(format!("DROP VIEW {};", quoted(name)));
            }
            Kind::CreateEnum { name, .. } => lines.push(format!("DROP TYPE {};", quoted(name))),
            Kind::AlterTable { table, actions } => {
                let mut undone = Vec::new();
                for action in actions {
                    let undo = undo(table, &action.kind, dialect).filter(|_| !action.guarded)?;
                    undone.push(undo);
                }
                // The whole is turned around once more at the end.
                lines.extend(undone);
            }
            _ => return None,
        }
    }
    if lines.is_empty() {
        return None;
    }
    lines.reverse();
    Some(lines.join("\n") + "\n")
}

fn undo(table: &str, kind: &ActionKind, dialect: Dialect) -> Option<String> {
    let quoted = |name: &str| quote(name, dialect);
    let on = quoted(table);
    if dialect == Dialect::SqlServer {
        return undo_in_sql_server(table, kind);
    }
    Some(match kind {
        ActionKind::AddColumn(column) => {
            format!("ALTER TABLE {on} DROP COLUMN {};", quoted(&column.name))
        }
        ActionKind::RenameColumn { from, to } => {
            format!("ALTER TABLE {on} RENAME COLUMN {} TO {};", quoted(to), quoted(from))
        }
        ActionKind::RenameTable { to } => {
            let new = match table.rsplit_once('.') {
                Some((schema, _)) => format!("{schema}.{to}"),
                None => to.clone(),
            };
            let old = quoted(names::without_schema(table));
            format!("ALTER TABLE {} RENAME TO {old};", quoted(&new))
        }
        ActionKind::AddConstraint(it)
            if dialect == Dialect::Postgres && !it.name.is_empty() && it.using_index.is_none() =>
        {
            format!("ALTER TABLE {on} DROP CONSTRAINT {};", quoted(&it.name))
        }
        _ => return None,
    })
}

fn undo_in_sql_server(table: &str, kind: &ActionKind) -> Option<String> {
    let on = quote(table, Dialect::SqlServer);
    Some(match kind {
        // A default is a constraint, which has to go first and may have been given any name.
        ActionKind::AddColumn(it) if it.default.is_none() && it.references.is_none() => {
            let column = quote(&it.name, Dialect::SqlServer);
            format!("ALTER TABLE {on} DROP COLUMN {column};")
        }
        ActionKind::RenameColumn { from, to } => {
            format!("EXEC sp_rename '{table}.{to}', '{from}', 'COLUMN';")
        }
        ActionKind::RenameTable { to } => {
            let new = match table.rsplit_once('.') {
                Some((schema, _)) => format!("{schema}.{to}"),
                None => to.clone(),
            };
            format!("EXEC sp_rename '{new}', '{}';", names::without_schema(table))
        }
        ActionKind::AddConstraint(it) if !it.name.is_empty() => {
            let name = quote(&it.name, Dialect::SqlServer);
            format!("ALTER TABLE {on} DROP CONSTRAINT {name};")
        }
        _ => return None,
    })
}

/// A name as it has to be written: bare where that is enough.
fn quote(name: &str, dialect: Dialect) -> String {
    let part = |part: &str| {
        let plain = part.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
            && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        match dialect {
            _ if plain && !RESERVED.contains(&part) => part.to_owned(),
            Dialect::MySql => format!("`{part}`"),
            Dialect::SqlServer => format!("[{part}]"),
            _ => format!("\"{part}\""),
        }
    };
    name.split('.').map(part).collect::<Vec<_>>().join(".")
}

/// Words that people name tables and columns by although SQL reserves them.
const RESERVED: [&str; 14] = [
    "user",
    "order",
    "group",
    "table",
    "column",
    "check",
    "default",
    "end",
    "from",
    "to",
    "select",
    "where",
    "references",
    "primary",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::migrations::postgres;
    use crate::rules::parse::sql;

    fn read(script: &str) -> Vec<Statement> {
        postgres::statements(&sql::parse(script).unwrap().tree(), false)
    }

    #[test]
    fn the_inverse_undoes_in_reverse_order() {
        let up = "BEGIN; CREATE TABLE \"user\" (id int); ALTER TABLE a ADD COLUMN b int, RENAME COLUMN c TO d; \
                  CREATE INDEX CONCURRENTLY i ON a (b); COMMIT;";
        let down = inverse(&read(up), Dialect::Postgres).unwrap();
        assert_eq!(
            down,
            "DROP INDEX CONCURRENTLY i;\nALTER TABLE a RENAME COLUMN d TO c;\nALTER TABLE a DROP COLUMN b;\n\
             DROP TABLE \"user\";\n"
        );
        assert!(left_behind(&read(up), &read(&down)).is_empty());
        assert!(inverse(&read("DROP TABLE a;"), Dialect::Postgres).is_none());
        assert!(inverse(&read("UPDATE a SET b = 1;"), Dialect::Postgres).is_none());
    }

    #[test]
    fn what_is_left_behind_is_named() {
        let up = read(
            "CREATE TABLE a (id int); CREATE INDEX i ON a (id); ALTER TABLE b ADD COLUMN c int; CREATE INDEX k ON b (d);",
        );
        let left = left_behind(&up, &read("DROP TABLE a;"));
        let named: Vec<String> = left.iter().map(Made::describe).collect();
        assert_eq!(named, ["column `b.c`", "index `k`"]);
        let renamed = read("CREATE TABLE n (id int); DROP TABLE a; ALTER TABLE n RENAME TO a;");
        assert!(left_behind(&renamed, &[]).is_empty());
    }
}

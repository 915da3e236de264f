//! Things that go away, with the data in them or the promises they made.

use super::actions::{Action, ActionKind, Generated};
use super::dialect::Dialect;
use super::facts::{Kind, Statement};
use super::rebuild::rebuilds;
use super::say::{About, Holds, draft, migrations, on_actions, on_hits, on_statements, rule};
use super::script::{At, Hit};
use super::state::Known;
use crate::domain::finding::Category::{Data, Reliability};
use crate::domain::finding::Confidence::{High, Medium};
use crate::domain::finding::Severity::{Critical, Major, Minor};
use crate::rules::{Draft, Rule};

pub(super) const TABLE_DROPPED: Rule = rule(
    About {
        code: "migration/table-dropped",
        title: "A table is dropped",
        severity: Major,
        confidence: High,
        equivalents: &[
            "squawk:ban-drop-table",
            "atlas:DS102",
            "django-migration-linter:DROP_TABLE",
            "strong_migrations:create_table",
        ],
        page: include_str!("../../../fixtures/rules/migration/table-dropped.md"),
    },
    Data,
    |context, findings| {
        on_statements(context, findings, Holds::Everywhere, |at| {
            let Kind::DropTable { tables, .. } = &at.statement.kind else { return None };
            let gone: Vec<&String> = tables
                .iter()
                .filter(|table| {
                    !at.migration.is_new_table(table, at.statement.bytes.start)
                        && !takes_its_place(at, table)
                        && !clears_the_way(at, table)
                })
                .collect();
            let table = gone.first()?;
            Some(draft(
                format!("Table `{table}` and all its rows are dropped"),
                format!(
                    "`DROP TABLE` deletes the rows of `{table}` for good; a rollback recreates the table empty. \
                     Instances of the previous release that are still running fail on every query that names it."
                ),
                "Stop using the table in one release, keep it for at least one more (renaming it away is a reversible \
                 test), take a backup, and drop it in a migration of its own.",
            ))
        });
    },
);

/// Whether another table gets the dropped one's name later in the script: the usual way to
/// rebuild a table in SQLite.
fn takes_its_place(at: &At<'_>, table: &str) -> bool {
    let statements = &at.migration.script.statements;
    // Renamed away, and made anew under its old name.
    let renamed = statements.iter().take(at.index).any(|s| match &s.kind {
        Kind::AlterTable { table: old, actions } => {
            let away =
                |a: &Action| matches!(&a.kind, ActionKind::RenameTable { to } if to == table);
            actions.iter().any(away)
                && statements
                    .iter()
                    .any(|s| matches!(&s.kind, Kind::CreateTable(made) if made.name == *old))
        }
        _ => false,
    });
    let mut later = statements.iter();
    renamed
        || later.by_ref().filter(|s| s.bytes.start > at.statement.bytes.start).any(|s| {
            match &s.kind {
                Kind::AlterTable { actions, .. } => actions
                    .iter()
                    .any(|a| matches!(&a.kind, ActionKind::RenameTable { to } if to == table)),
                Kind::CreateTable(made) => made.name == table && made.is_special(),
                _ => false,
            }
        })
}

/// Whether `IF EXISTS` only makes room for a table that the script makes, in the first migration of
/// its folder: the way dumps begin.
fn clears_the_way(at: &At<'_>, table: &str) -> bool {
    let guarded = at.snippet().to_ascii_lowercase().contains("if exists");
    let made = |s: &Statement| matches!(&s.kind, Kind::CreateTable(made) if made.name == *table);
    let first = at.migration.timeline().is_none_or(|timeline| timeline.base.is_unseen());
    let there = matches!(at.before(table), Known::Table(_));
    guarded && first && !there && at.migration.script.statements.iter().skip(at.index).any(made)
}

pub(super) const COLUMN_DROPPED: Rule = rule(
    About {
        code: "migration/column-dropped",
        title: "A column is dropped",
        severity: Major,
        confidence: High,
        equivalents: &[
            "squawk:ban-drop-column",
            "atlas:DS103",
            "django-migration-linter:DROP_COLUMN",
            "strong_migrations:remove_column",
        ],
        page: include_str!("../../../fixtures/rules/migration/column-dropped.md"),
    },
    Data,
    |context, findings| {
        on_actions(context, findings, Holds::Everywhere, |at, table, action| {
            let ActionKind::DropColumn { column, .. } = &action.kind else { return None };
            let known = at.before(table);
            let known = known.table().and_then(|it| it.column(column));
            let computed = known.is_some_and(|it| it.generated == Some(Generated::Virtual));
            if computed || added_before(at, table, column) || !is_column(at) {
                return None;
            }
            Some(column_gone(table, column))
        });
        for migration in migrations(context, Holds::Everywhere) {
            for rebuild in rebuilds(&migration) {
                let at = migration.statements().find(|at| at.index == rebuild.create);
                if let Some((at, column)) = at.zip(rebuild.lost().next()) {
                    at.report(findings, column_gone(rebuild.table, &column.name));
                }
            }
        }
    },
);

fn column_gone(table: &str, column: &str) -> Draft {
    Draft {
        symbol: Some(format!("{table}.{column}")),
        ..draft(
            format!("Column `{column}` of `{table}` is dropped with its data"),
            format!(
                "The values of `{table}.{column}` cannot be brought back by a rollback. Until the last instance of the \
                 previous release is gone, its queries and cached statements that name the column fail."
            ),
            "Release the code that no longer reads or writes the column first, keep a copy of the values if they may be \
             needed, and drop the column in a later migration of its own.",
        )
    }
}

/// Whether the script itself adds the column before it drops it.
fn added_before(at: &At<'_>, on: &str, of: &str) -> bool {
    at.migration.script.statements.iter().take(at.index).any(|s| match &s.kind {
        Kind::AlterTable { table, actions } if table == on => actions.iter().any(
            |action| matches!(&action.kind, ActionKind::AddColumn(column) if column.name == of),
        ),
        _ => false,
    })
}

/// Whether a column is what the words of `DROP` are about: MySQL drops more than that without
/// another word.
fn is_column(at: &At<'_>) -> bool {
    if at.migration.framework().is_code()
        || [Dialect::Postgres, Dialect::SqlServer].contains(&at.migration.dialect)
    {
        return true;
    }
    let words = at.snippet().to_ascii_lowercase();
    let mut words = words.split_whitespace();
    words.next() == Some("drop")
        && words.next().is_some_and(|word| {
            !["partition", "primary", "system", "period", "index", "key", "foreign", "check"]
                .contains(&word)
        })
}

pub(super) const SCHEMA_DROPPED: Rule = rule(
    About {
        code: "migration/schema-dropped",
        title: "A schema or a whole database is dropped",
        severity: Critical,
        confidence: High,
        equivalents: &["squawk:ban-drop-schema", "squawk:ban-drop-database", "atlas:DS101"],
        page: include_str!("../../../fixtures/rules/migration/schema-dropped.md"),
    },
    Data,
    |context, findings| {
        on_statements(context, findings, Holds::Everywhere, |at| {
            let Kind::Drop { what: what @ ("schema" | "database"), names, .. } = &at.statement.kind
            else {
                return None;
            };
            let name = names.first()?;
            Some(draft(
                format!("The {what} `{name}` is dropped with everything in it"),
                "Every table, view and function inside is deleted together with its data, including objects that other \
                 migrations or services put there.",
                "Drop the objects that are really unused one by one, after a backup, and leave the container in place.",
            ))
        });
    },
);

pub(super) const TYPE_DROPPED: Rule = rule(
    About {
        code: "migration/type-dropped",
        title: "A type, domain or sequence is dropped",
        severity: Minor,
        confidence: High,
        equivalents: &[
            "squawk:ban-drop-type",
            "squawk:ban-drop-domain",
            "squawk:ban-drop-sequence",
        ],
        page: include_str!("../../../fixtures/rules/migration/type-dropped.md"),
    },
    Reliability,
    |context, findings| {
        on_statements(context, findings, Holds::OnPostgres, |at| {
            let Kind::Drop { what: what @ ("type" | "domain" | "sequence"), names, .. } =
                &at.statement.kind
            else {
                return None;
            };
            let name = names.first()?;
            if touched_elsewhere(at, name) {
                return None;
            }
            Some(draft(
                format!("The {what} `{name}` is dropped"),
                format!(
                    "Clients that still name `{name}` in casts, parameters or prepared statements fail as soon as the \
                     migration commits; with `CASCADE` columns and defaults that use it go as well."
                ),
                "Make sure that no released code or column uses it any more, avoid `CASCADE`, and drop it in a later \
                 migration than the change that stopped using it.",
            ))
        });
    },
);

/// Whether the object is made or renamed in the same script, as when a type is replaced.
fn touched_elsewhere(at: &At<'_>, name: &str) -> bool {
    at.migration.script.statements.iter().any(|s| match &s.kind {
        Kind::Create { name: made, .. } | Kind::CreateEnum { name: made, .. } => made == name,
        _ => false,
    })
}

pub(super) const VIEW_DROPPED: Rule = rule(
    About {
        code: "migration/view-dropped",
        title: "A view or function is dropped and not made again",
        severity: Minor,
        confidence: High,
        equivalents: &["squawk:ban-drop-view", "squawk:ban-drop-function"],
        page: include_str!("../../../fixtures/rules/migration/view-dropped.md"),
    },
    Reliability,
    |context, findings| {
        on_statements(context, findings, Holds::Everywhere, |at| {
            let Kind::Drop { what: what @ ("view" | "function"), names, .. } = &at.statement.kind
            else {
                return None;
            };
            let name = names.first()?;
            if touched_elsewhere(at, name) || at.migration.is_repeatable() {
                return None;
            }
            Some(draft(
                format!("The {what} `{name}` is dropped"),
                format!(
                    "Queries of running instances, reports and other services that use `{name}` fail as soon as the \
                     migration commits."
                ),
                "Check who reads it, move them away first, and drop it in a migration after the release that stopped \
                 using it. To change it, use `CREATE OR REPLACE` or create it again in the same migration.",
            ))
        });
    },
);

pub(super) const DEFAULT_DROPPED: Rule = rule(
    About {
        code: "migration/default-dropped",
        title: "A column default is dropped",
        severity: Minor,
        confidence: Medium,
        equivalents: &["squawk:ban-drop-default"],
        page: include_str!("../../../fixtures/rules/migration/default-dropped.md"),
    },
    Reliability,
    |context, findings| {
        on_actions(context, findings, Holds::OnPostgres, |at, table, action| {
            let ActionKind::DropDefault { column } = &action.kind else { return None };
            if set_again(at, table, column) {
                return None;
            }
            Some(draft(
                format!("Inserts that leave out `{table}.{column}` lose their default"),
                "Instances of the previous release leave the column out and count on the default: their inserts then \
                 write `NULL`, or fail where the column is `NOT NULL`.",
                "Release the code that writes the column itself first, then drop the default.",
            ))
        });
    },
);

fn set_again(at: &At<'_>, on: &str, of: &str) -> bool {
    at.migration.script.statements.iter().any(|s| match &s.kind {
        Kind::AlterTable { table, actions } if table == on => actions.iter().any(|a| {
            a.bytes.start > at.action.map_or(0, |own| own.bytes.start)
                && matches!(&a.kind, ActionKind::SetDefault { column, .. } if column == of)
        }),
        _ => false,
    })
}

pub(super) const NOT_NULL_DROPPED: Rule = rule(
    About {
        code: "migration/not-null-dropped",
        title: "A column starts to accept NULL",
        severity: Minor,
        confidence: Medium,
        equivalents: &["squawk:ban-drop-not-null"],
        page: include_str!("../../../fixtures/rules/migration/not-null-dropped.md"),
    },
    Data,
    |context, findings| {
        on_actions(context, findings, Holds::OnPostgres, |_, table, action| {
            let ActionKind::DropNotNull { column } = &action.kind else { return None };
            Some(draft(
                format!("`{table}.{column}` may be `NULL` from now on"),
                "Code that was written for a value that is always there (non-nullable fields, comparisons, joins, \
                 exports) meets `NULL` as soon as the first row without a value is written.",
                "Check every reader of the column, and release the ones that handle `NULL` before anything writes it.",
            ))
        });
    },
);

pub(super) const TRIGGER_DISABLED: Rule = rule(
    About {
        code: "migration/trigger-disabled",
        title: "Triggers of a table are switched off",
        severity: Major,
        confidence: High,
        equivalents: &["squawk:ban-disable-trigger"],
        page: include_str!("../../../fixtures/rules/migration/trigger-disabled.md"),
    },
    Data,
    |context, findings| {
        on_hits(context, findings, Holds::OnPostgres, Hit::BanDisableTrigger, |at| {
            let table = at.table();
            if at.snippet().to_ascii_lowercase().starts_with("enable") {
                return None;
            }
            Some(draft(
                format!("Triggers of `{table}` are switched off"),
                "While a trigger is off, audit rows, derived columns and, with `ALL`, foreign keys are not kept for any \
                 session. The statement also takes a SHARE ROW EXCLUSIVE lock, which blocks writes.",
                "Set `session_replication_role` for the one session that needs it, or write the backfill so that the \
                 triggers may run.",
            ))
        });
    },
);

pub(super) const EXTENSION_DROPPED: Rule = rule(
    About {
        code: "migration/extension-dropped",
        title: "A database extension is dropped",
        severity: Major,
        confidence: High,
        equivalents: &["squawk:ban-drop-extension"],
        page: include_str!("../../../fixtures/rules/migration/extension-dropped.md"),
    },
    Reliability,
    |context, findings| {
        on_statements(context, findings, Holds::OnPostgres, |at| {
            let Kind::Drop { what: "extension", names, .. } = &at.statement.kind else {
                return None;
            };
            let name = names.first()?;
            Some(draft(
                format!("Extension `{name}` is dropped"),
                "Its types, operators and functions disappear for every schema of the database; with `CASCADE` so do the \
                 columns and indexes that use them.",
                "Search all services on this database for its functions and types first, and drop it without `CASCADE` \
                 so that a remaining use stops the migration.",
            ))
        });
    },
);

pub(super) const TRUNCATED: Rule = rule(
    About {
        code: "migration/table-truncated",
        title: "All rows of a table are deleted with TRUNCATE",
        severity: Major,
        confidence: High,
        equivalents: &["squawk:ban-truncate-cascade"],
        page: include_str!("../../../fixtures/rules/migration/table-truncated.md"),
    },
    Data,
    |context, findings| {
        on_statements(context, findings, Holds::Everywhere, |at| {
            let Kind::Truncate { tables, cascade } = &at.statement.kind else { return None };
            let old = |table: &&String| !at.migration.is_new_table(table, at.statement.bytes.start);
            let table = tables.iter().find(old)?;
            let (title, evidence) = if *cascade {
                (
                    format!("`{table}` and every table that refers to it are emptied"),
                    "`CASCADE` follows foreign keys: tables that this migration does not name lose all their rows too.",
                )
            } else {
                (
                    format!("All rows of `{table}` are deleted"),
                    if at.migration.dialect == Dialect::Postgres {
                        "`TRUNCATE` skips triggers, takes an ACCESS EXCLUSIVE lock that blocks reads and writes, and what \
                         it deletes can only come back from a backup."
                    } else {
                        "`TRUNCATE` skips triggers, locks the table against reads and writes, and what it deletes can only \
                         come back from a backup."
                    },
                )
            };
            Some(Draft {
                severity: cascade.then_some(Critical),
                ..draft(
                    title,
                    evidence,
                    "Delete what is known to be obsolete with a `WHERE` clause, in batches, and keep a copy until the \
                     release has proved itself.",
                )
            })
        });
    },
);

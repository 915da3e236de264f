//! What MySQL and SQLite do with changes that PostgreSQL takes in its stride.

use super::actions::{ActionKind, ConstraintKind, Generated};
use super::dialect::Dialect;
use super::facts::Kind;
use super::say::{About, Holds, draft, migrations, on_actions, rule};
use crate::domain::finding::Category::{Performance, Reliability};
use crate::domain::finding::Confidence::{High, Medium};
use crate::domain::finding::Severity::Major;
use crate::rules::{Draft, Rule};

pub(super) const TABLE_COPIED: Rule = rule(
    About {
        code: "migration/table-copied",
        title: "MySQL copies the table, or is told to lock it",
        severity: Major,
        confidence: Medium,
        equivalents: &[
            "strong_migrations:add_foreign_key",
            "strong_migrations:add_check_constraint",
            "strong_migrations:add_column_generated_stored",
            "strong_migrations:add_column_auto_incrementing",
        ],
        page: include_str!("../../../fixtures/rules/migration/table-copied.md"),
    },
    Performance,
    |context, findings| {
        for migration in migrations(context, Holds::Everywhere) {
            if migration.dialect != Dialect::MySql {
                continue;
            }
            for (at, table, action) in migration.actions() {
                let Kind::AlterTable { actions, .. } = &at.statement.kind else { continue };
                // The server refuses the statement rather than block writes.
                let guarded = actions.iter().any(|a| match &a.kind {
                    ActionKind::Algorithm(how) => how == "instant" || how == "inplace",
                    ActionKind::LockClause(how) => how == "none",
                    _ => false,
                });
                let Some(why) = copies(&action.kind) else { continue };
                if guarded || at.on_new_table() {
                    continue;
                }
                at.report(
                    findings,
                    draft(
                        format!("Writes to `{table}` wait while the table is copied"),
                        format!("{why} InnoDB does that by copying the table, and every write waits for it."),
                        "Use `gh-ost` or `pt-online-schema-change`, or say `ALGORITHM=INPLACE, LOCK=NONE` so that the server \
                         refuses rather than blocks.",
                    ),
                );
            }
        }
    },
);

/// Why an action copies the table in InnoDB.
fn copies(kind: &ActionKind) -> Option<String> {
    match kind {
        ActionKind::Algorithm(how) if how == "copy" => Some("`ALGORITHM=COPY` asks for it.".into()),
        ActionKind::LockClause(how) if how == "exclusive" || how == "shared" => {
            Some(format!("`LOCK={}` asks for it.", how.to_uppercase()))
        }
        ActionKind::Rebuild { what: what @ "CONVERT TO CHARACTER SET" } => {
            Some(format!("`{what}` writes every text value anew."))
        }
        ActionKind::DropPrimaryKey => {
            Some("Without its primary key the table is ordered by something else.".into())
        }
        ActionKind::AddConstraint(it) if it.kind == ConstraintKind::Check => {
            Some("Rows are checked against a new `CHECK`.".into())
        }
        ActionKind::AddColumn(column) if column.generated == Some(Generated::Stored) => {
            Some(format!("`{}` is computed for every row.", column.name))
        }
        ActionKind::AddColumn(column) if column.identity || column.is_serial() => {
            Some(format!("Existing rows are numbered for `{}`.", column.name))
        }
        ActionKind::AddConstraint(it) if it.kind == ConstraintKind::ForeignKey => Some(
            "Rows are checked against a new foreign key while `foreign_key_checks` is on.".into(),
        ),
        _ => None,
    }
}

pub(super) const REFUSED_BY_SQLITE: Rule = rule(
    About {
        code: "migration/refused-by-sqlite",
        title: "SQLite refuses to add a column like this",
        severity: Major,
        confidence: High,
        equivalents: &[],
        page: include_str!("../../../fixtures/rules/migration/refused-by-sqlite.md"),
    },
    Reliability,
    |context, findings| {
        on_actions(context, findings, Holds::Everywhere, |at, table, action| {
            let ActionKind::AddColumn(column) = &action.kind else { return None };
            if at.migration.dialect != Dialect::Sqlite {
                return None;
            }
            let moving = column.default.as_ref().is_some_and(|value| {
                let lower = value.text.to_lowercase();
                lower.starts_with("current_") || lower.starts_with('(')
            });
            let why = if column.primary_key || column.unique {
                "A column that is added can be neither `UNIQUE` nor a `PRIMARY KEY`."
            } else if moving {
                "The default of a column that is added must be a constant: no `CURRENT_TIMESTAMP`, no expression."
            } else {
                return None;
            };
            Some(Draft {
                symbol: Some(format!("{table}.{}", column.name)),
                ..draft(
                    format!("SQLite cannot add `{}` to `{table}`", column.name),
                    format!("{why} The statement fails if the table holds a row, or always."),
                    "Add the column without it and create a unique index afterwards, or rebuild the table: create, copy, drop, \
                     rename.",
                )
            })
        });
    },
);

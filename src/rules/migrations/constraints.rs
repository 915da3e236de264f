//! Constraints on tables that hold rows.

use super::actions::{ActionKind, Column, Constraint, ConstraintKind};
use super::dialect::Dialect;
use super::facts::Kind;
use super::locks;
use super::say::{About, Holds, draft, on_actions, on_hits, rule};
use super::script::{At, Hit};
use super::sqlserver;
use crate::domain::diff::LineRange;
use crate::domain::finding::Category::{Performance, Reliability};
use crate::domain::finding::Confidence::{High, Medium};
use crate::domain::finding::Fix;
use crate::domain::finding::Severity::{Info, Major, Minor};
use crate::rules::{Draft, Rule};

pub(super) const CHECK_VALIDATED: Rule = rule(
    About {
        code: "migration/check-not-deferred",
        title: "A CHECK constraint is validated while it is added",
        severity: Major,
        confidence: High,
        equivalents: &[
            "squawk:constraint-missing-not-valid",
            "eugene:E1",
            "atlas:PG305",
            "strong_migrations:add_check_constraint",
        ],
        page: include_str!("../../../fixtures/rules/migration/check-not-deferred.md"),
    },
    Performance,
    |context, findings| {
        on_actions(context, findings, Holds::Everywhere, |at, table, action| {
            let constraint =
                added(&action.kind, &[ConstraintKind::Check, ConstraintKind::NotNull])?;
            match at.migration.dialect {
                Dialect::Postgres => {}
                Dialect::SqlServer => return sqlserver::checked_at_once(at, table, constraint),
                _ => return None,
            }
            if constraint.not_valid || on_new_column(at, constraint) {
                return None;
            }
            Some(Draft {
                fix: not_valid_fix(at),
                ..draft(
                    format!(
                        "A constraint is checked against all rows of `{table}` under an exclusive lock"
                    ),
                    "Without `NOT VALID` the statement scans the table under an ACCESS EXCLUSIVE lock: reads and writes \
                     wait until the last row is checked, and one bad row fails the migration.",
                    "Add it with `NOT VALID`, which only holds for new rows and takes the lock for a moment, and run \
                     `VALIDATE CONSTRAINT` in a later migration: that lock lets reads and writes go on.",
                )
            })
        });
    },
);

pub(super) const FOREIGN_KEY_VALIDATED: Rule = rule(
    About {
        code: "migration/foreign-key-not-deferred",
        title: "A foreign key is validated while it is added",
        severity: Major,
        confidence: High,
        equivalents: &[
            "squawk:adding-foreign-key-constraint",
            "squawk:constraint-missing-not-valid",
            "atlas:PG306",
            "strong_migrations:add_foreign_key",
        ],
        page: include_str!("../../../fixtures/rules/migration/foreign-key-not-deferred.md"),
    },
    Performance,
    |context, findings| {
        on_actions(context, findings, Holds::Everywhere, |at, table, action| {
            match at.migration.dialect {
                Dialect::Postgres => {}
                Dialect::SqlServer => {
                    let constraint = added(&action.kind, &[ConstraintKind::ForeignKey])?;
                    return sqlserver::checked_at_once(at, table, constraint);
                }
                _ => return None,
            }
            let fix = match &action.kind {
                ActionKind::AddColumn(column) if column.references.is_some() => {
                    // A nullable column without a default has nothing to check.
                    if !column.is_filled() {
                        return referenced_table_locked(at, table, column);
                    }
                    None
                }
                kind => {
                    let constraint = added(kind, &[ConstraintKind::ForeignKey])?;
                    if constraint.not_valid {
                        return None;
                    }
                    not_valid_fix(at)
                }
            };
            let empty = match &action.kind {
                ActionKind::AddConstraint(it) => at.migration.adds_empty(table, &it.columns),
                _ => false,
            };
            let evidence = if empty {
                "The column is new and empty, so that no row can be an orphan. All rows are gone through all the same, under \
                 a SHARE ROW EXCLUSIVE lock on both tables: writes to either wait for it."
            } else {
                "Adding it takes a SHARE ROW EXCLUSIVE lock on both tables: writes to either wait while every row is looked \
                 up in the other, and one orphan row fails the migration."
            };
            Some(Draft {
                fix,
                severity: empty.then_some(Minor),
                ..draft(
                    format!("A foreign key of `{table}` is checked against all rows at once"),
                    evidence,
                    "Add it with `NOT VALID`, and run `VALIDATE CONSTRAINT` in a later migration: that blocks neither \
                     reads nor writes.",
                )
            })
        });
    },
);

/// No row is checked, but the lock on the referenced table has to be waited for.
fn referenced_table_locked(at: &At<'_>, table: &str, column: &Column) -> Option<Draft> {
    let target = &column.references.as_ref()?.table;
    let bounded = locks::sets_lock_timeout(&at.migration.script.text);
    if bounded || at.migration.is_new_table(target, at.statement.bytes.start) {
        return None;
    }
    Some(Draft {
        severity: Some(Info),
        symbol: Some(format!("{table}.{}", column.name)),
        ..draft(
            format!("Adding this column also locks `{target}`"),
            format!(
                "The foreign key takes a SHARE ROW EXCLUSIVE lock on `{target}`. No row is checked, but while the statement \
                 waits behind a writer of that table, later writers wait behind it."
            ),
            "Set a short `lock_timeout` first, or add the column alone and the foreign key, `NOT VALID`, in a second statement.",
        )
    })
}

pub(super) const UNIQUE_BUILDS_INDEX: Rule = rule(
    About {
        code: "migration/unique-constraint-not-concurrent",
        title: "A UNIQUE constraint builds its index under an exclusive lock",
        severity: Major,
        confidence: High,
        equivalents: &[
            "squawk:disallowed-unique-constraint",
            "squawk:constraint-missing-not-valid",
            "eugene:E7",
            "atlas:PG105",
            "atlas:MF101",
            "django-migration-linter:ADD_UNIQUE",
            "strong_migrations:add_unique_constraint",
        ],
        page: include_str!("../../../fixtures/rules/migration/unique-constraint-not-concurrent.md"),
    },
    Performance,
    |context, findings| {
        on_actions(context, findings, Holds::OnPostgres, |_, table, action| {
            match &action.kind {
                ActionKind::AddColumn(column) if column.unique => {}
                kind => {
                    let constraint = added(kind, &[ConstraintKind::Unique])?;
                    if constraint.using_index.is_some() {
                        return None;
                    }
                }
            }
            Some(draft(
                format!("`{table}` is locked while the index of a `UNIQUE` constraint is built"),
                "The index is built under an ACCESS EXCLUSIVE lock: reads and writes of the table wait until it is \
                 complete.",
                "Build the index first with `CREATE UNIQUE INDEX CONCURRENTLY` in a migration of its own, then take it \
                 over with `ADD CONSTRAINT … UNIQUE USING INDEX`.",
            ))
        });
    },
);

pub(super) const PRIMARY_KEY_BUILDS_INDEX: Rule = rule(
    About {
        code: "migration/primary-key-not-concurrent",
        title: "A primary key is added to an existing table at once",
        severity: Major,
        confidence: High,
        equivalents: &[
            "squawk:adding-serial-primary-key-field",
            "squawk:constraint-missing-not-valid",
            "eugene:W14",
            "atlas:PG104",
            "atlas:PG304",
            "strong_migrations:add_column_auto_incrementing",
        ],
        page: include_str!("../../../fixtures/rules/migration/primary-key-not-concurrent.md"),
    },
    Performance,
    |context, findings| {
        on_actions(context, findings, Holds::OnPostgres, |at, table, action| {
            match &action.kind {
                ActionKind::AddColumn(column) if column.primary_key => {}
                kind => {
                    let constraint = added(kind, &[ConstraintKind::PrimaryKey])?;
                    if let Some(index) = &constraint.using_index {
                        return nullable_key(at, table, index);
                    }
                }
            }
            Some(draft(
                format!("`{table}` is locked while a primary key is built"),
                "The index is built, and the columns are checked for `NULL`, under an ACCESS EXCLUSIVE lock: reads and \
                 writes of the table wait.",
                "Make the columns `NOT NULL` by way of a validated `CHECK`, build a unique index `CONCURRENTLY`, then \
                 `ADD CONSTRAINT … PRIMARY KEY USING INDEX`.",
            ))
        });
    },
);

/// Columns of the index that may hold `NULL` are made `NOT NULL` by a scan.
fn nullable_key(at: &At<'_>, table: &str, index: &str) -> Option<Draft> {
    let known = at.before(table);
    let known = known.whole()?;
    let columns = &known.indexes.iter().find(|it| it.name == index)?.columns;
    let nullable = columns.iter().find(|name| {
        known.column(name).is_some_and(|it| !it.is_required()) && !known.proves_not_null(name)
    })?;
    Some(Draft {
        symbol: Some(format!("{table}.{nullable}")),
        ..draft(
            format!("`{table}` is scanned for `NULL` in `{nullable}` under an exclusive lock"),
            "The index is there already, but a primary key also makes its columns `NOT NULL`: all rows are checked under an \
             ACCESS EXCLUSIVE lock, and reads and writes wait.",
            format!(
                "Add `CHECK ({nullable} IS NOT NULL) NOT VALID`, validate it, set `NOT NULL`, and only then take the index over."
            ),
        )
    })
}

pub(super) const EXCLUSION_ADDED: Rule = rule(
    About {
        code: "migration/exclusion-constraint-added",
        title: "An exclusion constraint is added to an existing table",
        severity: Major,
        confidence: High,
        equivalents: &[
            "squawk:constraint-missing-not-valid",
            "eugene:E8",
            "strong_migrations:add_exclusion_constraint",
        ],
        page: include_str!("../../../fixtures/rules/migration/exclusion-constraint-added.md"),
    },
    Performance,
    |context, findings| {
        on_actions(context, findings, Holds::OnPostgres, |_, table, action| {
            added(&action.kind, &[ConstraintKind::Exclude])?;
            Some(draft(
                format!("`{table}` is locked while an exclusion constraint is built"),
                "PostgreSQL can add an exclusion constraint neither concurrently nor as `NOT VALID`: reads and writes wait \
                 for the index build and for the check of all rows.",
                "Run it in a maintenance window with a `lock_timeout`, or create a new table with the constraint and move \
                 the rows over in batches.",
            ))
        });
    },
);

pub(super) const VALIDATED_AT_ONCE: Rule = rule(
    About {
        code: "migration/validated-in-same-transaction",
        title: "A constraint is added NOT VALID and validated in one transaction",
        severity: Major,
        confidence: High,
        equivalents: &[
            "squawk:constraint-missing-not-valid",
            "strong_migrations:validate_check_constraint",
            "strong_migrations:validate_foreign_key",
        ],
        page: include_str!("../../../fixtures/rules/migration/validated-in-same-transaction.md"),
    },
    Performance,
    |context, findings| {
        on_hits(context, findings, Holds::OnPostgres, Hit::ConstraintMissingNotValid, |at| {
            let Some(ActionKind::ValidateConstraint { name }) = at.action.map(|a| &a.kind) else {
                return None;
            };
            if at.on_new_table() {
                return None;
            }
            Some(draft(
                format!("`{name}` is validated while the lock of adding it is still held"),
                format!(
                    "Locks last until the transaction ends. The one that `ADD CONSTRAINT` took on `{}` is held during the \
                     whole scan, so `NOT VALID` gains nothing.",
                    at.table()
                ),
                "Move `VALIDATE CONSTRAINT` to a migration, and thereby a transaction, of its own.",
            ))
        });
    },
);

pub(super) const DOMAIN_CONSTRAINT: Rule = rule(
    About {
        code: "migration/domain-constraint-added",
        title: "A domain gets a constraint that every column of it must pass",
        severity: Minor,
        confidence: Medium,
        equivalents: &[
            "squawk:ban-alter-domain-with-add-constraint",
            "squawk:ban-create-domain-with-constraint",
        ],
        page: include_str!("../../../fixtures/rules/migration/domain-constraint-added.md"),
    },
    Reliability,
    |context, findings| {
        on_hits(context, findings, Holds::OnPostgres, Hit::BanAlterDomainWithAddConstraint, |_| {
            Some(Draft {
                severity: Some(Major),
                confidence: Some(High),
                ..draft(
                    "Every column of this domain is checked at once".to_owned(),
                    "PostgreSQL looks at all tables with a column of the domain, each under a SHARE lock that blocks \
                     writes, and fails on the first value that does not fit.",
                    "Put the constraint on the columns that need it, `NOT VALID` first, and leave the domain as it is.",
                )
            })
        });
        on_hits(context, findings, Holds::OnPostgres, Hit::BanCreateDomainWithConstraint, |_| {
            Some(draft(
                "A constraint on a domain is hard to change later".to_owned(),
                "A change of the domain's constraint checks every column of every table that uses it, under locks that \
                 block writes.",
                "Use the plain type with a `CHECK` constraint on the column: that one can be replaced step by step.",
            ))
        });
    },
);

fn added<'k>(kind: &'k ActionKind, wanted: &[ConstraintKind]) -> Option<&'k Constraint> {
    match kind {
        ActionKind::AddConstraint(constraint) if wanted.contains(&constraint.kind) => {
            Some(constraint)
        }
        _ => None,
    }
}

/// Whether a one-column `CHECK` is about a column that the same statement adds.
fn on_new_column(at: &At<'_>, constraint: &Constraint) -> bool {
    let Kind::AlterTable { actions, .. } = &at.statement.kind else { return false };
    !constraint.columns.is_empty()
        && constraint.columns.iter().all(|wanted| {
            actions
                .iter()
                .any(|a| matches!(&a.kind, ActionKind::AddColumn(column) if column.name == *wanted))
        })
}

/// `NOT VALID` behind the constraint, when it can be put there safely: the action must end its
/// line.
fn not_valid_fix(at: &At<'_>) -> Option<Fix> {
    let action = at.action?;
    let text = at.migration.file.head_text()?;
    let line = text.line_at(action.bytes.end.saturating_sub(1));
    let last = text.line(line)?;
    let written = at.migration.script.text.get(action.bytes.clone())?.lines().last()?.trim_end();
    let (before, after) = last.rsplit_once(written)?;
    let ends_there = matches!(after.trim_end(), "" | ";" | ",");
    let in_batch = at.migration.script.wrapped.is_some_and(|wrapped| wrapped);
    // Validating later in the same transaction would be worse than what is there now.
    let validated_here = at.migration.script.statements.iter().any(|s| match &s.kind {
        Kind::AlterTable { actions, .. } => {
            actions.iter().any(|a| matches!(a.kind, ActionKind::ValidateConstraint { .. }))
        }
        _ => false,
    });
    (ends_there && !(in_batch && validated_here)).then(|| Fix::Replace {
        lines: LineRange::line(line),
        replacement: format!("{before}{written} NOT VALID{after}"),
    })
}

//! Changes of rows inside migrations.

use super::dialect::Dialect;
use super::django;
use super::facts::{Kind, Statement};
use super::say::{About, Holds, draft, migrations, on_hits, on_statements, rule};
use super::script::{At, Hit};
use crate::domain::finding::Category::{Performance, Reliability};
use crate::domain::finding::Confidence::{High, Medium};
use crate::domain::finding::Severity::{Major, Minor};
use crate::rules::{Draft, Rule};

pub(super) const UNBATCHED: Rule = rule(
    About {
        code: "migration/unbatched-data-change",
        title: "An UPDATE or DELETE of every row in one statement",
        severity: Major,
        confidence: Medium,
        equivalents: &[],
        page: include_str!("../../../fixtures/rules/migration/unbatched-data-change.md"),
    },
    Performance,
    |context, findings| {
        on_statements(context, findings, Holds::Everywhere, |at| {
            let (verb, table) = match &at.statement.kind {
                Kind::Update { table, filtered: false } => ("UPDATE", table),
                Kind::Delete { table, filtered: false } => ("DELETE", table),
                _ => return None,
            };
            if table.is_empty() || at.on_new_table() || is_bookkeeping(table) {
                return None;
            }
            let (evidence, batches) = match at.migration.dialect {
                Dialect::SqlServer => (
                    "Past some thousand locks SQL Server takes one on the whole table instead, so that everybody waits, and \
                     the log keeps every row until the transaction ends.",
                    " (`{verb} TOP (n)` in a loop)",
                ),
                _ => (
                    "All rows stay locked until the transaction ends, concurrent writers wait, replicas fall behind, and \
                     the table grows by a dead copy of each row.",
                    "",
                ),
            };
            let batches = batches.replace("{verb}", verb);
            Some(draft(
                format!("`{verb}` touches every row of `{table}` in one statement"),
                evidence,
                format!(
                    "Work in batches of a few thousand rows by key range{batches}, each committed on its own, outside of the schema \
                 migration; restrict it with `WHERE` to the rows that need it."
                ),
            ))
        });
        django::saved_one_by_one(context, findings);
    },
);

/// Tables in which migration tools keep their own state: a handful of rows.
fn is_bookkeeping(table: &str) -> bool {
    ["alembic_version", "schema_migrations", "flyway_schema_history", "goose_db_version"]
        .contains(&table)
}

pub(super) const BESIDE_SCHEMA_CHANGE: Rule = rule(
    About {
        code: "migration/data-change-beside-schema-change",
        title: "Rows are changed in the transaction that holds a schema lock",
        severity: Minor,
        confidence: Medium,
        equivalents: &["eugene:E4", "strong_migrations:change_column_null"],
        page: include_str!("../../../fixtures/rules/migration/data-change-beside-schema-change.md"),
    },
    Performance,
    |context, findings| {
        for migration in migrations(context, Holds::Everywhere) {
            let lock = match migration.dialect {
                Dialect::Postgres => "an ACCESS EXCLUSIVE lock",
                Dialect::SqlServer => "a schema modification lock (Sch-M)",
                _ => continue,
            };
            let mut locked: Option<&str> = None;
            // One note for a file is enough.
            let mut said = false;
            for at in migration.statements() {
                if said {
                    break;
                }
                match &at.statement.kind {
                    _ if !at.statement.in_transaction => locked = None,
                    Kind::AlterTable { table, .. } if !at.on_new_table() => {
                        locked = Some(table.as_str());
                    }
                    Kind::Update { table, .. }
                    | Kind::Delete { table, .. }
                    | Kind::Insert { table, from_query: true }
                        if !at.on_new_table() && !is_bookkeeping(table) =>
                    {
                        let Some(held) = locked.take() else { continue };
                        let held = held.to_owned();
                        said = true;
                        at.report(
                            findings,
                            Draft {
                                ..draft(
                                    format!("Rows of `{table}` change while `{held}` is locked exclusively"),
                                    format!(
                                        "`ALTER TABLE` above took {lock} on `{held}` that lasts until the \
                                         transaction ends: reads and writes of it wait for this statement too."
                                    ),
                                    "Put the data change in a migration of its own, so that the lock is held for an instant \
                                     only.",
                                )
                            },
                        );
                    }
                    Kind::Other if reads_rows(&at) => {
                        let Some(held) = locked.take() else { continue };
                        let held = held.to_owned();
                        said = true;
                        at.report(
                            findings,
                            Draft {
                                symbol: Some(held.clone()),
                                ..draft(
                                    format!("Rows are read while `{held}` is locked exclusively"),
                                    format!(
                                        "`ALTER TABLE` above took {lock} on `{held}` that lasts until the \
                                         transaction ends: reads and writes of it wait for this query too."
                                    ),
                                    "Run the query outside of the transaction that changes the schema.",
                                )
                            },
                        );
                    }
                    _ => {}
                }
            }
        }
    },
);

/// A query that goes through a table; setting a sequence looks up one value only.
fn reads_rows(at: &At<'_>) -> bool {
    let text = at.migration.script.text.get(at.statement.bytes.clone()).unwrap_or_default();
    let lower = text.to_lowercase();
    lower.starts_with("select") && lower.contains(" from ") && !lower.contains("setval(")
}

pub(super) const ENUM_VALUE_USED: Rule = rule(
    About {
        code: "migration/enum-value-used-at-once",
        title: "A new enum value is used in the transaction that adds it",
        severity: Major,
        confidence: High,
        equivalents: &[],
        page: include_str!("../../../fixtures/rules/migration/enum-value-used-at-once.md"),
    },
    Reliability,
    |context, findings| {
        for migration in migrations(context, Holds::OnPostgres) {
            for at in migration.statements().filter(|at| at.statement.in_transaction) {
                let Kind::AddEnumValue { type_name, value } = &at.statement.kind else { continue };
                let made_here =
                    migration.script.statements.iter().any(
                        |s| matches!(&s.kind, Kind::CreateEnum { name, .. } if name == type_name),
                    );
                let quoted = format!("'{value}'");
                let uses = |s: &&Statement| {
                    s.bytes.start > at.statement.bytes.start
                        && s.in_transaction
                        && !matches!(s.kind, Kind::AddEnumValue { .. })
                        && migration
                            .script
                            .text
                            .get(s.bytes.clone())
                            .is_some_and(|t| t.contains(&quoted))
                };
                if made_here
                    || value.is_empty()
                    || !migration.script.statements.iter().any(|s| uses(&s))
                {
                    continue;
                }
                at.report(
                    findings,
                    Draft {
                        symbol: Some(type_name.clone()),
                        ..draft(
                            format!("`{value}` cannot be used before the transaction that adds it commits"),
                            format!(
                                "PostgreSQL refuses a new value of `{type_name}` until the transaction that added it has \
                                 committed (\"unsafe use of new value\"), so the migration fails at the statement that uses it."
                            ),
                            "Add the value in one migration and use it in the next.",
                        )
                    },
                );
            }
        }
    },
);

pub(super) const DUPLICATE_ASSIGNMENT: Rule = rule(
    About {
        code: "migration/duplicate-assignment",
        title: "A column is assigned twice in one statement",
        severity: Major,
        confidence: High,
        equivalents: &["squawk:ban-duplicate-column-assignments"],
        page: include_str!("../../../fixtures/rules/migration/duplicate-assignment.md"),
    },
    Reliability,
    |context, findings| {
        on_hits(context, findings, Holds::OnPostgres, Hit::BanDuplicateColumnAssignments, |at| {
            Some(draft(
                format!("`{}` gets a value twice in this statement", at.snippet()),
                "PostgreSQL refuses a statement that assigns one column several times, so the migration fails here.",
                "Keep the assignment that is meant.",
            ))
        });
    },
);

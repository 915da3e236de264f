//! Columns of tables that hold rows.

use super::actions::ActionKind;
use super::facts::Kind;
use super::history;
use super::say::{About, Holds, draft, on_actions, on_hits, rule};
use super::script::{At, Hit};
use crate::domain::finding::Category::{Performance, Reliability};
use crate::domain::finding::Confidence::{High, Medium};
use crate::domain::finding::Severity::{Major, Minor};
use crate::rules::{Draft, Rule};

pub(super) const REQUIRED_COLUMN_ADDED: Rule = rule(
    About {
        code: "migration/required-column-added",
        title: "A NOT NULL column without a default is added",
        severity: Major,
        confidence: High,
        equivalents: &["squawk:adding-required-field", "atlas:MF103"],
        page: include_str!("../../../fixtures/rules/migration/required-column-added.md"),
    },
    Reliability,
    |context, findings| {
        on_actions(context, findings, Holds::Everywhere, |_, table, action| {
            let ActionKind::AddColumn(column) = &action.kind else { return None };
            let name = &column.name;
            if !column.not_null || column.is_filled() || column.primary_key {
                return None;
            }
            Some(Draft {
                symbol: Some(format!("{table}.{name}")),
                ..draft(
                    format!("`{table}.{name}` is required but existing rows have no value for it"),
                    "The statement fails if the table has a single row. Where it succeeds, inserts of the previous \
                     release, which do not know the column, fail.",
                    "Add the column with a constant `DEFAULT`, or as nullable: fill it in batches, then make it required \
                     by way of a validated `CHECK` constraint.",
                )
            })
        });
    },
);

pub(super) const COLUMN_REWRITES_TABLE: Rule = rule(
    About {
        code: "migration/column-rewrites-table",
        title: "A new column makes the database rewrite the whole table",
        severity: Major,
        confidence: High,
        equivalents: &["squawk:adding-field-with-default", "eugene:E11", "eugene:E5"],
        page: include_str!("../../../fixtures/rules/migration/column-rewrites-table.md"),
    },
    Performance,
    |context, findings| {
        let why = "Every existing row is written again under an ACCESS EXCLUSIVE lock: reads and writes of the table wait \
                   until the rewrite is done, and it needs as much disk again.";
        let instead = "Add the column without it, set the default for new rows with `ALTER COLUMN … SET DEFAULT`, and fill \
                       existing rows in batches.";
        on_hits(context, findings, Holds::OnPostgres, Hit::AddingFieldWithDefault, |at| {
            if at.on_new_table() || is_virtual(at) {
                return None;
            }
            let column = match at.action.map(|action| &action.kind) {
                Some(ActionKind::AddColumn(column)) if !column.identity => column.name.as_str(),
                _ => return None,
            };
            let table = at.table();
            Some(draft(
                format!("Adding `{column}` rewrites all of `{table}`"),
                format!("`{}` is computed for each row. {why}", at.snippet()),
                instead,
            ))
        });
        on_actions(context, findings, Holds::OnPostgres, |_, table, action| {
            let ActionKind::AddColumn(column) = &action.kind else { return None };
            (column.is_serial() || column.identity).then(|| {
                draft(
                    format!("Adding `{}` rewrites all of `{table}`", column.name),
                    format!("Existing rows are numbered from a sequence. {why}"),
                    "Add a plain `bigint` column, attach a sequence as its default, and number existing rows in batches.",
                )
            })
        });
    },
);

fn is_virtual(at: &At<'_>) -> bool {
    at.snippet().to_ascii_lowercase().ends_with("virtual")
}

pub(super) const COLUMN_TYPE_CHANGED: Rule = rule(
    About {
        code: "migration/column-type-changed",
        title: "The type of a column is changed in place",
        severity: Major,
        confidence: High,
        equivalents: &["squawk:changing-column-type"],
        page: include_str!("../../../fixtures/rules/migration/column-type-changed.md"),
    },
    Performance,
    |context, findings| {
        on_actions(context, findings, Holds::OnPostgres, |at, table, action| {
            let ActionKind::SetType { column, type_text, using, .. } = &action.kind else {
                return None;
            };
            let before = history::type_before(context, at, table, column);
            if using.is_none()
                && before.as_deref().is_some_and(|old| history::is_widening(old, type_text))
            {
                return None;
            }
            let may_be_free =
                before.is_none() && using.is_none() && history::is_text_like(type_text);
            let was = before.map_or(String::new(), |old| format!(" (it was `{old}`)"));
            Some(Draft {
                symbol: Some(format!("{table}.{column}")),
                severity: may_be_free.then_some(Minor),
                confidence: may_be_free.then_some(Medium),
                ..draft(
                    format!("Changing `{table}.{column}` to `{type_text}` rewrites the table"),
                    format!(
                        "Unless the stored form stays the same{was}, every row and every index on the column is written \
                         again under an ACCESS EXCLUSIVE lock, which blocks reads and writes. Running code that expects \
                         the old type may fail afterwards."
                    ),
                    "Add a new column of the new type, write both, fill the old rows in batches, move the readers, and drop \
                     the old column later.",
                )
            })
        });
        // Attributes of types and columns of foreign tables.
        on_hits(context, findings, Holds::OnPostgres, Hit::ChangingColumnType, |at| {
            at.action.is_none().then(|| {
                draft(
                    format!("A type changes in place: `{}`", at.snippet()),
                    "Running code that expects the old type may fail, and every table that stores values of a changed \
                     composite type is in the way of the change or rewritten by it.",
                    "Add an attribute of the new type beside the old one and move the readers.",
                )
            })
        });
    },
);

pub(super) const NOT_NULL_SET: Rule = rule(
    About {
        code: "migration/not-null-set",
        title: "A column of an existing table is made NOT NULL at once",
        severity: Major,
        confidence: High,
        equivalents: &["squawk:adding-not-nullable-field", "eugene:E2"],
        page: include_str!("../../../fixtures/rules/migration/not-null-set.md"),
    },
    Performance,
    |context, findings| {
        on_hits(context, findings, Holds::OnPostgres, Hit::AddingNotNullableField, |at| {
            let Some(ActionKind::SetNotNull { column }) = at.action.map(|action| &action.kind)
            else {
                return None;
            };
            if at.on_new_table() || added_here(at, column) {
                return None;
            }
            let table = at.table();
            Some(Draft {
                symbol: Some(format!("{table}.{column}")),
                ..draft(
                    format!(
                        "`SET NOT NULL` on `{table}.{column}` scans the table under an exclusive lock"
                    ),
                    "All rows are checked under an ACCESS EXCLUSIVE lock, so reads and writes wait for the scan. One row \
                     without a value makes the migration fail.",
                    format!(
                        "Add `CHECK ({column} IS NOT NULL) NOT VALID`, validate it in a later migration, and then set \
                         `NOT NULL`: PostgreSQL 12 and later takes the constraint as proof and skips the scan."
                    ),
                )
            })
        });
    },
);

/// Whether the column is new in this script with a default for every row, so that the scan
/// follows a rewrite or a constant.
fn added_here(at: &At<'_>, wanted: &str) -> bool {
    at.migration.script.statements.iter().any(|s| match &s.kind {
        Kind::AlterTable { table, actions } if table == at.table() => actions.iter().any(|a| {
            matches!(&a.kind, ActionKind::AddColumn(column) if column.name == wanted && column.is_filled())
                && a.bytes.start < at.statement.bytes.start
                && at.migration.is_new_table(table, at.statement.bytes.start)
        }),
        _ => false,
    })
}

//! Columns of tables that hold rows.

use super::actions::{ActionKind, Column, Generated};
use super::dialect::Dialect;
use super::facts::Kind;
use super::read::postgres_version;
use super::say::{About, Holds, draft, on_actions, on_hits, rule};
use super::script::{At, Hit};
use super::types;
use crate::domain::finding::Category::Performance;
use crate::domain::finding::Confidence::{High, Medium};
use crate::domain::finding::Severity::{Major, Minor};
use crate::rules::{Draft, Rule};

pub(super) const COLUMN_REWRITES_TABLE: Rule = rule(
    About {
        code: "migration/column-rewrites-table",
        title: "A new column makes the database rewrite the whole table",
        severity: Major,
        confidence: High,
        equivalents: &[
            "squawk:adding-field-with-default",
            "eugene:E11",
            "atlas:PG302",
            "strong_migrations:add_column_default",
            "strong_migrations:add_column_generated_stored",
            "strong_migrations:add_column_auto_incrementing",
        ],
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
        on_actions(context, findings, Holds::Everywhere, |at, table, action| {
            let ActionKind::AddColumn(column) = &action.kind else { return None };
            match at.migration.dialect {
                Dialect::Postgres => {}
                Dialect::SqlServer => return written_in_sql_server(table, column),
                _ => return None,
            }
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

/// A new column that SQL Server has to write into every row. A constant is only noted, at least by
/// the Enterprise edition.
fn written_in_sql_server(table: &str, column: &Column) -> Option<Draft> {
    let name = &column.name;
    let moving = column.default.as_ref().is_some_and(|value| value.volatile == Some(true));
    let why = if column.identity {
        format!("Existing rows are numbered for `{name}`.")
    } else if column.generated == Some(Generated::Stored) {
        format!("`{name}` is computed for every row and stored.")
    } else if column.not_null && moving {
        format!("The default of `{name}` differs from row to row.")
    } else {
        return None;
    };
    Some(Draft {
        symbol: Some(format!("{table}.{name}")),
        ..draft(
            format!("Adding `{name}` writes every row of `{table}`"),
            format!(
                "{why} SQL Server does that in one transaction under a schema modification lock (Sch-M): reads and writes of \
                 the table wait."
            ),
            "Add the column as nullable, set the default for new rows with a `DEFAULT` constraint, and fill existing rows in \
             batches (`UPDATE TOP (n)` in a loop).",
        )
    })
}

fn is_virtual(at: &At<'_>) -> bool {
    at.snippet().to_ascii_lowercase().ends_with("virtual")
}

pub(super) const COLUMN_TYPE_CHANGED: Rule = rule(
    About {
        code: "migration/column-type-changed",
        title: "The type of a column is changed in place",
        severity: Major,
        confidence: High,
        equivalents: &[
            "squawk:changing-column-type",
            "eugene:E5",
            "atlas:PG301",
            "atlas:MY110",
            "atlas:MY111",
            "atlas:MY112",
            "atlas:MY113",
            "atlas:MY120",
            "atlas:MY121",
            "atlas:MY122",
            "atlas:MY123",
            "django-migration-linter:ALTER_COLUMN",
            "strong_migrations:change_column",
        ],
        page: include_str!("../../../fixtures/rules/migration/column-type-changed.md"),
    },
    Performance,
    |context, findings| {
        on_actions(context, findings, Holds::Everywhere, |at, table, action| {
            let (column, type_text, using, repeated) = match &action.kind {
                ActionKind::SetType { column, type_text, using, restated } => {
                    let telling = |using: &&String| !types::is_plain_cast(using, column, type_text);
                    (column, type_text, using.as_ref().filter(telling).is_some(), *restated)
                }
                // A definition that is repeated in full need not be another type.
                ActionKind::RedefineColumn { from, column } => {
                    (from, &column.type_text, false, true)
                }
                _ => return None,
            };
            let dialect = at.migration.dialect;
            let known = at.before(table);
            let known = known.table();
            let declared = known.and_then(|it| it.column(column)).map(|it| it.type_text.clone());
            let before =
                declared.filter(|text| !text.is_empty()).or_else(|| told_before(at, table, column));
            let indexed = known.is_some_and(|it| it.indexed().any(|own| own.contains(column)));
            let free = |old: &str| {
                types::is_free(dialect, old, type_text)
                    && !(indexed && types::is_compared_otherwise(old, type_text))
            };
            if !using && before.as_deref().is_some_and(free) {
                return None;
            }
            let repeated = repeated || dialect == Dialect::SqlServer && repeats_type(at, type_text);
            if repeated && before.is_none() || dialect == Dialect::Sqlite || action.online {
                return None;
            }
            let unknown = before.is_none() && !using;
            let may_be_free =
                unknown && (types::is_text_like(type_text) || dialect == Dialect::SqlServer);
            let was = before.as_ref().map_or(String::new(), |old| format!(" (it was `{old}`)"));
            let evidence = if dialect == Dialect::Postgres {
                let when = match &before {
                    // In UTC both kinds of timestamp are stored alike.
                    Some(old) if !old.starts_with("timestamp") => {
                        format!("`{old}` becomes `{type_text}`: every")
                    }
                    _ => format!("Unless the stored form stays the same{was}, every"),
                };
                format!(
                    "{when} row and every index on the column is written again under an ACCESS EXCLUSIVE lock, which blocks \
                     reads and writes. Running code that expects the old type may fail afterwards."
                )
            } else if dialect == Dialect::SqlServer {
                format!(
                    "Unless only a limit grows{was}, every row is written anew in one transaction under a schema modification \
                     lock (Sch-M): reads and writes wait. Values that do not fit stop the statement, and running code that \
                     expects the old type may fail afterwards."
                )
            } else {
                format!(
                    "The stored form changes{was}: the whole table is copied and writes wait for it. Values that do not fit \
                     are refused or cut, and running code that expects the old type may fail afterwards."
                )
            };
            Some(Draft {
                symbol: Some(format!("{table}.{column}")),
                severity: may_be_free.then_some(Minor),
                confidence: may_be_free.then_some(Medium),
                ..draft(
                    format!("Changing `{table}.{column}` to `{type_text}` rewrites the table"),
                    evidence,
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

/// Whether SQL Server's `ALTER COLUMN` may repeat the type for the sake of `NULL` or `NOT NULL`, or
/// make a text longer, as it does most often.
fn repeats_type(at: &At<'_>, type_text: &str) -> bool {
    let demands = match &at.statement.kind {
        Kind::AlterTable { actions, .. } => {
            actions.iter().any(|a| matches!(a.kind, ActionKind::SetNotNull { .. }))
        }
        _ => false,
    };
    let long = ["varchar(", "nvarchar(", "varbinary("].iter().any(|it| type_text.starts_with(it));
    demands || long
}

/// The type that the same script gives a column before, which the way back of a framework tells.
fn told_before(at: &At<'_>, on: &str, of: &str) -> Option<String> {
    let earlier = at.migration.script.statements.iter().take(at.index).rev();
    earlier
        .flat_map(|s| match &s.kind {
            Kind::AlterTable { table, actions } if table == on => actions.as_slice(),
            _ => &[],
        })
        .find_map(|action| match &action.kind {
            ActionKind::SetType { column, type_text, .. } if column == of => {
                Some(type_text.clone())
            }
            _ => None,
        })
}

pub(super) const NOT_NULL_SET: Rule = rule(
    About {
        code: "migration/not-null-set",
        title: "A column of an existing table is made NOT NULL at once",
        severity: Major,
        confidence: High,
        equivalents: &[
            "squawk:adding-not-nullable-field",
            "eugene:E2",
            "atlas:PG303",
            "strong_migrations:change_column_null",
        ],
        page: include_str!("../../../fixtures/rules/migration/not-null-set.md"),
    },
    Performance,
    |context, findings| {
        on_hits(context, findings, Holds::OnPostgres, Hit::AddingNotNullableField, |at| {
            let Some(ActionKind::SetNotNull { column }) = at.action.map(|action| &action.kind)
            else {
                return None;
            };
            let table = at.table();
            let proven = at.before(table).table().is_some_and(|known| {
                known.column(column).is_some_and(|it| it.is_required())
                    || known.proves_not_null(column) && postgres_version(context.policy) >= 12
            });
            if proven || at.on_new_table() || added_here(at, column) {
                return None;
            }
            Some(Draft {
                symbol: Some(format!("{table}.{column}")),
                covers: &["migration/column-made-required"],
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

//! Columns of tables that hold rows.

use super::actions::ActionKind;
use super::dialect::Dialect;
use super::discover::Framework;
use super::facts::Kind;
use super::names;
use super::read::postgres_version;
use super::rebuild::rebuilds;
use super::say::{About, Holds, draft, migrations, on_actions, on_hits, rule};
use super::script::{At, Hit};
use super::types;
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
        equivalents: &[
            "squawk:adding-required-field",
            "atlas:MF103",
            "atlas:MY101",
            "django-migration-linter:NOT_NULL",
        ],
        page: include_str!("../../../fixtures/rules/migration/required-column-added.md"),
    },
    Reliability,
    |context, findings| {
        on_actions(context, findings, Holds::Everywhere, |at, table, action| {
            let ActionKind::AddColumn(column) = &action.kind else { return None };
            let name = &column.name;
            if !column.not_null || column.primary_key {
                return None;
            }
            let (title, evidence) = if !column.is_filled() {
                (
                    format!("`{table}.{name}` is required but existing rows have no value for it"),
                    "The statement fails if the table has a single row. Where it succeeds, inserts of the previous \
                     release, which do not know the column, fail.",
                )
            } else if loses_default(at, table, name) {
                (
                    format!("`{table}.{name}` is required and its default is taken away again"),
                    "The default only fills the rows that are there. Inserts of the previous release, which do not know \
                     the column, fail from the commit on.",
                )
            } else {
                return None;
            };
            Some(Draft {
                symbol: Some(format!("{table}.{name}")),
                ..draft(
                    title,
                    evidence,
                    "Add the column with a constant `DEFAULT` that stays until the next release, or as nullable: fill it in \
                     batches, then make it required by way of a validated `CHECK` constraint.",
                )
            })
        });
        for migration in migrations(context, Holds::Everywhere) {
            for rebuild in rebuilds(&migration) {
                let known = rebuild.old.whole();
                let new = rebuild.demanding().find(|column| match known {
                    Some(old) => old.column(&column.name).is_none(),
                    None => {
                        rebuild.source_of(&column.name).is_some() && !rebuild.keeps(&column.name)
                    }
                });
                let at = migration.statements().find(|at| at.index == rebuild.create);
                let (Some(column), Some(at)) = (new, at) else { continue };
                let (table, name) = (rebuild.table, &column.name);
                at.report(
                    findings,
                    Draft {
                        symbol: Some(format!("{table}.{name}")),
                        ..draft(
                            format!("`{table}.{name}` is required and has no default"),
                            "The copied rows get a value here, but inserts of the previous release, which do not know the \
                             column, fail from then on.",
                            "Give the column a `DEFAULT`, at least until the release that writes it is everywhere.",
                        )
                    },
                );
            }
        }
    },
);

/// Whether the script drops the default of a column after the statement, and sets none later.
fn loses_default(at: &At<'_>, on: &str, of: &str) -> bool {
    let later = at.migration.script.statements.iter().skip(at.index);
    let last = later
        .filter_map(|s| match &s.kind {
            Kind::AlterTable { table, actions } if table == on => Some(actions),
            _ => None,
        })
        .flatten()
        .filter_map(|action| match &action.kind {
            ActionKind::DropDefault { column } if column == of => Some(true),
            ActionKind::SetDefault { column, .. } if column == of => Some(false),
            _ => None,
        })
        .next_back();
    last == Some(true)
}

pub(super) const COLUMN_MADE_REQUIRED: Rule = rule(
    About {
        code: "migration/column-made-required",
        title: "A column that may hold NULL is made NOT NULL",
        severity: Major,
        confidence: Medium,
        equivalents: &[
            "atlas:MF104",
            "atlas:LT101",
            "django-migration-linter:NOT_NULL",
            "strong_migrations:change_column_null",
        ],
        page: include_str!("../../../fixtures/rules/migration/column-made-required.md"),
    },
    Reliability,
    |context, findings| {
        let migrations = migrations(context, Holds::Everywhere);
        for migration in migrations.iter().filter(|it| it.dialect != Dialect::Postgres) {
            for (at, table, action) in migration.actions() {
                let (from, to) = match &action.kind {
                    ActionKind::RedefineColumn { from, column } if column.not_null => {
                        (from, column)
                    }
                    ActionKind::SetNotNull { column } if states_old_null(migration.framework()) => {
                        if let Some(draft) = set_required(&at, table, column) {
                            at.report(findings, draft);
                        }
                        continue;
                    }
                    _ => continue,
                };
                let known = at.before(table).table().and_then(|it| it.column(from).cloned());
                if known.is_some_and(|old| old.is_required()) || at.on_new_table() {
                    continue;
                }
                let name = &to.name;
                let filled = backfilled(&at, table, from);
                if (filled || to.is_filled()) && !loses_default(&at, table, name) {
                    continue;
                }
                at.report(findings, made_required(table, name, filled));
            }
            for rebuild in rebuilds(migration) {
                let at = migration.statements().find(|at| at.index == rebuild.create);
                let Some(at) = at else { continue };
                let doubtful = rebuild.demanding().find(|column| {
                    let nullable = match rebuild.old.whole() {
                        Some(old) => old.column(&column.name).is_some_and(|old| !old.is_required()),
                        None => true,
                    };
                    nullable
                        && rebuild.keeps(&column.name)
                        && !backfilled(&at, rebuild.table, &column.name)
                });
                let Some(column) = doubtful else { continue };
                let unseen = rebuild.old.whole().is_none();
                let said = made_required(rebuild.table, &column.name, false);
                let said = if unseen { Draft { severity: Some(Minor), ..said } } else { said };
                at.report(findings, said);
            }
        }
    },
);

/// Frameworks that demand a value only of columns that took none before.
fn states_old_null(framework: Framework) -> bool {
    matches!(framework, Framework::Ecto | Framework::EfCore)
}

/// What an operation in code says that demands a value, unless rows and later inserts get one.
fn set_required(at: &At<'_>, table: &str, column: &str) -> Option<Draft> {
    let known = at.before(table).table().and_then(|it| it.column(column).cloned());
    if known.is_some_and(|old| old.is_required() || old.is_filled()) || at.on_new_table() {
        return None;
    }
    let earlier = at.migration.script.statements.iter().take(at.index);
    let filled = earlier.into_iter().any(|statement| {
        match &statement.kind {
        Kind::Update { table: on, .. } => on == table,
        Kind::AlterTable { table: on, actions } if on == table => actions.iter().any(|action| {
            matches!(&action.kind, ActionKind::SetDefault { column: of, .. } if of == column)
        }),
        _ => false,
    }
    });
    (!filled).then(|| made_required(table, column, false))
}

fn made_required(table: &str, column: &str, filled: bool) -> Draft {
    let evidence = if filled {
        "The rows that are there were filled before, but the column has no default in the end: inserts of the previous \
         release that leave it out fail."
    } else {
        "One row without a value makes the statement fail (MySQL outside of strict mode stores an empty value instead), and \
         inserts that leave the column out fail afterwards."
    };
    Draft {
        symbol: Some(format!("{table}.{column}")),
        ..draft(
            format!("`{table}.{column}` must not be `NULL` from here on"),
            evidence,
            "Fill the rows without a value in an earlier migration, make sure that every released writer sets the column or \
             keep a `DEFAULT`, and only then demand a value.",
        )
    }
}

/// Whether the script gives a value to the rows that have none.
fn backfilled(at: &At<'_>, on: &str, column: &str) -> bool {
    let earlier = at.migration.script.statements.iter().take(at.index);
    earlier.filter(|s| matches!(&s.kind, Kind::Update { table, .. } if table == on)).any(|s| {
        let text = at.migration.script.text.get(s.bytes.clone()).unwrap_or_default();
        let clean = text.to_lowercase().replace(['`', '"', '[', ']', '(', ')'], " ");
        let words: Vec<&str> = clean.split_whitespace().collect();
        words.windows(3).any(|three| matches!(three, [name, "is", "null" | "null;"] if names::bare_name(name) == column))
            || !words.contains(&"where") && words.contains(&column)
    })
}

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
        equivalents: &[
            "squawk:changing-column-type",
            "eugene:E5",
            "atlas:PG303",
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
            let known = at.before(table).table().and_then(|it| it.column(column).cloned());
            let before = known.map(|column| column.type_text).filter(|text| !text.is_empty());
            let before = before.or_else(|| told_before(at, table, column));
            if !using
                && before.as_deref().is_some_and(|old| types::is_free(dialect, old, type_text))
            {
                return None;
            }
            if repeated && before.is_none() || dialect == Dialect::Sqlite {
                return None;
            }
            let may_be_free = before.is_none() && !using && types::is_text_like(type_text);
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
            "atlas:MF104",
            "django-migration-linter:NOT_NULL",
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

//! Columns that must have a value from a migration on.

use super::actions::{Action, ActionKind};
use super::dialect::Dialect;
use super::discover::Framework;
use super::facts::Kind;
use super::names;
use super::rebuild::rebuilds;
use super::say::{About, Holds, draft, migrations, on_actions, rule};
use super::script::At;
use crate::domain::finding::Category::Reliability;
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
                    if at.migration.dialect == Dialect::MySql {
                        "MySQL gives the rows that are there the zero of the type (`0`, an empty text), which nobody chose; \
                         dates fail in strict mode. Inserts of the previous release, which do not know the column, fail \
                         there."
                    } else {
                        "The statement fails if the table has a single row. Where it succeeds, inserts of the previous \
                         release, which do not know the column, fail."
                    },
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
                    if at.migration.dialect == Dialect::Postgres {
                        "Add the column with a constant `DEFAULT` that stays until the next release, or as nullable: fill it \
                         in batches, then make it required by way of a validated `CHECK` constraint."
                    } else {
                        "Add the column with a constant `DEFAULT` that stays until the next release, or as nullable: fill it \
                         in batches, and make it required once every writer sets it."
                    },
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
        for migration in &migrations {
            for (at, table, action) in migration.actions() {
                if let Some(said) = demanded(&at, table, action) {
                    at.report(findings, said);
                }
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
                let said = made_required(migration.dialect, rebuild.table, &column.name, false);
                let said = if unseen { Draft { severity: Some(Minor), ..said } } else { said };
                at.report(findings, said);
            }
        }
    },
);

/// What is wrong with an action that makes a column required.
fn demanded(at: &At<'_>, table: &str, action: &Action) -> Option<Draft> {
    let (from, name, defaulted) = match &action.kind {
        ActionKind::RedefineColumn { from, column } if column.not_null => {
            (from, &column.name, column.is_filled())
        }
        // What code asks MySQL for in this way it checks in place, unless the whole definition is
        // given anew.
        ActionKind::SetNotNull { column }
            if at.migration.dialect != Dialect::MySql || is_redefined(at, column) =>
        {
            (column, column, false)
        }
        _ => return None,
    };
    let known = at.before(table);
    let old = known.table().and_then(|it| it.column(from));
    let proven = known.table().is_some_and(|it| it.proves_not_null(from));
    if at.on_new_table() || proven || old.is_some_and(|old| old.is_required()) {
        return None;
    }
    let stated = states_old_null(at.migration.framework());
    if stated && (old.is_some_and(|old| old.is_filled()) || given_before(at, table, from)) {
        return None;
    }
    let filled = backfilled(at, table, from)
        || added_filled(at, table, from)
        || at.migration.adds_empty(table, std::slice::from_ref(from)) && assigned(at, table, from);
    let stays = !loses_default(at, table, name);
    // A definition that repeats the default is mostly there for something else.
    if stays && (filled || defaulted && old.is_none()) {
        let scanned = at.migration.dialect == Dialect::SqlServer && !action.online;
        return scanned.then(|| scanned_in_sql_server(table, name));
    }
    let said = made_required(at.migration.dialect, table, name, filled);
    // SQL Server wants `NOT NULL` repeated with whatever else changes of a column.
    let repeated = at.migration.dialect == Dialect::SqlServer && old.is_none();
    Some(if repeated { Draft { severity: Some(Minor), ..said } } else { said })
}

/// Whether the same call of a framework also gives the column its type.
fn is_redefined(at: &At<'_>, column: &str) -> bool {
    at.migration.script.statements.iter().any(|s| match &s.kind {
        Kind::AlterTable { actions, .. } => actions.iter().any(|action| {
            // The statements of one call end where it ends.
            action.bytes.end == at.statement.bytes.end
                && matches!(&action.kind, ActionKind::SetType { column: of, .. } if of == column)
        }),
        _ => false,
    })
}

/// Whether the script gives the column a value in some of the rows.
fn assigned(at: &At<'_>, on: &str, column: &str) -> bool {
    let earlier = at.migration.script.statements.iter().take(at.index);
    earlier.filter(|s| matches!(&s.kind, Kind::Update { table, .. } if table == on)).any(|s| {
        let text = at.migration.script.text.get(s.bytes.clone()).unwrap_or_default();
        let clean = text.to_lowercase().replace(['`', '"', '[', ']'], "").replace('=', " = ");
        let words: Vec<&str> = clean.split_whitespace().collect();
        words.windows(2).any(|two| matches!(two, [name, "="] if names::bare_name(name) == column))
    })
}

/// Frameworks that demand a value only of columns that took none before.
fn states_old_null(framework: Framework) -> bool {
    matches!(framework, Framework::Ecto | Framework::EfCore)
}

/// Whether code fills rows of the table, or gives the column a default, before it demands a value.
fn given_before(at: &At<'_>, table: &str, column: &str) -> bool {
    let mut earlier = at.migration.script.statements.iter().take(at.index);
    earlier.any(|statement| {
        match &statement.kind {
        Kind::Update { table: on, .. } => on == table,
        Kind::AlterTable { table: on, actions } if on == table => actions.iter().any(|action| {
            matches!(&action.kind, ActionKind::SetDefault { column: of, .. } if of == column)
        }),
        _ => false,
    }
    })
}

/// Whether the script adds the column with a value for every row.
fn added_filled(at: &At<'_>, on: &str, of: &str) -> bool {
    at.migration.script.statements.iter().take(at.index).any(|s| {
        match &s.kind {
        Kind::AlterTable { table, actions } if table == on => actions.iter().any(|action| {
            matches!(&action.kind, ActionKind::AddColumn(it) if it.name == of && it.is_filled())
        }),
        _ => false,
    }
    })
}

fn scanned_in_sql_server(table: &str, column: &str) -> Draft {
    Draft {
        severity: Some(Minor),
        symbol: Some(format!("{table}.{column}")),
        ..draft(
            format!(
                "`{table}` is gone through under an exclusive lock to make `{column}` required"
            ),
            "The rows have values, but SQL Server looks at each of them under a schema modification lock (Sch-M): reads and \
             writes wait for the scan.",
            "Say `WITH (ONLINE = ON)` behind the column's new definition where the edition has it (Enterprise, Developer, \
             Azure SQL), or do it in a quiet hour.",
        )
    }
}

fn made_required(dialect: Dialect, table: &str, column: &str, filled: bool) -> Draft {
    let evidence = if filled {
        "The rows that are there were filled before, but the column has no default in the end: inserts of the previous \
         release that leave it out fail."
    } else if dialect == Dialect::SqlServer {
        "One row without a value makes the statement fail, and inserts that leave the column out fail afterwards. All rows \
         are looked at under a schema modification lock (Sch-M): reads and writes wait for the scan."
    } else if dialect == Dialect::MySql {
        "One row without a value makes the statement fail (MySQL outside of strict mode stores an empty value instead), and \
         inserts that leave the column out fail afterwards."
    } else {
        "One row without a value makes the statement fail, and inserts that leave the column out fail afterwards."
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
        if at.migration.framework().is_code() {
            // A call of a framework, which says it in words of its own.
            let apart = |c: char| !c.is_alphanumeric() && c != '_';
            return clean.split(apart).any(|word| word == column);
        }
        words.windows(3).any(|three| matches!(three, [name, "is", "null" | "null;"] if names::bare_name(name) == column))
            || !words.contains(&"where") && words.contains(&column)
    })
}

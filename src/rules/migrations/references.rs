//! Foreign keys: what they refer to, and the indexes that they need.

use super::actions::{ActionKind, Column, ConstraintKind, Reference};
use super::dialect::Dialect;
use super::discover::{self, Framework};
use super::facts::Kind;
use super::names;
use super::rebuild::rebuilds;
use super::say::{About, Holds, draft, migrations, on_actions, rule};
use super::script::At;
use super::state::{Known, Table};
use super::types::canonical;
use crate::domain::finding::Category::{Data, Performance, Reliability};
use crate::domain::finding::Confidence::{High, Medium};
use crate::domain::finding::Severity::{Info, Major, Minor};
use crate::rules::{Draft, Rule};

pub(super) const TARGET_DOES_NOT_FIT: Rule = rule(
    About {
        code: "migration/foreign-key-target",
        title: "A foreign key refers to something that is not there or does not fit",
        severity: Major,
        confidence: Medium,
        equivalents: &[],
        page: include_str!("../../../fixtures/rules/migration/foreign-key-target.md"),
    },
    Reliability,
    |context, findings| {
        for migration in migrations(context, Holds::Everywhere) {
            for at in migration.statements() {
                for (table, columns, target) in keys_of(&at) {
                    let Some((title, evidence)) = misfit(&at, &table, &columns, &target) else {
                        continue;
                    };
                    let list = columns.join(", ");
                    at.report(
                        findings,
                        Draft {
                            symbol: Some(format!("{table}.{list}")),
                            ..draft(
                                title,
                                evidence,
                                format!(
                                    "Check the name and the type of `{}` in the migrations before this one, and their order.",
                                    target.table
                                ),
                            )
                        },
                    );
                }
            }
        }
    },
);

/// Foreign keys that a statement adds: table, columns and target.
fn keys_of(at: &At<'_>) -> Vec<(String, Vec<String>, Reference)> {
    match &at.statement.kind {
        Kind::CreateTable(made) => made
            .foreign_keys()
            .map(|(columns, target)| (made.name.clone(), columns, target.clone()))
            .collect(),
        Kind::AlterTable { table, actions } => actions
            .iter()
            .filter_map(|action| match &action.kind {
                ActionKind::AddColumn(column) => {
                    Some((table.clone(), vec![column.name.clone()], column.references.clone()?))
                }
                ActionKind::AddConstraint(it) => {
                    Some((table.clone(), it.columns.clone(), it.references.clone()?))
                }
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// What is wrong with the target, if that is known.
fn misfit(
    at: &At<'_>,
    table: &str,
    columns: &[String],
    target: &Reference,
) -> Option<(String, String)> {
    let sqlite = at.migration.dialect == Dialect::Sqlite;
    let own = names::same(&target.table, table);
    // SQLite looks at the target when rows are written, so that order does not matter.
    let known = match at.before(&target.table) {
        Known::Absent if !own && !sqlite && belongs_here(at, &target.table) => {
            return Some((
                format!("`{}` does not exist where `{table}` refers to it", target.table),
                format!(
                    "None of the migrations before this statement makes a table `{}`, and all of them were read. The \
                     statement fails.",
                    target.table
                ),
            ));
        }
        Known::Table(known) if known.whole && !own => known,
        _ => return None,
    };
    let keys: Vec<String> = match target.columns.as_slice() {
        [] => known.primary_key().map(<[String]>::to_vec).unwrap_or_default(),
        named => named.to_vec(),
    };
    let missing = keys.iter().find(|key| known.column(key).is_none());
    if let Some(missing) = missing {
        return Some((
            format!("`{}` has no column `{missing}`", target.table),
            format!(
                "The foreign key of `{table}` refers to `{}.{missing}`, which no migration before this statement makes.",
                target.table
            ),
        ));
    }
    if keys.len() != columns.len() || at.migration.dialect == Dialect::Sqlite {
        return None;
    }
    let unequal = columns.iter().zip(&keys).find_map(|(column, key)| {
        let from = declared_type(at, table, column)?;
        let to = known.column(key)?.type_text.clone();
        differ(at.migration.dialect, &from, &to).then_some((column, key, from, to))
    });
    let (column, key, from, to) = unequal?;
    Some((
        format!("`{table}.{column}` is `{from}`, but `{}.{key}` is `{to}`", target.table),
        "A foreign key between different types is refused (MySQL, SQL Server, types without a common equality), or \
         every lookup has to convert the value, and values that fit one side do not fit the other."
            .to_owned(),
    ))
}

/// Whether two types are so different that a key between them is a mistake. Sizes of text and
/// families that compare freely do not count.
fn differ(dialect: Dialect, one: &str, other: &str) -> bool {
    let base = |text: &str| canonical(text).split(['(', ' ']).next().unwrap_or_default().to_owned();
    let (one_base, other_base) = (base(one), base(other));
    if one_base == other_base {
        let sign = |text: &str| text.contains("unsigned");
        return dialect == Dialect::MySql && sign(one) != sign(other);
    }
    let text = ["text", "varchar", "char", "character", "citext", "nvarchar", "nchar", "bpchar"];
    let whole = ["integer", "bigint", "smallint", "int", "mediumint", "tinyint"];
    let both = |family: &[&str]| {
        family.contains(&one_base.as_str()) && family.contains(&other_base.as_str())
    };
    let known = |base: &String| {
        text.contains(&base.as_str())
            || whole.contains(&base.as_str())
            || ["uuid", "timestamptz", "timestamp", "date", "boolean", "numeric", "bytea"]
                .contains(&base.as_str())
    };
    known(&one_base)
        && known(&other_base)
        && !both(&text)
        && !(both(&whole) && dialect != Dialect::MySql)
}

/// Whether a table of that name could only come from this history of migrations.
fn belongs_here(at: &At<'_>, target: &str) -> bool {
    // Models of other apps, the user among them, are made in folders of their own.
    if at.migration.framework() == Framework::Django {
        return false;
    }
    // Flyway reads the folders below a folder as one history.
    let identity = at.migration.script.identity.as_ref();
    if identity.is_some_and(|it| discover::is_nested(&at.migration.file.path, it)) {
        return false;
    }
    let Some((schema, _)) = target.rsplit_once('.') else { return true };
    // A schema into which these migrations put nothing is somebody else's, as `auth` of Supabase.
    ["public", "dbo"].contains(&schema)
        || at.migration.timeline().is_some_and(|timeline| {
            let mut tables = timeline.end.tables();
            tables.any(|table| table.name.rsplit_once('.').is_some_and(|(own, _)| own == schema))
        })
}

/// The type of a column as this statement or the schema before it declares it.
fn declared_type(at: &At<'_>, table: &str, column: &str) -> Option<String> {
    let found = |columns: &[Column]| {
        columns.iter().find(|it| it.name == column).map(|it| it.type_text.clone())
    };
    let here = match &at.statement.kind {
        Kind::CreateTable(made) => found(&made.columns),
        Kind::AlterTable { actions, .. } => actions.iter().find_map(|action| match &action.kind {
            ActionKind::AddColumn(it) if it.name == column => Some(it.type_text.clone()),
            _ => None,
        }),
        _ => None,
    };
    here.or_else(|| at.before(table).table().and_then(|known| found(&known.columns)))
        .filter(|text| !text.is_empty())
}

pub(super) const WITHOUT_INDEX: Rule = rule(
    About {
        code: "migration/foreign-key-without-index",
        title: "A foreign key whose columns have no index",
        severity: Minor,
        confidence: Medium,
        equivalents: &["eugene:E15"],
        page: include_str!("../../../fixtures/rules/migration/foreign-key-without-index.md"),
    },
    Performance,
    |context, findings| {
        for migration in migrations(context, Holds::Everywhere) {
            let (server, without_waiting) = match migration.dialect {
                Dialect::Postgres => ("PostgreSQL", "`CONCURRENTLY` and"),
                Dialect::SqlServer => ("SQL Server", "`WITH (ONLINE = ON)` and"),
                _ => continue,
            };
            for at in migration.statements() {
                for (table, columns, _) in keys_of(&at) {
                    // A table that is only partly known may have the index, but not on a column
                    // that is new.
                    let end = migration.timeline().map(|it| it.end.table(&table));
                    let added = adds_all(&at, &columns);
                    let known = end.as_ref().and_then(Known::table).filter(|it| it.whole || added);
                    let Some(known) = known else { continue };
                    let list = columns.join(", ");
                    if columns.is_empty() || is_special(&at) || is_indexed(known, &columns) {
                        continue;
                    }
                    at.report(
                        findings,
                        Draft {
                            symbol: Some(format!("{table}.{list}")),
                            ..draft(
                                format!("No index covers the foreign key `{table} ({list})`"),
                                format!(
                                    "{server} does not index the referencing side by itself. Each delete, and each \
                                     change of a key, in the referenced table then reads all of `{table}`, and so do joins \
                                     from that side."
                                ),
                                format!(
                                    "Create an index that starts with `{list}`; on a table that has rows already, \
                                     {without_waiting} in a migration of its own."
                                ),
                            )
                        },
                    );
                }
            }
        }
    },
);

fn adds_all(at: &At<'_>, columns: &[String]) -> bool {
    let Kind::AlterTable { actions, .. } = &at.statement.kind else { return false };
    columns.iter().all(|wanted| {
        actions
            .iter()
            .any(|a| matches!(&a.kind, ActionKind::AddColumn(column) if column.name == *wanted))
    })
}

fn is_special(at: &At<'_>) -> bool {
    matches!(&at.statement.kind, Kind::CreateTable(made) if made.is_special())
}

/// Whether an index or key of the table starts with these columns, in any order.
fn is_indexed(table: &Table, columns: &[String]) -> bool {
    table.indexed().any(|index| {
        index.len() >= columns.len()
            && index.iter().take(columns.len()).all(|column| columns.contains(column))
    })
}

pub(super) const INLINE_IGNORED: Rule = rule(
    About {
        code: "migration/inline-reference-ignored",
        title: "MySQL ignores a foreign key that stands behind its column",
        severity: Minor,
        confidence: High,
        equivalents: &["atlas:MY102"],
        page: include_str!("../../../fixtures/rules/migration/inline-reference-ignored.md"),
    },
    Data,
    |context, findings| {
        for migration in migrations(context, Holds::Everywhere) {
            // MariaDB makes one of it.
            let mariadb = migration.file.path.as_str().to_ascii_lowercase().contains("mariadb");
            if migration.dialect != Dialect::MySql || mariadb {
                continue;
            }
            for at in migration.statements() {
                let columns: Vec<&Column> = match &at.statement.kind {
                    Kind::CreateTable(made) => made.columns.iter().collect(),
                    Kind::AlterTable { actions, .. } => actions
                        .iter()
                        .filter_map(|action| match &action.kind {
                            ActionKind::AddColumn(column) => Some(column),
                            _ => None,
                        })
                        .collect(),
                    _ => Vec::new(),
                };
                for column in columns {
                    let Some(target) = &column.references else { continue };
                    at.report(
                        findings,
                        Draft {
                            symbol: Some(format!("{}.{}", at.table(), column.name)),
                            ..draft(
                                format!("No foreign key to `{}` comes of this", target.table),
                                "MySQL before 9.0 reads `REFERENCES` behind a column and does nothing: rows may refer to \
                                 what is not there.",
                                "Add the foreign key on its own: `FOREIGN KEY (…) REFERENCES …`.",
                            )
                        },
                    );
                }
            }
        }
    },
);

pub(super) const UNIQUE_ON_ROWS: Rule = rule(
    About {
        code: "migration/unique-on-existing-rows",
        title: "A unique index over rows that may hold duplicates",
        severity: Minor,
        confidence: Medium,
        equivalents: &["atlas:MF101", "atlas:MF102", "django-migration-linter:ADD_UNIQUE"],
        page: include_str!("../../../fixtures/rules/migration/unique-on-existing-rows.md"),
    },
    Reliability,
    |context, findings| {
        for migration in migrations(context, Holds::Everywhere) {
            let rebuilt = rebuilds(&migration);
            for at in migration.statements() {
                let Kind::CreateIndex(index) = &at.statement.kind else { continue };
                if !index.unique || index.table.is_empty() {
                    continue;
                }
                let copied =
                    rebuilt.iter().find(|it| it.table == index.table && it.create < at.index);
                let known = at.before(&index.table);
                let said = match copied {
                    // The rows of a table that is made anew are the old ones.
                    Some(rebuild) => rebuild.old.whole().and_then(|old| {
                        may_hold_duplicates(&at, &index.table, &index.columns, Some(old))
                    }),
                    None if at.on_new_table() => None,
                    None => may_hold_duplicates(&at, &index.table, &index.columns, known.table()),
                };
                if let Some(said) = said {
                    at.report(findings, said);
                }
            }
            for rebuild in &rebuilt {
                let at = migration.statements().find(|at| at.index == rebuild.create);
                let Some((at, old)) = at.zip(rebuild.old.whole()) else { continue };
                let said = rebuild.new.unique_keys().find_map(|columns| {
                    let there = columns.iter().all(|column| old.column(column).is_some());
                    let said = may_hold_duplicates(&at, rebuild.table, &columns, Some(old));
                    said.filter(|_| there)
                });
                if let Some(said) = said {
                    at.report(findings, said);
                }
            }
        }
        on_actions(context, findings, Holds::Everywhere, |at, table, action| {
            // PostgreSQL's constraint has a rule of its own, which is about the lock.
            let columns = match &action.kind {
                ActionKind::AddConstraint(it)
                    if it.kind == ConstraintKind::Unique
                        && at.migration.dialect != Dialect::Postgres =>
                {
                    it.columns.clone()
                }
                ActionKind::AddIndex(index) if index.unique => index.columns.clone(),
                _ => return None,
            };
            may_hold_duplicates(at, table, &columns, at.before(table).table())
        });
    },
);

fn may_hold_duplicates(
    at: &At<'_>,
    table: &str,
    columns: &[String],
    known: Option<&Table>,
) -> Option<Draft> {
    // Columns that are new hold nothing yet, and those that are unique already stay so.
    let added_here = |wanted: &String| {
        at.migration.script.statements.iter().any(|s| match &s.kind {
            Kind::AlterTable { table: on, actions } if on == table => {
                actions.iter().any(|action| {
                    matches!(&action.kind, ActionKind::AddColumn(column)
                    if column.name == *wanted && !column.is_filled())
                })
            }
            _ => false,
        })
    };
    let unique_before = known.is_some_and(|known| {
        known.constraints.iter().any(|it| {
            matches!(it.kind, ConstraintKind::Unique | ConstraintKind::PrimaryKey)
                && it.columns.iter().all(|column| columns.contains(column))
        }) || known.indexes.iter().any(|it| {
            it.unique && !it.partial && it.columns.iter().all(|column| columns.contains(column))
        })
    });
    if unique_before || columns.iter().any(added_here) {
        return None;
    }
    let list = if columns.is_empty() { "…".to_owned() } else { columns.join(", ") };
    Some(Draft {
        // Built concurrently, a failure costs nothing but the attempt.
        severity: [Dialect::Postgres, Dialect::SqlServer]
            .contains(&at.migration.dialect)
            .then_some(Info),
        symbol: Some(format!("{table}.{list}")),
        ..draft(
            format!("Two rows of `{table}` with equal `{list}` stop this migration"),
            if at.migration.dialect == Dialect::Postgres {
                "Nothing in the migrations keeps duplicates out so far. The first pair makes the statement fail; built \
                 concurrently, it leaves an invalid index behind."
            } else {
                "Nothing in the migrations keeps duplicates out so far. The first pair makes the statement fail."
            },
            format!(
                "Look for duplicates in production first (`GROUP BY {list} HAVING count(*) > 1`), resolve them, and stop new \
                 ones in the application before the index is built."
            ),
        )
    })
}

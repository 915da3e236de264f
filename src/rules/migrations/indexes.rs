//! Indexes and partitions of tables that hold rows.

use super::discover::Framework;
use super::facts::{CreateIndex, Kind};
use super::say::{About, Holds, draft, on_hits, on_statements, rule};
use super::script::{At, Hit};
use crate::domain::diff::LineRange;
use crate::domain::finding::Category::{Performance, Reliability};
use crate::domain::finding::Confidence::High;
use crate::domain::finding::Fix;
use crate::domain::finding::Severity::{Major, Minor};
use crate::rules::{Draft, Rule};

pub(super) const NOT_CONCURRENT: Rule = rule(
    About {
        code: "migration/index-not-concurrent",
        title: "An index is built on an existing table without CONCURRENTLY",
        severity: Major,
        confidence: High,
        equivalents: &[
            "squawk:require-concurrent-index-creation",
            "eugene:E6",
            "atlas:PG101",
            "django-migration-linter:CREATE_INDEX",
            "strong_migrations:add_index",
            "strong_migrations:add_reference",
        ],
        page: include_str!("../../../fixtures/rules/migration/index-not-concurrent.md"),
    },
    Performance,
    |context, findings| {
        on_statements(context, findings, Holds::OnPostgres, |at| {
            let Kind::CreateIndex(index) = &at.statement.kind else { return None };
            if index.concurrently || at.on_new_table() || index.table.is_empty() {
                return None;
            }
            let table = &index.table;
            if at.before(table).table().is_some_and(|known| known.partitioned) {
                return Some(on_partitioned(index));
            }
            let how = match at.migration.script.wrapped {
                Some(true) => {
                    " This tool wraps the file in a transaction, where `CONCURRENTLY` is refused: mark the migration as \
                     not transactional."
                }
                _ => "",
            };
            Some(Draft {
                symbol: Some(if index.name.is_empty() { table } else { &index.name }.clone()),
                fix: concurrently_fix(at, index),
                ..draft(
                    format!("Writes to `{table}` stop while this index is built"),
                    format!(
                        "`CREATE INDEX` holds a SHARE lock on `{table}` for the whole build: reads go on, every `INSERT`, \
                         `UPDATE` and `DELETE` waits."
                    ),
                    format!(
                        "Build it with `CREATE INDEX CONCURRENTLY` in a migration of its own, outside of a transaction.{how}"
                    ),
                )
            })
        });
    },
);

/// An index of a partitioned table cannot be built concurrently as a whole.
fn on_partitioned(index: &CreateIndex) -> Draft {
    let table = &index.table;
    Draft {
        symbol: Some(if index.name.is_empty() { table } else { &index.name }.clone()),
        ..draft(
            format!("Writes to `{table}` and its partitions stop while this index is built"),
            format!(
                "`CREATE INDEX` on a partitioned table builds one index after the other and holds a SHARE lock on `{table}` \
                 and every partition until the last is complete. `CONCURRENTLY` is not allowed here."
            ),
            "Create it with `ON ONLY`, build the index of each partition with `CONCURRENTLY`, and attach them with \
             `ALTER INDEX … ATTACH PARTITION`.",
        )
    }
}

/// `CONCURRENTLY` behind `INDEX`, where the migration is known to run outside of a transaction, or
/// can be told to.
fn concurrently_fix(at: &At<'_>, index: &CreateIndex) -> Option<Fix> {
    if index.name.is_empty() || index.keyword.is_empty() {
        return None;
    }
    let alone = at.migration.effective_statements() == 1;
    let framework = at.migration.framework();
    let free = match at.migration.script.wrapped {
        Some(false) => !at.statement.in_transaction,
        // Flyway and Prisma run a file with this one statement outside of a transaction.
        Some(true) => framework == Framework::Flyway && alone,
        None => framework == Framework::Prisma && alone && !at.statement.in_transaction,
    };
    let text = at.migration.file.head_text()?;
    let source = text.as_str();
    // Files with Windows line ends keep them only where nothing is put in between.
    if source.contains('\r') {
        return None;
    }
    let keyword = source.get(index.keyword.clone())?;
    let word = if keyword == "index" { "concurrently" } else { "CONCURRENTLY" };
    let line = text.line_at(index.keyword.start);
    let start = source.get(..index.keyword.start)?.rfind('\n').map_or(0, |at| at + 1);
    let (before, after) =
        (source.get(start..index.keyword.end)?, text.line(line)?.get(index.keyword.end - start..)?);
    let built = format!("{before} {word}{after}");
    if free {
        return Some(Fix::Replace { lines: LineRange::line(line), replacement: built });
    }
    let marker = marker_line(framework, source).filter(|_| alone)?;
    let between: Vec<&str> = (marker.0 + 1..line).filter_map(|n| text.line(n)).collect();
    let mut lines = vec![marker.1];
    lines.extend(between.into_iter().map(str::to_owned));
    lines.push(built);
    let replacement = lines.join("\n");
    Some(Fix::Replace { lines: LineRange::new(marker.0, line)?, replacement })
}

/// The line that begins the forward part, and how it switches the tool's transaction off.
fn marker_line(framework: Framework, text: &str) -> Option<(u32, String)> {
    let wanted = match framework {
        Framework::Goose => "-- +goose up",
        Framework::Dbmate => "-- migrate:up",
        Framework::SqlMigrate => "-- +migrate up",
        _ => return None,
    };
    let (at, line) =
        text.lines().enumerate().find(|(_, line)| line.trim().eq_ignore_ascii_case(wanted))?;
    let number = u32::try_from(at + 1).ok()?;
    let line = line.trim_end();
    Some((
        number,
        match framework {
            Framework::Goose => format!("-- +goose NO TRANSACTION\n{line}"),
            Framework::Dbmate => format!("{line} transaction:false"),
            _ => format!("{line} notransaction"),
        },
    ))
}

pub(super) const DROP_NOT_CONCURRENT: Rule = rule(
    About {
        code: "migration/index-drop-not-concurrent",
        title: "An index is dropped without CONCURRENTLY",
        severity: Minor,
        confidence: High,
        equivalents: &[
            "squawk:require-concurrent-index-deletion",
            "atlas:PG102",
            "django-migration-linter:DROP_INDEX",
            "strong_migrations:remove_index",
        ],
        page: include_str!("../../../fixtures/rules/migration/index-drop-not-concurrent.md"),
    },
    Performance,
    |context, findings| {
        on_statements(context, findings, Holds::OnPostgres, |at| {
            let Kind::DropIndex { indexes, concurrently: false, .. } = &at.statement.kind else {
                return None;
            };
            let name = indexes.first()?;
            let made_here = at.migration.script.statements.iter().any(|s| {
                matches!(&s.kind, Kind::CreateIndex(index)
                    if index.name == *name && at.migration.is_new_table(&index.table, s.bytes.start))
            });
            (!made_here).then(|| Draft {
                symbol: Some(name.clone()),
                ..draft(
                    format!("Dropping `{name}` waits for, and then blocks, every query of its table"),
                    "`DROP INDEX` takes an ACCESS EXCLUSIVE lock on the table. The drop is quick, but behind one long \
                     query it queues, and everything that comes later, reads included, queues behind it.",
                    "Use `DROP INDEX CONCURRENTLY` in a migration of its own, outside of a transaction.",
                )
            })
        });
    },
);

pub(super) const REINDEX_NOT_CONCURRENT: Rule = rule(
    About {
        code: "migration/reindex-not-concurrent",
        title: "REINDEX without CONCURRENTLY",
        severity: Major,
        confidence: High,
        equivalents: &["squawk:require-concurrent-reindex", "django-migration-linter:REINDEX"],
        page: include_str!("../../../fixtures/rules/migration/reindex-not-concurrent.md"),
    },
    Performance,
    |context, findings| {
        on_hits(context, findings, Holds::OnPostgres, Hit::RequireConcurrentReindex, |at| {
            Some(draft(
                format!("Writes stop while indexes are rebuilt: `{}`", at.snippet()),
                "`REINDEX` holds a SHARE lock on the table, which blocks writes, for the whole rebuild, and an ACCESS \
                 EXCLUSIVE lock on the index, so that queries that would use it wait as well.",
                "Use `REINDEX … CONCURRENTLY` (PostgreSQL 12 and later), outside of a transaction.",
            ))
        });
    },
);

pub(super) const DETACH_NOT_CONCURRENT: Rule = rule(
    About {
        code: "migration/partition-detach-not-concurrent",
        title: "A partition is detached without CONCURRENTLY",
        severity: Major,
        confidence: High,
        equivalents: &["squawk:require-concurrent-partition-detach"],
        page: include_str!("../../../fixtures/rules/migration/partition-detach-not-concurrent.md"),
    },
    Performance,
    |context, findings| {
        on_hits(
            context,
            findings,
            Holds::OnPostgres,
            Hit::RequireConcurrentPartitionDetach,
            |at| {
                let table = at.table();
                (!at.on_new_table()).then(|| {
                draft(
                    format!("Detaching a partition blocks all of `{table}`"),
                    "`DETACH PARTITION` takes an ACCESS EXCLUSIVE lock on the parent: reads and writes of every partition \
                     wait.",
                    "Use `DETACH PARTITION … CONCURRENTLY` (PostgreSQL 14 and later), outside of a transaction.",
                )
            })
            },
        );
    },
);

pub(super) const CONCURRENT_IN_TRANSACTION: Rule = rule(
    About {
        code: "migration/concurrent-in-transaction",
        title: "A CONCURRENTLY statement inside a transaction",
        severity: Major,
        confidence: High,
        equivalents: &[
            "squawk:ban-concurrent-index-creation-in-transaction",
            "atlas:PG103",
            "django-migration-linter:CREATE_INDEX_EXCLUSIVE",
        ],
        page: include_str!("../../../fixtures/rules/migration/concurrent-in-transaction.md"),
    },
    Reliability,
    |context, findings| {
        on_statements(context, findings, Holds::OnPostgres, |at| {
            let what = match &at.statement.kind {
                Kind::CreateIndex(index) if index.concurrently => "CREATE INDEX CONCURRENTLY",
                Kind::DropIndex { concurrently: true, .. } => "DROP INDEX CONCURRENTLY",
                _ => return None,
            };
            let migration = at.migration;
            let several = migration.script.statements.len() > 1;
            let (who, how) = match (migration.framework(), migration.script.wrapped) {
                // These run a lone statement outside of a transaction.
                (Framework::Flyway, _) if !several => return None,
                // The policy speaks for the usual file; one with nothing else is made for that.
                (Framework::Plain | Framework::Pairs | Framework::Supabase, Some(true))
                    if !several =>
                {
                    return None;
                }
                (framework, Some(true)) if at.statement.in_transaction => {
                    (wraps(framework), opt_out(framework))
                }
                (Framework::Prisma, _) if several => (
                    "Prisma sends the file as one batch, which PostgreSQL runs as one transaction",
                    "Give the statement a migration of its own.",
                ),
                _ if at.statement.in_transaction => (
                    "The script begins a transaction",
                    "Move the statement outside of `BEGIN` and `COMMIT`.",
                ),
                _ => return None,
            };
            Some(draft(
                format!("`{what}` fails here: it cannot run inside a transaction"),
                format!(
                    "{who}, and PostgreSQL refuses the statement there, so the migration stops at this point."
                ),
                how,
            ))
        });
    },
);

fn wraps(framework: Framework) -> &'static str {
    match framework {
        Framework::Goose => "Goose runs each migration in a transaction",
        Framework::Dbmate => "dbmate runs each migration in a transaction",
        Framework::SqlMigrate => "sql-migrate runs each migration in a transaction",
        Framework::Flyway => "Flyway runs a migration with other statements in a transaction",
        Framework::Diesel => "Diesel runs each migration in a transaction",
        _ => "The tool runs the file in a transaction",
    }
}

fn opt_out(framework: Framework) -> &'static str {
    match framework {
        Framework::Goose => {
            "Put it in a migration of its own with `-- +goose NO TRANSACTION` at the top."
        }
        Framework::Dbmate => {
            "Put it in a migration of its own with `-- migrate:up transaction:false`."
        }
        Framework::SqlMigrate => {
            "Put it in a migration of its own with `-- +migrate Up notransaction`."
        }
        Framework::Flyway => {
            "Put it in a migration of its own: Flyway then leaves out the transaction. Or set \
             `executeInTransaction=false` for this script."
        }
        Framework::Diesel => {
            "Put it in a migration of its own whose `metadata.toml` says `run_in_transaction = false`."
        }
        _ => "Put it in a migration of its own that runs without a transaction.",
    }
}

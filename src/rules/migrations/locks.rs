//! Locks, transactions and the settings that bound them.

use std::collections::HashSet;

use super::actions::ActionKind;
use super::discover::{self, Direction};
use super::facts::Kind;
use super::say::{About, Holds, draft, migrations, on_actions, on_hits, on_statements, rule};
use super::script::{Hit, Migration};
use super::surroundings::history_need;
use crate::domain::finding::Category::{Performance, Reliability};
use crate::domain::finding::Confidence::{High, Medium};
use crate::domain::finding::Severity::{Info, Major, Minor};
use crate::domain::path::RepoPath;
use crate::rules::{Draft, Rule, RuleContext};

pub(super) const TABLE_REWRITTEN: Rule = rule(
    About {
        code: "migration/table-rewritten",
        title: "A table is written anew under an exclusive lock",
        severity: Major,
        confidence: High,
        equivalents: &[],
        page: include_str!("../../../fixtures/rules/migration/table-rewritten.md"),
    },
    Performance,
    |context, findings| {
        on_actions(context, findings, Holds::OnPostgres, |_, table, action| {
            let what = match &action.kind {
                ActionKind::SetLogged(true) => "SET LOGGED",
                ActionKind::SetLogged(false) => "SET UNLOGGED",
                ActionKind::SetTablespace => "SET TABLESPACE",
                ActionKind::SetAccessMethod => "SET ACCESS METHOD",
                _ => return None,
            };
            Some(draft(
                format!("`{what}` writes all of `{table}` anew"),
                "The table and its indexes are copied under an ACCESS EXCLUSIVE lock: reads and writes wait until the copy is \
                 complete. An unlogged table is also empty after a crash, and on every replica.",
                "Fill a new table in batches and swap the names, or do it in a maintenance window with a `lock_timeout`.",
            ))
        });
        on_statements(context, findings, Holds::OnPostgres, |at| {
            let Kind::Rewrite { what, table } = &at.statement.kind else { return None };
            let which =
                if table.is_empty() { "every table".to_owned() } else { format!("`{table}`") };
            Some(draft(
                format!("`{what}` locks and rewrites {which}"),
                "The table is written anew under an ACCESS EXCLUSIVE lock: reads and writes wait until the copy and all \
                 indexes are complete.",
                "Use `pg_repack` or `pg_squeeze` outside of the migrations (or `REPACK (CONCURRENTLY)` from PostgreSQL 19 \
                 on). Plain `VACUUM` frees space for reuse without that lock.",
            ))
        });
    },
);

pub(super) const TABLE_LOCKED: Rule = rule(
    About {
        code: "migration/table-locked",
        title: "A migration locks a table explicitly",
        severity: Minor,
        confidence: High,
        equivalents: &[],
        page: include_str!("../../../fixtures/rules/migration/table-locked.md"),
    },
    Performance,
    |context, findings| {
        on_statements(context, findings, Holds::OnPostgres, |at| {
            let Kind::Lock { tables, mode } = &at.statement.kind else { return None };
            let (blocks, severity) = match mode.split_whitespace().collect::<Vec<_>>().as_slice() {
                ["access", "exclusive"] => ("reads and writes", Major),
                ["exclusive"] | ["share"] | ["share", "row", "exclusive"] => ("writes", Minor),
                _ => return None,
            };
            let table = tables.first()?;
            Some(Draft {
                severity: Some(severity),
                symbol: Some(table.clone()),
                ..draft(
                    format!("`{table}` is locked against {blocks} until the transaction ends"),
                    format!(
                        "The lock is held for everything that follows in the transaction, and while it waits behind a long \
                         query, every later query of `{table}` waits behind it."
                    ),
                    "Leave locking to the statements themselves. If it must be, set a short `lock_timeout`, retry, and keep \
                     the transaction to what needs the lock.",
                )
            })
        });
    },
);

pub(super) const REFRESH_NOT_CONCURRENT: Rule = rule(
    About {
        code: "migration/refresh-not-concurrent",
        title: "A materialized view is refreshed without CONCURRENTLY",
        severity: Minor,
        confidence: High,
        equivalents: &[],
        page: include_str!("../../../fixtures/rules/migration/refresh-not-concurrent.md"),
    },
    Performance,
    |context, findings| {
        on_statements(context, findings, Holds::OnPostgres, |at| {
            let Kind::Refresh { view, concurrently: false } = &at.statement.kind else {
                return None;
            };
            let made_here = at.migration.script.statements.iter().any(
                |s| matches!(&s.kind, Kind::Create { what: "view", name, .. } if name == view),
            );
            (!made_here).then(|| Draft {
                symbol: Some(view.clone()),
                ..draft(
                    format!("Readers of `{view}` wait while it is refreshed"),
                    "A plain `REFRESH MATERIALIZED VIEW` holds an ACCESS EXCLUSIVE lock on the view for as long as its \
                     query runs.",
                    "Use `REFRESH MATERIALIZED VIEW CONCURRENTLY` (the view needs a unique index), from a job rather than \
                     from a migration.",
                )
            })
        });
    },
);

/// Whether earlier migrations of the folder alter tables and none sets a limit: it is set elsewhere,
/// or the team has decided, and saying it once more with each migration changes nothing.
fn goes_without(context: &RuleContext<'_>, migration: &Migration<'_>) -> bool {
    let root = |path: &RepoPath, text: &str| {
        let identity = discover::identify(path, text)?;
        let up = identity.direction == Direction::Up;
        up.then(|| discover::root(path, &identity).to_owned())
    };
    let own = root(&migration.file.path, &migration.script.text);
    let history = context.gathered(&history_need(context.change));
    let mut altering =
        history.iter().map(|file| (&file.path, file.text.as_str())).filter(|(path, text)| {
            let lower = text.to_ascii_lowercase();
            let made: HashSet<&str> = named_after(&lower, "create table").collect();
            named_after(&lower, "alter table").any(|table| !made.contains(table))
                && root(path, text) == own
        });
    let without = |(_, text): (&RepoPath, &str)| !sets_lock_timeout(text);
    altering.next().is_some_and(without) && altering.all(without)
}

/// The names that follow some words of SQL in lower case, without quotation marks.
fn named_after<'t>(text: &'t str, words: &'t str) -> impl Iterator<Item = &'t str> {
    text.match_indices(words).filter_map(move |(at, _)| {
        let rest = text.get(at + words.len()..)?;
        let name = rest
            .split(|c: char| c.is_whitespace() || c == '(' || c == ';')
            .find(|word| !["", "if", "not", "exists", "only"].contains(word))?;
        Some(name.trim_matches(['"', '`', '[', ']']))
    })
}

/// Whether the server's own setting is named; `app.lock_timeout` is somebody else's.
pub(super) fn sets_lock_timeout(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    lower.match_indices("lock_timeout").any(|(at, _)| {
        let before = lower.get(..at).and_then(|before| before.chars().next_back());
        before.is_none_or(|c| c != '.' && c != '_' && !c.is_alphanumeric())
    })
}

pub(super) const MISSING_LOCK_TIMEOUT: Rule = rule(
    About {
        code: "migration/missing-lock-timeout",
        title: "Locks are taken without a lock_timeout",
        severity: Info,
        confidence: Medium,
        equivalents: &[
            "squawk:require-lock-timeout",
            "squawk:require-timeout-settings",
            "eugene:E9",
        ],
        page: include_str!("../../../fixtures/rules/migration/missing-lock-timeout.md"),
    },
    Reliability,
    |context, findings| {
        for migration in migrations(context, Holds::OnPostgres) {
            // The linter notes the first statement of any kind; what matters is one that queues.
            let bounded = sets_lock_timeout(&migration.script.text);
            if bounded || migration.hits(Hit::RequireLockTimeout).next().is_none() {
                continue;
            }
            // One note for a file is enough.
            let first = migration.statements().find(|at| {
                let waits = match &at.statement.kind {
                    Kind::CreateIndex(index) => !index.concurrently,
                    Kind::DropIndex { concurrently, .. } => !concurrently,
                    // Validation lets reads and writes pass, also while it waits.
                    Kind::AlterTable { actions, .. } => !actions
                        .iter()
                        .all(|a| matches!(a.kind, ActionKind::ValidateConstraint { .. })),
                    Kind::DropTable { .. }
                    | Kind::Truncate { .. }
                    | Kind::Lock { .. }
                    | Kind::Rewrite { .. } => true,
                    _ => false,
                };
                waits && !at.on_new_table()
            });
            if let Some(at) = first
                && !goes_without(context, &migration)
            {
                at.report(
                    findings,
                    draft(
                        "Nothing bounds how long this waits for its lock".to_owned(),
                        "While the statement waits behind a long query or a forgotten transaction, every later query of the \
                         table queues behind it, reads included. No `lock_timeout` is set in this file; a role or connection \
                         setting would do as well, and cannot be seen from here.",
                        "Start with `SET lock_timeout = '2s';` (or `SET LOCAL` inside a transaction) and retry the migration \
                         when it gives up.",
                    ),
                );
            }
        }
    },
);

pub(super) const TRANSACTION_NESTED: Rule = rule(
    About {
        code: "migration/transaction-nested",
        title: "A transaction is begun or ended inside another",
        severity: Major,
        confidence: High,
        equivalents: &["squawk:transaction-nesting"],
        page: include_str!("../../../fixtures/rules/migration/transaction-nested.md"),
    },
    Reliability,
    |context, findings| {
        on_hits(context, findings, Holds::OnPostgres, Hit::TransactionNesting, |at| {
            let wrapped = at.migration.script.wrapped == Some(true);
            let why = if wrapped {
                "The tool already runs this file in a transaction. The inner `COMMIT` ends that one early: what follows \
                 runs outside of it, and a failure leaves half of the migration applied."
            } else {
                "PostgreSQL has one transaction at a time: a second `BEGIN` only warns, the first `COMMIT` ends everything, \
                 and what follows runs outside of any transaction."
            };
            Some(draft(
                format!("`{}` does not do what it says here", at.snippet()),
                why,
                if wrapped {
                    "Leave out `BEGIN` and `COMMIT`, or use the tool's own marker to run the file without a transaction."
                } else {
                    "Pair each `BEGIN` with one `COMMIT`; use `SAVEPOINT` for a transaction within a transaction."
                },
            ))
        });
    },
);

pub(super) const TRANSACTION_LEFT_OPEN: Rule = rule(
    About {
        code: "migration/transaction-left-open",
        title: "A transaction is begun and never committed",
        severity: Major,
        confidence: High,
        equivalents: &["squawk:ban-uncommitted-transaction"],
        page: include_str!("../../../fixtures/rules/migration/transaction-left-open.md"),
    },
    Reliability,
    |context, findings| {
        on_hits(context, findings, Holds::OnPostgres, Hit::BanUncommittedTransaction, |_| {
            Some(draft(
                "This transaction is never committed".to_owned(),
                "The script ends while the transaction is open: the connection closes and everything since `BEGIN` is rolled \
                 back, although the tool may record the migration as applied.",
                "Add the missing `COMMIT`, or drop the `BEGIN` where the tool manages transactions.",
            ))
        });
    },
);

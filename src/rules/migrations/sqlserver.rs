//! What SQL Server does with indexes, constraints and transactions.

use super::actions::{ActionKind, Constraint, ConstraintKind};
use super::dialect::Dialect;
use super::discover::Framework;
use super::facts::{CreateIndex, Kind};
use super::say::{About, Holds, draft, migrations, rule};
use super::script::{At, Migration};
use crate::domain::finding::Category::{Data, Performance, Reliability};
use crate::domain::finding::Confidence::{High, Medium};
use crate::domain::finding::Severity::{Info, Major, Minor};
use crate::rules::parse::sql;
use crate::rules::{Draft, Rule, RuleContext};

fn own<'a>(context: &RuleContext<'a>) -> Vec<Migration<'a>> {
    let mut all = migrations(context, Holds::Everywhere);
    all.retain(|migration| migration.dialect == Dialect::SqlServer);
    all
}

pub(super) const INDEX_NOT_ONLINE: Rule = rule(
    About {
        code: "migration/index-not-online",
        title: "SQL Server builds an index of an existing table offline",
        severity: Major,
        confidence: Medium,
        equivalents: &[],
        page: include_str!("../../../fixtures/rules/migration/index-not-online.md"),
    },
    Performance,
    |context, findings| {
        for migration in own(context) {
            for at in migration.statements() {
                let said = match &at.statement.kind {
                    Kind::CreateIndex(index) if !index.concurrently => {
                        Some(built(&index.table, index.clustered, "`CREATE INDEX`"))
                    }
                    Kind::Rewrite { what, table } => Some(rebuilt(table, what)),
                    Kind::DropIndex { indexes, table: Some(table), concurrently: false } => {
                        heaped(&at, table, indexes)
                    }
                    _ => None,
                };
                let table = table_of(&at.statement.kind).unwrap_or_default();
                let made_here = migration.is_new_table(table, at.statement.bytes.start);
                if let Some(said) = said.filter(|_| !made_here && !table.is_empty()) {
                    at.report(findings, said);
                }
            }
            for (at, table, action) in migration.actions() {
                let said = match &action.kind {
                    ActionKind::AddConstraint(it) => key_built(table, it),
                    ActionKind::Rebuild { .. } => Some(rebuilt(table, "ALTER TABLE … REBUILD")),
                    _ => None,
                };
                if let Some(said) = said.filter(|_| !action.online && !at.on_new_table()) {
                    at.report(findings, said);
                }
            }
        }
    },
);

fn table_of(kind: &Kind) -> Option<&str> {
    match kind {
        Kind::CreateIndex(CreateIndex { table, .. })
        | Kind::Rewrite { table, .. }
        | Kind::DropIndex { table: Some(table), .. } => Some(table),
        _ => None,
    }
}

/// How to go about it, for whom it is possible.
const ONLINE: &str = "Say `WITH (ONLINE = ON)`, which the Enterprise and Developer editions and Azure SQL know. \
                      Other editions refuse it: there, run this in a quiet hour of its own.";

fn built(table: &str, clustered: bool, what: &str) -> Draft {
    if clustered {
        return draft(
            format!("Reads and writes of `{table}` wait while a clustered index is built"),
            format!(
                "{what} writes the rows anew in the order of the index, and every other index with them. Offline it holds a \
                 schema modification lock (Sch-M) on `{table}` until it is done."
            ),
            ONLINE,
        );
    }
    draft(
        format!("Writes to `{table}` wait while this index is built"),
        format!(
            "Offline, {what} holds a shared lock (S) on `{table}` for the whole build: reads go on, every `INSERT`, \
             `UPDATE` and `DELETE` waits."
        ),
        ONLINE,
    )
}

fn key_built(table: &str, constraint: &Constraint) -> Option<Draft> {
    let what = match constraint.kind {
        ConstraintKind::PrimaryKey => "the index of a primary key",
        ConstraintKind::Unique => "the index of a `UNIQUE` constraint",
        _ => return None,
    };
    Some(draft(
        format!("`{table}` is locked while {what} is built"),
        if constraint.clustered {
            "The index is clustered: all rows are written anew in its order under a schema modification lock (Sch-M), and \
             reads and writes wait."
        } else {
            "`ALTER TABLE` holds a schema modification lock (Sch-M) while the index is built: reads and writes wait."
        },
        ONLINE,
    ))
}

fn rebuilt(table: &str, what: &str) -> Draft {
    draft(
        format!("`{what}` locks `{table}` until it is done"),
        "Offline, writes wait for the rebuild of any index, and reads as well where it is the clustered one or the table \
         itself.",
        ONLINE,
    )
}

/// A clustered index that goes away leaves its rows to be written anew.
fn heaped(at: &At<'_>, table: &str, indexes: &[String]) -> Option<Draft> {
    let known = at.before(table);
    let clustered =
        known.table()?.indexes.iter().find(|it| it.clustered && indexes.contains(&it.name))?;
    Some(draft(
        format!("Dropping the clustered index `{}` writes all of `{table}` anew", clustered.name),
        "The rows become a heap, and every other index is built again, under a schema modification lock (Sch-M): reads and \
         writes wait.",
        "Where another clustered index follows, create it with `DROP_EXISTING = ON` instead, which sorts the rows once. \
         `ONLINE = ON` keeps the table open where the edition has it.",
    ))
}

/// A constraint that SQL Server checks against all rows while it is added.
pub(super) fn checked_at_once(at: &At<'_>, table: &str, constraint: &Constraint) -> Option<Draft> {
    if constraint.not_valid {
        return None;
    }
    let foreign = constraint.kind == ConstraintKind::ForeignKey;
    let empty = foreign && at.migration.adds_empty(table, &constraint.columns);
    let what = if foreign { "A foreign key" } else { "A constraint" };
    let others = if foreign { " The referenced table cannot be changed meanwhile." } else { "" };
    Some(Draft {
        severity: empty.then_some(Minor),
        ..draft(
            format!("{what} is checked against all rows of `{table}` under an exclusive lock"),
            format!(
                "`ALTER TABLE` holds a schema modification lock (Sch-M) until the last row is looked at: reads and writes \
                 of `{table}` wait, and one bad row fails the migration.{others}"
            ),
            "Add it `WITH NOCHECK`, which holds for new rows and takes the lock for a moment. Then check the old rows in a quiet \
             hour with `ALTER TABLE … WITH CHECK CHECK CONSTRAINT …`: until that is done, the optimizer does not trust it.",
        )
    })
}

pub(super) const CONSTRAINT_UNTRUSTED: Rule = rule(
    About {
        code: "migration/constraint-untrusted",
        title: "SQL Server is told to keep a constraint without checking old rows",
        severity: Minor,
        confidence: High,
        equivalents: &[],
        page: include_str!("../../../fixtures/rules/migration/constraint-untrusted.md"),
    },
    Data,
    |context, findings| {
        let all = own(context);
        for migration in &all {
            for (at, table, action) in migration.actions() {
                let said = match &action.kind {
                    ActionKind::AddConstraint(it)
                        if it.not_valid && !checked_later(&all, table, &it.name) =>
                    {
                        Draft { severity: Some(Info), ..untrusted(&it.name, "added") }
                    }
                    ActionKind::SwitchConstraint { name, on: true, checked: false }
                        if !checked_later(&all, table, name) && !is_trusted(&at, table, name) =>
                    {
                        untrusted(name, "switched on again")
                    }
                    ActionKind::SwitchConstraint { name, on: false, .. }
                        if !switched_on(&all, table, name) =>
                    {
                        switched_off(table, name)
                    }
                    _ => continue,
                };
                if !at.on_new_table() {
                    at.report(findings, said);
                }
            }
        }
    },
);

fn named(name: &str) -> String {
    if name.is_empty() { "All constraints".to_owned() } else { format!("Constraint `{name}`") }
}

fn untrusted(name: &str, how: &str) -> Draft {
    draft(
        format!("{} stays untrusted: old rows are not looked at", named(name)),
        format!(
            "It is {how} without a check of the rows that are there, so that they may break it. SQL Server marks it as not \
             trusted (`is_not_trusted`), and the optimizer makes no use of it."
        ),
        "Follow with `ALTER TABLE … WITH CHECK CHECK CONSTRAINT …` (the first `CHECK` is what looks at the rows), in a \
         quiet hour: it locks the table for the length of the check.",
    )
}

fn switched_off(table: &str, name: &str) -> Draft {
    draft(
        format!("{} of `{table}` stops being kept", named(name)),
        "From here on rows that break it can be written. Nothing in this change switches it on again.",
        "Switch it on again in the same change with `WITH CHECK CHECK CONSTRAINT`, or drop it if it is not wanted any more.",
    )
}

/// Whether the constraint is known to be kept and checked, so that switching it on changes nothing:
/// scripts that a tool writes do that after each constraint.
fn is_trusted(at: &At<'_>, table: &str, name: &str) -> bool {
    let known = at.before(table);
    let mut own = known
        .table()
        .into_iter()
        .flat_map(|table| &table.constraints)
        .filter(|it| matches!(it.kind, ConstraintKind::Check | ConstraintKind::ForeignKey))
        .filter(|it| name.is_empty() || it.name == name)
        .peekable();
    own.peek().is_some() && own.all(|it| !it.not_valid)
}

fn switches(
    all: &[Migration<'_>],
    on: &str,
    name: &str,
    wanted: impl Fn(bool, bool) -> bool,
) -> bool {
    all.iter().flat_map(|migration| &migration.script.statements).any(|statement| {
        let Kind::AlterTable { table, actions } = &statement.kind else { return false };
        table == on
            && actions.iter().any(|action| match &action.kind {
                ActionKind::SwitchConstraint { name: other, on, checked } => {
                    (other.is_empty() || other == name) && wanted(*on, *checked)
                }
                _ => false,
            })
    })
}

fn checked_later(all: &[Migration<'_>], table: &str, name: &str) -> bool {
    switches(all, table, name, |on, checked| on && checked)
}

fn switched_on(all: &[Migration<'_>], table: &str, name: &str) -> bool {
    switches(all, table, name, |on, _| on)
}

pub(super) const GOES_ON_AFTER_ERROR: Rule = rule(
    About {
        code: "migration/goes-on-after-error",
        title: "A transaction of SQL Server goes on after an error and is committed",
        severity: Minor,
        confidence: Medium,
        equivalents: &[],
        page: include_str!("../../../fixtures/rules/migration/goes-on-after-error.md"),
    },
    Reliability,
    |context, findings| {
        for migration in own(context) {
            // Tools with a transaction of their own stop at the first error.
            let alone = matches!(migration.framework(), Framework::Plain | Framework::Pairs)
                && migration.script.wrapped != Some(true);
            if !alone || notices_errors(&migration.script.text) {
                continue;
            }
            let statements = &migration.script.statements;
            let begun = migration.statements().find(|at| {
                let later = statements.iter().skip(at.index + 1);
                let inside = later.clone().take_while(|s| !matches!(s.kind, Kind::End));
                matches!(at.statement.kind, Kind::Begin)
                    && later.clone().any(|s| matches!(s.kind, Kind::End))
                    && inside.filter(|s| !matches!(s.kind, Kind::Set | Kind::Other)).count() > 1
            });
            if let Some(at) = begun {
                at.report(
                    findings,
                    draft(
                        "An error in this transaction does not undo it".to_owned(),
                        "Most errors end the statement, not the transaction: without `XACT_ABORT` or `TRY … CATCH` the next \
                         statements run, and `COMMIT` keeps the half that worked.",
                        "Put `SET XACT_ABORT ON;` before `BEGIN TRANSACTION`, or roll back in a `CATCH` block.",
                    ),
                );
            }
        }
    },
);

/// Whether the script does something about errors.
fn notices_errors(text: &str) -> bool {
    let lower = sql::without_comments(text).to_lowercase();
    ["xact_abort", "begin try", "@@error", "xact_state", "noexec", ":on error"]
        .iter()
        .any(|mark| lower.contains(mark))
}

//! Constraints that go away, and with them what they promised.

use super::actions::{ActionKind, ConstraintKind};
use super::dialect::Dialect;
use super::facts::Kind;
use super::say::{About, Holds, draft, on_actions, on_hits, rule};
use super::script::{At, Hit};
use crate::domain::finding::Category::Data;
use crate::domain::finding::Confidence::{High, Medium};
use crate::domain::finding::Severity::Minor;
use crate::rules::{Draft, Rule};

pub(super) const CONSTRAINT_DROPPED: Rule = rule(
    About {
        code: "migration/constraint-dropped",
        title: "A constraint is dropped and nothing replaces it",
        severity: Minor,
        confidence: Medium,
        equivalents: &["squawk:ban-drop-constraint"],
        page: include_str!("../../../fixtures/rules/migration/constraint-dropped.md"),
    },
    Data,
    |context, findings| {
        on_hits(context, findings, Holds::OnPostgres, Hit::BanDropConstraint, |at| {
            let name = match at.action.map(|action| &action.kind) {
                Some(ActionKind::DropConstraint { name, .. }) => name.clone(),
                _ => at.snippet(),
            };
            let said = !at.on_new_table() && !replaced(at) && !is_foreign_key(at, &name);
            said.then(|| constraint_gone(at, &name))
        });
        // Elsewhere.
        on_actions(context, findings, Holds::Everywhere, |at, _, action| {
            let ActionKind::DropConstraint { name, .. } = &action.kind else { return None };
            let dialect = at.migration.dialect;
            let said = dialect != Dialect::Postgres
                && !replaced(at)
                && !is_foreign_key(at, name)
                // Defaults are constraints there.
                && (dialect != Dialect::SqlServer || is_kept(at, name));
            said.then(|| constraint_gone(at, name))
        });
    },
);

fn constraint_gone(at: &At<'_>, name: &str) -> Draft {
    draft(
        format!("Constraint `{name}` no longer protects the data"),
        "From then on rows that break the rule can be written, and code that counts on it (`ON CONFLICT`, error handling, \
         joins) changes its meaning. Putting the constraint back later needs clean data first.",
        if at.migration.dialect == Dialect::Postgres {
            "Confirm that no code relies on it. To change a constraint, add the new one as `NOT VALID`, validate it, and only \
             then drop the old one."
        } else {
            "Confirm that no code relies on it. To change a constraint, add the new one first and drop the old one after it."
        },
    )
}

pub(super) const FOREIGN_KEY_DROPPED: Rule = rule(
    About {
        code: "migration/foreign-key-dropped",
        title: "A foreign key is dropped and nothing replaces it",
        severity: Minor,
        confidence: High,
        equivalents: &["atlas:CD101", "squawk:ban-drop-constraint"],
        page: include_str!("../../../fixtures/rules/migration/foreign-key-dropped.md"),
    },
    Data,
    |context, findings| {
        on_actions(context, findings, Holds::Everywhere, |at, table, action| {
            let ActionKind::DropConstraint { name, .. } = &action.kind else { return None };
            if !is_foreign_key(at, name) || replaced(at) {
                return None;
            }
            let known = at.before(table);
            let target = known
                .table()
                .and_then(|it| it.constraints.iter().find(|it| it.name == *name))
                .and_then(|it| it.references.as_ref())
                .map_or_else(|| "another table".to_owned(), |it| format!("`{}`", it.table));
            Some(Draft {
                symbol: Some(format!("{table}.{name}")),
                ..draft(
                    format!("Rows of `{table}` may refer to nothing once `{name}` is gone"),
                    format!(
                        "The foreign key kept every reference to {target} sound and, where it says so, deleted rows along \
                         with what they belong to. From here on orphans come about unnoticed, and they have to be cleaned \
                         up before the key can come back."
                    ),
                    "Confirm that the code keeps the references by itself, or that the column goes as well. To change a key, \
                     add the new one first.",
                )
            })
        });
    },
);

/// Whether the constraint is known to be a foreign key: by the words, or by the migrations before.
fn is_foreign_key(at: &At<'_>, name: &str) -> bool {
    let words = at.snippet().to_ascii_lowercase();
    words.starts_with("drop foreign key") || kind_of(at, name) == Some(ConstraintKind::ForeignKey)
}

fn kind_of(at: &At<'_>, name: &str) -> Option<ConstraintKind> {
    let known = at.before(at.table());
    known.table()?.constraints.iter().find(|it| it.name == name).map(|it| it.kind)
}

/// Whether the constraint is one that keeps rows out, by the migrations before or by its name.
fn is_kept(at: &At<'_>, name: &str) -> bool {
    let named = ["pk_", "uq_", "uc_", "ak_", "ck_", "chk_"].iter().any(|it| name.starts_with(it));
    named || kind_of(at, name).is_some_and(|kind| kind != ConstraintKind::Other)
}

/// Whether the same script gives the table another constraint, or makes the column `NOT NULL`
/// (the `CHECK` that helped with that is dropped afterwards).
fn replaced(at: &At<'_>) -> bool {
    at.migration.script.statements.iter().any(|s| match &s.kind {
        Kind::AlterTable { table, actions } => {
            table == at.table()
                && actions.iter().any(|a| {
                    matches!(a.kind, ActionKind::AddConstraint(_) | ActionKind::SetNotNull { .. })
                })
        }
        Kind::CreateIndex(index) => index.table == at.table() && index.unique,
        _ => false,
    })
}

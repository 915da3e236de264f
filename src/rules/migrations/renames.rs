//! Names that running code still uses.

use super::actions::ActionKind;
use super::facts::Kind;
use super::rebuild::rebuilds;
use super::say::{About, Holds, draft, migrations, on_actions, on_hits, rule};
use super::script::{At, Hit};
use crate::domain::finding::Category::{Performance, Reliability};
use crate::domain::finding::Confidence::{High, Medium};
use crate::domain::finding::Severity::{Major, Minor};
use crate::rules::{Draft, Rule};

pub(super) const COLUMN_RENAMED: Rule = rule(
    About {
        code: "migration/column-renamed",
        title: "A column is renamed",
        severity: Major,
        confidence: High,
        equivalents: &[
            "squawk:renaming-column",
            "atlas:BC102",
            "django-migration-linter:RENAME_COLUMN",
            "strong_migrations:rename_column",
        ],
        page: include_str!("../../../fixtures/rules/migration/column-renamed.md"),
    },
    Reliability,
    |context, findings| {
        on_actions(context, findings, Holds::Everywhere, |at, table, action| {
            let (from, to) = match &action.kind {
                ActionKind::RenameColumn { from, to } => (from, to),
                ActionKind::RedefineColumn { from, column } if *from != column.name => {
                    (from, &column.name)
                }
                _ => return None,
            };
            (!keeps_the_old_column(at, table, from)).then(|| column_renamed(table, from, to))
        });
        for migration in migrations(context, Holds::Everywhere) {
            for rebuild in rebuilds(&migration) {
                let at = migration.statements().find(|at| at.index == rebuild.create);
                if let Some((at, (old, to))) = at.zip(rebuild.renamed().next()) {
                    at.report(findings, column_renamed(rebuild.table, &old.name, to));
                }
            }
        }
        // Columns of views and foreign tables, attributes of types.
        on_hits(context, findings, Holds::OnPostgres, Hit::RenamingColumn, |at| {
            at.action.is_none().then(|| {
                draft(
                    format!("A column gets another name: `{}`", at.snippet()),
                    "Whoever reads it by the old name fails from the commit on.",
                    "Add the new name beside the old one, move the readers, and drop the old one later.",
                )
            })
        });
    },
);

fn column_renamed(table: &str, from: &str, to: &str) -> Draft {
    Draft {
        symbol: Some(format!("{table}.{from}")),
        ..draft(
            format!("Column `{from}` of `{table}` becomes `{to}` under running code"),
            "The old name stops working the moment the migration commits, and the new one does not work before. Whichever is \
             released first, code and schema disagree until both are out.",
            format!(
                "Add `{to}` beside `{from}`, write both, backfill, move the readers, then drop `{from}`. If only the name in \
                 code matters, map it there and leave the column alone."
            ),
        )
    }
}

pub(super) const TABLE_RENAMED: Rule = rule(
    About {
        code: "migration/table-renamed",
        title: "A table is renamed",
        severity: Major,
        confidence: High,
        equivalents: &[
            "squawk:renaming-table",
            "atlas:BC101",
            "django-migration-linter:RENAME_TABLE",
            "strong_migrations:rename_table",
        ],
        page: include_str!("../../../fixtures/rules/migration/table-renamed.md"),
    },
    Reliability,
    |context, findings| {
        on_actions(context, findings, Holds::Everywhere, |at, table, action| {
            let ActionKind::RenameTable { to } = &action.kind else { return None };
            if keeps_the_old_name(at, table) || replaces_a_dropped_table(at, to) {
                return None;
            }
            Some(draft(
                format!("Table `{table}` becomes `{to}` under running code"),
                "Every query of the previous release names the old table and fails from the commit on; the new release \
                 fails until then. A rollback of the release needs a rollback of the schema at the same moment.",
                format!(
                    "Rename it and create a view called `{table}` over it in the same transaction, move the readers and \
                     writers, and drop the view later."
                ),
            ))
        });
    },
);

/// Whether the script adds a column of the old name, computed from the new one.
fn keeps_the_old_column(at: &At<'_>, on: &str, old: &str) -> bool {
    at.migration.script.statements.iter().skip(at.index).any(|s| match &s.kind {
        Kind::AlterTable { table, actions } if table == on => actions.iter().any(|action| {
            matches!(&action.kind, ActionKind::AddColumn(column)
                if column.name == old && column.generated.is_some())
        }),
        _ => false,
    })
}

/// Whether the script gives the old name to a view or a new table.
fn keeps_the_old_name(at: &At<'_>, old: &str) -> bool {
    at.migration.script.statements.iter().any(|s| match &s.kind {
        Kind::Create { what: "view", name, .. } => name == old,
        Kind::CreateTable(made) => made.name == old,
        _ => false,
    })
}

fn replaces_a_dropped_table(at: &At<'_>, new: &str) -> bool {
    at.migration.script.statements.iter().any(|s| {
        matches!(&s.kind, Kind::DropTable { tables, .. } if tables.iter().any(|table| table == new))
    })
}

pub(super) const OBJECT_RENAMED: Rule = rule(
    About {
        code: "migration/object-renamed",
        title: "A type, view, function, constraint or other object is renamed",
        severity: Minor,
        confidence: Medium,
        equivalents: &["squawk:renaming-object", "strong_migrations:rename_enum_value"],
        page: include_str!("../../../fixtures/rules/migration/object-renamed.md"),
    },
    Reliability,
    |context, findings| {
        on_hits(context, findings, Holds::OnPostgres, Hit::RenamingObject, |at| {
            if at.on_new_table() || renames_index(at) {
                return None;
            }
            Some(draft(
                format!("An object gets another name: `{}`", at.snippet()),
                "Whoever uses the old name, in queries, casts, grants or `ON CONFLICT ON CONSTRAINT`, fails from the \
                 commit on.",
                "Search code and database for the old name, and keep it working (a view, a wrapper function) until the \
                 users have moved.",
            ))
        });
    },
);

/// Whether an operation of a framework renames an index, which no query names. Frameworks do that
/// by themselves when the name of a table or column changes.
fn renames_index(at: &At<'_>) -> bool {
    let written: String = at.snippet().chars().filter(|c| c.is_alphabetic()).collect();
    at.migration.framework().is_code() && written.to_ascii_lowercase().contains("renameindex")
}

pub(super) const SCHEMA_CHANGED: Rule = rule(
    About {
        code: "migration/moved-to-schema",
        title: "A table or other object is moved to another schema",
        severity: Major,
        confidence: High,
        equivalents: &["squawk:ban-set-schema"],
        page: include_str!("../../../fixtures/rules/migration/moved-to-schema.md"),
    },
    Reliability,
    |context, findings| {
        on_hits(context, findings, Holds::OnPostgres, Hit::BanSetSchema, |at| {
            if at.on_new_table() {
                return None;
            }
            Some(draft(
                format!("An object is moved to another schema: `{}`", at.snippet()),
                "Queries that name the old schema, and sessions whose `search_path` lacks the new one, fail from the \
                 commit on.",
                "Leave a view under the old name, or put the new schema on the `search_path` of every role first.",
            ))
        });
    },
);

pub(super) const IDENTITY_CHANGED: Rule = rule(
    About {
        code: "migration/identity-changed",
        title: "An identity column or the replica identity of a table is changed",
        severity: Minor,
        confidence: Medium,
        equivalents: &["squawk:ban-alter-identity", "squawk:ban-replica-identity"],
        page: include_str!("../../../fixtures/rules/migration/identity-changed.md"),
    },
    Reliability,
    |context, findings| {
        let say = |at: &At<'_>| {
            if at.on_new_table() {
                return None;
            }
            Some(draft(
                format!("How rows are identified changes: `{}`", at.snippet()),
                "Identity columns decide which inserts are accepted, and the replica identity and publication decide what \
                 logical replication and change data capture can send on. Consumers may stop or lose changes.",
                "Check the writers of the table and every replication slot and connector on it before this runs.",
            ))
        };
        on_hits(context, findings, Holds::OnPostgres, Hit::BanAlterIdentity, say);
        on_hits(context, findings, Holds::OnPostgres, Hit::BanReplicaIdentity, say);
    },
);

pub(super) const GENERATED_DROPPED: Rule = rule(
    About {
        code: "migration/generated-expression-dropped",
        title: "A generated column stops being computed",
        severity: Major,
        confidence: High,
        equivalents: &["squawk:ban-drop-generated-expression"],
        page: include_str!("../../../fixtures/rules/migration/generated-expression-dropped.md"),
    },
    Reliability,
    |context, findings| {
        on_hits(context, findings, Holds::OnPostgres, Hit::BanDropGeneratedExpression, |at| {
            (!at.on_new_table()).then(|| {
                draft(
                    format!("A generated column of `{}` stops being kept up to date", at.table()),
                    "After `DROP EXPRESSION` the column keeps its last values and nothing recomputes them; new rows have \
                     `NULL` there unless the writer sets it.",
                    "Release code that writes the column first, or keep it current with a trigger.",
                )
            })
        });
    },
);

pub(super) const GENERATED_CHANGED: Rule = rule(
    About {
        code: "migration/generated-expression-changed",
        title: "A generated column gets another expression",
        severity: Major,
        confidence: High,
        equivalents: &["squawk:ban-alter-generated-expression"],
        page: include_str!("../../../fixtures/rules/migration/generated-expression-changed.md"),
    },
    Performance,
    |context, findings| {
        on_hits(context, findings, Holds::OnPostgres, Hit::BanAlterGeneratedExpression, |at| {
            (!at.on_new_table()).then(|| {
                draft(
                    format!("`{}` is rewritten for a new column expression", at.table()),
                    "`SET EXPRESSION` recomputes every row under an ACCESS EXCLUSIVE lock, which blocks reads and writes \
                     for as long as the rewrite takes.",
                    "Add a new column with the new expression beside the old one, fill it in batches, and switch the \
                     readers.",
                )
            })
        });
    },
);

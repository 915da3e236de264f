//! Traps around partitions, enums, cascades, row security and single choices of type.

use super::actions::{ActionKind, RowSecurity};
use super::facts::Kind;
use super::names;
use super::say::{About, Holds, draft, migrations, on_actions, on_hits, on_statements, rule};
use super::script::{At, Hit, Migration};
use super::state::Known;
use crate::domain::finding::Category::{Data, Performance, Reliability, Security};
use crate::domain::finding::Confidence::{High, Medium};
use crate::domain::finding::Severity::{Info, Major, Minor};
use crate::rules::{Draft, Rule, RuleContext};

pub(super) const CASCADE: Rule = rule(
    About {
        code: "migration/dropped-with-cascade",
        title: "A drop takes along whatever depends on the object",
        severity: Major,
        confidence: High,
        equivalents: &[],
        page: include_str!("../../../fixtures/rules/migration/dropped-with-cascade.md"),
    },
    Data,
    |context, findings| {
        on_statements(context, findings, Holds::OnPostgres, |at| {
            let (what, name) = match &at.statement.kind {
                Kind::DropTable { tables, cascade: true, .. } => {
                    let old = |table: &&String| {
                        !at.migration.is_new_table(table, at.statement.bytes.start)
                    };
                    ("table", tables.iter().find(old)?)
                }
                Kind::Drop { what, names, cascade: true, .. }
                    if !["schema", "database", "extension", "trigger", "policy"].contains(what) =>
                {
                    (*what, names.first()?)
                }
                _ => return None,
            };
            let dependents = dependents(at.migration, name);
            let known = if dependents.is_empty() {
                String::new()
            } else {
                format!(
                    " The migrations show foreign keys of `{}` among them.",
                    dependents.join("`, `")
                )
            };
            Some(Draft {
                symbol: Some(name.clone()),
                ..draft(
                    format!("`CASCADE` drops everything that depends on the {what} `{name}`"),
                    format!(
                        "Views, functions, defaults and foreign keys that use `{name}` disappear without being named, also \
                         those that other services made.{known}"
                    ),
                    "Leave `CASCADE` out, so that the statement stops at the first dependent object, and drop those by name.",
                )
            })
        });
        on_actions(context, findings, Holds::OnPostgres, |_, table, action| {
            let name = match &action.kind {
                ActionKind::DropColumn { column, cascade: true } => column,
                ActionKind::DropConstraint { name, cascade: true } => name,
                _ => return None,
            };
            Some(Draft {
                symbol: Some(format!("{table}.{name}")),
                ..draft(
                    format!("`CASCADE` drops everything that depends on `{table}.{name}`"),
                    "Views and foreign keys that use it disappear without being named, also those that other services made.",
                    "Leave `CASCADE` out, so that the statement stops at the first dependent object, and drop those by name.",
                )
            })
        });
    },
);

/// Tables whose foreign keys refer to one.
fn dependents(migration: &Migration<'_>, name: &str) -> Vec<String> {
    let base = migration.timeline().map(|it| &it.base);
    base.iter()
        .flat_map(|schema| schema.tables())
        .filter(|table| {
            table.constraints.iter().any(|it| {
                it.references.as_ref().is_some_and(|target| names::same(&target.table, name))
            })
        })
        .map(|table| table.name.clone())
        .take(5)
        .collect()
}

pub(super) const PARTITION_ATTACHED: Rule = rule(
    About {
        code: "migration/partition-attached-without-check",
        title: "A partition is attached without a constraint that proves its rows",
        severity: Minor,
        confidence: Medium,
        equivalents: &[],
        page: include_str!("../../../fixtures/rules/migration/partition-attached-without-check.md"),
    },
    Performance,
    |context, findings| {
        on_actions(context, findings, Holds::OnPostgres, |at, table, action| {
            let ActionKind::AttachPartition { partition, default: false } = &action.kind else {
                return None;
            };
            let known = at.before(partition);
            let proven = match &known {
                Known::Table(known) => known.constraints.iter().any(|it| it.expression.is_some()),
                Known::Absent | Known::Unknown => false,
            };
            if proven || at.migration.is_new_table(partition, at.statement.bytes.start) {
                return None;
            }
            Some(Draft {
                symbol: Some(partition.clone()),
                ..draft(
                    format!("All rows of `{partition}` are read while it is attached to `{table}`"),
                    format!(
                        "`{table}` gets a SHARE UPDATE EXCLUSIVE lock only. But without a validated `CHECK` that says the same as \
                         the bounds, PostgreSQL scans `{partition}`, which it locks exclusively, and the default partition of \
                         `{table}` as well."
                    ),
                    "Add a `CHECK` with the bounds as `NOT VALID`, validate it, attach the partition, and drop the `CHECK`.",
                )
            })
        });
    },
);

pub(super) const ENUM_VALUE_RENAMED: Rule = rule(
    About {
        code: "migration/enum-value-renamed",
        title: "A value of an enum type is renamed",
        severity: Major,
        confidence: High,
        equivalents: &[],
        page: include_str!("../../../fixtures/rules/migration/enum-value-renamed.md"),
    },
    Reliability,
    |context, findings| {
        on_statements(context, findings, Holds::OnPostgres, |at| {
            let Kind::RenameEnumValue { type_name, from, to } = &at.statement.kind else {
                return None;
            };
            Some(Draft {
                symbol: Some(format!("{type_name}.{from}")),
                ..draft(
                    format!("`{from}` of `{type_name}` becomes `{to}` under running code"),
                    "From the commit on, every row shows the new value and the old one is refused as input: the previous \
                     release fails to read and to write it.",
                    format!(
                        "Add `{to}` as a further value, let code accept both, move the rows in batches, and leave `{from}` \
                         unused. If only the label matters, map it in code."
                    ),
                )
            })
        });
    },
);

pub(super) const ROW_SECURITY_MISSING: Rule = rule(
    About {
        code: "migration/row-security-missing",
        title: "A new table without row level security, unlike its neighbours",
        severity: Major,
        confidence: Medium,
        equivalents: &[],
        page: include_str!("../../../fixtures/rules/migration/row-security-missing.md"),
    },
    Security,
    |context, findings| {
        for migration in migrations(context, Holds::OnPostgres) {
            let Some(timeline) = migration.timeline() else { continue };
            let whole =
                || timeline.base.tables().filter(|it| it.whole && it.partition_of.is_none());
            let (secured, all) = (whole().filter(|it| it.row_security).count(), whole().count());
            // A habit: at least two tables, and four out of five.
            if secured < 2 || secured * 5 < all * 4 {
                continue;
            }
            for at in migration.statements() {
                let Kind::CreateTable(made) = &at.statement.kind else { continue };
                let end = timeline.end.table(&made.name);
                let secured_later = end.table().is_none_or(|it| it.row_security);
                let dynamic = migration.script.text.to_lowercase().contains("row level security")
                    && !has_plain_switch(&migration);
                if made.is_special() || secured_later || dynamic || !at.is_first_of(&made.name) {
                    continue;
                }
                at.report(
                    findings,
                    draft(
                        format!("`{}` is made without row level security", made.name),
                        format!(
                            "{secured} of the {all} tables here have it. Without it, every role with a grant on the table, \
                             behind a data API that means every visitor, reads and writes all rows."
                        ),
                        format!(
                            "Add `ALTER TABLE {} ENABLE ROW LEVEL SECURITY;` and the policies that the table needs.",
                            made.name
                        ),
                    ),
                );
            }
        }
    },
);

/// Whether row level security is switched by a statement that was read as such.
fn has_plain_switch(migration: &Migration<'_>) -> bool {
    migration.script.statements.iter().any(|s| match &s.kind {
        Kind::AlterTable { actions, .. } => {
            actions.iter().any(|a| matches!(a.kind, ActionKind::RowSecurity(RowSecurity::Enable)))
        }
        _ => false,
    })
}

impl At<'_> {
    /// Whether this statement makes the table, rather than finding it there.
    fn is_first_of(&self, table: &str) -> bool {
        self.before(table).table().is_none()
    }
}

pub(super) const JSON_COLUMN: Rule = rule(
    About {
        code: "migration/json-column",
        title: "A column of type json instead of jsonb",
        severity: Info,
        confidence: Medium,
        equivalents: &["eugene:E3", "strong_migrations:add_column_json"],
        page: include_str!("../../../fixtures/rules/migration/json-column.md"),
    },
    Data,
    |context, findings| {
        on_statements(context, findings, Holds::OnPostgres, |at| {
            let columns = match &at.statement.kind {
                Kind::CreateTable(made) => made.columns.iter().collect::<Vec<_>>(),
                Kind::AlterTable { actions, .. } => actions
                    .iter()
                    .filter_map(|action| match &action.kind {
                        ActionKind::AddColumn(column) => Some(column),
                        _ => None,
                    })
                    .collect(),
                _ => return None,
            };
            let column = columns.into_iter().find(|column| column.type_text == "json")?;
            Some(Draft {
                symbol: Some(format!("{}.{}", at.table(), column.name)),
                ..draft(
                    format!("`{}` cannot be compared, and not be indexed by content", column.name),
                    "`json` keeps the text as it was written and has no equality: `SELECT DISTINCT`, `GROUP BY` and `UNION` \
                     over the column fail, and every access parses the text again.",
                    "Use `jsonb`.",
                )
            })
        });
    },
);

pub(super) const ENUM_CREATED: Rule = rule(
    About {
        code: "migration/enum-created",
        title: "An enum type is created",
        severity: Info,
        confidence: Medium,
        equivalents: &["eugene:W13"],
        page: include_str!("../../../fixtures/rules/migration/enum-created.md"),
    },
    Data,
    |context, findings| {
        if !asked(context, "migration/enum-created") {
            return;
        }
        on_statements(context, findings, Holds::OnPostgres, |at| {
            let Kind::CreateEnum { name, .. } = &at.statement.kind else { return None };
            Some(Draft {
                symbol: Some(name.clone()),
                ..draft(
                    format!("The values of `{name}` can be added to, but not taken away"),
                    "A value of an enum type cannot be removed or reordered, and whoever maps the type must know all values.",
                    "Use a table of values with a foreign key, or `text` with a `CHECK` constraint.",
                )
            })
        });
    },
);

pub(super) const ALTERS_APART: Rule = rule(
    About {
        code: "migration/alters-apart",
        title: "Several ALTER TABLE statements where one would do",
        severity: Info,
        confidence: Medium,
        equivalents: &["eugene:W12"],
        page: include_str!("../../../fixtures/rules/migration/alters-apart.md"),
    },
    Performance,
    |context, findings| {
        if !asked(context, "migration/alters-apart") {
            return;
        }
        on_statements(context, findings, Holds::OnPostgres, |at| {
            let Kind::AlterTable { table, .. } = &at.statement.kind else { return None };
            let before = at.migration.script.statements.get(at.index.checked_sub(1)?)?;
            let same =
                matches!(&before.kind, Kind::AlterTable { table: other, .. } if other == table);
            (same && !at.on_new_table()).then(|| {
                draft(
                    format!("`{table}` is altered by the statement before this one as well"),
                    "Each statement waits for its lock anew, and passes over the rows of their own where a scan is needed.",
                    "Put the actions into one `ALTER TABLE`, parted by commas.",
                )
            })
        });
    },
);

fn asked(context: &RuleContext<'_>, code: &str) -> bool {
    context.policy.rules.contains_key(code)
}

pub(super) const POLICY_DROPPED: Rule = rule(
    About {
        code: "migration/policy-dropped",
        title: "A row security policy or rewrite rule is dropped",
        severity: Major,
        confidence: Medium,
        equivalents: &["squawk:ban-drop-policy"],
        page: include_str!("../../../fixtures/rules/migration/policy-dropped.md"),
    },
    Security,
    |context, findings| {
        on_hits(context, findings, Holds::OnPostgres, Hit::BanDropPolicy, |at| {
            if made_again(at) {
                return None;
            }
            Some(draft(
                format!("What this let through or kept out changes: `{}`", at.snippet()),
                "Without its policies a table with row level security shows nobody but the owner a row; without a \
                 restrictive one it shows more than before. A dropped rewrite rule changes what a write does.",
                "Create the policy that replaces it in the same transaction, and test with every role that uses the table.",
            ))
        });
    },
);

/// Whether the script creates a policy for the same table, or drops the table as well.
fn made_again(at: &At<'_>) -> bool {
    let written = at.migration.script.text.get(at.statement.bytes.clone()).unwrap_or_default();
    let on = written.split_whitespace().skip_while(|word| !word.eq_ignore_ascii_case("on")).nth(1);
    let Some(table) = on.map(names::table_name) else { return false };
    at.migration.script.statements.iter().any(|s| match &s.kind {
        Kind::CreatePolicy { table: on } => names::same(on, &table),
        Kind::DropTable { tables, .. } => tables.iter().any(|dropped| names::same(dropped, &table)),
        _ => false,
    })
}

//! Choices that are cheap now and expensive once the table is full.

use super::actions::{ActionKind, ConstraintKind};
use super::dialect::Dialect;
use super::discover::{self, Framework};
use super::facts::Kind;
use super::say::{About, Holds, draft, migrations, on_hits, on_statements, rule};
use super::script::Hit;
use crate::domain::finding::Category::{Data, Reliability};
use crate::domain::finding::Confidence::{High, Medium};
use crate::domain::finding::Severity::{Info, Minor};
use crate::rules::{Draft, Rule};

pub(super) const NO_PRIMARY_KEY: Rule = rule(
    About {
        code: "migration/table-without-primary-key",
        title: "A table is created without a primary key",
        severity: Minor,
        confidence: High,
        equivalents: &[],
        page: include_str!("../../../fixtures/rules/migration/table-without-primary-key.md"),
    },
    Data,
    |context, findings| {
        let all = migrations(context, Holds::Everywhere);
        let given_later = |name: &str| {
            all.iter().flat_map(|m| &m.script.statements).any(|s| match &s.kind {
                Kind::AlterTable { table, actions } if table == name => {
                    actions.iter().any(|a| match &a.kind {
                        ActionKind::AddConstraint(c) => c.kind == ConstraintKind::PrimaryKey,
                        ActionKind::AddColumn(c) => c.primary_key,
                        _ => false,
                    })
                }
                Kind::CreateIndex(index) => index.table == name && index.unique && !index.partial,
                _ => false,
            })
        };
        // Some databases have no such keys.
        for migration in all.iter().filter(|it| it.dialect != Dialect::Other) {
            for at in migration.statements() {
                let Kind::CreateTable(made) = &at.statement.kind else { continue };
                let keyed = made.indexed().next().is_some() || given_later(&made.name);
                if made.is_special() || keyed || made.columns.is_empty() {
                    continue;
                }
                at.report(
                    findings,
                    draft(
                        format!("Table `{}` has no primary key", made.name),
                        "Rows cannot be named one by one: duplicates cannot be told apart, logical replication refuses \
                         updates and deletes, and batch jobs have nothing to walk along.",
                        "Give it a primary key, natural or generated (`bigint GENERATED ALWAYS AS IDENTITY`), while it is \
                         empty.",
                    ),
                );
            }
        }
    },
);

pub(super) const SMALL_PRIMARY_KEY: Rule = rule(
    About {
        code: "migration/int-primary-key",
        title: "A generated primary key with room for 2 billion values or fewer",
        severity: Info,
        confidence: Medium,
        equivalents: &[],
        page: include_str!("../../../fixtures/rules/migration/int-primary-key.md"),
    },
    Data,
    |context, findings| {
        on_statements(context, findings, Holds::OnPostgres, |at| {
            let Kind::CreateTable(made) = &at.statement.kind else { return None };
            let small = made.columns.iter().find(|column| {
                let generated = column.is_serial() || column.identity;
                let narrow = [
                    "serial",
                    "serial4",
                    "smallserial",
                    "serial2",
                    "int",
                    "integer",
                    "int4",
                    "smallint",
                ]
                .contains(&column.type_text.as_str());
                let alone = made.primary_key() == std::slice::from_ref(&column.name);
                generated && narrow && alone
            })?;
            Some(Draft {
                symbol: Some(format!("{}.{}", made.name, small.name)),
                ..draft(
                    format!(
                        "`{}.{}` runs out of numbers at 2,147,483,647 or before",
                        made.name, small.name
                    ),
                    format!(
                        "The key is generated as `{}`. Rolled back inserts and deleted rows use numbers up too, and a change \
                         to `bigint` later rewrites the table and every table that refers to it.",
                        small.type_text
                    ),
                    "Use `bigint GENERATED ALWAYS AS IDENTITY` while the table is empty: it costs four bytes a row.",
                )
            })
        });
    },
);

pub(super) const TIMESTAMP_WITHOUT_ZONE: Rule = rule(
    About {
        code: "migration/timestamp-without-time-zone",
        title: "A timestamp column that does not know its time zone",
        severity: Info,
        confidence: Medium,
        equivalents: &["squawk:prefer-timestamp-tz"],
        page: include_str!("../../../fixtures/rules/migration/timestamp-without-time-zone.md"),
    },
    Data,
    |context, findings| {
        on_hits(context, findings, Holds::OnPostgres, Hit::PreferTimestampTz, |at| {
            // Prisma writes the type itself, for every `DateTime`, and stores UTC in it.
            let generated = discover::identify_file(at.migration.file)
                .is_some_and(|identity| identity.framework == Framework::Prisma);
            (!generated).then(|| draft(
                "This column stores a wall clock reading, not a moment".to_owned(),
                "`timestamp` drops the offset of what is written. Sessions in different zones read the same value as \
                 different moments, and an hour is ambiguous when clocks go back.",
                "Use `timestamptz`, which is as large and stores the moment in UTC.",
            ))
        });
    },
);

pub(super) const CHAR_COLUMN: Rule = rule(
    About {
        code: "migration/char-column",
        title: "A column of type char(n)",
        severity: Info,
        confidence: Medium,
        equivalents: &["squawk:ban-char-field"],
        page: include_str!("../../../fixtures/rules/migration/char-column.md"),
    },
    Data,
    |context, findings| {
        on_hits(context, findings, Holds::OnPostgres, Hit::BanCharField, |at| {
            // In quotation marks it is another type: one byte, never padded.
            (!at.snippet().contains("\"char\"")).then(|| draft(
                format!("`{}` pads what is stored with blanks", at.snippet()),
                "Values come back filled up to the length, trailing blanks do not count in comparisons but do in patterns, \
                 and it is neither smaller nor faster than `text`.",
                "Use `text`, with a `CHECK` on the length where there is one.",
            ))
        });
    },
);

pub(super) const IDENTIFIER_TOO_LONG: Rule = rule(
    About {
        code: "migration/identifier-too-long",
        title: "A name longer than PostgreSQL keeps",
        severity: Minor,
        confidence: High,
        equivalents: &["squawk:identifier-too-long"],
        page: include_str!("../../../fixtures/rules/migration/identifier-too-long.md"),
    },
    Reliability,
    |context, findings| {
        on_hits(context, findings, Holds::OnPostgres, Hit::IdentifierTooLong, |_| {
            Some(draft(
                "This name is longer than 63 bytes and will be cut".to_owned(),
                "PostgreSQL keeps the first 63 bytes and only gives a notice. Two names that differ later become the same, \
                 and tools that look for the full name do not find it.",
                "Choose a shorter name.",
            ))
        });
    },
);

pub(super) const ENUM_VALUE_UNORDERED: Rule = rule(
    About {
        code: "migration/enum-value-unordered",
        title: "An enum value is added without saying where it sorts",
        severity: Info,
        confidence: Medium,
        equivalents: &["squawk:require-enum-value-ordering"],
        page: include_str!("../../../fixtures/rules/migration/enum-value-unordered.md"),
    },
    Data,
    |context, findings| {
        // Values are added at the end nearly always, and nearly always that is meant.
        if !context.policy.rules.contains_key("migration/enum-value-unordered") {
            return;
        }
        on_hits(context, findings, Holds::OnPostgres, Hit::RequireEnumValueOrdering, |at| {
            let Kind::AddEnumValue { type_name, value } = &at.statement.kind else { return None };
            Some(Draft {
                symbol: Some(type_name.clone()),
                ..draft(
                    format!("`{value}` sorts after every other value of `{type_name}`"),
                    "Enum values compare in the order in which they are declared, `ORDER BY` and `<` included, and the order \
                     cannot be changed afterwards.",
                    "Say `BEFORE` or `AFTER` another value, if only to show that the place was chosen.",
                )
            })
        });
    },
);

//! Tastes that teams share or do not: silent unless the policy names the rule.

use super::say::{About, asked_for, rule};
use super::script::Hit;
use crate::domain::finding::Category::{Data, Performance, Reliability};
use crate::domain::finding::Confidence::Medium;
use crate::domain::finding::Severity::{Info, Minor};
use crate::rules::Rule;

pub(super) const INT_COLUMN: Rule = rule(
    About {
        code: "migration/int-column",
        title: "A column of a four byte integer type",
        severity: Info,
        confidence: Medium,
        equivalents: &["squawk:prefer-bigint-over-int"],
        page: include_str!("../../../fixtures/rules/migration/int-column.md"),
    },
    Data,
    |context, findings| {
        asked_for(
            context,
            findings,
            ("migration/int-column", Hit::PreferBigintOverInt),
            |at| format!("A four byte integer: `{}`", at.snippet()),
            "Values end at 2,147,483,647. A change to `bigint` once the table is full rewrites it under an ACCESS \
             EXCLUSIVE lock.",
            "Use `bigint` while the table is empty.",
        );
    },
);

pub(super) const SMALLINT_COLUMN: Rule = rule(
    About {
        code: "migration/smallint-column",
        title: "A column of a two byte integer type",
        severity: Info,
        confidence: Medium,
        equivalents: &["squawk:prefer-bigint-over-smallint"],
        page: include_str!("../../../fixtures/rules/migration/smallint-column.md"),
    },
    Data,
    |context, findings| {
        asked_for(
            context,
            findings,
            ("migration/smallint-column", Hit::PreferBigintOverSmallint),
            |at| format!("A two byte integer: `{}`", at.snippet()),
            "Values end at 32,767. A change to a wider type once the table is full rewrites it under an ACCESS \
             EXCLUSIVE lock.",
            "Use `bigint`, or `integer` where the range is known.",
        );
    },
);

pub(super) const SERIAL_COLUMN: Rule = rule(
    About {
        code: "migration/serial-column",
        title: "A serial column instead of an identity column",
        severity: Info,
        confidence: Medium,
        equivalents: &["squawk:prefer-identity"],
        page: include_str!("../../../fixtures/rules/migration/serial-column.md"),
    },
    Data,
    |context, findings| {
        asked_for(
            context,
            findings,
            ("migration/serial-column", Hit::PreferIdentity),
            |at| {
                format!(
                    "`{}` makes a sequence with permissions and ownership of its own",
                    at.snippet()
                )
            },
            "Roles that may insert into the table also need rights on the sequence, inserts can set any value, and \
             copies of the table share the sequence.",
            "Use `bigint GENERATED ALWAYS AS IDENTITY`.",
        );
    },
);

pub(super) const LENGTH_LIMITED_TEXT: Rule = rule(
    About {
        code: "migration/length-limited-text",
        title: "A varchar with a length limit instead of text",
        severity: Info,
        confidence: Medium,
        equivalents: &["squawk:prefer-text-field"],
        page: include_str!("../../../fixtures/rules/migration/length-limited-text.md"),
    },
    Data,
    |context, findings| {
        asked_for(
            context,
            findings,
            ("migration/length-limited-text", Hit::PreferTextField),
            |at| format!("`{}` puts a rule about length into the type", at.snippet()),
            "The limit saves no space. Lowering it later checks every row under an ACCESS EXCLUSIVE lock, while a \
             `CHECK` can be replaced step by step.",
            "Use `text`, with a `CHECK` on the length where there is a limit.",
        );
    },
);

pub(super) const NOT_REPEATABLE: Rule = rule(
    About {
        code: "migration/statement-not-repeatable",
        title: "A statement that fails when the migration is run a second time",
        severity: Info,
        confidence: Medium,
        equivalents: &["squawk:prefer-robust-stmts"],
        page: include_str!("../../../fixtures/rules/migration/statement-not-repeatable.md"),
    },
    Reliability,
    |context, findings| {
        asked_for(
            context,
            findings,
            ("migration/statement-not-repeatable", Hit::PreferRobustStmts),
            |at| format!("A second run stops at this statement: `{}`", at.snippet()),
            "The script has several statements and no transaction around this one. If it fails halfway, what ran before \
             stays, and the next attempt stops at the first statement that is done already.",
            "Say `IF [NOT] EXISTS` where the statement allows it, drop before adding, or run the script in one \
             transaction.",
        );
    },
);

pub(super) const TABLE_WITHOUT_SCHEMA: Rule = rule(
    About {
        code: "migration/table-without-schema",
        title: "A table is named without its schema",
        severity: Info,
        confidence: Medium,
        equivalents: &["squawk:require-table-schema"],
        page: include_str!("../../../fixtures/rules/migration/table-without-schema.md"),
    },
    Reliability,
    |context, findings| {
        asked_for(
            context,
            findings,
            ("migration/table-without-schema", Hit::RequireTableSchema),
            |at| format!("`{}` goes where the search path says", at.snippet()),
            "Which schema the statement works on depends on the `search_path` of whoever runs the migration.",
            "Name the schema in front of the table.",
        );
    },
);

pub(super) const MISSING_STATEMENT_TIMEOUT: Rule = rule(
    About {
        code: "migration/missing-statement-timeout",
        title: "A schema change without a statement_timeout",
        severity: Info,
        confidence: Medium,
        equivalents: &["squawk:require-statement-timeout", "squawk:require-timeout-settings"],
        page: include_str!("../../../fixtures/rules/migration/missing-statement-timeout.md"),
    },
    Reliability,
    |context, findings| {
        asked_for(
            context,
            findings,
            ("migration/missing-statement-timeout", Hit::RequireStatementTimeout),
            |_| "Nothing bounds how long this statement runs".to_owned(),
            "Once it has its lock, the statement keeps it for as long as it runs. No `statement_timeout` is set before \
             it in this file.",
            "Start the script with `SET statement_timeout = '…';`, at a value that the application can bear.",
        );
    },
);

pub(super) const REPACK_AVAILABLE: Rule = rule(
    About {
        code: "migration/repack-available",
        title: "VACUUM FULL or CLUSTER where REPACK CONCURRENTLY is available",
        severity: Minor,
        confidence: Medium,
        equivalents: &["squawk:prefer-repack"],
        page: include_str!("../../../fixtures/rules/migration/repack-available.md"),
    },
    Performance,
    |context, findings| {
        asked_for(
            context,
            findings,
            ("migration/repack-available", Hit::PreferRepack),
            |at| {
                format!("`{}` locks out everybody; `REPACK (CONCURRENTLY)` does not", at.snippet())
            },
            "The table is written anew under an ACCESS EXCLUSIVE lock. PostgreSQL 19 has `REPACK (CONCURRENTLY)`, which \
             takes that lock for a moment at the end only.",
            "Use `REPACK (CONCURRENTLY)` outside of a transaction.",
        );
    },
);

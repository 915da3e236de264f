//! Changes that break users of the schema who count on its exact shape: silent unless the policy
//! names the rule.

use super::say::{About, asked_about, rule};
use super::script::Hit;
use crate::domain::finding::Category::{Data, Performance, Reliability};
use crate::domain::finding::Confidence::Medium;
use crate::domain::finding::Severity::Info;
use crate::rules::Rule;

pub(super) const COLUMN_ADDED: Rule = rule(
    About {
        code: "migration/column-added",
        title: "A column is added to an existing table",
        severity: Info,
        confidence: Medium,
        equivalents: &["squawk:ban-add-column"],
        page: include_str!("../../../fixtures/rules/migration/column-added.md"),
    },
    Reliability,
    |context, findings| {
        asked_about(
            context,
            findings,
            ("migration/column-added", Hit::BanAddColumn),
            |at| format!("Readers of the whole row get another column: `{}`", at.snippet()),
            "Queries with `SELECT *`, cached plans that return rows, and logical replication to a table without the \
             column see a row of another shape.",
            "Extend the subscribers first, and name columns in queries that must not change.",
        );
    },
);

pub(super) const ENUM_VALUE_ADDED: Rule = rule(
    About {
        code: "migration/enum-value-added",
        title: "An enum type gets another value",
        severity: Info,
        confidence: Medium,
        equivalents: &["squawk:ban-add-enum-value"],
        page: include_str!("../../../fixtures/rules/migration/enum-value-added.md"),
    },
    Reliability,
    |context, findings| {
        asked_about(
            context,
            findings,
            ("migration/enum-value-added", Hit::BanAddEnumValue),
            |at| format!("Code that knows all values meets one more: `{}`", at.snippet()),
            "Clients that map the type to a closed set fail on the first row that holds the new value, and a value \
             cannot be taken away again.",
            "Release readers that accept the new value first.",
        );
    },
);

pub(super) const ATTRIBUTE_ADDED: Rule = rule(
    About {
        code: "migration/attribute-added",
        title: "A composite type gets another attribute",
        severity: Info,
        confidence: Medium,
        equivalents: &["squawk:ban-add-composite-attribute"],
        page: include_str!("../../../fixtures/rules/migration/attribute-added.md"),
    },
    Reliability,
    |context, findings| {
        asked_about(
            context,
            findings,
            ("migration/attribute-added", Hit::BanAddCompositeAttribute),
            |at| format!("Values of this type get another part: `{}`", at.snippet()),
            "Clients that read or write the type field by field fail on a value of another length.",
            "Release readers that accept the longer value first.",
        );
    },
);

pub(super) const NEW_WRITE_RESTRICTION: Rule = rule(
    About {
        code: "migration/new-write-restriction",
        title: "A constraint that refuses rows which were accepted before",
        severity: Info,
        confidence: Medium,
        equivalents: &["squawk:ban-new-write-restriction"],
        page: include_str!("../../../fixtures/rules/migration/new-write-restriction.md"),
    },
    Reliability,
    |context, findings| {
        asked_about(
            context,
            findings,
            ("migration/new-write-restriction", Hit::BanNewWriteRestriction),
            |at| format!("Writes that succeeded so far can fail: `{}`", at.snippet()),
            "The restriction holds for new rows at once, `NOT VALID` or not. Writers of the previous release that break \
             it start to fail.",
            "Make sure that every released writer keeps to it before it is added.",
        );
    },
);

pub(super) const DEFAULT_CHANGED: Rule = rule(
    About {
        code: "migration/default-changed",
        title: "The default of an existing column is set",
        severity: Info,
        confidence: Medium,
        equivalents: &["squawk:ban-set-default"],
        page: include_str!("../../../fixtures/rules/migration/default-changed.md"),
    },
    Reliability,
    |context, findings| {
        asked_about(
            context,
            findings,
            ("migration/default-changed", Hit::BanSetDefault),
            |at| format!("Rows written without this column change: `{}`", at.snippet()),
            "Inserts that leave the column out get another value from the commit on, in every release that is running.",
            "Make sure that no released writer counts on the value so far.",
        );
    },
);

pub(super) const INDEX_DROPPED: Rule = rule(
    About {
        code: "migration/index-dropped",
        title: "An index is dropped",
        severity: Info,
        confidence: Medium,
        equivalents: &["squawk:ban-drop-index"],
        page: include_str!("../../../fixtures/rules/migration/index-dropped.md"),
    },
    Performance,
    |context, findings| {
        asked_about(
            context,
            findings,
            ("migration/index-dropped", Hit::BanDropIndex),
            |at| format!("Queries may count on this index: `{}`", at.snippet()),
            "Plans that used it change to whatever is left, in the worst case to reading the whole table, the moment \
             the migration commits.",
            "Look at `pg_stat_user_indexes.idx_scan` on every replica first.",
        );
    },
);

pub(super) const TRIGGER_DROPPED: Rule = rule(
    About {
        code: "migration/trigger-dropped",
        title: "A trigger is dropped",
        severity: Info,
        confidence: Medium,
        equivalents: &["squawk:ban-drop-trigger"],
        page: include_str!("../../../fixtures/rules/migration/trigger-dropped.md"),
    },
    Data,
    |context, findings| {
        asked_about(
            context,
            findings,
            ("migration/trigger-dropped", Hit::BanDropTrigger),
            |at| format!("What this trigger kept is no longer kept: `{}`", at.snippet()),
            "Audit rows, derived columns and checks that the trigger made stop with the commit, without an error \
             anywhere.",
            "Move its work into the writers first, then drop it.",
        );
    },
);

pub(super) const INHERITANCE_DETACHED: Rule = rule(
    About {
        code: "migration/inheritance-detached",
        title: "A partition or child table is taken out of its parent",
        severity: Info,
        confidence: Medium,
        equivalents: &["squawk:ban-detach-inheritance"],
        page: include_str!("../../../fixtures/rules/migration/inheritance-detached.md"),
    },
    Data,
    |context, findings| {
        asked_about(
            context,
            findings,
            ("migration/inheritance-detached", Hit::BanDetachInheritance),
            |at| format!("Rows vanish from the parent table: `{}`", at.snippet()),
            "Queries of the parent no longer see the rows of this child, and inserts that belong there fail or go \
             elsewhere.",
            "Make sure that nobody reads the rows through the parent any more.",
        );
    },
);

pub(super) const SEQUENCE_CHANGED: Rule = rule(
    About {
        code: "migration/sequence-changed",
        title: "The numbers that a sequence gives out are changed",
        severity: Info,
        confidence: Medium,
        equivalents: &["squawk:ban-alter-sequence-values"],
        page: include_str!("../../../fixtures/rules/migration/sequence-changed.md"),
    },
    Data,
    |context, findings| {
        asked_about(
            context,
            findings,
            ("migration/sequence-changed", Hit::BanAlterSequenceValues),
            |at| format!("The next numbers change: `{}`", at.snippet()),
            "A restart can give out numbers that are in use, and writers that cache numbers (`CACHE`, mappers with \
             blocks) count on the step.",
            "Set the sequence from the largest value in use, and check who reserves numbers in blocks.",
        );
    },
);

pub(super) const REPLACED_IN_PLACE: Rule = rule(
    About {
        code: "migration/replaced-in-place",
        title: "A view, function or trigger is replaced in place",
        severity: Info,
        confidence: Medium,
        equivalents: &["squawk:ban-replace-view-function"],
        page: include_str!("../../../fixtures/rules/migration/replaced-in-place.md"),
    },
    Reliability,
    |context, findings| {
        asked_about(
            context,
            findings,
            ("migration/replaced-in-place", Hit::BanReplaceViewFunction),
            |at| format!("The meaning changes under running code: `{}`", at.snippet()),
            "Whoever uses the object gets the new definition with the commit, in the middle of a release.",
            "Create it under a new name and move the users, where both definitions must work side by side.",
        );
    },
);

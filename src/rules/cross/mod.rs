//! Rules of the `cross` family: artefacts of one repository that no longer fit together.

mod columns;
mod drift;
mod enums;
mod metrics;
mod missing_column;
mod places;
mod routes;
mod sql;
mod unbounded;
mod unindexed;

use super::{Check, Rule};
use crate::domain::finding::Confidence::Medium;
use crate::domain::finding::Severity::{Major, Minor};
use crate::domain::finding::{Category, FindingKind};
use crate::domain::team::Lane;

const DROPPED_COLUMN: Rule = Rule {
    code: "cross/dropped-column-still-used",
    title: "A migration removes a column or table that code still uses",
    lane: Lane::Data,
    kind: FindingKind::Evidence,
    category: Category::Data,
    severity: Major,
    confidence: Medium,
    equivalents: &[],
    page: include_str!("../../../fixtures/rules/cross/dropped-column-still-used.md"),
    check: Check::Change {
        applies: columns::applies,
        needs: columns::needs,
        check: columns::check,
    },
};

const RENAMED_METRIC: Rule = Rule {
    code: "cross/renamed-metric-still-alerted",
    title: "A metric goes away that an alert or dashboard still asks for",
    lane: Lane::Observability,
    kind: FindingKind::Evidence,
    category: Category::Observability,
    severity: Major,
    confidence: Medium,
    equivalents: &[],
    page: include_str!("../../../fixtures/rules/cross/renamed-metric-still-alerted.md"),
    check: Check::Change {
        applies: metrics::applies,
        needs: metrics::needs,
        check: metrics::check,
    },
};

const ROUTE_GONE: Rule = Rule {
    code: "cross/documented-route-removed",
    title: "A route goes away that the API description goes on listing",
    lane: Lane::Lead,
    kind: FindingKind::Evidence,
    category: Category::Api,
    severity: Major,
    confidence: Medium,
    equivalents: &[],
    page: include_str!("../../../fixtures/rules/cross/documented-route-removed.md"),
    check: Check::Change {
        applies: routes::applies,
        needs: routes::needs,
        check: routes::gone::check,
    },
};

const ROUTE_MISSING: Rule = Rule {
    code: "cross/route-missing-from-openapi",
    title: "A new route is missing from the API description that lists its neighbours",
    lane: Lane::Lead,
    kind: FindingKind::MissingEvidence,
    category: Category::Api,
    severity: Minor,
    confidence: Medium,
    equivalents: &[],
    page: include_str!("../../../fixtures/rules/cross/route-missing-from-openapi.md"),
    check: Check::Change { applies: routes::applies, needs: routes::needs, check: routes::check },
};

const ENUM_VALUE: Rule = Rule {
    code: "cross/enum-value-still-used",
    title: "A migration takes away an enum value that code still uses",
    lane: Lane::Data,
    kind: FindingKind::Evidence,
    category: Category::Data,
    severity: Major,
    confidence: Medium,
    equivalents: &[],
    page: include_str!("../../../fixtures/rules/cross/enum-value-still-used.md"),
    check: Check::Change { applies: enums::applies, needs: enums::needs, check: enums::check },
};

const COLUMN_NEVER_ADDED: Rule = Rule {
    code: "cross/column-never-added",
    title: "SQL in new code names a column that no migration adds",
    lane: Lane::Data,
    kind: FindingKind::Evidence,
    category: Category::Data,
    severity: Major,
    confidence: Medium,
    equivalents: &[],
    page: include_str!("../../../fixtures/rules/cross/column-never-added.md"),
    check: Check::Change {
        applies: missing_column::applies,
        needs: missing_column::needs,
        check: missing_column::check,
    },
};

const FILTER_WITHOUT_INDEX: Rule = Rule {
    code: "cross/filter-without-index",
    title: "A new query filters a growing table by columns without an index",
    lane: Lane::Data,
    kind: FindingKind::Evidence,
    category: Category::Performance,
    severity: Minor,
    confidence: Medium,
    equivalents: &[],
    page: include_str!("../../../fixtures/rules/cross/filter-without-index.md"),
    check: Check::Change {
        applies: unindexed::applies,
        needs: unindexed::needs,
        check: unindexed::check,
    },
};

const UNBOUNDED_LIST: Rule = Rule {
    code: "cross/unbounded-list",
    title: "A list endpoint answers with every row of a growing table",
    lane: Lane::Data,
    kind: FindingKind::Evidence,
    category: Category::Performance,
    severity: Minor,
    confidence: Medium,
    equivalents: &[],
    page: include_str!("../../../fixtures/rules/cross/unbounded-list.md"),
    check: Check::Change {
        applies: unbounded::applies,
        needs: unbounded::needs,
        check: unbounded::check,
    },
};

const MODEL_WITHOUT_MIGRATION: Rule = Rule {
    code: "cross/model-without-migration",
    title: "A model changes and no migration brings that to the database",
    lane: Lane::Data,
    kind: FindingKind::MissingEvidence,
    category: Category::Data,
    severity: Major,
    confidence: Medium,
    equivalents: &[],
    page: include_str!("../../../fixtures/rules/cross/model-without-migration.md"),
    check: Check::Change { applies: drift::applies, needs: drift::needs, check: drift::check },
};

const MIGRATION_WITHOUT_MODEL: Rule = Rule {
    code: "cross/migration-without-model",
    title: "A migration adds or removes a field and the model does not",
    lane: Lane::Data,
    kind: FindingKind::Evidence,
    category: Category::Data,
    severity: Major,
    confidence: Medium,
    equivalents: &[],
    page: include_str!("../../../fixtures/rules/cross/migration-without-model.md"),
    check: Check::Change {
        applies: drift::migration_alone::applies,
        needs: drift::migration_alone::needs,
        check: drift::migration_alone::check,
    },
};

const SCHEMA_FILE: Rule = Rule {
    code: "cross/schema-file-not-updated",
    title: "The schema file and the migrations do not say the same",
    lane: Lane::Data,
    kind: FindingKind::MissingEvidence,
    category: Category::Data,
    severity: Minor,
    confidence: Medium,
    equivalents: &[],
    page: include_str!("../../../fixtures/rules/cross/schema-file-not-updated.md"),
    check: Check::Change {
        applies: drift::schema_file::applies,
        needs: drift::schema_file::needs,
        check: drift::schema_file::check,
    },
};

const STATUS_MISSING: Rule = Rule {
    code: "cross/status-missing-from-openapi",
    title: "A handler answers with a status that the API description does not list",
    kind: FindingKind::MissingEvidence,
    severity: Minor,
    page: include_str!("../../../fixtures/rules/cross/status-missing-from-openapi.md"),
    check: Check::Change {
        applies: routes::drift::applies,
        needs: routes::drift::needs,
        check: routes::drift::statuses,
    },
    ..ROUTE_MISSING
};

const PARAMETER_MISSING: Rule = Rule {
    code: "cross/parameter-missing-from-openapi",
    title: "A handler takes a query parameter that the API description does not list",
    kind: FindingKind::MissingEvidence,
    severity: Minor,
    page: include_str!("../../../fixtures/rules/cross/parameter-missing-from-openapi.md"),
    check: Check::Change {
        applies: routes::applies,
        needs: routes::needs,
        check: routes::drift::queries,
    },
    ..ROUTE_MISSING
};

const PARAMETER_TYPE: Rule = Rule {
    code: "cross/path-parameter-type-differs",
    title: "A path parameter is parsed as another type than the API description says",
    kind: FindingKind::Evidence,
    severity: Major,
    page: include_str!("../../../fixtures/rules/cross/path-parameter-type-differs.md"),
    check: Check::Change {
        applies: routes::applies,
        needs: routes::needs,
        check: routes::drift::types,
    },
    ..ROUTE_MISSING
};

pub(super) const RULES: &[Rule] = &[
    DROPPED_COLUMN,
    ENUM_VALUE,
    COLUMN_NEVER_ADDED,
    FILTER_WITHOUT_INDEX,
    UNBOUNDED_LIST,
    MODEL_WITHOUT_MIGRATION,
    MIGRATION_WITHOUT_MODEL,
    SCHEMA_FILE,
    RENAMED_METRIC,
    ROUTE_MISSING,
    ROUTE_GONE,
    STATUS_MISSING,
    PARAMETER_MISSING,
    PARAMETER_TYPE,
];

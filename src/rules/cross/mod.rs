//! Rules of the `cross` family: artefacts of one repository that no longer fit together.

mod columns;
mod metrics;
mod places;
mod routes;

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
        applies: routes::gone::applies,
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

pub(super) const RULES: &[Rule] = &[DROPPED_COLUMN, RENAMED_METRIC, ROUTE_MISSING, ROUTE_GONE];

//! Rules of the `observability` family, and the answers to its checklist.

mod answers;
mod prometheus;

use super::{Check, Rule};
use crate::domain::finding::{Category, Confidence, FindingKind, Severity};
use crate::domain::team::Lane;
use prometheus::applies;

pub use answers::answers;

/// What the rules of this family have in common.
const COMMON: Rule = Rule {
    code: "",
    title: "",
    lane: Lane::Observability,
    kind: FindingKind::Evidence,
    category: Category::Observability,
    severity: Severity::Major,
    confidence: Confidence::High,
    equivalents: &[],
    page: "",
    check: Check::File { applies, check: |_, _, _| {} },
};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "observability/alert-always-fires",
        title: "Alert without a condition",
        equivalents: &["pint:alerts/comparison"],
        page: include_str!("../../../fixtures/rules/observability/alert-always-fires.md"),
        check: Check::File { applies, check: prometheus::always_fires },
        ..COMMON
    },
    Rule {
        code: "observability/value-in-alert-label",
        title: "Value of an alert in its labels",
        equivalents: &["pint:alerts/template"],
        page: include_str!("../../../fixtures/rules/observability/value-in-alert-label.md"),
        check: Check::File { applies, check: prometheus::value_in_label },
        ..COMMON
    },
    Rule {
        code: "observability/alert-without-for",
        title: "Alert that fires at the first sample",
        kind: FindingKind::MissingEvidence,
        severity: Severity::Info,
        page: include_str!("../../../fixtures/rules/observability/alert-without-for.md"),
        check: Check::File { applies, check: prometheus::without_for },
        ..COMMON
    },
];

//! The differences that break clients, by the names that oasdiff gives them, and by rule.
//!
//! A difference that no rule lists here is worth knowing at most.

use std::collections::HashMap;
use std::sync::LazyLock;

/// How much a difference matters to clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Info,
    /// May break some clients.
    Warning,
    /// Breaks clients that were written for the description.
    Error,
}

pub const ALTERNATIVES_CHANGED: &[&str] = &[
    "oasdiff:request-body-all-of-added",
    "oasdiff:request-body-all-of-removed",
    "oasdiff:request-body-any-of-removed",
    "oasdiff:request-body-list-of-types-narrowed",
    "oasdiff:request-body-one-of-removed",
    "oasdiff:request-body-prefix-items-removed",
    "oasdiff:request-body-wrapped-in-one-of",
    "oasdiff:request-parameter-list-of-types-narrowed",
    "oasdiff:request-parameter-property-list-of-types-narrowed",
    "oasdiff:request-property-all-of-added",
    "oasdiff:request-property-all-of-removed",
    "oasdiff:request-property-any-of-removed",
    "oasdiff:request-property-list-of-types-narrowed",
    "oasdiff:request-property-one-of-removed",
    "oasdiff:request-property-prefix-items-removed",
    "oasdiff:response-body-list-of-types-widened",
    "oasdiff:response-body-one-of-added",
    "oasdiff:response-body-prefix-items-added",
    "oasdiff:response-body-wrapped-in-one-of",
    "oasdiff:response-property-list-of-types-widened",
    "oasdiff:response-property-one-of-added",
    "oasdiff:response-property-prefix-items-added",
];
pub const DEFAULT_CHANGED: &[&str] = &[
    "oasdiff:request-parameter-default-value-added",
    "oasdiff:request-parameter-default-value-changed",
    "oasdiff:request-parameter-default-value-removed",
];
pub const FIELD_REMOVED: &[&str] = &[
    "oasdiff:optional-response-header-removed",
    "oasdiff:required-response-header-removed",
    "oasdiff:response-header-became-optional",
    "oasdiff:response-optional-property-removed",
    "oasdiff:response-property-became-optional",
    "oasdiff:response-required-property-removed",
];
pub const KEYWORD_CHANGED: &[&str] = &[
    "oasdiff:request-body-const-added",
    "oasdiff:request-body-const-changed",
    "oasdiff:request-body-contains-added",
    "oasdiff:request-body-content-encoding-changed",
    "oasdiff:request-body-content-media-type-changed",
    "oasdiff:request-body-content-schema-added",
    "oasdiff:request-body-dependent-required-added",
    "oasdiff:request-body-dependent-required-changed",
    "oasdiff:request-body-dependent-schema-added",
    "oasdiff:request-body-else-added",
    "oasdiff:request-body-if-added",
    "oasdiff:request-body-max-contains-decreased",
    "oasdiff:request-body-min-contains-increased",
    "oasdiff:request-body-pattern-property-added",
    "oasdiff:request-body-property-names-added",
    "oasdiff:request-body-then-added",
    "oasdiff:request-body-unevaluated-items-added",
    "oasdiff:request-body-unevaluated-properties-added",
    "oasdiff:request-property-const-added",
    "oasdiff:request-property-const-changed",
    "oasdiff:request-property-contains-added",
    "oasdiff:request-property-content-encoding-changed",
    "oasdiff:request-property-content-media-type-changed",
    "oasdiff:request-property-content-schema-added",
    "oasdiff:request-property-dependent-required-added",
    "oasdiff:request-property-dependent-required-changed",
    "oasdiff:request-property-dependent-schema-added",
    "oasdiff:request-property-else-added",
    "oasdiff:request-property-if-added",
    "oasdiff:request-property-max-contains-decreased",
    "oasdiff:request-property-min-contains-increased",
    "oasdiff:request-property-pattern-property-added",
    "oasdiff:request-property-property-names-added",
    "oasdiff:request-property-then-added",
    "oasdiff:request-property-unevaluated-items-added",
    "oasdiff:request-property-unevaluated-properties-added",
    "oasdiff:response-body-const-changed",
    "oasdiff:response-body-const-removed",
    "oasdiff:response-body-contains-removed",
    "oasdiff:response-body-content-encoding-changed",
    "oasdiff:response-body-content-media-type-changed",
    "oasdiff:response-body-content-schema-removed",
    "oasdiff:response-body-dependent-required-changed",
    "oasdiff:response-body-dependent-required-removed",
    "oasdiff:response-body-dependent-schema-removed",
    "oasdiff:response-body-else-removed",
    "oasdiff:response-body-if-removed",
    "oasdiff:response-body-max-contains-increased",
    "oasdiff:response-body-min-contains-decreased",
    "oasdiff:response-body-pattern-property-removed",
    "oasdiff:response-body-property-names-removed",
    "oasdiff:response-body-then-removed",
    "oasdiff:response-body-unevaluated-items-removed",
    "oasdiff:response-body-unevaluated-properties-removed",
    "oasdiff:response-property-const-changed",
    "oasdiff:response-property-const-removed",
    "oasdiff:response-property-contains-removed",
    "oasdiff:response-property-content-encoding-changed",
    "oasdiff:response-property-content-media-type-changed",
    "oasdiff:response-property-content-schema-removed",
    "oasdiff:response-property-dependent-required-changed",
    "oasdiff:response-property-dependent-required-removed",
    "oasdiff:response-property-dependent-schema-removed",
    "oasdiff:response-property-else-removed",
    "oasdiff:response-property-if-removed",
    "oasdiff:response-property-max-contains-increased",
    "oasdiff:response-property-min-contains-decreased",
    "oasdiff:response-property-pattern-property-removed",
    "oasdiff:response-property-property-names-removed",
    "oasdiff:response-property-then-removed",
    "oasdiff:response-property-unevaluated-items-removed",
    "oasdiff:response-property-unevaluated-properties-removed",
];
pub const LIMIT_LOOSENED: &[&str] = &[
    "oasdiff:response-body-exclusive-max-increased",
    "oasdiff:response-body-exclusive-min-decreased",
    "oasdiff:response-body-max-increased",
    "oasdiff:response-body-max-length-increased",
    "oasdiff:response-body-max-length-unset",
    "oasdiff:response-body-min-decreased",
    "oasdiff:response-body-min-items-decreased",
    "oasdiff:response-body-min-items-unset",
    "oasdiff:response-body-min-length-decreased",
    "oasdiff:response-property-exclusive-max-increased",
    "oasdiff:response-property-exclusive-min-decreased",
    "oasdiff:response-property-max-increased",
    "oasdiff:response-property-max-length-increased",
    "oasdiff:response-property-max-length-unset",
    "oasdiff:response-property-min-decreased",
    "oasdiff:response-property-min-items-decreased",
    "oasdiff:response-property-min-items-unset",
    "oasdiff:response-property-min-length-decreased",
];
pub const LIMIT_TIGHTENED: &[&str] = &[
    "oasdiff:request-body-exclusive-max-decreased",
    "oasdiff:request-body-exclusive-max-set",
    "oasdiff:request-body-exclusive-min-increased",
    "oasdiff:request-body-exclusive-min-set",
    "oasdiff:request-body-max-decreased",
    "oasdiff:request-body-max-length-decreased",
    "oasdiff:request-body-max-length-set",
    "oasdiff:request-body-max-set",
    "oasdiff:request-body-min-increased",
    "oasdiff:request-body-min-items-increased",
    "oasdiff:request-body-min-items-set",
    "oasdiff:request-body-min-length-increased",
    "oasdiff:request-body-min-set",
    "oasdiff:request-parameter-exclusive-max-decreased",
    "oasdiff:request-parameter-exclusive-max-set",
    "oasdiff:request-parameter-exclusive-min-increased",
    "oasdiff:request-parameter-exclusive-min-set",
    "oasdiff:request-parameter-max-decreased",
    "oasdiff:request-parameter-max-items-decreased",
    "oasdiff:request-parameter-max-length-decreased",
    "oasdiff:request-parameter-max-length-set",
    "oasdiff:request-parameter-max-set",
    "oasdiff:request-parameter-min-increased",
    "oasdiff:request-parameter-min-items-increased",
    "oasdiff:request-parameter-min-items-set",
    "oasdiff:request-parameter-min-length-increased",
    "oasdiff:request-parameter-min-set",
    "oasdiff:request-parameter-pattern-added",
    "oasdiff:request-parameter-pattern-changed",
    "oasdiff:request-property-exclusive-max-decreased",
    "oasdiff:request-property-exclusive-max-set",
    "oasdiff:request-property-exclusive-min-increased",
    "oasdiff:request-property-exclusive-min-set",
    "oasdiff:request-property-max-decreased",
    "oasdiff:request-property-max-length-decreased",
    "oasdiff:request-property-max-length-set",
    "oasdiff:request-property-max-set",
    "oasdiff:request-property-min-increased",
    "oasdiff:request-property-min-items-increased",
    "oasdiff:request-property-min-items-set",
    "oasdiff:request-property-min-length-increased",
    "oasdiff:request-property-min-set",
    "oasdiff:request-property-pattern-added",
    "oasdiff:request-property-pattern-changed",
];
pub const MEDIA_TYPE_REMOVED: &[&str] = &[
    "oasdiff:request-body-media-type-removed",
    "oasdiff:response-media-type-name-generalized",
    "oasdiff:response-media-type-removed",
];
pub const OPERATION_REMOVED: &[&str] = &[
    "oasdiff:api-path-removed-before-sunset",
    "oasdiff:api-path-removed-without-deprecation",
    "oasdiff:api-removed-before-sunset",
    "oasdiff:api-removed-without-deprecation",
];
pub const REQUEST_FIELD_REMOVED: &[&str] = &[
    "oasdiff:request-body-removed",
    "oasdiff:request-parameter-removed",
    "oasdiff:request-property-removed",
];
pub const REQUIRED_FIELD: &[&str] = &[
    "oasdiff:new-required-request-property",
    "oasdiff:new-required-request-property-with-default",
    "oasdiff:request-body-added-required",
    "oasdiff:request-body-became-required",
    "oasdiff:request-property-became-required",
    "oasdiff:request-property-became-required-with-default",
];
pub const REQUIRED_PARAMETER: &[&str] = &[
    "oasdiff:new-request-path-parameter",
    "oasdiff:new-required-request-default-parameter-to-existing-path",
    "oasdiff:new-required-request-header-property",
    "oasdiff:new-required-request-parameter",
    "oasdiff:request-header-property-became-required",
    "oasdiff:request-parameter-became-required",
];
pub const RESPONSE_VALUE_ADDED: &[&str] = &[
    "oasdiff:response-property-enum-value-added",
    "oasdiff:response-required-property-became-not-write-only",
];
pub const STABILITY_LOWERED: &[&str] = &[
    "oasdiff:api-invalid-stability-level",
    "oasdiff:api-stability-decreased",
    "oasdiff:request-property-stability-decreased",
    "oasdiff:response-property-stability-decreased",
];
/// Not known to oasdiff.
pub const STYLE_CHANGED: &[&str] = &["request-parameter-style-changed"];
pub const STATUS_REMOVED: &[&str] = &["oasdiff:response-success-status-removed"];
pub const SUNSET_NOT_KEPT: &[&str] = &[
    "oasdiff:api-deprecated-sunset-missing",
    "oasdiff:api-deprecated-sunset-parse",
    "oasdiff:api-path-sunset-parse",
    "oasdiff:api-sunset-date-changed-too-small",
    "oasdiff:request-parameter-deprecated-sunset-missing",
    "oasdiff:request-parameter-removed-before-sunset",
    "oasdiff:request-parameter-sunset-date-changed-too-small",
    "oasdiff:request-parameter-sunset-deleted",
    "oasdiff:request-parameter-sunset-parse",
    "oasdiff:request-property-deprecated-sunset-invalid",
    "oasdiff:request-property-deprecated-sunset-missing",
    "oasdiff:response-property-deprecated-sunset-invalid",
    "oasdiff:response-property-deprecated-sunset-missing",
    "oasdiff:sunset-deleted",
];
pub const TYPE_CHANGED: &[&str] = &[
    "oasdiff:request-body-became-not-nullable",
    "oasdiff:request-body-media-type-schema-added",
    "oasdiff:request-body-type-changed",
    "oasdiff:request-parameter-became-not-nullable",
    "oasdiff:request-parameter-property-became-not-nullable",
    "oasdiff:request-parameter-property-type-changed",
    "oasdiff:request-parameter-property-type-specialized",
    "oasdiff:request-parameter-type-changed",
    "oasdiff:request-property-became-not-nullable",
    "oasdiff:request-property-type-changed",
    "oasdiff:response-body-became-nullable",
    "oasdiff:response-body-media-type-schema-removed",
    "oasdiff:response-body-type-changed",
    "oasdiff:response-body-type-generalized",
    "oasdiff:response-header-became-nullable",
    "oasdiff:response-header-type-changed",
    "oasdiff:response-header-type-generalized",
    "oasdiff:response-property-became-nullable",
    "oasdiff:response-property-type-changed",
    "oasdiff:response-property-type-generalized",
];
pub const VALUE_REMOVED: &[&str] = &[
    "oasdiff:request-body-became-enum",
    "oasdiff:request-body-enum-value-removed",
    "oasdiff:request-header-property-became-enum",
    "oasdiff:request-parameter-became-enum",
    "oasdiff:request-parameter-enum-value-removed",
    "oasdiff:request-parameter-property-enum-value-removed",
    "oasdiff:request-parameter-x-extensible-enum-value-removed",
    "oasdiff:request-property-became-enum",
    "oasdiff:request-property-enum-value-removed",
    "oasdiff:request-property-x-extensible-enum-value-removed",
];
pub const WEBHOOK_REMOVED: &[&str] = &["oasdiff:webhook-removed"];
/// Not known to oasdiff.
pub const CALLBACK_REMOVED: &[&str] = &["callback-removed"];

const WARNINGS: &[&str] = &[
    "optional-response-header-removed",
    "request-body-all-of-removed",
    "request-body-exclusive-max-set",
    "request-body-exclusive-min-set",
    "request-body-max-length-set",
    "request-body-max-set",
    "request-body-min-items-set",
    "request-body-min-set",
    "request-parameter-exclusive-max-set",
    "request-parameter-exclusive-min-set",
    "request-parameter-max-length-set",
    "request-parameter-max-set",
    "request-parameter-min-items-set",
    "request-parameter-min-set",
    "request-parameter-pattern-changed",
    "request-parameter-property-type-changed",
    "request-parameter-removed",
    "request-property-all-of-removed",
    "request-property-exclusive-max-set",
    "request-property-exclusive-min-set",
    "request-property-max-length-set",
    "request-property-max-set",
    "request-property-min-items-set",
    "request-property-min-set",
    "request-property-pattern-changed",
    "request-property-removed",
    "response-body-media-type-schema-removed",
    "response-optional-property-removed",
    "response-property-enum-value-added",
    "response-required-property-became-not-write-only",
];

/// Limits that are judged here and that oasdiff has no name for: they may narrow what is accepted.
pub const OWN_LIMITS: &[&str] = &[
    "request-body-additional-properties-refused",
    "request-body-max-items-decreased",
    "request-body-max-items-set",
    "request-body-max-properties-decreased",
    "request-body-max-properties-set",
    "request-body-min-properties-increased",
    "request-body-multiple-of-changed",
    "request-body-unique-items-set",
    "request-parameter-max-items-set",
    "request-parameter-max-properties-decreased",
    "request-parameter-max-properties-set",
    "request-parameter-min-properties-increased",
    "request-parameter-multiple-of-changed",
    "request-parameter-unique-items-set",
    "request-property-additional-properties-refused",
    "request-property-max-items-decreased",
    "request-property-max-items-set",
    "request-property-max-properties-decreased",
    "request-property-max-properties-set",
    "request-property-min-properties-increased",
    "request-property-multiple-of-changed",
    "request-property-unique-items-set",
];

/// Whether oasdiff has no name for it.
pub fn is_own(id: &str) -> bool {
    OWN_LIMITS.contains(&id)
}

/// Every list of errors, to find a level by.
const LISTS: &[&[&str]] = &[
    ALTERNATIVES_CHANGED,
    DEFAULT_CHANGED,
    FIELD_REMOVED,
    KEYWORD_CHANGED,
    LIMIT_LOOSENED,
    LIMIT_TIGHTENED,
    MEDIA_TYPE_REMOVED,
    OPERATION_REMOVED,
    REQUEST_FIELD_REMOVED,
    REQUIRED_FIELD,
    REQUIRED_PARAMETER,
    RESPONSE_VALUE_ADDED,
    STABILITY_LOWERED,
    STATUS_REMOVED,
    SUNSET_NOT_KEPT,
    TYPE_CHANGED,
    VALUE_REMOVED,
    WEBHOOK_REMOVED,
];

static LEVELS: LazyLock<HashMap<&'static str, Level>> = LazyLock::new(|| {
    let errors = LISTS.iter().flat_map(|list| list.iter());
    let mut levels: HashMap<&str, Level> =
        errors.filter_map(|id| Some((id.split_once(':')?.1, Level::Error))).collect();
    let own = STYLE_CHANGED.iter().chain(CALLBACK_REMOVED);
    levels.extend(own.map(|id| (*id, Level::Error)));
    levels.extend(WARNINGS.iter().chain(OWN_LIMITS).map(|id| (*id, Level::Warning)));
    levels
});

impl Level {
    /// The level of a difference by its id.
    pub fn of(id: &str) -> Self {
        LEVELS.get(id).copied().unwrap_or(Self::Info)
    }
}

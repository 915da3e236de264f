//! Rules of the `openapi` family: changes of an API description that break its clients.

pub(super) mod compare;
pub(super) mod document;
mod keywords;
mod schema;

use self::compare::{Kind, compare};
use super::{Check, Draft, Findings, Rule, RuleContext};
use crate::domain::change::FileChange;
use crate::domain::diff::{LineRange, Side};
use crate::domain::finding::Confidence::High;
use crate::domain::finding::Severity::{Critical, Major, Minor};
use crate::domain::finding::{Category, FindingKind, Severity};
use crate::domain::team::Lane;

const fn rule(
    code: &'static str,
    title: &'static str,
    severity: Severity,
    equivalents: &'static [&'static str],
    page: &'static str,
    check: fn(&RuleContext<'_>, &FileChange, &mut Findings<'_>),
) -> Rule {
    Rule {
        code,
        title,
        lane: Lane::Lead,
        kind: FindingKind::Evidence,
        category: Category::Api,
        severity,
        confidence: High,
        equivalents,
        page,
        check: Check::File { applies: document::may_be_document, check },
    }
}

/// Reports the breaks of one kind.
fn report(
    context: &RuleContext<'_>,
    file: &FileChange,
    findings: &mut Findings<'_>,
    kind: Kind,
    recommendation: &str,
) {
    let base = document::tree(context, file, Side::Base);
    let head = document::tree(context, file, Side::Head);
    let (Some(base), Some(head)) = (base, head) else { return };
    let (Some(base), Some(head)) = (document::root(&base), document::root(&head)) else { return };
    for (difference, operations) in compare(base, head).of_kind(kind) {
        let concerned = match operations {
            _ if kind == Kind::OperationRemoved => String::new(),
            [one] => format!(" It concerns `{one}`."),
            [first, second] => format!(" It concerns `{first}` and `{second}`."),
            [first, rest @ ..] => {
                format!(" It concerns `{first}` and {} more operations.", rest.len())
            }
            [] => String::new(),
        };
        let draft = Draft {
            title: difference.title.clone(),
            evidence: format!("{}{concerned}", difference.evidence),
            recommendation: recommendation.to_owned(),
            symbol: operations.first().cloned(),
            severity: difference.severity,
            ..Draft::default()
        };
        findings.at(file, difference.side, difference.lines, draft);
    }
}

const OPERATION_REMOVED: Rule = rule(
    "openapi/operation-removed",
    "An operation is removed from the API",
    Critical,
    &["oasdiff:api-removed-without-deprecation", "oasdiff:api-path-removed-without-deprecation"],
    include_str!("../../../fixtures/rules/openapi/operation-removed.md"),
    |context, file, findings| {
        let instead = "Mark it `deprecated: true` with an `x-sunset` date first, tell its users, and remove it when the date \
                       has passed and it is no longer called.";
        report(context, file, findings, Kind::OperationRemoved, instead);
    },
);

const REQUIRED_PARAMETER: Rule = rule(
    "openapi/required-parameter-added",
    "A parameter is added as required, or becomes required",
    Major,
    &[
        "oasdiff:new-required-request-parameter",
        "oasdiff:request-parameter-became-required",
        "oasdiff:new-required-request-header-property",
        "oasdiff:request-header-property-became-required",
    ],
    include_str!("../../../fixtures/rules/openapi/required-parameter-added.md"),
    |context, file, findings| {
        let instead = "Keep it optional and give it a default that means what the API did before.";
        report(context, file, findings, Kind::RequiredParameter, instead);
    },
);

const REQUIRED_FIELD: Rule = rule(
    "openapi/required-request-field-added",
    "A field of a request is added as required, or becomes required",
    Major,
    &[
        "oasdiff:new-required-request-property",
        "oasdiff:new-required-request-property-with-default",
        "oasdiff:request-property-became-required",
        "oasdiff:request-property-became-required-with-default",
        "oasdiff:request-body-became-required",
        "oasdiff:request-body-added-required",
    ],
    include_str!("../../../fixtures/rules/openapi/required-request-field-added.md"),
    |context, file, findings| {
        let instead =
            "Keep it optional with a sensible default, or offer a new version of the operation.";
        report(context, file, findings, Kind::RequiredField, instead);
    },
);

const FIELD_REMOVED: Rule = rule(
    "openapi/response-field-removed",
    "A field of a response is removed or no longer promised",
    Major,
    &[
        "oasdiff:response-required-property-removed",
        "oasdiff:response-optional-property-removed",
        "oasdiff:response-property-became-optional",
        "oasdiff:required-response-header-removed",
        "oasdiff:response-header-became-optional",
    ],
    include_str!("../../../fixtures/rules/openapi/response-field-removed.md"),
    |context, file, findings| {
        let instead =
            "Keep the field filled until no client reads it; mark it `deprecated: true` meanwhile.";
        report(context, file, findings, Kind::FieldRemoved, instead);
    },
);

const STATUS_REMOVED: Rule = rule(
    "openapi/response-status-removed",
    "A success status of an operation is removed",
    Major,
    &["oasdiff:response-success-status-removed"],
    include_str!("../../../fixtures/rules/openapi/response-status-removed.md"),
    |context, file, findings| {
        let instead = "Go on answering with the status that clients know, or add the new one beside it for new requests only.";
        report(context, file, findings, Kind::StatusRemoved, instead);
    },
);

const MEDIA_TYPE_REMOVED: Rule = rule(
    "openapi/media-type-removed",
    "A media type is no longer accepted or offered",
    Major,
    &[
        "oasdiff:request-body-media-type-removed",
        "oasdiff:response-media-type-removed",
        "oasdiff:response-media-type-name-generalized",
    ],
    include_str!("../../../fixtures/rules/openapi/media-type-removed.md"),
    |context, file, findings| {
        let instead =
            "Keep it beside the new one and let clients choose with `Accept` and `Content-Type`.";
        report(context, file, findings, Kind::MediaTypeRemoved, instead);
    },
);

const VALUE_REMOVED: Rule = rule(
    "openapi/request-enum-value-removed",
    "A request value that was accepted no longer is",
    Major,
    &[
        "oasdiff:request-property-enum-value-removed",
        "oasdiff:request-parameter-enum-value-removed",
        "oasdiff:request-body-enum-value-removed",
        "oasdiff:request-parameter-property-enum-value-removed",
        "oasdiff:request-parameter-became-enum",
        "oasdiff:request-property-became-enum",
        "oasdiff:request-body-became-enum",
        "oasdiff:request-parameter-x-extensible-enum-value-removed",
        "oasdiff:request-property-x-extensible-enum-value-removed",
    ],
    include_str!("../../../fixtures/rules/openapi/request-enum-value-removed.md"),
    |context, file, findings| {
        let instead = "Go on accepting the value and map it to what replaces it.";
        report(context, file, findings, Kind::ValueRemoved, instead);
    },
);

const LIMIT_TIGHTENED: Rule = rule(
    "openapi/request-limit-tightened",
    "A limit or pattern for requests is tightened",
    Major,
    &[
        "oasdiff:request-parameter-max-decreased",
        "oasdiff:request-parameter-max-length-decreased",
        "oasdiff:request-parameter-max-items-decreased",
        "oasdiff:request-parameter-exclusive-max-decreased",
        "oasdiff:request-parameter-min-increased",
        "oasdiff:request-parameter-min-length-increased",
        "oasdiff:request-parameter-min-items-increased",
        "oasdiff:request-parameter-exclusive-min-increased",
        "oasdiff:request-property-max-decreased",
        "oasdiff:request-property-max-length-decreased",
        "oasdiff:request-property-exclusive-max-decreased",
        "oasdiff:request-property-min-increased",
        "oasdiff:request-property-min-length-increased",
        "oasdiff:request-property-min-items-increased",
        "oasdiff:request-property-exclusive-min-increased",
        "oasdiff:request-body-max-decreased",
        "oasdiff:request-body-max-length-decreased",
        "oasdiff:request-body-exclusive-max-decreased",
        "oasdiff:request-body-min-increased",
        "oasdiff:request-body-min-length-increased",
        "oasdiff:request-body-min-items-increased",
        "oasdiff:request-body-exclusive-min-increased",
        "oasdiff:request-parameter-pattern-added",
        "oasdiff:request-property-pattern-added",
    ],
    include_str!("../../../fixtures/rules/openapi/request-limit-tightened.md"),
    |context, file, findings| {
        let instead =
            "Check how often current requests exceed it, and tell clients before it is enforced.";
        report(context, file, findings, Kind::LimitTightened, instead);
    },
);

const TYPE_CHANGED: Rule = rule(
    "openapi/type-changed",
    "The type of a field or parameter changes in a way that breaks clients",
    Major,
    &[
        "oasdiff:request-property-type-changed",
        "oasdiff:request-body-type-changed",
        "oasdiff:request-parameter-type-changed",
        "oasdiff:response-property-type-changed",
        "oasdiff:response-body-type-changed",
        "oasdiff:response-header-type-changed",
        "oasdiff:response-property-type-generalized",
        "oasdiff:response-body-type-generalized",
        "oasdiff:request-property-became-not-nullable",
        "oasdiff:request-body-became-not-nullable",
        "oasdiff:request-parameter-became-not-nullable",
        "oasdiff:response-property-became-nullable",
        "oasdiff:response-body-became-nullable",
        "oasdiff:request-body-one-of-removed",
        "oasdiff:request-property-one-of-removed",
        "oasdiff:request-body-any-of-removed",
        "oasdiff:request-property-any-of-removed",
        "oasdiff:response-body-one-of-added",
        "oasdiff:response-property-one-of-added",
        "oasdiff:request-property-const-added",
        "oasdiff:request-property-const-changed",
        "oasdiff:response-property-const-removed",
        "oasdiff:response-property-const-changed",
    ],
    include_str!("../../../fixtures/rules/openapi/type-changed.md"),
    |context, file, findings| {
        let instead = "Add a field with the new type beside the old one and fill both until the old one is unused.";
        report(context, file, findings, Kind::TypeChanged, instead);
    },
);

const REQUEST_FIELD_REMOVED: Rule = rule(
    "openapi/request-field-removed",
    "A field or the body of a request is removed",
    Minor,
    &["oasdiff:request-property-removed", "oasdiff:request-body-removed"],
    include_str!("../../../fixtures/rules/openapi/request-field-removed.md"),
    |context, file, findings| {
        let instead = "Mark it `deprecated: true` and say what became of it; refuse it only when clients have stopped sending it.";
        report(context, file, findings, Kind::RequestFieldRemoved, instead);
    },
);

const DEFAULT_CHANGED: Rule = rule(
    "openapi/parameter-default-changed",
    "The default of a parameter changes",
    Major,
    &[
        "oasdiff:request-parameter-default-value-changed",
        "oasdiff:request-parameter-default-value-removed",
    ],
    include_str!("../../../fixtures/rules/openapi/parameter-default-changed.md"),
    |context, file, findings| {
        let instead = "Keep the default, and let clients that want the new behaviour ask for it.";
        report(context, file, findings, Kind::DefaultChanged, instead);
    },
);

const INVALID_DOCUMENT: Rule = rule(
    "openapi/invalid-document",
    "An OpenAPI document can no longer be read",
    Major,
    &[],
    include_str!("../../../fixtures/rules/openapi/invalid-document.md"),
    |context, file, findings| {
        let base = document::tree(context, file, Side::Base);
        let was_sound = base.is_some_and(|tree| document::root(&tree).is_some());
        let Some(head) = document::tree(context, file, Side::Head).filter(|_| was_sound) else {
            return;
        };
        if let Some(error) = &head.error {
            let message = error.message.replace('`', "'");
            let draft = Draft {
                title: "This API description can no longer be read".to_owned(),
                evidence: format!(
                    "The reader stops at line {}: `{message}`. Documentation, generated clients and checks that use the \
                     document fail.",
                    error.line
                ),
                recommendation:
                    "Correct the syntax; the document could be read before this change.".to_owned(),
                ..Draft::default()
            };
            findings.at_head(file, LineRange::line(error.line), draft);
        }
    },
);

pub(super) const RULES: &[Rule] = &[
    OPERATION_REMOVED,
    REQUIRED_PARAMETER,
    REQUIRED_FIELD,
    FIELD_REMOVED,
    STATUS_REMOVED,
    MEDIA_TYPE_REMOVED,
    VALUE_REMOVED,
    LIMIT_TIGHTENED,
    TYPE_CHANGED,
    REQUEST_FIELD_REMOVED,
    DEFAULT_CHANGED,
    INVALID_DOCUMENT,
];

//! The rules of the family, each a group of differences that a reader takes for one matter.

use super::catalogue as ids;
use super::inputs;
use super::lint::Habit;
use super::report::{report, report_lapses, report_misfits};
use crate::domain::finding::Severity::{Critical, Info, Major, Minor};
use crate::domain::finding::{FindingKind, Severity};
use crate::rules::{Check, Findings, Rule, RuleContext, contracts};

const fn rule(
    code: &'static str,
    title: &'static str,
    severity: Severity,
    equivalents: &'static [&'static str],
    page: &'static str,
    check: fn(&RuleContext<'_>, &mut Findings<'_>),
) -> Rule {
    let check = Check::Change { applies: inputs::applies, needs: inputs::needs, check };
    contracts::rule(code, title, severity, equivalents, page, check)
}

pub(super) const OPERATION_REMOVED: Rule = rule(
    "openapi/operation-removed",
    "An operation is removed from the API",
    Critical,
    ids::OPERATION_REMOVED,
    include_str!("../../../fixtures/rules/openapi/operation-removed.md"),
    |context, findings| {
        let instead = "Mark it `deprecated: true` with an `x-sunset` date first, tell its users, and remove it when the date has passed and it is no longer called.";
        report(context, findings, ids::OPERATION_REMOVED, instead);
    },
);

pub(super) const REQUIRED_PARAMETER: Rule = rule(
    "openapi/required-parameter-added",
    "A parameter is added as required, or becomes required",
    Major,
    ids::REQUIRED_PARAMETER,
    include_str!("../../../fixtures/rules/openapi/required-parameter-added.md"),
    |context, findings| {
        let instead = "Keep it optional and give it a default that means what the API did before.";
        report(context, findings, ids::REQUIRED_PARAMETER, instead);
    },
);

pub(super) const REQUIRED_FIELD: Rule = rule(
    "openapi/required-request-field-added",
    "A field of a request is added as required, or becomes required",
    Major,
    ids::REQUIRED_FIELD,
    include_str!("../../../fixtures/rules/openapi/required-request-field-added.md"),
    |context, findings| {
        let instead =
            "Keep it optional with a sensible default, or offer a new version of the operation.";
        report(context, findings, ids::REQUIRED_FIELD, instead);
    },
);

pub(super) const FIELD_REMOVED: Rule = rule(
    "openapi/response-field-removed",
    "A field of a response is removed or no longer promised",
    Major,
    ids::FIELD_REMOVED,
    include_str!("../../../fixtures/rules/openapi/response-field-removed.md"),
    |context, findings| {
        let instead =
            "Keep the field filled until no client reads it; mark it `deprecated: true` meanwhile.";
        report(context, findings, ids::FIELD_REMOVED, instead);
    },
);

pub(super) const STATUS_REMOVED: Rule = rule(
    "openapi/response-status-removed",
    "A success status of an operation is removed",
    Major,
    ids::STATUS_REMOVED,
    include_str!("../../../fixtures/rules/openapi/response-status-removed.md"),
    |context, findings| {
        let instead = "Go on answering with the status that clients know, or add the new one beside it for new requests only.";
        report(context, findings, ids::STATUS_REMOVED, instead);
    },
);

pub(super) const MEDIA_TYPE_REMOVED: Rule = rule(
    "openapi/media-type-removed",
    "A media type is no longer accepted or offered",
    Major,
    ids::MEDIA_TYPE_REMOVED,
    include_str!("../../../fixtures/rules/openapi/media-type-removed.md"),
    |context, findings| {
        let instead =
            "Keep it beside the new one and let clients choose with `Accept` and `Content-Type`.";
        report(context, findings, ids::MEDIA_TYPE_REMOVED, instead);
    },
);

pub(super) const VALUE_REMOVED: Rule = rule(
    "openapi/request-enum-value-removed",
    "A request value that was accepted no longer is",
    Major,
    ids::VALUE_REMOVED,
    include_str!("../../../fixtures/rules/openapi/request-enum-value-removed.md"),
    |context, findings| {
        let instead = "Go on accepting the value and map it to what replaces it.";
        report(context, findings, ids::VALUE_REMOVED, instead);
    },
);

pub(super) const LIMIT_TIGHTENED: Rule = rule(
    "openapi/request-limit-tightened",
    "A limit or pattern for requests is tightened",
    Major,
    ids::LIMIT_TIGHTENED,
    include_str!("../../../fixtures/rules/openapi/request-limit-tightened.md"),
    |context, findings| {
        let instead =
            "Check how often current requests exceed it, and tell clients before it is enforced.";
        report(context, findings, ids::LIMIT_TIGHTENED, instead);
        report(context, findings, ids::OWN_LIMITS, instead);
    },
);

pub(super) const LIMIT_LOOSENED: Rule = rule(
    "openapi/response-limit-loosened",
    "A limit that responses kept is loosened or dropped",
    Major,
    ids::LIMIT_LOOSENED,
    include_str!("../../../fixtures/rules/openapi/response-limit-loosened.md"),
    |context, findings| {
        let instead = "Keep what is sent within the old limit for clients that rely on it, or tell them before larger values come.";
        report(context, findings, ids::LIMIT_LOOSENED, instead);
    },
);

pub(super) const TYPE_CHANGED: Rule = rule(
    "openapi/type-changed",
    "The type of a field or parameter changes in a way that breaks clients",
    Major,
    ids::TYPE_CHANGED,
    include_str!("../../../fixtures/rules/openapi/type-changed.md"),
    |context, findings| {
        let instead = "Add a field with the new type beside the old one and fill both until the old one is unused.";
        report(context, findings, ids::TYPE_CHANGED, instead);
    },
);

pub(super) const ALTERNATIVES_CHANGED: Rule = rule(
    "openapi/alternatives-changed",
    "What a value may be one of changes in a way that breaks clients",
    Major,
    ids::ALTERNATIVES_CHANGED,
    include_str!("../../../fixtures/rules/openapi/alternatives-changed.md"),
    |context, findings| {
        let instead = "Go on accepting every form that was allowed, and send new forms only to clients that ask for them.";
        report(context, findings, ids::ALTERNATIVES_CHANGED, instead);
    },
);

pub(super) const KEYWORD_CHANGED: Rule = rule(
    "openapi/schema-constraint-changed",
    "A constraint is added for requests, or dropped for responses",
    Major,
    ids::KEYWORD_CHANGED,
    include_str!("../../../fixtures/rules/openapi/schema-constraint-changed.md"),
    |context, findings| {
        let instead =
            "Enforce it for new operations only, or check what clients send and rely on first.";
        report(context, findings, ids::KEYWORD_CHANGED, instead);
    },
);

pub(super) const REQUEST_FIELD_REMOVED: Rule = rule(
    "openapi/request-field-removed",
    "A field, parameter or body of a request is removed",
    Minor,
    ids::REQUEST_FIELD_REMOVED,
    include_str!("../../../fixtures/rules/openapi/request-field-removed.md"),
    |context, findings| {
        let instead = "Mark it `deprecated: true` and say what became of it; refuse it only when clients have stopped sending it.";
        report(context, findings, ids::REQUEST_FIELD_REMOVED, instead);
    },
);

pub(super) const RESPONSE_VALUE_ADDED: Rule = rule(
    "openapi/response-value-added",
    "A response may hold what clients do not know",
    Minor,
    ids::RESPONSE_VALUE_ADDED,
    include_str!("../../../fixtures/rules/openapi/response-value-added.md"),
    |context, findings| {
        let instead = "Tell clients beforehand that the list may grow, or send the new value only to clients that ask for it.";
        report(context, findings, ids::RESPONSE_VALUE_ADDED, instead);
    },
);

pub(super) const DEFAULT_CHANGED: Rule = rule(
    "openapi/parameter-default-changed",
    "The default of a parameter changes",
    Major,
    ids::DEFAULT_CHANGED,
    include_str!("../../../fixtures/rules/openapi/parameter-default-changed.md"),
    |context, findings| {
        let instead = "Keep the default, and let clients that want the new behaviour ask for it.";
        report(context, findings, ids::DEFAULT_CHANGED, instead);
    },
);

pub(super) const SUNSET_NOT_KEPT: Rule = rule(
    "openapi/sunset-not-kept",
    "The announced end of something is moved, dropped or unreadable",
    Minor,
    ids::SUNSET_NOT_KEPT,
    include_str!("../../../fixtures/rules/openapi/sunset-not-kept.md"),
    |context, findings| {
        let instead = "Announce the end as `x-sunset: YYYY-MM-DD`, keep the date, and remove nothing before it.";
        report(context, findings, ids::SUNSET_NOT_KEPT, instead);
    },
);

pub(super) const STABILITY_LOWERED: Rule = rule(
    "openapi/stability-lowered",
    "The stability level of an operation is lowered or malformed",
    Major,
    ids::STABILITY_LOWERED,
    include_str!("../../../fixtures/rules/openapi/stability-lowered.md"),
    |context, findings| {
        let instead =
            "Keep the level that clients were promised: one of draft, alpha, beta and stable.";
        report(context, findings, ids::STABILITY_LOWERED, instead);
    },
);

pub(super) const STYLE_CHANGED: Rule = rule(
    "openapi/parameter-style-changed",
    "A parameter must be written in another way",
    Major,
    &[],
    include_str!("../../../fixtures/rules/openapi/parameter-style-changed.md"),
    |context, findings| {
        let instead = "Keep the style that clients write, or take the new one under another name.";
        report(context, findings, ids::STYLE_CHANGED, instead);
    },
);

pub(super) const WEBHOOK_REMOVED: Rule = rule(
    "openapi/webhook-removed",
    "A webhook or callback is removed from the API",
    Major,
    ids::WEBHOOK_REMOVED,
    include_str!("../../../fixtures/rules/openapi/webhook-removed.md"),
    |context, findings| {
        let instead = "Go on sending it until its receivers have moved, and mark it `deprecated: true` meanwhile.";
        report(context, findings, ids::WEBHOOK_REMOVED, instead);
        report(context, findings, ids::CALLBACK_REMOVED, instead);
    },
);

pub(super) const SECURITY_UNDECLARED: Rule = Rule {
    kind: FindingKind::Evidence,
    ..rule(
        "openapi/security-undeclared",
        "A new operation declares no authorisation while all others do",
        Minor,
        &[],
        include_str!("../../../fixtures/rules/openapi/security-undeclared.md"),
        |context, findings| {
            let texts = (
                "is new and declares no `security`",
                "The other operations of the description have {}; readers and gateways take this one for public.",
                "Declare the same `security`, or `security: []` to say that the operation is public on purpose.",
            );
            report_lapses(context, findings, Habit::Security, texts);
        },
    )
};

pub(super) const SCHEME_UNKNOWN: Rule = rule(
    "openapi/security-scheme-unknown",
    "An operation asks for a security scheme that the description does not define",
    Major,
    &[],
    include_str!("../../../fixtures/rules/openapi/security-scheme-unknown.md"),
    |context, findings| {
        let texts = (
            "asks for an unknown security scheme",
            "{}. Documentation, gateways and generated clients refuse the document or take the operation for public.",
            "Correct the name, or define the scheme.",
        );
        report_lapses(context, findings, Habit::KnownScheme, texts);
    },
);

pub(super) const UNBOUNDED_LIST: Rule = Rule {
    kind: FindingKind::Evidence,
    ..rule(
        "openapi/list-without-pagination",
        "A new operation returns a list without pages while the others have them",
        Minor,
        &[],
        include_str!("../../../fixtures/rules/openapi/list-without-pagination.md"),
        |context, findings| {
            let texts = (
                "returns a list without pages",
                "Most lists of the description are cut by {}. A list without anything like it grows with the data until it is too large to answer.",
                "Add the same parameters, with a default and a maximum.",
            );
            report_lapses(context, findings, Habit::Pagination, texts);
        },
    )
};

pub(super) const NO_IDEMPOTENCY_KEY: Rule = Rule {
    kind: FindingKind::Question,
    ..rule(
        "openapi/idempotency-key-missing",
        "A new operation creates something without the idempotency key that others take",
        Info,
        &[],
        include_str!("../../../fixtures/rules/openapi/idempotency-key-missing.md"),
        |context, findings| {
            let texts = (
                "takes no idempotency key",
                "Most operations that create something take {}, so that a client may repeat a call whose answer was lost. Is repeating this one harmless?",
                "Take the same key, or say in the description why a repeated call does no harm.",
            );
            report_lapses(context, findings, Habit::Idempotency, texts);
        },
    )
};

pub(super) const OTHER_ERROR_SHAPE: Rule = Rule {
    kind: FindingKind::Evidence,
    ..rule(
        "openapi/error-shape-differs",
        "An error is described in another shape than the others",
        Minor,
        &[],
        include_str!("../../../fixtures/rules/openapi/error-shape-differs.md"),
        |context, findings| {
            let texts = (
                "describes an error in another shape",
                "{}. Clients read errors with one piece of code, which finds nothing there.",
                "Describe and send errors in the shape that clients know.",
            );
            report_lapses(context, findings, Habit::ErrorShape, texts);
        },
    )
};

pub(super) const EXAMPLE_MISFIT: Rule = rule(
    "openapi/example-does-not-fit",
    "An example is not what its schema accepts",
    Minor,
    &["spectral:oas3-valid-media-example", "spectral:oas3-valid-schema-example"],
    include_str!("../../../fixtures/rules/openapi/example-does-not-fit.md"),
    report_misfits,
);

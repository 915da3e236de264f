//! Rules of the `openapi` family: changes of an API description that break its clients.

mod catalogue;
pub(super) mod diff;
pub(super) mod document;
mod examples;
mod inputs;
mod lint;
pub(super) mod model;
mod report;
pub(super) mod resolve;
mod rules;
mod table;

pub use self::catalogue::Level;
pub use self::diff::Difference;

use self::model::Description;
use self::resolve::Documents;
use self::rules::*;
use super::{Check, Draft, Findings, Memo, Rule, RuleContext};
use crate::domain::change::FileChange;
use crate::domain::diff::{LineRange, Side};
use crate::domain::finding::Confidence::High;
use crate::domain::finding::Severity::Major;
use crate::domain::finding::{Category, FindingKind};
use crate::domain::path::RepoPath;
use crate::domain::report::Endpoint;
use crate::domain::team::Lane;
use crate::rules::parse::yaml;

const INVALID_DOCUMENT: Rule = Rule {
    code: "openapi/invalid-document",
    title: "An OpenAPI document can no longer be read",
    lane: Lane::Lead,
    kind: FindingKind::Evidence,
    category: Category::Api,
    severity: Major,
    confidence: High,
    equivalents: &[],
    page: include_str!("../../../fixtures/rules/openapi/invalid-document.md"),
    check: Check::File { applies: document::may_be_document, check: unreadable },
};

fn unreadable(context: &RuleContext<'_>, file: &FileChange, findings: &mut Findings<'_>) {
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
            recommendation: "Correct the syntax; the document could be read before this change."
                .to_owned(),
            ..Draft::default()
        };
        findings.at_head(file, LineRange::line(error.line), draft);
    }
}

/// The differences between two versions of a description that each stand in one file, YAML or
/// JSON. `None` when one of them is no description.
pub fn differences(base: &str, head: &str) -> Option<Vec<Difference>> {
    let path = RepoPath::new("openapi.yaml")?;
    let (old, new) = (yaml::parse(base), yaml::parse(head));
    let documents = |node| Documents::new(vec![(path.clone(), node)]);
    let base = Description::new(documents(document::root(&old)?))?;
    let head = Description::new(documents(document::root(&new)?))?;
    Some(diff::compare(&base, &head).differences)
}

/// The operations that a change adds, changes or removes, as far as rules compared descriptions in
/// the review that the memory belongs to. Empty when none ran.
pub fn endpoints(memo: &Memo) -> Vec<Endpoint> {
    let Some(reviewed) = memo.known::<inputs::Reviewed>() else { return Vec::new() };
    reviewed.descriptions.iter().flat_map(|one| one.endpoints.clone()).collect()
}

pub(super) const RULES: &[Rule] = &[
    OPERATION_REMOVED,
    REQUIRED_PARAMETER,
    REQUIRED_FIELD,
    FIELD_REMOVED,
    STATUS_REMOVED,
    MEDIA_TYPE_REMOVED,
    VALUE_REMOVED,
    LIMIT_TIGHTENED,
    LIMIT_LOOSENED,
    TYPE_CHANGED,
    ALTERNATIVES_CHANGED,
    KEYWORD_CHANGED,
    REQUEST_FIELD_REMOVED,
    RESPONSE_VALUE_ADDED,
    DEFAULT_CHANGED,
    SUNSET_NOT_KEPT,
    STABILITY_LOWERED,
    STYLE_CHANGED,
    WEBHOOK_REMOVED,
    INVALID_DOCUMENT,
    SECURITY_UNDECLARED,
    SCHEME_UNKNOWN,
    UNBOUNDED_LIST,
    NO_IDEMPOTENCY_KEY,
    OTHER_ERROR_SHAPE,
    EXAMPLE_MISFIT,
];

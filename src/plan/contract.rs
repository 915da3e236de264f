//! The contract that is agreed on before anybody builds, where backend and web are both touched.

use super::facts::Facts;
use crate::domain::plan::{Contract, ContractState, ErrorShape, Pattern};

pub fn of(facts: &Facts<'_>, cross_stack: bool) -> Option<Contract> {
    let builds = matches!(
        facts.nature.pattern,
        Some(Pattern::ApiChange | Pattern::NewFeature | Pattern::NewService)
    );
    if facts.endpoints.is_empty() || !(cross_stack || builds) {
        return None;
    }
    let profile = facts.repository.documents.error_profile.as_ref();
    Some(Contract {
        state: ContractState::Draft,
        endpoints: facts.endpoints.iter().map(|mentioned| mentioned.endpoint.clone()).collect(),
        errors: errors(facts),
        i18n: Vec::new(),
        profile: profile.map(|(profile, ..)| (*profile).to_owned()),
    })
}

/// Errors whose status the requirements name.
fn errors(facts: &Facts<'_>) -> Vec<ErrorShape> {
    let known = [
        (400, "bad-request", "BAD_REQUEST"),
        (401, "unauthenticated", "UNAUTHENTICATED"),
        (403, "forbidden", "FORBIDDEN"),
        (404, "not-found", "NOT_FOUND"),
        (409, "conflict", "CONFLICT"),
        (410, "gone", "GONE"),
        (412, "precondition-failed", "PRECONDITION_FAILED"),
        (422, "unprocessable", "UNPROCESSABLE"),
        (429, "too-many-requests", "TOO_MANY_REQUESTS"),
    ];
    let mut words = facts.words.clone();
    for block in facts.brief.wanted() {
        words.push(&block.text.replace('`', " "));
    }
    let named = known.into_iter().filter(|(status, ..)| words.has(&status.to_string()));
    named
        .map(|(status, kind, code)| ErrorShape {
            status,
            kind: kind.to_owned(),
            code: code.to_owned(),
        })
        .collect()
}

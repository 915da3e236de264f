//! Questions about what callers see and may do.

use super::{COMPATIBILITY, CONTRACT, DEPENDENCY, ENDPOINTS, Open, PERMISSIONS};
use crate::domain::plan::{Pattern, WorkScope};
use crate::plan::facts::Facts;
use crate::plan::words::{codes, list};

pub(super) fn endpoints(facts: &Facts<'_>) -> Option<Open> {
    let new = matches!(
        facts.nature.pattern,
        Some(Pattern::ApiChange | Pattern::NewFeature | Pattern::NewService)
    );
    let asked = facts.signals.api && facts.endpoints.is_empty() && new;
    asked.then(|| {
        let known = facts.repository.documents.contract.as_ref();
        let near: Vec<String> = known
            .map(|contract| {
                contract
                    .endpoints
                    .iter()
                    .filter(|endpoint| {
                        facts.references.subjects.iter().take(8).any(|subject| {
                            endpoint.path.to_lowercase().contains(subject.as_str())
                        })
                    })
                    .map(|endpoint| format!("{} {}", endpoint.method, endpoint.path))
                    .take(3)
                    .collect()
            })
            .unwrap_or_default();
        let text = if near.is_empty() {
            "Which operations change or are new, by method and path?".to_owned()
        } else {
            format!("Which operations change or are new, by method and path? The contract has {}.", codes(&near))
        };
        Open {
            topic: ENDPOINTS,
            text,
            options: vec![
                "The lead proposes them in the contract step, and nobody builds before that is agreed".to_owned(),
                "Name them, for example `GET /orders/{id}`".to_owned(),
            ],
            assumption: "The lead proposes method and path in the contract step".to_owned(),
            needed: true,
        }
    })
}

pub(super) fn contract(facts: &Facts<'_>) -> Option<Open> {
    let cross = facts.nature.scope == Some(WorkScope::CrossStack);
    let fields = facts.endpoints.iter().any(|m| {
        let writes = matches!(m.endpoint.method.as_str(), "POST" | "PUT" | "PATCH");
        let known =
            facts.repository.documents.endpoint(&m.endpoint.method, &m.endpoint.path).is_some();
        !known
            && ((writes && m.endpoint.request.is_empty())
                || (cross && m.endpoint.response.is_empty()))
    });
    fields.then(|| Open {
        topic: CONTRACT,
        text: format!(
            "Which fields do request and response of {} have?",
            codes(&facts.endpoint_names())
        ),
        options: vec![
            "Only what the requirements name; the contract step states it before anybody builds"
                .to_owned(),
            "Name them, for example `body amount, reason; returns id, status`".to_owned(),
        ],
        assumption: "Request and response have only the fields that the requirements name"
            .to_owned(),
        needed: cross,
    })
}

pub(super) fn compatibility(facts: &Facts<'_>) -> Option<Open> {
    let breaking = &facts.nature.breaking;
    (!breaking.is_empty()).then(|| Open {
        topic: COMPATIBILITY,
        text: format!(
            "How do existing clients move? {}.",
            crate::plan::words::sentence(&list(breaking))
        ),
        options: vec![
            "Old and new work side by side until no client uses the old form".to_owned(),
            "A new version of the API has the new form".to_owned(),
            "Every client is ours and changes with the same release".to_owned(),
        ],
        assumption: "Old and new work side by side".to_owned(),
        needed: true,
    })
}

pub(super) fn permissions(facts: &Facts<'_>) -> Option<Open> {
    let sensitive = facts.nature.sensitive;
    let touches = sensitive.payments || sensitive.tenancy || sensitive.auth;
    let builds = matches!(
        facts.nature.pattern,
        Some(Pattern::ApiChange | Pattern::NewFeature | Pattern::NewService)
    ) && !facts.nature.schema_only;
    let said = facts.words.any(&[
        "only admins",
        "only an admin",
        "only the owner",
        "only owners",
        "admins can",
        "admin only",
        "requires the",
        "require the",
        "with the role",
        "must be authenticated",
        "support agents",
        "only support",
        "managers can",
        "only managers",
        "own orders",
        "permission to",
        "scope",
        "only the",
        "only users",
        "only members",
    ]);
    (touches && builds && !said).then(|| {
        let names = facts.endpoint_names();
        let text = if names.is_empty() {
            let goal = crate::plan::words::cut(&facts.asked.goal, 90);
            format!("Who may do what \u{201C}{goal}\u{201D} adds?")
        } else {
            format!("Who may use {}?", codes(names.get(..3).unwrap_or(&names)))
        };
        Open {
            topic: PERMISSIONS,
            text,
            options: vec![
                "Only whoever may already change the same data; everybody else is refused"
                    .to_owned(),
                "A role of its own (name it)".to_owned(),
            ],
            assumption: "Only whoever may already change the same data".to_owned(),
            needed: true,
        }
    })
}

pub(super) fn dependency(facts: &Facts<'_>) -> Option<Open> {
    let new = &facts.nature.dependencies;
    (!new.is_empty()).then(|| Open {
        topic: DEPENDENCY,
        text: format!("Is {} agreed on? The repository does not use it yet.", list(new)),
        options: vec![
            "No: first see whether what is there is enough".to_owned(),
            "Yes (say who decided and which version)".to_owned(),
        ],
        assumption: "What is there is enough; nothing is added".to_owned(),
        needed: true,
    })
}

//! Which lanes a label calls.

use super::{Reasons, find, reason_text};
use crate::domain::routing::{ChangeLabel, Labelled};
use crate::domain::team::Lane;

/// A lane that a label calls; `true` when nobody can waive it.
type Call = (Lane, bool);

/// The lanes that a label calls by itself.
pub fn calls_of(label: ChangeLabel) -> &'static [Call] {
    match label {
        ChangeLabel::Migration | ChangeLabel::Schema => &[(Lane::Data, true), (Lane::Qa, true)],
        ChangeLabel::Entity => &[(Lane::Data, false)],
        ChangeLabel::Auth | ChangeLabel::Payments => &[(Lane::Security, true)],
        // The lead cannot hand this over; security reads along.
        ChangeLabel::Tenancy => &[(Lane::Lead, true), (Lane::Security, true)],
        ChangeLabel::Pii => &[(Lane::Security, false)],
        ChangeLabel::Secrets => &[(Lane::Infra, false), (Lane::Security, false)],
        ChangeLabel::Infra | ChangeLabel::Ci | ChangeLabel::Config | ChangeLabel::Ingress => {
            &[(Lane::Infra, false)]
        }
        ChangeLabel::Queue => &[(Lane::Infra, false)],
        // The contract between the stacks is agreed on before anything else.
        ChangeLabel::CrossStack => &[(Lane::Lead, true)],
        ChangeLabel::Api
        | ChangeLabel::Code
        | ChangeLabel::CoreRefactor
        | ChangeLabel::Dependency
        | ChangeLabel::ErrorHandling
        | ChangeLabel::Idempotency
        | ChangeLabel::Policy
        | ChangeLabel::Realtime => &[(Lane::Lead, false)],
        ChangeLabel::ExternalIntegration | ChangeLabel::NewModule => {
            &[(Lane::Lead, false), (Lane::Observability, false)]
        }
        ChangeLabel::EventualConsistency => &[(Lane::Lead, false), (Lane::Data, false)],
        ChangeLabel::ExternalCall | ChangeLabel::NewFlow | ChangeLabel::Observability => {
            &[(Lane::Observability, false)]
        }
        ChangeLabel::Performance => &[(Lane::Data, false), (Lane::Observability, false)],
        ChangeLabel::Tests => &[(Lane::Qa, false)],
        ChangeLabel::BugFix | ChangeLabel::Docs | ChangeLabel::Web => &[],
    }
}

pub fn by_label(labels: &[Labelled], reasons: &mut Reasons) {
    for labelled in labels {
        for (lane, mandatory) in calls_of(labelled.label) {
            let (text, evidence) = (reason_text(labelled), labelled.evidence.clone());
            reasons.add(*lane, text, evidence, *mandatory);
        }
    }
}

/// Calls that several labels make together, or the lack of one.
pub fn by_combination(labels: &[Labelled], reasons: &mut Reasons) {
    let api = find(labels, ChangeLabel::Api).or_else(|| find(labels, ChangeLabel::Ingress));
    if let (Some(infra), Some(api)) = (find(labels, ChangeLabel::Infra), api) {
        let text = format!(
            "`{}` with `{}`: infrastructure changes together with what clients reach",
            infra.label, api.label
        );
        let evidence = infra.evidence.iter().take(2).chain(api.evidence.first()).cloned();
        reasons.add(Lane::Lead, text, evidence.collect(), false);
    }
    if let (Some(code), None) = (find(labels, ChangeLabel::Code), find(labels, ChangeLabel::Tests))
    {
        let text = "`code`: code changes and no test does".to_owned();
        reasons.add(Lane::Qa, text, code.evidence.clone(), false);
    }
}

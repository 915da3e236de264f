//! Who is called for what.

use proptest::prelude::*;

use super::assign;
use crate::config::policy::Policy;
use crate::domain::assemble::{change, file_change};
use crate::domain::change::{Change, FileChange};
use crate::domain::path::RepoPath;
use crate::domain::routing::{ChangeLabel, Labelled, Routing};
use crate::domain::team::{
    CollaborationPattern, Lane, MandatoryInvolvement, Member, PatternStep, Team,
};
use crate::domain::text::Untrusted;

const ALL: [ChangeLabel; 33] = [
    ChangeLabel::Api,
    ChangeLabel::Auth,
    ChangeLabel::BugFix,
    ChangeLabel::Ci,
    ChangeLabel::Code,
    ChangeLabel::Config,
    ChangeLabel::CoreRefactor,
    ChangeLabel::CrossStack,
    ChangeLabel::Dependency,
    ChangeLabel::Docs,
    ChangeLabel::Entity,
    ChangeLabel::ErrorHandling,
    ChangeLabel::EventualConsistency,
    ChangeLabel::ExternalCall,
    ChangeLabel::ExternalIntegration,
    ChangeLabel::Idempotency,
    ChangeLabel::Infra,
    ChangeLabel::Ingress,
    ChangeLabel::Migration,
    ChangeLabel::NewFlow,
    ChangeLabel::NewModule,
    ChangeLabel::Observability,
    ChangeLabel::Payments,
    ChangeLabel::Performance,
    ChangeLabel::Pii,
    ChangeLabel::Policy,
    ChangeLabel::Queue,
    ChangeLabel::Realtime,
    ChangeLabel::Schema,
    ChangeLabel::Secrets,
    ChangeLabel::Tenancy,
    ChangeLabel::Tests,
    ChangeLabel::Web,
];

/// What nobody can waive.
const UNWAIVABLE: &[(ChangeLabel, Lane)] = &[
    (ChangeLabel::Auth, Lane::Security),
    (ChangeLabel::Payments, Lane::Security),
    (ChangeLabel::Tenancy, Lane::Lead),
    (ChangeLabel::Tenancy, Lane::Security),
    (ChangeLabel::Schema, Lane::Qa),
    (ChangeLabel::Schema, Lane::Data),
    (ChangeLabel::Migration, Lane::Qa),
    (ChangeLabel::Migration, Lane::Data),
    (ChangeLabel::CrossStack, Lane::Lead),
];

fn file(path: &str) -> FileChange {
    file_change(RepoPath::new(path).unwrap(), Some("a\n"), Some("b\n"))
}

fn labelled(label: ChangeLabel) -> Labelled {
    let evidence = vec![file("src/a.rs").anchor_file()];
    Labelled { label, because: "it does".to_owned(), evidence }
}

fn route_in(change: &Change, labels: &[ChangeLabel], team: &Team) -> Routing {
    let labels = labels.iter().copied().map(labelled).collect();
    assign(change, labels, team, &Policy::default())
}

fn route(labels: &[ChangeLabel]) -> Routing {
    route_in(&change(vec![file("src/a.rs")]), labels, &Team::default())
}

fn lanes(routing: &Routing) -> Vec<Lane> {
    routing.assignments.iter().map(|assignment| assignment.lane).collect()
}

fn demand(trigger: &str, involve: &str) -> MandatoryInvolvement {
    MandatoryInvolvement { trigger: trigger.to_owned(), involve: involve.to_owned(), source: None }
}

fn pattern(name: &str) -> CollaborationPattern {
    let step = PatternStep { agent: "a".into(), task: "b".into(), conditional: false };
    CollaborationPattern { name: name.to_owned(), steps: vec![step], source: None }
}

fn is_mandatory(routing: &Routing, lane: Lane) -> bool {
    routing.assignment(lane).is_some_and(|a| a.reasons.iter().any(|reason| reason.mandatory))
}

#[test]
fn nothing_for_the_team_calls_nobody() {
    for labels in [&[][..], &[ChangeLabel::Docs], &[ChangeLabel::Web], &[ChangeLabel::BugFix]] {
        let team = Team { patterns: vec![pattern("Bug fix")], ..Team::default() };
        let routing = route_in(&change(vec![]), labels, &team);
        assert_eq!(routing.assignments, vec![]);
        assert_eq!(routing.pattern, None);
    }
}

#[test]
fn code_goes_to_the_lead_and_without_tests_to_qa() {
    assert_eq!(lanes(&route(&[ChangeLabel::Code])), [Lane::Lead, Lane::Qa]);
    let tested = route(&[ChangeLabel::Code, ChangeLabel::Tests]);
    let qa = tested.assignment(Lane::Qa).unwrap();
    assert_eq!(qa.reasons[0].text, "`tests`: it does");
}

#[test]
fn infrastructure_alone_stays_with_infra_and_with_ingress_calls_the_lead() {
    assert_eq!(lanes(&route(&[ChangeLabel::Infra])), [Lane::Infra]);
    assert_eq!(
        lanes(&route(&[ChangeLabel::Infra, ChangeLabel::Ingress])),
        [Lane::Lead, Lane::Infra]
    );
    let both = route(&[ChangeLabel::Infra, ChangeLabel::Api]);
    let lead = both.assignment(Lane::Lead).unwrap();
    assert!(lead.reasons.iter().any(|reason| reason.text.starts_with("`infra` with `api`")));
}

#[test]
fn members_are_called_by_their_own_names() {
    let mut keeper = Member::named("ledger-dba");
    keeper.lane = Some(Lane::Data);
    let team = Team { members: vec![keeper], ..Team::default() };
    let routing = route_in(&change(vec![]), &[ChangeLabel::Migration], &team);
    assert_eq!(routing.assignment(Lane::Data).unwrap().agent, "ledger-dba");
    assert_eq!(routing.assignment(Lane::Qa).unwrap().agent, "qa-specialist");
}

#[test]
fn tables_add_members_by_name_or_title() {
    let team = Team {
        mandatory: vec![
            demand("dependencies", "Security/Privacy Reviewer"),
            demand("endpoints", "QA/Test Specialist + PO gate"),
            demand("tenant boundary", "(mandatory - cannot delegate)"),
            demand("cross-stack contract", "Web Lead"),
            demand("weather", "Security"),
        ],
        ..Team::default()
    };
    let go = |labels: &[ChangeLabel]| route_in(&change(vec![]), labels, &team);
    assert!(is_mandatory(&go(&[ChangeLabel::Dependency]), Lane::Security));
    assert!(is_mandatory(&go(&[ChangeLabel::Api]), Lane::Qa));
    assert!(is_mandatory(&go(&[ChangeLabel::Tenancy]), Lane::Lead));
    let cross = go(&[ChangeLabel::CrossStack]);
    let lead = cross.assignment(Lane::Lead).unwrap();
    assert!(lead.reasons.iter().any(|reason| reason.text.contains("`Web Lead`")));
    assert_eq!(lanes(&go(&[ChangeLabel::Api])), [Lane::Lead, Lane::Qa]);
}

#[test]
fn critical_paths_call_for_tests_and_signals() {
    let policy = Policy { critical_paths: vec!["src/pay/**".into()], ..Policy::default() };
    let labels = || vec![labelled(ChangeLabel::Code), labelled(ChangeLabel::Tests)];
    let hit = assign(&change(vec![file("src/pay/a.rs")]), labels(), &Team::default(), &policy);
    assert!(is_mandatory(&hit, Lane::Qa) && is_mandatory(&hit, Lane::Observability));
    let miss = assign(&change(vec![file("src/b.rs")]), labels(), &Team::default(), &policy);
    assert_eq!(lanes(&miss), [Lane::Lead, Lane::Qa]);
}

#[test]
fn the_pattern_that_fits() {
    let team = Team {
        patterns: vec![
            pattern("New service / subsystem"),
            pattern("API change"),
            pattern("Operational incident follow-up"),
        ],
        ..Team::default()
    };
    let mut subject = change(vec![]);
    let chosen = |change: &Change, labels: &[ChangeLabel]| route_in(change, labels, &team).pattern;
    assert_eq!(chosen(&subject, &[ChangeLabel::Api]).as_deref(), Some("API change"));
    let new = chosen(&subject, &[ChangeLabel::Api, ChangeLabel::NewModule]);
    assert_eq!(new.as_deref(), Some("New service / subsystem"));
    assert_eq!(chosen(&subject, &[ChangeLabel::Code]), None);
    subject.title = Untrusted::from("Harden retries after the incident of May");
    let incident = chosen(&subject, &[ChangeLabel::Api]);
    assert_eq!(incident.as_deref(), Some("Operational incident follow-up"));
}

proptest! {
    #[test]
    fn what_must_be_involved_always_is(
        chosen in prop::collection::btree_set(prop::sample::select(&ALL[..]), 0..10),
        trigger in "[a-z/ ]{0,20}",
        involve in "\\PC{0,20}",
    ) {
        let team = Team { mandatory: vec![demand(&trigger, &involve)], ..Team::default() };
        let labels: Vec<ChangeLabel> = chosen.iter().copied().collect();
        let routing = route_in(&change(vec![file("src/a.rs")]), &labels, &team);
        for (label, lane) in UNWAIVABLE.iter().filter(|(label, _)| chosen.contains(label)) {
            prop_assert!(is_mandatory(&routing, *lane), "{label} without {lane}");
        }
        for assignment in &routing.assignments {
            prop_assert!(assignment.lane != Lane::Implementer);
            prop_assert!(!assignment.agent.is_empty() && !assignment.reasons.is_empty());
            for reason in &assignment.reasons {
                prop_assert!(!reason.text.trim().is_empty());
                prop_assert!(reason.text.matches('`').count() % 2 == 0, "{}", reason.text);
            }
        }
        let again = route_in(&change(vec![file("src/a.rs")]), &labels, &team);
        prop_assert_eq!(routing, again);
    }
}

//! Who looks at a change, and why.
//!
//! Labels call lanes. Some calls cannot be waived: they are `mandatory`, whatever the team's own
//! files say, and the repository's "must involve" tables can only add to them.

mod calls;
mod demands;
mod pattern;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::config::policy::{PathSet, Policy};
use crate::domain::change::{Anchor, Change};
use crate::domain::routing::{Assignment, ChangeLabel, Labelled, Reason, Routing};
use crate::domain::team::{Lane, Team};

/// Places that one reason names at most.
const MAX_EVIDENCE: usize = 3;

/// Reasons by lane, under construction.
#[derive(Default)]
pub(crate) struct Reasons(BTreeMap<Lane, Vec<Reason>>);

impl Reasons {
    fn add(&mut self, lane: Lane, text: String, evidence: Vec<Anchor>, mandatory: bool) {
        let reasons = self.0.entry(lane).or_default();
        if let Some(known) = reasons.iter_mut().find(|reason| reason.text == text) {
            known.mandatory |= mandatory;
            return;
        }
        reasons.push(Reason { text, evidence, mandatory });
    }
}

/// Assigns the members of the team to the change. Nothing relevant gives no assignment.
pub fn assign(change: &Change, labels: Vec<Labelled>, team: &Team, policy: &Policy) -> Routing {
    let mut reasons = Reasons::default();
    calls::by_label(&labels, &mut reasons);
    calls::by_combination(&labels, &mut reasons);
    critical_paths(change, policy, &labels, &mut reasons);
    demands::apply(team, &labels, &mut reasons);
    let pattern = if reasons.0.is_empty() { None } else { pattern::choose(change, &labels, team) };
    let assignments = Lane::REVIEWERS
        .into_iter()
        .filter_map(|lane| {
            let mut reasons = reasons.0.remove(&lane)?;
            // What cannot be waived is said first.
            reasons.sort_by_key(|reason| !reason.mandatory);
            Some(Assignment { lane, agent: team.name_for(lane).to_owned(), reasons })
        })
        .collect();
    Routing { labels, assignments, pattern }
}

/// Code on paths whose failure is an incident: tests and signals are looked at.
fn critical_paths(change: &Change, policy: &Policy, labels: &[Labelled], reasons: &mut Reasons) {
    if policy.critical_paths.is_empty() || find(labels, ChangeLabel::Code).is_none() {
        return;
    }
    let critical = PathSet::new(&policy.critical_paths);
    let ignored = PathSet::new(&policy.ignore);
    let files = change.files.iter().filter(|file| {
        critical.matches(&file.path) && !ignored.matches(&file.path) && !file.derived
    });
    let evidence: Vec<Anchor> = files.map(|file| file.anchor_file()).take(MAX_EVIDENCE).collect();
    if evidence.is_empty() {
        return;
    }
    for lane in [Lane::Qa, Lane::Observability] {
        let text = "a path that the policy calls critical changes".to_owned();
        reasons.add(lane, text, evidence.clone(), true);
    }
}

fn find(labels: &[Labelled], label: ChangeLabel) -> Option<&Labelled> {
    labels.iter().find(|labelled| labelled.label == label)
}

/// "`migration`: a migration was added".
fn reason_text(labelled: &Labelled) -> String {
    format!("`{}`: {}", labelled.label, labelled.because)
}

//! The order of agents that the repository's own collaboration patterns ask for.
//!
//! A pattern decides where it is definite: it is for this kind of request and the only one for it,
//! and it names members of the team, each once, without a condition. Where the tasks are in its
//! order already, nothing changes, and what does not depend on each other may still go on side by
//! side. What one task needs from another comes first whatever a pattern says.

use std::collections::BTreeMap;

use super::decompose::{Stage, Step};
use super::facts::Facts;
use super::roles;
use super::words::{Words, code};
use crate::domain::finding::Prose;
use crate::domain::plan::{Evidence, Pattern, WorkScope};
use crate::domain::team::{CollaborationPattern, Team};

/// What became of the steps.
pub struct Followed {
    pub steps: Vec<Step>,
    /// The pattern that orders them.
    pub shown: Option<Evidence>,
    /// Why a pattern that is for this request is not followed.
    pub refused: Option<Prose>,
}

/// Words of a pattern's name that tell which requests it is for.
const NAMES: [(Pattern, &[&str]); 8] = [
    (
        Pattern::NewService,
        &["new service", "new services", "new subsystem", "new microservice", "new module"],
    ),
    (
        Pattern::ApiChange,
        &[
            "api change",
            "api changes",
            "endpoint",
            "endpoints",
            "api contract",
            "change of the api",
        ],
    ),
    (
        Pattern::Incident,
        &["incident", "incidents", "outage", "outages", "postmortem", "post mortem"],
    ),
    (Pattern::NewFeature, &["feature", "features"]),
    (Pattern::Performance, &["performance", "slow", "latency"]),
    (Pattern::BugFix, &["bug", "bugs", "bugfix", "defect", "defects", "error", "errors"]),
    (Pattern::SecurityReview, &["security review", "security audit", "security reviews"]),
    (Pattern::Deployment, &["deployment", "deployments", "deploy", "release", "rollout"]),
];

/// Puts the steps in the order of the repository's own pattern for this request, if it has one.
pub fn follow(facts: &Facts<'_>, steps: Vec<Step>) -> Followed {
    let unchanged = |steps| Followed { steps, shown: None, refused: None };
    let Some(pattern) = own_pattern(facts) else { return unchanged(steps) };
    let Some(order) = definite(pattern, facts.team) else { return unchanged(steps) };
    let agents: Vec<String> =
        steps.iter().map(|step| roles::agent(step.role, facts.team).name).collect();
    let ranks: Vec<Option<usize>> = agents.iter().map(|agent| order.get(agent).copied()).collect();
    let mut present: Vec<usize> = ranks.iter().flatten().copied().collect();
    let in_order = present.is_sorted();
    present.sort_unstable();
    present.dedup();
    if present.len() < 2 {
        return unchanged(steps);
    }
    let named: Vec<String> = present
        .iter()
        .filter_map(|rank| order.iter().find(|(_, at)| *at == rank).map(|(name, _)| code(name)))
        .collect();
    let named = named.join(", then ");
    let name = code(&pattern.name);
    if in_order {
        let shown = shown(pattern, format!("its pattern {name} has {named}"));
        return Followed { steps, shown, refused: None };
    }
    match reordered(facts, &steps, &ranks) {
        Some(steps) => {
            let shown = shown(pattern, format!("its pattern {name} puts {named}"));
            Followed { steps, shown, refused: None }
        }
        None => {
            let place = pattern.source.as_ref().map_or(String::new(), |source| {
                format!("{}:{} ", code(source.path.as_str()), source.lines.start())
            });
            let refused = format!(
                "the order of the pattern {name} ({place}{named}): what one task needs from \
                 another comes first"
            );
            Followed { steps, shown: None, refused: Some(refused) }
        }
    }
}

fn shown(pattern: &CollaborationPattern, shows: String) -> Option<Evidence> {
    let source = pattern.source.as_ref()?;
    Some(Evidence {
        path: source.path.to_string(),
        lines: Some(source.lines.start().to_string()),
        shows,
    })
}

/// The only pattern of the repository's own files that is for this kind of request.
fn own_pattern<'a>(facts: &Facts<'a>) -> Option<&'a CollaborationPattern> {
    let wanted = facts.nature.pattern?;
    let fits = |pattern: &&CollaborationPattern| {
        let words = Words::of(&pattern.name.replace(['/', '-'], " "));
        let mut kinds = NAMES.iter().filter(|(_, names)| words.any(names)).map(|(kind, _)| *kind);
        pattern.source.is_some() && kinds.next() == Some(wanted) && kinds.next().is_none()
    };
    let mut fitting = facts.team.patterns.iter().filter(fits);
    let first = fitting.next()?;
    fitting.next().is_none().then_some(first)
}

/// Places of members in the pattern. Steps under a condition and names of nobody have none; a
/// member that comes twice makes the order no order.
fn definite(pattern: &CollaborationPattern, team: &Team) -> Option<BTreeMap<String, usize>> {
    let mut order = BTreeMap::new();
    for (rank, step) in pattern.steps.iter().enumerate().filter(|(_, step)| !step.conditional) {
        let Some(name) = member(&step.agent, team) else { continue };
        if order.insert(name, rank).is_some() {
            return None;
        }
    }
    Some(order)
}

/// The member that a name means: its own name, or the last part of it.
fn member(name: &str, team: &Team) -> Option<String> {
    let name = name.trim().trim_matches('`');
    let same = |text: &str| text.eq_ignore_ascii_case(name);
    let found = team.members.iter().find(|member| same(&member.name)).or_else(|| {
        let last = |full: &str| full.rsplit('/').next().is_some_and(same);
        team.members.iter().find(|member| last(&member.name))
    });
    found.map(|member| member.name.clone())
}

/// Whether a step cannot do without an earlier one.
fn needs(facts: &Facts<'_>, step: &Step, earlier: &Step) -> bool {
    match earlier.stage {
        // Backend and web agree on their contract before either is built.
        Stage::Decide => {
            facts.nature.scope == Some(WorkScope::CrossStack) && step.stage != Stage::Decide
        }
        Stage::Expand => !matches!(step.stage, Stage::Decide | Stage::Operate),
        Stage::Build | Stage::Backfill => {
            matches!(step.stage, Stage::Backfill | Stage::Contract) || step.role == earlier.role
        }
        Stage::Contract => true,
        Stage::Operate => false,
    }
}

/// The steps in the order of their ranks; `None` if a step needs one that would come later.
fn reordered(facts: &Facts<'_>, steps: &[Step], ranks: &[Option<usize>]) -> Option<Vec<Step>> {
    let rank = |at: usize| ranks.get(at).copied().flatten();
    let mut after: Vec<Vec<usize>> = Vec::new();
    for (at, step) in steps.iter().enumerate() {
        let kept = step.after.iter().copied().filter(|before| match (rank(*before), rank(at)) {
            (Some(earlier), Some(own)) if earlier > own => {
                steps.get(*before).is_some_and(|before| needs(facts, step, before))
            }
            _ => true,
        });
        let mut edges: Vec<usize> = kept.collect();
        if let Some(own) = rank(at) {
            let before = ranks.iter().flatten().copied().filter(|other| *other < own).max();
            edges.extend(
                (0..steps.len()).filter(|other| before.is_some() && rank(*other) == before),
            );
        }
        edges.sort_unstable();
        edges.dedup();
        after.push(edges);
    }
    // What is needed indirectly is needed: a step that loses its place in a chain keeps this.
    for (at, step) in steps.iter().enumerate() {
        for (before, earlier) in steps.iter().enumerate().take(at) {
            if reaches(steps, at, before) && needs(facts, step, earlier) {
                after.get_mut(at)?.push(before);
            }
        }
    }
    let order = sorted(&after, ranks)?;
    let place = |at: usize| order.iter().position(|other| *other == at);
    let mut moved: Vec<Step> = order.iter().filter_map(|at| steps.get(*at).cloned()).collect();
    for (step, at) in moved.iter_mut().zip(&order) {
        let edges = after.get(*at)?.iter().filter_map(|before| place(*before));
        step.after = edges.collect();
        step.after.sort_unstable();
        step.after.dedup();
    }
    reduce(&mut moved);
    Some(moved)
}

/// Whether a step waits for another, directly or not. Steps wait for earlier ones only.
fn reaches(steps: &[Step], from: usize, to: usize) -> bool {
    let mut reached = vec![false; steps.len()];
    let mut open = vec![from];
    while let Some(at) = open.pop() {
        for before in steps.get(at).into_iter().flat_map(|step| &step.after) {
            if let Some(seen) = reached.get_mut(*before).filter(|seen| !**seen) {
                *seen = true;
                open.push(*before);
            }
        }
    }
    reached.get(to).copied().unwrap_or_default()
}

/// Positions so that each comes after what it waits for: by rank, then as they were. `None` for a
/// circle.
fn sorted(after: &[Vec<usize>], ranks: &[Option<usize>]) -> Option<Vec<usize>> {
    let mut order: Vec<usize> = Vec::new();
    while order.len() < after.len() {
        let ready = (0..after.len()).filter(|at| {
            let waits = after.get(*at).into_iter().flatten().any(|before| !order.contains(before));
            !order.contains(at) && !waits
        });
        // A step without a rank comes when those that it stood behind are done.
        let key = |at: &usize| (ranks.get(*at).copied().flatten().unwrap_or(*at), *at);
        order.push(ready.min_by_key(key)?);
    }
    Some(order)
}

/// Leaves out what a step waits for through another one already.
fn reduce(steps: &mut [Step]) {
    for at in 0..steps.len() {
        let direct = steps.get(at).map(|step| step.after.clone()).unwrap_or_default();
        let kept: Vec<usize> = direct
            .iter()
            .copied()
            .filter(|before| {
                !direct.iter().any(|other| other != before && reaches(steps, *other, *before))
            })
            .collect();
        if let Some(step) = steps.get_mut(at) {
            step.after = kept;
        }
    }
}

//! One review: from a loaded change to a report. Shared by the server, the terminal and CI.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use super::load::{Loaded, PolicyOrigin};
use crate::agents::{RuleLog, RunLimits, RunOutcome, run_rules};
use crate::classify::classify;
use crate::domain::change::{Anchor, Change, FileChange, SourceFile, Text};
use crate::domain::diff::Side;
use crate::domain::finding::{Fingerprint, RuleCode};
use crate::domain::ids::Login;
use crate::domain::path::RepoPath;
use crate::domain::report::{
    AgentSection, Answer, ChangeStats, NotChecked, RejectedGate, RememberedFinding, Report,
};
use crate::domain::routing::{Assignment, ChangeLabel, Reason, Routing};
use crate::domain::team::{Lane, Team};
use crate::instructions;
use crate::ports::source::{Fetched, Need, Source, SourceError};
use crate::report::gates;
use crate::report::settle::{Settled, Settling};
use crate::report::verdict;
use crate::routing;
use crate::rules::{
    self, Gathered, MigrationReading, Selection, migration_reading, needs_of, plan_rules,
};

/// What differs from one review to the next.
#[derive(Debug, Clone, Default)]
pub struct ReviewRequest {
    /// What was said before.
    pub memory: Vec<RememberedFinding>,
    /// Only these reviewers; empty means everyone who is needed.
    pub lanes: Vec<Lane>,
    /// Gates that somebody approved for the head under review.
    pub approved: Vec<(Fingerprint, Login)>,
    /// Gates that somebody said no to, at this head.
    pub rejected: Vec<RejectedGate>,
    pub limits: RunLimits,
}

#[derive(Debug, Clone)]
pub struct ReviewResult {
    pub report: Report,
    /// What to remember from now on.
    pub memory: Vec<RememberedFinding>,
}

/// Reviews a loaded change.
pub async fn review(
    source: &dyn Source,
    fetched: &Fetched,
    loaded: &Loaded,
    request: ReviewRequest,
) -> Result<ReviewResult, SourceError> {
    let Loaded { change, policy, .. } = loaded;
    let team = &loaded.instructions.team;
    let labels = classify(change, policy);
    let mut routing = routing::assign(change, labels, team, policy);
    let lanes = called(&request.lanes);
    routing.assignments.retain(|assignment| lanes.contains(&assignment.lane));
    // Rules decide by themselves whether there is something for them: a key in a text file is
    // found although nobody was called for it.
    let selection = plan_rules(change, policy, &lanes);
    let (gathered, mut not_checked) = gather(source, fetched, change, &selection).await?;
    let outcome = run(&selection, loaded, gathered, request.limits).await?;
    call_for_findings(&mut routing, team, &outcome);
    not_checked.extend(outcome.not_checked.iter().cloned());
    let mut settled = settle(loaded, &request, &lanes, &outcome);
    gates::set_aside(&mut settled, &request.approved);
    let mut result = assemble(loaded, routing, outcome, not_checked, settled);
    result.report.rejected = request.rejected;
    Ok(result)
}

fn called(wanted: &[Lane]) -> Vec<Lane> {
    let reviewers = Lane::REVIEWERS.into_iter();
    reviewers.filter(|lane| wanted.is_empty() || wanted.contains(lane)).collect()
}

pub(super) async fn gather(
    source: &dyn Source,
    fetched: &Fetched,
    change: &Change,
    selection: &Selection,
) -> Result<(Gathered, Vec<NotChecked>), SourceError> {
    let needs = needs_of(selection, change);
    if needs.is_empty() {
        return Ok(Default::default());
    }
    let answer = source.gather(fetched, &needs).await?;
    let mut gathered = Gathered::default();
    let mut not_checked = Vec::new();
    for (need, result) in needs.into_iter().zip(answer.results) {
        let whole = result.incomplete.is_none();
        if let Some(why) = result.incomplete {
            not_checked.push(NotChecked { what: described(&need), why });
        }
        let files = result.files.into_iter().map(|file| SourceFile {
            path: file.path,
            side: file.side,
            text: Text::new(file.text),
        });
        gathered.insert(need, files.collect(), whole);
    }
    Ok((gathered, not_checked))
}

fn described(need: &Need) -> String {
    match need {
        Need::File { path, .. } => path.to_string(),
        Need::Glob { globs, .. } => format!("files matching {}", some_of(globs)),
        Need::Search { words, .. } => format!("other files that mention {}", some_of(words)),
    }
}

/// The first three, and how many there are beyond them.
fn some_of(items: &[String]) -> String {
    let shown = items.get(..3).unwrap_or(items).join(", ");
    match items.len().saturating_sub(3) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

async fn run(
    selection: &Selection,
    loaded: &Loaded,
    gathered: Gathered,
    limits: RunLimits,
) -> Result<RunOutcome, SourceError> {
    let (change, policy) = (loaded.change.clone(), loaded.policy.clone());
    let selection = Selection { rules: selection.rules.clone() };
    let rules = move || run_rules(selection, change, policy, Arc::new(gathered), limits);
    tokio::task::spawn_blocking(rules)
        .await
        .map_err(|error| SourceError::Internal(format!("the rules did not run: {error}")))
}

/// A reviewer whose rules found something is shown as called, with that as the reason.
fn call_for_findings(routing: &mut Routing, team: &Team, outcome: &RunOutcome) {
    let lanes: BTreeSet<Lane> = outcome.findings.iter().map(|finding| finding.lane).collect();
    for lane in lanes {
        if routing.assignment(lane).is_none() {
            let text = "one of its rules found something".to_owned();
            routing.assignments.push(Assignment {
                lane,
                agent: team.name_for(lane).to_owned(),
                reasons: vec![Reason { text, evidence: Vec::new(), mandatory: false }],
            });
        }
    }
    routing.assignments.sort_by_key(|assignment| assignment.lane);
}

fn settle(
    loaded: &Loaded,
    request: &ReviewRequest,
    lanes: &[Lane],
    outcome: &RunOutcome,
) -> Settled {
    let failed: HashSet<&str> =
        outcome.not_checked.iter().map(|missing| missing.what.as_str()).collect();
    let change = &loaded.change;
    let looked = |rule: &RuleCode, path: &RepoPath| {
        let called = rules::by_code(&rule.0).is_none_or(|rule| lanes.contains(&rule.lane));
        let omitted = change
            .omissions
            .iter()
            .any(|omission| omission.path.as_ref().is_none_or(|omitted| omitted == path));
        called && !failed.contains(rule.0.as_str()) && !omitted
    };
    let equivalents = |rule: &RuleCode| {
        let ids = rules::by_code(&rule.0).map(|rule| rule.equivalents).unwrap_or_default();
        ids.iter().map(|id| (*id).to_owned()).collect()
    };
    let settling = Settling {
        change,
        policy: &loaded.policy,
        memory: &request.memory,
        looked: &looked,
        equivalents: &equivalents,
    };
    settling.settle(outcome.findings.clone())
}

fn assemble(
    loaded: &Loaded,
    routing: Routing,
    outcome: RunOutcome,
    mut not_checked: Vec<NotChecked>,
    settled: Settled,
) -> ReviewResult {
    let change = &loaded.change;
    not_checked.extend(change.omissions.iter().map(|omission| NotChecked {
        what: omission.path.as_ref().map_or("the change".to_owned(), ToString::to_string),
        why: omission.reason.clone(),
    }));
    not_checked.extend(unread_migrations(&routing, change));
    let mut problems = loaded.policy_problems.clone();
    problems.extend(loaded.instructions.problems.iter().cloned());
    problems.extend(settled.problems);
    let sections = sections(&routing, &outcome.ran, change);
    let mut report = Report {
        repo: change.repo.as_ref().map(|(_, slug)| slug.clone()),
        number: change.number(),
        base: change.base.clone(),
        head: change.head.clone(),
        stats: stats(&change.files),
        answers: answers(change, &routing),
        endpoints: outcome.endpoints,
        routing,
        sections,
        findings: settled.findings,
        fixed: settled.fixed,
        carried: settled.carried,
        dismissed: settled.dismissed,
        rejected: Vec::new(),
        ignored: settled.ignored,
        not_checked,
        assumptions: assumptions(loaded),
        instructions: loaded.instructions.files.clone(),
        problems,
        verdict: crate::domain::report::Verdict::NothingToReview,
        dropped: outcome.dropped + settled.dropped,
    };
    let reviewers = report.routing.assignments.len();
    report.verdict = verdict::verdict(&report.findings, &report.carried, reviewers, &loaded.policy);
    ReviewResult { report, memory: settled.memory }
}

/// What the result rests on besides the change, where the repository says nothing about it.
fn assumptions(loaded: &Loaded) -> Vec<String> {
    let change = &loaded.change;
    let mut assumptions = Vec::new();
    if change.merge_base != change.base {
        assumptions.push(format!(
            "compared with {}, where the change left the base, and not with the base's present \
             commit {}",
            change.merge_base.short(),
            change.base.short()
        ));
    }
    let base = change.base.short();
    match loaded.origin {
        PolicyOrigin::Repository => {}
        PolicyOrigin::Owner => assumptions.push(format!(
            "no policy file at the base commit {base}: the one of the owner's `.github` repository \
             applies"
        )),
        PolicyOrigin::Defaults => assumptions
            .push(format!("no policy file at the base commit {base}: the defaults apply")),
    }
    if loaded.instructions.team == instructions::built_in_team() {
        assumptions
            .push(format!("no agents are described at the base commit {base}: the built-in team"));
    }
    assumptions
}

/// Migrations, and parts of them, that no rule reads although a member of the team was called for
/// them.
fn unread_migrations(routing: &Routing, change: &Change) -> Vec<NotChecked> {
    if routing.assignment(Lane::Data).is_none() {
        return Vec::new();
    }
    let labelled = routing.labels.iter().filter(|l| l.label == ChangeLabel::Migration);
    let labelled: HashSet<&RepoPath> = labelled
        .flat_map(|labelled| labelled.evidence.iter().map(Anchor::head_path))
        .filter(|path| path.extension().as_deref() != Some("sql"))
        .collect();
    let live = change.files.iter().filter(|file| file.head_text().is_some());
    live.filter_map(|file| match migration_reading(file) {
        MigrationReading::Whole => None,
        MigrationReading::Missing(why) => Some((file, why)),
        MigrationReading::Unknown => labelled
            .contains(&file.path)
            .then(|| (file, "a migration in a form that is not read".to_owned())),
    })
    .map(|(file, why)| NotChecked { what: file.path.to_string(), why })
    .collect()
}

fn sections(routing: &Routing, ran: &[RuleLog], change: &Change) -> Vec<AgentSection> {
    let section = |assignment: &Assignment| {
        let own = || ran.iter().filter(|log| log.lane == assignment.lane);
        let paths: HashSet<&RepoPath> = own().flat_map(|log| &log.looked_at).collect();
        let whole_change = own().any(|log| log.looked_at.is_empty());
        AgentSection {
            lane: assignment.lane,
            agent: assignment.agent.clone(),
            rules_run: own().map(|log| log.rule.clone()).collect(),
            files_looked_at: if whole_change { change.files.len() } else { paths.len() },
        }
    };
    routing.assignments.iter().map(section).collect()
}

fn answers(change: &Change, routing: &Routing) -> Vec<Answer> {
    match routing.assignment(Lane::Observability) {
        Some(_) => rules::observability_answers(change),
        None => Vec::new(),
    }
}

fn stats(files: &[FileChange]) -> ChangeStats {
    ChangeStats {
        files: files.len(),
        counted_files: files.iter().filter(|file| !file.derived).count(),
        added_lines: files.iter().map(|file| lines(file, Side::Head)).sum(),
        removed_lines: files.iter().map(|file| lines(file, Side::Base)).sum(),
    }
}

fn lines(file: &FileChange, side: Side) -> usize {
    let count = |hunk: &crate::domain::diff::Hunk| match side {
        Side::Head => hunk.added.len(),
        Side::Base => hunk.removed.len(),
    };
    file.hunks.iter().map(count).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::diff::Side;

    #[test]
    fn what_was_not_read_is_named_in_a_line() {
        let globs: Vec<String> =
            ["a/*.sql", "b.toml", "c.yml", "d.yml", "e.yml"].map(str::to_owned).into();
        let need = Need::Glob { side: Side::Head, globs, limit: 9 };
        assert_eq!(described(&need), "files matching a/*.sql, b.toml, c.yml and 2 more");
        let need =
            Need::Search { side: Side::Head, words: vec!["x".to_owned()], globs: vec![], limit: 9 };
        assert_eq!(described(&need), "other files that mention x");
    }
}

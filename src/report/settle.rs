//! From what rules say now and what was said before to the findings of a report: evidence checked,
//! repetitions joined, silenced ones set aside, fixed ones recognised.

use std::collections::{HashMap, HashSet};

use super::fingerprint::fingerprints;
use super::ignore::{Silence, silence};
use super::verdict::blocks;
use crate::config::policy::Policy;
use crate::domain::change::{Change, FileChange};
use crate::domain::diff::{LineRange, Side};
use crate::domain::finding::{Finding, FindingKind, Fingerprint, Origin, RuleCode, Severity};
use crate::domain::instructions::{Problem, ProblemLevel};
use crate::domain::path::RepoPath;
use crate::domain::report::{
    DismissedFinding, FindingState, IgnoredFinding, RememberedFinding, RememberedState,
    ReportedFinding,
};

/// Fixed and dismissed findings that are kept for one pull request, the newest.
const MAX_CLOSED_REMEMBERED: usize = 300;

/// What settling needs.
pub struct Settling<'a> {
    pub change: &'a Change,
    pub policy: &'a Policy,
    /// What the ledger keeps of earlier reviews of this pull request.
    pub memory: &'a [RememberedFinding],
    /// Whether the rule could look this time at that path (at base or head): its lane was called
    /// and it neither failed nor ran out of time. A rule that is switched off, or that had
    /// nothing to look at any more, counts as having looked.
    pub looked: &'a dyn Fn(&RuleCode, &RepoPath) -> bool,
    /// Ids of the same check in other tools (`tool:id`), by rule code.
    pub equivalents: &'a dyn Fn(&RuleCode) -> Vec<String>,
}

/// The parts of a [`crate::domain::report::Report`] that settling decides.
#[derive(Debug, Clone, Default)]
pub struct Settled {
    pub findings: Vec<ReportedFinding>,
    pub fixed: Vec<RememberedFinding>,
    pub carried: Vec<RememberedFinding>,
    pub dismissed: Vec<DismissedFinding>,
    pub ignored: Vec<IgnoredFinding>,
    /// Ignore comments without a reason.
    pub problems: Vec<Problem>,
    /// What the ledger keeps from now on. Settling again with it gives the same report.
    pub memory: Vec<RememberedFinding>,
    /// Findings whose place or quote is not in the change.
    pub dropped: usize,
}

impl Settling<'_> {
    pub fn settle(&self, findings: Vec<Finding>) -> Settled {
        let mut settled = Settled::default();
        let before = findings.len();
        let mut findings: Vec<Finding> =
            findings.into_iter().filter(|finding| has_evidence(finding, self.change)).collect();
        settled.dropped = before - findings.len();
        findings.sort_by(|a, b| attention(a).cmp(&attention(b)));
        let findings = self.joined(findings);
        let mut prints = fingerprints(&findings, self.change);
        self.follow_moves(&findings, &mut prints);
        let known: HashMap<&Fingerprint, &RememberedFinding> =
            self.memory.iter().map(|old| (&old.fingerprint, old)).collect();
        let mut seen: HashSet<Fingerprint> = HashSet::new();
        for (finding, fingerprint) in findings.into_iter().zip(prints) {
            seen.insert(fingerprint.clone());
            let old = known.get(&fingerprint).copied();
            self.place(finding, fingerprint, old, &mut settled);
        }
        for old in self.memory.iter().filter(|old| !seen.contains(&old.fingerprint)) {
            self.gone(old, &mut settled);
        }
        forget_oldest(&mut settled.memory);
        settled
    }

    /// Where a finding that is there now belongs.
    fn place(
        &self,
        finding: Finding,
        fingerprint: Fingerprint,
        old: Option<&RememberedFinding>,
        settled: &mut Settled,
    ) {
        if let Some(RememberedFinding {
            state: RememberedState::Dismissed { by, reason }, ..
        }) = old
        {
            settled.memory.extend(old.map(|old| seen_again(old, &finding)));
            let (by, reason) = (by.clone(), reason.clone());
            settled.dismissed.push(DismissedFinding { finding, fingerprint, by, reason });
            return;
        }
        match self.silenced(&finding) {
            Some(Silence::Ignored { reason }) => {
                settled.memory.extend(old.map(|old| seen_again(old, &finding)));
                settled.ignored.push(IgnoredFinding { finding, fingerprint, reason });
                return;
            }
            Some(Silence::NoReason { line }) => {
                settled.problems.push(no_reason(&finding, line));
            }
            None => {}
        }
        let remembered = self.remember(&finding, &fingerprint, old);
        let head = &self.change.head;
        let state = if remembered.reopened_at.as_ref() == Some(head) {
            FindingState::Reopened
        } else if remembered.first_seen == *head {
            FindingState::New
        } else {
            FindingState::Unchanged
        };
        settled.memory.push(remembered);
        settled.findings.push(ReportedFinding {
            blocking: blocks(&finding, self.policy),
            in_diff: note_lines(self.change, &finding).is_some(),
            finding,
            fingerprint,
            state,
        });
    }

    fn silenced(&self, finding: &Finding) -> Option<Silence> {
        if finding.anchor.side() != Side::Head {
            return None;
        }
        let text = self.change.file(finding.anchor.head_path())?.head_text()?;
        silence(finding, text, &(self.equivalents)(&finding.rule))
    }

    fn remember(
        &self,
        finding: &Finding,
        fingerprint: &Fingerprint,
        old: Option<&RememberedFinding>,
    ) -> RememberedFinding {
        let head = &self.change.head;
        match old {
            Some(old) => {
                let mut now = seen_again(old, finding);
                if matches!(old.state, RememberedState::Fixed { .. }) {
                    now.reopened_at = Some(head.clone());
                    now.noted = false;
                }
                now.state = RememberedState::Open;
                now
            }
            None => RememberedFinding {
                fingerprint: fingerprint.clone(),
                rule: finding.rule.clone(),
                lane: finding.lane,
                severity: finding.severity,
                category: finding.category,
                title: finding.title.clone(),
                path: finding.anchor.head_path().clone(),
                lines: finding.anchor.lines().map(|lines| lines.to_string()),
                state: RememberedState::Open,
                first_seen: head.clone(),
                noted: false,
                reopened_at: None,
                unknown: Default::default(),
            },
        }
    }

    /// Where a finding that was there before, and is not said now, belongs.
    fn gone(&self, old: &RememberedFinding, settled: &mut Settled) {
        let mut now = old.clone();
        if now.state == RememberedState::Open {
            if (self.looked)(&old.rule, &old.path) {
                now.state = RememberedState::Fixed { head: self.change.head.clone() };
            } else {
                settled.carried.push(now.clone());
            }
        }
        if matches!(now.state, RememberedState::Fixed { .. }) {
            settled.fixed.push(now.clone());
        }
        settled.memory.push(now);
    }

    /// Joins findings that say the same about the same lines: of the same rule, or of rules that
    /// share an id in some other tool. The first in the order of attention stays. What is only for
    /// information becomes a sentence of the graver finding that stands at the same place, as does
    /// what another one says with more knowledge.
    fn joined(&self, findings: Vec<Finding>) -> Vec<Finding> {
        let mut kept: Vec<(Finding, Vec<String>)> = Vec::new();
        for finding in findings {
            let graver =
                kept.iter_mut().map(|(other, _)| other).find(|other| takes_in(other, &finding));
            if let Some(graver) = graver {
                let also = format!(" Also: {}.", finding.title);
                if !graver.evidence.contains(&also) {
                    graver.evidence.push_str(&also);
                }
                continue;
            }
            let ids = (self.equivalents)(&finding.rule);
            let known = kept.iter().any(|(other, other_ids)| {
                let same_meaning = other.rule == finding.rule && other.title == finding.title
                    || other.rule != finding.rule && ids.iter().any(|id| other_ids.contains(id));
                same_meaning && same_place(other, &finding)
            });
            if !known {
                kept.push((finding, ids));
            }
        }
        kept.into_iter().map(|(finding, _)| finding).collect()
    }

    /// A file that the pull request adds may be renamed by a later push; then no base path holds
    /// the identity. An open finding of a path that is gone and a new one of the same rule with
    /// the same words are the same.
    fn follow_moves(&self, findings: &[Finding], prints: &mut [Fingerprint]) {
        let present: HashSet<Fingerprint> = prints.iter().cloned().collect();
        let known: HashSet<&Fingerprint> = self.memory.iter().map(|old| &old.fingerprint).collect();
        let mut moved: Vec<&RememberedFinding> = self
            .memory
            .iter()
            .filter(|old| !present.contains(&old.fingerprint))
            .filter(|old| !matches!(old.state, RememberedState::Fixed { .. }))
            .filter(|old| {
                let still_there = |file: &FileChange| {
                    file.path == old.path || *file.path_on(Side::Base) == old.path
                };
                !self.change.files.iter().any(still_there)
            })
            .collect();
        for (finding, print) in findings.iter().zip(prints.iter_mut()) {
            if known.contains(print) {
                continue;
            }
            let same = |old: &&RememberedFinding| {
                old.rule == finding.rule
                    && old.title == finding.title
                    && old.path.extension() == finding.anchor.head_path().extension()
            };
            if let Some(at) = moved.iter().position(same) {
                *print = moved.remove(at).fingerprint.clone();
            }
        }
    }
}

/// The remembered finding with what can have changed in it.
fn seen_again(old: &RememberedFinding, finding: &Finding) -> RememberedFinding {
    RememberedFinding {
        severity: finding.severity,
        category: finding.category,
        lane: finding.lane,
        title: finding.title.clone(),
        path: finding.anchor.head_path().clone(),
        lines: finding.anchor.lines().map(|lines| lines.to_string()),
        ..old.clone()
    }
}

fn no_reason(finding: &Finding, line: u32) -> Problem {
    Problem {
        level: ProblemLevel::Warning,
        path: finding.anchor.head_path().clone(),
        line: Some(line),
        message: format!(
            "the comment that ignores `{}` gives no reason and does not count; write the reason \
             after the code",
            finding.rule
        ),
    }
}

/// The order of attention: severity, category, path, line, rule.
fn attention(finding: &Finding) -> impl Ord + '_ {
    let lines = finding.anchor.lines();
    (
        std::cmp::Reverse(finding.severity),
        finding.category.rank(),
        finding.anchor.path(),
        lines.map_or((0, 0), |lines| (lines.start(), lines.end())),
        &finding.rule,
        finding.lane,
        &finding.title,
    )
}

/// Whether one finding says the other as well: both are about the same lines, and the other is a
/// note of the same family or knows less.
fn takes_in(grave: &Finding, other: &Finding) -> bool {
    let family = |finding: &Finding| finding.rule.0.split('/').next().map(str::to_owned);
    let note = other.severity == Severity::Info
        && other.kind != FindingKind::Gate
        && grave.severity >= Severity::Major
        && grave.rule != other.rule
        && family(grave) == family(other);
    let knows_less =
        grave.covers.contains(&other.rule.0.as_str()) && grave.severity >= other.severity;
    (note || knows_less) && other.anchor.lines().is_some() && same_place(grave, other)
}

fn same_place(a: &Finding, b: &Finding) -> bool {
    a.anchor.head_path() == b.anchor.head_path()
        && a.anchor.side() == b.anchor.side()
        && match (a.anchor.lines(), b.anchor.lines()) {
            (Some(a), Some(b)) => a.overlaps(b),
            (None, None) => true,
            _ => false,
        }
}

/// Whether the finding's lines exist and its quote stands in them. A place outside of the changed
/// files was read at the same commit by the engine; what a model says about such a place is not
/// believed.
pub fn has_evidence(finding: &Finding, change: &Change) -> bool {
    let anchor = &finding.anchor;
    let Some(file) = change.file(anchor.head_path()) else {
        return finding.origin == Origin::Rule;
    };
    let Some(lines) = anchor.lines() else {
        return finding.quote.is_empty() || quoted(finding, file, None);
    };
    let Some(text) = file.text(anchor.side()) else { return false };
    lines.end() <= text.line_count().max(1) && quoted(finding, file, Some(lines))
}

/// Whether the quote stands in those lines. The engine masks secrets in quotes that it takes from
/// the file; a masked quote of a rule is as good as the file.
fn quoted(finding: &Finding, file: &FileChange, lines: Option<LineRange>) -> bool {
    let Some(text) = file.text(finding.anchor.side()) else { return false };
    if finding.quote_redacted && finding.origin == Origin::Rule {
        return true;
    }
    let source = match lines {
        Some(lines) => text.slice(lines).unwrap_or_default(),
        None => text.as_str().to_owned(),
    };
    let source = source.replace("\r\n", "\n");
    let quote = finding.quote.replace("\r\n", "\n");
    source.contains(&quote) || quote.strip_suffix('…').is_some_and(|cut| source.contains(cut))
}

/// The lines on which a note about the finding can stand: its lines as far as one hunk of the
/// diff shows them. GitHub refuses a note that reaches out of a hunk.
pub fn note_lines(change: &Change, finding: &Finding) -> Option<LineRange> {
    let anchor = &finding.anchor;
    let lines = anchor.lines()?;
    let file = change.file(anchor.head_path())?;
    file.hunks.iter().find_map(|hunk| {
        let (start, count) = match anchor.side() {
            Side::Base => (hunk.base_start, hunk.base_lines),
            Side::Head => (hunk.head_start, hunk.head_lines),
        };
        let last = start.checked_add(count.checked_sub(1)?)?;
        LineRange::new(lines.start().max(start), lines.end().min(last))
    })
}

/// Open findings are never forgotten; of the others the oldest go first (memory is in the order
/// of the last review, new closed ones at the end).
fn forget_oldest(memory: &mut Vec<RememberedFinding>) {
    let closed = memory.iter().filter(|old| old.state != RememberedState::Open).count();
    let mut surplus = closed.saturating_sub(MAX_CLOSED_REMEMBERED);
    memory.retain(|old| {
        let forget = surplus > 0 && matches!(old.state, RememberedState::Fixed { .. });
        surplus -= usize::from(forget);
        !forget
    });
}

#[cfg(test)]
#[path = "settle_tests.rs"]
mod tests;

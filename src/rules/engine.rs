//! Running rules, one at a time. Isolation and time limits are the caller's (`agents::run`): this
//! is the pure part.

use super::context::{Gathered, Memo};
use super::{Check, Findings, Rule, RuleContext, all};
use crate::config::policy::{PathSet, Policy, RuleLevel, RuleSetting};
use crate::domain::change::{Change, FileChange};
use crate::domain::finding::Finding;
use crate::domain::path::RepoPath;
use crate::domain::team::Lane;
use crate::ports::source::Need;

/// The rules that have something to look at in a change.
#[derive(Debug, Default)]
pub struct Selection {
    pub rules: Vec<&'static Rule>,
}

/// What one rule did.
#[derive(Debug)]
pub struct RuleRun {
    pub findings: Vec<Finding>,
    /// Findings dropped because their place does not exist.
    pub dropped: usize,
    /// Paths it looked at; empty for whole-change rules.
    pub looked_at: Vec<RepoPath>,
}

/// Which rules of these lanes apply to the change under the policy.
pub fn plan_rules(change: &Change, policy: &Policy, lanes: &[Lane]) -> Selection {
    let ignore = PathSet::new(&policy.ignore);
    let rules = all()
        .filter(|rule| lanes.contains(&rule.lane))
        .filter(|rule| policy.severity_of(rule.code, rule.severity).is_some())
        .filter(|rule| match rule.check {
            Check::File { applies, .. } => {
                change.files.iter().any(|file| !ignore.matches(&file.path) && applies(file))
            }
            Check::Change { applies, .. } => applies(change),
        })
        .collect();
    Selection { rules }
}

/// What the selected rules want to see beyond the change, each need once.
pub fn needs_of(selection: &Selection, change: &Change) -> Vec<Need> {
    let mut needs = Vec::new();
    for rule in &selection.rules {
        if let Check::Change { needs: wanted, .. } = rule.check {
            for need in wanted(change) {
                if !needs.contains(&need) {
                    needs.push(need);
                }
            }
        }
    }
    needs
}

/// Runs one rule on the change. May panic or take long if the rule is faulty.
pub fn run_rule(
    rule: &Rule,
    change: &Change,
    policy: &Policy,
    gathered: &Gathered,
    memo: &Memo,
) -> RuleRun {
    let context = RuleContext::new(change, policy, gathered, memo);
    let mut findings = Findings::new(rule);
    let mut looked_at = Vec::new();
    let ignore = PathSet::new(&ignored_paths(rule, policy));
    match rule.check {
        Check::File { applies, check } => {
            let visible = |file: &&FileChange| !ignore.matches(&file.path) && applies(file);
            for file in change.files.iter().filter(visible) {
                looked_at.push(file.path.clone());
                check(&context, file, &mut findings);
            }
        }
        Check::Change { check, .. } => check(&context, &mut findings),
    }
    let (mut findings, dropped) = findings.finish();
    findings.retain(|finding| !ignore.matches(finding.anchor.head_path()));
    // Also where it equals the rule's own: single findings may be more severe than their rule.
    if let Some(severity) = policy.level_of(rule.code).and_then(RuleLevel::severity) {
        findings.iter_mut().for_each(|finding| finding.severity = severity);
    }
    RuleRun { findings, dropped, looked_at }
}

fn ignored_paths(rule: &Rule, policy: &Policy) -> Vec<String> {
    let mut globs = policy.ignore.clone();
    if let Some(RuleSetting::Table { ignore, .. }) = policy.rule(rule.code) {
        globs.extend(ignore.iter().cloned());
    }
    globs
}

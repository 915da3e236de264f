//! How migration rules look at a change: shared shapes of checks.

use super::actions::Action;
use super::dialect::Dialect;
use super::discover;
use super::script::{At, Hit, Migration, needs};
use crate::domain::finding::{Category, Confidence, FindingKind, Severity};
use crate::domain::team::Lane;
use crate::rules::{Check, Draft, Findings, Rule, RuleContext};

/// What differs from one rule to the next.
pub(super) struct About {
    pub code: &'static str,
    pub title: &'static str,
    pub severity: Severity,
    pub confidence: Confidence,
    pub equivalents: &'static [&'static str],
    pub page: &'static str,
}

/// A rule that looks at the forward migrations of a change.
pub(super) const fn rule(
    about: About,
    category: Category,
    check: fn(&RuleContext<'_>, &mut Findings<'_>),
) -> Rule {
    Rule {
        code: about.code,
        title: about.title,
        lane: Lane::Data,
        kind: FindingKind::Evidence,
        category,
        severity: about.severity,
        confidence: about.confidence,
        equivalents: about.equivalents,
        page: about.page,
        check: Check::Change { applies: discover::has_forward_migration, needs, check },
    }
}

/// Which databases a statement of fact holds for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    Everywhere,
    OnPostgres,
}

impl Holds {
    fn admits(self, migration: &Migration<'_>) -> bool {
        self == Self::Everywhere || migration.dialect == Dialect::Postgres
    }
}

/// The forward migrations that the facts hold for.
pub(super) fn migrations<'a>(context: &RuleContext<'a>, holds: Holds) -> Vec<Migration<'a>> {
    Migration::all(context).into_iter().filter(|migration| holds.admits(migration)).collect()
}

/// Reports what the linter found under one of its rules, as far as `say` has something to say.
pub(super) fn on_hits(
    context: &RuleContext<'_>,
    findings: &mut Findings<'_>,
    holds: Holds,
    hit: Hit,
    say: impl Fn(&At<'_>) -> Option<Draft>,
) {
    for migration in migrations(context, holds) {
        for at in migration.hits(hit) {
            if let Some(draft) = say(&at) {
                at.report(findings, draft);
            }
        }
    }
}

/// The same for a rule that is silent unless the policy names it.
pub(super) fn asked_for(
    context: &RuleContext<'_>,
    findings: &mut Findings<'_>,
    (code, hit): (&str, Hit),
    title: impl Fn(&At<'_>) -> String,
    evidence: &str,
    recommendation: &str,
) {
    if context.policy.rules.contains_key(code) {
        on_hits(context, findings, Holds::OnPostgres, hit, |at| {
            let fix = at.linter_fix();
            Some(Draft { fix, ..draft(title(at), evidence, recommendation) })
        });
    }
}

/// The same, for what only matters on tables that are not new.
pub(super) fn asked_about(
    context: &RuleContext<'_>,
    findings: &mut Findings<'_>,
    (code, hit): (&str, Hit),
    title: impl Fn(&At<'_>) -> String,
    evidence: &str,
    recommendation: &str,
) {
    if context.policy.rules.contains_key(code) {
        on_hits(context, findings, Holds::OnPostgres, hit, |at| {
            (!at.on_new_table()).then(|| draft(title(at), evidence, recommendation))
        });
    }
}

/// Reports actions of `ALTER TABLE` on tables that are not new.
pub(super) fn on_actions(
    context: &RuleContext<'_>,
    findings: &mut Findings<'_>,
    holds: Holds,
    say: impl Fn(&At<'_>, &str, &Action) -> Option<Draft>,
) {
    for migration in migrations(context, holds) {
        for (at, table, action) in migration.actions() {
            if !at.on_new_table()
                && let Some(draft) = say(&at, table, action)
            {
                at.report(findings, draft);
            }
        }
    }
}

/// Reports statements.
pub(super) fn on_statements(
    context: &RuleContext<'_>,
    findings: &mut Findings<'_>,
    holds: Holds,
    say: impl Fn(&At<'_>) -> Option<Draft>,
) {
    for migration in migrations(context, holds) {
        for at in migration.statements() {
            if let Some(draft) = say(&at) {
                at.report(findings, draft);
            }
        }
    }
}

pub(super) fn draft(
    title: String,
    evidence: impl Into<String>,
    recommendation: impl Into<String>,
) -> Draft {
    Draft {
        title,
        evidence: evidence.into(),
        recommendation: recommendation.into(),
        ..Draft::default()
    }
}

//! How the rules of the family say what was found.

use std::collections::HashSet;

use super::compare::Difference;
use super::review::{Review, applies, needs, review};
use crate::domain::diff::{LineRange, Side};
use crate::domain::finding::Severity;
use crate::domain::finding::Severity::Minor;
use crate::rules::{Check, Draft, Findings, Rule, RuleContext, contracts};

pub const fn rule(
    code: &'static str,
    title: &'static str,
    severity: Severity,
    equivalents: &'static [&'static str],
    page: &'static str,
    check: fn(&RuleContext<'_>, &mut Findings<'_>),
) -> Rule {
    let check = Check::Change { applies, needs, check };
    contracts::rule(code, title, severity, equivalents, page, check)
}

pub fn reviewed(context: &RuleContext<'_>) -> Option<std::sync::Arc<Review>> {
    context.shared(|| review(context))
}

/// Why a field must keep its number.
const RENUMBERED: &str = "The binary form carries the number, not the name: each side looks for the value where the other \
                          does not write it, and data that is stored under the old number is lost.";

/// What a rule says about its differences.
pub struct Say {
    /// Strongest first: of several about one thing the first is reported.
    pub ids: &'static [&'static str],
    pub evidence: &'static str,
    pub instead: &'static str,
    /// Ids that are reported as minor.
    pub minor: &'static [&'static str],
}

pub fn report(context: &RuleContext<'_>, findings: &mut Findings<'_>, say: &Say) {
    let none: fn(&Review, &Difference) -> bool = |_, _| true;
    report_some(context, findings, say, none);
}

pub fn report_some(
    context: &RuleContext<'_>,
    findings: &mut Findings<'_>,
    say: &Say,
    wanted: fn(&Review, &Difference) -> bool,
) {
    let Some(review) = reviewed(context) else { return };
    let rank = |difference: &Difference| {
        let named = |id: &str| id.split_once(':').is_some_and(|(_, id)| id == difference.id);
        say.ids.iter().position(|id| named(id))
    };
    let mut own: Vec<(usize, &Difference)> = review
        .differences
        .iter()
        .filter(|difference| wanted(&review, difference))
        .filter_map(|difference| Some((rank(difference)?, difference)))
        .collect();
    own.sort_by_key(|(rank, _)| *rank);
    let mut said = HashSet::new();
    for (_, difference) in own {
        if said.insert((&difference.symbol, &difference.title)) {
            let minor = say.minor.contains(&difference.id) && !difference.breaks_wire;
            let mut draft = Draft {
                title: difference.title.clone(),
                evidence: say.evidence.to_owned(),
                recommendation: say.instead.to_owned(),
                symbol: Some(difference.symbol.clone()).filter(|symbol| !symbol.is_empty()),
                severity: minor.then_some(Minor),
                ..Draft::default()
            };
            if difference.renumbered {
                draft.evidence = RENUMBERED.to_owned();
                draft.recommendation =
                    "Keep the old number; numbers need not be in order.".to_owned();
                draft.severity = None;
            }
            place(context, findings, difference, draft);
        }
    }
}

/// What is gone is shown where it stood; everything else where it is now.
fn place(
    context: &RuleContext<'_>,
    findings: &mut Findings<'_>,
    difference: &Difference,
    draft: Draft,
) {
    let gone = difference.id.contains("_NO_DELETE");
    let head = difference.head.map(|at| (at, Side::Head));
    let base = difference.base.map(|at| (at, Side::Base));
    let has_line =
        |place: &Option<(super::model::At, Side)>| place.is_some_and(|(at, _)| at.line.is_some());
    let place = if base.is_some() && (gone || !has_line(&head) && has_line(&base)) {
        base
    } else {
        head.or(base)
    };
    let Some((at, side)) = place else { return };
    let Some(file) = context.change.files.get(at.file) else { return };
    match at.line {
        Some(line) => findings.at(file, side, LineRange::line(line), draft),
        None => findings.on_file(file, draft),
    }
}

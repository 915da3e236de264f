//! Gates of a pull request in its comment: what a person must decide, who may, and what to write.

use super::comment::View;
use super::comment_sections::{full, short_id};
use super::counted;
use super::deciders::Deciders;
use super::markdown::{code_span, cut, fenced, prose};
use crate::config::policy::Policy;
use crate::domain::finding::FindingKind;
use crate::domain::report::ReportedFinding;

/// Longest reason that is shown.
const MAX_REASON: usize = 300;

/// Open gates; `None` without any.
pub(super) fn gates(view: &View<'_>, policy: &Policy) -> Option<String> {
    let all: Vec<&ReportedFinding> = view
        .report
        .findings
        .iter()
        .filter(|reported| reported.finding.kind == FindingKind::Gate)
        .collect();
    if all.is_empty() {
        return None;
    }
    let mut parts = vec!["### Decision needed".to_owned()];
    let mut lines = String::new();
    for reported in all.iter().take(view.detail.entries) {
        parts.push(full(view, reported));
        parts.extend(rejection(view, reported));
        let (prefix, id) = (&policy.commands.prefix, short_id(&reported.fingerprint));
        lines.push_str(&format!("/{prefix} approve {id}\n/{prefix} reject {id} REASON\n"));
    }
    let hidden = all.len().saturating_sub(view.detail.entries);
    if hidden > 0 {
        parts.push(format!("{} not listed.", counted(hidden, "more decision")));
    }
    let who = Deciders { approvers: &policy.gates.approvers, owners: &[] }.in_words();
    let owners = match policy.gates.code_owners {
        true => ", or a code owner of the file with write permission",
        false => "",
    };
    parts.push(format!(
        "**Who decides:** {who}{owners}; not the author of the pull request. A decision counts for \
         {} only; the next push asks again.",
        code_span(view.report.head.short())
    ));
    if !lines.is_empty() {
        parts.push(fenced(&lines, "text").trim_end().to_owned());
    }
    Some(parts.join("\n\n"))
}

fn rejection(view: &View<'_>, reported: &ReportedFinding) -> Option<String> {
    let same =
        |gate: &&crate::domain::report::RejectedGate| gate.fingerprint == reported.fingerprint;
    let gate = view.report.rejected.iter().find(same)?;
    let reason = prose(&cut(&gate.reason, MAX_REASON));
    Some(format!("**Rejected** by {}: {reason}", code_span(&cut(&gate.by.0, 60))))
}

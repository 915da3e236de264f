//! The outcome of a review, decided by code from policy and findings.

use crate::config::policy::Policy;
use crate::domain::finding::{Finding, FindingKind};
use crate::domain::report::{RememberedFinding, ReportedFinding, Verdict};

/// Whether policy lets a finding block. A gate does not block: it waits for a person.
pub fn blocks(finding: &Finding, policy: &Policy) -> bool {
    finding.kind != FindingKind::Gate && policy.block_on.blocks(finding.severity)
}

/// The verdict over open findings. `reviewers` is the number of members that were called.
/// `carried` are findings of rules that did not look this time: still open, still counted.
pub fn verdict(
    findings: &[ReportedFinding],
    carried: &[RememberedFinding],
    reviewers: usize,
    policy: &Policy,
) -> Verdict {
    let carried_blocks = carried.iter().any(|old| policy.block_on.blocks(old.severity));
    if carried_blocks || findings.iter().any(|reported| reported.blocking) {
        Verdict::Blocking
    } else if findings.iter().any(|reported| reported.finding.kind == FindingKind::Gate) {
        Verdict::ActionRequired
    } else if !findings.is_empty() || !carried.is_empty() {
        Verdict::Advisory
    } else if reviewers == 0 {
        Verdict::NothingToReview
    } else {
        Verdict::NoFindings
    }
}

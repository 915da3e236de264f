//! Gates of a pull request that somebody approved.

use super::settle::Settled;
use super::verdict::verdict;
use crate::config::policy::Policy;
use crate::domain::finding::{FindingKind, Fingerprint};
use crate::domain::ids::Login;
use crate::domain::report::{DismissedFinding, Report};

/// Sets gates aside that were approved for the head under review. What is remembered stays open,
/// so that another head asks again.
pub fn set_aside(settled: &mut Settled, approved: &[(Fingerprint, Login)]) {
    if approved.is_empty() {
        return;
    }
    let mut open = Vec::new();
    for reported in std::mem::take(&mut settled.findings) {
        let by = approved.iter().find(|(finding, _)| *finding == reported.fingerprint);
        match by.filter(|_| reported.finding.kind == FindingKind::Gate) {
            Some((_, by)) => settled.dismissed.push(DismissedFinding {
                finding: reported.finding,
                fingerprint: reported.fingerprint,
                by: by.clone(),
                reason: "approved for this commit".to_owned(),
            }),
            None => open.push(reported),
        }
    }
    settled.findings = open;
}

/// Leaves gates out of the report of a merge queue's commit: they are decided for the heads of its
/// pull requests, before these come into the queue, and nobody can decide for a commit of the
/// queue.
pub fn leave_to_pulls(report: &mut Report, policy: &Policy) {
    report.findings.retain(|reported| reported.finding.kind != FindingKind::Gate);
    let reviewers = report.routing.assignments.len();
    report.verdict = verdict(&report.findings, &report.carried, reviewers, policy);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::report::Verdict;
    use crate::report::{samples, verdict};

    #[test]
    fn an_approved_gate_asks_for_nothing_and_only_gates_can_be_approved() {
        let mut findings = samples::busy().findings;
        findings.truncate(2);
        findings[0].finding.kind = FindingKind::Gate;
        findings[0].blocking = false;
        findings[1].finding.kind = FindingKind::Evidence;
        findings[1].blocking = false;
        let of = |at: usize| (findings[at].fingerprint.clone(), Login("owner".into()));
        let approved = [of(0), of(1)];
        let verdict =
            |settled: &Settled| verdict::verdict(&settled.findings, &[], 1, &Policy::default());
        let mut settled = Settled { findings: findings.clone(), ..Settled::default() };
        assert_eq!(verdict(&settled), Verdict::ActionRequired);
        set_aside(&mut settled, &approved[1..]);
        assert_eq!(verdict(&settled), Verdict::ActionRequired, "no gate, no approval");
        set_aside(&mut settled, &approved);
        assert_eq!(verdict(&settled), Verdict::Advisory);
        assert_eq!((settled.findings.len(), settled.dismissed.len()), (1, 1));
        assert_eq!(settled.dismissed[0].by, Login("owner".into()));
    }

    #[test]
    fn a_merge_queue_waits_for_nobody() {
        let change = samples::backend_change();
        let mut gate = samples::finding(&change, "process/new-dependency", "Dockerfile", 1, 1);
        gate.kind = FindingKind::Gate;
        let mut report = samples::report(samples::settled(&change, vec![gate], &[]));
        assert_eq!(report.verdict, Verdict::ActionRequired);
        leave_to_pulls(&mut report, &Policy::default());
        assert_eq!((report.findings.len(), report.verdict), (0, Verdict::NoFindings));
    }
}

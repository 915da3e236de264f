//! State labels: one at a time, in words.

use crate::domain::report::Verdict;
use crate::domain::run::Phase;

const NO_FINDINGS: &str = "backend-team: no findings";
const ADVISORY: &str = "backend-team: findings";
const BLOCKING: &str = "backend-team: changes needed";
const DECISION: &str = "backend-team: decision needed";

/// The label that shows a verdict; `None` where there was nothing to review.
pub fn state_label(verdict: Verdict) -> Option<&'static str> {
    match verdict {
        Verdict::NoFindings => Some(NO_FINDINGS),
        Verdict::Advisory => Some(ADVISORY),
        Verdict::Blocking => Some(BLOCKING),
        Verdict::ActionRequired => Some(DECISION),
        Verdict::NothingToReview => None,
    }
}

/// Every state label.
pub fn all() -> Vec<String> {
    [NO_FINDINGS, ADVISORY, BLOCKING, DECISION].map(str::to_owned).to_vec()
}

const NEEDS_INPUT: &str = "backend-team: needs-input";
const AWAITING: &str = "backend-team: awaiting approval";
const WORKING: &str = "backend-team: in progress";
const DELIVERED: &str = "backend-team: delivered";

/// The label that shows where a plan stands; `None` for one that ended or was not made yet.
pub fn plan_label(phase: &Phase) -> Option<&'static str> {
    match phase {
        Phase::NeedsInput => Some(NEEDS_INPUT),
        Phase::AwaitingApproval => Some(AWAITING),
        Phase::Approved | Phase::Executing => Some(WORKING),
        Phase::Delivered => Some(DELIVERED),
        Phase::Escalated { .. } => Some(DECISION),
        Phase::Planning | Phase::Rejected { .. } | Phase::Cancelled { .. } => None,
    }
}

/// Every label of a plan.
pub fn plan_labels() -> Vec<String> {
    [NEEDS_INPUT, AWAITING, WORKING, DELIVERED, DECISION].map(str::to_owned).to_vec()
}

/// The one label that is shown whatever the policy says: work waits for an answer.
pub fn needs_input() -> &'static str {
    NEEDS_INPUT
}

/// Whether a label is one of ours.
pub fn is_state(label: &str) -> bool {
    all().iter().chain(&plan_labels()).any(|own| own == label)
}

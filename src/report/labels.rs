//! State labels: one at a time, in words.

use crate::domain::report::Verdict;

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

/// Whether a label is one of ours.
pub fn is_state(label: &str) -> bool {
    all().iter().any(|own| own == label)
}

//! The rules as a function from a change to its findings, for work that runs them again and again.

use std::sync::Arc;

use super::fix::Found;
use super::load::Loaded;
use super::review;
use crate::agents::{RunLimits, run_rules};
use crate::config::policy::Policy;
use crate::domain::change::Change;
use crate::domain::finding::RuleCode;
use crate::domain::team::Lane;
use crate::ports::source::{Fetched, Source, SourceError};
use crate::report::settle::Settling;
use crate::rules::{self, Gathered, plan_rules};

/// The rules with what they need of the repository beyond the change, gathered once.
#[derive(Debug, Clone)]
pub struct Linter {
    policy: Arc<Policy>,
    gathered: Arc<Gathered>,
    limits: RunLimits,
}

impl Linter {
    /// Reads what the rules need for this change.
    pub async fn new(
        source: &dyn Source,
        fetched: &Fetched,
        loaded: &Loaded,
        limits: RunLimits,
    ) -> Result<Self, SourceError> {
        let selection = plan_rules(&loaded.change, &loaded.policy, &Lane::REVIEWERS);
        let (gathered, _) = review::gather(source, fetched, &loaded.change, &selection).await?;
        Ok(Self { policy: Arc::clone(&loaded.policy), gathered: Arc::new(gathered), limits })
    }

    /// Open findings with the ids that a review gives them. Blocks: call it off the async threads.
    pub fn find(&self, change: &Change) -> Vec<Found> {
        let selection = plan_rules(change, &self.policy, &Lane::REVIEWERS);
        let (change, policy) = (Arc::new(change.clone()), Arc::clone(&self.policy));
        let outcome = run_rules(
            selection,
            Arc::clone(&change),
            policy,
            Arc::clone(&self.gathered),
            self.limits,
        );
        let equivalents = |rule: &RuleCode| {
            let ids = rules::by_code(&rule.0).map(|rule| rule.equivalents).unwrap_or_default();
            ids.iter().map(|id| (*id).to_owned()).collect()
        };
        let settling = Settling {
            change: &change,
            policy: &self.policy,
            memory: &[],
            looked: &|_, _| true,
            equivalents: &equivalents,
        };
        let settled = settling.settle(outcome.findings);
        settled.findings.into_iter().map(|one| (one.fingerprint, one.finding)).collect()
    }
}

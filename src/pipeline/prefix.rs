//! The word that commands start with, where no review or plan has read the policy yet.

use std::time::Duration;

use moka::future::Cache;

use super::{JobError, Services, owner_policy};
use crate::domain::event::RepoRef;
use crate::domain::ids::RepoId;

/// How long a prefix is believed. To ask whether the policy file is still the same would cost the
/// same call as reading it; a push to the default branch ends the belief at once.
const FRESH: Duration = Duration::from_secs(600);
const MAX_REPOSITORIES: u64 = 10_000;

/// Prefixes by repository. Cheap to clone.
#[derive(Clone)]
pub struct Prefixes(Cache<RepoId, String>);

impl Default for Prefixes {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(MAX_REPOSITORIES).time_to_live(FRESH).build())
    }
}

impl Prefixes {
    /// The prefix by the default branch's policy: one call every ten minutes at most.
    pub(super) async fn of(&self, services: &Services, repo: &RepoRef) -> Result<String, JobError> {
        if let Some(known) = self.0.get(&repo.id).await {
            return Ok(known);
        }
        let policy = match owner_policy::on_default_branch(services, repo).await {
            // Nothing can be read there; a review or plan will say so.
            Err(JobError::Gone(_)) => Default::default(),
            other => other?,
        };
        self.0.insert(repo.id, policy.commands.prefix.clone()).await;
        Ok(policy.commands.prefix)
    }

    /// The default branch moved.
    pub(super) async fn forget(&self, repo: RepoId) {
        self.0.invalidate(&repo).await;
    }
}

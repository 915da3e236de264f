//! A review that takes long shows that it is under way, and one that is overtaken says so.

use std::future::Future;
use std::time::Duration;

use super::publish::Known;
use super::{JobError, Services};
use crate::config::policy::Policy;
use crate::domain::event::RepoRef;
use crate::domain::ids::{CommitSha, Number};
use crate::domain::publication::Publication;
use crate::ports::ledger::PullMemory;
use crate::ports::queue::Lease;
use crate::report::check;

/// When a review is slow enough to be announced: most end sooner, and spare two calls.
pub const SLOW: Duration = Duration::from_secs(4);

/// One review's appearance while it runs.
pub struct Progress<'a> {
    pub services: &'a Services,
    pub lease: &'a Lease,
    pub repo: &'a RepoRef,
    pub number: Number,
    pub head: &'a CommitSha,
    pub policy: &'a Policy,
}

impl Progress<'_> {
    /// Waits for the work; if it is slow, the aggregate check is shown as in progress meanwhile.
    pub async fn during<T, E: Into<JobError>>(
        &self,
        memory: &mut PullMemory,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, JobError> {
        let mut work = std::pin::pin!(work);
        let delay = self.services.options.announce_after;
        // A timer never fires at once, so no delay means no timer.
        if !delay.is_zero() {
            tokio::select! {
                result = &mut work => return result.map_err(Into::into),
                () = tokio::time::sleep(delay) => {}
            }
        }
        let announced = self.announce(memory);
        let (announced, result) = tokio::join!(announced, work);
        if let Err(error) = announced {
            tracing::warn!(event = "progress_not_shown", %error);
        }
        result.map_err(Into::into)
    }

    async fn announce(&self, memory: &mut PullMemory) -> Result<(), JobError> {
        let untouched = memory.publishing.as_ref() != Some(self.head);
        memory.publishing = Some(self.head.clone());
        if !self.services.ledger.save(self.lease, self.number, memory).await? {
            return Err(JobError::Superseded);
        }
        let checks = check::in_progress(self.head, self.policy, &[]);
        self.publish(checks, untouched).await
    }

    /// What was announced for this head is cancelled in favour of a newer one.
    pub async fn overtaken(&self, memory: &PullMemory, newer: &CommitSha) -> Result<(), JobError> {
        if memory.publishing.as_ref() != Some(self.head) || newer == self.head {
            return Ok(());
        }
        self.publish(check::superseded(self.head, newer, self.policy, &[]), false).await
    }

    async fn publish(
        &self,
        checks: Vec<crate::domain::publication::CheckRun>,
        head_is_untouched: bool,
    ) -> Result<(), JobError> {
        let wanted: Vec<Publication> = checks.into_iter().map(Publication::Check).collect();
        let known = Known { number: Some(self.number), head_is_untouched, ..Known::default() };
        self.services.publisher.reconcile(self.repo, &known, &wanted).await?;
        Ok(())
    }
}

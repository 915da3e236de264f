//! Catching up: what webhooks did not bring.

use std::collections::HashSet;
use std::time::Duration;

use super::{JobError, Services};
use crate::domain::event::RepoRef;
use crate::domain::ids::{CommitSha, Number};
use crate::domain::job::{JobKind, NewJob, Timestamp};
use crate::ports::forge::{ForgeError, Pull};
use crate::ports::queue::Lease;

/// Most open pull requests of one repository that are looked at.
const MAX_PULLS: usize = 200;

/// Reviews the open pull requests with this head.
pub async fn find_pulls(
    services: &Services,
    lease: &Lease,
    head: &CommitSha,
) -> Result<(), JobError> {
    let repo = &lease.job.repo;
    let pulls = services.reader.pulls_of_commit(repo, head).await?;
    let jobs = pulls.iter().map(|pull| review(repo, pull.number, true)).collect();
    Ok(services.queue.enqueue(jobs, services.clock.now()).await?)
}

/// Reviews open pull requests of the repository that moved on since their last review. Those
/// never reviewed are left alone: they may be older than the installation, and a lost "opened"
/// comes back by redelivery.
pub async fn resync(services: &Services, lease: &Lease) -> Result<(), JobError> {
    let repo = &lease.job.repo;
    let mut jobs = Vec::new();
    for pull in services.reader.open_pulls(repo, MAX_PULLS).await? {
        if is_stale(services, repo, &pull).await? {
            jobs.push(review(repo, pull.number, false));
        }
    }
    Ok(services.queue.enqueue(jobs, services.clock.now()).await?)
}

async fn is_stale(services: &Services, repo: &RepoRef, pull: &Pull) -> Result<bool, JobError> {
    let memory = services.ledger.load(repo.id, pull.number).await?;
    Ok(!memory.paused && memory.reviewed.is_some_and(|reviewed| reviewed.head != pull.head))
}

fn review(repo: &RepoRef, number: Number, requested: bool) -> NewJob {
    let kind = JobKind::ReviewPull { number, full: false, lanes: Vec::new(), requested };
    NewJob { repo: repo.clone(), kind, delivery: None }
}

/// Drops everything about a repository that we lost.
pub async fn forget(services: &Services, lease: &Lease) -> Result<(), JobError> {
    let id = lease.job.repo.id;
    services.queue.drop_repository(id).await?;
    services.ledger.forget(id).await?;
    Ok(services.source.forget(id).await?)
}

/// How far back a round looks for failed deliveries. Older failures are caught by looking at the
/// pull requests themselves.
const WINDOW: Duration = Duration::from_secs(24 * 3600);
/// The same for the looks in between, which then are one page of one call.
const RECENT: Duration = Duration::from_secs(15 * 60);

/// A cheap look between two rounds: failed deliveries of the last minutes are asked for again.
pub async fn recover_deliveries(services: &Services) {
    if let Err(error) = redeliver(services, RECENT).await {
        tracing::warn!(event = "redelivery_failed", %error);
    }
}

/// One round of catching up: failed deliveries are asked for again, and every repository that the
/// App reaches gets a [`resync`] job. Failures are logged; the next round tries again.
pub async fn round(services: &Services) {
    if let Err(error) = redeliver(services, WINDOW).await {
        tracing::warn!(event = "redelivery_failed", %error);
    }
    match repositories(services).await {
        Ok(repositories) => {
            let jobs = repositories
                .into_iter()
                .map(|repo| NewJob { repo, kind: JobKind::Resync, delivery: None })
                .collect();
            if let Err(error) = services.queue.enqueue(jobs, services.clock.now()).await {
                tracing::warn!(event = "resync_not_enqueued", %error);
            }
        }
        Err(error) => tracing::warn!(event = "resync_failed", %error),
    }
}

async fn redeliver(services: &Services, window: Duration) -> Result<(), ForgeError> {
    let window = i64::try_from(window.as_millis()).unwrap_or(i64::MAX);
    let since = Timestamp(services.clock.now().0.saturating_sub(window));
    let mut asked = HashSet::new();
    for delivery in services.reader.failed_deliveries(since).await? {
        if asked.insert(delivery.guid.clone()) {
            services.publisher.redeliver(delivery.id).await?;
            tracing::info!(event = "redelivery_asked", delivery = delivery.guid);
        }
    }
    Ok(())
}

async fn repositories(services: &Services) -> Result<Vec<RepoRef>, ForgeError> {
    let mut all = Vec::new();
    for installation in services.reader.installations().await? {
        match services.reader.installation_repositories(installation).await {
            Ok(repositories) => all.extend(repositories),
            // A suspended installation must not stop the others.
            Err(error) => tracing::warn!(event = "installation_skipped", %installation, %error),
        }
    }
    Ok(all)
}

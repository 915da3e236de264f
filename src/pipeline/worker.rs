//! Works off the queue: leases jobs, keeps the leases alive, and settles how they ended.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::{JobError, Services, answer, execute, plan_issue, plan_show, resync, review_pull};
use crate::domain::job::{Job, JobKind, JobOutcome};
use crate::ports::queue::{Lease, StoreError};

/// A lease outlives this many seconds of silence. Heartbeats come at a third of it.
const LEASE: Duration = Duration::from_secs(60);
/// Time that running jobs have to end after shutdown was asked for.
const DRAIN: Duration = Duration::from_secs(10);
/// Longest sleep between looks at the queue, in case a wake-up was lost.
const IDLE: Duration = Duration::from_secs(15);
/// A job that failed this often is dead. With the backoff below that is about two hours.
const MAX_ATTEMPTS: u32 = 20;
/// Rate limits are waited out for longer: they end by themselves.
const MAX_ATTEMPTS_RATE_LIMITED: u32 = 100;
/// Refusals are believed when they repeat. Right after an event GitHub may answer 404 or 422 for
/// what a replica has not seen yet, and proxies in between answer 403.
const MAX_ATTEMPTS_REFUSED: u32 = 3;
const FIRST_BACKOFF: Duration = Duration::from_secs(1);
const LONGEST_BACKOFF: Duration = Duration::from_secs(600);

/// Runs until `shutdown`; then lets running jobs end for a while and gives the rest back.
pub async fn run(services: Services, name: String, slots: usize, shutdown: CancellationToken) {
    let mut workers = JoinSet::new();
    for slot in 0..slots.max(1) {
        let worker = Worker {
            services: services.clone(),
            name: format!("{name}/{slot}"),
            shutdown: shutdown.clone(),
        };
        workers.spawn(worker.run());
    }
    while workers.join_next().await.is_some() {}
}

/// Works until nothing can run now. Returns the number of jobs that were started.
pub async fn run_until_idle(services: &Services, name: &str) -> Result<usize, StoreError> {
    let worker = Worker {
        services: services.clone(),
        name: name.to_owned(),
        shutdown: CancellationToken::new(),
    };
    let mut started = 0;
    while let Some(lease) = worker.lease().await? {
        started += 1;
        worker.work(lease).await;
    }
    Ok(started)
}

struct Worker {
    services: Services,
    name: String,
    shutdown: CancellationToken,
}

impl Worker {
    async fn run(self) {
        while !self.shutdown.is_cancelled() {
            match self.lease().await {
                Ok(Some(lease)) => self.work(lease).await,
                Ok(None) => self.rest().await,
                Err(error) => {
                    tracing::error!(event = "lease_failed", %error);
                    self.rest().await;
                }
            }
        }
    }

    async fn lease(&self) -> Result<Option<Lease>, StoreError> {
        let now = self.services.clock.now();
        self.services.queue.lease(&self.name, now, LEASE).await
    }

    /// Sleeps until there may be work.
    async fn rest(&self) {
        let now = self.services.clock.now();
        let due = self.services.queue.next_due().await.ok().flatten();
        let pause = due.map_or(IDLE, |due| due.since(now)).clamp(Duration::from_millis(20), IDLE);
        tokio::select! {
            () = self.services.queue.wait(pause) => {}
            () = self.shutdown.cancelled() => {}
        }
    }

    async fn work(&self, lease: Lease) {
        let job = &lease.job;
        let span = tracing::info_span!(
            "job",
            job = job.id,
            kind = job.kind.name(),
            repo = %job.repo.slug,
            subject = job.kind.subject(),
            delivery = job.delivery.as_ref().map(|id| id.0.as_str()),
            attempt = job.attempt,
        );
        self.work_in_span(&lease).instrument(span).await;
    }

    async fn work_in_span(&self, lease: &Lease) {
        let started = std::time::Instant::now();
        let job = AssertUnwindSafe(perform(&self.services, lease)).catch_unwind();
        let result = tokio::select! {
            result = job => result.unwrap_or_else(|_| {
                Err(JobError::Permanent("the job failed; this is a fault of backend-team".into()))
            }),
            () = self.keep_alive(lease) => {
                tracing::warn!(event = "lease_lost");
                return;
            }
            () = self.drained() => {
                tracing::info!(event = "job_released");
                if let Err(error) =
                    self.services.queue.release(lease, self.services.clock.now()).await
                {
                    tracing::error!(event = "release_failed", %error);
                }
                return;
            }
        };
        let seconds = started.elapsed();
        let outcome = self.settle(&lease.job, result);
        record(&lease.job, &outcome, seconds);
        if matches!(outcome, JobOutcome::Dead { .. }) {
            review_pull::give_up(&self.services, lease).await;
            plan_show::give_up(&self.services, lease).await;
        }
        self.finish(lease, outcome).await;
    }

    async fn finish(&self, lease: &Lease, outcome: JobOutcome) {
        let finish = || {
            let now = self.services.clock.now();
            self.services.queue.finish(lease, outcome.clone(), now)
        };
        // Losing this answer costs a repetition of the job, nothing else: three tries are enough.
        for pause in [50, 500, 0] {
            match finish().await {
                Ok(true) => return,
                Ok(false) => return tracing::warn!(event = "lease_lost_at_finish"),
                Err(error) => tracing::error!(event = "finish_failed", %error),
            }
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
    }

    /// Ends when the lease is lost; otherwise never.
    async fn keep_alive(&self, lease: &Lease) {
        loop {
            tokio::time::sleep(LEASE / 3).await;
            let now = self.services.clock.now();
            match self.services.queue.extend(lease, now, LEASE).await {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => tracing::warn!(event = "heartbeat_failed", %error),
            }
        }
    }

    /// Ends some time after shutdown was asked for.
    async fn drained(&self) {
        self.shutdown.cancelled().await;
        tokio::time::sleep(DRAIN).await;
    }

    fn settle(&self, job: &Job, result: Result<(), JobError>) -> JobOutcome {
        let now = self.services.clock.now();
        match result {
            Ok(()) | Err(JobError::Superseded) => JobOutcome::Done,
            Err(JobError::Gone(why) | JobError::Permanent(why))
                if job.attempt < MAX_ATTEMPTS_REFUSED =>
            {
                JobOutcome::Retry { at: now.plus(backoff(job.attempt)), why }
            }
            Err(JobError::Gone(why)) => {
                tracing::info!(event = "job_has_no_subject", why);
                JobOutcome::Done
            }
            Err(JobError::Permanent(why)) => JobOutcome::Dead { why },
            Err(JobError::NotBefore { why, .. }) if job.attempt >= MAX_ATTEMPTS_RATE_LIMITED => {
                JobOutcome::Dead { why }
            }
            Err(JobError::NotBefore { at, why }) => {
                JobOutcome::Retry { at: at.max(now).plus(jitter(Duration::from_millis(400))), why }
            }
            Err(JobError::Transient(why)) if job.attempt >= MAX_ATTEMPTS => {
                JobOutcome::Dead { why }
            }
            Err(JobError::Transient(why)) => {
                JobOutcome::Retry { at: now.plus(backoff(job.attempt)), why }
            }
        }
    }
}

/// Doubling from [`FIRST_BACKOFF`] to [`LONGEST_BACKOFF`], with up to a quarter more at random so
/// that jobs that failed together do not return together.
fn backoff(attempt: u32) -> Duration {
    let doubled = FIRST_BACKOFF.saturating_mul(1 << attempt.saturating_sub(1).min(16));
    let base = doubled.min(LONGEST_BACKOFF);
    base + jitter(base / 4)
}

fn jitter(most: Duration) -> Duration {
    most.mul_f64(fastrand::f64())
}

fn record(job: &Job, outcome: &JobOutcome, took: Duration) {
    let result = match outcome {
        JobOutcome::Done => "done",
        JobOutcome::Retry { .. } => "retry",
        JobOutcome::Dead { .. } => "dead",
    };
    let kind = job.kind.name();
    metrics::counter!("backend_team_jobs_total", "kind" => kind, "result" => result).increment(1);
    metrics::histogram!("backend_team_job_duration_seconds", "kind" => kind)
        .record(took.as_secs_f64());
    let duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    match outcome {
        JobOutcome::Done => tracing::info!(event = "job_done", duration_ms),
        JobOutcome::Retry { at, why } => {
            tracing::warn!(event = "job_retried", duration_ms, at_ms = at.0, why);
        }
        JobOutcome::Dead { why } => tracing::error!(event = "job_dead", duration_ms, why),
    }
}

/// Dispatch: one line for each kind of job.
async fn perform(services: &Services, lease: &Lease) -> Result<(), JobError> {
    match &lease.job.kind {
        JobKind::ReviewPull { .. } => review_pull::review_pull(services, lease).await,
        JobKind::ReviewMergeGroup { head, base } => {
            review_pull::review_merge_group(services, lease, head, base).await
        }
        JobKind::AnswerCommand { .. } => answer::answer(services, lease).await,
        JobKind::PlanIssue { .. } => plan_issue::plan_issue(services, lease).await,
        JobKind::ExecutePlan { .. } => execute::execute(services, lease).await,
        JobKind::RefreshPlans => plan_issue::refresh(services, lease).await,
        JobKind::FindPulls { head } => resync::find_pulls(services, lease, head).await,
        JobKind::Resync => resync::resync(services, lease).await,
        JobKind::Forget => resync::forget(services, lease).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_grows_and_is_bounded() {
        for attempt in 1..200 {
            let pause = backoff(attempt);
            assert!(pause >= FIRST_BACKOFF && pause <= LONGEST_BACKOFF + LONGEST_BACKOFF / 4);
        }
        assert!(backoff(5) >= Duration::from_secs(16));
    }
}

//! The durable queue: deliveries in, leased jobs out.

use std::time::Duration;

use async_trait::async_trait;

use crate::domain::ids::{DeliveryId, RepoId};
use crate::domain::job::{Job, JobOutcome, NewJob, Timestamp};

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Busy or unreachable: may work later.
    #[error("store unavailable: {0}")]
    Unavailable(String),
    /// Wrong schema version, corrupt data, disk full.
    #[error("store failed: {0}")]
    Failed(String),
}

/// A delivery as it came in.
#[derive(Debug, Clone)]
pub struct NewDelivery {
    pub id: DeliveryId,
    /// `X-GitHub-Event`.
    pub event: String,
    /// Raw bytes; the store compresses them. Empty for a delivery that asks for nothing.
    pub body: bytes::Bytes,
    pub received_at: Timestamp,
    /// Set when nothing is done with it (unknown event, malformed JSON): why.
    pub ignored: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    New,
    /// A delivery with this id was stored before; nothing was enqueued.
    Duplicate,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredDelivery {
    pub id: DeliveryId,
    pub event: String,
    pub body: Vec<u8>,
    pub received_at: Timestamp,
    pub ignored: Option<String>,
}

/// The right to work on a job until it expires. Fenced: every call with it fails softly once
/// somebody else holds the job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    pub job: Job,
    pub worker: String,
    /// Grows with every lease of the job.
    pub fence: i64,
    pub expires_at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadJob {
    pub job: Job,
    pub why: String,
    pub died_at: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QueueStats {
    pub ready: u64,
    /// Waiting for a later time (retries).
    pub delayed: u64,
    pub running: u64,
    pub dead: u64,
    /// Age of the oldest job that could run now.
    pub oldest_ready: Duration,
}

#[async_trait]
pub trait Queue: Send + Sync {
    /// Stores a delivery and its jobs in one durable transaction. On `Ok` both survive a crash.
    /// Waiting jobs with the same repository, subject and coalescing key become one
    /// ([`crate::domain::job::JobKind::merge`]), keeping the older's place.
    async fn accept(
        &self,
        delivery: NewDelivery,
        jobs: Vec<NewJob>,
    ) -> Result<Accepted, StoreError>;
    /// Stores jobs that no delivery caused (resync, replay), with the same coalescing.
    async fn enqueue(&self, jobs: Vec<NewJob>, now: Timestamp) -> Result<(), StoreError>;
    /// The oldest job that may run now and whose subject has no running job. Expired leases are
    /// taken over.
    async fn lease(
        &self,
        worker: &str,
        now: Timestamp,
        duration: Duration,
    ) -> Result<Option<Lease>, StoreError>;
    /// Prolongs a lease. `false`: it was lost, stop working.
    async fn extend(
        &self,
        lease: &Lease,
        now: Timestamp,
        duration: Duration,
    ) -> Result<bool, StoreError>;
    /// Ends a lease. `false`: it was lost, and nothing was changed. A retried job that meets a
    /// waiting one with its key is merged into it.
    async fn finish(
        &self,
        lease: &Lease,
        outcome: JobOutcome,
        now: Timestamp,
    ) -> Result<bool, StoreError>;
    /// Gives a job back unfinished, without counting the attempt (shutdown).
    async fn release(&self, lease: &Lease, now: Timestamp) -> Result<(), StoreError>;
    /// Whether a newer job with the same key waits: this one's result will be redone anyway.
    async fn superseded(&self, lease: &Lease) -> Result<bool, StoreError>;
    /// Returns when work may be available, at the latest after `timeout`.
    async fn wait(&self, timeout: Duration);
    /// When the next delayed job or expiring lease is due, if there is one.
    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError>;
    async fn stats(&self, now: Timestamp) -> Result<QueueStats, StoreError>;
    async fn dead(&self, limit: usize) -> Result<Vec<DeadJob>, StoreError>;
    /// Puts a dead job back with its attempts reset. `false`: no such dead job.
    async fn revive(&self, job: i64, now: Timestamp) -> Result<bool, StoreError>;
    async fn delivery(&self, id: &DeliveryId) -> Result<Option<StoredDelivery>, StoreError>;
    /// Deletes deliveries and dead jobs from before `before`, except deliveries of live jobs.
    async fn prune(&self, before: Timestamp) -> Result<u64, StoreError>;
    /// Drops waiting jobs of a repository.
    async fn drop_repository(&self, repo: RepoId) -> Result<(), StoreError>;
    /// Cheap check that the store answers and can write.
    async fn healthy(&self) -> Result<(), StoreError>;
}

//! The store in one SQLite file, for one process.

mod accept;
mod connection;
mod error;
mod lock;
mod readers;
mod schema;
mod statement;
mod write;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::params;

use self::accept::Acceptance;
use self::connection::Access;
use self::error::sqlite_error;
use self::lock::ProcessLock;
use self::readers::Readers;
use self::statement::{all, first};
use self::writer::Writer;
use super::row::{self, DeliveryRow, NewRow, Return};
use super::wake::Wake;
use super::{Store, body, sql};
use crate::domain::ids::{DeliveryId, Number, RepoId};
use crate::domain::job::{JobOutcome, NewJob, Timestamp};
use crate::ports::ledger::{Ledger, PullMemory};
use crate::ports::queue::{
    Accepted, DeadJob, Lease, NewDelivery, Queue, QueueStats, StoreError, StoredDelivery,
};

pub struct SqliteStore {
    writer: Writer,
    readers: Readers,
    wake: Arc<Wake>,
}

impl SqliteStore {
    /// Opens or creates the file, and puts jobs back that a dead process was working on.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if another process has it open; [`StoreError::Failed`] if it
    /// cannot be read or a newer version wrote it.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        let store = Self::connect(path, Some(ProcessLock::take(path)?)).await?;
        let orphans = store.writer.run(true, write::requeue_orphans).await?;
        if orphans > 0 {
            tracing::info!(jobs = orphans, "requeued jobs of a process that ended");
        }
        Ok(store)
    }

    /// Opens an existing file beside the process that owns it, which may be running: for a look or
    /// a single change by hand. Running jobs are left alone.
    ///
    /// # Errors
    /// As [`SqliteStore::open`], but another process is no error.
    pub async fn open_beside(path: &Path) -> Result<Self, StoreError> {
        Self::connect(path, None).await
    }

    async fn connect(path: &Path, lock: Option<ProcessLock>) -> Result<Self, StoreError> {
        let file = path.to_owned();
        let opened = tokio::task::spawn_blocking(move || Self::connect_here(file, lock));
        opened.await.map_err(|error| StoreError::Failed(error.to_string()))?
    }

    fn connect_here(path: PathBuf, lock: Option<ProcessLock>) -> Result<Self, StoreError> {
        let access = if lock.is_some() { Access::Create } else { Access::Write };
        let mut connection = connection::open(&path, access).map_err(sqlite_error)?;
        schema::migrate(&mut connection)?;
        let checkpoints = connection::open(&path, Access::Write).map_err(sqlite_error)?;
        let wake = Arc::new(Wake::default());
        let writer = Writer::start(connection, checkpoints, lock, Arc::clone(&wake))?;
        Ok(Self { writer, readers: Readers::new(path), wake })
    }

    /// Deletes in portions, each its own request, so that intake goes on in between.
    async fn prune_all(&self, statement: &'static str, before: i64) -> Result<u64, StoreError> {
        let mut total = 0;
        loop {
            let deleted = self
                .writer
                .run(false, move |connection| {
                    write::execute(connection, statement, params![before, sql::PRUNE_BATCH])
                })
                .await?;
            let deleted = u64::try_from(deleted).unwrap_or(u64::MAX);
            total += deleted;
            if deleted < sql::PRUNE_BATCH.unsigned_abs() {
                return Ok(total);
            }
        }
    }

    /// Deletes what belongs to a repository.
    async fn delete_of(&self, statement: &'static str, repo: RepoId) -> Result<(), StoreError> {
        let repo_id = row::signed(repo.0);
        self.writer
            .run(false, move |connection| {
                write::execute(connection, statement, params![repo_id]).map(|_| ())
            })
            .await
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn close(&self) {
        if let Some(thread) = self.writer.stop() {
            // Joining may take as long as the last commit. It cannot fail: a panic of the
            // writer has been reported, and there is nothing left to do about it.
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
        self.readers.close().await;
    }
}

#[async_trait]
impl Queue for SqliteStore {
    async fn accept(
        &self,
        delivery: NewDelivery,
        jobs: Vec<NewJob>,
    ) -> Result<Accepted, StoreError> {
        let jobs = NewRow::all(jobs)?;
        let delivery = DeliveryRow {
            id: delivery.id.0,
            event: delivery.event,
            body: body::compress(delivery.body).await?,
            received_at: delivery.received_at.0,
            ignored: delivery.ignored,
        };
        self.writer.hand_over(|reply| Acceptance::new(delivery, jobs, reply)).await
    }

    async fn enqueue(&self, jobs: Vec<NewJob>, now: Timestamp) -> Result<(), StoreError> {
        let jobs = NewRow::all(jobs)?;
        self.writer.run(true, move |connection| write::enqueue(connection, &jobs, now)).await
    }

    async fn lease(
        &self,
        worker: &str,
        now: Timestamp,
        duration: Duration,
    ) -> Result<Option<Lease>, StoreError> {
        let worker = worker.to_owned();
        let expires_at = now.plus(duration);
        let lease = self
            .writer
            .run(false, move |connection| write::lease(connection, &worker, now, expires_at))
            .await?;
        if lease.is_some() {
            self.wake.signal();
        }
        Ok(lease)
    }

    async fn extend(
        &self,
        lease: &Lease,
        now: Timestamp,
        duration: Duration,
    ) -> Result<bool, StoreError> {
        let (job, fence, expires_at) = (lease.job.id, lease.fence, now.plus(duration));
        self.writer
            .run(false, move |connection| {
                let values = params![job, fence, expires_at.0];
                Ok(write::execute(connection, sql::EXTEND, values)? == 1)
            })
            .await
    }

    async fn finish(
        &self,
        lease: &Lease,
        outcome: JobOutcome,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let (job, fence) = (lease.job.id, lease.fence);
        self.writer
            .run(true, move |connection| match &outcome {
                JobOutcome::Done => {
                    Ok(write::execute(connection, sql::FINISH_DONE, params![job, fence])? == 1)
                }
                JobOutcome::Dead { why } => write::bury(connection, job, fence, why, now),
                JobOutcome::Retry { at, why } => {
                    let how = Return { run_at: Some(*at), why: Some(why), uncount: false };
                    write::put_back(connection, job, fence, &how)
                }
            })
            .await
    }

    async fn release(&self, lease: &Lease, _now: Timestamp) -> Result<(), StoreError> {
        let (job, fence) = (lease.job.id, lease.fence);
        self.writer
            .run(true, move |connection| {
                let how = Return { run_at: None, why: None, uncount: true };
                write::put_back(connection, job, fence, &how).map(|_| ())
            })
            .await
    }

    async fn superseded(&self, lease: &Lease) -> Result<bool, StoreError> {
        let repo = row::signed(lease.job.repo.id.0);
        let (subject, key) = (lease.job.kind.subject(), lease.job.kind.coalescing_key());
        let job = lease.job.id;
        let newer: Option<(i64,)> = self
            .readers
            .read(move |connection| {
                first(connection, sql::SUPERSEDED, params![repo, subject, key, job])
            })
            .await?;
        Ok(newer.is_some())
    }

    async fn wait(&self, timeout: Duration) {
        self.wake.wait(timeout).await;
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        let due: Option<(Option<i64>,)> =
            self.readers.read(|connection| first(connection, sql::NEXT_DUE, &[])).await?;
        Ok(due.and_then(|(due,)| due).map(Timestamp))
    }

    async fn stats(&self, now: Timestamp) -> Result<QueueStats, StoreError> {
        let (counts, oldest): (Option<row::Counts>, Option<(Option<i64>,)>) = self
            .readers
            .read(move |connection| {
                let counts = first(connection, sql::COUNT_JOBS, params![now.0])?;
                Ok((counts, first(connection, sql::OLDEST_READY, params![now.0])?))
            })
            .await?;
        Ok(row::stats(counts.unwrap_or_default(), oldest.and_then(|(oldest,)| oldest), now))
    }

    async fn dead(&self, limit: usize) -> Result<Vec<DeadJob>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = self
            .readers
            .read(move |connection| all(connection, sql::DEAD_JOBS, params![limit]))
            .await?;
        Ok(row::dead_jobs(rows))
    }

    async fn revive(&self, job: i64, now: Timestamp) -> Result<bool, StoreError> {
        self.writer.run(true, move |connection| write::revive(connection, job, now)).await
    }

    async fn delivery(&self, id: &DeliveryId) -> Result<Option<StoredDelivery>, StoreError> {
        let wanted = id.0.clone();
        let found: Option<row::DeliveryColumns> = self
            .readers
            .read(move |connection| first(connection, sql::DELIVERY, params![wanted]))
            .await?;
        found.map(|columns| row::delivery(id, columns)).transpose()
    }

    async fn prune(&self, before: Timestamp) -> Result<u64, StoreError> {
        let deliveries = self.prune_all(sql::PRUNE_DELIVERIES, before.0).await?;
        Ok(deliveries + self.prune_all(sql::PRUNE_DEAD, before.0).await?)
    }

    async fn drop_repository(&self, repo: RepoId) -> Result<(), StoreError> {
        self.delete_of(sql::DROP_WAITING, repo).await
    }

    async fn healthy(&self) -> Result<(), StoreError> {
        self.writer
            .run(false, |connection| write::execute(connection, sql::HEARTBEAT, &[]).map(|_| ()))
            .await
    }
}

#[async_trait]
impl Ledger for SqliteStore {
    async fn load(&self, repo: RepoId, number: Number) -> Result<PullMemory, StoreError> {
        let (repo, number) = (row::signed(repo.0), row::signed(number.0));
        let found: Option<(String,)> = self
            .readers
            .read(move |connection| first(connection, sql::LOAD_MEMORY, params![repo, number]))
            .await?;
        found.map_or_else(|| Ok(PullMemory::default()), |(json,)| row::decode_memory(&json))
    }

    async fn save(
        &self,
        lease: &Lease,
        number: Number,
        memory: &PullMemory,
    ) -> Result<bool, StoreError> {
        let held = (lease.job.id, lease.fence);
        let pull = (row::signed(lease.job.repo.id.0), row::signed(number.0));
        let follows = i64::from(memory.plan_follows_base());
        let memory = row::encode_memory(memory)?;
        self.writer
            .run(false, move |connection| write::save(connection, held, pull, (&memory, follows)))
            .await
    }

    async fn plans_that_follow_base(&self, repo: RepoId) -> Result<Vec<Number>, StoreError> {
        let repo = row::signed(repo.0);
        let found: Vec<(i64,)> = self
            .readers
            .read(move |connection| all(connection, sql::PLANS_THAT_FOLLOW_BASE, params![repo]))
            .await?;
        Ok(found.into_iter().map(|(number,)| row::number(number)).collect())
    }

    async fn forget(&self, repo: RepoId) -> Result<(), StoreError> {
        self.delete_of(sql::FORGET_MEMORY, repo).await
    }
}

//! The store in one SQLite file, for one process.

mod accept;
mod lock;
mod schema;
mod write;
mod writer;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, SqlitePool};

use self::accept::Acceptance;
use self::lock::ProcessLock;
use self::writer::Writer;
use super::error::store_error;
use super::row::{self, DeliveryRow, NewRow, Return};
use super::wake::Wake;
use super::{Store, body, sql};
use crate::domain::ids::{DeliveryId, Number, RepoId};
use crate::domain::job::{JobOutcome, NewJob, Timestamp};
use crate::ports::ledger::{Ledger, PullMemory};
use crate::ports::queue::{
    Accepted, DeadJob, Lease, NewDelivery, Queue, QueueStats, StoreError, StoredDelivery,
};

/// How long SQLite waits for a lock of another program on the file (a backup, a shell).
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

const READERS: u32 = 4;

/// Pages of 8 KiB hold most compressed deliveries whole.
const PAGE_SIZE: u32 = 8192;

/// Pages in the write-ahead log before they are copied into the database (32 MiB).
const CHECKPOINT_PAGES: &str = "4096";

pub struct SqliteStore {
    writer: Writer,
    readers: SqlitePool,
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
        let orphans = store
            .writer
            .run(true, async |connection| write::requeue_orphans(connection).await)
            .await?;
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
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(lock.is_some())
            .page_size(PAGE_SIZE)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY_TIMEOUT)
            .pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
            // Else each statement that stores many rows makes and removes a file.
            .pragma("temp_store", "memory")
            .disable_statement_logging();
        let mut connection = options.connect().await.map_err(store_error)?;
        schema::migrate(&mut connection).await?;
        let checkpoints = options.connect().await.map_err(store_error)?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .connect_lazy_with(options.pragma("query_only", "on"));
        let wake = Arc::new(Wake::default());
        let writer = Writer::start(connection, checkpoints, lock, Arc::clone(&wake))?;
        Ok(Self { writer, readers, wake })
    }

    /// Deletes in portions, each its own request, so that intake goes on in between.
    async fn prune_all(&self, statement: &'static str, before: i64) -> Result<u64, StoreError> {
        let mut total = 0;
        loop {
            let deleted = self
                .writer
                .run(false, async move |connection| {
                    sqlx::query(statement)
                        .bind(before)
                        .bind(sql::PRUNE_BATCH)
                        .execute(connection)
                        .await
                        .map(|done| done.rows_affected())
                        .map_err(store_error)
                })
                .await?;
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
            .run(false, async move |connection| {
                sqlx::query(statement)
                    .bind(repo_id)
                    .execute(connection)
                    .await
                    .map(|_| ())
                    .map_err(store_error)
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
        self.writer
            .run(true, async move |connection| write::enqueue(connection, &jobs, now).await)
            .await
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
            .run(false, async move |connection| {
                write::lease(connection, &worker, now, expires_at).await
            })
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
            .run(false, async move |connection| {
                sqlx::query(sql::EXTEND)
                    .bind(job)
                    .bind(fence)
                    .bind(expires_at.0)
                    .execute(connection)
                    .await
                    .map(|done| done.rows_affected() == 1)
                    .map_err(store_error)
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
            .run(true, async move |connection| match &outcome {
                JobOutcome::Done => sqlx::query(sql::FINISH_DONE)
                    .bind(job)
                    .bind(fence)
                    .execute(connection)
                    .await
                    .map(|done| done.rows_affected() == 1)
                    .map_err(store_error),
                JobOutcome::Dead { why } => write::bury(connection, job, fence, why, now).await,
                JobOutcome::Retry { at, why } => {
                    let how = Return { run_at: Some(*at), why: Some(why), uncount: false };
                    write::put_back(connection, job, fence, &how).await
                }
            })
            .await
    }

    async fn release(&self, lease: &Lease, _now: Timestamp) -> Result<(), StoreError> {
        let (job, fence) = (lease.job.id, lease.fence);
        self.writer
            .run(true, async move |connection| {
                let how = Return { run_at: None, why: None, uncount: true };
                write::put_back(connection, job, fence, &how).await.map(|_| ())
            })
            .await
    }

    async fn superseded(&self, lease: &Lease) -> Result<bool, StoreError> {
        let newer: Option<(i64,)> = sqlx::query_as(sql::SUPERSEDED)
            .bind(row::signed(lease.job.repo.id.0))
            .bind(lease.job.kind.subject())
            .bind(lease.job.kind.coalescing_key())
            .bind(lease.job.id)
            .fetch_optional(&self.readers)
            .await
            .map_err(store_error)?;
        Ok(newer.is_some())
    }

    async fn wait(&self, timeout: Duration) {
        self.wake.wait(timeout).await;
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        let (due,): (Option<i64>,) =
            sqlx::query_as(sql::NEXT_DUE).fetch_one(&self.readers).await.map_err(store_error)?;
        Ok(due.map(Timestamp))
    }

    async fn stats(&self, now: Timestamp) -> Result<QueueStats, StoreError> {
        let counts: row::Counts = sqlx::query_as(sql::COUNT_JOBS)
            .bind(now.0)
            .fetch_one(&self.readers)
            .await
            .map_err(store_error)?;
        let (oldest,): (Option<i64>,) = sqlx::query_as(sql::OLDEST_READY)
            .bind(now.0)
            .fetch_one(&self.readers)
            .await
            .map_err(store_error)?;
        Ok(row::stats(counts, oldest, now))
    }

    async fn dead(&self, limit: usize) -> Result<Vec<DeadJob>, StoreError> {
        let rows: Vec<row::DeadColumns> = sqlx::query_as(sql::DEAD_JOBS)
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(&self.readers)
            .await
            .map_err(store_error)?;
        Ok(row::dead_jobs(rows))
    }

    async fn revive(&self, job: i64, now: Timestamp) -> Result<bool, StoreError> {
        self.writer
            .run(true, async move |connection| write::revive(connection, job, now).await)
            .await
    }

    async fn delivery(&self, id: &DeliveryId) -> Result<Option<StoredDelivery>, StoreError> {
        let found: Option<row::DeliveryColumns> = sqlx::query_as(sql::DELIVERY)
            .bind(id.0.as_str())
            .fetch_optional(&self.readers)
            .await
            .map_err(store_error)?;
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
            .run(false, async |connection| schema::execute(connection, sql::HEARTBEAT).await)
            .await
    }
}

#[async_trait]
impl Ledger for SqliteStore {
    async fn load(&self, repo: RepoId, number: Number) -> Result<PullMemory, StoreError> {
        let found: Option<(String,)> = sqlx::query_as(sql::LOAD_MEMORY)
            .bind(row::signed(repo.0))
            .bind(row::signed(number.0))
            .fetch_optional(&self.readers)
            .await
            .map_err(store_error)?;
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
            .run(false, async move |connection| {
                write::save(connection, held, pull, (&memory, follows)).await
            })
            .await
    }

    async fn plans_that_follow_base(&self, repo: RepoId) -> Result<Vec<Number>, StoreError> {
        let found: Vec<(i64,)> = sqlx::query_as(sql::PLANS_THAT_FOLLOW_BASE)
            .bind(row::signed(repo.0))
            .fetch_all(&self.readers)
            .await
            .map_err(store_error)?;
        Ok(found.into_iter().map(|(number,)| row::number(number)).collect())
    }

    async fn forget(&self, repo: RepoId) -> Result<(), StoreError> {
        self.delete_of(sql::FORGET_MEMORY, repo).await
    }
}

//! The store in a PostgreSQL database that several replicas may share.

mod announce;
mod attempt;
mod error;
mod schema;
mod write;

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, PgPool};

use self::announce::Announcer;
use self::attempt::until_settled;
use self::error::store_error;
use super::row::{self, DeliveryRow, NewRow, Return};
use super::wake::Wake;
use super::{Store, body, sql};
use crate::domain::ids::{DeliveryId, Number, RepoId};
use crate::domain::job::{JobOutcome, NewJob, Timestamp};
use crate::ports::ledger::{Ledger, PullMemory};
use crate::ports::queue::{
    Accepted, DeadJob, Lease, NewDelivery, Queue, QueueStats, StoreError, StoredDelivery,
};

/// How long a call waits for a free connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// A connection that was used so recently is taken without asking the server whether it lives.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);

/// Name of a PostgreSQL schema that needs no quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaName(String);

impl SchemaName {
    /// At most 48 lower-case letters, digits and underscores, not starting with a digit.
    pub fn parse(name: &str) -> Option<Self> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        let starts_well = name.bytes().next().is_some_and(|first| !first.is_ascii_digit());
        (starts_well && name.len() <= 48 && name.bytes().all(allowed))
            .then(|| Self(name.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[derive(Debug, Clone)]
pub struct PostgresOptions {
    /// Connections of this process, one of which listens. At least 2.
    pub max_connections: u32,
    /// Where the tables are. Created when missing.
    pub schema: SchemaName,
}

impl Default for PostgresOptions {
    fn default() -> Self {
        Self { max_connections: 16, schema: SchemaName("backend_team".to_owned()) }
    }
}

pub struct PostgresStore {
    pool: PgPool,
    wake: Arc<Wake>,
    announcer: Announcer,
}

impl PostgresStore {
    /// Connects and brings the schema up to date; replicas that start together take turns.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the server does not answer; [`StoreError::Failed`] if the
    /// URL is wrong, a right is missing or a newer version wrote the schema.
    pub async fn open(url: &SecretString, options: &PostgresOptions) -> Result<Self, StoreError> {
        let connect = PgConnectOptions::from_str(url.expose_secret())
            .map_err(store_error)?
            .application_name("backend-team")
            .options([("search_path", options.schema.as_str())])
            .disable_statement_logging();
        let pool = PgPoolOptions::new()
            .max_connections(options.max_connections.max(2))
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .test_before_acquire(false)
            .before_acquire(|connection, meta| {
                Box::pin(async move {
                    if meta.idle_for > TRUSTED_IDLE {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .connect_with(connect)
            .await
            .map_err(store_error)?;
        schema::migrate(&pool, &options.schema).await?;
        let wake = Arc::new(Wake::default());
        let channel = format!("{}_jobs", options.schema.as_str());
        let announcer = Announcer::start(pool.clone(), channel, Arc::clone(&wake));
        Ok(Self { pool, wake, announcer })
    }

    /// Wakes a worker here, or in another replica if all of this one are busy.
    fn announce(&self) {
        self.wake.signal();
        self.announcer.announce();
    }

    /// Deletes in portions, so that locks are short.
    async fn prune_all(&self, statement: &'static str, before: i64) -> Result<u64, StoreError> {
        let mut total = 0;
        loop {
            let deleted = sqlx::query(statement)
                .bind(before)
                .bind(sql::PRUNE_BATCH)
                .execute(&self.pool)
                .await
                .map_err(store_error)?
                .rows_affected();
            total += deleted;
            if deleted < sql::PRUNE_BATCH.unsigned_abs() {
                return Ok(total);
            }
        }
    }

    /// Deletes what belongs to a repository.
    async fn delete_of(&self, statement: &'static str, repo: RepoId) -> Result<(), StoreError> {
        sqlx::query(statement)
            .bind(row::signed(repo.0))
            .execute(&self.pool)
            .await
            .map(|_| ())
            .map_err(store_error)
    }
}

#[async_trait]
impl Store for PostgresStore {
    async fn close(&self) {
        self.announcer.stop();
        self.pool.close().await;
    }
}

#[async_trait]
impl Queue for PostgresStore {
    async fn accept(
        &self,
        delivery: NewDelivery,
        jobs: Vec<NewJob>,
    ) -> Result<Accepted, StoreError> {
        let jobs = NewRow::all(jobs)?;
        let delivery = DeliveryRow {
            id: delivery.id.0,
            event: row::storable(&delivery.event).into_owned(),
            body: body::compress(delivery.body).await?,
            received_at: delivery.received_at.0,
            ignored: delivery.ignored.map(|why| row::storable(&why).into_owned()),
        };
        let accepted = until_settled(|| write::accept(&self.pool, &delivery, &jobs)).await?;
        if !jobs.is_empty() && accepted == Accepted::New {
            self.announce();
        }
        Ok(accepted)
    }

    async fn enqueue(&self, jobs: Vec<NewJob>, now: Timestamp) -> Result<(), StoreError> {
        let jobs = NewRow::all(jobs)?;
        until_settled(|| write::enqueue(&self.pool, &jobs, now)).await?;
        self.announce();
        Ok(())
    }

    async fn lease(
        &self,
        worker: &str,
        now: Timestamp,
        duration: Duration,
    ) -> Result<Option<Lease>, StoreError> {
        let expires_at = now.plus(duration);
        let lease = until_settled(|| write::lease(&self.pool, worker, now, expires_at)).await?;
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
        let extended = sqlx::query(sql::EXTEND)
            .bind(lease.job.id)
            .bind(lease.fence)
            .bind(now.plus(duration).0)
            .execute(&self.pool)
            .await
            .map_err(store_error)?;
        Ok(extended.rows_affected() == 1)
    }

    async fn finish(
        &self,
        lease: &Lease,
        outcome: JobOutcome,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let (pool, job, fence) = (&self.pool, lease.job.id, lease.fence);
        let held = match &outcome {
            JobOutcome::Done => {
                let done = sqlx::query(sql::FINISH_DONE).bind(job).bind(fence).execute(pool).await;
                done.map_err(store_error)?.rows_affected() == 1
            }
            JobOutcome::Dead { why } => {
                until_settled(|| write::bury(pool, job, fence, why, now)).await?
            }
            JobOutcome::Retry { at, why } => {
                let how = Return { run_at: Some(*at), why: Some(why), uncount: false };
                until_settled(|| write::put_back(pool, job, fence, &how)).await?
            }
        };
        if held {
            self.announce();
        }
        Ok(held)
    }

    async fn release(&self, lease: &Lease, _now: Timestamp) -> Result<(), StoreError> {
        let (pool, job, fence) = (&self.pool, lease.job.id, lease.fence);
        let how = Return { run_at: None, why: None, uncount: true };
        until_settled(|| write::put_back(pool, job, fence, &how)).await?;
        self.announce();
        Ok(())
    }

    async fn superseded(&self, lease: &Lease) -> Result<bool, StoreError> {
        let newer: Option<(i64,)> = sqlx::query_as(sql::SUPERSEDED)
            .bind(row::signed(lease.job.repo.id.0))
            .bind(lease.job.kind.subject())
            .bind(lease.job.kind.coalescing_key())
            .bind(lease.job.id)
            .fetch_optional(&self.pool)
            .await
            .map_err(store_error)?;
        Ok(newer.is_some())
    }

    async fn wait(&self, timeout: Duration) {
        self.wake.wait(timeout.min(self.announcer.patience())).await;
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        let (due,): (Option<i64>,) =
            sqlx::query_as(sql::NEXT_DUE).fetch_one(&self.pool).await.map_err(store_error)?;
        Ok(due.map(Timestamp))
    }

    async fn stats(&self, now: Timestamp) -> Result<QueueStats, StoreError> {
        let counts: row::Counts = sqlx::query_as(sql::COUNT_JOBS)
            .bind(now.0)
            .fetch_one(&self.pool)
            .await
            .map_err(store_error)?;
        let (oldest,): (Option<i64>,) = sqlx::query_as(sql::OLDEST_READY)
            .bind(now.0)
            .fetch_one(&self.pool)
            .await
            .map_err(store_error)?;
        Ok(row::stats(counts, oldest, now))
    }

    async fn dead(&self, limit: usize) -> Result<Vec<DeadJob>, StoreError> {
        let rows: Vec<row::DeadColumns> = sqlx::query_as(sql::DEAD_JOBS)
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(&self.pool)
            .await
            .map_err(store_error)?;
        Ok(row::dead_jobs(rows))
    }

    async fn revive(&self, job: i64, now: Timestamp) -> Result<bool, StoreError> {
        let revived = until_settled(|| write::revive(&self.pool, job, now)).await?;
        if revived {
            self.announce();
        }
        Ok(revived)
    }

    async fn delivery(&self, id: &DeliveryId) -> Result<Option<StoredDelivery>, StoreError> {
        let found: Option<row::DeliveryColumns> = sqlx::query_as(sql::DELIVERY)
            .bind(id.0.as_str())
            .fetch_optional(&self.pool)
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
        sqlx::query(sql::HEARTBEAT).execute(&self.pool).await.map(|_| ()).map_err(store_error)
    }
}

#[async_trait]
impl Ledger for PostgresStore {
    async fn load(&self, repo: RepoId, number: Number) -> Result<PullMemory, StoreError> {
        let found: Option<(String,)> = sqlx::query_as(sql::LOAD_MEMORY)
            .bind(row::signed(repo.0))
            .bind(row::signed(number.0))
            .fetch_optional(&self.pool)
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
        write::save(&self.pool, held, pull, (&memory, follows)).await
    }

    async fn plans_that_follow_base(&self, repo: RepoId) -> Result<Vec<Number>, StoreError> {
        let found: Vec<(i64,)> = sqlx::query_as(sql::PLANS_THAT_FOLLOW_BASE)
            .bind(row::signed(repo.0))
            .fetch_all(&self.pool)
            .await
            .map_err(store_error)?;
        Ok(found.into_iter().map(|(number,)| row::number(number)).collect())
    }

    async fn forget(&self, repo: RepoId) -> Result<(), StoreError> {
        self.delete_of(sql::FORGET_MEMORY, repo).await
    }
}

//! The changes, each in a transaction or a single statement.

use sqlx::{PgConnection, PgPool};

use super::attempt::Failure;
use super::error::store_error;
use crate::domain::job::Timestamp;
use crate::ports::queue::{Accepted, Lease, StoreError};
use crate::store::row::{self, DeliveryRow, LeasedColumns, NewRow, Return, ReturningColumns};
use crate::store::sql;

pub(super) async fn accept(
    pool: &PgPool,
    delivery: &DeliveryRow,
    jobs: &[NewRow],
) -> Result<Accepted, Failure> {
    let insertion = sqlx::query(sql::INSERT_DELIVERY)
        .bind(delivery.id.as_str())
        .bind(delivery.event.as_str())
        .bind(delivery.body.as_slice())
        .bind(delivery.received_at)
        .bind(delivery.ignored.as_deref());
    if jobs.is_empty() {
        let inserted = insertion.execute(pool).await?.rows_affected();
        return Ok(if inserted == 0 { Accepted::Duplicate } else { Accepted::New });
    }
    let mut transaction = pool.begin().await?;
    // If the same delivery is being stored elsewhere, this waits for the end of that transaction.
    if insertion.execute(&mut *transaction).await?.rows_affected() == 0 {
        return Ok(Accepted::Duplicate);
    }
    insert_jobs(&mut transaction, jobs, Timestamp(delivery.received_at)).await?;
    transaction.commit().await?;
    Ok(Accepted::New)
}

pub(super) async fn enqueue(pool: &PgPool, jobs: &[NewRow], now: Timestamp) -> Result<(), Failure> {
    let mut transaction = pool.begin().await?;
    insert_jobs(&mut transaction, jobs, now).await?;
    Ok(transaction.commit().await?)
}

async fn insert_jobs(
    connection: &mut PgConnection,
    jobs: &[NewRow],
    now: Timestamp,
) -> Result<(), Failure> {
    for job in jobs {
        let stored = sqlx::query(sql::INSERT_JOB)
            .bind(job.repo_id)
            .bind(job.installation_id)
            .bind(job.owner.as_str())
            .bind(job.name.as_str())
            .bind(job.subject.as_str())
            .bind(job.coalescing_key.as_str())
            .bind(job.kind_json.as_str())
            .bind(job.delivery.as_deref())
            .bind(now.0)
            .execute(&mut *connection)
            .await?;
        if stored.rows_affected() == 0 {
            fold(connection, job, now).await?;
        }
    }
    Ok(())
}

/// Merges a new job into the waiting one that says something else. The insertion that met it has
/// locked it.
async fn fold(connection: &mut PgConnection, job: &NewRow, now: Timestamp) -> Result<(), Failure> {
    let twin = waiting(connection, job.repo_id, &job.subject, &job.coalescing_key).await?;
    let (id, older) = twin.ok_or(Failure::Race)?;
    sqlx::query(sql::FOLD_NEW_JOB)
        .bind(id)
        .bind(job.merged_into(&older)?)
        .bind(job.installation_id)
        .bind(job.owner.as_str())
        .bind(job.name.as_str())
        .bind(job.delivery.as_deref())
        .bind(now.0)
        .execute(connection)
        .await?;
    Ok(())
}

async fn waiting(
    connection: &mut PgConnection,
    repo_id: i64,
    subject: &str,
    key: &str,
) -> Result<Option<(i64, String)>, sqlx::Error> {
    const WAITING: &str = "SELECT id, kind FROM jobs WHERE repo_id = $1 AND subject = $2 \
        AND coalescing_key = $3 AND state = 'waiting' FOR UPDATE";
    sqlx::query_as(WAITING).bind(repo_id).bind(subject).bind(key).fetch_optional(connection).await
}

/// The oldest of: a running job whose lease ran out, a due job of a free subject. Rows that
/// another replica is taking are skipped. Two jobs of one subject taken at the same moment meet
/// in the unique index on running jobs: the later one is a lost race.
const LEASE: &str = concat!(
    "WITH expired AS (SELECT id, enqueued_at FROM jobs WHERE state = 'running' \
     AND lease_expires_at <= $2 ORDER BY enqueued_at, id LIMIT 1 FOR UPDATE SKIP LOCKED), \
     ready AS (SELECT w.id, w.enqueued_at FROM jobs w WHERE w.state = 'waiting' \
     AND w.run_at <= $2 AND ",
    sql::subject_is_free!(),
    " ORDER BY w.enqueued_at, w.id LIMIT 1 FOR UPDATE OF w SKIP LOCKED), \
     chosen AS (SELECT id AS chosen_id FROM (SELECT * FROM expired UNION ALL SELECT * FROM ready) \
     AS candidates ORDER BY enqueued_at, id LIMIT 1) \
     UPDATE jobs SET state = 'running', worker = $1, fence = fence + 1, attempt = attempt + 1, \
     lease_expires_at = $3 FROM chosen WHERE id = chosen_id RETURNING ",
    sql::job_columns!(),
    ", fence"
);

pub(super) async fn lease(
    pool: &PgPool,
    worker: &str,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<Option<Lease>, Failure> {
    loop {
        let leased: Option<LeasedColumns> = sqlx::query_as(LEASE)
            .bind(worker)
            .bind(now.0)
            .bind(expires_at.0)
            .fetch_optional(pool)
            .await?;
        let Some((a, b, c, d, e, f, g, h, i, fence)) = leased else { return Ok(None) };
        match row::job((a, b, c, d, e, f, g, h, i)) {
            Ok(job) => {
                return Ok(Some(Lease { job, worker: worker.to_owned(), fence, expires_at }));
            }
            // Nobody can work on it, and it must not keep the others from being found.
            Err(error) => {
                tracing::error!(job_id = a, %error, "giving up a job");
                bury(pool, a, fence, &error.to_string(), now).await?;
            }
        }
    }
}

pub(super) async fn bury(
    pool: &PgPool,
    job: i64,
    fence: i64,
    why: &str,
    now: Timestamp,
) -> Result<bool, Failure> {
    let buried = sqlx::query(sql::FINISH_DEAD)
        .bind(job)
        .bind(fence)
        .bind(row::storable(why))
        .bind(now.0)
        .execute(pool)
        .await?;
    Ok(buried.rows_affected() == 1)
}

/// Puts a running job back if the lease is held.
pub(super) async fn put_back(
    pool: &PgPool,
    job: i64,
    fence: i64,
    how: &Return<'_>,
) -> Result<bool, Failure> {
    const HELD: &str = "SELECT id, repo_id, subject, coalescing_key, kind, enqueued_at, run_at, \
        attempt FROM jobs WHERE id = $1 AND fence = $2 AND state = 'running' FOR UPDATE";
    let mut transaction = pool.begin().await?;
    let held: Option<ReturningColumns> =
        sqlx::query_as(HELD).bind(job).bind(fence).fetch_optional(&mut *transaction).await?;
    let Some(held) = held else { return Ok(false) };
    stand_in_line(&mut transaction, &held, how).await?;
    transaction.commit().await?;
    Ok(true)
}

/// Makes a row wait, or merges it into the one that waits with its key. A twin that appears
/// between the look and the change is a lost race.
async fn stand_in_line(
    connection: &mut PgConnection,
    job: &ReturningColumns,
    how: &Return<'_>,
) -> Result<(), Failure> {
    let (id, repo_id, subject, key, kind, enqueued_at, due, attempt) = job;
    let run_at = how.run_at.map_or(*due, |at| at.0);
    let Some((twin, newer)) = waiting(connection, *repo_id, subject, key).await? else {
        sqlx::query(sql::MAKE_WAITING)
            .bind(id)
            .bind(enqueued_at)
            .bind(run_at)
            .bind(attempt - i64::from(how.uncount))
            .bind(how.why.map(row::storable))
            .execute(connection)
            .await?;
        return Ok(());
    };
    sqlx::query(sql::DELETE_JOB).bind(id).execute(&mut *connection).await?;
    sqlx::query(sql::FOLD_OLD_JOB)
        .bind(twin)
        .bind(row::merge_kinds(kind, &newer)?)
        .bind(enqueued_at)
        .bind(run_at)
        .execute(connection)
        .await?;
    Ok(())
}

/// Puts a dead job back as if it were new.
pub(super) async fn revive(pool: &PgPool, job: i64, now: Timestamp) -> Result<bool, Failure> {
    const DEAD: &str = "SELECT id, repo_id, subject, coalescing_key, kind, $2::bigint, \
        $2::bigint, 0::bigint FROM jobs WHERE id = $1 AND state = 'dead' FOR UPDATE";
    let mut transaction = pool.begin().await?;
    let dead: Option<ReturningColumns> =
        sqlx::query_as(DEAD).bind(job).bind(now.0).fetch_optional(&mut *transaction).await?;
    let Some(dead) = dead else { return Ok(false) };
    let how = Return { run_at: None, why: None, uncount: false };
    stand_in_line(&mut transaction, &dead, &how).await?;
    transaction.commit().await?;
    Ok(true)
}

/// Stores a pull request's memory if the lease is held. The lock on the job keeps another replica
/// from taking it over in between.
pub(super) async fn save(
    pool: &PgPool,
    (job, fence): (i64, i64),
    (repo_id, number): (i64, i64),
    (memory, follows): (&str, i64),
) -> Result<bool, StoreError> {
    const SAVE: &str = "WITH held AS (SELECT id FROM jobs WHERE id = $1 AND fence = $2 \
        AND state = 'running' FOR UPDATE) \
        INSERT INTO pull_memory (repo_id, number, memory, plan_follows_base) \
        SELECT $3::bigint, $4::bigint, $5::text, $6::bigint FROM held \
        ON CONFLICT (repo_id, number) DO UPDATE SET memory = excluded.memory, \
        plan_follows_base = excluded.plan_follows_base";
    let saved = sqlx::query(SAVE)
        .bind(job)
        .bind(fence)
        .bind(repo_id)
        .bind(number)
        .bind(memory)
        .bind(follows)
        .execute(pool)
        .await
        .map_err(store_error)?;
    Ok(saved.rows_affected() == 1)
}

//! The changes, each inside the writer's transaction.

use sqlx::SqliteConnection;

use crate::domain::job::Timestamp;
use crate::ports::queue::{Accepted, Lease, StoreError};
use crate::store::error::store_error;
use crate::store::row::{self, DeliveryRow, LeasedColumns, NewRow, Return, ReturningColumns};
use crate::store::sql;

pub(super) async fn accept(
    connection: &mut SqliteConnection,
    delivery: &DeliveryRow,
    jobs: &[NewRow],
) -> Result<Accepted, StoreError> {
    if let [job] = jobs {
        return accept_one(connection, delivery, job).await;
    }
    let inserted = sqlx::query(sql::INSERT_DELIVERY)
        .bind(delivery.id.as_str())
        .bind(delivery.event.as_str())
        .bind(delivery.body.as_slice())
        .bind(delivery.received_at)
        .bind(delivery.ignored.as_deref())
        .execute(&mut *connection)
        .await
        .map_err(store_error)?;
    if inserted.rows_affected() == 0 {
        return Ok(Accepted::Duplicate);
    }
    enqueue(connection, jobs, Timestamp(delivery.received_at)).await?;
    Ok(Accepted::New)
}

/// The usual delivery brings one job: both in one call, because what a group costs besides the
/// flush is mostly the way to SQLite's thread and back.
///
/// The job is stored only if the delivery was (`changes()` counts the rows of the statement
/// before). Changed rows in all: 0 duplicate, 2 both stored, 1 a job that has to be merged.
async fn accept_one(
    connection: &mut SqliteConnection,
    delivery: &DeliveryRow,
    job: &NewRow,
) -> Result<Accepted, StoreError> {
    const ACCEPT: &str = concat!(
        "INSERT INTO deliveries (id, event, body, received_at, ignored) \
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id) DO NOTHING; INSERT INTO jobs ",
        sql::new_job_columns!(),
        " SELECT $6, $7, $8, $9, $10, $11, $12, $13, 'waiting', $4, $4 WHERE changes() > 0",
        sql::refresh_waiting!(),
        " WHERE jobs.kind = excluded.kind"
    );
    let stored = sqlx::query(ACCEPT)
        .bind(delivery.id.as_str())
        .bind(delivery.event.as_str())
        .bind(delivery.body.as_slice())
        .bind(delivery.received_at)
        .bind(delivery.ignored.as_deref())
        .bind(job.repo_id)
        .bind(job.installation_id)
        .bind(job.owner.as_str())
        .bind(job.name.as_str())
        .bind(job.subject.as_str())
        .bind(job.coalescing_key.as_str())
        .bind(job.kind_json.as_str())
        .bind(job.delivery.as_deref())
        .execute(&mut *connection)
        .await
        .map_err(store_error)?;
    match stored.rows_affected() {
        0 => return Ok(Accepted::Duplicate),
        1 => fold(connection, job, Timestamp(delivery.received_at)).await?,
        _ => {}
    }
    Ok(Accepted::New)
}

pub(super) async fn enqueue(
    connection: &mut SqliteConnection,
    jobs: &[NewRow],
    now: Timestamp,
) -> Result<(), StoreError> {
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
            .await
            .map_err(store_error)?;
        if stored.rows_affected() == 0 {
            fold(connection, job, now).await?;
        }
    }
    Ok(())
}

/// Merges a new job into the waiting one that says something else.
async fn fold(
    connection: &mut SqliteConnection,
    job: &NewRow,
    now: Timestamp,
) -> Result<(), StoreError> {
    let twin = waiting(connection, job.repo_id, &job.subject, &job.coalescing_key).await?;
    let Some((id, older)) = twin else {
        return Err(StoreError::Failed("a job was neither stored nor merged".to_owned()));
    };
    sqlx::query(sql::FOLD_NEW_JOB)
        .bind(id)
        .bind(job.merged_into(&older)?)
        .bind(job.installation_id)
        .bind(job.owner.as_str())
        .bind(job.name.as_str())
        .bind(job.delivery.as_deref())
        .bind(now.0)
        .execute(connection)
        .await
        .map_err(store_error)?;
    Ok(())
}

async fn waiting(
    connection: &mut SqliteConnection,
    repo_id: i64,
    subject: &str,
    key: &str,
) -> Result<Option<(i64, String)>, StoreError> {
    const WAITING: &str = "SELECT id, kind FROM jobs WHERE repo_id = $1 AND subject = $2 \
        AND coalescing_key = $3 AND state = 'waiting'";
    sqlx::query_as(WAITING)
        .bind(repo_id)
        .bind(subject)
        .bind(key)
        .fetch_optional(connection)
        .await
        .map_err(store_error)
}

/// The oldest of: a running job whose lease ran out, a due job of a free subject.
const LEASE: &str = concat!(
    "UPDATE jobs SET state = 'running', worker = $1, fence = fence + 1, attempt = attempt + 1, \
     lease_expires_at = $3 WHERE id = (SELECT id FROM (\
     SELECT id, enqueued_at FROM jobs WHERE state = 'running' AND lease_expires_at <= $2 \
     UNION ALL SELECT * FROM (SELECT w.id, w.enqueued_at FROM jobs w WHERE w.state = 'waiting' \
     AND w.run_at <= $2 AND ",
    sql::subject_is_free!(),
    " ORDER BY w.enqueued_at, w.id LIMIT 1)) ORDER BY enqueued_at, id LIMIT 1) RETURNING ",
    sql::job_columns!(),
    ", fence"
);

pub(super) async fn lease(
    connection: &mut SqliteConnection,
    worker: &str,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<Option<Lease>, StoreError> {
    loop {
        let leased: Option<LeasedColumns> = sqlx::query_as(LEASE)
            .bind(worker)
            .bind(now.0)
            .bind(expires_at.0)
            .fetch_optional(&mut *connection)
            .await
            .map_err(store_error)?;
        let Some((a, b, c, d, e, f, g, h, i, fence)) = leased else { return Ok(None) };
        match row::job((a, b, c, d, e, f, g, h, i)) {
            Ok(job) => {
                return Ok(Some(Lease { job, worker: worker.to_owned(), fence, expires_at }));
            }
            // Nobody can work on it, and it must not keep the others from being found.
            Err(error) => {
                tracing::error!(job_id = a, %error, "giving up a job");
                bury(connection, a, fence, &error.to_string(), now).await?;
            }
        }
    }
}

pub(super) async fn bury(
    connection: &mut SqliteConnection,
    job: i64,
    fence: i64,
    why: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let buried = sqlx::query(sql::FINISH_DEAD)
        .bind(job)
        .bind(fence)
        .bind(why)
        .bind(now.0)
        .execute(connection)
        .await
        .map_err(store_error)?;
    Ok(buried.rows_affected() == 1)
}

/// Puts a running job back if the lease is held.
pub(super) async fn put_back(
    connection: &mut SqliteConnection,
    job: i64,
    fence: i64,
    how: &Return<'_>,
) -> Result<bool, StoreError> {
    const HELD: &str = "SELECT id, repo_id, subject, coalescing_key, kind, enqueued_at, run_at, \
        attempt FROM jobs WHERE id = $1 AND fence = $2 AND state = 'running'";
    let held: Option<ReturningColumns> = sqlx::query_as(HELD)
        .bind(job)
        .bind(fence)
        .fetch_optional(&mut *connection)
        .await
        .map_err(store_error)?;
    let Some(held) = held else { return Ok(false) };
    stand_in_line(connection, &held, how).await?;
    Ok(true)
}

/// Makes a row wait, or merges it into the one that waits with its key.
async fn stand_in_line(
    connection: &mut SqliteConnection,
    job: &ReturningColumns,
    how: &Return<'_>,
) -> Result<(), StoreError> {
    let (id, repo_id, subject, key, kind, enqueued_at, due, attempt) = job;
    let run_at = how.run_at.map_or(*due, |at| at.0);
    let Some((twin, newer)) = waiting(connection, *repo_id, subject, key).await? else {
        sqlx::query(sql::MAKE_WAITING)
            .bind(id)
            .bind(enqueued_at)
            .bind(run_at)
            .bind(attempt - i64::from(how.uncount))
            .bind(how.why)
            .execute(connection)
            .await
            .map_err(store_error)?;
        return Ok(());
    };
    sqlx::query(sql::DELETE_JOB).bind(id).execute(&mut *connection).await.map_err(store_error)?;
    sqlx::query(sql::FOLD_OLD_JOB)
        .bind(twin)
        .bind(row::merge_kinds(kind, &newer)?)
        .bind(enqueued_at)
        .bind(run_at)
        .execute(connection)
        .await
        .map_err(store_error)?;
    Ok(())
}

/// Puts a dead job back as if it were new.
pub(super) async fn revive(
    connection: &mut SqliteConnection,
    job: i64,
    now: Timestamp,
) -> Result<bool, StoreError> {
    const DEAD: &str = "SELECT id, repo_id, subject, coalescing_key, kind, $2, $2, 0 \
        FROM jobs WHERE id = $1 AND state = 'dead'";
    let dead: Option<ReturningColumns> = sqlx::query_as(DEAD)
        .bind(job)
        .bind(now.0)
        .fetch_optional(&mut *connection)
        .await
        .map_err(store_error)?;
    let Some(dead) = dead else { return Ok(false) };
    stand_in_line(connection, &dead, &Return { run_at: None, why: None, uncount: false }).await?;
    Ok(true)
}

/// Puts back what a process that died was working on: with the file locked, nobody else can be.
pub(super) async fn requeue_orphans(connection: &mut SqliteConnection) -> Result<u64, StoreError> {
    const RUNNING: &str = "SELECT id, repo_id, subject, coalescing_key, kind, enqueued_at, \
        run_at, attempt FROM jobs WHERE state = 'running'";
    let orphans: Vec<ReturningColumns> =
        sqlx::query_as(RUNNING).fetch_all(&mut *connection).await.map_err(store_error)?;
    let how = Return { run_at: None, why: Some("the process ended"), uncount: false };
    for orphan in &orphans {
        stand_in_line(connection, orphan, &how).await?;
    }
    Ok(orphans.len() as u64)
}

/// Stores a pull request's memory if the lease is held.
pub(super) async fn save(
    connection: &mut SqliteConnection,
    (job, fence): (i64, i64),
    (repo_id, number): (i64, i64),
    (memory, follows): (&str, i64),
) -> Result<bool, StoreError> {
    const SAVE: &str = "INSERT INTO pull_memory (repo_id, number, memory, \
        plan_follows_base) SELECT $3, $4, $5, $6 \
        WHERE EXISTS (SELECT id FROM jobs WHERE id = $1 AND fence = $2 AND state = 'running') \
        ON CONFLICT (repo_id, number) DO UPDATE SET memory = excluded.memory, \
        plan_follows_base = excluded.plan_follows_base";
    let saved = sqlx::query(SAVE)
        .bind(job)
        .bind(fence)
        .bind(repo_id)
        .bind(number)
        .bind(memory)
        .bind(follows)
        .execute(connection)
        .await
        .map_err(store_error)?;
    Ok(saved.rows_affected() == 1)
}

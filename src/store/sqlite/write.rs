//! The changes, each inside the writer's transaction.

use rusqlite::{Connection, Row, ToSql, params};

use super::error::sqlite_error;
use super::statement;
use crate::domain::job::Timestamp;
use crate::ports::queue::{Accepted, Lease, StoreError};
use crate::store::row::{self, DeliveryRow, LeasedColumns, NewRow, Return, ReturningColumns};
use crate::store::sql;

pub(super) fn execute(
    connection: &Connection,
    text: &'static str,
    values: &[&dyn ToSql],
) -> Result<usize, StoreError> {
    statement::execute(connection, text, values).map_err(sqlite_error)
}

fn first<T>(
    connection: &Connection,
    text: &'static str,
    values: &[&dyn ToSql],
) -> Result<Option<T>, StoreError>
where
    T: for<'r> TryFrom<&'r Row<'r>, Error = rusqlite::Error>,
{
    statement::first(connection, text, values).map_err(sqlite_error)
}

/// Stores a delivery, unless it is known.
pub(super) fn deliver(
    connection: &Connection,
    delivery: &DeliveryRow,
) -> Result<Accepted, StoreError> {
    let values =
        params![delivery.id, delivery.event, delivery.body, delivery.received_at, delivery.ignored];
    let stored = execute(connection, sql::INSERT_DELIVERY, values)?;
    Ok(if stored == 0 { Accepted::Duplicate } else { Accepted::New })
}

pub(super) fn enqueue<'a>(
    connection: &Connection,
    jobs: impl IntoIterator<Item = &'a NewRow>,
    now: Timestamp,
) -> Result<(), StoreError> {
    for job in jobs {
        if says_nothing_new(connection, job, now)? {
            continue;
        }
        let values = params![
            job.repo_id,
            job.installation_id,
            job.owner,
            job.name,
            job.subject,
            job.coalescing_key,
            job.kind_json,
            job.delivery,
            now.0
        ];
        if execute(connection, sql::INSERT_JOB, values)? == 0 {
            fold(connection, job, now)?;
        }
    }
    Ok(())
}

/// Whether the very same job waits already, due and never tried: most events of a busy pull request
/// come while one waits, and reading costs less than writing.
fn says_nothing_new(
    connection: &Connection,
    job: &NewRow,
    now: Timestamp,
) -> Result<bool, StoreError> {
    const SAME: &str = "SELECT id FROM jobs WHERE repo_id = $1 AND subject = $2 \
        AND coalescing_key = $3 AND state = 'waiting' AND kind = $4 AND installation_id = $5 \
        AND owner = $6 AND name = $7 AND attempt = 0 AND why IS NULL AND run_at <= $8";
    let values = params![
        job.repo_id,
        job.subject,
        job.coalescing_key,
        job.kind_json,
        job.installation_id,
        job.owner,
        job.name,
        now.0
    ];
    Ok(first::<(i64,)>(connection, SAME, values)?.is_some())
}

/// Merges a new job into the waiting one that says something else.
fn fold(connection: &Connection, job: &NewRow, now: Timestamp) -> Result<(), StoreError> {
    let twin = waiting(connection, job.repo_id, &job.subject, &job.coalescing_key)?;
    let Some((id, older)) = twin else {
        return Err(StoreError::Failed("a job was neither stored nor merged".to_owned()));
    };
    let kind = job.merged_into(&older)?;
    let values = params![id, kind, job.installation_id, job.owner, job.name, job.delivery, now.0];
    execute(connection, sql::FOLD_NEW_JOB, values).map(|_| ())
}

fn waiting(
    connection: &Connection,
    repo_id: i64,
    subject: &str,
    key: &str,
) -> Result<Option<(i64, String)>, StoreError> {
    const WAITING: &str = "SELECT id, kind FROM jobs WHERE repo_id = $1 AND subject = $2 \
        AND coalescing_key = $3 AND state = 'waiting'";
    first(connection, WAITING, params![repo_id, subject, key])
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

pub(super) fn lease(
    connection: &Connection,
    worker: &str,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<Option<Lease>, StoreError> {
    loop {
        let leased: Option<LeasedColumns> =
            first(connection, LEASE, params![worker, now.0, expires_at.0])?;
        let Some((a, b, c, d, e, f, g, h, i, fence)) = leased else { return Ok(None) };
        match row::job((a, b, c, d, e, f, g, h, i)) {
            Ok(job) => {
                return Ok(Some(Lease { job, worker: worker.to_owned(), fence, expires_at }));
            }
            // Nobody can work on it, and it must not keep the others from being found.
            Err(error) => {
                tracing::error!(job_id = a, %error, "giving up a job");
                bury(connection, a, fence, &error.to_string(), now)?;
            }
        }
    }
}

pub(super) fn bury(
    connection: &Connection,
    job: i64,
    fence: i64,
    why: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    Ok(execute(connection, sql::FINISH_DEAD, params![job, fence, why, now.0])? == 1)
}

/// Puts a running job back if the lease is held.
pub(super) fn put_back(
    connection: &Connection,
    job: i64,
    fence: i64,
    how: &Return<'_>,
) -> Result<bool, StoreError> {
    const HELD: &str = "SELECT id, repo_id, subject, coalescing_key, kind, enqueued_at, run_at, \
        attempt FROM jobs WHERE id = $1 AND fence = $2 AND state = 'running'";
    let held: Option<ReturningColumns> = first(connection, HELD, params![job, fence])?;
    let Some(held) = held else { return Ok(false) };
    stand_in_line(connection, &held, how)?;
    Ok(true)
}

/// Makes a row wait, or merges it into the one that waits with its key.
fn stand_in_line(
    connection: &Connection,
    job: &ReturningColumns,
    how: &Return<'_>,
) -> Result<(), StoreError> {
    let (id, repo_id, subject, key, kind, enqueued_at, due, attempt) = job;
    let run_at = how.run_at.map_or(*due, |at| at.0);
    let Some((twin, newer)) = waiting(connection, *repo_id, subject, key)? else {
        let attempt = attempt - i64::from(how.uncount);
        let values = params![id, enqueued_at, run_at, attempt, how.why];
        return execute(connection, sql::MAKE_WAITING, values).map(|_| ());
    };
    execute(connection, sql::DELETE_JOB, params![id])?;
    let values = params![twin, row::merge_kinds(kind, &newer)?, enqueued_at, run_at];
    execute(connection, sql::FOLD_OLD_JOB, values).map(|_| ())
}

/// Puts a dead job back as if it were new.
pub(super) fn revive(
    connection: &Connection,
    job: i64,
    now: Timestamp,
) -> Result<bool, StoreError> {
    const DEAD: &str = "SELECT id, repo_id, subject, coalescing_key, kind, $2, $2, 0 \
        FROM jobs WHERE id = $1 AND state = 'dead'";
    let dead: Option<ReturningColumns> = first(connection, DEAD, params![job, now.0])?;
    let Some(dead) = dead else { return Ok(false) };
    stand_in_line(connection, &dead, &Return { run_at: None, why: None, uncount: false })?;
    Ok(true)
}

/// Puts back what a process that died was working on: with the file locked, nobody else can be.
pub(super) fn requeue_orphans(connection: &Connection) -> Result<u64, StoreError> {
    const RUNNING: &str = "SELECT id, repo_id, subject, coalescing_key, kind, enqueued_at, \
        run_at, attempt FROM jobs WHERE state = 'running'";
    let how = Return { run_at: None, why: Some("the process ended"), uncount: false };
    let mut orphans = 0;
    // One at a time: standing in line changes what is running.
    while let Some(orphan) = first::<ReturningColumns>(connection, RUNNING, &[])? {
        stand_in_line(connection, &orphan, &how)?;
        orphans += 1;
    }
    Ok(orphans)
}

/// Stores a pull request's memory if the lease is held.
pub(super) fn save(
    connection: &Connection,
    (job, fence): (i64, i64),
    (repo_id, number): (i64, i64),
    (memory, follows): (&str, i64),
) -> Result<bool, StoreError> {
    const SAVE: &str = "INSERT INTO pull_memory (repo_id, number, memory, \
        plan_follows_base) SELECT $3, $4, $5, $6 \
        WHERE EXISTS (SELECT id FROM jobs WHERE id = $1 AND fence = $2 AND state = 'running') \
        ON CONFLICT (repo_id, number) DO UPDATE SET memory = excluded.memory, \
        plan_follows_base = excluded.plan_follows_base";
    let values = params![job, fence, repo_id, number, memory, follows];
    Ok(execute(connection, SAVE, values)? == 1)
}

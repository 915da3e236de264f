//! Deliveries of one group stored together: a few statements with many rows instead of one
//! statement each, because what a statement costs is mostly the way to SQLite's thread and back.

use std::collections::HashMap;
use std::sync::LazyLock;

use sqlx::SqliteConnection;
use tokio::sync::oneshot;

use super::write;
use super::writer::{Local, Pending};
use crate::ports::queue::{Accepted, StoreError};
use crate::store::error::store_error;
use crate::store::row::{DeliveryRow, NewRow};
use crate::store::sql;

/// A delivery that waits to be stored, with its jobs.
pub(super) struct Acceptance {
    delivery: DeliveryRow,
    jobs: Vec<NewRow>,
    result: Option<Accepted>,
    reply: oneshot::Sender<Result<Accepted, StoreError>>,
}

impl Acceptance {
    pub(super) fn new(
        delivery: DeliveryRow,
        jobs: Vec<NewRow>,
        reply: oneshot::Sender<Result<Accepted, StoreError>>,
    ) -> Self {
        Self { delivery, jobs, result: None, reply }
    }
}

impl Pending for Acceptance {
    fn apply<'a>(
        &'a mut self,
        connection: &'a mut SqliteConnection,
    ) -> Local<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.result = Some(write::accept(connection, &self.delivery, &self.jobs).await?);
            Ok(())
        })
    }

    fn answer(self: Box<Self>, commit: Result<(), StoreError>) {
        let Self { result, reply, .. } = *self;
        let skipped = || StoreError::Failed("the writer skipped a delivery".to_owned());
        // The caller may have stopped waiting; the delivery is stored all the same.
        let _ = reply.send(commit.and_then(|()| result.ok_or_else(skipped)));
    }

    fn wakes(&self) -> bool {
        !self.jobs.is_empty()
    }

    fn acceptance(&mut self) -> Option<&mut Acceptance> {
        Some(self)
    }
}

/// Stores all deliveries of a group. `false`: there are fewer than two, and nothing was done.
///
/// # Errors
/// Also where a delivery is known or a job has to be merged into a waiting one that says something
/// else: then they must be stored one by one, after a rollback.
pub(super) async fn together(
    connection: &mut SqliteConnection,
    group: &mut [Box<dyn Pending>],
) -> Result<bool, StoreError> {
    let mut all: Vec<&mut Acceptance> =
        group.iter_mut().filter_map(|request| request.acceptance()).collect();
    if all.len() < 2 {
        return Ok(false);
    }
    let deliveries: Vec<&DeliveryRow> = all.iter().map(|one| &one.delivery).collect();
    let mut rest = deliveries.as_slice();
    while let Some((statement, chunk)) = INSERT_DELIVERIES.next(&mut rest) {
        insert_deliveries(connection, statement, chunk).await?;
    }
    let jobs = joined_jobs(&all)?;
    let mut rest = jobs.as_slice();
    while let Some((statement, chunk)) = INSERT_JOBS.next(&mut rest) {
        insert_jobs(connection, statement, chunk).await?;
    }
    for one in &mut all {
        one.result = Some(Accepted::New);
    }
    Ok(true)
}

fn one_by_one() -> StoreError {
    StoreError::Failed("known deliveries or jobs are among those of a group".to_owned())
}

async fn insert_deliveries(
    connection: &mut SqliteConnection,
    statement: &'static str,
    rows: &[&DeliveryRow],
) -> Result<(), StoreError> {
    let mut query = sqlx::query(statement);
    for row in rows {
        query = query
            .bind(row.id.as_str())
            .bind(row.event.as_str())
            .bind(row.body.as_slice())
            .bind(row.received_at)
            .bind(row.ignored.as_deref());
    }
    let stored = query.execute(connection).await.map_err(store_error)?;
    if stored.rows_affected() == rows.len() as u64 { Ok(()) } else { Err(one_by_one()) }
}

/// A job with the times of the first delivery that asked for it.
struct JoinedJob<'a> {
    latest: &'a NewRow,
    kind_json: String,
    delivery: Option<&'a str>,
    enqueued_at: i64,
    run_at: i64,
}

/// The jobs of a group, those with the same key merged as if one had come after the other.
fn joined_jobs<'a>(all: &'a [&'a mut Acceptance]) -> Result<Vec<JoinedJob<'a>>, StoreError> {
    let mut places: HashMap<(i64, &str, &str), usize> = HashMap::new();
    let mut joined: Vec<JoinedJob<'a>> = Vec::new();
    for one in all {
        let now = one.delivery.received_at;
        for job in &one.jobs {
            let key = (job.repo_id, job.subject.as_str(), job.coalescing_key.as_str());
            match places.get(&key).and_then(|at| joined.get_mut(*at)) {
                Some(first) => {
                    if first.kind_json != job.kind_json {
                        first.kind_json = job.merged_into(&first.kind_json)?;
                    }
                    first.latest = job;
                    first.delivery = job.delivery.as_deref().or(first.delivery);
                    first.run_at = first.run_at.min(now);
                }
                None => {
                    places.insert(key, joined.len());
                    joined.push(JoinedJob {
                        latest: job,
                        kind_json: job.kind_json.clone(),
                        delivery: job.delivery.as_deref(),
                        enqueued_at: now,
                        run_at: now,
                    });
                }
            }
        }
    }
    Ok(joined)
}

async fn insert_jobs(
    connection: &mut SqliteConnection,
    statement: &'static str,
    rows: &[JoinedJob<'_>],
) -> Result<(), StoreError> {
    let mut query = sqlx::query(statement);
    for row in rows {
        query = query
            .bind(row.latest.repo_id)
            .bind(row.latest.installation_id)
            .bind(row.latest.owner.as_str())
            .bind(row.latest.name.as_str())
            .bind(row.latest.subject.as_str())
            .bind(row.latest.coalescing_key.as_str())
            .bind(row.kind_json.as_str())
            .bind(row.delivery)
            .bind("waiting")
            .bind(row.enqueued_at)
            .bind(row.run_at);
    }
    let stored = query.execute(connection).await.map_err(store_error)?;
    if stored.rows_affected() == rows.len() as u64 { Ok(()) } else { Err(one_by_one()) }
}

/// One statement for each of a few numbers of rows, so that they stay prepared.
struct Statements(Vec<(usize, String)>);

/// Descending, and the last one is 1. Most groups are small: those take one statement.
const SIZES: [usize; 18] = [64, 32, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1];

static INSERT_DELIVERIES: LazyLock<Statements> = LazyLock::new(|| {
    Statements::new(
        "INSERT INTO deliveries (id, event, body, received_at, ignored) VALUES ",
        5,
        " ON CONFLICT (id) DO NOTHING",
    )
});

static INSERT_JOBS: LazyLock<Statements> = LazyLock::new(|| {
    Statements::new(
        concat!("INSERT INTO jobs ", sql::new_job_columns!(), " VALUES "),
        11,
        concat!(sql::refresh_waiting!(), " WHERE jobs.kind = excluded.kind"),
    )
});

impl Statements {
    fn new(before: &str, columns: usize, after: &str) -> Self {
        let row = format!("({})", vec!["?"; columns].join(", "));
        let statement =
            |rows: usize| format!("{before}{}{after}", vec![row.as_str(); rows].join(", "));
        Self(SIZES.iter().map(|rows| (*rows, statement(*rows))).collect())
    }

    /// Takes as many rows off as the largest statement that they fill.
    fn next<'r, T>(&'static self, rest: &mut &'r [T]) -> Option<(&'static str, &'r [T])> {
        let (size, statement) = self.0.iter().find(|(size, _)| *size <= rest.len())?;
        let (chunk, left) = rest.split_at_checked(*size)?;
        *rest = left;
        Some((statement, chunk))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_in_one_statement() {
        let rows: Vec<usize> = (0..107).collect();
        let mut rest = rows.as_slice();
        let mut taken = Vec::new();
        while let Some((statement, chunk)) = INSERT_DELIVERIES.next(&mut rest) {
            assert_eq!(statement.matches("(?, ?, ?, ?, ?)").count(), chunk.len());
            taken.extend_from_slice(chunk);
        }
        assert_eq!(taken, rows);
    }
}

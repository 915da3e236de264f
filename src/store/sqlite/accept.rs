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

/// Begins a transaction and stores all deliveries of a group in it. `false`: there are fewer than
/// two, and nothing was done.
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
    let jobs = joined_jobs(&all)?;
    // Some deliveries bring many. They are rare, and every job must find a statement.
    if jobs.len() > deliveries.len() {
        return Err(one_by_one());
    }
    let mut begin = "BEGIN IMMEDIATE; ";
    let mut jobs = jobs.chunks(LARGEST);
    for deliveries in deliveries.chunks(LARGEST) {
        insert(connection, begin, deliveries, jobs.next().unwrap_or_default()).await?;
        begin = "";
    }
    for one in &mut all {
        one.result = Some(Accepted::New);
    }
    Ok(true)
}

fn one_by_one() -> StoreError {
    StoreError::Failed("known deliveries or jobs are among those of a group".to_owned())
}

/// Inserts all of both in one call.
async fn insert(
    connection: &mut SqliteConnection,
    begin: &'static str,
    deliveries: &[&DeliveryRow],
    jobs: &[JoinedJob<'_>],
) -> Result<(), StoreError> {
    let (delivery_places, job_places) = (places(deliveries.len()), places(jobs.len()));
    let Some(statement) = STATEMENTS.get(&(!begin.is_empty(), delivery_places, job_places)) else {
        return Err(StoreError::Failed("no statement of that size".to_owned()));
    };
    let mut query = sqlx::query(statement.as_str());
    for row in deliveries {
        query = query
            .bind(row.id.as_str())
            .bind(row.event.as_str())
            .bind(row.body.as_slice())
            .bind(row.received_at)
            .bind(row.ignored.as_deref());
    }
    for _ in 0..(delivery_places - deliveries.len()) * DELIVERY_COLUMNS {
        query = query.bind(None::<i64>);
    }
    for row in jobs {
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
    for _ in 0..(job_places - jobs.len()) * JOB_COLUMNS {
        query = query.bind(None::<i64>);
    }
    let stored = query.execute(connection).await.map_err(store_error)?.rows_affected();
    if stored == (deliveries.len() + jobs.len()) as u64 { Ok(()) } else { Err(one_by_one()) }
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

/// Rows of one statement: few sizes, so that all stay prepared. Places that are left over hold
/// NULL and insert nothing.
const SIZES: [usize; 5] = [0, 1, 4, 16, 64];
const LARGEST: usize = 64;
const DELIVERY_COLUMNS: usize = 5;
const JOB_COLUMNS: usize = 11;

/// The smallest size that holds so many rows.
fn places(rows: usize) -> usize {
    SIZES.into_iter().find(|size| *size >= rows).unwrap_or(LARGEST)
}

/// By whether it begins the transaction, places for deliveries, places for jobs.
static STATEMENTS: LazyLock<HashMap<(bool, usize, usize), String>> = LazyLock::new(|| {
    let deliveries = |places| {
        let rows = rows(places, DELIVERY_COLUMNS);
        format!(
            "INSERT INTO deliveries (id, event, body, received_at, ignored) SELECT * FROM \
             (VALUES {rows}) WHERE column1 IS NOT NULL ON CONFLICT (id) DO NOTHING"
        )
    };
    let jobs = |places| {
        let (columns, rows) = (sql::new_job_columns!(), rows(places, JOB_COLUMNS));
        let refresh = sql::refresh_waiting!();
        format!(
            "INSERT INTO jobs {columns} SELECT * FROM (VALUES {rows}) \
             WHERE column1 IS NOT NULL{refresh} WHERE jobs.kind = excluded.kind"
        )
    };
    let mut statements = HashMap::new();
    for (begins, begin) in [(true, "BEGIN IMMEDIATE; "), (false, "")] {
        for delivery_places in SIZES.into_iter().filter(|size| *size > 0) {
            for job_places in SIZES {
                let mut text = format!("{begin}{}", deliveries(delivery_places));
                if job_places > 0 {
                    text.push_str(&format!("; {}", jobs(job_places)));
                }
                statements.insert((begins, delivery_places, job_places), text);
            }
        }
    }
    statements
});

fn rows(rows: usize, columns: usize) -> String {
    let row = format!("({})", vec!["?"; columns].join(", "));
    vec![row; rows].join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_statement_for_every_number_of_rows() {
        for count in 1..=LARGEST {
            assert!((count..=4 * count).contains(&places(count)), "{count}");
            for begins in [true, false] {
                let statement = &STATEMENTS[&(begins, places(count), places(count / 3))];
                let places = places(count) * DELIVERY_COLUMNS + places(count / 3) * JOB_COLUMNS;
                assert_eq!(statement.matches('?').count(), places);
            }
        }
        assert_eq!(places(0), 0);
    }
}

//! Deliveries of one group stored together. Their jobs are often the same one, because a pull
//! request has many events: such jobs become one before they are stored.

use std::collections::HashMap;

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::write;
use super::writer::Pending;
use crate::domain::job::Timestamp;
use crate::ports::queue::{Accepted, StoreError};
use crate::store::row::{DeliveryRow, NewRow};

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

    fn received_at(&self) -> Timestamp {
        Timestamp(self.delivery.received_at)
    }
}

impl Pending for Acceptance {
    fn apply(&mut self, connection: &Connection) -> Result<(), StoreError> {
        together(connection, &mut [self])
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

/// Stores deliveries in their order, and the jobs of those that are new.
pub(super) fn together(
    connection: &Connection,
    all: &mut [&mut Acceptance],
) -> Result<(), StoreError> {
    for one in &mut *all {
        one.result = Some(write::deliver(connection, &one.delivery)?);
    }
    let new = all.iter().filter(|one| one.result == Some(Accepted::New));
    let jobs = new.flat_map(|one| one.jobs.iter().map(|job| (job, one.received_at())));
    for (job, received_at) in once(jobs) {
        write::enqueue(connection, [job], received_at)?;
    }
    Ok(())
}

/// Leaves out what says exactly the same as the job with its key before it.
fn once<'a>(jobs: impl Iterator<Item = (&'a NewRow, Timestamp)>) -> Vec<(&'a NewRow, Timestamp)> {
    let mut latest: HashMap<(i64, &str, &str), usize> = HashMap::new();
    let mut kept: Vec<(&NewRow, Timestamp)> = Vec::new();
    for (job, received_at) in jobs {
        let key = (job.repo_id, job.subject.as_str(), job.coalescing_key.as_str());
        match latest.get(&key).and_then(|at| kept.get_mut(*at)) {
            Some((before, since)) if before.repeated_by(job) => *since = (*since).min(received_at),
            _ => {
                latest.insert(key, kept.len());
                kept.push((job, received_at));
            }
        }
    }
    kept
}

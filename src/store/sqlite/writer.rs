//! The one writer of an SQLite file.
//!
//! A durable commit waits for the disk, and SQLite allows one writer at a time. So all requests
//! that wait at a moment share one transaction: while the disk is busy with one group, the next
//! one gathers.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

use super::accept::{self, Acceptance};
use super::error::sqlite_error;
use super::lock::ProcessLock;
use crate::ports::queue::StoreError;
use crate::store::wake::Wake;

/// Requests that share a commit at most. Bounds what a crash of the disk can take back and how
/// long the first of a group waits.
const GROUP: usize = 256;

/// While requests come side by side, those on their way are worth waiting for: a flush costs more
/// than all else. Like `commit_delay` and `commit_siblings` of PostgreSQL.
const GATHER: Duration = Duration::from_micros(200);

/// Requests between two checkpoints that are made beside the writer, while commits go on. SQLite's
/// own come after commits, when the log is longer than that, and find little left to copy.
const REQUESTS_PER_CHECKPOINT: usize = 512;

/// Requests that may wait before callers are held back.
const BACKLOG: usize = 1024;

/// A request with its place to answer, whatever the type of its answer.
pub(super) trait Pending: Send {
    /// Does the work inside the open transaction. Runs again after a rollback.
    fn apply(&mut self, connection: &Connection) -> Result<(), StoreError>;
    /// Answers the caller, once it is known how the transaction ended.
    fn answer(self: Box<Self>, commit: Result<(), StoreError>);
    /// Whether workers should look at the queue after it.
    fn wakes(&self) -> bool;
    /// The request if it stores a delivery: those of a group are stored together.
    fn acceptance(&mut self) -> Option<&mut Acceptance> {
        None
    }
}

struct Request<F, T> {
    work: F,
    wakes: bool,
    result: Option<T>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<F, T> Pending for Request<F, T>
where
    F: Fn(&Connection) -> Result<T, StoreError> + Send,
    T: Send,
{
    fn apply(&mut self, connection: &Connection) -> Result<(), StoreError> {
        self.result = Some((self.work)(connection)?);
        Ok(())
    }

    fn answer(self: Box<Self>, commit: Result<(), StoreError>) {
        let Self { result, reply, .. } = *self;
        let answer = commit.and_then(|()| {
            result.ok_or_else(|| StoreError::Failed("the writer skipped a request".to_owned()))
        });
        // The caller may have stopped waiting; its work is done all the same.
        let _ = reply.send(answer);
    }

    fn wakes(&self) -> bool {
        self.wakes
    }
}

/// The side of the callers. Dropping it finishes what was handed over, then closes the file.
pub(super) struct Writer {
    requests: Mutex<Option<mpsc::Sender<Box<dyn Pending>>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    /// Starts the writer on a thread of its own, so that it also outlives a runtime that shuts
    /// down. `lock` is released after the connection is closed. `checkpoints` is a second
    /// connection to the same file.
    pub(super) fn start(
        connection: Connection,
        checkpoints: Connection,
        lock: Option<ProcessLock>,
        wake: Arc<Wake>,
    ) -> Result<Self, StoreError> {
        let (sender, receiver) = mpsc::channel(BACKLOG);
        let (due, dues) = sync_channel(1);
        let beside = thread("store-checkpoint", move || checkpoint(&checkpoints, &dues))?;
        let thread = thread("store-writer", move || {
            serve(connection, receiver, &wake, due);
            // A panic there has been reported by the panic hook.
            let _ = beside.join();
            drop(lock);
        })?;
        Ok(Self { requests: Mutex::new(Some(sender)), thread: Mutex::new(Some(thread)) })
    }

    /// Runs `work` in the next group and answers after its commit.
    pub(super) async fn run<F, T>(&self, wakes: bool, work: F) -> Result<T, StoreError>
    where
        F: Fn(&Connection) -> Result<T, StoreError> + Send + 'static,
        T: Send + 'static,
    {
        self.hand_over(|reply| Request { work, wakes, result: None, reply }).await
    }

    /// Hands a request over for the next group and answers after its commit.
    pub(super) async fn hand_over<P, T>(
        &self,
        request: impl FnOnce(oneshot::Sender<Result<T, StoreError>>) -> P,
    ) -> Result<T, StoreError>
    where
        P: Pending + 'static,
    {
        let closed = || StoreError::Unavailable("the store is closed".to_owned());
        let sender = self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (reply, answer) = oneshot::channel();
        let sender = sender.ok_or_else(closed)?;
        sender.send(Box::new(request(reply))).await.map_err(|_| closed())?;
        answer.await.map_err(|_| closed())?
    }

    /// Takes no more requests, and hands out the thread that finishes the present ones.
    pub(super) fn stop(&self) -> Option<JoinHandle<()>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.thread.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if let Some(thread) = self.stop() {
            // A panic there has been reported by the panic hook.
            let _ = thread.join();
        }
    }
}

fn thread(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, StoreError> {
    let failed =
        |error: std::io::Error| StoreError::Failed(format!("cannot start {name}: {error}"));
    std::thread::Builder::new().name(name.to_owned()).spawn(work).map_err(failed)
}

/// Until nobody can hand anything over.
fn serve(
    mut connection: Connection,
    mut requests: mpsc::Receiver<Box<dyn Pending>>,
    wake: &Wake,
    checkpoint_due: SyncSender<()>,
) {
    let mut group = Vec::with_capacity(GROUP);
    let mut since_checkpoint = 0;
    let mut crowded = false;
    while requests.blocking_recv_many(&mut group, GROUP) > 0 {
        if crowded {
            std::thread::sleep(GATHER);
            while group.len() < GROUP
                && let Ok(request) = requests.try_recv()
            {
                group.push(request);
            }
        }
        crowded = group.len() > 1;
        let results = commit_group(&mut connection, &mut group);
        let wakes = group.iter().any(|request| request.wakes());
        since_checkpoint += group.len();
        for (request, result) in group.drain(..).zip(results) {
            request.answer(result);
        }
        if wakes {
            wake.signal();
        }
        if since_checkpoint >= REQUESTS_PER_CHECKPOINT {
            since_checkpoint = 0;
            // One that is due already will copy this too.
            let _ = checkpoint_due.try_send(());
        }
    }
    drop(checkpoint_due);
    if let Err((_, error)) = connection.close() {
        tracing::warn!(%error, "closing the database failed");
    }
}

/// Copies what is committed from the write-ahead log into the database whenever it is due. It
/// waits for nobody and nobody waits for it; what it leaves behind, the next one copies.
fn checkpoint(connection: &Connection, dues: &Receiver<()>) {
    while dues.recv().is_ok() {
        if let Err(error) = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())) {
            tracing::debug!(%error, "a checkpoint was left to the next commit");
        }
    }
}

/// Commits a group and tells how each request ended.
fn commit_group(
    connection: &mut Connection,
    group: &mut [Box<dyn Pending>],
) -> Vec<Result<(), StoreError>> {
    let mut outcome = commit_together(connection, group);
    if matches!(outcome, Err(Failure::OfOne(_))) && group.len() > 1 {
        outcome = commit_apart(connection, group);
    }
    match outcome {
        Ok(results) => results,
        Err(Failure::OfOne(error) | Failure::OfAll(error)) => vec![Err(error); group.len()],
    }
}

enum Failure {
    /// A request failed; the others may work without it.
    OfOne(StoreError),
    /// The transaction could not begin, go on or commit.
    OfAll(StoreError),
}

/// The usual way: no request fails.
fn commit_together(
    connection: &mut Connection,
    group: &mut [Box<dyn Pending>],
) -> Result<Vec<Result<(), StoreError>>, Failure> {
    let transaction = begin(connection)?;
    // Leaving without a commit rolls back.
    apply_all(&transaction, group).map_err(Failure::OfOne)?;
    commit(transaction)?;
    Ok(vec![Ok(()); group.len()])
}

/// Deliveries first, then the others. All wait at the same moment, so any order is right.
fn apply_all(connection: &Connection, group: &mut [Box<dyn Pending>]) -> Result<(), StoreError> {
    let mut deliveries: Vec<&mut Acceptance> = Vec::with_capacity(group.len());
    let mut others = Vec::new();
    for request in group {
        if request.acceptance().is_none() {
            others.push(request);
        } else if let Some(delivery) = request.acceptance() {
            deliveries.push(delivery);
        }
    }
    accept::together(connection, &mut deliveries)?;
    others.into_iter().try_for_each(|request| request.apply(connection))
}

/// A request of the group fails: each gets a savepoint, so that the others are not spoilt.
fn commit_apart(
    connection: &mut Connection,
    group: &mut [Box<dyn Pending>],
) -> Result<Vec<Result<(), StoreError>>, Failure> {
    let mut transaction = begin(connection)?;
    let mut results = Vec::with_capacity(group.len());
    for request in group {
        results.push(apply_in_savepoint(&mut transaction, request.as_mut())?);
    }
    commit(transaction)?;
    Ok(results)
}

/// The outer error means that the whole transaction is gone: some errors of SQLite, like a full
/// disk, roll everything back.
fn apply_in_savepoint(
    transaction: &mut Transaction<'_>,
    request: &mut dyn Pending,
) -> Result<Result<(), StoreError>, Failure> {
    let of_all = |error| Failure::OfAll(sqlite_error(error));
    let savepoint = transaction.savepoint().map_err(of_all)?;
    match request.apply(&savepoint) {
        Ok(()) => savepoint.commit().map(Ok).map_err(of_all),
        Err(error) => savepoint.finish().map(|()| Err(error)).map_err(of_all),
    }
}

fn begin(connection: &mut Connection) -> Result<Transaction<'_>, Failure> {
    connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(|error| Failure::OfAll(sqlite_error(error)))
}

/// A commit that fails rolls back.
fn commit(transaction: Transaction<'_>) -> Result<(), Failure> {
    transaction.commit().map_err(|error| Failure::OfAll(sqlite_error(error)))
}

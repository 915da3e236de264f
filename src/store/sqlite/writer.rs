//! The one writer of an SQLite file.
//!
//! A durable commit waits for the disk, and SQLite allows one writer at a time. So all requests
//! that wait at a moment share one transaction: while the disk is busy with one group, the next
//! one gathers.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use sqlx::{Connection, SqliteConnection};
use tokio::sync::{Notify, mpsc, oneshot};

use super::accept::{self, Acceptance};
use super::lock::ProcessLock;
use super::schema::execute;
use crate::ports::queue::StoreError;
use crate::store::wake::Wake;

/// Requests that share a commit at most. Bounds what a crash of the disk can take back and how
/// long the first of a group waits.
const GROUP: usize = 256;

/// Requests between two checkpoints that are made beside the writer, while commits go on. SQLite's
/// own come after commits, when the log is longer than that, and find little left to copy.
const REQUESTS_PER_CHECKPOINT: usize = 512;

/// Requests that may wait before callers are held back.
const BACKLOG: usize = 1024;

pub(super) type Local<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// A request with its place to answer, whatever the type of its answer.
pub(super) trait Pending: Send {
    /// Does the work inside the open transaction. Runs again after a rollback.
    fn apply<'a>(
        &'a mut self,
        connection: &'a mut SqliteConnection,
    ) -> Local<'a, Result<(), StoreError>>;
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
    F: AsyncFn(&mut SqliteConnection) -> Result<T, StoreError> + Send,
    T: Send,
{
    fn apply<'a>(
        &'a mut self,
        connection: &'a mut SqliteConnection,
    ) -> Local<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.result = Some((self.work)(connection).await?);
            Ok(())
        })
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
        connection: SqliteConnection,
        checkpoints: SqliteConnection,
        lock: Option<ProcessLock>,
        wake: Arc<Wake>,
    ) -> Result<Self, StoreError> {
        let failed = |error: std::io::Error| {
            StoreError::Failed(format!("cannot start the writer thread: {error}"))
        };
        let (sender, receiver) = mpsc::channel(BACKLOG);
        let runtime = tokio::runtime::Builder::new_current_thread().build().map_err(failed)?;
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || {
                let due = Arc::new(Notify::new());
                let beside = runtime.spawn(checkpoint(checkpoints, Arc::clone(&due)));
                runtime.block_on(serve(connection, receiver, &wake, &due));
                beside.abort();
                drop(lock);
            })
            .map_err(failed)?;
        Ok(Self { requests: Mutex::new(Some(sender)), thread: Mutex::new(Some(thread)) })
    }

    /// Runs `work` in the next group and answers after its commit.
    pub(super) async fn run<F, T>(&self, wakes: bool, work: F) -> Result<T, StoreError>
    where
        F: AsyncFn(&mut SqliteConnection) -> Result<T, StoreError> + Send + 'static,
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

async fn serve(
    mut connection: SqliteConnection,
    mut requests: mpsc::Receiver<Box<dyn Pending>>,
    wake: &Wake,
    checkpoint_due: &Notify,
) {
    let mut group = Vec::with_capacity(GROUP);
    let mut since_checkpoint = 0;
    while requests.recv_many(&mut group, GROUP).await > 0 {
        let results = commit_group(&mut connection, &mut group).await;
        let wakes = group.iter().any(|request| request.wakes());
        let requests_done = group.len();
        for (request, result) in group.drain(..).zip(results) {
            request.answer(result);
        }
        if wakes {
            wake.signal();
        }
        since_checkpoint += requests_done;
        if since_checkpoint >= REQUESTS_PER_CHECKPOINT {
            since_checkpoint = 0;
            checkpoint_due.notify_one();
        }
    }
    if let Err(error) = connection.close().await {
        tracing::warn!(%error, "closing the database failed");
    }
}

/// Copies what is committed from the write-ahead log into the database whenever it is due. It
/// waits for nobody and nobody waits for it; what it leaves behind, the next one copies.
async fn checkpoint(mut connection: SqliteConnection, due: Arc<Notify>) {
    loop {
        due.notified().await;
        if let Err(error) = execute(&mut connection, "PRAGMA wal_checkpoint(PASSIVE)").await {
            tracing::debug!(%error, "a checkpoint was left to the next commit");
        }
    }
}

/// Commits a group and tells how each request ended.
async fn commit_group(
    connection: &mut SqliteConnection,
    group: &mut [Box<dyn Pending>],
) -> Vec<Result<(), StoreError>> {
    let mut outcome = commit_together(connection, group).await;
    if matches!(outcome, Err(Failure::OfOne(_))) && group.len() > 1 {
        outcome = commit_apart(connection, group).await;
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
async fn commit_together(
    connection: &mut SqliteConnection,
    group: &mut [Box<dyn Pending>],
) -> Result<Vec<Result<(), StoreError>>, Failure> {
    execute(connection, "BEGIN IMMEDIATE").await.map_err(Failure::OfAll)?;
    if let Err(error) = apply_all(connection, group).await {
        roll_back(connection).await;
        return Err(Failure::OfOne(error));
    }
    commit(connection).await?;
    Ok(vec![Ok(()); group.len()])
}

/// Deliveries first, then the others. All wait at the same moment, so any order is right.
async fn apply_all(
    connection: &mut SqliteConnection,
    group: &mut [Box<dyn Pending>],
) -> Result<(), StoreError> {
    let stored = accept::together(connection, group).await?;
    for request in group {
        if !(stored && request.acceptance().is_some()) {
            request.apply(connection).await?;
        }
    }
    Ok(())
}

/// A request of the group fails: each gets a savepoint, so that the others are not spoilt.
async fn commit_apart(
    connection: &mut SqliteConnection,
    group: &mut [Box<dyn Pending>],
) -> Result<Vec<Result<(), StoreError>>, Failure> {
    execute(connection, "BEGIN IMMEDIATE").await.map_err(Failure::OfAll)?;
    let mut results = Vec::with_capacity(group.len());
    for request in group {
        match apply_in_savepoint(connection, request.as_mut()).await {
            Ok(result) => results.push(result),
            Err(error) => {
                roll_back(connection).await;
                return Err(Failure::OfAll(error));
            }
        }
    }
    commit(connection).await?;
    Ok(results)
}

/// The outer error means that the whole transaction is gone: some errors of SQLite, like a full
/// disk, roll everything back.
async fn apply_in_savepoint(
    connection: &mut SqliteConnection,
    request: &mut dyn Pending,
) -> Result<Result<(), StoreError>, StoreError> {
    execute(connection, "SAVEPOINT request").await?;
    let result = request.apply(connection).await;
    if let Err(error) = &result {
        execute(connection, "ROLLBACK TO request").await.map_err(|_| error.clone())?;
    }
    execute(connection, "RELEASE request").await?;
    Ok(result)
}

async fn commit(connection: &mut SqliteConnection) -> Result<(), Failure> {
    match execute(connection, "COMMIT").await {
        Ok(()) => Ok(()),
        Err(error) => {
            roll_back(connection).await;
            Err(Failure::OfAll(error))
        }
    }
}

async fn roll_back(connection: &mut SqliteConnection) {
    // Fails if SQLite has rolled back by itself, which is as good.
    if let Err(error) = execute(connection, "ROLLBACK").await {
        tracing::debug!(%error, "nothing to roll back");
    }
}

//! Telling other replicas that there is work.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::PgListener;
use tokio::task::JoinHandle;

use crate::store::wake::Wake;

/// Between two notifications of one replica. A notification makes PostgreSQL commit one after the
/// other, so it is sent on its own, after the commit, and not for every delivery.
const INTERVAL: Duration = Duration::from_millis(20);

/// Between attempts to listen.
const RECONNECT: Duration = Duration::from_secs(1);

/// Without notifications the queue is looked at this often.
const POLL_DEAF: Duration = Duration::from_millis(500);

/// With them too, in case a replica died between its commit and its notification.
const POLL: Duration = Duration::from_secs(5);

/// Both directions, in tasks that end with this.
pub(super) struct Announcer {
    outgoing: Arc<Wake>,
    listening: Arc<AtomicBool>,
    tasks: [JoinHandle<()>; 2],
}

impl Announcer {
    /// `local` is signalled when another replica has work.
    pub(super) fn start(pool: PgPool, channel: String, local: Arc<Wake>) -> Self {
        let outgoing = Arc::new(Wake::default());
        let listening = Arc::new(AtomicBool::new(false));
        let send = tokio::spawn(send(pool.clone(), channel.clone(), Arc::clone(&outgoing)));
        let listen = tokio::spawn(listen(pool, channel, local, Arc::clone(&listening)));
        Self { outgoing, listening, tasks: [send, listen] }
    }

    pub(super) fn announce(&self) {
        self.outgoing.signal();
    }

    /// The longest time for which to rely on being told.
    pub(super) fn patience(&self) -> Duration {
        if self.listening.load(Ordering::Relaxed) { POLL } else { POLL_DEAF }
    }

    pub(super) fn stop(&self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl Drop for Announcer {
    fn drop(&mut self) {
        self.stop();
    }
}

async fn send(pool: PgPool, channel: String, outgoing: Arc<Wake>) {
    loop {
        outgoing.signalled().await;
        let sent = sqlx::query("SELECT pg_notify($1, '')").bind(&channel).execute(&pool).await;
        if let Err(error) = sent {
            tracing::debug!(%error, "could not notify other replicas; they look by themselves");
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

async fn listen(pool: PgPool, channel: String, local: Arc<Wake>, listening: Arc<AtomicBool>) {
    loop {
        let error = match listen_until_error(&pool, &channel, &local, &listening).await {
            Ok(never) => match never {},
            Err(error) => error,
        };
        listening.store(false, Ordering::Relaxed);
        tracing::debug!(%error, "not listening for other replicas; polling meanwhile");
        tokio::time::sleep(RECONNECT).await;
    }
}

async fn listen_until_error(
    pool: &PgPool,
    channel: &str,
    local: &Wake,
    listening: &AtomicBool,
) -> Result<std::convert::Infallible, sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(channel).await?;
    listening.store(true, Ordering::Relaxed);
    loop {
        // `None`: the connection was lost and made anew; something may have been missed.
        listener.try_recv().await?;
        local.signal();
    }
}

//! Waking workers when there may be work.

use std::time::Duration;

use tokio::sync::Notify;

/// One permit that says "look at the queue". Whoever finds a job there passes the permit on, so
/// one signal wakes as many workers as there are jobs, and none is lost between a worker's look
/// and its wait.
#[derive(Debug, Default)]
pub(super) struct Wake(Notify);

impl Wake {
    pub(super) fn signal(&self) {
        self.0.notify_one();
    }

    pub(super) async fn signalled(&self) {
        self.0.notified().await;
    }

    pub(super) async fn wait(&self, timeout: Duration) {
        // Running out of time is an answer too: the caller looks at the queue either way.
        let _ = tokio::time::timeout(timeout, self.signalled()).await;
    }
}

//! Opening the store beside a running server, for administrative commands.

use std::path::Path;
use std::sync::Arc;

use super::location;
use crate::domain::job::Timestamp;
use crate::ports::clock::{Clock, SystemClock};
use crate::ports::queue::Queue;
use crate::store::{self, Location, Store};

/// An opened store.
pub struct OpenStore {
    pub queue: Arc<dyn Queue>,
    store: Arc<dyn Store>,
}

impl OpenStore {
    /// Opens the store of a server that may be running.
    pub async fn open(data_dir: &Path, database_url: Option<&str>) -> anyhow::Result<Self> {
        let location = location(data_dir, database_url);
        if let Location::Sqlite(path) = &location {
            anyhow::ensure!(path.exists(), "there is no database at {}", path.display());
        }
        let store = store::open_beside(&location).await?;
        Ok(Self { queue: store.clone(), store })
    }

    pub fn now(&self) -> Timestamp {
        SystemClock.now()
    }

    pub async fn close(&self) {
        self.store.close().await;
    }
}

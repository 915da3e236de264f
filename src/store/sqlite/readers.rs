//! Connections that only read. They see what is committed and hold nobody up.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::connection::{self, Access};
use super::error::sqlite_error;
use crate::ports::queue::StoreError;

/// Reads at the same time.
const READERS: usize = 4;

pub(super) struct Readers {
    path: PathBuf,
    /// Opened when they are first needed, and used again.
    idle: Arc<Mutex<Vec<Connection>>>,
    places: Arc<Semaphore>,
}

impl Readers {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, idle: Arc::default(), places: Arc::new(Semaphore::new(READERS)) }
    }

    /// Runs `look` on a thread that may wait for the disk.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let closed = || StoreError::Unavailable("the store is closed".to_owned());
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(|_| closed())?;
        let (path, idle) = (self.path.clone(), Arc::clone(&self.idle));
        let read = move || {
            let used = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let connection = match used {
                Some(connection) => connection,
                None => connection::open(&path, Access::Read)?,
            };
            let result = look(&connection);
            idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
            drop(place);
            result
        };
        tokio::task::spawn_blocking(read).await.map_err(|_| closed())?.map_err(sqlite_error)
    }

    /// Waits for reads that go on and lets go of the file.
    pub(super) async fn close(&self) {
        let all = u32::try_from(READERS).unwrap_or(u32::MAX);
        // Fails if somebody else has closed it, which is as good.
        if let Ok(places) = self.places.acquire_many(all).await {
            self.places.close();
            drop(places);
        }
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

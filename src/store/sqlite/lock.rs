//! One process per database file.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

use crate::ports::queue::StoreError;

/// Held while the store is open; the operating system lets go of it when the process dies.
#[derive(Debug)]
pub(super) struct ProcessLock {
    file: File,
}

impl ProcessLock {
    /// Locks the file `<database>.lock` beside the database.
    pub(super) fn take(database: &Path) -> Result<Self, StoreError> {
        let mut path = database.as_os_str().to_owned();
        path.push(".lock");
        let failed = |error: &std::io::Error| {
            StoreError::Failed(format!("cannot lock {}: {error}", Path::new(&path).display()))
        };
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|error| failed(&error))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { file }),
            Err(TryLockError::WouldBlock) => Err(StoreError::Unavailable(format!(
                "another process uses {}; run one process per SQLite file, or use PostgreSQL for \
                 several",
                database.display()
            ))),
            Err(TryLockError::Error(error)) => Err(failed(&error)),
        }
    }
}

impl Drop for ProcessLock {
    /// Closing the file is not enough: a child process that is just being started holds a copy of
    /// it until its program begins, and with it the lock.
    fn drop(&mut self) {
        if let Err(error) = self.file.unlock() {
            tracing::warn!(event = "unlock_failed", %error);
        }
    }
}

//! The disposable caches of remote repositories on disk, and who may touch them when.
//!
//! Beside each `{id}.git` stand two lock files, which stay when the cache is deleted: `{id}.use`
//! is held shared while objects are read or fetched and exclusively while the directory is
//! deleted; `{id}.fetch` is held by the one process that fetches. The modification time of
//! `{id}.use` tells when the cache was last used.

use std::collections::{HashMap, HashSet};
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use git2::Oid;

use super::transport::Access;
use crate::domain::ids::RepoId;
use crate::ports::source::SourceError;

/// How often a lock that another process holds is tried.
const LOCK_RETRY: Duration = Duration::from_millis(50);

/// What this process knows of a cached repository.
#[derive(Default)]
pub(super) struct Known {
    /// One fetch at a time.
    pub fetching: tokio::sync::Mutex<()>,
    /// How it was last fetched, for blobs that are asked for later.
    pub access: Mutex<Option<Arc<Access>>>,
    /// Blobs of the last listings, fetched together once one of them is read.
    pub listed: Mutex<HashSet<Oid>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sharing {
    Shared,
    Exclusive,
}

pub(super) struct Cache {
    root: PathBuf,
    timeout: Duration,
    known: Mutex<HashMap<RepoId, Arc<Known>>>,
}

/// The data, also after a panic elsewhere while it was locked: it is replaced as a whole.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn io(what: &str, error: &std::io::Error) -> SourceError {
    SourceError::Internal(format!("{what}: {error}"))
}

impl Cache {
    pub fn new(data_dir: &Path, timeout: Duration) -> Self {
        Self { root: data_dir.join("repos"), timeout, known: Mutex::default() }
    }

    pub fn known(&self, id: RepoId) -> Arc<Known> {
        Arc::clone(lock(&self.known).entry(id).or_default())
    }

    pub fn git_dir(&self, id: RepoId) -> PathBuf {
        self.root.join(format!("{id}.git"))
    }

    /// An empty directory for the git program.
    pub fn home(&self) -> PathBuf {
        self.root.join("home")
    }

    /// The repository that a git directory is the cache of; `None` for other directories.
    pub fn id_of(&self, git_dir: &Path) -> Option<RepoId> {
        if git_dir.parent()? != self.root {
            return None;
        }
        git_dir.file_name()?.to_str()?.strip_suffix(".git")?.parse().ok().map(RepoId)
    }

    /// Makes the directories; called before anything is fetched or locked.
    pub fn prepare(&self) -> Result<(), SourceError> {
        std::fs::create_dir_all(self.home()).map_err(|error| io("cannot make the cache", &error))
    }

    fn lock_file(&self, id: RepoId, kind: &str) -> Result<File, SourceError> {
        let path = self.root.join(format!("{id}.{kind}"));
        File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path)
            .map_err(|error| io("cannot open a lock file", &error))
    }

    /// Waits for a lock by asking again, so that a caller that gives up leaves nothing behind.
    async fn acquire(&self, file: File, sharing: Sharing) -> Result<File, SourceError> {
        let start = Instant::now();
        loop {
            match try_lock(&file, sharing) {
                Ok(true) => return Ok(file),
                Ok(false) if start.elapsed() > self.timeout => {
                    return Err(SourceError::Transient(
                        "another process holds the repository's cache".to_owned(),
                    ));
                }
                Ok(false) => tokio::time::sleep(LOCK_RETRY).await,
                Err(error) => return Err(io("cannot lock the cache", &error)),
            }
        }
    }

    /// The right to fetch, against other processes.
    pub async fn lock_fetch(&self, id: RepoId) -> Result<File, SourceError> {
        self.acquire(self.lock_file(id, "fetch")?, Sharing::Exclusive).await
    }

    /// The right to use the directory, or to delete it. Notes the time.
    pub async fn lock_use(&self, id: RepoId, sharing: Sharing) -> Result<File, SourceError> {
        let file = self.acquire(self.lock_file(id, "use")?, sharing).await?;
        // Without the time, eviction takes it for older than it is: no harm.
        let _ = file.set_modified(SystemTime::now());
        Ok(file)
    }

    /// Deletes a cache whose use lock the caller holds exclusively. It is moved aside first, so
    /// that no half of it is ever taken for a repository.
    pub fn delete(&self, id: RepoId, _exclusive: &File) -> Result<(), SourceError> {
        let aside = self.root.join(format!("{id}.deleted"));
        let failed = |error| io("cannot delete a cache", &error);
        remove(&aside).map_err(failed)?;
        match std::fs::rename(self.git_dir(id), &aside) {
            Ok(()) => remove(&aside).map_err(failed),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(failed(error)),
        }
    }

    /// Deletes a cache unless somebody uses it at this moment; `true` if it was deleted.
    pub fn delete_if_unused(&self, id: RepoId) -> Result<bool, SourceError> {
        let file = self.lock_file(id, "use")?;
        if !try_lock(&file, Sharing::Exclusive).unwrap_or(false) {
            return Ok(false);
        }
        self.delete(id, &file)?;
        Ok(true)
    }

    /// Deletes a cache as soon as nobody uses it, and forgets what is known of it.
    pub async fn forget(&self, id: RepoId) -> Result<(), SourceError> {
        lock(&self.known).remove(&id);
        if self.root.is_dir() {
            let exclusive = self.lock_use(id, Sharing::Exclusive).await?;
            self.delete(id, &exclusive)?;
        }
        Ok(())
    }

    /// Deletes the least recently used caches until all together take at most `cap` bytes. Those
    /// in use or used within `idle` stay.
    pub fn evict(&self, cap: u64, idle: Duration, keep: RepoId) -> Result<(), SourceError> {
        let entries = std::fs::read_dir(&self.root).map_err(|error| io("cache", &error))?;
        let mut caches = Vec::new();
        for entry in entries.flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|extension| extension == "deleted") {
                // Left by a process that ended while it deleted; another one may be at it.
                let _ = remove(&path);
            }
            let Some(id) = self.id_of(&path) else { continue };
            let used = std::fs::metadata(self.root.join(format!("{id}.use")))
                .and_then(|metadata| metadata.modified())
                .unwrap_or(SystemTime::UNIX_EPOCH);
            caches.push((used, id, size(&path)));
        }
        caches.sort();
        let mut total: u64 = caches.iter().map(|(_, _, size)| size).sum();
        for (used, id, size) in caches {
            if total <= cap {
                break;
            }
            let age = used.elapsed().unwrap_or_default();
            if id == keep || age < idle {
                continue;
            }
            if self.delete_if_unused(id)? {
                lock(&self.known).remove(&id);
                total = total.saturating_sub(size);
            }
        }
        Ok(())
    }
}

fn try_lock(file: &File, sharing: Sharing) -> std::io::Result<bool> {
    let tried = match sharing {
        Sharing::Shared => file.try_lock_shared(),
        Sharing::Exclusive => file.try_lock(),
    };
    match tried {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

fn remove(directory: &Path) -> std::io::Result<()> {
    match std::fs::remove_dir_all(directory) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Bytes of all files below a directory; links are not followed.
fn size(directory: &Path) -> u64 {
    let mut total = 0;
    let mut open = vec![directory.to_owned()];
    while let Some(next) = open.pop() {
        let Ok(entries) = std::fs::read_dir(next) else { continue };
        for entry in entries.flatten() {
            match entry.metadata() {
                Ok(metadata) if metadata.is_dir() => open.push(entry.path()),
                Ok(metadata) => total += metadata.len(),
                Err(_) => {}
            }
        }
    }
    total
}

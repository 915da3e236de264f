//! Reading repositories: the adapter behind [`Source`].
//!
//! Everything that reads objects is git2 on a blocking thread. Remote repositories are fetched by
//! the git program, used as transport alone, into disposable bare caches (`{data_dir}/repos`),
//! shallow and without blobs where the remote can do that; the blobs that a change or a search
//! needs follow in one request. Nothing from a repository is ever executed: no hooks, filters,
//! diff drivers, or configuration that runs programs.

mod branch;
mod cache;
mod change;
mod content;
mod derived;
mod directed;
mod fetch;
mod gather;
mod history;
mod hunks;
mod local;
mod options;
mod reading;
mod redact;
mod transport;
mod tree;

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use git2::Oid;

pub use self::branch::GitBranches;
use self::cache::{Cache, Known, Sharing, lock};
use self::fetch::Fetcher;
pub use self::options::{GitOptions, Limits};
use self::reading::{Attempt, Gathering, ListCache};
use self::transport::{Access, Failure, Transport};
use crate::domain::change::Change;
use crate::domain::ids::{CommitSha, RepoId};
use crate::domain::path::RepoPath;
use crate::domain::survey::Listing;
use crate::ports::source::{
    ChangeHead, FetchRequest, Fetched, Gathered, Need, Remote, RepositoryHandle, Source,
    SourceError, TreeEntry,
};

/// Requests for missing blobs within one call. A file behind links may need one for each link.
const MAX_HYDRATIONS: usize = 12;
/// Listed blobs that are fetched along with the first one that is read.
const MAX_LISTED_BLOBS: usize = 500;

/// Local repositories, and remote ones through caches on disk.
pub struct GitSource {
    options: GitOptions,
    cache: Arc<Cache>,
    transport: Transport,
    lists: Arc<ListCache>,
}

/// Runs work that blocks where it may.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SourceError> + Send + 'static,
) -> Result<T, SourceError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(SourceError::Internal(format!("reading a repository: {error}"))),
    }
}

/// A cache that is being used; it is not deleted meanwhile.
struct InUse {
    id: RepoId,
    known: Arc<Known>,
    /// Shared with the blocking work, which may outlive a caller that gave up.
    guard: Arc<File>,
}

impl GitSource {
    /// Touches neither disk nor network.
    ///
    /// # Errors
    /// When the data directory is an empty path.
    pub fn new(options: GitOptions) -> Result<Self, SourceError> {
        let data_dir = std::path::absolute(&options.data_dir)
            .map_err(|error| SourceError::Internal(format!("data directory: {error}")))?;
        let cache = Arc::new(Cache::new(&data_dir, options.timeout));
        let transport = Transport {
            home: cache.home(),
            timeout: options.timeout,
            max_bytes: options.limits.max_fetch_bytes,
            allow_file: options.allow_file_protocol,
        };
        Ok(Self { options, cache, transport, lists: Arc::default() })
    }

    /// Keeps the cache behind a handle from being deleted; `None` for a local repository.
    async fn in_use(&self, handle: &RepositoryHandle) -> Result<Option<InUse>, SourceError> {
        let Some(id) = self.cache.id_of(&handle.0) else { return Ok(None) };
        let evicted =
            || SourceError::Transient("the repository left the cache meanwhile".to_owned());
        if !handle.0.is_dir() {
            return Err(evicted());
        }
        let guard = Arc::new(self.cache.lock_use(id, Sharing::Shared).await?);
        if !handle.0.is_dir() {
            return Err(evicted());
        }
        Ok(Some(InUse { id, known: self.cache.known(id), guard }))
    }

    /// Reads from a repository. A cache that cannot be read is deleted, so that the next fetch
    /// makes a sound one.
    async fn reading<T: Send + 'static>(
        &self,
        handle: &RepositoryHandle,
        in_use: Option<InUse>,
        work: impl FnOnce(&Path) -> Result<T, SourceError> + Send + 'static,
    ) -> Result<T, SourceError> {
        let path = handle.0.clone();
        let guard = in_use.as_ref().map(|in_use| Arc::clone(&in_use.guard));
        let result = blocking(move || {
            let result = work(&path);
            drop(guard);
            result
        })
        .await;
        match (result, in_use) {
            (Err(SourceError::Internal(why)), Some(InUse { id, guard, .. })) => {
                drop(guard);
                tracing::warn!(repository = %id, why, "deleting a cache that cannot be read");
                self.cache.forget(id).await?;
                Err(SourceError::Transient(format!("the cache was broken: {why}")))
            }
            (result, _) => result,
        }
    }

    /// Fetches blobs into a cache. What the remote will not give stays missing.
    async fn hydrate(&self, id: RepoId, known: &Known, blobs: &[Oid]) -> Result<(), SourceError> {
        let access = lock(&known.access).clone();
        let Some(access) = access else { return Ok(()) };
        let _turn = known.fetching.lock().await;
        let _fetching = self.cache.lock_fetch(id).await?;
        let _using = self.cache.lock_use(id, Sharing::Shared).await?;
        let git_dir = self.cache.git_dir(id);
        match fetch::hydrate(&self.transport, &access, &git_dir, blobs).await {
            Ok(()) | Err(Failure::Refused(_) | Failure::TooLarge) => Ok(()),
            Err(Failure::Unclear(why)) => Err(SourceError::Transient(why)),
            Err(Failure::Source(error)) => Err(error),
        }
    }

    /// Repeats an attempt, fetching between what it found missing. The last time it must answer
    /// with what there is.
    async fn with_blobs<T: Send + 'static>(
        &self,
        handle: &RepositoryHandle,
        attempt: impl Fn(&Path, bool) -> Result<Attempt<T>, SourceError> + Send + Sync + 'static,
    ) -> Result<T, SourceError> {
        let attempt = Arc::new(attempt);
        for round in 0..=MAX_HYDRATIONS {
            let in_use = self.in_use(handle).await?;
            let last = round == MAX_HYDRATIONS || in_use.is_none();
            let step = Arc::clone(&attempt);
            let target = in_use.as_ref().map(|in_use| (in_use.id, Arc::clone(&in_use.known)));
            let answer = self.reading(handle, in_use, move |path| step(path, last)).await?;
            match (answer, target) {
                (Attempt::Done(value), _) => return Ok(value),
                (Attempt::Missing(blobs), Some((id, known))) => {
                    self.hydrate(id, &known, &blobs).await?;
                }
                (Attempt::Missing(_), None) => break,
            }
        }
        Err(SourceError::Internal("objects stay missing".to_owned()))
    }
}

#[async_trait]
impl Source for GitSource {
    async fn fetch(&self, remote: &Remote, request: &FetchRequest) -> Result<Fetched, SourceError> {
        let access = Arc::new(Access::new(remote, self.options.allow_file_protocol)?);
        let known = self.cache.known(remote.id);
        *lock(&known.access) = Some(Arc::clone(&access));
        let fetcher = Fetcher {
            cache: &self.cache,
            transport: &self.transport,
            limits: &self.options.limits,
            id: remote.id,
            access,
            request,
        };
        if let Some(fetched) = fetcher.ready().await? {
            return Ok(fetched);
        }
        let fetched = fetcher.fetch(&known).await?;
        let (cap, idle) = (self.options.disk_cap_bytes, self.options.limits.evict_idle);
        let (cache, keep) = (Arc::clone(&self.cache), remote.id);
        blocking(move || cache.evict(cap, idle, keep)).await?;
        Ok(fetched)
    }

    async fn open_local(
        &self,
        path: &Path,
        base: &str,
        head: &str,
    ) -> Result<Fetched, SourceError> {
        let (path, base, head) = (path.to_owned(), base.to_owned(), head.to_owned());
        blocking(move || local::open_local(&path, &base, &head)).await
    }

    async fn change(&self, fetched: &Fetched, head: ChangeHead) -> Result<Change, SourceError> {
        let in_use = self.in_use(&fetched.repository).await?;
        let (limits, wanted) = (self.options.limits.clone(), fetched.clone());
        self.reading(&fetched.repository, in_use, move |path| {
            let repository = local::open(path).map_err(|error| local::internal(&error))?;
            change::load(&repository, &wanted, head, &limits)
        })
        .await
    }

    async fn list(
        &self,
        fetched: &Fetched,
        commit: &CommitSha,
        paths: &[String],
    ) -> Result<Vec<TreeEntry>, SourceError> {
        let in_use = self.in_use(&fetched.repository).await?;
        let known = in_use.as_ref().map(|in_use| Arc::clone(&in_use.known));
        let (commit, paths) = (commit.clone(), paths.to_vec());
        let entries = self
            .reading(&fetched.repository, in_use, move |path| reading::list(path, &commit, &paths))
            .await?;
        if let Some(known) = known {
            let ids = entries.iter().filter_map(|entry| Oid::from_str(&entry.object).ok());
            *lock(&known.listed) = ids.take(MAX_LISTED_BLOBS).collect();
        }
        Ok(entries)
    }

    async fn listing(
        &self,
        fetched: &Fetched,
        commit: &CommitSha,
    ) -> Result<Arc<Listing>, SourceError> {
        let in_use = self.in_use(&fetched.repository).await?;
        let (commit, lists) = (commit.clone(), Arc::clone(&self.lists));
        self.reading(&fetched.repository, in_use, move |path| {
            reading::listing(path, &commit, &lists).map(Arc::new)
        })
        .await
    }

    async fn read(
        &self,
        fetched: &Fetched,
        commit: &CommitSha,
        path: &RepoPath,
        limit: usize,
    ) -> Result<Option<Vec<u8>>, SourceError> {
        let listed = match self.cache.id_of(&fetched.repository.0) {
            Some(id) => lock(&self.cache.known(id).listed).clone(),
            None => Default::default(),
        };
        let (commit, path) = (commit.clone(), path.clone());
        self.with_blobs(&fetched.repository, move |git_dir, last| {
            reading::read(git_dir, &commit, &path, limit, &listed, last)
        })
        .await
    }

    async fn gather(&self, fetched: &Fetched, needs: &[Need]) -> Result<Gathered, SourceError> {
        let gathering = Gathering::new(
            fetched.clone(),
            needs.to_vec(),
            self.options.limits.clone(),
            Arc::clone(&self.lists),
        );
        self.with_blobs(&fetched.repository, move |git_dir, last| gathering.attempt(git_dir, last))
            .await
    }

    async fn forget(&self, id: RepoId) -> Result<(), SourceError> {
        let known = self.cache.known(id);
        let _turn = known.fetching.lock().await;
        self.lists.clear();
        self.cache.forget(id).await
    }
}

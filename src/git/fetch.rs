//! Bringing base, head and their merge base into a cache with as little transfer as possible.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use git2::{Oid, Reference, Repository, RepositoryInitOptions};

use super::cache::{Cache, Known, Sharing};
use super::history::{self, MergeBase};
use super::options::Limits;
use super::transport::{Access, Failure, FetchCall, History, Transport};
use super::{blocking, change, content, local};
use crate::domain::ids::{CommitSha, RepoId};
use crate::ports::source::{FetchRequest, Fetched, RepositoryHandle, SourceError};

/// Depth that the last fetch needed, so that the next one starts there.
const DEPTH_FILE: &str = "backend-team-depth";
/// Present when the remote cannot serve a clone without blobs.
const WHOLE_FILE: &str = "backend-team-whole";
/// References to tips that were fetched: what git tells the remote it has already.
const TIPS: &str = "refs/tips/";
const MAX_TIPS: usize = 256;
/// Fetches of references in which the wanted commit does not appear before it counts as gone.
const MAX_ABSENT: u32 = 2;

/// How far a cache is from what a change needs.
#[derive(Debug)]
enum State {
    /// A commit is not there, or the directory is not.
    Absent,
    /// History is cut before the merge base.
    Hidden,
    Blobs {
        merge_base: Option<Oid>,
        missing: Vec<Oid>,
    },
    Ready {
        merge_base: Option<Oid>,
    },
}

enum Broken {
    /// Delete the cache and start again; the second time, an error.
    Corrupt(String),
    /// The same, and do not ask for a partial clone any more.
    NoPartial,
    Source(SourceError),
}

impl From<SourceError> for Broken {
    fn from(error: SourceError) -> Self {
        Self::Source(error)
    }
}

impl From<git2::Error> for Broken {
    fn from(error: git2::Error) -> Self {
        Self::Corrupt(error.message().to_owned())
    }
}

/// One request against one cache.
pub(super) struct Fetcher<'a> {
    pub cache: &'a Cache,
    pub transport: &'a Transport,
    pub limits: &'a Limits,
    pub id: RepoId,
    pub access: Arc<Access>,
    pub request: &'a FetchRequest,
}

impl Fetcher<'_> {
    /// The answer if everything is there already.
    pub async fn ready(&self) -> Result<Option<Fetched>, SourceError> {
        let git_dir = self.cache.git_dir(self.id);
        if !git_dir.is_dir() {
            return Ok(None);
        }
        let _using = self.cache.lock_use(self.id, Sharing::Shared).await?;
        match self.state(&git_dir).await {
            Ok(State::Ready { merge_base }) => self.answer(git_dir, merge_base).map(Some),
            // A broken cache is dealt with when it is fetched into.
            Ok(_) | Err(Broken::Corrupt(_) | Broken::NoPartial) => Ok(None),
            Err(Broken::Source(error)) => Err(error),
        }
    }

    /// Fetches what is missing. A cache that turns out to be broken is rebuilt once.
    pub async fn fetch(&self, known: &Known) -> Result<Fetched, SourceError> {
        let _turn = known.fetching.lock().await;
        self.cache.prepare()?;
        let _fetching = self.cache.lock_fetch(self.id).await?;
        self.drop_if_cluttered()?;
        let mut whole = self.cache.git_dir(self.id).join(WHOLE_FILE).exists();
        let mut rebuilt = false;
        loop {
            let (why, fatal) = match self.attempt(whole).await {
                Ok(fetched) => return Ok(fetched),
                Err(Broken::Source(error)) => return Err(error),
                Err(Broken::NoPartial) => {
                    let fatal = whole.then(|| {
                        SourceError::Transient("the remote refuses objects of its own".to_owned())
                    });
                    whole = true;
                    ("the remote serves no partial clones".to_owned(), fatal)
                }
                Err(Broken::Corrupt(why)) => {
                    let fatal = rebuilt.then(|| SourceError::Internal(format!("git: {why}")));
                    rebuilt = true;
                    (why, fatal)
                }
            };
            tracing::info!(repository = %self.id, why, "deleting the cache of a repository");
            let exclusive = self.cache.lock_use(self.id, Sharing::Exclusive).await?;
            self.cache.delete(self.id, &exclusive)?;
            if let Some(error) = fatal {
                return Err(error);
            }
        }
    }

    fn drop_if_cluttered(&self) -> Result<(), SourceError> {
        let git_dir = self.cache.git_dir(self.id);
        let Ok(packs) = std::fs::read_dir(git_dir.join("objects").join("pack")) else {
            return Ok(());
        };
        let is_pack = |name: &str| Path::new(name).extension().is_some_and(|e| e == "pack");
        let packs =
            packs.flatten().filter(|entry| is_pack(&entry.file_name().to_string_lossy())).count();
        if packs > self.limits.max_packs {
            self.cache.delete_if_unused(self.id)?;
        }
        Ok(())
    }

    async fn attempt(&self, whole: bool) -> Result<Fetched, Broken> {
        let git_dir = self.cache.git_dir(self.id);
        let _using = self.cache.lock_use(self.id, Sharing::Shared).await?;
        make(&git_dir, whole)?;
        let mut round = Round::new(&git_dir, self.request, self.limits);
        let mut hydrated = false;
        loop {
            match self.state(&git_dir).await? {
                State::Ready { merge_base } => return Ok(self.answer(git_dir, merge_base)?),
                State::Blobs { merge_base, missing } => {
                    if hydrated {
                        return Ok(self.answer(git_dir, merge_base)?);
                    }
                    hydrated = true;
                    self.hydrate(&git_dir, &missing).await?;
                }
                State::Absent if round.gives_up() => return Err(round.gone().into()),
                State::Hidden if round.complete => {
                    return Err(Broken::Corrupt("history stays cut".to_owned()));
                }
                State::Absent | State::Hidden => self.advance(&git_dir, &mut round, whole).await?,
            }
        }
    }

    async fn advance(
        &self,
        git_dir: &Path,
        round: &mut Round<'_>,
        whole: bool,
    ) -> Result<(), Broken> {
        let wanted = round.wanted();
        if wanted.is_empty() {
            return Err(round.gone().into());
        }
        let call = FetchCall {
            git_dir,
            access: &self.access,
            wanted: &wanted,
            history: round.history(git_dir),
            partial: !whole,
        };
        match self.transport.fetch(&call).await {
            Ok(()) => {
                round.done(call.history);
                let (dir, request) = (git_dir.to_owned(), self.request.clone());
                let depth = round.depth_used;
                blocking(move || {
                    remember(&dir, &request, depth);
                    Ok(())
                })
                .await?;
                Ok(())
            }
            Err(Failure::Refused(why)) if !round.by_reference => {
                tracing::debug!(repository = %self.id, why, "commits refused, asking for branches");
                round.by_reference = true;
                Ok(())
            }
            Err(Failure::Refused(_)) => Err(round.gone().into()),
            Err(Failure::TooLarge) => Err(too_large(self.limits).into()),
            Err(Failure::Unclear(why)) => Err(Broken::Corrupt(why)),
            Err(Failure::Source(error)) => Err(error.into()),
        }
    }

    async fn hydrate(&self, git_dir: &Path, missing: &[Oid]) -> Result<(), Broken> {
        match hydrate(self.transport, &self.access, git_dir, missing).await {
            Ok(()) => Ok(()),
            Err(Failure::Refused(_)) => Err(Broken::NoPartial),
            // The change then says for each of these files that it was not looked at.
            Err(Failure::TooLarge) => Ok(()),
            Err(Failure::Unclear(why)) => Err(Broken::Corrupt(why)),
            Err(Failure::Source(error)) => Err(error.into()),
        }
    }

    async fn state(&self, git_dir: &Path) -> Result<State, Broken> {
        let dir = git_dir.to_owned();
        let (base, head) = (local::oid(&self.request.base)?, local::oid(&self.request.head)?);
        let limits = self.limits.clone();
        blocking(move || Ok(state(&dir, base, head, &limits))).await?
    }

    fn answer(&self, git_dir: PathBuf, merge_base: Option<Oid>) -> Result<Fetched, SourceError> {
        Ok(Fetched {
            repository: RepositoryHandle(git_dir),
            base: self.request.base.clone(),
            head: self.request.head.clone(),
            merge_base: merge_base.map(local::commit_sha).transpose()?,
        })
    }
}

fn too_large(limits: &Limits) -> SourceError {
    SourceError::Internal(format!(
        "the history needed is larger than {} MiB",
        limits.max_fetch_bytes / (1024 * 1024)
    ))
}

/// Fetches blobs in one request.
pub(super) async fn hydrate(
    transport: &Transport,
    access: &Access,
    git_dir: &Path,
    blobs: &[Oid],
) -> Result<(), Failure> {
    let wanted: Vec<String> = blobs.iter().map(Oid::to_string).collect();
    let call =
        FetchCall { git_dir, access, wanted: &wanted, history: History::Blobs, partial: true };
    transport.fetch(&call).await
}

/// The growing depth of one request.
struct Round<'a> {
    request: &'a FetchRequest,
    depth: u32,
    depth_used: Option<u32>,
    left: u32,
    absent: u32,
    /// The remote refused the commits by id.
    by_reference: bool,
    /// The whole history was asked for.
    complete: bool,
}

impl<'a> Round<'a> {
    fn new(git_dir: &Path, request: &'a FetchRequest, limits: &Limits) -> Self {
        let noted = std::fs::read_to_string(git_dir.join(DEPTH_FILE)).ok();
        let noted = noted.and_then(|text| text.trim().parse().ok()).unwrap_or(0);
        Self {
            request,
            depth: limits.initial_depth.max(noted).max(1),
            depth_used: None,
            left: limits.deepen_rounds,
            absent: 0,
            by_reference: false,
            complete: false,
        }
    }

    fn wanted(&self) -> Vec<String> {
        if !self.by_reference {
            return vec![self.request.base.to_string(), self.request.head.to_string()];
        }
        let branch = self.request.base_ref.iter().map(|name| match name.strip_prefix("refs/") {
            Some(_) => name.clone(),
            None => format!("refs/heads/{name}"),
        });
        let pull = self.request.pull.iter().map(|number| format!("refs/pull/{number}/head"));
        branch.chain(pull).filter(|name| Reference::is_valid_name(name)).collect()
    }

    fn history(&self, git_dir: &Path) -> History {
        let shallow = git_dir.join("shallow").exists();
        let empty = !git_dir.join(DEPTH_FILE).exists();
        match (shallow, self.left > 0) {
            (false, _) if !empty => History::Complete,
            (_, true) => History::Depth(self.depth),
            (true, false) => History::Unshallow,
            (false, false) => History::Complete,
        }
    }

    fn done(&mut self, history: History) {
        self.left = self.left.saturating_sub(1);
        match history {
            History::Depth(depth) => {
                self.depth_used = Some(depth);
                self.depth = depth.saturating_mul(4);
            }
            _ => self.complete = true,
        }
        self.absent += 1;
    }

    /// Whether a commit that is still absent will not come.
    fn gives_up(&self) -> bool {
        self.absent >= MAX_ABSENT || (self.absent > 0 && !self.by_reference) || self.complete
    }

    fn gone(&self) -> SourceError {
        SourceError::NotFound(format!(
            "commit {} or {} is no longer in the repository (force-pushed or deleted)",
            self.request.base, self.request.head
        ))
    }
}

fn state(git_dir: &Path, base: Oid, head: Oid, limits: &Limits) -> Result<State, Broken> {
    let repository = local::open(git_dir)?;
    let odb = repository.odb()?;
    if !content::present(&odb, base) || !content::present(&odb, head) {
        return Ok(State::Absent);
    }
    drop(odb);
    let merge_base = match history::merge_base(&repository, base, head)? {
        MergeBase::Known(found) => Some(found),
        MergeBase::Unrelated => None,
        MergeBase::Hidden => return Ok(State::Hidden),
    };
    let from = merge_base.unwrap_or(base);
    let missing = change::missing_blobs(&repository, from, head, limits)?;
    Ok(match missing.is_empty() {
        true => State::Ready { merge_base },
        false => State::Blobs { merge_base, missing },
    })
}

/// Makes the bare repository if it is not there, and removes what a killed git left behind.
fn make(git_dir: &Path, whole: bool) -> Result<(), Broken> {
    let failed = |error: std::io::Error| SourceError::Internal(format!("cache: {error}"));
    if !git_dir.is_dir() {
        let mut options = RepositoryInitOptions::new();
        options.bare(true).no_reinit(true).external_template(false);
        Repository::init_opts(git_dir, &options).map_err(|error| local::internal(&error))?;
        if whole {
            std::fs::write(git_dir.join(WHOLE_FILE), "").map_err(failed)?;
        }
        return Ok(());
    }
    for lock in ["shallow.lock", "packed-refs.lock", "config.lock"] {
        // Nearly always there is none.
        let _ = std::fs::remove_file(git_dir.join(lock));
    }
    if let Ok(entries) = std::fs::read_dir(git_dir.join("objects").join("pack")) {
        for entry in entries.flatten() {
            if entry.file_name().to_string_lossy().starts_with("tmp_") {
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }
    Ok(())
}

/// Notes the tips and the depth. Both only make the next fetch cheaper, so failing is no error.
fn remember(git_dir: &Path, request: &FetchRequest, depth: Option<u32>) {
    let _ = std::fs::write(git_dir.join(DEPTH_FILE), depth.unwrap_or(0).to_string());
    let Ok(repository) = local::open(git_dir) else { return };
    let head = match request.pull {
        Some(number) => format!("{TIPS}pull-{number}"),
        None => format!("{TIPS}head-{}", request.head),
    };
    let base = format!("{TIPS}base-{}", request.base);
    let set = |name: &str, commit: &CommitSha| {
        let id = local::oid(commit).ok().filter(|id| repository.find_commit(*id).is_ok());
        id.and_then(|id| repository.reference(name, id, true, "fetched").ok())
    };
    set(&base, &request.base);
    set(&head, &request.head);
    prune_tips(git_dir);
}

/// Deletes the oldest half of the tips once there are many.
fn prune_tips(git_dir: &Path) {
    let Ok(entries) = std::fs::read_dir(git_dir.join(TIPS)) else { return };
    let mut tips: Vec<_> = entries
        .flatten()
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .collect();
    if tips.len() > MAX_TIPS {
        tips.sort();
        for (_, path) in tips.iter().take(MAX_TIPS / 2) {
            let _ = std::fs::remove_file(path);
        }
    }
}

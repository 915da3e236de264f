//! Answers from one repository: whole, or with the objects named that must be fetched first.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use git2::{Odb, Oid, Repository};

use super::cache::lock;
use super::content;
use super::gather::{self, Bounds, Pattern};
use super::local::{self, internal};
use super::options::Limits;
use super::tree::{self, Followed, MAX_ENTRIES, Walked};
use crate::domain::diff::Side;
use crate::domain::ids::CommitSha;
use crate::domain::path::RepoPath;
use crate::domain::survey::{ListedFile, Listing};
use crate::ports::source::{Fetched, Gathered, Need, NeedResult, SourceError, TreeEntry};

/// Largest object that is read whole, because libgit2 cannot read a part of one.
const MAX_OBJECT_BYTES: usize = 64 * 1024 * 1024;
/// Entries of all lists that are kept, each of one commit; about 100 bytes each.
const MAX_KEPT_ENTRIES: usize = 300_000;
const MAX_LISTS: usize = 16;

/// An answer, or what is missing for it.
pub(super) enum Attempt<T> {
    Done(T),
    Missing(Vec<Oid>),
}

fn open(git_dir: &Path) -> Result<Repository, SourceError> {
    local::open(git_dir).map_err(|error| internal(&error))
}

fn objects(repository: &Repository) -> Result<Odb<'_>, SourceError> {
    repository.odb().map_err(|error| internal(&error))
}

pub(super) fn list(
    git_dir: &Path,
    commit: &CommitSha,
    paths: &[String],
) -> Result<Vec<TreeEntry>, SourceError> {
    let repository = open(git_dir)?;
    let root = gather::root(&repository, commit)?;
    tree::list(&repository, &root, paths).map_err(|error| internal(&error))
}

/// Every file of a commit, from the list that searches use too.
pub(super) fn listing(
    git_dir: &Path,
    commit: &CommitSha,
    lists: &ListCache,
) -> Result<Listing, SourceError> {
    let repository = open(git_dir)?;
    let walked = lists.get(git_dir, &repository, commit)?;
    let listed =
        |file: &tree::File| ListedFile { path: file.path.clone(), object: file.id.to_string() };
    let mut files: Vec<ListedFile> = walked.files.iter().map(listed).collect();
    // Git sorts a directory as if its name ended in a slash.
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(Listing { files, cut: walked.cut })
}

/// The bytes of a file. `listed` are blobs to fetch along with a missing one.
pub(super) fn read(
    git_dir: &Path,
    commit: &CommitSha,
    path: &RepoPath,
    limit: usize,
    listed: &HashSet<Oid>,
    last: bool,
) -> Result<Attempt<Option<Vec<u8>>>, SourceError> {
    let repository = open(git_dir)?;
    let odb = objects(&repository)?;
    let root = gather::root(&repository, commit)?;
    let broken = |error: git2::Error| internal(&error);
    let id = match tree::follow(&repository, &odb, &root, path).map_err(broken)? {
        Followed::File(id) if content::present(&odb, id) => id,
        Followed::File(id) | Followed::Missing(id) if last => {
            return Err(SourceError::NotFound(format!(
                "the content of {path} ({id}) is missing in this partial clone"
            )));
        }
        Followed::File(id) | Followed::Missing(id) => {
            let others = listed.iter().filter(|other| **other != id);
            let others = others.filter(|other| !content::present(&odb, **other));
            return Ok(Attempt::Missing(std::iter::once(id).chain(others.copied()).collect()));
        }
        Followed::Nothing => return Ok(Attempt::Done(None)),
    };
    let (size, _) = odb.read_header(id).map_err(broken)?;
    if size > MAX_OBJECT_BYTES {
        return Err(SourceError::NotFound(format!("{path} has {size} bytes, too many to read")));
    }
    let mut data = content::read(&odb, id).map_err(broken)?;
    data.truncate(limit);
    Ok(Attempt::Done(Some(data)))
}

/// The lists of files of the last commits that were searched.
#[derive(Default)]
pub(super) struct ListCache(Mutex<Vec<(PathBuf, CommitSha, Arc<Walked>)>>);

impl ListCache {
    fn get(
        &self,
        git_dir: &Path,
        repository: &Repository,
        commit: &CommitSha,
    ) -> Result<Arc<Walked>, SourceError> {
        {
            let mut kept = lock(&self.0);
            let found = kept.iter().position(|(dir, id, _)| dir == git_dir && id == commit);
            if let Some(at) = found {
                let entry = kept.remove(at);
                let walked = Arc::clone(&entry.2);
                kept.push(entry);
                return Ok(walked);
            }
        }
        let root = gather::root(repository, commit)?;
        let walked =
            tree::walk(repository, root, "", MAX_ENTRIES).map_err(|error| internal(&error))?;
        let walked = Arc::new(walked);
        let mut kept = lock(&self.0);
        kept.push((git_dir.to_owned(), commit.clone(), Arc::clone(&walked)));
        let entries = |kept: &[(PathBuf, CommitSha, Arc<Walked>)]| {
            kept.iter().map(|(_, _, walked)| walked.files.len()).sum::<usize>()
        };
        while kept.len() > MAX_LISTS || (!kept.is_empty() && entries(&kept) > MAX_KEPT_ENTRIES) {
            kept.remove(0);
        }
        Ok(walked)
    }

    pub fn clear(&self) {
        lock(&self.0).clear();
    }
}

/// One call of `gather`.
pub(super) struct Gathering {
    fetched: Fetched,
    needs: Vec<Need>,
    limits: Limits,
    lists: Arc<ListCache>,
    /// Blobs for patterns were asked for: what is missing now stays missing.
    searched: AtomicBool,
}

impl Gathering {
    pub fn new(fetched: Fetched, needs: Vec<Need>, limits: Limits, lists: Arc<ListCache>) -> Self {
        Self { fetched, needs, limits, lists, searched: AtomicBool::new(false) }
    }

    pub fn attempt(&self, git_dir: &Path, last: bool) -> Result<Attempt<Gathered>, SourceError> {
        let repository = open(git_dir)?;
        let odb = objects(&repository)?;
        let mut results = vec![NeedResult::default(); self.needs.len()];
        let mut missing = self.single_files(&repository, &odb, &mut results)?;
        let patterns = self.patterns(&mut results);
        let mut lists = Vec::new();
        for side in [Side::Head, Side::Base] {
            let Some(directions) = gather::directions(&patterns, side) else { continue };
            let commit = gather::commit_of(&self.fetched, side);
            let walked = if directions.is_everywhere() {
                self.lists.get(git_dir, &repository, commit)?
            } else {
                let root = gather::root(&repository, commit)?;
                let walked = tree::walk_along(&repository, root, "", MAX_ENTRIES, &directions);
                Arc::new(walked.map_err(|error| internal(&error))?)
            };
            lists.push((side, walked));
        }
        let candidates: Vec<_> = lists
            .iter()
            .flat_map(|(side, walked)| gather::candidates(walked, &patterns, *side))
            .collect();
        if !self.searched.swap(true, Ordering::Relaxed) {
            let mut seen = HashSet::new();
            let wanted = candidates
                .iter()
                .map(|(file, _)| file.id)
                .filter(|id| seen.insert(*id) && !content::present(&odb, *id));
            missing.extend(wanted.take(self.limits.max_search_blobs));
        }
        if !missing.is_empty() && !last {
            return Ok(Attempt::Missing(missing));
        }
        if lists.iter().any(|(_, walked)| walked.cut) {
            for pattern in &patterns {
                if let Some(result) = results.get_mut(pattern.index()) {
                    gather::incomplete(result, "the tree has entries that were left out");
                }
            }
        }
        let mut bounds = Bounds::new(&self.limits);
        gather::scan(&odb, &candidates, &patterns, &mut bounds, &mut results);
        Ok(Attempt::Done(Gathered { results }))
    }

    /// Answers the needs of one file each; returns the objects that are missing for them.
    fn single_files(
        &self,
        repository: &Repository,
        odb: &Odb<'_>,
        results: &mut [NeedResult],
    ) -> Result<Vec<Oid>, SourceError> {
        let mut missing = Vec::new();
        for (need, result) in self.needs.iter().zip(results) {
            let Need::File { side, path } = need else { continue };
            match gather::one_file(repository, odb, &self.fetched, *side, path, &self.limits)? {
                Ok(found) => *result = found,
                Err(id) => {
                    gather::incomplete(result, "missing in this partial clone");
                    missing.push(id);
                }
            }
        }
        Ok(missing)
    }

    fn patterns(&self, results: &mut [NeedResult]) -> Vec<Pattern> {
        let mut patterns = Vec::new();
        for (index, need) in self.needs.iter().enumerate() {
            match (Pattern::new(index, need), results.get_mut(index)) {
                (Some(Ok(pattern)), _) => patterns.push(pattern),
                (Some(Err(reason)), Some(result)) => gather::incomplete(result, &reason),
                _ => {}
            }
        }
        patterns
    }
}

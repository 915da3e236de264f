//! Merge bases, also where history is cut off.

use std::collections::{HashMap, HashSet};

use git2::{ErrorClass, ErrorCode, Oid, Repository};

/// Where two histories meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MergeBase {
    Known(Oid),
    /// Both histories are complete and share nothing.
    Unrelated,
    /// A shallow boundary may hide it, or a better one than can be seen.
    Hidden,
}

/// The commits whose parents were left out of a shallow clone. Read here because libgit2 looks
/// for the list in the wrong place in a linked worktree and leaves it out of merge bases.
pub(super) fn shallow_boundary(repository: &Repository) -> HashSet<Oid> {
    let text = std::fs::read_to_string(repository.commondir().join("shallow")).unwrap_or_default();
    text.lines().filter_map(|line| Oid::from_str(line.trim()).ok()).collect()
}

/// The best common ancestor of two commits that are both present.
pub(super) fn merge_base(
    repository: &Repository,
    base: Oid,
    head: Oid,
) -> Result<MergeBase, git2::Error> {
    let boundary = shallow_boundary(repository);
    if boundary.is_empty() {
        return match repository.merge_base(base, head) {
            Ok(found) => Ok(MergeBase::Known(found)),
            Err(error)
                if error.code() == ErrorCode::NotFound && error.class() == ErrorClass::Merge =>
            {
                Ok(MergeBase::Unrelated)
            }
            Err(error) => Err(error),
        };
    }
    Graph { repository, boundary, parents: HashMap::new() }.merge_base(base, head)
}

/// The visible part of a shallow history.
struct Graph<'a> {
    repository: &'a Repository,
    boundary: HashSet<Oid>,
    parents: HashMap<Oid, Vec<Oid>>,
}

impl Graph<'_> {
    fn parents(&mut self, commit: Oid) -> Result<&[Oid], git2::Error> {
        if !self.parents.contains_key(&commit) {
            let found = if self.boundary.contains(&commit) {
                Vec::new()
            } else {
                self.repository.find_commit(commit)?.parent_ids().collect()
            };
            self.parents.insert(commit, found);
        }
        Ok(self.parents.get(&commit).map_or(&[], Vec::as_slice))
    }

    /// These commits and all their visible ancestors.
    fn closure(&mut self, tips: &[Oid]) -> Result<HashSet<Oid>, git2::Error> {
        let mut seen: HashSet<Oid> = tips.iter().copied().collect();
        let mut open: Vec<Oid> = seen.iter().copied().collect();
        while let Some(commit) = open.pop() {
            for parent in self.parents(commit)? {
                if seen.insert(*parent) {
                    open.push(*parent);
                }
            }
        }
        Ok(seen)
    }

    fn merge_base(mut self, base: Oid, head: Oid) -> Result<MergeBase, git2::Error> {
        let of_base = self.closure(&[base])?;
        let of_head = self.closure(&[head])?;
        // An end that is an ancestor of the other one is the best answer there can be.
        if of_head.contains(&base) {
            return Ok(MergeBase::Known(base));
        }
        if of_base.contains(&head) {
            return Ok(MergeBase::Known(head));
        }
        let apart: Vec<Oid> = of_base.symmetric_difference(&of_head).copied().collect();
        // Behind a cut on one side alone there may be an ancestor that both share.
        if apart.iter().any(|commit| self.boundary.contains(commit)) {
            return Ok(MergeBase::Hidden);
        }
        let mut candidates = HashSet::new();
        for commit in apart {
            for parent in self.parents(commit)? {
                if of_base.contains(parent) && of_head.contains(parent) {
                    candidates.insert(*parent);
                }
            }
        }
        self.best(&candidates)
    }

    /// The newest candidate that is no ancestor of another one.
    fn best(&mut self, candidates: &HashSet<Oid>) -> Result<MergeBase, git2::Error> {
        let mut below = Vec::new();
        for candidate in candidates {
            below.extend_from_slice(self.parents(*candidate)?);
        }
        let covered = self.closure(&below)?;
        let mut best = None;
        for candidate in candidates.difference(&covered) {
            let time = self.repository.find_commit(*candidate)?.time().seconds();
            best = best.max(Some((time, *candidate)));
        }
        Ok(best.map_or(MergeBase::Unrelated, |(_, commit)| MergeBase::Known(commit)))
    }
}

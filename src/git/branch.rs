//! Branches written by git2 into a repository on this machine.

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use git2::build::TreeUpdateBuilder;
use git2::{Commit, FileMode, Oid, Repository, Signature, Time, Tree};

use super::local::{commit_sha, open};
use crate::domain::ids::CommitSha;
use crate::domain::job::Timestamp;
use crate::ports::branch::{BranchError, LocalBranches, LocalCommit};

/// Who commits where the repository's configuration names nobody.
const NAME: &str = "backend-team";
const EMAIL: &str = "backend-team@localhost";

/// Writes with libgit2: no hook, filter or program is run.
#[derive(Debug, Clone, Copy, Default)]
pub struct GitBranches;

#[async_trait]
impl LocalBranches for GitBranches {
    async fn write(
        &self,
        repository: &Path,
        base: &CommitSha,
        name: &str,
        commits: &[LocalCommit],
        at: Timestamp,
    ) -> Result<CommitSha, BranchError> {
        let order = Order {
            repository: repository.to_owned(),
            base: base.clone(),
            name: name.to_owned(),
            commits: commits.to_vec(),
            at,
        };
        let written = tokio::task::spawn_blocking(move || order.write());
        written
            .await
            .map_err(|error| BranchError::Internal(format!("writing a branch: {error}")))?
    }
}

struct Order {
    repository: PathBuf,
    base: CommitSha,
    name: String,
    commits: Vec<LocalCommit>,
    at: Timestamp,
}

impl Order {
    fn write(&self) -> Result<CommitSha, BranchError> {
        let sound = git2::Branch::name_is_valid(&self.name).unwrap_or(false);
        if !sound || self.commits.is_empty() {
            return Err(BranchError::Invalid(format!(
                "{} with {} commits",
                self.name,
                self.commits.len()
            )));
        }
        let none: [&Path; 0] = [];
        let git_dir = Repository::discover_path(&self.repository, none).map_err(|_| {
            BranchError::NotFound(format!("no git repository at {}", self.repository.display()))
        })?;
        let repository = open(&git_dir).map_err(internal)?;
        let base = Oid::from_str(self.base.as_str()).map_err(internal)?;
        let mut parent = repository
            .find_commit(base)
            .map_err(|_| BranchError::NotFound(format!("commit {}", self.base)))?;
        let who = self.signature(&repository)?;
        for commit in &self.commits {
            let tree = tree(&repository, &parent, commit)?;
            let id = repository
                .commit(None, &who, &who, &commit.message, &tree, &[&parent])
                .map_err(internal)?;
            parent = repository.find_commit(id).map_err(internal)?;
        }
        self.point(&repository, &parent)
    }

    /// The user's own name, as `git commit` would take it; else the product's.
    fn signature(&self, repository: &Repository) -> Result<Signature<'static>, BranchError> {
        let time = Time::new(self.at.0.div_euclid(1_000), 0);
        let own = repository.signature().ok();
        let own = own.as_ref().and_then(|own| Some((own.name().ok()?, own.email().ok()?)));
        let (name, email) = own.unwrap_or((NAME, EMAIL));
        Signature::new(name, email, &time).map_err(internal)
    }

    fn point(&self, repository: &Repository, tip: &Commit<'_>) -> Result<CommitSha, BranchError> {
        if let Ok(existing) = repository.find_branch(&self.name, git2::BranchType::Local) {
            let there = existing.get().peel_to_commit().map_err(internal)?;
            let same = there.tree_id() == tip.tree_id() && self.on_base(&there);
            return match same {
                true => {
                    commit_sha(there.id()).map_err(|error| BranchError::Internal(error.to_string()))
                }
                false => Err(BranchError::Exists(self.name.clone())),
            };
        }
        repository.branch(&self.name, tip, false).map_err(internal)?;
        commit_sha(tip.id()).map_err(|error| BranchError::Internal(error.to_string()))
    }

    /// Whether the branch has as many commits on the base as would be written.
    fn on_base(&self, tip: &Commit<'_>) -> bool {
        let mut at = tip.clone();
        for _ in &self.commits {
            match at.parent(0) {
                Ok(parent) => at = parent,
                Err(_) => return false,
            }
        }
        at.id().to_string() == self.base.as_str()
    }
}

/// The parent's tree with the commit's files written or removed.
fn tree<'r>(
    repository: &'r Repository,
    parent: &Commit<'_>,
    commit: &LocalCommit,
) -> Result<Tree<'r>, BranchError> {
    let before = parent.tree().map_err(internal)?;
    let mut update = TreeUpdateBuilder::new();
    for file in &commit.files {
        let path = file.path.as_str();
        if file.path.is_lossy() || path.split('/').any(|part| part.eq_ignore_ascii_case(".git")) {
            return Err(BranchError::Invalid(format!("{path} cannot be written")));
        }
        let there = before.get_path(Path::new(path)).ok();
        match &file.text {
            None if there.is_some() => {
                update.remove(path);
            }
            None => {}
            Some(text) => {
                let executable = there.as_ref().map_or(file.executable, |entry| {
                    entry.filemode() == i32::from(FileMode::BlobExecutable)
                });
                let mode = if executable { FileMode::BlobExecutable } else { FileMode::Blob };
                let blob = repository.blob(text.as_bytes()).map_err(internal)?;
                update.upsert(path, blob, mode);
            }
        }
    }
    let id = update.create_updated(repository, &before).map_err(internal)?;
    repository.find_tree(id).map_err(internal)
}

fn internal(error: git2::Error) -> BranchError {
    BranchError::Internal(format!("git: {}", error.message()))
}

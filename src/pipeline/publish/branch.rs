//! Branches and their pull requests. Nothing here can be called without an [`Approved`] plan or a
//! person's [`Requested`].

use super::Publisher;
use crate::domain::event::RepoRef;
use crate::domain::ids::{CommitSha, Number};
use crate::domain::job::Timestamp;
use crate::domain::plan::MAX_FILES_PER_TASK;
use crate::domain::requested::Requested;
use crate::domain::run::Approved;
use crate::plan::produce::is_protected;
use crate::ports::forge::{ForgeError, NewCommit, NewPull, PullState, TreeFile};
use crate::rules::redact_secrets;

/// Names that are tried before giving up: `name`, `name-2`, … `name-9`.
const MAX_NAMES: u32 = 9;

/// A proof that a branch may be written, on which commit, and from when its commits are. Only the
/// two types here are one.
pub trait Permit: sealed::Sealed + Sync {
    fn base(&self) -> &CommitSha;
    fn at(&self) -> Timestamp;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Approved {}
    impl Sealed for super::Requested {}
}

impl Permit for Approved {
    fn base(&self) -> &CommitSha {
        Self::base(self)
    }

    fn at(&self) -> Timestamp {
        Self::at(self)
    }
}

impl Permit for Requested {
    fn base(&self) -> &CommitSha {
        self.on()
    }

    fn at(&self) -> Timestamp {
        Self::at(self)
    }
}

/// One commit of a branch: what one task wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BranchCommit {
    pub message: String,
    pub files: Vec<TreeFile>,
}

/// How writing a branch ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    Branch {
        name: String,
        head: CommitSha,
    },
    /// It may not be written, in one clause.
    Refused {
        why: String,
    },
}

impl Publisher {
    /// Makes sure that a branch with exactly these commits on the permitted commit is there. A
    /// branch of that name with anything else on it is left alone: the next free name is taken.
    ///
    /// # Errors
    /// Refusals of GitHub come as errors too: only the caller knows whether to believe them.
    pub async fn publish_branch(
        &self,
        repo: &RepoRef,
        permit: &dyn Permit,
        name: &str,
        commits: &[BranchCommit],
    ) -> Result<Written, ForgeError> {
        if let Some(why) = unwritable(commits) {
            return Ok(Written::Refused { why });
        }
        let mut head = permit.base().clone();
        let mut tree = self.reader.commit_tree(repo, &head).await?;
        for commit in commits {
            tree = self.writer.create_tree(repo, &tree, &commit.files).await?;
            let new = NewCommit {
                tree: tree.clone(),
                parent: head,
                message: redact_secrets(&commit.message).into_owned(),
                at: permit.at(),
            };
            head = self.writer.create_commit(repo, &new).await?;
        }
        for attempt in 1..=MAX_NAMES {
            let name = if attempt == 1 { name.to_owned() } else { format!("{name}-{attempt}") };
            match self.reader.branch_head(repo, &name).await? {
                Some(present) if present == head => return Ok(Written::Branch { name, head }),
                // Somebody else's, or an earlier delivery.
                Some(_) => {}
                None => {
                    self.writer.create_branch(repo, &name, &head).await?;
                    return Ok(Written::Branch { name, head });
                }
            }
        }
        let why = format!("branches from `{name}` to `{name}-{MAX_NAMES}` exist already");
        Ok(Written::Refused { why })
    }

    /// Makes sure that the branch has its pull request with this text. One that somebody closed
    /// stays closed.
    pub async fn publish_draft_pull(
        &self,
        repo: &RepoRef,
        _permit: &dyn Permit,
        pull: &NewPull,
    ) -> Result<Number, ForgeError> {
        let pull = NewPull {
            title: redact_secrets(&pull.title).into_owned(),
            body: redact_secrets(&pull.body).into_owned(),
            ..pull.clone()
        };
        let existing = self.reader.pulls_of_branch(repo, &pull.head).await?;
        match existing.first() {
            None => self.writer.create_draft_pull(repo, &pull).await,
            Some(found) => {
                let same = found.title.expose() == &pull.title
                    && super::normalised(found.body.expose()) == super::normalised(&pull.body);
                if !same && found.state == PullState::Open {
                    let number = found.number;
                    self.writer.update_pull(repo, number, &pull.title, &pull.body).await?;
                }
                Ok(found.number)
            }
        }
    }
}

/// Why these commits are never written, whoever approved them.
fn unwritable(commits: &[BranchCommit]) -> Option<String> {
    let files: Vec<&TreeFile> = commits.iter().flat_map(|commit| &commit.files).collect();
    let mut paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
    paths.sort_unstable();
    paths.dedup();
    if paths.is_empty() {
        return Some("nothing was written by rules".to_owned());
    }
    if paths.len() > MAX_FILES_PER_TASK {
        let (count, most) = (paths.len(), MAX_FILES_PER_TASK);
        return Some(format!("{count} files are more than the {most} of one branch"));
    }
    if let Some(path) = paths.iter().find(|path| is_protected(path)) {
        return Some(format!("`{path}` is never written"));
    }
    let leaks = |file: &&&TreeFile| {
        file.text.as_ref().is_some_and(|text| redact_secrets(text).as_ref() != text)
    };
    let leak = files.iter().find(leaks)?;
    Some(format!("`{}` would hold what looks like a secret", leak.path))
}

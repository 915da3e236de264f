//! What the stand-in shows of its state, for assertions and for the demonstration.

use serde::Serialize;
use serde_json::Value;

use super::world::World;
use super::{Standin, StandinError};

/// A check run as it stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CheckRunView {
    pub id: u64,
    pub name: String,
    pub head_sha: String,
    pub external_id: String,
    /// `queued`, `in_progress` or `completed`.
    pub status: String,
    pub conclusion: Option<String>,
    pub title: String,
    pub summary: String,
    pub text: Option<String>,
    /// As the App sent them, over all updates.
    pub annotations: Vec<Value>,
    pub actions: Vec<Value>,
}

/// An issue comment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CommentView {
    pub id: u64,
    pub author: String,
    /// Written by the App.
    pub by_app: bool,
    pub body: String,
    /// Pairs of author and content.
    pub reactions: Vec<(String, String)>,
}

/// A comment in a review thread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReviewCommentView {
    pub id: u64,
    pub review: u64,
    pub author: String,
    pub by_app: bool,
    pub body: String,
    pub path: String,
    pub line: Option<u64>,
    pub start_line: Option<u64>,
    /// `LEFT` or `RIGHT`.
    pub side: String,
    pub commit: String,
    pub in_reply_to: Option<u64>,
    /// The thread is resolved; kept on its first comment.
    pub resolved: bool,
}

/// A review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReviewView {
    pub id: u64,
    pub author: String,
    /// `COMMENTED`, `APPROVED`, `CHANGES_REQUESTED` or `PENDING`.
    pub state: String,
    pub body: String,
    pub commit: String,
}

/// A pull request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PullView {
    pub number: u64,
    pub title: String,
    pub body: String,
    pub open: bool,
    pub draft: bool,
    pub merged: bool,
    pub head: String,
    pub head_ref: String,
    pub base: String,
    pub base_ref: String,
}

/// A commit of a branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CommitView {
    pub sha: String,
    pub message: String,
    pub author: String,
    /// Paths of the files that it adds, changes or removes.
    pub files: Vec<String>,
}

impl Standin {
    /// All check runs on a commit, oldest first, superseded ones included.
    pub fn check_runs(&self, repo: &str, sha: &str) -> Result<Vec<CheckRunView>, StandinError> {
        self.look(repo, |_, repository| {
            let runs = repository.check_runs.values().filter(|run| run.head_sha == sha);
            runs.map(|run| CheckRunView {
                id: run.id,
                name: run.name.clone(),
                head_sha: run.head_sha.clone(),
                external_id: run.external_id.clone(),
                status: run.status.clone(),
                conclusion: run.conclusion.clone(),
                title: run.title.clone().unwrap_or_default(),
                summary: run.summary.clone().unwrap_or_default(),
                text: run.text.clone(),
                annotations: run.annotations.clone(),
                actions: run.actions.clone(),
            })
            .collect()
        })
    }

    /// Comments of an issue or pull request, oldest first.
    pub fn comments(&self, repo: &str, number: u64) -> Result<Vec<CommentView>, StandinError> {
        self.look(repo, |world, repository| {
            let bot = world.bot_login();
            let comments = repository.comments.values().filter(|c| c.issue == number);
            comments
                .map(|comment| CommentView {
                    id: comment.id,
                    author: comment.author.clone(),
                    by_app: comment.author == bot,
                    body: comment.body.clone(),
                    reactions: repository
                        .reactions
                        .iter()
                        .filter(|reaction| reaction.comment == comment.id)
                        .map(|reaction| (reaction.author.clone(), reaction.content.clone()))
                        .collect(),
                })
                .collect()
        })
    }

    /// Comments of all review threads of a pull request, oldest first.
    pub fn review_comments(
        &self,
        repo: &str,
        number: u64,
    ) -> Result<Vec<ReviewCommentView>, StandinError> {
        self.look(repo, |world, repository| {
            let bot = world.bot_login();
            let comments = repository.review_comments.values().filter(|c| c.pull == number);
            comments
                .map(|comment| ReviewCommentView {
                    id: comment.id,
                    review: comment.review,
                    author: comment.author.clone(),
                    by_app: comment.author == bot,
                    body: comment.body.clone(),
                    path: comment.path.clone(),
                    line: comment.line,
                    start_line: comment.start_line,
                    side: comment.side.clone(),
                    commit: comment.commit.clone(),
                    in_reply_to: comment.in_reply_to,
                    resolved: comment.resolved,
                })
                .collect()
        })
    }

    pub fn reviews(&self, repo: &str, number: u64) -> Result<Vec<ReviewView>, StandinError> {
        self.look(repo, |_, repository| {
            let reviews = repository.reviews.values().filter(|review| review.pull == number);
            reviews
                .map(|review| ReviewView {
                    id: review.id,
                    author: review.author.clone(),
                    state: review.state.to_owned(),
                    body: review.body.clone(),
                    commit: review.commit.clone(),
                })
                .collect()
        })
    }

    /// Names of the labels on an issue or pull request.
    pub fn labels(&self, repo: &str, number: u64) -> Result<Vec<String>, StandinError> {
        self.look(repo, |_, repository| repository.issue(number).map(|issue| issue.labels.clone()))?
    }

    pub fn pull(&self, repo: &str, number: u64) -> Result<PullView, StandinError> {
        self.look(repo, |_, repository| {
            let (issue, pull) = (repository.issue(number)?, repository.pull(number)?);
            Ok(PullView {
                number,
                title: issue.title.clone(),
                body: issue.body.clone().unwrap_or_default(),
                open: issue.open,
                draft: pull.draft,
                merged: pull.merged.is_some(),
                head: pull.head_sha.clone(),
                head_ref: pull.head_ref.clone(),
                base: pull.base_sha.clone(),
                base_ref: pull.base_ref.clone(),
            })
        })?
    }

    /// Numbers of all pull requests, oldest first.
    pub fn pulls(&self, repo: &str) -> Result<Vec<u64>, StandinError> {
        self.look(repo, |_, repository| repository.pulls.keys().copied().collect())
    }

    /// Names of all branches.
    pub fn branches(&self, repo: &str) -> Result<Vec<String>, StandinError> {
        let found = self.look(repo, |_, repository| repository.git.branches())??;
        Ok(found.into_iter().map(|(name, _)| name).collect())
    }

    /// The commits of a branch that another one does not have, oldest first.
    pub fn commits(
        &self,
        repo: &str,
        base: &str,
        branch: &str,
    ) -> Result<Vec<CommitView>, StandinError> {
        self.look(repo, |_, repository| {
            let tip = |name: &str| {
                let found = repository.git.branch(name)?;
                found.ok_or_else(|| StandinError::Unknown(format!("branch {name}")))
            };
            let git = repository.git.open_objects()?;
            let mut walk = git.revwalk()?;
            walk.set_sorting(git2::Sort::TOPOLOGICAL | git2::Sort::REVERSE)?;
            walk.push(git2::Oid::from_str(&tip(branch)?)?)?;
            walk.hide(git2::Oid::from_str(&tip(base)?)?)?;
            let mut commits = Vec::new();
            for id in walk {
                let commit = git.find_commit(id?)?;
                let parent = commit.parents().next().map(|parent| parent.tree()).transpose()?;
                let diff = git.diff_tree_to_tree(parent.as_ref(), Some(&commit.tree()?), None)?;
                let path = |delta: git2::DiffDelta<'_>| {
                    let path = delta.new_file().path().or_else(|| delta.old_file().path());
                    path.map(|path| path.to_string_lossy().into_owned())
                };
                commits.push(CommitView {
                    sha: commit.id().to_string(),
                    message: String::from_utf8_lossy(commit.message_bytes()).into_owned(),
                    author: String::from_utf8_lossy(commit.author().name_bytes()).into_owned(),
                    files: diff.deltas().filter_map(path).collect(),
                });
            }
            Ok(commits)
        })?
    }

    /// The text of a file at a branch; `None` if it is not there.
    pub fn file(
        &self,
        repo: &str,
        branch: &str,
        path: &str,
    ) -> Result<Option<String>, StandinError> {
        self.look(repo, |_, repository| {
            let Some(tip) = repository.git.branch(branch)? else { return Ok(None) };
            let git = repository.git.open_objects()?;
            let tree = git.find_commit(git2::Oid::from_str(&tip)?)?.tree()?;
            let Ok(entry) = tree.get_path(std::path::Path::new(path)) else { return Ok(None) };
            let blob = git.find_blob(entry.id())?;
            Ok(Some(String::from_utf8_lossy(blob.content()).into_owned()))
        })?
    }

    fn look<T>(
        &self,
        repo: &str,
        read: impl FnOnce(&World, &super::world::Repository) -> T,
    ) -> Result<T, StandinError> {
        let world = self.world();
        let repository = world.repository(world.repository_id(repo)?)?;
        Ok(read(&world, repository))
    }
}

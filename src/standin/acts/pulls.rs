//! Pull requests: opening, changing, closing, merging, the merge queue.

use serde_json::{Value, json};

use crate::standin::StandinError;
use crate::standin::events::{NO_COMMIT, merge};
use crate::standin::shapes::check::commit_json;
use crate::standin::world::{Issue, Pull, World};

/// A pull request to open.
#[derive(Debug, Clone)]
pub struct PullRequestSpec {
    /// Branch that holds the change.
    pub head: String,
    /// `owner/name` of the fork that has the branch; `None` = the repository itself.
    pub head_repository: Option<String>,
    pub base: String,
    pub title: String,
    pub body: String,
    pub author: String,
    pub draft: bool,
}

impl PullRequestSpec {
    /// From a branch of the repository onto `main`, by `alice`.
    pub fn new(head: &str, title: &str) -> Self {
        Self {
            head: head.to_owned(),
            head_repository: None,
            base: "main".to_owned(),
            title: title.to_owned(),
            body: String::new(),
            author: "alice".to_owned(),
            draft: false,
        }
    }

    #[must_use]
    pub fn body(mut self, body: &str) -> Self {
        self.body = body.to_owned();
        self
    }

    #[must_use]
    pub fn author(mut self, login: &str) -> Self {
        self.author = login.to_owned();
        self
    }

    #[must_use]
    pub fn base(mut self, branch: &str) -> Self {
        self.base = branch.to_owned();
        self
    }

    #[must_use]
    pub fn draft(mut self) -> Self {
        self.draft = true;
        self
    }

    #[must_use]
    pub fn from_fork(mut self, slug: &str) -> Self {
        self.head_repository = Some(slug.to_owned());
        self
    }
}

/// What to change on a pull request; `None` stays as it is.
#[derive(Debug, Clone, Default)]
pub struct PullEdit {
    pub title: Option<String>,
    pub body: Option<String>,
    pub base: Option<String>,
}

impl World {
    /// Adds the part that issues and pull requests share, and returns its number.
    pub fn add_issue(
        &mut self,
        repository: u64,
        author: &str,
        title: &str,
        body: &str,
    ) -> Result<u64, StandinError> {
        self.person(author);
        let (id, now) = (self.next_id(), self.now());
        let found = self.repository_mut(repository)?;
        let number = found.next_number;
        found.next_number += 1;
        let issue = Issue {
            id,
            number,
            title: title.to_owned(),
            body: (!body.is_empty()).then(|| body.to_owned()),
            author: author.to_owned(),
            labels: Vec::new(),
            open: true,
            created_at: now,
            updated_at: now,
            closed_at: None,
        };
        found.issues.insert(number, issue);
        Ok(number)
    }

    pub fn open_pull(
        &mut self,
        repository: u64,
        spec: &PullRequestSpec,
    ) -> Result<u64, StandinError> {
        let head_repository = match &spec.head_repository {
            Some(slug) => self.repository_id(slug)?,
            None => repository,
        };
        let tip = |world: &Self, id: u64, branch: &str| {
            world
                .repository(id)?
                .git
                .branch(branch)?
                .ok_or_else(|| StandinError::Unknown(format!("branch {branch}")))
        };
        let head_sha = tip(self, head_repository, &spec.head)?;
        let base_sha = tip(self, repository, &spec.base)?;
        let number = self.add_issue(repository, &spec.author, &spec.title, &spec.body)?;
        let id = self.next_id();
        let pull = Pull {
            id,
            draft: spec.draft,
            head_repository: Some(head_repository),
            head_ref: spec.head.clone(),
            head_sha: head_sha.clone(),
            base_ref: spec.base.clone(),
            base_sha,
            merge_sha: None,
            merged: None,
        };
        self.repository_mut(repository)?.pulls.insert(number, pull);
        self.refresh_pull(repository, number, true)?;
        // Pushes to forks are not seen: their suites start with the pull request, silently.
        let branch = (head_repository == repository).then_some(spec.head.as_str());
        self.suite_of(repository, &head_sha, branch)?;
        self.emit_pull(repository, number, "opened", &spec.author, Value::Null)?;
        Ok(number)
    }

    /// Brings `refs/pull/N/*` in line. `retake` also takes the present tip of the base branch, as
    /// GitHub does on every push to the head and on a change of the base.
    pub fn refresh_pull(
        &mut self,
        repository: u64,
        number: u64,
        retake: bool,
    ) -> Result<(), StandinError> {
        let (time, now) = (self.next_commit_time(), self.now());
        let found = self.repository_mut(repository)?;
        let git = found.git.clone();
        let pull = found.pull_mut(number)?;
        let tip = git.branch(&pull.base_ref)?.unwrap_or_else(|| pull.base_sha.clone());
        if retake {
            pull.base_sha.clone_from(&tip);
        }
        let message = format!("Merge {} into {tip}", pull.head_sha);
        pull.merge_sha = git.merge(&tip, &pull.head_sha, &message, time)?;
        let names = (format!("refs/pull/{number}/head"), format!("refs/pull/{number}/merge"));
        git.set_reference(&names.0, &pull.head_sha)?;
        match &pull.merge_sha {
            Some(sha) => git.set_reference(&names.1, sha)?,
            None => git.delete_reference(&names.1)?,
        }
        found.issue_mut(number)?.updated_at = now;
        Ok(())
    }

    pub fn edit_pull(
        &mut self,
        repository: u64,
        number: u64,
        edit: &PullEdit,
        sender: &str,
    ) -> Result<(), StandinError> {
        self.person(sender);
        let now = self.now();
        let mut changes = json!({});
        let found = self.repository_mut(repository)?;
        let issue = found.issue_mut(number)?;
        issue.updated_at = now;
        if let Some(title) = &edit.title {
            let from = std::mem::replace(&mut issue.title, title.clone());
            merge(&mut changes, json!({ "title": { "from": from } }));
        }
        if let Some(body) = &edit.body {
            let from = issue.body.replace(body.clone()).unwrap_or_default();
            merge(&mut changes, json!({ "body": { "from": from } }));
        }
        if let Some(base) = &edit.base {
            let pull = found.pull_mut(number)?;
            let from = std::mem::replace(&mut pull.base_ref, base.clone());
            let sha = pull.base_sha.clone();
            let base = json!({ "base": { "ref": { "from": from }, "sha": { "from": sha } } });
            merge(&mut changes, base);
            self.refresh_pull(repository, number, true)?;
        }
        self.emit_pull(repository, number, "edited", sender, json!({ "changes": changes }))
    }

    pub fn close_pull(
        &mut self,
        repository: u64,
        number: u64,
        sender: &str,
    ) -> Result<(), StandinError> {
        self.set_open(repository, number, false, sender)?;
        let git = self.repository(repository)?.git.clone();
        git.delete_reference(&format!("refs/pull/{number}/merge"))?;
        self.emit_pull(repository, number, "closed", sender, Value::Null)
    }

    pub fn reopen_pull(
        &mut self,
        repository: u64,
        number: u64,
        sender: &str,
    ) -> Result<(), StandinError> {
        self.set_open(repository, number, true, sender)?;
        self.refresh_pull(repository, number, false)?;
        self.emit_pull(repository, number, "reopened", sender, Value::Null)
    }

    pub(super) fn set_open(
        &mut self,
        repository: u64,
        number: u64,
        open: bool,
        sender: &str,
    ) -> Result<(), StandinError> {
        self.person(sender);
        let now = self.now();
        let issue = self.repository_mut(repository)?.issue_mut(number)?;
        issue.open = open;
        issue.updated_at = now;
        issue.closed_at = (!open).then_some(now);
        Ok(())
    }

    pub fn set_draft(
        &mut self,
        repository: u64,
        number: u64,
        draft: bool,
        sender: &str,
    ) -> Result<(), StandinError> {
        self.person(sender);
        self.repository_mut(repository)?.pull_mut(number)?.draft = draft;
        let action = if draft { "converted_to_draft" } else { "ready_for_review" };
        self.emit_pull(repository, number, action, sender, Value::Null)
    }

    /// Merges with a merge commit, which is returned.
    pub fn merge_pull(
        &mut self,
        repository: u64,
        number: u64,
        sender: &str,
    ) -> Result<String, StandinError> {
        self.refresh_pull(repository, number, false)?;
        let now = self.now();
        let found = self.repository_mut(repository)?;
        let git = found.git.clone();
        let pull = found.pull_mut(number)?;
        let sha = pull
            .merge_sha
            .clone()
            .ok_or_else(|| StandinError::Refused(format!("#{number} conflicts with its base")))?;
        pull.merged = Some((now, sender.to_owned()));
        let base = pull.base_ref.clone();
        let before = git.branch(&base)?.unwrap_or_else(|| NO_COMMIT.to_owned());
        git.set_reference(&format!("refs/heads/{base}"), &sha)?;
        self.set_open(repository, number, false, sender)?;
        git.delete_reference(&format!("refs/pull/{number}/merge"))?;
        self.branch_moved(repository, &base, &before, &sha, Some(sender))?;
        self.emit_pull(repository, number, "closed", sender, Value::Null)?;
        Ok(sha)
    }

    /// Puts a pull request alone into the merge queue: the group's commit is returned.
    pub fn queue_merge(
        &mut self,
        repository: u64,
        number: u64,
        sender: &str,
    ) -> Result<String, StandinError> {
        self.person(sender);
        self.refresh_pull(repository, number, false)?;
        let found = self.repository(repository)?;
        let pull = found.pull(number)?;
        let conflict = || StandinError::Refused(format!("#{number} conflicts with its base"));
        let sha = pull.merge_sha.clone().ok_or_else(conflict)?;
        let base = pull.base_ref.clone();
        let tip = found.git.branch(&base)?.unwrap_or_else(|| pull.base_sha.clone());
        let branch = format!("gh-readonly-queue/{base}/pr-{number}-{tip}");
        let head_ref = format!("refs/heads/{branch}");
        found.git.set_reference(&head_ref, &sha)?;
        let fields = json!({ "merge_group": {
            "head_sha": sha,
            "head_ref": head_ref,
            "base_sha": tip,
            "base_ref": format!("refs/heads/{base}"),
            "head_commit": commit_json(found, &sha)?,
        }});
        self.suite_of(repository, &sha, Some(&branch))?;
        self.emit("merge_group", Some("checks_requested"), Some(repository), sender, fields)?;
        Ok(sha)
    }
}

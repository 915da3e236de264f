//! Repositories, commits, branches.

use std::collections::BTreeMap;

use serde_json::json;

use crate::standin::StandinError;
use crate::standin::events::NO_COMMIT;
use crate::standin::git_store::{FileEdit, GitStore, NewCommit};
use crate::standin::world::{AccountKind, Repository, World, slug_key};

pub(in crate::standin) struct RepositorySpec<'a> {
    pub slug: &'a str,
    pub private: bool,
    pub installed: bool,
    pub parent: Option<u64>,
}

impl World {
    /// Makes an empty repository; the account is made where it is missing.
    pub fn add_repository(&mut self, spec: &RepositorySpec<'_>) -> Result<u64, StandinError> {
        let (owner, name) = spec
            .slug
            .split_once('/')
            .ok_or_else(|| StandinError::Refused(format!("{} is no owner/name", spec.slug)))?;
        if self.names.contains_key(&slug_key(owner, name)) {
            return Err(StandinError::Refused(format!("{} exists already", spec.slug)));
        }
        let owned = owner.eq_ignore_ascii_case(&self.installation.account);
        let kind = if owned { AccountKind::Organization } else { AccountKind::User };
        self.account(owner, kind);
        let id = self.next_id();
        let parent = spec.parent.map(|id| self.repository(id)).transpose()?;
        let network = parent.map(|parent| &parent.git);
        let default_branch = parent.map_or("main", |parent| &parent.default_branch).to_owned();
        let folder = self.folder.join(format!("{id}.git"));
        let git = GitStore::init(&folder, &default_branch, network)?;
        let repository = Repository {
            id,
            owner: owner.to_owned(),
            name: name.to_owned(),
            private: spec.private,
            default_branch,
            git,
            parent: spec.parent,
            installed: spec.installed && owned,
            created_at: self.now(),
            next_number: 1,
            issues: BTreeMap::new(),
            pulls: BTreeMap::new(),
            comments: BTreeMap::new(),
            reviews: BTreeMap::new(),
            review_comments: BTreeMap::new(),
            check_runs: BTreeMap::new(),
            check_suites: BTreeMap::new(),
            labels: BTreeMap::new(),
            permissions: BTreeMap::new(),
            reactions: Vec::new(),
            protected: Vec::new(),
        };
        self.repositories.insert(id, repository);
        self.names.insert(slug_key(owner, name), id);
        Ok(id)
    }

    /// A fork under this person's name, with the parent's branches.
    pub fn fork(&mut self, parent: u64, login: &str) -> Result<u64, StandinError> {
        let (name, private) = {
            let found = self.repository(parent)?;
            (found.name.clone(), found.private)
        };
        let slug = format!("{login}/{name}");
        let fork = self.add_repository(&RepositorySpec {
            slug: &slug,
            private,
            installed: false,
            parent: Some(parent),
        })?;
        let branches = self.repository(parent)?.git.branches()?;
        let store = self.repository(fork)?.git.clone();
        for (branch, sha) in branches {
            store.set_reference(&format!("refs/heads/{branch}"), &sha)?;
        }
        Ok(fork)
    }

    /// Writes a commit and moves the branch to it. The parent is `onto` (branch, or commit id) if
    /// given, else the branch itself, else the default branch; in an empty repository there is none.
    pub fn commit(
        &mut self,
        repository: u64,
        branch: &str,
        onto: Option<&str>,
        message: &str,
        edits: &[FileEdit],
        author: &str,
    ) -> Result<String, StandinError> {
        self.person(author);
        let time = self.next_commit_time();
        let found = self.repository(repository)?;
        let parent = match onto {
            Some(name) => Some(
                found
                    .git
                    .resolve(name)?
                    .ok_or_else(|| StandinError::Unknown(format!("branch or commit {name}")))?,
            ),
            None => match found.git.branch(branch)? {
                Some(sha) => Some(sha),
                None => found.git.branch(&found.default_branch)?,
            },
        };
        let parents: Vec<String> = parent.into_iter().collect();
        let sha =
            found.git.commit(&NewCommit { parents: &parents, message, author, time, edits })?;
        found.git.set_reference(&format!("refs/heads/{branch}"), &sha)?;
        Ok(sha)
    }

    /// Brings pull requests in line with a branch that moved. With a sender, the events that GitHub
    /// sends for a push are queued: `push`, `check_suite` and `pull_request`.
    pub fn branch_moved(
        &mut self,
        repository: u64,
        branch: &str,
        before: &str,
        after: &str,
        sender: Option<&str>,
    ) -> Result<(), StandinError> {
        if let Some(sender) = sender {
            self.emit_push(repository, branch, before, after, sender)?;
        }
        if after == NO_COMMIT {
            return Ok(());
        }
        let suite = self.suite_of(repository, after, Some(branch))?;
        if let Some(sender) = sender {
            self.emit_suite(repository, suite, "requested", sender)?;
        }
        for (base_repository, number) in self.open_pulls_on(repository, branch, false) {
            let pull = self.repository_mut(base_repository)?.pull_mut(number)?;
            let previous = std::mem::replace(&mut pull.head_sha, after.to_owned());
            self.refresh_pull(base_repository, number, true)?;
            if let Some(sender) = sender.filter(|_| previous != after) {
                let extra = json!({ "before": previous, "after": after });
                self.emit_pull(base_repository, number, "synchronize", sender, extra)?;
            }
        }
        for (base_repository, number) in self.open_pulls_on(repository, branch, true) {
            self.refresh_pull(base_repository, number, false)?;
        }
        Ok(())
    }

    /// Open pull requests whose head (or base) is this branch.
    fn open_pulls_on(&self, repository: u64, branch: &str, base: bool) -> Vec<(u64, u64)> {
        let mut found = Vec::new();
        for candidate in self.repositories.values() {
            for (number, pull) in &candidate.pulls {
                let open = candidate.issues.get(number).is_some_and(|issue| issue.open);
                let matches = if base {
                    candidate.id == repository && pull.base_ref == branch
                } else {
                    pull.head_repository == Some(repository) && pull.head_ref == branch
                };
                if open && matches {
                    found.push((candidate.id, *number));
                }
            }
        }
        found
    }

    pub fn delete_branch(
        &mut self,
        repository: u64,
        branch: &str,
        sender: &str,
    ) -> Result<(), StandinError> {
        self.person(sender);
        let git = self.repository(repository)?.git.clone();
        let before =
            git.branch(branch)?.ok_or_else(|| StandinError::Unknown(format!("branch {branch}")))?;
        git.delete_reference(&format!("refs/heads/{branch}"))?;
        self.branch_moved(repository, branch, &before, NO_COMMIT, Some(sender))?;
        // GitHub closes the pull requests of a deleted branch.
        for (base_repository, number) in self.open_pulls_on(repository, branch, false) {
            self.close_pull(base_repository, number, sender)?;
        }
        Ok(())
    }

    /// Gives the repository a new name; the former one redirects until somebody else takes it.
    pub fn rename(
        &mut self,
        repository: u64,
        name: &str,
        sender: &str,
    ) -> Result<(), StandinError> {
        self.person(sender);
        let found = self.repository_mut(repository)?;
        let former = std::mem::replace(&mut found.name, name.to_owned());
        let key = slug_key(&found.owner, name);
        self.names.insert(key, repository);
        let fields = json!({ "changes": { "repository": { "name": { "from": former } } } });
        self.emit("repository", Some("renamed"), Some(repository), sender, fields)
    }
}

//! What people do on GitHub. Repositories are named `owner/name`; accounts are made when they are
//! first named. Unless a method says otherwise it causes the webhooks that GitHub sends.

use serde_json::{Value, json};

use super::acts::{PullEdit, PullRequestSpec, RepositorySpec};
use super::events::NO_COMMIT;
use super::git_store::FileEdit;
use super::world::World;
use super::{Standin, StandinError};

type Done<T = ()> = Result<T, StandinError>;

/// Who commits where nobody is named.
const AUTHOR: &str = "alice";

impl Standin {
    /// Makes a repository with a first commit on `main` and returns its id. The App is installed
    /// in it if it belongs to the organisation of the stand-in. No webhook.
    pub fn create_repository(&self, repo: &str, private: bool, files: &[FileEdit]) -> Done<u64> {
        let mut world = self.world();
        let spec = RepositorySpec { slug: repo, private, installed: true, parent: None };
        let id = world.add_repository(&spec)?;
        let branch = world.repository(id)?.default_branch.clone();
        world.commit(id, &branch, None, "Start", files, AUTHOR)?;
        Ok(id)
    }

    /// Forks a repository and returns the fork's `owner/name`. No webhook.
    pub fn fork(&self, repo: &str, login: &str) -> Done<String> {
        let mut world = self.world();
        let parent = world.repository_id(repo)?;
        let fork = world.fork(parent, login)?;
        Ok(world.repository(fork)?.slug())
    }

    /// Commits to a branch, made from the default branch where it is missing, and returns the
    /// commit. No webhook: pull requests follow in silence, as if deliveries were lost.
    pub fn commit(
        &self,
        repo: &str,
        branch: &str,
        message: &str,
        edits: &[FileEdit],
    ) -> Done<String> {
        self.write(repo, branch, None, message, edits, None)
    }

    /// As [`commit`](Self::commit), from another branch or commit; an existing branch is replaced.
    pub fn commit_onto(
        &self,
        repo: &str,
        branch: &str,
        onto: &str,
        message: &str,
        edits: &[FileEdit],
    ) -> Done<String> {
        self.write(repo, branch, Some(onto), message, edits, None)
    }

    /// Commits and pushes: `push`, `check_suite`, and `pull_request.synchronize` for each pull
    /// request of this branch.
    pub fn push(
        &self,
        repo: &str,
        branch: &str,
        message: &str,
        edits: &[FileEdit],
    ) -> Done<String> {
        self.write(repo, branch, None, message, edits, Some(AUTHOR))
    }

    /// Replaces a branch by a commit on top of `onto` (branch or commit id) and pushes it.
    pub fn force_push(
        &self,
        repo: &str,
        branch: &str,
        onto: &str,
        message: &str,
        edits: &[FileEdit],
    ) -> Done<String> {
        self.write(repo, branch, Some(onto), message, edits, Some(AUTHOR))
    }

    fn write(
        &self,
        repo: &str,
        branch: &str,
        onto: Option<&str>,
        message: &str,
        edits: &[FileEdit],
        sender: Option<&str>,
    ) -> Done<String> {
        self.act(repo, |world, id| {
            let before = world.repository(id)?.git.branch(branch)?;
            let sha = world.commit(id, branch, onto, message, edits, sender.unwrap_or(AUTHOR))?;
            let before = before.as_deref().unwrap_or(NO_COMMIT);
            world.branch_moved(id, branch, before, &sha, sender)?;
            Ok(sha)
        })
    }

    /// The tip of a branch.
    pub fn branch(&self, repo: &str, branch: &str) -> Done<Option<String>> {
        self.act(repo, |world, id| world.repository(id)?.git.branch(branch))
    }

    /// Deletes a branch; its pull requests are closed.
    pub fn delete_branch(&self, repo: &str, branch: &str) -> Done {
        self.act(repo, |world, id| world.delete_branch(id, branch, AUTHOR))
    }

    /// Gives a repository a new name (without owner). The former one redirects.
    pub fn rename_repository(&self, repo: &str, name: &str) -> Done {
        self.act(repo, |world, id| world.rename(id, name, AUTHOR))
    }

    /// Opens a pull request and returns its number.
    pub fn open_pull(&self, repo: &str, spec: &PullRequestSpec) -> Done<u64> {
        self.act(repo, |world, id| world.open_pull(id, spec))
    }

    pub fn edit_pull(&self, repo: &str, number: u64, edit: &PullEdit, login: &str) -> Done {
        self.act(repo, |world, id| world.edit_pull(id, number, edit, login))
    }

    pub fn close_pull(&self, repo: &str, number: u64, login: &str) -> Done {
        self.act(repo, |world, id| world.close_pull(id, number, login))
    }

    pub fn reopen_pull(&self, repo: &str, number: u64, login: &str) -> Done {
        self.act(repo, |world, id| world.reopen_pull(id, number, login))
    }

    /// Merges a pull request and returns the merge commit.
    pub fn merge_pull(&self, repo: &str, number: u64, login: &str) -> Done<String> {
        self.act(repo, |world, id| world.merge_pull(id, number, login))
    }

    /// Marks a draft as ready (`false`), or a pull request as draft.
    pub fn set_draft(&self, repo: &str, number: u64, draft: bool, login: &str) -> Done {
        self.act(repo, |world, id| world.set_draft(id, number, draft, login))
    }

    /// Puts a pull request into the merge queue and returns the group's commit.
    pub fn queue_merge(&self, repo: &str, number: u64, login: &str) -> Done<String> {
        self.act(repo, |world, id| world.queue_merge(id, number, login))
    }

    pub fn open_issue(&self, repo: &str, login: &str, title: &str, body: &str) -> Done<u64> {
        self.act(repo, |world, id| world.open_issue(id, login, title, body))
    }

    pub fn close_issue(&self, repo: &str, number: u64, login: &str) -> Done {
        self.act(repo, |world, id| world.close_issue(id, number, login))
    }

    pub fn reopen_issue(&self, repo: &str, number: u64, login: &str) -> Done {
        self.act(repo, |world, id| world.reopen_issue(id, number, login))
    }

    /// Gives an issue another title or text.
    pub fn edit_issue(
        &self,
        repo: &str,
        number: u64,
        title: &str,
        body: &str,
        login: &str,
    ) -> Done {
        self.act(repo, |world, id| world.edit_issue(id, number, title, body, login))
    }

    /// Makes a team (`organisation/team`) of these people, in place of what it was.
    pub fn set_team(&self, team: &str, logins: &[&str]) {
        let mut world = self.world();
        for login in logins {
            world.person(login);
        }
        let logins = logins.iter().map(|login| login.to_ascii_lowercase()).collect();
        world.teams.insert(team.to_ascii_lowercase(), logins);
    }

    /// A rule of the repository: branches that start like this cannot be made.
    pub fn protect_branches(&self, repo: &str, start: &str) -> Done {
        self.act(repo, |world, id| {
            world.repository_mut(id)?.protected.push(start.to_owned());
            Ok(())
        })
    }

    /// Adds a label to an issue or pull request.
    pub fn label(&self, repo: &str, number: u64, label: &str, login: &str) -> Done {
        self.act(repo, |world, id| world.add_label(id, number, label, login))
    }

    pub fn unlabel(&self, repo: &str, number: u64, label: &str, login: &str) -> Done {
        self.act(repo, |world, id| world.remove_label(id, number, label, login))
    }

    /// Comments on an issue or pull request and returns the comment's id.
    pub fn comment(&self, repo: &str, number: u64, login: &str, body: &str) -> Done<u64> {
        self.act(repo, |world, id| world.add_comment(id, number, login, body))
    }

    pub fn edit_comment(&self, repo: &str, comment: u64, login: &str, body: &str) -> Done {
        self.act(repo, |world, id| world.edit_comment(id, comment, body, login))
    }

    pub fn delete_comment(&self, repo: &str, comment: u64, login: &str) -> Done {
        self.act(repo, |world, id| world.delete_comment(id, comment, login))
    }

    /// Answers in a review thread and returns the answer's id.
    pub fn reply_in_thread(&self, repo: &str, comment: u64, login: &str, body: &str) -> Done<u64> {
        self.act(repo, |world, id| world.reply_in_thread(id, comment, login, body))
    }

    /// Resolves the thread that this review comment starts, or opens it again. No webhook.
    pub fn set_thread_resolved(&self, repo: &str, comment: u64, resolved: bool) -> Done {
        self.act(repo, |world, id| world.set_resolved(id, comment, resolved))
    }

    /// Presses "Re-run" on a check run.
    pub fn rerequest_check(&self, repo: &str, check_run: u64, login: &str) -> Done {
        self.act(repo, |world, id| {
            world.emit_check_run(id, check_run, "rerequested", login, Value::Null)
        })
    }

    /// Presses "Re-run all checks" on a commit.
    pub fn rerequest_suite(&self, repo: &str, sha: &str, login: &str) -> Done {
        self.act(repo, |world, id| {
            world.person(login);
            let suite = world.suite_of(id, sha, None)?;
            world.emit_suite(id, suite, "rerequested", login)
        })
    }

    /// Presses one of a check run's buttons. An error when it has none with this identifier.
    pub fn check_action(&self, repo: &str, check_run: u64, identifier: &str, login: &str) -> Done {
        self.act(repo, |world, id| {
            let run = world.repository(id)?.check_runs.get(&check_run);
            let offered = run.into_iter().flat_map(|run| &run.actions);
            let wanted = Some(identifier);
            let mut names = offered.map(|action| action.get("identifier").and_then(Value::as_str));
            if !names.any(|name| name == wanted) {
                return Err(StandinError::Unknown(format!("button {identifier}")));
            }
            let extra = json!({ "requested_action": { "identifier": identifier } });
            world.emit_check_run(id, check_run, "requested_action", login, extra)
        })
    }

    /// Sets what an account may do: `none`, `read`, `triage`, `write`, `maintain`, `admin`. No
    /// webhook.
    pub fn set_permission(&self, repo: &str, login: &str, level: &str) -> Done {
        const LEVELS: [&str; 6] = ["none", "read", "triage", "write", "maintain", "admin"];
        if !LEVELS.contains(&level) {
            return Err(StandinError::Refused(format!("{level} is no permission")));
        }
        self.act(repo, |world, id| {
            world.person(login);
            let permissions = &mut world.repository_mut(id)?.permissions;
            permissions.insert(login.to_ascii_lowercase(), level.to_owned());
            Ok(())
        })
    }

    /// Suspends the installation (`true`) or lets it work again.
    pub fn set_suspended(&self, suspended: bool) -> Done {
        self.world().set_suspended(suspended)
    }

    /// Uninstalls the App (`true`) or installs it again.
    pub fn set_uninstalled(&self, removed: bool) -> Done {
        self.world().set_removed(removed)
    }

    /// Adds a repository to the installation or takes it away.
    pub fn set_installed(&self, repo: &str, installed: bool) -> Done {
        self.act(repo, |world, id| world.set_installed(id, installed))
    }

    /// Sends the event that GitHub sends to a new webhook.
    pub fn ping(&self) -> Done {
        self.world().ping()
    }

    /// The repository's id, by its present or a former name.
    pub fn repository_id(&self, repo: &str) -> Done<u64> {
        self.world().repository_id(repo)
    }

    fn act<T>(&self, repo: &str, run: impl FnOnce(&mut World, u64) -> Done<T>) -> Done<T> {
        let mut world = self.world();
        let id = world.repository_id(repo)?;
        run(&mut world, id)
    }
}

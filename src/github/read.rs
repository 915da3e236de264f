//! [`ForgeRead`] over REST.

use async_trait::async_trait;
use secrecy::SecretString;

use super::call::{Call, Scope};
use super::client::{GitHub, PER_PAGE};
use super::endpoints::segment;
use super::wire;
use crate::domain::event::RepoRef;
use crate::domain::ids::{CommentId, CommitSha, InstallationId, Number, RepoId, RepoSlug};
use crate::domain::issue::Issue;
use crate::domain::job::Timestamp;
use crate::domain::text::Untrusted;
use crate::ports::forge::{
    DefaultBranch, ExistingCheckRun, FailedDelivery, ForgeError, ForgeRead, IssueComment,
    Permission, Pull, PullState, ReviewComment,
};

/// Open pull requests that are searched for a head when GitHub does not know the commit's.
const SEARCHED_PULLS: usize = 300;

/// `/repos/{owner}/{repo}` and what follows.
pub(super) fn repo_path(slug: &RepoSlug, rest: &str) -> String {
    format!("/repos/{}/{}{rest}", segment(&slug.owner), segment(&slug.name))
}

/// A listing is wanted whole.
const ALL: usize = usize::MAX;

impl GitHub {
    /// The App's name as GitHub writes it in URLs; asked for once. Also shows whether GitHub
    /// accepts the App's key.
    pub async fn app_slug(&self) -> Result<String, ForgeError> {
        let ask = async || {
            let call = Call::get(Scope::App, "/app", "/app".to_owned());
            let app: wire::App = self.fetch(&call).await?.value;
            if app.id.is_some_and(|id| id != self.app_id) {
                return Err(ForgeError::Forbidden("the key belongs to another App".to_owned()));
            }
            app.slug.ok_or_else(|| ForgeError::Transient("/app: no slug".to_owned()))
        };
        self.slug.get_or_try_init(ask).await.cloned()
    }

    /// Whether our App wrote a comment. GitHub names the App on issue comments; where it does
    /// not, our bot account is recognised, which needs the App's slug.
    async fn is_ours(&self, comment: &wire::Comment) -> Result<bool, ForgeError> {
        if let Some(id) = comment.performed_via_github_app.as_ref().and_then(|app| app.id) {
            return Ok(id == self.app_id);
        }
        let Some(user) = &comment.user else { return Ok(false) };
        let Some(name) = user.login.strip_suffix("[bot]") else { return Ok(false) };
        if user.kind.as_deref() != Some("Bot") {
            return Ok(false);
        }
        Ok(name.eq_ignore_ascii_case(&self.app_slug().await?))
    }

    async fn comment_list(
        &self,
        repo: &RepoRef,
        operation: &'static str,
        path: String,
    ) -> Result<Vec<(wire::Comment, bool)>, ForgeError> {
        let found: Vec<wire::Comment> = self
            .list::<Vec<wire::Comment>>(Scope::of(repo), operation, &path, "per_page=100", ALL)
            .await?;
        let mut told_apart = Vec::with_capacity(found.len());
        for comment in found {
            let ours = self.is_ours(&comment).await?;
            told_apart.push((comment, ours));
        }
        Ok(told_apart)
    }

    async fn pulls_named_by_commit(
        &self,
        repo: &RepoRef,
        head: &CommitSha,
    ) -> Result<Vec<Pull>, ForgeError> {
        let path = repo_path(&repo.slug, &format!("/commits/{head}/pulls"));
        let operation = "/repos/{owner}/{repo}/commits/{commit_sha}/pulls";
        let found = self
            .list::<Vec<wire::PullRequest>>(Scope::of(repo), operation, &path, "per_page=100", ALL)
            .await;
        match found {
            Ok(pulls) => Ok(pulls.into_iter().map(|pull| pull.into_pull(&repo.slug)).collect()),
            // GitHub does not know the commit in this repository.
            Err(ForgeError::NotFound(_) | ForgeError::Invalid(_)) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }
}

#[async_trait]
impl ForgeRead for GitHub {
    async fn pull(&self, repo: &RepoRef, number: Number) -> Result<Pull, ForgeError> {
        let path = repo_path(&repo.slug, &format!("/pulls/{number}"));
        let call = Call::get(Scope::of(repo), "/repos/{owner}/{repo}/pulls/{pull_number}", path);
        let pull: wire::PullRequest = self.fetch(&call).await?.value;
        Ok(pull.into_pull(&repo.slug))
    }

    async fn open_pulls(&self, repo: &RepoRef, limit: usize) -> Result<Vec<Pull>, ForgeError> {
        let path = repo_path(&repo.slug, "/pulls");
        let per_page = limit.clamp(1, PER_PAGE);
        let query = format!("state=open&sort=created&direction=desc&per_page={per_page}");
        let pulls: Vec<wire::PullRequest> = self
            .list::<Vec<_>>(Scope::of(repo), "/repos/{owner}/{repo}/pulls", &path, &query, limit)
            .await?;
        Ok(pulls.into_iter().take(limit).map(|pull| pull.into_pull(&repo.slug)).collect())
    }

    async fn pulls_of_commit(
        &self,
        repo: &RepoRef,
        head: &CommitSha,
    ) -> Result<Vec<Pull>, ForgeError> {
        let wanted = |pull: &Pull| pull.state == PullState::Open && pull.head == *head;
        let mut pulls = self.pulls_named_by_commit(repo, head).await?;
        pulls.retain(wanted);
        if pulls.is_empty() {
            // A fork's commit is often not connected with the pull request.
            pulls = self.open_pulls(repo, SEARCHED_PULLS).await?;
            pulls.retain(wanted);
        }
        Ok(pulls)
    }

    async fn comments(
        &self,
        repo: &RepoRef,
        number: Number,
    ) -> Result<Vec<IssueComment>, ForgeError> {
        let operation = "/repos/{owner}/{repo}/issues/{issue_number}/comments";
        let path = repo_path(&repo.slug, &format!("/issues/{number}/comments"));
        let found = self.comment_list(repo, operation, path).await?;
        let comment = |(comment, ours): (wire::Comment, bool)| IssueComment {
            id: CommentId(comment.id),
            author: wire::actor(comment.user.as_ref()),
            ours,
            body: Untrusted::new(comment.body.unwrap_or_default()),
        };
        Ok(found.into_iter().map(comment).collect())
    }

    async fn review_comments(
        &self,
        repo: &RepoRef,
        number: Number,
    ) -> Result<Vec<ReviewComment>, ForgeError> {
        let operation = "/repos/{owner}/{repo}/pulls/{pull_number}/comments";
        let path = repo_path(&repo.slug, &format!("/pulls/{number}/comments"));
        let found = self.comment_list(repo, operation, path).await?;
        let comment = |(comment, ours): (wire::Comment, bool)| ReviewComment {
            id: CommentId(comment.id),
            author: wire::actor(comment.user.as_ref()),
            ours,
            body: Untrusted::new(comment.body.unwrap_or_default()),
            in_reply_to: comment.in_reply_to_id.map(CommentId),
        };
        Ok(found.into_iter().map(comment).collect())
    }

    async fn check_runs(
        &self,
        repo: &RepoRef,
        head: &CommitSha,
    ) -> Result<Vec<ExistingCheckRun>, ForgeError> {
        let operation = "/repos/{owner}/{repo}/commits/{ref}/check-runs";
        let path = repo_path(&repo.slug, &format!("/commits/{head}/check-runs"));
        let query = format!("app_id={}&filter=latest&per_page=100", self.app_id);
        let runs =
            self.list::<wire::CheckRuns>(Scope::of(repo), operation, &path, &query, ALL).await?;
        let ours = runs.into_iter().filter(|run| run.is_of(self.app_id));
        Ok(ours.map(wire::CheckRun::into_existing).collect())
    }

    async fn permission(&self, repo: &RepoRef, login: &str) -> Result<Permission, ForgeError> {
        let path = repo_path(&repo.slug, &format!("/collaborators/{}/permission", segment(login)));
        let operation = "/repos/{owner}/{repo}/collaborators/{username}/permission";
        let call = Call::get(Scope::of(repo), operation, path);
        match self.fetch::<wire::Collaborator>(&call).await {
            Ok(page) => Ok(page.value.permission()),
            // Not a user, or not one that may see the repository.
            Err(ForgeError::NotFound(_)) => Ok(Permission::None),
            Err(error) => Err(error),
        }
    }

    async fn issue(&self, repo: &RepoRef, number: Number) -> Result<Issue, ForgeError> {
        self.read_issue(repo, number).await
    }

    async fn default_branch(&self, repo: &RepoRef) -> Result<DefaultBranch, ForgeError> {
        self.read_default_branch(repo).await
    }

    async fn branch_head(
        &self,
        repo: &RepoRef,
        branch: &str,
    ) -> Result<Option<CommitSha>, ForgeError> {
        self.read_branch_head(repo, branch).await
    }

    async fn commit_tree(&self, repo: &RepoRef, commit: &CommitSha) -> Result<String, ForgeError> {
        self.read_commit_tree(repo, commit).await
    }

    async fn pulls_of_branch(&self, repo: &RepoRef, branch: &str) -> Result<Vec<Pull>, ForgeError> {
        self.list_pulls_of_branch(repo, branch).await
    }

    async fn is_team_member(
        &self,
        repo: &RepoRef,
        organisation: &str,
        team: &str,
        login: &str,
    ) -> Result<bool, ForgeError> {
        self.read_team_membership(repo, organisation, team, login).await
    }

    async fn installation_repositories(
        &self,
        installation: InstallationId,
    ) -> Result<Vec<RepoRef>, ForgeError> {
        let operation = "/installation/repositories";
        let scope = Scope::Installation(installation);
        let found = self
            .list::<wire::Repositories>(scope, operation, operation, "per_page=100", ALL)
            .await?;
        let repo_ref = |repository: wire::Repository| {
            let slug = RepoSlug::parse(&repository.full_name)?;
            let writable = repository.archived != Some(true);
            writable.then_some(RepoRef { installation, id: RepoId(repository.id), slug })
        };
        Ok(found.into_iter().filter_map(repo_ref).collect())
    }

    async fn installations(&self) -> Result<Vec<InstallationId>, ForgeError> {
        let operation = "/app/installations";
        let found = self
            .list::<Vec<wire::Installation>>(Scope::App, operation, operation, "per_page=100", ALL)
            .await?;
        let active = found.into_iter().filter(|each| each.suspended_at.is_none());
        Ok(active.map(|each| InstallationId(each.id)).collect())
    }

    /// The same token as for the API: it may only read contents. Where the installation refused
    /// a subset of permissions it carries all that the App has.
    async fn git_token(&self, repo: &RepoRef) -> Result<SecretString, ForgeError> {
        self.token(Scope::of(repo)).await
    }

    async fn default_branch_file(
        &self,
        installation: InstallationId,
        slug: &RepoSlug,
        path: &str,
    ) -> Result<Option<String>, ForgeError> {
        let encoded: Vec<String> = path.split('/').map(segment).collect();
        let path = repo_path(slug, &format!("/contents/{}", encoded.join("/")));
        let operation = "/repos/{owner}/{repo}/contents/{path}";
        let call = Call::get(Scope::Installation(installation), operation, path);
        match self.fetch::<wire::Contents>(&call).await {
            Ok(page) => match page.value {
                wire::Contents::File(file) if file.kind == "file" => file.text().map(Some),
                _ => Ok(None),
            },
            Err(ForgeError::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn failed_deliveries(&self, since: Timestamp) -> Result<Vec<FailedDelivery>, ForgeError> {
        self.deliveries_never_received(since).await
    }
}

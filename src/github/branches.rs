//! Issues, teams, and branches written through the git data interface.

use http::Method;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::call::{Call, Scope};
use super::client::GitHub;
use super::endpoints::segment;
use super::read::repo_path;
use super::wire;
use crate::domain::event::RepoRef;
use crate::domain::ids::{CommitSha, Number};
use crate::domain::issue::Issue;
use crate::domain::job::Timestamp;
use crate::ports::forge::{DefaultBranch, ForgeError, NewCommit, NewPull, Pull, TreeFile};

/// Pull requests from one branch that are looked at.
const PULLS_OF_BRANCH: usize = 100;

impl GitHub {
    pub(super) async fn read_issue(
        &self,
        repo: &RepoRef,
        number: Number,
    ) -> Result<Issue, ForgeError> {
        let operation = "/repos/{owner}/{repo}/issues/{issue_number}";
        let path = repo_path(&repo.slug, &format!("/issues/{number}"));
        let issue: wire::IssueAnswer =
            self.fetch(&Call::get(Scope::of(repo), operation, path)).await?.value;
        if issue.pull_request.is_some() {
            return Err(ForgeError::NotFound(format!("#{number} is a pull request")));
        }
        Ok(issue.into_issue(&repo.slug))
    }

    pub(super) async fn read_default_branch(
        &self,
        repo: &RepoRef,
    ) -> Result<DefaultBranch, ForgeError> {
        let call = Call::get(Scope::of(repo), "/repos/{owner}/{repo}", repo_path(&repo.slug, ""));
        let answer: wire::RepositoryAnswer = self.fetch(&call).await?.value;
        let name = answer
            .default_branch
            .ok_or_else(|| ForgeError::Transient("the repository names no branch".to_owned()))?;
        let head = self.read_branch_head(repo, &name).await?;
        let head = head.ok_or_else(|| ForgeError::NotFound("the default branch".to_owned()))?;
        Ok(DefaultBranch { name, head })
    }

    pub(super) async fn read_branch_head(
        &self,
        repo: &RepoRef,
        branch: &str,
    ) -> Result<Option<CommitSha>, ForgeError> {
        let operation = "/repos/{owner}/{repo}/git/ref/{ref}";
        let encoded: Vec<String> = branch.split('/').map(segment).collect();
        let path = repo_path(&repo.slug, &format!("/git/ref/heads/{}", encoded.join("/")));
        match self.fetch::<wire::Reference>(&Call::get(Scope::of(repo), operation, path)).await {
            Ok(page) => Ok(Some(page.value.object.sha)),
            Err(ForgeError::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn read_commit_tree(
        &self,
        repo: &RepoRef,
        commit: &CommitSha,
    ) -> Result<String, ForgeError> {
        let operation = "/repos/{owner}/{repo}/git/commits/{commit_sha}";
        let path = repo_path(&repo.slug, &format!("/git/commits/{commit}"));
        let call = Call::get(Scope::of(repo), operation, path);
        Ok(self.fetch::<wire::CommitAnswer>(&call).await?.value.tree.sha)
    }

    pub(super) async fn list_pulls_of_branch(
        &self,
        repo: &RepoRef,
        branch: &str,
    ) -> Result<Vec<Pull>, ForgeError> {
        let operation = "/repos/{owner}/{repo}/pulls";
        let head = segment(&format!("{}:{branch}", repo.slug.owner));
        let query =
            format!("state=all&head={head}&sort=created&direction=desc&per_page={PULLS_OF_BRANCH}");
        let path = repo_path(&repo.slug, "/pulls");
        let found = self
            .list::<Vec<wire::PullRequest>>(
                Scope::of(repo),
                operation,
                &path,
                &query,
                PULLS_OF_BRANCH,
            )
            .await?;
        let pulls = found.into_iter().map(|pull| pull.into_pull(&repo.slug));
        // GitHub shows all pull requests if it cannot read the filter.
        Ok(pulls.filter(|pull| pull.head_ref == branch && !pull.from_fork).collect())
    }

    pub(super) async fn read_team_membership(
        &self,
        repo: &RepoRef,
        organisation: &str,
        team: &str,
        login: &str,
    ) -> Result<bool, ForgeError> {
        let operation = "/orgs/{org}/teams/{team_slug}/memberships/{username}";
        let path = format!(
            "/orgs/{}/teams/{}/memberships/{}",
            segment(organisation),
            segment(team),
            segment(login)
        );
        let call = Call::get(Scope::Members(repo.installation), operation, path);
        match self.fetch::<wire::Membership>(&call).await {
            Ok(page) => Ok(page.value.state.as_deref() == Some("active")),
            // No such team, or not in it.
            Err(ForgeError::NotFound(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn send_tree(
        &self,
        repo: &RepoRef,
        base_tree: &str,
        files: &[TreeFile],
    ) -> Result<String, ForgeError> {
        let entry = |file: &TreeFile| {
            let mode = if file.executable { "100755" } else { "100644" };
            let mut entry = json!({ "path": file.path.as_str(), "mode": mode, "type": "blob" });
            if let Value::Object(fields) = &mut entry {
                match &file.text {
                    Some(text) => fields.insert("content".to_owned(), text.as_str().into()),
                    None => fields.insert("sha".to_owned(), Value::Null),
                };
            }
            entry
        };
        let body = json!({
            "base_tree": base_tree,
            "tree": files.iter().map(entry).collect::<Value>(),
        });
        let call = Call::send(
            Method::POST,
            Scope::branches_of(repo),
            "/repos/{owner}/{repo}/git/trees",
            repo_path(&repo.slug, "/git/trees"),
            &body,
        )?;
        Ok(self.write::<wire::TreeAnswer>(&call).await?.sha)
    }

    pub(super) async fn send_commit(
        &self,
        repo: &RepoRef,
        commit: &NewCommit,
    ) -> Result<CommitSha, ForgeError> {
        let name = format!("{}[bot]", self.app_slug().await?);
        let person = json!({
            "name": name,
            "email": format!("{name}@users.noreply.github.com"),
            "date": date(commit.at)?,
        });
        let body = json!({
            "message": commit.message,
            "tree": commit.tree,
            "parents": [commit.parent.as_str()],
            "author": person,
            "committer": person,
        });
        let call = Call::send(
            Method::POST,
            Scope::branches_of(repo),
            "/repos/{owner}/{repo}/git/commits",
            repo_path(&repo.slug, "/git/commits"),
            &body,
        )?;
        Ok(self.write::<wire::Object>(&call).await?.sha)
    }

    pub(super) async fn send_branch(
        &self,
        repo: &RepoRef,
        branch: &str,
        head: &CommitSha,
    ) -> Result<(), ForgeError> {
        let call = Call::send(
            Method::POST,
            Scope::branches_of(repo),
            "/repos/{owner}/{repo}/git/refs",
            repo_path(&repo.slug, "/git/refs"),
            &json!({ "ref": format!("refs/heads/{branch}"), "sha": head.as_str() }),
        )?;
        self.write_only(&call).await
    }

    pub(super) async fn send_draft_pull(
        &self,
        repo: &RepoRef,
        pull: &NewPull,
    ) -> Result<Number, ForgeError> {
        let body = json!({
            "title": pull.title,
            "body": pull.body,
            "head": pull.head,
            "base": pull.base,
            "draft": true,
        });
        let call = Call::send(
            Method::POST,
            Scope::branches_of(repo),
            "/repos/{owner}/{repo}/pulls",
            repo_path(&repo.slug, "/pulls"),
            &body,
        )?;
        Ok(Number(self.write::<wire::CreatedPull>(&call).await?.number))
    }

    pub(super) async fn send_pull_text(
        &self,
        repo: &RepoRef,
        number: Number,
        title: &str,
        body: &str,
    ) -> Result<(), ForgeError> {
        let call = Call::send(
            Method::PATCH,
            Scope::of(repo),
            "/repos/{owner}/{repo}/pulls/{pull_number}",
            repo_path(&repo.slug, &format!("/pulls/{number}")),
            &json!({ "title": title, "body": body }),
        )?;
        self.write_only(&call).await
    }
}

/// Whole seconds: git keeps no more.
fn date(at: Timestamp) -> Result<String, ForgeError> {
    let unusable = |_| ForgeError::Invalid("a commit's date is out of range".to_owned());
    let seconds = at.0.div_euclid(1_000);
    let moment = OffsetDateTime::from_unix_timestamp(seconds).map_err(unusable)?;
    moment.format(&Rfc3339).map_err(|_| ForgeError::Invalid("a commit's date".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_whole_seconds() {
        assert_eq!(date(Timestamp(1_767_225_600_987)).unwrap(), "2026-01-01T00:00:00Z");
        assert!(date(Timestamp(i64::MAX)).is_err());
    }
}

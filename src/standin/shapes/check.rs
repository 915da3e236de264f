//! Check runs and check suites.

use git2::Oid;
use serde_json::{Value, json};

use super::{node_id, timestamp};
use crate::standin::StandinError;
use crate::standin::world::{CheckRun, CheckSuite, Repository, World};

impl World {
    /// Open pull requests of this repository whose head this is. Those from forks are left out, as
    /// GitHub does.
    fn check_pulls(&self, repository: &Repository, sha: &str) -> Vec<Value> {
        repository
            .pulls
            .iter()
            .filter(|(_, pull)| pull.head_sha == sha && pull.head_repository == Some(repository.id))
            .filter(|(number, _)| repository.issues.get(number).is_some_and(|issue| issue.open))
            .map(|(number, _)| self.pull_minimal_json(repository, *number))
            .collect()
    }

    pub(in crate::standin) fn check_run_json(
        &self,
        repository: &Repository,
        run: &CheckRun,
    ) -> Value {
        let url = format!("{}/check-runs/{}", self.repository_api(repository), run.id);
        let page = format!("{}/runs/{}", self.repository_page(repository), run.id);
        json!({
            "id": run.id,
            "head_sha": run.head_sha,
            "node_id": node_id("CR", run.id),
            "external_id": run.external_id,
            "url": url,
            "html_url": page,
            "details_url": run.details_url.clone().unwrap_or_else(|| self.root.clone()),
            "status": run.status,
            "conclusion": run.conclusion,
            "started_at": timestamp(run.started_at),
            "completed_at": run.completed_at.map(timestamp),
            "output": {
                "title": run.title,
                "summary": run.summary,
                "text": run.text,
                "annotations_count": run.annotations.len(),
                "annotations_url": format!("{url}/annotations"),
            },
            "name": run.name,
            "check_suite": { "id": run.suite },
            "app": self.app_json(),
            "pull_requests": self.check_pulls(repository, &run.head_sha),
        })
    }

    /// State of a suite, from the latest run of each name.
    fn suite_state(repository: &Repository, suite: &CheckSuite) -> (&'static str, Option<String>) {
        const ORDER: [&str; 7] = [
            "failure",
            "timed_out",
            "cancelled",
            "action_required",
            "neutral",
            "success",
            "skipped",
        ];
        let runs: Vec<&CheckRun> =
            repository.check_runs.values().filter(|run| run.suite == suite.id).collect();
        if runs.is_empty() {
            return ("queued", None);
        }
        if runs.iter().any(|run| run.conclusion.is_none()) {
            return ("in_progress", None);
        }
        let conclusions: Vec<&str> =
            runs.iter().filter_map(|run| run.conclusion.as_deref()).collect();
        let worst = ORDER.iter().find(|name| conclusions.contains(name));
        ("completed", worst.map(|name| (*name).to_owned()))
    }

    pub(in crate::standin) fn check_suite_json(
        &self,
        repository: &Repository,
        suite: &CheckSuite,
    ) -> Result<Value, StandinError> {
        let url = format!("{}/check-suites/{}", self.repository_api(repository), suite.id);
        let (status, conclusion) = Self::suite_state(repository, suite);
        let count = repository.check_runs.values().filter(|run| run.suite == suite.id).count();
        Ok(json!({
            "id": suite.id,
            "node_id": node_id("CS", suite.id),
            "head_branch": suite.head_branch,
            "head_sha": suite.head_sha,
            "status": status,
            "conclusion": conclusion,
            "url": url,
            "before": null,
            "after": suite.head_sha,
            "pull_requests": self.check_pulls(repository, &suite.head_sha),
            "app": self.app_json(),
            "repository": self.minimal_repository_json(repository),
            "created_at": timestamp(suite.created_at),
            "updated_at": timestamp(suite.created_at),
            "rerequestable": true,
            "runs_rerequestable": true,
            "latest_check_runs_count": count,
            "check_runs_url": format!("{url}/check-runs"),
            "head_commit": commit_json(repository, &suite.head_sha)?,
        }))
    }
}

/// As suites and pushes carry it.
pub(in crate::standin) fn commit_json(
    repository: &Repository,
    sha: &str,
) -> Result<Value, StandinError> {
    let git = repository.git.open_objects()?;
    let commit = git.find_commit(Oid::from_str(sha)?)?;
    let person = |signature: git2::Signature<'_>| {
        json!({
            "name": String::from_utf8_lossy(signature.name_bytes()),
            "email": String::from_utf8_lossy(signature.email_bytes()),
        })
    };
    Ok(json!({
        "id": sha,
        "tree_id": commit.tree_id().to_string(),
        "message": String::from_utf8_lossy(commit.message_bytes()),
        "timestamp": timestamp(commit.time().seconds()),
        "author": person(commit.author()),
        "committer": person(commit.committer()),
    }))
}

//! Pull requests, their files, reviews and review comments.

use serde_json::{Map, Value, json};

use super::issue::rollup;
use super::{encode_path, encode_segment, node_id, timestamp};
use crate::standin::StandinError;
use crate::standin::diff::{DiffFile, pull_files};
use crate::standin::world::{Issue, Pull, Repository, Review, ReviewComment, World};

impl World {
    /// As listings carry it.
    pub(in crate::standin) fn pull_simple_json(
        &self,
        repository: &Repository,
        number: u64,
    ) -> Result<Value, StandinError> {
        let (issue, pull) = (repository.issue(number)?, repository.pull(number)?);
        Ok(Value::Object(self.pull_fields(repository, issue, pull)))
    }

    /// As its own address and webhooks carry it: with counts, which need the diff.
    pub(in crate::standin) fn pull_json(
        &self,
        repository: &Repository,
        number: u64,
    ) -> Result<Value, StandinError> {
        let (issue, pull) = (repository.issue(number)?, repository.pull(number)?);
        let files = pull_files(&repository.git, &pull.base_sha, &pull.head_sha)?;
        let commits = repository.git.ahead(&pull.base_sha, &pull.head_sha)?;
        let mut object = self.pull_fields(repository, issue, pull);
        let comments = repository.comments.values().filter(|c| c.issue == number).count();
        let notes = repository.review_comments.values().filter(|c| c.pull == number).count();
        let additions: usize = files.iter().map(|file| file.additions).sum();
        let deletions: usize = files.iter().map(|file| file.deletions).sum();
        let mergeable = pull.merged.is_none().then_some(pull.merge_sha.is_some());
        let state = match mergeable {
            None => "unknown",
            Some(false) => "dirty",
            Some(true) if pull.draft => "draft",
            Some(true) => "clean",
        };
        object.insert("merged".into(), json!(pull.merged.is_some()));
        object.insert("mergeable".into(), json!(mergeable));
        object.insert("rebaseable".into(), json!(mergeable));
        object.insert("mergeable_state".into(), json!(state));
        let merged_by = pull.merged.as_ref().map(|(_, by)| self.user_json(by));
        object.insert("merged_by".into(), json!(merged_by));
        object.insert("comments".into(), json!(comments));
        object.insert("review_comments".into(), json!(notes));
        object.insert("maintainer_can_modify".into(), json!(false));
        object.insert("commits".into(), json!(commits));
        object.insert("additions".into(), json!(additions));
        object.insert("deletions".into(), json!(deletions));
        object.insert("changed_files".into(), json!(files.len()));
        Ok(Value::Object(object))
    }

    fn pull_fields(
        &self,
        repository: &Repository,
        issue: &Issue,
        pull: &Pull,
    ) -> Map<String, Value> {
        let api = self.repository_api(repository);
        let number = issue.number;
        let (url, issue_url) = (format!("{api}/pulls/{number}"), format!("{api}/issues/{number}"));
        let page = format!("{}/pull/{number}", self.repository_page(repository));
        let statuses = format!("{api}/statuses/{}", pull.head_sha);
        let link = |href: String| json!({ "href": href });
        let object = json!({
            "url": url,
            "id": pull.id,
            "node_id": node_id("PR", pull.id),
            "html_url": page,
            "diff_url": format!("{page}.diff"),
            "patch_url": format!("{page}.patch"),
            "issue_url": issue_url,
            "commits_url": format!("{url}/commits"),
            "review_comments_url": format!("{url}/comments"),
            "review_comment_url": format!("{api}/pulls/comments{{/number}}"),
            "comments_url": format!("{issue_url}/comments"),
            "statuses_url": statuses,
            "number": number,
            "state": if issue.open { "open" } else { "closed" },
            "locked": false,
            "title": issue.title,
            "user": self.user_json(&issue.author),
            "body": issue.body,
            "labels": self.labels_json(repository, issue),
            "milestone": null,
            "active_lock_reason": null,
            "created_at": timestamp(issue.created_at),
            "updated_at": timestamp(issue.updated_at),
            "closed_at": issue.closed_at.map(timestamp),
            "merged_at": pull.merged.as_ref().map(|(at, _)| timestamp(*at)),
            "merge_commit_sha": pull.merge_sha,
            "assignee": null,
            "assignees": [],
            "requested_reviewers": [],
            "requested_teams": [],
            "head": self.branch_json(pull.head_repository.and_then(|id| self.repositories.get(&id)),
                &pull.head_ref, &pull.head_sha, &issue.author),
            "base": self.branch_json(Some(repository), &pull.base_ref, &pull.base_sha, ""),
            "_links": {
                "self": link(url.clone()),
                "html": link(page.clone()),
                "issue": link(issue_url.clone()),
                "comments": link(format!("{issue_url}/comments")),
                "review_comments": link(format!("{url}/comments")),
                "review_comment": link(format!("{api}/pulls/comments{{/number}}")),
                "commits": link(format!("{url}/commits")),
                "statuses": link(statuses.clone()),
            },
            "author_association": self.association(repository, &issue.author),
            "auto_merge": null,
            "draft": pull.draft,
        });
        match object {
            Value::Object(fields) => fields,
            _ => Map::new(),
        }
    }

    fn branch_json(
        &self,
        repository: Option<&Repository>,
        name: &str,
        sha: &str,
        author: &str,
    ) -> Value {
        let owner = repository.map_or(author, |repository| &repository.owner);
        json!({
            "label": format!("{owner}:{name}"),
            "ref": name,
            "sha": sha,
            "user": self.user_json(owner),
            "repo": repository.map(|repository| self.repository_json(repository)),
        })
    }

    /// As check runs carry it.
    pub(in crate::standin) fn pull_minimal_json(
        &self,
        repository: &Repository,
        number: u64,
    ) -> Value {
        let Some(pull) = repository.pulls.get(&number) else { return Value::Null };
        let side = |id: u64, name: &str, sha: &str| {
            let repository_name = self.repositories.get(&id).map(|r| r.name.as_str());
            json!({ "ref": name, "sha": sha, "repo": {
                "id": id, "url": format!("{}/repositories/{id}", self.api), "name": repository_name,
            }})
        };
        json!({
            "url": format!("{}/pulls/{number}", self.repository_api(repository)),
            "id": pull.id,
            "number": number,
            "head": side(pull.head_repository.unwrap_or(0), &pull.head_ref, &pull.head_sha),
            "base": side(repository.id, &pull.base_ref, &pull.base_sha),
        })
    }

    pub(in crate::standin) fn file_json(
        &self,
        repository: &Repository,
        head: &str,
        file: &DiffFile,
    ) -> Value {
        let page = self.repository_page(repository);
        let api = self.repository_api(repository);
        let path = encode_path(&file.path);
        let mut object = json!({
            "sha": file.blob,
            "filename": file.path,
            "status": file.status,
            "additions": file.additions,
            "deletions": file.deletions,
            "changes": file.additions + file.deletions,
            "blob_url": format!("{page}/blob/{head}/{path}"),
            "raw_url": format!("{page}/raw/{head}/{path}"),
            "contents_url": format!("{api}/contents/{path}?ref={head}"),
        });
        if let Some(fields) = object.as_object_mut() {
            if let Some(previous) = &file.previous {
                fields.insert("previous_filename".into(), json!(previous));
            }
            if let Some(patch) = file.patch() {
                fields.insert("patch".into(), json!(patch));
            }
        }
        object
    }

    pub(in crate::standin) fn review_json(
        &self,
        repository: &Repository,
        review: &Review,
    ) -> Value {
        let url = format!("{}/pulls/{}", self.repository_api(repository), review.pull);
        let page = format!(
            "{}/pull/{}#pullrequestreview-{}",
            self.repository_page(repository),
            review.pull,
            review.id
        );
        json!({
            "id": review.id,
            "node_id": node_id("PRR", review.id),
            "user": self.user_json(&review.author),
            "body": review.body,
            "state": review.state,
            "html_url": page,
            "pull_request_url": url,
            "_links": { "html": { "href": page }, "pull_request": { "href": url } },
            "submitted_at": timestamp(review.submitted_at),
            "commit_id": review.commit,
            "author_association": self.association(repository, &review.author),
        })
    }

    pub(in crate::standin) fn review_comment_json(
        &self,
        repository: &Repository,
        comment: &ReviewComment,
    ) -> Value {
        let api = self.repository_api(repository);
        let url = format!("{api}/pulls/comments/{}", comment.id);
        let pull_url = format!("{api}/pulls/{}", comment.pull);
        let page = format!(
            "{}/pull/{}#discussion_r{}",
            self.repository_page(repository),
            comment.pull,
            comment.id
        );
        let mut object = json!({
            "url": url,
            "pull_request_review_id": comment.review,
            "id": comment.id,
            "node_id": node_id("PRRC", comment.id),
            "diff_hunk": comment.diff_hunk,
            "path": comment.path,
            "position": 1,
            "original_position": 1,
            "commit_id": comment.commit,
            "original_commit_id": comment.commit,
            "user": self.user_json(&comment.author),
            "body": comment.body,
            "created_at": timestamp(comment.created_at),
            "updated_at": timestamp(comment.updated_at),
            "html_url": page,
            "pull_request_url": pull_url,
            "author_association": self.association(repository, &comment.author),
            "_links": {
                "self": { "href": url },
                "html": { "href": page },
                "pull_request": { "href": pull_url },
            },
            "start_line": comment.start_line,
            "original_start_line": comment.start_line,
            "start_side": comment.start_side,
            "side": comment.side,
            "subject_type": comment.subject,
            "reactions": rollup(&url, &[]),
        });
        if let Some(fields) = object.as_object_mut() {
            if let Some(line) = comment.line {
                fields.insert("line".into(), json!(line));
                fields.insert("original_line".into(), json!(line));
            }
            if let Some(parent) = comment.in_reply_to {
                fields.insert("in_reply_to_id".into(), json!(parent));
            }
        }
        object
    }
}

/// Address of a file's contents at a commit, for annotations.
pub(in crate::standin) fn blob_page(root: &str, slug: &str, sha: &str, path: &str) -> String {
    format!("{root}/{slug}/blob/{}/{}", encode_segment(sha), encode_path(path))
}

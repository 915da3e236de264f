//! Issues, comments, labels, reactions.

use serde_json::{Value, json};

use super::{encode_segment, node_id, timestamp};
use crate::standin::world::{Comment, Issue, Reaction, Repository, World};

const REACTIONS: &[&str] = &["+1", "-1", "laugh", "confused", "heart", "hooray", "eyes", "rocket"];

pub(in crate::standin) fn is_reaction(content: &str) -> bool {
    REACTIONS.contains(&content)
}

impl World {
    /// How the author stands to the repository.
    pub(in crate::standin) fn association(
        &self,
        repository: &Repository,
        login: &str,
    ) -> &'static str {
        if login.eq_ignore_ascii_case(&repository.owner) {
            return "OWNER";
        }
        match repository.permission_of(login) {
            "write" | "maintain" | "admin" => "MEMBER",
            "triage" => "COLLABORATOR",
            _ => "NONE",
        }
    }

    pub(in crate::standin) fn label_json(&self, repository: &Repository, name: &str) -> Value {
        let id = repository.labels.get(name).copied().unwrap_or(0);
        json!({
            "id": id,
            "node_id": node_id("LA", id),
            "url": format!("{}/labels/{}", self.repository_api(repository), encode_segment(name)),
            "name": name,
            "description": "",
            "color": "ededed",
            "default": false,
        })
    }

    pub(in crate::standin) fn labels_json(&self, repository: &Repository, issue: &Issue) -> Value {
        issue.labels.iter().map(|name| self.label_json(repository, name)).collect()
    }

    pub(in crate::standin) fn issue_json(&self, repository: &Repository, issue: &Issue) -> Value {
        let api = self.repository_api(repository);
        let number = issue.number;
        let url = format!("{api}/issues/{number}");
        let pull = repository.pulls.get(&number);
        let kind = if pull.is_some() { "pull" } else { "issues" };
        let page = format!("{}/{kind}/{number}", self.repository_page(repository));
        let comments = repository.comments.values().filter(|c| c.issue == number).count();
        let mut object = json!({
            "url": url,
            "repository_url": api,
            "labels_url": format!("{url}/labels{{/name}}"),
            "comments_url": format!("{url}/comments"),
            "events_url": format!("{url}/events"),
            "html_url": page,
            "id": issue.id,
            "node_id": node_id("I", issue.id),
            "number": number,
            "title": issue.title,
            "user": self.user_json(&issue.author),
            "labels": self.labels_json(repository, issue),
            "state": if issue.open { "open" } else { "closed" },
            "state_reason": null,
            "locked": false,
            "assignee": null,
            "assignees": [],
            "milestone": null,
            "comments": comments,
            "created_at": timestamp(issue.created_at),
            "updated_at": timestamp(issue.updated_at),
            "closed_at": issue.closed_at.map(timestamp),
            "author_association": self.association(repository, &issue.author),
            "active_lock_reason": null,
            "body": issue.body,
            "closed_by": null,
            "timeline_url": format!("{url}/timeline"),
            "performed_via_github_app": null,
            "reactions": rollup(&url, &[]),
        });
        if let (Some(pull), Some(fields)) = (pull, object.as_object_mut()) {
            fields.insert("draft".into(), json!(pull.draft));
            fields.insert(
                "pull_request".into(),
                json!({
                    "url": format!("{api}/pulls/{number}"),
                    "html_url": page,
                    "diff_url": format!("{page}.diff"),
                    "patch_url": format!("{page}.patch"),
                    "merged_at": pull.merged.as_ref().map(|(at, _)| timestamp(*at)),
                }),
            );
        }
        object
    }

    pub(in crate::standin) fn comment_json(
        &self,
        repository: &Repository,
        comment: &Comment,
    ) -> Value {
        let api = self.repository_api(repository);
        let url = format!("{api}/issues/comments/{}", comment.id);
        let number = comment.issue;
        let kind = if repository.pulls.contains_key(&number) { "pull" } else { "issues" };
        let page = self.repository_page(repository);
        let reactions: Vec<&Reaction> =
            repository.reactions.iter().filter(|r| r.comment == comment.id).collect();
        let ours = comment.author == self.bot_login();
        json!({
            "url": url,
            "html_url": format!("{page}/{kind}/{number}#issuecomment-{}", comment.id),
            "issue_url": format!("{api}/issues/{number}"),
            "id": comment.id,
            "node_id": node_id("IC", comment.id),
            "user": self.user_json(&comment.author),
            "created_at": timestamp(comment.created_at),
            "updated_at": timestamp(comment.updated_at),
            "body": comment.body,
            "author_association": self.association(repository, &comment.author),
            "reactions": rollup(&url, &reactions),
            "performed_via_github_app": if ours { self.app_json() } else { Value::Null },
        })
    }

    pub(in crate::standin) fn reaction_json(&self, reaction: &Reaction) -> Value {
        json!({
            "id": reaction.id,
            "node_id": node_id("REA", reaction.id),
            "user": self.user_json(&reaction.author),
            "content": reaction.content,
            "created_at": timestamp(reaction.created_at),
        })
    }
}

/// Counts by content, as comments carry them.
pub(super) fn rollup(url: &str, reactions: &[&Reaction]) -> Value {
    let mut object = json!({ "url": format!("{url}/reactions"), "total_count": reactions.len() });
    if let Some(fields) = object.as_object_mut() {
        for content in REACTIONS {
            let count = reactions.iter().filter(|r| r.content == *content).count();
            fields.insert((*content).into(), json!(count));
        }
    }
    object
}

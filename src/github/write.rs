//! [`ForgeWrite`] over REST. Every function sends its request once.

use async_trait::async_trait;
use http::Method;
use serde_json::{Map, Value, json};

use super::call::{Call, Scope};
use super::client::GitHub;
use super::endpoints::segment;
use super::read::repo_path;
use super::wire;
use crate::domain::diff::Side;
use crate::domain::event::RepoRef;
use crate::domain::ids::{CheckRunId, CommentId, CommitSha, Number};
use crate::domain::publication::{Annotation, AnnotationLevel, CheckAction, Conclusion, Reaction};
use crate::ports::forge::{
    CheckRunWrite, ForgeError, ForgeWrite, NewCommit, NewPull, ReviewNote, TreeFile,
};

fn conclusion_name(conclusion: Conclusion) -> &'static str {
    match conclusion {
        Conclusion::Success => "success",
        Conclusion::Failure => "failure",
        Conclusion::Neutral => "neutral",
        Conclusion::Skipped => "skipped",
        Conclusion::Cancelled => "cancelled",
        Conclusion::ActionRequired => "action_required",
    }
}

fn annotation(annotation: &Annotation) -> Value {
    let level = match annotation.level {
        AnnotationLevel::Notice => "notice",
        AnnotationLevel::Warning => "warning",
        AnnotationLevel::Failure => "failure",
    };
    let mut value = json!({
        "path": annotation.path.as_str(),
        "start_line": annotation.lines.start(),
        "end_line": annotation.lines.end(),
        "annotation_level": level,
        "title": annotation.title,
        "message": annotation.message,
    });
    if let (Some(details), Value::Object(fields)) = (&annotation.raw_details, &mut value) {
        fields.insert("raw_details".to_owned(), details.as_str().into());
    }
    value
}

fn action(action: &CheckAction) -> Value {
    json!({
        "label": action.label,
        "description": action.description,
        "identifier": action.identifier,
    })
}

/// The fields that creating and updating a check run share.
fn check_run(run: &CheckRunWrite) -> Map<String, Value> {
    let mut fields = Map::new();
    let mut put = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    put("name", run.name.as_str().into());
    put("external_id", run.external_id.as_str().into());
    match run.conclusion {
        Some(conclusion) => {
            put("status", "completed".into());
            put("conclusion", conclusion_name(conclusion).into());
        }
        None => {
            put("status", "in_progress".into());
        }
    }
    let mut output = json!({ "title": run.title, "summary": run.summary });
    if let Value::Object(output) = &mut output {
        if let Some(text) = &run.text {
            output.insert("text".to_owned(), text.as_str().into());
        }
        if !run.annotations.is_empty() {
            let annotations = run.annotations.iter().map(annotation).collect();
            output.insert("annotations".to_owned(), annotations);
        }
    }
    put("output", output);
    fields
}

fn side(side: Side) -> &'static str {
    match side {
        Side::Base => "LEFT",
        Side::Head => "RIGHT",
    }
}

/// GitHub refuses a `start_line` that equals `line`, and the whole review with it.
fn review_note(note: &ReviewNote) -> Value {
    let mut value = json!({
        "path": note.path.as_str(),
        "line": note.lines.end(),
        "side": side(note.side),
        "body": note.body,
    });
    if note.lines.start() < note.lines.end()
        && let Value::Object(fields) = &mut value
    {
        fields.insert("start_line".to_owned(), note.lines.start().into());
        fields.insert("start_side".to_owned(), side(note.side).into());
    }
    value
}

#[async_trait]
impl ForgeWrite for GitHub {
    async fn create_comment(
        &self,
        repo: &RepoRef,
        number: Number,
        body: &str,
    ) -> Result<CommentId, ForgeError> {
        let call = Call::send(
            Method::POST,
            Scope::of(repo),
            "/repos/{owner}/{repo}/issues/{issue_number}/comments",
            repo_path(&repo.slug, &format!("/issues/{number}/comments")),
            &json!({ "body": body }),
        )?;
        Ok(self.write::<wire::Created>(&call).await?.comment())
    }

    async fn update_comment(
        &self,
        repo: &RepoRef,
        comment: CommentId,
        body: &str,
    ) -> Result<(), ForgeError> {
        let call = Call::send(
            Method::PATCH,
            Scope::of(repo),
            "/repos/{owner}/{repo}/issues/comments/{comment_id}",
            repo_path(&repo.slug, &format!("/issues/comments/{comment}")),
            &json!({ "body": body }),
        )?;
        self.write_only(&call).await
    }

    async fn create_check_run(
        &self,
        repo: &RepoRef,
        run: &CheckRunWrite,
    ) -> Result<CheckRunId, ForgeError> {
        let mut fields = check_run(run);
        fields.insert("head_sha".to_owned(), run.head.as_str().into());
        if !run.actions.is_empty() {
            fields.insert("actions".to_owned(), run.actions.iter().map(action).collect());
        }
        let call = Call::send(
            Method::POST,
            Scope::of(repo),
            "/repos/{owner}/{repo}/check-runs",
            repo_path(&repo.slug, "/check-runs"),
            &fields,
        )?;
        Ok(self.write::<wire::Created>(&call).await?.check_run())
    }

    async fn update_check_run(
        &self,
        repo: &RepoRef,
        id: CheckRunId,
        run: &CheckRunWrite,
    ) -> Result<(), ForgeError> {
        let mut fields = check_run(run);
        // Sent even when empty: buttons of an earlier state have to go.
        fields.insert("actions".to_owned(), run.actions.iter().map(action).collect());
        let call = Call::send(
            Method::PATCH,
            Scope::of(repo),
            "/repos/{owner}/{repo}/check-runs/{check_run_id}",
            repo_path(&repo.slug, &format!("/check-runs/{id}")),
            &fields,
        )?;
        self.write_only(&call).await
    }

    async fn create_review(
        &self,
        repo: &RepoRef,
        number: Number,
        head: &CommitSha,
        body: Option<&str>,
        notes: &[ReviewNote],
    ) -> Result<(), ForgeError> {
        let mut fields = json!({
            "commit_id": head.as_str(),
            "event": "COMMENT",
            "comments": notes.iter().map(review_note).collect::<Value>(),
        });
        if let (Some(body), Value::Object(fields)) = (body, &mut fields) {
            fields.insert("body".to_owned(), body.into());
        }
        let call = Call::send(
            Method::POST,
            Scope::of(repo),
            "/repos/{owner}/{repo}/pulls/{pull_number}/reviews",
            repo_path(&repo.slug, &format!("/pulls/{number}/reviews")),
            &fields,
        )?;
        self.write_only(&call).await
    }

    async fn update_review_comment(
        &self,
        repo: &RepoRef,
        comment: CommentId,
        body: &str,
    ) -> Result<(), ForgeError> {
        let call = Call::send(
            Method::PATCH,
            Scope::of(repo),
            "/repos/{owner}/{repo}/pulls/comments/{comment_id}",
            repo_path(&repo.slug, &format!("/pulls/comments/{comment}")),
            &json!({ "body": body }),
        )?;
        self.write_only(&call).await
    }

    async fn resolve_threads(
        &self,
        repo: &RepoRef,
        number: Number,
        comments: &[CommentId],
    ) -> Result<(), ForgeError> {
        self.resolve_threads_of(repo, number, comments).await
    }

    async fn add_label(
        &self,
        repo: &RepoRef,
        number: Number,
        label: &str,
    ) -> Result<(), ForgeError> {
        let call = Call::send(
            Method::POST,
            Scope::of(repo),
            "/repos/{owner}/{repo}/issues/{issue_number}/labels",
            repo_path(&repo.slug, &format!("/issues/{number}/labels")),
            &json!({ "labels": [label] }),
        )?;
        self.write_only(&call).await
    }

    async fn remove_label(
        &self,
        repo: &RepoRef,
        number: Number,
        label: &str,
    ) -> Result<(), ForgeError> {
        let call = Call::without_body(
            Method::DELETE,
            Scope::of(repo),
            "/repos/{owner}/{repo}/issues/{issue_number}/labels/{name}",
            repo_path(&repo.slug, &format!("/issues/{number}/labels/{}", segment(label))),
        );
        match self.write_only(&call).await {
            // Somebody else took it off, or the pull request is gone: it is not there.
            Err(ForgeError::NotFound(_)) => Ok(()),
            outcome => outcome,
        }
    }

    async fn add_reaction(
        &self,
        repo: &RepoRef,
        comment: CommentId,
        reaction: Reaction,
    ) -> Result<(), ForgeError> {
        let content = match reaction {
            Reaction::Eyes => "eyes",
            Reaction::ThumbsUp => "+1",
            Reaction::Confused => "confused",
        };
        let call = Call::send(
            Method::POST,
            Scope::of(repo),
            "/repos/{owner}/{repo}/issues/comments/{comment_id}/reactions",
            repo_path(&repo.slug, &format!("/issues/comments/{comment}/reactions")),
            &json!({ "content": content }),
        )?;
        self.write_only(&call).await
    }

    async fn create_tree(
        &self,
        repo: &RepoRef,
        base_tree: &str,
        files: &[TreeFile],
    ) -> Result<String, ForgeError> {
        self.send_tree(repo, base_tree, files).await
    }

    async fn create_commit(
        &self,
        repo: &RepoRef,
        commit: &NewCommit,
    ) -> Result<CommitSha, ForgeError> {
        self.send_commit(repo, commit).await
    }

    async fn create_branch(
        &self,
        repo: &RepoRef,
        branch: &str,
        head: &CommitSha,
    ) -> Result<(), ForgeError> {
        self.send_branch(repo, branch, head).await
    }

    async fn create_draft_pull(
        &self,
        repo: &RepoRef,
        pull: &NewPull,
    ) -> Result<Number, ForgeError> {
        self.send_draft_pull(repo, pull).await
    }

    async fn update_pull(
        &self,
        repo: &RepoRef,
        number: Number,
        title: &str,
        body: &str,
    ) -> Result<(), ForgeError> {
        self.send_pull_text(repo, number, title, body).await
    }

    async fn redeliver(&self, delivery: u64) -> Result<(), ForgeError> {
        let call = Call::without_body(
            Method::POST,
            Scope::App,
            "/app/hook/deliveries/{delivery_id}/attempts",
            format!("/app/hook/deliveries/{delivery}/attempts"),
        );
        self.write_only(&call).await
    }
}

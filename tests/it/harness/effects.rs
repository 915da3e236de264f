//! What the bot did to the outside, read from the requests that the stand-in got.

use backend_team::standin::RequestRecord;
use serde_json::Value;

/// One write, in the terms of the tests.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    Commented {
        number: u64,
        body: String,
    },
    CommentEdited {
        comment: u64,
        body: String,
    },
    Check(CheckWrite),
    /// One review with its line notes.
    Reviewed {
        number: u64,
        event: String,
        notes: Vec<Value>,
    },
    NoteEdited {
        comment: u64,
        body: String,
    },
    ThreadsResolved,
    Reacted {
        comment: u64,
        content: String,
    },
    LabelAdded(Vec<String>),
    LabelRemoved(String),
    RedeliveryAsked,
    /// A tree or a commit that no branch shows yet.
    ObjectWritten,
    BranchMade(String),
    /// A draft pull request; anything else is no draft.
    DraftOpened {
        head: String,
        title: String,
        body: String,
    },
    PullEdited {
        number: u64,
    },
    /// A write that no test should ever see.
    Unknown {
        method: String,
        path: String,
    },
}

/// A check run as one request wrote it.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckWrite {
    /// A new check run, not a change of one.
    pub created: bool,
    pub name: String,
    pub head: String,
    pub conclusion: String,
    pub title: String,
    pub summary: String,
    pub text: String,
    pub annotations: Vec<Value>,
}

pub fn effect_of(record: &RequestRecord) -> Effect {
    let text =
        |name: &str| record.body.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let list =
        |name: &str| record.body.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let part = |from_end: usize| {
        record.path.rsplit('/').nth(from_end).and_then(|part| part.parse().ok()).unwrap_or(0)
    };
    let issues = "/repos/{owner}/{repo}/issues";
    let pulls = "/repos/{owner}/{repo}/pulls";
    let checks = "/repos/{owner}/{repo}/check-runs";
    let route = record.route.as_str();
    match (record.method.as_str(), route) {
        ("POST", r) if r == format!("{issues}/{{issue_number}}/comments") => {
            Effect::Commented { number: part(1), body: text("body") }
        }
        ("PATCH", r) if r == format!("{issues}/comments/{{comment_id}}") => {
            Effect::CommentEdited { comment: part(0), body: text("body") }
        }
        ("POST", r) if r == format!("{issues}/comments/{{comment_id}}/reactions") => {
            Effect::Reacted { comment: part(1), content: text("content") }
        }
        ("POST", r) if r == format!("{issues}/{{issue_number}}/labels") => {
            let name = |label: &Value| label.as_str().unwrap_or_default().to_owned();
            Effect::LabelAdded(list("labels").iter().map(name).collect())
        }
        ("DELETE", r) if r == format!("{issues}/{{issue_number}}/labels/{{name}}") => {
            Effect::LabelRemoved(record.path.rsplit('/').next().unwrap_or_default().to_owned())
        }
        ("POST", r) if r == checks => Effect::Check(check(record, true)),
        ("PATCH", r) if r == format!("{checks}/{{check_run_id}}") => {
            Effect::Check(check(record, false))
        }
        ("POST", r) if r == format!("{pulls}/{{pull_number}}/reviews") => {
            Effect::Reviewed { number: part(1), event: text("event"), notes: list("comments") }
        }
        ("PATCH", r) if r == format!("{pulls}/comments/{{comment_id}}") => {
            Effect::NoteEdited { comment: part(0), body: text("body") }
        }
        ("POST", "/graphql") if text("query").contains("resolveReviewThread") => {
            Effect::ThreadsResolved
        }
        ("POST", "/app/hook/deliveries/{delivery_id}/attempts") => Effect::RedeliveryAsked,
        ("POST", "/repos/{owner}/{repo}/git/trees" | "/repos/{owner}/{repo}/git/commits") => {
            Effect::ObjectWritten
        }
        ("POST", "/repos/{owner}/{repo}/git/refs") => {
            Effect::BranchMade(text("ref").trim_start_matches("refs/heads/").to_owned())
        }
        ("POST", r) if r == pulls && record.body["draft"] == true => {
            Effect::DraftOpened { head: text("head"), title: text("title"), body: text("body") }
        }
        ("PATCH", r) if r == format!("{pulls}/{{pull_number}}") => {
            Effect::PullEdited { number: part(0) }
        }
        (method, _) => Effect::Unknown { method: method.to_owned(), path: record.path.clone() },
    }
}

/// The answer shows the whole run; the request only what was sent.
fn check(record: &RequestRecord, created: bool) -> CheckWrite {
    let of = |value: &Value, path: &str| {
        value.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let annotations = record.body.pointer("/output/annotations").and_then(Value::as_array);
    CheckWrite {
        created,
        name: of(&record.response, "/name"),
        head: of(&record.response, "/head_sha"),
        conclusion: of(&record.body, "/conclusion"),
        title: of(&record.body, "/output/title"),
        summary: of(&record.body, "/output/summary"),
        text: of(&record.body, "/output/text"),
        annotations: annotations.cloned().unwrap_or_default(),
    }
}

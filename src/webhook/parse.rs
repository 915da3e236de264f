//! From an event's name and body to [`Event`].

use serde::de::IgnoredAny;

use super::payload::{LinkedPull, Payload, Repository, commit};
use crate::domain::event::{Actor, Event, IssueAction, PullAction, RepoRef};
use crate::domain::ids::{CheckRunId, CommentId, InstallationId, Number};
use crate::domain::text::Untrusted;

/// The body is not what GitHub sends, signed or not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    #[error("the body is not UTF-8")]
    NotUtf8,
    #[error("the body is not JSON: {0}")]
    NotJson(String),
    #[error("the body is not a JSON object")]
    NotAnObject,
}

/// What a delivery says.
#[derive(Debug)]
pub struct Reading {
    pub event: Event,
    payload: Payload,
}

impl Reading {
    /// A payload with nothing but the fields that are read: it says the same event.
    pub fn essence(&self) -> Vec<u8> {
        // Of numbers, text and lists JSON can always be made.
        serde_json::to_vec(&self.payload).unwrap_or_default()
    }
}

/// The event of a payload, see [`read`].
///
/// # Errors
/// As [`read`].
pub fn parse(event_name: &str, body: &[u8]) -> Result<Event, ParseError> {
    read(event_name, body).map(|reading| reading.event)
}

/// Reads a payload. Unknown events, actions and fields are accepted, and so is a payload that
/// lacks a field we need: it becomes [`Event::Ignored`]. Depth is no danger: what is read has few
/// levels, and serde_json skips the rest without recursion.
///
/// # Errors
/// Only for what is no JSON object.
pub fn read(event_name: &str, body: &[u8]) -> Result<Reading, ParseError> {
    let text = std::str::from_utf8(body).map_err(|_| ParseError::NotUtf8)?;
    if !text.trim_start().starts_with('{') {
        return Err(match serde_json::from_str::<IgnoredAny>(text) {
            Ok(_) => ParseError::NotAnObject,
            Err(error) => ParseError::NotJson(error.to_string()),
        });
    }
    if let Ok(payload) = serde_json::from_str::<Payload>(text) {
        let event = event(event_name, &payload).unwrap_or_else(ignored);
        return Ok(Reading { event, payload });
    }
    // Well-formed all the same, with a field of a type that we do not expect?
    match serde_json::from_str::<IgnoredAny>(text) {
        Ok(_) => Ok(Reading {
            event: ignored("a field has an unexpected type"),
            payload: Payload::default(),
        }),
        Err(error) => Err(ParseError::NotJson(error.to_string())),
    }
}

fn ignored(reason: &'static str) -> Event {
    Event::Ignored { reason }
}

/// `Err` is the reason why there is nothing to do.
type Parsed = Result<Event, &'static str>;

fn event(name: &str, payload: &Payload) -> Parsed {
    match name {
        "ping" => Ok(Event::Ping),
        "pull_request" => pull_request(payload),
        "issue_comment" => issue_comment(payload),
        "issues" => issue(payload),
        "check_run" => check_run(payload),
        "check_suite" => check_suite(payload),
        "merge_group" => merge_group(payload),
        "installation" => installation(payload),
        "installation_repositories" => installation_repositories(payload),
        "push" => push(payload),
        _ => Err("no use for this event"),
    }
}

const OTHER_ACTION: &str = "no use for this action";

fn installation_id(payload: &Payload) -> Result<InstallationId, &'static str> {
    payload.installation.as_ref().map(|i| i.id()).ok_or("not delivered to an App installation")
}

fn repo_ref(installation: InstallationId, repository: &Repository) -> Option<RepoRef> {
    Some(RepoRef { installation, id: repository.id(), slug: repository.slug()? })
}

fn repository(payload: &Payload) -> Result<RepoRef, &'static str> {
    let installation = installation_id(payload)?;
    payload
        .repository
        .as_ref()
        .and_then(|repository| repo_ref(installation, repository))
        .ok_or("names no repository")
}

fn sender(payload: &Payload) -> Result<Actor, &'static str> {
    payload.sender.as_ref().map(|account| account.actor()).ok_or("names no sender")
}

/// Numbers of the linked pull requests that belong to this repository.
fn pulls_of(repo: &RepoRef, linked: Option<&Vec<LinkedPull>>) -> Vec<Number> {
    let ours = |pull: &&LinkedPull| {
        let base = pull.base.as_ref().and_then(|base| base.repo.as_ref());
        base.is_none_or(|base| base.id == repo.id.0)
    };
    linked.into_iter().flatten().filter(ours).map(|pull| Number(pull.number)).collect()
}

fn pull_action(payload: &Payload) -> Result<PullAction, &'static str> {
    Ok(match payload.action.as_deref() {
        Some("opened") => PullAction::Opened,
        Some("reopened") => PullAction::Reopened,
        Some("synchronize") => PullAction::Synchronize,
        Some("ready_for_review") => PullAction::ReadyForReview,
        Some("closed") => PullAction::Closed,
        Some("labeled") => PullAction::Labeled,
        Some("unlabeled") => PullAction::Unlabeled,
        Some("edited") if payload.changes.as_ref().is_some_and(|c| c.base.is_some()) => {
            PullAction::Retargeted
        }
        Some("edited") => return Err("the base branch was not changed"),
        _ => return Err(OTHER_ACTION),
    })
}

fn pull_request(payload: &Payload) -> Parsed {
    let action = pull_action(payload)?;
    let repo = repository(payload)?;
    let pull = payload.pull_request.as_ref().ok_or("names no pull request")?;
    let sender = sender(payload)?;
    let head = commit(pull.head.as_ref().and_then(|end| end.sha.as_deref()))
        .ok_or("names no head commit")?;
    let label = match action {
        PullAction::Labeled | PullAction::Unlabeled => {
            Some(payload.label.as_ref().ok_or("names no label")?.name.clone())
        }
        _ => None,
    };
    Ok(Event::Pull {
        repo,
        number: Number(pull.number),
        action,
        head,
        draft: pull.draft.unwrap_or(false),
        // The account of a pull request whose author was deleted is null.
        author: pull.user.as_ref().map_or_else(|| sender.clone(), |account| account.actor()),
        sender,
        label,
    })
}

fn issue_comment(payload: &Payload) -> Parsed {
    if payload.action.as_deref() != Some("created") {
        return Err(OTHER_ACTION);
    }
    let repo = repository(payload)?;
    let issue = payload.issue.as_ref().ok_or("names no issue")?;
    let comment = payload.comment.as_ref().ok_or("names no comment")?;
    let author = comment.user.as_ref().ok_or("the comment names no author")?.actor();
    Ok(Event::Comment {
        repo,
        number: Number(issue.number),
        on_pull: issue.pull_request.is_some(),
        comment: CommentId(comment.id),
        author,
        body: Untrusted::new(comment.body.clone().unwrap_or_default()),
    })
}

fn issue(payload: &Payload) -> Parsed {
    let action = match payload.action.as_deref() {
        Some("labeled") => IssueAction::Labeled,
        Some("unlabeled") => IssueAction::Unlabeled,
        Some("edited") => IssueAction::Edited,
        Some("reopened") => IssueAction::Reopened,
        // What is gone for good is closed as well.
        Some("closed" | "deleted" | "transferred") => IssueAction::Closed,
        _ => return Err(OTHER_ACTION),
    };
    let repo = repository(payload)?;
    let sender = sender(payload)?;
    let issue = payload.issue.as_ref().ok_or("names no issue")?;
    if issue.pull_request.is_some() {
        return Err("the issue is a pull request");
    }
    let label = match action {
        IssueAction::Labeled | IssueAction::Unlabeled => {
            Some(payload.label.as_ref().ok_or("names no label")?.name.clone())
        }
        _ => None,
    };
    Ok(Event::Issue { repo, number: Number(issue.number), action, label, sender })
}

fn check_run(payload: &Payload) -> Parsed {
    let requested_action = match payload.action.as_deref() {
        Some("rerequested") => false,
        Some("requested_action") => true,
        _ => return Err(OTHER_ACTION),
    };
    let repo = repository(payload)?;
    let sender = sender(payload)?;
    let run = payload.check_run.as_ref().ok_or("names no check run")?;
    let head = commit(run.head_sha.as_deref()).ok_or("names no head commit")?;
    let pulls = pulls_of(&repo, run.pull_requests.as_ref());
    let check_run = CheckRunId(run.id);
    if !requested_action {
        return Ok(Event::CheckRerequested { repo, check_run, head, pulls, sender });
    }
    let identifier = payload
        .requested_action
        .as_ref()
        .and_then(|action| action.identifier.clone())
        .ok_or("names no action identifier")?;
    Ok(Event::CheckAction { repo, check_run, head, pulls, identifier, sender })
}

fn check_suite(payload: &Payload) -> Parsed {
    if payload.action.as_deref() != Some("rerequested") {
        return Err(OTHER_ACTION);
    }
    let repo = repository(payload)?;
    let sender = sender(payload)?;
    let suite = payload.check_suite.as_ref().ok_or("names no check suite")?;
    let head = commit(suite.head_sha.as_deref()).ok_or("names no head commit")?;
    let pulls = pulls_of(&repo, suite.pull_requests.as_ref());
    Ok(Event::SuiteRerequested { repo, head, pulls, sender })
}

fn merge_group(payload: &Payload) -> Parsed {
    let destroyed = match payload.action.as_deref() {
        Some("checks_requested") => false,
        Some("destroyed") => true,
        _ => return Err(OTHER_ACTION),
    };
    let repo = repository(payload)?;
    let group = payload.merge_group.as_ref().ok_or("names no merge group")?;
    let head = commit(group.head_sha.as_deref()).ok_or("names no head commit")?;
    let base = commit(group.base_sha.as_deref()).ok_or("names no base commit")?;
    Ok(Event::MergeGroup { repo, head, base, destroyed })
}

fn added(installation: InstallationId, repositories: Option<&Vec<Repository>>) -> Parsed {
    let repos: Vec<RepoRef> =
        repositories.into_iter().flatten().filter_map(|r| repo_ref(installation, r)).collect();
    if repos.is_empty() {
        Err("names no repository")
    } else {
        Ok(Event::RepositoriesAdded { repos })
    }
}

fn removed(installation: InstallationId, repositories: Option<&Vec<Repository>>) -> Event {
    let named = |repository: &Repository| {
        let found = repo_ref(installation, repository)?;
        Some((found.id, found.slug))
    };
    let repos = repositories.into_iter().flatten().filter_map(named).collect();
    Event::RepositoriesRemoved { installation, repos }
}

fn installation(payload: &Payload) -> Parsed {
    let installation = installation_id(payload)?;
    let repositories = payload.repositories.as_ref();
    match payload.action.as_deref() {
        Some("created" | "new_permissions_accepted" | "unsuspend") => {
            added(installation, repositories)
        }
        Some("deleted") => Ok(removed(installation, repositories)),
        Some("suspend") => Err("suspended: what is remembered is kept"),
        _ => Err(OTHER_ACTION),
    }
}

fn installation_repositories(payload: &Payload) -> Parsed {
    let installation = installation_id(payload)?;
    match payload.action.as_deref() {
        Some("added") => added(installation, payload.repositories_added.as_ref()),
        Some("removed") => Ok(removed(installation, payload.repositories_removed.as_ref())),
        _ => Err(OTHER_ACTION),
    }
}

fn push(payload: &Payload) -> Parsed {
    let repo = repository(payload)?;
    let branch = payload.repository.as_ref().and_then(|r| r.default_branch.as_deref());
    let pushed = payload.reference.as_deref().and_then(|name| name.strip_prefix("refs/heads/"));
    if branch.is_none() || pushed != branch {
        return Err("not a push to the default branch");
    }
    if payload.deleted == Some(true) {
        return Err("the branch was deleted");
    }
    let head = commit(payload.after.as_deref()).ok_or("names no head commit")?;
    Ok(Event::DefaultBranchPush { repo, head })
}

#[cfg(test)]
mod tests;

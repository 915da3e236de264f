//! Webhook payloads.

use serde_json::{Map, Value, json};

use super::StandinError;
use super::deliveries::{DeliveryOutcome, DeliveryRecord};
use super::shapes::check::commit_json;
use super::shapes::node_id;
use super::world::World;

/// Events that every App gets, without subscribing.
const UNCONDITIONAL: &[&str] = &["installation", "installation_repositories", "ping"];

/// The id that stands for "no commit" in push events.
pub(super) const NO_COMMIT: &str = "0000000000000000000000000000000000000000";

impl World {
    /// Queues an event if the App would get it: subscribed, installed in the repository, not
    /// suspended.
    pub(super) fn emit(
        &mut self,
        event: &str,
        action: Option<&str>,
        repository: Option<u64>,
        sender: &str,
        fields: Value,
    ) -> Result<(), StandinError> {
        let always = UNCONDITIONAL.contains(&event);
        let subscribed = always || self.app.events.iter().any(|name| name == event);
        let works = self.installation.suspended_at.is_none() && !self.installation.removed;
        if !subscribed || (!always && !works) {
            return Ok(());
        }
        let mut payload = Map::new();
        if let Some(action) = action {
            payload.insert("action".to_owned(), json!(action));
        }
        if let Value::Object(fields) = fields {
            payload.extend(fields);
        }
        if let Some(id) = repository {
            let found = self.repository(id)?;
            if !found.installed && event != "installation_repositories" {
                return Ok(());
            }
            payload.insert("repository".to_owned(), self.repository_json(found));
            payload.insert("organization".to_owned(), self.organization_json());
        }
        payload.insert("sender".to_owned(), self.user_json(sender));
        if event != "ping" && !payload.contains_key("installation") {
            let id = self.installation.id;
            let reference = json!({ "id": id, "node_id": node_id("MDIz", id) });
            payload.insert("installation".to_owned(), reference);
        }
        let record = DeliveryRecord {
            id: self.next_id(),
            guid: uuid::Uuid::new_v4().to_string(),
            event: event.to_owned(),
            action: action.map(str::to_owned),
            payload: Value::Object(payload),
            repository,
            redelivery: false,
            outcome: DeliveryOutcome::Waiting,
            answer: String::new(),
            delivered_at: self.now(),
            duration: 0.0,
        };
        self.outbox.submit(record);
        Ok(())
    }

    fn organization_json(&self) -> Value {
        let login = &self.installation.account;
        let id = self.accounts.get(&login.to_ascii_lowercase()).map_or(0, |account| account.id);
        let url = format!("{}/orgs/{login}", self.api);
        json!({
            "login": login,
            "id": id,
            "node_id": node_id("O", id),
            "url": url,
            "repos_url": format!("{url}/repos"),
            "events_url": format!("{url}/events"),
            "hooks_url": format!("{url}/hooks"),
            "issues_url": format!("{url}/issues"),
            "members_url": format!("{url}/members{{/member}}"),
            "public_members_url": format!("{url}/public_members{{/member}}"),
            "avatar_url": format!("{}/avatars/u/{id}", self.root),
            "description": null,
        })
    }

    pub(super) fn emit_pull(
        &mut self,
        repository: u64,
        number: u64,
        action: &str,
        sender: &str,
        extra: Value,
    ) -> Result<(), StandinError> {
        let found = self.repository(repository)?;
        let mut fields = json!({
            "number": number,
            "pull_request": self.pull_json(found, number)?,
        });
        merge(&mut fields, extra);
        self.emit("pull_request", Some(action), Some(repository), sender, fields)
    }

    pub(super) fn emit_issue(
        &mut self,
        repository: u64,
        number: u64,
        action: &str,
        sender: &str,
        extra: Value,
    ) -> Result<(), StandinError> {
        let found = self.repository(repository)?;
        let mut fields = json!({ "issue": self.issue_json(found, found.issue(number)?) });
        merge(&mut fields, extra);
        self.emit("issues", Some(action), Some(repository), sender, fields)
    }

    /// `before` or `after` is [`NO_COMMIT`] where the branch is made or deleted.
    pub(super) fn emit_push(
        &mut self,
        repository: u64,
        branch: &str,
        before: &str,
        after: &str,
        sender: &str,
    ) -> Result<(), StandinError> {
        let found = self.repository(repository)?;
        let (created, deleted) = (before == NO_COMMIT, after == NO_COMMIT);
        let head = if deleted {
            Value::Null
        } else {
            push_commit(commit_json(found, after)?, found, self)
        };
        let forced = !created && !deleted && !found.git.contains(after, before)?;
        let page = self.repository_page(found);
        let commits = if deleted { json!([]) } else { json!([head]) };
        let fields = json!({
            "ref": format!("refs/heads/{branch}"),
            "before": before,
            "after": after,
            "base_ref": null,
            "created": created,
            "deleted": deleted,
            "forced": forced,
            "compare": format!("{page}/compare/{before}...{after}"),
            "commits": commits,
            "head_commit": head,
            "pusher": { "name": sender, "email": format!("{sender}@users.noreply.example") },
        });
        self.emit("push", None, Some(repository), sender, fields)
    }
}

/// A commit as pushes carry it: with its address and lists of files, which stay empty here.
fn push_commit(mut commit: Value, repository: &super::world::Repository, world: &World) -> Value {
    let id = commit.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
    let page = world.repository_page(repository);
    merge(
        &mut commit,
        json!({
            "distinct": true,
            "url": format!("{page}/commit/{id}"),
            "added": [],
            "removed": [],
            "modified": [],
        }),
    );
    commit
}

/// Adds the fields of one object to another.
pub(super) fn merge(target: &mut Value, extra: Value) {
    if let (Value::Object(target), Value::Object(extra)) = (target, extra) {
        target.extend(extra);
    }
}

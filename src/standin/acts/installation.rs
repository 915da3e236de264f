//! The App's installation.

use serde_json::{Value, json};

use crate::standin::StandinError;
use crate::standin::shapes::node_id;
use crate::standin::world::{Token, World};

impl World {
    /// Suspends the installation, or lets it work again.
    pub fn set_suspended(&mut self, suspended: bool) -> Result<(), StandinError> {
        self.installation.suspended_at = suspended.then(|| self.now());
        let action = if suspended { "suspend" } else { "unsuspend" };
        self.emit_installation(action)
    }

    /// Removes the App from the account, or installs it again.
    pub fn set_removed(&mut self, removed: bool) -> Result<(), StandinError> {
        self.installation.removed = removed;
        self.emit_installation(if removed { "deleted" } else { "created" })
    }

    fn emit_installation(&mut self, action: &str) -> Result<(), StandinError> {
        let installed = self.repositories.values().filter(|repository| repository.installed);
        let repositories: Vec<Value> = installed.map(repository_reference).collect();
        let fields = json!({
            "installation": self.installation_json(),
            "repositories": repositories,
            "requester": null,
        });
        let sender = self.installation.account.clone();
        self.emit("installation", Some(action), None, &sender, fields)
    }

    /// Adds a repository to the installation, or takes it away.
    pub fn set_installed(&mut self, repository: u64, installed: bool) -> Result<(), StandinError> {
        let found = self.repository_mut(repository)?;
        found.installed = installed;
        let reference = repository_reference(found);
        let (added, removed) =
            if installed { (vec![reference], vec![]) } else { (vec![], vec![reference]) };
        let fields = json!({
            "installation": self.installation_json(),
            "repository_selection": "selected",
            "repositories_added": added,
            "repositories_removed": removed,
            "requester": null,
        });
        let action = if installed { "added" } else { "removed" };
        let sender = self.installation.account.clone();
        self.emit("installation_repositories", Some(action), None, &sender, fields)
    }

    pub fn ping(&mut self) -> Result<(), StandinError> {
        let id = self.app.id + 7;
        let hook = json!({
            "type": "App",
            "id": id,
            "app_id": self.app.id,
            "name": "web",
            "active": true,
            "events": self.app.events,
            "config": {
                "content_type": "json",
                "insecure_ssl": "0",
                "secret": "********",
                "url": self.outbox.webhook,
            },
            "created_at": crate::standin::shapes::timestamp(self.app.created_at),
            "updated_at": crate::standin::shapes::timestamp(self.app.created_at),
            "deliveries_url": format!("{}/app/hook/deliveries", self.api),
        });
        let fields = json!({ "zen": "Keep it logically awesome.", "hook_id": id, "hook": hook });
        let sender = self.installation.account.clone();
        self.emit("ping", None, None, &sender, fields)
    }

    /// A token for a person, without expiry.
    pub fn add_person_token(&mut self, login: &str) -> String {
        let account = self.person(login);
        let token = format!("ghp_standin{:036}", account.id);
        self.tokens.insert(
            token.clone(),
            Token {
                login: account.login,
                installation: false,
                repositories: None,
                permissions: std::collections::BTreeMap::new(),
                expires_at: None,
            },
        );
        token
    }
}

fn repository_reference(repository: &crate::standin::world::Repository) -> Value {
    json!({
        "id": repository.id,
        "node_id": node_id("R", repository.id),
        "name": repository.name,
        "full_name": repository.slug(),
        "private": repository.private,
    })
}

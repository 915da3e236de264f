//! Accounts, the App, its installation.

use serde_json::{Map, Value, json};

use super::{encode_segment, node_id, timestamp};
use crate::standin::world::{Account, AccountKind, World};

impl World {
    /// A simple user by login; an account that was never made is a person with id 0.
    pub(in crate::standin) fn user_json(&self, login: &str) -> Value {
        match self.accounts.get(&login.to_ascii_lowercase()) {
            Some(account) => account_json(&self.api, &self.root, account),
            None => {
                let ghost = Account { id: 0, login: login.to_owned(), kind: AccountKind::User };
                account_json(&self.api, &self.root, &ghost)
            }
        }
    }

    pub(in crate::standin) fn app_json(&self) -> Value {
        let app = &self.app;
        json!({
            "id": app.id,
            "slug": app.slug,
            "node_id": node_id("A", app.id),
            "client_id": app.client_id,
            "owner": self.user_json(&self.installation.account),
            "name": app.slug,
            "description": null,
            "external_url": self.root,
            "html_url": format!("{}/apps/{}", self.root, app.slug),
            "created_at": timestamp(app.created_at),
            "updated_at": timestamp(app.created_at),
            "permissions": app.permissions,
            "events": app.events,
        })
    }

    pub(in crate::standin) fn installation_json(&self) -> Value {
        let installation = &self.installation;
        let id = installation.id;
        let account = self.accounts.get(&installation.account.to_ascii_lowercase());
        let suspended = installation.suspended_at;
        json!({
            "id": id,
            "account": self.user_json(&installation.account),
            "repository_selection": "all",
            "access_tokens_url": format!("{}/app/installations/{id}/access_tokens", self.api),
            "repositories_url": format!("{}/installation/repositories", self.api),
            "html_url": format!("{}/settings/installations/{id}", self.root),
            "app_id": self.app.id,
            "client_id": self.app.client_id,
            "app_slug": self.app.slug,
            "target_id": account.map_or(0, |account| account.id),
            "target_type": account.map_or("User", |account| kind_name(account.kind)),
            "permissions": self.app.permissions,
            "events": self.app.events,
            "created_at": timestamp(installation.created_at),
            "updated_at": timestamp(suspended.unwrap_or(installation.created_at)),
            "single_file_name": null,
            "has_multiple_single_files": false,
            "single_file_paths": [],
            "suspended_by": suspended.map(|_| self.user_json(&installation.account)),
            "suspended_at": suspended.map(timestamp),
        })
    }
}

fn kind_name(kind: AccountKind) -> &'static str {
    match kind {
        AccountKind::User => "User",
        AccountKind::Organization => "Organization",
        AccountKind::Bot => "Bot",
    }
}

fn account_json(api: &str, root: &str, account: &Account) -> Value {
    let login = encode_segment(&account.login);
    let url = format!("{api}/users/{login}");
    let page = match account.kind {
        AccountKind::Bot => format!("{root}/apps/{}", account.login.trim_end_matches("[bot]")),
        _ => format!("{root}/{login}"),
    };
    let mut user = Map::new();
    user.insert("login".into(), json!(account.login));
    user.insert("id".into(), json!(account.id));
    user.insert("node_id".into(), json!(node_id("U", account.id)));
    user.insert("avatar_url".into(), json!(format!("{root}/avatars/u/{}", account.id)));
    user.insert("gravatar_id".into(), json!(""));
    user.insert("url".into(), json!(url));
    user.insert("html_url".into(), json!(page));
    for (key, suffix) in [
        ("followers_url", "followers"),
        ("following_url", "following{/other_user}"),
        ("gists_url", "gists{/gist_id}"),
        ("starred_url", "starred{/owner}{/repo}"),
        ("subscriptions_url", "subscriptions"),
        ("organizations_url", "orgs"),
        ("repos_url", "repos"),
        ("events_url", "events{/privacy}"),
        ("received_events_url", "received_events"),
    ] {
        user.insert(key.into(), json!(format!("{url}/{suffix}")));
    }
    user.insert("type".into(), json!(kind_name(account.kind)));
    user.insert("user_view_type".into(), json!("public"));
    user.insert("site_admin".into(), json!(false));
    Value::Object(user)
}

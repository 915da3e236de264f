//! First start without credentials: GitHub's App manifest flow.
//!
//! The page asks GitHub to register an App with just the permissions and events that are used;
//! GitHub answers with a code, which is exchanged for the key. Whoever reaches the page could
//! bind the server to their own App, so it opens only with the token that the server prints in
//! its log at start.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;
use serde_json::{Value, json};
use subtle::ConstantTimeEq;
use tokio_util::sync::CancellationToken;

use crate::config::server::STORED_APP_FILE;
use crate::domain::registration::StoredApp;
use crate::ports::setup::AppRegistrar;

/// What the flow needs.
#[derive(Clone)]
pub struct SetupState {
    pub registrar: Arc<dyn AppRegistrar>,
    pub data_dir: PathBuf,
    /// Where GitHub and the person's browser reach this server.
    pub public_url: String,
    /// Printed at start; guards the page and serves as the flow's `state`.
    pub token: String,
    /// Cancelled when the App is stored.
    pub configured: CancellationToken,
}

#[derive(Deserialize)]
struct SetupQuery {
    token: Option<String>,
    /// Register the App for an organisation instead of the person.
    org: Option<String>,
}

#[derive(Deserialize)]
struct CallbackQuery {
    code: Option<String>,
    state: Option<String>,
}

/// `/setup` and its callback.
pub fn router(state: SetupState) -> Router {
    Router::new()
        .route("/setup", get(page))
        .route("/setup/callback", get(callback))
        .with_state(state)
}

/// What the person who sets the App up lets it do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grant {
    /// The least that the product needs.
    Least,
    /// Also what is optional: writing branches, and seeing who is in a team.
    Branches,
}

/// The manifest of an App.
pub fn manifest(public_url: &str, grant: Grant) -> Value {
    let mut manifest = least(public_url);
    if let (Grant::Branches, Some(asked)) = (grant, manifest.get_mut("default_permissions")) {
        for (permission, level) in [("contents", "write"), ("members", "read")] {
            if let Some(asked) = asked.as_object_mut() {
                asked.insert(permission.to_owned(), level.into());
            }
        }
    }
    manifest
}

fn least(public_url: &str) -> Value {
    json!({
        "name": "backend-team",
        "url": public_url,
        "hook_attributes": { "url": format!("{public_url}/webhook"), "active": true },
        "redirect_url": format!("{public_url}/setup/callback"),
        "public": false,
        "default_permissions": {
            "checks": "write",
            "contents": "read",
            "issues": "write",
            "merge_queues": "read",
            "metadata": "read",
            "pull_requests": "write"
        },
        "default_events": [
            "check_run", "check_suite", "issue_comment", "issues", "merge_group",
            "pull_request", "push", "repository"
        ]
    })
}

fn allowed(state: &SetupState, given: Option<&str>) -> bool {
    given.is_some_and(|given| given.as_bytes().ct_eq(state.token.as_bytes()).into())
}

fn refused() -> Response {
    let message = "This page opens with the address that the server printed in its log at start.\n";
    (StatusCode::FORBIDDEN, message).into_response()
}

async fn page(State(state): State<SetupState>, Query(query): Query<SetupQuery>) -> Response {
    if !allowed(&state, query.token.as_deref()) {
        return refused();
    }
    let sound =
        |org: &&str| !org.is_empty() && org.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    let organisation = query.org.as_deref().filter(sound);
    let action = state.registrar.registration_url(organisation);
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Set up \
         backend-team</title></head><body><h1>Set up backend-team</h1><p>GitHub will ask for a \
         name and then register an App. Its key goes to this server and nowhere else. Choose what \
         the App may do; it can be changed on GitHub at any time.</p>{least}{branches}<p>For an \
         organisation's App, add <code>&amp;org=NAME</code> to this page's address.</p></body></html>",
        least = form(
            &state,
            &action,
            Grant::Least,
            "Review and plan",
            "Reads code, writes checks and comments. What an approved plan or a fix would change is \
             shown in a comment.",
        ),
        branches = form(
            &state,
            &action,
            Grant::Branches,
            "Review, plan and write branches",
            "Also writes approved plans and fixes to branches of its own, with draft pull requests, \
             and sees who is in a team that may approve.",
        ),
    );
    let policy = "default-src 'none'; form-action https: http:; frame-ancestors 'none'";
    ([(header::CONTENT_SECURITY_POLICY, policy)], Html(html)).into_response()
}

/// One choice: what it means, and the button that sends its manifest to GitHub.
fn form(state: &SetupState, action: &str, grant: Grant, name: &str, means: &str) -> String {
    format!(
        "<h2>{name}</h2><p>{means}</p><form method=\"post\" action=\"{action}?state={state}\">\
         <input type=\"hidden\" name=\"manifest\" value=\"{manifest}\"><button type=\"submit\">\
         Register this App on GitHub</button></form>",
        action = escape(action),
        state = escape(&state.token),
        manifest = escape(&manifest(&state.public_url, grant).to_string()),
    )
}

async fn callback(State(state): State<SetupState>, Query(query): Query<CallbackQuery>) -> Response {
    if !allowed(&state, query.state.as_deref()) {
        return refused();
    }
    let sound = |code: &&str| code.chars().all(|c| c.is_ascii_alphanumeric());
    let Some(code) = query.code.as_deref().filter(sound) else {
        return (StatusCode::BAD_REQUEST, "GitHub's code is missing; start again at /setup.\n")
            .into_response();
    };
    let stored = match state.registrar.convert(code).await {
        Ok(app) => app,
        Err(error) => {
            tracing::error!(event = "manifest_not_converted", %error);
            let message = "GitHub did not accept the code (it works once, for an hour). Start \
                           again at /setup; the server's log says more.\n";
            return (StatusCode::BAD_GATEWAY, message).into_response();
        }
    };
    if let Err(error) = store(&state.data_dir, &stored) {
        tracing::error!(event = "app_not_stored", %error);
        let message = "The App was registered, but its key could not be stored. Delete the App on \
                       GitHub, mend the data directory (see the server's log) and start again.\n";
        return (StatusCode::INTERNAL_SERVER_ERROR, message).into_response();
    }
    tracing::info!(event = "app_registered", app_id = stored.app_id, slug = stored.slug);
    state.configured.cancel();
    Html(format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>backend-team is set \
         up</title></head><body><h1>The App is registered</h1><p>Now <a \
         href=\"https://github.com/apps/{slug}/installations/new\">install it</a> on a repository \
         and open a pull request.</p></body></html>",
        slug = escape(&stored.slug)
    ))
    .into_response()
}

/// Writes the App so that only this account can read it, and never half of it.
pub fn store(data_dir: &Path, app: &StoredApp) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    std::fs::create_dir_all(data_dir)?;
    let path = data_dir.join(STORED_APP_FILE);
    let temporary = data_dir.join(format!("{STORED_APP_FILE}.new"));
    match std::fs::remove_file(&temporary) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file =
        std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
    file.write_all(&serde_json::to_vec_pretty(app)?)?;
    file.sync_all()?;
    std::fs::rename(&temporary, &path)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_grants_differ_in_what_is_optional_and_in_nothing_else() {
        let (mut least, mut all) = (
            manifest("https://x.example", Grant::Least),
            manifest("https://x.example", Grant::Branches),
        );
        let asked = |manifest: &mut Value| manifest["default_permissions"].take();
        let (few, mut many) = (asked(&mut least), asked(&mut all));
        assert_eq!(least, all);
        assert_eq!((&few["contents"], few.get("members")), (&json!("read"), None));
        assert_eq!((&many["contents"], &many["members"]), (&json!("write"), &json!("read")));
        assert!(few.get("workflows").is_none() && many.get("workflows").is_none());
        many["contents"] = json!("read");
        many.as_object_mut().unwrap().remove("members");
        assert_eq!(few, many);
    }

    #[test]
    fn the_key_is_readable_by_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let app = StoredApp {
            app_id: 1,
            slug: "x".into(),
            webhook_secret: "s".into(),
            private_key: "k".into(),
        };
        store(folder.path(), &app).unwrap();
        store(folder.path(), &app).unwrap();
        let metadata = std::fs::metadata(folder.path().join(STORED_APP_FILE)).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    }
}

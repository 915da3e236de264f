//! A stand-in with one repository and one pull request, a client, a webhook receiver.

use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use backend_team::standin::{FileEdit, PullRequestSpec, Standin, StandinOptions};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http_body_util::BodyExt;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use octocrab::jsonwebtoken::{self, Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use crate::harness::recording;

pub const REPO: &str = "acme/widgets";

pub struct Fixture {
    pub github: Standin,
    pub client: Client<HttpConnector, Body>,
    pub token: String,
    /// The only pull request.
    pub number: u64,
    pub head: String,
}

pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub json: Value,
    pub text: String,
}

impl Reply {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

pub fn numbered(lines: std::ops::RangeInclusive<u32>) -> String {
    lines.map(|line| format!("line {line}\n")).collect()
}

impl Fixture {
    pub async fn new() -> Self {
        Self::with(StandinOptions::default(), false).await
    }

    pub async fn with(options: StandinOptions, private: bool) -> Self {
        let github = Standin::start(options).await.unwrap();
        let files = [
            FileEdit::write("README.md", "# Widgets\n"),
            FileEdit::write("a.txt", numbered(1..=40)),
        ];
        github.create_repository(REPO, private, &files).unwrap();
        let changed = numbered(1..=40).replace("line 20\n", "line twenty\nline 20 and a half\n");
        let edits = [FileEdit::write("a.txt", changed), FileEdit::write("b.txt", "new\n")];
        let head = github.commit(REPO, "topic", "Change a", &edits).unwrap();
        let number = github.open_pull(REPO, &PullRequestSpec::new("topic", "Change a")).unwrap();
        let client = Client::builder(TokioExecutor::new()).build_http();
        let mut fixture = Self { github, client, token: String::new(), number, head };
        fixture.token = fixture.new_token(&json!({})).await;
        fixture
    }

    pub async fn new_token(&self, body: &Value) -> String {
        let path = format!("/app/installations/{}/access_tokens", self.github.installation());
        let reply = self.send("POST", &path, &self.app_token(60), Some(body), &[]).await;
        assert_eq!(reply.status, 201, "{}", reply.text);
        reply.json["token"].as_str().unwrap().to_owned()
    }

    /// An App's JSON Web Token that lives for this many seconds.
    pub fn app_token(&self, life: i64) -> String {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        let now = i64::try_from(now.as_secs()).unwrap();
        let claims = json!({
            "iss": self.github.app_id().to_string(), "iat": now - 60, "exp": now + life,
        });
        let key = EncodingKey::from_rsa_pem(self.github.private_key_pem().as_bytes()).unwrap();
        jsonwebtoken::encode(&Header::new(Algorithm::RS256), &claims, &key).unwrap()
    }

    pub async fn send(
        &self,
        method: &str,
        path: &str,
        token: &str,
        body: Option<&Value>,
        headers: &[(&str, &str)],
    ) -> Reply {
        self.try_send(method, path, token, body, headers).await.unwrap()
    }

    /// An error is a connection that ended before the answer did.
    pub async fn try_send(
        &self,
        method: &str,
        path: &str,
        token: &str,
        body: Option<&Value>,
        headers: &[(&str, &str)],
    ) -> Result<Reply, String> {
        let address =
            if path.starts_with("http") { path.to_owned() } else { self.github.api_url() + path };
        let mut request = hyper::Request::builder().method(method).uri(address);
        if !headers.iter().any(|(name, _)| *name == "user-agent") {
            request = request.header("user-agent", "test");
        }
        if !token.is_empty() {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in headers.iter().filter(|(_, value)| !value.is_empty()) {
            request = request.header(*name, *value);
        }
        let body = body.map_or_else(Body::empty, |value| Body::from(value.to_string()));
        let request = request.body(body).unwrap();
        let response = self.client.request(request).await.map_err(|error| format!("{error:?}"))?;
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.map_err(|error| format!("{error:?}"))?.to_bytes();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Ok(Reply {
            status: parts.status.as_u16(),
            headers: parts.headers,
            json: serde_json::from_str(&text).unwrap_or(Value::Null),
            text,
        })
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.send("GET", path, &self.token, None, &[]).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.send("POST", path, &self.token, Some(&body), &[]).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Reply {
        self.send("PATCH", path, &self.token, Some(&body), &[]).await
    }

    /// Path below the repository.
    pub fn at(&self, tail: &str) -> String {
        format!("/repos/{REPO}{tail}")
    }

    /// Runs the git program with this token in a folder; the output if it succeeds.
    pub async fn git(
        &self,
        folder: &Path,
        token: &str,
        arguments: &[&str],
    ) -> Result<String, String> {
        let mut command = Command::new("git");
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", folder);
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_TERMINAL_PROMPT", "0");
        command.current_dir(folder);
        if !token.is_empty() {
            let basic = STANDARD.encode(format!("x-access-token:{token}"));
            command.args(["-c", &format!("http.extraHeader=Authorization: Basic {basic}")]);
        }
        command.args(arguments);
        let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
    }

    pub fn clone_url(&self) -> String {
        format!("{}/{REPO}.git", self.github.url())
    }
}

/// Every test adds what it saw, see [`recording`].
impl Drop for Fixture {
    fn drop(&mut self) {
        recording::keep(&self.github);
    }
}

pub type Received = Arc<Mutex<Vec<(HeaderMap, Bytes)>>>;

/// A webhook that keeps what it gets and answers with this status.
pub async fn receiver(status: u16) -> (String, Received) {
    let received = Received::default();
    let state = (StatusCode::from_u16(status).unwrap(), Arc::clone(&received));
    async fn keep(
        State((status, received)): State<(StatusCode, Received)>,
        headers: HeaderMap,
        body: Bytes,
    ) -> StatusCode {
        received.lock().unwrap().push((headers, body));
        status
    }
    let router = Router::new().fallback(keep).with_state(state);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/webhook", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (address, received)
}

//! A small server that answers as a test says and remembers what it was asked.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::{Request, Response};
use backend_team::domain::event::RepoRef;
use backend_team::domain::ids::{InstallationId, RepoId, RepoSlug};
use backend_team::domain::job::Timestamp;
use backend_team::github::{GitHub, GitHubConfig, Timeouts};
use backend_team::ports::clock::{Clock, SystemClock};
use futures::StreamExt;
use http_body_util::BodyExt;
use serde_json::{Value, json};

const PEM: &str = include_str!("../../../fixtures/github/test-app-key.pem");

/// A request as it arrived.
#[derive(Debug, Clone)]
pub struct Seen {
    pub method: String,
    /// Path and query.
    pub target: String,
    pub headers: axum::http::HeaderMap,
    pub body: Value,
    /// How many requests with this method and target came before.
    pub before: usize,
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub fn token(&self) -> &str {
        self.header("authorization").and_then(|a| a.strip_prefix("Bearer ")).unwrap_or_default()
    }
}

pub enum Reply {
    Json(u16, Value),
    /// Status, headers, body.
    Raw(u16, Vec<(&'static str, String)>, String),
    /// The head and half of a body, then the connection breaks.
    Cut(u16),
    /// The connection breaks before anything is said.
    Drop,
}

pub fn ok(value: Value) -> Reply {
    Reply::Json(200, value)
}

pub fn not_found() -> Reply {
    Reply::Json(404, json!({ "message": "Not Found" }))
}

type Script = dyn Fn(&Seen) -> Reply + Send + Sync;

/// What one minted token looks like. The number tells tokens apart.
pub fn minted_token(number: usize) -> String {
    format!("ghs_77_eyJhbGciOiJFUzI1NiJ9.{}.{number}", "payload-_".repeat(10))
}

struct State {
    seen: Mutex<Vec<Seen>>,
    counts: Mutex<HashMap<(String, String), usize>>,
    minted: AtomicUsize,
    script: Box<Script>,
}

/// A clock that stands still until it is told otherwise.
pub struct TestClock(AtomicI64);

impl TestClock {
    pub fn advance_ms(&self, milliseconds: i64) {
        self.0.fetch_add(milliseconds, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

pub struct Server {
    pub origin: String,
    pub clock: Arc<TestClock>,
    state: Arc<State>,
}

impl Server {
    /// Starts a server. Requests for tokens that the script answers with 404 get a token that
    /// lives an hour of the test's clock.
    pub async fn start(script: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        let clock = Arc::new(TestClock(AtomicI64::new(SystemClock.now().0)));
        let state = Arc::new(State {
            seen: Mutex::default(),
            counts: Mutex::default(),
            minted: AtomicUsize::new(0),
            script: Box::new(script),
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let (handler_state, handler_clock) = (state.clone(), clock.clone());
        let router = axum::Router::new().fallback(move |request: Request<Body>| {
            answer(handler_state.clone(), handler_clock.clone(), request)
        });
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { origin, clock, state }
    }

    /// The adapter, with its API below `base` on this server.
    pub fn github(&self, base: &str) -> GitHub {
        GitHub::new(GitHubConfig {
            api_url: format!("{}{base}", self.origin),
            app_id: 77,
            app_slug: None,
            private_key: PEM.into(),
            user_agent: "backend-team/test".to_owned(),
            timeouts: Timeouts::default(),
            write_pause: std::time::Duration::ZERO,
            clock: self.clock.clone(),
        })
        .unwrap()
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.state.seen.lock().unwrap().clone()
    }

    /// Requests other than those for tokens.
    pub fn calls(&self) -> Vec<Seen> {
        self.seen().into_iter().filter(|seen| !seen.target.ends_with("/access_tokens")).collect()
    }

    pub fn mints(&self) -> Vec<Seen> {
        self.seen().into_iter().filter(|seen| seen.target.ends_with("/access_tokens")).collect()
    }
}

async fn answer(
    state: Arc<State>,
    clock: Arc<TestClock>,
    request: Request<Body>,
) -> Response<Body> {
    let (head, body) = request.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    let target = head.uri.path_and_query().unwrap().to_string();
    let key = (head.method.to_string(), target.clone());
    let before = {
        let mut counts = state.counts.lock().unwrap();
        let count = counts.entry(key).or_default();
        *count += 1;
        *count - 1
    };
    let seen = Seen {
        method: head.method.to_string(),
        target,
        headers: head.headers,
        body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
        before,
    };
    state.seen.lock().unwrap().push(seen.clone());
    let reply = match (state.script)(&seen) {
        Reply::Json(404, _) if seen.target.ends_with("/access_tokens") => {
            let number = state.minted.fetch_add(1, Ordering::SeqCst);
            mint(number, clock.now())
        }
        reply => reply,
    };
    match reply {
        Reply::Json(status, value) => Response::builder()
            .status(status)
            .header("content-type", "application/json; charset=utf-8")
            .body(Body::from(value.to_string()))
            .unwrap(),
        Reply::Raw(status, headers, body) => {
            let mut response = Response::builder().status(status);
            for (name, value) in headers {
                response = response.header(name, value);
            }
            response.body(Body::from(body)).unwrap()
        }
        Reply::Cut(status) => {
            let body = Body::from_stream(half_a_body());
            Response::builder().status(status).body(body).unwrap()
        }
        Reply::Drop => Response::new(Body::from_stream(futures::stream::iter([broken()]))),
    }
}

fn broken() -> Result<&'static str, std::io::Error> {
    Err(std::io::Error::other("cut"))
}

/// Pauses after the first half, so that it is sent before the connection breaks.
fn half_a_body() -> impl futures::Stream<Item = Result<&'static str, std::io::Error>> {
    let end = futures::stream::once(async {
        tokio::task::yield_now().await;
        broken()
    });
    futures::stream::iter([Ok("{\"id\": 5, \"number\"")]).chain(end)
}

fn mint(number: usize, now: Timestamp) -> Reply {
    let expires = time::OffsetDateTime::from_unix_timestamp(now.0 / 1000 + 3600).unwrap();
    let format = &time::format_description::well_known::Rfc3339;
    let expires_at = expires.format(format).unwrap();
    Reply::Json(201, json!({ "token": minted_token(number), "expires_at": expires_at }))
}

pub fn repo() -> RepoRef {
    RepoRef {
        installation: InstallationId(51),
        id: RepoId(7301),
        slug: RepoSlug::parse("acme/orders").unwrap(),
    }
}

pub fn pull_json(number: u64, head: &str) -> Value {
    json!({
        "number": number,
        "state": "open",
        "brand_new_field": { "x": 1 },
        "title": "Add the orders table",
        "body": null,
        "user": { "login": "alice", "id": 21, "type": "User" },
        "head": { "ref": "orders", "sha": head, "repo": { "id": 7301, "full_name": "acme/orders" } },
        "base": {
            "ref": "main",
            "sha": "b".repeat(40),
            "repo": { "id": 7301, "full_name": "acme/orders" },
        },
        "labels": [{ "name": "db" }],
    })
}

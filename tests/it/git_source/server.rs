//! A git server over HTTP: `git http-backend` behind axum, with faults and a record of requests.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use backend_team::domain::ids::{CommitSha, Number, RepoId, RepoSlug};
use backend_team::ports::source::{FetchRequest, Remote};
use git2::Oid;
use secrecy::SecretString;
use tokio::io::AsyncWriteExt as _;

/// How the server behaves, changeable while it runs.
#[derive(Default, Clone)]
pub struct Behaviour {
    /// Answer as servers did before protocol version 2: no objects that no reference names.
    pub old_protocol: bool,
    /// Answer every request with this status.
    pub status: Option<u16>,
    /// Redirect every request to this address.
    pub redirect: Option<String>,
}

#[derive(Default)]
pub struct Shared {
    pub behaviour: Mutex<Behaviour>,
    /// Method, path and `Authorization` of every request.
    pub requests: Mutex<Vec<(String, String, Option<String>)>>,
    root: Mutex<PathBuf>,
}

pub struct Server {
    pub shared: Arc<Shared>,
    pub url: String,
}

impl Server {
    /// Serves the bare repository in that directory.
    pub async fn start(repository: &std::path::Path) -> Self {
        let shared = Arc::new(Shared::default());
        *shared.root.lock().unwrap() = repository.to_owned();
        let app = axum::Router::new().fallback(answer).with_state(Arc::clone(&shared));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/acme/widgets.git", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { shared, url }
    }

    pub fn set(&self, behaviour: Behaviour) {
        *self.shared.behaviour.lock().unwrap() = behaviour;
    }

    pub fn requests(&self) -> usize {
        self.shared.requests.lock().unwrap().len()
    }

    pub fn remote(&self, id: u64) -> Remote {
        Remote {
            id: RepoId(id),
            slug: RepoSlug::parse("acme/widgets").unwrap(),
            url: self.url.clone(),
            token: None,
        }
    }

    pub fn remote_with(&self, id: u64, token: &str) -> Remote {
        Remote { token: Some(SecretString::from(token)), ..self.remote(id) }
    }
}

pub fn request(base: Oid, head: Oid) -> FetchRequest {
    FetchRequest {
        base: CommitSha::parse(&base.to_string()).unwrap(),
        head: CommitSha::parse(&head.to_string()).unwrap(),
        pull: Some(Number(7)),
        base_ref: Some("main".to_owned()),
    }
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let header = |name: &str| {
        parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
    };
    let path = parts.uri.path().to_owned();
    shared.requests.lock().unwrap().push((
        parts.method.to_string(),
        path.clone(),
        header("authorization"),
    ));
    let behaviour = shared.behaviour.lock().unwrap().clone();
    if let Some(status) = behaviour.status {
        return Response::builder().status(status).body(Body::empty()).unwrap();
    }
    if let Some(target) = behaviour.redirect {
        let query = parts.uri.query().unwrap_or_default();
        let target = format!("{target}{path}?{query}");
        return Response::builder()
            .status(302)
            .header("location", target)
            .body(Body::empty())
            .unwrap();
    }
    let body = axum::body::to_bytes(body, 1 << 24).await.unwrap();
    let root = shared.root.lock().unwrap().clone();
    let mut command = tokio::process::Command::new("git");
    command
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("PATH_INFO", path.trim_start_matches("/acme/widgets.git"))
        .env("QUERY_STRING", parts.uri.query().unwrap_or_default())
        .env("REQUEST_METHOD", parts.method.as_str())
        .env("CONTENT_TYPE", header("content-type").unwrap_or_default())
        .env("HTTP_CONTENT_ENCODING", header("content-encoding").unwrap_or_default())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    if !behaviour.old_protocol {
        command.env("GIT_PROTOCOL", header("git-protocol").unwrap_or_default());
    }
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let feed = async move {
        // The program may answer without having read everything.
        let _ = stdin.write_all(&body).await;
    };
    let ((), output) = tokio::join!(feed, child.wait_with_output());
    cgi(Bytes::from(output.unwrap().stdout))
}

/// A CGI answer as an HTTP response.
fn cgi(output: Bytes) -> Response {
    let end = output.windows(4).position(|window| window == b"\r\n\r\n").unwrap_or(output.len());
    let mut response = Response::builder();
    for line in String::from_utf8_lossy(&output[..end]).lines() {
        match line.split_once(": ") {
            Some(("Status", status)) => {
                response = response.status(status[..3].parse::<u16>().unwrap());
            }
            Some((name, value)) => response = response.header(name, value),
            None => {}
        }
    }
    response.body(Body::from(output.slice((end + 4).min(output.len())..))).unwrap()
}

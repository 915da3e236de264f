//! The HTTP side: connections, the way of a request through faults, access, handler and record.

pub(super) mod access;
pub(super) mod answer;
mod git;
mod reply;
mod routes;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Body;
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use self::answer::{Answer, AnswerBody, Call};
use super::faults::{self, FaultAction};
use super::records::RequestRecord;
use super::world::World;

/// Largest request body: git sends long lists of commits it has, GitHub takes 25 MB of JSON.
const BODY_LIMIT: usize = 32 * 1024 * 1024;

/// What connections, the sender of deliveries and the handles share.
pub(super) struct Shared {
    pub world: Mutex<World>,
    /// `""` or like `/api/v3`.
    pub base_path: String,
    pub git_program: std::path::PathBuf,
}

impl Shared {
    /// The world, also after a panic in a thread that held it: its parts stay readable.
    pub fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The connection must end without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection is cut on purpose")]
pub(super) struct Cut;

/// Serves until the token is cancelled; then all connections end.
pub(super) async fn serve(shared: Arc<Shared>, listener: TcpListener, stop: CancellationToken) {
    let mut connections = JoinSet::new();
    loop {
        let stream = tokio::select! {
            () = stop.cancelled() => return,
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "the stand-in could not accept a connection");
                    continue;
                }
            },
        };
        let shared = Arc::clone(&shared);
        connections.spawn(async move {
            let service = service_fn(move |request| handle(Arc::clone(&shared), request));
            let connection = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service);
            // A client that goes away, or a cut on purpose, ends here.
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection to the stand-in ended early");
            }
        });
    }
}

async fn handle(shared: Arc<Shared>, request: Request<Incoming>) -> Result<Response<Body>, Cut> {
    let (parts, body) = request.into_parts();
    let body = Limited::new(body, BODY_LIMIT).collect().await.map_err(|_| Cut)?.to_bytes();
    let full_path = parts.uri.path().to_owned();
    let git = git::GitRequest::parse(parts.method.as_str(), &full_path);
    let call = Call {
        method: parts.method.as_str().to_owned(),
        path: rest_path(&shared.base_path, &full_path).unwrap_or_default(),
        query: decode_query(parts.uri.query().unwrap_or_default()),
        json: serde_json::from_slice(&body).unwrap_or(Value::Null),
        headers: parts.headers,
        body,
        args: std::collections::BTreeMap::new(),
        repository: 0,
        token: None,
        full_path,
    };
    let (sequence, fault) = arrive(&shared, &call, git.is_some());
    if fault == Some(FaultAction::Hang) {
        // Ends when the client goes away or the stand-in stops.
        std::future::pending::<()>().await;
    }
    if fault == Some(FaultAction::DropBefore) {
        return Err(Cut);
    }
    if let Some(wait) = fault.as_ref().and_then(FaultAction::wait) {
        tokio::time::sleep(wait).await;
    }
    let refusal = fault.as_ref().and_then(|fault| reply::refusal(&shared, fault));
    let (route, answer) = match (refusal, git) {
        (Some(answer), _) => (String::new(), answer),
        (None, Some(request)) => git::answer(&shared, &request, &call).await,
        (None, None) => rest(Arc::clone(&shared), call, sequence).await,
    };
    let (answer, cut) = reply::damage(answer, fault.as_ref());
    reply::finish(&shared, sequence, route, answer, cut)
}

/// Notes the request and picks the fault that meets it.
fn arrive(shared: &Shared, call: &Call, git: bool) -> (u64, Option<FaultAction>) {
    let mut world = shared.world();
    let fault = faults::select(&mut world.faults, &call.method, &call.full_path, git);
    let sequence = world.next_request();
    world.requests.push(RequestRecord {
        sequence,
        method: call.method.clone(),
        path: if git { call.full_path.clone() } else { call.path.clone() },
        route: String::new(),
        query: call.query.clone(),
        body: call.json.clone(),
        conditional: !call.header("if-none-match").is_empty(),
        status: 0,
        response: Value::Null,
        content_type: String::new(),
        fault: fault.as_ref().map(|fault| format!("{fault:?}")),
    });
    (sequence, fault)
}

/// A REST or GraphQL request, on a thread that may block: handlers read git repositories.
async fn rest(shared: Arc<Shared>, mut call: Call, sequence: u64) -> (String, Answer) {
    let task = tokio::task::spawn_blocking(move || {
        let mut world = shared.world();
        let (route, result) = dispatch(&mut world, &mut call);
        // Recorded here too, so that the answer of a request whose client went away is known.
        if let Some(record) = world.requests.iter_mut().rev().find(|r| r.sequence == sequence) {
            record.route.clone_from(&route);
        }
        let answer = result.unwrap_or_else(|answer| answer);
        (route, reply::conditional(&call, answer))
    });
    task.await.unwrap_or_else(|error| {
        (String::new(), Answer::error(500, &format!("the stand-in failed: {error}")))
    })
}

fn dispatch(world: &mut World, call: &mut Call) -> (String, Result<Answer, Answer>) {
    if call.header("user-agent").is_empty() {
        let why = "Request forbidden by administrative rules. Please make sure your request has \
                   a User-Agent header";
        return (String::new(), Err(Answer::error(403, why)));
    }
    let version = call.header("x-github-api-version");
    if !matches!(version, "" | "2022-11-28" | "2026-03-10") {
        return (String::new(), Err(Answer::error(400, "Unsupported API version")));
    }
    if call.json.is_null() && !matches!(&call.body[..], b"" | b"null") {
        return (String::new(), Err(Answer::error(400, "Problems parsing JSON")));
    }
    let mut segments = decode_segments(&call.path);
    let by_id = by_repository_id(world, &segments);
    if let Some(named) = by_id {
        segments = named;
    }
    let Some((route, args)) = routes::find(&call.method, &segments) else {
        return (String::new(), Err(Answer::not_found()));
    };
    call.args = args;
    let name = route.template.to_owned();
    let key = super::world::slug_key(call.arg("owner"), call.arg("repo"));
    call.repository = world.names.get(&key).copied().unwrap_or(0);
    match access::authorize(world, route, call) {
        Ok(token) => call.token = token,
        Err(answer) => return (name, Err(answer)),
    }
    if let Some(moved) = moved(world, call, &segments) {
        return (name, Err(moved));
    }
    (name, (route.handler)(world, call))
}

/// `/repositories/{id}/…` as `/repos/{owner}/{name}/…`.
fn by_repository_id(world: &World, segments: &[String]) -> Option<Vec<String>> {
    let (first, rest) = segments.split_first()?;
    let (id, tail) = rest.split_first()?;
    if first != "repositories" {
        return None;
    }
    let repository = world.repositories.get(&id.parse().ok()?)?;
    let mut named = vec!["repos".to_owned(), repository.owner.clone(), repository.name.clone()];
    named.extend_from_slice(tail);
    Some(named)
}

/// The redirect of a former name: 301 for reading, 307 for writing so that the body is sent again.
fn moved(world: &World, call: &Call, segments: &[String]) -> Option<Answer> {
    let repository = world.repositories.get(&call.repository)?;
    let asked = super::world::slug_key(call.arg("owner"), call.arg("repo"));
    if asked == super::world::slug_key(&repository.owner, &repository.name) {
        return None;
    }
    let tail: String = segments
        .iter()
        .skip(3)
        .map(|part| format!("/{}", super::shapes::encode_segment(part)))
        .collect();
    let query: Vec<String> = call
        .query
        .iter()
        .map(|(key, value)| {
            use super::shapes::encode_segment;
            format!("{}={}", encode_segment(key), encode_segment(value))
        })
        .collect();
    let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
    let target = format!("{}/repositories/{}{tail}{query}", world.api, repository.id);
    let (status, message) = match call.method.as_str() {
        "GET" => (301, "Moved Permanently"),
        _ => (307, "Temporary Redirect"),
    };
    let mut answer = Answer::error(status, message);
    if let AnswerBody::Json(Value::Object(fields)) = &mut answer.body {
        fields.insert("url".to_owned(), Value::from(target.clone()));
    }
    answer.headers.push(("location", target));
    Some(answer)
}

/// The path below the REST base; GraphQL of a GHES-like base stands beside it.
fn rest_path(base: &str, path: &str) -> Option<String> {
    if !base.is_empty() && path == "/api/graphql" {
        return Some("/graphql".to_owned());
    }
    let rest = path.strip_prefix(base)?;
    rest.starts_with('/').then(|| rest.to_owned())
}

fn decode_segments(path: &str) -> Vec<String> {
    path.trim_end_matches('/').split('/').skip(1).map(|part| decode(part, false)).collect()
}

fn decode_query(query: &str) -> Vec<(String, String)> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(key, true), decode(value, true))
        })
        .collect()
}

/// Percent-decoding; what is no valid escape stays as it is.
fn decode(text: &str, plus_is_space: bool) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        rest = tail;
        match first {
            b'+' if plus_is_space => bytes.push(b' '),
            b'%' => match tail.get(..2).and_then(|digits| hex::decode(digits).ok()) {
                Some(value) => {
                    bytes.extend(value);
                    rest = tail.get(2..).unwrap_or_default();
                }
                None => bytes.push(first),
            },
            _ => bytes.push(first),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_queries_are_decoded() {
        assert_eq!(decode_segments("/a%20b/c%2Fd/"), ["a b", "c/d"]);
        assert_eq!(decode("100%", false), "100%");
        assert_eq!(
            decode_query("state=open&head=a%3Ab&x+y="),
            [
                ("state".into(), "open".into()),
                ("head".into(), "a:b".into()),
                ("x y".into(), String::new())
            ]
        );
    }

    #[test]
    fn the_base_path_is_taken_off() {
        assert_eq!(rest_path("", "/repos/a/b").as_deref(), Some("/repos/a/b"));
        assert_eq!(rest_path("/api/v3", "/api/v3/app").as_deref(), Some("/app"));
        assert_eq!(rest_path("/api/v3", "/api/graphql").as_deref(), Some("/graphql"));
        assert_eq!(rest_path("/api/v3", "/app"), None);
    }
}

//! From an answer to bytes on the wire: conditional requests, common headers, damage on purpose.

use axum::body::Body;
use bytes::Bytes;
use futures::stream;
use hyper::Response;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::answer::{Answer, AnswerBody, Call};
use super::{Cut, Shared};
use crate::standin::faults::FaultAction;

/// Requests an installation may make in an hour.
const HOURLY_LIMIT: u64 = 5_000;

/// How the answer is cut.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum CutAt {
    Nowhere,
    /// No answer at all.
    Start,
    /// Half of the body.
    Middle,
}

/// The answer of a fault that keeps the request from being applied.
pub(super) fn refusal(shared: &Shared, fault: &FaultAction) -> Option<Answer> {
    match fault {
        FaultAction::Status { code, headers, body } => {
            let bytes = Bytes::from(body.clone().into_bytes());
            let mut answer = Answer::bytes("application/json; charset=utf-8", bytes);
            answer.status = *code;
            // Only headers whose names are known to the HTTP library can be named statically.
            for (name, value) in headers {
                if let Some(known) = known_header(name) {
                    answer.headers.push((known, value.clone()));
                }
            }
            Some(answer)
        }
        FaultAction::RateLimit { retry_after } => {
            let why = "You have exceeded a secondary rate limit. Please wait a few minutes before \
                       you try again.";
            let mut answer = Answer::error(403, why);
            answer.headers.push(("retry-after", retry_after.to_string()));
            Some(answer)
        }
        FaultAction::PrimaryLimit { reset_in } => {
            let now = shared.world().now();
            let reset = now.saturating_add_unsigned(*reset_in);
            let mut answer = Answer::error(403, "API rate limit exceeded for installation.");
            answer.headers.push(("x-ratelimit-remaining", "0".to_owned()));
            answer.headers.push(("x-ratelimit-reset", reset.to_string()));
            Some(answer)
        }
        _ => None,
    }
}

fn known_header(name: &str) -> Option<&'static str> {
    const KNOWN: &[&str] = &[
        "retry-after",
        "location",
        "www-authenticate",
        "x-ratelimit-remaining",
        "x-ratelimit-reset",
        "x-ratelimit-limit",
        "content-type",
        "etag",
        "link",
    ];
    KNOWN.iter().find(|known| known.eq_ignore_ascii_case(name)).copied()
}

/// What a fault does to the answer of a request that was applied.
pub(super) fn damage(answer: Answer, fault: Option<&FaultAction>) -> (Answer, CutAt) {
    match fault {
        Some(FaultAction::DropAfter) => (answer, CutAt::Start),
        Some(FaultAction::Truncate) => (answer, CutAt::Middle),
        Some(FaultAction::StatusAfter { code }) => {
            (Answer::error(*code, "Server Error"), CutAt::Nowhere)
        }
        Some(FaultAction::Garbage) => {
            let page = "<html><body>Unicorn!</body></html>";
            (Answer::bytes("text/html; charset=utf-8", page), CutAt::Nowhere)
        }
        _ => (answer, CutAt::Nowhere),
    }
}

/// Gives reading answers an `ETag`, and turns them into 304 when the client has this content.
pub(super) fn conditional(call: &Call, mut answer: Answer) -> Answer {
    if call.method != "GET" || answer.status != 200 {
        return answer;
    }
    let digest = match &answer.body {
        AnswerBody::Empty => return answer,
        AnswerBody::Json(value) => Sha256::digest(value.to_string()),
        AnswerBody::Bytes { bytes, .. } => Sha256::digest(bytes),
    };
    let tag = format!("\"{}\"", hex::encode(digest));
    let known = call
        .header("if-none-match")
        .split(',')
        .any(|candidate| candidate.trim().trim_start_matches("W/") == tag);
    answer.headers.push(("etag", format!("W/{tag}")));
    if known {
        answer.status = 304;
        answer.body = AnswerBody::Empty;
    }
    answer
}

/// Records the answer and makes the response.
pub(super) fn finish(
    shared: &Shared,
    sequence: u64,
    route: String,
    answer: Answer,
    cut: CutAt,
) -> Result<Response<Body>, Cut> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = hyper::StatusCode::from_u16(answer.status).map_err(|_| Cut)?;
    let git = route.starts_with("git ");
    let headers = response.headers_mut();
    let (content_type, bytes, json) = encoded(answer.body);
    if let Ok(value) = HeaderValue::from_str(&content_type) {
        headers.insert(CONTENT_TYPE, value);
    }
    if !git {
        common_headers(shared, sequence, answer.status, headers);
    }
    for (name, value) in &answer.headers {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    let mut world = shared.world();
    if let Some(record) = world.requests.iter_mut().rev().find(|r| r.sequence == sequence) {
        record.route = route;
        record.status = if cut == CutAt::Start { 0 } else { answer.status };
        record.response = json;
        record.content_type = content_type;
    }
    drop(world);
    match cut {
        CutAt::Start => return Err(Cut),
        CutAt::Middle => {
            response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(bytes.len()));
            *response.body_mut() = half(&bytes);
        }
        CutAt::Nowhere => *response.body_mut() = Body::from(bytes),
    }
    Ok(response)
}

fn encoded(body: AnswerBody) -> (String, Bytes, Value) {
    match body {
        AnswerBody::Empty => (String::new(), Bytes::new(), Value::Null),
        AnswerBody::Json(value) => {
            let bytes = Bytes::from(value.to_string().into_bytes());
            ("application/json; charset=utf-8".to_owned(), bytes, value)
        }
        AnswerBody::Bytes { content_type, bytes } => (content_type, bytes, Value::Null),
    }
}

fn common_headers(shared: &Shared, sequence: u64, status: u16, headers: &mut hyper::HeaderMap) {
    let mut world = shared.world();
    if status != 304 {
        world.rate_used += 1;
    }
    let (now, used) = (world.now(), world.rate_used);
    drop(world);
    for (name, value) in [
        ("x-github-request-id", format!("57A0:{sequence:06X}")),
        ("x-github-media-type", "github.v3; format=json".to_owned()),
        ("x-github-api-version-selected", "2022-11-28".to_owned()),
        ("x-ratelimit-limit", HOURLY_LIMIT.to_string()),
        ("x-ratelimit-remaining", HOURLY_LIMIT.saturating_sub(used).to_string()),
        ("x-ratelimit-used", used.to_string()),
        ("x-ratelimit-resource", "core".to_owned()),
        ("x-ratelimit-reset", now.saturating_add(3_600).to_string()),
    ] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
}

/// Half of the bytes, then an error that makes the server drop the connection.
fn half(bytes: &Bytes) -> Body {
    let first = bytes.slice(..bytes.len() / 2);
    let steps = stream::unfold(Some(first), |state| async move {
        match state {
            Some(part) if !part.is_empty() => Some((Ok(part), Some(Bytes::new()))),
            Some(_) => {
                // Lets the connection flush what it has before the error ends it.
                tokio::task::yield_now().await;
                Some((Err(std::io::Error::other("cut on purpose")), None))
            }
            None => None,
        }
    });
    Body::from_stream(steps)
}

//! `/healthz`, `/readyz` and `/metrics`.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Serialize;

/// One thing that must work for the server to be of use.
#[derive(Clone)]
pub struct Probe {
    /// `store`, `disk`, `key`.
    pub name: &'static str,
    pub check: Arc<dyn Fn() -> ProbeFuture + Send + Sync>,
}

/// `Err` holds a short clause without internals; details go to the log.
pub type ProbeFuture = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;

impl Probe {
    pub fn new<F>(name: &'static str, check: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), String>> + Send + 'static,
    {
        Self { name, check: Arc::new(move || Box::pin(check())) }
    }
}

/// What the pages need.
#[derive(Clone)]
pub struct HealthState {
    pub probes: Arc<[Probe]>,
    /// Renders the present metrics in Prometheus' text format.
    pub metrics: Arc<dyn Fn() -> ProbeText + Send + Sync>,
}

pub type ProbeText = Pin<Box<dyn Future<Output = String> + Send>>;

#[derive(Serialize)]
struct Readiness {
    ready: bool,
    checks: Vec<CheckResult>,
}

#[derive(Serialize)]
struct CheckResult {
    name: &'static str,
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

/// The three pages.
pub fn router(state: HealthState) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(state)
}

async fn ready(State(state): State<HealthState>) -> Response {
    let mut checks = Vec::new();
    for probe in state.probes.iter() {
        let result = (probe.check)().await;
        if let Err(why) = &result {
            tracing::warn!(event = "not_ready", probe = probe.name, why);
        }
        checks.push(CheckResult { name: probe.name, ok: result.is_ok(), why: result.err() });
    }
    let ready = checks.iter().all(|check| check.ok);
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, axum::Json(Readiness { ready, checks })).into_response()
}

async fn metrics(State(state): State<HealthState>) -> Response {
    let text = (state.metrics)().await;
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}

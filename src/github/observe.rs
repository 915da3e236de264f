//! Metrics and logs of requests: operations and figures, never bodies or tokens.

use std::time::Duration;

use super::call::Call;
use super::limits::{self, Api};
use super::transport::{Failure, Incoming};

pub(super) fn record(call: &Call, outcome: &Result<Incoming, Failure>, duration: Duration) {
    let status = match outcome {
        Ok(incoming) => incoming.status.as_u16().to_string(),
        Err(Failure::Timeout(_)) => "timeout".to_owned(),
        Err(_) => "error".to_owned(),
    };
    let duration_ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    tracing::debug!(method = %call.method, operation = call.operation, status, duration_ms, "GitHub");
    let method = call.method.to_string();
    metrics::counter!("github_requests_total",
        "method" => method, "operation" => call.operation, "status" => status)
    .increment(1);
    metrics::histogram!("github_request_duration_seconds", "operation" => call.operation)
        .record(duration);
    let remaining = outcome.as_ref().ok().and_then(|incoming| {
        u32::try_from(limits::number(&incoming.headers, "x-ratelimit-remaining")?).ok()
    });
    if let Some(remaining) = remaining {
        let installation =
            call.charged.map_or_else(|| "app".to_owned(), |installation| installation.to_string());
        let api = match call.api {
            Api::Rest => "rest",
            Api::GraphQl => "graphql",
        };
        metrics::gauge!("github_rate_limit_remaining",
            "api" => api, "installation" => installation)
        .set(f64::from(remaining));
    }
}

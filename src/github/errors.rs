//! From GitHub's refusals to [`ForgeError`].

use http::StatusCode;
use serde::Deserialize;

use super::redact::redact;
use crate::ports::forge::ForgeError;

/// Characters of GitHub's message that are kept.
const MAX_MESSAGE: usize = 300;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Refusal {
    message: Option<String>,
    errors: Option<serde_json::Value>,
}

/// What GitHub says about a refusal, redacted and short. Empty if the body is not its JSON.
pub(super) fn message(body: &[u8]) -> String {
    let refusal: Refusal = serde_json::from_slice(body).unwrap_or_default();
    let mut text = refusal.message.unwrap_or_default();
    for detail in refusal.errors.as_ref().and_then(|e| e.as_array()).into_iter().flatten().take(5) {
        let said = detail.as_str().or_else(|| detail.get("message")?.as_str());
        let field = || Some((detail.get("field")?.as_str()?, detail.get("code")?.as_str()?));
        match (said, field()) {
            (Some(said), _) => text.push_str(&format!("; {said}")),
            (None, Some((field, code))) => text.push_str(&format!("; {field}: {code}")),
            (None, None) => {}
        }
    }
    let printable: String =
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_MESSAGE).collect();
    redact(&printable).into_owned()
}

/// The error for a status that is neither success nor a rate limit.
pub(super) fn refused(operation: &str, status: StatusCode, message: &str) -> ForgeError {
    let text = if message.is_empty() {
        format!("{operation}: {}", status.as_u16())
    } else {
        format!("{operation}: {} {message}", status.as_u16())
    };
    match status.as_u16() {
        404 | 410 => ForgeError::NotFound(text),
        401 | 403 | 451 => ForgeError::Forbidden(text),
        409 => ForgeError::Conflict(text),
        408 | 500.. => ForgeError::Transient(text),
        400..=499 => ForgeError::Invalid(text),
        // Redirects that lead nowhere, and a 304 that nobody asked for.
        _ => ForgeError::Transient(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_github_said() {
        let body = br#"{"message": "Validation Failed", "errors": ["line must be part of the diff",
            {"resource": "IssueComment", "field": "body", "code": "missing"}, {"message": "x"}]}"#;
        assert_eq!(
            message(body),
            "Validation Failed; line must be part of the diff; body: missing; x"
        );
        assert_eq!(message(b"<html>"), "");
        let token = format!(r#"{{"message": "no\n ghs_{}"}}"#, "a".repeat(40));
        assert_eq!(message(token.as_bytes()), "no  [redacted]");
    }

    #[test]
    fn every_status_has_a_meaning() {
        let kind = |status: u16| match refused("op", StatusCode::from_u16(status).unwrap(), "m") {
            ForgeError::NotFound(_) => "not found",
            ForgeError::Forbidden(_) => "forbidden",
            ForgeError::RateLimited { .. } => "limited",
            ForgeError::Conflict(_) => "conflict",
            ForgeError::Invalid(_) => "invalid",
            ForgeError::Transient(_) => "transient",
        };
        for (status, expected) in [
            (404, "not found"),
            (410, "not found"),
            (401, "forbidden"),
            (403, "forbidden"),
            (409, "conflict"),
            (400, "invalid"),
            (422, "invalid"),
            (415, "invalid"),
            (408, "transient"),
            (500, "transient"),
            (503, "transient"),
            (304, "transient"),
        ] {
            assert_eq!(kind(status), expected, "{status}");
        }
    }
}

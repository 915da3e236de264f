//! What was asked of the stand-in and what it answered.

use serde::Serialize;
use serde_json::Value;

/// One HTTP request, in the order of arrival. Kept also when a fault ate the answer.
#[derive(Debug, Clone, Serialize)]
pub struct RequestRecord {
    /// Counts all requests from 1, also over a clearing of the records.
    pub sequence: u64,
    pub method: String,
    /// As requested, without the query and without the REST base path.
    pub path: String,
    /// The path template of GitHub's OpenAPI description; empty when nothing matched. Git requests
    /// have `git info/refs` or `git upload-pack`.
    pub route: String,
    pub query: Vec<(String, String)>,
    /// `null` when there was none or it was no JSON.
    pub body: Value,
    /// The request carried an `If-None-Match` header.
    pub conditional: bool,
    /// As the client was meant to see it: 0 while the request runs, and when the connection was cut.
    pub status: u16,
    /// `null` when the answer was empty or no JSON.
    pub response: Value,
    pub content_type: String,
    /// The fault that met this request.
    pub fault: Option<String>,
}

impl RequestRecord {
    /// Whether the request is one that changes something: tokens, GraphQL queries and fetches are
    /// not.
    pub fn is_write(&self) -> bool {
        if matches!(self.method.as_str(), "GET" | "HEAD") || self.route.starts_with("git ") {
            return false;
        }
        match self.route.as_str() {
            "/app/installations/{installation_id}/access_tokens" => false,
            "/graphql" => self
                .body
                .get("query")
                .and_then(Value::as_str)
                .is_some_and(|query| query.trim_start().starts_with("mutation")),
            _ => true,
        }
    }
}

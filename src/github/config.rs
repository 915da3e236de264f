//! What the adapter needs to know.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use crate::ports::clock::Clock;

/// Limits on the time that one request may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Opening a TCP connection.
    pub connect: Duration,
    /// The whole exchange: connecting, sending, waiting and reading the answer.
    pub request: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect: Duration::from_secs(5), request: Duration::from_secs(20) }
    }
}

/// A GitHub App on github.com or an Enterprise Server.
pub struct GitHubConfig {
    /// Base URL of the REST API: `https://api.github.com`, `https://HOST/api/v3`, …
    pub api_url: String,
    pub app_id: u64,
    /// The App's name in URLs and in its bot account (`slug[bot]`), if it is known already.
    /// Otherwise it is asked for when a comment's author has to be told apart.
    pub app_slug: Option<String>,
    /// The App's RSA key as PEM, PKCS#1 or PKCS#8.
    pub private_key: SecretString,
    /// GitHub refuses requests without one.
    pub user_agent: String,
    pub timeouts: Timeouts,
    /// Least time between two writes to one installation. GitHub asks for a second.
    pub write_pause: Duration,
    pub clock: Arc<dyn Clock>,
}

/// The configuration cannot work. Texts never contain the key.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    #[error("the API URL `{url}` {why}")]
    Url { url: String, why: &'static str },
    #[error("the private key is not an RSA key in PEM form (PKCS#1 or PKCS#8)")]
    Key,
    #[error("the user agent is empty or has characters that a header cannot carry")]
    UserAgent,
    #[error("the certificates of this machine cannot be read: {0}")]
    Certificates(String),
    #[error("the GitHub adapter must be made inside the asynchronous runtime")]
    NoRuntime,
}

//! A registered GitHub App.

use serde::{Deserialize, Serialize};

/// What GitHub returns once for a new App, and what `/setup` keeps (mode 0600).
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredApp {
    pub app_id: u64,
    pub slug: String,
    pub webhook_secret: String,
    /// PEM.
    pub private_key: String,
}

impl std::fmt::Debug for StoredApp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StoredApp({}, {})", self.app_id, self.slug)
    }
}

//! Registering the GitHub App from its manifest.

use async_trait::async_trait;

use super::forge::ForgeError;
use crate::domain::registration::StoredApp;

#[async_trait]
pub trait AppRegistrar: Send + Sync {
    /// Exchanges the code that GitHub gave for the App's key and secrets. Works once per code,
    /// within an hour.
    async fn convert(&self, code: &str) -> Result<StoredApp, ForgeError>;
    /// The page on which GitHub takes a manifest; for an organisation's App if named.
    fn registration_url(&self, organisation: Option<&str>) -> String;
}

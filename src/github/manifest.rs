//! GitHub's App manifest flow: a code becomes an App's key and secrets.

use async_trait::async_trait;
use bytes::Bytes;
use http::Method;
use serde::Deserialize;

use super::config::{SetupError, Timeouts};
use super::endpoints::Endpoints;
use super::errors;
use super::transport::{Outgoing, Transport};
use crate::domain::registration::StoredApp;
use crate::ports::forge::ForgeError;
use crate::ports::setup::AppRegistrar;

/// Exchanges codes at one GitHub instance. Needs no credentials: the code is one.
pub struct ManifestRegistrar {
    transport: Transport,
    endpoints: Endpoints,
}

/// The fields that are kept of what GitHub returns once.
#[derive(Deserialize)]
struct Conversion {
    id: u64,
    slug: Option<String>,
    pem: String,
    webhook_secret: Option<String>,
}

impl ManifestRegistrar {
    /// Sends nothing. Must be called inside the tokio runtime.
    pub fn new(api_url: &str, user_agent: &str) -> Result<Self, SetupError> {
        let endpoints = Endpoints::from_api_url(api_url)?;
        let transport = Transport::new(endpoints.clone(), user_agent, Timeouts::default())?;
        Ok(Self { transport, endpoints })
    }
}

#[async_trait]
impl AppRegistrar for ManifestRegistrar {
    async fn convert(&self, code: &str) -> Result<StoredApp, ForgeError> {
        const OPERATION: &str = "apps/create-from-manifest";
        let url = format!("{}/app-manifests/{code}/conversions", self.endpoints.api());
        let body = Bytes::new();
        let outgoing = Outgoing {
            method: &Method::POST,
            url: &url,
            token: None,
            etag: None,
            body: Some(&body),
        };
        let answer = self
            .transport
            .exchange(&outgoing)
            .await
            .map_err(|error| ForgeError::Transient(format!("{OPERATION}: {error}")))?;
        let body =
            answer.body.map_err(|error| ForgeError::Transient(format!("{OPERATION}: {error}")))?;
        if !answer.status.is_success() {
            return Err(errors::refused(OPERATION, answer.status, &errors::message(&body)));
        }
        // The text of a failed parse could hold the key: only that it failed is passed on.
        let app: Conversion = serde_json::from_slice(&body)
            .map_err(|_| ForgeError::Invalid(format!("{OPERATION}: not the expected answer")))?;
        let webhook_secret = app.webhook_secret.filter(|secret| !secret.trim().is_empty());
        let Some(webhook_secret) = webhook_secret else {
            let why = format!("{OPERATION}: GitHub made no webhook secret");
            return Err(ForgeError::Invalid(why));
        };
        let slug = app.slug.unwrap_or_default();
        Ok(StoredApp { app_id: app.id, slug, webhook_secret, private_key: app.pem })
    }

    fn registration_url(&self, organisation: Option<&str>) -> String {
        let web = self.endpoints.git();
        match organisation {
            Some(name) => format!("{web}/organizations/{name}/settings/apps/new"),
            None => format!("{web}/settings/apps/new"),
        }
    }
}

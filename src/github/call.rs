//! What is sent, and what is made of the answer.

use bytes::Bytes;
use http::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::errors;
use super::limits::Api;
use super::transport::Incoming;
use crate::domain::event::RepoRef;
use crate::domain::ids::{InstallationId, RepoId};
use crate::ports::forge::ForgeError;

/// Whose token a call carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Scope {
    /// The App itself.
    App,
    /// Everything an installation reaches, reading only.
    Installation(InstallationId),
    /// One repository.
    Repository(InstallationId, RepoId),
    /// One repository, with the right to write branches.
    Branches(InstallationId, RepoId),
    /// The organisation's members and teams, reading only.
    Members(InstallationId),
}

impl Scope {
    pub fn of(repo: &RepoRef) -> Self {
        Self::Repository(repo.installation, repo.id)
    }

    /// For writing branches: a token that nothing else carries.
    pub fn branches_of(repo: &RepoRef) -> Self {
        Self::Branches(repo.installation, repo.id)
    }

    pub fn installation(self) -> Option<InstallationId> {
        match self {
            Self::App => None,
            Self::Installation(id)
            | Self::Repository(id, _)
            | Self::Branches(id, _)
            | Self::Members(id) => Some(id),
        }
    }
}

/// A request, without the token.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub scope: Scope,
    /// The route's template, for logs and metrics.
    pub operation: &'static str,
    pub method: Method,
    /// Below the API's base, with the query.
    pub path: String,
    pub body: Option<Bytes>,
    pub api: Api,
    /// Whose limits count. Minting a token counts for its installation.
    pub charged: Option<InstallationId>,
}

impl Call {
    pub fn get(scope: Scope, operation: &'static str, path: String) -> Self {
        Self {
            scope,
            operation,
            method: Method::GET,
            path,
            body: None,
            api: Api::Rest,
            charged: scope.installation(),
        }
    }

    pub fn send<B: Serialize>(
        method: Method,
        scope: Scope,
        operation: &'static str,
        path: String,
        body: &B,
    ) -> Result<Self, ForgeError> {
        let body = serde_json::to_vec(body)
            .map_err(|error| ForgeError::Invalid(format!("{operation}: {error}")))?;
        Ok(Self { method, body: Some(body.into()), ..Self::get(scope, operation, path) })
    }

    pub fn without_body(
        method: Method,
        scope: Scope,
        operation: &'static str,
        path: String,
    ) -> Self {
        Self { method, ..Self::get(scope, operation, path) }
    }

    pub fn graphql<B: Serialize>(scope: Scope, body: &B) -> Result<Self, ForgeError> {
        let call = Self::send(Method::POST, scope, "/graphql", String::new(), body)?;
        Ok(Self { api: Api::GraphQl, ..call })
    }

    pub fn charged_to(self, installation: InstallationId) -> Self {
        Self { charged: Some(installation), ..self }
    }

    pub fn transient(&self, why: impl std::fmt::Display) -> ForgeError {
        ForgeError::Transient(format!("{}: {why}", self.operation))
    }
}

/// A decoded answer and the query of the page after it.
pub(super) struct Page<T> {
    pub value: T,
    pub next: Option<String>,
}

pub(super) fn body_of_success(call: &Call, incoming: Incoming) -> Result<Bytes, ForgeError> {
    if incoming.status.is_success() {
        return incoming.body.map_err(|failure| call.transient(failure));
    }
    let said = incoming.body.as_ref().map(|body| errors::message(body)).unwrap_or_default();
    Err(errors::refused(call.operation, incoming.status, &said))
}

/// Error texts of serde name fields and positions, never values of strings beyond the type.
pub(super) fn decode<T: DeserializeOwned>(call: &Call, body: &[u8]) -> Result<T, ForgeError> {
    serde_json::from_slice(body)
        .map_err(|error| call.transient(format!("unreadable answer ({:?})", error.classify())))
}

//! Which token a call carries, and how installation tokens are made.

use std::pin::Pin;
use std::time::Duration;

use http::Method;
use secrecy::SecretString;
use serde::Serialize;

use super::call::{Call, Scope};
use super::client::{GitHub, locked};
use super::installation_token::InstallationToken;
use super::wire;
use crate::domain::ids::{InstallationId, RepoId};
use crate::domain::job::Timestamp;
use crate::ports::forge::ForgeError;

/// GitHub's tokens live an hour. Used when an answer does not say.
const USUAL_LIFETIME: Duration = Duration::from_secs(3600);
/// How long an installation that refused a subset of permissions is not asked for one again.
const REFUSAL_HOLDS: Duration = Duration::from_secs(3600);

/// A subset of the App's permissions.
#[derive(Clone, Copy, Serialize)]
struct Permissions {
    #[serde(skip_serializing_if = "Option::is_none")]
    checks: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    issues: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    members: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pull_requests: Option<&'static str>,
    contents: &'static str,
    metadata: &'static str,
}

/// For all repositories of an installation: reading only.
const READING: Permissions = Permissions {
    checks: None,
    issues: None,
    members: None,
    pull_requests: None,
    contents: "read",
    metadata: "read",
};

/// For one repository: what a review needs. Contents are only read, so the same token fetches.
const REVIEWING: Permissions = Permissions {
    checks: Some("write"),
    issues: Some("write"),
    members: None,
    pull_requests: Some("write"),
    contents: "read",
    metadata: "read",
};

/// For one repository: what a branch and its pull request need. Workflow files need a permission of
/// their own, which is never asked for.
const BRANCHING: Permissions =
    Permissions { contents: "write", pull_requests: Some("write"), ..READING };

/// Who is in which team.
const MEMBERS: Permissions = Permissions { members: Some("read"), ..READING };

#[derive(Serialize)]
struct Request {
    #[serde(skip_serializing_if = "Option::is_none")]
    repository_ids: Option<[RepoId; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    permissions: Option<Permissions>,
}

type Minting<'a> = Pin<Box<dyn Future<Output = Result<InstallationToken, ForgeError>> + Send + 'a>>;

impl GitHub {
    pub(super) async fn token(&self, scope: Scope) -> Result<SecretString, ForgeError> {
        let now = || self.now();
        match scope {
            Scope::App => self.app_token.at(self.now()),
            Scope::Installation(installation) => {
                self.tokens.get(scope, now, || self.mint(installation, None)).await
            }
            Scope::Repository(installation, repository) => {
                self.tokens.get(scope, now, || self.mint(installation, Some(repository))).await
            }
            Scope::Branches(installation, repository) => {
                let mint = || self.mint_granted(installation, Some(repository), BRANCHING);
                self.tokens.get(scope, now, mint).await
            }
            Scope::Members(installation) => {
                let mint = || self.mint_granted(installation, None, MEMBERS);
                self.tokens.get(scope, now, mint).await
            }
        }
    }

    /// A token with permissions that the installation need not have granted: [`ForgeError::Forbidden`]
    /// if it has not.
    fn mint_granted(
        &self,
        installation: InstallationId,
        repository: Option<RepoId>,
        permissions: Permissions,
    ) -> Minting<'_> {
        Box::pin(async move {
            let minted = self.mint_with(installation, repository, Some(permissions)).await;
            minted.map_err(unreachable_repository)
        })
    }

    pub(super) async fn forget_token(&self, scope: Scope, refused: &SecretString) {
        match scope {
            Scope::App => self.app_token.forget(),
            _ => self.tokens.forget(scope, refused, self.now()).await,
        }
    }

    /// Boxed, because making a token is itself a call with a token.
    fn mint(&self, installation: InstallationId, repository: Option<RepoId>) -> Minting<'_> {
        Box::pin(async move {
            if !self.refuses_narrowing(installation) {
                let narrow = if repository.is_some() { REVIEWING } else { READING };
                match self.mint_with(installation, repository, Some(narrow)).await {
                    // An installation that has not accepted all permissions yet.
                    Err(ForgeError::Invalid(why)) => {
                        tracing::debug!(%installation, why, "permissions cannot be narrowed");
                    }
                    outcome => return outcome,
                }
                let broad = self.mint_with(installation, repository, None).await;
                if broad.is_ok() {
                    locked(&self.broad).insert(installation, self.now());
                }
                return broad.map_err(unreachable_repository);
            }
            let broad = self.mint_with(installation, repository, None).await;
            broad.map_err(unreachable_repository)
        })
    }

    fn refuses_narrowing(&self, installation: InstallationId) -> bool {
        let mut broad = locked(&self.broad);
        match broad.get(&installation) {
            Some(since) if self.now().since(*since) < REFUSAL_HOLDS => true,
            Some(_) => {
                broad.remove(&installation);
                false
            }
            None => false,
        }
    }

    async fn mint_with(
        &self,
        installation: InstallationId,
        repository: Option<RepoId>,
        permissions: Option<Permissions>,
    ) -> Result<InstallationToken, ForgeError> {
        let call = Call::send(
            Method::POST,
            Scope::App,
            "/app/installations/{installation_id}/access_tokens",
            format!("/app/installations/{installation}/access_tokens"),
            &Request { repository_ids: repository.map(|id| [id]), permissions },
        )?
        .charged_to(installation);
        let minted_at = self.now();
        let minted: wire::Minted = self.fetch(&call).await?.value;
        let expires_at = minted
            .expires_at
            .as_deref()
            .and_then(wire::milliseconds)
            .map_or_else(|| minted_at.plus(USUAL_LIFETIME), Timestamp);
        Ok(InstallationToken::new(minted.token.into(), minted_at, expires_at))
    }
}

/// Without permissions in the request, 422 can only be about the repository; with them about what
/// was granted.
fn unreachable_repository(error: ForgeError) -> ForgeError {
    match error {
        ForgeError::Invalid(why) => ForgeError::Forbidden(why),
        other => other,
    }
}

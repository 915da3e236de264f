//! The policy of an owner's `.github` repository, for repositories that have none.

use std::time::Duration;

use moka::future::Cache;

use super::load::Loaded;
use super::{JobError, Services};
use crate::config::policy::{POLICY_PATH, Policy};
use crate::domain::event::RepoRef;
use crate::domain::ids::RepoSlug;
use crate::domain::path::RepoPath;
use crate::ports::forge::ForgeError;
use crate::rules;

/// How long an owner's policy, or its absence, is believed.
const FRESH: Duration = Duration::from_secs(600);
const MAX_OWNERS: u64 = 1_000;

/// Texts by owner; `None` = the owner has none. Cheap to clone.
#[derive(Clone)]
pub struct OwnerPolicies(Cache<String, Option<String>>);

impl Default for OwnerPolicies {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(MAX_OWNERS).time_to_live(FRESH).build())
    }
}

/// Gives a change without a policy of its own the owner's, if the operator wants that.
pub async fn apply(
    services: &Services,
    repo: &RepoRef,
    mut loaded: Loaded,
) -> Result<Loaded, JobError> {
    if loaded.has_policy || !services.options.owner_policy {
        return Ok(loaded);
    }
    let owner = &repo.slug.owner;
    let cache = &services.owner_policies.0;
    let text = match cache.get(owner).await {
        Some(known) => known,
        None => {
            let found = read(services, repo).await?;
            cache.insert(owner.clone(), found.clone()).await;
            found
        }
    };
    let path = RepoPath::new(POLICY_PATH);
    if let (Some(text), Some(path)) = (text, path) {
        let (policy, problems) = Policy::parse(&text, &path, rules::known);
        loaded.policy = policy.into();
        loaded.policy_problems = problems;
    }
    Ok(loaded)
}

async fn read(services: &Services, repo: &RepoRef) -> Result<Option<String>, ForgeError> {
    let slug = RepoSlug { owner: repo.slug.owner.clone(), name: ".github".to_owned() };
    let reader = &services.reader;
    match reader.default_branch_file(repo.installation, &slug, POLICY_PATH).await {
        // The App need not be installed there.
        Err(ForgeError::NotFound(_) | ForgeError::Forbidden(_)) => Ok(None),
        other => other,
    }
}

//! The policy in force: a repository's own at the base commit, or that of the owner's `.github`
//! repository where it has none.

use std::time::Duration;

use moka::future::Cache;

use super::load::{self, Loaded, PolicyOrigin};
use super::{JobError, Services};
use crate::config::policy::{POLICY_PATH, Policy};
use crate::domain::event::RepoRef;
use crate::domain::ids::RepoSlug;
use crate::domain::instructions::Problem;
use crate::domain::path::RepoPath;
use crate::ports::forge::ForgeError;
use crate::ports::source::{Fetched, Source, SourceError};
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

/// A policy and where it came from.
#[derive(Debug, Clone, Default)]
pub struct InForce {
    pub policy: Policy,
    pub problems: Vec<Problem>,
    pub origin: PolicyOrigin,
}

/// The policy of a commit by itself, for repositories that nobody owns: those on this machine.
pub async fn own(source: &dyn Source, fetched: &Fetched) -> Result<InForce, SourceError> {
    let (policy, problems) = load::policy(source, fetched).await?;
    let origin = load::policy_origin(source, fetched).await?;
    Ok(InForce { policy, problems, origin })
}

/// The policy in force at the base commit.
pub async fn in_force(
    services: &Services,
    repo: &RepoRef,
    fetched: &Fetched,
) -> Result<InForce, JobError> {
    let own = own(services.source.as_ref(), fetched).await?;
    if own.origin == PolicyOrigin::Repository {
        return Ok(own);
    }
    Ok(of_owner(services, repo).await?.unwrap_or(own))
}

/// The policy in force on the default branch, without a fetch.
pub async fn on_default_branch(services: &Services, repo: &RepoRef) -> Result<Policy, JobError> {
    let reader = &services.reader;
    let text = reader.default_branch_file(repo.installation, &repo.slug, POLICY_PATH).await?;
    match text.and_then(|text| parsed(&text)) {
        Some((policy, _)) => Ok(policy),
        None => Ok(of_owner(services, repo).await?.unwrap_or_default().policy),
    }
}

/// Gives a change without a policy of its own the owner's, if the operator wants that.
pub async fn apply(
    services: &Services,
    repo: &RepoRef,
    mut loaded: Loaded,
) -> Result<Loaded, JobError> {
    if loaded.origin == PolicyOrigin::Repository {
        return Ok(loaded);
    }
    if let Some(found) = of_owner(services, repo).await? {
        loaded.policy = found.policy.into();
        loaded.policy_problems = found.problems;
        loaded.origin = found.origin;
    }
    Ok(loaded)
}

async fn of_owner(services: &Services, repo: &RepoRef) -> Result<Option<InForce>, JobError> {
    let Some((policy, problems)) = text(services, repo).await?.and_then(|text| parsed(&text))
    else {
        return Ok(None);
    };
    Ok(Some(InForce { policy, problems, origin: PolicyOrigin::Owner }))
}

fn parsed(text: &str) -> Option<(Policy, Vec<Problem>)> {
    let path = RepoPath::new(POLICY_PATH)?;
    Some(Policy::parse(text, &path, rules::known))
}

/// The owner's policy as it is written; `None` if there is none or the operator wants none.
pub async fn text(services: &Services, repo: &RepoRef) -> Result<Option<String>, JobError> {
    if !services.options.owner_policy {
        return Ok(None);
    }
    let owner = &repo.slug.owner;
    let cache = &services.owner_policies.0;
    if let Some(known) = cache.get(owner).await {
        return Ok(known);
    }
    let found = read(services, repo).await?;
    cache.insert(owner.clone(), found.clone()).await;
    Ok(found)
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

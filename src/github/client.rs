//! The adapter's core: tokens, pacing, limits, the cache and retries around one exchange.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use http::{Method, StatusCode};
use secrecy::SecretString;
use serde::de::DeserializeOwned;
use tokio::sync::{OnceCell, Semaphore};

use super::app_token::AppToken;
use super::cache::{AnswerCache, CacheKey, CachedAnswer};
use super::call::{Call, Page, Scope, body_of_success, decode};
use super::config::{GitHubConfig, SetupError};
use super::endpoints::Endpoints;
use super::errors;
use super::installation_token::InstallationTokens;
use super::limits::{self, Api, Limits};
use super::observe::record;
use super::pace::{Pace, Slot};
use super::pages::next_query;
use super::transport::{Failure, Incoming, Outgoing, Transport};
use super::wire;
use crate::domain::ids::InstallationId;
use crate::domain::job::Timestamp;
use crate::ports::clock::Clock;
use crate::ports::forge::ForgeError;

/// GitHub's limit on concurrent requests.
const MAX_CONCURRENT: usize = 100;
/// Further attempts at a request that only reads.
const READ_RETRIES: u32 = 2;
/// Pages of one listing: a loop in the links must end.
const MAX_PAGES: usize = 300;
/// What GitHub allows at most.
pub(super) const PER_PAGE: usize = 100;

/// What is kept per installation, and for the App itself.
struct Account {
    /// Writes go out in the order in which they were asked for, with a pause between them.
    writing: tokio::sync::Mutex<()>,
    /// GitHub asks for one request at a time. It also means that a limit which one answer
    /// announces is known before the next request leaves.
    sending: tokio::sync::Mutex<()>,
    pace: Mutex<Pace>,
    limits: Mutex<Limits>,
}

/// GitHub, for one App.
pub struct GitHub {
    transport: Transport,
    endpoints: Endpoints,
    pub(super) app_id: u64,
    pub(super) slug: OnceCell<String>,
    pub(super) app_token: AppToken,
    pub(super) tokens: InstallationTokens,
    /// Installations that refuse a subset of permissions, and when that was.
    pub(super) broad: Mutex<HashMap<InstallationId, Timestamp>>,
    answers: AnswerCache,
    write_pause: Duration,
    accounts: Mutex<HashMap<Option<InstallationId>, Arc<Account>>>,
    concurrent: Semaphore,
    clock: Arc<dyn Clock>,
}

pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl GitHub {
    /// Checks the configuration; sends nothing. Must be called inside the tokio runtime.
    pub fn new(config: GitHubConfig) -> Result<Self, SetupError> {
        let endpoints = Endpoints::from_api_url(&config.api_url)?;
        Ok(Self {
            transport: Transport::new(endpoints.clone(), &config.user_agent, config.timeouts)?,
            endpoints,
            app_id: config.app_id,
            slug: OnceCell::new_with(config.app_slug),
            app_token: AppToken::new(config.app_id, &config.private_key)?,
            tokens: InstallationTokens::default(),
            broad: Mutex::default(),
            answers: AnswerCache::new(),
            write_pause: config.write_pause,
            accounts: Mutex::default(),
            concurrent: Semaphore::new(MAX_CONCURRENT),
            clock: config.clock,
        })
    }

    /// The addresses of this GitHub instance, e.g. for fetching by git.
    pub fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn account(&self, installation: Option<InstallationId>) -> Arc<Account> {
        let new = || {
            Arc::new(Account {
                writing: tokio::sync::Mutex::default(),
                sending: tokio::sync::Mutex::default(),
                pace: Mutex::new(Pace::new(self.write_pause)),
                limits: Mutex::default(),
            })
        };
        locked(&self.accounts).entry(installation).or_insert_with(new).clone()
    }

    /// `Err` while a limit holds for this call. A limit on the App's own calls holds for all, since
    /// tokens are made with them; and the App's own calls, which can wait, keep clear of every
    /// limit.
    fn check_limits(&self, call: &Call) -> Result<(), ForgeError> {
        let concerned: Vec<Arc<Account>> = match call.charged {
            Some(_) => vec![self.account(call.charged), self.account(None)],
            None => locked(&self.accounts).values().cloned().collect(),
        };
        let now = self.now();
        concerned.iter().try_for_each(|account| locked(&account.limits).check(call.api, now))
    }

    /// Sends a call that changes nothing (or nothing that matters, as minting a token) and decodes
    /// the answer. Transient failures, unreadable answers among them, are tried again shortly.
    pub(super) async fn fetch<T: DeserializeOwned>(
        &self,
        call: &Call,
    ) -> Result<Page<T>, ForgeError> {
        // A missing token is not worth the attempts below: minting has its own.
        self.token(call.scope).await?;
        let mut attempt = 0;
        loop {
            match self.fetch_once(call).await {
                Err(ForgeError::Transient(why)) if attempt < READ_RETRIES => {
                    tracing::debug!(operation = call.operation, attempt, why, "trying again");
                    tokio::time::sleep(backoff(attempt)).await;
                    attempt += 1;
                }
                outcome => return outcome,
            }
        }
    }

    async fn fetch_once<T: DeserializeOwned>(&self, call: &Call) -> Result<Page<T>, ForgeError> {
        let key = CacheKey { scope: call.scope, url: call.path.clone() };
        let cached = match call.method {
            Method::GET => self.answers.get(&key).await,
            _ => None,
        };
        let incoming = self.attempt(call, cached.as_deref(), None).await?;
        let next = next_query(&incoming.headers);
        if let (StatusCode::NOT_MODIFIED, Some(cached)) = (incoming.status, &cached) {
            let next = next.or_else(|| cached.next.clone());
            return Ok(Page { value: decode(call, &cached.body)?, next });
        }
        let etag = incoming.headers.get(http::header::ETAG).cloned();
        let body = body_of_success(call, incoming)?;
        // Only an answer that could be read may ever be shown again.
        let value = decode(call, &body)?;
        if let Some(etag) = etag
            && call.method == Method::GET
        {
            self.answers.put(key, CachedAnswer { etag, body, next: next.clone() }).await;
        }
        Ok(Page { value, next })
    }

    /// All pages of a listing, or the first ones with at least `limit` items.
    pub(super) async fn list<P: wire::Listing>(
        &self,
        scope: Scope,
        operation: &'static str,
        path: &str,
        query: &str,
        limit: usize,
    ) -> Result<Vec<P::Item>, ForgeError> {
        let mut items = Vec::new();
        let mut query = query.to_owned();
        for _ in 0..MAX_PAGES {
            let call = Call::get(scope, operation, format!("{path}?{query}"));
            let page = self.fetch::<P>(&call).await?;
            let found = page.value.items();
            let full = found.len() >= PER_PAGE;
            items.extend(found);
            match page.next {
                Some(next) if items.len() < limit && next != query => query = next,
                Some(_) => return Ok(items),
                None => {
                    // A full last page may get a successor without changing itself: its entity
                    // tag would then hide the items beyond it.
                    if full {
                        self.answers.forget(&CacheKey { scope, url: call.path }).await;
                    }
                    return Ok(items);
                }
            }
        }
        Err(ForgeError::Invalid(format!("{operation}: more than {MAX_PAGES} pages")))
    }

    /// Sends a write once, in turn with the installation's other writes, and decodes the answer.
    pub(super) async fn write<T: DeserializeOwned>(&self, call: &Call) -> Result<T, ForgeError> {
        let incoming = self.write_in_turn(call).await?;
        decode(call, &body_of_success(call, incoming)?)
    }

    /// As [`GitHub::write`], for answers that say nothing: a status is enough, the body may be
    /// lost on the way.
    pub(super) async fn write_only(&self, call: &Call) -> Result<(), ForgeError> {
        let incoming = self.write_in_turn(call).await?;
        if incoming.status.is_success() {
            return Ok(());
        }
        body_of_success(call, incoming).map(drop)
    }

    async fn write_in_turn(&self, call: &Call) -> Result<Incoming, ForgeError> {
        let account = self.account(call.charged);
        let _turn = account.writing.lock().await;
        self.attempt(call, None, Some(&account)).await
    }

    /// Waits until the next write may go out.
    async fn pace(&self, call: &Call, account: &Account) -> Result<(), ForgeError> {
        self.check_limits(call)?;
        let slot = locked(&account.pace).take(self.now());
        match slot {
            Slot::After(Duration::ZERO) => Ok(()),
            Slot::After(wait) => {
                tracing::debug!(operation = call.operation, wait_ms = wait.as_millis(), "pacing");
                tokio::time::sleep(wait).await;
                Ok(())
            }
            Slot::NotBefore(until) => {
                let why = "own limit on writes in an hour".to_owned();
                Err(ForgeError::RateLimited { until, why })
            }
        }
    }

    /// Sends with a token, and once more with a new one if GitHub refuses it: a request that was
    /// answered 401 was not applied. A write is paced by its account.
    async fn attempt(
        &self,
        call: &Call,
        cached: Option<&CachedAnswer>,
        paced_by: Option<&Account>,
    ) -> Result<Incoming, ForgeError> {
        let mut refused: Option<SecretString> = None;
        loop {
            if let Some(token) = &refused {
                self.forget_token(call.scope, token).await;
            }
            let token = self.token(call.scope).await?;
            if let Some(account) = paced_by {
                self.pace(call, account).await?;
            }
            let outcome = self.exchange(call, &token, cached).await;
            if let Some(account) = paced_by {
                locked(&account.pace).answered(self.now());
            }
            let incoming = outcome?;
            if incoming.status != StatusCode::UNAUTHORIZED || refused.is_some() {
                return Ok(incoming);
            }
            refused = Some(token);
        }
    }

    async fn exchange(
        &self,
        call: &Call,
        token: &SecretString,
        cached: Option<&CachedAnswer>,
    ) -> Result<Incoming, ForgeError> {
        let url = match call.api {
            Api::Rest => format!("{}{}", self.endpoints.api(), call.path),
            Api::GraphQl => self.endpoints.graphql().to_owned(),
        };
        let outgoing = Outgoing {
            method: &call.method,
            url: &url,
            token: Some(token),
            etag: cached.map(|cached| &cached.etag),
            body: call.body.as_ref(),
        };
        let account = self.account(call.charged);
        let _turn = account.sending.lock().await;
        let _permit = self.concurrent.acquire().await.map_err(|error| call.transient(error))?;
        self.check_limits(call)?;
        let started = Instant::now();
        let outcome = self.transport.exchange(&outgoing).await;
        record(call, &outcome, started.elapsed());
        let incoming = outcome.map_err(|failure| match failure {
            Failure::Redirect => ForgeError::Forbidden(format!("{}: {failure}", call.operation)),
            Failure::Request => ForgeError::Invalid(format!("{}: {failure}", call.operation)),
            Failure::Timeout(_) | Failure::Network(_) => call.transient(failure),
        })?;
        let said = incoming.body.as_ref().map(|body| errors::message(body)).unwrap_or_default();
        match limits::detect(incoming.status, &incoming.headers, &said, self.now()) {
            Some(limited) => {
                locked(&account.limits).remember(call.api, &limited);
                Err(limited.error())
            }
            None => Ok(incoming),
        }
    }

    /// Remembers a limit that an answer with status 200 announced.
    pub(super) fn limited(&self, call: &Call) -> ForgeError {
        let limited = limits::Limited::primary(&http::HeaderMap::new(), self.now());
        locked(&self.account(call.charged).limits).remember(call.api, &limited);
        limited.error()
    }
}

/// 0.1 to 0.3 s, then 0.4 to 0.8 s.
fn backoff(attempt: u32) -> Duration {
    let range = if attempt == 0 { 100..=300 } else { 400..=800 };
    Duration::from_millis(fastrand::u64(range))
}

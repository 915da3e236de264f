//! Installation tokens, each narrowed to one repository where possible, made once however many
//! calls ask for one at the same time.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::call::Scope;
use crate::domain::job::Timestamp;
use crate::ports::forge::ForgeError;

/// A token is replaced when less than this part of its life is left.
const REFRESH_BELOW: u32 = 5;
/// Assumed for a token that seems to be expired already: the clocks differ.
const LEAST_LIFETIME: Duration = Duration::from_secs(60);
/// Tokens that are kept before old ones are looked for.
const MANY: usize = 4096;

#[derive(Clone)]
pub(super) struct InstallationToken {
    secret: SecretString,
    refresh_at: Timestamp,
    expires_at: Timestamp,
}

impl InstallationToken {
    pub fn new(secret: SecretString, minted_at: Timestamp, expires_at: Timestamp) -> Self {
        let lifetime = expires_at.since(minted_at);
        let lifetime = if lifetime.is_zero() { LEAST_LIFETIME } else { lifetime };
        let refresh_at = minted_at.plus(lifetime - lifetime / REFRESH_BELOW);
        Self { secret, refresh_at, expires_at: minted_at.plus(lifetime) }
    }

    fn is_fresh(&self, now: Timestamp) -> bool {
        now < self.refresh_at
    }
}

#[derive(Default)]
struct Slot {
    /// Held while a token is made, so that others wait for it.
    token: tokio::sync::Mutex<Made>,
    /// Counts failed attempts, so that those who waited through one share its error.
    failures: AtomicU64,
}

#[derive(Default)]
struct Made {
    token: Option<InstallationToken>,
    error: Option<ForgeError>,
}

#[derive(Default)]
pub(super) struct InstallationTokens {
    slots: Mutex<HashMap<Scope, Arc<Slot>>>,
}

impl InstallationTokens {
    /// The present token of a scope, made by `mint` if there is none or it gets old.
    pub async fn get<F>(
        &self,
        scope: Scope,
        now: impl Fn() -> Timestamp,
        mint: impl FnOnce() -> F,
    ) -> Result<SecretString, ForgeError>
    where
        F: Future<Output = Result<InstallationToken, ForgeError>>,
    {
        let slot = self.slot(scope, now());
        let failures_before = slot.failures.load(Ordering::Acquire);
        let mut made = slot.token.lock().await;
        if let Some(token) = made.token.as_ref().filter(|token| token.is_fresh(now())) {
            return Ok(token.secret.clone());
        }
        if slot.failures.load(Ordering::Acquire) != failures_before
            && let Some(error) = &made.error
        {
            return Err(error.clone());
        }
        match mint().await {
            Ok(token) => {
                let secret = token.secret.clone();
                *made = Made { token: Some(token), error: None };
                Ok(secret)
            }
            Err(error) => {
                // An old token still serves when a new one cannot be had just now.
                if let (ForgeError::Transient(_), Some(old)) = (&error, &made.token)
                    && now() < old.expires_at
                {
                    return Ok(old.secret.clone());
                }
                *made = Made { token: None, error: Some(error.clone()) };
                slot.failures.fetch_add(1, Ordering::Release);
                Err(error)
            }
        }
    }

    /// Forgets a token that GitHub refused, unless it was replaced meanwhile.
    pub async fn forget(&self, scope: Scope, refused: &SecretString, now: Timestamp) {
        let slot = self.slot(scope, now);
        let mut made = slot.token.lock().await;
        let same =
            |token: &InstallationToken| token.secret.expose_secret() == refused.expose_secret();
        if made.token.as_ref().is_some_and(same) {
            made.token = None;
        }
    }

    fn slot(&self, scope: Scope, now: Timestamp) -> Arc<Slot> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.len() >= MANY && !slots.contains_key(&scope) {
            slots.retain(|_, slot| {
                Arc::strong_count(slot) > 1
                    || slot.token.try_lock().is_ok_and(|made| {
                        made.token.as_ref().is_some_and(|token| token.is_fresh(now))
                    })
            });
        }
        slots.entry(scope).or_default().clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::InstallationId;

    const SCOPE: Scope = Scope::Installation(InstallationId(1));

    async fn get(
        tokens: &InstallationTokens,
        now: i64,
        minted: Result<&str, ForgeError>,
    ) -> Result<String, ForgeError> {
        let now = Timestamp(now);
        let minted =
            minted.map(|text| InstallationToken::new(text.into(), now, now.plus(LEAST_LIFETIME)));
        let token = tokens.get(SCOPE, || now, || async { minted }).await;
        token.map(|secret| secret.expose_secret().to_owned())
    }

    #[tokio::test]
    async fn keeps_a_token_until_it_is_old_or_refused() {
        let tokens = InstallationTokens::default();
        assert_eq!(get(&tokens, 0, Ok("one")).await.unwrap(), "one");
        assert_eq!(get(&tokens, 47_000, Ok("two")).await.unwrap(), "one");
        assert_eq!(get(&tokens, 48_000, Ok("two")).await.unwrap(), "two");
        tokens.forget(SCOPE, &"one".into(), Timestamp(48_000)).await;
        assert_eq!(get(&tokens, 48_000, Ok("three")).await.unwrap(), "two");
        tokens.forget(SCOPE, &"two".into(), Timestamp(48_000)).await;
        assert_eq!(get(&tokens, 48_000, Ok("three")).await.unwrap(), "three");
    }

    #[tokio::test]
    async fn an_old_token_serves_while_none_can_be_made() {
        let tokens = InstallationTokens::default();
        get(&tokens, 0, Ok("one")).await.unwrap();
        let transient = || Err(ForgeError::Transient("down".to_owned()));
        assert_eq!(get(&tokens, 50_000, transient()).await.unwrap(), "one");
        assert!(get(&tokens, 60_000, transient()).await.is_err());
        assert_eq!(get(&tokens, 60_001, Ok("two")).await.unwrap(), "two");
    }

    fn token(lifetime_ms: i64) -> InstallationToken {
        InstallationToken::new("t".into(), Timestamp(1_000), Timestamp(1_000 + lifetime_ms))
    }

    #[test]
    fn is_replaced_when_a_fifth_of_its_life_is_left() {
        assert_eq!(token(3_600_000).refresh_at, Timestamp(1_000 + 2_880_000));
        assert_eq!(token(6_000).refresh_at, Timestamp(5_800));
        assert_eq!(token(-5).refresh_at, Timestamp(49_000));
    }
}

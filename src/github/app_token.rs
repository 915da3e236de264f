//! The App's own token: a short-lived JSON web token, signed with its private key.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use octocrab::jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use super::config::SetupError;
use crate::domain::job::Timestamp;
use crate::ports::forge::ForgeError;

/// Clocks differ: GitHub recommends to date the token back.
const ISSUED_BEFORE: Duration = Duration::from_secs(60);
/// GitHub allows ten minutes; two are left for clocks that are ahead.
const LIFETIME: Duration = Duration::from_secs(8 * 60);
/// A cached token is used only while it lives this much longer.
const MARGIN: Duration = Duration::from_secs(2 * 60);

/// Signs tokens and keeps the present one, because a signature costs most of a millisecond.
pub(super) struct AppToken {
    app_id: u64,
    key: EncodingKey,
    cached: Mutex<Option<(SecretString, Timestamp)>>,
}

#[derive(Serialize)]
struct Claims {
    iss: String,
    iat: i64,
    exp: i64,
}

impl AppToken {
    pub fn new(app_id: u64, pem: &SecretString) -> Result<Self, SetupError> {
        let key = EncodingKey::from_rsa_pem(pem.expose_secret().trim().as_bytes())
            .map_err(|_| SetupError::Key)?;
        let token = Self { app_id, key, cached: Mutex::new(None) };
        // A key that parses may still be unusable: find out now, not at the first webhook.
        token.sign(Timestamp(0)).map_err(|_| SetupError::Key)?;
        Ok(token)
    }

    /// A token that is valid at `now` and for a while after.
    pub fn at(&self, now: Timestamp) -> Result<SecretString, ForgeError> {
        let mut cached = self.cached.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((token, expires)) = &*cached
            && expires.since(now) > MARGIN
            // A clock that was set back makes a token from the future, which GitHub refuses.
            && expires.since(now) <= LIFETIME
        {
            return Ok(token.clone());
        }
        let token = self.sign(now)?;
        *cached = Some((token.clone(), now.plus(LIFETIME)));
        Ok(token)
    }

    /// Forgets the cached token, after GitHub refused it.
    pub fn forget(&self) {
        *self.cached.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn sign(&self, now: Timestamp) -> Result<SecretString, ForgeError> {
        let seconds = now.0.div_euclid(1000);
        let claims = Claims {
            iss: self.app_id.to_string(),
            iat: seconds.saturating_sub_unsigned(ISSUED_BEFORE.as_secs()),
            exp: seconds.saturating_add_unsigned(LIFETIME.as_secs()),
        };
        encode(&Header::new(Algorithm::RS256), &claims, &self.key)
            .map(SecretString::from)
            .map_err(|_| ForgeError::Forbidden("the App's token cannot be signed".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    const PEM: &str = include_str!("../../fixtures/github/test-app-key.pem");

    fn claims(token: &SecretString) -> serde_json::Value {
        let payload = token.expose_secret().split('.').nth(1).unwrap().to_owned();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
    }

    #[test]
    fn claims_stay_inside_githubs_limits() {
        let app = AppToken::new(77, &PEM.into()).unwrap();
        let token = app.at(Timestamp(1_000_000_000)).unwrap();
        let expected = serde_json::json!({ "iss": "77", "iat": 999_940, "exp": 1_000_480 });
        assert_eq!(claims(&token), expected);
    }

    #[test]
    fn reads_both_forms_of_a_key() {
        let pkcs8 = include_str!("../../fixtures/github/test-app-key-pkcs8.pem");
        let sign = |pem: &str| {
            let app = AppToken::new(77, &pem.into()).unwrap();
            app.at(Timestamp(0)).unwrap().expose_secret().to_owned()
        };
        assert_eq!(sign(PEM), sign(pkcs8));
    }

    #[test]
    fn reuses_a_token_until_it_gets_old() {
        let app = AppToken::new(77, &PEM.into()).unwrap();
        let exp = |ms| claims(&app.at(Timestamp(ms)).unwrap())["exp"].as_i64().unwrap();
        assert_eq!(exp(0), 480);
        assert_eq!(exp(359_000), 480);
        assert_eq!(exp(361_000), 841);
        app.forget();
        assert_eq!(exp(362_000), 842);
        assert_eq!(exp(0), 480, "the clock was set back");
    }

    #[test]
    fn refuses_keys_that_cannot_sign() {
        for bad in ["", "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----"] {
            assert!(matches!(AppToken::new(1, &bad.into()), Err(SetupError::Key)));
        }
    }
}

//! The App's RSA key pair: made at run time, so that no private key is ever stored with the code.

use std::sync::OnceLock;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use octocrab::jsonwebtoken::{self, Algorithm, DecodingKey, Validation};
use serde::Deserialize;

use super::StandinError;

/// A key pair in PEM: PKCS#8 and SubjectPublicKeyInfo.
pub(super) struct AppKey {
    pub private_pem: String,
    public_pem: String,
}

/// What GitHub reads from an App's JSON Web Token.
#[derive(Debug, Deserialize)]
pub(super) struct AppClaims {
    pub iss: serde_json::Value,
    pub iat: i64,
    pub exp: i64,
}

/// One key pair per process: making an RSA key takes up to a second, and a test binary starts
/// dozens of stand-ins.
pub(super) fn process_key() -> Result<&'static AppKey, StandinError> {
    static KEY: OnceLock<AppKey> = OnceLock::new();
    if let Some(key) = KEY.get() {
        return Ok(key);
    }
    let made = generate()?;
    Ok(KEY.get_or_init(|| made))
}

fn generate() -> Result<AppKey, StandinError> {
    let refused = |_| StandinError::Key("the cryptography library made no RSA key".to_owned());
    let pair = KeyPair::generate(KeySize::Rsa2048).map_err(refused)?;
    let private: Pkcs8V1Der<'static> = pair.as_der().map_err(refused)?;
    let public: PublicKeyX509Der<'static> = pair.public_key().as_der().map_err(refused)?;
    Ok(AppKey {
        private_pem: pem("PRIVATE KEY", private.as_ref()),
        public_pem: pem("PUBLIC KEY", public.as_ref()),
    })
}

fn pem(label: &str, der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    let mut text = format!("-----BEGIN {label}-----\n");
    for (index, character) in body.chars().enumerate() {
        if index > 0 && index % 64 == 0 {
            text.push('\n');
        }
        text.push(character);
    }
    text.push_str(&format!("\n-----END {label}-----\n"));
    text
}

impl AppKey {
    /// Checks the signature only. The caller compares the claims with its own clock.
    pub fn verify(&self, token: &str) -> Result<AppClaims, jsonwebtoken::errors::Error> {
        let key = DecodingKey::from_rsa_pem(self.public_pem.as_bytes())?;
        let mut validation = Validation::new(Algorithm::RS256);
        validation.validate_exp = false;
        validation.validate_aud = false;
        validation.required_spec_claims.clear();
        jsonwebtoken::decode::<AppClaims>(token, &key, &validation).map(|data| data.claims)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use octocrab::jsonwebtoken::{EncodingKey, Header};

    #[test]
    fn a_token_signed_with_the_private_key_verifies_and_another_does_not() {
        let key = generate().unwrap();
        let other = generate().unwrap();
        let claims = serde_json::json!({"iss": "7", "iat": 1, "exp": 2});
        let sign = |pem: &str| {
            let encoding = EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap();
            jsonwebtoken::encode(&Header::new(Algorithm::RS256), &claims, &encoding).unwrap()
        };
        assert_eq!(key.verify(&sign(&key.private_pem)).unwrap().exp, 2);
        assert!(key.verify(&sign(&other.private_pem)).is_err());
    }
}

//! The signature of a delivery (`X-Hub-Signature-256`).

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// Secrets that are tried: the present one and, during a rotation, the one before.
pub const MAX_SECRETS: usize = 2;

const PREFIX: &str = "sha256=";

/// Why a delivery is refused. The sender is told none of this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// No secret is configured: nothing can be verified, so nothing is accepted.
    #[error("no webhook secret is configured")]
    NoSecret,
    #[error("the signature header is missing")]
    Missing,
    /// Anything but `sha256=` and 64 hexadecimal digits (of either case), e.g. a SHA-1 signature.
    #[error("the signature header is not `sha256=` followed by 64 hexadecimal digits")]
    Malformed,
    #[error("the signature fits no configured secret")]
    Mismatch,
}

/// Checks the signature over the raw bytes of the body. The comparison takes the same time
/// wherever the signatures differ. Empty secrets are passed over: they would let anybody in.
pub fn verify(
    secrets: &[SecretString],
    signature_header: Option<&str>,
    body: &[u8],
) -> Result<(), SignatureError> {
    let mut usable =
        secrets.iter().take(MAX_SECRETS).filter(|s| !s.expose_secret().is_empty()).peekable();
    if usable.peek().is_none() {
        return Err(SignatureError::NoSecret);
    }
    let header = signature_header.ok_or(SignatureError::Missing)?;
    let digits = header.strip_prefix(PREFIX).ok_or(SignatureError::Malformed)?;
    let mut signature = [0_u8; 32];
    hex::decode_to_slice(digits, &mut signature).map_err(|_| SignatureError::Malformed)?;
    let fits = usable.any(|secret| {
        Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes())
            .is_ok_and(|mac| mac.chain_update(body).verify_slice(&signature).is_ok())
    });
    if fits { Ok(()) } else { Err(SignatureError::Mismatch) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of GitHub's documentation on validating deliveries.
    const SECRET: &str = "It's a Secret to Everybody";
    const BODY: &[u8] = b"Hello, World!";
    const SIGNATURE: &str =
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

    fn secrets(texts: &[&str]) -> Vec<SecretString> {
        texts.iter().map(|text| SecretString::from(*text)).collect()
    }

    #[test]
    fn accepts_the_documented_example() {
        assert_eq!(verify(&secrets(&[SECRET]), Some(SIGNATURE), BODY), Ok(()));
    }

    #[test]
    fn accepts_upper_case_digits() {
        let upper = format!("sha256={}", SIGNATURE[7..].to_ascii_uppercase());
        assert_eq!(verify(&secrets(&[SECRET]), Some(&upper), BODY), Ok(()));
    }

    #[test]
    fn accepts_the_secret_before_the_rotation() {
        assert_eq!(verify(&secrets(&["new", SECRET]), Some(SIGNATURE), BODY), Ok(()));
        assert_eq!(
            verify(&secrets(&["new", "newer", SECRET]), Some(SIGNATURE), BODY),
            Err(SignatureError::Mismatch)
        );
    }

    #[test]
    fn refuses_other_bodies_and_secrets() {
        let mismatch = Err(SignatureError::Mismatch);
        assert_eq!(verify(&secrets(&[SECRET]), Some(SIGNATURE), b"Hello, World"), mismatch);
        assert_eq!(verify(&secrets(&["other"]), Some(SIGNATURE), BODY), mismatch);
    }

    #[test]
    fn refuses_odd_headers() {
        let one = secrets(&[SECRET]);
        assert_eq!(verify(&one, None, BODY), Err(SignatureError::Missing));
        let longer = format!("{SIGNATURE}00");
        for bad in ["", "sha256=", "sha1=757107ea0eb2509fc211", &SIGNATURE[7..], &SIGNATURE[..30]]
            .into_iter()
            .chain([longer.as_str(), "sha256=zz7107ea0eb2509fc211221cce984b8a37570b6d7586c22c"])
        {
            assert_eq!(verify(&one, Some(bad), BODY), Err(SignatureError::Malformed), "{bad}");
        }
    }

    #[test]
    fn refuses_everything_without_a_secret() {
        assert_eq!(verify(&[], Some(SIGNATURE), BODY), Err(SignatureError::NoSecret));
        assert_eq!(verify(&secrets(&[""]), Some(SIGNATURE), BODY), Err(SignatureError::NoSecret));
    }
}

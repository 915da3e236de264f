//! Takes credentials out of text that is going to be logged.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;

const REDACTED: &str = "[redacted]";

/// GitHub's own tokens of every kind, JSON web tokens, and whatever follows an authentication
/// scheme. Installation tokens have held dots, hyphens and underscores since 2026.
static CREDENTIALS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?x)
        gh[a-z]_[A-Za-z0-9._-]{20,}
        | github_pat_[A-Za-z0-9_]{20,}
        | eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)?
        | (?i:\b(?:bearer|basic|token)\ +)[A-Za-z0-9._~+/=-]{16,}
        ",
    )
    .ok()
});

/// The text without anything that looks like a credential. Should the pattern ever fail to
/// compile, nothing of the text is shown.
pub fn redact(text: &str) -> Cow<'_, str> {
    match &*CREDENTIALS {
        Some(pattern) => pattern.replace_all(text, REDACTED),
        None => Cow::Borrowed(REDACTED),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_out_credentials() {
        let stateless = format!("ghs_12345_eyJhbGciOi.{}.{}", "a".repeat(300), "b-_".repeat(60));
        for secret in [
            stateless.as_str(),
            "ghp_0123456789abcdefghijABCDEFGHIJ012345",
            "github_pat_11AAAAAAA0123456789_abcdefghijklmnop",
            "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIxIn0.c2lnbmF0dXJl",
            "Bearer 0123456789abcdef0123",
            "basic eC1hY2Nlc3MtdG9rZW46c2VjcmV0",
        ] {
            let shown = redact(&format!("call failed ({secret}), giving up")).into_owned();
            assert_eq!(shown, "call failed ([redacted]), giving up");
        }
    }

    #[test]
    fn leaves_other_text_alone() {
        for text in ["Bad credentials", "token expired", "ghs_short", "sha 0123456789abcdef01234"] {
            assert_eq!(redact(text), text);
        }
    }

    #[test]
    fn the_pattern_compiles() {
        assert!(CREDENTIALS.is_some());
    }
}

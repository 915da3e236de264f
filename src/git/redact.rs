//! Taking secrets out of what the git program says.

use std::sync::LazyLock;

use regex::Regex;

const MASK: &str = "[redacted]";

/// GitHub's token formats, credentials inside addresses, and authorization headers.
static SECRETS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?x)
        \bgh[a-z]_[A-Za-z0-9._-]{16,}
        | \bgithub_pat_[A-Za-z0-9_]{16,}
        | (?i:authorization:\s*\S+(?:\s+\S+)?)
        | (?-x://[^\s/@]+@)
        ",
    )
    .ok()
});

/// The text without the given secrets, without anything that looks like one, and without control
/// characters other than line breaks.
pub(super) fn redact(text: &str, secrets: &[String]) -> String {
    let mut clean: String =
        text.chars().map(|c| if c.is_control() && c != '\n' { ' ' } else { c }).collect();
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        clean = clean.replace(secret.as_str(), MASK);
    }
    match SECRETS.as_ref() {
        Some(pattern) => pattern.replace_all(&clean, MASK).into_owned(),
        None => MASK.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_secret_is_left() {
        let given = vec!["s3cr3t-value".to_owned()];
        let text = "a s3cr3t-value b\nhttps://u:pw@h/x ghs_0123456789abcdef.x-y_z\n\
                    Authorization: Basic eHg=\x1b[31m end";
        let clean = redact(text, &given);
        for secret in ["s3cr3t", "pw@", "0123456789", "eHg", "\x1b"] {
            assert!(!clean.contains(secret), "{secret}: {clean}");
        }
        assert!(clean.starts_with("a [redacted] b\nhttps:[redacted]h/x"), "{clean}");
        assert!(clean.ends_with("end"));
    }
}

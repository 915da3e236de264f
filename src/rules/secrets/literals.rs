//! Secrets that only their surroundings give away: private keys, passwords in addresses, and
//! values assigned to names of secrets.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::shape::{entropy, is_example_token, is_stand_in, names_secret};
use crate::domain::change::Text;

fn compiled(pattern: &str) -> Option<Regex> {
    Regex::new(pattern).ok()
}

static KEY_HEADER: LazyLock<Option<Regex>> =
    LazyLock::new(|| compiled(r"-----BEGIN ((?:[A-Z0-9]+ )*)PRIVATE KEY(?: BLOCK)?-----(.*)"));

/// A private key that begins on a line.
pub(super) struct PrivateKey {
    /// `RSA`, `EC`, `OPENSSH`; empty for PKCS #8.
    pub kind: String,
    pub encrypted: bool,
    /// What of the key stands on the line of its header.
    pub on_line: String,
}

/// The private key whose header stands on that line, if key text follows.
pub(super) fn private_key(text: &Text, line: u32) -> Option<PrivateKey> {
    let captures = KEY_HEADER.as_ref()?.captures(text.line(line)?)?;
    let kind = captures.get(1).map_or("", |kind| kind.as_str()).trim().to_owned();
    let on_line = captures.get(2).map_or("", |rest| rest.as_str()).to_owned();
    let mut body = on_line.replace("\\n", "\n").replace("\\r", "");
    let mut headers = String::new();
    for number in line.saturating_add(1)..line.saturating_add(8) {
        let Some(next) = text.line(number) else { break };
        let next = next.trim().trim_matches(['"', '\'', '+', ',', '`']).trim();
        if next.contains("-----END") {
            break;
        }
        if next.contains(": ") {
            headers.push_str(next);
        } else {
            body.push('\n');
            body.push_str(next.trim_end_matches("\\n"));
        }
    }
    let material: String = body
        .split("-----END")
        .next()?
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '='))
        .collect();
    // A pattern that looks for keys has what no key has.
    // A literal that ends right after the header is one too.
    let pattern =
        on_line.contains(['[', '(', '*', '$', '^']) || on_line.starts_with(['"', '\'', '`']);
    let real = !pattern
        && material.len() >= 48
        && entropy(&material) >= 3.5
        && !is_example_token(&material);
    let encrypted = kind.contains("ENCRYPTED") || headers.contains("ENCRYPTED");
    real.then_some(PrivateKey { kind, encrypted, on_line })
}

static URL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    compiled(
        r#"([A-Za-z][A-Za-z0-9+.-]{1,30})://([^\s:/@"'`<>?#]*):([^\s/@"'`<>]+)@([A-Za-z0-9_.\[\]:-]+)"#,
    )
});

/// A password in an address.
pub(super) struct UrlPassword {
    pub scheme: String,
    pub host: String,
    /// Bytes of the password.
    pub range: Range<usize>,
}

pub(super) fn url_passwords(text: &str) -> Vec<UrlPassword> {
    let Some(pattern) = URL.as_ref() else { return Vec::new() };
    let found = pattern.captures_iter(text).filter_map(|captures| {
        let part = |index| captures.get(index).map_or("", |part: regex::Match<'_>| part.as_str());
        let (user, password, host) = (part(2), part(3), part(4));
        let decided_later = password.contains(['$', '{', '}', '%', '*', '(', ')', '[', ']']);
        let told = !password.eq_ignore_ascii_case(user) && !is_stand_in(password);
        (!decided_later && told && !is_local(host)).then(|| UrlPassword {
            scheme: part(1).to_owned(),
            host: host.split(':').next().unwrap_or(host).to_owned(),
            range: captures.get(3).map_or(0..0, |part| part.range()),
        })
    });
    found.collect()
}

fn is_local(host: &str) -> bool {
    let name = host.split(':').next().unwrap_or(host).to_ascii_lowercase();
    let local =
        ["localhost", "127.0.0.1", "0.0.0.0", "host.docker.internal", "host", "hostname", ""];
    local.contains(&name.as_str())
        || host.starts_with("[::1]")
        || ["example", "test", "invalid", "localhost", "local"]
            .iter()
            .any(|part| name.split('.').any(|label| label == *part))
}

static ASSIGNMENT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    compiled(
        r#"(?:\b(?:const|let|var|val|final|static|readonly|public|private|protected|String|string|auto)\s+)*([A-Za-z_][A-Za-z0-9_.-]{1,60})(?:["'`]?\s*(?::\s*(?:&?'?[A-Za-z]+\s*)?=|\s[A-Za-z]{3,10}\s*=|[:?.]=|=>|[:=])|["'`]\s*,)\s*(?:"([^"\s]{8,200})"|'([^'\s]{8,200})'|`([^`\s]{8,200})`)"#,
    )
});

static PLAIN_ASSIGNMENT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    compiled(
        r"^\s*(?:export\s+|-\s+)?([A-Za-z_][A-Za-z0-9_.-]{1,60})\s*[:=]\s*([^\s'\x22#,;]{8,200})\s*$",
    )
});

/// A literal under a secret's name.
pub(super) struct Assigned {
    pub name: String,
    pub range: Range<usize>,
}

/// Literals assigned to names of secrets; unquoted ones only where the format has no expressions.
pub(super) fn assigned(line: &str, unquoted: bool) -> Vec<Assigned> {
    let quoted = ASSIGNMENT.as_ref().into_iter().flat_map(|pattern| pattern.captures_iter(line));
    let plain = PLAIN_ASSIGNMENT.as_ref().filter(|_| unquoted);
    let plain = plain.into_iter().flat_map(|pattern| pattern.captures_iter(line));
    let found = quoted.chain(plain).filter_map(|captures| {
        let name = captures.get(1)?.as_str();
        let value = (2..=4).find_map(|index| captures.get(index))?;
        (names_secret(name) && looks_random(name, value.as_str()))
            .then(|| Assigned { name: name.to_owned(), range: value.range() })
    });
    found.collect()
}

/// Whether a value was made to be secret: mixed characters that no word, path or name has.
fn looks_random(name: &str, value: &str) -> bool {
    let has = |test: fn(&char) -> bool| value.chars().any(|c| test(&c));
    let digit = has(char::is_ascii_digit);
    let letter = has(char::is_ascii_alphabetic);
    let code = value.contains(['(', ')', '{', '}', '<', '>', '[', ']', ';', '\\', '|', ',']);
    if is_stand_in(value) || is_example_token(value) || !digit || !letter || code {
        return false;
    }
    let password = name.to_ascii_lowercase().contains("pass");
    if password {
        let mixed = has(char::is_ascii_uppercase) || has(char::is_ascii_punctuation);
        return mixed && entropy(value) >= 2.8 && !is_identifier(value);
    }
    let plain = value
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '_' | '-' | '.' | '~'));
    plain && value.len() >= 16 && entropy(value) >= 3.5 && !is_identifier(value)
}

/// Dotted, dashed or underscored words such as `my-service-v2.secret`: every part a word, perhaps
/// with a number at its end.
fn is_identifier(value: &str) -> bool {
    let uuid = value.len() == 36 && value.split('-').count() == 5;
    let word = |part: &str| {
        let letters = part.trim_end_matches(|c: char| c.is_ascii_digit());
        letters.is_empty() && part.len() <= 4
            || (letters.len() >= 2
                && part.len() - letters.len() <= 3
                && letters.chars().all(|c| c.is_ascii_alphabetic())
                && (letters.chars().skip(1).all(|c| c.is_ascii_lowercase())
                    || letters.chars().all(|c| c.is_ascii_uppercase()))
                && (letters.len() < 4 || letters.chars().any(|c| "aeiouyAEIOUY".contains(c))))
            || (part.len() <= 3 && part.starts_with('v'))
    };
    !uuid && value.split(['-', '_', '.', '/', ':']).all(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_in_addresses() {
        let found = |text: &str| url_passwords(text).len();
        assert_eq!(found("postgres://app:Kq93-zutt@db.corp.io:5432/app"), 1);
        for silent in [
            "postgres://postgres:postgres@db:5432/app",
            "postgres://app:${PASSWORD}@db.corp.io/app",
            "postgres://app:Kq93-zutt@localhost/app",
            "https://user:password@example.com",
            "postgres://app:%s@db.corp.io/app",
            "http://host:8080/a@b",
        ] {
            assert_eq!(found(silent), 0, "{silent}");
        }
    }

    #[test]
    fn literals_under_secret_names() {
        let found = |text: &str| assigned(text, true).len();
        assert_eq!(found(r#"const API_KEY: &str = "k3J9xLq82mZt5Rw0Pv7B";"#), 1);
        assert_eq!(found("jwt.secret=k3J9xLq82mZt5Rw0Pv7B"), 1);
        for written in [
            r#"const apiKey = "k3J9xLq82mZt5Rw0Pv7B""#,
            "let token = 'k3J9xLq82mZt5Rw0Pv7B';",
            r#"var secret string = "k3J9xLq82mZt5Rw0Pv7B""#,
            r#"private final String token = "k3J9xLq82mZt5Rw0Pv7B";"#,
        ] {
            assert_eq!(found(written), 1, "{written}");
        }
        for silent in [
            r#"password: "payments-db-password-v2""#,
            r#"token = os.environ["API_TOKEN_2"]"#,
            "secretName: payments-tls-2024",
            r#"api_key = "YOUR_API_KEY_1234""#,
        ] {
            assert_eq!(found(silent), 0, "{silent}");
        }
    }
}

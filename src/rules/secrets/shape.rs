//! What names and values of secrets look like, and what stands in for one in examples.

use crate::domain::path::RepoPath;

/// Words that make a name one of a secret.
const SECRET_WORDS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "token",
    "apikey",
    "credential",
    "credentials",
];

/// Words that do so before `key`.
const KEY_WORDS: &[&str] =
    &["api", "private", "access", "auth", "encryption", "signing", "secret", "master"];

/// Last words that make it the name of something about a secret.
const ABOUT_WORDS: &[&str] = &[
    "file",
    "path",
    "dir",
    "url",
    "uri",
    "endpoint",
    "host",
    "name",
    "id",
    "ttl",
    "expiry",
    "expires",
    "expiration",
    "expire",
    "length",
    "len",
    "min",
    "max",
    "count",
    "limit",
    "type",
    "header",
    "field",
    "prefix",
    "suffix",
    "policy",
    "enabled",
    "required",
    "env",
    "var",
    "ref",
    "arn",
    "version",
    "algorithm",
    "alg",
    "issuer",
    "audience",
    "lifetime",
    "seconds",
    "minutes",
    "hours",
    "days",
    "timeout",
    "size",
    "regex",
    "pattern",
    "hint",
    "label",
    "manager",
    "provider",
    "store",
    "backend",
    "engine",
    "mount",
    "rotation",
    "age",
    "interval",
    "input",
    "param",
    "cookie",
    "scope",
    "scopes",
];

/// Whole values that people write when there is no secret yet.
const STAND_INS: &[&str] = &[
    "password",
    "passwd",
    "pass",
    "secret",
    "token",
    "postgres",
    "mysql",
    "redis",
    "rabbitmq",
    "root",
    "admin",
    "guest",
    "user",
    "username",
    "default",
    "null",
    "none",
    "nil",
    "true",
    "false",
    "foo",
    "bar",
    "baz",
    "dev",
    "local",
    "test",
    "testing",
    "mongo",
    "minio",
    "minioadmin",
    "undefined",
    "string",
    "unset",
    "empty",
    "required",
    "optional",
    "value",
    "key",
    "apikey",
    "api_key",
];

/// Parts that show that the value is not meant as one.
const STAND_IN_PARTS: &[&str] = &[
    "example",
    "placeholder",
    "changeme",
    "change_me",
    "change-me",
    "changeit",
    "changethis",
    "change_this",
    "change-this",
    "replace",
    "your_",
    "your-",
    "yourpass",
    "yoursecret",
    "yourtoken",
    "xxxx",
    "dummy",
    "sample",
    "insert",
    "redacted",
    "todo",
    "fixme",
    "fake",
    "notreal",
    "not-a-real",
    "not_a_real",
    "not-secret",
    "notsecret",
    "testing",
    "test-",
    "test_",
    "-test",
    "_test",
    "testpass",
    "testsecret",
    "testkey",
    "development",
    "localdev",
    "123456",
    "abcdef",
    "qwerty",
    "****",
    "....",
    "0000000",
    "mysecret",
    "mypass",
    "my-secret",
    "my_secret",
    "supersecret",
    "super-secret",
    "super_secret",
    "insecure",
    "deadbeef",
    "foobar",
];

/// The same for values of a fixed random form, where a short word may occur by chance.
const TOKEN_STAND_INS: &[&str] = &[
    "example",
    "placeholder",
    "changeme",
    "xxxxx",
    "dummy",
    "sample",
    "redacted",
    "fake_",
    "fake-",
    "123456789",
    "abcdefgh",
    "00000000",
    "your_",
    "your-",
    "test_test",
    "aaaaaaaa",
    "deadbeef",
    "notreal",
];

/// Lower-cased words of an identifier in any of the usual styles.
fn words_of(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut current = String::new();
    let mut last_was_lower = false;
    for c in name.chars() {
        let splits = !c.is_alphanumeric() || (c.is_uppercase() && last_was_lower);
        if splits && !current.is_empty() {
            words.push(std::mem::take(&mut current));
        }
        if c.is_alphanumeric() {
            current.extend(c.to_lowercase());
        }
        last_was_lower = c.is_lowercase() || c.is_ascii_digit();
    }
    if !current.is_empty() {
        words.push(current);
    }
    words
}

/// Whether a variable or key of this name holds a secret.
pub(in crate::rules) fn names_secret(name: &str) -> bool {
    let words = words_of(name);
    let Some(last) = words.last() else { return false };
    if ABOUT_WORDS.contains(&last.as_str()) {
        return false;
    }
    let secret = words.iter().any(|word| SECRET_WORDS.contains(&word.as_str()));
    let key = words.windows(2).any(|pair| match pair {
        [first, second] => second == "key" && KEY_WORDS.contains(&first.as_str()),
        _ => false,
    });
    // "public key", "token count" and the like.
    let harmless = words.iter().any(|word| matches!(word.as_str(), "public" | "tokenizer"));
    (secret || key) && !harmless
}

/// Whether a value under a secret's name is a stand-in, a reference or a setting rather than a
/// secret.
pub(in crate::rules) fn is_stand_in(value: &str) -> bool {
    let value = value.trim();
    let lower = value.to_ascii_lowercase();
    let reference = value.starts_with(['$', '%', '/', '.', '~', '@', '<', '['])
        || lower.contains("${")
        || lower.contains("{{")
        || lower.contains("$(")
        || lower.contains("://")
        || value.starts_with("file:")
        || value.starts_with("env:")
        || value.starts_with("arn:")
        || value.starts_with("vault:");
    value.chars().count() < 6
        || reference
        || value.contains(char::is_whitespace)
        || value.parse::<f64>().is_ok()
        || STAND_INS.contains(&lower.as_str())
        || STAND_IN_PARTS.iter().any(|part| lower.contains(part))
        || distinct(value) < 4
}

/// Whether a token of a known form is one of those printed in documentation.
pub(in crate::rules) fn is_example_token(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    TOKEN_STAND_INS.iter().any(|part| lower.contains(part)) || distinct(value) < 6
}

fn distinct(value: &str) -> usize {
    value.chars().collect::<std::collections::BTreeSet<_>>().len()
}

/// Shannon entropy in bits per character.
pub(in crate::rules) fn entropy(value: &str) -> f64 {
    let mut counts = std::collections::BTreeMap::new();
    for c in value.chars() {
        *counts.entry(c).or_insert(0_u32) += 1;
    }
    let total = f64::from(counts.values().sum::<u32>());
    counts.values().map(|count| f64::from(*count) / total).map(|share| -share * share.log2()).sum()
}

/// Whether a path holds tests, examples or documentation, where secrets are made up.
pub(in crate::rules) fn is_example_path(path: &RepoPath) -> bool {
    let name = path.file_name().to_ascii_lowercase();
    is_trial_path(path)
        || ["docs", "doc"].iter().any(|directory| path.has_directory(directory))
        || [".md", ".rst", ".adoc"].iter().any(|part| name.contains(part))
}

/// Whether a file holds tests or examples.
pub(in crate::rules) fn is_trial_path(path: &RepoPath) -> bool {
    let directories = [
        "test",
        "tests",
        "__tests__",
        "testdata",
        "test-data",
        "test_data",
        "spec",
        "specs",
        "fixtures",
        "fixture",
        "__fixtures__",
        "__mocks__",
        "mocks",
        "mock",
        "examples",
        "example",
        "samples",
        "sample",
        "snapshots",
        "__snapshots__",
        "e2e",
        "benches",
        "testing",
    ];
    let name = path.file_name().to_ascii_lowercase();
    let stem = name.split('.').next().unwrap_or("");
    directories.iter().any(|directory| path.has_directory(directory))
        || stem.starts_with("test_")
        || stem.ends_with("_test")
        || stem.ends_with("_tests")
        || stem.ends_with("_spec")
        || stem == "conftest"
        || path.file_name().split('.').next().is_some_and(|s| {
            ["Test", "Tests", "IT", "Spec"]
                .iter()
                .any(|end| s.len() > end.len() && s.ends_with(end))
        })
        || [".test.", ".spec.", ".example", ".sample", ".template", ".dist"]
            .iter()
            .any(|part| name.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for yes in ["DB_PASSWORD", "apiKey", "JWT_SECRET", "githubToken", "AWS_SECRET_ACCESS_KEY"] {
            assert!(names_secret(yes), "{yes}");
        }
        for no in [
            "PASSWORD_FILE",
            "AWS_ACCESS_KEY_ID",
            "TOKEN_TTL",
            "MAX_TOKENS",
            "PUBLIC_KEY",
            "MONKEY",
        ] {
            assert!(!names_secret(no), "{no}");
        }
    }

    #[test]
    fn stand_ins() {
        for yes in [
            "changeme",
            "${DB_PASSWORD}",
            "<token>",
            "/run/secrets/x",
            "postgres",
            "3600",
            "aaaaaaaa",
        ] {
            assert!(is_stand_in(yes), "{yes}");
        }
        for no in ["hunter2-Kq9", "s3cr3tP4ss!"] {
            assert!(!is_stand_in(no), "{no}");
        }
    }
}

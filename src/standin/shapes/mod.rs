//! The JSON objects of GitHub's REST interface, with every property that its OpenAPI description
//! requires.

pub(super) mod account;
pub(super) mod check;
pub(super) mod issue;
pub(super) mod pull;
pub(super) mod repository;

use time::OffsetDateTime;
use time::macros::format_description;

use super::world::Seconds;

/// `2026-01-31T12:00:00Z`.
pub(super) fn timestamp(seconds: Seconds) -> String {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
    OffsetDateTime::from_unix_timestamp(seconds)
        .ok()
        .and_then(|moment| moment.format(format).ok())
        .unwrap_or_else(|| "1970-01-01T00:00:00Z".to_owned())
}

/// An opaque id in the style of GitHub's global ids.
pub(super) fn node_id(kind: &str, id: u64) -> String {
    format!("{kind}_kwDO{id:08x}")
}

/// Percent-encodes what must not stand in one segment of a path.
pub(super) fn encode_segment(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// As [`encode_segment`], but slashes stay.
pub(super) fn encode_path(path: &str) -> String {
    path.split('/').map(encode_segment).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_and_paths_are_written_as_github_writes_them() {
        assert_eq!(timestamp(1_767_225_600), "2026-01-01T00:00:00Z");
        assert_eq!(encode_path("a b/[x].txt"), "a%20b/%5Bx%5D.txt");
        assert_eq!(encode_segment("a/b"), "a%2Fb");
    }
}

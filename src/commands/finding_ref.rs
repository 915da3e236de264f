//! How people name a finding.

use super::shown;
use crate::domain::finding::Fingerprint;

/// The first 4 to 16 hexadecimal digits of a fingerprint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindingRef(String);

impl FindingRef {
    pub fn parse(text: &str) -> Option<Self> {
        let sound = (4..=16).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit());
        sound.then(|| Self(text.to_ascii_lowercase()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn fits(&self, fingerprint: &Fingerprint) -> bool {
        fingerprint.0.starts_with(&self.0)
    }

    pub(super) fn not_an_id(word: &str) -> String {
        format!("{} is not the id of a finding (4 to 16 hexadecimal digits).", shown(word))
    }
}

//! Text that somebody else wrote.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A value from a pull request, issue, comment or repository: it may try to mention people, forge
/// our markers, or steer a model.
///
/// There is no `Display` and no `Deref`. It opens with [`Untrusted::expose`], which only the
/// Markdown renderer, the prompt builder and analysers that treat it as data may call; the layer
/// test holds the list of callers.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
#[serde(transparent)]
pub struct Untrusted<T>(T);

impl<T> Untrusted<T> {
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The raw value. The caller must treat it as data and neutralise it before showing it.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Untrusted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Untrusted(…)")
    }
}

impl From<&str> for Untrusted<String> {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

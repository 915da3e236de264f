//! How a repository wants work to be done, whatever the work is.

use serde::{Deserialize, Serialize};

use super::finding::Prose;

/// What goes along with every task that is handed over.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct House {
    /// Ground rules of the repository's instruction files, with their places.
    pub constraints: Vec<Prose>,
    /// Exact commands of the repository that check the work, with their places.
    pub validation: Vec<Prose>,
    /// Paths of documents that are the single source of truth.
    pub references: Vec<String>,
}

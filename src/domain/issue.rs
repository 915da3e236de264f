//! An issue as it is now.

use super::event::Actor;
use super::ids::{Number, RepoSlug};
use super::text::Untrusted;

#[derive(Debug, Clone)]
pub struct Issue {
    pub number: Number,
    /// The repository's present name; `None` for an issue that was read from a file.
    pub slug: Option<RepoSlug>,
    pub open: bool,
    pub title: Untrusted<String>,
    /// Markdown, at most what GitHub accepts (65,536 characters).
    pub body: Untrusted<String>,
    pub author: Actor,
    pub labels: Vec<String>,
}

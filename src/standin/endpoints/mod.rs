//! What each address of the REST and GraphQL interfaces does.

pub(super) mod apps;
pub(super) mod checks;
pub(super) mod contents;
pub(super) mod git_data;
pub(super) mod graphql;
mod graphql_document;
pub(super) mod issues;
pub(super) mod pulls;
pub(super) mod reactions;
pub(super) mod repositories;
pub(super) mod reviews;
pub(super) mod teams;

/// Longest text of a comment or review, in characters.
const BODY_LIMIT: usize = 65_536;

/// Whether a text is longer than comments may be.
fn too_long(text: &str) -> bool {
    text.chars().count() > BODY_LIMIT
}

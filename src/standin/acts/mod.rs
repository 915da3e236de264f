//! What changes the world, whoever does it: people, or the App through its endpoints.

mod branches;
mod checks;
mod installation;
mod issues;
mod pulls;

pub(super) use branches::RepositorySpec;
pub use pulls::{PullEdit, PullRequestSpec};

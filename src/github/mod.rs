//! The adapter for GitHub's REST and GraphQL API behind [`crate::ports::forge`].
//!
//! octocrab carries the requests and signs the App's token. What it does by default is left out
//! where it would do harm to a bot: it has no retries here (they would repeat a POST), no
//! redirects (they would turn a POST into a GET or leave the host) and no cached installation
//! tokens (parallel first calls would each mint one). Answers are read into lenient structs of
//! our own, because the library's types refuse values that they do not know yet.

mod app_token;
mod branches;
mod cache;
mod call;
mod client;
mod config;
mod deliveries;
mod endpoints;
mod errors;
mod installation_token;
mod limits;
mod manifest;
mod mint;
mod observe;
mod pace;
mod pages;
mod read;
mod redact;
mod threads;
mod transport;
mod wire;
mod write;

pub use client::GitHub;
pub use config::{GitHubConfig, SetupError, Timeouts};
pub use endpoints::Endpoints;
pub use manifest::ManifestRegistrar;
pub use redact::redact;

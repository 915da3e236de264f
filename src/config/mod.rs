//! Configuration: the repository's policy and (for the server) the operator's settings.

pub mod code_owners;
pub mod policy;
pub mod server;

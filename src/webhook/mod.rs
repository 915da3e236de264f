//! Webhooks as GitHub sends them: is a body signed with our secret, and what does it say. Pure
//! functions; receiving, storing and answering happen elsewhere.

mod parse;
mod payload;
mod verify;

pub use parse::{MAX_DEPTH, ParseError, parse};
pub use verify::{MAX_SECRETS, SignatureError, verify};

//! Webhooks as GitHub sends them: is a body signed with our secret, and what does it say. Pure
//! functions, but for the handler that receives and answers.

pub mod handler;
mod parse;
mod payload;
mod verify;

pub use parse::{ParseError, Reading, parse, read};
pub use verify::{MAX_SECRETS, SignatureError, verify};

//! The GitHub adapter against a server of its own.

mod reading;
mod server;
mod tokens;
mod writing;

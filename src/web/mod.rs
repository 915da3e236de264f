//! The server's other pages: health, readiness, metrics, first set-up.

pub mod health;
pub mod serve;
pub mod setup;

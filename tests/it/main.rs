//! The only integration test binary.

mod github;
mod harness;
mod rules;
mod tidy;
mod webhook_examples;

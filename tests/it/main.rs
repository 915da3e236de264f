//! The only integration test binary.

mod harness;
mod rules;
mod tidy;
mod webhook_examples;

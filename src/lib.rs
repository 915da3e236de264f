//! backend-team: a review of backend changes as a team would do it. See ARCHITECTURE.md.

// Tests may be long, and one that is skipped says so.
#![cfg_attr(test, allow(clippy::too_many_lines, clippy::print_stderr))]

pub mod agents;
pub mod app;
pub mod classify;
pub mod cli;
pub mod commands;
pub mod config;
pub mod domain;
pub mod git;
pub mod github;
pub mod instructions;
pub mod pipeline;
pub mod plan;
pub mod ports;
pub mod report;
pub mod routing;
pub mod rules;
pub mod standin;
pub mod store;
pub mod telemetry;
pub mod web;
pub mod webhook;

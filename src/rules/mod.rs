//! Deterministic analysers. A rule is data with a function pointer: help, documentation, dispatch
//! and tests are all derived by walking [`all`].
//!
//! Rules are pure: they see the changed files and what they declared that they need, nothing else.

mod actions;
mod asyncapi;
mod avro;
mod code;
mod collect;
mod context;
mod contracts;
mod cross;
mod docker;
mod engine;
pub mod graphql;
mod json_schema;
mod kubernetes;
mod migrations;
mod nearby;
mod observability;
mod openapi;
pub mod parse;
mod process;
pub mod protobuf;
mod rule;
mod secrets;
mod spread;
mod waiting;

pub use collect::{Draft, Findings};
pub use context::{Gathered, Memo, Place, RuleContext};
pub use engine::{RuleRun, Selection, needs_of, plan_rules, run_rule};
pub use migrations::{Lock, LockEffect, postgres_effects, postgres_type_change_is_free};
pub use migrations::{Reading as MigrationReading, reading as migration_reading};
pub use observability::answers as observability_answers;
pub use openapi::{Difference, Level, differences as openapi_differences, endpoints};
pub use process::{SplitPart, propose_split};
pub use rule::{Check, Rule, all, by_code, known, nearest};
pub use secrets::redact_secrets;
pub use spread::Unread;

/// Contracts of which parts could not be compared, because files that they refer to could not be
/// read, as far as rules compared them in the review that the memory belongs to.
pub fn unread_parts(memo: &Memo) -> Vec<Unread> {
    asyncapi::unread(memo).into_iter().chain(json_schema::unread(memo)).collect()
}

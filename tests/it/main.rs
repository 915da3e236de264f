//! The only integration test binary.

// Helpers outside `#[test]` functions may fail a test as well.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
// A test that is skipped says so.
#![allow(clippy::print_stderr, clippy::too_many_lines)]

mod code_migrations;
mod contract_pairs;
mod design_lint;
mod eval;
mod eval_idl;
mod eval_infra;
mod eval_oasdiff;
mod eval_rails;
mod faults;
mod flows;
mod framework_migrations;
mod fuzz;
mod git_source;
mod github;
mod harness;
mod kill;
mod migration_cases;
mod plan_faults;
mod plan_patterns;
mod plans;
mod postgres_branch;
mod postgres_truth;
mod produce;
mod readme;
mod replicas;
mod rules;
mod standin;
mod store;
mod tidy;
mod webhook_examples;

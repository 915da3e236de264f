//! Rules about code, read as a syntax tree.

mod outbound_timeout;
mod query_in_loop;
mod swallowed_error;
mod tls_verification;
mod view;

use super::Rule;

pub(super) const RULES: &[Rule] =
    &[swallowed_error::RULE, outbound_timeout::RULE, tls_verification::RULE, query_in_loop::RULE];

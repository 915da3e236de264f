//! Rules of the `protobuf` family: changes of messages and services that the other side of the
//! wire, or the code generated from them, does not survive.

mod build;
mod catalog;
mod compare;
mod config;
mod cursor;
mod element_rules;
mod elements;
mod features;
mod field_rules;
mod fields;
mod lexer;
mod model;
mod names;
mod parse;
mod review;
mod say;
mod scalars;
mod syntax;
#[cfg(test)]
mod tests;

pub use self::review::{Listed, differences};

use super::Rule;

pub(super) const RULES: &[Rule] = &[
    field_rules::FIELD_REMOVED,
    field_rules::FIELD_TYPE,
    field_rules::CARDINALITY,
    field_rules::NAME,
    field_rules::ENUM_VALUE,
    field_rules::DEFAULT,
    field_rules::ONEOF,
    field_rules::REQUIRED,
    element_rules::RESERVED,
    element_rules::RPC_CHANGED,
    element_rules::RPC_REMOVED,
    element_rules::PACKAGE,
    element_rules::REMOVED,
    element_rules::GENERATED,
    element_rules::JSON,
    element_rules::INVALID,
];

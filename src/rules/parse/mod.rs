//! Parsers shared by rule families. Each keeps spans, bounds its depth, and never panics.

pub mod code;
pub mod cursor;
pub mod dockerfile;
pub mod json;
pub mod sql;
pub mod tree;
pub mod workflow;
pub mod yaml;

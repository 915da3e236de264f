//! The nouns of the product. Nothing here does I/O, awaits, or reads a clock.

pub mod assemble;
pub mod change;
pub mod diff;
pub mod event;
pub mod finding;
pub mod house;
pub mod ids;
pub mod instructions;
pub mod issue;
pub mod job;
pub mod path;
pub mod plan;
pub mod publication;
pub mod registration;
pub mod report;
pub mod requested;
pub mod routing;
pub mod run;
pub mod survey;
pub mod team;
pub mod text;

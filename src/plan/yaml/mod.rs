//! A plan as YAML: one strict form is written, several are read.

mod read;
mod write;

pub use read::{ReadPlan, ReadPlanError, Warning, read};
pub use write::write;

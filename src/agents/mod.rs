//! Members of the team at work: their rules now, a model beside them later.

mod run;

pub use run::{RuleLog, RunLimits, RunOutcome, run_rules};

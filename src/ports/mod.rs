//! What the use cases need from the world, as traits. Adapters implement them; only `app` knows
//! which.

pub mod branch;
pub mod clock;
pub mod forge;
pub mod ledger;
pub mod queue;
pub mod setup;
pub mod source;

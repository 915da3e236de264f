//! Use cases: from an accepted delivery to a published review.

pub mod answer;
pub mod apply;
pub mod approvers;
pub mod draft;
mod error;
pub mod execute;
pub mod fix;
pub mod intake;
pub mod lint;
pub mod load;
pub mod owner_policy;
pub mod plan_issue;
pub mod plan_show;
pub mod prefix;
pub mod progress;
pub mod publish;
pub mod remember;
pub mod resync;
pub mod review;
pub mod review_pull;
pub mod services;
pub mod split;
pub mod survey;
pub mod worker;

pub use error::JobError;
pub use services::{Services, ServicesParts};

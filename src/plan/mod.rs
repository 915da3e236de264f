//! From an issue and what the repository shows to a plan: pure.
//!
//! `wants` says what to read, `draft` makes the plan from what was read, `validate` says whether a
//! plan keeps its promises, `yaml` writes and reads it. The text of the issue is data: it decides
//! what is asked for, never who approves, which checks hold or which files steer this product.

mod arrange;
mod canonical;
mod contract;
mod decompose;
pub mod deliver;
mod draft;
mod evidence;
mod facts;
mod follow;
mod gates;
mod house;
mod issue;
pub mod landing;
mod nature;
mod owners;
mod paths;
pub mod produce;
mod questions;
mod relevant;
mod repository;
mod roles;
mod schema;
mod scope;
mod serves;
mod validate;
mod wants;
mod words;
pub mod yaml;

pub use canonical::{digest, json_schema};
pub use draft::{draft, schedule};
pub use house::house;
pub use owners::owners;
pub use questions::{AnswerProblem, answered};
pub use validate::{PlanProblem, strategy_of, validate, waves};
pub use wants::wants;

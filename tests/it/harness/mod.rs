//! What the tests share.

pub mod bot;
pub mod effects;
pub mod faulty;
pub mod page;
pub mod recording;

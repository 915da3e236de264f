//! The git adapter, on repositories made here and served from here.

mod branches;
mod change;
mod fixture;
mod gather;
mod local;
mod remote;
mod server;

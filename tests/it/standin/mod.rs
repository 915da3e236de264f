//! The stand-in for GitHub behaves as GitHub does.

mod access;
mod adapter;
mod branches;
mod checks;
mod conversation;
mod faults;
mod fixture;
mod git;
mod reading;
mod webhooks;

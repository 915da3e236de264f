//! The bot from webhook to comment, wired as in production.

mod branches;
mod commands;
mod deliveries;
mod demo;
mod dismissal;
mod overtaken;
mod policy;
mod reruns;
mod size;
mod whom;

//! The bot from webhook to comment, wired as in production.

mod branches;
mod commands;
mod deliveries;
mod demo;
mod dismissal;
mod overtaken;
mod plan_base;
mod plan_branch;
mod plan_decisions;
mod plan_life;
mod plan_owners;
mod plan_policy;
mod plan_setting;
mod policy;
mod proposals;
mod pull_gates;
mod reruns;
mod size;
mod whom;

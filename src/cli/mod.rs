//! The command line: one subcommand per file.

mod agents;
mod check;
mod dead;
mod demo;
mod explain;
mod fix;
mod local;
mod output;
mod plan;
mod reference;
mod replay;
mod review;
mod rules;
mod schema;
mod serve;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Reviews backend changes as a team would: data, infrastructure, observability, security, tests
/// and API, each with evidence.
#[derive(Debug, Parser)]
#[command(name = "backend-team", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Review(review::Review),
    Plan(plan::Plan),
    Agents(agents::Agents),
    Rules(rules::Rules),
    Explain(explain::Explain),
    Fix(fix::Fix),
    Check(check::Check),
    Serve(Box<serve::Serve>),
    Demo(demo::Demo),
    Replay(replay::Replay),
    Dead(dead::Dead),
    Schema(schema::Schema),
}

pub use plan::issue_of;
pub use rules::markdown_table as rules_table;
pub use schema::{policy_table, settings_table};

/// Exit status 2: the command could not do its work.
pub(crate) const COULD_NOT_RUN: u8 = 2;

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let result = match arguments.command {
        Command::Review(command) => command.run(),
        Command::Plan(command) => command.run(),
        Command::Agents(command) => command.run(),
        Command::Rules(command) => command.run(),
        Command::Explain(command) => command.run(),
        Command::Fix(command) => command.run(),
        Command::Check(command) => command.run(),
        Command::Serve(command) => command.run(),
        Command::Demo(command) => command.run(),
        Command::Replay(command) => command.run(),
        Command::Dead(command) => command.run(),
        Command::Schema(command) => command.run(),
    };
    result.unwrap_or_else(|error| {
        // A closed pipe (`… | head`) is how people stop reading, not an error.
        if output::is_broken_pipe(&error) {
            return ExitCode::SUCCESS;
        }
        output::report_error(&error);
        ExitCode::from(COULD_NOT_RUN)
    })
}

//! `remember TEXT`

use super::{ArgumentError, Arguments, Command, Place, Verb};
use crate::ports::forge::Permission;

/// Longest text that is read, in characters; what is kept is shorter.
const MAX_TEXT: usize = 1_000;

pub const VERB: Verb = Verb {
    name: "remember",
    usage: "remember TEXT",
    help: "proposes a rule for AGENTS.md, as a pull request of its own",
    needs: Permission::Write,
    on: Place::Both,
    parse,
};

fn parse(arguments: &Arguments<'_>) -> Result<Command, ArgumentError> {
    let text: String = arguments.text.trim().chars().take(MAX_TEXT).collect();
    if !text.chars().any(char::is_alphanumeric) {
        return Err(ArgumentError::new("Write the rule after the command."));
    }
    Ok(Command::Remember { text })
}

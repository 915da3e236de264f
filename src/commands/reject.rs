//! `reject GATE REASON`

use super::gate::GateName;
use super::{ArgumentError, Arguments, Command, Place, Verb};
use crate::ports::forge::Permission;

/// Longest reason kept, in characters.
const MAX_REASON: usize = 300;

pub const VERB: Verb = Verb {
    name: "reject",
    usage: "reject GATE|all REASON",
    help: "rejects a gate of the plan, which ends it, or of the pull request at its present head",
    // Who may is the policy's decision.
    needs: Permission::Read,
    on: Place::Both,
    parse,
};

fn parse(arguments: &Arguments<'_>) -> Result<Command, ArgumentError> {
    let (first, reason) = arguments.first_and_rest().unwrap_or_default();
    let gate = GateName::parse(Some(first.trim_matches('`')).filter(|word| !word.is_empty()))?;
    if !reason.chars().any(char::is_alphanumeric) {
        let text = "A gate is rejected for a reason; write it after the gate.";
        return Err(ArgumentError::new(text));
    }
    Ok(Command::Reject { gate, reason: reason.chars().take(MAX_REASON).collect() })
}

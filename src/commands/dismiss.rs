//! `dismiss ID REASON`

use super::{ArgumentError, Arguments, Command, FindingRef, Place, Verb};
use crate::ports::forge::Permission;

/// Longest reason kept, in characters.
const MAX_REASON: usize = 300;

pub const VERB: Verb = Verb {
    name: "dismiss",
    usage: "dismiss ID REASON",
    help: "sets a finding aside, for the reason given",
    needs: Permission::Write,
    on: Place::Pulls,
    parse,
};

fn parse(arguments: &Arguments<'_>) -> Result<Command, ArgumentError> {
    let missing = "Name the id of a finding as the summary shows it, then the reason.";
    let (id, reason) = arguments.first_and_rest().ok_or_else(|| ArgumentError::new(missing))?;
    let finding = FindingRef::parse(id.trim_matches('`'))
        .ok_or_else(|| ArgumentError::new(format!("{} {missing}", FindingRef::not_an_id(id))))?;
    if !reason.chars().any(char::is_alphanumeric) {
        return Err(ArgumentError::new(
            "A finding is dismissed for a reason; write it after the id.",
        ));
    }
    Ok(Command::Dismiss { finding, reason: reason.chars().take(MAX_REASON).collect() })
}

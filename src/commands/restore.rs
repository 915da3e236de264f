//! `restore ID`

use super::{ArgumentError, Arguments, Command, FindingRef, Place, Verb};
use crate::ports::forge::Permission;

pub const VERB: Verb = Verb {
    name: "restore",
    usage: "restore ID",
    help: "takes a dismissed finding up again",
    needs: Permission::Triage,
    on: Place::Pulls,
    parse,
};

fn parse(arguments: &Arguments<'_>) -> Result<Command, ArgumentError> {
    let missing = "Name the id of a dismissed finding as the summary shows it.";
    let (id, rest) = arguments.first_and_rest().ok_or_else(|| ArgumentError::new(missing))?;
    if !rest.is_empty() {
        return Err(ArgumentError::new("Name one finding at a time."));
    }
    let finding = FindingRef::parse(id.trim_matches('`'))
        .ok_or_else(|| ArgumentError::new(format!("{} {missing}", FindingRef::not_an_id(id))))?;
    Ok(Command::Restore { finding })
}

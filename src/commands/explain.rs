//! `explain RULE` or `explain ID`

use super::{ArgumentError, Arguments, Command, ExplainTarget, FindingRef, Place, Verb, shown};
use crate::ports::forge::Permission;

pub const VERB: Verb = Verb {
    name: "explain",
    usage: "explain RULE|ID",
    help: "explains a rule, or a finding by the id that the summary shows",
    needs: Permission::Read,
    on: Place::Pulls,
    parse,
};

fn parse(arguments: &Arguments<'_>) -> Result<Command, ArgumentError> {
    let missing = || {
        ArgumentError::new(
            "Name a rule (`migration/drop-column`) or the id of a finding as the summary shows it.",
        )
    };
    let (word, rest) = arguments.first_and_rest().ok_or_else(missing)?;
    if !rest.is_empty() {
        return Err(ArgumentError::new("Name one rule or one finding at a time."));
    }
    let word = word.trim_matches('`');
    if let Some(finding) = FindingRef::parse(word) {
        return Ok(Command::Explain { what: ExplainTarget::Finding(finding) });
    }
    let sound = !word.is_empty()
        && word.len() <= 120
        && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_./:".contains(&b));
    if !sound {
        return Err(ArgumentError::new(format!(
            "{} is neither a rule's code nor a finding's id.",
            shown(word)
        )));
    }
    Ok(Command::Explain { what: ExplainTarget::Rule(word.to_owned()) })
}

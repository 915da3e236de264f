//! `fix [ID...|all]`

use super::{ArgumentError, Arguments, Command, FindingRef, Place, Verb};
use crate::ports::forge::Permission;

/// More ids than one comment needs.
const MAX_IDS: usize = 30;

pub const VERB: Verb = Verb {
    name: "fix",
    usage: "fix [ID...|all]",
    help: "applies the fixes that the rules offer, each checked by the rules, on a branch of its \
           own",
    needs: Permission::Write,
    on: Place::Pulls,
    parse,
};

fn parse(arguments: &Arguments<'_>) -> Result<Command, ArgumentError> {
    let (mut findings, mut all) = (Vec::new(), false);
    let words =
        arguments.words().flat_map(|word| word.split(',')).map(|word| word.trim_matches('`'));
    for word in words.filter(|word| !word.is_empty()) {
        if word.eq_ignore_ascii_case("all") {
            all = true;
            continue;
        }
        let id = FindingRef::parse(word).ok_or_else(|| {
            ArgumentError::new(format!(
                "{} Name ids as the summary shows them, or `all`.",
                FindingRef::not_an_id(word)
            ))
        })?;
        findings.push(id);
    }
    if findings.len() > MAX_IDS {
        return Err(ArgumentError::new("Name at most 30 findings, or `all`."));
    }
    if all {
        findings.clear();
    }
    Ok(Command::Fix { findings })
}

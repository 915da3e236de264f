//! `approve GATE|all [DIGEST|COMMIT]`

use super::gate::GateName;
use super::{ArgumentError, Arguments, Command, Place, Verb, shown};
use crate::ports::forge::Permission;

pub const VERB: Verb = Verb {
    name: "approve",
    usage: "approve GATE|all [DIGEST|COMMIT]",
    help: "approves a gate of the plan, or of the pull request at its present head",
    // Who may is the policy's decision.
    needs: Permission::Read,
    on: Place::Both,
    parse,
};

fn parse(arguments: &Arguments<'_>) -> Result<Command, ArgumentError> {
    let mut words = arguments.words().map(|word| word.trim_matches('`'));
    let gate = GateName::parse(words.next())?;
    let seen = words.next().map(digest).transpose()?;
    match words.next() {
        None => Ok(Command::Approve { gate, seen }),
        Some(word) => Err(ArgumentError::new(format!(
            "Name one gate (or `all`) and at most one digest; {} is one word too many.",
            shown(word)
        ))),
    }
}

fn digest(word: &str) -> Result<String, ArgumentError> {
    let sound = (7..=64).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_hexdigit());
    sound.then(|| word.to_ascii_lowercase()).ok_or_else(|| {
        ArgumentError::new(format!(
            "{} is neither a digest nor a commit (7 to 64 hexadecimal digits).",
            shown(word)
        ))
    })
}

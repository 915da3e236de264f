//! `split [--branches]`

use super::{ArgumentError, Arguments, Command, Place, Verb, shown};
use crate::ports::forge::Permission;

pub const VERB: Verb = Verb {
    name: "split",
    usage: "split [--branches]",
    help: "proposes how to take the pull request apart; `--branches` prepares a branch for each \
           part",
    needs: Permission::Write,
    on: Place::Pulls,
    parse,
};

fn parse(arguments: &Arguments<'_>) -> Result<Command, ArgumentError> {
    let mut branches = false;
    for word in arguments.words() {
        // Typed on a phone, `--` becomes a dash.
        if !matches!(word, "--branches" | "\u{2014}branches" | "\u{2013}branches") {
            return Err(ArgumentError::new(format!(
                "There is no option {}; the only one is `--branches`.",
                shown(word)
            )));
        }
        branches = true;
    }
    Ok(Command::Split { branches })
}

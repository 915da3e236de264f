//! `review [agent...] [--full]`

use super::{AgentName, ArgumentError, Arguments, Command, Place, Verb, shown};
use crate::ports::forge::Permission;

/// More names than a team has members.
const MAX_AGENTS: usize = 20;

pub const VERB: Verb = Verb {
    name: "review",
    usage: "review [agent...] [--full]",
    help: "reviews the present head, by all or by the named agents; `--full` also if nothing \
           changed since the last review",
    needs: Permission::Triage,
    on: Place::Pulls,
    parse,
};

fn parse(arguments: &Arguments<'_>) -> Result<Command, ArgumentError> {
    let mut agents: Vec<AgentName> = Vec::new();
    let mut full = false;
    for word in arguments.words().flat_map(|word| word.split(',')).filter(|word| !word.is_empty()) {
        // Typed on a phone, `--` becomes a dash.
        if matches!(word, "--full" | "\u{2014}full" | "\u{2013}full") {
            full = true;
        } else if word.starts_with('-') {
            return Err(ArgumentError::new(format!(
                "There is no option {}; the only one is `--full`.",
                shown(word)
            )));
        } else if is_name(word) {
            agents.push(AgentName(word.to_owned()));
        } else {
            return Err(ArgumentError::new(format!(
                "{} is not the name of an agent.",
                shown(word)
            )));
        }
    }
    if agents.len() > MAX_AGENTS {
        return Err(ArgumentError::new("Name at most 20 agents, or none for all."));
    }
    Ok(Command::Review { agents, full })
}

fn is_name(word: &str) -> bool {
    word.len() <= 80
        && word.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'/'))
}

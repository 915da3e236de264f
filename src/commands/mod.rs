//! Commands in comments. A command is a file in this directory and a line in [`VERBS`]; help,
//! parsing and suggestions walk that list.

mod answer;
mod approve;
mod cancel;
mod config;
mod dismiss;
mod explain;
mod finding_ref;
mod fix;
mod gate;
mod help;
mod implement;
mod parse;
mod pause;
mod plan;
mod reject;
mod remember;
mod restore;
mod resume;
mod review;
mod split;
mod status;

pub use answer::{AnswerText, GivenAnswer, replies};
pub use finding_ref::FindingRef;
pub use gate::{GateName, gate_kind_name};
pub use parse::{MAX_BODY, MAX_COMMANDS, addresses, parse, suggestion};

use crate::domain::team::{Lane, Team};
use crate::ports::forge::Permission;

/// What a person asked for, typed: nothing of the comment's text goes further than this.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    Help,
    Review {
        agents: Vec<AgentName>,
        full: bool,
    },
    Explain {
        what: ExplainTarget,
    },
    Dismiss {
        finding: FindingRef,
        reason: String,
    },
    Restore {
        finding: FindingRef,
    },
    Pause,
    Resume,
    Status,
    Config,
    Plan,
    Answer {
        answers: Vec<GivenAnswer>,
    },
    /// `seen` is the start of a digest or commit, in lower case.
    Approve {
        gate: GateName,
        seen: Option<String>,
    },
    Reject {
        gate: GateName,
        reason: String,
    },
    Implement,
    Cancel,
    /// No findings: all that can be fixed.
    Fix {
        findings: Vec<FindingRef>,
    },
    Split {
        branches: bool,
    },
    Remember {
        text: String,
    },
}

/// The name of a member of the team as typed: letters, digits, `-`, `_`, `.` and `/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentName(pub String);

/// What an explanation is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExplainTarget {
    /// A rule's code, or its id in another tool.
    Rule(String),
    Finding(FindingRef),
}

/// Where a verb means something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Pulls,
    Issues,
    Both,
}

/// A verb of the grammar.
pub struct Verb {
    pub name: &'static str,
    /// With its arguments, as help shows it.
    pub usage: &'static str,
    /// What it does, one clause.
    pub help: &'static str,
    /// Asked of the forge when the command is carried out.
    pub needs: Permission,
    pub on: Place,
    parse: fn(&Arguments<'_>) -> Result<Command, ArgumentError>,
}

impl std::fmt::Debug for Verb {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Verb({})", self.name)
    }
}

impl PartialEq for Verb {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// Every verb, in the order of help.
pub const VERBS: &[&Verb] = &[
    &review::VERB,
    &plan::VERB,
    &answer::VERB,
    &approve::VERB,
    &reject::VERB,
    &implement::VERB,
    &explain::VERB,
    &dismiss::VERB,
    &restore::VERB,
    &fix::VERB,
    &split::VERB,
    &remember::VERB,
    &status::VERB,
    &config::VERB,
    &pause::VERB,
    &resume::VERB,
    &cancel::VERB,
    &help::VERB,
];

/// What follows the verb on its line.
#[derive(Debug)]
pub struct Arguments<'a> {
    text: &'a str,
}

impl<'a> Arguments<'a> {
    fn words(&self) -> impl Iterator<Item = &'a str> {
        self.text.split_whitespace()
    }

    /// The first word and the rest.
    fn first_and_rest(&self) -> Option<(&'a str, &'a str)> {
        let text = self.text.trim();
        let end = text.find(char::is_whitespace).unwrap_or(text.len());
        let (first, rest) = text.split_at(end);
        (!first.is_empty()).then_some((first, rest.trim()))
    }

    fn none(&self, command: Command) -> Result<Command, ArgumentError> {
        match self.words().next() {
            None => Ok(command),
            Some(word) => Err(ArgumentError::new(format!(
                "This command takes nothing after it, but {} follows.",
                shown(word)
            ))),
        }
    }
}

/// What is wrong with the arguments and what to do: one sentence, with `` `code` `` marks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArgumentError(pub String);

impl ArgumentError {
    fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

/// A word of the comment inside of a sentence of ours.
fn shown(word: &str) -> String {
    let word: String = word.chars().filter(|c| *c != '`').take(60).collect();
    format!("`{word}`")
}

/// A line that is addressed to the bot.
#[derive(Debug, Clone, PartialEq)]
pub enum Parsed {
    Command {
        verb: &'static Verb,
        command: Command,
    },
    /// The verb does not exist. `verb` is the word as typed (at most 60 characters), untrusted.
    Unknown {
        verb: String,
        suggestion: Option<&'static str>,
    },
    /// The verb exists, what follows it is not right.
    Invalid {
        verb: &'static Verb,
        problem: ArgumentError,
    },
}

/// The lanes that the names mean in this team; names that mean none.
pub fn lanes_of(names: &[AgentName], team: &Team) -> Result<Vec<Lane>, Vec<AgentName>> {
    let lane = |name: &AgentName| {
        let member = team.members.iter().find(|m| m.name.eq_ignore_ascii_case(&name.0));
        let lane = member.and_then(|member| member.lane).or_else(|| name.0.parse().ok());
        lane.filter(|lane| Lane::REVIEWERS.contains(lane))
    };
    let unknown: Vec<AgentName> =
        names.iter().filter(|name| lane(name).is_none()).cloned().collect();
    if !unknown.is_empty() {
        return Err(unknown);
    }
    let mut lanes: Vec<Lane> = names.iter().filter_map(lane).collect();
    lanes.sort_unstable();
    lanes.dedup();
    Ok(lanes)
}

/// A permission in words.
pub fn permission_name(permission: Permission) -> &'static str {
    match permission {
        Permission::None => "no",
        Permission::Read => "read",
        Permission::Triage => "triage",
        Permission::Write => "write",
        Permission::Maintain => "maintain",
        Permission::Admin => "admin",
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;

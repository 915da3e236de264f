//! What an issue says: its blocks of text with the heading that each stands under.
//!
//! Everything here is data. Code fences, quotes and HTML comments are not part of what is asked
//! for; nothing that the text says about approvals, commands or agents is obeyed.

mod endpoints;
mod markdown;
mod references;
mod requirements;

pub use endpoints::{Mentioned, endpoints, parse_answer as parse_endpoints};
pub use markdown::{Block, BlockKind};
pub use references::{References, references};
pub use requirements::{Asked, asked, sentences};

use super::words::{Words, cut};
use crate::domain::issue::Issue;
use crate::domain::plan::Answered;

/// GitHub's own limit for the text of an issue, in characters.
const MAX_BODY: usize = 65_536;
const MAX_TITLE: usize = 256;

/// What an issue says, read.
#[derive(Debug, Clone)]
pub struct Brief {
    /// Without a leading `[Bug]:` or `feat:`; code marks kept.
    pub title: String,
    /// The word of a leading `[Bug]:` or `feat:`, in lower case.
    pub prefix: Option<String>,
    pub blocks: Vec<Block>,
    /// Texts of code blocks, in which only names of existing files are looked for.
    pub fences: Vec<String>,
    /// In lower case.
    pub labels: Vec<String>,
    /// The number of answers at the end of the blocks.
    pub answers: Vec<Answer>,
}

/// An answer with its topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub topic: String,
    pub text: String,
}

/// What kind of section a heading opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// No heading, or one that says nothing.
    Plain,
    Goal,
    Requirements,
    /// Left out on purpose.
    OutOfScope,
    OpenQuestions,
    /// Environment, logs, alternatives: not what is asked for.
    Context,
    /// How to reproduce, what happened.
    Observed,
}

impl Brief {
    pub fn read(issue: &Issue, answers: &[Answered]) -> Self {
        let title: String = issue.title.expose().chars().take(MAX_TITLE).collect();
        let body: String = issue.body.expose().chars().take(MAX_BODY).collect();
        let (prefix, title) = split_prefix(&markdown::inline(&title));
        let (blocks, fences) = markdown::blocks(&body);
        let answers = answers
            .iter()
            .map(|answer| Answer {
                topic: answer.topic.clone(),
                text: markdown::inline(&cut(&answer.answer, 4_000)),
            })
            .collect();
        let labels = issue.labels.iter().map(|label| label.to_lowercase()).collect();
        Self { title, prefix, blocks, fences, labels, answers }
    }

    pub fn answer(&self, topic: &str) -> Option<&str> {
        let found = self.answers.iter().rev().find(|answer| answer.topic == topic);
        found.map(|answer| answer.text.as_str())
    }

    /// The blocks that say what is wanted: not background, not what is left out.
    pub fn wanted(&self) -> impl Iterator<Item = &Block> {
        self.blocks.iter().filter(|block| {
            !matches!(
                block.section,
                Section::OutOfScope | Section::Context | Section::OpenQuestions
            )
        })
    }

    /// Words of the title and of what is wanted, without code.
    pub fn words(&self) -> Words {
        let mut words = Words::of(&without_code(&self.title));
        for block in self.wanted() {
            words.push(&without_code(&block.text));
        }
        words
    }

    pub fn title_words(&self) -> Words {
        Words::of(&without_code(&self.title))
    }
}

/// The prose without what stands in code marks.
pub fn without_code(text: &str) -> String {
    text.split('`').step_by(2).collect::<Vec<_>>().join(" ")
}

/// What stands in code marks.
pub fn code_spans(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2).map(str::trim).filter(|code| !code.is_empty())
}

/// `[Bug]: x`, `feat(api): x` and `Bug - x` are kinds of an issue and its title.
fn split_prefix(title: &str) -> (Option<String>, String) {
    let title = title.trim();
    let known = |word: &str| {
        let word = word.split('(').next().unwrap_or(word).trim().trim_end_matches('!');
        let word = word.to_lowercase();
        let kinds = [
            "feat",
            "feature",
            "feature request",
            "bug",
            "fix",
            "bug report",
            "chore",
            "refactor",
            "perf",
            "performance",
            "docs",
            "test",
            "ci",
            "build",
            "security",
            "incident",
            "rfc",
            "proposal",
            "task",
            "story",
            "epic",
            "postmortem",
            "enhancement",
            "api",
            "infra",
            "ops",
        ];
        kinds.contains(&word.as_str()).then_some(word)
    };
    let bracketed = title.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let found = match bracketed {
        Some((word, rest)) => known(word).map(|word| (word, rest)),
        None => title.split_once(':').and_then(|(word, rest)| Some((known(word)?, rest))),
    };
    match found {
        Some((word, rest)) => {
            let rest = rest.trim_start_matches([':', '-', ' ']).trim();
            (Some(word), if rest.is_empty() { title.to_owned() } else { rest.to_owned() })
        }
        None => (None, title.to_owned()),
    }
}

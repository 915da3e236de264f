//! `answer 1=A 2="words"`, and plain replies that answer questions.

use super::{ArgumentError, Arguments, Command, Place, Verb, shown};
use crate::ports::forge::Permission;

/// Longest answer, in characters.
const MAX_ANSWER: usize = 500;
/// Questions that a plan asks at most.
const MAX_QUESTIONS: u8 = 5;

pub const VERB: Verb = Verb {
    name: "answer",
    usage: "answer 1=A 2=\"WORDS\"",
    help: "answers questions of the plan, by the letter of an option or in words",
    // The issue's author may, and everybody with triage permission: the job knows the author.
    needs: Permission::Read,
    on: Place::Issues,
    parse,
};

/// An answer as typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenAnswer {
    /// Number of the question.
    pub question: u8,
    pub answer: AnswerText,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnswerText {
    /// The how-manieth option, from 0.
    Option(usize),
    Words(String),
}

impl AnswerText {
    /// A letter alone is an option. `None` for what says nothing.
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let letter = text.trim_matches(|c: char| matches!(c, '*' | '`' | '.' | ')' | '('));
        let mut letters = letter.chars();
        if let (Some(c), None) = (letters.next(), letters.next())
            && c.is_ascii_alphabetic()
        {
            return Some(Self::Option(usize::from(c.to_ascii_uppercase() as u8 - b'A')));
        }
        let said = text.chars().any(char::is_alphanumeric);
        said.then(|| Self::Words(text.chars().take(MAX_ANSWER).collect()))
    }
}

fn question(digit: &str) -> Option<u8> {
    digit.trim().parse().ok().filter(|number| (1..=MAX_QUESTIONS).contains(number))
}

fn parse(arguments: &Arguments<'_>) -> Result<Command, ArgumentError> {
    let mut rest = arguments.text.trim().trim_end_matches(',');
    let mut answers: Vec<GivenAnswer> = Vec::new();
    while !rest.is_empty() {
        let (given, after) = first(rest).ok_or_else(|| {
            let word = rest.split_whitespace().next().unwrap_or_default();
            ArgumentError::new(format!(
                "{} is no answer: write the question's number, `=`, and a letter or words in \
                 quotes.",
                shown(word)
            ))
        })?;
        answers.retain(|old| old.question != given.question);
        answers.push(given);
        rest = after.trim_start_matches([' ', ',', ';', '\t']);
    }
    if answers.is_empty() {
        let text = "Name a question and its answer, as in `answer 1=A`.";
        return Err(ArgumentError::new(text));
    }
    Ok(Command::Answer { answers })
}

/// The first answer of a line and what follows it.
fn first(text: &str) -> Option<(GivenAnswer, &str)> {
    let at = text.find(['=', ':'])?;
    let question = question(text.get(..at)?)?;
    let rest = text.get(at + 1..)?.trim_start();
    // Typed on a phone, quotes become curly.
    let closing = match rest.chars().next()? {
        '"' => Some('"'),
        '\u{201c}' | '\u{201d}' | '\u{201e}' => Some('\u{201d}'),
        _ => None,
    };
    let (answer, after) = match closing {
        Some(closing) => {
            let inner = rest.get(rest.chars().next()?.len_utf8()..)?;
            let end = inner.find([closing, '\u{201c}'])?;
            let width = inner.get(end..)?.chars().next()?.len_utf8();
            (inner.get(..end)?, inner.get(end + width..)?)
        }
        None => {
            let end = rest.find([' ', ',', ';', '\t']).unwrap_or(rest.len());
            rest.split_at(end)
        }
    };
    Some((GivenAnswer { question, answer: AnswerText::parse(answer)? }, after))
}

/// The answers of a comment that is nothing but answers: each line is the number of a question,
/// `:` or `=`, and the answer. `None` for every other comment.
pub fn replies(body: &str) -> Option<Vec<GivenAnswer>> {
    let mut answers: Vec<GivenAnswer> = Vec::new();
    if body.len() > super::MAX_BODY {
        return None;
    }
    // Replies by mail and by the "quote reply" button repeat what they answer.
    let lines = body.lines().map(str::trim).filter(|line| !line.is_empty());
    for line in lines.filter(|line| !line.starts_with('>')) {
        let line = line.trim_start_matches(['-', '*', ' ']);
        let at = line.find([':', '='])?;
        let question = question(line.get(..at)?.trim_matches(['*', ' ', 'Q', 'q']))?;
        let text = line.get(at + 1..)?.trim().trim_matches('"').trim_start_matches("**");
        answers.retain(|old| old.question != question);
        answers.push(GivenAnswer { question, answer: AnswerText::parse(text)? });
    }
    (!answers.is_empty()).then_some(answers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn option(question: u8, at: usize) -> GivenAnswer {
        GivenAnswer { question, answer: AnswerText::Option(at) }
    }

    fn words(question: u8, text: &str) -> GivenAnswer {
        GivenAnswer { question, answer: AnswerText::Words(text.to_owned()) }
    }

    fn answers(text: &str) -> Result<Vec<GivenAnswer>, ArgumentError> {
        match parse(&Arguments { text })? {
            Command::Answer { answers } => Ok(answers),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn commands() {
        assert_eq!(answers(" 1=A").unwrap(), [option(1, 0)]);
        assert_eq!(
            answers("1=a, 2=C;3=yes").unwrap(),
            [option(1, 0), option(2, 2), words(3, "yes")]
        );
        let text = "1=B 2=\"the id, and = the name\" 4=D";
        let expected = [option(1, 1), words(2, "the id, and = the name"), option(4, 3)];
        assert_eq!(answers(text).unwrap(), expected);
        assert_eq!(answers("2=\u{201c}as is\u{201d}").unwrap(), [words(2, "as is")]);
        assert_eq!(answers("1=A 1=B").unwrap(), [option(1, 1)]);
        for bad in ["", "A", "9=A", "1", "1=", "1=\"open", "=A", "1=A nonsense"] {
            assert!(answers(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn plain_replies() {
        assert_eq!(replies("1: A").unwrap(), [option(1, 0)]);
        assert_eq!(
            replies("1=A\n\n2: keep the name\r\n").unwrap(),
            [option(1, 0), words(2, "keep the name")]
        );
        assert_eq!(replies("> 1. Which?\n\n- **1**: b").unwrap(), [option(1, 1)]);
        for other in
            ["", "Thanks!", "1. first\n2. second", "1: A\nand by the way", "> 1: A", "at 10:30"]
        {
            assert_eq!(replies(other), None, "{other}");
        }
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(text in ".{0,80}") {
            let _ = replies(&text);
            let _ = parse(&Arguments { text: &text });
        }
    }
}

//! What must be asked, and what may be assumed instead where the risk is low.

mod api;
mod data;
mod operate;

use super::facts::Facts;
use super::nature::Subject;
use crate::domain::finding::Prose;
use crate::domain::ids::Login;
use crate::domain::plan::{Answered, Plan, Question, Risk};

/// Topics by which answers are kept.
pub const SUBJECT: &str = "subject";
pub const ENDPOINTS: &str = "api-endpoints";
const CONTRACT: &str = "api-contract";
const COMPATIBILITY: &str = "compatibility";
const PERMISSIONS: &str = "permissions";
const TARGET: &str = "performance-target";
const REPRODUCTION: &str = "reproduction";
const MIGRATION_TOOL: &str = "migration-tool";
const RETENTION: &str = "retention";
const DEPENDENCY: &str = "new-dependency";
const ENVIRONMENT: &str = "deployment-target";
const SIGNALS: &str = "incident-signals";
/// Most questions of one plan.
const MAX_QUESTIONS: usize = 5;

/// A question before it has a number.
struct Open {
    topic: &'static str,
    text: Prose,
    options: Vec<Prose>,
    /// What is assumed where nobody has to be asked.
    assumption: Prose,
    /// Work of medium or high risk cannot go on without it.
    needed: bool,
}

/// Questions, what is assumed instead of asking, and what is asked later.
pub struct Asking {
    pub questions: Vec<Question>,
    pub assumptions: Vec<Prose>,
    pub later: Vec<Prose>,
}

pub fn ask(facts: &Facts<'_>) -> Asking {
    let mut open = if facts.nature.subject == Subject::Backend { open(facts) } else { Vec::new() };
    if facts.nature.subject == Subject::Unclear {
        open.push(operate::subject(facts));
    }
    open.retain(|question| facts.brief.answer(question.topic).is_none());
    let low = facts.nature.risk == Some(Risk::Low) && facts.nature.subject == Subject::Backend;
    let mut asking = Asking { questions: Vec::new(), assumptions: Vec::new(), later: Vec::new() };
    // Those that work waits for come first.
    open.sort_by_key(|question| !question.needed);
    for question in open {
        if low {
            asking.assumptions.push(question.assumption);
        } else if asking.questions.len() == MAX_QUESTIONS {
            asking.later.push(format!("asked after these answers: {}", question.text));
        } else {
            let id = u8::try_from(asking.questions.len() + 1).unwrap_or(u8::MAX);
            asking.questions.push(Question {
                id,
                topic: question.topic.to_owned(),
                text: question.text,
                options: question.options,
                blocking: question.needed,
            });
        }
    }
    asking
}

fn open(facts: &Facts<'_>) -> Vec<Open> {
    let rules: [fn(&Facts<'_>) -> Option<Open>; 15] = [
        data::columns,
        data::rows,
        data::renames,
        data::index,
        data::migration_tool,
        api::endpoints,
        api::compatibility,
        api::permissions,
        operate::target,
        operate::reproduction,
        data::retention,
        api::dependency,
        operate::environment,
        operate::incident,
        api::contract,
    ];
    rules.iter().filter_map(|rule| rule(facts)).collect()
}

/// What is wrong with an answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnswerProblem {
    #[error("there is no question `{0}`")]
    NoSuchQuestion(String),
    #[error("question {question} has options {from} to {to}")]
    NoSuchOption { question: u8, from: char, to: char },
    #[error("the answer is empty")]
    Empty,
}

/// The answer that `text` gives to a question of the plan, named by number or topic. One letter is
/// an option; anything else is the person's own words.
pub fn answered(
    plan: &Plan,
    question: &str,
    text: &str,
    by: Login,
) -> Result<Answered, AnswerProblem> {
    let wanted = question.trim();
    let found = plan
        .questions
        .iter()
        .find(|question| question.topic == wanted || question.id.to_string() == wanted);
    let Some(found) = found else {
        return Err(AnswerProblem::NoSuchQuestion(super::words::cut(wanted, 60)));
    };
    let text = text.trim();
    if text.is_empty() {
        return Err(AnswerProblem::Empty);
    }
    let mut letters = text.chars();
    let letter = letters.next().filter(|_| letters.next().is_none());
    let answer = match letter.filter(char::is_ascii_alphabetic) {
        Some(letter) => {
            let index = usize::from(letter.to_ascii_uppercase() as u8 - b'A');
            let option = found.options.get(index);
            let last = u8::try_from(found.options.len().saturating_sub(1)).unwrap_or(25);
            option.cloned().ok_or(AnswerProblem::NoSuchOption {
                question: found.id,
                from: 'A',
                to: char::from(b'A' + last.min(25)),
            })?
        }
        None => text.to_owned(),
    };
    Ok(Answered { topic: found.topic.clone(), answer, by })
}

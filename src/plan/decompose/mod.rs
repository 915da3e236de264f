//! Steps of the work: who does what in which order, by the pattern that the request follows.

mod code;
mod data;
mod flows;
mod operate;

pub use flows::steps;

use super::facts::Facts;
use super::roles::Role;
use super::words::code;
use crate::domain::finding::Prose;
use crate::domain::plan::{Execution, FileAction, MAX_FILES_PER_TASK};

/// A task before it has an id.
#[derive(Debug, Clone)]
pub struct Step {
    pub role: Role,
    pub title: Prose,
    pub input: Vec<Prose>,
    pub output: Vec<Prose>,
    pub files: Vec<(String, FileAction)>,
    pub checks: Vec<Prose>,
    pub rollback: Option<Prose>,
    pub observe: Option<Prose>,
    pub execution: Execution,
    /// Positions of earlier steps.
    pub after: Vec<usize>,
    pub stage: Stage,
}

/// Where a step stands in the order decide, expand, migrate, contract, operate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    Decide,
    Expand,
    Build,
    Backfill,
    Contract,
    Operate,
}

impl Step {
    fn new(role: Role, stage: Stage, title: impl Into<Prose>) -> Self {
        Self {
            role,
            title: title.into(),
            input: Vec::new(),
            output: Vec::new(),
            files: Vec::new(),
            checks: Vec::new(),
            rollback: None,
            observe: None,
            execution: Execution::Delegated,
            after: Vec::new(),
            stage,
        }
    }

    fn input(mut self, text: impl Into<Prose>) -> Self {
        self.input.push(text.into());
        self
    }

    fn output(mut self, text: impl Into<Prose>) -> Self {
        self.output.push(text.into());
        self
    }

    fn check(mut self, text: impl Into<Prose>) -> Self {
        self.checks.push(text.into());
        self
    }

    fn file(mut self, path: impl Into<String>, action: FileAction) -> Self {
        let path = path.into();
        let known = self.files.iter().any(|(known, _)| *known == path);
        let allowed = !super::paths::is_protected(&path);
        if !known && allowed && self.files.len() < MAX_FILES_PER_TASK {
            self.files.push((path, action));
        }
        self
    }

    fn advice(mut self) -> Self {
        self.execution = Execution::Advice;
        self
    }
}

/// "`cargo test` is green (`ci.yml`:12)", or that nobody says how the tests run.
fn tests_pass(facts: &Facts<'_>) -> Prose {
    match &facts.repository.test_command {
        Some(command) => {
            format!("{} passes (from `{}`:{})", code(&command.text), command.path, command.line)
        }
        None => "The repository's tests pass".to_owned(),
    }
}

//! What to do about a task that failed: retry, reroute, decompose, escalate.

use serde::{Deserialize, Serialize};

/// Attempts of one agent at one task: the first and two retries.
pub const MAX_ATTEMPTS: u32 = 3;
/// How often a task may be decomposed.
pub const MAX_DEPTH: u8 = 2;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TaskState {
    Waiting,
    Running,
    Retrying,
    Done,
    /// A packet for a person or a coding agent.
    HandedOver,
    Failed,
    /// Not begun, because the run ended before.
    Skipped,
}

/// A task while it is carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskRun {
    pub id: String,
    /// Who has it now.
    pub agent: String,
    pub state: TaskState,
    /// Attempts by agent, in the order in which they had it.
    pub attempts: Vec<(String, u32)>,
    /// Given to another agent once: not again.
    pub rerouted: bool,
    /// How often it, or what it was cut from, was decomposed.
    pub depth: u8,
    /// What happened, one clause.
    pub note: Option<String>,
}

impl TaskRun {
    pub fn new(id: &str, agent: &str, state: TaskState) -> Self {
        Self {
            id: id.to_owned(),
            agent: agent.to_owned(),
            state,
            attempts: Vec::new(),
            rerouted: false,
            depth: 0,
            note: None,
        }
    }

    /// Attempts of the agent that has it now.
    pub fn attempts(&self) -> u32 {
        self.attempts.iter().find(|(agent, _)| *agent == self.agent).map_or(0, |(_, count)| *count)
    }

    pub fn attempts_in_all(&self) -> u32 {
        self.attempts.iter().map(|(_, count)| count).sum()
    }

    /// Counts an attempt that begins now. `false`: this agent has had all of its attempts.
    #[must_use]
    pub fn begin(&mut self) -> bool {
        if self.attempts() >= MAX_ATTEMPTS {
            return false;
        }
        match self.attempts.iter_mut().find(|(agent, _)| *agent == self.agent) {
            Some((_, count)) => *count += 1,
            None => self.attempts.push((self.agent.clone(), 1)),
        }
        self.state = if self.attempts() > 1 { TaskState::Retrying } else { TaskState::Running };
        true
    }

    pub fn done(&mut self, note: Option<String>) {
        self.state = TaskState::Done;
        self.note = note;
    }
}

/// Why an attempt failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What is wrong, in one sentence; may hold words from the repository.
    pub what: String,
    /// The agent that owns errors of this kind, where it is known.
    pub owner: Option<String>,
    /// Whether smaller parts could succeed where the whole did not.
    pub splittable: bool,
    /// Whether the same input fails again for certain: then a retry is no use.
    pub certain: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recovery {
    /// The same agent, told what went wrong.
    Retry,
    /// The agent that owns the error.
    Reroute { to: String },
    /// In smaller parts.
    Decompose,
    /// Ask a person.
    Escalate,
}

/// Decides, and brings the task into the state that follows.
pub fn recover(task: &mut TaskRun, failure: &Failure) -> Recovery {
    task.note = Some(failure.what.chars().take(super::MAX_WORDS).collect());
    if !failure.certain && task.attempts() < MAX_ATTEMPTS {
        task.state = TaskState::Retrying;
        return Recovery::Retry;
    }
    let had = |agent: &str| task.attempts.iter().any(|(name, _)| name == agent);
    if let Some(owner) = failure.owner.as_deref().filter(|owner| !task.rerouted && !had(owner)) {
        let to = owner.to_owned();
        task.rerouted = true;
        task.agent.clone_from(&to);
        task.state = TaskState::Waiting;
        return Recovery::Reroute { to };
    }
    if failure.splittable && task.depth < MAX_DEPTH {
        task.depth += 1;
        task.state = TaskState::Waiting;
        return Recovery::Decompose;
    }
    task.state = TaskState::Failed;
    Recovery::Escalate
}

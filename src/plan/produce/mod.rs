//! What can be written without judgement, for the repository's own stack: migrations, operations
//! of an API document, tests that fail until the behaviour is there, alerts, sections of
//! documents. What would need judgement is refused with the reason, and becomes a delegation.

mod alert;
mod document;
mod ground;
mod migration;
mod names;
mod openapi;
mod skeleton;

pub use ground::{CalendarTime, Ground, Overlay, wants};

use crate::domain::finding::Prose;
use crate::domain::path::RepoPath;
use crate::domain::plan::{Artefact, Execution, FileAction, MAX_FILES_PER_TASK, Plan, Task};

/// What a task wrote.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Produced {
    /// In the order of writing; no path twice.
    pub files: Vec<ProducedFile>,
    /// What whoever merges must know or still do.
    pub notes: Vec<Prose>,
    /// How to see that it works.
    pub verification: Vec<Prose>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProducedFile {
    pub path: RepoPath,
    /// The whole file.
    pub content: String,
    pub action: FileAction,
}

/// Why nothing was written. All of these turn the task into a delegation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProduceError {
    /// The task is not one that rules carry out.
    #[error("{0}")]
    NotGenerated(Prose),
    /// The repository does not show something that must be known.
    #[error("{0}")]
    Unknown(Prose),
    /// What should be written is there already, or stands against it.
    #[error("{0}")]
    Conflict(Prose),
}

impl Produced {
    fn add(&mut self, path: &str, content: String) -> Result<(), ProduceError> {
        self.file(path, content, FileAction::Add)
    }

    fn modify(&mut self, path: &str, content: String) -> Result<(), ProduceError> {
        self.file(path, content, FileAction::Modify)
    }

    fn file(
        &mut self,
        path: &str,
        content: String,
        action: FileAction,
    ) -> Result<(), ProduceError> {
        let sound = RepoPath::new(path).filter(|path| !is_protected(path.as_str()));
        let path = sound
            .ok_or_else(|| ProduceError::Conflict(format!("`{path}` is not a file to write")))?;
        self.files.retain(|file| file.path != path);
        self.files.push(ProducedFile { path, content, action });
        Ok(())
    }
}

/// Files that decide about pipelines, owners or this product itself are never written.
pub fn is_protected(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    lower.starts_with(".github/")
        || lower.starts_with(".git/")
        || lower.starts_with(".gitlab-ci")
        || lower.starts_with(".circleci/")
        || lower.rsplit('/').next() == Some("codeowners")
}

/// Writes what the task promises. `prior` is what earlier tasks wrote, in their order.
pub fn produce(
    task: &Task,
    plan: &Plan,
    ground: &Ground<'_>,
    prior: &[ProducedFile],
) -> Result<Produced, ProduceError> {
    let Execution::Generated { artefact } = &task.execution else {
        return Err(ProduceError::NotGenerated(format!("{} is not written by rules", task.id)));
    };
    let overlay = Overlay::new(ground, prior);
    let produced = match artefact {
        Artefact::Migration { changes } => migration::produce(changes, &task.files, &overlay),
        Artefact::ApiContract { path, endpoints } => {
            openapi::produce(path, endpoints, plan, &overlay)
        }
        Artefact::TestSkeleton { subject, cases } => skeleton::produce(subject, cases, &overlay),
        Artefact::Alert { subject } => alert::produce(subject, &overlay),
        Artefact::Document { path, topic } => document::produce(path, topic, plan, &overlay),
    }?;
    if produced.files.len() > MAX_FILES_PER_TASK {
        let count = produced.files.len();
        return Err(ProduceError::NotGenerated(format!(
            "{} would write {count} files, more than the {MAX_FILES_PER_TASK} of one task",
            task.id
        )));
    }
    Ok(produced)
}

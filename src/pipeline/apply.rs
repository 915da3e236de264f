//! A plan carried out for a repository on this machine: what rules can write, task by task.

use std::collections::BTreeMap;

use crate::domain::finding::Prose;
use crate::domain::ids::CommitSha;
use crate::domain::path::RepoPath;
use crate::domain::plan::{Execution, FileAction, Plan};
use crate::plan::deliver::commit_message;
use crate::plan::produce::{CalendarTime, Ground, ProducedFile, produce, wants};
use crate::ports::branch::LocalCommit;
use crate::ports::forge::TreeFile;
use crate::ports::source::{Fetched, Source, SourceError};

/// Longest file that is read, in bytes.
const MAX_FILE_BYTES: usize = 1024 * 1024;

/// What became of the plan.
#[derive(Debug, Clone, Default)]
pub struct Applied {
    /// One for each task that wrote something, in the order of the plan.
    pub commits: Vec<LocalCommit>,
    /// Tasks that nobody carries out here: id, and why.
    pub left: Vec<(String, Prose)>,
    pub notes: Vec<Prose>,
    pub verification: Vec<Prose>,
}

/// Writes what rules can write at this commit. What a task needs and the repository does not show
/// leaves the task to a person.
pub async fn apply(
    source: &dyn Source,
    fetched: &Fetched,
    base: &CommitSha,
    plan: &Plan,
    now: CalendarTime,
) -> Result<Applied, SourceError> {
    let listing = source.listing(fetched, base).await?;
    let paths: Vec<&str> = listing.paths().map(RepoPath::as_str).collect();
    let mut texts: BTreeMap<String, String> = BTreeMap::new();
    for path in plan.tasks.iter().flat_map(|task| wants(task, &paths)) {
        let Some(wanted) = RepoPath::new(path).filter(|_| !texts.contains_key(path)) else {
            continue;
        };
        if let Some(bytes) = source.read(fetched, base, &wanted, MAX_FILE_BYTES).await?
            && bytes.len() < MAX_FILE_BYTES
            && let Ok(text) = String::from_utf8(bytes)
        {
            texts.insert(path.to_owned(), text);
        }
    }
    let text = |path: &str| texts.get(path).cloned();
    Ok(carried_out(plan, &Ground { paths: &paths, text: &text, now }))
}

/// The pure part: every task that rules can carry out, each on top of those before.
fn carried_out(plan: &Plan, ground: &Ground<'_>) -> Applied {
    let mut applied = Applied::default();
    let mut prior: Vec<ProducedFile> = Vec::new();
    for task in &plan.tasks {
        if !matches!(task.execution, Execution::Generated { .. }) {
            let why = match task.execution {
                Execution::Delegated => "needs a person or a coding agent",
                _ => "writes nothing",
            };
            applied.left.push((task.id.clone(), why.to_owned()));
            continue;
        }
        match produce(task, plan, ground, &prior) {
            Ok(produced) => {
                let message = commit_message(task, plan, None);
                let files = produced.files.iter().map(tree_file).collect();
                applied.commits.push(LocalCommit { message, files });
                applied.notes.extend(produced.notes);
                applied.verification.extend(produced.verification);
                for file in produced.files {
                    prior.retain(|old| old.path != file.path);
                    prior.push(file);
                }
            }
            Err(why) => applied.left.push((task.id.clone(), why.to_string())),
        }
    }
    applied
}

fn tree_file(file: &ProducedFile) -> TreeFile {
    TreeFile {
        path: file.path.clone(),
        text: (file.action != FileAction::Remove).then(|| file.content.clone()),
        executable: false,
    }
}

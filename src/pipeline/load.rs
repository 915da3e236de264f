//! Loads what a review needs: the change, and from the base commit the policy and instructions.

use std::sync::Arc;

use crate::config::code_owners::{CODE_OWNERS_PATHS, CodeOwners, MAX_CODE_OWNERS_BYTES};
use crate::config::policy::{POLICY_PATH, Policy};
use crate::domain::change::{Change, FileChange};
use crate::domain::instructions::{Instructions, Problem, ProblemLevel};
use crate::domain::path::RepoPath;
use crate::domain::team::Team;
use crate::instructions::{self, RawFile};
use crate::ports::source::{ChangeHead, Fetched, Source, SourceError};
use crate::rules;

/// Longest policy or instruction file that is read, in bytes.
const MAX_FILE_BYTES: usize = 256 * 1024;
/// Most instruction files that are read.
const MAX_FILES: usize = 400;
const SYMLINK_MODE: u32 = 0o120_000;

#[derive(Debug, Clone)]
pub struct Loaded {
    pub change: Arc<Change>,
    pub policy: Arc<Policy>,
    pub origin: PolicyOrigin,
    pub instructions: Instructions,
    /// Problems of the policy file.
    pub policy_problems: Vec<Problem>,
}

/// Where a policy came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PolicyOrigin {
    /// The base commit's own file, readable or not.
    Repository,
    /// The owner's `.github` repository.
    Owner,
    /// Nobody wrote one.
    #[default]
    Defaults,
}

/// Reads the change and everything that decides how it is reviewed.
pub async fn load(
    source: &dyn Source,
    fetched: &Fetched,
    head: ChangeHead,
) -> Result<Loaded, SourceError> {
    let change = source.change(fetched, head).await?;
    let (policy, mut policy_problems) = policy(source, fetched).await?;
    let origin = policy_origin(source, fetched).await?;
    policy_problems.extend(coming_problems(&change));
    let changed: Vec<RepoPath> = change.files.iter().map(|file| file.path.clone()).collect();
    let instructions = read_instructions(source, fetched, &changed).await?;
    Ok(Loaded {
        change: Arc::new(change),
        policy: Arc::new(policy),
        origin,
        instructions,
        policy_problems,
    })
}

/// What is wrong with the policy that the change itself brings. It does not count for its own
/// review, but before the merge is the time to mend it.
fn coming_problems(change: &Change) -> Vec<Problem> {
    let Some(path) = RepoPath::new(POLICY_PATH) else { return Vec::new() };
    let Some(text) = change.file(&path).and_then(FileChange::head_text) else { return Vec::new() };
    let (_, problems) = Policy::parse(text.as_str(), &path, rules::known);
    let coming = |problem: Problem| Problem {
        message: format!("as this change leaves it: {}", problem.message),
        ..problem
    };
    problems.into_iter().map(coming).collect()
}

/// The policy of the base commit, or the default one.
pub async fn policy(
    source: &dyn Source,
    fetched: &Fetched,
) -> Result<(Policy, Vec<Problem>), SourceError> {
    let Some(path) = RepoPath::new(POLICY_PATH) else { return Ok(Default::default()) };
    let Some(bytes) = source.read(fetched, &fetched.base, &path, MAX_FILE_BYTES).await? else {
        return Ok(Default::default());
    };
    match std::str::from_utf8(&bytes) {
        Ok(text) => Ok(Policy::parse(text, &path, rules::known)),
        Err(_) => {
            let message = "the policy is not UTF-8 text; the defaults apply".to_owned();
            let level = ProblemLevel::Error;
            Ok((Policy::default(), vec![Problem { level, path, line: None, message }]))
        }
    }
}

/// Whether the base commit has a policy file of its own.
pub async fn policy_origin(
    source: &dyn Source,
    fetched: &Fetched,
) -> Result<PolicyOrigin, SourceError> {
    let found = source.list(fetched, &fetched.base, &[POLICY_PATH.to_owned()]).await?;
    Ok(if found.is_empty() { PolicyOrigin::Defaults } else { PolicyOrigin::Repository })
}

/// CODEOWNERS of the base commit: the first file of those that GitHub looks for. Links are not
/// followed, and what GitHub would not load counts as nobody's.
pub async fn code_owners(
    source: &dyn Source,
    fetched: &Fetched,
) -> Result<CodeOwners, SourceError> {
    let places: Vec<String> = CODE_OWNERS_PATHS.iter().map(ToString::to_string).collect();
    let found = source.list(fetched, &fetched.base, &places).await?;
    let first = places.iter().find_map(|place| {
        found.iter().find(|entry| entry.path.as_str() == place && entry.mode != SYMLINK_MODE)
    });
    let Some(entry) = first else { return Ok(CodeOwners::default()) };
    let read = source.read(fetched, &fetched.base, &entry.path, MAX_CODE_OWNERS_BYTES).await?;
    let bytes = read.filter(|bytes| bytes.len() < MAX_CODE_OWNERS_BYTES).unwrap_or_default();
    Ok(CodeOwners::parse(&String::from_utf8_lossy(&bytes), &entry.path).0)
}

/// The team of the base commit.
pub async fn team(source: &dyn Source, fetched: &Fetched) -> Result<Team, SourceError> {
    Ok(read_instructions(source, fetched, &[]).await?.team)
}

/// Team and instructions of the base commit that speak about the whole repository.
pub async fn instructions(
    source: &dyn Source,
    fetched: &Fetched,
) -> Result<Instructions, SourceError> {
    read_instructions(source, fetched, &[]).await
}

async fn read_instructions(
    source: &dyn Source,
    fetched: &Fetched,
    changed: &[RepoPath],
) -> Result<Instructions, SourceError> {
    let mut wanted = instructions::wanted(changed);
    let mut files = Vec::new();
    // First the files with a place of their own, then round by round those that they name.
    for _ in 0..=instructions::MAX_IMPORT_DEPTH {
        let before = files.len();
        read_files(source, fetched, &wanted, &mut files).await?;
        wanted = instructions::named(&files).iter().map(ToString::to_string).collect();
        if wanted.is_empty() || files.len() == before {
            break;
        }
    }
    Ok(instructions::read(files, changed))
}

async fn read_files(
    source: &dyn Source,
    fetched: &Fetched,
    wanted: &[String],
    files: &mut Vec<RawFile>,
) -> Result<(), SourceError> {
    let entries = source.list(fetched, &fetched.base, wanted).await?;
    let left = MAX_FILES.saturating_sub(files.len());
    for entry in entries.into_iter().take(left) {
        let read = source.read(fetched, &fetched.base, &entry.path, MAX_FILE_BYTES).await?;
        // A dangling or escaping link has no content; it is still named, so that it is reported.
        let symlink_target = (entry.mode == SYMLINK_MODE).then(String::new);
        let bytes = read.unwrap_or_default();
        files.push(RawFile { path: entry.path, bytes, symlink_target });
    }
    Ok(())
}

//! `backend-team check`: what is wrong with the policy, CODEOWNERS and the agent files.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;

use super::output::print;
use crate::config::code_owners::{CODE_OWNERS_PATHS, CodeOwners, MAX_CODE_OWNERS_BYTES};
use crate::config::policy::{POLICY_PATH, Policy};
use crate::domain::instructions::{Problem, ProblemLevel};
use crate::domain::path::RepoPath;
use crate::instructions::{self, RawFile};
use crate::rules;

/// Longest file that is read, in bytes.
const MAX_FILE_BYTES: u64 = 256 * 1024;
/// Deepest folder below those of the known formats.
const MAX_DEPTH: usize = 6;

/// Checks the working tree's `.github/backend-team.toml`, CODEOWNERS, AGENTS.md and other agent files. Exit
/// status: 0 nothing wrong, 1 errors or warnings, 2 could not run.
#[derive(Debug, Args)]
pub struct Check {
    /// The repository's folder.
    #[arg(long, default_value = ".", value_name = "PATH")]
    repo: PathBuf,
}

impl Check {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let root = self
            .repo
            .canonicalize()
            .with_context(|| format!("cannot open {}", self.repo.display()))?;
        let mut problems = policy_problems(&root)?;
        problems.extend(code_owners_problems(&root)?);
        let files = instruction_files(&root)?;
        let count = files.len();
        problems.extend(instructions::read(files, &[]).problems);
        for problem in &problems {
            print(&line(problem))?;
        }
        let serious = problems.iter().any(|problem| problem.level >= ProblemLevel::Warning);
        let files =
            if count == 1 { "1 agent file".to_owned() } else { format!("{count} agent files") };
        let policy =
            if root.join(POLICY_PATH).exists() { "the policy and " } else { "no policy and " };
        print(&format!("read {policy}{files}: {} problems\n", problems.len()))?;
        Ok(if serious { ExitCode::from(1) } else { ExitCode::SUCCESS })
    }
}

fn line(problem: &Problem) -> String {
    let level = match problem.level {
        ProblemLevel::Note => "note",
        ProblemLevel::Warning => "warning",
        ProblemLevel::Error => "error",
    };
    let at = problem.line.map(|line| format!(":{line}")).unwrap_or_default();
    format!("{}{at}: {level}: {}\n", problem.path, problem.message)
}

fn policy_problems(root: &Path) -> anyhow::Result<Vec<Problem>> {
    let Some(path) = RepoPath::new(POLICY_PATH) else { return Ok(Vec::new()) };
    match std::fs::read_to_string(root.join(POLICY_PATH)) {
        Ok(text) => Ok(Policy::parse(&text, &path, rules::known).1),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error).with_context(|| format!("cannot read {POLICY_PATH}")),
    }
}

/// What is wrong with the CODEOWNERS file that GitHub would use.
fn code_owners_problems(root: &Path) -> anyhow::Result<Vec<Problem>> {
    let first = CODE_OWNERS_PATHS.into_iter().find(|path| root.join(path).is_file());
    let Some((name, path)) = first.and_then(|name| Some((name, RepoPath::new(name)?))) else {
        return Ok(Vec::new());
    };
    let bytes = std::fs::read(root.join(name)).with_context(|| format!("cannot read {name}"))?;
    let problem =
        |level, message: String| Problem { level, path: path.clone(), line: None, message };
    if bytes.len() >= MAX_CODE_OWNERS_BYTES {
        let message = "GitHub does not load a file of 3 MB or more: nobody owns anything";
        return Ok(vec![problem(ProblemLevel::Error, message.to_owned())]);
    }
    let (owners, mut problems) = CodeOwners::parse(&String::from_utf8_lossy(&bytes), &path);
    for mail in owners.mails() {
        let message = format!(
            "`{mail}` does not tell which account it is: for decisions about gates, name the account"
        );
        problems.push(problem(ProblemLevel::Note, message));
    }
    Ok(problems)
}

fn instruction_files(root: &Path) -> anyhow::Result<Vec<RawFile>> {
    let mut files = Vec::new();
    let mut wanted = instructions::wanted(&[]);
    for _ in 0..=instructions::MAX_IMPORT_DEPTH {
        let before = files.len();
        for path in &wanted {
            collect(root, &root.join(path), 0, &mut files)?;
        }
        files.sort_by(|a: &RawFile, b| a.path.cmp(&b.path));
        files.dedup_by(|a, b| a.path == b.path);
        if files.len() == before {
            break;
        }
        wanted = instructions::named(&files).iter().map(ToString::to_string).collect();
    }
    Ok(files)
}

/// Adds a file, or the files of a folder. Links are followed only inside the repository.
fn collect(root: &Path, path: &Path, depth: usize, files: &mut Vec<RawFile>) -> anyhow::Result<()> {
    let Ok(metadata) = std::fs::symlink_metadata(path) else { return Ok(()) };
    if metadata.is_dir() {
        if depth >= MAX_DEPTH {
            return Ok(());
        }
        for entry in std::fs::read_dir(path)? {
            collect(root, &entry?.path(), depth + 1, files)?;
        }
        return Ok(());
    }
    let relative = path.strip_prefix(root).ok().and_then(|path| path.to_str());
    let Some(repo_path) = relative.and_then(RepoPath::new) else { return Ok(()) };
    let inside = path.canonicalize().is_ok_and(|real| real.starts_with(root));
    let readable =
        inside && std::fs::metadata(path).is_ok_and(|m| m.is_file() && m.len() <= MAX_FILE_BYTES);
    let bytes = if readable { std::fs::read(path)? } else { Vec::new() };
    let symlink_target = metadata.is_symlink().then(String::new);
    files.push(RawFile { path: repo_path, bytes, symlink_target });
    Ok(())
}

//! Instruction files (AGENTS.md and the agent file formats of other tools) read into a team.
//!
//! Everything here is data: no sentence of a file is obeyed, no link is followed out of the given
//! files, and whatever is wrong with a file is reported rather than raised.

mod agent_file;
mod built_in;
mod display;
mod document;
mod fields;
mod frontmatter;
mod harvest;
mod imports;
mod lanes;
mod links;
mod locate;
mod merge;
mod opencode;
mod parsed;
mod roster;
mod together;
mod tools;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::config::policy::PathSet;
use crate::domain::instructions::{
    InstructionFile, InstructionFormat, Instructions, Problem, ProblemLevel, Scope,
};
use crate::domain::path::RepoPath;
use crate::domain::team::Lane;

pub use built_in::team as built_in_team;
pub use locate::wanted;

use parsed::ParsedFile;

/// Codex reads at most this many bytes of merged project instructions by default.
pub const MAX_MERGED_BYTES: usize = 32 * 1024;
/// Copilot's code review reads at most this many characters of one instruction file.
pub const COPILOT_REVIEW_CHARS: usize = 4_000;

/// A file of the base commit, as stored.
#[derive(Debug, Clone)]
pub struct RawFile {
    pub path: RepoPath,
    pub bytes: Vec<u8>,
    /// For a symbolic link, where it points, as stored. `bytes` may hold the target's content if
    /// the link was followed already, or the stored target.
    pub symlink_target: Option<String>,
}

/// A file that counts, parsed.
struct Counted {
    path: RepoPath,
    format: InstructionFormat,
    scope: Scope,
    bytes: Vec<u8>,
    parsed: ParsedFile,
}

/// The lane that a name as people write it stands for (`backend/db-architect`, `Security/Privacy
/// Reviewer`), if the name tells.
pub fn lane_of(name: &str) -> Option<Lane> {
    lanes::from_name(name)
}

/// Whether two names mean the same agent.
pub fn same_agent(a: &str, b: &str) -> bool {
    lanes::normalized_name(a) == lanes::normalized_name(b)
}

pub use imports::{MAX_DEPTH as MAX_IMPORT_DEPTH, MAX_IMPORTED};

/// Files that these name and that are not among them: `@path` imports and prompts of agents. To be
/// read and added, up to [`MAX_IMPORT_DEPTH`] times and [`MAX_IMPORTED`] files.
pub fn named(files: &[RawFile]) -> Vec<RepoPath> {
    let mut named: Vec<RepoPath> = Vec::new();
    for file in files {
        let targets = match locate::format_of(&file.path) {
            _ if opencode::is_configuration(&file.path) => {
                opencode::prompt_files(&file.path, &file.bytes)
            }
            Some(format) if !imports(format) => continue,
            // A file that was named by another one, or a chain file.
            _ => imports::of(&file.path, &file.bytes),
        };
        for target in targets {
            if !named.contains(&target) && files.iter().all(|other| other.path != target) {
                named.push(target);
            }
        }
    }
    named.truncate(MAX_IMPORTED);
    named
}

/// Whether `@path` in files of this format brings in another file.
fn imports(format: InstructionFormat) -> bool {
    is_chain(format) || format == InstructionFormat::ClaudeRule
}

/// Reads instruction files into the team and the instructions that apply to the changed paths.
/// With no changed paths, those of the whole repository.
pub fn read(files: Vec<RawFile>, changed: &[RepoPath]) -> Instructions {
    let mut problems = Vec::new();
    let files = links::resolve(files, &mut problems);
    let counted = count(files, changed);
    let mut kept: Vec<InstructionFile> = Vec::new();
    let mut budget = MAX_MERGED_BYTES;
    for file in &counted {
        let (instruction, notes) = instruction_file(file, changed, &mut budget);
        kept.push(instruction);
        problems.extend(notes);
    }
    let team = merge::team(counted, &mut problems);
    problems.sort_by(|a, b| (&a.path, a.line).cmp(&(&b.path, b.line)));
    Instructions { team, files: kept, problems }
}

/// The files that count, in order of precedence for their text: the chain from the root down,
/// path instructions, the repository's general instructions, then what is read on demand.
fn count(files: Vec<links::Resolved>, changed: &[RepoPath]) -> Vec<Counted> {
    let mut chain: Vec<Counted> = Vec::new();
    let mut by_path: BTreeMap<String, links::Resolved> =
        files.into_iter().map(|file| (file.path.as_str().to_owned(), file)).collect();
    for directory in locate::directories(changed) {
        let mut names: Vec<String> =
            locate::CHAIN.iter().map(|name| locate::join(directory, name)).collect();
        if directory.is_empty() {
            names.insert(3, ".claude/CLAUDE.md".to_owned());
        }
        // An empty file is as good as none.
        let first = names.iter().find(|name| {
            by_path.get(*name).is_some_and(|file| !file.bytes.trim_ascii().is_empty())
        });
        if let Some(file) = first.and_then(|name| by_path.remove(name)) {
            chain.extend(counted(file));
        }
    }
    let chain = with_imports(chain, &mut by_path);
    others(chain, by_path, changed)
}

/// Each file with those that it imports behind it. A file that counts by its own place is not
/// imported, and none counts twice.
fn with_imports(
    chain: Vec<Counted>,
    by_path: &mut BTreeMap<String, links::Resolved>,
) -> Vec<Counted> {
    let mut out: Vec<Counted> = Vec::new();
    let mut open: Vec<(Counted, usize)> = chain.into_iter().rev().map(|file| (file, 0)).collect();
    let mut imported = 0;
    while let Some((file, depth)) = open.pop() {
        let mut targets = imports::of(&file.path, &file.bytes);
        targets.retain(|path| locate::format_of(path).is_none_or(is_chain));
        if depth < MAX_IMPORT_DEPTH {
            for path in targets.into_iter().rev() {
                let Some(found) = by_path.remove(path.as_str()) else { continue };
                imported += 1;
                if imported > MAX_IMPORTED {
                    break;
                }
                let parsed = parsed::parse(&found.path, file.format, &found.bytes);
                let (format, scope) = (file.format, file.scope.clone());
                let next = Counted { path: found.path, format, scope, bytes: found.bytes, parsed };
                open.push((next, depth + 1));
            }
        }
        out.push(file);
    }
    out
}

/// Adds what is no part of the chain of directories.
fn others(
    mut chain: Vec<Counted>,
    by_path: BTreeMap<String, links::Resolved>,
    changed: &[RepoPath],
) -> Vec<Counted> {
    let mut others: Vec<Counted> = Vec::new();
    for file in by_path.values().filter(|file| opencode::is_configuration(&file.path)) {
        let prompt = |path: &RepoPath| Some(by_path.get(path.as_str())?.bytes.as_slice());
        let parsed = opencode::parse(&file.path, &file.bytes, &prompt);
        let (format, scope) = (InstructionFormat::OpenCodeAgent, Scope::Agent);
        let (path, bytes) = (file.path.clone(), file.bytes.clone());
        others.push(Counted { path, format, scope, bytes, parsed });
    }
    let files = by_path.into_values().filter(|file| !opencode::is_configuration(&file.path));
    for file in files {
        let in_chain = locate::CHAIN.contains(&file.path.file_name());
        if !in_chain || file.path.as_str().starts_with(".github/") {
            others.extend(counted(file).filter(|c| !is_chain(c.format)));
        }
    }
    others.sort_by_key(|file| rank(file, changed));
    chain.extend(others);
    chain
}

fn is_chain(format: InstructionFormat) -> bool {
    matches!(
        format,
        InstructionFormat::AgentsMd | InstructionFormat::ClaudeMd | InstructionFormat::GeminiMd
    )
}

fn counted(file: links::Resolved) -> Option<Counted> {
    let format = locate::format_of(&file.path)?;
    let parsed = parsed::parse(&file.path, format, &file.bytes);
    let scope = locate::scope_of(&file.path, format, &parsed.front);
    Some(Counted { path: file.path, format, scope, bytes: file.bytes, parsed })
}

fn rank(file: &Counted, changed: &[RepoPath]) -> u8 {
    match &file.scope {
        Scope::Globs(_) if applies(file, changed) => 0,
        Scope::Directory(_) => 1,
        Scope::Agent => 2,
        Scope::Globs(_) => 3,
        Scope::OnDemand => 4,
    }
}

/// Whether the file's text is given to agents that look at the changed paths.
fn applies(file: &Counted, changed: &[RepoPath]) -> bool {
    match &file.scope {
        Scope::Directory(_) => true,
        Scope::Globs(globs) => {
            let set = PathSet::new(globs);
            changed.is_empty() || changed.iter().any(|path| set.matches(path))
        }
        Scope::Agent | Scope::OnDemand => false,
    }
}

fn instruction_file(
    file: &Counted,
    changed: &[RepoPath],
    budget: &mut usize,
) -> (InstructionFile, Vec<Problem>) {
    let mut problems = Vec::new();
    let mut note = |level, message: String| {
        problems.push(Problem { level, path: file.path.clone(), line: None, message });
    };
    let mut text = parsed::text_for_agents(&file.bytes);
    let mut truncated = false;
    let counts = applies(file, changed);
    if counts && text.len() > COPILOT_REVIEW_CHARS {
        let characters = text.chars().count();
        if characters > COPILOT_REVIEW_CHARS {
            note(
                ProblemLevel::Note,
                format!(
                    "the file has {characters} characters; Copilot's review reads the first \
                     {COPILOT_REVIEW_CHARS} only"
                ),
            );
        }
    }
    let limit = if counts { *budget } else { MAX_MERGED_BYTES };
    if text.len() > limit {
        let at = (0..=limit).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(at);
        truncated = true;
        note(
            ProblemLevel::Warning,
            format!(
                "cut after {at} bytes: the instructions for this change are longer than 32 KiB \
                 together"
            ),
        );
    }
    if counts {
        *budget = budget.saturating_sub(text.len());
    }
    let (path, scope) = (file.path.clone(), file.scope.clone());
    (InstructionFile { path, format: file.format, scope, text, truncated }, problems)
}

//! Instruction files (AGENTS.md and its relatives): what was read and what was wrong with it.

use serde::{Deserialize, Serialize};

use super::diff::LineRange;
use super::path::RepoPath;
use super::team::Team;

/// Lines of an instruction file at the base commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceRef {
    pub path: RepoPath,
    pub lines: LineRange,
}

/// How serious a problem in a file that somebody wrote for us is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProblemLevel {
    /// Worth knowing; nothing is lost.
    Note,
    /// Something was ignored or repaired.
    Warning,
    /// The file, or this part of it, could not be used.
    Error,
}

/// A problem in an instruction or policy file: what, where, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    pub level: ProblemLevel,
    pub path: RepoPath,
    /// Line, counted from 1, where known.
    pub line: Option<u32>,
    /// What is wrong and what to do, in one or two sentences.
    pub message: String,
}

/// An instruction file that applies to part of the tree, with the text that agents are given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InstructionFile {
    pub path: RepoPath,
    pub format: InstructionFormat,
    /// Which paths it speaks about.
    pub scope: Scope,
    /// As read (lossily decoded, not repaired), possibly cut at the size limit.
    #[serde(skip)]
    pub text: String,
    /// Whether `text` was cut at the size limit.
    pub truncated: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// This directory and everything below (empty: the whole repository).
    Directory(String),
    /// Files that match one of these globs (relative to the root).
    Globs(Vec<String>),
    /// An agent's own file: speaks about an agent, not about paths.
    Agent,
    /// Read only when somebody asks for it (prompt files, manual rules).
    OnDemand,
}

/// The formats the product reads; names as their own tools call them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InstructionFormat {
    AgentsMd,
    ClaudeMd,
    GeminiMd,
    CopilotInstructions,
    CopilotPathInstructions,
    CopilotAgent,
    CopilotChatMode,
    CopilotPrompt,
    ClaudeAgent,
    ClaudeRule,
    OpenCodeAgent,
    GeminiAgent,
    CursorRule,
}

/// Everything that the base commit's files say about how to work on this repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
pub struct Instructions {
    pub team: Team,
    pub files: Vec<InstructionFile>,
    pub problems: Vec<Problem>,
}

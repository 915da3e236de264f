//! Where instruction files live, what format a path implies, and what each file speaks about.

use std::collections::BTreeSet;

use super::frontmatter::{Frontmatter, scalar};
use crate::domain::instructions::{InstructionFormat, Scope};
use crate::domain::path::{RepoPath, directories_of};

/// In each directory the first of these that exists counts.
pub const CHAIN: [&str; 4] = ["AGENTS.override.md", "AGENTS.md", "CLAUDE.md", "GEMINI.md"];

/// Files and directories of the root beyond the chain.
const AT_ROOT: &[&str] = &[
    ".claude/CLAUDE.md",
    ".claude/agents",
    ".claude/rules",
    ".cursor/rules",
    ".cursorrules",
    ".gemini/agents",
    ".github/agents",
    ".github/chatmodes",
    ".github/copilot-instructions.md",
    ".github/instructions",
    ".github/prompts",
    ".opencode/agent",
    ".opencode/agents",
    ".opencode/mode",
    ".opencode/modes",
    ".opencode/opencode.json",
    ".opencode/opencode.jsonc",
    "opencode.json",
    "opencode.jsonc",
];

/// A change over more directories than this has its deepest ones left out.
const MAX_DIRECTORIES: usize = 2_000;

/// Exact files and directories to list at the base commit.
pub fn wanted(changed: &[RepoPath]) -> Vec<String> {
    let mut wanted: Vec<String> = AT_ROOT.iter().map(|path| (*path).to_owned()).collect();
    for directory in directories(changed) {
        wanted.extend(CHAIN.iter().map(|name| join(directory, name)));
    }
    wanted
}

/// The directories on the way to the changed files, the root (empty) first, parents before
/// children.
pub fn directories(changed: &[RepoPath]) -> BTreeSet<&str> {
    directories_of(changed, MAX_DIRECTORIES)
}

pub fn join(directory: &str, name: &str) -> String {
    if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") }
}

/// The format that a path implies; `None` if it is no instruction file.
pub fn format_of(path: &RepoPath) -> Option<InstructionFormat> {
    let text = path.as_str();
    let markdown = text.ends_with(".md");
    let below = |folder: &str| text.starts_with(folder) && markdown;
    let format = match path.file_name() {
        "AGENTS.override.md" | "AGENTS.md" => InstructionFormat::AgentsMd,
        _ if super::opencode::is_configuration(path) => InstructionFormat::OpenCodeAgent,
        _ if below(".claude/agents/") => InstructionFormat::ClaudeAgent,
        _ if below(".claude/rules/") => InstructionFormat::ClaudeRule,
        _ if below(".gemini/agents/") => InstructionFormat::GeminiAgent,
        _ if below(".github/agents/") => InstructionFormat::CopilotAgent,
        _ if [".opencode/agent/", ".opencode/agents/", ".opencode/mode/", ".opencode/modes/"]
            .iter()
            .any(|folder| below(folder)) =>
        {
            InstructionFormat::OpenCodeAgent
        }
        name if below(".github/chatmodes/") && name.ends_with(".chatmode.md") => {
            InstructionFormat::CopilotChatMode
        }
        name if below(".github/prompts/") && name.ends_with(".prompt.md") => {
            InstructionFormat::CopilotPrompt
        }
        name if below(".github/instructions/") && name.ends_with(".instructions.md") => {
            InstructionFormat::CopilotPathInstructions
        }
        "copilot-instructions.md" if path.directory() == ".github" => {
            InstructionFormat::CopilotInstructions
        }
        "CLAUDE.md" => InstructionFormat::ClaudeMd,
        "GEMINI.md" => InstructionFormat::GeminiMd,
        ".cursorrules" if path.directory().is_empty() => InstructionFormat::CursorRule,
        name if text.starts_with(".cursor/rules/") && name.ends_with(".mdc") => {
            InstructionFormat::CursorRule
        }
        _ => return None,
    };
    Some(format)
}

/// Which paths a file speaks about.
pub fn scope_of(path: &RepoPath, format: InstructionFormat, front: &Frontmatter) -> Scope {
    let everywhere = Scope::Directory(String::new());
    match format {
        InstructionFormat::AgentsMd | InstructionFormat::ClaudeMd | InstructionFormat::GeminiMd => {
            let directory = path.directory();
            let own_folder = directory == ".claude";
            Scope::Directory(if own_folder { String::new() } else { directory.to_owned() })
        }
        InstructionFormat::CopilotInstructions => everywhere,
        InstructionFormat::CopilotPathInstructions => {
            globs(front, &["applyTo"]).map_or(Scope::OnDemand, Scope::Globs)
        }
        InstructionFormat::ClaudeRule => {
            globs(front, &["paths", "globs"]).map_or(everywhere, Scope::Globs)
        }
        InstructionFormat::CursorRule if path.file_name() == ".cursorrules" => everywhere,
        InstructionFormat::CursorRule if front.flag(&["alwaysApply"]) == Some(true) => everywhere,
        InstructionFormat::CursorRule => {
            globs(front, &["globs"]).map_or(Scope::OnDemand, Scope::Globs)
        }
        InstructionFormat::CopilotPrompt => Scope::OnDemand,
        InstructionFormat::CopilotAgent
        | InstructionFormat::CopilotChatMode
        | InstructionFormat::ClaudeAgent
        | InstructionFormat::OpenCodeAgent
        | InstructionFormat::GeminiAgent => Scope::Agent,
    }
}

/// Globs of a key: a list, or one text with commas outside of braces.
fn globs(front: &Frontmatter, keys: &[&str]) -> Option<Vec<String>> {
    let text = scalar(&front.get(keys)?.value)?;
    let mut depth = 0_usize;
    let globs: Vec<String> = text
        .split(|c: char| {
            match c {
                '{' => depth += 1,
                '}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            c == ',' && depth == 0
        })
        .map(|glob| glob.trim().trim_matches(['"', '\'']).trim_start_matches("./").to_owned())
        .filter(|glob| !glob.is_empty())
        .take(200)
        .collect();
    (!globs.is_empty()).then_some(globs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> RepoPath {
        RepoPath::new(text).unwrap()
    }

    #[test]
    fn every_directory_on_the_way_is_asked_for_once() {
        let wanted = wanted(&[path("a/b/c.rs"), path("a/d.rs"), path("e.rs")]);
        for expected in ["AGENTS.md", "a/AGENTS.override.md", "a/b/CLAUDE.md", ".github/agents"] {
            assert_eq!(wanted.iter().filter(|w| *w == expected).count(), 1, "{expected}");
        }
        assert!(!wanted.iter().any(|w| w.starts_with("a/b/c")));
    }

    #[test]
    fn formats_by_path() {
        for (text, format) in [
            ("x/AGENTS.md", Some(InstructionFormat::AgentsMd)),
            (".github/agents/a.agent.md", Some(InstructionFormat::CopilotAgent)),
            (".claude/agents/deep/a.md", Some(InstructionFormat::ClaudeAgent)),
            (".claude/CLAUDE.md", Some(InstructionFormat::ClaudeMd)),
            (".opencode/mode/a.md", Some(InstructionFormat::OpenCodeAgent)),
            (".cursor/rules/a.mdc", Some(InstructionFormat::CursorRule)),
            (".cursor/rules/a.md", None),
            ("README.md", None),
        ] {
            assert_eq!(format_of(&path(text)), format, "{text}");
        }
    }
}

//! `@path` lines, by which instruction files bring in others.
//!
//! The path is relative to the file that names it. Only text files inside the repository count; a
//! path in code, in a home directory or on a machine is left alone, and so is `@name`, which
//! mentions somebody.

use crate::domain::path::RepoPath;

/// Imports of imports, as Claude Code bounds them.
pub const MAX_DEPTH: usize = 5;
/// Files that are brought in for one review at most.
pub const MAX_IMPORTED: usize = 60;
/// Imports of one file that are followed.
const MAX_OF_ONE: usize = 40;
/// Longest path that is taken for one.
const MAX_PATH: usize = 300;

const TEXT: [&str; 4] = ["md", "mdc", "markdown", "txt"];

/// The files that a text imports, in its order, each once.
pub fn of(path: &RepoPath, bytes: &[u8]) -> Vec<RepoPath> {
    let text = String::from_utf8_lossy(bytes);
    let mut found: Vec<RepoPath> = Vec::new();
    let mut fence: Option<&str> = None;
    for line in text.lines() {
        let start = line.trim_start();
        let mark = ["```", "~~~"].into_iter().find(|mark| start.starts_with(mark));
        match (fence, mark) {
            (None, Some(mark)) => fence = Some(mark),
            (Some(open), Some(mark)) if open == mark => fence = None,
            (None, None) => {
                for target in in_line(line).filter_map(|target| resolved(path, target)) {
                    if found.len() < MAX_OF_ONE && target != *path && !found.contains(&target) {
                        found.push(target);
                    }
                }
            }
            _ => {}
        }
    }
    found
}

/// Words that begin with `@`, outside of code spans.
fn in_line(line: &str) -> impl Iterator<Item = &str> {
    let outside = line.split('`').step_by(2);
    outside
        .flat_map(str::split_whitespace)
        .filter_map(|word| word.trim_start_matches(['(', '[', '"']).strip_prefix('@'))
        .map(|word| word.trim_end_matches(['.', ',', ';', ':', ')', ']', '"', '!', '?']))
}

fn resolved(from: &RepoPath, target: &str) -> Option<RepoPath> {
    if target.len() > MAX_PATH || target.starts_with(['/', '~']) || target.contains('\\') {
        return None;
    }
    let path = from.resolve(target)?;
    path.extension().is_some_and(|e| TEXT.contains(&e.as_str())).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn imports(from: &str, text: &str) -> Vec<String> {
        let from = RepoPath::new(from).unwrap();
        of(&from, text.as_bytes()).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn only_paths_of_texts_inside_the_repository() {
        let text = "See @docs/rules.md and @../shared/style.md, (@./a.txt).\n\
                    @AGENTS.md\n@AGENTS.md\nAsk @alice or @acme/backend or mail a@b.md.\n\
                    @~/.claude/own.md @/etc/x.md @../../../../x.md @data.json\n\
                    `@code.md` and\n```\n@fenced.md\n```\n~~~md\n```\n@inner.md\n~~~\n@after.md\n";
        assert_eq!(
            imports("svc/api/CLAUDE.md", text),
            [
                "svc/api/docs/rules.md",
                "svc/shared/style.md",
                "svc/api/a.txt",
                "svc/api/AGENTS.md",
                "svc/api/after.md"
            ]
        );
    }

    #[test]
    fn a_file_does_not_import_itself_and_a_flood_is_cut() {
        assert_eq!(imports("CLAUDE.md", "@CLAUDE.md\n@./CLAUDE.md"), [] as [&str; 0]);
        let flood: String = (0..1_000).map(|n| format!("@f{n}.md\n")).collect();
        assert_eq!(imports("CLAUDE.md", &flood).len(), MAX_OF_ONE);
    }
}

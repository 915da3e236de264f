//! The agents of `opencode.json`: JSON with comments, agents under the key `agent`.

use serde_json::{Map, Value};

use super::agent_file;
use super::document::{self, Section};
use super::frontmatter::{Entry, Frontmatter};
use super::parsed::{MAX_PARSED_BYTES, ParsedFile};
use crate::domain::diff::LineRange;
use crate::domain::instructions::{InstructionFormat, Problem, ProblemLevel, SourceRef};
use crate::domain::path::RepoPath;
use crate::domain::team::Member;

/// Where the configuration may lie.
pub const FILES: [&str; 4] =
    ["opencode.json", "opencode.jsonc", ".opencode/opencode.json", ".opencode/opencode.jsonc"];

/// The key, and the one that it had before.
const KEYS: [&str; 2] = ["agent", "mode"];
const MAX_AGENTS: usize = 100;

pub fn is_configuration(path: &RepoPath) -> bool {
    FILES.contains(&path.as_str())
}

/// The files that hold prompts (`{file:./prompts/review.md}`).
pub fn prompt_files(path: &RepoPath, bytes: &[u8]) -> Vec<RepoPath> {
    let Ok((_, config)) = read(bytes) else { return Vec::new() };
    agents(&config).filter_map(|(_, agent)| prompt_file(path, agent)).collect()
}

/// Reads the agents; `prompt` gives the content of a file that holds one.
pub fn parse<'f>(
    path: &RepoPath,
    bytes: &[u8],
    prompt: &dyn Fn(&RepoPath) -> Option<&'f [u8]>,
) -> ParsedFile {
    let mut parsed = ParsedFile::default();
    let (text, config) = match read(bytes) {
        Ok(read) => read,
        Err(message) => {
            let (level, path) = (ProblemLevel::Warning, path.clone());
            parsed.problems.push(Problem { level, path, line: None, message });
            return parsed;
        }
    };
    for (name, agent) in agents(&config) {
        let line = line_of(&text, name);
        let entries = agent.iter().filter(|(key, _)| key.as_str() != "prompt");
        let entries =
            entries.map(|(key, value)| Entry { key: key.clone(), value: value.clone(), line });
        let own = Entry { key: "name".to_owned(), value: Value::from(name.as_str()), line };
        let mut one = ParsedFile {
            front: Frontmatter {
                entries: std::iter::once(own).chain(entries).collect(),
                ..Frontmatter::default()
            },
            ..ParsedFile::default()
        };
        let member = agent_file::member(path, InstructionFormat::OpenCodeAgent, &[], &mut one);
        if let Some(mut member) = member {
            member.source = Some(SourceRef { path: path.clone(), lines: LineRange::line(line) });
            if let Some(file) = prompt_file(path, agent) {
                match prompt(&file) {
                    Some(bytes) => from_prompt(&file, bytes, &mut member, &mut one),
                    None => one.problems.push(unread(path, line, &file)),
                }
            }
            parsed.defined.push(member);
        }
        parsed.problems.append(&mut one.problems);
    }
    parsed
}

fn unread(path: &RepoPath, line: u32, file: &RepoPath) -> Problem {
    Problem {
        level: ProblemLevel::Note,
        path: path.clone(),
        line: Some(line),
        message: format!(
            "the prompt file `{}` is not in the repository",
            super::parsed::shown(file.as_str())
        ),
    }
}

fn from_prompt(path: &RepoPath, bytes: &[u8], member: &mut Member, one: &mut ParsedFile) {
    let bytes = bytes.get(..MAX_PARSED_BYTES).unwrap_or(bytes);
    let sections: Vec<Section> = document::parse(&String::from_utf8_lossy(bytes));
    agent_file::from_sections(path, &sections, member, one);
}

fn agents(config: &Map<String, Value>) -> impl Iterator<Item = (&String, &Map<String, Value>)> {
    let groups = KEYS.iter().filter_map(|key| config.get(*key)?.as_object());
    groups.flatten().filter_map(|(name, agent)| Some((name, agent.as_object()?))).take(MAX_AGENTS)
}

fn prompt_file(path: &RepoPath, agent: &Map<String, Value>) -> Option<RepoPath> {
    let prompt = agent.get("prompt")?.as_str()?.trim();
    let file = prompt.strip_prefix("{file:")?.strip_suffix('}')?.trim();
    if file.starts_with(['/', '~']) { None } else { path.resolve(file) }
}

/// The text without comments and trailing commas, which stay as blanks, and what it says.
fn read(bytes: &[u8]) -> Result<(String, Map<String, Value>), String> {
    if bytes.len() > MAX_PARSED_BYTES {
        return Err("the file is larger than 1 MiB and was not read".to_owned());
    }
    let text = plain_json(&String::from_utf8_lossy(bytes));
    match serde_json::from_str::<Value>(text.trim_start_matches('\u{FEFF}')) {
        Ok(Value::Object(config)) => Ok((text, config)),
        Ok(_) => Err("the file holds no JSON object; its agents are not known".to_owned()),
        Err(error) => Err(format!("not JSON ({error}); the agents in it are not known")),
    }
}

/// Comments and commas before a closing bracket become blanks, so that lines stay.
fn plain_json(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    // Where the last comma outside of strings stands in `out`, while only blanks follow it.
    let mut comma: Option<usize> = None;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '"' => {
                comma = None;
                out.push(c);
                let mut escaped = false;
                for c in rest.by_ref() {
                    out.push(c);
                    match c {
                        _ if escaped => escaped = false,
                        '\\' => escaped = true,
                        '"' => break,
                        _ => {}
                    }
                }
            }
            '/' if rest.peek() == Some(&'/') => while rest.next_if(|c| *c != '\n').is_some() {},
            '/' if rest.peek() == Some(&'*') => {
                rest.next();
                let mut before = ' ';
                for c in rest.by_ref() {
                    if c == '\n' {
                        out.push(c);
                    }
                    if before == '*' && c == '/' {
                        break;
                    }
                    before = c;
                }
            }
            ',' => {
                comma = Some(out.len());
                out.push(c);
            }
            '}' | ']' => {
                if let Some(at) = comma.take() {
                    out.replace_range(at..=at, " ");
                }
                out.push(c);
            }
            c => {
                if !c.is_whitespace() {
                    comma = None;
                }
                out.push(c);
            }
        }
    }
    out
}

/// The line of the key of that name below `agent`, or the first line.
fn line_of(text: &str, name: &str) -> u32 {
    let quoted = Value::from(name).to_string();
    let start = KEYS.iter().filter_map(|key| text.find(&format!("\"{key}\""))).min().unwrap_or(0);
    let below = text.get(start..).unwrap_or_default();
    let key = below.match_indices(&quoted).map(|(at, _)| at).find(|at| {
        let after = below.get(at + quoted.len()..).unwrap_or_default();
        after.trim_start().starts_with(':')
    });
    let before = text.get(..start + key.unwrap_or(0)).unwrap_or_default();
    u32::try_from(before.matches('\n').count() + 1).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CONFIG: &str = r#"{
  // who works here
  "$schema": "https://opencode.ai/config.json",
  "agent": {
    "sql-reviewer": {
      "description": "Reviews migrations. Use for schema changes.",
      "mode": "subagent", /* "agent": {} */
      "prompt": "{file:./prompts/sql.md}",
      "tools": {"write": false, "read": true,},
    },
    "old": {"disable": true},
    "lost": {"description": "x", "prompt": "{file:gone.md}"}
  },
}
"#;

    #[test]
    fn agents_with_their_prompts_and_lines() {
        let path = RepoPath::new("opencode.jsonc").unwrap();
        let files = prompt_files(&path, CONFIG.as_bytes());
        assert_eq!(
            files.iter().map(RepoPath::as_str).collect::<Vec<_>>(),
            ["prompts/sql.md", "gone.md"]
        );
        let prompt =
            "You are the keeper of the schema.\n\n## Responsibilities\n\n- Check every lock\n";
        let parsed = parse(&path, CONFIG.as_bytes(), &|file| {
            (file.as_str() == "prompts/sql.md").then_some(prompt.as_bytes())
        });
        let names: Vec<&str> = parsed.defined.iter().map(|member| member.name.as_str()).collect();
        assert_eq!(names, ["sql-reviewer", "lost"]);
        let member = &parsed.defined[0];
        assert_eq!(member.source.as_ref().unwrap().lines, LineRange::line(5));
        assert_eq!(member.responsibilities[0].value, "Check every lock");
        let place = member.responsibilities[0].source.as_ref().unwrap();
        assert_eq!((place.path.as_str(), place.lines), ("prompts/sql.md", LineRange::line(5)));
        assert_eq!(member.use_when[0].value, "schema changes");
        let messages: Vec<&str> = parsed.problems.iter().map(|p| p.message.as_str()).collect();
        assert!(messages.iter().any(|m| m.contains("disabled")), "{messages:?}");
        assert!(messages.iter().any(|m| m.contains("gone.md")), "{messages:?}");
    }

    #[test]
    fn what_is_no_json_is_reported() {
        let path = RepoPath::new("opencode.json").unwrap();
        for text in ["{", "[]", "{\"agent\": }"] {
            let parsed = parse(&path, text.as_bytes(), &|_| None);
            assert_eq!((parsed.defined.len(), parsed.problems.len()), (0, 1), "{text}");
        }
        assert!(parse(&path, b"{\"agent\": []}", &|_| None).problems.is_empty());
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in "[\\[\\]{}\",:/*\\\\agent \n]{0,80}") {
            let path = RepoPath::new("opencode.json").unwrap();
            let _ = parse(&path, text.as_bytes(), &|_| None);
        }

        #[test]
        fn strict_json_is_not_changed(items in prop::collection::vec("[a-z/*,\"\\\\\\]}]{0,8}", 0..6)) {
            let text = Value::from(items).to_string();
            prop_assert_eq!(plain_json(&text), text);
        }
    }
}

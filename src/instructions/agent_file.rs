//! Files that describe one agent: its front matter, its key block and its sections.

use serde_json::Value;

use super::display::{clean, fold};
use super::document::{Block, Section};
use super::fields::{Field, field_of};
use super::frontmatter::{Entry, Frontmatter, scalar};
use super::harvest::{Harvest, first_sentence};
use super::parsed::{ParsedFile, shown};
use super::{roster, tools};
use crate::domain::diff::LineRange;
use crate::domain::instructions::{InstructionFormat, Problem, ProblemLevel, SourceRef};
use crate::domain::path::RepoPath;
use crate::domain::team::{Member, Sourced};

/// Whether files of this format are one agent each.
pub fn is_agent_format(format: InstructionFormat) -> bool {
    matches!(
        format,
        InstructionFormat::CopilotAgent
            | InstructionFormat::CopilotChatMode
            | InstructionFormat::ClaudeAgent
            | InstructionFormat::OpenCodeAgent
            | InstructionFormat::GeminiAgent
    )
}

/// Whether a file without a roster is the description of one agent all the same: by its front
/// matter, by a key block, or by a title that says so with sections to match.
pub fn describes_one_agent(
    format: InstructionFormat,
    sections: &[Section],
    front: &Frontmatter,
) -> bool {
    let agent_keys = ["tools", "model", "mode", "infer", "permission", "color"];
    // Prompt files have the same keys without being agents.
    let prompt = format == InstructionFormat::CopilotPrompt;
    if !prompt && front.get(&["name"]).is_some() && front.get(&agent_keys).is_some() {
        return true;
    }
    let keys = |wanted: &str| key_value(sections, wanted).is_some();
    if keys("name") && (keys("id") || keys("persona") || keys("role")) {
        return true;
    }
    let titled = sections.iter().find(|section| section.level == 1).is_some_and(|section| {
        let (title, _) = roster::without_file_name(&section.title);
        let folded = fold(title);
        folded.ends_with(" agent") || folded.starts_with("agent ")
    });
    let described = sections
        .iter()
        .any(|section| field_of(section.title_without_number()).is_some_and(Field::is_core));
    titled && described
}

/// The value of a bold key in any paragraph.
fn key_value(sections: &[Section], wanted: &str) -> Option<String> {
    let paragraphs = sections.iter().flat_map(|section| &section.blocks).filter_map(|block| {
        if let Block::Paragraph(paragraph) = block { Some(paragraph) } else { None }
    });
    paragraphs.flat_map(|paragraph| &paragraph.rows).filter(|row| row.is_bold()).find_map(|row| {
        let (key, value) = row.key_value()?;
        (fold(&key) == wanted && !value.is_empty()).then(|| clean(&value))
    })
}

/// The field that a section's blocks speak about: its own, or that of the heading above it.
pub fn context_of(section: &Section, inherited: &mut Option<(u8, Field)>) -> Option<Field> {
    if inherited.is_some_and(|(level, _)| section.level <= level) {
        *inherited = None;
    }
    let own = field_of(section.title_without_number()).filter(|field| *field != Field::Name);
    if let Some(field) = own {
        *inherited = Some((section.level, field));
        return own;
    }
    inherited.map(|(_, field)| field)
}

/// The member that the file describes. `None` for an agent that is switched off.
pub fn member(
    path: &RepoPath,
    format: InstructionFormat,
    sections: &[&Section],
    parsed: &mut ParsedFile,
) -> Option<Member> {
    let front = std::mem::take(&mut parsed.front);
    let title = sections.iter().find(|section| section.level == 1);
    let owned: Vec<Section> = sections.iter().map(|section| (*section).clone()).collect();
    let mut member = Member::named(&name(path, format, &front, &owned));
    let first_line = title.map_or(LineRange::line(1), |section| section.lines);
    member.source = Some(SourceRef { path: path.clone(), lines: first_line });
    if let Some((_, Some(file))) = title.map(|t| roster::without_file_name(&t.title)) {
        member.facts.push(("file".to_owned(), clean(file)));
    }
    let enabled = from_front(path, format, &front, &mut member, &mut parsed.problems);
    if enabled {
        from_sections(path, &owned, &mut member, parsed);
        note_unknown_tools(path, &front, &member, &mut parsed.problems);
    }
    parsed.front = front;
    enabled.then_some(member)
}

fn name(
    path: &RepoPath,
    format: InstructionFormat,
    front: &Frontmatter,
    sections: &[Section],
) -> String {
    let given = front.text(&["name"]).map(|(name, _)| clean(&name));
    if let Some(name) = given.or_else(|| key_value(sections, "name")) {
        return name;
    }
    if is_agent_format(format) {
        return stem(path, format);
    }
    let title = sections.iter().find(|section| section.level == 1);
    title.map(roster::name_of).filter(|name| !name.is_empty()).unwrap_or_else(|| stem(path, format))
}

/// The name that the tool of the format gives an agent without one: from its path.
fn stem(path: &RepoPath, format: InstructionFormat) -> String {
    let file = path.file_name();
    let bare = [".agent.md", ".chatmode.md", ".prompt.md", ".md"]
        .iter()
        .find_map(|suffix| file.strip_suffix(suffix))
        .unwrap_or(file);
    let below = match format {
        // OpenCode names agents by their path below its folder.
        InstructionFormat::OpenCodeAgent => path.directory().splitn(3, '/').nth(2),
        _ => None,
    };
    clean(&below.map_or_else(|| bare.to_owned(), |directory| format!("{directory}/{bare}")))
}

/// Applies the front matter; `false` if it switches the agent off.
fn from_front(
    path: &RepoPath,
    format: InstructionFormat,
    front: &Frontmatter,
    member: &mut Member,
    problems: &mut Vec<Problem>,
) -> bool {
    let mut note = |line, message: String| {
        problems.push(Problem {
            level: ProblemLevel::Note,
            path: path.clone(),
            line: Some(line),
            message,
        });
    };
    if front.flag(&["disable", "disabled"]) == Some(true) {
        note(1, format!("`{}` is disabled and takes no part", shown(&member.name)));
        return false;
    }
    if format == InstructionFormat::CopilotAgent && front.get(&["description"]).is_none() {
        note(1, "Copilot requires a `description` in the front matter".to_owned());
    }
    for entry in &front.entries {
        front_entry(path, entry, member);
    }
    if let Some(invocable) = invocable(front) {
        member.facts.push(("invocable".to_owned(), invocable.to_string()));
    }
    true
}

fn front_entry(path: &RepoPath, entry: &Entry, member: &mut Member) {
    let text = scalar(&entry.value).map(|text| clean(&text)).filter(|text| !text.is_empty());
    let key: String = entry.key.to_ascii_lowercase().replace('_', "-");
    match (key.as_str(), text) {
        ("name", _) => {}
        ("description", Some(text)) => {
            let raw = scalar(&entry.value).unwrap_or_default();
            let source = SourceRef { path: path.clone(), lines: LineRange::line(entry.line) };
            for value in triggers(&raw) {
                member.use_when.push(Sourced { value, source: Some(source.clone()) });
            }
            member.description = Some(text);
        }
        ("model", Some(text)) => member.model_hint = Some(text),
        ("version", Some(text)) => member.version = Some(text),
        ("tools", _) => {
            let list = tools::from_value(&entry.value);
            member.tools = list.allowed;
            if !list.denied.is_empty() {
                member.facts.push(("tools-denied".to_owned(), list.denied.join(", ")));
            }
        }
        (key, Some(text)) => member.facts.push((clean(key), text)),
        (key, None) => nested_facts(key, &entry.value, member),
    }
}

/// `permission: { edit: deny, bash: { "*": ask } }` as `permission.edit`, `permission.bash.*`.
fn nested_facts(key: &str, value: &Value, member: &mut Member) {
    let Value::Object(map) = value else { return };
    for (name, value) in map.iter().take(50) {
        let key = format!("{key}.{name}");
        match value {
            Value::Object(inner) => {
                let pairs = inner.iter().take(50).filter_map(|(name, value)| {
                    Some((clean(&format!("{key}.{name}")), clean(&scalar(value)?)))
                });
                member.facts.extend(pairs);
            }
            other => {
                if let Some(text) = scalar(other) {
                    member.facts.push((clean(&key), clean(&text)));
                }
            }
        }
    }
}

/// Whether others may call the agent. The retired `infer` gives way to its successor.
fn invocable(front: &Frontmatter) -> Option<bool> {
    front
        .flag(&["disable-model-invocation"])
        .map(|disabled| !disabled)
        .or_else(|| front.flag(&["infer"]))
}

const TRIGGERS: &[&str] = &[
    "use this agent when ",
    "use this agent for ",
    "use proactively when ",
    "use proactively for ",
    "use when: ",
    "use when ",
    "use for: ",
    "use for ",
    "use quando ",
    "usar quando ",
];

/// "Use for …" and its like inside of a description, each up to the end of its sentence.
fn triggers(description: &str) -> Vec<String> {
    let before_examples = description.split("<example>").next().unwrap_or_default();
    let unescaped = before_examples.replace("\\n", "\n");
    let sentences = unescaped.split(['\n']).flat_map(|line| line.split(". "));
    let mut found = Vec::new();
    for sentence in sentences.map(str::trim).take(50) {
        let lower = sentence.to_ascii_lowercase();
        let rest = TRIGGERS
            .iter()
            .find(|trigger| lower.starts_with(**trigger))
            .and_then(|trigger| sentence.get(trigger.len()..));
        if let Some(rest) = rest {
            let value = clean(rest.trim().trim_end_matches(['.', ':']));
            if !value.is_empty() {
                found.push(value);
            }
        }
    }
    found
}

/// What the text of a file says about its agent.
pub fn from_sections(
    path: &RepoPath,
    sections: &[Section],
    member: &mut Member,
    parsed: &mut ParsedFile,
) {
    let tools_given = member.tools.take();
    let role_before = member.role.is_some();
    let mut inherited = None;
    for section in sections {
        specification(section, member);
        let context = context_of(section, &mut inherited);
        if context == Some(Field::Patterns) {
            continue;
        }
        let mut harvest = Harvest {
            path,
            member: &mut *member,
            problems: &mut parsed.problems,
            aliases: &mut parsed.aliases,
        };
        harvest.blocks(&section.blocks, context);
        if !role_before {
            introduction(section, member);
        }
    }
    if tools_given.is_some() {
        member.tools = tools_given;
    }
}

/// `NAME SPEC — 2025-01-31` as a heading names the document and its date.
fn specification(section: &Section, member: &mut Member) {
    let Some((name, date)) = section.title.rsplit_once([' ', '—', '–']) else { return };
    let bytes = date.as_bytes();
    let dated = bytes.len() == 10
        && bytes.iter().enumerate().all(|(index, byte)| match index {
            4 | 7 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    if dated && member.version.is_none() {
        let name = clean(name.trim_end_matches([' ', '—', '–', '-']));
        member.version = Some(date.to_owned());
        member.facts.push(("spec".to_owned(), name));
    }
}

/// "You are the …": the role in the document's own words.
fn introduction(section: &Section, member: &mut Member) {
    let first = section.blocks.iter().find_map(|block| match block {
        Block::Paragraph(paragraph) => paragraph.rows.first(),
        _ => None,
    });
    let Some(row) = first else { return };
    let folded = fold(&row.text);
    let speaks = ["you are ", "youre ", "você é ", "eres "];
    if speaks.iter().any(|start| folded.starts_with(start)) {
        if member.role.is_none() {
            member.role = Some(first_sentence(&row.text).to_owned());
        }
        if member.description.is_none() {
            member.description = Some(row.text.clone());
        }
    }
}

fn note_unknown_tools(
    path: &RepoPath,
    front: &Frontmatter,
    member: &Member,
    problems: &mut Vec<Problem>,
) {
    let unknown: Vec<String> = member
        .tools
        .iter()
        .flatten()
        .filter(|tool| tool.capability.is_none())
        .map(|tool| format!("`{}`", shown(&tool.name)))
        .take(5)
        .collect();
    if !unknown.is_empty() {
        problems.push(Problem {
            level: ProblemLevel::Note,
            path: path.clone(),
            line: front.get(&["tools"]).map(|entry| entry.line),
            message: format!("tools that are not known here are ignored: {}", unknown.join(", ")),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn triggers_in_a_description() {
        assert_eq!(triggers("Owns contracts. Use for endpoints, errors."), ["endpoints, errors"]);
        assert_eq!(
            triggers("Use this agent when you need X.\\n<example>Use for y</example>"),
            ["you need X"]
        );
        assert!(triggers("Knows the use of cranes").is_empty());
    }
}

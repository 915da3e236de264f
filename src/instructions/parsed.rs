//! One file, parsed: the agents it introduces and what it says to everyone.

use super::agent_file;
use super::display::{clean, repair_encoding};
use super::document::{self, Block, Section};
use super::fields::{Field, field_of};
use super::frontmatter::{self, Frontmatter};
use super::harvest::Harvest;
use super::roster::{self, RowAgent};
use super::{lanes, together};
use crate::domain::diff::LineRange;
use crate::domain::instructions::{InstructionFormat, Problem, ProblemLevel, SourceRef};
use crate::domain::path::RepoPath;
use crate::domain::team::{CollaborationPattern, MandatoryInvolvement, Member, Sourced};

/// Text beyond this many bytes is not parsed.
pub const MAX_PARSED_BYTES: usize = 1024 * 1024;

/// What one file says.
#[derive(Debug, Default)]
pub struct ParsedFile {
    pub front: Frontmatter,
    /// The agent that the file as a whole describes.
    pub own: Option<Member>,
    /// Agents that it lists.
    pub roster: Vec<Member>,
    /// Agents that a configuration file defines.
    pub defined: Vec<Member>,
    pub ground_rules: Vec<Sourced<String>>,
    pub patterns: Vec<CollaborationPattern>,
    pub mandatory: Vec<MandatoryInvolvement>,
    pub aliases: Vec<Sourced<String>>,
    pub problems: Vec<Problem>,
}

/// Parses one file. `format` tells whether the file is one agent's own.
pub fn parse(path: &RepoPath, format: InstructionFormat, bytes: &[u8]) -> ParsedFile {
    let mut parsed = ParsedFile::default();
    let mut note = |level, line, message: String| {
        parsed.problems.push(Problem { level, path: path.clone(), line, message });
    };
    let cut = bytes.get(..MAX_PARSED_BYTES).unwrap_or(bytes);
    if cut.len() < bytes.len() {
        let message = "only the first 1 MiB of this file was read".to_owned();
        note(ProblemLevel::Warning, None, message);
    }
    let text = String::from_utf8_lossy(cut);
    if std::str::from_utf8(bytes).is_err() && cut.len() == bytes.len() {
        let message = "the file is not UTF-8; bytes that are not were replaced".to_owned();
        note(ProblemLevel::Warning, None, message);
    }
    let (front, body) = frontmatter::split(&text);
    if let Some(why) = &front.repaired {
        let message = format!(
            "repaired: the front matter is not valid YAML ({}); it was read line by line. Put \
             quotes around values that hold a colon, `*` or `<`",
            clean(why).replace('`', "'")
        );
        note(ProblemLevel::Note, Some(1), message);
    }
    parsed.front = front;
    let sections = document::parse(&body);
    read_sections(path, format, &sections, &mut parsed);
    parsed
}

fn read_sections(
    path: &RepoPath,
    format: InstructionFormat,
    sections: &[Section],
    parsed: &mut ParsedFile,
) {
    let own_format = agent_file::is_agent_format(format);
    let headed = roster::by_heading(sections, own_format);
    for agent in &headed {
        let Some(described) = sections.get(agent.sections.clone()) else { continue };
        let member = described_member(path, &agent.name, described, parsed);
        parsed.roster.push(member);
    }
    let mut rows = roster::by_table(sections);
    if !own_format {
        rows.extend(roster::by_list(sections));
    }
    for row in rows {
        let normalized = lanes::normalized_name(&row.name);
        let known = parsed.roster.iter().any(|m| lanes::normalized_name(&m.name) == normalized);
        if !known {
            parsed.roster.push(row_member(path, row));
        }
    }
    let outside: Vec<&Section> = sections
        .iter()
        .enumerate()
        .filter(|(index, _)| !headed.iter().any(|agent| agent.sections.contains(index)))
        .map(|(_, section)| section)
        .collect();
    let alone = parsed.roster.is_empty();
    if own_format || (alone && agent_file::describes_one_agent(format, sections, &parsed.front)) {
        parsed.own = agent_file::member(path, format, &outside, parsed);
    }
    if parsed.own.is_none() {
        for_everyone(path, &outside, parsed);
    }
    parsed.patterns = together::patterns(sections, path);
    parsed.mandatory = together::mandatory(sections, path);
}

fn described_member(
    path: &RepoPath,
    name: &str,
    sections: &[Section],
    parsed: &mut ParsedFile,
) -> Member {
    let mut member = Member::named(name);
    if let Some(first) = sections.first() {
        member.source = Some(SourceRef { path: path.clone(), lines: first.lines });
    }
    let mut harvest = Harvest {
        path,
        member: &mut member,
        problems: &mut parsed.problems,
        aliases: &mut parsed.aliases,
    };
    let mut inherited: Option<(u8, Field)> = None;
    for section in sections {
        let context = agent_file::context_of(section, &mut inherited);
        harvest.blocks(&section.blocks, context);
    }
    member
}

fn row_member(path: &RepoPath, row: RowAgent) -> Member {
    let mut member = Member::named(&row.name);
    let source = SourceRef { path: path.clone(), lines: LineRange::line(row.line) };
    for (field, text) in row.values {
        let statement = |value: &str| Sourced { value: clean(value), source: Some(source.clone()) };
        let parts = || text.split([',', ';']).map(str::trim).filter(|part| !part.is_empty());
        match field {
            Field::Role => member.role = Some(text),
            Field::Produces => member.produces.extend(parts().map(statement)),
            Field::Responsibilities => member.responsibilities.extend(parts().map(statement)),
            Field::UseWhen => member.use_when.push(statement(&text)),
            Field::Model => member.model_hint = Some(text),
            Field::Forbidden => member.forbidden.push(statement(&text)),
            Field::RequiredInputs => member.required_inputs.extend(parts().map(statement)),
            _ => member.description = member.description.take().or(Some(text)),
        }
    }
    member.source = Some(source);
    member
}

/// Ground rules and aliases of a file that speaks to everyone.
fn for_everyone(path: &RepoPath, sections: &[&Section], parsed: &mut ParsedFile) {
    let mut everyone = Member::named("");
    let mut harvest = Harvest {
        path,
        member: &mut everyone,
        problems: &mut parsed.problems,
        aliases: &mut parsed.aliases,
    };
    let mut inherited = None;
    for section in sections {
        match agent_file::context_of(section, &mut inherited) {
            Some(field @ (Field::GroundRules | Field::Forbidden | Field::Alias)) => {
                harvest.blocks(&section.blocks, Some(field));
            }
            _ => {
                // `**Alias:**` lines stand below a title.
                let keyed: Vec<Block> = section.blocks.iter().filter_map(alias_rows).collect();
                harvest.blocks(&keyed, None);
            }
        }
    }
    parsed.ground_rules = everyone.ground_rules;
    parsed.ground_rules.extend(everyone.forbidden);
}

fn alias_rows(block: &Block) -> Option<Block> {
    let Block::Paragraph(paragraph) = block else { return None };
    let rows = paragraph.rows.iter().filter(|row| {
        let key = row.key_value().filter(|_| row.is_bold());
        key.is_some_and(|(key, _)| field_of(&key) == Some(Field::Alias))
    });
    let rows: Vec<_> = rows.cloned().collect();
    (!rows.is_empty()).then_some(Block::Paragraph(document::Paragraph { rows }))
}

/// The text that agents are given: lossily decoded, encoding as it is.
pub fn text_for_agents(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// For messages: names repaired and bounded.
pub fn shown(name: &str) -> String {
    repair_encoding(name).chars().filter(|c| *c != '`').take(80).collect()
}

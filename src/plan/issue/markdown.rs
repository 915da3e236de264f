//! Markdown into blocks of prose. Linear in the text; nesting is only counted.

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::Section;
use crate::plan::words::{Words, cut};

/// More blocks than this are not read.
const MAX_BLOCKS: usize = 600;
const MAX_BLOCK: usize = 2_000;
const MAX_FENCES: usize = 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockKind {
    Paragraph,
    Item,
    /// An item of a task list.
    Task,
    /// A row of a table; its cells are parted by ` | `.
    Row,
}

/// A paragraph, list item or table row, as prose: inline code keeps its marks, everything else
/// loses them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    pub kind: BlockKind,
    pub section: Section,
    /// The nearest heading, as written; empty before the first one.
    pub heading: String,
    pub text: String,
    /// How deep in lists it stands; 0 outside.
    pub depth: u8,
}

/// One line of text with code marks kept and other marks taken out.
pub fn inline(text: &str) -> String {
    let mut shown = String::new();
    for event in Parser::new_ext(text, Options::ENABLE_STRIKETHROUGH) {
        push(&mut shown, &event);
    }
    tidy(&shown)
}

fn push(shown: &mut String, event: &Event<'_>) {
    match event {
        // A mark of code in plain text would change what counts as code.
        Event::Text(text) => shown.extend(text.chars().filter(|c| *c != '`')),
        Event::Code(text) => {
            shown.push('`');
            shown.extend(text.chars().filter(|c| *c != '`'));
            shown.push('`');
        }
        Event::SoftBreak | Event::HardBreak | Event::End(_) => shown.push(' '),
        _ => {}
    }
}

/// Single spaces, no control or invisible characters, none before a full stop or comma.
fn tidy(text: &str) -> String {
    let hidden = |c: char| matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}');
    let clean: String = text.chars().filter(|c| !hidden(*c)).collect();
    let joined = clean.split(|c: char| c.is_whitespace() || c.is_control());
    let joined = joined.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    let mut tidied = String::with_capacity(joined.len());
    for character in joined.chars() {
        if matches!(character, '.' | ',' | ';' | ')') && tidied.ends_with(' ') {
            tidied.pop();
        }
        tidied.push(character);
    }
    // An empty code mark says nothing.
    tidied.replace("``", "").trim().to_owned()
}

#[derive(Default)]
struct Reading {
    blocks: Vec<Block>,
    fences: Vec<String>,
    section: Option<(Section, String, u8)>,
    text: String,
    /// Open block of each level of lists: its kind and where its text goes on.
    lists: u8,
    task: bool,
    item: bool,
    quotes: u8,
    fence: Option<String>,
    heading: Option<u8>,
    table_head: bool,
    row: bool,
    html: bool,
}

/// The blocks of a Markdown text and the texts of its code blocks.
pub fn blocks(body: &str) -> (Vec<Block>, Vec<String>) {
    let options =
        Options::ENABLE_TASKLISTS | Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    let mut reading = Reading::default();
    for event in Parser::new_ext(body, options) {
        if reading.blocks.len() >= MAX_BLOCKS {
            break;
        }
        match event {
            Event::Start(tag) => reading.start(&tag),
            Event::End(end) => reading.end(end),
            event => reading.inside(&event),
        }
    }
    reading.finish();
    (reading.blocks, reading.fences)
}

impl Reading {
    fn start(&mut self, tag: &Tag<'_>) {
        match tag {
            Tag::Heading { level, .. } => {
                self.finish();
                self.heading = Some(rank(*level));
            }
            Tag::BlockQuote(_) => {
                self.finish();
                self.quotes = self.quotes.saturating_add(1);
            }
            Tag::CodeBlock(CodeBlockKind::Fenced(_) | CodeBlockKind::Indented) => {
                self.finish();
                self.fence = Some(String::new());
            }
            Tag::HtmlBlock => {
                self.finish();
                self.html = true;
            }
            Tag::List(_) => {
                self.finish();
                self.lists = self.lists.saturating_add(1);
            }
            Tag::Item => {
                self.finish();
                self.item = true;
                self.task = false;
            }
            Tag::TableHead => {
                self.finish();
                self.table_head = true;
            }
            Tag::TableRow => {
                self.finish();
                self.row = true;
            }
            Tag::TableCell if self.row && !self.text.is_empty() => self.text.push_str(" | "),
            Tag::Paragraph if !self.item => self.finish(),
            _ => {}
        }
    }

    fn end(&mut self, end: TagEnd) {
        match end {
            TagEnd::Heading(_) => self.open_section(),
            TagEnd::BlockQuote(_) => {
                self.text.clear();
                self.quotes = self.quotes.saturating_sub(1);
            }
            TagEnd::CodeBlock => {
                if let Some(fence) = self.fence.take()
                    && self.fences.len() < MAX_FENCES
                {
                    self.fences.push(fence);
                }
            }
            TagEnd::HtmlBlock => self.html = false,
            TagEnd::List(_) => {
                self.finish();
                self.lists = self.lists.saturating_sub(1);
            }
            TagEnd::Item => {
                self.finish();
                self.item = false;
                self.task = false;
            }
            TagEnd::TableHead => {
                self.text.clear();
                self.table_head = false;
            }
            TagEnd::TableRow => {
                self.finish();
                self.row = false;
            }
            TagEnd::Paragraph if !self.item => self.finish(),
            TagEnd::Paragraph => self.text.push(' '),
            _ => {}
        }
    }

    fn inside(&mut self, event: &Event<'_>) {
        if let Some(fence) = &mut self.fence {
            if let Event::Text(text) = event {
                fence.push_str(text);
            }
            return;
        }
        match event {
            Event::TaskListMarker(_) => self.task = true,
            Event::Html(_) | Event::InlineHtml(_) => {}
            _ if self.html => {}
            event => push(&mut self.text, event),
        }
    }

    fn open_section(&mut self) {
        let heading = cut(&tidy(&std::mem::take(&mut self.text)), 100);
        let level = self.heading.take().unwrap_or(1);
        let own = section_of(&heading);
        let section = match (&self.section, own) {
            // A heading below another that says nothing by itself stays in its section.
            (Some((outer, _, outer_level)), Section::Plain) if level > *outer_level => *outer,
            _ => own,
        };
        let level = match (&self.section, own) {
            (Some((_, _, outer)), Section::Plain) if level > *outer => *outer,
            _ => level,
        };
        self.section = Some((section, heading, level));
    }

    fn finish(&mut self) {
        let text = tidy(&std::mem::take(&mut self.text));
        if self.quotes > 0 || self.table_head || text.is_empty() || is_blank_answer(&text) {
            return;
        }
        let (section, heading) = match &self.section {
            Some((section, heading, _)) => (*section, heading.clone()),
            None => (Section::Plain, String::new()),
        };
        let kind = match (self.row, self.item, self.task) {
            (true, ..) => BlockKind::Row,
            (_, true, true) => BlockKind::Task,
            (_, true, false) => BlockKind::Item,
            _ => BlockKind::Paragraph,
        };
        let text = cut(&text, MAX_BLOCK);
        self.blocks.push(Block { kind, section, heading, text, depth: self.lists });
    }
}

/// What issue forms write for a field that was left empty.
fn is_blank_answer(text: &str) -> bool {
    let bare = text.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    matches!(bare.as_str(), "no response" | "n/a" | "none" | "tbd" | "")
}

fn rank(level: HeadingLevel) -> u8 {
    level as u8
}

/// Phrases of headings, and what kind of section each opens; the first row that fits counts.
const SECTIONS: [(Section, &[&str]); 6] = [
    (
        Section::OutOfScope,
        &["out of scope", "non goals", "non goal", "not in scope", "not included", "excluded"],
    ),
    (
        Section::OpenQuestions,
        &["open questions", "questions", "unclear", "to be decided", "unresolved questions"],
    ),
    (
        Section::Requirements,
        &[
            "acceptance criteria",
            "acceptance",
            "criteria",
            "requirements",
            "requirement",
            "definition of done",
            "tasks",
            "todo",
            "to do",
            "proposed solution",
            "proposal",
            "solution",
            "what we need",
            "action items",
            "actions",
            "follow ups",
            "follow up",
            "changes",
            "must",
            "deliverables",
            "expected behavior",
            "expected behaviour",
            "expected",
            "api",
            "endpoints",
            "schema",
            "data model",
            "columns",
            "fields",
            "design",
            "what should happen",
            "corrective actions",
        ],
    ),
    (
        Section::Observed,
        &[
            "steps to reproduce",
            "how to reproduce",
            "reproduction",
            "actual behavior",
            "actual behaviour",
            "actual",
            "current behavior",
            "current behaviour",
            "what happened",
            "timeline",
            "impact",
            "root cause",
            "symptoms",
            "detection",
        ],
    ),
    (
        Section::Context,
        &[
            "environment",
            "version",
            "versions",
            "logs",
            "log output",
            "stack trace",
            "screenshots",
            "additional context",
            "alternatives",
            "alternatives considered",
            "references",
            "links",
            "related",
            "checklist",
            "code of conduct",
            "contact",
            "priority",
            "prior art",
        ],
    ),
    (
        Section::Goal,
        &[
            "goal",
            "goals",
            "summary",
            "problem",
            "description",
            "motivation",
            "background",
            "user story",
            "what",
            "why",
            "overview",
            "objective",
            "context",
            "feature",
            "request",
            "story",
        ],
    ),
];

fn section_of(heading: &str) -> Section {
    let words = Words::of(heading);
    let found = SECTIONS.iter().find(|(_, phrases)| words.any(phrases));
    found.map_or(Section::Plain, |(section, _)| *section)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fences_quotes_and_comments_are_not_asked_for() {
        let body = "Intro `x`.\n\n<!-- delete me -->\n\n> quoted\n\n```\nrm -rf src/a.rs\n```\n\n\
                    ### Acceptance criteria\n\n- [ ] one\n- [x] two\n  - deeper\n\n### Logs\n\n_No response_\n";
        let (blocks, fences) = blocks(body);
        let texts: Vec<_> = blocks.iter().map(|b| (b.kind, b.text.as_str())).collect();
        assert_eq!(
            texts,
            [
                (BlockKind::Paragraph, "Intro `x`."),
                (BlockKind::Task, "one"),
                (BlockKind::Task, "two"),
                (BlockKind::Item, "deeper"),
            ]
        );
        assert_eq!(blocks[1].section, Section::Requirements);
        assert_eq!(fences, ["rm -rf src/a.rs\n"]);
    }
}

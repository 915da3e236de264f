//! From Markdown events to sections. Nothing here recurses over the input.

use std::ops::Range;

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::blocks::{Block, Item, Paragraph, Row, Section, Table, TableRow};
use crate::domain::change::Text;
use crate::domain::diff::LineRange;
use crate::instructions::display::clean;

/// Lists nested deeper than this are read as if they stood at this depth: nobody writes such
/// lists, and what is built from them is walked recursively.
const MAX_LIST_DEPTH: usize = 12;

/// Parses `source` (the whole file; front matter already blanked out).
pub fn parse(source: &str) -> Vec<Section> {
    let blanked = blank_lone_tags(source);
    let text = Text::new(source);
    let mut builder = Builder::new(&text);
    let options = Options::ENABLE_TABLES | Options::ENABLE_TASKLISTS;
    for (event, range) in Parser::new_ext(&blanked, options).into_offset_iter() {
        builder.take(event, &range);
    }
    builder.finish()
}

/// Lines that are nothing but one XML-like tag (`<rules>`) would make HTML of all that follows
/// them; they are overwritten by spaces, which keeps every offset.
fn blank_lone_tags(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    for line in source.split_inclusive('\n') {
        let trimmed = line.trim();
        let inner = trimmed.strip_prefix('<').and_then(|rest| rest.strip_suffix('>'));
        let lone = inner.is_some_and(|inner| {
            let name = inner.trim_start_matches('/');
            name.starts_with(|c: char| c.is_ascii_alphabetic()) && !name.contains(['<', '>', ':'])
        });
        if lone {
            out.extend(line.bytes().map(|b| if b == b'\n' { '\n' } else { ' ' }));
        } else {
            out.push_str(line);
        }
    }
    out
}

/// Inline text under construction.
struct Inline {
    rows: Vec<Row>,
    bold_depth: usize,
    /// Where the bold text that the row starts with began, while it lasts.
    lead_start: Option<usize>,
}

struct OpenList {
    next_number: Option<u64>,
    items: Vec<Item>,
}

struct OpenItem {
    row: Option<Row>,
    range: Range<usize>,
    number: Option<u64>,
    children: Vec<Item>,
}

struct Builder<'a> {
    text: &'a Text,
    sections: Vec<Section>,
    inline: Option<Inline>,
    lists: Vec<OpenList>,
    items: Vec<OpenItem>,
    table: Option<Table>,
    cells: Vec<Row>,
    code: Option<(String, Range<usize>)>,
    /// Inside HTML or metadata, whose text is not read.
    skipped: usize,
}

impl<'a> Builder<'a> {
    fn new(text: &'a Text) -> Self {
        let preamble = Section {
            level: 0,
            title: String::new(),
            code: None,
            lines: LineRange::line(1),
            blocks: Vec::new(),
        };
        Self {
            text,
            sections: vec![preamble],
            inline: None,
            lists: Vec::new(),
            items: Vec::new(),
            table: None,
            cells: Vec::new(),
            code: None,
            skipped: 0,
        }
    }

    fn take(&mut self, event: Event<'_>, range: &Range<usize>) {
        match event {
            Event::Start(tag) => self.start(&tag, range),
            Event::End(tag) => self.end(tag, range),
            Event::Text(text) => match &mut self.code {
                Some((code, _)) => code.push_str(&text),
                None => self.push_text(&text, range),
            },
            Event::Code(text) => self.push_code(&text, range),
            Event::SoftBreak | Event::HardBreak => self.break_line(range),
            Event::InlineMath(text) | Event::DisplayMath(text) => self.push_text(&text, range),
            Event::Html(_)
            | Event::InlineHtml(_)
            | Event::FootnoteReference(_)
            | Event::Rule
            | Event::TaskListMarker(_) => {}
        }
    }

    fn line(&self, range: &Range<usize>) -> u32 {
        self.text.line_at(range.start)
    }

    fn open_inline(&mut self, range: &Range<usize>) {
        let row = Row::empty(self.line(range));
        self.inline = Some(Inline { rows: vec![row], bold_depth: 0, lead_start: None });
    }

    /// Tight list items have text without a paragraph around it.
    fn inline_at(&mut self, range: &Range<usize>) -> Option<&mut Inline> {
        if self.skipped > 0 {
            return None;
        }
        if self.inline.is_none() {
            self.open_inline(range);
        }
        self.inline.as_mut()
    }

    fn push_text(&mut self, text: &str, range: &Range<usize>) {
        if let Some(row) = self.inline_at(range).and_then(|inline| inline.rows.last_mut()) {
            row.text.push_str(text);
        }
    }

    fn push_code(&mut self, text: &str, range: &Range<usize>) {
        let Some(inline) = self.inline_at(range) else { return };
        let in_bold = inline.lead_start.is_some();
        let Some(row) = inline.rows.last_mut() else { return };
        if row.text.trim().is_empty() && row.lead.is_none() && !in_bold {
            row.lead = Some(text.to_owned());
            row.lead_is_code = true;
        }
        row.codes.push(text.to_owned());
        row.text.push_str(text);
    }

    fn break_line(&mut self, range: &Range<usize>) {
        let line = self.line(range) + 1;
        if let Some(inline) = &mut self.inline {
            inline.lead_start = None;
            inline.rows.push(Row::empty(line));
        }
    }

    fn start(&mut self, tag: &Tag<'_>, range: &Range<usize>) {
        match tag {
            Tag::Heading { .. } | Tag::Paragraph | Tag::TableCell => {
                self.flush_tight();
                self.open_inline(range);
            }
            Tag::Strong => {
                if let Some(inline) = self.inline_at(range) {
                    inline.bold_depth += 1;
                    let at_start = inline
                        .rows
                        .last()
                        .is_some_and(|row| row.text.trim().is_empty() && row.lead.is_none());
                    if at_start && inline.lead_start.is_none() {
                        inline.lead_start = inline.rows.last().map(|row| row.text.len());
                    }
                }
            }
            Tag::List(number) => {
                self.flush_tight();
                self.lists.push(OpenList { next_number: *number, items: Vec::new() });
            }
            Tag::Item => {
                let number = self.lists.last_mut().and_then(|list| {
                    let number = list.next_number;
                    list.next_number = number.map(|n| n.saturating_add(1));
                    number
                });
                let range = range.clone();
                self.items.push(OpenItem { row: None, range, number, children: Vec::new() });
            }
            Tag::Table(_) => {
                self.flush_tight();
                self.table = Some(Table { header: Vec::new(), rows: Vec::new() });
            }
            Tag::CodeBlock(_) => {
                self.flush_tight();
                self.code = Some((String::new(), range.clone()));
            }
            Tag::HtmlBlock | Tag::MetadataBlock(_) => self.skipped += 1,
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd, range: &Range<usize>) {
        match tag {
            TagEnd::Heading(level) => self.end_heading(level, range),
            TagEnd::Paragraph => {
                if let Some(inline) = self.inline.take() {
                    self.place_rows(inline.rows);
                }
            }
            TagEnd::Strong => self.end_strong(),
            TagEnd::Item => self.end_item(),
            TagEnd::List(_) => self.end_list(),
            TagEnd::TableCell => {
                let row = self.inline.take().and_then(|inline| inline.rows.into_iter().next());
                self.cells.push(row.unwrap_or_else(|| Row::empty(self.text.line_at(range.start))));
            }
            TagEnd::TableHead => {
                let cells = std::mem::take(&mut self.cells);
                if let Some(table) = &mut self.table {
                    table.header = cells.into_iter().map(|cell| clean(&cell.text)).collect();
                }
            }
            TagEnd::TableRow => {
                let cells = std::mem::take(&mut self.cells);
                let line = self.line(range);
                if let Some(table) = &mut self.table {
                    table.rows.push(TableRow { cells, line });
                }
            }
            TagEnd::Table => {
                if let Some(table) = self.table.take() {
                    self.place(Block::Table(table));
                }
            }
            TagEnd::CodeBlock => {
                if let Some((text, range)) = self.code.take() {
                    let lines = self.text.lines_of(range.start, range.end);
                    self.place(Block::Code { text, lines });
                }
            }
            TagEnd::HtmlBlock | TagEnd::MetadataBlock(_) => {
                self.skipped = self.skipped.saturating_sub(1);
            }
            _ => {}
        }
    }

    fn end_strong(&mut self) {
        let Some(inline) = &mut self.inline else { return };
        inline.bold_depth = inline.bold_depth.saturating_sub(1);
        if inline.bold_depth > 0 {
            return;
        }
        let start = inline.lead_start.take();
        if let (Some(start), Some(row)) = (start, inline.rows.last_mut()) {
            row.lead = row.text.get(start..).map(str::to_owned).filter(|lead| !lead.is_empty());
            row.lead_is_code = false;
        }
    }

    fn end_heading(&mut self, level: HeadingLevel, range: &Range<usize>) {
        let Some(inline) = self.inline.take() else { return };
        let rows = inline.rows;
        // A paragraph with a rule below it reads as a heading to Markdown; people who write key
        // blocks or several lines mean a paragraph.
        if rows.len() > 1 {
            self.place_rows(rows);
            return;
        }
        let Some(row) = rows.into_iter().next() else { return };
        if !self.items.is_empty() {
            self.place_rows(vec![row]);
            return;
        }
        let lines = self.text.lines_of(range.start, range.end);
        self.sections.push(section(level as u8, &row, lines));
    }

    /// Text of a tight list item ends where the next block starts.
    fn flush_tight(&mut self) {
        if let Some(inline) = self.inline.take() {
            self.place_rows(inline.rows);
        }
    }

    fn place_rows(&mut self, rows: Vec<Row>) {
        let rows: Vec<Row> = rows.into_iter().map(cleaned).filter(|r| !r.text.is_empty()).collect();
        let Some(item) = self.items.last_mut() else {
            if !rows.is_empty() {
                self.place_paragraph(rows);
            }
            return;
        };
        for row in rows {
            match &mut item.row {
                None => item.row = Some(row),
                // Further lines of the item's own text belong to it.
                Some(first) if first.text.len() < 4_000 => {
                    first.text = format!("{} {}", first.text, row.text);
                    first.codes.extend(row.codes);
                }
                Some(_) => {}
            }
        }
    }

    fn place_paragraph(&mut self, rows: Vec<Row>) {
        let before_any_heading = self.sections.len() == 1;
        let junk = rows.first().filter(|_| before_any_heading).and_then(heading_after_prefix);
        if let (Some(title), Some(first)) = (junk, rows.first()) {
            let row = Row { text: title, ..Row::empty(first.line) };
            self.sections.push(section(1, &row, LineRange::line(first.line)));
            let rest: Vec<Row> = rows.into_iter().skip(1).collect();
            if !rest.is_empty() {
                self.place(Block::Paragraph(Paragraph { rows: rest }));
            }
            return;
        }
        self.place(Block::Paragraph(Paragraph { rows }));
    }

    /// Blocks inside of list items (tables, code) are not part of what is read from them.
    fn place(&mut self, block: Block) {
        if self.items.is_empty()
            && let Some(section) = self.sections.last_mut()
        {
            section.blocks.push(block);
        }
    }

    fn end_item(&mut self) {
        self.flush_tight();
        let Some(open) = self.items.pop() else { return };
        let lines = self.text.lines_of(open.range.start, open.range.end);
        let row = open.row.unwrap_or_else(|| Row::empty(lines.start()));
        let item = Item { row, number: open.number, children: open.children };
        if let Some(list) = self.lists.last_mut() {
            list.items.push(item);
        }
    }

    fn end_list(&mut self) {
        let Some(list) = self.lists.pop() else { return };
        let too_deep = self.items.len() > MAX_LIST_DEPTH;
        match self.items.last_mut() {
            None => {
                if let Some(section) = self.sections.last_mut() {
                    section.blocks.push(Block::List(list.items));
                }
            }
            Some(parent) => {
                for mut item in list.items {
                    if too_deep {
                        parent.children.append(&mut item.children);
                    }
                    parent.children.push(item);
                }
            }
        }
    }

    fn finish(mut self) -> Vec<Section> {
        self.flush_tight();
        self.sections
    }
}

fn section(level: u8, row: &Row, lines: LineRange) -> Section {
    let mut section =
        Section { level, title: clean(&row.text), code: None, lines, blocks: Vec::new() };
    let bare = section.title_without_number();
    section.code = row.codes.first().map(|code| clean(code)).filter(|code| code == bare);
    section
}

fn cleaned(row: Row) -> Row {
    Row { text: clean(&row.text), lead: row.lead.map(|lead| clean(&lead)), ..row }
}

/// `Developer: # Title` is a heading that a chat role's name was put in front of.
fn heading_after_prefix(row: &Row) -> Option<String> {
    let (prefix, rest) = row.text.split_once(':')?;
    let word = !prefix.is_empty() && prefix.len() <= 20 && prefix.chars().all(char::is_alphabetic);
    let rest = rest.trim_start();
    let title = rest.trim_start_matches('#');
    (word && rest.starts_with('#') && title.starts_with(' ')).then(|| title.trim().to_owned())
}

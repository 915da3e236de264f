//! The parts of a document.

use crate::domain::diff::LineRange;
use crate::instructions::display::{clean, fold};

/// A heading with what stands below it, up to the next heading.
#[derive(Debug, Clone)]
pub struct Section {
    /// 1 to 6; 0 for what stands before the first heading.
    pub level: u8,
    /// The heading's text without marks.
    pub title: String,
    /// The code span that makes up the whole title, numbering aside.
    pub code: Option<String>,
    /// The heading's own lines.
    pub lines: LineRange,
    pub blocks: Vec<Block>,
}

#[derive(Debug, Clone)]
pub enum Block {
    Paragraph(Paragraph),
    /// The items of one list.
    List(Vec<Item>),
    Table(Table),
    /// A code block: its text and the line on which that text starts.
    Code {
        text: String,
        lines: LineRange,
    },
}

/// A paragraph, line by line: key blocks have one `**Key:** value` a line.
#[derive(Debug, Clone, Default)]
pub struct Paragraph {
    pub rows: Vec<Row>,
}

/// A line of text with its marks resolved.
#[derive(Debug, Clone)]
pub struct Row {
    pub text: String,
    /// The bold text or code span that the line starts with.
    pub lead: Option<String>,
    pub lead_is_code: bool,
    /// Code spans, in order.
    pub codes: Vec<String>,
    pub line: u32,
}

/// A list item; children are the items of lists inside of it.
#[derive(Debug, Clone)]
pub struct Item {
    pub row: Row,
    /// The number that an ordered list gives it.
    pub number: Option<u64>,
    pub children: Vec<Item>,
}

#[derive(Debug, Clone)]
pub struct Table {
    pub header: Vec<String>,
    pub rows: Vec<TableRow>,
}

#[derive(Debug, Clone)]
pub struct TableRow {
    pub cells: Vec<Row>,
    pub line: u32,
}

impl Row {
    pub fn empty(line: u32) -> Self {
        Self { text: String::new(), lead: None, lead_is_code: false, codes: Vec::new(), line }
    }

    /// Whether the line starts in bold.
    pub fn is_bold(&self) -> bool {
        self.lead.is_some() && !self.lead_is_code
    }

    /// The line as `key: value`. The key is the bold start of the line, or plain words before the
    /// first colon; the value may be empty.
    pub fn key_value(&self) -> Option<(String, String)> {
        let text = self.text.trim();
        if let Some(lead) = self.lead.as_deref().filter(|_| !self.lead_is_code) {
            let rest = text.strip_prefix(lead)?.trim_start();
            let inside = lead.trim_end().ends_with(':');
            let outside = rest.starts_with([':', '—', '–']) || rest.starts_with("- ");
            if inside || outside || rest.is_empty() {
                let rest = rest.trim_start_matches([':', '—', '–', '-']).trim_start();
                return Some((trim_key(lead), rest.to_owned()));
            }
        }
        let (key, rest) = text.split_once(':')?;
        let sound = !key.is_empty() && key.chars().count() <= 60 && !key.contains(['/', '`', '.']);
        (sound && (rest.is_empty() || rest.starts_with(' ')))
            .then(|| (trim_key(key), rest.trim().to_owned()))
    }

    /// The name that the line starts with (bold or code) and what follows the separator.
    pub fn named(&self) -> Option<(String, String)> {
        let lead = self.lead.as_deref()?;
        let rest = self.text.trim().strip_prefix(lead)?.trim_start();
        let rest = rest.trim_start_matches([':', '—', '–', '-']).trim_start();
        Some((trim_key(lead), rest.to_owned()))
    }
}

fn trim_key(key: &str) -> String {
    clean(key.trim().trim_end_matches(':'))
}

impl Item {
    pub fn text(&self) -> &str {
        &self.row.text
    }
}

impl Section {
    pub fn folded_title(&self) -> String {
        fold(self.title_without_number())
    }

    pub fn is_numbered(&self) -> bool {
        self.title_without_number().len() < self.title.trim().len()
    }

    /// The title without `1.`, `1)` or `1:` at its start.
    pub fn title_without_number(&self) -> &str {
        let title = self.title.trim();
        let digits = title.bytes().take_while(u8::is_ascii_digit).count();
        match title.get(digits..) {
            Some(rest) if digits > 0 && rest.starts_with(['.', ')', ':']) => {
                rest.get(1..).unwrap_or(rest).trim_start()
            }
            _ => title,
        }
    }
}

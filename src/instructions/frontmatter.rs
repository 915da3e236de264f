//! The `---` block at the start of a file: strict YAML where it is, repaired where it is not.

use serde_json::{Map, Value};

/// Longer blocks are not given to the YAML reader.
const MAX_BYTES: usize = 64 * 1024;

/// A key of the front matter.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub key: String,
    pub value: Value,
    /// Line in the file, counted from 1.
    pub line: u32,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Frontmatter {
    pub entries: Vec<Entry>,
    /// Why the block is not YAML, if it had to be read line by line.
    pub repaired: Option<String>,
    /// The line of the closing `---`; 0 without front matter.
    pub last_line: u32,
}

impl Frontmatter {
    /// The first of these keys that is there. Keys are compared without case, `-` and `_` alike.
    pub fn get(&self, keys: &[&str]) -> Option<&Entry> {
        keys.iter().find_map(|key| self.entries.iter().find(|e| normal(&e.key) == normal(key)))
    }

    pub fn text(&self, keys: &[&str]) -> Option<(String, u32)> {
        let entry = self.get(keys)?;
        let text = scalar(&entry.value)?;
        (!text.trim().is_empty()).then_some((text, entry.line))
    }

    pub fn flag(&self, keys: &[&str]) -> Option<bool> {
        match &self.get(keys)?.value {
            Value::Bool(flag) => Some(*flag),
            Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
                "true" | "yes" | "on" => Some(true),
                "false" | "no" | "off" => Some(false),
                _ => None,
            },
            _ => None,
        }
    }
}

fn normal(key: &str) -> String {
    key.chars().filter(|c| c.is_ascii_alphanumeric()).map(|c| c.to_ascii_lowercase()).collect()
}

/// A scalar as text; lists of scalars are joined by commas.
pub fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::Array(items) => {
            let parts: Vec<String> = items.iter().filter_map(scalar_item).collect();
            (!parts.is_empty()).then(|| parts.join(", "))
        }
        Value::Null | Value::Object(_) => None,
    }
}

fn scalar_item(value: &Value) -> Option<String> {
    match value {
        Value::Array(_) | Value::Object(_) | Value::Null => None,
        other => scalar(other),
    }
}

/// Splits front matter off. Returns it with the text in which its lines are blank, so that all
/// offsets and line numbers stay.
pub fn split(source: &str) -> (Frontmatter, String) {
    let start = if source.starts_with('\u{FEFF}') { '\u{FEFF}'.len_utf8() } else { 0 };
    let body = source.get(start..).unwrap_or_default();
    let Some(block) = block_of(body) else {
        return (Frontmatter::default(), source.to_owned());
    };
    let inner = body.get(block.inner.clone()).unwrap_or_default();
    let (entries, repaired) = read(inner);
    let blank = |text: &str| -> String {
        text.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }).collect()
    };
    let end = start + block.end;
    let rest = source.get(end..).unwrap_or_default();
    let blanked = format!("{}{rest}", blank(source.get(..end).unwrap_or_default()));
    (Frontmatter { entries, repaired, last_line: block.lines }, blanked)
}

struct Block {
    inner: std::ops::Range<usize>,
    end: usize,
    lines: u32,
}

/// The block between a first line `---` and the next line `---` or `...`, if its first line that
/// says anything is a key: otherwise the `---` is a horizontal rule.
fn block_of(body: &str) -> Option<Block> {
    let mut lines = body.split_inclusive('\n');
    let first = lines.next().filter(|line| line.trim_end() == "---")?;
    let mut at = first.len();
    let mut sound = false;
    for (number, line) in (2..).zip(lines) {
        let trimmed = line.trim_end();
        if matches!(trimmed, "---" | "...") {
            let block = Block { inner: first.len()..at, end: at + line.len(), lines: number };
            return (sound || trimmed_is_empty(body, &block)).then_some(block);
        }
        if !sound && !trimmed.is_empty() && !trimmed.trim_start().starts_with('#') {
            key_of(line)?;
            sound = true;
        }
        at += line.len();
    }
    None
}

fn trimmed_is_empty(body: &str, block: &Block) -> bool {
    body.get(block.inner.clone()).is_some_and(|inner| inner.trim().is_empty())
}

fn read(inner: &str) -> (Vec<Entry>, Option<String>) {
    if inner.trim().is_empty() {
        return (Vec::new(), None);
    }
    let strict = if inner.len() > MAX_BYTES {
        Err("it is longer than 64 KiB".to_owned())
    } else {
        serde_saphyr::from_str::<Map<String, Value>>(inner).map_err(|error| first_line(&error))
    };
    match strict {
        Ok(map) => {
            let entries = map
                .into_iter()
                .map(|(key, value)| Entry { line: line_of_key(inner, &key), key, value })
                .collect();
            (entries, None)
        }
        Err(why) => (repair(inner), Some(why)),
    }
}

fn first_line(error: &impl std::fmt::Display) -> String {
    let text = error.to_string();
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("not YAML");
    // Its line numbers count from the start of the block, which would mislead.
    let bare = match line.split_once(": ") {
        Some((place, rest)) if place.starts_with("line ") => rest,
        _ => line,
    };
    bare.chars().take(160).collect()
}

/// The file line of a top-level key; the front matter starts on line 2.
fn line_of_key(inner: &str, key: &str) -> u32 {
    let at = inner.lines().position(|line| {
        let bare = line.trim_start_matches(['"', '\'']);
        bare.strip_prefix(key)
            .is_some_and(|rest| rest.trim_start_matches(['"', '\'']).trim_start().starts_with(':'))
    });
    u32::try_from(at.unwrap_or(0) + 2).unwrap_or(u32::MAX)
}

/// `key: rest` at the start of a line.
fn key_of(line: &str) -> Option<(&str, &str)> {
    let (key, rest) = line.trim_end().split_once(':')?;
    let key = key.trim_matches(['"', '\'']);
    let sound = key.starts_with(|c: char| c.is_ascii_alphabetic())
        && key.len() <= 40
        && key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        && (rest.is_empty() || rest.starts_with(' ') || rest.starts_with('\t'));
    sound.then_some((key, rest.trim()))
}

/// Reads `key: rest of the line` with indented or `- item` lines continuing it. Text inside of
/// an open `<example>` belongs to its value whatever it looks like.
fn repair(inner: &str) -> Vec<Entry> {
    let mut raw: Vec<RawEntry> = Vec::new();
    for (index, line) in inner.lines().enumerate() {
        let number = u32::try_from(index + 2).unwrap_or(u32::MAX);
        let inside = raw.last().is_some_and(|entry| entry.open_examples > 0);
        match key_of(line).filter(|_| !inside) {
            Some((key, rest)) => raw.push(RawEntry::new(key, rest, number)),
            None => {
                if let Some(entry) = raw.last_mut() {
                    entry.add(line);
                }
            }
        }
    }
    raw.into_iter()
        .map(|entry| Entry { value: entry.value(), key: entry.key, line: entry.line })
        .collect()
}

struct RawEntry {
    key: String,
    first: String,
    more: Vec<String>,
    open_examples: usize,
    line: u32,
}

impl RawEntry {
    fn new(key: &str, rest: &str, line: u32) -> Self {
        let mut entry = Self {
            key: key.to_owned(),
            first: rest.to_owned(),
            more: Vec::new(),
            open_examples: 0,
            line,
        };
        entry.count_examples(rest);
        entry
    }

    fn count_examples(&mut self, text: &str) {
        self.open_examples += text.matches("<example>").count();
        self.open_examples = self.open_examples.saturating_sub(text.matches("</example>").count());
    }

    fn add(&mut self, line: &str) {
        self.count_examples(line);
        if !line.trim().is_empty() {
            self.more.push(line.to_owned());
        }
    }

    fn value(&self) -> Value {
        if self.first.is_empty() && self.more.iter().all(|line| line.trim().starts_with("- ")) {
            let items = self.more.iter().map(|line| unquote(line.trim().trim_start_matches("- ")));
            return Value::Array(items.map(Value::String).collect());
        }
        if self.first.is_empty() {
            let pairs: Option<Map<String, Value>> = self
                .more
                .iter()
                .map(|line| {
                    let (key, rest) = line.trim().split_once(':')?;
                    Some((unquote(key), plain(rest.trim())))
                })
                .collect();
            if let Some(map) = pairs {
                return Value::Object(map);
            }
        }
        let block = matches!(self.first.as_str(), "|" | ">" | "|-" | ">-" | "|+" | ">+");
        let first = if block { "" } else { self.first.as_str() };
        let mut text = first.to_owned();
        for line in &self.more {
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(line.trim());
        }
        plain(&text)
    }
}

fn plain(text: &str) -> Value {
    if let Some(inner) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        let items = inner.split(',').map(str::trim).filter(|item| !item.is_empty());
        return Value::Array(items.map(|item| Value::String(unquote(item))).collect());
    }
    match text {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ => Value::String(unquote(text)),
    }
}

fn unquote(text: &str) -> String {
    let text = text.trim();
    for quote in ['"', '\''] {
        if let Some(inner) = text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) {
            return inner.to_owned();
        }
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yaml_is_read_as_yaml_and_lines_are_kept() {
        let (front, body) = split("---\r\nname: a\r\ntools: [read, edit]\r\n---\r\n# T\r\n");
        assert_eq!(front.repaired, None);
        assert_eq!(front.text(&["name"]), Some(("a".into(), 2)));
        assert_eq!(front.text(&["tools"]), Some(("read, edit".into(), 3)));
        assert_eq!(front.last_line, 4);
        assert_eq!(body.lines().nth(4), Some("# T"));
    }

    #[test]
    fn a_colon_in_a_description_is_repaired() {
        let source =
            "---\nname: a\ndescription: Use this: always\ntools:\n  - read\n  - edit\n---\n";
        let (front, _) = split(source);
        assert!(front.repaired.is_some());
        assert_eq!(front.text(&["description"]), Some(("Use this: always".into(), 3)));
        assert_eq!(front.text(&["tools"]), Some(("read, edit".into(), 4)));
    }

    #[test]
    fn an_example_may_hold_lines_that_look_like_keys() {
        let source =
            "---\ndescription: Use it. <example>\nuser: \"hi\"\n</example>\nmodel: opus\n---\n";
        let (front, _) = split(source);
        assert_eq!(front.entries.len(), 2);
        assert_eq!(front.text(&["model"]), Some(("opus".into(), 5)));
    }

    #[test]
    fn cursor_globs_are_an_alias_to_yaml() {
        let (front, _) = split("---\nglobs: **/*.ts\nalwaysApply: false\n---\nx\n");
        assert!(front.repaired.is_some());
        assert_eq!(front.text(&["globs"]), Some(("**/*.ts".into(), 2)));
        assert_eq!(front.flag(&["always-apply"]), Some(false));
    }

    #[test]
    fn a_rule_at_the_top_is_not_front_matter() {
        for source in
            ["---\n**ID:** x\n---\n", "---\nname: x\n", "--- \n# H\n---\n", "----\na: b\n---\n"]
        {
            assert_eq!(split(source).0, Frontmatter::default(), "{source}");
        }
    }
}

//! The only place where somebody else's text becomes Markdown.
//!
//! GitHub works on text in two passes: Markdown first, then filters over the resulting text that
//! turn mentions, issue references, commit ids, addresses and emoji names into links. A backslash
//! stops the first pass only. So words that the second pass would change are set as code, which
//! both passes leave alone and which shows them as they are.

use crate::domain::text::Untrusted;

/// Text of one line with `` `code` `` marks (see [`crate::domain::finding::Prose`]).
pub fn prose(text: &str) -> String {
    render(text, true, false)
}

/// [`prose`] for a table cell: `|` inside of code is shown as `¦`, because GitHub's table parser
/// and its code parser disagree about escapes there.
pub fn prose_cell(text: &str) -> String {
    render(text, true, true)
}

/// Text in which backticks mean nothing: everything is shown as it stands, on one line.
pub fn plain(text: &str) -> String {
    render(text, false, false)
}

/// Text from outside, at most `limit` characters of it, on one line.
pub fn untrusted(text: &Untrusted<String>, limit: usize) -> String {
    plain(&cut(text.expose(), limit))
}

/// The text with characters that cannot be seen made visible (`<U+202E>`). Line breaks and tabs
/// stay; carriage returns go.
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\r' => {}
            '\n' | '\t' => shown.push(c),
            // Variation selectors choose between two looks of one character.
            '\u{FE00}'..='\u{FE0F}' => {}
            _ if is_invisible(c) => shown.push_str(&format!("<U+{:04X}>", u32::from(c))),
            _ => shown.push(c),
        }
    }
    shown
}

/// The text in one line, runs of white space as one space.
pub fn one_line(text: &str) -> String {
    visible(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// At most `limit` characters; a cut is marked with an ellipsis.
pub fn cut(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(limit.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// Whether the character has no picture of its own: controls, bidirectional controls, zero-width
/// and tag characters, fillers.
pub fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}'..='\u{1160}'
            | '\u{17B4}'..='\u{17B5}' | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}'
            | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}'
            | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}'
            | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

/// A code span that shows exactly `text` (on one line) and cannot be left. Empty for empty text.
pub fn code_span(text: &str) -> String {
    let text = one_line(text);
    if text.is_empty() {
        return String::new();
    }
    let ticks = "`".repeat(longest_run(&text, '`') + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    without_marker(format!("{ticks}{pad}{text}{pad}{ticks}"))
}

/// A fenced block, ending with a line break. `language` is ours. The fence is longer than any in
/// the text.
pub fn fenced(text: &str, language: &str) -> String {
    let text = visible(text);
    let fence = "`".repeat(longest_run(&text, '`').max(2) + 1);
    let text = text.trim_end_matches('\n');
    without_marker(format!("{fence}{language}\n{text}\n{fence}\n"))
}

/// Our markers are found in the source of a comment, so a copy must not stand even in code.
fn without_marker(text: String) -> String {
    text.replace("<!-- backend-team:", "<! -- backend-team:")
}

fn longest_run(text: &str, wanted: char) -> usize {
    let mut longest = 0;
    let mut run = 0;
    for c in text.chars() {
        run = if c == wanted { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

enum Part {
    Text(String),
    Code(String),
}

fn render(text: &str, code_marks: bool, cell: bool) -> String {
    let text = one_line(text);
    let marked = if code_marks { split_code(&text) } else { vec![Part::Text(text)] };
    let mut parts: Vec<Part> = Vec::new();
    for part in marked {
        match part {
            Part::Text(text) => words(&text, &mut parts),
            code @ Part::Code(_) => push(&mut parts, code),
        }
    }
    let mut out = String::new();
    for part in parts {
        match part {
            Part::Text(text) => {
                let at_start = out.is_empty();
                escape(&text, at_start, &mut out);
            }
            Part::Code(code) if cell => out.push_str(&code_span(&code.replace('|', "¦"))),
            Part::Code(code) => out.push_str(&code_span(&code)),
        }
    }
    without_marker(out)
}

/// Splits at code marks: a run of backticks opens, the next run of the same length closes. A run
/// without partner is text.
fn split_code(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = text;
    let mut plain = String::new();
    while let Some(open) = rest.find('`') {
        let (before, from) = rest.split_at(open);
        plain.push_str(before);
        let length = from.len() - from.trim_start_matches('`').len();
        let (ticks, inside) = from.split_at(length);
        match closing(inside, length) {
            Some(end) => {
                parts.push(Part::Text(std::mem::take(&mut plain)));
                parts.push(Part::Code(inside[..end].trim().to_owned()));
                rest = &inside[end + length..];
            }
            None => {
                plain.push_str(ticks);
                rest = inside;
            }
        }
    }
    plain.push_str(rest);
    parts.push(Part::Text(plain));
    parts
}

/// Byte offset of the next run of exactly `length` backticks.
fn closing(text: &str, length: usize) -> Option<usize> {
    let mut from = 0;
    while let Some(found) = text[from..].find('`') {
        let at = from + found;
        let run = text[at..].len() - text[at..].trim_start_matches('`').len();
        if run == length {
            return Some(at);
        }
        from = at + run;
    }
    None
}

/// Adds a part; code directly after code becomes one span, because two spans side by side would
/// be read as one with backticks inside.
fn push(parts: &mut Vec<Part>, part: Part) {
    match (parts.last_mut(), part) {
        (Some(Part::Code(last)), Part::Code(code)) => last.push_str(&code),
        (Some(Part::Text(last)), Part::Text(text)) => last.push_str(&text),
        (_, Part::Text(text)) if text.is_empty() => {}
        (_, Part::Code(code)) if code.is_empty() => {}
        (_, part) => parts.push(part),
    }
}

fn words(text: &str, parts: &mut Vec<Part>) {
    for (index, word) in text.split(' ').enumerate() {
        if index > 0 {
            push(parts, Part::Text(" ".to_owned()));
        }
        if !would_be_linked(word) {
            push(parts, Part::Text(word.to_owned()));
            continue;
        }
        let inner = word.trim_matches(|c| matches!(c, '(' | ')' | ',' | ';' | '"' | '\'' | '?'));
        let (before, after) = match word.find(inner) {
            Some(at) if !inner.is_empty() && would_be_linked(inner) => {
                (&word[..at], &word[at + inner.len()..])
            }
            _ => ("", ""),
        };
        let kept = &word[before.len()..word.len() - after.len()];
        push(parts, Part::Text(before.to_owned()));
        push(parts, Part::Code(kept.to_owned()));
        push(parts, Part::Text(after.to_owned()));
    }
}

/// Whether GitHub (or another bot) would do something with the word beyond showing it.
fn would_be_linked(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    // Mentions, addresses, user@sha; formulas.
    word.contains(['@', '$'])
        || followed_by_digit(&lower, "#")
        || followed_by_digit(&lower, "gh-")
        || ["://", "www.", "mailto:", "xmpp:"].iter().any(|start| lower.contains(start))
        || (word.starts_with('/') && word.len() > 1)
        || has_commit_id(&lower)
        || has_emoji_name(word)
}

fn followed_by_digit(text: &str, mark: &str) -> bool {
    text.match_indices(mark)
        .any(|(at, _)| text[at + mark.len()..].starts_with(|c: char| c.is_ascii_digit()))
}

/// A run of 7 or more hexadecimal digits: GitHub links it if such a commit exists.
fn has_commit_id(lower: &str) -> bool {
    lower
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .any(|run| run.len() >= 7 && run.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn has_emoji_name(word: &str) -> bool {
    let name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '+' | '-');
    let mut pieces = word.split(':').skip(1).peekable();
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_some() && !piece.is_empty() && piece.chars().all(name) {
            return true;
        }
    }
    false
}

/// Backslashes before everything that Markdown or HTML could read.
fn escape(text: &str, at_start: bool, out: &mut String) {
    let list_number = at_start
        && text.starts_with(|c: char| c.is_ascii_digit())
        && text.trim_start_matches(|c: char| c.is_ascii_digit()).starts_with(['.', ')']);
    let mut number_pending = list_number;
    for (at, c) in text.char_indices() {
        let special =
            matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '&' | '~' | '|' | '#');
        let opens_block = at_start && at == 0 && matches!(c, '-' | '+' | '=' | ':' | '!');
        let ends_number = number_pending && matches!(c, '.' | ')');
        if special || opens_block || ends_number {
            out.push('\\');
        }
        number_pending &= !ends_number;
        out.push(c);
    }
}

#[cfg(test)]
#[path = "markdown_tests.rs"]
mod tests;

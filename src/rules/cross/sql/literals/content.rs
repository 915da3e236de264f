//! What a string of a language stands for.

use std::ops::Range;

use super::COMPUTED;
use crate::rules::parse::code::{Language, Syntax};

/// What a string stands for, line for line; `None` if it cannot be told.
pub fn content(node: &Syntax<'_>, language: Language) -> Option<String> {
    let written = node.text();
    match (language, node.kind().as_ref()) {
        (Language::Go, "interpreted_string_literal") => unescaped(inside(&written, 1)?),
        (Language::Go, "raw_string_literal") => Some(inside(&written, 1)?.to_owned()),
        (Language::Java, "string_literal") if written.starts_with("\"\"\"") => {
            unescaped(inside(&written, 3)?)
        }
        (Language::Java | Language::Rust, "string_literal") => {
            let plain = written.strip_prefix(['b', 'c']).unwrap_or(&written);
            unescaped(inside(plain, 1)?)
        }
        (Language::Rust, "raw_string_literal") => {
            let plain = written.trim_start_matches(['b', 'c', 'r']);
            let marks = plain.len() - plain.trim_start_matches('#').len();
            Some(inside(plain, marks + 1)?.to_owned())
        }
        (Language::JavaScript | Language::TypeScript, "string") => unescaped(inside(&written, 1)?),
        (Language::JavaScript | Language::TypeScript, "template_string") => {
            unescaped(inside(&marked(node, &parts(node, "template_substitution"))?, 1)?)
        }
        (Language::Python, "string") => python(node, &written),
        (Language::CSharp, _) => sharp(node, &written),
        (Language::Kotlin, "string_literal") => kotlin(node),
        (Language::Php, _) => php(node, &written),
        (Language::Ruby, _) => ruby(node, &written),
        _ => None,
    }
}

fn inside(written: &str, quote: usize) -> Option<&str> {
    written.get(quote..written.len().checked_sub(quote)?)
}

/// Escapes as the blanks and marks that they stand for; `None` for those that matter to SQL.
fn unescaped(written: &str) -> Option<String> {
    let mut text = String::with_capacity(written.len());
    let mut letters = written.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            text.push(letter);
            continue;
        }
        match letters.next()? {
            // A blank, so that lines stay those of the file.
            'n' | 't' | 'r' => text.push(' '),
            mark @ ('"' | '\'' | '`' | '$' | '\n') => text.push(mark),
            _ => return None,
        }
    }
    Some(text)
}

/// The text of a node with those of its parts marked that are computed. Their line breaks stay.
fn marked(node: &Syntax<'_>, computed: &[Range<usize>]) -> Option<String> {
    let written = node.text();
    let start = node.range().start;
    let mut text = String::new();
    let mut at = 0;
    for part in computed {
        let (from, to) = (part.start.checked_sub(start)?, part.end.checked_sub(start)?);
        text.push_str(written.get(at..from)?);
        text.push(COMPUTED);
        text.extend(written.get(from..to)?.chars().filter(|letter| *letter == '\n'));
        at = to;
    }
    text.push_str(written.get(at..)?);
    Some(text)
}

fn parts(node: &Syntax<'_>, kind: &str) -> Vec<Range<usize>> {
    node.named_children().filter(|part| part.kind() == kind).map(|part| part.range()).collect()
}

fn python(node: &Syntax<'_>, written: &str) -> Option<String> {
    if node.named_children().any(|part| part.kind() == "interpolation") {
        return None;
    }
    let quote = written.find(['"', '\''])?;
    let prefix = written.get(..quote)?.to_ascii_lowercase();
    let rest = written.get(quote..)?;
    let marks = if rest.starts_with("\"\"\"") || rest.starts_with("'''") { 3 } else { 1 };
    let text = inside(rest, marks)?;
    if prefix.contains('r') { Some(text.to_owned()) } else { unescaped(text) }
}

fn sharp(node: &Syntax<'_>, written: &str) -> Option<String> {
    let text = match node.kind().as_ref() {
        "string_literal" | "verbatim_string_literal" | "raw_string_literal" => written.to_owned(),
        "interpolated_string_expression" => marked(node, &parts(node, "interpolation"))?,
        _ => return None,
    };
    let quote = text.find('"')?;
    let verbatim = text.get(..quote)?.contains('@');
    let rest = text.get(quote..)?;
    let rest = rest.strip_suffix("u8").unwrap_or(rest);
    let marks = rest.len() - rest.trim_start_matches('"').len();
    if !verbatim && marks >= 3 {
        return Some(inside(rest, marks)?.to_owned());
    }
    let inner = inside(rest, 1)?;
    if verbatim { Some(inner.replace("\"\"", "\"")) } else { unescaped(inner) }
}

fn kotlin(node: &Syntax<'_>) -> Option<String> {
    let mut computed: Vec<Range<usize>> = Vec::new();
    for part in node.named_children() {
        match part.kind().as_ref() {
            "interpolation_identifier_start" | "interpolation_expression_start" => {
                computed.push(part.range());
            }
            "interpolated_identifier"
            | "interpolated_expression"
            | "interpolation_expression_end" => computed.last_mut()?.end = part.range().end,
            _ => {}
        }
    }
    let text = marked(node, &computed)?;
    if text.starts_with("\"\"\"") {
        return Some(inside(&text, 3)?.to_owned());
    }
    unescaped(inside(&text, 1)?)
}

fn php(node: &Syntax<'_>, written: &str) -> Option<String> {
    match node.kind().as_ref() {
        "string" => unescaped(inside(written, 1)?),
        "encapsed_string" => {
            unescaped(inside(&marked(node, &substituted(node, node, written))?, 1)?)
        }
        "heredoc" => {
            let body = node.field("value")?;
            let text = marked(&body, &substituted(&body, node, written))?;
            let inner = unescaped(&text)?;
            // The line of the opening mark belongs to the node.
            Some(between(node, &body, &inner, written))
        }
        "nowdoc" => {
            let body = node.field("value")?;
            Some(between(node, &body, &body.text(), written))
        }
        _ => None,
    }
}

/// The body of a string over lines, with the line breaks that stand before it.
fn between(node: &Syntax<'_>, body: &Syntax<'_>, inner: &str, written: &str) -> String {
    let ahead = body.range().start.saturating_sub(node.range().start);
    let breaks = written.get(..ahead).unwrap_or_default().matches('\n').count();
    format!("{}{inner}", "\n".repeat(breaks))
}

/// The parts of a string of PHP that are computed, with the braces around them.
fn substituted(holder: &Syntax<'_>, node: &Syntax<'_>, written: &str) -> Vec<Range<usize>> {
    let start = node.range().start;
    let parts = holder
        .named_children()
        .filter(|part| !matches!(part.kind().as_ref(), "string_content" | "escape_sequence"));
    parts
        .map(|part| {
            let range = part.range();
            let byte = |at: usize| written.as_bytes().get(at.checked_sub(start)?).copied();
            let before = range.start.checked_sub(1).and_then(byte);
            match (before, byte(range.end)) {
                (Some(b'{'), Some(b'}')) => range.start - 1..range.end + 1,
                _ => range,
            }
        })
        .collect()
}

fn ruby(node: &Syntax<'_>, written: &str) -> Option<String> {
    let text = marked(node, &parts(node, "interpolation"))?;
    match node.kind().as_ref() {
        "heredoc_body" => {
            let end = node.named_children().find(|part| part.kind() == "heredoc_end")?;
            let length = end.range().len();
            unescaped(text.get(..text.len().checked_sub(length)?)?)
        }
        "string" => {
            let opening = match written.starts_with('%') {
                true => written.find(|c: char| c != '%' && !c.is_alphanumeric())? + 1,
                false => 1,
            };
            unescaped(text.get(opening..text.len().checked_sub(1)?)?)
        }
        _ => None,
    }
}

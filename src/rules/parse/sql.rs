//! PostgreSQL scripts, parsed by squawk's syntax crate.

use std::ops::Range;

use squawk_syntax::{Parse, SourceFile};

/// Longest script that is parsed, in bytes. Longer ones are dumps, not migrations.
const MAX_BYTES: usize = 1_000_000;

/// Deepest nesting of parentheses and `CASE` that is handed to the recursive parser.
const MAX_NESTING: usize = 100;

/// Parses a script; `None` when it is too long or nested too deeply to parse safely.
pub fn parse(script: &str) -> Option<Parse<SourceFile>> {
    let safe = script.len() <= MAX_BYTES && nesting(script) <= MAX_NESTING;
    safe.then(|| SourceFile::parse(script))
}

/// An upper bound of how deep the parser recurses: open brackets, and words and signs that start
/// a nested expression, within one statement.
fn nesting(script: &str) -> usize {
    let (mut open, mut cases, mut signs, mut deepest) = (0_usize, 0_usize, 0_usize, 0_usize);
    let bytes = script.as_bytes();
    let mut word = 0;
    for (at, byte) in bytes.iter().enumerate() {
        if byte.is_ascii_alphanumeric() || *byte == b'_' {
            signs = 0;
            continue;
        }
        let token = bytes.get(word..at).unwrap_or_default();
        word = at + 1;
        if token.eq_ignore_ascii_case(b"case") || token.eq_ignore_ascii_case(b"not") {
            cases += 1;
        }
        match byte {
            b'(' | b'[' => open += 1,
            b')' | b']' => open = open.saturating_sub(1),
            b'-' | b'+' | b'~' | b'@' | b'!' => signs += 1,
            b';' => (open, cases) = (0, 0),
            _ => {}
        }
        // Long runs of one sign are comment rules (`-----`), which are harmless.
        let run = if bytes.get(at.saturating_sub(1)) == Some(byte) { 0 } else { signs };
        deepest = deepest.max(open + cases.min(MAX_NESTING / 2) + run);
    }
    deepest
}

/// The script with everything outside of `keep` blanked out, so that offsets and lines stay.
pub fn keep_only(script: &str, keep: &[Range<usize>]) -> String {
    let mut masked = String::with_capacity(script.len());
    for (at, character) in script.char_indices() {
        let kept = keep.iter().any(|range| range.contains(&at));
        match character {
            '\n' | '\r' => masked.push(character),
            _ if kept => masked.push(character),
            // One blank for each byte.
            _ => masked.extend(std::iter::repeat_n(' ', character.len_utf8())),
        }
    }
    masked
}

/// The same script with MySQL's and SQLite's back-quoted names in standard quotes.
pub fn standard_quotes(script: &str) -> String {
    script.replace('`', "\"")
}

/// The script without comments and with white space runs as one blank, for comparing meaning.
/// Quoted text is kept as it is.
pub fn without_comments(script: &str) -> String {
    let mut plain = String::with_capacity(script.len());
    let mut rest = script;
    while let Some(first) = rest.chars().next() {
        let skipped = if rest.starts_with("--") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if first.is_whitespace() {
            first.len_utf8()
        } else {
            0
        };
        if skipped > 0 {
            if !plain.ends_with(' ') {
                plain.push(' ');
            }
            rest = rest.get(skipped..).unwrap_or_default();
            continue;
        }
        let taken = if matches!(first, '\'' | '"') {
            rest.get(1..).and_then(|tail| tail.find(first)).map_or(rest.len(), |end| end + 2)
        } else {
            first.len_utf8()
        };
        plain.push_str(rest.get(..taken).unwrap_or_default());
        rest = rest.get(taken..).unwrap_or_default();
    }
    plain.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deep_nesting_is_refused_before_the_parser_sees_it() {
        assert!(parse(&format!("select {}1{};", "(".repeat(50_000), ")".repeat(50_000))).is_none());
        assert!(parse(&format!("select {}1;", "- ".repeat(50_000))).is_none());
        assert!(parse("select (1 + (2 * 3)); -----------------------------------").is_some());
    }

    #[test]
    fn masking_keeps_offsets() {
        let masked = keep_only("ab\ncéd\nef", &[0..2, 8..10]);
        assert_eq!(masked, "ab\n    \nef");
    }

    #[test]
    fn comments_do_not_count() {
        let plain = without_comments("select 'a -- b'  /* x */ , 1 -- end\n;");
        assert_eq!(plain, "select 'a -- b' , 1 ;");
    }
}

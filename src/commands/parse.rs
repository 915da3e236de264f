//! From a comment to the commands in it.

use pulldown_cmark::{Event, Options, Parser, Tag};

use super::{Arguments, Parsed, VERBS};

/// Longest comment that is read, in bytes (GitHub's limit is 65,536 characters).
pub const MAX_BODY: usize = 262_144;
/// Most commands taken from one comment.
pub const MAX_COMMANDS: usize = 10;
/// Another way to address the bot.
const ALIAS: &str = "ask backend team";

/// The commands of a comment, in order. A command is a line of a paragraph or heading that starts
/// with `/PREFIX` or `ask backend team`; what stands in code, quotes, lists, tables, links, HTML
/// or comments is none.
pub fn parse(body: &str, prefix: &str) -> Vec<Parsed> {
    let prefix = prefix.trim_start_matches('/');
    if body.len() > MAX_BODY || prefix.trim().is_empty() {
        return Vec::new();
    }
    let said = spoken(body);
    let mut found = Vec::new();
    let mut start = 0;
    for line in body.split_inclusive('\n') {
        let indent = line.len() - line.trim_start_matches(' ').len();
        let text = line.trim_end();
        if indent < 4
            && let Some(rest) = addressed(text.get(indent..).unwrap_or_default(), prefix)
        {
            let verb = rest.split_whitespace().next().unwrap_or_default();
            let verb_at = rest.find(verb).unwrap_or(0);
            let head = text.len() - rest.len() + verb_at + verb.len();
            let plain = said.get(start + indent..start + head);
            if plain.is_some_and(|bytes| bytes.iter().all(|spoken| *spoken)) {
                found.push(command(verb, rest.get(verb_at + verb.len()..).unwrap_or_default()));
            }
        }
        start += line.len();
    }
    found.truncate(MAX_COMMANDS);
    found
}

/// Whether a line starts with `/` and a word, as commands do, where commands are heard: whatever
/// the word, a repository's own prefix could be it.
pub fn addresses(body: &str) -> bool {
    if body.len() > MAX_BODY || !body.contains('/') {
        return false;
    }
    let said = spoken(body);
    let mut start = 0;
    for line in body.split_inclusive('\n') {
        let indent = line.len() - line.trim_start_matches(' ').len();
        let text = line.trim_start_matches(' ').trim_end();
        if indent < 4
            && let Some(word) =
                text.strip_prefix('/').and_then(|rest| rest.split(char::is_whitespace).next())
            && !word.is_empty()
        {
            let plain = said.get(start + indent..=start + indent + word.len());
            let sound = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
            if word.chars().all(sound)
                && plain.is_some_and(|bytes| bytes.iter().all(|spoken| *spoken))
            {
                return true;
            }
        }
        start += line.len();
    }
    false
}

/// For each byte of the body, whether it is plain text of a paragraph or heading at the top level.
fn spoken(body: &str) -> Vec<bool> {
    let mut spoken = vec![false; body.len()];
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_GFM
        | Options::ENABLE_MATH;
    let mut containers = Vec::new();
    for (event, range) in Parser::new_ext(body, options).into_offset_iter() {
        match event {
            Event::Start(tag) => {
                containers.push(matches!(tag, Tag::Paragraph | Tag::Heading { .. }));
            }
            Event::End(_) => {
                containers.pop();
            }
            Event::Text(_) if containers.as_slice() == [true] => {
                if let Some(bytes) = spoken.get_mut(range) {
                    bytes.fill(true);
                }
            }
            _ => {}
        }
    }
    spoken
}

/// What follows the address on a line that starts with it.
fn addressed<'a>(line: &'a str, prefix: &str) -> Option<&'a str> {
    let after = |rest: &'a str, words: &str| {
        let head = rest.get(..words.len())?;
        let rest = rest.get(words.len()..)?;
        let ends = rest.is_empty() || rest.starts_with(char::is_whitespace);
        (head.eq_ignore_ascii_case(words) && ends).then_some(rest)
    };
    line.strip_prefix('/').and_then(|rest| after(rest, prefix)).or_else(|| after(line, ALIAS))
}

fn command(verb: &str, rest: &str) -> Parsed {
    let wanted = if verb.is_empty() { "help" } else { verb };
    match VERBS.iter().find(|known| known.name.eq_ignore_ascii_case(wanted)) {
        Some(known) => match (known.parse)(&Arguments { text: rest }) {
            Ok(command) => Parsed::Command { verb: known, command },
            Err(problem) => Parsed::Invalid { verb: known, problem },
        },
        None => Parsed::Unknown {
            verb: verb.chars().take(60).collect(),
            suggestion: suggestion(verb, VERBS.iter().map(|verb| verb.name)),
        },
    }
}

/// The known word that was probably meant: at most two edits away, and less than half of it.
pub fn suggestion<'a>(typed: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let typed = typed.to_lowercase();
    if typed.chars().count() > 60 {
        return None;
    }
    known
        .map(|word| (distance(&typed, word), word))
        .filter(|(edits, word)| *edits <= 2 && edits * 2 < word.chars().count())
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, word)| word)
}

/// Insertions, deletions, replacements and swaps of neighbours between two words.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, to) in b.iter().enumerate() {
            let mut best = (last[j] + usize::from(from != to)).min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a[i - 1] == *to && *from == b[j - 1] {
                best = best.min(before_last[j - 1] + 1);
            }
            row.push(best);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

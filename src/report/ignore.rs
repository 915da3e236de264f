//! Comments in files that silence a finding: ours, with a reason, and those of other tools for
//! rules that mean the same.

use crate::domain::change::Text;
use crate::domain::diff::LineRange;
use crate::domain::finding::Finding;

/// What a comment beside a finding does to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Silence {
    /// Silenced, for this reason.
    Ignored { reason: String },
    /// Our own comment on this line names the rule but gives no reason: it does not count.
    NoReason { line: u32 },
}

/// How another tool writes "ignore".
struct Spelling {
    tool: &'static str,
    /// In lower case, up to where the ids start.
    words: &'static str,
    /// Speaks for the whole file, wherever it stands.
    whole_file: bool,
}

const fn spelling(tool: &'static str, words: &'static str) -> Spelling {
    Spelling { tool, words, whole_file: false }
}

const fn for_file(tool: &'static str, words: &'static str) -> Spelling {
    Spelling { tool, words, whole_file: true }
}

const SPELLINGS: &[Spelling] = &[
    for_file("squawk", "squawk-ignore-file "),
    spelling("squawk", "squawk-ignore "),
    for_file("hadolint", "hadolint global ignore="),
    spelling("hadolint", "hadolint ignore="),
    spelling("zizmor", "zizmor: ignore["),
    spelling("checkov", "checkov:skip="),
    spelling("tflint", "tflint-ignore: "),
    for_file("tflint", "tflint-ignore-file: "),
    spelling("trivy", "trivy:ignore:"),
    spelling("tfsec", "tfsec:ignore:"),
    spelling("buf", "buf:lint:ignore "),
];

const OURS: &str = "backend-team: ignore ";

/// Lines at the top of a file where a comment about the file as a whole may stand.
const TOP_LINES: u32 = 5;
/// Comments inside the finding's own lines count up to this many lines.
const MAX_LINES: u32 = 100;

/// Looks for a comment on the finding's lines or the line above. `equivalents` are the rule's ids
/// in other tools, `tool:id`.
pub fn silence(finding: &Finding, text: &Text, equivalents: &[String]) -> Option<Silence> {
    let (first, last) = match finding.anchor.lines() {
        Some(lines) => (lines.start().saturating_sub(1).max(1), lines.end()),
        None => (1, TOP_LINES),
    };
    let lines = LineRange::new(first, last.min(first + MAX_LINES).max(first))?;
    let mut without_reason = None;
    for (number, line) in (lines.start()..=lines.end()).filter_map(|n| Some((n, text.line(n)?))) {
        match ours(line, &finding.rule.0) {
            Some(reason) if !reason.is_empty() => return Some(Silence::Ignored { reason }),
            Some(_) => without_reason = without_reason.or(Some(number)),
            None => {}
        }
        if let Some(reason) = theirs(line, equivalents, false) {
            return Some(Silence::Ignored { reason });
        }
    }
    if !equivalents.is_empty() {
        let whole = text.lines().find_map(|(_, line)| theirs(line, equivalents, true));
        if let Some(reason) = whole {
            return Some(Silence::Ignored { reason });
        }
    }
    without_reason.map(|line| Silence::NoReason { line })
}

/// The reason that our comment gives for this rule; empty if it gives none.
fn ours(line: &str, code: &str) -> Option<String> {
    let rest = after_words(line, OURS)?;
    let (ids, reason) = ids_and_rest(rest);
    ids.iter().any(|id| id.eq_ignore_ascii_case(code)).then(|| reason_text(reason))
}

fn theirs(line: &str, equivalents: &[String], whole_file: bool) -> Option<String> {
    SPELLINGS.iter().filter(|spelling| spelling.whole_file == whole_file).find_map(|spelling| {
        let (ids, rest) = ids_and_rest(after_words(line, spelling.words)?);
        let id = ids.into_iter().find(|id| {
            equivalents.iter().any(|equivalent| {
                equivalent.split_once(':').is_some_and(|(tool, known)| {
                    tool.eq_ignore_ascii_case(spelling.tool) && known.eq_ignore_ascii_case(id)
                })
            })
        })?;
        let said = reason_text(rest);
        let because = if said.is_empty() { String::new() } else { format!(": {said}") };
        Some(format!("`{}{id}` in the file{because}", spelling.words))
    })
}

/// What follows `words` on a line, if a comment opens before them.
fn after_words<'a>(line: &'a str, words: &str) -> Option<&'a str> {
    let lower = line.to_ascii_lowercase();
    let at = lower.find(words)?;
    let before = line.get(..at)?.trim_end();
    let opens = ["#", "//", "--", "/*", "<!--", "{#", ";", "*"].iter().any(|o| before.ends_with(o));
    // Several tools in one comment: `# hadolint ignore=DL3006 checkov:skip=…`.
    let inside = ["#", "//", "--", "/*", "<!--"].iter().any(|o| before.trim_start().starts_with(o));
    if opens || inside { line.get(at + words.len()..) } else { None }
}

/// Ids separated by commas, and what follows them.
fn ids_and_rest(text: &str) -> (Vec<&str>, &str) {
    let in_id = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    let mut ids = Vec::new();
    let mut rest = text.trim_start();
    loop {
        let end = rest.find(|c| !in_id(c)).unwrap_or(rest.len());
        let (id, after) = rest.split_at(end);
        if !id.is_empty() {
            ids.push(id);
        }
        match after.trim_start().strip_prefix(',') {
            Some(more) if !id.is_empty() => rest = more.trim_start(),
            _ => return (ids, after),
        }
    }
}

/// The words of a reason, without separators before it and the end of the comment after it.
fn reason_text(rest: &str) -> String {
    let rest = rest.trim().trim_end_matches("*/").trim_end_matches("-->").trim_end_matches("#}");
    let reason = rest.trim_matches(|c: char| {
        c.is_whitespace() || matches!(c, ':' | ']' | '-' | '\u{2014}' | '\u{2013}' | '(' | ')')
    });
    if reason.chars().any(char::is_alphanumeric) { reason.to_owned() } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;

    fn on(line: &str, equivalents: &[&str]) -> Option<Silence> {
        let source = format!("{line}\nDROP TABLE users;\n");
        let change = samples::change_of(&[("db/1.sql", None, Some(&source))]);
        let finding = samples::finding(&change, "migration/drop-table", "db/1.sql", 2, 2);
        let text = change.files[0].head_text().unwrap();
        let equivalents: Vec<String> = equivalents.iter().map(|&e| e.to_owned()).collect();
        silence(&finding, text, &equivalents)
    }

    fn reason(line: &str, equivalents: &[&str]) -> Option<String> {
        match on(line, equivalents)? {
            Silence::Ignored { reason } => Some(reason),
            Silence::NoReason { .. } => None,
        }
    }

    #[test]
    fn ours_needs_the_code_and_a_reason() {
        let good = "-- backend-team: ignore migration/drop-table the table was never used";
        assert_eq!(reason(good, &[]).as_deref(), Some("the table was never used"));
        let block = "/* backend-team: ignore a/b, migration/drop-table: emptied in 12 */";
        assert_eq!(reason(block, &[]).as_deref(), Some("emptied in 12"));
        let bare = on("-- backend-team: ignore migration/drop-table", &[]);
        assert_eq!(bare, Some(Silence::NoReason { line: 1 }));
        assert_eq!(on("-- backend-team: ignore migration/drop-table -- */", &[]), bare);
        assert_eq!(on("-- backend-team: ignore migration/other because", &[]), None);
        let text = "SELECT 'backend-team: ignore migration/drop-table because';";
        assert_eq!(on(text, &[]), None);
    }

    #[test]
    fn other_tools_count_for_rules_that_mean_the_same() {
        let same = ["squawk:ban-drop-table", "hadolint:DL3006", "zizmor:unpinned-uses"];
        assert!(reason("-- squawk-ignore prefer-x, ban-drop-table", &same).is_some());
        assert!(reason("-- squawk-ignore-file ban-drop-table", &same).is_some());
        assert!(reason("# hadolint ignore=DL3008,DL3006", &same).is_some());
        assert!(reason("# zizmor: ignore[unpinned-uses]", &same).is_some());
        assert_eq!(on("-- squawk-ignore prefer-x", &same), None);
        assert_eq!(on("# hadolint ignore=ban-drop-table", &same), None);
        assert_eq!(on("# nosec", &same), None);
        assert_eq!(on("-- squawk-ignore ban-drop-table", &[]), None);
    }

    proptest::proptest! {
        #[test]
        fn never_panics(line in ".*", id in "[a-z]{0,5}:[A-Z0-9]{0,5}") {
            let _ = on(&line.replace('\n', " "), &[&id]);
            let _ = on(&format!("# backend-team: ignore {line}"), &[&id]);
        }
    }
}

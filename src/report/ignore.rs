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
    spelling("eugene", "eugene: ignore "),
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
        Some(lines) if finding.anchor.path().extension().as_deref() == Some("sql") => {
            (above_statement(text, lines.start()), lines.end())
        }
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
        let other = || theirs(line, equivalents, false).or_else(|| nameless(line, equivalents));
        if let Some(reason) = other() {
            return Some(Silence::Ignored { reason });
        }
    }
    if !equivalents.is_empty() {
        let whole = text.lines().find_map(|(_, line)| theirs(line, equivalents, true));
        let whole = whole.or_else(|| header(text).find_map(|line| nameless(line, equivalents)));
        if let Some(reason) = whole {
            return Some(Silence::Ignored { reason });
        }
    }
    without_reason.map(|line| Silence::NoReason { line })
}

/// The first line of the comments above the SQL statement that a line belongs to.
fn above_statement(text: &Text, line: u32) -> u32 {
    let is_comment = |text: &str| text.trim_start().starts_with("--");
    let ends = |text: &str| text.trim().is_empty() || text.trim_end().ends_with(';');
    let mut first = line;
    let mut commented = false;
    while first > 1 && line - first < MAX_LINES {
        let Some(above) = text.line(first - 1) else { break };
        commented |= is_comment(above);
        if !is_comment(above) && (commented || ends(above)) {
            break;
        }
        first -= 1;
    }
    // A comment behind the statement before.
    first.min(line.saturating_sub(1)).max(1)
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

/// Comments that may name no rule, or a class of rules: squawk's, and Atlas's, whose checks are
/// grouped by the first letters of their codes.
fn nameless(line: &str, equivalents: &[String]) -> Option<String> {
    let of = |tool: &str, wanted: &dyn Fn(&str) -> bool| {
        equivalents.iter().any(|equivalent| {
            equivalent.split_once(':').is_some_and(|(known, id)| known == tool && wanted(id))
        })
    };
    let bare = |rest: &str| !rest.trim_start().starts_with(|c: char| c.is_ascii_alphanumeric());
    if let Some(rest) = after_words(line, "squawk-ignore") {
        let all = !rest.starts_with('-') && bare(rest);
        return (all && of("squawk", &|_| true)).then(|| "`squawk-ignore` in the file".to_owned());
    }
    let rest = after_words(line, "atlas:nolint")?;
    let names: Vec<&str> = rest.trim_end_matches("*/").split_whitespace().collect();
    let hit = names.is_empty() && of("atlas", &|_| true)
        || names.iter().any(|name| of("atlas", &|id| is_of_class(id, name)));
    hit.then(|| format!("`{}` in the file", format!("atlas:nolint {}", names.join(" ")).trim_end()))
}

/// Whether one of Atlas's codes has that name or belongs to that analyser.
fn is_of_class(id: &str, name: &str) -> bool {
    let prefixes: &[&str] = match name {
        "destructive" => &["DS"],
        "data_depend" => &["MF", "MY", "LT"],
        "incompatible" => &["BC"],
        "concurrent_index" => &["PG1"],
        "condrop" | "constraint_drop" => &["CD"],
        _ => &[],
    };
    let code =
        name.len() >= 2 && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
    code && id.starts_with(name) || prefixes.iter().any(|prefix| id.starts_with(prefix))
}

/// The comment at the top of a file, if an empty line sets it apart from the first statement.
fn header(text: &Text) -> impl Iterator<Item = &str> {
    let comment = |line: &&str| line.trim_start().starts_with("--");
    let count = text.lines().map(|(_, line)| line).take_while(comment).count();
    let after = text.lines().nth(count).map(|(_, line)| line);
    let apart = after.is_some_and(|line| line.trim().is_empty());
    text.lines().map(|(_, line)| line).take(if apart { count } else { 0 })
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
    fn a_comment_above_a_statement_speaks_for_all_its_lines() {
        let source = "-- eugene: ignore E2\nALTER TABLE a\n  ALTER b SET NOT NULL,\n  ALTER c SET NOT NULL;\n\
                      DROP TABLE d;\n";
        let change = samples::change_of(&[("db/1.sql", None, Some(source))]);
        let text = change.files[0].head_text().unwrap();
        let ids = ["eugene:E2".to_owned()];
        let at =
            |line| silence(&samples::finding(&change, "a/b", "db/1.sql", line, line), text, &ids);
        assert!(at(3).is_some() && at(4).is_some());
        assert_eq!(at(5), None);
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
        assert!(reason("-- squawk-ignore", &same).is_some());
        let atlas = ["atlas:DS102", "eugene:E2"];
        assert!(reason("-- atlas:nolint", &atlas).is_some());
        assert!(reason("-- atlas:nolint data_depend destructive", &atlas).is_some());
        assert!(reason("-- atlas:nolint DS102", &atlas).is_some());
        assert_eq!(on("-- atlas:nolint data_depend", &atlas), None);
        assert!(reason("-- atlas:nolint DS102\n\nSELECT 1;", &atlas).is_some());
        assert!(reason("-- eugene: ignore E4, E2", &atlas).is_some());
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

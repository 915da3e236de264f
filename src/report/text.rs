//! Output for people at a terminal.

use super::comment::{counts, verdict_line};
use super::comment_sections::short_id;
use super::markdown::{cut, one_line, visible};
use super::place::place_text;
use super::{counted, shown_quote};
use crate::domain::change::{Anchor, Change, Text};
use crate::domain::finding::{Fix, Severity};
use crate::domain::report::{AnswerKind, FindingState, RememberedState, Report, ReportedFinding};

/// Most source lines shown for one finding.
const MAX_EXCERPT_LINES: u32 = 8;
/// Most lines of a new file that is proposed.
const MAX_NEW_FILE_LINES: usize = 60;
/// Longest source line shown, in characters.
const MAX_LINE: usize = 160;

/// The report. `source` gives the text of the file at a place (for changed files
/// [`changed_text`]); where it gives none, the finding's quote is shown. `colour` adds ANSI
/// colours to what is said in words anyway.
pub fn text(report: &Report, source: &dyn Fn(&Anchor) -> Option<Text>, colour: bool) -> String {
    let paint = Paint(colour);
    let mut out = String::new();
    for reported in &report.findings {
        finding(reported, source, paint, &mut out);
        out.push('\n');
    }
    lists(report, &mut out);
    who_looked(report, &mut out);
    let line = format!("backend-team: {}", verdict_line(report));
    out.push_str(&paint.strong(&line));
    let counts = counts(report);
    if !counts.is_empty() {
        out.push_str(&format!(" ({counts})"));
    }
    out.push('\n');
    out
}

/// The text of a changed file at a place.
pub fn changed_text(change: &Change, anchor: &Anchor) -> Option<Text> {
    change.file(anchor.head_path())?.text(anchor.side()).cloned()
}

#[derive(Clone, Copy)]
struct Paint(bool);

impl Paint {
    fn code(self, code: &str, text: &str) -> String {
        if self.0 { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    fn strong(self, text: &str) -> String {
        self.code("1", text)
    }

    fn gutter(self, text: &str) -> String {
        self.code("34", text)
    }

    fn severity(self, severity: Severity, text: &str) -> String {
        let code = match severity {
            Severity::Critical | Severity::Major => "1;31",
            Severity::Minor => "1;33",
            Severity::Info => "1;36",
        };
        self.code(code, text)
    }
}

fn finding(
    reported: &ReportedFinding,
    source: &dyn Fn(&Anchor) -> Option<Text>,
    paint: Paint,
    out: &mut String,
) {
    let found = &reported.finding;
    let mut marks = Vec::new();
    if reported.blocking {
        marks.push("blocking");
    }
    match reported.state {
        FindingState::New => {}
        FindingState::Unchanged => marks.push("unchanged"),
        FindingState::Reopened => marks.push("reopened"),
    }
    let marks = if marks.is_empty() { String::new() } else { format!(" ({})", marks.join(", ")) };
    let label = format!("{}[{}]", found.severity, found.rule);
    out.push_str(&format!(
        "{}: {}{marks}\n",
        paint.severity(found.severity, &label),
        paint.strong(&one_line(&found.title))
    ));
    let pad = place_and_lines(reported, source, paint, out);
    let note = |name: &str, text: &str| {
        format!("{pad} {} {name}: {}\n", paint.gutter("="), one_line(text))
    };
    out.push_str(&note("why", &found.evidence));
    out.push_str(&note("instead", &found.recommendation));
    if let Some(Fix::NewFile { path, content }) = &found.fix {
        out.push_str(&note("new file", path.as_str()));
        for line in content.lines().take(MAX_NEW_FILE_LINES) {
            out.push_str(&format!("{pad} {} {}\n", paint.gutter("+"), source_line(line)));
        }
        let hidden = content.lines().count().saturating_sub(MAX_NEW_FILE_LINES);
        if hidden > 0 {
            out.push_str(&format!("{pad} {} ({hidden} more lines)\n", paint.gutter("+")));
        }
    }
    for other in found.related.iter().take(5) {
        let place = place_text(&other.anchor);
        out.push_str(&note("see also", &format!("{place}: {}", other.note)));
    }
    out.push_str(&note("id", short_id(&reported.fingerprint)));
}

/// The place and the source lines under it; gives the width of the gutter as blanks.
fn place_and_lines(
    reported: &ReportedFinding,
    source: &dyn Fn(&Anchor) -> Option<Text>,
    paint: Paint,
    out: &mut String,
) -> String {
    let found = &reported.finding;
    let excerpt = excerpt(reported, source);
    let width = excerpt.iter().filter_map(|(number, _)| *number).max().unwrap_or(0);
    let width = width.to_string().len().max(1);
    let pad = " ".repeat(width);
    let before = match found.anchor.side() {
        crate::domain::diff::Side::Base => " (before the change)",
        crate::domain::diff::Side::Head => "",
    };
    let place = visible(&place_text(&found.anchor));
    out.push_str(&format!("{pad}{} {place}{before}\n", paint.gutter("-->")));
    if !excerpt.is_empty() {
        out.push_str(&format!("{pad} {}\n", paint.gutter("|")));
    }
    for (number, line) in &excerpt {
        let number = number.map_or(pad.clone(), |number| format!("{number:>width$}"));
        out.push_str(&format!("{} {line}\n", paint.gutter(&format!("{number} |"))));
    }
    if let [(Some(_), only)] = excerpt.as_slice() {
        let indent = only.len() - only.trim_start().len();
        let length = only.trim().chars().count().max(1);
        let carets = format!("{}{}", " ".repeat(indent), "^".repeat(length));
        let carets = paint.severity(found.severity, &carets);
        out.push_str(&format!("{pad} {} {carets}\n", paint.gutter("|")));
    } else if !excerpt.is_empty() {
        out.push_str(&format!("{pad} {}\n", paint.gutter("|")));
    }
    pad
}

/// Lines to show with their numbers; a line without number says that more follow.
fn excerpt(
    reported: &ReportedFinding,
    source: &dyn Fn(&Anchor) -> Option<Text>,
) -> Vec<(Option<u32>, String)> {
    let found = &reported.finding;
    let (Some(lines), Some(quote)) = (found.anchor.lines(), shown_quote(found)) else {
        return Vec::new();
    };
    // Where the quote masks a secret, the file would show it.
    let file = if found.quote_redacted { None } else { source(&found.anchor) };
    let text = match file {
        Some(text) => Lines::File(text),
        None => {
            Lines::Quote { first: lines.start(), lines: quote.lines().map(str::to_owned).collect() }
        }
    };
    let last = lines.end().min(lines.start().saturating_add(MAX_EXCERPT_LINES - 1));
    let mut shown: Vec<(Option<u32>, String)> = (lines.start()..=last)
        .filter_map(|number| Some((Some(number), source_line(text.line(number)?))))
        .collect();
    if last < lines.end() {
        shown.push((None, "...".to_owned()));
    }
    shown
}

/// Lines of the file, or of the quote where the file is not at hand.
enum Lines {
    File(Text),
    Quote { first: u32, lines: Vec<String> },
}

impl Lines {
    fn line(&self, number: u32) -> Option<&str> {
        match self {
            Self::File(text) => text.line(number),
            Self::Quote { first, lines } => {
                let index = usize::try_from(number.checked_sub(*first)?).ok()?;
                lines.get(index).map(String::as_str)
            }
        }
    }
}

fn source_line(line: &str) -> String {
    cut(visible(line).replace('\t', "    ").trim_end(), MAX_LINE)
}

fn lists(report: &Report, out: &mut String) {
    let mut list = |title: &str, lines: Vec<String>| {
        if !lines.is_empty() {
            out.push_str(&format!("{title}:\n"));
            lines.iter().for_each(|line| out.push_str(&format!("  {}\n", one_line(line))));
            out.push('\n');
        }
    };
    let not_checked = report.not_checked.iter();
    list(
        &format!("not checked ({})", report.not_checked.len()),
        not_checked.map(|entry| format!("{}: {}", entry.what, entry.why)).collect(),
    );
    let carried = report.carried.iter();
    list(
        "still open from an earlier review, not looked at again",
        carried
            .map(|old| format!("{}[{}]: {} ({})", old.severity, old.rule, old.title, old.path))
            .collect(),
    );
    let fixed = report.fixed.iter().map(|old| {
        let head = match &old.state {
            RememberedState::Fixed { head } => format!(" in {}", head.short()),
            _ => String::new(),
        };
        format!("{}: {} ({}), fixed{head}", old.rule, old.title, old.path)
    });
    list("fixed", fixed.collect());
    let dismissed = report.dismissed.iter().map(|entry| {
        let place = place_text(&entry.finding.anchor);
        let (rule, by, reason) = (&entry.finding.rule, &entry.by, &entry.reason);
        format!("{rule}: {place}: dismissed by {by}: {reason}")
    });
    let ignored = report.ignored.iter().map(|entry| {
        let place = place_text(&entry.finding.anchor);
        format!("{}: {place}: ignored in the file: {}", entry.finding.rule, entry.reason)
    });
    list("set aside", dismissed.chain(ignored).collect());
    let problems = report.problems.iter().map(|problem| {
        let line = problem.line.map_or(String::new(), |line| format!(":{line}"));
        format!("{}{line}: {}", problem.path, problem.message)
    });
    list("problems in policy, instruction files and ignore comments", problems.collect());
    let answers = report.answers.iter().map(|answer| {
        let word = match answer.answer {
            AnswerKind::Yes => "yes",
            AnswerKind::No => "no",
            AnswerKind::NotApplicable => "not applicable",
            AnswerKind::NoEvidence => "no evidence found",
        };
        let places: Vec<String> = answer.evidence.iter().take(3).map(place_text).collect();
        let places =
            if places.is_empty() { String::new() } else { format!(" ({})", places.join(", ")) };
        format!("{} {word}: {}{places}", answer.question, answer.explanation)
    });
    list("observability", answers.collect());
}

fn who_looked(report: &Report, out: &mut String) {
    if report.sections.is_empty() {
        return;
    }
    out.push_str("who looked and why:\n");
    for section in &report.sections {
        let reasons: Vec<&str> = report
            .routing
            .assignment(section.lane)
            .into_iter()
            .flat_map(|assignment| &assignment.reasons)
            .take(3)
            .map(|reason| reason.text.as_str())
            .collect();
        let looked = match section.looked() {
            true => format!(
                "{}, {}",
                counted(section.rules_run.len(), "rule"),
                counted(section.files_looked_at, "file")
            ),
            false => "nothing to look at".to_owned(),
        };
        let line = format!("{}: {looked}; {}", cut(&section.agent, 60), reasons.join("; "));
        out.push_str(&format!("  {}\n", one_line(line.trim_end_matches([';', ' ']))));
    }
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;

    fn said(report: &Report, colour: bool) -> String {
        let change = samples::backend_change();
        text(report, &|anchor| changed_text(&change, anchor), colour)
    }

    #[test]
    fn busy() {
        insta::assert_snapshot!(said(&samples::busy(), false));
    }

    #[test]
    fn a_new_file_and_a_member_without_work() {
        insta::assert_snapshot!("new_file", said(&samples::with_new_file(), false));
        assert!(said(&samples::idle_member(), false).contains(": nothing to look at; "));
    }

    #[test]
    fn clean_and_partial() {
        insta::assert_snapshot!("clean", said(&samples::clean(), false));
        insta::assert_snapshot!("partial", said(&samples::partial(), false));
    }

    #[test]
    fn colour_adds_nothing_but_colour() {
        let coloured = said(&samples::busy(), true);
        let codes = regex::Regex::new("\u{1b}\\[[0-9;]*m").unwrap();
        assert!(codes.is_match(&coloured));
        assert_eq!(codes.replace_all(&coloured, ""), said(&samples::busy(), false));
    }

    #[test]
    fn masked_quotes_stay_masked() {
        let mut report = samples::busy();
        let reported = &mut report.findings[0];
        reported.finding.quote = "ALTER TABLE ****;".to_owned();
        reported.finding.quote_redacted = true;
        let shown = said(&report, false);
        assert!(shown.contains("2 | ALTER TABLE ****;") && !shown.contains("DROP COLUMN email;"));
    }

    #[test]
    fn no_control_character_of_others_reaches_the_terminal() {
        let mut report = samples::hostile();
        report.findings[0].finding.title = "a\u{1b}[2Jb\u{7}".to_owned();
        let shown = said(&report, false);
        assert!(shown.chars().all(|c| c == '\n' || !c.is_control()), "{shown:?}");
        assert!(!shown.contains('\u{202E}'));
    }
}

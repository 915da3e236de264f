//! The parts of the summary comment, each `None` when there is nothing to say.

use super::comment::View;
use super::markdown::{code_span, cut, fenced, plain, prose, prose_cell};
use super::place::{place, place_text};
use super::{counted, shown_quote};
use crate::domain::finding::{Finding, FindingKind, Fingerprint, Fix, RuleCode, Severity};
use crate::domain::instructions::{Problem, ProblemLevel};
use crate::domain::path::RepoPath;
use crate::domain::report::{
    AnswerKind, FindingState, NotChecked, RememberedFinding, RememberedState, ReportedFinding,
};
use crate::domain::routing::Reason;

/// Longest evidence and recommendation shown in the comment, in characters.
const MAX_TEXT: usize = 1_200;
/// Longest reason, explanation or message in lists.
const MAX_CLAUSE: usize = 300;
/// Most lines of one quote.
const MAX_QUOTE_LINES: usize = 8;
/// Most lines and characters of a new file that is proposed.
const MAX_NEW_FILE_LINES: usize = 60;
const MAX_NEW_FILE_CHARS: usize = 4_000;
/// Findings of one severity that stand open; the others of it fold.
const MAX_OPEN: usize = 8;
/// Paths named for one reason of "not checked".
const MAX_NAMED: usize = 8;

/// How many characters of a fingerprint people see and type.
pub(super) const SHORT_ID: usize = 8;

pub(super) fn short_id(fingerprint: &Fingerprint) -> &str {
    fingerprint.0.get(..SHORT_ID).unwrap_or(&fingerprint.0)
}

pub(super) fn findings(view: &View<'_>) -> Option<String> {
    let groups: Vec<String> =
        Severity::ALL.into_iter().filter_map(|severity| group(view, severity)).collect();
    (!groups.is_empty()).then(|| groups.join("\n\n"))
}

/// Findings that block or are major are open; the others fold.
fn group(view: &View<'_>, severity: Severity) -> Option<String> {
    let of = |reported: &&ReportedFinding| {
        // Gates have a section of their own, before all others.
        reported.finding.severity == severity && reported.finding.kind != FindingKind::Gate
    };
    let all: Vec<&ReportedFinding> = view.report.findings.iter().filter(of).collect();
    if all.is_empty() {
        return None;
    }
    let blocking = all.iter().any(|reported| reported.blocking);
    let open = blocking || severity >= Severity::Major;
    let name = match severity {
        Severity::Critical => "Critical",
        Severity::Major => "Major",
        Severity::Minor => "Minor",
        Severity::Info => "Info",
    };
    let shown = all.iter().take(view.detail.entries);
    let short = !open && !view.detail.minor;
    let mut parts: Vec<String> = shown
        .map(|reported| if short { title_line(view, reported) } else { full(view, reported) })
        .collect();
    if open && parts.len() > MAX_OPEN + 2 {
        let rest = parts.split_off(MAX_OPEN);
        parts.push(folded(&format!("{} more of {}", rest.len(), all.len()), &rest.join("\n\n")));
    }
    let hidden = all.len().saturating_sub(view.detail.entries);
    if hidden > 0 {
        parts.push(format!("{} of this severity are not listed.", counted(hidden, "more finding")));
    }
    let body = parts.join("\n\n");
    if open {
        return Some(format!("### {name}\n\n{body}"));
    }
    Some(folded(&format!("{name} ({})", all.len()), &body))
}

/// A folded part. `title` is ours: it is not escaped.
pub(super) fn folded(title: &str, body: &str) -> String {
    format!("<details><summary>{title}</summary>\n\n{body}\n\n</details>")
}

/// `**[MAJOR] [data] title** (blocking, unchanged)` and the place.
fn title_line(view: &View<'_>, reported: &ReportedFinding) -> String {
    let finding = &reported.finding;
    let mut states = Vec::new();
    if reported.blocking {
        states.push("blocking");
    }
    match reported.state {
        FindingState::New => {}
        FindingState::Unchanged => states.push("unchanged"),
        FindingState::Reopened => states.push("reopened"),
    }
    let states =
        if states.is_empty() { String::new() } else { format!(" ({})", states.join(", ")) };
    format!(
        "**{}**{states}\\\n{} · {} · id {}",
        headline(finding),
        place(view.report, view.web, &finding.anchor),
        code_span(&finding.rule.0),
        code_span(short_id(&reported.fingerprint))
    )
}

/// `[MAJOR] [data] title`.
pub(super) fn headline(finding: &Finding) -> String {
    let severity = finding.severity.as_str().to_ascii_uppercase();
    format!("[{severity}] [{}] {}", finding.lane, prose(&cut(&finding.title, 200)))
}

pub(super) fn full(view: &View<'_>, reported: &ReportedFinding) -> String {
    let finding = &reported.finding;
    let mut parts = vec![title_line(view, reported)];
    if view.detail.quotes
        && let Some(quote) = shown_quote(finding)
    {
        let language = language(finding.anchor.path().extension().as_deref());
        parts.push(fenced(&first_lines(quote, MAX_QUOTE_LINES), language).trim_end().to_owned());
    }
    parts.push(prose(&cut(&finding.evidence, MAX_TEXT)));
    parts.push(format!("**Instead:** {}", prose(&cut(&finding.recommendation, MAX_TEXT))));
    if view.detail.quotes
        && let Some(Fix::NewFile { path, content }) = &finding.fix
    {
        parts.push(new_file(path, content));
    }
    if !finding.related.is_empty() {
        let related = finding.related.iter().take(5).map(|other| {
            let note = plain(&cut(&other.note, MAX_CLAUSE));
            format!("{} ({note})", place(view.report, view.web, &other.anchor))
        });
        let more = match finding.related.len().saturating_sub(5) {
            0 => String::new(),
            hidden => format!(" and {hidden} more"),
        };
        parts.push(format!("See also {}{more}.", related.collect::<Vec<_>>().join(", ")));
    }
    parts.join("\n\n")
}

/// A file that would mend it, folded.
fn new_file(path: &RepoPath, content: &str) -> String {
    let language = language(path.extension().as_deref());
    let shown = cut(&first_lines(content, MAX_NEW_FILE_LINES), MAX_NEW_FILE_CHARS);
    let block = fenced(&shown, language);
    let name = code_span(&cut(path.as_str(), 160));
    folded("A new file that does this", &format!("{name}:\n\n{}", block.trim_end()))
}

fn first_lines(quote: &str, limit: usize) -> String {
    let lines: Vec<&str> = quote.lines().collect();
    if lines.len() <= limit {
        return quote.to_owned();
    }
    let shown = lines.iter().take(limit).copied().collect::<Vec<_>>().join("\n");
    format!("{shown}\n…")
}

/// The name by which GitHub colours a language; empty when unknown.
pub(super) fn language(extension: Option<&str>) -> &'static str {
    match extension.unwrap_or_default() {
        "sql" => "sql",
        "go" => "go",
        "rs" => "rust",
        "py" => "python",
        "ts" | "tsx" => "ts",
        "js" | "jsx" | "mjs" | "cjs" => "js",
        "java" => "java",
        "kt" => "kotlin",
        "yml" | "yaml" => "yaml",
        "json" => "json",
        "toml" => "toml",
        "tf" | "hcl" => "hcl",
        "proto" => "proto",
        "graphql" | "gql" => "graphql",
        "sh" | "bash" => "sh",
        "dockerfile" => "dockerfile",
        _ => "text",
    }
}

pub(super) fn carried(view: &View<'_>) -> Option<String> {
    let carried = &view.report.carried;
    if carried.is_empty() {
        return None;
    }
    let list = listed(view, carried, |old| remembered(old, "not looked at again"));
    Some(format!("### Still open from an earlier review\n\n{list}"))
}

fn remembered(old: &RememberedFinding, state: &str) -> String {
    let severity = old.severity.as_str().to_ascii_uppercase();
    let title = prose(&cut(&old.title, 200));
    let lines = old.lines.as_ref().map_or(String::new(), |lines| format!(":{lines}"));
    let path = code_span(&format!("{}{lines}", cut(old.path.as_str(), 160)));
    format!("- [{severity}] [{}] {title}, {path} ({state})", old.lane)
}

fn listed<T>(view: &View<'_>, all: &[T], line: impl Fn(&T) -> String) -> String {
    let mut lines: Vec<String> = all.iter().take(view.detail.entries).map(line).collect();
    let hidden = all.len().saturating_sub(view.detail.entries);
    if hidden > 0 {
        lines.push(format!("- and {hidden} more"));
    }
    lines.join("\n")
}

pub(super) fn fixed(view: &View<'_>) -> Option<String> {
    let fixed = &view.report.fixed;
    if fixed.is_empty() {
        return None;
    }
    let list = listed(view, fixed, |old| match &old.state {
        RememberedState::Fixed { head } => {
            remembered(old, &format!("fixed in {}", code_span(head.short())))
        }
        _ => remembered(old, "fixed"),
    });
    if fixed.len() <= 5 {
        return Some(format!("### Fixed\n\n{list}"));
    }
    Some(folded(&format!("Fixed ({})", fixed.len()), &list))
}

/// Never folded, and never without its count: what was not looked at did not pass.
pub(super) fn not_checked(view: &View<'_>) -> Option<String> {
    let all = &view.report.not_checked;
    if all.is_empty() {
        return None;
    }
    let mut groups: Vec<(&str, Vec<&NotChecked>)> = Vec::new();
    for entry in all {
        match groups.iter_mut().find(|(why, _)| *why == entry.why) {
            Some((_, entries)) => entries.push(entry),
            None => groups.push((&entry.why, vec![entry])),
        }
    }
    let limit = view.detail.entries.min(30);
    let mut lines: Vec<String> = groups
        .iter()
        .take(limit)
        .map(|(why, entries)| {
            let named = entries.iter().take(MAX_NAMED);
            let named: Vec<String> = named.map(|entry| code_span(&cut(&entry.what, 160))).collect();
            let more = match entries.len().saturating_sub(MAX_NAMED) {
                0 => String::new(),
                hidden => format!(" and {hidden} more"),
            };
            format!("- {}{more}: {}", named.join(", "), plain(&cut(why, MAX_CLAUSE)))
        })
        .collect();
    let hidden: usize = groups.iter().skip(limit).map(|(_, entries)| entries.len()).sum();
    if hidden > 0 {
        lines.push(format!("- and {hidden} more, for other reasons"));
    }
    Some(format!("### Not checked ({})\n\n{}", all.len(), lines.join("\n")))
}

pub(super) fn observability(view: &View<'_>) -> Option<String> {
    let answers = &view.report.answers;
    if answers.is_empty() {
        return None;
    }
    let words: Vec<String> = answers
        .iter()
        .map(|answer| format!("{} {}", answer.key, answer_word(answer.answer)))
        .collect();
    let list = listed(view, answers, |answer| {
        let evidence: Vec<String> = answer
            .evidence
            .iter()
            .take(3)
            .map(|anchor| place(view.report, view.web, anchor))
            .collect();
        let evidence =
            if evidence.is_empty() { String::new() } else { format!(" ({})", evidence.join(", ")) };
        format!(
            "- {} **{}**: {}{evidence}",
            plain(&cut(&answer.question, MAX_CLAUSE)),
            answer_word(answer.answer),
            prose(&cut(&answer.explanation, MAX_CLAUSE))
        )
    });
    Some(folded(&format!("Observability: {}", words.join(", ")), &list))
}

fn answer_word(answer: AnswerKind) -> &'static str {
    match answer {
        AnswerKind::Yes => "yes",
        AnswerKind::No => "no",
        AnswerKind::NotApplicable => "not applicable",
        AnswerKind::NoEvidence => "no evidence found",
    }
}

pub(super) const PROBLEMS_TITLE: &str = "Policy, instruction files and ignore comments";

/// `- error: path:line: message`.
pub(super) fn problem_line(problem: &Problem) -> String {
    let level = match problem.level {
        ProblemLevel::Note => "note",
        ProblemLevel::Warning => "warning",
        ProblemLevel::Error => "error",
    };
    let line = problem.line.map_or(String::new(), |line| format!(":{line}"));
    let place = code_span(&format!("{}{line}", cut(problem.path.as_str(), 160)));
    format!("- {level}: {place}: {}", prose(&cut(&problem.message, MAX_CLAUSE)))
}

pub(super) fn problems(view: &View<'_>) -> Option<String> {
    let problems = &view.report.problems;
    if problems.is_empty() {
        return None;
    }
    let list = listed(view, problems, problem_line);
    let title = PROBLEMS_TITLE;
    if problems.iter().any(|problem| problem.level == ProblemLevel::Error) {
        return Some(format!("### {title}\n\n{list}"));
    }
    Some(folded(&format!("{title} ({})", problems.len()), &list))
}

/// Dismissed by a person, or ignored by a comment in the file.
pub(super) fn set_aside(view: &View<'_>) -> Option<String> {
    let report = view.report;
    let line = |finding: &Finding, id: &Fingerprint, because: String| {
        format!(
            "- {}, {} ({because}; id {})",
            headline(finding),
            place(report, view.web, &finding.anchor),
            code_span(short_id(id))
        )
    };
    let dismissed = report.dismissed.iter().map(|entry| {
        let by = code_span(&cut(&entry.by.0, 60));
        let reason = plain(&cut(&entry.reason, MAX_CLAUSE));
        line(&entry.finding, &entry.fingerprint, format!("dismissed by {by}: {reason}"))
    });
    let ignored = report.ignored.iter().map(|entry| {
        let reason = prose(&cut(&entry.reason, MAX_CLAUSE));
        line(&entry.finding, &entry.fingerprint, format!("ignored in the file: {reason}"))
    });
    let all: Vec<String> = dismissed.chain(ignored).collect();
    if all.is_empty() {
        return None;
    }
    let list = listed(view, &all, Clone::clone);
    let title = format!(
        "Set aside ({} dismissed, {} ignored in the file)",
        report.dismissed.len(),
        report.ignored.len()
    );
    Some(folded(&title, &list))
}

/// Why somebody was called, with the first place that shows it.
fn reason(reason: &Reason) -> String {
    let text = prose_cell(&cut(&reason.text, 160));
    let Some(anchor) = reason.evidence.first() else { return text };
    let place = code_span(&cut(&place_text(anchor), 120)).replace('|', "\\|");
    format!("{text} ({place})")
}

/// "13: openapi 10, cross 1, code 2".
fn families(rules: &[RuleCode]) -> String {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for rule in rules {
        let family = rule.0.split('/').next().unwrap_or_default();
        match counts.iter_mut().find(|(known, _)| *known == family) {
            Some((_, count)) => *count += 1,
            None => counts.push((family, 1)),
        }
    }
    let shown: Vec<String> =
        counts.iter().map(|(family, count)| format!("{} {count}", plain(family))).collect();
    if shown.is_empty() {
        "nothing to look at".to_owned()
    } else {
        format!("{}: {}", rules.len(), shown.join(", "))
    }
}

pub(super) fn who_looked(view: &View<'_>) -> Option<String> {
    let report = view.report;
    if report.sections.is_empty() {
        return None;
    }
    let mut table =
        String::from("| Agent | Why | Rules that looked | Files |\n| --- | --- | --- | ---: |");
    for section in &report.sections {
        let reasons: Vec<String> = report
            .routing
            .assignment(section.lane)
            .into_iter()
            .flat_map(|assignment| &assignment.reasons)
            .take(3)
            .map(reason)
            .collect();
        let agent = prose_cell(&cut(&section.agent, 60));
        table.push_str(&format!(
            "\n| {agent} | {} | {} | {} |",
            reasons.join("; "),
            families(&section.rules_run),
            section.files_looked_at
        ));
    }
    let mut parts = vec![table];
    if !report.instructions.is_empty() {
        let files = report.instructions.iter().take(8);
        let files: Vec<String> =
            files.map(|file| code_span(&cut(file.path.as_str(), 160))).collect();
        let more = match report.instructions.len().saturating_sub(8) {
            0 => String::new(),
            hidden => format!(" and {hidden} more"),
        };
        parts.push(format!(
            "Instructions as of {}: {}{more}.",
            code_span(report.base.short()),
            files.join(", ")
        ));
    }
    if let Some(pattern) = &report.routing.pattern {
        parts.push(format!("Collaboration pattern: {}.", plain(&cut(pattern, 120))));
    }
    if report.dropped > 0 {
        let dropped = counted(report.dropped, "finding");
        parts.push(format!("{dropped} dropped because the place or quote was not in the change."));
    }
    let names = counted(report.sections.len(), "agent");
    Some(folded(&format!("Who looked and why ({names})"), &parts.join("\n\n")))
}

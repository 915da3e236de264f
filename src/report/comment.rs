//! The one summary comment of a review.

use super::comment_sections as sections;
use super::findings_v1::ReviewFindings;
use super::markdown::{code_span, fenced};
use super::{WebUrl, counted};
use crate::config::policy::{BlockOn, Policy};
use crate::domain::finding::Severity;
use crate::domain::publication::{CommentPurpose, MAX_COMMENT_CHARS};
use crate::domain::report::{Report, Verdict};

/// What the comment needs besides the report.
#[derive(Debug, Clone, Default)]
pub struct CommentContext {
    /// The forge's web address: places become links.
    pub web_url: Option<WebUrl>,
    /// Version of this program, for the JSON.
    pub version: String,
}

/// How much is shown. Each step leaves more out, and says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Detail {
    pub json: bool,
    pub quotes: bool,
    /// Findings below major in full.
    pub minor: bool,
    /// Most entries in any one list.
    pub entries: usize,
}

const STEPS: [Detail; 9] = [
    Detail { json: true, quotes: true, minor: true, entries: 200 },
    Detail { json: false, quotes: true, minor: true, entries: 200 },
    Detail { json: false, quotes: false, minor: true, entries: 200 },
    Detail { json: false, quotes: false, minor: false, entries: 200 },
    Detail { json: false, quotes: false, minor: false, entries: 80 },
    Detail { json: false, quotes: false, minor: false, entries: 30 },
    Detail { json: false, quotes: false, minor: false, entries: 10 },
    Detail { json: false, quotes: false, minor: false, entries: 3 },
    Detail { json: false, quotes: false, minor: false, entries: 0 },
];

/// The comment's text: at most [`MAX_COMMENT_CHARS`] characters, starting with the marker.
pub fn summary(report: &Report, policy: &Policy, context: &CommentContext) -> String {
    let mut body = String::new();
    for detail in STEPS {
        body = at_detail(report, policy, context, detail);
        if fits(&body) {
            return body;
        }
    }
    // Every list is empty by now; only a hostile policy (a command prefix of thousands of
    // characters) gets here.
    let marker = CommentPurpose::Review.marker();
    body.clear();
    body.push_str(&format!("{marker}\n{}\n", heading(report)));
    body
}

/// GitHub counts characters; units of UTF-16 are never fewer.
fn fits(body: &str) -> bool {
    body.encode_utf16().count() <= MAX_COMMENT_CHARS
}

fn at_detail(report: &Report, policy: &Policy, context: &CommentContext, detail: Detail) -> String {
    let view = View { report, web: context.web_url.as_ref(), detail };
    let blocks = [
        Some(format!("{}\n{}", CommentPurpose::Review.marker(), heading(report))),
        Some(overview(report, policy)),
        super::comment_gates::gates(&view, policy),
        sections::findings(&view),
        sections::carried(&view),
        sections::not_checked(&view),
        sections::fixed(&view),
        super::comment_endpoints::endpoints(&view),
        sections::observability(&view),
        sections::problems(&view),
        sections::set_aside(&view),
        sections::who_looked(&view),
        json(report, context, detail),
        Some(hint(policy)),
    ];
    let mut body = blocks.into_iter().flatten().collect::<Vec<_>>().join("\n\n");
    body.push('\n');
    body
}

fn heading(report: &Report) -> String {
    format!("## Backend review: {}", verdict_line(report))
}

pub(super) struct View<'a> {
    pub report: &'a Report,
    pub web: Option<&'a WebUrl>,
    pub detail: Detail,
}

/// The outcome in words, without Markdown.
pub(super) fn verdict_line(report: &Report) -> String {
    let open = report.findings.len() + report.carried.len();
    let unchecked = match report.not_checked.len() {
        0 => String::new(),
        count => format!(", {count} not checked"),
    };
    match report.verdict {
        Verdict::NoFindings if !report.anybody_looked() => {
            format!("no rule had anything to look at{unchecked}")
        }
        Verdict::NoFindings if unchecked.is_empty() => "no findings".to_owned(),
        Verdict::NoFindings => format!("no findings in what was checked{unchecked}"),
        Verdict::Advisory => format!("{}, none blocking{unchecked}", counted(open, "finding")),
        Verdict::Blocking => {
            let blocking = report.findings.iter().filter(|reported| reported.blocking).count();
            match (blocking, report.carried.is_empty()) {
                (0, _) => format!("earlier findings still block{unchecked}"),
                (count, true) if count == open => {
                    format!("{}{unchecked}", counted(count, "blocking finding"))
                }
                (count, _) => {
                    format!("{}, {open} open in all{unchecked}", counted(count, "blocking finding"))
                }
            }
        }
        Verdict::ActionRequired => format!("a person must decide{unchecked}"),
        Verdict::NothingToReview => format!("nothing to review{unchecked}"),
    }
}

/// Counts by severity in words: "1 critical, 2 major".
pub(super) fn counts(report: &Report) -> String {
    let of = |severity: Severity| {
        let open = report.findings.iter().filter(|r| r.finding.severity == severity).count();
        (open > 0).then(|| format!("{open} {severity}"))
    };
    Severity::ALL.into_iter().filter_map(of).collect::<Vec<_>>().join(", ")
}

fn overview(report: &Report, policy: &Policy) -> String {
    let mut lines = Vec::new();
    let mut facts = Vec::new();
    let counts = counts(report);
    if !counts.is_empty() {
        facts.push(counts);
    }
    for (count, what) in [
        (report.fixed.len(), "fixed"),
        (report.dismissed.len(), "dismissed"),
        (report.ignored.len(), "ignored in the file"),
    ] {
        if count > 0 {
            facts.push(format!("{count} {what}"));
        }
    }
    if !facts.is_empty() {
        lines.push(format!("{}.", facts.join(", ")));
    }
    if report.verdict == Verdict::NothingToReview {
        lines.push("Nothing in this change is for the reviewers of this team.".to_owned());
    }
    lines.push(format!(
        "Reviewed {} against {}: {}, +{} \u{2212}{}.",
        code_span(report.head.short()),
        code_span(report.base.short()),
        counted(report.stats.files, "file"),
        report.stats.added_lines,
        report.stats.removed_lines
    ));
    if report.verdict == Verdict::Blocking {
        lines.push(blocking_rule(policy));
    }
    lines.join(" ")
}

fn blocking_rule(policy: &Policy) -> String {
    let level = match policy.block_on {
        BlockOn::Critical => "critical",
        BlockOn::Major => "major or above",
        BlockOn::Minor => "minor or above",
        BlockOn::Info => "any severity",
        BlockOn::Never => "no severity",
    };
    format!("Policy blocks on {level}.")
}

fn json(report: &Report, context: &CommentContext, detail: Detail) -> Option<String> {
    if report.verdict == Verdict::NothingToReview {
        return None;
    }
    if !detail.json {
        let note = "The ReviewFindings JSON is left out here because this comment would be too \
                    long; `backend-team review --format json` prints it.";
        let lists = if detail.quotes { "" } else { " Quotes are left out as well." };
        return Some(format!("<sub>{note}{lists}</sub>"));
    }
    let json = ReviewFindings::of(report, &context.version).to_json();
    let block = fenced(&json, "json");
    Some(format!("<details><summary>ReviewFindings JSON</summary>\n\n{block}\n</details>"))
}

fn hint(policy: &Policy) -> String {
    let prefix = &policy.commands.prefix;
    let command = |rest: &str| code_span(&format!("/{prefix} {rest}"));
    format!(
        "<sub>Commands, at the start of a line of a comment: {}, {}, {}, {}.</sub>",
        command("review"),
        command("explain RULE"),
        command("dismiss ID REASON"),
        command("help")
    )
}

#[cfg(test)]
#[path = "comment_tests.rs"]
mod tests;

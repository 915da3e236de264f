//! Answers to commands.

use super::comment_sections::short_id;
use super::markdown::{code_span, cut, prose};
use super::{RuleDoc, counted};
use crate::config::policy::Policy;
use crate::domain::finding::Fingerprint;
use crate::domain::ids::{CommentId, CommitSha, Login};
use crate::domain::instructions::Problem;
use crate::domain::publication::CommentPurpose;
use crate::domain::report::RememberedFinding;

/// Longest part of a rule's page that an answer shows, in characters.
const MAX_PAGE: usize = 6_000;
/// Longest reason shown.
const MAX_REASON: usize = 300;
/// Most findings listed in one answer.
const MAX_LISTED: usize = 20;

/// A row of the help table. All of it is this program's own text.
#[derive(Debug, Clone, Copy)]
pub struct HelpRow<'a> {
    pub usage: &'a str,
    pub help: &'a str,
    /// Who may: "read", "write".
    pub permission: &'a str,
}

/// State of the bot's work on a pull request.
#[derive(Debug, Clone, Default)]
pub struct Status<'a> {
    pub paused: bool,
    pub head: Option<&'a CommitSha>,
    /// The last head that was reviewed to its end.
    pub reviewed: Option<&'a CommitSha>,
    pub open: &'a [RememberedFinding],
    pub fixed: usize,
    pub dismissed: usize,
}

/// Where the policy in force came from.
#[derive(Debug, Clone, Copy)]
pub struct PolicySource<'a> {
    pub file: PolicyFile<'a>,
    pub problems: &'a [Problem],
}

#[derive(Debug, Clone, Copy)]
pub enum PolicyFile<'a> {
    /// Path in the repository, and the commit that was read.
    At(&'a str, &'a CommitSha),
    /// The owner, and the path in its `.github` repository.
    OfOwner(&'a str, &'a str),
    /// Nobody wrote one: the built-in defaults.
    None,
}

fn answer(comment: CommentId, text: &str) -> String {
    format!("{}\n{text}\n", CommentPurpose::Answer(comment).marker())
}

pub fn help(comment: CommentId, rows: &[HelpRow<'_>], policy: &Policy) -> String {
    let prefix = &policy.commands.prefix;
    let mut table = String::from("| Command | What it does | Who may |\n| --- | --- | --- |");
    for row in rows {
        let usage = code_span(&format!("/{prefix} {}", row.usage)).replace('|', "\\|");
        table.push_str(&format!("\n| {usage} | {} | {} |", prose(row.help), row.permission));
    }
    answer(
        comment,
        &format!("A command stands at the start of a line of a new comment.\n\n{table}"),
    )
}

/// The page of a rule, as this program brings it.
pub fn explain_rule(comment: CommentId, rule: &RuleDoc<'_>) -> String {
    answer(comment, &page(rule))
}

/// A finding of this pull request and the page of its rule.
pub fn explain_finding(
    comment: CommentId,
    finding: &RememberedFinding,
    rule: Option<&RuleDoc<'_>>,
) -> String {
    let severity = finding.severity.as_str().to_ascii_uppercase();
    let about = format!(
        "[{severity}] [{}] {}, {} (id {})",
        finding.lane,
        prose(&cut(&finding.title, 200)),
        remembered_place(finding),
        code_span(short_id(&finding.fingerprint))
    );
    let page =
        rule.map_or_else(|| format!("There is no page for {}.", code_span(&finding.rule.0)), page);
    answer(comment, &format!("{about}\n\n{page}"))
}

/// Everything up to the test cases of the page: why, and what to do. Headings step down.
fn page(rule: &RuleDoc<'_>) -> String {
    let mut kept = Vec::new();
    let mut size = 0;
    let mut in_cases = false;
    for line in rule.page.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            in_cases = matches!(heading.trim(), "Flagged" | "Not flagged");
        }
        if in_cases {
            continue;
        }
        size += line.chars().count() + 1;
        if size > MAX_PAGE {
            break;
        }
        let heading = line.starts_with("# ") || line.starts_with("## ");
        kept.push(if heading { format!("##{line}") } else { line.to_owned() });
    }
    let mut text = kept.join("\n");
    if text.lines().filter(|line| line.starts_with("```")).count() % 2 == 1 {
        text.push_str("\n```");
    }
    let other = rule.equivalents.iter().map(|id| code_span(id)).collect::<Vec<_>>().join(", ");
    let same = if other.is_empty() { String::new() } else { format!("\n\nThe same as {other}.") };
    format!("{}{same}", text.trim())
}

pub fn unknown_rule_or_finding(comment: CommentId, what: &str, suggestion: Option<&str>) -> String {
    let hint =
        suggestion.map_or(String::new(), |code| format!(" Did you mean {}?", code_span(code)));
    let what = code_span(&cut(what, 100));
    answer(comment, &format!("There is no rule or finding {what} here.{hint}"))
}

/// A short id that fits several findings, or none.
pub fn ambiguous_finding(comment: CommentId, given: &str, fitting: &[&Fingerprint]) -> String {
    let given = code_span(&cut(given, 40));
    let text = if fitting.is_empty() {
        format!("No finding of this pull request has the id {given}; the summary lists them.")
    } else {
        let ids = fitting.iter().take(MAX_LISTED).map(|id| code_span(&id.0));
        let ids = ids.collect::<Vec<_>>().join(", ");
        format!("{given} fits more than one finding: {ids}. Give more digits.")
    };
    answer(comment, &text)
}

/// There is nothing to dismiss or restore any more.
pub fn already_fixed(comment: CommentId, fingerprint: &Fingerprint, head: &CommitSha) -> String {
    let (id, head) = (code_span(short_id(fingerprint)), code_span(head.short()));
    answer(comment, &format!("{id} is fixed already, in {head}."))
}

/// `needs` is the permission in words ("write").
pub fn refused(comment: CommentId, by: &Login, verb: &str, needs: &str) -> String {
    let text = format!(
        "{} needs {needs} permission in this repository, which {} does not have.",
        code_span(verb),
        code_span(&cut(&by.0, 60))
    );
    answer(comment, &text)
}

pub fn unknown_verb(
    comment: CommentId,
    verb: &str,
    suggestion: Option<&str>,
    policy: &Policy,
) -> String {
    let prefix = &policy.commands.prefix;
    let command = |verb: &str| code_span(&format!("/{prefix} {verb}"));
    let hint = match suggestion {
        Some(known) => format!("Did you mean {}?", command(known)),
        None => format!("{} lists the commands.", command("help")),
    };
    answer(comment, &format!("There is no command {}. {hint}", code_span(&cut(verb, 60))))
}

/// The command is known, what follows it is not right. `problem` is prose and says what to do.
pub fn wrong_arguments(comment: CommentId, problem: &str, usage: &str, policy: &Policy) -> String {
    let usage = code_span(&format!("/{} {usage}", policy.commands.prefix));
    answer(comment, &format!("{} Usage: {usage}", prose(&cut(problem, MAX_REASON))))
}

/// A command that was given on an issue.
pub fn only_on_pulls(comment: CommentId, verb: &str) -> String {
    answer(comment, &format!("{} works on pull requests only.", code_span(verb)))
}

/// Names that are no reviewers of this team.
pub fn unknown_agents(comment: CommentId, names: &[&str], reviewers: &[&str]) -> String {
    let spans = |names: &[&str]| {
        let spans: Vec<String> =
            names.iter().take(MAX_LISTED).map(|name| code_span(&cut(name, 60))).collect();
        spans.join(", ")
    };
    let text = format!("No reviewer is called {}. There are {}.", spans(names), spans(reviewers));
    answer(comment, &text)
}

/// The answers to several lines of one comment as one text with one marker.
pub fn together(comment: CommentId, answers: &[String]) -> String {
    let marker = CommentPurpose::Answer(comment).marker();
    let texts: Vec<&str> = answers
        .iter()
        .map(|answer| answer.trim().trim_start_matches(marker.as_str()).trim())
        .collect();
    answer(comment, &cut(&texts.join("\n\n---\n\n"), 60_000))
}

pub fn paused(comment: CommentId, policy: &Policy) -> String {
    let resume = code_span(&format!("/{} resume", policy.commands.prefix));
    answer(comment, &format!("Paused: new commits are not reviewed until {resume}."))
}

pub fn status(comment: CommentId, status: &Status<'_>) -> String {
    let mut lines = Vec::new();
    if status.paused {
        lines.push("- Paused: new commits are not reviewed.".to_owned());
    }
    lines.push(match (status.reviewed, status.head) {
        (None, _) => "- Not reviewed yet.".to_owned(),
        (Some(reviewed), Some(head)) if reviewed != head => format!(
            "- Last reviewed {}; the head is {}, not reviewed yet.",
            code_span(reviewed.short()),
            code_span(head.short())
        ),
        (Some(reviewed), _) => format!("- Reviewed {}.", code_span(reviewed.short())),
    });
    lines.push(format!(
        "- {} open, {} fixed, {} dismissed.",
        counted(status.open.len(), "finding"),
        status.fixed,
        status.dismissed
    ));
    for old in status.open.iter().take(MAX_LISTED) {
        let severity = old.severity.as_str().to_ascii_uppercase();
        lines.push(format!(
            "  - [{severity}] [{}] {}, {} (id {})",
            old.lane,
            prose(&cut(&old.title, 200)),
            remembered_place(old),
            code_span(short_id(&old.fingerprint))
        ));
    }
    if let Some(hidden) = status.open.len().checked_sub(MAX_LISTED).filter(|hidden| *hidden > 0) {
        lines.push(format!("  - and {hidden} more"));
    }
    answer(comment, &lines.join("\n"))
}

/// The policy in force, as TOML, with where it comes from. `toml` is made from the resolved
/// policy.
pub fn config(comment: CommentId, toml: &str, source: PolicySource<'_>) -> String {
    let from = match source.file {
        PolicyFile::At(path, commit) => {
            format!("Policy from {} at {}:", code_span(&cut(path, 160)), code_span(commit.short()))
        }
        PolicyFile::OfOwner(owner, path) => {
            let file = code_span(&cut(&format!("{owner}/.github: {path}"), 160));
            format!("There is no policy file here; this is the owner's, {file}:")
        }
        PolicyFile::None => "There is no policy file; these are the defaults:".to_owned(),
    };
    let mut parts = vec![from, super::markdown::fenced(&cut(toml, 20_000), "toml")];
    let problems: Vec<String> = source
        .problems
        .iter()
        .take(MAX_LISTED)
        .map(|problem| {
            let line = problem.line.map_or(String::new(), |line| format!(":{line}"));
            let place = code_span(&format!("{}{line}", cut(problem.path.as_str(), 160)));
            format!("- {place}: {}", prose(&cut(&problem.message, MAX_REASON)))
        })
        .collect();
    if !problems.is_empty() {
        parts.push(format!("Problems:\n\n{}", problems.join("\n")));
    }
    answer(comment, parts.join("\n\n").trim_end())
}

fn remembered_place(finding: &RememberedFinding) -> String {
    let lines = finding.lines.as_ref().map_or(String::new(), |lines| format!(":{lines}"));
    code_span(&format!("{}{lines}", cut(finding.path.as_str(), 160)))
}

#[cfg(test)]
#[path = "reply_tests.rs"]
mod tests;

//! Check runs: one per agent and one aggregate.

use super::comment::{counts, verdict_line};
use super::comment_sections::{PROBLEMS_TITLE, headline, problem_line};
use super::fingerprint::digest;
use super::markdown::{code_span, cut, fenced, one_line, plain, prose, visible};
use super::place::place_text;
use super::{counted, shown_quote};
use crate::config::policy::Policy;
use crate::domain::diff::{LineRange, Side};
use crate::domain::finding::{FindingKind, Severity};
use crate::domain::ids::CommitSha;
use crate::domain::publication::{
    Annotation, AnnotationLevel, CheckAction, CheckRun, Conclusion, MAX_CHECK_TEXT_CHARS,
};
use crate::domain::report::{AgentSection, Report, ReportedFinding, Verdict};
use crate::domain::team::Lane;

/// GitHub refuses longer check run titles (characters).
const MAX_TITLE: usize = 255;
/// Longest annotation message: GitHub's limit is 64 KB, readers' patience is shorter.
const MAX_MESSAGE: usize = 4_000;
/// Entries of "not checked" in a check's text.
const MAX_NOT_CHECKED: usize = 100;
/// Problems of policy and instruction files in a check's text.
const MAX_PROBLEMS: usize = 20;
const NOTHING: &str = "Nothing to look at";

/// A reviewer by lane and by the name that the repository gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reviewer {
    pub lane: Lane,
    pub agent: String,
}

/// The finished check runs of a review. `reviewers` are all members that review; of those that
/// were not called, each gets a skipped check if policy wants one for everybody or the lane is in
/// `seen` (had a check on this pull request before).
pub fn checks(
    report: &Report,
    policy: &Policy,
    reviewers: &[Reviewer],
    seen: &[Lane],
) -> Vec<CheckRun> {
    let mut runs: Vec<CheckRun> =
        report.sections.iter().map(|section| agent_check(report, policy, section)).collect();
    let idle = reviewers.iter().filter(|reviewer| {
        let called = report.sections.iter().any(|section| section.lane == reviewer.lane);
        !called && (policy.checks.all || seen.contains(&reviewer.lane))
    });
    for reviewer in idle {
        let run = Draft {
            name: agent_check_name(policy, &reviewer.agent),
            conclusion: Some(Conclusion::Skipped),
            title: NOTHING.to_owned(),
            summary: "Nothing in this change is for this agent.".to_owned(),
            ..Draft::default()
        };
        runs.push(run.finish(&report.head));
    }
    runs.push(aggregate(report, policy));
    runs
}

/// Check runs while the review is under way.
pub fn in_progress(head: &CommitSha, policy: &Policy, reviewers: &[Reviewer]) -> Vec<CheckRun> {
    all_alike(head, policy, reviewers, None, "Review in progress", "The review is under way.")
}

/// Check runs of a head that is no longer the newest.
pub fn superseded(
    head: &CommitSha,
    newer: &CommitSha,
    policy: &Policy,
    reviewers: &[Reviewer],
) -> Vec<CheckRun> {
    let summary = format!("A newer head, {}, is reviewed instead.", code_span(newer.short()));
    let cancelled = Some(Conclusion::Cancelled);
    all_alike(head, policy, reviewers, cancelled, "Superseded by a newer commit", &summary)
}

/// Check runs of a review that could not be done: neither green nor red. `reason` is for people
/// outside; it names no internals.
pub fn troubled(
    head: &CommitSha,
    reason: &str,
    policy: &Policy,
    reviewers: &[Reviewer],
) -> Vec<CheckRun> {
    let command = code_span(&format!("/{} review", policy.commands.prefix));
    let summary = format!(
        "Nothing was checked: {}\n\nTo try again, use the button \"Re-run\" or comment {command}.",
        plain(&cut(reason, 1_000))
    );
    let neutral = Some(Conclusion::Neutral);
    all_alike(
        head,
        policy,
        reviewers,
        neutral,
        "Not checked: the review could not be done",
        &summary,
    )
}

fn all_alike(
    head: &CommitSha,
    policy: &Policy,
    reviewers: &[Reviewer],
    conclusion: Option<Conclusion>,
    title: &str,
    summary: &str,
) -> Vec<CheckRun> {
    let agents = reviewers.iter().map(|reviewer| agent_check_name(policy, &reviewer.agent));
    agents
        .chain([aggregate_name(policy)])
        .map(|name| {
            let (title, summary) = (title.to_owned(), summary.to_owned());
            Draft { name, conclusion, title, summary, ..Draft::default() }.finish(head)
        })
        .collect()
}

/// `NAME / AGENT`.
pub fn agent_check_name(policy: &Policy, agent: &str) -> String {
    format!("{} / {}", aggregate_name(policy), cut(&one_line(agent), 80))
}

/// `NAME`.
pub fn aggregate_name(policy: &Policy) -> String {
    cut(&one_line(&policy.checks.name), 80)
}

#[derive(Default)]
struct Draft {
    name: String,
    conclusion: Option<Conclusion>,
    title: String,
    summary: String,
    text: Option<String>,
    annotations: Vec<Annotation>,
}

impl Draft {
    fn finish(self, head: &CommitSha) -> CheckRun {
        let title = cut(&one_line(&self.title), MAX_TITLE);
        let summary = within_limit(self.summary);
        let text = self.text.filter(|text| !text.is_empty()).map(within_limit);
        let annotations = format!("{:?}", self.annotations);
        let conclusion = format!("{:?}", self.conclusion);
        let content = [
            self.name.as_str(),
            head.as_str(),
            &conclusion,
            &title,
            &summary,
            text.as_deref().unwrap_or_default(),
            &annotations,
        ];
        let again =
            matches!(self.conclusion, Some(conclusion) if conclusion != Conclusion::Skipped);
        CheckRun {
            external_id: digest(&content),
            name: self.name,
            head: head.clone(),
            conclusion: self.conclusion,
            title,
            summary,
            text,
            annotations: self.annotations,
            actions: if again { vec![rerun()] } else { Vec::new() },
        }
    }
}

fn rerun() -> CheckAction {
    CheckAction {
        label: "Re-run".to_owned(),
        description: "Review this commit again".to_owned(),
        identifier: "rerun".to_owned(),
    }
}

/// GitHub counts characters; units of UTF-16 are never fewer. Cut at a line's end, so that no
/// fence or mark is halved: what is left is closed by the caller's structure (paragraphs).
fn within_limit(text: String) -> String {
    let note = "\n\nThe rest does not fit here.";
    if text.encode_utf16().count() <= MAX_CHECK_TEXT_CHARS {
        return text;
    }
    let mut kept = String::new();
    let mut size = note.len();
    for block in text.split_inclusive("\n\n") {
        size += block.encode_utf16().count();
        if size > MAX_CHECK_TEXT_CHARS {
            break;
        }
        kept.push_str(block);
    }
    // A cut inside a fenced block leaves it open.
    let open = kept.lines().filter(|line| line.starts_with("```")).count() % 2 == 1;
    format!("{}{}{note}", kept.trim_end(), if open { "\n```" } else { "" })
}

fn agent_check(report: &Report, policy: &Policy, section: &AgentSection) -> CheckRun {
    let own: Vec<&ReportedFinding> =
        report.findings.iter().filter(|r| r.finding.lane == section.lane).collect();
    let carried: Vec<_> = report.carried.iter().filter(|old| old.lane == section.lane).collect();
    let gate = own.iter().any(|reported| reported.finding.kind == FindingKind::Gate);
    let open = own.len() + carried.len();
    let stopping = own.iter().filter(|reported| reported.blocking).count()
        + carried.iter().filter(|old| policy.block_on.blocks(old.severity)).count();
    let conclusion = if stopping > 0 {
        Conclusion::Failure
    } else if gate {
        Conclusion::ActionRequired
    } else if open > 0 {
        advisory(policy)
    } else {
        clean(report, section.looked())
    };
    let mut title = match (open, stopping) {
        (0, _) if !section.looked() => NOTHING.to_owned(),
        (0, _) => "No findings".to_owned(),
        (_, 0) if gate => "A person must decide".to_owned(),
        (_, 0) => format!("{}, none blocking", counted(open, "finding")),
        _ if open == stopping => counted(open, "blocking finding"),
        _ => format!("{}, {stopping} blocking", counted(open, "finding")),
    };
    title.push_str(&unchecked(report));
    let looked = match section.looked() {
        true => format!(
            "{} looked at {}.",
            counted(section.rules_run.len(), "rule"),
            counted(section.files_looked_at, "file")
        ),
        false => "No rule of this agent applies to the change.".to_owned(),
    };
    let summary = format!("{title}. {looked}");
    Draft {
        name: agent_check_name(policy, &section.agent),
        conclusion: Some(conclusion),
        title,
        summary: format!("{summary}{}", reasons(report, section)),
        text: Some(agent_text(report, &own)),
        annotations: own.iter().filter_map(|reported| annotation(reported)).collect(),
    }
    .finish(&report.head)
}

fn reasons(report: &Report, section: &AgentSection) -> String {
    let assignment = report.routing.assignment(section.lane);
    let lines: Vec<String> = assignment
        .into_iter()
        .flat_map(|assignment| &assignment.reasons)
        .take(10)
        .map(|reason| format!("- {}", prose(&cut(&reason.text, 300))))
        .collect();
    if lines.is_empty() {
        String::new()
    } else {
        format!("\n\nCalled because:\n\n{}", lines.join("\n"))
    }
}

fn agent_text(report: &Report, own: &[&ReportedFinding]) -> String {
    let mut parts: Vec<String> = own.iter().map(|reported| finding_text(reported)).collect();
    parts.extend(not_checked(report));
    parts.join("\n\n")
}

fn finding_text(reported: &ReportedFinding) -> String {
    let finding = &reported.finding;
    let mut text = format!(
        "**{}**\\\n{} · {}",
        headline(finding),
        code_span(&place_text(&finding.anchor)),
        code_span(&finding.rule.0)
    );
    if let Some(quote) = shown_quote(finding) {
        // Blank lines would make the cut at paragraphs halve the quote.
        let quote: Vec<&str> = quote.lines().filter(|line| !line.trim().is_empty()).collect();
        text.push_str(&format!("\n\n{}", fenced(&quote.join("\n"), "").trim_end()));
    }
    text.push_str(&format!("\n\n{}", prose(&cut(&finding.evidence, 1_200))));
    text.push_str(&format!("\n\nInstead: {}", prose(&cut(&finding.recommendation, 1_200))));
    text
}

fn not_checked(report: &Report) -> Option<String> {
    let all = &report.not_checked;
    if all.is_empty() {
        return None;
    }
    let mut lines: Vec<String> = all
        .iter()
        .take(MAX_NOT_CHECKED)
        .map(|entry| {
            format!("- {}: {}", code_span(&cut(&entry.what, 160)), plain(&cut(&entry.why, 300)))
        })
        .collect();
    if let Some(hidden) = all.len().checked_sub(MAX_NOT_CHECKED).filter(|hidden| *hidden > 0) {
        lines.push(format!("- and {hidden} more"));
    }
    Some(format!("Not checked ({}):\n\n{}", all.len(), lines.join("\n")))
}

/// A change for nobody gets no comment, so the check says it as well.
fn problems(report: &Report) -> Option<String> {
    let lines: Vec<String> = report.problems.iter().take(MAX_PROBLEMS).map(problem_line).collect();
    let hidden = report.problems.len().saturating_sub(MAX_PROBLEMS);
    let more = if hidden > 0 { format!("\n- and {hidden} more") } else { String::new() };
    (!lines.is_empty()).then(|| format!("{PROBLEMS_TITLE}:\n\n{}{more}", lines.join("\n")))
}

fn aggregate(report: &Report, policy: &Policy) -> CheckRun {
    let conclusion = match report.verdict {
        Verdict::Blocking => Conclusion::Failure,
        Verdict::ActionRequired => Conclusion::ActionRequired,
        Verdict::Advisory => advisory(policy),
        Verdict::NoFindings => clean(report, report.anybody_looked()),
        Verdict::NothingToReview if report.not_checked.is_empty() => Conclusion::Skipped,
        Verdict::NothingToReview => Conclusion::Neutral,
    };
    let title = sentence(&verdict_line(report));
    let counts = counts(report);
    let mut summary = format!("{title}.");
    if !counts.is_empty() {
        summary.push_str(&format!(" Open: {counts}."));
    }
    for section in &report.sections {
        let own = report.findings.iter().filter(|r| r.finding.lane == section.lane).count();
        let found = match own {
            0 if !section.looked() => "nothing to look at".to_owned(),
            0 => "no findings".to_owned(),
            _ => counted(own, "finding"),
        };
        summary.push_str(&format!("\n- {}: {found}", prose(&cut(&section.agent, 80))));
    }
    let headlines: Vec<String> = report
        .findings
        .iter()
        .map(|reported| {
            let place = code_span(&place_text(&reported.finding.anchor));
            format!("- {} ({place})", headline(&reported.finding))
        })
        .collect();
    let mut parts = Vec::new();
    // What was not checked stands first: it must not be what a cut takes away.
    parts.extend(not_checked(report));
    parts.extend(headlines.chunks(20).map(|chunk| chunk.join("\n")));
    parts.extend(problems(report));
    Draft {
        name: aggregate_name(policy),
        conclusion: Some(conclusion),
        title,
        summary: summary.replacen("\n- ", "\n\n- ", 1),
        text: Some(parts.join("\n\n")),
        annotations: Vec::new(),
    }
    .finish(&report.head)
}

/// With a capital first letter.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

fn advisory(policy: &Policy) -> Conclusion {
    if policy.strict { Conclusion::Failure } else { Conclusion::Neutral }
}

/// No findings pass only if something was looked at, and nothing was left out.
fn clean(report: &Report, looked: bool) -> Conclusion {
    match (report.not_checked.is_empty(), looked) {
        (true, true) => Conclusion::Success,
        (true, false) => Conclusion::Skipped,
        (false, _) => Conclusion::Neutral,
    }
}

fn unchecked(report: &Report) -> String {
    match report.not_checked.len() {
        0 => String::new(),
        count => format!(", {count} not checked"),
    }
}

/// Findings at head are also shown beside the lines. A finding about a whole file stands at its
/// first line.
fn annotation(reported: &ReportedFinding) -> Option<Annotation> {
    let finding = &reported.finding;
    if finding.anchor.side() != Side::Head {
        return None;
    }
    let level = match finding.severity {
        _ if reported.blocking => AnnotationLevel::Failure,
        Severity::Info => AnnotationLevel::Notice,
        _ => AnnotationLevel::Warning,
    };
    let severity = finding.severity.as_str().to_ascii_uppercase();
    let title = format!("[{severity}] [{}] {}", finding.lane, one_line(&finding.title));
    let message = format!(
        "{}\nInstead: {}\n{}",
        visible(&finding.evidence),
        visible(&finding.recommendation),
        finding.rule
    );
    Some(Annotation {
        path: finding.anchor.path().clone(),
        lines: finding.anchor.lines().unwrap_or(LineRange::line(1)),
        level,
        title: cut(&title, MAX_TITLE),
        message: cut(&message, MAX_MESSAGE),
        raw_details: None,
    })
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;

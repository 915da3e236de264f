//! What outsiders can make a workflow run: `actions/script-injection`,
//! `actions/dangerous-checkout`.

use super::{Problem, View, report};
use crate::domain::change::FileChange;
use crate::domain::diff::LineRange;
use crate::domain::finding::Severity;
use crate::rules::parse::tree::Node;
use crate::rules::parse::workflow::{Job, Step, expressions, printed_contexts};
use crate::rules::{Draft, Findings, RuleContext};

/// Events that outsiders cause and that run with the repository's token and secrets.
const PRIVILEGED: &[&str] = &[
    "pull_request_target",
    "workflow_run",
    "issue_comment",
    "issues",
    "discussion",
    "discussion_comment",
    "fork",
    "watch",
];

/// Contexts whose text outsiders choose, as paths with `*` for list positions.
const OUTSIDE: &[&str] = &[
    "github.head_ref",
    "github.event.issue.title",
    "github.event.issue.body",
    "github.event.pull_request.title",
    "github.event.pull_request.body",
    "github.event.pull_request.head.ref",
    "github.event.pull_request.head.label",
    "github.event.pull_request.head.repo.default_branch",
    "github.event.pull_request.head.repo.description",
    "github.event.comment.body",
    "github.event.review.body",
    "github.event.review_comment.body",
    "github.event.discussion.title",
    "github.event.discussion.body",
    "github.event.pages.*.page_name",
    "github.event.commits.*.message",
    "github.event.commits.*.author.email",
    "github.event.commits.*.author.name",
    "github.event.head_commit.message",
    "github.event.head_commit.author.email",
    "github.event.head_commit.author.name",
    "github.event.workflow_run.head_branch",
    "github.event.workflow_run.display_title",
    "github.event.workflow_run.head_commit.message",
    "github.event.workflow_run.head_commit.author.email",
    "github.event.workflow_run.head_commit.author.name",
    "github.event.workflow_run.pull_requests.*.head.ref",
];

/// Inputs that actions run as code.
const SCRIPT_INPUTS: &[(&str, &str)] = &[
    ("actions/github-script", "script"),
    ("azure/cli", "inlineScript"),
    ("azure/powershell", "inlineScript"),
    ("mikefarah/yq", "cmd"),
    ("appleboy/ssh-action", "script"),
    ("addnab/docker-run-action", "run"),
    ("nick-fields/retry", "command"),
    ("jannekem/run-python-script-action", "script"),
];

pub(super) fn script(context: &RuleContext<'_>, file: &FileChange, findings: &mut Findings<'_>) {
    report(context, file, findings, |view| {
        let steps = view.workflow.steps();
        steps.iter().flat_map(|step| step_injections(view, step)).collect()
    });
}

fn step_injections(view: &View<'_>, step: &Step<'_>) -> Vec<Problem> {
    let uses = step.node.get("uses").and_then(Node::as_str).unwrap_or("");
    let action = uses.split('@').next().unwrap_or("").to_ascii_lowercase();
    let inputs = SCRIPT_INPUTS.iter().filter(|(name, _)| *name == action);
    let script = inputs.filter_map(|(_, input)| step.node.path(&["with", input]));
    let scripts = step.node.get("run").into_iter().chain(script);
    let mut problems = Vec::new();
    for node in scripts {
        let Some(source) = view.text.as_str().get(node.bytes.clone()) else { continue };
        for expression in expressions(source) {
            let contexts = printed_contexts(expression.text);
            let Some(outside) = contexts.into_iter().find(|c| OUTSIDE.contains(&c.as_str())) else {
                continue;
            };
            let line = view.text.line_at(node.bytes.start + expression.range.start);
            problems.push(injection(view, step, &outside, line));
        }
    }
    problems
}

fn injection(view: &View<'_>, step: &Step<'_>, outside: &str, line: u32) -> Problem {
    let privileged = view.workflow.triggers().into_iter().find(|t| PRIVILEGED.contains(t));
    let reach = match privileged {
        Some(trigger) => format!(
            "The workflow runs on `{trigger}`, so the code has the repository's token and secrets."
        ),
        None => "The code then has whatever the job has: token, checkout and runner.".to_owned(),
    };
    let variable: String = outside
        .rsplit('.')
        .next()
        .unwrap_or("VALUE")
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' })
        .collect();
    Problem {
        key: format!("{} {outside}", step.symbol()),
        lines: LineRange::line(line),
        draft: Draft {
            title: format!("`{outside}` is put into a script"),
            evidence: format!(
                "The text is chosen by whoever opens the pull request, issue or commit, and is put \
                 in before the script is read: quotes and `$(…)` in it become code. {reach}"
            ),
            recommendation: format!(
                "Pass it as a variable: `env: {variable}: ${{{{ {outside} }}}}`, and use \
                 `\"${variable}\"` in the script."
            ),
            symbol: Some(step.symbol()),
            severity: privileged.map(|_| Severity::Critical),
            ..Draft::default()
        },
    }
}

pub(super) fn checkout(context: &RuleContext<'_>, file: &FileChange, findings: &mut Findings<'_>) {
    report(context, file, findings, |view| {
        let triggers = view.workflow.triggers();
        let trigger = triggers
            .into_iter()
            .find(|t| matches!(*t, "pull_request_target" | "workflow_run" | "issue_comment"));
        let Some(trigger) = trigger else { return Vec::new() };
        let jobs = view.workflow.jobs();
        jobs.iter().flat_map(|job| checkouts(view, job, trigger)).collect()
    });
}

fn checkouts(view: &View<'_>, job: &Job<'_>, trigger: &str) -> Vec<Problem> {
    let is_guarded = |node: &Node| {
        let condition = node.get("if").and_then(Node::as_str).unwrap_or("");
        condition.contains("head.repo.full_name == github.repository")
            || condition
                .contains("github.repository == github.event.pull_request.head.repo.full_name")
            || condition.contains("head_repository.full_name == github.repository")
            || condition.contains("!github.event.pull_request.head.repo.fork")
            || condition.contains("head.repo.fork == false")
            // Only people known to the repository can start it.
            || condition.contains("author_association")
    };
    if is_guarded(job.node) {
        return Vec::new();
    }
    let steps = job.steps();
    let mut problems = Vec::new();
    for (at, step) in steps.iter().enumerate() {
        let Some((line, what)) = foreign_checkout(view, step).filter(|_| !is_guarded(step.node))
        else {
            continue;
        };
        let later = steps.get(at + 1..).unwrap_or(&[]);
        let runs = later.iter().any(|step| {
            let local = step.node.get("uses").and_then(Node::as_str);
            step.node.get("run").is_some() || local.is_some_and(|uses| uses.starts_with("./"))
        });
        problems.push(foreign(job, trigger, &what, line, runs));
    }
    problems
}

/// The line at which a step takes the code of the pull request, and how.
fn foreign_checkout(view: &View<'_>, step: &Step<'_>) -> Option<(LineRange, String)> {
    let head = |text: &str| {
        let compact: String = text.split_whitespace().collect();
        [
            "github.event.pull_request.head.",
            "github.head_ref",
            "github.event.workflow_run.head_",
            "refs/pull/",
            "github.event.pull_request.number",
            "github.event.issue.number",
        ]
        .iter()
        .any(|part| compact.contains(part))
    };
    let uses = step.node.get("uses").and_then(Node::as_str).unwrap_or("");
    if uses.split('@').next() == Some("actions/checkout") {
        let with = step.node.get("with")?;
        let entry =
            ["ref", "repository"].into_iter().filter_map(|key| with.entry(key)).find(|entry| {
                entry.value.as_str().is_some_and(|value| value.contains("${{") && head(value))
            })?;
        return Some((LineRange::line(entry.key.line()), format!("`{}`", entry.name())));
    }
    let run = step.node.get("run")?;
    let source = view.text.as_str().get(run.bytes.clone())?;
    let at = source.find("gh pr checkout")?;
    Some((LineRange::line(view.text.line_at(run.bytes.start + at)), "`gh pr checkout`".to_owned()))
}

fn foreign(job: &Job<'_>, trigger: &str, what: &str, line: LineRange, runs: bool) -> Problem {
    let next = if runs {
        "Steps after it run in that checkout: a build script, a hook or a configuration file of the \
         pull request is enough to run code with the repository's token and secrets."
    } else {
        "Nothing after it runs a command yet, but whatever reads those files must not trust them."
    };
    Problem {
        key: format!("{} {what}", job.id),
        lines: line,
        draft: Draft {
            title: format!("Job `{}` checks out the pull request under `{trigger}`", job.id),
            evidence: format!(
                "`{trigger}` runs with the rights of the base repository, and {what} takes code \
                 that anybody can write in a fork. {next}"
            ),
            recommendation:
                "Build and test under `pull_request`; do what needs rights in a second \
                             workflow that takes only the results as data."
                    .to_owned(),
            symbol: Some(job.id.to_owned()),
            severity: (!runs).then_some(Severity::Major),
            ..Draft::default()
        },
    }
}

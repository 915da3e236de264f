//! `actions/unpinned-action` and `actions/insecure-commands`.

use super::{Problem, View, report};
use crate::domain::change::FileChange;
use crate::domain::diff::LineRange;
use crate::domain::finding::Severity;
use crate::rules::docker::ImageName;
use crate::rules::parse::tree::{Entry, Node};
use crate::rules::{Draft, Findings, RuleContext};

pub(super) fn unpinned(context: &RuleContext<'_>, file: &FileChange, findings: &mut Findings<'_>) {
    report(context, file, findings, |view| {
        let steps = view.workflow.steps();
        let of_steps = steps.iter().filter_map(|step| step.node.entry("uses"));
        let jobs = view.workflow.jobs();
        let of_jobs = jobs.iter().filter_map(|job| job.node.entry("uses"));
        of_steps.chain(of_jobs).filter_map(|entry| loose(view, entry)).collect()
    });
}

fn loose(view: &View<'_>, entry: &Entry) -> Option<Problem> {
    let uses = entry.value.as_str()?.trim();
    // A pinned image of a `docker://` step has a digest, or at least a version.
    if let Some(image) = uses.strip_prefix("docker://") {
        return ImageName::parse(image)
            .is_floating()
            .then(|| problem(entry, uses, image, "", (true, has_powers(view))));
    }
    // `./` is the checkout, `$/` the repository of the workflow itself.
    if uses.starts_with("./") || uses.starts_with("$/") || uses.contains("${{") {
        return None;
    }
    let (name, reference) = uses.split_once('@').unwrap_or((uses, ""));
    let mut parts = name.split('/');
    let (owner, repository) = (parts.next()?, parts.next()?);
    let own = view
        .repository
        .as_deref()
        .is_some_and(|own| own.eq_ignore_ascii_case(&format!("{owner}/{repository}")));
    // GitHub's own actions are as trusted as the runner itself.
    let first_party = matches!(owner, "actions" | "github") && !reference.is_empty();
    let hash =
        matches!(reference.len(), 40 | 64) && reference.bytes().all(|b| b.is_ascii_hexdigit());
    let moving = reference.is_empty()
        || matches!(reference, "main" | "master" | "HEAD" | "develop" | "trunk" | "dev" | "latest")
        || reference.starts_with("refs/heads/");
    (!hash && !own && !first_party)
        .then(|| problem(entry, uses, name, reference, (moving, moving && has_powers(view))))
}

/// Whether the workflow has something that is worth stealing: secrets, or a token that may write.
fn has_powers(view: &View<'_>) -> bool {
    let mut said = view.workflow.root.walk();
    let granted = |node: &Node| {
        matches!(node.as_str(), Some("write-all"))
            || node.get("permissions").is_some_and(|permissions| {
                permissions.entries().iter().any(|entry| entry.value.as_str() == Some("write"))
            })
            || node.as_str().is_some_and(|text| text.contains("${{") && text.contains("secrets."))
            || node.get("secrets").is_some_and(|secrets| secrets.as_str() == Some("inherit"))
    };
    said.any(granted)
}

fn problem(
    entry: &Entry,
    uses: &str,
    name: &str,
    reference: &str,
    (moving, exposed): (bool, bool),
) -> Problem {
    let what = match (reference, moving) {
        ("", _) => "Without a version it is whatever its owner published last".to_owned(),
        (branch, true) => {
            format!("`{branch}` is a branch: every push to it changes what runs here")
        }
        (tag, false) => {
            format!("`{tag}` can be moved to other code by whoever controls the action")
        }
    };
    // A newer tag of what the workflow used by its tag before is not news.
    let key = if moving { uses.to_owned() } else { name.to_owned() };
    Problem {
        key,
        lines: LineRange::line(entry.value.line()),
        draft: Draft {
            title: format!("`{name}` is not pinned to a commit"),
            evidence: format!(
                "{what}, and that code gets the token and the secrets of the job. Stolen tags of \
                 popular actions have been used to read out secrets."
            ),
            recommendation: "Pin the full commit hash and note the version beside it \
                             (`@<40 digits> # v1.2.3`); update bots keep both current."
                .to_owned(),
            symbol: Some(name.to_owned()),
            severity: (moving && exposed).then_some(Severity::Major),
            ..Draft::default()
        },
    }
}

/// Commands by which a program's output sets variables, and what replaced them.
const OLD_COMMANDS: [(&str, &str); 4] = [
    ("::set-env ", "$GITHUB_ENV"),
    ("::add-path::", "$GITHUB_PATH"),
    ("::set-output ", "$GITHUB_OUTPUT"),
    ("::save-state ", "$GITHUB_STATE"),
];

pub(super) fn commands(context: &RuleContext<'_>, file: &FileChange, findings: &mut Findings<'_>) {
    report(context, file, findings, |view| {
        let root = [view.workflow.root];
        let jobs = view.workflow.jobs();
        let steps = view.workflow.steps();
        let nodes =
            root.into_iter().chain(jobs.iter().map(|j| j.node)).chain(steps.iter().map(|s| s.node));
        let allowed = nodes.filter_map(|node| {
            let entry = node.get("env")?.entry("ACTIONS_ALLOW_UNSECURE_COMMANDS")?;
            let on = entry.value.as_str().is_some_and(|value| {
                !matches!(value.to_ascii_lowercase().as_str(), "" | "false" | "0")
            });
            on.then(|| insecure(node, entry))
        });
        let old = steps.iter().filter_map(|step| {
            let run = step.node.get("run")?;
            OLD_COMMANDS.iter().find_map(|(command, file)| {
                let source = view.text.as_str().get(run.bytes.clone())?;
                let at = source.find(command)?;
                let line = view.text.line_at(run.bytes.start + at);
                Some(outdated(&step.symbol(), command, file, line))
            })
        });
        allowed.chain(old).collect()
    });
}

fn insecure(owner: &Node, entry: &Entry) -> Problem {
    // From `env:` on, which is where the steps concerned can be told.
    let start = owner.entry("env").map_or(entry.key.line(), |env| env.key.line());
    let lines =
        LineRange::new(start, entry.key.line()).unwrap_or(LineRange::line(entry.key.line()));
    Problem {
        key: format!("{} {}", entry.name(), owner.line()),
        lines,
        draft: Draft {
            title: "Insecure workflow commands are switched on".to_owned(),
            evidence: "With `ACTIONS_ALLOW_UNSECURE_COMMANDS`, anything that a step prints, text \
                       of an issue or a log included, can set variables and `PATH` of the steps \
                       after it."
                .to_owned(),
            recommendation: "Remove it and write to `$GITHUB_ENV` and `$GITHUB_PATH`.".to_owned(),
            symbol: Some(entry.name().to_owned()),
            severity: Some(Severity::Major),
            ..Draft::default()
        },
    }
}

fn outdated(symbol: &str, command: &str, file: &str, line: u32) -> Problem {
    let command = command.trim_matches([':', ' ']);
    let gone = matches!(command, "set-env" | "add-path");
    let effect = if gone { "has been switched off and fails the step" } else { "is deprecated" };
    Problem {
        key: format!("{symbol} {command}"),
        lines: LineRange::line(line),
        draft: Draft {
            title: format!("Workflow command `{command}` {effect}"),
            evidence: "It acts on everything that a step prints, so text from outside could give \
                       commands."
                .to_owned(),
            recommendation: format!("Write `name=value` lines to `{file}` instead."),
            symbol: Some(symbol.to_owned()),
            ..Draft::default()
        },
    }
}

/// The line of a node's first character.
pub(super) fn line_of(node: &Node) -> LineRange {
    LineRange::line(node.line())
}

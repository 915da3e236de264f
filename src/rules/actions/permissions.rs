//! What a workflow may do and what it carries: `actions/excessive-permissions`,
//! `actions/secrets-inherit`, `actions/hardcoded-secret`.

use super::supply::line_of;
use super::{Problem, View, report};
use crate::domain::change::FileChange;
use crate::domain::diff::LineRange;
use crate::domain::finding::Severity;
use crate::rules::parse::tree::{Entry, Node};
use crate::rules::secrets::shape;
use crate::rules::{Draft, Findings, RuleContext};

pub(super) fn excessive(context: &RuleContext<'_>, file: &FileChange, findings: &mut Findings<'_>) {
    report(context, file, findings, |view| {
        if view.is_action {
            return Vec::new();
        }
        let jobs = view.workflow.jobs();
        let root = view.workflow.root;
        let mut problems = Vec::new();
        let all =
            std::iter::once(("workflow", root)).chain(jobs.iter().map(|job| (job.id, job.node)));
        for (owner, node) in all {
            if let Some(entry) = node.entry("permissions")
                && entry.value.as_str() == Some("write-all")
            {
                problems.push(everything(owner, entry));
            }
        }
        if let Some(entry) = root.entry("permissions").filter(|_| jobs.len() > 1) {
            problems
                .extend(entry.value.entries().iter().filter_map(|scope| shared(scope, jobs.len())));
        }
        problems.extend(unset(view));
        problems
    });
}

fn everything(owner: &str, entry: &Entry) -> Problem {
    Problem {
        key: format!("{owner} write-all"),
        lines: LineRange::line(entry.key.line()),
        draft: Draft {
            title: "The workflow's token may write everything".to_owned(),
            evidence: "`permissions: write-all` lets every step, third-party actions included, \
                       push code, publish packages and releases, and approve deployments."
                .to_owned(),
            recommendation: "Set `permissions: {}` for the workflow and give each job the scopes \
                             that it uses."
                .to_owned(),
            symbol: Some(owner.to_owned()),
            severity: Some(Severity::Major),
            ..Draft::default()
        },
    }
}

/// A scope with write access for all of several jobs.
fn shared(scope: &Entry, jobs: usize) -> Option<Problem> {
    let powerful =
        ["contents", "packages", "id-token", "actions", "deployments", "attestations", "pages"];
    let write = scope.value.as_str() == Some("write") && powerful.contains(&scope.name());
    write.then(|| Problem {
        key: format!("shared {}", scope.name()),
        lines: LineRange::line(scope.key.line()),
        draft: Draft {
            title: format!("`{}: write` is given to all {jobs} jobs", scope.name()),
            evidence: "A flaw in any step of any job then has this right, where it is likely that \
                       one job needs it."
                .to_owned(),
            recommendation: "Move it to the `permissions` of the job that needs it.".to_owned(),
            symbol: Some(scope.name().to_owned()),
            ..Draft::default()
        },
    })
}

/// A new workflow that leaves the token's rights to the repository's setting.
fn unset(view: &View<'_>) -> Option<Problem> {
    let root = view.workflow.root;
    let jobs = view.workflow.jobs();
    // A called workflow gets what its caller gives.
    let only_called = view.workflow.triggers().iter().all(|trigger| *trigger == "workflow_call");
    let set = root.get("permissions").is_some()
        || jobs.iter().all(|job| job.node.get("permissions").is_some());
    let entries = root.get("jobs").map_or(&[][..], Node::entries).iter();
    let mut open = entries.filter(|job| job.value.get("permissions").is_none());
    let entry = open.next().filter(|_| view.is_new && !only_called && !set)?;
    Some(Problem {
        key: "unset".to_owned(),
        lines: LineRange::line(entry.key.line()),
        draft: Draft {
            title: "The new workflow does not say what its token may do".to_owned(),
            evidence: "Without `permissions` the token has the default of the repository or \
                       organisation, which may be write access to everything, and may change."
                .to_owned(),
            recommendation: "Add `permissions: {}` at the top and the scopes needed to each job \
                             (`contents: read` for a checkout)."
                .to_owned(),
            symbol: Some("workflow".to_owned()),
            ..Draft::default()
        },
    })
}

pub(super) fn inherit(context: &RuleContext<'_>, file: &FileChange, findings: &mut Findings<'_>) {
    report(context, file, findings, |view| {
        let jobs = view.workflow.jobs();
        let handing = jobs.iter().filter_map(|job| {
            let uses = job.node.get("uses").and_then(Node::as_str)?;
            let entry =
                job.node.entry("secrets").filter(|e| e.value.as_str() == Some("inherit"))?;
            let own =
                view.repository.as_deref().is_some_and(|own| uses.starts_with(&format!("{own}/")));
            (!uses.starts_with("./") && !uses.starts_with("$/") && !own).then(|| Problem {
                key: format!("{} {uses}", job.id),
                lines: LineRange::line(entry.key.line()),
                draft: Draft {
                    title: format!("Job `{}` hands all secrets to another repository", job.id),
                    evidence: format!(
                        "`secrets: inherit` gives `{uses}` every secret that this repository can \
                         read, those that are added later included."
                    ),
                    recommendation: "Name the secrets that it needs under `secrets:`.".to_owned(),
                    symbol: Some(job.id.to_owned()),
                    ..Draft::default()
                },
            })
        });
        handing.collect()
    });
}

pub(super) fn hardcoded(context: &RuleContext<'_>, file: &FileChange, findings: &mut Findings<'_>) {
    report(context, file, findings, |view| {
        let jobs = view.workflow.jobs();
        let steps = view.workflow.steps();
        let mut problems = Vec::new();
        for job in &jobs {
            let container = job.node.path(&["container", "credentials"]);
            let services = job.node.get("services").map_or(&[][..], Node::entries);
            let services = services.iter().filter_map(|service| service.value.get("credentials"));
            let passwords =
                container.into_iter().chain(services).filter_map(|c| c.entry("password"));
            // A registry's password is one, however simple.
            problems.extend(
                passwords.filter(|entry| is_literal(&entry.value)).map(|e| literal(job.id, e)),
            );
        }
        let nodes = std::iter::once(view.workflow.root);
        let nodes = nodes.chain(jobs.iter().map(|j| j.node)).chain(steps.iter().map(|s| s.node));
        let variables = nodes.flat_map(|node| {
            let of = |key| node.get(key).map_or(&[][..], Node::entries);
            of("env").iter().chain(of("with"))
        });
        let secret = variables.filter(|entry| {
            let value = entry.value.as_str().unwrap_or("");
            is_literal(&entry.value)
                && shape::names_secret(entry.name())
                && !shape::is_stand_in(value)
        });
        problems.extend(secret.map(|entry| literal("env", entry)));
        problems
    });
}

fn is_literal(node: &Node) -> bool {
    node.as_str().is_some_and(|value| !value.is_empty() && !value.contains("${{"))
}

fn literal(owner: &str, entry: &Entry) -> Problem {
    let value = entry.value.as_str().unwrap_or("").to_owned();
    Problem {
        key: format!("{owner} {}", entry.name()),
        lines: line_of(&entry.key),
        draft: Draft {
            title: format!("`{}` has a literal value", entry.name()),
            evidence: "Everybody who can read the repository can read it, and the log does not \
                       mask what is no secret of GitHub's."
                .to_owned(),
            recommendation:
                "Replace it where it is in use, store it as a secret, and read it with \
                             `${{ secrets.NAME }}`."
                    .to_owned(),
            symbol: Some(entry.name().to_owned()),
            redact: vec![value],
            ..Draft::default()
        },
    }
}

//! What cannot be meant: `kubernetes/mismatching-selector` and `kubernetes/duplicate-variable`.

use super::manifest::{Container, Object, Problem, entry_lines, report};
use crate::domain::change::FileChange;
use crate::domain::diff::LineRange;
use crate::rules::parse::tree::Node;
use crate::rules::{Draft, Findings, RuleContext};

pub(super) fn selector(context: &RuleContext<'_>, file: &FileChange, findings: &mut Findings<'_>) {
    report(context, file, findings, |objects| objects.iter().filter_map(mismatch).collect());
}

fn mismatch(object: &Object<'_>) -> Option<Problem> {
    let workload = matches!(object.kind, "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet");
    // A patch names what it changes: it has no reason to repeat the selector.
    if !workload || object.containers().is_empty() {
        return None;
    }
    let labels = object.node.path(&["spec", "template", "metadata", "labels"]);
    let selector = object.node.path(&["spec", "selector", "matchLabels"])?;
    let wrong = selector.entries().iter().find(|wanted| {
        let label = labels.and_then(|labels| labels.get(wanted.name()));
        label.and_then(Node::as_str) != wanted.value.as_str()
    })?;
    Some(Problem {
        key: object.label(),
        lines: entry_lines(wrong),
        draft: Draft {
            title: format!("The selector of `{}` does not match its own pods", object.label()),
            evidence: format!(
                "It asks for the label `{}`, which the pod template does not have with that value. \
                 Kubernetes refuses such an object.",
                wrong.name()
            ),
            recommendation: "Give the pod template the labels of the selector.".to_owned(),
            symbol: Some(object.label()),
            ..Draft::default()
        },
    })
}

pub(super) fn variables(context: &RuleContext<'_>, file: &FileChange, findings: &mut Findings<'_>) {
    report(context, file, findings, |objects| {
        let containers = objects.iter().flat_map(|object| {
            object.containers().into_iter().map(move |container| (object, container))
        });
        containers.flat_map(|(object, container)| repeated(object, &container)).collect()
    });
}

fn repeated(object: &Object<'_>, container: &Container<'_>) -> Vec<Problem> {
    let list = container.node.get("env").map_or(&[][..], Node::items);
    let name_of =
        |variable: &'_ Node| variable.get("name").and_then(Node::as_str).map(str::to_owned);
    let mut problems = Vec::new();
    for (at, variable) in list.iter().enumerate() {
        let Some(name) = name_of(variable) else { continue };
        if !list.iter().take(at).any(|earlier| name_of(earlier).as_ref() == Some(&name)) {
            continue;
        }
        let symbol = container.symbol(object);
        problems.push(Problem {
            key: format!("{symbol} {name}"),
            lines: LineRange::line(variable.line()),
            draft: Draft {
                title: format!("Variable `{name}` is set twice in container `{}`", container.name),
                evidence:
                    "The last value wins when a pod starts, and a later apply may keep either: \
                           lists of variables are merged by name."
                        .to_owned(),
                recommendation: "Keep the one that is meant.".to_owned(),
                symbol: Some(format!("{symbol} {name}")),
                ..Draft::default()
            },
        });
    }
    problems
}

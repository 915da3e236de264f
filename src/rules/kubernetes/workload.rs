//! What a workload leaves out: `kubernetes/missing-probes`, `kubernetes/missing-limits`, and the
//! version of its images: `kubernetes/latest-tag`.

use super::manifest::{Container, Object, Problem, entry_lines, report};
use crate::domain::change::{Change, FileChange};
use crate::domain::diff::Side;
use crate::ports::source::Need;
use crate::rules::docker::ImageName;
use crate::rules::parse::tree::Node;
use crate::rules::parse::yaml;
use crate::rules::{Draft, Findings, RuleContext};

pub(super) fn probes(context: &RuleContext<'_>, file: &FileChange, findings: &mut Findings<'_>) {
    report(context, file, findings, |objects| {
        let served = |object: &&Object<'_>| {
            matches!(object.kind, "Deployment" | "StatefulSet" | "Rollout") && object.is_whole()
        };
        let unready = objects.iter().filter(served).flat_map(|object| {
            let containers = object.containers();
            let main: Vec<Container<'_>> = containers.into_iter().filter(|c| !c.is_init).collect();
            let alone = main.len() == 1 && is_behind_service(object, objects);
            main.into_iter()
                .filter(move |c| c.node.get("readinessProbe").is_none_or(Node::is_null))
                .filter(move |c| alone || serves(c))
                .map(move |container| no_probe(object, &container))
        });
        unready.collect()
    });
}

/// Whether a container offers a port to others than the metrics collector.
fn serves(container: &Container<'_>) -> bool {
    let ports = container.node.get("ports").map_or(&[][..], Node::items);
    ports.iter().any(|port| {
        let name = port.get("name").and_then(Node::as_str).unwrap_or("");
        !["metrics", "prometheus", "debug", "pprof"].iter().any(|other| name.contains(other))
    })
}

/// Whether a service of the same file selects the pods.
fn is_behind_service(object: &Object<'_>, objects: &[Object<'_>]) -> bool {
    let labels = object.node.path(&["spec", "template", "metadata", "labels"]);
    objects.iter().filter(|other| other.kind == "Service").any(|service| {
        let selector = service.node.path(&["spec", "selector"]).map_or(&[][..], Node::entries);
        !selector.is_empty()
            && selector.iter().all(|wanted| {
                let label = labels.and_then(|labels| labels.get(wanted.name()));
                label.and_then(Node::as_str) == wanted.value.as_str()
            })
    })
}

fn no_probe(object: &Object<'_>, container: &Container<'_>) -> Problem {
    let symbol = container.symbol(object);
    Problem {
        key: symbol.clone(),
        lines: container.line(),
        draft: Draft {
            title: format!("Container `{}` has no readiness probe", container.name),
            evidence: format!(
                "`{}` takes requests. Without the probe a new pod gets them as soon as its process \
                 has started, so every rollout and every scaling up answers some with errors, and \
                 a release that never becomes ready replaces the one that works.",
                object.label()
            ),
            recommendation: "Add a `readinessProbe` on something that answers only when the \
                             dependencies needed for a request are there."
                .to_owned(),
            symbol: Some(symbol),
            ..Draft::default()
        },
    }
}

pub(super) fn limits(context: &RuleContext<'_>, file: &FileChange, findings: &mut Findings<'_>) {
    report(context, file, findings, |objects| {
        // A namespace's LimitRange gives defaults to those that say nothing.
        if objects.iter().any(|object| object.kind == "LimitRange") {
            return Vec::new();
        }
        let whole = objects.iter().filter(|object| object.is_whole());
        whole
            .flat_map(|object| object.containers().into_iter().map(move |c| (object, c)))
            .filter(|(_, c)| !c.is_init && !has_memory_limit(c.node))
            .map(|(object, container)| no_limit(object, &container))
            .collect()
    });
}

fn has_memory_limit(container: &Node) -> bool {
    let value = container.path(&["resources", "limits", "memory"]);
    value.is_some_and(|memory| !memory.is_null())
}

fn no_limit(object: &Object<'_>, container: &Container<'_>) -> Problem {
    let symbol = container.symbol(object);
    let request = container.node.path(&["resources", "requests", "memory"]).is_some();
    let (what, effect) = if request {
        ("no memory limit", "its request only helps to place it")
    } else {
        ("neither memory request nor limit", "the scheduler does not know what it needs either")
    };
    Problem {
        key: symbol.clone(),
        lines: container.line(),
        draft: Draft {
            title: format!("Container `{}` has no memory limit", container.name),
            evidence: format!(
                "In `{}` the container has {what}: a leak grows until the node runs out of memory \
                 and evicts its neighbours; {effect}.",
                object.label()
            ),
            recommendation: "Set `resources.requests.memory` to what it uses and \
                             `resources.limits.memory` to what it may use."
                .to_owned(),
            symbol: Some(symbol),
            ..Draft::default()
        },
    }
}

/// Kustomize may set the tag elsewhere: the files that say so.
const KUSTOMIZATIONS: [&str; 3] =
    ["**/kustomization.yaml", "**/kustomization.yml", "**/Kustomization"];

fn kustomizations() -> Need {
    let globs = KUSTOMIZATIONS.iter().map(|glob| (*glob).to_owned()).collect();
    Need::Glob { side: Side::Head, globs, limit: 100 }
}

/// Asked only where an image looks as if it had no version: the search reads every directory.
pub(super) fn latest_tag_needs(change: &Change) -> Vec<Need> {
    let files = change.files.iter().filter(|file| super::applies(file));
    let mut texts = files.filter_map(FileChange::head_text);
    if texts.any(|text| text.lines().any(|(_, line)| may_float(line))) {
        vec![kustomizations()]
    } else {
        Vec::new()
    }
}

/// Whether a line may name an image without a version. In doubt it does.
fn may_float(line: &str) -> bool {
    let Some((_, value)) = line.split_once("image") else { return false };
    let value = value.trim_start_matches(['"', '\'']).trim_start();
    let Some(value) = value.strip_prefix(':') else { return false };
    let value = value.split(" #").next().unwrap_or(value);
    let value = value.trim().trim_end_matches([',', '}']).trim_matches(['"', '\'']);
    let plain = !value.is_empty()
        && value.chars().all(|c| c.is_ascii_alphanumeric() || "./:-_@".contains(c));
    !plain || ImageName::parse(value).is_floating()
}

pub(super) fn latest_tag(context: &RuleContext<'_>, findings: &mut Findings<'_>) {
    let trees: Vec<_> = context
        .gathered(&kustomizations())
        .iter()
        .map(|file| yaml::parse(file.text.as_str()))
        .collect();
    let set_elsewhere = |repository: &str| {
        let images = trees.iter().flat_map(|tree| &tree.documents).filter_map(|d| d.get("images"));
        let mut names = images.flat_map(Node::items).filter_map(|image| image.get("name"));
        names.any(|name| name.as_str() == Some(repository))
    };
    for file in context.change.files.iter().filter(|file| super::applies(file)) {
        report(context, file, findings, |objects| {
            let all = objects.iter().flat_map(|object| {
                object.containers().into_iter().map(move |container| (object, container))
            });
            all.filter_map(|(object, container)| floating(object, &container, &set_elsewhere))
                .collect()
        });
    }
}

fn floating(
    object: &Object<'_>,
    container: &Container<'_>,
    set_elsewhere: &dyn Fn(&str) -> bool,
) -> Option<Problem> {
    let entry = container.node.entry("image")?;
    let image = entry.value.as_str().filter(|image| !image.is_empty() && !image.contains('$'))?;
    let name = ImageName::parse(image);
    if !name.is_floating() || set_elsewhere(name.repository) {
        return None;
    }
    let symbol = container.symbol(object);
    let how = if name.tag.is_some() { "is tagged `latest`" } else { "has no tag" };
    Some(Problem {
        key: format!("{symbol} {image}"),
        lines: entry_lines(entry),
        draft: Draft {
            title: format!("Image `{}` is not pinned to a version", name.repository),
            evidence: format!(
                "`{image}` {how}: pods of one rollout may run different code, a restart may bring a \
                 new version in, and a rollback of the manifest changes nothing."
            ),
            recommendation: "Name the version that was tested, or its digest.".to_owned(),
            symbol: Some(symbol),
            ..Draft::default()
        },
    })
}

/// Whether any file of the change may hold manifests.
pub(super) fn change_applies(change: &Change) -> bool {
    change.files.iter().any(super::applies)
}

#[cfg(test)]
mod tests {
    use super::may_float;

    #[test]
    fn lines_that_may_name_an_image_without_a_version() {
        for line in [
            "  - image: app",
            "image: \"app:latest\"",
            "image: *app",
            "image: >",
            "{image: a, b: c}",
        ] {
            assert!(may_float(line), "{line}");
        }
        for line in ["  image: app:1.2", "\"image\": \"r.example/app:1\",", "imagePullPolicy: x"] {
            assert!(!may_float(line), "{line}");
        }
    }
}

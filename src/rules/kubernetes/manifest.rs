//! Kubernetes objects in YAML files.

use std::collections::BTreeSet;

use crate::domain::change::FileChange;
use crate::domain::diff::{LineRange, Side};
use crate::rules::parse::tree::{Entry, Node, Tree};
use crate::rules::parse::yaml;
use crate::rules::{Draft, Findings, RuleContext};

/// One object of a manifest.
pub(super) struct Object<'a> {
    pub kind: &'a str,
    pub name: &'a str,
    pub node: &'a Node,
}

/// A container of a workload.
pub(super) struct Container<'a> {
    pub name: &'a str,
    pub node: &'a Node,
    pub is_init: bool,
}

/// Something to report, with an identity by which it is known whether the base had it already.
pub(super) struct Problem {
    pub key: String,
    pub lines: LineRange,
    pub draft: Draft,
}

/// Whether a file may hold manifests that can be read: YAML that is no template.
pub(super) fn applies(file: &FileChange) -> bool {
    let yaml = matches!(file.path.extension().as_deref(), Some("yaml" | "yml"));
    yaml && file.head_text().is_some_and(|text| is_manifest(text.as_str()))
}

fn is_manifest(text: &str) -> bool {
    let template = text.contains("{{") && text.contains("}}");
    text.contains("apiVersion") && text.contains("kind") && !template
}

/// The objects of a file's documents, those in lists included.
pub(super) fn objects(tree: &Tree) -> Vec<Object<'_>> {
    let items = tree.documents.iter().flat_map(|document| {
        let is_list =
            document.get("kind").and_then(Node::as_str).is_some_and(|k| k.ends_with("List"));
        match document.get("items").filter(|_| is_list) {
            Some(items) => items.items().iter().collect::<Vec<_>>(),
            None => vec![document],
        }
    });
    items
        .filter_map(|node| {
            node.get("apiVersion")?;
            let kind = node.get("kind").and_then(Node::as_str)?;
            let name = node.path(&["metadata", "name"]).and_then(Node::as_str).unwrap_or("");
            Some(Object { kind, name, node })
        })
        .collect()
}

impl<'a> Object<'a> {
    /// The pod that the object describes, if it is a workload.
    pub fn pod_spec(&self) -> Option<&'a Node> {
        match self.kind {
            "Pod" => self.node.get("spec"),
            "CronJob" => self.node.path(&["spec", "jobTemplate", "spec", "template", "spec"]),
            "PodTemplate" => self.node.path(&["template", "spec"]),
            "Deployment"
            | "StatefulSet"
            | "DaemonSet"
            | "ReplicaSet"
            | "ReplicationController"
            | "Job"
            | "Rollout"
            | "DeploymentConfig" => self.node.path(&["spec", "template", "spec"]),
            _ => None,
        }
    }

    /// Whether this is the whole object rather than a patch that names only what it changes.
    pub fn is_whole(&self) -> bool {
        let selects =
            matches!(self.kind, "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet");
        let complete = !selects || self.node.path(&["spec", "selector"]).is_some();
        let containers = self.containers();
        complete
            && !containers.is_empty()
            && containers.iter().all(|c| c.node.get("image").is_some())
    }

    pub fn containers(&self) -> Vec<Container<'a>> {
        let Some(pod) = self.pod_spec() else { return Vec::new() };
        let of = |key, is_init| {
            pod.get(key).map_or(&[][..], Node::items).iter().map(move |node| Container {
                name: node.get("name").and_then(Node::as_str).unwrap_or(""),
                node,
                is_init,
            })
        };
        of("containers", false).chain(of("initContainers", true)).collect()
    }

    /// `kind/name`, for people and for identity.
    pub fn label(&self) -> String {
        format!("{}/{}", self.kind, self.name)
    }
}

impl Container<'_> {
    pub fn symbol(&self, object: &Object<'_>) -> String {
        format!("{} {}", object.label(), self.name)
    }

    /// The line that it starts on.
    pub fn line(&self) -> LineRange {
        LineRange::line(self.node.line())
    }
}

/// The lines of a `key: value` from its key to the end of a short value.
pub(super) fn entry_lines(entry: &Entry) -> LineRange {
    LineRange::line(entry.key.line())
}

/// The entry `key` of a node if it is plainly `true`.
pub(super) fn true_entry<'a>(node: &'a Node, key: &str) -> Option<&'a Entry> {
    node.entry(key).filter(|entry| entry.value.as_bool() == Some(true))
}

/// Reports what `find` sees at head and did not see at base.
pub(super) fn report(
    context: &RuleContext<'_>,
    file: &FileChange,
    findings: &mut Findings<'_>,
    find: impl Fn(&[Object<'_>]) -> Vec<Problem>,
) {
    let Some(head) = context.parsed(file, Side::Head, yaml::parse) else { return };
    let before: BTreeSet<String> = match file.base_text() {
        Some(text) if is_manifest(text.as_str()) => context
            .parsed(file, Side::Base, yaml::parse)
            .map(|tree| find(&objects(&tree)).into_iter().map(|problem| problem.key).collect())
            .unwrap_or_default(),
        _ => BTreeSet::new(),
    };
    for problem in find(&objects(&head)) {
        if !before.contains(&problem.key) {
            findings.at_head(file, problem.lines, problem.draft);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_of_documents_and_lists() {
        let text = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata: {name: a}\n---\nkind: x\n---\napiVersion: batch/v1\nkind: CronJob\nmetadata: {name: b}\nspec: {jobTemplate: {spec: {template: {spec: {containers: [{name: c}]}}}}}\n";
        let tree = yaml::parse(text);
        let objects = objects(&tree);
        assert_eq!(objects.iter().map(Object::label).collect::<Vec<_>>(), ["Pod/a", "CronJob/b"]);
        assert_eq!(objects[1].containers()[0].name, "c");
        assert!(!objects[1].is_whole());
    }

    #[test]
    fn templates_are_not_manifests() {
        assert!(!is_manifest("apiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ .Values.name }}\n"));
    }
}

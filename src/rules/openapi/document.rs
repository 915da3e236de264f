//! An OpenAPI document over the spanned tree: operations, parameters, bodies, local references.

use crate::domain::change::FileChange;
use crate::domain::diff::{LineRange, Side};
use crate::rules::RuleContext;
use crate::rules::parse::tree::{Entry, Node, Tree};
use crate::rules::parse::yaml;

use std::sync::Arc;

/// References followed in a row before giving up.
const MAX_CHAIN: usize = 16;

const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// Whether a file may hold an OpenAPI document on either side.
pub fn may_be_document(file: &FileChange) -> bool {
    matches!(file.path.extension().as_deref(), Some("yaml" | "yml" | "json"))
        && [file.base_text(), file.head_text()]
            .into_iter()
            .flatten()
            .any(|text| text.as_str().contains("openapi"))
}

/// One side of a file, read.
pub fn tree(context: &RuleContext<'_>, file: &FileChange, side: Side) -> Option<Arc<Tree>> {
    context.parsed(file, side, yaml::parse)
}

/// The document of a tree, if it is OpenAPI 3 and complete.
pub fn root(tree: &Tree) -> Option<&Node> {
    if tree.error.is_some() {
        return None;
    }
    let root = tree.documents.first()?;
    root.get("openapi")?.as_str()?.starts_with("3.").then_some(root)
}

/// An operation and where it stands.
pub struct Operation<'t> {
    pub method: &'t str,
    pub path: &'t str,
    pub entry: &'t Entry,
    pub item: &'t Node,
}

impl Operation<'_> {
    pub fn name(&self) -> String {
        format!("{} {}", self.method.to_ascii_uppercase(), self.path)
    }

    /// Method and path with the names of path parameters left out: they are not seen by clients.
    pub fn key(&self) -> String {
        format!("{} {}", self.method, without_parameter_names(self.path))
    }

    pub fn line(&self) -> LineRange {
        LineRange::line(self.entry.key.line())
    }
}

pub fn without_parameter_names(path: &str) -> String {
    let mut plain = String::with_capacity(path.len());
    let mut inside = false;
    for character in path.trim_end_matches('/').chars() {
        match character {
            '{' => {
                inside = true;
                plain.push('{');
            }
            '}' => {
                inside = false;
                plain.push('}');
            }
            _ if inside => {}
            other => plain.push(other),
        }
    }
    plain
}

pub fn operations<'t>(root: &'t Node) -> Vec<Operation<'t>> {
    let paths = root.get("paths").map(Node::entries).unwrap_or_default();
    paths
        .iter()
        .filter(|path| path.name().starts_with('/'))
        .flat_map(|path| {
            let item = resolve(root, &path.value).unwrap_or(&path.value);
            item.entries().iter().filter(|entry| METHODS.contains(&entry.name())).map(
                move |entry| Operation { method: entry.name(), path: path.name(), entry, item },
            )
        })
        .collect()
}

/// The node itself, or what its local `$ref` names. `None` for references to other files and ones
/// that lead nowhere.
pub fn resolve<'t>(root: &'t Node, node: &'t Node) -> Option<&'t Node> {
    let mut current = node;
    for _ in 0..MAX_CHAIN {
        let Some(reference) = current.get("$ref").and_then(Node::as_str) else {
            return Some(current);
        };
        current = pointer(root, reference.strip_prefix('#')?)?;
    }
    None
}

fn pointer<'t>(root: &'t Node, pointer: &str) -> Option<&'t Node> {
    pointer.split('/').skip(1).try_fold(root, |node, part| {
        let part = part.replace("~1", "/").replace("~0", "~");
        let part = part.replace("%7B", "{").replace("%7D", "}");
        match part.parse::<usize>() {
            Ok(index) if node.is_sequence() => node.items().get(index),
            _ => node.get(&part),
        }
    })
}

/// A parameter of an operation, its own or its path's.
pub struct Parameter<'t> {
    pub name: &'t str,
    pub place: &'t str,
    pub required: bool,
    pub node: &'t Node,
}

pub fn parameters<'t>(root: &'t Node, operation: &Operation<'t>) -> Vec<Parameter<'t>> {
    let mut all: Vec<Parameter<'t>> = Vec::new();
    for holder in [&operation.entry.value, operation.item] {
        for node in holder.get("parameters").map(Node::items).unwrap_or_default() {
            let Some(node) = resolve(root, node) else { continue };
            let word = |key| node.get(key).and_then(Node::as_str).unwrap_or("");
            let (name, place) = (word("name"), word("in"));
            if !name.is_empty() && !all.iter().any(|p| p.name == name && p.place == place) {
                let required = node.get("required").and_then(Node::as_bool) == Some(true);
                all.push(Parameter { name, place, required, node });
            }
        }
    }
    all
}

/// The schemas of a parameter, body or response by media type (empty for a plain `schema`).
pub fn contents(node: &Node) -> Vec<(&str, &Entry)> {
    let by_media = node.get("content").map(Node::entries).unwrap_or_default();
    by_media.iter().map(|entry| (entry.name(), entry)).collect()
}

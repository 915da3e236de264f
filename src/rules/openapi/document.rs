//! Recognising descriptions, and what can be said of one file of them by itself.

use crate::domain::change::FileChange;
use crate::domain::diff::Side;
use crate::rules::RuleContext;
use crate::rules::parse::tree::{Node, Tree};
use crate::rules::parse::yaml;

use std::sync::Arc;

/// References followed in a row before giving up.
const MAX_CHAIN: usize = 16;

pub const METHODS: [&str; 8] =
    ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// Whether a file may hold an OpenAPI document on either side.
pub fn may_be_document(file: &FileChange) -> bool {
    matches!(file.path.extension().as_deref(), Some("yaml" | "yml" | "json"))
        && [file.base_text(), file.head_text()]
            .into_iter()
            .flatten()
            .any(|text| text.as_str().contains("openapi") || text.as_str().contains("swagger"))
}

/// Whether a file's content is a whole description: OpenAPI 3 or Swagger 2.
pub fn is_description(node: &Node) -> bool {
    let starts = |key: &str, version: &str| {
        node.get(key).and_then(Node::as_str).is_some_and(|text| text.starts_with(version))
    };
    starts("openapi", "3.") || starts("swagger", "2.")
}

/// One side of a file, read.
pub fn tree(context: &RuleContext<'_>, file: &FileChange, side: Side) -> Option<Arc<Tree>> {
    context.parsed(file, side, yaml::parse)
}

/// The document of a tree, if it is a whole description and complete.
pub fn root(tree: &Tree) -> Option<&Node> {
    if tree.error.is_some() {
        return None;
    }
    let root = tree.documents.first()?;
    is_description(root).then_some(root)
}

/// An operation, by its own file alone.
pub struct Operation<'t> {
    pub method: &'t str,
    pub path: &'t str,
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
            item.entries()
                .iter()
                .filter(|entry| METHODS.contains(&entry.name()))
                .map(move |entry| Operation { method: entry.name(), path: path.name() })
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

//! Recognising descriptions, and what can be said of one file of them by itself.

use crate::domain::change::FileChange;
use crate::domain::diff::Side;
use crate::rules::RuleContext;
use crate::rules::parse::tree::{Node, Tree};
use crate::rules::parse::yaml;

use std::sync::Arc;

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

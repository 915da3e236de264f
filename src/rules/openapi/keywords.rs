//! What single keywords of a schema say.

use super::document::resolve;
use super::schema::Direction;
use crate::domain::diff::LineRange;
use crate::rules::parse::tree::{Entry, Node};

/// A property as `allOf` and the schema itself declare it.
pub(super) struct Property<'t> {
    pub entry: &'t Entry,
    pub required: Option<LineRange>,
}

/// What JSON Schema demands of a value beyond types, limits and properties.
pub(super) const DEMANDS: [&str; 15] = [
    "const",
    "contains",
    "contentEncoding",
    "contentMediaType",
    "contentSchema",
    "dependentRequired",
    "dependentSchemas",
    "else",
    "if",
    "patternProperties",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
    "not",
];

/// Keywords that describe a value without limiting it.
pub(super) fn is_note(key: &str) -> bool {
    matches!(key, "contentEncoding" | "contentMediaType")
}

/// Keywords whose value is no schema that could be relaxed inside.
pub(super) fn is_compared_whole(key: &str) -> bool {
    matches!(key, "const" | "contentEncoding" | "contentMediaType" | "dependentRequired")
}

/// Properties with those of `allOf`, each name once.
pub(super) fn properties_of<'t>(root: &'t Node, schema: &'t Node) -> Vec<Property<'t>> {
    let mut schemas = vec![schema];
    let mut at = 0;
    while let Some(current) = schemas.get(at).copied() {
        at += 1;
        for part in current.get("allOf").map(Node::items).unwrap_or_default() {
            // Bounds both the work and schemas that contain themselves.
            if let Some(part) = resolve(root, part)
                && schemas.len() < 64
            {
                schemas.push(part);
            }
        }
    }
    let required = |name: &str| {
        schemas
            .iter()
            .flat_map(|schema| schema.get("required").map(Node::items).unwrap_or_default())
            .find(|item| item.as_str() == Some(name))
            .map(|item| LineRange::line(item.line()))
    };
    let mut all: Vec<Property<'t>> = Vec::new();
    for schema in &schemas {
        for entry in schema.get("properties").map(Node::entries).unwrap_or_default() {
            if !all.iter().any(|known| known.entry.name() == entry.name()) {
                all.push(Property { entry, required: required(entry.name()) });
            }
        }
    }
    all
}

pub(super) fn types_of(schema: &Node) -> Vec<&str> {
    let Some(node) = schema.get("type") else { return Vec::new() };
    let mut types: Vec<&str> = match node.as_str() {
        Some(one) => vec![one],
        None => node.items().iter().filter_map(Node::as_str).collect(),
    };
    types.retain(|name| *name != "null");
    types.sort_unstable();
    types
}

/// A parameter that may now be given several times still accepts one value.
pub(super) fn becomes_a_list_of(old: &[&str], head: &Node) -> bool {
    let fits = |items: &Node| {
        let types = types_of(items);
        types == old || (types == ["string"] && old.contains(&"string"))
    };
    types_of(head) == ["array"] && head.get("items").is_some_and(fits)
}

pub(super) fn is_nullable(schema: &Node) -> bool {
    schema.get("nullable").and_then(Node::as_bool) == Some(true)
        || schema
            .get("type")
            .is_some_and(|node| node.items().iter().any(|item| item.as_str() == Some("null")))
}

pub(super) fn is_true(root: &Node, schema: &Node, key: &str) -> bool {
    resolve(root, schema).and_then(|s| s.get(key)).and_then(Node::as_bool) == Some(true)
}

/// Whether a change of format only lets more through on the way in, or less on the way out.
pub(super) fn widens(direction: Direction, old: &str, new: &str) -> bool {
    let (inner, outer) = if direction == Direction::Request { (old, new) } else { (new, old) };
    matches!((inner, outer), ("int32", "int64") | ("float", "double"))
}

pub(super) fn word<'t>(node: &'t Node, key: &str) -> &'t str {
    node.get(key).and_then(Node::as_str).unwrap_or("")
}

pub(super) fn shown(types: &[&str]) -> String {
    if types.is_empty() { "any".to_owned() } else { types.join(" or ") }
}

pub(super) fn join(name: &str, key: &str) -> String {
    if name.is_empty() || name == "body" { key.to_owned() } else { format!("{name}.{key}") }
}

pub(super) fn capital(noun: &str) -> &'static str {
    if noun == "request" { "Request" } else { "Response" }
}

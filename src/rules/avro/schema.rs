//! Avro schemas, as far as resolution between two versions needs them.

use std::collections::HashMap;

use crate::rules::parse::tree::Node;

/// A named type of a schema document, or a use of one.
pub struct Document<'a> {
    pub root: &'a Node,
    /// Records, enums and fixed types by the last part of their names.
    names: HashMap<String, &'a Node>,
}

/// One schema, with references followed.
#[derive(Clone, Copy)]
pub enum Schema<'a> {
    Primitive(&'a str),
    Record(&'a Node),
    Enum(&'a Node),
    Fixed(&'a Node),
    Array(&'a Node),
    Map(&'a Node),
    Union(&'a Node),
    /// A name that this document does not define, or something that is no schema.
    Unknown,
}

const PRIMITIVES: [&str; 8] =
    ["null", "boolean", "int", "long", "float", "double", "bytes", "string"];

/// The part of a name behind its namespace.
pub fn short(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

pub fn text<'a>(node: &'a Node, key: &str) -> &'a str {
    node.get(key).and_then(Node::as_str).unwrap_or("")
}

impl<'a> Document<'a> {
    pub fn new(root: &'a Node) -> Self {
        let mut names = HashMap::new();
        collect(root, &mut names);
        Self { root, names }
    }

    /// Whether the document is an Avro schema at all.
    pub fn is_schema(&self) -> bool {
        match self.schema(self.root) {
            Schema::Record(node) => node.get("fields").is_some_and(Node::is_sequence),
            Schema::Enum(node) => node.get("symbols").is_some_and(Node::is_sequence),
            Schema::Union(node) => !node.items().is_empty(),
            Schema::Fixed(_) | Schema::Array(_) | Schema::Map(_) => true,
            Schema::Primitive(_) | Schema::Unknown => false,
        }
    }

    /// What a node describes. A name without namespace is looked up by its last part.
    pub fn schema(&self, node: &'a Node) -> Schema<'a> {
        if node.is_sequence() {
            return Schema::Union(node);
        }
        let name = match node.as_str() {
            Some(name) => name,
            None => match node.get("type") {
                // `{"type": {"type": …}}` means the inner one.
                Some(inner) if inner.as_str().is_none() => return self.nested(inner),
                Some(inner) => match inner.as_str().unwrap_or("") {
                    "record" | "error" => return Schema::Record(node),
                    "enum" => return Schema::Enum(node),
                    "fixed" => return Schema::Fixed(node),
                    "array" => return Schema::Array(node),
                    "map" => return Schema::Map(node),
                    name => name,
                },
                None => return Schema::Unknown,
            },
        };
        if let Some(primitive) = PRIMITIVES.iter().find(|known| **known == name) {
            return Schema::Primitive(primitive);
        }
        match self.names.get(short(name)) {
            Some(found) => match text(found, "type") {
                "enum" => Schema::Enum(found),
                "fixed" => Schema::Fixed(found),
                _ => Schema::Record(found),
            },
            None => Schema::Unknown,
        }
    }

    fn nested(&self, mut node: &'a Node) -> Schema<'a> {
        while let Some(inner) = node.get("type").filter(|inner| inner.as_str().is_none()) {
            node = inner;
        }
        if node.is_sequence() { Schema::Union(node) } else { self.schema(node) }
    }
}

/// Named types below a node, by the last part of their names; of several the first counts.
fn collect<'a>(root: &'a Node, names: &mut HashMap<String, &'a Node>) {
    for node in root.walk() {
        let named = matches!(text(node, "type"), "record" | "error" | "enum" | "fixed");
        if let Some(name) = node.get("name").and_then(Node::as_str).filter(|_| named) {
            names.entry(short(name).to_owned()).or_insert(node);
        }
    }
}

//! Whether data written with one version of a schema can be read with the other, by Avro's rules
//! of schema resolution.

use std::collections::HashSet;

use super::schema::{Document, Schema, short, text};
use crate::rules::parse::tree::Node;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A field of the reader that the writer does not write, without a default.
    FieldMissing,
    /// A symbol of the writer that the reader does not know.
    SymbolMissing,
    /// A type that the reader cannot take.
    TypeChanged,
}

/// Why something cannot be read.
#[derive(Debug, Clone)]
pub struct Problem<'a> {
    pub kind: Kind,
    /// Names of records and fields on the way there.
    pub path: String,
    /// What the reader or writer has: the field, the symbol, or the type.
    pub name: String,
    /// Where it stands in the writer's and in the reader's schema.
    pub writer: &'a Node,
    pub reader: &'a Node,
}

/// Most problems that are listed.
const MAX_PROBLEMS: usize = 100;

/// Deepest nesting of unions inside of unions and the like that is looked into.
const MAX_DEPTH: usize = 64;

pub fn problems<'a>(writer: &'a Document<'a>, reader: &'a Document<'a>) -> Vec<Problem<'a>> {
    let mut walk = Walk { writer, reader, found: Vec::new(), seen: HashSet::new() };
    walk.schemas(writer.root, reader.root, "", 0);
    walk.found
}

struct Walk<'a> {
    writer: &'a Document<'a>,
    reader: &'a Document<'a>,
    found: Vec<Problem<'a>>,
    /// Pairs of records that were compared, by the places of their nodes.
    seen: HashSet<(usize, usize)>,
}

impl<'a> Walk<'a> {
    fn add(&mut self, kind: Kind, path: &str, name: &str, nodes: (&'a Node, &'a Node)) {
        if self.found.len() < MAX_PROBLEMS {
            let (writer, reader) = nodes;
            let (path, name) = (path.to_owned(), name.to_owned());
            self.found.push(Problem { kind, path, name, writer, reader });
        }
    }

    fn schemas(&mut self, writer: &'a Node, reader: &'a Node, path: &str, depth: usize) {
        if depth > MAX_DEPTH {
            return;
        }
        let nodes = (writer, reader);
        match (self.writer.schema(writer), self.reader.schema(reader)) {
            (Schema::Unknown, _) | (_, Schema::Unknown) => {}
            (Schema::Union(branches), _) => {
                for (index, branch) in branches.items().iter().enumerate() {
                    self.branch(branch, index, reader, path, depth);
                }
            }
            (_, Schema::Union(_)) => self.branch(writer, 0, reader, path, depth),
            (Schema::Record(old), Schema::Record(new)) if same_name(old, new) => {
                self.records(old, new, path, depth);
            }
            (Schema::Enum(old), Schema::Enum(new)) if same_name(old, new) => {
                self.symbols(old, new, path);
            }
            (Schema::Fixed(old), Schema::Fixed(new)) if same_name(old, new) => {
                if text(old, "size") != text(new, "size") {
                    self.add(Kind::TypeChanged, path, "fixed of another size", nodes);
                }
            }
            (Schema::Array(old), Schema::Array(new)) => {
                self.inside(old, new, "items", path, depth);
            }
            (Schema::Map(old), Schema::Map(new)) => self.inside(old, new, "values", path, depth),
            (old, new) => {
                if !is_promotion(old, new) {
                    let name = format!("{} instead of {}", describe(new), describe(old));
                    self.add(Kind::TypeChanged, path, &name, nodes);
                }
            }
        }
    }

    fn inside(&mut self, old: &'a Node, new: &'a Node, key: &str, path: &str, depth: usize) {
        if let (Some(old), Some(new)) = (old.get(key), new.get(key)) {
            self.schemas(old, new, path, depth + 1);
        }
    }

    /// One possible type of the writer, the one at `index`, against a reader that may be a union.
    fn branch(
        &mut self,
        writer: &'a Node,
        index: usize,
        reader: &'a Node,
        path: &str,
        depth: usize,
    ) {
        let Schema::Union(choices) = self.reader.schema(reader) else {
            self.schemas(writer, reader, path, depth + 1);
            return;
        };
        let old = self.writer.schema(writer);
        // A union right inside of a union is no Avro.
        let unclear = |schema: Schema<'_>| matches!(schema, Schema::Unknown | Schema::Union(_));
        if unclear(old) {
            return;
        }
        let mut choices = choices.items().iter().map(|node| (node, self.reader.schema(node)));
        let alike = |(_, new): &(&Node, Schema<'_>)| is_alike(old, *new);
        let same_place = choices.clone().nth(index).filter(alike);
        let exact = same_place.or_else(|| choices.clone().find(alike));
        let fits = exact.or_else(|| choices.clone().find(|(_, new)| is_promotion(old, *new)));
        match fits {
            Some((node, _)) => self.schemas(writer, node, path, depth + 1),
            None if choices.any(|(_, new)| unclear(new)) => {}
            None => {
                let name = format!("no {} any more", describe(old));
                self.add(Kind::TypeChanged, path, &name, (writer, reader));
            }
        }
    }

    fn records(&mut self, old: &'a Node, new: &'a Node, path: &str, depth: usize) {
        if !self.seen.insert((old.bytes.start, new.bytes.start)) {
            return;
        }
        let path = match (path, text(new, "name")) {
            ("", name) => short(name).to_owned(),
            (path, _) => path.to_owned(),
        };
        let fields = |record: &'a Node| record.get("fields").map(Node::items).unwrap_or_default();
        let written: std::collections::HashMap<&str, &Node> =
            fields(old).iter().map(|field| (text(field, "name"), field)).collect();
        for field in fields(new) {
            let name = text(field, "name");
            let aliases = field.get("aliases").map(Node::items).unwrap_or_default();
            let mut names = std::iter::once(name).chain(aliases.iter().filter_map(Node::as_str));
            let inner = format!("{path}.{name}");
            match names.find_map(|name| written.get(name)) {
                Some(before) => {
                    if let (Some(old), Some(new)) = (before.get("type"), field.get("type")) {
                        self.schemas(old, new, &inner, depth + 1);
                    }
                }
                None if field.get("default").is_none() => {
                    self.add(Kind::FieldMissing, &inner, name, (old, field));
                }
                None => {}
            }
        }
    }

    fn symbols(&mut self, old: &'a Node, new: &'a Node, path: &str) {
        if new.get("default").is_some() {
            return;
        }
        let symbols = |node: &'a Node| node.get("symbols").map(Node::items).unwrap_or_default();
        let known: HashSet<&str> = symbols(new).iter().filter_map(Node::as_str).collect();
        let path = if path.is_empty() { short(text(new, "name")) } else { path };
        for symbol in symbols(old) {
            if let Some(name) = symbol.as_str().filter(|name| !known.contains(name)) {
                self.add(Kind::SymbolMissing, path, name, (symbol, new));
            }
        }
    }
}

/// By the last part of the names, or by an alias of the reader.
fn same_name(old: &Node, new: &Node) -> bool {
    let before = short(text(old, "name"));
    let aliases = new.get("aliases").map(Node::items).unwrap_or_default();
    short(text(new, "name")) == before
        || aliases.iter().filter_map(Node::as_str).any(|alias| short(alias) == before)
}

fn is_alike(old: Schema<'_>, new: Schema<'_>) -> bool {
    match (old, new) {
        (Schema::Primitive(old), Schema::Primitive(new)) => old == new,
        (Schema::Record(old), Schema::Record(new))
        | (Schema::Enum(old), Schema::Enum(new))
        | (Schema::Fixed(old), Schema::Fixed(new)) => same_name(old, new),
        (Schema::Array(_), Schema::Array(_)) | (Schema::Map(_), Schema::Map(_)) => true,
        _ => false,
    }
}

/// Whether a reader takes the writer's primitive type for its own.
fn is_promotion(old: Schema<'_>, new: Schema<'_>) -> bool {
    let (Schema::Primitive(old), Schema::Primitive(new)) = (old, new) else { return false };
    old == new
        || matches!(
            (old, new),
            ("int", "long" | "float" | "double")
                | ("long", "float" | "double")
                | ("float", "double")
                | ("string", "bytes")
                | ("bytes", "string")
        )
}

fn describe(schema: Schema<'_>) -> String {
    let named = |what: &str, node: &Node| format!("{what} `{}`", short(text(node, "name")));
    match schema {
        Schema::Primitive(name) => format!("`{name}`"),
        Schema::Record(node) => named("record", node),
        Schema::Enum(node) => named("enum", node),
        Schema::Fixed(node) => named("fixed", node),
        Schema::Array(_) => "an array".to_owned(),
        Schema::Map(_) => "a map".to_owned(),
        Schema::Union(_) => "a union".to_owned(),
        Schema::Unknown => "another type".to_owned(),
    }
}

//! Numbers that are equal for schemas that accept the same values, as far as their text shows it.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::rules::parse::tree::{MAX_DEPTH, Node, Value};

/// Keywords that say nothing about which values are accepted.
const ANNOTATIONS: [&str; 12] = [
    "title",
    "description",
    "example",
    "examples",
    "default",
    "externalDocs",
    "$comment",
    "deprecated",
    "xml",
    "$id",
    "$anchor",
    "discriminator",
];

/// Computes each node's number once.
#[derive(Default)]
pub struct Fingerprints {
    known: HashMap<usize, u64>,
}

impl Fingerprints {
    /// Of a schema. References count by their text. Objects whose keys come in another order have
    /// the same number, as have lists of alternatives.
    pub fn of(&mut self, schema: &Node) -> u64 {
        self.node(schema, true, 0)
    }

    fn node(&mut self, node: &Node, is_schema: bool, depth: usize) -> u64 {
        if depth > MAX_DEPTH {
            return 0;
        }
        let identity = (std::ptr::from_ref(node) as usize) ^ usize::from(is_schema);
        if let Some(known) = self.known.get(&identity) {
            return *known;
        }
        let mut hasher = DefaultHasher::new();
        match &node.value {
            Value::Scalar(scalar) => scalar.text.hash(&mut hasher),
            Value::Sequence(items) => {
                items.len().hash(&mut hasher);
                for item in items {
                    self.node(item, is_schema, depth + 1).hash(&mut hasher);
                }
            }
            Value::Mapping(entries) => {
                let mut sum = 0u64;
                for entry in entries {
                    let name = entry.name();
                    if is_schema && (ANNOTATIONS.contains(&name) || name.starts_with("x-")) {
                        continue;
                    }
                    let inside = self.value(name, &entry.value, is_schema, depth);
                    let mut one = DefaultHasher::new();
                    (name, inside).hash(&mut one);
                    sum = sum.wrapping_add(one.finish());
                }
                sum.hash(&mut hasher);
            }
        }
        let made = hasher.finish();
        self.known.insert(identity, made);
        made
    }

    /// The value of a keyword. Names of properties are not keywords, even if they look like one.
    fn value(&mut self, key: &str, value: &Node, is_schema: bool, depth: usize) -> u64 {
        let by_name = ["properties", "patternProperties", "dependentSchemas", "$defs"];
        if is_schema && by_name.contains(&key) && value.is_mapping() {
            return value.entries().iter().fold(1u64, |sum, entry| {
                let inside = self.node(&entry.value, true, depth + 2);
                let mut one = DefaultHasher::new();
                (entry.name(), inside).hash(&mut one);
                sum.wrapping_add(one.finish())
            });
        }
        if is_schema && ["required", "enum", "type"].contains(&key) && value.is_sequence() {
            return value
                .items()
                .iter()
                .fold(2u64, |sum, item| sum.wrapping_add(self.node(item, false, depth + 1)));
        }
        let holds_schema = !matches!(key, "const" | "enum" | "required" | "dependentRequired");
        self.node(value, is_schema && holds_schema, depth + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::parse::yaml;

    fn print(text: &str) -> u64 {
        Fingerprints::default().of(&yaml::parse(text).documents[0])
    }

    #[test]
    fn notes_and_order_do_not_count_and_constraints_do() {
        let plain =
            print("{type: object, properties: {a: {type: string}, title: {type: integer}}}");
        let noted = print(
            "{title: T, x-y: 1, properties: {title: {description: d, type: integer}, a: {type: string}}, type: object}",
        );
        assert_eq!(plain, noted);
        let fewer = print("{type: object, properties: {a: {type: string}}}");
        assert_ne!(plain, fewer);
        assert_ne!(print("{enum: [a]}"), print("{enum: [b]}"));
        assert_eq!(print("{title: only}"), print("{}"));
        assert_ne!(print("{const: {title: a}}"), print("{const: {title: b}}"));
    }
}

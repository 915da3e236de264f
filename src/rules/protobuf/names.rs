//! Resolving the names of messages and enums, as protobuf does: from the innermost scope outwards.

use std::collections::HashMap;

use super::syntax::{File, Message};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entity {
    Message,
    Enum,
}

/// Every message and enum of one side, by full name.
#[derive(Debug, Default)]
pub struct Names(HashMap<String, Entity>);

/// Enums among the well-known types; the others are messages.
const WELL_KNOWN_ENUMS: [&str; 6] = [
    "google.protobuf.NullValue",
    "google.protobuf.Syntax",
    "google.protobuf.Field.Kind",
    "google.protobuf.Field.Cardinality",
    "google.protobuf.Edition",
    "google.protobuf.FieldDescriptorProto.Type",
];

pub fn join(scope: &str, name: &str) -> String {
    if scope.is_empty() { name.to_owned() } else { format!("{scope}.{name}") }
}

impl Names {
    pub fn add(&mut self, file: &File) {
        for message in &file.messages {
            self.add_message(&file.package, message);
        }
        for entry in &file.enums {
            self.0.insert(join(&file.package, &entry.name), Entity::Enum);
        }
    }

    fn add_message(&mut self, scope: &str, message: &Message) {
        let full = join(scope, &message.name);
        for inner in &message.messages {
            self.add_message(&full, inner);
        }
        for entry in &message.enums {
            self.0.insert(join(&full, &entry.name), Entity::Enum);
        }
        self.0.insert(full, Entity::Message);
    }

    /// The full name, and what it is; for a name that no file defines, the name as written.
    pub fn resolve(&self, scope: &str, name: &str) -> (String, Option<Entity>) {
        if let Some(absolute) = name.strip_prefix('.') {
            return (absolute.to_owned(), self.entity(absolute));
        }
        let mut scope = scope;
        loop {
            let full = join(scope, name);
            if let Some(entity) = self.entity(&full) {
                return (full, Some(entity));
            }
            if scope.is_empty() {
                return (name.to_owned(), None);
            }
            scope = scope.rsplit_once('.').map_or("", |(outer, _)| outer);
        }
    }

    fn entity(&self, full: &str) -> Option<Entity> {
        if let Some(entity) = self.0.get(full) {
            return Some(*entity);
        }
        if WELL_KNOWN_ENUMS.contains(&full) {
            return Some(Entity::Enum);
        }
        full.starts_with("google.protobuf.").then_some(Entity::Message)
    }
}

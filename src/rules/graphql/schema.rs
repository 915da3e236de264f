//! One schema from its documents, with extensions joined to what they extend.

use std::collections::BTreeMap;

use super::syntax::{
    At, DirectiveDefinition, Document, EnumValue, Field, Input, Kind, Named, TypeDefinition, Usage,
};

/// The operations that a schema starts from.
pub const OPERATIONS: [&str; 3] = ["query", "mutation", "subscription"];

#[derive(Debug, Default)]
pub struct Schema {
    pub types: BTreeMap<String, TypeEntry>,
    pub directives: BTreeMap<String, DirectiveDefinition>,
    /// The type of each operation, as the schema says or by its usual name.
    pub roots: BTreeMap<&'static str, Named>,
    /// Directives of the schema itself.
    pub usages: Vec<Usage>,
    /// A name that two definitions claim: these documents are not one schema.
    pub clash: Option<String>,
}

#[derive(Debug)]
pub struct TypeEntry {
    pub kind: Kind,
    pub at: At,
    /// Whether a definition is there, not only extensions of one that is elsewhere.
    pub defined: bool,
    pub directives: Vec<Usage>,
    pub interfaces: Vec<Named>,
    pub fields: Vec<Field>,
    pub inputs: Vec<Input>,
    pub values: Vec<EnumValue>,
    pub members: Vec<Named>,
}

impl Schema {
    /// Joins documents; their order does not matter.
    pub fn join<'a>(documents: impl Iterator<Item = &'a Document> + Clone) -> Self {
        let mut schema = Self::default();
        let types = || documents.clone().flat_map(|document| &document.types);
        for definition in types().filter(|definition| !definition.extends) {
            schema.add(definition);
        }
        for extension in types().filter(|definition| definition.extends) {
            schema.add(extension);
        }
        let mut explicit = false;
        for document in documents {
            for directive in &document.directives {
                let name = directive.name.clone();
                if schema.directives.insert(name.clone(), directive.clone()).is_some() {
                    schema.clash = Some(name);
                }
            }
            for definition in &document.schemas {
                schema.usages.extend(definition.directives.iter().cloned());
                for (operation, root) in &definition.roots {
                    explicit = true;
                    if let Some(known) = OPERATIONS.iter().find(|known| *known == operation) {
                        schema.roots.insert(known, root.clone());
                    }
                }
            }
        }
        if !explicit {
            schema.usual_roots();
        }
        schema
    }

    fn usual_roots(&mut self) {
        for (operation, name) in OPERATIONS.iter().zip(["Query", "Mutation", "Subscription"]) {
            let root = |entry: &&TypeEntry| entry.defined && entry.kind == Kind::Object;
            if let Some(entry) = self.types.get(name).filter(root) {
                self.roots.insert(operation, Named { name: name.to_owned(), at: entry.at });
            }
        }
    }

    fn add(&mut self, definition: &TypeDefinition) {
        let defined = !definition.extends;
        let entry = self.types.entry(definition.name.clone()).or_insert_with(|| TypeEntry {
            kind: definition.kind,
            at: definition.at,
            defined: false,
            directives: Vec::new(),
            interfaces: Vec::new(),
            fields: Vec::new(),
            inputs: Vec::new(),
            values: Vec::new(),
            members: Vec::new(),
        });
        if entry.defined && defined || entry.kind != definition.kind {
            self.clash = Some(definition.name.clone());
            return;
        }
        entry.defined |= defined;
        entry.directives.extend(definition.directives.iter().cloned());
        entry.interfaces.extend(definition.interfaces.iter().cloned());
        entry.fields.extend(definition.fields.iter().cloned());
        entry.inputs.extend(definition.inputs.iter().cloned());
        entry.values.extend(definition.values.iter().cloned());
        entry.members.extend(definition.members.iter().cloned());
    }
}

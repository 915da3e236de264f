//! Security requirements that name a scheme which the description does not define.

use std::collections::HashSet;

use super::{Habit, Missed, Now};
use crate::domain::diff::LineRange;
use crate::rules::openapi::model::{Description, Operation};
use crate::rules::openapi::resolve::At;
use crate::rules::parse::tree::{Entry, Node};

pub struct Schemes<'t> {
    /// Empty where the description defines none: then they are defined elsewhere.
    defined: Vec<&'t str>,
    /// Names that were in use before, defined or not.
    used: HashSet<&'t str>,
}

impl<'t> Schemes<'t> {
    pub fn of(before: &[Operation<'t>], head: &Description<'t>) -> Self {
        let root = head.root.node;
        let places: [&[&str]; 2] = [&["components", "securitySchemes"], &["securityDefinitions"]];
        let holders = places.iter().filter_map(|path| root.path(path));
        let defined = holders.flat_map(Node::entries).map(Entry::name).collect();
        let used = before.iter().flat_map(|one| required(one.at)).map(|(name, _)| name).collect();
        Self { defined, used }
    }

    /// What an operation asks for now, did not before, and nobody defines.
    pub fn missed(&self, one: &Now<'t>) -> Option<Missed> {
        if self.defined.is_empty() || self.defined.contains(&"$ref") {
            return None;
        }
        let lost = |name: &str| !self.defined.contains(&name) && !self.used.contains(name);
        let (name, lines) = required(one.operation.at)
            .into_iter()
            // A reference to a document with schemes, as OpenAPI 3.2 allows.
            .filter(|(name, _)| !name.is_empty() && !name.contains(['/', '#']))
            .find(|(name, _)| lost(name))?;
        let known: Vec<String> = self
            .defined
            .iter()
            .take(3)
            .map(|name| format!("`{}`", super::words::code(name)))
            .collect();
        Some(Missed {
            habit: Habit::KnownScheme,
            place: Some((one.operation.at.file, lines)),
            others: format!(
                "`{}` is not among the security schemes of the description ({})",
                super::words::code(name),
                known.join(", ")
            ),
        })
    }
}

/// The schemes that an operation names, with their lines.
fn required<'t>(at: At<'t>) -> Vec<(&'t str, LineRange)> {
    let list = at.get("security").map(|at| at.node.items()).unwrap_or_default();
    let entries = list.iter().flat_map(Node::entries);
    entries.map(|entry| (entry.name(), LineRange::line(entry.key.line()))).collect()
}

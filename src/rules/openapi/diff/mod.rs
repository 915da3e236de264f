//! What two versions of a description say differently, by operation.
//!
//! First everything that stands for the same thing is paired, schemas once each; then each
//! operation is walked and what changed is reported as it matters there: a wider type harms the
//! reader of a response and not the sender of a request.

mod bounds;
mod collect;
mod fields;
mod fingerprint;
mod general;
mod keywords;
mod lifecycle;
mod matched;
mod operation;
mod pairs;
mod schema;
mod shape;
mod site;
mod subschemas;
mod types;

pub use collect::Difference;

use self::collect::Collector;
use self::operation::Compared;
use self::pairs::Pairs;
use super::model::{Description, Operation};
use crate::domain::diff::Side;
use crate::domain::path::RepoPath;

/// What was found, and how much was looked at.
#[derive(Debug, Default)]
pub struct Comparison {
    pub differences: Vec<Difference>,
    /// Nodes and pairs looked at: a measure of the work.
    #[cfg_attr(not(test), expect(dead_code))]
    pub visited: usize,
}

/// Compares two versions of a description.
pub fn compare<'t>(base: &Description<'t>, head: &Description<'t>) -> Comparison {
    let size = base.root.node.walk().count() + head.root.node.walk().count();
    let mut pairs = Pairs::new(&base.documents, &head.documents, size);
    let (paths, added) = matched::paths(base, head);
    let mut both = Vec::new();
    let mut out = Collector::new(files(base), files(head));
    for path in paths.iter().chain(&matched::webhooks(base, head)) {
        let before = base.operations(path.base);
        let after = path.head.map(|path| head.operations(path)).unwrap_or_default();
        for one in &before {
            match after.iter().find(|other| other.method == one.method) {
                Some(other) => {
                    both.push(matched::operation((base, head), *one, *other, &mut pairs));
                }
                None => {
                    name(&mut out, one);
                    lifecycle::removed(one, path.head.is_none(), &mut out);
                }
            }
        }
        for one in after.iter().filter(|one| !before.iter().any(|b| b.method == one.method)) {
            new_operation(one, &mut out);
        }
    }
    for path in added {
        head.operations(path).iter().for_each(|one| new_operation(one, &mut out));
    }
    pairs.finish();
    let compared = Compared { base, head, pairs: &pairs };
    for one in &both {
        name(&mut out, &one.base);
        out.operation_at = Some((Side::Head, one.head.at.file, one.head.line));
        compared.operation(one, &mut out);
    }
    (out.method, out.path, out.operation_at) = Default::default();
    general::description(base, head, &mut out);
    general::version(base, head, &mut out);
    Comparison { visited: out.visited + pairs.visited, differences: out.found }
}

fn files(description: &Description<'_>) -> Vec<RepoPath> {
    (0..).map_while(|file| description.documents.path(file).cloned()).collect()
}

fn name(out: &mut Collector, operation: &Operation<'_>) {
    out.method = operation.method.to_ascii_uppercase();
    out.path = operation.place();
}

fn new_operation(operation: &Operation<'_>, out: &mut Collector) {
    name(out, operation);
    let title = format!("`{}` is new", site::code(&operation.name()));
    out.add("endpoint-added", (Side::Head, operation.at.file, operation.line), title);
}

#[cfg(test)]
mod tests;

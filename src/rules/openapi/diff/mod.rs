//! What two versions of a description say differently, by operation.
//!
//! First everything that stands for the same thing is paired, schemas once each; then each
//! operation is walked and what changed is reported as it matters there: a wider type harms the
//! reader of a response and not the sender of a request.

mod bounds;
mod calls;
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
mod style;
mod subschemas;
mod types;

pub use collect::Difference;
pub use keywords::equal;

use self::collect::Collector;
use self::operation::Compared;
use self::pairs::Pairs;
pub use self::site::Direction;
use self::site::Scope;
use super::catalogue::is_own;
use super::model::{Description, Operation};
use super::resolve::{At, Documents};
use crate::domain::diff::Side;
use crate::domain::path::RepoPath;

/// What was found, and how much was looked at.
#[derive(Debug, Default)]
pub struct Comparison {
    pub differences: Vec<Difference>,
    /// What oasdiff does not look at: bodies of webhooks and callbacks, styles of parameters,
    /// limits that it has no name for.
    pub further: Vec<Difference>,
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
    out.ends_announced = lifecycle::ends_announced(base);
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
    let (mut calls, mut calls_gone) = (Vec::new(), Vec::new());
    for one in &both {
        let (found, gone) = calls::of((base, head), (&one.base, &one.head), &mut pairs);
        calls.extend(found);
        calls_gone.extend(gone);
    }
    pairs.finish();
    let mut further = Collector::new(files(base), files(head));
    calls::report((base, head), &pairs, &calls, &calls_gone, &mut further);
    let compared = Compared { base, head, pairs: &pairs };
    for one in &both {
        name(&mut further, &one.base);
        further.operation_at = Some((Side::Head, one.head.at.file, one.head.line));
        for (before, after, _) in &one.parameters.both {
            let owner = operation::owner(after);
            style::check((base, head), before, after, &owner, &mut further);
        }
        name(&mut out, &one.base);
        out.operation_at = Some((Side::Head, one.head.at.file, one.head.line));
        compared.operation(one, &mut out);
    }
    (out.method, out.path, out.operation_at) = Default::default();
    general::description(base, head, &mut out);
    general::version(base, head, &mut out);
    let visited = out.visited + further.visited + pairs.visited;
    let (own, differences): (Vec<_>, Vec<_>) =
        out.found.into_iter().partition(|one| is_own(&one.id));
    // What a webhook sends is judged as what clients receive, in `further`.
    further.found.extend(own.into_iter().filter(|one| !one.path.starts_with("webhook:")));
    Comparison { visited, differences, further: further.found }
}

/// A schema of a contract that is no OpenAPI description, and which way its values travel.
pub struct Used<'t> {
    pub base: At<'t>,
    pub head: At<'t>,
    pub direction: Direction,
    /// How a value as a whole is called: "The document".
    pub owner: String,
    /// What it belongs to, for [`Difference::path`].
    pub place: String,
}

/// Compares single schemas, which may refer to each other.
pub fn schemas<'t>(
    base: &Documents<'t>,
    head: &Documents<'t>,
    used: &[Used<'t>],
) -> Vec<Difference> {
    let size = |documents: &Documents<'t>| documents.root().map_or(0, |at| at.node.walk().count());
    let mut pairs = Pairs::new(base, head, size(base) + size(head));
    let ids: Vec<_> = used.iter().map(|one| pairs.intern(one.base, one.head)).collect();
    pairs.finish();
    let paths =
        |documents: &Documents<'t>| (0..).map_while(|file| documents.path(file).cloned()).collect();
    let mut out = Collector::new(paths(base), paths(head));
    for (one, id) in used.iter().zip(ids) {
        let Some(id) = id else { continue };
        out.path.clone_from(&one.place);
        let place = schema::Use {
            direction: one.direction,
            scope: Scope::Body,
            owner: &one.owner,
            strong: true,
            in_header: false,
        };
        schema::check(&pairs, (base, head), id, place, &mut out);
    }
    out.call_fields(0);
    out.found.retain(|one| !one.moot);
    out.found
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

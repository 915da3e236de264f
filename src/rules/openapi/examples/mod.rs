//! Examples and the schemas that they stand beside.

mod fit;
#[cfg(test)]
mod tests;
mod walk;

use std::collections::{HashMap, HashSet};

use self::fit::{Fit, Way};
use self::walk::Example;
use super::model::Description;
use crate::domain::diff::LineRange;
use crate::domain::path::RepoPath;

/// An example that its schema refuses, at head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    pub file: RepoPath,
    /// The value that does not fit.
    pub lines: LineRange,
    /// The whole example.
    pub example: LineRange,
    /// The same example stood there before and fitted.
    pub fitted: bool,
    /// `` `price` is text, not a number ``
    pub words: String,
    /// Where the example stands, as a pointer.
    pub place: String,
}

/// The examples of a description that do not fit, except those that did not before either.
pub fn misfits<'t>(base: Option<&Description<'t>>, head: &Description<'t>) -> Vec<Misfit> {
    let found: Vec<(Example<'t>, fit::Problem<'t>)> = refused(head).collect();
    if found.is_empty() {
        return Vec::new();
    }
    let known: HashMap<String, Option<String>> = base.map(judged).unwrap_or_default();
    let mut seen = HashSet::new();
    found
        .into_iter()
        .filter(|(example, problem)| {
            known.get(&example.place).is_none_or(|before| before.as_ref() != Some(&problem.words))
        })
        .filter(|(example, _)| seen.insert(example.value.identity()))
        .filter_map(|(example, problem)| {
            Some(Misfit {
                file: head.documents.path(example.value.file)?.clone(),
                lines: problem.lines,
                example: example.value.node.lines,
                fitted: known.get(&example.place).is_some_and(Option::is_none),
                words: problem.words,
                place: example.place,
            })
        })
        .collect()
}

fn refused<'d, 't>(
    description: &'d Description<'t>,
) -> impl Iterator<Item = (Example<'t>, fit::Problem<'t>)> + 'd {
    walk::examples(description)
        .into_iter()
        .filter_map(|example| judge(description, &example).map(|problem| (example, problem)))
}

/// Every example by its place, with what is wrong with it.
fn judged(description: &Description<'_>) -> HashMap<String, Option<String>> {
    walk::examples(description)
        .into_iter()
        .map(|example| {
            let words = judge(description, &example).map(|problem| problem.words);
            (example.place, words)
        })
        .collect()
}

fn judge<'t>(description: &Description<'t>, example: &Example<'t>) -> Option<fit::Problem<'t>> {
    let value = example.value.node;
    let text = value.as_str().unwrap_or("").trim_start();
    // A place without an example, and one that is written as it is sent.
    let serialised = value.as_str().is_some()
        && (text.starts_with(['{', '[', '<'])
            || example.way == Way::Parameter && is_compound(description, example));
    if value.is_null() || serialised {
        return None;
    }
    Fit::new(&description.documents, example.way).problem(example.schema, value)
}

/// Whether a parameter's schema is no scalar: how it is written as text is a matter of its style.
fn is_compound<'t>(description: &Description<'t>, example: &Example<'t>) -> bool {
    let schema = description.value(example.schema);
    let scalar = ["string", "integer", "number", "boolean"].into_iter().any(|name| {
        let named = schema.get("type");
        named.is_some_and(|at| {
            at.node.as_str() == Some(name)
                || at.node.items().iter().any(|n| n.as_str() == Some(name))
        })
    });
    !scalar
}

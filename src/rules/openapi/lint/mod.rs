//! What a change adds to a description without keeping its ways: said only where the old
//! description shows a habit, or where the policy names it.

mod errors;
mod idempotency;
mod pagination;
mod schemes;
mod security;
pub(super) mod words;

use std::collections::HashMap;

use super::model::{Description, Operation, path_key};
use crate::config::policy::ErrorShape;
use crate::domain::diff::LineRange;
use crate::domain::path::RepoPath;

/// Operations that must show a habit before a new one is measured by it.
const HABIT: usize = 2;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Habit {
    Security,
    KnownScheme,
    Pagination,
    Idempotency,
    ErrorShape,
}

/// Something that the change adds and that does not keep a habit, at head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lapse {
    pub habit: Habit,
    pub operation: String,
    pub file: RepoPath,
    pub lines: LineRange,
    /// What the others have, in words that the rule's text takes up.
    pub others: String,
}

/// What one family says about one operation.
struct Missed {
    habit: Habit,
    /// Where it shows; the operation itself without one.
    place: Option<(usize, LineRange)>,
    others: String,
}

/// An operation at head, and the same one before if it was there.
struct Now<'t> {
    operation: Operation<'t>,
    before: Option<Operation<'t>>,
}

/// Measures what the change adds by what was there. Without an old description there is no habit,
/// only what the policy asks for.
pub fn lapses<'t>(
    base: Option<&Description<'t>>,
    head: &Description<'t>,
    wanted: ErrorShape,
) -> Vec<Lapse> {
    let old: Vec<Operation<'t>> = base.map(operations).unwrap_or_default();
    let new: Vec<Now<'t>> = {
        let known: HashMap<(String, &str), Operation<'t>> =
            old.iter().map(|one| ((path_key(one.path.name), one.method), *one)).collect();
        let before = |one: &Operation<'t>| known.get(&(path_key(one.path.name), one.method));
        operations(head)
            .into_iter()
            .map(|operation| Now { operation, before: before(&operation).copied() })
            .collect()
    };
    let profile = errors::Profile::of(base.map(|base| (base, old.as_slice())), wanted);
    let security = base.and_then(|base| security::Declared::of(base, &old));
    let pages = base.and_then(|base| pagination::Pages::of(base, &old));
    let keys = base.and_then(|base| idempotency::Keys::of(base, &old));
    let schemes = schemes::Schemes::of(&old, head);
    let bodies = profile.as_ref().map(|_| errors::success_schemas(head, &new));
    let mut found = Vec::new();
    for one in &new {
        let added = one.before.is_none();
        let missed = [
            security.as_ref().filter(|_| added).and_then(|habit| habit.missed(head, one)),
            schemes.missed(one),
            pages.as_ref().filter(|_| added).and_then(|habit| habit.missed(head, one)),
            keys.as_ref().filter(|_| added).and_then(|habit| habit.missed(head, one)),
            profile
                .as_ref()
                .zip(bodies.as_ref())
                .and_then(|(profile, bodies)| profile.missed(base, head, one, bodies)),
        ];
        for missed in missed.into_iter().flatten() {
            let (file, lines) = missed.place.unwrap_or((one.operation.at.file, one.operation.line));
            let Some(file) = head.documents.path(file) else { continue };
            found.push(Lapse {
                habit: missed.habit,
                operation: one.operation.name(),
                file: file.clone(),
                lines,
                others: missed.others,
            });
        }
    }
    found
}

fn operations<'t>(description: &Description<'t>) -> Vec<Operation<'t>> {
    description.paths().into_iter().flat_map(|path| description.operations(path)).collect()
}

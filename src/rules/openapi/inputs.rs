//! Which descriptions a change touches, over all the files they are spread over.

use std::sync::Arc;

use super::diff::{self, Comparison};
use super::document::{is_description, may_be_document};
use super::examples::{self, Misfit};
use super::lint::{self, Lapse};
use super::model::Description;
use super::table;
use crate::config::policy::ErrorShape;
use crate::domain::change::{Change, FileChange};
use crate::domain::diff::Side;
use crate::domain::path::RepoPath;
use crate::domain::report::Endpoint;
use crate::ports::source::Need;
use crate::rules::RuleContext;
use crate::rules::spread::{self, Files, Spread, is_readable, refers_to_files, texts};

/// What became of the descriptions that a change touches.
#[derive(Default)]
pub struct Reviewed {
    pub descriptions: Vec<ReviewedDescription>,
}

pub struct ReviewedDescription {
    pub comparison: Comparison,
    pub endpoints: Vec<Endpoint>,
    pub lapses: Vec<Lapse>,
    pub misfits: Vec<Misfit>,
}

/// Whether a changed file may be a description, or a part of one.
pub fn applies(change: &Change) -> bool {
    change.files.iter().any(|file| may_be_document(file) || may_be_part(file))
}

/// A file of schemas or operations that a description refers to.
fn may_be_part(file: &FileChange) -> bool {
    const FOLDERS: [&str; 9] = [
        "api",
        "openapi",
        "swagger",
        "schemas",
        "components",
        "paths",
        "spec",
        "specs",
        "contracts",
    ];
    let in_place = FOLDERS.iter().any(|folder| file.path.has_directory(folder));
    is_readable(&file.path)
        && texts(file).any(|text| {
            text.contains("$ref")
                || (in_place && (text.contains("type") || text.contains("schema")))
        })
}

/// The neighbours of changed descriptions that are spread over files.
pub fn needs(change: &Change) -> Vec<Need> {
    let need = spread::need(change, |file| {
        let spread = may_be_document(file) && texts(file).any(refers_to_files);
        spread || (!may_be_document(file) && may_be_part(file))
    });
    need.into_iter().collect()
}

/// Compares the descriptions of a change; done once for all rules.
pub fn review(context: &RuleContext<'_>) -> Arc<Reviewed> {
    context.shared(|| make(context)).unwrap_or_default()
}

fn make(context: &RuleContext<'_>) -> Reviewed {
    let needs = needs(context.change);
    let mut base = Files::new(context, Side::Base, &needs);
    let mut head = Files::new(context, Side::Head, &needs);
    let whole = |_: &RepoPath, text: &str| text.contains("openapi") || text.contains("swagger");
    let mut descriptions = Vec::new();
    for (before, after) in spread::roots(context, &base, may_be_document, whole) {
        let wanted = context.policy.openapi.error_shape;
        let Some(new) = head.load(&after, is_description) else { continue };
        let Some(old) = base.load(&before, is_description) else {
            let added = context.change.file(&after).is_some_and(|file| file.base.is_none());
            descriptions.extend(added.then(|| first_version(&new, wanted)).flatten());
            continue;
        };
        if old.is_touched(context.change) || new.is_touched(context.change) {
            descriptions.extend(compare(&old, &new, wanted));
        }
    }
    Reviewed { descriptions }
}

fn compare(old: &Spread, new: &Spread, wanted: ErrorShape) -> Option<ReviewedDescription> {
    let base = Description::new(old.documents())?;
    let head = Description::new(new.documents())?;
    let comparison = diff::compare(&base, &head);
    let endpoints = table::endpoints(&base, &head, &comparison);
    let lapses = lint::lapses(Some(&base), &head, wanted);
    let misfits = examples::misfits(Some(&base), &head);
    Some(ReviewedDescription { comparison, endpoints, lapses, misfits })
}

/// A description that the change adds: there is nothing to compare it with.
fn first_version(new: &Spread, wanted: ErrorShape) -> Option<ReviewedDescription> {
    let head = Description::new(new.documents())?;
    let lapses = lint::lapses(None, &head, wanted);
    let misfits = examples::misfits(None, &head);
    let (comparison, endpoints) = Default::default();
    Some(ReviewedDescription { comparison, endpoints, lapses, misfits })
}

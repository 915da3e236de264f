//! Models, migrations and dumps of the schema that no longer say the same.

mod django;
pub mod migration_alone;
mod prisma;
pub mod schema_file;
mod sqlalchemy;

use crate::domain::change::{Change, FileChange};
use crate::domain::diff::{LineRange, Side};
use crate::ports::source::Need;
use crate::rules::{Draft, Findings, RuleContext};

/// A model that differs from what migrations make.
struct Drift<'a> {
    file: &'a FileChange,
    side: Side,
    lines: LineRange,
    model: String,
    /// What is new, gone or different, in words.
    what: Vec<String>,
    /// Where a migration for it would be.
    place: String,
    /// How to make it.
    how: String,
}

pub(super) fn applies(change: &Change) -> bool {
    change.files.iter().any(|file| {
        django::is_models_file(file)
            || prisma::is_schema_file(file)
            || sqlalchemy::is_models_file(file)
    })
}

pub(super) fn needs(change: &Change) -> Vec<Need> {
    let mut needs = django::needs(change);
    needs.extend(prisma::needs(change));
    needs.extend(sqlalchemy::needs(change));
    needs
}

pub(super) fn check(context: &RuleContext<'_>, findings: &mut Findings<'_>) {
    // A change that was not read whole may have the migration in what is missing.
    let cut = context.change.omissions.iter().any(|omission| omission.path.is_none());
    if cut {
        return;
    }
    let mut found = django::drifts(context);
    found.extend(prisma::drifts(context));
    found.extend(sqlalchemy::drifts(context));
    for drift in found {
        let draft = draft(&drift);
        findings.at(drift.file, drift.side, drift.lines, draft);
    }
}

fn draft(drift: &Drift<'_>) -> Draft {
    let Drift { model, what, place, how, .. } = drift;
    Draft {
        title: format!("`{model}` changes here, but no migration does the same"),
        evidence: format!(
            "{}. No migration of this change in `{place}` brings that to the database: code and tables part when this \
             is deployed.",
            what.join(", ")
        ),
        recommendation: how.clone(),
        symbol: Some(model.clone()),
        ..Draft::default()
    }
}

/// Whether the change has something to say about the migrations in a folder.
fn touches(change: &Change, folder: &str) -> bool {
    let below = |path: &str| path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
    let changed = change
        .files
        .iter()
        .any(|file| below(file.path.as_str()) || below(file.path_on(Side::Base).as_str()));
    changed
        || change
            .omissions
            .iter()
            .any(|it| it.path.as_ref().is_some_and(|path| below(path.as_str())))
}

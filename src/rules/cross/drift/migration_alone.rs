//! Django: a migration gives a model a field, or takes one, and the model at head disagrees.

use std::collections::BTreeMap;

use super::django::{self, Model};
use crate::domain::change::{Change, FileChange, SourceFile, Text};
use crate::domain::diff::{LineRange, Side};
use crate::domain::finding::Related;
use crate::ports::source::Need;
use crate::rules::cross::places::text_now;
use crate::rules::migrations::discover::{self, Framework};
use crate::rules::migrations::django::{Moved, moved};
use crate::rules::nearby::inside;
use crate::rules::{Draft, Findings, RuleContext};

/// Most files of models of one app.
const MAX_FILES: usize = 60;

pub(crate) fn applies(change: &Change) -> bool {
    !migrations(change).is_empty()
}

pub(crate) fn needs(change: &Change) -> Vec<Need> {
    let mut needs: Vec<Need> = Vec::new();
    for (app, _) in migrations(change) {
        let need = models_of(app);
        if !needs.contains(&need) {
            needs.push(need);
        }
    }
    needs
}

fn models_of(app: &str) -> Need {
    let globs = vec![inside(app, "models.py"), inside(app, "models/*.py")];
    Need::Glob { side: Side::Head, globs, limit: MAX_FILES }
}

/// The migrations that the change adds and that move fields, with their apps, in their order.
fn migrations(change: &Change) -> Vec<(&str, &FileChange)> {
    let mut found: Vec<(&str, &FileChange)> = Vec::new();
    for file in change.files.iter().filter(|file| file.is_added() && !file.derived) {
        let app = file.path.directory().strip_suffix("/migrations");
        let django =
            discover::identify_file(file).is_some_and(|it| it.framework == Framework::Django);
        let moves = file.head_text().is_some_and(|text| !moved(text.as_str()).is_empty());
        if let Some(app) = app.filter(|_| django && moves) {
            found.push((app, file));
        }
    }
    found.sort_by_key(|(_, file)| file.path.as_str());
    found
}

pub(crate) fn check(context: &RuleContext<'_>, findings: &mut Findings<'_>) {
    // The last word of the change on each field.
    let mut last: BTreeMap<(&str, String, String), (&FileChange, Moved)> = BTreeMap::new();
    for (app, file) in migrations(context.change) {
        let text = file.head_text().map_or("", Text::as_str);
        for each in moved(text) {
            last.insert((app, each.model.clone(), each.field.clone()), (file, each));
        }
    }
    for ((app, ..), (file, moved)) in last {
        let Some(files) = context.gathered_whole(&models_of(app)) else { continue };
        let Some((model, place)) = disagreement(context, files, &moved) else { continue };
        let Some(text) = file.head_text() else { continue };
        let lines = text.lines_of(moved.bytes.start, moved.bytes.end);
        findings.at_head(file, lines, draft(&model, &moved, place));
    }
}

/// The model that does not have what the migration adds, or has what it removes, with the place
/// of the latter.
fn disagreement<'a>(
    context: &RuleContext<'a>,
    files: &'a [SourceFile],
    moved: &Moved,
) -> Option<(String, Option<Related>)> {
    let mut of_name: Vec<(&SourceFile, String, Model)> = Vec::new();
    for file in files {
        let Some(text) = text_now(context, file) else { continue };
        let models = django::models(text).into_iter();
        let own = models.filter(|(name, _)| name.to_lowercase() == moved.model);
        of_name.extend(own.map(|(name, model)| (file, name, model)));
    }
    let [(file, name, model)] = of_name.as_slice() else { return None };
    if !model.kept {
        return None;
    }
    if moved.added {
        // Another base may bring the field.
        let alone = model.bases == "(models.Model)";
        return (alone && !model.names.contains(&moved.field)).then(|| (name.clone(), None));
    }
    let field = model.fields.get(&moved.field)?;
    let line = LineRange::line(field.line);
    let changed = context.change.file(&file.path).and_then(|file| file.anchor(Side::Head, line));
    let anchor = changed.or_else(|| file.anchor(line))?;
    Some((name.clone(), Some(Related { anchor, note: "still has the field".to_owned() })))
}

fn draft(model: &str, moved: &Moved, place: Option<Related>) -> Draft {
    let field = &moved.field;
    let (title, evidence, recommendation) = if moved.added {
        (
            format!("`{model}` does not have the field `{field}` that is added here"),
            "At the head of this change, the model has no such field. Django will want to remove the column again with \
             the next migration that somebody makes, and code cannot use it."
                .to_owned(),
            "Add the field to the model in this change, or leave the operation out.",
        )
    } else {
        (
            format!("`{model}` still has the field `{field}` that is removed here"),
            "At the head of this change, the model goes on naming the column in every query. Once the migration has run, \
             each of them fails."
                .to_owned(),
            "Remove the field from the model too. To do it without an interruption, take it out of the model first with \
             `SeparateDatabaseAndState`, and drop the column in a later release.",
        )
    };
    Draft {
        title,
        evidence,
        recommendation: recommendation.to_owned(),
        symbol: Some(format!("{model}.{field}")),
        related: place.into_iter().collect(),
        ..Draft::default()
    }
}

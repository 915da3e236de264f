//! What only Django has: fields that are altered, and defaults that live in Python.

use super::super::dialect::Dialect;
use super::super::discover::Framework;
use super::super::say::{About, Holds, draft, migrations, rule};
use super::super::script::Migration;
use super::super::state::history_need;
use super::super::surroundings::history_globs;
use super::super::types;
use super::fields::Field;
use crate::domain::finding::Category::Reliability;
use crate::domain::finding::Confidence::High;
use crate::domain::finding::Severity::Major;
use crate::rules::{Draft, Rule, RuleContext};

pub(in super::super) const FIELD_ALTERED: Rule = rule(
    About {
        code: "migration/field-altered",
        title: "A Django field gets another type, or becomes required",
        severity: Major,
        confidence: High,
        equivalents: &[],
        page: include_str!("../../../../fixtures/rules/migration/field-altered.md"),
    },
    Reliability,
    |context, findings| {
        for migration in migrations(context, Holds::Everywhere) {
            let (Framework::Django, Some(text)) =
                (migration.framework(), migration.file.head_text())
            else {
                continue;
            };
            for (model, name, new, bytes) in super::altered(text.as_str()) {
                let lines = text.lines_of(bytes.start, bytes.end);
                if !migration.file.adds_any(lines) || migration.is_new_table(&model, bytes.start) {
                    continue;
                }
                let Some(old) = before(context, &migration, &model, &name) else { continue };
                if let Some(said) = said(&model, &name, &old, &new, migration.dialect) {
                    let symbol = Some(format!("{model}.{name}"));
                    findings.at_head(migration.file, lines, Draft { symbol, ..said });
                }
            }
        }
    },
);

/// The field as the newest migration before this one defines it.
fn before(
    context: &RuleContext<'_>,
    migration: &Migration<'_>,
    model: &str,
    name: &str,
) -> Option<Field> {
    let own = &migration.file.path;
    let history = history_need(history_globs(context.change));
    let siblings = context.gathered(&history).iter().rev();
    siblings
        .filter(|file| file.path.directory() == own.directory() && file.path < *own)
        .filter(|file| file.text.as_str().contains(name))
        .find_map(|file| super::field_in(file.text.as_str(), model, name))
}

fn said(model: &str, name: &str, old: &Field, new: &Field, dialect: Dialect) -> Option<Draft> {
    let plain = |field: &Field| match field.type_text.as_str() {
        "serial" => "integer".to_owned(),
        "bigserial" => "bigint".to_owned(),
        "smallserial" => "smallint".to_owned(),
        other => other.to_owned(),
    };
    let (from, to) = (plain(old), plain(new));
    // Keys take the type of what they refer to, which is not known here.
    let known = old.target.is_none() && new.target.is_none();
    if known && from != to && !types::is_free(Dialect::Postgres, &from, &to) {
        return Some(draft(
            format!("`{model}.{name}` changes from `{from}` to `{to}` in place"),
            "Every row and every index on the column is written again while reads and writes of the table wait, values \
             that do not fit make the migration fail, and the previous release still works with the old type.",
            "Add a field of the new type, write both, fill the old rows in batches, move the readers, and remove the old \
             field later.",
        ));
    }
    if old.null && !new.null && dialect == Dialect::Postgres {
        return Some(draft(
            format!("`{model}.{name}` becomes required at once"),
            "`SET NOT NULL` checks all rows while reads and writes of the table wait, one row without a value makes the \
             migration fail, and inserts of the previous release that leave the field empty fail from then on.",
            "Release code that always writes the field, fill the old rows in batches, add a check constraint with \
             `AddConstraintNotValid`, validate it in a later migration, and then alter the field.",
        ));
    }
    None
}

//! What only Django has: fields that are altered, and defaults that live in Python.

use std::collections::HashSet;

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
use crate::domain::finding::Severity::{Major, Minor};
use crate::rules::parse::code::{Language, ParsedCode, Syntax};
use crate::rules::{Draft, Findings, Rule, RuleContext};

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

/// Reports loops that save every row of a table by itself while the migration's transaction is open.
pub(in super::super) fn saved_one_by_one(context: &RuleContext<'_>, findings: &mut Findings<'_>) {
    for migration in migrations(context, Holds::Everywhere) {
        let (Framework::Django, Some(text)) = (migration.framework(), migration.file.head_text())
        else {
            continue;
        };
        if migration.script.wrapped == Some(false) {
            continue;
        }
        for found in super::loops(text.as_str()) {
            let lines = text.lines_of(found.bytes.start, found.bytes.end);
            let table = &found.table;
            if !migration.file.adds_any(lines) || migration.is_new_table(table, found.bytes.start) {
                continue;
            }
            findings.at_head(
                migration.file,
                text.lines_of(found.bytes.start, found.bytes.start),
                Draft {
                    symbol: Some(table.clone()),
                    ..draft(
                        format!("Every row of `{table}` is loaded and saved by itself in one transaction"),
                        "Each `save()` is a statement of its own, and all rows stay locked until the last one is written: \
                         concurrent writers wait that long, and a failure near the end undoes everything. `save()` also \
                         writes every field as it was read, over what others wrote since.",
                        "Use `update()` with an expression where one will do. Otherwise set `atomic = False` and go through \
                         the table by key in batches, each in `transaction.atomic()`, with `bulk_update` of the one field.",
                    )
                },
            );
        }
    }
}

pub(in super::super) const REAL_MODEL: Rule = rule(
    About {
        code: "migration/real-model-imported",
        title: "A Django migration uses a model as the code has it now",
        severity: Minor,
        confidence: High,
        equivalents: &[],
        page: include_str!("../../../../fixtures/rules/migration/real-model-imported.md"),
    },
    Reliability,
    |context, findings| {
        for migration in migrations(context, Holds::Everywhere) {
            let (Framework::Django, Some(text)) =
                (migration.framework(), migration.file.head_text())
            else {
                continue;
            };
            let code = ParsedCode::new(text.as_str(), Language::Python);
            for (model, node) in code.root().iter().flat_map(imported) {
                let lines = text.lines_of(node.range().start, node.range().end);
                if !migration.file.adds_any(lines) {
                    continue;
                }
                let said = draft(
                    format!("`{model}` is imported instead of taken from `apps`"),
                    "The import gives the model as it is in the newest code. As soon as a later migration adds a field, this one \
                     fails on every database that is set up anew, because the query names a column that does not exist yet; \
                     and overridden methods run that the historical model does not have.",
                    format!(
                        "Use `apps.get_model(\"<app>\", \"{model}\")` inside the function that `RunPython` calls."
                    ),
                );
                findings.at_head(migration.file, lines, Draft { symbol: Some(model), ..said });
            }
        }
    },
);

/// Models that a migration imports and whose rows its functions touch, with the import.
fn imported<'t>(root: &Syntax<'t>) -> Vec<(String, Syntax<'t>)> {
    let mut used: HashSet<String> = HashSet::new();
    let functions = root.named_children().filter(|node| {
        matches!(node.kind().as_ref(), "function_definition" | "decorated_definition")
    });
    for function in functions {
        // `Order = apps.get_model(…)` hides what was imported under that name.
        let own: HashSet<String> = function
            .dfs()
            .filter(|node| node.kind() == "assignment")
            .filter_map(|node| Some(node.field("left")?.text().into_owned()))
            .collect();
        for node in function.dfs().filter(|node| node.kind() == "attribute") {
            let managed = node.field("attribute").is_some_and(|name| {
                matches!(name.text().as_ref(), "objects" | "_default_manager" | "_base_manager")
            });
            let object = node.field("object").filter(|it| managed && it.kind() == "identifier");
            let object = object.map(|object| object.text().into_owned());
            used.extend(object.filter(|object| !own.contains(object)));
        }
    }
    let imports = root.dfs().filter(|node| node.kind() == "import_from_statement");
    imports.flat_map(|node| models_of(&node, &used)).collect()
}

/// The names that `from shop.models import …` brings and that are used.
fn models_of<'t>(import: &Syntax<'t>, used: &HashSet<String>) -> Vec<(String, Syntax<'t>)> {
    let module = import.field("module_name").map(|name| name.text().into_owned());
    let of_models = module.is_some_and(|module| {
        module.trim_start_matches('.').split('.').any(|part| part == "models")
            && !module.starts_with("django.")
    });
    if !of_models {
        return Vec::new();
    }
    let names = import.named_children().skip(1).filter_map(|node| match node.kind().as_ref() {
        "dotted_name" => Some((node.text().into_owned(), node.text().into_owned())),
        "aliased_import" => Some((
            node.field("name")?.text().into_owned(),
            node.field("alias")?.text().into_owned(),
        )),
        _ => None,
    });
    let touched = names.filter(|(_, local)| used.contains(local));
    touched.map(|(model, _)| (model, import.clone())).collect()
}

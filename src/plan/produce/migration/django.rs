//! Migrations for Django, with the models that they must agree with.

use super::MAX_SLUG;
use super::scheme::Scheme;
use super::steps::{Part, Step};
use crate::domain::plan::ColumnSpec;
use crate::plan::produce::ground::Overlay;
use crate::plan::produce::names::{first_upper, pascal, singular, snake};
use crate::plan::produce::{ProduceError, Produced};

pub(super) fn write(
    scheme: &Scheme,
    steps: &[Step],
    overlay: &Overlay<'_>,
    produced: &mut Produced,
) -> Result<(), ProduceError> {
    let app_directory = scheme.directory.rsplit_once('/').map_or("", |(directory, _)| directory);
    let app = app_directory.rsplit('/').next().unwrap_or_default();
    let models_path = format!("{app_directory}/models.py");
    let mut models = overlay.text(&models_path).ok_or_else(|| {
        ProduceError::Unknown(format!(
            "`{models_path}`, which a migration must agree with, was not found"
        ))
    })?;
    let [step] = steps else {
        return Err(ProduceError::NotGenerated(
            "references and indexes on tables in use need `SeparateDatabaseAndState` in Django, \
             which depends on the models"
                .to_owned(),
        ));
    };
    let operations = operations(step, app, &mut models)?;
    let latest = scheme.latest.trim_end_matches(".py");
    let slug = snake(&step.slug, MAX_SLUG);
    let imports = "from django.db import migrations, models\n";
    let delete = if operations.contains("models.ForeignKey") {
        "import django.db.models.deletion\n"
    } else {
        ""
    };
    produced.modify(&models_path, models)?;
    produced.add(
        &format!("{}/{}_{slug}.py", scheme.directory, scheme.version(0, overlay.now())),
        format!(
            "# {}.\n# Operations: {}.\n{delete}{imports}\n\nclass Migration(migrations.Migration):\n\n    dependencies = [\n        (\"{app}\", \"{latest}\"),\n    ]\n\n    operations = [\n{operations}    ]\n",
            first_upper(&step.says),
            step.operations
        ),
    )?;
    // Migrations come first, whatever they had to be made from.
    produced.files.reverse();
    produced
        .verification
        .push("`python manage.py makemigrations --check` finds nothing to add".to_owned());
    Ok(())
}

/// The operations, each with its counterpart in the models.
fn operations(step: &Step, app: &str, models: &mut String) -> Result<String, ProduceError> {
    let mut operations = String::new();
    for part in &step.parts {
        match part {
            Part::Table { table, columns } => {
                let model = pascal(&singular(table));
                if has_class(models, &model) {
                    return Err(ProduceError::Conflict(format!(
                        "the model `{model}` is there already"
                    )));
                }
                operations.push_str(&create_model(&model, columns, app, models)?);
                *models = with_class(models, &model, columns)?;
            }
            Part::Column { table, column } => {
                let model = model_of(models, table)?;
                let field = field(column, app, models, false)?;
                operations.push_str(&format!(
                    "        migrations.AddField(\n            model_name=\"{}\",\n            name=\"{}\",\n            field={field},\n        ),\n",
                    model.to_ascii_lowercase(),
                    column.name
                ));
                *models = with_field(models, &model, &format!("    {} = {field}\n", column.name))?;
            }
            // Django indexes references by itself.
            Part::Index { columns, .. } if columns.len() == 1 => {}
            _ => {
                return Err(ProduceError::NotGenerated(
                    "this change depends on the models in a way that a person must decide"
                        .to_owned(),
                ));
            }
        }
    }
    Ok(operations)
}

fn has_class(models: &str, name: &str) -> bool {
    class_line(models, name).is_some()
}

fn class_line(models: &str, name: &str) -> Option<usize> {
    models.lines().position(|line| {
        line.strip_prefix("class ")
            .and_then(|rest| rest.strip_prefix(name))
            .is_some_and(|rest| rest.starts_with(['(', ':']))
    })
}

/// The model that a table or model name stands for, if this file has it.
fn model_of(models: &str, table: &str) -> Result<String, ProduceError> {
    let candidates = [table.to_owned(), pascal(table), pascal(&singular(table))];
    candidates.into_iter().find(|name| has_class(models, name)).ok_or_else(|| {
        ProduceError::Unknown(format!("the model of `{table}` was not found beside the migrations"))
    })
}

fn create_model(
    model: &str,
    columns: &[ColumnSpec],
    app: &str,
    models: &str,
) -> Result<String, ProduceError> {
    let key = "models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name=\"ID\")";
    let mut fields = String::new();
    if !columns.iter().any(|column| column.name == "id") {
        fields.push_str(&format!("                (\"id\", {key}),\n"));
    }
    for column in columns {
        let name = field_name(column);
        let field = field(column, app, models, true)?;
        fields.push_str(&format!("                (\"{name}\", {field}),\n"));
    }
    Ok(format!(
        "        migrations.CreateModel(\n            name=\"{model}\",\n            fields=[\n{fields}            ],\n        ),\n"
    ))
}

/// Django adds `_id` to the column of a reference by itself.
fn field_name(column: &ColumnSpec) -> &str {
    match column.references {
        Some(_) => column.name.strip_suffix("_id").unwrap_or(&column.name),
        None => &column.name,
    }
}

/// `new`: the table is made in the same migration, so that a required field needs no value.
fn field(column: &ColumnSpec, app: &str, models: &str, new: bool) -> Result<String, ProduceError> {
    let empty = if column.required && new { "" } else { "null=True, blank=True" };
    if column.name == "id" {
        return Ok(match column.kind.as_str() {
            "uuid" => "models.UUIDField(primary_key=True, serialize=False)".to_owned(),
            _ => "models.BigAutoField(primary_key=True, serialize=False)".to_owned(),
        });
    }
    if let Some(table) = &column.references {
        let model = model_of(models, table)?;
        let comma = if empty.is_empty() { "" } else { ", " };
        return Ok(format!(
            "models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to=\"{app}.{model}\"{comma}{empty})"
        ));
    }
    let class = match column.kind.as_str() {
        "text" => "TextField",
        "integer" => "IntegerField",
        "bigint" => "BigIntegerField",
        "boolean" => "BooleanField",
        "timestamp" => "DateTimeField",
        "date" => "DateField",
        "uuid" => "UUIDField",
        "json" => "JSONField",
        // Its digits are a decision that the issue does not hold.
        "decimal" => {
            return Err(ProduceError::Unknown(format!(
                "how many digits `{}` has must be said for Django",
                column.name
            )));
        }
        _ => {
            return Err(ProduceError::Unknown(format!(
                "the type of `{}` is not known",
                column.name
            )));
        }
    };
    Ok(format!("models.{class}({empty})"))
}

/// The same field as the model writes it.
fn model_field(column: &ColumnSpec, models: &str) -> Result<String, ProduceError> {
    let written = field(column, "", models, true)?;
    Ok(written
        .replace("django.db.models.deletion.PROTECT", "models.PROTECT")
        .replace("to=\".", "to=\"")
        .replace(", serialize=False", ""))
}

fn with_class(models: &str, model: &str, columns: &[ColumnSpec]) -> Result<String, ProduceError> {
    let mut body = String::new();
    for column in columns.iter().filter(|column| column.name != "id" || column.kind == "uuid") {
        body.push_str(&format!("    {} = {}\n", field_name(column), model_field(column, models)?));
    }
    if body.is_empty() {
        body.push_str("    pass\n");
    }
    Ok(format!("{}\n\n\nclass {model}(models.Model):\n{body}", models.trim_end()))
}

/// The class with one more field, after the last field that it has.
fn with_field(models: &str, model: &str, line: &str) -> Result<String, ProduceError> {
    let start = class_line(models, model).unwrap_or(0);
    let lines: Vec<&str> = models.split_inclusive('\n').collect();
    let mut last = None;
    let mut depth = 0_i64;
    for (index, text) in lines.iter().enumerate().skip(start + 1) {
        if depth == 0 && !text.trim().is_empty() && !text.starts_with([' ', '\t']) {
            break;
        }
        let is_field = depth == 0
            && text.starts_with("    ")
            && !text.starts_with("     ")
            && text.contains(" = ")
            && text.contains("models.");
        let count = |c: char| i64::try_from(text.matches(c).count()).unwrap_or(0);
        let inside = depth > 0;
        depth += count('(') - count(')');
        if is_field || (inside && last.is_some_and(|at| at + 1 == index)) {
            last = Some(index);
        }
    }
    let at = last.ok_or_else(|| {
        ProduceError::Unknown(format!("where the fields of `{model}` end was not found"))
    })?;
    let mut out: String = lines.iter().take(at + 1).copied().collect();
    if !out.ends_with('\n') {
        out.push('\n');
    }
    out.push_str(line);
    lines.iter().skip(at + 1).for_each(|text| out.push_str(text));
    Ok(out)
}

//! Migrations for Rails.

use super::MAX_SLUG;
use super::scheme::Scheme;
use super::steps::{Part, Step};
use crate::domain::plan::ColumnSpec;
use crate::plan::produce::ground::Overlay;
use crate::plan::produce::names::{first_upper, pascal, snake};
use crate::plan::produce::{ProduceError, Produced};

pub(super) fn write(
    scheme: &Scheme,
    steps: &[Step],
    overlay: &Overlay<'_>,
    produced: &mut Produced,
) -> Result<(), ProduceError> {
    let latest =
        overlay.text(&format!("{}/{}", scheme.directory, scheme.latest)).unwrap_or_default();
    let version = latest
        .split_once("ActiveRecord::Migration[")
        .and_then(|(_, rest)| rest.split_once(']'))
        .map(|(version, _)| version.to_owned())
        .filter(|version| version.chars().all(|c| c.is_ascii_digit() || c == '.'))
        .ok_or_else(|| {
            ProduceError::Unknown(format!("`{}` does not show the version of Rails", scheme.latest))
        })?;
    for (index, step) in steps.iter().enumerate() {
        let slug = snake(&step.slug, MAX_SLUG);
        let path =
            format!("{}/{}_{slug}.rb", scheme.directory, scheme.version(index, overlay.now()));
        let body = body(step, overlay)?;
        let head = if step.alone { "  disable_ddl_transaction!\n\n" } else { "" };
        produced.add(
            &path,
            format!(
                "# {}.\n# Operations: {}.\nclass {} < ActiveRecord::Migration[{version}]\n{head}{body}end\n",
                first_upper(&step.says),
                step.operations,
                pascal(&slug)
            ),
        )?;
    }
    produced.notes.push(
        "Run `bin/rails db:migrate` and commit the new `db/schema.rb`: it is written by Rails, not \
         here."
            .to_owned(),
    );
    Ok(())
}

/// `change` where Rails can undo it by itself, which is everything here but validation.
fn body(step: &Step, overlay: &Overlay<'_>) -> Result<String, ProduceError> {
    let mut lines = Vec::new();
    let mut down_is_empty = false;
    for part in &step.parts {
        match part {
            Part::Table { table, columns } => lines.extend(create_table(table, columns, overlay)?),
            Part::Column { table, column } => {
                lines.push(format!("add_column :{table}, :{}, :{}", column.name, kind(column, overlay)?));
            }
            Part::Index { table, columns, unique, name } => {
                if !step.alone && covered(step, table, columns) {
                    continue;
                }
                let columns: Vec<String> = columns.iter().map(|name| format!(":{name}")).collect();
                let unique = if *unique { ", unique: true" } else { "" };
                let how = if step.alone { ", algorithm: :concurrently" } else { "" };
                lines.push(format!("add_index :{table}, [{}]{unique}, name: \"{name}\"{how}", columns.join(", ")));
            }
            Part::ForeignKey { table, column, references, name } => lines.push(format!(
                "add_foreign_key :{table}, :{references}, column: :{column}, name: \"{name}\", validate: false"
            )),
            Part::Validate { table, name } => {
                down_is_empty = true;
                lines.push(format!("validate_foreign_key :{table}, name: \"{name}\""));
            }
        }
    }
    let body: String = lines.iter().map(|line| format!("    {line}\n")).collect();
    if down_is_empty {
        return Ok(format!(
            "  def up\n{body}  end\n\n  def down\n    # Rollback: nothing to undo, no data and no structure changes.\n  end\n"
        ));
    }
    Ok(format!("  def change\n{body}  end\n"))
}

/// Whether a table of the same step brings this index along with its reference.
fn covered(step: &Step, table: &str, columns: &[String]) -> bool {
    step.parts.iter().any(|part| match part {
        Part::Table { table: created, columns: own } if created == table => columns
            .iter()
            .all(|name| own.iter().any(|c| c.name == *name && reference_name(c).is_some())),
        _ => false,
    })
}

fn reference_name(column: &ColumnSpec) -> Option<&str> {
    column.references.as_ref()?;
    column.name.strip_suffix("_id")
}

fn create_table(
    table: &str,
    columns: &[ColumnSpec],
    overlay: &Overlay<'_>,
) -> Result<Vec<String>, ProduceError> {
    let uuid = columns.iter().any(|column| column.name == "id" && column.kind == "uuid");
    let id = if uuid { ", id: :uuid" } else { "" };
    let mut lines = vec![format!("create_table :{table}{id} do |t|")];
    for column in columns.iter().filter(|column| column.name != "id") {
        let required = if column.required { ", null: false" } else { "" };
        lines.push(match (reference_name(column), &column.references) {
            (Some(name), Some(references)) => {
                let typed = if key_is_uuid(references, overlay) { ", type: :uuid" } else { "" };
                format!("  t.references :{name}{required}{typed}, foreign_key: {{ to_table: :{references} }}")
            }
            _ => format!("  t.{} :{}{required}", kind(column, overlay)?, column.name),
        });
    }
    lines.push("end".to_owned());
    Ok(lines)
}

fn key_is_uuid(table: &str, overlay: &Overlay<'_>) -> bool {
    let schema = overlay.text("db/schema.rb").unwrap_or_default();
    schema.lines().any(|line| {
        line.contains(&format!("create_table \"{table}\"")) && line.contains("id: :uuid")
    })
}

fn kind(column: &ColumnSpec, overlay: &Overlay<'_>) -> Result<&'static str, ProduceError> {
    Ok(match column.kind.as_str() {
        "text" => "text",
        "integer" => "integer",
        "bigint" => "bigint",
        "boolean" => "boolean",
        "timestamp" => "timestamptz",
        "date" => "date",
        "uuid" => "uuid",
        "decimal" => "decimal",
        "json" => "jsonb",
        "reference" => {
            let uuid =
                column.references.as_deref().is_some_and(|table| key_is_uuid(table, overlay));
            if uuid { "uuid" } else { "bigint" }
        }
        _ => {
            return Err(ProduceError::Unknown(format!(
                "the type of `{}` is not known",
                column.name
            )));
        }
    })
}

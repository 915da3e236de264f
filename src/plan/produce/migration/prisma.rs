//! The data model of Prisma, which must say what the migration does.

use super::steps::{Part, Step};
use crate::domain::plan::ColumnSpec;
use crate::plan::produce::ground::Overlay;
use crate::plan::produce::names::{pascal, singular};
use crate::plan::produce::{ProduceError, Produced};

pub(super) fn write(
    steps: &[Step],
    overlay: &Overlay<'_>,
    produced: &mut Produced,
) -> Result<(), ProduceError> {
    let schemas: Vec<&&str> =
        overlay.paths().iter().filter(|path| path.ends_with("schema.prisma")).collect();
    let [path] = schemas.as_slice() else {
        return Err(ProduceError::Unknown("there is not exactly one `schema.prisma`".to_owned()));
    };
    let Some(mut text) = overlay.text(path) else {
        return Err(ProduceError::Unknown(format!("`{path}` was not read")));
    };
    for part in steps.iter().flat_map(|step| &step.parts) {
        text = match part {
            Part::Table { table, columns } => {
                if model_of(&text, table).is_some() {
                    return Err(ProduceError::Conflict(format!(
                        "`{path}` has a model for `{table}` already"
                    )));
                }
                if columns.iter().any(|column| column.references.is_some()) {
                    return Err(relation());
                }
                with_model(&text, table, columns)?
            }
            Part::Column { table, column } if column.references.is_none() => {
                let line = format!("  {} {}", column.name, with_optional(kind(column)?, "?"));
                with_line(&text, table, &line)?
            }
            Part::Index { table, columns, unique, name } => {
                let how = if *unique { "unique" } else { "index" };
                with_line(
                    &text,
                    table,
                    &format!("  @@{how}([{}], map: \"{name}\")", columns.join(", ")),
                )?
            }
            _ => return Err(relation()),
        };
    }
    produced.modify(path, text)?;
    produced.verification.push(
        "`prisma migrate diff` between the migrations and `schema.prisma` finds no difference"
            .to_owned(),
    );
    Ok(())
}

/// Both models of a relation get a field whose name is a decision.
fn relation() -> ProduceError {
    ProduceError::NotGenerated(
        "a relation needs a field with a name in both models of `schema.prisma`, which is a decision".to_owned(),
    )
}

/// The lines of the model that is, or is mapped to, this table: first and closing.
fn model_of(text: &str, table: &str) -> Option<(usize, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = None;
    for (start, line) in lines.iter().enumerate() {
        let Some(name) =
            line.strip_prefix("model ").and_then(|rest| rest.split_whitespace().next())
        else {
            continue;
        };
        let length = lines.iter().skip(start).position(|line| line.starts_with('}'))?;
        let body = lines.get(start..start + length)?;
        let mapped = body.iter().find_map(|line| line.trim().strip_prefix("@@map(\""));
        let mapped = mapped.and_then(|rest| rest.split('"').next());
        if mapped.unwrap_or(name) == table || (mapped.is_none() && name == table) {
            found = Some((start, start + length));
        }
    }
    found
}

/// The line before the closing brace, or before the model's attributes.
fn with_line(text: &str, table: &str, line: &str) -> Result<String, ProduceError> {
    let (start, end) = model_of(text, table).ok_or_else(|| {
        ProduceError::Unknown(format!("`schema.prisma` has no model for the table `{table}`"))
    })?;
    let lines: Vec<&str> = text.lines().collect();
    let body = lines.get(start..end).unwrap_or_default();
    let attributes = body.iter().position(|line| line.trim().starts_with("@@"));
    let at =
        if line.trim().starts_with("@@") { end } else { attributes.map_or(end, |at| start + at) };
    // A blank line between fields and attributes stays where it is.
    let at = if at < end && at > start + 1 && lines.get(at - 1).is_some_and(|l| l.trim().is_empty())
    {
        at - 1
    } else {
        at
    };
    let mut out: Vec<&str> = lines.clone();
    out.insert(at.min(out.len()), line);
    Ok(out.join("\n") + "\n")
}

fn with_model(text: &str, table: &str, columns: &[ColumnSpec]) -> Result<String, ProduceError> {
    let mut body = String::new();
    if !columns.iter().any(|column| column.name == "id") {
        body.push_str("  id BigInt @id @default(autoincrement())\n");
    }
    for column in columns {
        let optional = if column.required { "" } else { "?" };
        if column.name == "id" {
            let (kind, extra) = match column.kind.as_str() {
                "uuid" => ("String", " @id @default(dbgenerated(\"gen_random_uuid()\")) @db.Uuid"),
                _ => ("BigInt", " @id @default(autoincrement())"),
            };
            body.push_str(&format!("  id {kind}{extra}\n"));
            continue;
        }
        let kind = with_optional(kind(column)?, optional);
        let default = if column.name == "created_at" && column.kind == "timestamp" {
            " @default(now())"
        } else {
            ""
        };
        body.push_str(&format!("  {} {kind}{default}\n", column.name));
    }
    let name = pascal(&singular(table));
    let map = if name == table { String::new() } else { format!("\n  @@map(\"{table}\")\n") };
    Ok(format!("{}\n\nmodel {name} {{\n{body}{map}}}\n", text.trim_end()))
}

/// The mark stands after the type and before its native type.
fn with_optional(kind: &str, mark: &str) -> String {
    match kind.split_once(' ') {
        Some((kind, native)) => format!("{kind}{mark} {native}"),
        None => format!("{kind}{mark}"),
    }
}

/// Type and native type.
fn kind(column: &ColumnSpec) -> Result<&'static str, ProduceError> {
    Ok(match column.kind.as_str() {
        "text" => "String",
        "integer" => "Int",
        "bigint" => "BigInt",
        "boolean" => "Boolean",
        "timestamp" => "DateTime @db.Timestamptz",
        "date" => "DateTime @db.Date",
        "uuid" => "String @db.Uuid",
        "decimal" => "Decimal @db.Decimal",
        "json" => "Json",
        _ => {
            return Err(ProduceError::Unknown(format!(
                "the type of `{}` is not known",
                column.name
            )));
        }
    })
}

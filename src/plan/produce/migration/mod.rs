//! Migrations for the tool that the repository uses.

mod alembic;
mod django;
mod knex;
mod prisma;
mod rails;
pub(super) mod scheme;
mod sql;
mod steps;
mod tables;

use scheme::Tool;
use steps::Part;

use super::ground::Overlay;
use super::{ProduceError, Produced};
use crate::domain::plan::{ColumnSpec, SchemaChange};

/// Longest part of a file name that says what the migration does.
const MAX_SLUG: usize = 48;

/// `planned`: the files of the task, of which a directory says where migrations go.
pub(super) fn produce(
    changes: &[SchemaChange],
    planned: &[String],
    overlay: &Overlay<'_>,
) -> Result<Produced, ProduceError> {
    let scheme = scheme::read(overlay, planned)?;
    if let Some(database) = tables::other_database(overlay) {
        return Err(ProduceError::Unknown(format!(
            "the database is {database}; the form that a running service survives is written for \
             PostgreSQL only"
        )));
    }
    let steps = match scheme.tool {
        // These know the types of keys themselves.
        Tool::Rails | Tool::Django => steps::steps_without_key_types(changes, overlay)?,
        _ => steps::steps(changes, overlay)?,
    };
    let mut produced = Produced::default();
    match scheme.tool {
        Tool::Rails => rails::write(&scheme, &steps, overlay, &mut produced)?,
        Tool::Django => django::write(&scheme, &steps, overlay, &mut produced)?,
        Tool::Alembic => alembic::write(&scheme, &steps, overlay, &mut produced)?,
        Tool::Knex => knex::write(&scheme, &steps, overlay, &mut produced)?,
        Tool::Prisma => {
            sql::write(&scheme, &steps, overlay, &mut produced)?;
            prisma::write(&steps, overlay, &mut produced)?;
        }
        _ => sql::write(&scheme, &steps, overlay, &mut produced)?,
    }
    required_columns(&steps, &mut produced);
    // Django names tables after the app and the model.
    let queries = steps.iter().filter(|_| scheme.tool != Tool::Django);
    for step in queries.filter(|step| !step.verify.is_empty()) {
        for query in step.verify.split("; ") {
            produced.verification.push(format!("`{query}` answers true"));
        }
    }
    Ok(produced)
}

/// A column that is required cannot be so at once on a table with rows: says how it becomes so.
fn required_columns(steps: &[steps::Step], produced: &mut Produced) {
    let required = steps.iter().flat_map(|step| &step.parts).filter_map(|part| match part {
        Part::Column { table, column: ColumnSpec { name, required: true, .. } } => {
            Some((table, name))
        }
        _ => None,
    });
    for (table, name) in required {
        produced.notes.push(format!(
            "`{table}.{name}` may be empty for now, because the rows that are there have no value. \
             When the code writes it and the old rows are filled in batches, add \
             `CHECK ({name} IS NOT NULL) NOT VALID`, validate it in the next migration, then set \
             `NOT NULL`."
        ));
    }
}

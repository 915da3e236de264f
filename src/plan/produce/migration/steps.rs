//! Schema changes as steps that a running service survives, for PostgreSQL.
//!
//! One step is one file: what one transaction may hold, an index that is built beside the traffic
//! (alone, outside of a transaction), or the check of existing rows against a new constraint.

use super::tables;
use crate::domain::plan::{ColumnSpec, SchemaChange};
use crate::plan::produce::ProduceError;
use crate::plan::produce::ground::Overlay;
use crate::plan::produce::names::{composed, identifier, quoted};

/// One migration, whatever tool runs it.
#[derive(Debug, Clone, Default)]
pub(super) struct Step {
    /// For the file's name.
    pub slug: String,
    /// What it does, one clause.
    pub says: String,
    /// Statements without their semicolon, in order.
    pub up: Vec<String>,
    /// What undoes them, in order; empty: there is nothing to undo.
    pub down: Vec<String>,
    /// A single statement that must not run in a transaction.
    pub alone: bool,
    /// Whether it waits for locks on tables that are in use.
    pub locks: bool,
    /// Duration, impact, throttling.
    pub operations: String,
    /// A query that shows that it worked, and what it answers.
    pub verify: String,
    /// What it is made from, for tools that do not write SQL.
    pub parts: Vec<Part>,
}

/// A piece of a step in neutral form.
#[derive(Debug, Clone)]
pub(super) enum Part {
    Table {
        table: String,
        columns: Vec<ColumnSpec>,
    },
    Column {
        table: String,
        column: ColumnSpec,
    },
    /// On a table of the same step unless the step is alone.
    Index {
        table: String,
        columns: Vec<String>,
        unique: bool,
        name: String,
    },
    ForeignKey {
        table: String,
        column: String,
        references: String,
        name: String,
    },
    Validate {
        table: String,
        name: String,
    },
}

/// The steps for these changes, in the order in which they must run.
pub(super) fn steps(
    changes: &[SchemaChange],
    overlay: &Overlay<'_>,
) -> Result<Vec<Step>, ProduceError> {
    run(Builder::new(changes, overlay, true), changes)
}

/// The same for tools that find out by themselves which type a key has.
pub(super) fn steps_without_key_types(
    changes: &[SchemaChange],
    overlay: &Overlay<'_>,
) -> Result<Vec<Step>, ProduceError> {
    run(Builder::new(changes, overlay, false), changes)
}

fn run(mut builder: Builder<'_>, changes: &[SchemaChange]) -> Result<Vec<Step>, ProduceError> {
    for change in changes {
        builder.change(change)?;
    }
    builder.finish()
}

struct Builder<'a> {
    overlay: &'a Overlay<'a>,
    /// Whether the type of a referenced key must be known.
    key_types: bool,
    /// Tables that these changes create.
    new_tables: Vec<&'a str>,
    main: Step,
    says: Vec<String>,
    slugs: Vec<String>,
    verify: Vec<String>,
    later: Vec<Step>,
}

impl<'a> Builder<'a> {
    fn new(changes: &'a [SchemaChange], overlay: &'a Overlay<'a>, key_types: bool) -> Self {
        let new_tables = changes.iter().filter_map(|change| match change {
            SchemaChange::CreateTable { table, .. } => Some(table.as_str()),
            _ => None,
        });
        Self {
            overlay,
            key_types,
            new_tables: new_tables.collect(),
            main: Step::default(),
            says: Vec::new(),
            slugs: Vec::new(),
            verify: Vec::new(),
            later: Vec::new(),
        }
    }

    fn change(&mut self, change: &SchemaChange) -> Result<(), ProduceError> {
        match change {
            SchemaChange::CreateTable { table, columns } => self.create_table(table, columns),
            SchemaChange::AddColumn { table, column } => self.add_column(table, column),
            SchemaChange::AddIndex { table, columns, unique } => {
                self.add_index(table, columns, *unique)
            }
            SchemaChange::AddForeignKey { table, column, references_table } => {
                self.add_foreign_key(table, column, references_table)
            }
            SchemaChange::DropColumn { table, column } => Err(ProduceError::NotGenerated(format!(
                "dropping `{table}.{column}` loses its values for good: a person writes that \
                 migration once nothing reads the column any more"
            ))),
        }
    }

    fn is_new(&self, table: &str) -> bool {
        self.new_tables.contains(&table)
    }

    fn create_table(&mut self, table: &str, columns: &[ColumnSpec]) -> Result<(), ProduceError> {
        let table = identifier(table)?;
        if tables::exists(self.overlay, table) {
            return Err(ProduceError::Conflict(format!("the table `{table}` is there already")));
        }
        let mut lines = Vec::new();
        if !columns.iter().any(|column| column.name == "id") {
            lines.push("id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY".to_owned());
        }
        for column in columns {
            lines.push(self.column_of_new_table(column)?);
        }
        let body = lines.iter().map(|line| format!("    {line}")).collect::<Vec<_>>().join(",\n");
        self.main.up.push(format!("CREATE TABLE {} (\n{body}\n)", quoted(table)));
        self.main.down.push(format!("DROP TABLE {}", quoted(table)));
        self.main.parts.push(Part::Table { table: table.to_owned(), columns: columns.to_vec() });
        for column in columns.iter().filter(|column| column.kind == "reference") {
            self.index_in_main(table, std::slice::from_ref(&column.name), false)?;
            let referenced = column.references.as_deref().unwrap_or_default();
            self.main.locks |= !self.is_new(referenced);
        }
        self.says.push(format!("creates the table {table}"));
        self.slugs.push(format!("create_{table}"));
        self.verify.push(format!("SELECT to_regclass('{}') IS NOT NULL", quoted(table)));
        Ok(())
    }

    fn column_of_new_table(&self, column: &ColumnSpec) -> Result<String, ProduceError> {
        let name = quoted(identifier(&column.name)?);
        if column.name == "id" {
            return Ok(match column.kind.as_str() {
                "uuid" => "id uuid PRIMARY KEY DEFAULT gen_random_uuid()".to_owned(),
                "integer" | "bigint" => {
                    "id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY".to_owned()
                }
                _ => format!("id {} PRIMARY KEY", self.sql_type(column)?),
            });
        }
        let required = if column.required { " NOT NULL" } else { "" };
        let default = match (column.name.as_str(), column.kind.as_str()) {
            ("created_at", "timestamp") => " DEFAULT now()",
            _ => "",
        };
        let references = match &column.references {
            Some(table) => format!(" REFERENCES {} (id)", quoted(identifier(table)?)),
            None => String::new(),
        };
        Ok(format!("{name} {}{required}{default}{references}", self.sql_type(column)?))
    }

    fn sql_type(&self, column: &ColumnSpec) -> Result<String, ProduceError> {
        let plain = match column.kind.as_str() {
            "text" => "text",
            "integer" => "integer",
            "bigint" => "bigint",
            "boolean" => "boolean",
            "timestamp" => "timestamptz",
            "date" => "date",
            "uuid" => "uuid",
            "decimal" => "numeric",
            "json" => "jsonb",
            "reference" => {
                let table = column.references.as_deref().ok_or_else(|| {
                    ProduceError::Unknown(format!("what `{}` references is not said", column.name))
                })?;
                return self.key_type(identifier(table)?);
            }
            other => {
                let shown: String = other.chars().filter(|c| *c != '`').take(40).collect();
                return Err(ProduceError::Unknown(format!(
                    "`{shown}` is not a type that is known for every database"
                )));
            }
        };
        Ok(plain.to_owned())
    }

    /// The type of the key that a reference must have as well.
    fn key_type(&self, table: &str) -> Result<String, ProduceError> {
        if let Some(own) = self.main.parts.iter().find_map(|part| match part {
            Part::Table { table: created, columns } if created == table => Some(columns),
            _ => None,
        }) {
            let id = own.iter().find(|column| column.name == "id");
            let uuid = id.is_some_and(|column| column.kind == "uuid");
            return Ok(if uuid { "uuid" } else { "bigint" }.to_owned());
        }
        if !self.key_types {
            return Ok("bigint".to_owned());
        }
        tables::key_type(self.overlay, table).ok_or_else(|| {
            ProduceError::Unknown(format!(
                "the type of `{table}.id`, which a reference must have as well, was not found in the \
                 migrations"
            ))
        })
    }

    fn add_column(&mut self, table: &str, column: &ColumnSpec) -> Result<(), ProduceError> {
        let (table, name) = (identifier(table)?, identifier(&column.name)?);
        if tables::has_column(self.overlay, table, name) {
            return Err(ProduceError::Conflict(format!(
                "the column `{table}.{name}` is there already"
            )));
        }
        let kind = self.sql_type(column)?;
        self.main.up.push(format!(
            "ALTER TABLE {} ADD COLUMN {} {kind}",
            quoted(table),
            quoted(name)
        ));
        self.main
            .down
            .insert(0, format!("ALTER TABLE {} DROP COLUMN {}", quoted(table), quoted(name)));
        self.main.parts.push(Part::Column { table: table.to_owned(), column: column.clone() });
        self.main.locks |= !self.is_new(table);
        self.says.push(format!("adds the column {table}.{name}"));
        self.slugs.push(format!("add_{name}_to_{table}"));
        self.verify.push(format!(
            "SELECT count(*) = 1 FROM information_schema.columns WHERE table_name = '{table}' AND column_name = '{name}'"
        ));
        if let Some(references) = &column.references {
            self.add_foreign_key(table, name, references)?;
        }
        Ok(())
    }

    fn add_index(
        &mut self,
        table: &str,
        columns: &[String],
        unique: bool,
    ) -> Result<(), ProduceError> {
        if self.is_new(table) {
            return self.index_in_main(identifier(table)?, columns, unique);
        }
        let (name, statement) = index(table, columns, unique, "CONCURRENTLY ")?;
        let rejects = if unique { "; fails while there are duplicates" } else { "" };
        self.later.push(Step {
            slug: format!("index_{table}_{}", columns.join("_")),
            says: format!("builds the index {name} beside the traffic"),
            up: vec![statement],
            down: vec![format!("DROP INDEX CONCURRENTLY {name}")],
            alone: true,
            locks: false,
            operations: format!(
                "duration grows with {table}; reads and writes go on{rejects}; one build at a time"
            ),
            verify: format!(
                "SELECT indisvalid FROM pg_index WHERE indexrelid = '{name}'::regclass"
            ),
            parts: vec![Part::Index {
                table: table.to_owned(),
                columns: columns.to_vec(),
                unique,
                name,
            }],
        });
        Ok(())
    }

    fn index_in_main(
        &mut self,
        table: &str,
        columns: &[String],
        unique: bool,
    ) -> Result<(), ProduceError> {
        let (name, statement) = index(table, columns, unique, "")?;
        if !self.main.up.contains(&statement) {
            self.main.up.push(statement);
            let (table, columns) = (table.to_owned(), columns.to_vec());
            self.main.parts.push(Part::Index { table, columns, unique, name });
        }
        Ok(())
    }

    fn add_foreign_key(
        &mut self,
        table: &str,
        column: &str,
        references: &str,
    ) -> Result<(), ProduceError> {
        let (table, column) = (identifier(table)?, identifier(column)?);
        let references = identifier(references)?;
        let name = composed(&[table, column], "fkey");
        let (quoted_table, quoted_column) = (quoted(table), quoted(column));
        self.main.up.push(format!(
            "ALTER TABLE {quoted_table} ADD CONSTRAINT {name} FOREIGN KEY ({quoted_column}) REFERENCES {} (id) NOT VALID",
            quoted(references)
        ));
        let undo = format!("ALTER TABLE {quoted_table} DROP CONSTRAINT {name}");
        self.main.down.insert(0, undo);
        self.main.locks = true;
        self.main.parts.push(Part::ForeignKey {
            table: table.to_owned(),
            column: column.to_owned(),
            references: references.to_owned(),
            name: name.clone(),
        });
        self.says.push(format!("holds new rows of {table} to the reference {name}"));
        self.slugs.push(format!("reference_{table}_{column}"));
        self.later.push(Step {
            slug: format!("validate_{name}"),
            says: format!("checks the rows that were there before against {name}"),
            up: vec![format!("ALTER TABLE {quoted_table} VALIDATE CONSTRAINT {name}")],
            locks: true,
            operations: format!(
                "duration grows with {table}; reads and writes go on; fails while rows point nowhere, and can be run again"
            ),
            verify: format!("SELECT convalidated FROM pg_constraint WHERE conname = '{name}'"),
            parts: vec![Part::Validate { table: table.to_owned(), name }],
            ..Step::default()
        });
        self.add_index(table, &[column.to_owned()], false)
    }

    fn finish(mut self) -> Result<Vec<Step>, ProduceError> {
        if !self.main.up.is_empty() {
            self.main.slug = self.slugs.first().cloned().unwrap_or_default();
            self.main.says = self.says.join(", ");
            self.main.verify = self.verify.join("; ");
            self.main.operations = if self.main.locks {
                "duration well under a second once the locks are there; waits at most 2 s for each; no throttling needed"
            } else {
                "duration well under a second; touches no table in use; no throttling needed"
            }
            .to_owned();
        }
        let main = (!self.main.up.is_empty()).then_some(self.main);
        let all: Vec<Step> = main.into_iter().chain(self.later).collect();
        if all.is_empty() {
            return Err(ProduceError::NotGenerated("no schema change is named".to_owned()));
        }
        Ok(all)
    }
}

fn index(
    table: &str,
    columns: &[String],
    unique: bool,
    how: &str,
) -> Result<(String, String), ProduceError> {
    let table = identifier(table)?;
    let mut names = Vec::new();
    for column in columns {
        names.push(identifier(column)?);
    }
    if names.is_empty() {
        return Err(ProduceError::Unknown(format!(
            "the columns of the index on `{table}` are not named"
        )));
    }
    let mut parts = vec![table];
    parts.extend(&names);
    let name = composed(&parts, if unique { "key" } else { "idx" });
    let columns: Vec<String> = names.iter().map(|name| quoted(name)).collect();
    let unique = if unique { "UNIQUE " } else { "" };
    let statement =
        format!("CREATE {unique}INDEX {how}{name} ON {} ({})", quoted(table), columns.join(", "));
    Ok((name, statement))
}

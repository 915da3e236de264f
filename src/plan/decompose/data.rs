//! Steps on schemas, queries and access to rows.

use super::{Stage, Step};
use crate::domain::finding::Prose;
use crate::domain::path::RepoPath;
use crate::domain::plan::{Artefact, Execution, FileAction, Pattern, SchemaChange};
use crate::plan::facts::Facts;
use crate::plan::paths;
use crate::plan::repository::migration_directory;
use crate::plan::roles::Role;
use crate::plan::schema::Destructive;
use crate::plan::words::{code, codes, list, sentence};

/// The migration that adds what is asked for.
pub fn schema(facts: &Facts<'_>) -> Step {
    let changes: Vec<SchemaChange> = facts
        .schema
        .changes
        .iter()
        .filter(|change| !matches!(change, SchemaChange::DropColumn { .. }))
        .cloned()
        .collect();
    let tables = facts.schema.tables();
    let mut step = Step::new(Role::Schema, Stage::Expand, title(facts, &tables))
        .input(wanted(facts))
        .output(format!("A migration; its way back is {}", way_back(facts)));
    if let Some(migrations) = &facts.repository.migrations {
        step = step
            .input(format!("The last migration, `{}`", migrations.latest))
            .file(format!("{}/", migrations.directory), FileAction::Add)
            .check(format!(
                "{} applies it to an empty database and to one with the present schema",
                migrations.tool.name()
            ));
    } else {
        step = step.check("It applies to an empty database and to one with the present schema");
    }
    step = with_models(facts, step, &tables);
    if facts.repository.migrations.as_ref().is_some_and(|m| m.reversible) {
        step = step.check("Applied, undone and applied again, the schema is the same");
    }
    let references = changes.iter().any(|change| match change {
        SchemaChange::CreateTable { columns, .. } => columns.iter().any(|c| c.references.is_some()),
        SchemaChange::AddColumn { column, .. } => column.references.is_some(),
        SchemaChange::AddForeignKey { .. } => true,
        _ => false,
    });
    if references {
        step = step.check("Every foreign key has an index and points to a column of the same type");
    }
    let existing = tables.iter().any(|table| facts.repository.table(table).is_some());
    if existing {
        step = step.check(
            "No statement holds a lock that blocks reads or writes for as long as the table is large",
        );
    }
    step = step
        .check("It says how to verify the result, how long it may take and which locks it takes");
    step.rollback = Some(rollback(facts, &tables));
    step.observe = Some(if existing {
        "Duration of the migration, waits for locks and errors of the service while it runs"
            .to_owned()
    } else {
        "Errors of the service after the migration has run".to_owned()
    });
    if facts.schema.is_complete() && facts.repository.migrations.is_some() && !changes.is_empty() {
        step.execution = Execution::Generated { artefact: Artefact::Migration { changes } };
    }
    step
}

fn title(facts: &Facts<'_>, tables: &[String]) -> Prose {
    let creates = facts.schema.creates();
    let added: Vec<String> = facts
        .schema
        .changes
        .iter()
        .filter_map(|change| match change {
            SchemaChange::AddColumn { table, column } => Some(format!("{table}.{}", column.name)),
            _ => None,
        })
        .collect();
    let renamed = facts.schema.destructive.iter().find_map(|gone| match gone {
        Destructive::RenameColumn { from, to, .. } => Some((from, to)),
        _ => None,
    });
    if let Some((from, to)) = renamed {
        return format!("Add {} beside {}", code(to), code(from));
    }
    if !creates.is_empty() {
        let what = if creates.len() == 1 { "table" } else { "tables" };
        return format!("Create the {what} {}", codes(&creates));
    }
    if !added.is_empty() {
        return format!("Add {}", codes(&added));
    }
    let untyped = facts.schema.untyped.iter().map(|(table, column)| format!("{table}.{column}"));
    let homeless = facts.schema.homeless.iter().cloned();
    let open: Vec<String> = untyped.chain(homeless).collect();
    if !open.is_empty() {
        return format!("Add {}", codes(&open));
    }
    if !tables.is_empty() {
        return format!("Change the schema of {}", codes(tables));
    }
    "Design the schema change and its migration".to_owned()
}

fn wanted(facts: &Facts<'_>) -> Prose {
    if facts.asked.requirements.len() > 1 {
        "The requirements on the data".to_owned()
    } else {
        "The request".to_owned()
    }
}

fn way_back(facts: &Facts<'_>) -> String {
    match &facts.repository.migrations {
        Some(migrations) => migrations.tool.way_back(migrations.reversible).to_owned(),
        None => "a script that undoes it".to_owned(),
    }
}

/// Files in which the schema is written a second time.
fn with_models(facts: &Facts<'_>, mut step: Step, tables: &[String]) -> Step {
    for path in facts.survey.listing.paths() {
        let dumps = ["schema.rb", "structure.sql", "schema.prisma"];
        if dumps.contains(&path.file_name()) && !paths::is_foreign(path) {
            step = step.file(path.as_str(), FileAction::Modify);
        }
    }
    let mut models = Vec::new();
    for table in tables {
        if let Some(known) = facts.repository.table(table)
            && !known.path.ends_with(".sql")
            // A migration that was applied is never changed.
            && !is_migration(&known.path)
        {
            step = step.file(known.path.clone(), FileAction::Modify);
            models.push(known.path.clone());
        }
    }
    // An ORM finds out by itself what a migration did only if the model says the same.
    let orm = ["models", "model", "entity", "entities"];
    for relevant in facts.code().filter(|r| {
        orm.iter().any(|word| r.path.split('/').any(|part| part == *word))
            || r.path.ends_with("models.py")
    }) {
        if relevant.score >= 14 {
            step = step.file(relevant.path.clone(), FileAction::Modify);
            models.push(relevant.path.clone());
        }
    }
    if models.is_empty() {
        return step;
    }
    models.sort();
    models.dedup();
    let verb = if models.len() == 1 { "The model" } else { "The models" };
    step.output(format!("{verb} in step with it, {}", codes(&models)))
}

fn is_migration(path: &str) -> bool {
    RepoPath::new(path).is_some_and(|path| migration_directory(&path).is_some())
}

fn rollback(facts: &Facts<'_>, tables: &[String]) -> Prose {
    let creates = !facts.schema.creates().is_empty();
    let mut text = sentence(&way_back(facts));
    text.push_str(if creates {
        "; rows written to new tables meanwhile are lost, so deploy the code that writes them last"
    } else if tables.is_empty() {
        "; the code before the change keeps working while the change is only additive"
    } else {
        "; the code of before works with the new schema, so code and schema can go back one by one"
    });
    text
}

/// Who may see which rows.
pub fn policies(facts: &Facts<'_>) -> Step {
    let tables = facts.schema.tables();
    let of = if tables.is_empty() { "the new data".to_owned() } else { codes(&tables) };
    let supabase = facts.repository.stack.has("Supabase")
        || facts
            .repository
            .migrations
            .as_ref()
            .is_some_and(|m| m.directory.starts_with("supabase/"))
        || facts.words.any(&["rls", "row level security"]);
    let mut step =
        Step::new(Role::Security, Stage::Expand, format!("Decide who may read and write {of}"))
            .input("Schema of the step before");
    if supabase {
        step.title = format!("Write row-level security policies for {of}");
        step = step
            .output("A policy for each table and operation, deny by default")
            .check("Another user's rows can be neither read nor written, by any operation")
            .check("Every new table has row-level security enabled");
        if let Some(migrations) = &facts.repository.migrations {
            step = step.file(format!("{}/", migrations.directory), FileAction::Add);
        }
    } else {
        step = step
            .output("Rules of access for each table and operation, deny by default")
            .check("A caller without the right gets neither rows nor a hint that they exist");
    }
    if let Some((column, path, line)) = &facts.repository.tenant_column {
        step = step.check(format!(
            "Every query on them filters by {} as the other tables do (`{path}`:{line})",
            code(column)
        ));
    }
    step.rollback =
        Some("Restore the policies of before; access stays denied where none is left".to_owned());
    step
}

/// Indexes for the queries to come.
pub fn index_strategy(facts: &Facts<'_>) -> Step {
    let tables = facts.schema.tables();
    let of = if tables.is_empty() { "the new tables".to_owned() } else { codes(&tables) };
    let mut step = Step::new(
        Role::Query,
        Stage::Expand,
        format!("Recommend indexes for common queries on {of}"),
    )
    .input("Schema of the step before")
    .input("The queries that the requirements imply")
    .output("Indexes, each with the query that needs it")
    .check("Every foreign key and every column that lists are filtered or sorted by is covered")
    .check("No index repeats the beginning of another");
    if let Some(migrations) = &facts.repository.migrations {
        step = step.file(format!("{}/", migrations.directory), FileAction::Add);
    }
    step.rollback = Some("Drop the index; nothing depends on it but speed".to_owned());
    step
}

/// What is slow, made fast by an index.
pub fn index(facts: &Facts<'_>) -> Step {
    let changes: Vec<SchemaChange> = facts
        .schema
        .changes
        .iter()
        .filter(|change| matches!(change, SchemaChange::AddIndex { .. }))
        .cloned()
        .collect();
    let tables = facts.schema.tables();
    let named: Vec<String> = changes
        .iter()
        .filter_map(|change| match change {
            SchemaChange::AddIndex { table, columns, .. } => {
                Some(format!("{table} ({})", columns.join(", ")))
            }
            _ => None,
        })
        .collect();
    let title = match (named.is_empty(), tables.is_empty()) {
        (false, _) => format!("Add the index {}", codes(&named)),
        (true, false) => format!("Add the index that queries on {} need", codes(&tables)),
        (true, true) => "Add the index that the slow query needs".to_owned(),
    };
    let role =
        if facts.nature.pattern == Some(Pattern::Performance) { Role::Schema } else { Role::Query };
    let mut step = Step::new(role, Stage::Expand, title)
        .input("The query that is to become faster")
        .output("Migration that builds the index without blocking writes")
        .check("The plan of the query uses the index")
        .check("The index is built without blocking writes, and a failed build can be repeated");
    if let Some(migrations) = &facts.repository.migrations {
        step = step.file(format!("{}/", migrations.directory), FileAction::Add);
    }
    step.rollback = Some("Drop the index; nothing depends on it but speed".to_owned());
    step.observe =
        Some("Duration of the build, write latency and disk space while it runs".to_owned());
    if facts.schema.is_complete() && facts.repository.migrations.is_some() && !changes.is_empty() {
        step.execution = Execution::Generated { artefact: Artefact::Migration { changes } };
    }
    step
}

/// Rows that exist already get their values.
pub fn backfill(facts: &Facts<'_>) -> Step {
    let moved: Vec<String> = facts
        .schema
        .destructive
        .iter()
        .filter_map(|gone| match gone {
            Destructive::RenameColumn { from, to, .. } => {
                Some(format!("{} from {}", code(to), code(from)))
            }
            _ => None,
        })
        .chain(facts.schema.filled.iter().map(|(table, column)| code(&format!("{table}.{column}"))))
        .collect();
    let mut step = Step::new(
        Role::Schema,
        Stage::Backfill,
        format!("Fill {} for existing rows", list(&moved)),
    )
    .input("The code that writes new rows is deployed")
    .output("A backfill in batches that can be stopped and continued")
    .check("A count shows that no row is left without a value")
    .check("Each batch is its own transaction and keeps locks short");
    if !facts.schema.filled.is_empty() {
        step = step
            .output("Then a migration that makes it required, without a lock that lasts")
            .check("A new row without a value is refused");
    }
    if let Some(migrations) = &facts.repository.migrations {
        step = step.file(format!("{}/", migrations.directory), FileAction::Add);
    }
    step.rollback =
        Some("Stop the backfill; values that are filled in already do no harm".to_owned());
    step.observe = Some("Rows left, replication lag and lock waits while it runs".to_owned());
    step
}

/// What nobody reads any more goes.
pub fn contract(facts: &Facts<'_>) -> Step {
    let mut changes = Vec::new();
    let mut names = Vec::new();
    for gone in &facts.schema.destructive {
        match gone {
            Destructive::DropColumn { table, column } => {
                names.push(code(&format!("{table}.{column}")));
                changes.push(SchemaChange::DropColumn {
                    table: table.clone(),
                    column: column.clone(),
                });
            }
            Destructive::RenameColumn { table, from, .. } => {
                names.push(code(
                    &table.as_ref().map_or(from.clone(), |table| format!("{table}.{from}")),
                ));
                if let Some(table) = table {
                    changes.push(SchemaChange::DropColumn {
                        table: table.clone(),
                        column: from.clone(),
                    });
                }
            }
            Destructive::DropTable { table } => names.push(code(table)),
        }
    }
    let dropped_tables =
        facts.schema.destructive.iter().any(|g| matches!(g, Destructive::DropTable { .. }));
    let mut step = Step::new(
        Role::Schema,
        Stage::Contract,
        format!("Drop {} in a later release", list(&names)),
    )
    .input("A release in which no running code reads or writes it")
    .output("Migration that drops it, with a note on how the data can be restored")
    .check("A search of the code and of the logs of the database finds no reader")
    .check("A backup from before the migration is there and was restored once");
    if let Some(migrations) = &facts.repository.migrations {
        step = step.file(format!("{}/", migrations.directory), FileAction::Add);
    }
    step.rollback = Some("Irreversible: the data comes back only from a backup".to_owned());
    step.observe =
        Some("Errors that name the column or table, for a day after the release".to_owned());
    if !dropped_tables && facts.repository.migrations.is_some() && changes.len() == names.len() {
        step.execution = Execution::Generated { artefact: Artefact::Migration { changes } };
    }
    step
}

//! The migrations that are written for a request, on a real PostgreSQL: up, down, and up again,
//! the way each tool runs them. Skipped without `TEST_DATABASE_URL`.

use std::str::FromStr;

use backend_team::plan::produce::{Produced, ProducedFile};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{Connection, Executor, Row};

use crate::produce::{Files, everything, journal_migration, sql_repositories, written};

/// What a tool sends to the server.
#[derive(Debug, Clone, PartialEq)]
enum Batch {
    /// One message of several statements: the server makes one transaction of it.
    Message(String),
    /// Statement by statement between BEGIN and COMMIT.
    Transaction(String),
    /// Statement by statement, each for itself.
    Bare(String),
}

/// Both ways of one migration.
#[derive(Debug)]
struct Migration {
    up: Batch,
    down: Batch,
}

/// The statements of a text; none that is written here holds a semicolon within.
fn statements(text: &str) -> Vec<String> {
    let code: Vec<&str> =
        text.lines().filter(|line| !line.trim_start().starts_with("--")).collect();
    let code = code.join("\n");
    code.split(';').map(str::trim).filter(|s| !s.is_empty()).map(str::to_owned).collect()
}

/// The text between two marks, or to the end.
fn section(text: &str, from: &str, to: Option<&str>) -> (String, bool) {
    let start = text.find(from).unwrap_or_else(|| panic!("no `{from}` in {text}"));
    let rest = &text[start + from.len()..];
    let (mark, rest) = rest.split_once('\n').unwrap_or((rest, ""));
    let end = to.and_then(|to| rest.find(to)).unwrap_or(rest.len());
    (rest[..end].to_owned(), mark.contains("transaction:false") || mark.contains("notransaction"))
}

/// The way back as the file's own comment gives it.
fn rollback_comment(text: &str) -> Batch {
    let line = text.lines().find_map(|line| line.strip_prefix("-- Rollback: "));
    let line = line.unwrap_or_else(|| panic!("no way back in {text}"));
    Batch::Bare(if line.starts_with("nothing to undo") { String::new() } else { line.to_owned() })
}

fn by_transaction(alone: bool, text: String) -> Batch {
    if alone { Batch::Bare(text) } else { Batch::Transaction(text) }
}

/// The migration of one forward file; `None` for the others.
fn migration(tool: &str, file: &ProducedFile, all: &Produced) -> Option<Migration> {
    let (path, text) = (file.path.as_str(), file.content.clone());
    let beside = |path: String| {
        let found = all.files.iter().find(|file| file.path.as_str() == path);
        found.unwrap_or_else(|| panic!("{path} was not written")).content.clone()
    };
    let sqlx = |text: String| by_transaction(text.starts_with("-- no-transaction\n"), text);
    Some(match tool {
        "golang-migrate" => {
            let down = beside(format!("{}.down.sql", path.strip_suffix(".up.sql")?));
            Migration { up: Batch::Message(text), down: Batch::Message(down) }
        }
        "sqlx pairs" => {
            let down = beside(format!("{}.down.sql", path.strip_suffix(".up.sql")?));
            Migration { up: sqlx(text), down: sqlx(down) }
        }
        "sqlx" => Migration { down: rollback_comment(&text), up: sqlx(text) },
        "goose" => {
            let alone = text.contains("-- +goose NO TRANSACTION\n");
            let (up, _) = section(&text, "-- +goose Up", Some("-- +goose Down"));
            let (down, _) = section(&text, "-- +goose Down", None);
            Migration { up: by_transaction(alone, up), down: by_transaction(alone, down) }
        }
        "dbmate" | "sql-migrate" => {
            let (from, to) = if tool == "dbmate" {
                ("-- migrate:up", "-- migrate:down")
            } else {
                ("-- +migrate Up", "-- +migrate Down")
            };
            let (up, up_alone) = section(&text, from, Some(to));
            let (down, down_alone) = section(&text, to, None);
            Migration { up: by_transaction(up_alone, up), down: by_transaction(down_alone, down) }
        }
        "Flyway" | "Flyway with undo" => {
            let name = file.path.file_name().strip_prefix('V')?;
            // Flyway sees by itself which statements must stand outside of a transaction.
            let run = |text: String| by_transaction(text.contains("CONCURRENTLY"), text);
            let down = if tool == "Flyway" {
                rollback_comment(&text)
            } else {
                run(beside(format!("{}/U{name}", file.path.directory())))
            };
            Migration { up: run(text), down }
        }
        "Diesel" => {
            let folder = path.strip_suffix("/up.sql")?;
            let metadata = format!("{folder}/metadata.toml");
            let alone = all.files.iter().any(|file| {
                file.path.as_str() == metadata
                    && file.content.contains("run_in_transaction = false")
            });
            let down = beside(format!("{folder}/down.sql"));
            Migration { up: by_transaction(alone, text), down: by_transaction(alone, down) }
        }
        "Prisma" => {
            path.strip_suffix("/migration.sql")?;
            Migration { down: rollback_comment(&text), up: Batch::Message(text) }
        }
        "plain" => Migration { down: rollback_comment(&text), up: Batch::Bare(text) },
        other => panic!("{other} is not known"),
    })
}

pub async fn send(connection: &mut PgConnection, sql: &str) -> Result<(), sqlx::Error> {
    connection.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned()))).await.map(drop)
}

async fn run(connection: &mut PgConnection, batch: &Batch) -> Result<(), sqlx::Error> {
    match batch {
        Batch::Message(text) => send(connection, text).await,
        Batch::Bare(text) => {
            for statement in statements(text) {
                send(connection, &statement).await?;
            }
            Ok(())
        }
        Batch::Transaction(text) => {
            send(connection, "BEGIN").await?;
            for statement in statements(text) {
                send(connection, &statement).await?;
            }
            send(connection, "COMMIT").await
        }
    }
}

/// Names of all tables, columns, indexes and constraints, to see whether the way back is complete.
pub async fn shape(connection: &mut PgConnection) -> Vec<String> {
    let query = "SELECT format('%s %s %s', c.relkind, c.relname, a.attname) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid \
                 WHERE c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped \
                 UNION ALL SELECT 'constraint ' || conname FROM pg_constraint WHERE connamespace = 'public'::regnamespace ORDER BY 1";
    let rows = sqlx::query(query).fetch_all(connection).await.unwrap();
    rows.iter().map(|row| row.get::<String, _>(0)).collect()
}

async fn in_new_database(server: &PgConnectOptions, tool: &str, repository: &Files) {
    let name = format!(
        "produce_{}_{}",
        std::process::id(),
        tool.replace(|c: char| !c.is_ascii_alphanumeric(), "_").to_lowercase()
    );
    let mut admin = PgConnection::connect_with(server).await.unwrap();
    send(&mut admin, &format!("CREATE DATABASE {name}")).await.unwrap();
    let mut connection = PgConnection::connect_with(&server.clone().database(&name)).await.unwrap();
    up_down_up(&mut connection, tool, repository).await;
    connection.close().await.unwrap();
    send(&mut admin, &format!("DROP DATABASE {name}")).await.unwrap();
}

async fn up_down_up(connection: &mut PgConnection, tool: &str, repository: &Files) {
    let users = "CREATE TABLE users (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text NOT NULL);\
                 CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, status text NOT NULL)";
    send(connection, users).await.unwrap();
    send(connection, "INSERT INTO orders (status) VALUES ('new')").await.unwrap();
    let before = shape(connection).await;
    let artefact = if tool == "Prisma" { journal_migration() } else { everything() };
    let produced = written(repository, artefact).unwrap();
    let mut files: Vec<&ProducedFile> = produced.files.iter().collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let migrations: Vec<Migration> =
        files.iter().filter_map(|file| migration(tool, file, &produced)).collect();
    assert!(!migrations.is_empty(), "{tool}");
    for round in 0..2 {
        for migration in &migrations {
            run(connection, &migration.up)
                .await
                .unwrap_or_else(|error| panic!("{tool}: {error}: {migration:?}"));
        }
        verify(connection, tool, &produced).await;
        if round == 1 {
            break;
        }
        for migration in migrations.iter().rev() {
            run(connection, &migration.down)
                .await
                .unwrap_or_else(|error| panic!("{tool}: {error}: {migration:?}"));
        }
        assert_eq!(shape(connection).await, before, "{tool}: the way back is not complete");
    }
}

/// The queries that the files give as proof.
pub async fn verify(connection: &mut PgConnection, tool: &str, produced: &Produced) {
    let mut asked = 0;
    for text in &produced.verification {
        let Some((query, _)) =
            text.strip_prefix('`').and_then(|rest| rest.split_once("` answers true"))
        else {
            continue;
        };
        let row =
            sqlx::query(sqlx::AssertSqlSafe(query.to_owned())).fetch_one(&mut *connection).await;
        let row = row.unwrap_or_else(|error| panic!("{tool}: {query}: {error}"));
        assert!(row.get::<bool, _>(0), "{tool}: {query}");
        asked += 1;
    }
    assert!(asked > 0, "{tool}: nothing to verify by");
}

#[tokio::test]
async fn migrations_run_up_down_and_up_again() {
    let Ok(url) = std::env::var("TEST_DATABASE_URL") else {
        eprintln!("skipped: TEST_DATABASE_URL is not set");
        return;
    };
    let server = PgConnectOptions::from_str(&url).unwrap();
    for (tool, repository) in sql_repositories() {
        in_new_database(&server, tool, &repository).await;
    }
}

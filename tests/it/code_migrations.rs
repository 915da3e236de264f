//! Migrations that are written as code, run by the tools that they are for: up, down, and up again.
//!
//! `tests/contract/migrations` installs the tools and says where they are: `MIGRATION_PYTHON` is a
//! Python with Django, Alembic and psycopg, `MIGRATION_NODE` a folder in which Knex and pg are
//! installed. Alembic and Knex need `TEST_DATABASE_URL` as well. Skipped without.

use std::path::Path;
use std::process::Command;
use std::str::FromStr;

use backend_team::domain::plan::{Artefact, SchemaChange};
use backend_team::plan::produce::Produced;
use sqlx::Connection;
use sqlx::postgres::{PgConnectOptions, PgConnection};

use crate::postgres_branch::{send, shape, verify};
use crate::produce::{Files, code_repositories, column, everything, reference, written};

/// A tool in its folder.
struct Tool<'a> {
    name: &'a str,
    folder: &'a Path,
    program: &'a str,
    up: &'a [&'a str],
    down: &'a [&'a str],
}

fn repository(name: &str) -> Files {
    let all = code_repositories();
    all.into_iter().find(|(known, _)| *known == name).expect("a repository").1
}

fn write(folder: &Path, path: &str, text: &str) {
    let path = folder.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn write_all(folder: &Path, produced: &Produced) {
    for file in &produced.files {
        write(folder, file.path.as_str(), &file.content);
    }
}

/// Runs a program that must succeed.
fn run(folder: &Path, program: &str, arguments: &[&str]) -> String {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).env("PYTHONDONTWRITEBYTECODE", "1");
    let done = command.output().unwrap_or_else(|error| panic!("{program}: {error}"));
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    let errors = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{program} {arguments:?}\n{said}\n{errors}");
    said
}

fn wanted(variable: &str) -> Option<String> {
    let found = std::env::var(variable).ok();
    if found.is_none() {
        eprintln!("skipped: {variable} is not set");
    }
    found
}

const SETTINGS: &str = "SECRET_KEY = 'test'\nINSTALLED_APPS = ['shop']\nUSE_TZ = True\n\
    DEFAULT_AUTO_FIELD = 'django.db.models.BigAutoField'\n\
    DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': 'test.sqlite3'}}\n";
const MANAGE: &str = "import os\nimport sys\n\nfrom django.core.management import execute_from_command_line\n\n\
    os.environ['DJANGO_SETTINGS_MODULE'] = 'settings'\nexecute_from_command_line(sys.argv)\n";

#[test]
fn django_runs_what_is_written_for_it() {
    let Some(python) = wanted("MIGRATION_PYTHON") else { return };
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut files = repository("Django");
    files.retain(|(path, _)| path != "shop/migrations/0001_initial.py");
    for (path, text) in &files {
        write(folder, path, text);
    }
    for (path, text) in [
        ("settings.py", SETTINGS),
        ("manage.py", MANAGE),
        ("shop/__init__.py", ""),
        ("shop/migrations/__init__.py", ""),
    ] {
        write(folder, path, text);
    }
    let manage = |arguments: &[&str]| {
        let all: Vec<&str> = ["manage.py"].iter().chain(arguments).copied().collect();
        run(folder, &python, &all)
    };
    // The migration that is there is Django's own.
    manage(&["makemigrations", "shop", "--name", "initial"]);
    let initial = "shop/migrations/0001_initial.py";
    files.push((initial.to_owned(), std::fs::read_to_string(folder.join(initial)).unwrap()));
    let changes = vec![
        SchemaChange::CreateTable {
            table: "coupons".to_owned(),
            columns: vec![
                column("code", "text", true),
                column("valid_until", "timestamp", false),
                reference("user_id", "users"),
            ],
        },
        SchemaChange::AddColumn {
            table: "orders".to_owned(),
            column: column("note", "text", false),
        },
    ];
    let produced = written(&files, Artefact::Migration { changes }).unwrap();
    write_all(folder, &produced);
    // The models say what the migration does, and nothing else.
    manage(&["makemigrations", "--check", "--dry-run"]);
    manage(&["migrate"]);
    manage(&["migrate", "shop", "0001"]);
    manage(&["migrate"]);
    let tables = manage(&["inspectdb"]);
    assert!(tables.contains("shop_coupon") && tables.contains("note = "), "{tables}");
    eprintln!("ran: Django");
}

const ENVIRONMENT: &str = "from alembic import context\nfrom sqlalchemy import create_engine, pool\n\n\
    engine = create_engine(context.config.get_main_option('sqlalchemy.url'), poolclass=pool.NullPool)\n\
    with engine.connect() as connection:\n    context.configure(connection=connection)\n    \
    with context.begin_transaction():\n        context.run_migrations()\n";

#[tokio::test]
async fn alembic_runs_what_is_written_for_it() {
    let (Some(python), Some(url)) = (wanted("MIGRATION_PYTHON"), wanted("TEST_DATABASE_URL"))
    else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let database = database("alembic");
    let url = url_of(&url, &database).replace("postgres://", "postgresql+psycopg://");
    let settings = format!("[alembic]\nscript_location = alembic\nsqlalchemy.url = {url}\n");
    write(folder.path(), "alembic.ini", &settings);
    write(folder.path(), "alembic/env.py", ENVIRONMENT);
    let tool = Tool {
        name: "Alembic",
        folder: folder.path(),
        program: &python,
        up: &["-m", "alembic", "upgrade", "head"],
        down: &["-m", "alembic", "downgrade", "1a2b3c4d5e6f"],
    };
    up_down_up(&tool, &database).await;
}

#[tokio::test]
async fn knex_runs_what_is_written_for_it() {
    let (Some(modules), Some(url)) = (wanted("MIGRATION_NODE"), wanted("TEST_DATABASE_URL")) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let database = database("knex");
    let url = url_of(&url, &database);
    let settings = format!("module.exports = {{ client: \"pg\", connection: \"{url}\" }};\n");
    write(folder.path(), "knexfile.js", &settings);
    let link = folder.path().join("node_modules");
    std::os::unix::fs::symlink(Path::new(&modules).join("node_modules"), link).unwrap();
    let tool = Tool {
        name: "Knex",
        folder: folder.path(),
        program: "node",
        up: &["node_modules/knex/bin/cli.js", "migrate:latest"],
        down: &["node_modules/knex/bin/cli.js", "migrate:rollback"],
    };
    up_down_up(&tool, &database).await;
}

fn database(tool: &str) -> String {
    format!("code_{tool}_{}", std::process::id())
}

/// The same server, another database.
fn url_of(server: &str, database: &str) -> String {
    let (server, _) = server.rsplit_once('/').expect("a database in TEST_DATABASE_URL");
    format!("{server}/{database}").replace("postgresql://", "postgres://")
}

async fn up_down_up(tool: &Tool<'_>, database: &str) {
    let server = PgConnectOptions::from_str(&std::env::var("TEST_DATABASE_URL").unwrap()).unwrap();
    let mut admin = PgConnection::connect_with(&server).await.unwrap();
    send(&mut admin, &format!("CREATE DATABASE {database}")).await.unwrap();
    let mut connection = PgConnection::connect_with(&server.database(database)).await.unwrap();
    let orders = "CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, status text NOT NULL)";
    send(&mut connection, orders).await.unwrap();
    send(&mut connection, "INSERT INTO orders (status) VALUES ('new')").await.unwrap();
    let files = repository(tool.name);
    for (path, text) in &files {
        write(tool.folder, path, text);
    }
    run(tool.folder, tool.program, tool.up);
    let before = shape(&mut connection).await;
    let produced = written(&files, everything()).unwrap();
    write_all(tool.folder, &produced);
    run(tool.folder, tool.program, tool.up);
    verify(&mut connection, tool.name, &produced).await;
    let after = shape(&mut connection).await;
    assert_ne!(after, before, "{}", tool.name);
    run(tool.folder, tool.program, tool.down);
    assert_eq!(shape(&mut connection).await, before, "{}: the way back is not complete", tool.name);
    run(tool.folder, tool.program, tool.up);
    assert_eq!(shape(&mut connection).await, after, "{}", tool.name);
    connection.close().await.unwrap();
    send(&mut admin, &format!("DROP DATABASE {database}")).await.unwrap();
    eprintln!("ran: {}", tool.name);
}

//! Tools whose migrations are not SQL files: how their files are told, and what each does with
//! them.

use super::dialect::Dialect;
use super::discover::{Direction, Framework, Identity, in_migration_directory, leading_version};
use super::ecto;
use crate::domain::path::RepoPath;

impl Framework {
    /// Whether its migrations are operations in code or markup rather than SQL.
    pub fn is_code(self) -> bool {
        matches!(
            self,
            Self::Rails
                | Self::Django
                | Self::Alembic
                | Self::Liquibase
                | Self::Knex
                | Self::Sequelize
                | Self::TypeOrm
                | Self::Ecto
                | Self::EfCore
        )
    }

    /// As its users call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Flyway => "Flyway",
            Self::Goose => "goose",
            Self::Dbmate => "dbmate",
            Self::SqlMigrate => "sql-migrate",
            Self::Diesel => "Diesel",
            Self::Prisma => "Prisma",
            Self::Supabase => "Supabase",
            Self::Pairs | Self::Plain => "the migration tool",
            Self::Atlas => "Atlas",
            Self::Drizzle => "Drizzle",
            Self::Rails => "Rails",
            Self::Django => "Django",
            Self::Alembic => "Alembic",
            Self::Liquibase => "Liquibase",
            Self::Knex => "Knex",
            Self::Sequelize => "Sequelize",
            Self::TypeOrm => "TypeORM",
            Self::Ecto => "Ecto",
            Self::EfCore => "EF Core",
        }
    }
}

/// Recognises a migration that is not an SQL file.
pub(super) fn identify(path: &RepoPath, text: &str) -> Option<Identity> {
    let name = path.file_name();
    let version = leading_version(name);
    let here = in_migration_directory(path);
    let framework = match path.extension()?.as_str() {
        "rb" if here && !version.is_empty() && text.contains("class ") => Framework::Rails,
        "py" if here
            && text.contains("class Migration(")
            && text.contains("migrations.Migration") =>
        {
            Framework::Django
        }
        "py" if has_line(text, "down_revision") && has_line(text, "revision") => Framework::Alembic,
        "js" | "cjs" | "mjs" | "ts" | "cts" | "mts" => script(here, version, text)?,
        "xml" if text.contains("<databaseChangeLog") => Framework::Liquibase,
        "yaml" | "yml" if has_line(text, "databaseChangeLog") => Framework::Liquibase,
        "json" if text.contains("\"databaseChangeLog\"") => Framework::Liquibase,
        "exs" if here && text.contains("use Ecto.Migration") => Framework::Ecto,
        "cs" if text.contains("MigrationBuilder")
            && text.contains("void Up(")
            && !name.ends_with(".Designer.cs")
            && !name.ends_with("Snapshot.cs") =>
        {
            Framework::EfCore
        }
        _ => return None,
    };
    // A file of Liquibase holds many changes, which are not numbered by its name.
    let direction = match framework {
        Framework::Liquibase => Direction::Many,
        _ => Direction::Up,
    };
    let version = if direction == Direction::Many { "" } else { version };
    Some(Identity { framework, direction, version: version.to_owned() })
}

/// The frameworks of JavaScript and TypeScript, by what their migrations are handed.
fn script(here: bool, version: &str, text: &str) -> Option<Framework> {
    let up = text.contains("up");
    if text.contains("MigrationInterface") && text.contains("queryRunner") {
        return Some(Framework::TypeOrm);
    }
    if !here || version.is_empty() || !up {
        return None;
    }
    if text.contains("queryInterface") {
        return Some(Framework::Sequelize);
    }
    text.contains("knex").then_some(Framework::Knex)
}

/// Whether a line starts with this word.
fn has_line(text: &str, word: &str) -> bool {
    text.lines()
        .any(|line| line.strip_prefix(word).is_some_and(|rest| rest.starts_with([' ', ':', '='])))
}

/// Whether the tool runs a migration in a transaction, as far as the file shows.
pub(super) fn runs_in_transaction(framework: Framework, text: &str) -> Option<bool> {
    match framework {
        Framework::Rails => Some(!text.contains("disable_ddl_transaction!")),
        Framework::Django => {
            let switch = text.lines().map(str::trim).find(|line| line.starts_with("atomic"));
            Some(switch.is_none_or(|line| !line.ends_with("False")))
        }
        Framework::Alembic => Some(true),
        Framework::Knex => {
            let switch = text.split("transaction").nth(1).unwrap_or_default();
            Some(!switch.trim_start_matches([':', '=', ' ']).starts_with("false"))
        }
        // It runs all pending migrations in one unless a migration opts out.
        Framework::TypeOrm => Some(!text.contains("transaction = false")),
        // Each change set is on its own; the reader knows which opt out.
        Framework::Liquibase => Some(true),
        Framework::Ecto => Some(ecto::runs_in_transaction(text)),
        // The reader knows which statements opt out.
        Framework::EfCore => Some(true),
        // `migrate apply` runs each file in a transaction unless it is told otherwise.
        Framework::Atlas => Some(!text.contains("-- atlas:txmode none")),
        _ => None,
    }
}

/// The database that is taken for a framework's where nothing shows one.
pub(super) fn usual_dialect(framework: Framework) -> Dialect {
    match framework {
        // SQL Server as often as any other: only what holds for every database is said.
        Framework::EfCore => Dialect::Other,
        _ => Dialect::Postgres,
    }
}

/// What the tool does with a migration that is older than ones that have run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Late {
    /// It is run like any other.
    Runs,
    /// It is run, but after migrations that it may count on being first.
    RunsAfter,
    /// It is never run, and nothing says so.
    Skipped,
    /// The tool stops.
    Refused,
    /// The order is not in the names.
    Elsewhere,
}

pub(super) fn late(identity: &Identity) -> Late {
    let stamp = identity.version.bytes().filter(u8::is_ascii_digit).count() >= 8;
    match identity.framework {
        Framework::Flyway | Framework::Goose | Framework::Supabase | Framework::Atlas => {
            Late::Refused
        }
        // golang-migrate goes on from the version it is at; sqlx, which uses time stamps, does not.
        Framework::Pairs if !stamp => Late::Skipped,
        Framework::Plain if !stamp => Late::RunsAfter,
        Framework::Dbmate | Framework::SqlMigrate | Framework::Diesel if !stamp => Late::RunsAfter,
        Framework::Django
        | Framework::Alembic
        | Framework::Liquibase
        | Framework::Drizzle
        | Framework::EfCore => Late::Elsewhere,
        // Time stamps are taken when work begins, and these tools run whatever has not run yet.
        _ => Late::Runs,
    }
}

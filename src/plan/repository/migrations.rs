//! Which tool migrates the database, where its files are, and how they are named.

use std::collections::BTreeMap;

use crate::domain::path::RepoPath;
use crate::domain::survey::Survey;
use crate::plan::paths;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MigrationTool {
    Sqlx,
    Diesel,
    GolangMigrate,
    Goose,
    Dbmate,
    SqlMigrate,
    Flyway,
    Liquibase,
    Django,
    Alembic,
    Rails,
    Prisma,
    Supabase,
    Ecto,
    Laravel,
    TypeOrm,
    Knex,
    /// Numbered SQL files whose tool is not shown.
    PlainSql,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migrations {
    pub tool: MigrationTool,
    /// Without a final slash.
    pub directory: String,
    /// The last file by name.
    pub latest: String,
    pub count: usize,
    /// Whether the way back is a file or section of its own, and present in the latest one.
    pub reversible: bool,
}

impl MigrationTool {
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlx => "sqlx",
            Self::Diesel => "Diesel",
            Self::GolangMigrate => "golang-migrate",
            Self::Goose => "goose",
            Self::Dbmate => "dbmate",
            Self::SqlMigrate => "sql-migrate",
            Self::Flyway => "Flyway",
            Self::Liquibase => "Liquibase",
            Self::Django => "Django",
            Self::Alembic => "Alembic",
            Self::Rails => "Rails",
            Self::Prisma => "Prisma",
            Self::Supabase => "Supabase",
            Self::Ecto => "Ecto",
            Self::Laravel => "Laravel",
            Self::TypeOrm => "TypeORM",
            Self::Knex => "Knex",
            Self::PlainSql => "plain SQL",
        }
    }

    /// How its migrations are undone.
    pub fn way_back(self, reversible: bool) -> &'static str {
        match self {
            Self::Flyway => {
                "a new forward migration that undoes it (Flyway's undo files need a paid edition)"
            }
            Self::Prisma => "a new migration that undoes it (Prisma has no way back of its own)",
            Self::Supabase => {
                "a new migration that undoes it (Supabase has no way back of its own)"
            }
            Self::Django => "migrating the app back to the migration before",
            Self::Alembic => "its `downgrade`",
            Self::Rails => "a reversible `change`, or `down`",
            Self::Goose | Self::Dbmate | Self::SqlMigrate => "its down section",
            Self::TypeOrm | Self::Knex | Self::Laravel => "its `down` function",
            Self::Ecto => "its `down`, or a reversible `change`",
            Self::Liquibase => "its rollback section",
            Self::Diesel => "its `down.sql`",
            Self::GolangMigrate => "its `.down.sql`",
            Self::Sqlx if reversible => "its `.down.sql`",
            Self::Sqlx | Self::PlainSql => "a new migration that undoes it",
        }
    }
}

/// The directory with most migrations, and what they are.
pub fn read(survey: &Survey) -> Option<Migrations> {
    let mut directories: BTreeMap<String, Vec<&RepoPath>> = BTreeMap::new();
    for path in survey.listing.paths() {
        if paths::is_foreign(path) || paths::is_test(path) {
            continue;
        }
        if let Some(directory) = migration_directory(path) {
            directories.entry(directory).or_default().push(path);
        }
    }
    // The largest one; of equal ones the first by name.
    let (directory, files) = directories.into_iter().rev().max_by_key(|(_, files)| files.len())?;
    let latest = files.iter().max_by(|a, b| natural(a.as_str()).cmp(&natural(b.as_str())))?;
    let tool = tool(survey, &directory, &files, latest)?;
    let text = survey.text(latest.as_str()).unwrap_or_default().to_ascii_lowercase();
    let reversible = match tool {
        MigrationTool::Sqlx | MigrationTool::GolangMigrate | MigrationTool::PlainSql => {
            files.iter().any(|path| path.file_name().ends_with(".down.sql"))
        }
        MigrationTool::Diesel => files.iter().any(|path| path.file_name() == "down.sql"),
        MigrationTool::Goose => text.contains("+goose down"),
        MigrationTool::Dbmate => text.contains("migrate:down"),
        MigrationTool::SqlMigrate => text.contains("+migrate down"),
        MigrationTool::Flyway | MigrationTool::Prisma | MigrationTool::Supabase => false,
        _ => true,
    };
    let latest = latest.as_str().to_owned();
    Some(Migrations { tool, directory, latest, count: files.len(), reversible })
}

/// The directory that holds the migrations, if the file is one by its place and name.
pub fn migration_directory(path: &RepoPath) -> Option<String> {
    let name = path.file_name();
    let extension = paths::extension(path);
    let known = matches!(
        extension.as_str(),
        "sql" | "py" | "rb" | "ts" | "js" | "php" | "exs" | "xml" | "yaml" | "yml" | "go"
    );
    if !known || matches!(name, "__init__.py" | "env.py") {
        return None;
    }
    let parts: Vec<&str> = path.directory().split('/').collect();
    let at = parts.iter().rposition(|part| {
        matches!(
            part.to_ascii_lowercase().as_str(),
            "migrations" | "migration" | "migrate" | "versions" | "changelog"
        )
    });
    let flyway = extension == "sql" && name.contains("__") && name.starts_with(['V', 'U', 'R']);
    let numbered = name.starts_with(|c: char| c.is_ascii_digit()) || flyway;
    match at {
        Some(at) if at + 1 == parts.len() => {
            let versions = parts.get(at) == Some(&"versions");
            (numbered || versions || extension == "xml" || extension == "yaml")
                .then(|| path.directory().to_owned())
        }
        // `migrations/2024_name/up.sql`
        Some(at) if at + 2 == parts.len() => {
            let folder = parts.get(at + 1)?;
            let fits = folder.starts_with(|c: char| c.is_ascii_digit())
                && matches!(name, "up.sql" | "down.sql" | "migration.sql");
            fits.then(|| parts.get(..=at).map(|kept| kept.join("/"))).flatten()
        }
        _ => flyway.then(|| path.directory().to_owned()),
    }
}

fn tool(
    survey: &Survey,
    directory: &str,
    files: &[&RepoPath],
    latest: &RepoPath,
) -> Option<MigrationTool> {
    let name = latest.file_name();
    let depends = |needle: &str| {
        survey.texts.iter().any(|file| {
            super::stack::is_manifest(file.path.file_name()) && file.text.contains(needle)
        })
    };
    let text = survey.text(latest.as_str()).unwrap_or_default().to_ascii_lowercase();
    let under = |part: &str| directory.split('/').any(|segment| segment == part);
    Some(match paths::extension(latest).as_str() {
        "sql" if name == "migration.sql" => MigrationTool::Prisma,
        "sql" if matches!(name, "up.sql" | "down.sql") => MigrationTool::Diesel,
        "sql" if name.contains("__") && name.starts_with(['V', 'U', 'R']) => MigrationTool::Flyway,
        "sql" if text.contains("+goose up") => MigrationTool::Goose,
        "sql" if text.contains("migrate:up") => MigrationTool::Dbmate,
        "sql" if text.contains("+migrate up") => MigrationTool::SqlMigrate,
        "sql" if under("supabase") => MigrationTool::Supabase,
        "sql" if depends("sqlx") => MigrationTool::Sqlx,
        "sql" if depends("golang-migrate") => MigrationTool::GolangMigrate,
        "sql" if files.iter().any(|f| f.file_name().ends_with(".up.sql")) => {
            if depends("go ") {
                MigrationTool::GolangMigrate
            } else {
                MigrationTool::PlainSql
            }
        }
        "sql" => MigrationTool::PlainSql,
        "py" if under("versions") => MigrationTool::Alembic,
        "py" => MigrationTool::Django,
        "rb" => MigrationTool::Rails,
        "exs" => MigrationTool::Ecto,
        "php" => MigrationTool::Laravel,
        "ts" | "js" if depends("typeorm") => MigrationTool::TypeOrm,
        "ts" | "js" if depends("knex") => MigrationTool::Knex,
        "xml" | "yaml" | "yml" if depends("liquibase") => MigrationTool::Liquibase,
        _ => return None,
    })
}

/// A key by which `V9` comes before `V10`.
fn natural(text: &str) -> Vec<(u64, String)> {
    let mut key = Vec::new();
    let (mut digits, mut letters) = (String::new(), String::new());
    for character in text.chars().chain(['\0']) {
        if character.is_ascii_digit() && digits.len() < 18 {
            if !letters.is_empty() {
                key.push((0, std::mem::take(&mut letters)));
            }
            digits.push(character);
        } else {
            if !digits.is_empty() {
                key.push((std::mem::take(&mut digits).parse().unwrap_or(0), String::new()));
            }
            letters.push(character);
        }
    }
    key.push((0, letters));
    key
}

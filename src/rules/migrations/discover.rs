//! Which files are migrations, by which tool, and which part of them runs forwards.

use std::ops::Range;

use super::frameworks;
use crate::domain::change::{Change, FileChange};
use crate::domain::path::RepoPath;

/// The tool whose conventions a file follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framework {
    /// `V2__name.sql`, `U2__name.sql`, `R__name.sql`.
    Flyway,
    /// `-- +goose Up` sections.
    Goose,
    /// `-- migrate:up` sections.
    Dbmate,
    /// `-- +migrate Up` sections.
    SqlMigrate,
    /// `<version>_name/up.sql`.
    Diesel,
    /// `<version>_name/migration.sql`.
    Prisma,
    Supabase,
    /// `.up.sql` beside `.down.sql`: golang-migrate, or sqlx with reversible migrations.
    Pairs,
    /// Numbered files in a migrations directory.
    Plain,
    /// `db/migrate/<timestamp>_name.rb`.
    Rails,
    /// `<app>/migrations/0001_name.py` with a class `Migration`.
    Django,
    /// A Python module with `revision` and `down_revision`.
    Alembic,
    /// Files with `databaseChangeLog`, or `--liquibase formatted sql`.
    Liquibase,
    Knex,
    Sequelize,
    TypeOrm,
    Ecto,
    EfCore,
    /// SQL with directives of Atlas; without any it looks like plain files.
    Atlas,
    /// SQL that Drizzle generated.
    Drizzle,
}

/// Which way a file takes the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Up,
    Down,
    /// Run again whenever it changes (Flyway's `R__`): not a step that is applied once.
    Repeatable,
    /// Holds many steps, to which new ones are added (Liquibase).
    Many,
}

/// What the name and the markers of a file say about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub framework: Framework,
    pub direction: Direction,
    /// Digits (with `.` and `_` for Flyway) that order it; empty if the name has none.
    pub version: String,
}

const DIRECTORIES: [&str; 8] =
    ["migrations", "migration", "migrate", "flyway", "dbmate", "goose", "drizzle", "db-migrations"];
const NOT_APPLIED: [&str; 14] = [
    "test",
    "tests",
    "testdata",
    "fixtures",
    "fixture",
    "examples",
    "example",
    "seeds",
    "seed",
    "node_modules",
    "vendor",
    "third_party",
    "docs",
    "snapshots",
];
const NOT_MIGRATIONS: [&str; 5] =
    ["schema.sql", "structure.sql", "seed.sql", "seeds.sql", "dump.sql"];

/// Recognises a migration by its path and, for tools that keep both ways in one file, its text.
pub fn identify(path: &RepoPath, text: &str) -> Option<Identity> {
    let name = path.file_name();
    if NOT_APPLIED.iter().any(|part| path.has_directory(part)) {
        return None;
    }
    if path.extension().as_deref() != Some("sql") {
        return frameworks::identify(path, text);
    }
    if NOT_MIGRATIONS.contains(&name.to_ascii_lowercase().as_str()) {
        return None;
    }
    let up = |framework, version: &str| {
        Some(Identity { framework, direction: Direction::Up, version: version.to_owned() })
    };
    if let Some(flyway) = flyway(name) {
        return Some(flyway);
    }
    let version = leading_version(name);
    for (framework, marker) in [
        (Framework::Goose, "-- +goose up"),
        (Framework::Dbmate, "-- migrate:up"),
        (Framework::SqlMigrate, "-- +migrate up"),
    ] {
        if has_marker(text, marker) {
            return up(framework, version);
        }
    }
    if text
        .trim_start()
        .get(..24)
        .is_some_and(|start| start.eq_ignore_ascii_case("--liquibase formatted sq"))
        || has_marker(text.get(..40).unwrap_or(text), "-- liquibase formatted s")
    {
        let (direction, version) = (Direction::Many, String::new());
        return Some(Identity { framework: Framework::Liquibase, direction, version });
    }
    if let Some(stem) = strip_suffix_ignoring_case(name, ".down.sql") {
        let version = leading_version(stem).to_owned();
        return Some(Identity { framework: Framework::Pairs, direction: Direction::Down, version });
    }
    if name.to_ascii_lowercase().ends_with(".up.sql") {
        return up(Framework::Pairs, version);
    }
    if !in_migration_directory(path) {
        return None;
    }
    by_folder(path, text)
}

/// Recognises a file in a folder of migrations.
fn by_folder(path: &RepoPath, text: &str) -> Option<Identity> {
    let name = path.file_name();
    let version = leading_version(name);
    let up = |framework, version: &str| {
        Some(Identity { framework, direction: Direction::Up, version: version.to_owned() })
    };
    let folder = path.directory().rsplit('/').next().unwrap_or("");
    match name {
        "up.sql" => up(Framework::Diesel, leading_version(folder)),
        "down.sql" => Some(Identity {
            framework: Framework::Diesel,
            direction: Direction::Down,
            version: leading_version(folder).to_owned(),
        }),
        "migration.sql" if !leading_version(folder).is_empty() => {
            up(Framework::Prisma, leading_version(folder))
        }
        _ if path.has_directory("supabase") => up(Framework::Supabase, version),
        _ if has_marker(text, "-- atlas:") => up(Framework::Atlas, version),
        _ if path.has_directory("drizzle") || text.contains("--> statement-breakpoint") => {
            up(Framework::Drizzle, version)
        }
        _ => up(Framework::Plain, version),
    }
}

pub(super) fn in_migration_directory(path: &RepoPath) -> bool {
    path.directory().split('/').any(|part| {
        let part = part.to_ascii_lowercase();
        DIRECTORIES.contains(&part.as_str())
            || part.ends_with("_migrations")
            || part.ends_with("-migrations")
            || part.ends_with("_migrate")
            || part.starts_with("migrations_")
            || part.starts_with("migrations-")
    })
}

fn flyway(name: &str) -> Option<Identity> {
    let (head, _) = name.split_once("__")?;
    let (kind, version) = (head.get(..1)?, head.get(1..)?);
    let numbered = version.starts_with(|c: char| c.is_ascii_digit())
        && version.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '_'));
    let direction = match kind {
        "V" | "B" if numbered => Direction::Up,
        "U" if numbered => Direction::Down,
        "R" if version.is_empty() => Direction::Repeatable,
        _ => return None,
    };
    let version = version.replace('_', ".");
    Some(Identity { framework: Framework::Flyway, direction, version })
}

/// Leading digits, with the dashes of dates (`2024-01-31-120000_name`).
pub(super) fn leading_version(name: &str) -> &str {
    let dated = |byte: &u8| byte.is_ascii_digit() || *byte == b'-';
    let length = name.bytes().take_while(dated).count();
    let version = name.get(..length).unwrap_or("").trim_end_matches('-');
    if version.starts_with('-') { "" } else { version }
}

fn strip_suffix_ignoring_case<'a>(name: &'a str, suffix: &str) -> Option<&'a str> {
    let at = name.len().checked_sub(suffix.len())?;
    name.get(at..)?.eq_ignore_ascii_case(suffix).then(|| name.get(..at))?
}

/// Whether the text has this marker (given in lower case). Markers are rare: the cheap search for
/// a comment's start and the marker's first letters comes first.
fn has_marker(text: &str, wanted: &str) -> bool {
    let length = wanted.len();
    text.match_indices("-- ").any(|(at, _)| {
        text.as_bytes()
            .get(at..at + length)
            .is_some_and(|found| found.eq_ignore_ascii_case(wanted.as_bytes()))
    })
}

/// Recognises a changed file, at head if it is there, else as it was.
pub fn identify_file(file: &FileChange) -> Option<Identity> {
    if file.derived {
        return None;
    }
    let text = file.head_text().or(file.base_text()).map_or("", |text| text.as_str());
    identify(&file.path, text)
}

/// Whether a change adds to a migration that runs forwards.
pub fn has_forward_migration(change: &Change) -> bool {
    change.files.iter().any(is_forward)
}

pub fn is_forward(file: &FileChange) -> bool {
    file.head_text().is_some()
        && identify_file(file).is_some_and(|identity| identity.direction != Direction::Down)
}

/// The bytes of a file that run forwards: all, or the sections of tools that keep both ways in
/// one file.
pub fn forward_part(framework: Framework, text: &str) -> Vec<Range<usize>> {
    sections(framework, text, "up", "down")
}

/// The bytes of a file that undo it; empty for tools that use files of their own for that.
pub fn backward_part(framework: Framework, text: &str) -> Vec<Range<usize>> {
    match framework {
        Framework::Goose | Framework::Dbmate | Framework::SqlMigrate => {
            sections(framework, text, "down", "up")
        }
        _ => Vec::new(),
    }
}

fn sections(framework: Framework, text: &str, wanted: &str, other: &str) -> Vec<Range<usize>> {
    let prefix = match framework {
        Framework::Goose => "-- +goose ",
        Framework::Dbmate => "-- migrate:",
        Framework::SqlMigrate => "-- +migrate ",
        _ => return std::iter::once(0..text.len()).collect(),
    };
    let mut parts = Vec::new();
    let (mut start, mut at) = (None, 0);
    for line in text.split_inclusive('\n') {
        let lower = line.trim().to_ascii_lowercase();
        let marker = lower.strip_prefix(prefix).unwrap_or("");
        if marker.starts_with(wanted) {
            start = Some(at + line.len());
        } else if marker.starts_with(other)
            && let Some(start) = start.take()
        {
            parts.push(start..at);
        }
        at += line.len();
    }
    parts.extend(start.map(|start| start..text.len()));
    parts
}

/// Whether the tool runs the file inside a transaction; `None` when that depends on things that
/// the file does not show.
pub fn runs_in_transaction(framework: Framework, text: &str) -> Option<bool> {
    let has = |marker| text.to_ascii_lowercase().contains(marker);
    match framework {
        Framework::Goose => Some(!has_marker(text, "-- +goose no transaction")),
        Framework::Dbmate => Some(!has("transaction:false")),
        Framework::SqlMigrate => Some(!has("notransaction")),
        Framework::Flyway | Framework::Diesel => Some(true),
        // sqlx reads this as its switch; no other tool gives it a meaning.
        Framework::Plain | Framework::Pairs if text.starts_with("-- no-transaction") => Some(false),
        _ => frameworks::runs_in_transaction(framework, text),
    }
}

/// The folder that holds a history of migrations.
pub fn root<'p>(path: &'p RepoPath, identity: &Identity) -> &'p str {
    let directory = path.directory();
    match identity.framework {
        Framework::Diesel | Framework::Prisma => {
            directory.rsplit_once('/').map_or("", |(parent, _)| parent)
        }
        _ => directory,
    }
}

/// Whether that folder is one of several in a tree of migrations, by year or by module: what the
/// others hold is not looked at.
pub(super) fn is_nested(path: &RepoPath, identity: &Identity) -> bool {
    RepoPath::new(root(path, identity)).is_some_and(|root| in_migration_directory(&root))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(path: &str, text: &str) -> Option<(Framework, Direction, String)> {
        identify(&RepoPath::new(path).unwrap(), text).map(|i| (i.framework, i.direction, i.version))
    }

    #[test]
    fn recognises_the_common_tools() {
        use Direction::{Down, Repeatable, Up};
        for (path, text, framework, direction, version) in [
            ("src/main/resources/db/migration/V1_2__a.sql", "", Framework::Flyway, Up, "1.2"),
            ("db/U7__a.sql", "", Framework::Flyway, Down, "7"),
            ("db/R__views.sql", "", Framework::Flyway, Repeatable, ""),
            ("sql/003_a.sql", "-- +goose Up\n", Framework::Goose, Up, "003"),
            ("db/migrations/2024_a.sql", "-- migrate:up\n", Framework::Dbmate, Up, "2024"),
            ("store/0004_a.up.sql", "", Framework::Pairs, Up, "0004"),
            ("store/0004_a.down.sql", "", Framework::Pairs, Down, "0004"),
            (
                "migrations/2024-01-01-000000_a/up.sql",
                "",
                Framework::Diesel,
                Up,
                "2024-01-01-000000",
            ),
            (
                "migrations/2024-01-01-000000_a/down.sql",
                "",
                Framework::Diesel,
                Down,
                "2024-01-01-000000",
            ),
            ("prisma/migrations/20240101_a/migration.sql", "", Framework::Prisma, Up, "20240101"),
            ("supabase/migrations/20240101_a.sql", "", Framework::Supabase, Up, "20240101"),
            ("api/migrations/0001_a.sql", "", Framework::Plain, Up, "0001"),
        ] {
            assert_eq!(of(path, text), Some((framework, direction, version.into())), "{path}");
        }
        for path in ["sql/queries.sql", "migrations/schema.sql", "tests/migrations/1.sql", "a.rs"] {
            assert_eq!(of(path, ""), None, "{path}");
        }
    }

    #[test]
    fn sections_of_both_ways_are_told_apart() {
        let text = "-- +goose Up\nA;\n-- +goose Down\nB;\n";
        let parts = |ranges: Vec<Range<usize>>| {
            ranges.into_iter().map(|r| text[r].to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(parts(forward_part(Framework::Goose, text)), ["A;\n"]);
        assert_eq!(parts(backward_part(Framework::Goose, text)), ["B;\n"]);
    }
}

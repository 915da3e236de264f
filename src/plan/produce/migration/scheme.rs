//! Which tool migrates the database, where its files are, and what the next one is called.

use crate::plan::produce::ground::{Overlay, is_foreign};
use crate::plan::produce::{CalendarTime, ProduceError};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::plan::produce) enum Tool {
    /// `N_name.up.sql` and `N_name.down.sql`: golang-migrate and others.
    Pairs,
    /// The same names for sqlx, which knows `-- no-transaction`.
    SqlxPairs,
    Sqlx,
    Goose,
    Dbmate,
    SqlMigrate,
    Flyway,
    Diesel,
    Prisma,
    Supabase,
    Plain,
    Rails,
    Django,
    Alembic,
    Knex,
}

/// How files are numbered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Numbering {
    /// With at least this many digits.
    Sequence(usize),
    /// `YYYYMMDDHHMMSS` or its first digits.
    Stamp(usize),
    /// Seconds since 1970.
    Unix,
    /// `2024-01-31-120000`
    Dashed,
}

#[derive(Debug, Clone)]
pub(in crate::plan::produce) struct Scheme {
    pub tool: Tool,
    /// Without a final slash.
    pub directory: String,
    /// The file, or folder of files, that comes last; its name without the directory.
    pub latest: String,
    /// Whether files of this repository say how they are undone.
    pub reversible: bool,
    numbering: Numbering,
    last: u64,
    /// Flyway: what stands before the last number of a version (`1.` of `1.7`).
    version_prefix: String,
}

/// Everything below a directory of migrations, in the order of their names.
pub(in crate::plan::produce) fn migration_files<'a>(paths: &[&'a str]) -> Vec<&'a str> {
    let mut found: Vec<&str> =
        paths.iter().copied().filter(|path| directory_of(path).is_some()).collect();
    found.sort_unstable();
    found
}

/// The directory of migrations that a file lies in.
fn directory_of(path: &str) -> Option<&str> {
    let (directory, name) = path.rsplit_once('/')?;
    let tested = path.split('/').any(|part| matches!(part, "test" | "tests" | "spec" | "seeds"));
    if is_foreign(path) || tested {
        return None;
    }
    let last = |directory: &str| {
        let part = directory.rsplit('/').next().unwrap_or(directory).to_ascii_lowercase();
        matches!(part.as_str(), "migrations" | "migration" | "migrate" | "versions")
            || part.ends_with("_migrations")
            || part.ends_with("-migrations")
    };
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    if last(directory) {
        let numbered =
            name.starts_with(|c: char| c.is_ascii_digit()) || flyway_version(name).is_some();
        // Alembic keeps its revisions in `versions`; other things do as well.
        let alembic = directory.ends_with("versions")
            && ["alembic", "migrations"].iter().any(|part| directory.contains(part));
        let revision = alembic && extension == "py" && name != "__init__.py";
        let fits = matches!(extension, "sql" | "py" | "rb" | "js" | "ts" | "mjs" | "cjs");
        return (fits && (numbered || revision)).then_some(directory);
    }
    let (above, folder) = directory.rsplit_once('/')?;
    let in_folder = matches!(name, "up.sql" | "down.sql" | "migration.sql")
        && folder.starts_with(|c: char| c.is_ascii_digit());
    (in_folder && last(above)).then_some(above)
}

/// `7` of `V7__name.sql`, `1.2` of `V1_2__name.sql`, as written.
fn flyway_version(name: &str) -> Option<&str> {
    let (head, _) = name.split_once("__")?;
    let version = head.strip_prefix(['V', 'U'])?;
    let sound = version.starts_with(|c: char| c.is_ascii_digit())
        && version.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '_'));
    sound.then_some(version)
}

/// The scheme of the directory that the plan names; where it names none, of the only one.
pub(in crate::plan::produce) fn read(
    overlay: &Overlay<'_>,
    planned: &[String],
) -> Result<Scheme, ProduceError> {
    let files = migration_files(overlay.paths());
    let mut directories: Vec<&str> = files.iter().filter_map(|file| directory_of(file)).collect();
    directories.sort_unstable();
    directories.dedup();
    let named = directories
        .iter()
        .find(|directory| planned.iter().any(|path| path.trim_end_matches('/') == **directory));
    match (named, directories.as_slice()) {
        (Some(directory), _) | (None, [directory]) => of_directory(directory, &files, overlay),
        (None, []) => Err(ProduceError::Unknown(
            "the repository has no migrations whose scheme a new one could follow".to_owned(),
        )),
        _ => Err(ProduceError::Unknown(
            "the repository has several directories of migrations; which one is meant is not clear"
                .to_owned(),
        )),
    }
}

fn of_directory(
    directory: &str,
    files: &[&str],
    overlay: &Overlay<'_>,
) -> Result<Scheme, ProduceError> {
    let own: Vec<&str> =
        files.iter().copied().filter(|file| directory_of(file) == Some(directory)).collect();
    let tool = tool(directory, &own, overlay)?;
    let names = own.iter().filter_map(|file| {
        let rest = file.strip_prefix(directory)?.trim_start_matches('/');
        rest.split('/').next()
    });
    let mut numbered: Vec<(u64, &str, &str)> = names
        .filter_map(|name| {
            let version = version_text(tool, name)?;
            Some((last_number(tool, version)?, version, name))
        })
        .collect();
    numbered.sort_unstable();
    let (last, version, latest) = match numbered.last() {
        Some((last, version, name)) => (*last, *version, *name),
        None if tool == Tool::Alembic => (0, "", ""),
        None => {
            return Err(ProduceError::Unknown(format!(
                "the names in `{directory}` have no numbers that a new one could follow"
            )));
        }
    };
    let prefix = match tool {
        Tool::Flyway => {
            version.rfind(['.', '_']).and_then(|at| version.get(..=at)).unwrap_or_default()
        }
        _ => "",
    };
    Ok(Scheme {
        tool,
        directory: directory.to_owned(),
        latest: latest.to_owned(),
        reversible: reversible(tool, &own),
        numbering: numbering(version, last, prefix),
        last,
        version_prefix: prefix.to_owned(),
    })
}

/// The leading version of a name.
fn version_text(tool: Tool, name: &str) -> Option<&str> {
    if tool == Tool::Flyway {
        return flyway_version(name);
    }
    let dashed = tool == Tool::Diesel;
    let end =
        name.find(|c: char| !(c.is_ascii_digit() || (dashed && c == '-'))).unwrap_or(name.len());
    name.get(..end)
        .map(|version| version.trim_end_matches('-'))
        .filter(|version| !version.is_empty())
}

fn last_number(tool: Tool, version: &str) -> Option<u64> {
    match tool {
        Tool::Flyway => version.rsplit(['.', '_']).next()?.parse().ok(),
        Tool::Diesel => version.replace('-', "").parse().ok(),
        _ => version.parse().ok(),
    }
}

fn numbering(version: &str, last: u64, prefix: &str) -> Numbering {
    let digits = version.get(prefix.len()..).unwrap_or(version);
    if digits.contains('-') {
        return Numbering::Dashed;
    }
    // A date can be told from a counter by its first digits.
    let dated = digits.starts_with("19") || digits.starts_with("20");
    match digits.len() {
        8 | 12 | 14 | 17 if dated => Numbering::Stamp(digits.len()),
        10 if (1_000_000_000..4_000_000_000).contains(&last) => Numbering::Unix,
        width => Numbering::Sequence(if digits.starts_with('0') { width } else { 1 }),
    }
}

fn tool(directory: &str, own: &[&str], overlay: &Overlay<'_>) -> Result<Tool, ProduceError> {
    let latest = own.last().copied().unwrap_or_default();
    let name = latest.rsplit('/').next().unwrap_or(latest);
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    let marked = |marker: &str| {
        own.iter()
            .rev()
            .take(10)
            .filter_map(|path| overlay.text(path))
            .any(|text| text.to_ascii_lowercase().contains(marker))
    };
    let pairs = own.iter().any(|path| path.ends_with(".up.sql"));
    Ok(match extension {
        "sql" if name == "migration.sql" => Tool::Prisma,
        "sql" if matches!(name, "up.sql" | "down.sql") => Tool::Diesel,
        "sql" if flyway_version(name).is_some() => Tool::Flyway,
        "sql" if marked("-- +goose up") => Tool::Goose,
        "sql" if marked("-- migrate:up") => Tool::Dbmate,
        "sql" if marked("-- +migrate up") => Tool::SqlMigrate,
        "sql" if directory.split('/').any(|part| part == "supabase") => Tool::Supabase,
        "sql" if overlay.depends_on("sqlx") && pairs => Tool::SqlxPairs,
        "sql" if overlay.depends_on("sqlx") => Tool::Sqlx,
        "sql" if pairs => Tool::Pairs,
        "sql" => Tool::Plain,
        "rb" => Tool::Rails,
        "py" if directory.ends_with("versions") => Tool::Alembic,
        "py" => Tool::Django,
        "js" | "ts" | "mjs" | "cjs" if overlay.depends_on("\"knex\"") => Tool::Knex,
        _ => {
            return Err(ProduceError::Unknown(format!(
                "which tool runs the migrations in `{directory}` is not known"
            )));
        }
    })
}

fn reversible(tool: Tool, own: &[&str]) -> bool {
    match tool {
        Tool::Flyway => {
            own.iter().any(|path| path.rsplit('/').next().is_some_and(|name| name.starts_with('U')))
        }
        Tool::Diesel | Tool::Prisma => own.iter().any(|path| path.ends_with("/down.sql")),
        Tool::Supabase | Tool::Plain | Tool::Sqlx => {
            own.iter().any(|path| path.ends_with(".down.sql"))
        }
        _ => true,
    }
}

impl Scheme {
    /// The version of the `index`-th new migration, counted from 0: free, and after all others.
    pub(in crate::plan::produce) fn version(&self, index: usize, now: CalendarTime) -> String {
        let step = u64::try_from(index).unwrap_or(u64::MAX);
        let next = self.last.saturating_add(1).saturating_add(step);
        let number = match self.numbering {
            Numbering::Sequence(width) => format!("{next:0width$}"),
            Numbering::Stamp(length) => {
                let stamp = scaled(now.digits(), length);
                stamp.saturating_add(step).max(next).to_string()
            }
            Numbering::Unix => unix(now).saturating_add(step).max(next).to_string(),
            Numbering::Dashed => dashed(now.digits().saturating_add(step).max(next)),
        };
        format!("{}{number}", self.version_prefix)
    }
}

/// A time of 14 digits with as many as the repository uses.
fn scaled(stamp: u64, length: usize) -> u64 {
    match length {
        8 => stamp / 1_000_000,
        12 => stamp / 100,
        17 => stamp.saturating_mul(1_000),
        _ => stamp,
    }
}

fn dashed(stamp: u64) -> String {
    let text = format!("{stamp:014}");
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    format!("{}-{}-{}-{}", part(0, 4), part(4, 6), part(6, 8), part(8, 14))
}

/// Seconds since 1970 by the civil calendar.
fn unix(now: CalendarTime) -> u64 {
    let (year, month, day) = (i64::from(now.year), i64::from(now.month), i64::from(now.day));
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year - era * 400;
    let month_index = (month + 9) % 12;
    let day_of_year = (153 * month_index + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let days = era * 146_097 + day_of_era - 719_468;
    let seconds = days * 86_400
        + i64::from(now.hour) * 3_600
        + i64::from(now.minute) * 60
        + i64::from(now.second);
    u64::try_from(seconds).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::produce::Ground;

    const NOW: CalendarTime =
        CalendarTime { year: 2026, month: 3, day: 1, hour: 9, minute: 5, second: 7 };

    fn next(files: &[(&str, &str)]) -> Result<(Tool, String, String), ProduceError> {
        let paths: Vec<&str> = files.iter().map(|(path, _)| *path).collect();
        let text = |path: &str| {
            files.iter().find(|(known, _)| *known == path).map(|(_, text)| (*text).to_owned())
        };
        let ground = Ground { paths: &paths, text: &text, now: NOW };
        let overlay = Overlay::new(&ground, &[]);
        let scheme = read(&overlay, &[])?;
        Ok((scheme.tool, scheme.version(0, NOW), scheme.version(1, NOW)))
    }

    #[test]
    fn the_next_name_follows_the_repository() {
        for (path, text, tool, first, second) in [
            ("db/migrations/000007_a.up.sql", "", Tool::Pairs, "000008", "000009"),
            ("db/migrations/9_a.up.sql", "", Tool::Pairs, "10", "11"),
            ("db/migrations/99_a.sql", "-- +goose Up", Tool::Goose, "100", "101"),
            (
                "db/migrations/20240102030405_a.sql",
                "-- migrate:up",
                Tool::Dbmate,
                "20260301090507",
                "20260301090508",
            ),
            (
                "db/migrations/20990102030405_a.sql",
                "-- migrate:up",
                Tool::Dbmate,
                "20990102030406",
                "20990102030407",
            ),
            ("db/migrations/20240102_a.sql", "", Tool::Plain, "20260301", "20260302"),
            ("db/migrations/1704164645_a.up.sql", "", Tool::Pairs, "1772355907", "1772355908"),
            ("src/main/resources/db/migration/V1_7__a.sql", "", Tool::Flyway, "1_8", "1_9"),
            ("src/main/resources/db/migration/V12__a.sql", "", Tool::Flyway, "13", "14"),
            (
                "migrations/2024-01-02-030405_a/up.sql",
                "",
                Tool::Diesel,
                "2026-03-01-090507",
                "2026-03-01-090508",
            ),
            (
                "prisma/migrations/20240102030405_a/migration.sql",
                "",
                Tool::Prisma,
                "20260301090507",
                "20260301090508",
            ),
            ("shop/migrations/0007_a.py", "", Tool::Django, "0008", "0009"),
            ("db/migrate/20240102030405_a.rb", "", Tool::Rails, "20260301090507", "20260301090508"),
        ] {
            let found = next(&[(path, text)]).unwrap();
            assert_eq!(found, (tool, first.to_owned(), second.to_owned()), "{path}");
        }
    }

    #[test]
    fn sqlx_is_told_by_its_manifest_and_vendored_files_do_not_count() {
        let files = [
            ("Cargo.toml", "sqlx = \"0.8\""),
            ("migrations/0003_a.sql", ""),
            ("vendor/x/migrations/1_a.sql", ""),
        ];
        assert_eq!(next(&files).unwrap(), (Tool::Sqlx, "0004".to_owned(), "0005".to_owned()));
        assert!(matches!(next(&[("README.md", "")]), Err(ProduceError::Unknown(_))));
        let two = [("a/migrations/1_a.sql", ""), ("b/migrations/6_a.sql", "")];
        assert!(matches!(next(&two), Err(ProduceError::Unknown(_))));
        let paths = two.map(|(path, _)| path);
        let ground = Ground { paths: &paths, text: &|_| None, now: NOW };
        let scheme = read(&Overlay::new(&ground, &[]), &["b/migrations/".to_owned()]).unwrap();
        assert_eq!(scheme.version(0, NOW), "7");
    }
}

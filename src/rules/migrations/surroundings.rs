//! What the files around a change show: which database it is for, and the migrations before it.

use std::cell::OnceCell;

use super::dialect::{self, Dialect};
use super::discover::{self, Framework};
use super::{drizzle, state};
use crate::domain::change::{Change, SourceFile};
use crate::domain::diff::Side;
use crate::domain::path::RepoPath;
use crate::ports::source::Need;
use crate::rules::nearby;

/// What the files around the change show about the database, read when a migration does not say
/// it itself.
pub(super) struct Surroundings<'a> {
    configuration: &'a [SourceFile],
    /// The oldest migrations of the folders that the change adds to.
    history: &'a [SourceFile],
    shown: OnceCell<Vec<(&'a SourceFile, Dialect)>>,
}

impl<'a> Surroundings<'a> {
    pub fn new(configuration: &'a [SourceFile], history: &'a [SourceFile]) -> Self {
        let history = history.get(..MAX_SAMPLE).unwrap_or(history);
        Self { configuration, history, shown: OnceCell::new() }
    }

    pub fn dialect(&self, path: &RepoPath) -> Option<Dialect> {
        let shown = self.shown.get_or_init(|| {
            let evidence = |file: &SourceFile| match file.path.extension().as_deref() {
                Some("sql") => dialect::of_text(file.text.as_str()),
                _ if file.path.file_name() == "mix.exs" => {
                    dialect::of_configuration(file.text.as_str())
                }
                Some("py" | "rb" | "js" | "ts" | "exs" | "cs") => {
                    dialect::of_file(&file.path, file.text.as_str())
                }
                _ => dialect::of_configuration(file.text.as_str()),
            };
            let files = self.history.iter().chain(self.configuration);
            files.filter_map(|file| Some((file, evidence(file)?))).collect()
        });
        let mut near = shown.iter().filter(|(file, _)| {
            let directory = file.path.directory();
            file.path != *path
                && match file.path.extension().as_deref() {
                    // The manifest of a project speaks for what lies below it.
                    Some("csproj") => is_below(path, directory),
                    Some("exs") if file.path.file_name() == "mix.exs" => is_below(path, directory),
                    Some("sql" | "exs" | "cs") => neighbours(directory, path.directory()),
                    _ => true,
                }
        });
        if matches!(path.extension().as_deref(), Some("exs" | "cs")) {
            return of_code(near);
        }
        let (_, first) = near.next()?;
        near.all(|(_, other)| other == first).then_some(*first)
    }
}

/// What is shown for a framework that is used for many databases, several in one program: the
/// migrations beside count for more than the manifest, and one that no rule knows for more than all.
fn of_code<'f>(shown: impl Iterator<Item = &'f (&'f SourceFile, Dialect)>) -> Option<Dialect> {
    let (mut beside, mut configured) = (Vec::new(), Vec::new());
    for (file, dialect) in shown {
        let migration = discover::identify(&file.path, file.text.as_str()).is_some();
        if migration { beside.push(*dialect) } else { configured.push(*dialect) }
    }
    if beside.contains(&Dialect::Other) {
        return Some(Dialect::Other);
    }
    let agreed = |all: &[Dialect]| {
        let first = *all.first()?;
        all.iter().all(|other| *other == first).then_some(first)
    };
    if beside.is_empty() { agreed(&configured) } else { agreed(&beside) }
}

/// Whether a file lies in a directory or in one below it.
fn is_below(path: &RepoPath, directory: &str) -> bool {
    let rest = path.as_str().strip_prefix(directory);
    directory.is_empty() || rest.is_some_and(|rest| rest.starts_with('/'))
}

/// Whether two migrations belong to one history: the same folder, or folders side by side
/// (Diesel and Prisma make one for each migration).
fn neighbours(one: &str, other: &str) -> bool {
    let parent = |directory: &str| directory.rsplit_once('/').map(|(p, _)| p.to_owned());
    one == other || (parent(one).is_some() && parent(one) == parent(other))
}

/// Earlier migrations that are asked which database they are for.
const MAX_SAMPLE: usize = 100;

/// Files that show which database the repository uses: the migrations beside the changed ones, and
/// configuration that names a database.
pub fn needs(change: &Change) -> Vec<Need> {
    vec![configuration_need(change), history_need(change)]
}

/// The migrations of the base branch in the folders that the change adds to.
pub(super) fn history_need(change: &Change) -> Need {
    state::history_need(history_globs(change))
}

/// Configuration that names the database, in the directories on the way to a migration.
const CONFIGURATION: [&str; 17] = [
    "schema.prisma",
    "prisma/schema.prisma",
    "migration_lock.toml",
    "migrations/migration_lock.toml",
    "prisma/migrations/migration_lock.toml",
    "sqlc.{yaml,yml}",
    "{db,database,internal,sql,sqlc}/sqlc.{yaml,yml}",
    "diesel.toml",
    "{docker-compose,compose}.{yml,yaml}",
    "config/database.yml",
    "mix.exs",
    "*.csproj",
    "meta/_journal.json",
    "flyway.{conf,toml}",
    "conf/flyway.{conf,toml}",
    "liquibase.properties",
    "application.{properties,yml,yaml}",
];

/// The same in the packages of a workspace.
const PACKAGES: [&str; 2] = ["{apps,packages}/*/prisma/schema.prisma", "*/prisma/schema.prisma"];

pub(super) fn configuration_need(change: &Change) -> Need {
    let migrations = change.files.iter().filter(|file| discover::is_forward(file));
    let directories = nearby::above(migrations.map(|file| &file.path));
    let mut globs = nearby::in_each(directories, &CONFIGURATION);
    globs.extend(PACKAGES.map(str::to_owned));
    Need::Glob { side: Side::Head, globs, limit: 60 }
}

/// Migrations of EF Core without their `.Designer.cs`, which repeat the whole model: the twelfth
/// character from the end of those is a dot.
pub(super) const EF_CORE: &str = "[0-9]*[!.]????????.cs";

/// Where the migrations beside the changed ones are.
pub(super) fn history_globs(change: &Change) -> Vec<String> {
    let mut globs: Vec<String> = Vec::new();
    for file in change.files.iter().filter(|file| discover::is_forward(file)) {
        let identity = discover::identify_file(file);
        let nested = identity
            .as_ref()
            .is_some_and(|i| matches!(i.framework, Framework::Diesel | Framework::Prisma));
        let directory = file.path.directory();
        let extension = file.path.extension().unwrap_or_default();
        let glob = match (nested, directory.rsplit_once('/')) {
            (true, Some((parent, _))) => format!("{parent}/*/*.sql"),
            _ => {
                let ef_core = identity.as_ref().is_some_and(|it| it.framework == Framework::EfCore);
                let tail = if ef_core { EF_CORE.to_owned() } else { format!("*.{extension}") };
                if directory.is_empty() { tail } else { format!("{directory}/{tail}") }
            }
        };
        // Names of folders that a glob would read as a pattern are left out.
        if !globs.contains(&glob) && !directory.contains(['*', '?', '[', ']', '{', '}']) {
            globs.push(glob);
            if identity.is_some_and(|it| it.framework == Framework::Drizzle) {
                globs.extend(drizzle::journal_of(directory).map(|path| path.as_str().to_owned()));
            }
        }
    }
    globs.sort();
    globs.truncate(8);
    globs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::assemble;

    #[test]
    fn the_models_of_ef_core_are_not_asked_for() {
        let glob = globset::GlobBuilder::new(EF_CORE).literal_separator(true).build().unwrap();
        let matcher = glob.compile_matcher();
        for wanted in ["20240101000000_A.cs", "20240101000000_AddDesigner.cs"] {
            assert!(matcher.is_match(wanted), "{wanted}");
        }
        for other in ["20240101000000_A.Designer.cs", "ShopModelSnapshot.cs"] {
            assert!(!matcher.is_match(other), "{other}");
        }
    }

    #[test]
    fn a_long_history_crowds_nothing_out() {
        let path = RepoPath::new("db/migrations/0100_more.up.sql").unwrap();
        let file = assemble::file_change(path, None, Some("ALTER TABLE a ADD COLUMN b text;\n"));
        let needs = needs(&assemble::change(vec![file]));
        for need in needs {
            let Need::Glob { globs, limit, .. } = need else { panic!("{need:?}") };
            let history = globs.iter().any(|glob| glob == "db/migrations/*.sql");
            assert!(!history || (globs.len() == 1 && limit >= 1_000), "{globs:?}");
        }
    }
}

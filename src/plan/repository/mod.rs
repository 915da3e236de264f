//! What a repository shows: its stack, how it migrates, tests, deploys and documents.

mod commands;
mod documents;
mod migrations;
mod stack;
mod tables;

use crate::domain::path::RepoPath;
use crate::domain::survey::Survey;

pub use commands::{Command, test as test_command};
pub use documents::{Documents, is_contract};
pub use migrations::{Migrations, migration_directory};
pub use stack::{Role as DependencyRole, Stack, is_manifest, known_package};
pub use tables::KnownTable;

use super::paths;

/// Everything that a plan uses of a repository.
#[derive(Debug, Clone, Default)]
pub struct Repository {
    pub stack: Stack,
    pub migrations: Option<Migrations>,
    pub tables: Vec<KnownTable>,
    pub documents: Documents,
    /// How the tests are run, as the repository says.
    pub test_command: Option<Command>,
    pub pipelines: Vec<String>,
    pub deployment: Vec<String>,
    pub alerting: Vec<String>,
    /// Whether it has code of a web or mobile front end.
    pub web: Vec<String>,
    pub tests: Vec<String>,
    pub empty: bool,
    /// The column by which rows are told apart by tenant, where the tables show one.
    pub tenant_column: Option<(String, String, u32)>,
}

impl Repository {
    pub fn read(survey: &Survey) -> Self {
        let own: Vec<&RepoPath> =
            survey.listing.paths().filter(|path| !paths::is_foreign(path)).collect();
        let named = |fits: fn(&RepoPath) -> bool| -> Vec<String> {
            own.iter().filter(|path| fits(path)).map(|path| path.as_str().to_owned()).collect()
        };
        let tables = tables::known(survey);
        let migrations = migrations::read(survey);
        // Where no document shows the schema as a whole, the migrations together do.
        let schema = migrations.as_ref().map(|migrations| migrations.directory.clone());
        Self {
            stack: stack::read(survey),
            documents: documents::read(survey, &own, schema),
            migrations,
            test_command: commands::test(survey),
            pipelines: named(paths::is_pipeline),
            deployment: named(paths::is_deployment),
            alerting: named(paths::is_alerting),
            web: named(paths::is_web),
            tests: named(|path| paths::is_test(path) && (paths::is_code(path))),
            empty: own.iter().all(|path| !paths::is_code(path)),
            tenant_column: tables::tenant_column(&tables),
            tables,
        }
    }

    /// The table that a name as people write it stands for.
    pub fn table(&self, name: &str) -> Option<&KnownTable> {
        let wanted = super::words::singular(name);
        let named = |table: &&KnownTable| super::words::singular(&table.name) == wanted;
        self.tables.iter().find(named).or_else(|| {
            let alias = |table: &&KnownTable| {
                table.also.iter().any(|also| super::words::singular(also) == wanted)
            };
            self.tables.iter().find(alias)
        })
    }
}

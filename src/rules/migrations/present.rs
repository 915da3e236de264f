//! The schema as the migrations at head leave it, for changes that need not have a migration: what
//! code may ask the database for.

use super::dialect::{self, Dialect};
use super::discover::{self, Direction};
use super::facts::{Kind, Statement};
use super::read::{self, Setting};
use super::state::{MAX_BYTES, MAX_FILES, Schema, Versioned, in_order};
use crate::domain::change::SourceFile;
use crate::domain::path::RepoPath;
use crate::ports::source::Need;
use crate::rules::nearby;

/// Most directories in which migrations are looked for.
const MAX_DIRECTORIES: usize = 24;

/// Where migrations lie, below a directory on the way to the code that uses them.
const PLACES: [&str; 20] = [
    "{migrations,migration,migrate}/*.{sql,js,ts,py}",
    "{migrations,migration}/*/{up,down,migration}.sql",
    "migrations/{postgres,postgresql,pg,mysql,sqlite}/*.sql",
    "migrations/versions/*.py",
    "{db,database,sql,store,storage,schema,internal,data}/{migrations,migration,migrate}/*.{sql,rb,js,ts}",
    "{db,database}/{migrations,migration}/*/{up,down,migration}.sql",
    "src/{migrations,migration}/*.{sql,js,ts}",
    "src/{db,database}/{migrations,migration}/*.{sql,js,ts}",
    "src/main/resources/db/migration/*.sql",
    "src/main/resources/db/migration/*/*.sql",
    "prisma/migrations/*/migration.sql",
    "supabase/migrations/*.sql",
    "alembic/versions/*.py",
    "drizzle/*.sql",
    "drizzle/migrations/*.sql",
    "{packages,crates,libs}/*/{migrations,migration}/*.sql",
    "*/{migrations,migration}/*.sql",
    "priv/*/migrations/*.exs",
    "{Migrations,Data/Migrations,Persistence/Migrations}/[0-9]*[!.]????????.cs",
    "*/{Migrations,Data/Migrations,Persistence/Migrations}/[0-9]*[!.]????????.cs",
];

/// Folders whose folders are programs of their own, each with its database.
const SERVICES: [&str; 7] =
    ["services", "apps", "projects", "modules", "components", "examples", "microservices"];

/// Dumps of the whole schema, which may know more than the migrations do.
const DUMPS: [&str; 4] = [
    "schema.{sql,rb,prisma}",
    "structure.sql",
    "{db,prisma,sql,database}/schema.{sql,rb,prisma}",
    "db/structure.sql",
];

/// One folder of migrations, applied.
pub struct History {
    pub root: String,
    /// `None`: nothing in it is of one database only.
    pub dialect: Option<Dialect>,
    pub schema: Schema,
    /// How many migrations were read.
    pub count: usize,
    /// All of them are SQL, which shows every index; in code some come with a column.
    pub plain: bool,
    /// In lower case, what was not understood.
    unread: Vec<String>,
}

impl History {
    /// Whether code at that path may well use this database: it is not one of another service of
    /// the repository.
    pub fn serves(&self, path: &RepoPath) -> bool {
        let own: Vec<&str> = path.directory().split('/').collect();
        let root: Vec<&str> = self.root.split('/').collect();
        let common = own.iter().zip(&root).take_while(|(one, other)| one == other).count();
        let apart = |at: Option<&&str>| at.is_some_and(|name| SERVICES.contains(name));
        let last = common.checked_sub(1).and_then(|at| root.get(at));
        !apart(last) && !apart(root.get(common))
    }

    /// Whether something that was not understood names both: it may be what makes the column.
    pub fn may_make(&self, table: &str, column: &str) -> bool {
        self.unread.iter().any(|text| text.contains(table) && text.contains(column))
    }
}

/// The migrations at head that lie on the way to these files.
pub fn need<'a>(paths: impl IntoIterator<Item = &'a RepoPath>) -> Need {
    let globs = in_view(paths, &PLACES);
    Need::Glob { side: crate::domain::diff::Side::Head, globs, limit: MAX_FILES }
}

/// Dumps of the schema on the way to these files.
pub fn dump_need<'a>(paths: impl IntoIterator<Item = &'a RepoPath>) -> Need {
    let globs = in_view(paths, &DUMPS);
    Need::Glob { side: crate::domain::diff::Side::Head, globs, limit: 20 }
}

fn in_view<'a>(paths: impl IntoIterator<Item = &'a RepoPath>, tails: &[&str]) -> Vec<String> {
    let directories = nearby::above(paths);
    nearby::in_each(directories.into_iter().take(MAX_DIRECTORIES), tails)
}

/// Applies the migrations among these files, folder by folder.
pub fn histories(files: &[SourceFile]) -> Vec<History> {
    let mut found: Vec<(String, Vec<Versioned<'_>>)> = Vec::new();
    for file in files {
        let Some(identity) = discover::identify(&file.path, file.text.as_str()) else { continue };
        if matches!(identity.direction, Direction::Down | Direction::Repeatable) {
            continue;
        }
        let root = discover::root(&file.path, &identity);
        let at = found.iter().position(|(known, _)| known == root).unwrap_or_else(|| {
            found.push((root.to_owned(), Vec::new()));
            found.len() - 1
        });
        if let Some((_, own)) = found.get_mut(at) {
            own.push(Versioned::new(&identity.version, file));
        }
    }
    found.into_iter().map(|(root, own)| history(root, own)).collect()
}

fn history(root: String, files: Vec<Versioned<'_>>) -> History {
    let files = in_order(files);
    let shown = |file: &&SourceFile| dialect::of_file(&file.path, file.text.as_str());
    let dialect = files.iter().find_map(shown);
    let plain = files.iter().all(|file| file.path.extension().as_deref() == Some("sql"));
    let mut made =
        History { root, dialect, schema: Schema::default(), count: 0, plain, unread: Vec::new() };
    let setting = Setting::plain(dialect.unwrap_or(Dialect::Postgres));
    let mut bytes = 0;
    for file in files {
        let text = file.text.as_str();
        bytes += text.len();
        let identity = discover::identify(&file.path, text);
        let Some(identity) = identity.filter(|identity| {
            // Code is read alike for every database.
            let foreign = dialect == Some(Dialect::Other) && !identity.framework.is_code();
            bytes <= MAX_BYTES && !foreign
        }) else {
            made.unread.push(text.to_lowercase());
            continue;
        };
        let read = read::forward(identity.framework, text, setting);
        if !read.complete {
            made.unread.push(text.to_lowercase());
        }
        for statement in &read.statements {
            made.schema.apply(&statement.kind, None);
            made.unread.extend(unclear(statement, text));
        }
        let code = identity.framework.is_code();
        for statement in &read.statements {
            let table = match &statement.kind {
                Kind::CreateTable(it) if code && is_open(text.get(statement.bytes.clone())) => {
                    &it.name
                }
                Kind::CreateTable(it) if !read.complete => &it.name,
                Kind::AlterTable { table, .. } if !read.complete => table,
                _ => continue,
            };
            made.schema.doubt(table);
        }
        made.count += 1;
    }
    made
}

/// Whether code that makes a table may give it columns that its text does not show: from a list,
/// in a loop, or by a function that is handed the table.
fn is_open(source: Option<&str>) -> bool {
    let Some(source) = source else { return true };
    let plain: String = source.split_whitespace().collect();
    let handed = ["(t)", "(t,", "(table)", "(table,", "(builder)", "(tbl)"];
    // The parameter of the block itself is no argument.
    let block = ["function(t)", "function(table)", "function(tbl)", "=>(t)"];
    let without = block
        .iter()
        .fold(plain.replace("(t)=>", "").replace("(table)=>", ""), |text, it| text.replace(it, ""));
    ["...", "*", ".each", ".map(", "forEach"].iter().any(|mark| without.contains(mark))
        || handed.iter().any(|mark| without.contains(mark))
}

/// The text of a statement that may change tables in ways that are not followed: blocks,
/// functions, calls of extensions.
fn unclear(statement: &Statement, text: &str) -> Option<String> {
    let hidden = matches!(
        statement.kind,
        Kind::Other | Kind::OtherSchemaChange | Kind::Create { what: "function" | "procedure", .. }
    );
    let written = text.get(statement.bytes.clone()).filter(|_| hidden)?;
    Some(written.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::change::Text;
    use crate::domain::diff::Side;

    fn file(path: &str, text: &str) -> SourceFile {
        let path = RepoPath::new(path).unwrap();
        SourceFile { path, side: Side::Head, text: Text::new(text) }
    }

    #[test]
    fn folders_are_applied_each_in_its_order() {
        let files = [
            file("db/migrations/10_b.sql", "ALTER TABLE a ADD COLUMN c int;"),
            file("db/migrations/2_a.sql", "CREATE TABLE a (id bigserial PRIMARY KEY);"),
            file("db/migrations/3_d.sql", "SELECT AddGeometryColumn('a', 'geom', 4326);"),
            file("other/migrations/1_a.sql", "CREATE TABLE z (id int);"),
        ];
        let made = histories(&files);
        assert_eq!(made.len(), 2);
        let table = made[0].schema.table("a");
        let columns: Vec<&str> =
            table.whole().unwrap().columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(columns, ["id", "c"]);
        assert!(made[0].may_make("a", "geom") && !made[0].may_make("a", "total"));
    }

    #[test]
    fn services_have_databases_of_their_own() {
        let history = |root: &str| History {
            root: root.to_owned(),
            dialect: None,
            schema: Schema::default(),
            count: 1,
            plain: true,
            unread: Vec::new(),
        };
        let serves = |root: &str, path: &str| history(root).serves(&RepoPath::new(path).unwrap());
        assert!(serves("db/migrations", "internal/store/a.go"));
        assert!(serves("crates/db/migrations", "crates/api/src/a.rs"));
        assert!(serves("services/a/migrations", "services/a/src/a.ts"));
        assert!(serves("db/migrations", "services/a/src/a.ts"));
        assert!(!serves("services/b/migrations", "services/a/src/a.ts"));
        assert!(!serves("apps/b/migrations", "libs/store/a.ts"));
    }

    #[test]
    fn revisions_are_applied_in_the_order_of_their_graph() {
        let revision = |own: &str, follows: &str, call: &str| {
            format!("revision = '{own}'\ndown_revision = {follows}\ndef upgrade():\n    {call}\n")
        };
        let files = [
            file(
                "alembic/versions/a1.py",
                &revision("a1", "'b2'", "op.alter_column('t', 'x', new_column_name='y')"),
            ),
            file(
                "alembic/versions/b2.py",
                &revision("b2", "None", "op.create_table('t', sa.Column('x', sa.Text()))"),
            ),
        ];
        let made = histories(&files);
        assert!(made[0].schema.table("t").whole().is_some_and(|t| t.column("y").is_some()));
    }
}

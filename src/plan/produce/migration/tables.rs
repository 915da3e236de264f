//! What the migrations of a repository say about its tables: line by line, and only what is plain
//! to see.

use super::scheme::migration_files;
use crate::plan::produce::ground::Overlay;

/// Longest text that is looked through, in bytes.
const MAX_TEXT: usize = 1_000_000;

/// Whether a migration creates the table.
pub(super) fn exists(overlay: &Overlay<'_>, table: &str) -> bool {
    texts(overlay).any(|text| definition(&text, table).is_some())
}

pub(super) fn has_column(overlay: &Overlay<'_>, table: &str, column: &str) -> bool {
    texts(overlay).any(|text| {
        let defined = definition(&text, table).is_some_and(|body| {
            body.lines().any(|line| first_word(line).is_some_and(|word| same(word, column)))
        });
        defined || adds_column(&text, table, column)
    })
}

/// The type of the `id` of a table, as PostgreSQL calls it for a column that refers to it.
pub(super) fn key_type(overlay: &Overlay<'_>, table: &str) -> Option<String> {
    let found: Vec<String> = texts(overlay)
        .filter_map(|text| {
            let body = definition(&text, table)?;
            // `(id bigint PRIMARY KEY, …)` may stand on one line.
            body.split([',', '\n']).find_map(|part| {
                let mut words = part.trim_start_matches(['(', ' ', '\t']).split_whitespace();
                (same(words.next()?, "id")).then(|| words.next().map(str::to_owned))?
            })
        })
        .collect();
    let kind = found.first()?.trim_matches(',').to_ascii_lowercase();
    let kind = match kind.as_str() {
        "bigserial" | "serial8" | "bigint" | "int8" => "bigint",
        "serial" | "serial4" | "integer" | "int" | "int4" => "integer",
        "uuid" => "uuid",
        "text" => "text",
        _ => return None,
    };
    Some(kind.to_owned())
}

/// What shows that the database is not PostgreSQL; `None` when nothing does.
pub(super) fn other_database(overlay: &Overlay<'_>) -> Option<&'static str> {
    let says = |markers: &[&str]| {
        texts(overlay).any(|text| {
            let lower = text.to_ascii_lowercase();
            markers.iter().any(|marker| lower.contains(marker))
        })
    };
    let prisma = |provider: &str| {
        let schemas = overlay.paths().iter().filter(|path| path.ends_with("schema.prisma"));
        schemas.filter_map(|path| overlay.text(path)).any(|text| {
            text.lines().any(|line| line.contains("provider") && line.contains(provider))
        })
    };
    let postgres = ["postgres", "pgx", "psycopg", "lib/pq", "\"pg\"", "'pg'"];
    if postgres.iter().any(|name| overlay.depends_on(name)) {
        return None;
    }
    let depends = |names: &[&str]| names.iter().any(|name| overlay.depends_on(name));
    if says(&["auto_increment", "engine=innodb", "engine = innodb"])
        || prisma("mysql")
        || depends(&["go-sql-driver/mysql", "driver/mysql", "mysql2", "mysqlclient", "pymysql"])
    {
        return Some("MySQL");
    }
    if says(&["autoincrement", "pragma "])
        || prisma("\"sqlite\"")
        || depends(&["go-sqlite3", "modernc.org/sqlite", "driver/sqlite"])
    {
        return Some("SQLite");
    }
    (says(&["nvarchar(", "identity(1"]) || prisma("sqlserver")).then_some("SQL Server")
}

fn texts<'a>(overlay: &'a Overlay<'a>) -> impl Iterator<Item = String> + 'a {
    let files = migration_files(overlay.paths());
    files.into_iter().filter_map(|path| overlay.text(path)).filter(|text| text.len() <= MAX_TEXT)
}

fn first_word(line: &str) -> Option<&str> {
    line.trim_start_matches(['(', ' ', '\t']).split(|c: char| c.is_whitespace()).next()
}

/// Whether a word of SQL is this name, with or without quotes and schema.
fn same(word: &str, name: &str) -> bool {
    let word = word.trim_matches(|c| matches!(c, '(' | ',' | ';'));
    let last = word.rsplit('.').next().unwrap_or(word);
    last.trim_matches(['"', '`']).eq_ignore_ascii_case(name)
}

/// The text after the name in `CREATE TABLE name …`, up to the statement's end.
fn definition<'a>(text: &'a str, table: &str) -> Option<&'a str> {
    let lower = text.to_ascii_lowercase();
    lower.match_indices("create table").find_map(|(at, found)| {
        let start = at + found.len();
        let rest = text.get(start..)?;
        let skipped = rest.len() - rest.trim_start().len();
        let guard = lower.get(start + skipped..)?.strip_prefix("if not exists");
        let start = start + skipped + if guard.is_some() { "if not exists".len() } else { 0 };
        let rest = text.get(start..)?.trim_start();
        let end = rest.find(|c: char| c.is_whitespace() || c == '(')?;
        let (name, body) = rest.split_at(end);
        same(name, table).then(|| body.split(';').next().unwrap_or(body))
    })
}

fn adds_column(text: &str, table: &str, column: &str) -> bool {
    text.lines().any(|line| {
        let mut words = line.split_whitespace().filter(|word| {
            !["only", "if", "not", "exists"].contains(&word.to_ascii_lowercase().as_str())
        });
        let mut is = |wanted: &str| words.next().is_some_and(|word| same(word, wanted));
        is("alter") && is("table") && is(table) && is("add") && is("column") && is(column)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_are_found_as_people_write_them() {
        let text = "CREATE TABLE IF NOT EXISTS public.\"users\" (\n  id BIGSERIAL PRIMARY KEY,\n  name text\n);\nCREATE TABLE a (id uuid PRIMARY KEY, b text);\n";
        assert!(
            definition(text, "users")
                .is_some_and(|body| body.contains("BIGSERIAL") && !body.contains("uuid"))
        );
        assert!(definition(text, "user").is_none());
        assert!(adds_column(
            "ALTER TABLE ONLY users ADD COLUMN IF NOT EXISTS nick text;",
            "users",
            "nick"
        ));
    }
}

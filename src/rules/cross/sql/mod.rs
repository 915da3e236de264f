//! SQL in the code that a change adds, and the schema that it meets.

pub mod filter;
mod literals;
mod placeholders;
mod read;
mod scope;
mod words;

use sqlparser::dialect::{
    Dialect as Grammar, GenericDialect, MySqlDialect, PostgreSqlDialect, SQLiteDialect,
};
use sqlparser::parser::Parser;

use self::filter::Filter;
use self::literals::Literal;
use self::read::Use;
use super::places::is_live;
use crate::domain::change::{Change, FileChange, Text};
use crate::domain::diff::{LineRange, Side};
use crate::domain::path::RepoPath;
use crate::ports::source::Need;
use crate::rules::RuleContext;
use crate::rules::migrations::present::{self, History};
use crate::rules::migrations::{Dialect, discover, names};
use crate::rules::parse::code::{Language, ParsedCode, Syntax, is_test_path};

/// Most statements that are read in one change.
const MAX_STATEMENTS: usize = 500;
/// Deepest nesting that is parsed.
const MAX_DEPTH: usize = 50;

/// A statement in code with its place.
pub struct Query {
    /// Position in the change's files.
    pub file: usize,
    pub uses: Vec<Use>,
    pub filter: Option<Filter>,
    /// The table of which it reads every row.
    pub whole: Option<String>,
    /// Lines of the whole text that holds it.
    lines: LineRange,
    /// Line of the file on which the statement's text starts; `None` if its lines are not those
    /// of the file.
    first: Option<u32>,
}

impl Query {
    /// The lines of the file for a line of the statement.
    pub fn at(&self, line: u32) -> LineRange {
        match self.first {
            Some(first) if line > 0 => LineRange::line(first + line - 1),
            _ => self.lines,
        }
    }
}

/// The statements that a change adds, with the schemas in view of them.
pub struct Asked {
    pub histories: Vec<History>,
    /// Texts of dumps of the schema.
    pub dumps: Vec<String>,
    pub queries: Vec<Query>,
}

impl Asked {
    /// The table in each of the histories for code at that path that have it; `None` if one of
    /// them may have more to it.
    pub fn histories_of(&self, table: &str, path: &RepoPath) -> Option<Vec<&History>> {
        histories_of(&self.histories, table, path)
    }
}

/// See [`Asked::histories_of`].
pub fn histories_of<'h>(
    histories: &'h [History],
    table: &str,
    path: &RepoPath,
) -> Option<Vec<&'h History>> {
    let mut found = Vec::new();
    for history in histories.iter().filter(|history| history.serves(path)) {
        match history.schema.table(table).table() {
            Some(known) if known.whole && known.name == table => found.push(history),
            Some(_) => return None,
            None => {}
        }
    }
    (!found.is_empty()).then_some(found)
}

/// Whether a change adds text that may be SQL.
pub fn applies(change: &Change) -> bool {
    change.files.iter().any(holds_sql)
}

pub fn needs(change: &Change) -> Vec<Need> {
    let files: Vec<&RepoPath> =
        change.files.iter().filter(|file| holds_sql(file)).map(|file| &file.path).collect();
    vec![present::need(files.iter().copied()), present::dump_need(files)]
}

/// Code of a known language, or a file of named queries, with a line of SQL among those added.
fn holds_sql(file: &FileChange) -> bool {
    let kind = Language::of(&file.path).is_some() || is_query_file(file);
    let live = !file.derived && is_live(&file.path) && !is_test_path(&file.path);
    let Some(text) = file.head_text().filter(|_| kind && live) else { return false };
    file.added_lines().filter_map(|line| text.line(line)).any(|line| {
        let lower = line.to_ascii_lowercase();
        [
            "select",
            "insert",
            "update",
            "delete",
            "where",
            "from",
            "values",
            "set",
            "order by",
            "and",
            "returning",
            ",",
        ]
        .iter()
        .any(|word| lower.contains(word))
    }) && has_statement(text.as_str())
        && discover::identify_file(file).is_none()
}

/// Asked of every changed file, so without making a copy of its text.
fn has_statement(text: &str) -> bool {
    let has = |large: &str, small: &str| text.contains(large) || text.contains(small);
    (has("SELECT", "select") && has("FROM", "from"))
        || has("INSERT INTO", "insert into")
        || has("DELETE FROM", "delete from")
        || (has("UPDATE ", "update ") && has("SET ", "set "))
}

/// A file of SQL with a name before each query, as sqlc, yesql and others read it.
fn is_query_file(file: &FileChange) -> bool {
    file.path.extension().as_deref() == Some("sql")
        && file.head_text().is_some_and(|text| {
            text.lines()
                .any(|(_, line)| line.trim_start().to_ascii_lowercase().starts_with("-- name:"))
        })
}

/// Reads what the change adds; `None` if the migrations could not all be read.
pub fn asked(context: &RuleContext<'_>) -> Option<std::sync::Arc<Asked>> {
    let needs = needs(context.change);
    let [migrations, dumps] = needs.as_slice() else { return None };
    let migrations = context.gathered_whole(migrations)?;
    let dumps = context.gathered(dumps);
    context.shared(|| {
        let histories = present::histories(migrations);
        let dialect = histories.iter().find_map(|history| history.dialect);
        let queries = match histories.is_empty() {
            true => Vec::new(),
            false => queries(context, dialect),
        };
        let dumps = dumps.iter().map(|dump| dump.text.as_str().to_lowercase()).collect();
        Asked { histories, dumps, queries }
    })
}

fn queries(context: &RuleContext<'_>, dialect: Option<Dialect>) -> Vec<Query> {
    let mut found = Vec::new();
    for (at, file) in context.change.files.iter().enumerate() {
        let Some(text) = file.head_text().filter(|_| holds_sql(file)) else { continue };
        if speaks_to_another_database(text.as_str()) || defines_tables(text.as_str()) {
            continue;
        }
        for literal in literals_of(context, file, text) {
            let lines = text.lines_of(literal.start, literal.end);
            if !file.adds_any(lines) || found.len() >= MAX_STATEMENTS {
                continue;
            }
            found.extend(read_literal(at, &literal, lines, dialect));
        }
    }
    found
}

/// What the statements of a file say of a column.
#[derive(Default)]
pub struct Naming {
    /// Lines on which one names that column of that very table.
    pub lines: Vec<u32>,
    /// The statements that were read at all.
    pub read: Vec<LineRange>,
}

/// Looks for a column of a table in the statements of a file.
pub fn naming(path: &RepoPath, text: &Text, table: &str, column: &str) -> Naming {
    let whole = text.as_str();
    let mut found = Naming::default();
    if !has_statement(whole) || speaks_to_another_database(whole) {
        return found;
    }
    let literals = match Language::of(path) {
        Some(language) => {
            let code = ParsedCode::new(whole, language);
            code.root().map(|root| literals::of(&root, language)).unwrap_or_default()
        }
        None if path.extension().as_deref() == Some("sql") => vec![in_full(whole)],
        None => Vec::new(),
    };
    let is_it = |each: &&Use| match each.tables.as_slice() {
        [only] => {
            names::without_schema(only).eq_ignore_ascii_case(table)
                && each.column.eq_ignore_ascii_case(column)
        }
        _ => false,
    };
    for literal in literals.iter().take(MAX_STATEMENTS) {
        let lines = text.lines_of(literal.start, literal.end);
        for query in read_literal(0, literal, lines, None) {
            // A file of many statements may have others that could not be read.
            found.read.extend(Language::of(path).map(|_| lines));
            let named = query.uses.iter().filter(is_it);
            found.lines.extend(named.map(|each| query.at(each.line).start()));
        }
    }
    found
}

/// The statements of a file that read a whole table: where their text starts, in bytes, and the
/// table.
pub fn whole_reads(root: &Syntax<'_>, language: Language, text: &Text) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for literal in literals::of(root, language).iter().take(MAX_STATEMENTS) {
        let lines = text.lines_of(literal.start, literal.end);
        if let [only] = read_literal(0, literal, lines, None).as_slice() {
            found.extend(only.whole.clone().map(|table| (literal.start, table)));
        }
    }
    found
}

fn in_full(text: &str) -> Literal {
    Literal { text: text.to_owned(), start: 0, end: text.len(), exact: true }
}

fn literals_of(context: &RuleContext<'_>, file: &FileChange, text: &Text) -> Vec<Literal> {
    let Some(language) = Language::of(&file.path) else {
        return vec![in_full(text.as_str())];
    };
    let code = context.parsed(file, Side::Head, |text| ParsedCode::new(text, language));
    code.and_then(|code| Some(literals::of(&code.root()?, language))).unwrap_or_default()
}

/// Whether a file works with a database that the migrations are not for.
fn speaks_to_another_database(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    [
        "bigquery",
        "clickhouse",
        "snowflake",
        "athena",
        "redshift",
        "duckdb",
        "pyspark",
        "cassandra",
        "influx",
        "salesforce",
        "soql",
        "trino",
        "presto",
        "databricks",
        "pandasql",
        "cosmos",
        "elasticsearch",
        "opensearch",
        "ksql",
        "osquery",
        "steampipe",
        "information_schema",
    ]
    .iter()
    .any(|name| lower.contains(name))
}

/// Whether code makes or changes tables itself, so that migrations are not all there is.
fn defines_tables(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    ["alter table", "create table", "create temp", "automigrate"]
        .iter()
        .any(|it| lower.contains(it))
}

fn read_literal(
    file: usize,
    literal: &Literal,
    lines: LineRange,
    dialect: Option<Dialect>,
) -> Vec<Query> {
    let (grammar, placeholder, folds_quoted): (&dyn Grammar, _, _) = match dialect {
        Some(Dialect::Postgres) => (&PostgreSqlDialect {}, "$1", false),
        Some(Dialect::MySql) => (&MySqlDialect {}, "?", true),
        Some(Dialect::Sqlite) => (&SQLiteDialect {}, "?", true),
        Some(Dialect::SqlServer | Dialect::Other) => return Vec::new(),
        // Of which double quotes may be names or, as in MySQL and SQLite, text.
        None => (&GenericDialect {}, "?", true),
    };
    let Some(statements) = placeholders::statements(&literal.text, placeholder) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for single in statements.iter().filter(|single| is_sql(&single.text)) {
        let parser = Parser::new(grammar).with_recursion_limit(MAX_DEPTH);
        let Ok(mut parser) = parser.try_with_sql(&single.text) else { continue };
        let Ok(parsed) = parser.parse_statements() else { continue };
        let [statement] = parsed.as_slice() else { continue };
        found.push(Query {
            file,
            uses: read::uses(statement, folds_quoted),
            filter: filter::of(statement, folds_quoted),
            whole: filter::whole(statement, folds_quoted),
            lines,
            first: literal.exact.then(|| lines.start() + single.line),
        });
    }
    found
}

/// Whether a text is SQL rather than a sentence that begins like it.
fn is_sql(text: &str) -> bool {
    let text = text.trim_start();
    let first = text.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
    let known = ["select", "insert", "update", "delete", "with", "replace"];
    if !known.contains(&first.to_ascii_lowercase().as_str()) {
        return false;
    }
    let shouted = first.chars().all(|c| c.is_ascii_uppercase());
    shouted || text.contains(['=', '*', '(', '$', '?', '<', '>'])
}

#[cfg(test)]
mod tests;

//! Tables and their columns as migrations, schema files and models show them. Line by line: what
//! is not recognised is not known, never guessed.

use crate::domain::survey::{Survey, SurveyedFile};
use crate::plan::paths;
use crate::plan::words::is_identifier;

const MAX_TABLES: usize = 300;
const MAX_COLUMNS: usize = 200;

/// A table or model that the repository has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownTable {
    /// As the place that defines it writes it: a table of SQL, a model of Prisma or Django.
    pub name: String,
    /// Other names: the model of a table, the table of a model.
    pub also: Vec<String>,
    pub columns: Vec<String>,
    pub path: String,
    pub line: u32,
}

/// Columns that commonly tell tenants apart.
const TENANT_COLUMNS: [&str; 7] = [
    "tenant_id",
    "organization_id",
    "organisation_id",
    "workspace_id",
    "account_id",
    "company_id",
    "org_id",
];

/// The tables of all files that were read, each once.
pub fn known(survey: &Survey) -> Vec<KnownTable> {
    let mut tables: Vec<KnownTable> = Vec::new();
    for file in &survey.texts {
        let reader: Option<fn(&str) -> Line> = match paths::extension(&file.path).as_str() {
            "sql" => Some(sql),
            "rb" => Some(ruby),
            "prisma" => Some(prisma),
            "py" => Some(python),
            "java" | "kt" => Some(java),
            _ => None,
        };
        if let Some(reader) = reader
            && !paths::is_test(&file.path)
        {
            read(file, reader, &mut tables);
        }
    }
    tables
}

/// The column of tenants that at least two tables, or the only one, have.
pub fn tenant_column(tables: &[KnownTable]) -> Option<(String, String, u32)> {
    TENANT_COLUMNS.iter().find_map(|column| {
        let mut with = tables.iter().filter(|table| table.columns.iter().any(|c| c == column));
        let first = with.next()?;
        // One table in many may mean something else by the name.
        (with.next().is_some()).then(|| ((*column).to_owned(), first.path.clone(), first.line))
    })
}

/// What one line says.
enum Line {
    Table {
        name: String,
        also: Option<String>,
    },
    /// Another name of the table at hand.
    Also(String),
    Column(String),
    AddedColumn {
        table: String,
        column: String,
    },
    End,
    Nothing,
}

fn read(file: &SurveyedFile, reader: fn(&str) -> Line, tables: &mut Vec<KnownTable>) {
    let mut current: Option<usize> = None;
    let mut pending: Option<String> = None;
    for (index, line) in file.text.lines().enumerate() {
        if line.len() > 1_000 {
            continue;
        }
        match reader(line) {
            Line::Table { name, also } if is_identifier(&name) && tables.len() < MAX_TABLES => {
                let also: Vec<String> = also.into_iter().chain(pending.take()).collect();
                let known = tables.iter().position(|table| table.name == name);
                current = Some(known.unwrap_or(tables.len()));
                if known.is_none() {
                    let line = u32::try_from(index + 1).unwrap_or(u32::MAX);
                    let path = file.path.as_str().to_owned();
                    tables.push(KnownTable { name, also, columns: Vec::new(), path, line });
                }
            }
            Line::Also(name) => match current.and_then(|at| tables.get_mut(at)) {
                Some(table) => table.also.push(name),
                None => pending = Some(name),
            },
            Line::Column(column) => {
                if let Some(table) = current.and_then(|at| tables.get_mut(at)) {
                    add_column(table, column);
                }
            }
            Line::AddedColumn { table, column } => {
                if let Some(table) = tables.iter_mut().find(|known| known.name == table) {
                    add_column(table, column);
                }
            }
            Line::End => current = None,
            Line::Table { .. } | Line::Nothing => {}
        }
    }
}

fn add_column(table: &mut KnownTable, column: String) {
    if is_identifier(&column)
        && table.columns.len() < MAX_COLUMNS
        && !table.columns.contains(&column)
    {
        table.columns.push(column);
    }
}

fn unquoted(name: &str) -> String {
    let name =
        name.trim_matches(|c: char| matches!(c, '"' | '`' | '\'' | '[' | ']' | '(' | ',' | ';'));
    name.rsplit('.').next().unwrap_or(name).trim_matches('"').to_owned()
}

fn sql(line: &str) -> Line {
    let lower = line.trim().to_ascii_lowercase();
    let words: Vec<&str> = line.split_whitespace().collect();
    if let Some(rest) = lower.strip_prefix("create table ") {
        let skip = if rest.trim_start().starts_with("if not exists") { 5 } else { 2 };
        let Some(name) = words.get(skip) else { return Line::Nothing };
        let name = name.split('(').next().unwrap_or(name);
        return Line::Table { name: unquoted(name), also: None };
    }
    if lower.starts_with("alter table ") {
        let at = words.iter().position(|word| word.eq_ignore_ascii_case("add"));
        let skip = at.map(|at| {
            let mut next = at + 1;
            for word in ["column", "if", "not", "exists"] {
                if words.get(next).is_some_and(|w| w.eq_ignore_ascii_case(word)) {
                    next += 1;
                }
            }
            next
        });
        let table = words.iter().skip(2).find(|word| {
            !["if", "exists", "only"].iter().any(|skipped| word.eq_ignore_ascii_case(skipped))
        });
        return match (table, skip.and_then(|at| words.get(at))) {
            (Some(table), Some(column)) => {
                Line::AddedColumn { table: unquoted(table), column: unquoted(column) }
            }
            _ => Line::Nothing,
        };
    }
    if lower.starts_with(')') || lower.starts_with("create ") || lower.starts_with("insert ") {
        return Line::End;
    }
    let keyword = [
        "primary ",
        "foreign ",
        "unique ",
        "unique(",
        "constraint ",
        "check ",
        "check(",
        "--",
        "key ",
        "index ",
        "exclude ",
    ];
    if lower.is_empty() || keyword.iter().any(|start| lower.starts_with(start)) || words.len() < 2 {
        return Line::Nothing;
    }
    words.first().map_or(Line::Nothing, |word| Line::Column(unquoted(word)))
}

fn ruby(line: &str) -> Line {
    let line = line.trim();
    let quoted = |text: &str| {
        let text = text.trim_start_matches(['(', ' ', ':', '"', '\'']);
        text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .next()
            .unwrap_or("")
            .to_owned()
    };
    if let Some(rest) = line.strip_prefix("create_table") {
        return Line::Table { name: quoted(rest), also: None };
    }
    if let Some(rest) = line.strip_prefix("add_column") {
        let mut parts = rest.split(',');
        let table = parts.next().map(quoted).unwrap_or_default();
        let column = parts.next().map(quoted).unwrap_or_default();
        return Line::AddedColumn { table, column };
    }
    if line == "end" {
        return Line::End;
    }
    match line.strip_prefix("t.").and_then(|rest| rest.split_once(' ')) {
        Some(("index" | "timestamps" | "foreign_key" | "check_constraint", _)) => Line::Nothing,
        Some(("references" | "belongs_to", name)) => Line::Column(format!("{}_id", quoted(name))),
        Some((_, name)) => Line::Column(quoted(name)),
        None => Line::Nothing,
    }
}

fn prisma(line: &str) -> Line {
    let line = line.trim();
    if let Some(name) = line.strip_prefix("model ") {
        return Line::Table { name: name.trim_end_matches(['{', ' ']).to_owned(), also: None };
    }
    if let Some((_, rest)) = line.split_once("@@map(\"") {
        return Line::Also(rest.split('"').next().unwrap_or(rest).to_owned());
    }
    if line.starts_with('}') {
        return Line::End;
    }
    let mut words = line.split_whitespace();
    match (words.next(), words.next()) {
        (Some(name), Some(_)) if !name.starts_with(['@', '/']) => Line::Column(name.to_owned()),
        _ => Line::Nothing,
    }
}

fn python(line: &str) -> Line {
    let trimmed = line.trim();
    if let Some(rest) = line.strip_prefix("class ") {
        let Some((name, bases)) = rest.split_once('(') else { return Line::End };
        let model =
            ["Model)", "Model,", "Base)", "Base,", "Model:"].iter().any(|b| bases.contains(b));
        return if model {
            Line::Table { name: name.trim().to_owned(), also: None }
        } else {
            Line::End
        };
    }
    for key in ["__tablename__ =", "db_table ="] {
        if let Some(rest) = trimmed.strip_prefix(key) {
            return Line::Also(unquoted(rest.trim()));
        }
    }
    let field = trimmed.split_once('=').or_else(|| trimmed.split_once(':'));
    match field {
        Some((name, value))
            if ["models.", "Column(", "mapped_column(", "Mapped["]
                .iter()
                .any(|f| value.contains(f)) =>
        {
            let name = name.split(':').next().unwrap_or(name).trim();
            let suffix =
                if value.contains("ForeignKey(") && value.contains("models.") { "_id" } else { "" };
            Line::Column(format!("{name}{suffix}"))
        }
        _ => Line::Nothing,
    }
}

fn java(line: &str) -> Line {
    let line = line.trim();
    if line.starts_with("@Table(") {
        let name = line.split('"').nth(1).unwrap_or_default();
        return Line::Also(name.to_owned());
    }
    let words: Vec<&str> = line.split_whitespace().collect();
    if let Some(at) = words.iter().position(|word| *word == "class")
        && at <= 2
        && let Some(name) = words.get(at + 1)
    {
        let name = name.split(['(', '{', '<', ':']).next().unwrap_or(name);
        return Line::Table { name: name.to_owned(), also: None };
    }
    Line::Nothing
}

//! Columns, constraints and tables of Transact-SQL, read option by option: one that is not known is
//! passed over.

use crate::rules::migrations::actions::{
    Column, Constraint, ConstraintKind, DefaultValue, Generated, Reference,
};
use crate::rules::migrations::dialects::table::folded;
use crate::rules::migrations::dialects::tokens::{Piece, Source, Tokens};
use crate::rules::migrations::facts::{CreateIndex, CreateTable};
use crate::rules::migrations::names::{table_name, without_schema};

/// What stands between the commas of a table's definition, or behind `ADD`.
pub enum Stated {
    Column(Column),
    Constraint(Constraint),
    /// `DEFAULT … FOR column`.
    Default {
        column: String,
        default: Option<DefaultValue>,
    },
    Index(CreateIndex),
    Other,
}

/// The name of a table at a position, as the schema knows it: in lower case.
pub fn table_at(source: &Source<'_>, piece: &Piece, at: usize) -> String {
    table_name(&source.name(piece, at)).to_lowercase()
}

/// Temporary tables and table variables, which nobody else sees.
pub fn is_temporary(table: &str) -> bool {
    without_schema(table).starts_with(['#', '@'])
}

/// Whether `ONLINE = ON` is among the options.
pub fn is_online(source: &Source<'_>, piece: &Piece) -> bool {
    option(source, piece, "online").as_deref() == Some("on")
}

/// The word that an option is set to.
pub fn option(source: &Source<'_>, piece: &Piece, wanted: &str) -> Option<String> {
    (0..piece.0.len()).find(|at| source.word(piece, *at) == wanted).map(|at| {
        // An equals sign stands between.
        source.word(piece, at + 2)
    })
}

/// `CREATE TABLE name (…) …`; the name stands at `at`.
pub fn create_table(source: &Source<'_>, piece: &Piece, at: usize) -> CreateTable {
    let name = table_at(source, piece, at);
    let body_at = at + source.name_length(piece, at);
    let body = source.group(piece, body_at);
    let mut made = CreateTable {
        temporary: is_temporary(&name),
        columns_elsewhere: body.is_none(),
        name,
        ..CreateTable::default()
    };
    for part in body.iter().flat_map(|body| source.parts(body)) {
        match stated(source, &part) {
            Stated::Column(column) => made.columns.push(column),
            Stated::Constraint(constraint) => made.constraints.push(constraint),
            Stated::Index(index) => made.indexes.push(index),
            Stated::Default { .. } | Stated::Other => {}
        }
    }
    made
}

/// One element of a table.
pub fn stated(source: &Source<'_>, part: &Piece) -> Stated {
    let named = source.keyword(part.0.start) == "constraint";
    let name = if named { folded(&source.name(part, 1)) } else { String::new() };
    let at = if named { 2 } else { 0 };
    let keyword = source.keyword(part.0.start + at);
    let after = source.word(part, at + 1);
    match (keyword.as_str(), after.as_str()) {
        ("primary", "key") => key(source, part, at, name, ConstraintKind::PrimaryKey),
        ("unique", _) => key(source, part, at, name, ConstraintKind::Unique),
        ("foreign", "key") => foreign_key(source, part, at, name),
        ("check", _) => {
            let open = (at + 1..part.0.len()).find(|at| source.group_length(part, *at) > 0);
            let condition = open.and_then(|at| source.group(part, at));
            Stated::Constraint(Constraint {
                kind: ConstraintKind::Check,
                name,
                expression: condition.map(|inside| plain(source.text(&inside))),
                ..Constraint::default()
            })
        }
        ("default", _) => {
            let to = (at + 1..part.0.len()).find(|at| source.keyword(part.0.start + at) == "for");
            let Some(to) = to else { return Stated::Other };
            let value = Tokens(part.0.start + at + 1..part.0.start + to);
            Stated::Default {
                column: folded(&source.name(part, to + 1)),
                default: DefaultValue::of_sql(source.text(&value)),
            }
        }
        ("index", _) => Stated::Index(inline_index(source, part, at)),
        ("period", "for") => Stated::Other,
        _ => column(source, part, at).map_or(Stated::Other, Stated::Column),
    }
}

fn key(source: &Source<'_>, part: &Piece, at: usize, name: String, kind: ConstraintKind) -> Stated {
    let says = |wanted: &str| (at..at + 4).any(|at| source.word(part, at) == wanted);
    // A primary key is clustered unless it says otherwise.
    let clustered = says("clustered") || kind == ConstraintKind::PrimaryKey;
    Stated::Constraint(Constraint {
        kind,
        name,
        columns: columns(source, part, at),
        clustered: clustered && !says("nonclustered"),
        ..Constraint::default()
    })
}

fn foreign_key(source: &Source<'_>, part: &Piece, at: usize, name: String) -> Stated {
    let to = (at..part.0.len()).find(|at| source.keyword(part.0.start + at) == "references");
    let own = to.map_or_else(|| part.clone(), |to| Tokens(part.0.start..part.0.start + to));
    Stated::Constraint(Constraint {
        kind: ConstraintKind::ForeignKey,
        name,
        columns: columns(source, &own, at),
        references: to.map(|to| reference(source, part, to)),
        ..Constraint::default()
    })
}

/// `REFERENCES table (columns) ON DELETE …`; the word stands at `at`.
fn reference(source: &Source<'_>, part: &Piece, at: usize) -> Reference {
    let after = at + 1 + source.name_length(part, at + 1);
    let columns = source.group(part, after).map(|list| names(source, &list)).unwrap_or_default();
    let cascades =
        (after..part.0.len()).any(|at| source.begins(&part.from(at), &["on", "delete", "cascade"]));
    Reference { table: table_at(source, part, at + 1), columns, cascades }
}

fn inline_index(source: &Source<'_>, part: &Piece, at: usize) -> CreateIndex {
    let says = |wanted: &str| (at..at + 5).any(|at| source.word(part, at) == wanted);
    CreateIndex {
        name: folded(&source.name(part, at + 1)),
        columns: columns(source, part, at),
        unique: says("unique"),
        clustered: says("clustered"),
        ..CreateIndex::default()
    }
}

/// The names in the first pair of brackets from a position on.
pub fn columns(source: &Source<'_>, piece: &Piece, from: usize) -> Vec<String> {
    let open = (from..piece.0.len()).find(|at| source.group_length(piece, *at) > 0);
    let list = open.and_then(|at| source.group(piece, at));
    list.map(|list| names(source, &list)).unwrap_or_default()
}

fn names(source: &Source<'_>, list: &Piece) -> Vec<String> {
    source.parts(list).iter().map(|part| folded(&source.name(part, 0))).collect()
}

/// A column's definition; its name stands at `at`. `None` if no type follows.
pub fn column(source: &Source<'_>, part: &Piece, at: usize) -> Option<Column> {
    let mut column = Column { name: folded(&source.name(part, at)), ..Column::default() };
    let mut next = at + 1;
    if source.keyword(part.0.start + next) == "as" {
        let stored =
            (next..part.0.len()).any(|at| source.keyword(part.0.start + at) == "persisted");
        column.generated = Some(if stored { Generated::Stored } else { Generated::Virtual });
    } else {
        let (type_text, length) = type_at(source, part, next)?;
        // The server gives each row its number.
        column.identity = ["rowversion", "timestamp"].contains(&type_text.as_str());
        column.type_text = type_text;
        next += length;
    }
    while next < part.0.len() {
        next += take_option(source, part, next, &mut column);
    }
    Some(column)
}

/// A type in one spelling, and how many tokens it takes.
pub fn type_at(source: &Source<'_>, part: &Piece, at: usize) -> Option<(String, usize)> {
    let name = table_name(&source.name(part, at)).to_lowercase();
    if name.is_empty() || name.starts_with(['(', ',']) {
        return None;
    }
    let mut length = source.name_length(part, at);
    let mut text = name.rsplit_once("sys.").map_or(name.as_str(), |(_, name)| name).to_owned();
    while ["precision", "varying", "character"].contains(&source.word(part, at + length).as_str()) {
        text = format!("{text} {}", source.word(part, at + length));
        length += 1;
    }
    let arguments = source.group_length(part, at + length);
    if arguments > 0 {
        let start = part.0.start + at + length;
        let list = source.text(&Tokens(start..start + arguments));
        text.extend(list.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase));
    }
    Some((one_spelling(text), length + arguments))
}

fn one_spelling(text: String) -> String {
    for (long, short) in [
        ("national character varying", "nvarchar"),
        ("national char varying", "nvarchar"),
        ("national character", "nchar"),
        ("character varying", "varchar"),
        ("char varying", "varchar"),
        ("character", "char"),
        ("integer", "int"),
        ("dec(", "decimal("),
        ("numeric", "decimal"),
    ] {
        if let Some(rest) = text.strip_prefix(long) {
            let bracket = if long.ends_with('(') || rest.is_empty() || rest.starts_with('(') {
                rest
            } else {
                continue;
            };
            return format!("{short}{bracket}");
        }
    }
    text
}

/// Words that end the expression of a default.
const AFTER_DEFAULT: [&str; 14] = [
    "not",
    "null",
    "constraint",
    "with",
    "primary",
    "unique",
    "references",
    "foreign",
    "check",
    "identity",
    "sparse",
    "rowguidcol",
    "collate",
    "index",
];

/// Takes one option of a column over and says how many tokens it has.
fn take_option(source: &Source<'_>, part: &Piece, at: usize, column: &mut Column) -> usize {
    let word = |at: usize| source.keyword(part.0.start + at);
    match (word(at).as_str(), word(at + 1).as_str()) {
        ("not", "null") => column.not_null = true,
        ("not", _) => return 1,
        ("constraint", _) => return 2,
        ("primary", "key") => column.primary_key = true,
        ("unique", _) => {
            column.unique = true;
            return 1;
        }
        ("identity", _) => {
            column.identity = true;
            return 1;
        }
        ("references", _) => {
            column.references = Some(reference(source, part, at));
            return 2;
        }
        ("check", _) => {
            let condition = source.group(part, at + 1);
            column.check = condition.map(|inside| plain(source.text(&inside)));
            return 1;
        }
        // `ON DELETE SET DEFAULT` gives none.
        ("set", "default") => {}
        ("default", _) => {
            let mut end = at + 1;
            while end < part.0.len()
                && (end == at + 1 || !AFTER_DEFAULT.contains(&word(end).as_str()))
            {
                end += source.group_length(part, end).max(1);
            }
            let value = Tokens(part.0.start + at + 1..part.0.start + end);
            column.default = DefaultValue::of_sql(source.text(&value));
            return end - at;
        }
        _ => return source.group_length(part, at).max(1),
    }
    2
}

fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

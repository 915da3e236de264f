//! Whole statements of Transact-SQL.

use std::ops::Range;

use sqlparser::tokenizer::Token;

use super::alter::alter_table;
use super::column::{self, create_table, is_online, is_temporary, table_at};
use super::split::{self, Part};
use crate::rules::migrations::actions::{Action, ActionKind};
use crate::rules::migrations::dialects::table::folded;
use crate::rules::migrations::dialects::tokens::{Piece, Source};
use crate::rules::migrations::facts::{CreateIndex, CreateTable, Kind};
use crate::rules::migrations::names::{table_name, without_schema};

/// Statements that change neither the schema nor rows in a way that the rules look at.
const HARMLESS: [&str; 29] = [
    "select",
    "print",
    "raiserror",
    "throw",
    "declare",
    "use",
    "grant",
    "revoke",
    "deny",
    "return",
    "waitfor",
    "goto",
    "dbcc",
    "backup",
    "restore",
    "open",
    "close",
    "fetch",
    "deallocate",
    "bulk",
    "break",
    "continue",
    "save",
    "disable",
    "enable",
    "checkpoint",
    "reconfigure",
    "kill",
    "with",
];

/// What a statement does; `None` if it is not understood.
pub fn kinds(source: &Source<'_>, part: &Part) -> Option<Vec<Kind>> {
    let mut kinds = of(source, part, true)?;
    for kind in &mut kinds {
        match kind {
            kind if on_temporary(kind) => *kind = Kind::Other,
            // `IF` in front asks mostly whether it is there already.
            Kind::CreateTable(made) => made.if_not_exists |= part.guarded,
            Kind::CreateIndex(index) => index.if_not_exists |= part.guarded,
            Kind::AlterTable { actions, .. } => {
                actions.iter_mut().for_each(|action| action.guarded |= part.guarded);
            }
            _ => {}
        }
    }
    Some(kinds)
}

fn of(source: &Source<'_>, part: &Part, outermost: bool) -> Option<Vec<Kind>> {
    let piece = &part.piece;
    let word = |at| source.word(piece, at);
    let (first, second) = (source.keyword(piece.0.start), word(1));
    Some(vec![match (first.as_str(), second.as_str()) {
        ("alter", "table") => alter_table(source, piece),
        ("alter", "index") => alter_index(source, piece)?,
        ("alter", "schema") => moved(source, piece),
        ("alter", _) => Kind::OtherSchemaChange,
        ("create", _) => create(source, piece),
        ("drop", _) => return Some(dropped(source, piece)),
        ("truncate", _) => {
            Kind::Truncate { tables: vec![table_at(source, piece, 2)], cascade: false }
        }
        ("update", "statistics") => Kind::Other,
        ("update" | "delete", _) => change(source, piece, 0, part.looped),
        ("insert", _) => insert(source, piece),
        ("merge", _) => {
            let at = if second == "into" { 2 } else { 1 };
            Kind::Update { table: table_at(source, piece, at), filtered: true }
        }
        ("with", _) => match top_level(source, piece, 1, &["update", "delete"]) {
            Some(at) => change(source, piece, at, true),
            None => Kind::Other,
        },
        ("select", _) => select(source, piece),
        ("begin", "tran" | "transaction" | "distributed") => Kind::Begin,
        ("commit", _) => Kind::End,
        // One that only follows an error, or goes back to a savepoint, is not the end.
        ("rollback", _) if part.guarded || named_savepoint(source, piece) => Kind::Other,
        ("rollback", _) => Kind::End,
        ("set", variable) if variable.starts_with('@') => Kind::Other,
        ("set", _) => Kind::Set,
        ("exec" | "execute" | "sp_rename", _) => return executed(source, piece, outermost),
        (known, _) if HARMLESS.contains(&known) || known.starts_with("sp_") => Kind::Other,
        _ => return None,
    }])
}

fn on_temporary(kind: &Kind) -> bool {
    match kind {
        Kind::AlterTable { table, .. }
        | Kind::Update { table, .. }
        | Kind::Delete { table, .. }
        | Kind::Insert { table, .. }
        | Kind::Rewrite { table, .. } => is_temporary(table),
        Kind::CreateTable(made) => is_temporary(&made.name),
        Kind::CreateIndex(index) => is_temporary(&index.table),
        Kind::DropTable { tables, .. } | Kind::Truncate { tables, .. } => {
            tables.iter().all(|table| is_temporary(table))
        }
        Kind::DropIndex { table: Some(table), .. } => is_temporary(table),
        _ => false,
    }
}

/// Where one of the words stands outside of brackets, from a position on.
fn top_level(source: &Source<'_>, piece: &Piece, from: usize, wanted: &[&str]) -> Option<usize> {
    let mut at = from;
    while at < piece.0.len() {
        if wanted.contains(&source.keyword(piece.0.start + at).as_str()) {
            return Some(at);
        }
        at += source.group_length(piece, at).max(1);
    }
    None
}

fn create(source: &Source<'_>, piece: &Piece) -> Kind {
    let word = |at| source.word(piece, at);
    let or_replace = word(1) == "or";
    let at = if or_replace { 3 } else { 1 };
    let module = |what| Kind::Create { what, name: table_at(source, piece, at + 1), or_replace };
    match word(at).as_str() {
        "table" => Kind::CreateTable(create_table(source, piece, at + 1)),
        "view" => module("view"),
        "procedure" | "proc" => module("procedure"),
        "function" => module("function"),
        "trigger" => module("trigger"),
        "type" => module("type"),
        "sequence" => module("sequence"),
        "unique" | "clustered" | "nonclustered" | "columnstore" | "index" => {
            create_index(source, piece, at)
        }
        _ => Kind::OtherSchemaChange,
    }
}

/// `CREATE UNIQUE CLUSTERED INDEX name ON table (columns) WHERE … WITH (…)`.
fn create_index(source: &Source<'_>, piece: &Piece, at: usize) -> Kind {
    let Some(index) = (at..at + 4).find(|at| source.word(piece, *at) == "index") else {
        return Kind::OtherSchemaChange;
    };
    let says = |wanted: &str| (at..index).any(|at| source.word(piece, at) == wanted);
    let on = index + 1 + source.name_length(piece, index + 1);
    let table_end = on + 1 + source.name_length(piece, on + 1);
    let listed = source.group_length(piece, table_end) > 0;
    Kind::CreateIndex(CreateIndex {
        name: folded(&source.name(piece, index + 1)),
        table: table_at(source, piece, on + 1),
        columns: if listed { column::columns(source, piece, table_end) } else { Vec::new() },
        unique: says("unique"),
        concurrently: is_online(source, piece),
        partial: top_level(source, piece, table_end, &["where"]).is_some(),
        clustered: says("clustered"),
        method: says("columnstore").then(|| "columnstore".to_owned()),
        ..CreateIndex::default()
    })
}

/// `ALTER INDEX name ON table REBUILD …`.
fn alter_index(source: &Source<'_>, piece: &Piece) -> Option<Kind> {
    let on = 2 + source.name_length(piece, 2);
    if source.word(piece, on) != "on" {
        return None;
    }
    let action = on + 1 + source.name_length(piece, on + 1);
    let rebuilt = source.word(piece, action) == "rebuild" && !is_online(source, piece);
    Some(if rebuilt {
        let table = table_at(source, piece, on + 1);
        Kind::Rewrite { what: "ALTER INDEX … REBUILD", table }
    } else {
        Kind::OtherSchemaChange
    })
}

/// `ALTER SCHEMA to TRANSFER from.table`.
fn moved(source: &Source<'_>, piece: &Piece) -> Kind {
    let typed = source.of(piece).iter().any(|token| token.token == Token::DoubleColon);
    if source.word(piece, 3) != "transfer" || typed {
        return Kind::OtherSchemaChange;
    }
    let kind = ActionKind::SetSchema { schema: folded(&source.name(piece, 2)) };
    let action = Action { bytes: source.bytes(piece), kind, ..Action::default() };
    Kind::AlterTable { table: table_at(source, piece, 4), actions: vec![action] }
}

fn dropped(source: &Source<'_>, piece: &Piece) -> Vec<Kind> {
    let what = source.word(piece, 1);
    let guarded = source.begins(&piece.from(2), &["if", "exists"]);
    let list = piece.from(if guarded { 4 } else { 2 });
    let parts = source.parts(&list);
    if what == "index" {
        return parts.iter().map(|part| dropped_index(source, part)).collect();
    }
    let names: Vec<String> = parts.iter().map(|part| table_at(source, part, 0)).collect();
    let what = match what.as_str() {
        "table" => return vec![Kind::DropTable { tables: names, cascade: false }],
        "view" => "view",
        "procedure" | "proc" => "procedure",
        "function" => "function",
        "trigger" => "trigger",
        "schema" => "schema",
        "database" => "database",
        "sequence" => "sequence",
        "type" => "type",
        _ => return vec![Kind::OtherSchemaChange],
    };
    vec![Kind::Drop { what, names, cascade: false }]
}

/// `name ON table`, or as it was once written `table.name`.
fn dropped_index(source: &Source<'_>, part: &Piece) -> Kind {
    let length = source.name_length(part, 0);
    let name = source.name(part, 0);
    let on = (source.word(part, length) == "on").then(|| table_at(source, part, length + 1));
    let table =
        on.or_else(|| name.rsplit_once('.').map(|(table, _)| table_name(table).to_lowercase()));
    Kind::DropIndex { indexes: vec![folded(&name)], table, concurrently: is_online(source, part) }
}

/// `UPDATE` or `DELETE`, whose word stands at a position. `limited`: it is known to take some rows
/// at a time.
fn change(source: &Source<'_>, piece: &Piece, at: usize, limited: bool) -> Kind {
    let deletes = source.word(piece, at) == "delete";
    let mut target = at + 1;
    let top = source.word(piece, target) == "top";
    if top {
        target += 1;
        target += source.group_length(piece, target).max(1);
        if source.word(piece, target) == "percent" {
            target += 1;
        }
    }
    if deletes && source.word(piece, target) == "from" {
        target += 1;
    }
    let end = target + source.name_length(piece, target);
    let from = top_level(source, piece, end, &["from"]);
    let chosen = top_level(source, piece, end, &["where", "join"]).is_some();
    let named = source.name(piece, target);
    let table = from
        .and_then(|from| behind_alias(source, piece, from, &named))
        .unwrap_or_else(|| table_name(&named).to_lowercase());
    let filtered = top || limited || chosen;
    if deletes { Kind::Delete { table, filtered } } else { Kind::Update { table, filtered } }
}

/// The table that `FROM` gives this alias.
fn behind_alias(source: &Source<'_>, piece: &Piece, from: usize, alias: &str) -> Option<String> {
    let mut at = from + 1;
    while at < piece.0.len() {
        let opens = ["from", "join", "apply"].contains(&source.word(piece, at - 1).as_str())
            || source.token(piece.0.start + at - 1) == Some(&Token::Comma);
        if !opens || source.group_length(piece, at) > 0 {
            at += source.group_length(piece, at).max(1);
            continue;
        }
        let end = at + source.name_length(piece, at);
        let own = if source.word(piece, end) == "as" { end + 1 } else { end };
        if source.name(piece, own).eq_ignore_ascii_case(alias) {
            return Some(table_at(source, piece, at));
        }
        at = end;
    }
    None
}

fn insert(source: &Source<'_>, piece: &Piece) -> Kind {
    let mut at = 1;
    if source.word(piece, at) == "top" {
        at += 1;
        at += source.group_length(piece, at).max(1);
    }
    if source.word(piece, at) == "into" {
        at += 1;
    }
    let from_query = top_level(source, piece, at + 1, &["select", "exec", "execute"]).is_some();
    Kind::Insert { table: table_at(source, piece, at), from_query }
}

/// `SELECT … INTO table` makes a table.
fn select(source: &Source<'_>, piece: &Piece) -> Kind {
    match top_level(source, piece, 1, &["into", "from"]) {
        Some(at) if source.word(piece, at) == "into" => Kind::CreateTable(CreateTable {
            name: table_at(source, piece, at + 1),
            columns_elsewhere: true,
            ..CreateTable::default()
        }),
        _ => Kind::Other,
    }
}

fn named_savepoint(source: &Source<'_>, piece: &Piece) -> bool {
    let at = if ["tran", "transaction", "work"].contains(&source.word(piece, 1).as_str()) {
        2
    } else {
        1
    };
    piece.0.len() > at
}

/// `EXEC …`: a call of `sp_rename`, or a text that is run.
fn executed(source: &Source<'_>, piece: &Piece, outermost: bool) -> Option<Vec<Kind>> {
    // `EXEC @result = procedure …`
    let mut at = usize::from(source.word(piece, 0) != "sp_rename");
    if source.word(piece, at).starts_with('@') {
        at += 2;
    }
    let called = folded(&source.name(piece, at));
    let rest = piece.from(at + source.name_length(piece, at));
    let text = match called.as_str() {
        "sp_rename" => return Some(vec![renamed(source, &rest)?]),
        "sp_executesql" => rest,
        _ => match source.group(piece, at) {
            Some(inside) => inside,
            None => return Some(vec![Kind::Other]),
        },
    };
    let first = source.parts(&text).into_iter().next()?;
    match source.of(&first) {
        [only] if outermost => {
            let mut kinds = ran(source, literal(&only.token)?)?;
            // Places inside of the text are none of the file.
            for kind in &mut kinds {
                if let Kind::AlterTable { actions, .. } = kind {
                    actions.iter_mut().for_each(|action| action.bytes = source.bytes(piece));
                }
            }
            Some(kinds)
        }
        // How the name of a constraint is found out that was given none.
        _ if source.text(&text).to_lowercase().contains("drop constraint") => {
            Some(vec![Kind::Other])
        }
        _ => None,
    }
}

/// What a text does that is run as it stands.
fn ran(outer: &Source<'_>, script: &str) -> Option<Vec<Kind>> {
    let source = Source::new(outer.grammar, script)?;
    let mut all = Vec::new();
    for part in split::statements(&source) {
        all.extend(of(&source, &part, false)?);
    }
    Some(all)
}

fn literal(token: &Token) -> Option<&str> {
    match token {
        Token::SingleQuotedString(text) | Token::NationalStringLiteral(text) => Some(text),
        _ => None,
    }
}

/// `sp_rename 'table.column', 'name', 'COLUMN'`, its arguments in this order or by name.
fn renamed(source: &Source<'_>, arguments: &Piece) -> Option<Kind> {
    let mut given: [Option<String>; 3] = [None, None, None];
    for (at, part) in source.parts(arguments).iter().enumerate() {
        let value = source.of(part).iter().find_map(|token| literal(&token.token))?;
        let place = match source.word(part, 0).as_str() {
            "@objname" => 0,
            "@newname" => 1,
            "@objtype" => 2,
            _ => at,
        };
        *given.get_mut(place)? = Some(value.to_owned());
    }
    let [Some(from), Some(to), what] = given else { return None };
    let to = to.trim_matches(['[', ']']).to_lowercase();
    let bytes: Range<usize> = source.bytes(arguments);
    let table = |table: &str, kind| Kind::AlterTable {
        table: table_name(table).to_lowercase(),
        actions: vec![Action { bytes: bytes.clone(), kind, ..Action::default() }],
    };
    Some(match what.as_deref().map(str::to_lowercase).as_deref() {
        Some("column") => {
            let (owner, column) = from.rsplit_once('.')?;
            table(owner, ActionKind::RenameColumn { from: folded(column), to })
        }
        Some("index") => Kind::RenameObject { what: "index", from: folded(&from), to },
        None | Some("object") if !has_prefix(&from) => table(&from, ActionKind::RenameTable { to }),
        _ => Kind::RenameObject { what: "object", from: folded(&from), to },
    })
}

/// Whether a name says by its beginning that it is no table's.
fn has_prefix(name: &str) -> bool {
    const PREFIXES: [&str; 16] = [
        "pk_", "fk_", "df_", "ck_", "chk_", "uq_", "uc_", "ak_", "ix_", "idx_", "usp_", "sp_",
        "fn_", "udf_", "tr_", "vw_",
    ];
    let name = folded(name);
    let name = without_schema(&name);
    PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

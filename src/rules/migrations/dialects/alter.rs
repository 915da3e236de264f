//! `ALTER TABLE`, one action at a time.

use sqlparser::ast::{
    AlterColumnOperation, AlterTableOperation as Parsed, RenameTableNameKind, Statement as Sql,
};
use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::table::{self, Stated, folded, object};
use super::tokens::{Piece, Source};
use super::{MAX_DEPTH, parser};
use crate::rules::migrations::actions::{Action, ActionKind, Column, DefaultValue};
use crate::rules::migrations::facts::Kind;
use crate::rules::migrations::names::table_name;
use sqlparser::parser::Parser;

/// `None` if the statement is not an `ALTER TABLE`.
pub fn alter_table(source: &Source<'_>, piece: &Piece) -> Option<Kind> {
    let mut at = 1;
    while ["online", "ignore", "table", "if", "exists", "only"]
        .contains(&source.word(piece, at).as_str())
    {
        at += 1;
    }
    if !(1..at).any(|word| source.word(piece, word) == "table") {
        return None;
    }
    let table = table_name(&source.name(piece, at)).to_lowercase();
    let rest = piece.from(at + source.name_length(piece, at));
    let mut actions: Vec<Action> = Vec::new();
    for part in source.parts(&rest) {
        let kinds = action(source, &part);
        let bytes = source.bytes(&part);
        let guarded = (0..4).any(|at| source.word(&part, at) == "exists");
        actions.extend(kinds.into_iter().map(|kind| Action {
            bytes: bytes.clone(),
            kind,
            guarded,
            ..Action::default()
        }));
    }
    Some(Kind::AlterTable { table, actions })
}

fn action(source: &Source<'_>, part: &Piece) -> Vec<ActionKind> {
    if let Some(kind) = by_words(source, part) {
        return vec![kind];
    }
    let mut tokens: Vec<TokenWithSpan> = Vec::new();
    let words = ["ALTER", "TABLE", "t"];
    tokens.extend(words.iter().map(|word| TokenWithSpan::wrap(Token::make_word(word, None))));
    tokens.extend_from_slice(source.of(part));
    let parsed = Parser::new(source.grammar)
        .with_recursion_limit(MAX_DEPTH)
        .with_tokens_with_locations(tokens)
        .parse_statement();
    match parsed {
        Ok(Sql::AlterTable(alter)) => alter.operations.iter().flat_map(operation).collect(),
        _ => vec![ActionKind::Other],
    }
}

/// Actions that the parser does not know, or reads differently from one dialect to the next.
fn by_words(source: &Source<'_>, part: &Piece) -> Option<ActionKind> {
    let word = |at| source.word(part, at);
    let name = |at| folded(&source.name(part, at));
    let exists = |at: usize| if word(at) == "if" { at + 2 } else { at };
    match (word(0).as_str(), word(1).as_str()) {
        ("engine", _) => Some(ActionKind::Rebuild { what: "ENGINE" }),
        ("row_format", _) => Some(ActionKind::Rebuild { what: "ROW_FORMAT" }),
        ("force", _) => Some(ActionKind::Rebuild { what: "FORCE" }),
        ("convert", _) => Some(ActionKind::Rebuild { what: "CONVERT TO CHARACTER SET" }),
        ("algorithm", _) => Some(ActionKind::Algorithm(last_word(source, part))),
        ("lock", _) => Some(ActionKind::LockClause(last_word(source, part))),
        ("drop", "key" | "index") => Some(ActionKind::DropIndex { name: name(exists(2)) }),
        ("drop", "check" | "constraint") | ("drop", "foreign") => {
            let at = if word(1) == "foreign" { 3 } else { 2 };
            Some(ActionKind::DropConstraint { name: name(exists(at)), cascade: false })
        }
        ("rename", "index" | "key") => Some(ActionKind::RenameIndex { from: name(2), to: name(4) }),
        ("modify", _) => {
            let at = if word(1) == "column" { 2 } else { 1 };
            let column = column_at(source, part, at)?;
            Some(ActionKind::RedefineColumn { from: column.name.clone(), column })
        }
        ("change", _) => {
            let at = if word(1) == "column" { 2 } else { 1 };
            let column = column_at(source, part, at + 1)?;
            Some(ActionKind::RedefineColumn { from: name(at), column })
        }
        ("alter", "column") if !["set", "drop", "type", "add"].contains(&word(3).as_str()) => {
            let column = column_at(source, part, 2)?;
            Some(ActionKind::RedefineColumn { from: column.name.clone(), column })
        }
        ("rename", "to" | "as") => {
            let to = table_name(&source.name(part, 2)).to_lowercase();
            Some(ActionKind::RenameTable { to })
        }
        // MySQL's `RENAME name`.
        ("rename", _) if part.0.len() == 1 + source.name_length(part, 1) => {
            let to = table_name(&source.name(part, 1)).to_lowercase();
            Some(ActionKind::RenameTable { to })
        }
        _ => None,
    }
}

fn last_word(source: &Source<'_>, part: &Piece) -> String {
    source.word(part, part.0.len().saturating_sub(1))
}

/// A column definition that begins at a position, without MySQL's `FIRST` and `AFTER`.
fn column_at(source: &Source<'_>, part: &Piece, at: usize) -> Option<Column> {
    let rest = part.from(at);
    parser(source, &rest).parse_column_def().ok().map(|column| table::column(&column))
}

fn operation(parsed: &Parsed) -> Vec<ActionKind> {
    let ident = |name: &sqlparser::ast::Ident| folded(&name.to_string());
    vec![match parsed {
        Parsed::AddConstraint { constraint, not_valid } => match table::constraint(constraint) {
            Stated::Constraint(mut it) => {
                it.not_valid = *not_valid;
                ActionKind::AddConstraint(it)
            }
            Stated::Index(index) => ActionKind::AddIndex(index),
        },
        Parsed::AddColumn { column_def, .. } => ActionKind::AddColumn(table::column(column_def)),
        Parsed::DropColumn { column_names, .. } => {
            let drop = |name| ActionKind::DropColumn { column: ident(name), cascade: false };
            return column_names.iter().map(drop).collect();
        }
        Parsed::DropConstraint { name, .. } | Parsed::DropForeignKey { name, .. } => {
            ActionKind::DropConstraint { name: ident(name), cascade: false }
        }
        Parsed::DropPrimaryKey { .. } => ActionKind::DropPrimaryKey,
        Parsed::DropIndex { name } => ActionKind::DropIndex { name: ident(name) },
        Parsed::RenameColumn { old_column_name, new_column_name } => {
            ActionKind::RenameColumn { from: ident(old_column_name), to: ident(new_column_name) }
        }
        Parsed::RenameTable {
            table_name: RenameTableNameKind::As(name) | RenameTableNameKind::To(name),
        } => ActionKind::RenameTable { to: object(name).to_lowercase() },
        Parsed::ChangeColumn { old_name, new_name, data_type, options, .. } => {
            let column =
                table::with_options(&new_name.to_string(), &data_type.to_string(), options.iter());
            ActionKind::RedefineColumn { from: ident(old_name), column }
        }
        Parsed::ModifyColumn { col_name, data_type, options, .. } => {
            let column =
                table::with_options(&col_name.to_string(), &data_type.to_string(), options.iter());
            ActionKind::RedefineColumn { from: column.name.clone(), column }
        }
        Parsed::RenameConstraint { old_name, new_name } => {
            ActionKind::RenameConstraint { from: ident(old_name), to: ident(new_name) }
        }
        Parsed::AlterColumn { column_name, op } => alter_column(ident(column_name), op),
        Parsed::DisableTrigger { .. } => ActionKind::Triggers,
        Parsed::EnableTrigger { .. } => ActionKind::Triggers,
        Parsed::AutoIncrement { .. } => ActionKind::Setting,
        _ => ActionKind::Other,
    }]
}

fn alter_column(column: String, operation: &AlterColumnOperation) -> ActionKind {
    match operation {
        AlterColumnOperation::SetNotNull => ActionKind::SetNotNull { column },
        AlterColumnOperation::DropNotNull => ActionKind::DropNotNull { column },
        AlterColumnOperation::SetDefault { value } => {
            match DefaultValue::of_sql(&value.to_string()) {
                Some(default) => ActionKind::SetDefault { column, default },
                None => ActionKind::DropDefault { column },
            }
        }
        AlterColumnOperation::DropDefault => ActionKind::DropDefault { column },
        AlterColumnOperation::SetDataType { data_type, using, .. } => ActionKind::SetType {
            column,
            type_text: data_type.to_string().to_lowercase(),
            using: using.as_ref().map(ToString::to_string),
            restated: false,
        },
        AlterColumnOperation::AddGenerated { .. } => ActionKind::Other,
    }
}

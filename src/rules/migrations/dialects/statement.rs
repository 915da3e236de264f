//! Whole statements.

use sqlparser::ast::{
    FromTable, ObjectType, Statement as Sql, TableFactor, TableObject, TableWithJoins,
};

use super::alter::alter_table;
use super::parser;
use super::table::{self, folded, object};
use super::tokens::{Piece, Source};
use crate::rules::migrations::actions::{Action, ActionKind};
use crate::rules::migrations::facts::{CreateIndex, Kind};
use crate::rules::migrations::names::table_name;

/// What a statement does; `None` if it is not understood.
pub fn kinds(source: &Source<'_>, piece: &Piece) -> Option<Vec<Kind>> {
    if source.begins(piece, &["alter"])
        && let Some(kind) = alter_table(source, piece)
    {
        return Some(vec![kind]);
    }
    if let Some(kinds) = by_words(source, piece) {
        return Some(kinds);
    }
    let parsed = parser(source, piece).parse_statement().ok()?;
    Some(vec![match parsed {
        Sql::CreateTable(table) => Kind::CreateTable(table::create_table(&table)),
        Sql::CreateIndex(index) => Kind::CreateIndex(CreateIndex {
            name: index.name.as_ref().map(|name| folded(&name.to_string())).unwrap_or_default(),
            table: object(&index.table_name).to_lowercase(),
            columns: table::columns(&index.columns),
            unique: index.unique,
            partial: index.predicate.is_some(),
            if_not_exists: index.if_not_exists,
            ..CreateIndex::default()
        }),
        Sql::CreateView(view) => Kind::Create {
            what: "view",
            name: object(&view.name).to_lowercase(),
            or_replace: view.or_replace || view.or_alter,
        },
        Sql::Update(update) => Kind::Update {
            table: first_table(std::slice::from_ref(&update.table)),
            filtered: update.selection.is_some() || update.limit.is_some() || update.from.is_some(),
        },
        Sql::Delete(delete) => {
            let (FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from)) = &delete.from;
            Kind::Delete {
                table: first_table(from),
                filtered: delete.selection.is_some()
                    || delete.limit.is_some()
                    || delete.using.is_some(),
            }
        }
        Sql::Insert(insert) => Kind::Insert {
            table: match &insert.table {
                TableObject::TableName(name) => object(name).to_lowercase(),
                _ => String::new(),
            },
            from_query: insert
                .source
                .as_ref()
                .is_some_and(|query| query.body.as_select().is_some()),
        },
        Sql::Truncate(truncate) => Kind::Truncate {
            tables: truncate
                .table_names
                .iter()
                .map(|target| object(&target.name).to_lowercase())
                .collect(),
            cascade: false,
        },
        other => rest(other),
    }])
}

fn rest(statement: Sql) -> Kind {
    match statement {
        Sql::Drop { object_type, names, cascade, table, .. } => {
            let names: Vec<String> = names.iter().map(|name| object(name).to_lowercase()).collect();
            let table = table.map(|name| object(&name).to_lowercase());
            dropped(object_type, names, table, cascade)
        }
        Sql::StartTransaction { .. } => Kind::Begin,
        Sql::Commit { .. } | Sql::Rollback { savepoint: None, .. } => Kind::End,
        Sql::LockTables { tables } => Kind::Lock {
            tables: tables.iter().map(|lock| folded(&lock.table.to_string())).collect(),
            mode: "exclusive".to_owned(),
        },
        Sql::OptimizeTable { name, .. } => {
            Kind::Rewrite { what: "OPTIMIZE TABLE", table: object(&name).to_lowercase() }
        }
        _ => Kind::Other,
    }
}

fn dropped(
    object_type: ObjectType,
    names: Vec<String>,
    table: Option<String>,
    cascade: bool,
) -> Kind {
    let what = match object_type {
        ObjectType::Table => return Kind::DropTable { tables: names, cascade },
        ObjectType::Index => {
            return Kind::DropIndex { indexes: names, table, concurrently: false };
        }
        ObjectType::View | ObjectType::MaterializedView => "view",
        ObjectType::Schema => "schema",
        ObjectType::Database => "database",
        ObjectType::Sequence => "sequence",
        ObjectType::Type => "type",
        _ => return Kind::OtherSchemaChange,
    };
    Kind::Drop { what, names, cascade }
}

/// Statements that the parser does not know, or reads differently from one dialect to the next.
fn by_words(source: &Source<'_>, piece: &Piece) -> Option<Vec<Kind>> {
    let lower = |at| table_name(&source.name(piece, at)).to_lowercase();
    if source.begins(piece, &["rename", "table"]) {
        let renamed = source.parts(&piece.from(2)).into_iter().map(|part| {
            let length = source.name_length(&part, 0);
            let name = |at| table_name(&source.name(&part, at)).to_lowercase();
            let kind = ActionKind::RenameTable { to: name(length + 1) };
            let action = Action { bytes: source.bytes(&part), kind, ..Action::default() };
            Kind::AlterTable { table: name(0), actions: vec![action] }
        });
        return Some(renamed.collect());
    }
    if source.begins(piece, &["drop", "index"]) {
        let at = if source.word(piece, 2) == "if" { 4 } else { 2 };
        let on = at + source.name_length(piece, at);
        let table = (source.word(piece, on) == "on").then(|| lower(on + 1));
        let indexes = vec![folded(&source.name(piece, at))];
        return Some(vec![Kind::DropIndex { indexes, table, concurrently: false }]);
    }
    if source.begins(piece, &["begin", "tran|transaction|work"]) {
        return Some(vec![Kind::Begin]);
    }
    if source.begins(piece, &["pragma"]) || source.begins(piece, &["set"]) {
        return Some(vec![Kind::Set]);
    }
    if piece.is_routine(source) && source.begins(piece, &["create|alter"]) {
        return Some(vec![Kind::OtherSchemaChange]);
    }
    None
}

fn first_table(from: &[TableWithJoins]) -> String {
    match from.first().map(|table| &table.relation) {
        Some(TableFactor::Table { name, .. }) => object(name).to_lowercase(),
        _ => String::new(),
    }
}

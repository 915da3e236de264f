//! Statements about anything but tables and their rows.

use squawk_syntax::SyntaxNode;
use squawk_syntax::ast::{self, AstNode};

use super::{cascades, name_of_optional, one_line, table_of};
use crate::rules::migrations::facts::Kind;
use crate::rules::migrations::names::table_name;

pub(super) fn kind(statement: &ast::Stmt) -> Kind {
    dropped(statement)
        .or_else(|| created(statement))
        .or_else(|| altered(statement))
        .unwrap_or_else(|| maintenance(statement))
}

fn dropped(statement: &ast::Stmt) -> Option<Kind> {
    let what = match statement {
        ast::Stmt::DropView(_) | ast::Stmt::DropMaterializedView(_) => "view",
        ast::Stmt::DropFunction(_)
        | ast::Stmt::DropProcedure(_)
        | ast::Stmt::DropRoutine(_)
        | ast::Stmt::DropAggregate(_) => "function",
        ast::Stmt::DropTrigger(_) => "trigger",
        ast::Stmt::DropType(_) => "type",
        ast::Stmt::DropDomain(_) => "domain",
        ast::Stmt::DropSchema(_) => "schema",
        ast::Stmt::DropDatabase(_) => "database",
        ast::Stmt::DropSequence(_) => "sequence",
        ast::Stmt::DropExtension(_) => "extension",
        ast::Stmt::DropPolicy(_) => "policy",
        _ => return None,
    };
    let text = one_line(statement.syntax());
    let lower = text.to_ascii_lowercase();
    let cascade = lower.trim_end_matches([';', ' ']).ends_with(" cascade");
    Some(Kind::Drop { what, names: dropped_names(&text), cascade })
}

/// The names after `DROP <what> [IF EXISTS]`, without argument lists and options.
fn dropped_names(text: &str) -> Vec<String> {
    let skip = |word: &&str| {
        !["drop", "materialized", "if", "exists"]
            .iter()
            .any(|known| word.eq_ignore_ascii_case(known))
    };
    let words: Vec<&str> = text.split_whitespace().filter(skip).skip(1).collect();
    let list = words.join(" ");
    let mut depth = 0_usize;
    let outside: String = list
        .chars()
        .filter(|character| {
            match character {
                '(' => depth += 1,
                ')' => {
                    depth = depth.saturating_sub(1);
                    return false;
                }
                _ => {}
            }
            depth == 0
        })
        .collect();
    outside
        .split([',', ';'])
        .filter_map(|part| part.split_whitespace().next())
        .map(table_name)
        .filter(|name| !name.is_empty())
        .collect()
}

fn created(statement: &ast::Stmt) -> Option<Kind> {
    let replaces = |it: Option<ast::OrReplace>| it.is_some();
    let (what, name, or_replace) = match statement {
        ast::Stmt::CreateView(it) => {
            ("view", table_of(it.view().as_ref()), replaces(it.or_replace()))
        }
        ast::Stmt::CreateMaterializedView(it) => ("view", table_of(it.view().as_ref()), false),
        ast::Stmt::CreateFunction(it) => {
            ("function", table_of(it.name().as_ref()), replaces(it.or_replace()))
        }
        ast::Stmt::CreateType(it) => {
            if let Some(ast::CreateTypeKind::EnumType(values)) = it.kind() {
                let name = table_of(it.type_name().as_ref());
                return Some(Kind::CreateEnum { name, values: literals(values.syntax()) });
            }
            ("type", table_of(it.type_name().as_ref()), false)
        }
        ast::Stmt::CreateDomain(it) => ("domain", table_of(it.domain().as_ref()), false),
        ast::Stmt::CreatePolicy(it) => {
            let table = it.on_table().and_then(|on| on.table_name_ref());
            return Some(Kind::CreatePolicy { table: table_of(table.as_ref()) });
        }
        _ => return None,
    };
    Some(Kind::Create { what, name, or_replace })
}

/// The quoted values in a node.
fn literals(node: &SyntaxNode) -> Vec<String> {
    let text = node.text().to_string();
    text.split('\'').skip(1).step_by(2).map(str::to_owned).collect()
}

fn unquoted(literal: Option<&ast::Literal>) -> String {
    let text = literal.map(|literal| literal.syntax().text().to_string()).unwrap_or_default();
    text.trim().trim_matches('\'').replace("''", "'")
}

fn altered(statement: &ast::Stmt) -> Option<Kind> {
    let renamed = |what, from, to| Some(Kind::RenameObject { what, from, to });
    match statement {
        ast::Stmt::AlterType(it) => {
            let type_name = table_of(it.type_name_ref().as_ref());
            match it.action()? {
                ast::AlterTypeAction::AddValue(value) => Some(Kind::AddEnumValue {
                    type_name,
                    value: unquoted(value.literal().as_ref()),
                }),
                ast::AlterTypeAction::RenameValue(value) => Some(Kind::RenameEnumValue {
                    type_name,
                    from: unquoted(value.from().as_ref()),
                    to: unquoted(value.to().as_ref()),
                }),
                ast::AlterTypeAction::TypeRenameTo(to) => {
                    renamed("type", type_name, name_of_optional(to.type_name().as_ref()))
                }
                _ => Some(Kind::OtherSchemaChange),
            }
        }
        ast::Stmt::AlterIndex(it) => match it.action()? {
            ast::AlterIndexAction::IndexRenameTo(to) => renamed(
                "index",
                name_of_optional(it.index_ref().as_ref()),
                name_of_optional(to.index().as_ref()),
            ),
            _ => None,
        },
        ast::Stmt::AlterView(it) => match it.action()? {
            ast::AlterViewAction::ViewRenameTo(to) => renamed(
                "view",
                table_of(it.view_ref().as_ref()),
                name_of_optional(to.view().as_ref()),
            ),
            _ => None,
        },
        _ => None,
    }
}

fn maintenance(statement: &ast::Stmt) -> Kind {
    match statement {
        ast::Stmt::Truncate(it) => Kind::Truncate {
            tables: it
                .table_list()
                .map(|list| list.table_relation_names().map(|name| table_of(Some(&name))).collect())
                .unwrap_or_default(),
            cascade: cascades(it.drop_behavior().as_ref()),
        },
        ast::Stmt::Refresh(it) => Kind::Refresh {
            view: table_of(it.view_ref().as_ref()),
            concurrently: it.concurrently_token().is_some(),
        },
        ast::Stmt::Lock(it) => Kind::Lock {
            tables: it
                .relation_list()
                .map(|list| list.relation_names().map(|name| table_of(Some(&name))).collect())
                .unwrap_or_default(),
            mode: it.lock_mode_clause().and_then(|clause| clause.lock_mode()).map_or_else(
                || "access exclusive".to_owned(),
                |mode| one_line(mode.syntax()).to_ascii_lowercase(),
            ),
        },
        ast::Stmt::Vacuum(it) if it.is_full() => Kind::Rewrite {
            what: "VACUUM FULL",
            table: table_of(it.table_and_columns_list().as_ref()),
        },
        ast::Stmt::Cluster(it) => {
            Kind::Rewrite { what: "CLUSTER", table: table_of(it.table_name_ref().as_ref()) }
        }
        ast::Stmt::Reindex(it) => {
            let lower = one_line(it.syntax()).to_ascii_lowercase();
            Kind::Reindex {
                concurrently: lower.split([' ', '(', ')', ',']).any(|word| word == "concurrently"),
            }
        }
        ast::Stmt::Set(it) if matches!(it.set_target(), Some(ast::SetTarget::SetConfig(_))) => {
            Kind::Set
        }
        other if squawk_linter::analyze::possibly_slow_stmt(other) => Kind::OtherSchemaChange,
        _ => Kind::Other,
    }
}

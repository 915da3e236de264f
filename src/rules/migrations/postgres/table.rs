//! Tables: columns, constraints and what `ALTER TABLE` does.

use squawk_syntax::SyntaxNode;
use squawk_syntax::ast::{self, AstNode};

use super::{cascades, name_of, name_of_optional, one_line, own_bytes, table_of};
use crate::rules::migrations::actions::{
    Action, ActionKind, Column, Constraint, ConstraintKind, DefaultValue, Generated, Reference,
    RowSecurity,
};
use crate::rules::migrations::facts::CreateTable;
use crate::rules::migrations::names::{bare_name, table_name};

pub(super) fn create_table(table: &ast::CreateTable) -> CreateTable {
    let persistence = table.persistence();
    let parent = table.partition_of().map(|it| it.syntax().text().to_string());
    let mut made = CreateTable {
        name: table_of(table.table_name().as_ref()),
        if_not_exists: table.if_not_exists().is_some(),
        temporary: matches!(persistence, Some(ast::Persistence::Temp(_))),
        partitioned: table.partition_by().is_some(),
        partition_of: parent.map(|text| table_name(after_words(&text, &["partition", "of"]))),
        columns_elsewhere: table.inherits().is_some() || table.of_type().is_some(),
        ..CreateTable::default()
    };
    for argument in table.table_arg_list().iter().flat_map(ast::TableArgList::args) {
        match argument {
            ast::TableArg::Column(column) => made.columns.push(table_column(&column)),
            ast::TableArg::LikeClause(_) => made.columns_elsewhere = true,
            ast::TableArg::TableConstraint(it) => {
                if let Some(it) = ast::Constraint::cast(it.syntax().clone()) {
                    made.constraints.push(constraint(&it));
                }
            }
        }
    }
    made
}

/// The text after leading words, whatever their case.
fn after_words<'t>(text: &'t str, words: &[&str]) -> &'t str {
    words.iter().fold(text.trim_start(), |rest, word| match rest.get(..word.len()) {
        Some(start) if start.eq_ignore_ascii_case(word) => {
            rest.get(word.len()..).unwrap_or_default().trim_start()
        }
        _ => rest,
    })
}

pub(super) fn action(action: &ast::AlterTableAction) -> Action {
    use ast::AlterTableAction as Ast;
    let mut guarded = false;
    let kind = match action {
        Ast::AddColumn(it) => {
            guarded = it.if_not_exists().is_some();
            ActionKind::AddColumn(added_column(it))
        }
        Ast::DropColumn(it) => {
            guarded = it.if_exists().is_some();
            ActionKind::DropColumn {
                column: name_of_optional(it.column_name_ref().as_ref()),
                cascade: cascades(it.drop_behavior().as_ref()),
            }
        }
        Ast::RenameColumn(it) => ActionKind::RenameColumn {
            from: name_of_optional(it.column_name_ref().as_ref()),
            to: name_of_optional(it.column_name().as_ref()),
        },
        Ast::TableRenameTo(it) => {
            ActionKind::RenameTable { to: name_of_optional(it.table_name().as_ref()) }
        }
        Ast::SetSchema(it) => {
            ActionKind::SetSchema { schema: name_of_optional(it.schema_ref().as_ref()) }
        }
        Ast::AddConstraint(it) => it
            .constraint()
            .map_or(ActionKind::Other, |it| ActionKind::AddConstraint(constraint(&it))),
        Ast::ValidateConstraint(it) => ActionKind::ValidateConstraint {
            name: name_of_optional(it.constraint_name_ref().as_ref()),
        },
        Ast::DropConstraint(it) => {
            guarded = it.if_exists().is_some();
            ActionKind::DropConstraint {
                name: name_of_optional(it.constraint_name_ref().as_ref()),
                cascade: cascades(it.drop_behavior().as_ref()),
            }
        }
        Ast::RenameConstraint(it) => ActionKind::RenameConstraint {
            from: name_of_optional(it.constraint_name_ref().as_ref()),
            to: name_of_optional(it.constraint_name().as_ref()),
        },
        Ast::AlterColumn(it) => alter_column(it),
        other => storage_action(other),
    };
    Action { bytes: own_bytes(action.syntax()), kind, guarded, online: false }
}

fn storage_action(action: &ast::AlterTableAction) -> ActionKind {
    use ast::AlterTableAction as Ast;
    match action {
        Ast::AttachPartition(it) => ActionKind::AttachPartition {
            partition: table_of(it.table_name_ref().as_ref()),
            default: matches!(it.partition_type(), Some(ast::PartitionType::PartitionDefault(_))),
        },
        Ast::DetachPartition(it) => ActionKind::DetachPartition {
            partition: table_of(it.table_name_ref().as_ref()),
            concurrently: it
                .detach_partition_option()
                .is_some_and(|it| one_line(it.syntax()).eq_ignore_ascii_case("concurrently")),
        },
        Ast::InheritTable(_) => ActionKind::Inherit,
        Ast::NoInheritTable(_) => ActionKind::NoInherit,
        Ast::SetLogged(_) => ActionKind::SetLogged(true),
        Ast::SetUnlogged(_) => ActionKind::SetLogged(false),
        Ast::SetTablespace(_) => ActionKind::SetTablespace,
        Ast::SetAccessMethod(_) => ActionKind::SetAccessMethod,
        Ast::EnableRls(_) => ActionKind::RowSecurity(RowSecurity::Enable),
        Ast::DisableRls(_) => ActionKind::RowSecurity(RowSecurity::Disable),
        Ast::ForceRls(_) => ActionKind::RowSecurity(RowSecurity::Force),
        Ast::NoForceRls(_) => ActionKind::RowSecurity(RowSecurity::NoForce),
        Ast::DisableRule(_)
        | Ast::DisableTrigger(_)
        | Ast::EnableAlwaysRule(_)
        | Ast::EnableAlwaysTrigger(_)
        | Ast::EnableReplicaRule(_)
        | Ast::EnableReplicaTrigger(_)
        | Ast::EnableRule(_)
        | Ast::EnableTrigger(_) => ActionKind::Triggers,
        Ast::OwnerTo(_)
        | Ast::SetOptions(_)
        | Ast::ResetOptions(_)
        | Ast::ClusterOn(_)
        | Ast::SetWithoutCluster(_) => ActionKind::Setting,
        _ => ActionKind::Other,
    }
}

fn alter_column(alter: &ast::AlterColumn) -> ActionKind {
    let column = name_of_optional(alter.column_name_ref().as_ref());
    match alter.option() {
        Some(ast::AlterColumnOption::SetType(it)) => ActionKind::SetType {
            column,
            type_text: type_text(it.ty().as_ref()),
            restated: false,
            using: it
                .using_expr()
                .map(|it| after_words(&one_line(it.syntax()), &["using"]).to_owned()),
        },
        Some(ast::AlterColumnOption::SetNotNull(_)) => ActionKind::SetNotNull { column },
        Some(ast::AlterColumnOption::DropNotNull(_)) => ActionKind::DropNotNull { column },
        Some(ast::AlterColumnOption::SetDefault(it)) => {
            let text = it.expr().map(|expr| one_line(expr.syntax())).unwrap_or_default();
            match DefaultValue::of_sql(&text) {
                Some(default) => ActionKind::SetDefault { column, default },
                None => ActionKind::DropDefault { column },
            }
        }
        Some(ast::AlterColumnOption::DropDefault(_)) => ActionKind::DropDefault { column },
        Some(ast::AlterColumnOption::SetExpression(_)) => ActionKind::SetExpression,
        Some(ast::AlterColumnOption::DropExpression(_)) => ActionKind::DropExpression { column },
        Some(
            ast::AlterColumnOption::SetStatistics(_)
            | ast::AlterColumnOption::SetStorage(_)
            | ast::AlterColumnOption::SetOptions(_)
            | ast::AlterColumnOption::ResetOptions(_)
            | ast::AlterColumnOption::SetCompression(_),
        ) => ActionKind::Setting,
        _ => ActionKind::Other,
    }
}

fn type_text(ty: Option<&ast::Type>) -> String {
    ty.map(|ty| one_line(ty.syntax())).unwrap_or_default().to_ascii_lowercase()
}

fn added_column(add: &ast::AddColumn) -> Column {
    let mut column = Column {
        name: name_of_optional(add.column_name().as_ref()),
        type_text: type_text(add.ty().as_ref()),
        ..Column::default()
    };
    for constraint in add.constraints() {
        take(&mut column, constraint.syntax());
    }
    column
}

fn table_column(declared: &ast::Column) -> Column {
    let mut column = Column {
        name: name_of_optional(declared.name().as_ref()),
        type_text: type_text(declared.ty().as_ref()),
        ..Column::default()
    };
    for clause in declared.clauses() {
        if let ast::ColumnClause::ColumnConstraint(constraint) = clause {
            take(&mut column, constraint.syntax());
        }
    }
    column
}

fn take(column: &mut Column, node: &SyntaxNode) {
    match ast::Constraint::cast(node.clone()) {
        Some(ast::Constraint::NotNullConstraint(_)) => column.not_null = true,
        Some(ast::Constraint::PrimaryKeyConstraint(_)) => column.primary_key = true,
        Some(ast::Constraint::UniqueConstraint(_)) => column.unique = true,
        Some(ast::Constraint::CheckConstraint(it)) => {
            column.check = it.expr().map(|expr| one_line(expr.syntax()));
        }
        Some(ast::Constraint::ReferencesConstraint(it)) => {
            column.references = Some(Reference {
                table: table_of(it.table().as_ref()),
                columns: it.column().iter().map(|name| name_of(name.syntax())).collect(),
                cascades: it.referential_actions().any(|action| deletes(&action)),
            });
        }
        Some(ast::Constraint::DefaultConstraint(it)) => {
            let text = it.expr().map(|expr| one_line(expr.syntax())).unwrap_or_default();
            column.default = DefaultValue::of_sql(&text);
        }
        Some(ast::Constraint::GeneratedConstraint(it)) => match it.generated_as() {
            Some(ast::GeneratedAs::GeneratedStored(it)) => {
                let computed = matches!(it.generated_kind(), Some(ast::GeneratedKind::Virtual(_)));
                column.generated =
                    Some(if computed { Generated::Virtual } else { Generated::Stored });
            }
            _ => column.identity = true,
        },
        _ => {}
    }
}

fn deletes(action: &ast::ReferentialAction) -> bool {
    matches!(action, ast::ReferentialAction::OnDeleteAction(it)
        if it.ref_action().is_some_and(|it| one_line(it.syntax()).eq_ignore_ascii_case("cascade")))
}

fn constraint(constraint: &ast::Constraint) -> Constraint {
    let node = constraint.syntax();
    let mut made = Constraint {
        name: constraint.constraint_name().map(|it| name_of(it.syntax())).unwrap_or_default(),
        not_valid: constraint.is_not_valid(),
        not_enforced: constraint
            .constraint_options()
            .any(|option| one_line(option.syntax()).eq_ignore_ascii_case("not enforced")),
        ..Constraint::default()
    };
    let taken = |index: Option<ast::UsingIndexName>| {
        index.map(|it| bare_name(one_line(it.syntax()).rsplit(' ').next().unwrap_or_default()))
    };
    match constraint {
        ast::Constraint::CheckConstraint(it) => {
            made.kind = ConstraintKind::Check;
            made.expression = it.expr().map(|expr| one_line(expr.syntax()));
        }
        ast::Constraint::ForeignKeyConstraint(it) => {
            let names = |list: Option<ast::ForeignKeyColumnList>| {
                list.map(|list| names_in_brackets(list.syntax())).unwrap_or_default()
            };
            made.kind = ConstraintKind::ForeignKey;
            made.columns = names(it.from_columns());
            made.references = Some(Reference {
                table: table_of(it.table_name_ref().as_ref()),
                columns: names(it.to_columns()),
                cascades: it.referential_actions().any(|action| deletes(&action)),
            });
        }
        ast::Constraint::UniqueConstraint(it) => {
            made.kind = ConstraintKind::Unique;
            made.using_index = taken(it.using_index());
            made.columns = names_in_brackets(node);
        }
        ast::Constraint::PrimaryKeyConstraint(it) => {
            made.kind = ConstraintKind::PrimaryKey;
            made.using_index = taken(it.using_index());
            made.columns = names_in_brackets(node);
        }
        ast::Constraint::ExcludeConstraint(_) => made.kind = ConstraintKind::Exclude,
        ast::Constraint::NotNullConstraint(_) => {
            made.kind = ConstraintKind::NotNull;
            let text = one_line(node);
            made.columns = not_null_column(&text).into_iter().collect();
        }
        _ => {}
    }
    made
}

/// The column of `[CONSTRAINT name] NOT NULL column`.
fn not_null_column(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let at = lower.find("not null")? + "not null".len();
    text.get(at..)?.split_whitespace().next().map(bare_name)
}

/// The names in the first pair of brackets.
fn names_in_brackets(node: &SyntaxNode) -> Vec<String> {
    let text = node.text().to_string();
    let inner =
        text.split_once('(').and_then(|(_, rest)| rest.split_once(')')).map(|(list, _)| list);
    inner.unwrap_or("").split(',').map(bare_name).filter(|name| !name.is_empty()).collect()
}

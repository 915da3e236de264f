//! What `ALTER TABLE` and column definitions do, in plain data.

use std::ops::Range;

use squawk_syntax::SyntaxNode;
use squawk_syntax::ast::{self, AstNode};

use super::facts::{name_of, names_in_brackets, own_bytes};

/// One action of an `ALTER TABLE`.
#[derive(Debug, Clone)]
pub struct Action {
    pub bytes: Range<usize>,
    pub kind: ActionKind,
}

#[derive(Debug, Clone)]
pub enum ActionKind {
    AddColumn(Column),
    DropColumn { column: String },
    RenameColumn { from: String, to: String },
    RenameTable { to: String },
    AddConstraint(Constraint),
    ValidateConstraint { name: String },
    DropConstraint { name: String },
    SetType { column: String, type_text: String, using: bool },
    SetNotNull { column: String },
    DropNotNull { column: String },
    SetDefault { column: String },
    DropDefault { column: String },
    Other,
}

/// A column as `CREATE TABLE` or `ADD COLUMN` declares it.
#[derive(Debug, Clone, Default)]
pub struct Column {
    pub name: String,
    /// Lower case, single blanks.
    pub type_text: String,
    pub not_null: bool,
    pub primary_key: bool,
    pub unique: bool,
    pub references: bool,
    /// Has a default, or is filled by the database in another way.
    pub filled: bool,
    pub identity: bool,
}

#[derive(Debug, Clone)]
pub struct Constraint {
    pub kind: ConstraintKind,
    /// Columns that a key is made of; for foreign keys, the referencing ones.
    pub columns: Vec<String>,
    pub not_valid: bool,
    /// Takes over an index that exists already.
    pub using_index: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConstraintKind {
    Check,
    ForeignKey,
    Unique,
    PrimaryKey,
    Exclude,
    NotNull,
    Other,
}

pub(super) fn action(action: &ast::AlterTableAction) -> Action {
    let kind = match action {
        ast::AlterTableAction::AddColumn(it) => ActionKind::AddColumn(added_column(it)),
        ast::AlterTableAction::DropColumn(it) => {
            ActionKind::DropColumn { column: optional(it.column_name_ref().as_ref()) }
        }
        ast::AlterTableAction::RenameColumn(it) => ActionKind::RenameColumn {
            from: optional(it.column_name_ref().as_ref()),
            to: optional(it.column_name().as_ref()),
        },
        ast::AlterTableAction::TableRenameTo(it) => {
            ActionKind::RenameTable { to: optional(it.table_name().as_ref()) }
        }
        ast::AlterTableAction::AddConstraint(it) => it
            .constraint()
            .map_or(ActionKind::Other, |it| ActionKind::AddConstraint(constraint(&it))),
        ast::AlterTableAction::ValidateConstraint(it) => {
            ActionKind::ValidateConstraint { name: optional(it.constraint_name_ref().as_ref()) }
        }
        ast::AlterTableAction::DropConstraint(it) => {
            ActionKind::DropConstraint { name: optional(it.constraint_name_ref().as_ref()) }
        }
        ast::AlterTableAction::AlterColumn(it) => alter_column(it),
        _ => ActionKind::Other,
    };
    Action { bytes: own_bytes(action.syntax()), kind }
}

fn optional<N: AstNode>(node: Option<&N>) -> String {
    node.map(|node| name_of(node.syntax())).unwrap_or_default()
}

fn alter_column(alter: &ast::AlterColumn) -> ActionKind {
    let column = optional(alter.column_name_ref().as_ref());
    match alter.option() {
        Some(ast::AlterColumnOption::SetType(it)) => ActionKind::SetType {
            column,
            type_text: type_text(it.ty().as_ref()),
            using: it.using_expr().is_some(),
        },
        Some(ast::AlterColumnOption::SetNotNull(_)) => ActionKind::SetNotNull { column },
        Some(ast::AlterColumnOption::DropNotNull(_)) => ActionKind::DropNotNull { column },
        Some(ast::AlterColumnOption::SetDefault(_)) => ActionKind::SetDefault { column },
        Some(ast::AlterColumnOption::DropDefault(_)) => ActionKind::DropDefault { column },
        _ => ActionKind::Other,
    }
}

fn type_text(ty: Option<&ast::Type>) -> String {
    let text = ty.map(|ty| ty.syntax().text().to_string()).unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_ascii_lowercase()
}

fn added_column(add: &ast::AddColumn) -> Column {
    let mut column = Column {
        name: optional(add.column_name().as_ref()),
        type_text: type_text(add.ty().as_ref()),
        ..Column::default()
    };
    for constraint in add.constraints() {
        column.take(constraint.syntax());
    }
    column
}

pub(super) fn table_column(declared: &ast::Column) -> Column {
    let mut column = Column {
        name: optional(declared.name().as_ref()),
        type_text: type_text(declared.ty().as_ref()),
        ..Column::default()
    };
    for clause in declared.clauses() {
        if let ast::ColumnClause::ColumnConstraint(constraint) = clause {
            column.take(constraint.syntax());
        }
    }
    column
}

impl Column {
    fn take(&mut self, node: &SyntaxNode) {
        match ast::Constraint::cast(node.clone()) {
            Some(ast::Constraint::NotNullConstraint(_)) => self.not_null = true,
            Some(ast::Constraint::PrimaryKeyConstraint(_)) => self.primary_key = true,
            Some(ast::Constraint::UniqueConstraint(_)) => self.unique = true,
            Some(ast::Constraint::ReferencesConstraint(_)) => self.references = true,
            Some(ast::Constraint::DefaultConstraint(_)) => self.filled = true,
            Some(ast::Constraint::GeneratedConstraint(it)) => {
                self.filled = true;
                let text = it.syntax().text().to_string().to_ascii_lowercase();
                self.identity = text.contains("identity");
            }
            _ => {}
        }
    }

    /// `serial` and its relatives, which PostgreSQL fills from a sequence.
    pub fn is_serial(&self) -> bool {
        matches!(
            self.type_text.as_str(),
            "serial" | "bigserial" | "smallserial" | "serial4" | "serial8" | "serial2"
        )
    }
}

fn constraint(constraint: &ast::Constraint) -> Constraint {
    let node = constraint.syntax();
    let (kind, using_index) = match constraint {
        ast::Constraint::CheckConstraint(_) => (ConstraintKind::Check, false),
        ast::Constraint::ForeignKeyConstraint(_) => (ConstraintKind::ForeignKey, false),
        ast::Constraint::UniqueConstraint(it) => {
            (ConstraintKind::Unique, it.using_index().is_some())
        }
        ast::Constraint::PrimaryKeyConstraint(it) => {
            (ConstraintKind::PrimaryKey, it.using_index().is_some())
        }
        ast::Constraint::ExcludeConstraint(_) => (ConstraintKind::Exclude, false),
        ast::Constraint::NotNullConstraint(_) => (ConstraintKind::NotNull, false),
        _ => (ConstraintKind::Other, false),
    };
    let columns = match constraint {
        ast::Constraint::ForeignKeyConstraint(it) => {
            it.from_columns().map(|list| names_in_brackets(list.syntax())).unwrap_or_default()
        }
        ast::Constraint::CheckConstraint(_) | ast::Constraint::ExcludeConstraint(_) => Vec::new(),
        _ => names_in_brackets(node),
    };
    Constraint { kind, columns, not_valid: constraint.is_not_valid(), using_index }
}

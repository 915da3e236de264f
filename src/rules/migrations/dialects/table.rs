//! Columns and constraints.

use sqlparser::ast::{
    ColumnDef, ColumnOption, CreateTable as Parsed, Expr, GeneratedExpressionMode, IndexColumn,
    ObjectName, ReferentialAction, TableConstraint,
};

use crate::rules::migrations::actions::{
    Column, Constraint, ConstraintKind, DefaultValue, Generated, Reference,
};
use crate::rules::migrations::facts::{CreateIndex, CreateTable};
use crate::rules::migrations::names::{bare_name, table_name};

pub fn object(name: &ObjectName) -> String {
    table_name(&name.to_string())
}

/// Names are compared without regard to case in these databases, quoted or not.
pub fn folded(name: &str) -> String {
    bare_name(name).to_lowercase()
}

pub fn create_table(table: &Parsed) -> CreateTable {
    let mut made = CreateTable {
        name: object(&table.name).to_lowercase(),
        if_not_exists: table.if_not_exists,
        temporary: table.temporary
            || table.name.to_string().starts_with(['#', '['])
                && table.name.to_string().contains('#'),
        partitioned: table.partition_by.is_some(),
        columns_elsewhere: table.query.is_some() || table.like.is_some() || table.clone.is_some(),
        columns: table.columns.iter().map(column).collect(),
        ..CreateTable::default()
    };
    for parsed in &table.constraints {
        match constraint(parsed) {
            Stated::Constraint(it) => made.constraints.push(it),
            Stated::Index(index) => made.indexes.push(index),
        }
    }
    made
}

pub fn column(parsed: &ColumnDef) -> Column {
    let options = parsed.options.iter().map(|option| &option.option);
    with_options(&parsed.name.to_string(), &parsed.data_type.to_string(), options)
}

pub fn with_options<'o>(
    name: &str,
    data_type: &str,
    options: impl Iterator<Item = &'o ColumnOption>,
) -> Column {
    let type_text = data_type.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    let mut column = Column { name: folded(name), type_text, ..Column::default() };
    for option in options {
        take(&mut column, option);
    }
    column
}

fn take(column: &mut Column, option: &ColumnOption) {
    match option {
        ColumnOption::NotNull => column.not_null = true,
        ColumnOption::Default(value) => column.default = DefaultValue::of_sql(&value.to_string()),
        ColumnOption::PrimaryKey(_) => column.primary_key = true,
        ColumnOption::Unique(_) => column.unique = true,
        ColumnOption::ForeignKey(key) => {
            column.references = Some(Reference {
                table: object(&key.foreign_table).to_lowercase(),
                columns: key
                    .referred_columns
                    .iter()
                    .map(|name| folded(&name.to_string()))
                    .collect(),
                cascades: matches!(key.on_delete, Some(ReferentialAction::Cascade)),
            });
        }
        ColumnOption::Check(check) => column.check = Some(check.expr.to_string()),
        ColumnOption::Generated { generation_expr: None, .. } | ColumnOption::Identity(_) => {
            column.identity = true;
        }
        ColumnOption::Generated { generation_expr_mode, .. } => {
            column.generated = Some(match generation_expr_mode {
                Some(GeneratedExpressionMode::Stored) => Generated::Stored,
                _ => Generated::Virtual,
            });
        }
        ColumnOption::Alias(_) => column.generated = Some(Generated::Virtual),
        ColumnOption::Materialized(_) => column.generated = Some(Generated::Stored),
        ColumnOption::DialectSpecific(tokens) => {
            let words: String = tokens.iter().map(ToString::to_string).collect();
            let words = words.to_lowercase();
            column.identity |= words.contains("auto_increment") || words.contains("autoincrement");
        }
        _ => {}
    }
}

pub enum Stated {
    Constraint(Constraint),
    Index(CreateIndex),
}

pub fn constraint(parsed: &TableConstraint) -> Stated {
    let name = |name: &Option<sqlparser::ast::Ident>| {
        name.as_ref().map(|name| folded(&name.to_string())).unwrap_or_default()
    };
    Stated::Constraint(match parsed {
        TableConstraint::Unique(it) => Constraint {
            kind: ConstraintKind::Unique,
            name: name(if it.name.is_some() { &it.name } else { &it.index_name }),
            columns: columns(&it.columns),
            ..Constraint::default()
        },
        TableConstraint::PrimaryKey(it) => Constraint {
            kind: ConstraintKind::PrimaryKey,
            name: name(&it.name),
            columns: columns(&it.columns),
            ..Constraint::default()
        },
        TableConstraint::ForeignKey(it) => Constraint {
            kind: ConstraintKind::ForeignKey,
            name: name(&it.name),
            columns: it.columns.iter().map(|name| folded(&name.to_string())).collect(),
            references: Some(Reference {
                table: object(&it.foreign_table).to_lowercase(),
                columns: it.referred_columns.iter().map(|name| folded(&name.to_string())).collect(),
                cascades: matches!(it.on_delete, Some(ReferentialAction::Cascade)),
            }),
            ..Constraint::default()
        },
        TableConstraint::Check(it) => Constraint {
            kind: ConstraintKind::Check,
            name: name(&it.name),
            expression: Some(it.expr.to_string()),
            not_enforced: it.enforced == Some(false),
            ..Constraint::default()
        },
        TableConstraint::Index(it) => {
            return Stated::Index(CreateIndex {
                name: name(&it.name),
                columns: columns(&it.columns),
                ..CreateIndex::default()
            });
        }
        TableConstraint::FulltextOrSpatial(it) => {
            return Stated::Index(CreateIndex {
                name: name(&it.opt_index_name),
                columns: columns(&it.columns),
                method: Some(if it.fulltext { "fulltext" } else { "spatial" }.to_owned()),
                ..CreateIndex::default()
            });
        }
        _ => Constraint::default(),
    })
}

/// Leading plain columns of an index.
pub fn columns(parsed: &[IndexColumn]) -> Vec<String> {
    parsed
        .iter()
        .map_while(|column| match &column.column.expr {
            Expr::Identifier(name) => Some(folded(&name.to_string())),
            // MySQL's prefix length: `name(10)`.
            Expr::Function(call) => Some(folded(&call.name.to_string())),
            _ => None,
        })
        .collect()
}

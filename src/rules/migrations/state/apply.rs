//! What statements do to the schema.

use std::sync::Arc;

use super::{Known, Schema, Table};
use crate::rules::migrations::actions::{
    Action, ActionKind, Column, Constraint, ConstraintKind, Reference, RowSecurity,
};
use crate::rules::migrations::facts::{CreateIndex, CreateTable, Kind};
use crate::rules::migrations::names;

impl Schema {
    /// Applies one statement. `made_in`: the migration of the change that it belongs to.
    pub fn apply(&mut self, kind: &Kind, made_in: Option<usize>) {
        match kind {
            Kind::CreateTable(made) => self.create(made, made_in),
            Kind::AlterTable { table, actions } => {
                for action in actions {
                    self.alter(table, action);
                }
            }
            Kind::CreateIndex(index) => self.change(&index.table, |table| {
                if !table
                    .indexes
                    .iter()
                    .any(|known| !known.name.is_empty() && known.name == index.name)
                {
                    table.indexes.push(index.clone());
                }
            }),
            Kind::DropTable { tables, .. } => {
                for name in tables {
                    if let Known::Table(table) = self.table(name) {
                        self.tables.remove(&table.name);
                    }
                }
            }
            Kind::DropIndex { indexes, .. } => {
                for name in indexes {
                    if let Some(owner) = self.table_of_index(name).map(|table| table.name.clone()) {
                        self.change(&owner, |table| table.indexes.retain(|i| i.name != *name));
                    }
                }
            }
            Kind::RenameObject { what: "index", from, to } => {
                if let Some(owner) = self.table_of_index(from).map(|table| table.name.clone()) {
                    self.change(&owner, |table| rename_index(table, from, to));
                }
            }
            Kind::CreateEnum { .. }
            | Kind::AddEnumValue { .. }
            | Kind::RenameEnumValue { .. }
            | Kind::RenameObject { what: "type", .. }
            | Kind::Drop { what: "type", .. } => self.change_enums(kind),
            // Takes tables with it that are not named.
            Kind::Drop { what: "schema" | "database", .. } => self.doubtful = true,
            _ => {}
        }
    }

    fn change_enums(&mut self, kind: &Kind) {
        match kind {
            Kind::CreateEnum { name, values } => {
                self.enums.insert(name.clone(), values.clone());
            }
            Kind::AddEnumValue { type_name, value } => {
                if let Some(values) = self.enums.get_mut(type_name).filter(|it| !it.contains(value))
                {
                    values.push(value.clone());
                }
            }
            Kind::RenameEnumValue { type_name, from, to } => {
                let values = self.enums.get_mut(type_name).into_iter().flatten();
                values.filter(|value| *value == from).for_each(|value| to.clone_into(value));
            }
            Kind::RenameObject { from, to, .. } => {
                if let Some(values) = self.enums.remove(from) {
                    self.enums.insert(to.clone(), values);
                }
            }
            Kind::Drop { names, .. } => {
                for name in names {
                    self.enums.remove(name);
                }
            }
            _ => {}
        }
    }

    fn create(&mut self, made: &CreateTable, made_in: Option<usize>) {
        // `IF NOT EXISTS`, or a file whose earlier form was applied before.
        if matches!(self.table(&made.name), Known::Table(_)) {
            return;
        }
        let parent = made.partition_of.as_ref().map(|parent| self.table(parent));
        let mut table = Table {
            name: made.name.clone(),
            columns: made.columns.clone(),
            indexes: made.indexes.clone(),
            partitioned: made.partitioned,
            partition_of: made.partition_of.clone(),
            whole: !made.columns_elsewhere,
            made_in,
            ..Table::default()
        };
        match parent {
            Some(Known::Table(parent)) => {
                table.columns.clone_from(&parent.columns);
                table.constraints.clone_from(&parent.constraints);
                table.whole = parent.whole;
            }
            Some(_) => table.whole = false,
            None => {}
        }
        for column in &made.columns {
            keys_of(&mut table, column);
        }
        for constraint in &made.constraints {
            add_constraint(&mut table, constraint);
        }
        self.tables.insert(made.name.clone(), Arc::new(table));
    }

    /// Changes a table; one that was not known before is known to exist from then on.
    fn change(&mut self, name: &str, change: impl FnOnce(&mut Table)) {
        let key = match self.table(name) {
            Known::Table(table) => table.name.clone(),
            Known::Absent | Known::Unknown => {
                if name.is_empty() {
                    return;
                }
                // It was made where nobody looked; so may others.
                self.doubtful = true;
                let table = Table { name: name.to_owned(), ..Table::default() };
                self.tables.insert(name.to_owned(), Arc::new(table));
                name.to_owned()
            }
        };
        if let Some(table) = self.tables.get_mut(&key) {
            change(Arc::make_mut(table));
        }
    }

    fn alter(&mut self, name: &str, action: &Action) {
        match &action.kind {
            ActionKind::RenameTable { to } => self.rename(name, &with_schema_of(name, to)),
            ActionKind::SetSchema { schema } => {
                self.rename(name, &format!("{schema}.{}", names::without_schema(name)));
            }
            ActionKind::AttachPartition { partition, .. } => {
                self.change(partition, |table| table.partition_of = Some(name.to_owned()));
            }
            ActionKind::DetachPartition { partition, .. } => {
                self.change(partition, |table| table.partition_of = None);
            }
            ActionKind::AddConstraint(constraint) if constraint.using_index.is_some() => {
                self.change(name, |table| take_over_index(table, constraint));
            }
            kind => self.change(name, |table| {
                alter_column(table, kind, action.guarded);
                alter_keys(table, kind);
            }),
        }
    }

    fn rename(&mut self, from: &str, to: &str) {
        let Known::Table(table) = self.table(from) else {
            self.change(to, |_| {});
            return;
        };
        self.tables.remove(&table.name);
        let renamed = Table { name: to.to_owned(), ..(*table).clone() };
        self.tables.insert(to.to_owned(), Arc::new(renamed));
        for other in self.tables.values_mut() {
            let refers = other.constraints.iter().any(|c| {
                c.references.as_ref().is_some_and(|target| names::same(&target.table, from))
            });
            if refers {
                for constraint in &mut Arc::make_mut(other).constraints {
                    if let Some(target) =
                        constraint.references.as_mut().filter(|t| names::same(&t.table, from))
                    {
                        to.clone_into(&mut target.table);
                    }
                }
            }
        }
    }
}

fn with_schema_of(old: &str, new: &str) -> String {
    match old.rsplit_once('.') {
        Some((schema, _)) if !new.contains('.') => format!("{schema}.{new}"),
        _ => new.to_owned(),
    }
}

/// The keys and checks that a column brings with it, under the names that PostgreSQL gives them.
fn keys_of(table: &mut Table, column: &Column) {
    let base = names::without_schema(&table.name).to_owned();
    let mut add = |kind, suffix: &str, references: Option<Reference>, expression| {
        let name = match kind {
            ConstraintKind::PrimaryKey => format!("{base}_pkey"),
            _ => format!("{base}_{}_{suffix}", column.name),
        };
        let columns = match kind {
            ConstraintKind::Check => Vec::new(),
            _ => vec![column.name.clone()],
        };
        table.constraints.push(Constraint {
            kind,
            name,
            columns,
            references,
            expression,
            ..Constraint::default()
        });
    };
    if column.primary_key {
        add(ConstraintKind::PrimaryKey, "", None, None);
    }
    if column.unique {
        add(ConstraintKind::Unique, "key", None, None);
    }
    if column.references.is_some() {
        add(ConstraintKind::ForeignKey, "fkey", column.references.clone(), None);
    }
    if column.check.is_some() {
        add(ConstraintKind::Check, "check", None, column.check.clone());
    }
}

fn add_constraint(table: &mut Table, constraint: &Constraint) {
    let mut constraint = constraint.clone();
    if constraint.name.is_empty() {
        let base = names::without_schema(&table.name);
        let columns = constraint.columns.join("_");
        constraint.name = match constraint.kind {
            ConstraintKind::PrimaryKey => format!("{base}_pkey"),
            ConstraintKind::Unique => format!("{base}_{columns}_key"),
            ConstraintKind::ForeignKey => format!("{base}_{columns}_fkey"),
            _ => String::new(),
        };
    }
    if matches!(constraint.kind, ConstraintKind::PrimaryKey | ConstraintKind::NotNull) {
        for column in &mut table.columns {
            column.not_null |= constraint.columns.contains(&column.name) && !constraint.not_valid;
        }
    }
    table.constraints.push(constraint);
}

fn take_over_index(table: &mut Table, constraint: &Constraint) {
    let index = constraint.using_index.as_deref().unwrap_or_default();
    let mut constraint = constraint.clone();
    if let Some(known) = table.indexes.iter().find(|known| known.name == index) {
        constraint.columns.clone_from(&known.columns);
    }
    if constraint.name.is_empty() {
        index.clone_into(&mut constraint.name);
    }
    table.indexes.retain(|known| known.name != index);
    add_constraint(table, &constraint);
}

fn rename_index(table: &mut Table, from: &str, to: &str) {
    for index in table.indexes.iter_mut().filter(|index| index.name == from) {
        to.clone_into(&mut index.name);
    }
    for constraint in table.constraints.iter_mut().filter(|c| c.name == from) {
        to.clone_into(&mut constraint.name);
    }
}

fn alter_column(table: &mut Table, kind: &ActionKind, guarded: bool) {
    // Of a table that was not seen whole, what is said of a column is all that is known.
    if let ActionKind::SetType { column, .. } | ActionKind::SetNotNull { column } = kind
        && !table.whole
        && table.column(column).is_none()
    {
        table.columns.push(Column { name: column.clone(), ..Column::default() });
    }
    let mut with = |name: &str, change: &dyn Fn(&mut Column)| {
        table.columns.iter_mut().filter(|column| column.name == name).for_each(change);
    };
    match kind {
        ActionKind::SetType { column, type_text, .. } => {
            with(column, &|column| type_text.clone_into(&mut column.type_text));
        }
        ActionKind::SetNotNull { column } => with(column, &|column| column.not_null = true),
        ActionKind::DropNotNull { column } => with(column, &|column| column.not_null = false),
        ActionKind::SetDefault { column, default } => {
            with(column, &|column| column.default = Some(default.clone()));
        }
        ActionKind::DropDefault { column } => with(column, &|column| column.default = None),
        ActionKind::DropExpression { column } => with(column, &|column| column.generated = None),
        ActionKind::AddColumn(column) if guarded && table.column(&column.name).is_some() => {}
        ActionKind::AddColumn(column) => {
            table.columns.retain(|known| known.name != column.name);
            table.columns.push(column.clone());
            keys_of(table, column);
        }
        ActionKind::DropColumn { column, .. } => {
            table.columns.retain(|known| known.name != *column);
            table.indexes.retain(|index| !index.columns.contains(column));
            table.constraints.retain(|constraint| !constraint.columns.contains(column));
        }
        ActionKind::RenameColumn { from, to } => rename_column(table, from, to),
        ActionKind::RedefineColumn { from, column } => {
            let key = table.column(from).is_some_and(|known| known.primary_key);
            rename_column(table, from, &column.name);
            for known in table.columns.iter_mut().filter(|known| known.name == column.name) {
                known.clone_from(column);
                known.primary_key |= key;
            }
        }
        _ => {}
    }
}

fn rename_column(table: &mut Table, from: &str, to: &str) {
    let rename = |name: &mut String| {
        if name == from {
            to.clone_into(name);
        }
    };
    table.columns.iter_mut().for_each(|column| rename(&mut column.name));
    table.indexes.iter_mut().flat_map(|index| &mut index.columns).for_each(rename);
    table.constraints.iter_mut().flat_map(|constraint| &mut constraint.columns).for_each(rename);
}

fn alter_keys(table: &mut Table, kind: &ActionKind) {
    match kind {
        ActionKind::AddConstraint(constraint) => add_constraint(table, constraint),
        ActionKind::ValidateConstraint { name } => {
            for constraint in table.constraints.iter_mut().filter(|c| c.name == *name) {
                constraint.not_valid = false;
            }
        }
        ActionKind::SwitchConstraint { name, on, checked } => {
            let named = |it: &&mut Constraint| {
                let kept = matches!(it.kind, ConstraintKind::Check | ConstraintKind::ForeignKey);
                kept && (name.is_empty() || it.name == *name)
            };
            for constraint in table.constraints.iter_mut().filter(named) {
                constraint.not_valid = !(*on && *checked);
            }
        }
        ActionKind::DropConstraint { name, .. } => table.constraints.retain(|c| c.name != *name),
        ActionKind::RenameConstraint { from, to } | ActionKind::RenameIndex { from, to } => {
            rename_index(table, from, to);
        }
        ActionKind::DropPrimaryKey => {
            table.constraints.retain(|c| c.kind != ConstraintKind::PrimaryKey);
            table.columns.iter_mut().for_each(|column| column.primary_key = false);
        }
        ActionKind::AddIndex(index) => {
            table.indexes.push(CreateIndex { table: table.name.clone(), ..index.clone() });
        }
        ActionKind::DropIndex { name } => {
            table.indexes.retain(|index| index.name != *name);
            table.constraints.retain(|c| c.name != *name || c.kind != ConstraintKind::Unique);
        }
        ActionKind::RowSecurity(RowSecurity::Enable) => table.row_security = true,
        ActionKind::RowSecurity(RowSecurity::Disable) => table.row_security = false,
        ActionKind::Inherit => table.whole = false,
        _ => {}
    }
}

//! What the statements of a migration do, in plain data: the common form of every source. SQL is
//! read into it by [`super::postgres`] and by dialect readers, operations in code by the readers
//! of their frameworks.
//!
//! Names of tables, views and types are as [`super::names::table_name`] makes them, all others
//! bare.

use std::ops::Range;

use super::actions::{Action, Column, Constraint, ConstraintKind, Reference};

/// One statement and its place in the file that it was read from.
#[derive(Debug, Clone)]
pub struct Statement {
    pub bytes: Range<usize>,
    pub kind: Kind,
    /// Inside a transaction: one that the script begins, or one that the tool wraps around it.
    pub in_transaction: bool,
    /// Statements of one script with equal numbers run in one transaction. A statement outside of
    /// transactions has a number of its own.
    pub transaction: u32,
}

#[derive(Debug, Clone)]
pub enum Kind {
    CreateTable(CreateTable),
    AlterTable {
        table: String,
        actions: Vec<Action>,
    },
    CreateIndex(CreateIndex),
    DropTable {
        tables: Vec<String>,
        cascade: bool,
    },
    DropIndex {
        indexes: Vec<String>,
        /// Where the statement names it (MySQL, SQL Server).
        table: Option<String>,
        concurrently: bool,
    },
    /// Any other `DROP`.
    Drop {
        what: &'static str,
        names: Vec<String>,
        cascade: bool,
    },
    /// Any other `CREATE` with a name that can be dropped first.
    Create {
        what: &'static str,
        name: String,
        or_replace: bool,
    },
    /// `CREATE TYPE … AS ENUM`.
    CreateEnum {
        name: String,
        values: Vec<String>,
    },
    /// A policy of row level security.
    CreatePolicy {
        table: String,
    },
    Update {
        table: String,
        filtered: bool,
    },
    Delete {
        table: String,
        filtered: bool,
    },
    Insert {
        table: String,
        /// Fed by a query rather than by a list of values.
        from_query: bool,
    },
    Truncate {
        tables: Vec<String>,
        cascade: bool,
    },
    Refresh {
        view: String,
        concurrently: bool,
    },
    Lock {
        tables: Vec<String>,
        mode: String,
    },
    Rewrite {
        what: &'static str,
        table: String,
    },
    Reindex {
        concurrently: bool,
    },
    AddEnumValue {
        type_name: String,
        value: String,
    },
    RenameEnumValue {
        type_name: String,
        from: String,
        to: String,
    },
    /// `ALTER … RENAME` and `SET SCHEMA` of anything but a table.
    RenameObject {
        what: &'static str,
        from: String,
        to: String,
    },
    /// A setting of the session or transaction: `SET lock_timeout = …`.
    Set,
    Begin,
    End,
    /// Changes the schema in a way that no rule here looks at.
    OtherSchemaChange,
    Other,
}

#[derive(Debug, Clone, Default)]
pub struct CreateTable {
    pub name: String,
    pub columns: Vec<Column>,
    /// Those that stand for themselves rather than behind a column.
    pub constraints: Vec<Constraint>,
    /// Indexes declared inside (MySQL's `KEY`, SQL Server's `INDEX`).
    pub indexes: Vec<CreateIndex>,
    pub if_not_exists: bool,
    pub temporary: bool,
    /// Has partitions (`PARTITION BY`).
    pub partitioned: bool,
    pub partition_of: Option<String>,
    /// Columns come from elsewhere: made by a query, typed, inherited or by `LIKE`.
    pub columns_elsewhere: bool,
}

#[derive(Debug, Clone, Default)]
pub struct CreateIndex {
    pub name: String,
    pub table: String,
    /// Leading plain columns; an expression ends the list.
    pub columns: Vec<String>,
    pub unique: bool,
    /// `CONCURRENTLY`, or SQL Server's `ONLINE = ON`: writes go on meanwhile.
    pub concurrently: bool,
    pub partial: bool,
    pub if_not_exists: bool,
    /// Decides the order of the rows (SQL Server).
    pub clustered: bool,
    /// The access method (`gin`), if one is named.
    pub method: Option<String>,
    /// Bytes of the word `INDEX`; empty where there is none.
    pub keyword: Range<usize>,
}

impl CreateTable {
    /// Temporary, a partition, or with columns from elsewhere: its keys are not to be seen here.
    pub fn is_special(&self) -> bool {
        self.temporary || self.partition_of.is_some() || self.columns_elsewhere
    }

    /// Columns of the primary key; empty if it has none.
    pub fn primary_key(&self) -> Vec<String> {
        let own = self.columns.iter().find(|column| column.primary_key);
        let key = self.constraints.iter().find(|c| c.kind == ConstraintKind::PrimaryKey);
        match (own, key) {
            (Some(column), _) => vec![column.name.clone()],
            (None, Some(key)) => key.columns.clone(),
            (None, None) => Vec::new(),
        }
    }

    /// Referencing columns and targets of its foreign keys.
    pub fn foreign_keys(&self) -> impl Iterator<Item = (Vec<String>, &Reference)> {
        let inline = self
            .columns
            .iter()
            .filter_map(|column| Some((vec![column.name.clone()], column.references.as_ref()?)));
        let stated = self.constraints.iter().filter_map(|constraint| {
            Some((constraint.columns.clone(), constraint.references.as_ref()?))
        });
        inline.chain(stated)
    }

    /// Columns of each key and index that keeps duplicates out, the primary key apart.
    pub fn unique_keys(&self) -> impl Iterator<Item = Vec<String>> {
        let inline = self.columns.iter().filter(|column| column.unique);
        let keys = self.constraints.iter().filter(|it| it.kind == ConstraintKind::Unique);
        let indexes = self.indexes.iter().filter(|index| index.unique && !index.partial);
        inline
            .map(|column| vec![column.name.clone()])
            .chain(keys.map(|it| it.columns.clone()))
            .chain(indexes.map(|index| index.columns.clone()))
    }

    /// Columns of each key and index that it comes with.
    pub fn indexed(&self) -> impl Iterator<Item = Vec<String>> {
        let inline = self
            .columns
            .iter()
            .filter(|column| column.primary_key || column.unique)
            .map(|column| vec![column.name.clone()]);
        let keys = self
            .constraints
            .iter()
            .filter(|c| matches!(c.kind, ConstraintKind::PrimaryKey | ConstraintKind::Unique))
            .map(|constraint| constraint.columns.clone());
        inline.chain(keys).chain(self.indexes.iter().map(|index| index.columns.clone()))
    }
}

/// Numbers the transactions of a script while its statements are read.
#[derive(Debug)]
pub struct Transactions {
    open: bool,
    number: u32,
}

impl Transactions {
    /// `wrapped`: the tool runs the script in a transaction.
    pub fn new(wrapped: bool) -> Self {
        Self { open: wrapped, number: 0 }
    }

    /// Makes the next statement. `chained`: the end of a transaction begins another one.
    pub fn statement(&mut self, bytes: Range<usize>, kind: Kind, chained: bool) -> Statement {
        match kind {
            Kind::Begin if !self.open => {
                self.open = true;
                self.number += 1;
            }
            Kind::End => {
                self.open = chained;
                self.number += 1;
            }
            _ if !self.open => self.number += 1,
            _ => {}
        }
        Statement { bytes, kind, in_transaction: self.open, transaction: self.number }
    }
}

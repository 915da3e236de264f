//! The schema as migrations make it: what a statement meets when it runs.
//!
//! What the migrations do not show stays unknown: a table may come from a dump, another tool or a
//! statement that was not understood. Rules speak up on what is known only.

mod apply;
mod sequence;
mod timeline;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use sequence::{Versioned, in_order};
pub use timeline::{MAX_BYTES, MAX_FILES, Timeline, history_need};

use super::actions::{Column, Constraint, ConstraintKind};
use super::facts::CreateIndex;
use super::names;

/// A table, view of it as far as migrations told.
#[derive(Debug, Clone, Default)]
pub struct Table {
    pub name: String,
    pub columns: Vec<Column>,
    /// Keys and checks, those of single columns included.
    pub constraints: Vec<Constraint>,
    pub indexes: Vec<CreateIndex>,
    pub partitioned: bool,
    pub partition_of: Option<String>,
    pub row_security: bool,
    /// No column is missing from `columns`, no constraint and no index from the others.
    pub whole: bool,
    /// Which migration of the change made it; `None`: it was there before.
    pub made_in: Option<usize>,
}

/// An answer about a table.
#[derive(Debug, Clone)]
pub enum Known {
    Table(Arc<Table>),
    /// All migrations were read, and none makes it.
    Absent,
    Unknown,
}

impl Known {
    pub fn table(&self) -> Option<&Table> {
        match self {
            Self::Table(table) => Some(table),
            Self::Absent | Self::Unknown => None,
        }
    }

    /// The table, if nothing of it is unknown.
    pub fn whole(&self) -> Option<&Table> {
        self.table().filter(|table| table.whole)
    }
}

/// The tables at one moment.
#[derive(Debug, Clone, Default)]
pub struct Schema {
    tables: BTreeMap<String, Arc<Table>>,
    /// The values of each enum type.
    enums: BTreeMap<String, Vec<String>>,
    /// Something happened that was not understood, or not everything was read.
    doubtful: bool,
    /// At least one migration was read.
    seen: bool,
}

impl Schema {
    pub fn table(&self, name: &str) -> Known {
        if let Some(table) = self.tables.get(name) {
            return Known::Table(table.clone());
        }
        let mut alike = self.tables.values().filter(|table| names::same(&table.name, name));
        match (alike.next(), alike.next()) {
            (Some(only), None) => Known::Table(only.clone()),
            (None, _) if self.seen && !self.doubtful => Known::Absent,
            _ => Known::Unknown,
        }
    }

    /// Whether no migration was read at all.
    pub fn is_unseen(&self) -> bool {
        !self.seen && self.tables.is_empty()
    }

    /// Notes that a table may have more to it than was read.
    pub fn doubt(&mut self, name: &str) {
        if let Known::Table(known) = self.table(name)
            && let Some(table) = self.tables.get_mut(&known.name)
        {
            Arc::make_mut(table).whole = false;
        }
    }

    pub fn tables(&self) -> impl Iterator<Item = &Table> {
        self.tables.values().map(Arc::as_ref)
    }

    /// The enum types, each with its values.
    pub fn enums(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.enums.iter().map(|(name, values)| (name.as_str(), values.as_slice()))
    }

    /// The values of an enum type.
    pub fn enum_values(&self, name: &str) -> Option<&[String]> {
        self.enums.get(name).map(Vec::as_slice)
    }

    /// The table that an index belongs to.
    pub fn table_of_index(&self, index: &str) -> Option<&Arc<Table>> {
        let owns = |table: &&Arc<Table>| {
            table.indexes.iter().any(|known| known.name == index)
                || table.constraints.iter().any(|c| {
                    matches!(c.kind, ConstraintKind::Unique | ConstraintKind::PrimaryKey)
                        && c.name == index
                })
        };
        self.tables.values().find(owns)
    }
}

impl Table {
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Columns of the primary key.
    pub fn primary_key(&self) -> Option<&[String]> {
        let key = self.constraints.iter().find(|c| c.kind == ConstraintKind::PrimaryKey);
        key.map(|key| key.columns.as_slice())
    }

    /// Columns of every index and key that is not partial.
    pub fn indexed(&self) -> impl Iterator<Item = &[String]> {
        let keys = self
            .constraints
            .iter()
            .filter(|c| matches!(c.kind, ConstraintKind::PrimaryKey | ConstraintKind::Unique))
            .map(|constraint| constraint.columns.as_slice());
        let indexes = self.indexes.iter().filter(|index| !index.partial);
        keys.chain(indexes.map(|index| index.columns.as_slice()))
    }

    /// Whether a validated `CHECK` proves that the column holds no `NULL`.
    pub fn proves_not_null(&self, column: &str) -> bool {
        self.constraints.iter().any(|c| {
            !c.not_valid
                && !c.not_enforced
                && c.expression.as_deref().is_some_and(|text| demands_value(text, column))
        })
    }
}

/// Whether a condition is true only when the column is not `NULL`: `a IS NOT NULL`, alone or
/// joined by `AND`.
pub fn demands_value(condition: &str, column: &str) -> bool {
    let lower = condition.to_lowercase().replace(['(', ')', '"', '`'], " ");
    if lower.split_whitespace().any(|word| word == "or") {
        return false;
    }
    lower.split(" and ").any(|part| {
        let words: Vec<&str> = part.split_whitespace().collect();
        matches!(words.as_slice(), [name, "is", "not", "null"] if *name == column.to_lowercase())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(script: &str) -> Schema {
        let parsed = crate::rules::parse::sql::parse(script).unwrap();
        let mut schema = Schema { seen: true, ..Schema::default() };
        for statement in crate::rules::migrations::postgres::statements(&parsed.tree(), false) {
            schema.apply(&statement.kind, None);
        }
        schema
    }

    #[test]
    fn statements_add_up() {
        let schema = after(
            "CREATE TABLE a (id bigint PRIMARY KEY, n text CHECK (n IS NOT NULL), o int UNIQUE); \
             ALTER TABLE a ADD CONSTRAINT c CHECK (o > 0) NOT VALID, ALTER o TYPE bigint; \
             ALTER TABLE a VALIDATE CONSTRAINT c, RENAME COLUMN n TO m; CREATE INDEX i ON a (m, o); \
             ALTER TABLE a DROP CONSTRAINT a_o_key; ALTER TABLE a RENAME TO b;",
        );
        let known = schema.table("b");
        let table = known.whole().unwrap();
        assert_eq!(table.primary_key(), Some(["id".to_owned()].as_slice()));
        assert_eq!(table.column("o").unwrap().type_text, "bigint");
        assert!(table.constraints.iter().all(|c| !c.not_valid && c.name != "a_o_key"));
        assert!(table.indexed().any(|columns| columns == ["m", "o"]));
        assert_eq!(schema.table_of_index("i").unwrap().name, "b");
        assert!(matches!(schema.table("a"), Known::Absent));
    }

    #[test]
    fn what_was_not_seen_is_unknown() {
        let schema = after("ALTER TABLE legacy ADD COLUMN a int;");
        assert!(
            schema.table("legacy").table().is_some() && schema.table("legacy").whole().is_none()
        );
        assert!(matches!(schema.table("other"), Known::Unknown));
        assert!(matches!(Schema::default().table("any"), Known::Unknown));
        let copied = after("CREATE TABLE c AS SELECT 1 AS id;");
        assert!(copied.table("c").whole().is_none());
    }

    #[test]
    fn an_index_that_becomes_a_key_is_one() {
        let schema = after(
            "CREATE TABLE a (id bigint NOT NULL); CREATE UNIQUE INDEX k ON a (id); \
             ALTER TABLE a ADD CONSTRAINT p PRIMARY KEY USING INDEX k;",
        );
        let known = schema.table("a");
        assert_eq!(known.table().unwrap().primary_key(), Some(["id".to_owned()].as_slice()));
        assert!(known.table().unwrap().indexes.is_empty());
    }

    #[test]
    fn values_of_enum_types_are_followed() {
        let schema = after(
            "CREATE TYPE mood AS ENUM ('a', 'b', 'c'); ALTER TYPE mood ADD VALUE 'd'; \
             ALTER TYPE mood RENAME VALUE 'a' TO 'e'; ALTER TYPE mood RENAME TO mood_old; \
             CREATE TYPE mood AS ENUM ('b'); CREATE TYPE gone AS ENUM ('x'); DROP TYPE gone;",
        );
        let values = |name| schema.enum_values(name).map(|values| values.join(" "));
        assert_eq!(values("mood_old").as_deref(), Some("e b c d"));
        assert_eq!(values("mood").as_deref(), Some("b"));
        assert_eq!(values("gone"), None);
    }

    #[test]
    fn only_a_plain_demand_proves_a_value() {
        assert!(demands_value("email IS NOT NULL", "email"));
        assert!(demands_value("(\"Email\" IS NOT NULL) AND length(a) > 1", "Email"));
        assert!(!demands_value("email IS NOT NULL OR phone IS NOT NULL", "email"));
        assert!(!demands_value("other IS NOT NULL", "email"));
    }
}

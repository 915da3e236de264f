//! Rules of the `migration` family: SQL migrations that lock, lose or break.
//!
//! Facts come from one parse of each file ([`script`]); where squawk's linter has worked out
//! something subtle, its hit is taken as the fact and worded here.

mod access;
mod actions;
mod alembic;
mod columns;
mod constraint_drops;
mod constraints;
mod contract;
mod data;
mod design;
mod dialect;
mod dialects;
pub(super) mod discover;
pub(super) mod django;
mod drizzle;
mod drops;
mod ecto;
mod ef_core;
mod engines;
pub(super) mod facts;
mod files;
mod forward_only;
mod frameworks;
mod indexes;
mod javascript;
mod liquibase;
mod lock_table;
mod locks;
pub(super) mod names;
mod objects;
mod order;
mod postgres;
mod preferences;
pub(super) mod present;
mod rails;
mod read;
mod rebuild;
mod references;
mod renames;
mod required;
mod rollback;
mod say;
mod script;
mod sqlserver;
mod state;
mod surroundings;
mod translate;
mod types;
mod unread;
mod ways_back;

pub(super) use actions::ActionKind;
pub(super) use dialect::Dialect;
pub(super) use facts::{Kind, Statement};
pub use lock_table::{Effect as LockEffect, Lock};
pub(super) use script::Migration;
pub(super) use state::{Schema, Table};
pub(super) use surroundings::needs as schema_needs;
pub use unread::{Reading, reading};

use std::ops::Range;

use super::Rule;
use super::parse::sql;
use crate::domain::path::RepoPath;

/// The statements of a migration's forward part, for rules that need no more than that.
pub(super) fn forward_statements(path: &RepoPath, text: &str) -> Vec<Statement> {
    let Some(identity) = discover::identify(path, text) else { return Vec::new() };
    let dialect = dialect::of_file(path, text);
    let dialect = dialect.unwrap_or(dialect::Dialect::Postgres);
    read::forward(identity.framework, text, read::Setting::plain(dialect)).statements
}

/// For each statement of a PostgreSQL script: its place, and what it does to its table.
pub fn postgres_effects(script: &str) -> Vec<(Range<usize>, Option<LockEffect>)> {
    let statements = sql::parse(script)
        .map(|parsed| postgres::statements(&parsed.tree(), false))
        .unwrap_or_default();
    statements.into_iter().map(|s| (s.bytes, lock_table::of_statement(&s.kind))).collect()
}

/// Whether PostgreSQL changes a column's type without touching rows or indexes.
pub fn postgres_type_change_is_free(old: &str, new: &str) -> bool {
    types::is_free(dialect::Dialect::Postgres, old, new)
}

pub(super) const RULES: &[Rule] = &[
    files::MISSING_ROLLBACK,
    ways_back::ROLLBACK_INCOMPLETE,
    ways_back::SECTION_MISSING,
    files::EDITED_APPLIED,
    files::VERSION_COLLISION,
    order::OUT_OF_ORDER,
    drizzle::JOURNAL_MISMATCH,
    rails::REVERTED,
    rails::FILLED_AT_ONCE,
    rails::DEFAULT_CHANGED,
    rails::WIDE_INDEX,
    rails::WRITES_BLOCKED,
    django::FIELD_ALTERED,
    django::REAL_MODEL,
    drops::TABLE_DROPPED,
    drops::COLUMN_DROPPED,
    drops::SCHEMA_DROPPED,
    drops::TYPE_DROPPED,
    drops::VIEW_DROPPED,
    constraint_drops::CONSTRAINT_DROPPED,
    constraint_drops::FOREIGN_KEY_DROPPED,
    drops::DEFAULT_DROPPED,
    drops::NOT_NULL_DROPPED,
    drops::TRIGGER_DISABLED,
    drops::EXTENSION_DROPPED,
    drops::TRUNCATED,
    renames::COLUMN_RENAMED,
    renames::TABLE_RENAMED,
    renames::OBJECT_RENAMED,
    renames::SCHEMA_CHANGED,
    renames::IDENTITY_CHANGED,
    renames::GENERATED_DROPPED,
    renames::GENERATED_CHANGED,
    required::REQUIRED_COLUMN_ADDED,
    required::COLUMN_MADE_REQUIRED,
    columns::COLUMN_REWRITES_TABLE,
    columns::COLUMN_TYPE_CHANGED,
    columns::NOT_NULL_SET,
    constraints::CHECK_VALIDATED,
    constraints::FOREIGN_KEY_VALIDATED,
    constraints::UNIQUE_BUILDS_INDEX,
    constraints::PRIMARY_KEY_BUILDS_INDEX,
    constraints::EXCLUSION_ADDED,
    constraints::VALIDATED_AT_ONCE,
    constraints::DOMAIN_CONSTRAINT,
    indexes::NOT_CONCURRENT,
    indexes::DROP_NOT_CONCURRENT,
    indexes::REINDEX_NOT_CONCURRENT,
    indexes::DETACH_NOT_CONCURRENT,
    indexes::CONCURRENT_IN_TRANSACTION,
    references::WITHOUT_INDEX,
    references::TARGET_DOES_NOT_FIT,
    references::INLINE_IGNORED,
    references::UNIQUE_ON_ROWS,
    engines::TABLE_COPIED,
    engines::REFUSED_BY_SQLITE,
    sqlserver::INDEX_NOT_ONLINE,
    sqlserver::CONSTRAINT_UNTRUSTED,
    sqlserver::GOES_ON_AFTER_ERROR,
    objects::CASCADE,
    objects::PARTITION_ATTACHED,
    objects::ENUM_VALUE_RENAMED,
    objects::ROW_SECURITY_MISSING,
    objects::JSON_COLUMN,
    objects::ENUM_CREATED,
    objects::ALTERS_APART,
    locks::TABLE_REWRITTEN,
    locks::TABLE_LOCKED,
    locks::REFRESH_NOT_CONCURRENT,
    locks::MISSING_LOCK_TIMEOUT,
    locks::TRANSACTION_NESTED,
    locks::TRANSACTION_LEFT_OPEN,
    data::UNBATCHED,
    data::BESIDE_SCHEMA_CHANGE,
    data::ENUM_VALUE_USED,
    data::DUPLICATE_ASSIGNMENT,
    design::NO_PRIMARY_KEY,
    design::SMALL_PRIMARY_KEY,
    design::TIMESTAMP_WITHOUT_ZONE,
    design::CHAR_COLUMN,
    design::IDENTIFIER_TOO_LONG,
    design::ENUM_VALUE_UNORDERED,
    preferences::INT_COLUMN,
    preferences::SMALLINT_COLUMN,
    preferences::SERIAL_COLUMN,
    preferences::LENGTH_LIMITED_TEXT,
    preferences::NOT_REPEATABLE,
    preferences::TABLE_WITHOUT_SCHEMA,
    preferences::MISSING_STATEMENT_TIMEOUT,
    preferences::REPACK_AVAILABLE,
    contract::COLUMN_ADDED,
    contract::ENUM_VALUE_ADDED,
    contract::ATTRIBUTE_ADDED,
    contract::NEW_WRITE_RESTRICTION,
    contract::DEFAULT_CHANGED,
    contract::INDEX_DROPPED,
    contract::TRIGGER_DROPPED,
    contract::INHERITANCE_DETACHED,
    contract::SEQUENCE_CHANGED,
    contract::REPLACED_IN_PLACE,
    access::POLICY_CREATED,
    access::POLICY_CONDITION_CHANGED,
    access::POLICY_ROLES_CHANGED,
    access::ROW_SECURITY_CHANGED,
    access::PRIVILEGE_REVOKED,
    access::FUNCTION_OPTIONS_CHANGED,
    access::VIEW_OPTIONS_CHANGED,
    access::ROLE_OPTIONS_CHANGED,
    access::DATABASE_OPTIONS_CHANGED,
    access::SYSTEM_OPTIONS_CHANGED,
    access::EXTENSION_CHANGED,
    objects::POLICY_DROPPED,
];

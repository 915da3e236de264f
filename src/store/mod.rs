//! The durable store behind [`Queue`] and [`Ledger`]: one SQLite file for a single process, or a
//! PostgreSQL database that several replicas share.
//!
//! A job is a row that is `waiting`, `running` or `dead`; a finished one is deleted. Two partial
//! unique indexes carry the promises of the queue: one waiting row per repository, subject and
//! coalescing key, and one running row per repository and subject.

mod body;
mod postgres;
mod row;
mod schema;
mod sql;
mod sqlite;
mod wake;

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use secrecy::SecretString;

pub use self::postgres::{PostgresOptions, PostgresStore, SchemaName};
pub use self::sqlite::SqliteStore;
use crate::ports::ledger::Ledger;
use crate::ports::queue::{Queue, StoreError};

/// Where the data lives.
#[derive(Debug, Clone)]
pub enum Location {
    /// A file of this machine, created when missing. Its folder must exist.
    Sqlite(PathBuf),
    /// `postgres://user:password@host/database`.
    Postgres { url: SecretString, options: PostgresOptions },
}

impl Location {
    /// Reads a setting: a `postgres://` or `postgresql://` URL, or the path of an SQLite file,
    /// with or without `sqlite:` in front.
    pub fn parse(text: &str) -> Self {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Self::Postgres { url: text.into(), options: PostgresOptions::default() };
        }
        let path =
            text.strip_prefix("sqlite://").or_else(|| text.strip_prefix("sqlite:")).unwrap_or(text);
        Self::Sqlite(PathBuf::from(path))
    }
}

/// Both ports on one database. An `Arc<dyn Store>` coerces to `Arc<dyn Queue>` and to
/// `Arc<dyn Ledger>`.
#[async_trait]
pub trait Store: Queue + Ledger {
    /// Lets writes that were handed over finish, then lets go of the database. Calls after it
    /// answer [`StoreError::Unavailable`].
    async fn close(&self);
}

/// Opens the store and brings its schema up to date.
///
/// # Errors
/// [`StoreError::Unavailable`] if the database cannot be reached or another process holds the
/// SQLite file; [`StoreError::Failed`] if a newer version of the program wrote the schema.
pub async fn open(location: &Location) -> Result<Arc<dyn Store>, StoreError> {
    Ok(match location {
        Location::Sqlite(path) => Arc::new(SqliteStore::open(path).await?),
        Location::Postgres { url, options } => Arc::new(PostgresStore::open(url, options).await?),
    })
}

/// Opens the store beside a server that may be running, for administrative commands.
///
/// # Errors
/// As [`open`]; a running server is none. A missing SQLite file is [`StoreError::Failed`].
pub async fn open_beside(location: &Location) -> Result<Arc<dyn Store>, StoreError> {
    Ok(match location {
        Location::Sqlite(path) => Arc::new(SqliteStore::open_beside(path).await?),
        Location::Postgres { .. } => return open(location).await,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_a_url_or_a_path() {
        for url in ["postgres://u@h/d", "postgresql://h/d"] {
            assert!(matches!(Location::parse(url), Location::Postgres { .. }), "{url}");
        }
        for path in ["data/x.db", "sqlite:data/x.db", "sqlite://data/x.db"] {
            let Location::Sqlite(parsed) = Location::parse(path) else { panic!("{path}") };
            assert_eq!(parsed, PathBuf::from("data/x.db"), "{path}");
        }
    }
}

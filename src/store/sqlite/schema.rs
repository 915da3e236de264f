//! Tables of the SQLite store.

use rusqlite::{Connection, TransactionBehavior};

use super::error::sqlite_error;
use crate::ports::queue::StoreError;
use crate::store::schema::{Migration, pending};

static MIGRATIONS: [Migration; 2] = [FIRST, PLANS];

const FIRST: Migration = Migration {
    version: 1,
    statements: &[
        "CREATE TABLE deliveries (
            id TEXT NOT NULL UNIQUE,
            event TEXT NOT NULL,
            body BLOB NOT NULL,
            received_at INTEGER NOT NULL,
            ignored TEXT
        ) STRICT",
        "CREATE INDEX deliveries_by_age ON deliveries (received_at)",
        // AUTOINCREMENT: an id is never used again, so a fence of a deleted job holds nothing.
        "CREATE TABLE jobs (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            repo_id INTEGER NOT NULL,
            installation_id INTEGER NOT NULL,
            owner TEXT NOT NULL,
            name TEXT NOT NULL,
            subject TEXT NOT NULL,
            coalescing_key TEXT NOT NULL,
            kind TEXT NOT NULL,
            delivery TEXT,
            state TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'dead')),
            attempt INTEGER NOT NULL DEFAULT 0,
            enqueued_at INTEGER NOT NULL,
            run_at INTEGER NOT NULL,
            fence INTEGER NOT NULL DEFAULT 0,
            worker TEXT,
            lease_expires_at INTEGER,
            why TEXT,
            died_at INTEGER
        ) STRICT",
        "CREATE UNIQUE INDEX jobs_one_waiting ON jobs (repo_id, subject, coalescing_key)
            WHERE state = 'waiting'",
        "CREATE UNIQUE INDEX jobs_one_running ON jobs (repo_id, subject)
            WHERE state = 'running'",
        "CREATE INDEX jobs_in_line ON jobs (enqueued_at, id, run_at) WHERE state = 'waiting'",
        "CREATE INDEX jobs_dead ON jobs (died_at) WHERE state = 'dead'",
        "CREATE TABLE pull_memory (
            repo_id INTEGER NOT NULL,
            number INTEGER NOT NULL,
            memory TEXT NOT NULL,
            PRIMARY KEY (repo_id, number)
        ) STRICT",
        "CREATE TABLE heartbeat (id INTEGER PRIMARY KEY, beats INTEGER NOT NULL) STRICT",
    ],
};

/// Which issues a push to the default branch concerns.
const PLANS: Migration = Migration {
    version: 2,
    statements: &[
        "ALTER TABLE pull_memory ADD COLUMN plan_follows_base INTEGER NOT NULL DEFAULT 0",
        "CREATE INDEX plans_by_repository ON pull_memory (repo_id) WHERE plan_follows_base = 1",
    ],
};

/// Brings the schema up to date in one transaction.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(sqlite_error)?;
    transaction
        .execute_batch("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)")
        .map_err(sqlite_error)?;
    let version: Option<i64> = transaction
        .query_row("SELECT MAX(version) FROM schema_version", [], |row| row.get(0))
        .map_err(sqlite_error)?;
    for migration in pending(&MIGRATIONS, version.unwrap_or(0))? {
        for statement in migration.statements {
            transaction.execute_batch(statement).map_err(sqlite_error)?;
        }
        transaction
            .execute("INSERT INTO schema_version (version) VALUES ($1)", [migration.version])
            .map_err(sqlite_error)?;
    }
    transaction.commit().map_err(sqlite_error)
}

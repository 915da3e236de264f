//! Tables of the PostgreSQL store.

use sqlx::{AssertSqlSafe, PgPool};

use super::SchemaName;
use super::error::store_error;
use crate::ports::queue::StoreError;
use crate::store::schema::{Migration, pending};

/// Advisory locks are numbers: the bytes of "backteam". Replicas that start together take turns.
const MIGRATION_LOCK: i64 = i64::from_be_bytes(*b"backteam");

static MIGRATIONS: [Migration; 2] = [FIRST, PLANS];

const FIRST: Migration = Migration {
    version: 1,
    statements: &[
        "CREATE TABLE deliveries (
            id text PRIMARY KEY,
            event text NOT NULL,
            body bytea NOT NULL,
            received_at bigint NOT NULL,
            ignored text
        )",
        // Bodies are compressed already.
        "ALTER TABLE deliveries ALTER COLUMN body SET STORAGE EXTERNAL",
        "CREATE INDEX deliveries_by_age ON deliveries (received_at)",
        "CREATE TABLE jobs (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            repo_id bigint NOT NULL,
            installation_id bigint NOT NULL,
            owner text NOT NULL,
            name text NOT NULL,
            subject text NOT NULL,
            coalescing_key text NOT NULL,
            kind text NOT NULL,
            delivery text,
            state text NOT NULL CHECK (state IN ('waiting', 'running', 'dead')),
            attempt bigint NOT NULL DEFAULT 0,
            enqueued_at bigint NOT NULL,
            run_at bigint NOT NULL,
            fence bigint NOT NULL DEFAULT 0,
            worker text,
            lease_expires_at bigint,
            why text,
            died_at bigint
        ) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500)",
        "CREATE UNIQUE INDEX jobs_one_waiting ON jobs (repo_id, subject, coalescing_key)
            WHERE state = 'waiting'",
        "CREATE UNIQUE INDEX jobs_one_running ON jobs (repo_id, subject)
            WHERE state = 'running'",
        "CREATE INDEX jobs_in_line ON jobs (enqueued_at, id) WHERE state = 'waiting'",
        "CREATE INDEX jobs_dead ON jobs (died_at) WHERE state = 'dead'",
        "CREATE TABLE pull_memory (
            repo_id bigint NOT NULL,
            number bigint NOT NULL,
            memory text NOT NULL,
            PRIMARY KEY (repo_id, number)
        )",
        "CREATE TABLE heartbeat (id bigint PRIMARY KEY, beats bigint NOT NULL)",
    ],
};

/// Which issues a push to the default branch concerns.
const PLANS: Migration = Migration {
    version: 2,
    statements: &[
        "ALTER TABLE pull_memory ADD COLUMN plan_follows_base bigint NOT NULL DEFAULT 0",
        "CREATE INDEX plans_by_repository ON pull_memory (repo_id) WHERE plan_follows_base = 1",
    ],
};

/// Creates the schema if it is missing and brings it up to date, in one transaction.
pub(super) async fn migrate(pool: &PgPool, schema: &SchemaName) -> Result<(), StoreError> {
    let mut transaction = pool.begin().await.map_err(store_error)?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)")
        .bind(MIGRATION_LOCK)
        .execute(&mut *transaction)
        .await
        .map_err(store_error)?;
    // Asked for first, because IF NOT EXISTS needs the right to create schemas even if it exists.
    let (exists,): (bool,) =
        sqlx::query_as("SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = $1)")
            .bind(schema.as_str())
            .fetch_one(&mut *transaction)
            .await
            .map_err(store_error)?;
    if !exists {
        // A schema name holds nothing but lower-case letters, digits and underscores.
        sqlx::query(AssertSqlSafe(format!("CREATE SCHEMA {}", schema.as_str())))
            .execute(&mut *transaction)
            .await
            .map_err(store_error)?;
    }
    sqlx::query("CREATE TABLE IF NOT EXISTS schema_version (version bigint NOT NULL)")
        .execute(&mut *transaction)
        .await
        .map_err(store_error)?;
    let (version,): (Option<i64>,) = sqlx::query_as("SELECT MAX(version) FROM schema_version")
        .fetch_one(&mut *transaction)
        .await
        .map_err(store_error)?;
    for migration in pending(&MIGRATIONS, version.unwrap_or(0))? {
        for statement in migration.statements {
            sqlx::query(*statement).execute(&mut *transaction).await.map_err(store_error)?;
        }
        sqlx::query("INSERT INTO schema_version (version) VALUES ($1)")
            .bind(migration.version)
            .execute(&mut *transaction)
            .await
            .map_err(store_error)?;
    }
    transaction.commit().await.map_err(store_error)
}

//! What the rules say about locks, rewrites and scans, against a real PostgreSQL. Skipped without
//! `TEST_DATABASE_URL`.

use backend_team::rules::{self, Lock, LockEffect, postgres_effects, postgres_type_change_is_free};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection, Executor, Row};

use crate::harness::page::Page;

/// A table with rows, one that it refers to, and one with partitions.
const SETUP: &str = "
    CREATE TABLE owners (id bigint PRIMARY KEY);
    INSERT INTO owners SELECT generate_series(1, 100);
    CREATE TABLE items (
        id bigint NOT NULL, owner bigint, name varchar(20), note text, amount numeric(10,2),
        price int NOT NULL DEFAULT 1, made timestamp(3), stamped timestamptz, code char(4), flag bit varying(4)
    );
    INSERT INTO items SELECT n, n, 'a', 'b', 1, n, now(), now(), 'abcd', B'101' FROM generate_series(1, 100) AS n;
    ALTER TABLE items ADD CONSTRAINT known CHECK (price > 0) NOT VALID;
    ALTER TABLE items ADD CONSTRAINT owned FOREIGN KEY (owner) REFERENCES owners (id) NOT VALID;
    CREATE UNIQUE INDEX items_id_idx ON items (id);
    CREATE INDEX items_name_idx ON items (name);
    CREATE TABLE visits (day int NOT NULL) PARTITION BY RANGE (day);
    CREATE TABLE visits_one PARTITION OF visits FOR VALUES FROM (0) TO (10);
    INSERT INTO visits VALUES (1), (2);
    CREATE TABLE visits_two (day int NOT NULL);
    INSERT INTO visits_two VALUES (11), (12);
    CREATE MATERIALIZED VIEW moments AS SELECT made FROM items;
    CREATE TRIGGER stamp BEFORE UPDATE ON items FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();
    CREATE ACCESS METHOD heap_again TYPE TABLE HANDLER heap_tableam_handler;
";

/// Statements that may run in a transaction, with the table to look at.
const STATEMENTS: &[(&str, &str)] = &[
    ("items", "ALTER TABLE items ADD COLUMN a int"),
    ("items", "ALTER TABLE items ADD COLUMN a int NOT NULL DEFAULT 7"),
    ("items", "ALTER TABLE items ADD COLUMN a timestamptz DEFAULT now()"),
    ("items", "ALTER TABLE items ADD COLUMN a uuid DEFAULT gen_random_uuid()"),
    ("items", "ALTER TABLE items ADD COLUMN a bigserial"),
    ("items", "ALTER TABLE items ADD COLUMN a bigint GENERATED ALWAYS AS IDENTITY"),
    ("items", "ALTER TABLE items ADD COLUMN a bigint GENERATED ALWAYS AS (price * 2) STORED"),
    ("items", "ALTER TABLE items ADD COLUMN a int UNIQUE"),
    ("items", "ALTER TABLE items ADD COLUMN a bigint REFERENCES owners (id)"),
    ("items", "ALTER TABLE items DROP COLUMN note"),
    ("items", "ALTER TABLE items RENAME COLUMN note TO remark"),
    ("items", "ALTER TABLE items RENAME TO things"),
    ("items", "ALTER TABLE items ALTER COLUMN price TYPE bigint"),
    ("items", "ALTER TABLE items ALTER COLUMN note SET NOT NULL"),
    ("items", "ALTER TABLE items ALTER COLUMN price DROP NOT NULL"),
    ("items", "ALTER TABLE items ALTER COLUMN note SET DEFAULT 'x'"),
    ("items", "ALTER TABLE items ALTER COLUMN price DROP DEFAULT"),
    ("items", "ALTER TABLE items ADD CONSTRAINT c CHECK (price < 1000)"),
    ("items", "ALTER TABLE items ADD CONSTRAINT c CHECK (price < 1000) NOT VALID"),
    ("items", "ALTER TABLE items VALIDATE CONSTRAINT known"),
    ("items", "ALTER TABLE items VALIDATE CONSTRAINT owned"),
    ("items", "ALTER TABLE items DROP CONSTRAINT known"),
    ("items", "ALTER TABLE items RENAME CONSTRAINT known TO renamed"),
    ("items", "ALTER TABLE items ADD CONSTRAINT c FOREIGN KEY (owner) REFERENCES owners (id)"),
    (
        "items",
        "ALTER TABLE items ADD CONSTRAINT c FOREIGN KEY (owner) REFERENCES owners (id) NOT VALID",
    ),
    ("items", "ALTER TABLE items ADD CONSTRAINT c UNIQUE (price)"),
    ("items", "ALTER TABLE items ADD CONSTRAINT c UNIQUE USING INDEX items_id_idx"),
    ("items", "ALTER TABLE items ADD PRIMARY KEY (id)"),
    ("items", "ALTER TABLE items ADD CONSTRAINT c EXCLUDE (price WITH =)"),
    ("items", "ALTER TABLE items SET UNLOGGED"),
    ("items", "ALTER TABLE items SET ACCESS METHOD heap_again"),
    ("items", "ALTER TABLE items DISABLE TRIGGER stamp"),
    ("items", "ALTER TABLE items ENABLE ROW LEVEL SECURITY"),
    ("visits", "ALTER TABLE visits DETACH PARTITION visits_one"),
    ("visits", "ALTER TABLE visits ATTACH PARTITION visits_two FOR VALUES FROM (10) TO (20)"),
    ("items", "CREATE INDEX i ON items (price)"),
    ("items", "DROP INDEX items_name_idx"),
    ("items", "REINDEX TABLE items"),
    ("items", "CLUSTER items USING items_id_idx"),
    ("items", "TRUNCATE items"),
    ("visits_two", "DROP TABLE visits_two"),
    ("moments", "REFRESH MATERIALIZED VIEW moments"),
    ("items", "UPDATE items SET price = 2 WHERE id = 1"),
    ("items", "DELETE FROM items WHERE id = 1"),
    ("items", "INSERT INTO items (id) VALUES (1000)"),
];

async fn connect() -> Option<PgConnection> {
    let Ok(url) = std::env::var("TEST_DATABASE_URL") else {
        eprintln!("skipped: TEST_DATABASE_URL names no PostgreSQL database");
        return None;
    };
    Some(PgConnection::connect(&url).await.expect("a connection"))
}

async fn run(connection: &mut PgConnection, sql: &str) {
    let done = connection.execute(AssertSqlSafe(sql.to_owned())).await;
    done.unwrap_or_else(|error| panic!("{sql}: {error}"));
}

async fn number(connection: &mut PgConnection, sql: String) -> i64 {
    let row = sqlx::query(AssertSqlSafe(sql.clone())).fetch_one(connection).await;
    row.unwrap_or_else(|error| panic!("{sql}: {error}")).try_get(0).unwrap_or(0)
}

/// The strongest lock that this session holds on a relation.
async fn lock_on(connection: &mut PgConnection, relation: i64) -> Option<Lock> {
    let sql = format!(
        "SELECT mode FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'relation' AND granted \
         AND relation = {relation}"
    );
    let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(connection).await.expect("locks");
    let modes = rows.iter().filter_map(|row| match row.get::<String, _>(0).as_str() {
        "RowExclusiveLock" => Some(Lock::RowExclusive),
        "ShareUpdateExclusiveLock" => Some(Lock::ShareUpdateExclusive),
        "ShareLock" => Some(Lock::Share),
        "ShareRowExclusiveLock" => Some(Lock::ShareRowExclusive),
        "AccessExclusiveLock" => Some(Lock::AccessExclusive),
        _ => None,
    });
    modes.max()
}

/// What a statement really does, seen from inside of its transaction, which is rolled back.
async fn observe(
    connection: &mut PgConnection,
    table: &str,
    statement: &str,
) -> Option<LockEffect> {
    let oid = |name: &str| format!("SELECT '{name}'::regclass::oid::bigint");
    let (own, target) =
        (number(connection, oid(table)).await, number(connection, oid("owners")).await);
    let file = |id: i64| format!("SELECT coalesce(pg_relation_filenode({id}::oid), 0)::bigint");
    let read = |id: i64| format!("SELECT (pg_stat_get_xact_tuples_returned({id}::oid))::bigint");
    let before = number(connection, file(own)).await;
    run(connection, "BEGIN").await;
    // Counts of earlier transactions may not have been handed on yet.
    let earlier = number(connection, read(own)).await;
    run(connection, statement).await;
    let lock = lock_on(connection, own).await;
    let on_target = lock_on(connection, target).await;
    let after = number(connection, file(own)).await;
    let tuples = number(connection, read(own)).await;
    run(connection, "ROLLBACK").await;
    Some(LockEffect {
        lock: lock?,
        rewrites: after != 0 && after != before,
        scans: tuples > earlier,
        on_target: on_target.filter(|lock| *lock > Lock::RowExclusive),
    })
}

#[tokio::test]
async fn locks_rewrites_and_scans_are_as_claimed() {
    let Some(mut connection) = connect().await else { return };
    run(
        &mut connection,
        "DROP SCHEMA IF EXISTS truth CASCADE; CREATE SCHEMA truth; SET search_path TO truth",
    )
    .await;
    run(&mut connection, "DROP ACCESS METHOD IF EXISTS heap_again").await;
    run(&mut connection, "SET timezone TO 'Europe/Berlin'").await;
    run(&mut connection, SETUP).await;
    let mut problems = Vec::new();
    for (table, statement) in STATEMENTS {
        let claimed = postgres_effects(statement).first().and_then(|(_, effect)| *effect);
        let seen = observe(&mut connection, table, statement).await;
        // Statements on rows read what their condition asks for, and to write anew is to read.
        let by_condition = seen.is_some_and(|it| it.lock == Lock::RowExclusive);
        let equal = match (claimed, seen) {
            (Some(claimed), Some(seen)) => {
                claimed.lock == seen.lock
                    && claimed.on_target == seen.on_target
                    && claimed.rewrites == seen.rewrites
                    && (by_condition || seen.rewrites || claimed.scans == seen.scans)
            }
            _ => false,
        };
        if !equal {
            problems.push(format!("{statement}\n  claimed {claimed:?}\n  seen    {seen:?}"));
        }
    }
    run(&mut connection, "DROP SCHEMA truth CASCADE; DROP ACCESS METHOD heap_again").await;
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[tokio::test]
async fn changes_of_type_are_free_as_claimed() {
    let Some(mut connection) = connect().await else { return };
    run(&mut connection, "SET timezone TO 'Europe/Berlin'").await;
    let types = [
        "varchar(20)",
        "varchar(50)",
        "varchar",
        "text",
        "char(4)",
        "char(8)",
        "int",
        "bigint",
        "smallint",
        "numeric(10,2)",
        "numeric(12,2)",
        "numeric(12,4)",
        "numeric",
        "timestamp(3)",
        "timestamp(6)",
        "timestamp",
        "timestamptz",
        "bit varying(4)",
        "bit varying(8)",
        "date",
        "real",
        "double precision",
    ];
    let mut problems = Vec::new();
    for old in types {
        for new in types.into_iter().filter(|new| *new != old) {
            run(&mut connection, "BEGIN").await;
            run(
                &mut connection,
                &format!("CREATE TEMP TABLE t (a {old}); INSERT INTO t VALUES (NULL)"),
            )
            .await;
            let file = "SELECT pg_relation_filenode('t')::bigint".to_owned();
            let before = number(&mut connection, file.clone()).await;
            run(&mut connection, "SAVEPOINT s").await;
            let alter = format!("ALTER TABLE t ALTER COLUMN a TYPE {new}");
            // Without a cast between the types there is nothing to compare.
            if connection.execute(AssertSqlSafe(alter)).await.is_ok() {
                let read =
                    "SELECT pg_stat_get_xact_tuples_returned('t'::regclass)::bigint".to_owned();
                let touched = number(&mut connection, file).await != before
                    || number(&mut connection, read).await > 0;
                if postgres_type_change_is_free(old, new) == touched {
                    problems.push(format!("{old} to {new}: touched {touched}"));
                }
            }
            run(&mut connection, "ROLLBACK").await;
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[tokio::test]
async fn a_validated_check_spares_the_scan_for_not_null() {
    let Some(mut connection) = connect().await else { return };
    run(&mut connection, "BEGIN").await;
    run(
        &mut connection,
        "CREATE TEMP TABLE t (a int, CONSTRAINT c CHECK (a IS NOT NULL)); INSERT INTO t VALUES (1)",
    )
    .await;
    run(&mut connection, "ALTER TABLE t ALTER COLUMN a SET NOT NULL").await;
    let read = "SELECT pg_stat_get_xact_tuples_returned('t'::regclass)::bigint".to_owned();
    assert_eq!(number(&mut connection, read).await, 0);
}

/// Every lock that a finding names is one that the table of locks has for its statement.
#[test]
fn findings_name_the_locks_of_the_table() {
    let names = ["SHARE UPDATE EXCLUSIVE", "SHARE ROW EXCLUSIVE", "ACCESS EXCLUSIVE", "SHARE"];
    let (mut problems, mut compared) = (Vec::new(), 0);
    for rule in rules::all().filter(|rule| rule.code.starts_with("migration/")) {
        for case in Page::parse(rule.page).cases {
            for finding in case.run(rule).0 {
                let named: Vec<&str> = names
                    .into_iter()
                    .filter(|name| finding.evidence.contains(&format!("{name} lock")))
                    .collect();
                let change = case.change();
                // Statements that code gives are not in its text.
                let path = finding.anchor.head_path();
                let file = change.file(path).filter(|_| path.extension().as_deref() == Some("sql"));
                let text = file.and_then(|file| file.head_text());
                let (false, Some(text), Some(lines)) =
                    (named.is_empty(), text, finding.anchor.lines())
                else {
                    continue;
                };
                // Locks of statements before it may be meant, for they are still held.
                let locks: Vec<&str> = postgres_effects(text.as_str())
                    .into_iter()
                    .filter(|(bytes, _)| {
                        text.lines_of(bytes.start, bytes.end).start() <= lines.end()
                    })
                    .filter_map(|(_, effect)| effect)
                    .flat_map(|effect| [Some(effect.lock), effect.on_target])
                    .flatten()
                    .map(Lock::name)
                    .collect();
                compared += 1;
                if !locks.is_empty() && !named.iter().any(|name| locks.contains(name)) {
                    problems.push(format!("{}: says {named:?}, table says {locks:?}", rule.code));
                }
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert!(compared > 15, "only {compared} findings name a lock");
}

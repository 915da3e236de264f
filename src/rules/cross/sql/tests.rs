use proptest::prelude::*;
use sqlparser::dialect::PostgreSqlDialect;

use super::*;

fn read(sql: &str) -> (Vec<String>, Option<Filter>) {
    let parsed = Parser::parse_sql(&PostgreSqlDialect {}, sql).unwrap();
    let uses = read::uses(&parsed[0], false);
    let said = uses.iter().map(|it| format!("{}.{}", it.tables.join("|"), it.column));
    (said.collect(), filter::of(&parsed[0], false))
}

fn uses(sql: &str) -> Vec<String> {
    read(sql).0
}

#[test]
fn columns_are_those_of_tables_in_view() {
    for (sql, expected) in [
        ("SELECT a, b.c FROM t", vec!["t.a"]),
        (
            "SELECT o.a, p.b FROM o JOIN p ON p.o_id = o.id WHERE z = 1",
            vec!["p.o_id", "o.id", "o.a", "p.b", "o|p.z"],
        ),
        ("SELECT a AS x FROM t GROUP BY x ORDER BY x, y", vec!["t.a", "t.y"]),
        ("WITH t AS (SELECT a FROM u) SELECT b, t.c FROM t", vec!["u.a"]),
        (
            "SELECT a FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.t_id = t.id AND n = 1)",
            vec!["t.a", "u.t_id", "t.id", "t|u.n"],
        ),
        ("SELECT t FROM t, unnest($1) AS i", vec![]),
        (
            "INSERT INTO t (a, b) VALUES ($1, $2) ON CONFLICT (a) DO UPDATE SET b = excluded.b, c = t.c RETURNING id",
            vec!["t.a", "t.b", "t.a", "t.b", "t.c", "t.c", "t.id"],
        ),
        ("UPDATE t SET a = b + 1 WHERE c IN (SELECT x FROM u)", vec!["t.a", "t.b", "t.c", "t|u.x"]),
        ("DELETE FROM t WHERE \"userId\" = $1 AND camelCase = 2 AND ctid = $2", vec!["t.userId"]),
        (
            "SELECT count(*), max(a), date_trunc('day', b), x.y FROM app.t",
            vec!["app.t.a", "app.t.b"],
        ),
        (
            "SELECT CASE WHEN a THEN b ELSE c END::text FROM t s WHERE s.d IS NULL",
            vec!["t.a", "t.b", "t.c", "t.d"],
        ),
        ("SELECT q.a FROM (SELECT b AS a FROM t) q WHERE c = 1", vec!["t.b"]),
        ("SELECT 1 FROM o, LATERAL (SELECT a, i.b FROM i WHERE o_id = id) x", vec!["i.b"]),
        ("SELECT a FROM t UNION SELECT b FROM u ORDER BY c", vec!["t.a", "u.b"]),
        ("SELECT count(*) AS n FROM t GROUP BY a HAVING n > 1", vec!["t.a"]),
    ] {
        assert_eq!(uses(sql), expected, "{sql}");
    }
}

#[test]
fn filters_are_plain_conditions_on_one_table() {
    let filter = |sql: &str| {
        read(sql).1.map(|it| {
            let columns: Vec<String> = it
                .conditions
                .iter()
                .map(|c| format!("{}{}", c.column, if c.equal { "=" } else { "" }))
                .collect();
            format!(
                "{}: {} / {}",
                it.table,
                columns.join(","),
                it.first_of.map_or(String::new(), |c| c.column)
            )
        })
    };
    for (sql, expected) in [
        (
            "SELECT * FROM t x WHERE x.a = $1 AND b > 2 AND c <> 3 AND (d IN (1, 2))",
            Some("t: a=,b,d= / "),
        ),
        ("SELECT * FROM t ORDER BY a DESC LIMIT 5", Some("t:  / a")),
        ("SELECT * FROM t ORDER BY a", Some("t:  / ")),
        ("DELETE FROM t WHERE a = ANY($1)", Some("t: a= / ")),
        ("SELECT * FROM t WHERE a = $1 OR b = 2", None),
        ("SELECT * FROM t WHERE lower(a) = $1", None),
        ("SELECT * FROM t JOIN u ON u.a = t.a WHERE b = 1", None),
        ("SELECT * FROM t WHERE a = b", None),
    ] {
        assert_eq!(filter(sql).as_deref(), expected, "{sql}");
    }
}

#[test]
fn sentences_are_not_sql() {
    assert!(!is_sql("Select items from orders"));
    assert!(!is_sql("Updated the order"));
    assert!(is_sql("\n  SELECT items FROM orders") && is_sql("select a from t where b = $1"));
}

proptest! {
    #[test]
    fn any_statement_is_read(words in prop::collection::vec(
        "SELECT|FROM|WHERE|a|t|t\\.a|=|,|\\(|\\)|AND|OR|IN|INSERT INTO|VALUES|UPDATE|SET|DELETE|WITH|AS|1|'x'|\\?|;|\n|JOIN|ON|ORDER BY|LIMIT|CASE|WHEN|THEN|END|\\*",
        1..25,
    )) {
        let text = words.join(" ");
        let literal = Literal { end: text.len(), text, start: 0, exact: true };
        let lines = LineRange::line(1);
        for dialect in [Some(Dialect::Postgres), Some(Dialect::MySql), Some(Dialect::Sqlite), None] {
            for query in read_literal(0, &literal, lines, dialect) {
                for each in &query.uses {
                    prop_assert!(!each.tables.is_empty() && !each.column.is_empty());
                }
            }
        }
    }
}

//! Changes of a column's type: which of them touch neither rows nor indexes.

use super::dialect::Dialect;

/// Whether the database makes this change of type without touching rows or indexes.
pub(super) fn is_free(dialect: Dialect, old: &str, new: &str) -> bool {
    match dialect {
        Dialect::MySql => is_online_in_mysql(old, new),
        Dialect::SqlServer => is_metadata_in_sql_server(old, new),
        _ => is_widening(old, new),
    }
}

/// Whether values of the two types are ordered in different ways, so that an index has to be built
/// again although the rows stay as they are.
pub(super) fn is_compared_otherwise(old: &str, new: &str) -> bool {
    (split(old).0 == "citext") != (split(new).0 == "citext")
}

/// Whether `USING` says no more than the change itself would: `col`, `col::type`.
pub(super) fn is_plain_cast(using: &str, column: &str, new: &str) -> bool {
    let clean =
        |text: &str| text.to_lowercase().replace(['(', ')', '"', ' '], "").trim().to_owned();
    let using = clean(using);
    let column = clean(column);
    using == column || using == format!("{column}::{}", clean(new))
}

fn is_widening(old: &str, new: &str) -> bool {
    let (old_base, old_limit) = split(old);
    let (new_base, new_limit) = split(new);
    let wider = match (old_limit, new_limit) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(old), Some(new)) => new >= old,
    };
    match (old_base, new_base) {
        ("varchar" | "text" | "citext", "text" | "citext") | ("cidr", "inet") => true,
        // Without a number there are six digits; `timestamptz` differs in meaning, not in size.
        ("timestamp", "timestamp")
        | ("timestamptz", "timestamptz")
        | ("time", "time")
        | ("timetz", "timetz")
        | ("interval", "interval") => new_limit.unwrap_or(6) >= old_limit.unwrap_or(6),
        ("varchar", "varchar")
        | ("nvarchar", "nvarchar")
        | ("varbinary", "varbinary")
        | ("varbit", "varbit") => wider,
        ("text", "varchar") => new_limit.is_none(),
        ("numeric", "numeric") => {
            // A larger precision is free only with the same scale.
            wider && (scale(new) == scale(old) || new_limit.is_none())
        }
        _ => canonical(old) == canonical(new),
    }
}

/// `VARCHAR` may grow in place while its length still needs as many bytes as before, and `ENUM` and
/// `SET` while values are added at the end and the number of all needs no more bytes.
fn is_online_in_mysql(old: &str, new: &str) -> bool {
    let (old_base, old_limit) = split(old);
    let (new_base, new_limit) = split(new);
    match (old_base, new_base, old_limit, new_limit) {
        ("varchar", "varchar", Some(old), Some(new)) => {
            // With four bytes a character, 63 characters are the most that one byte counts.
            new >= old && (new <= 63 || old > 255 || old == new)
        }
        ("enum" | "set", other, _, _) if other == old_base => {
            let (old, new) = (values(old), values(new));
            let bytes = |count: usize| match (old_base, count) {
                ("enum", 0..=255) | ("set", 0..=8) => 1,
                ("enum", _) | ("set", 9..=16) => 2,
                ("set", 17..=24) => 3,
                ("set", 25..=32) => 4,
                _ => 8,
            };
            new.get(..old.len()).is_some_and(|start| start == old.as_slice())
                && bytes(old.len()) == bytes(new.len())
        }
        _ => in_mysql(old) == in_mysql(new),
    }
}

/// One spelling: the display width of a whole number changes nothing.
fn in_mysql(type_text: &str) -> String {
    let at = type_text.find(['(', ' ']).unwrap_or(type_text.len());
    let (base, rest) = type_text.split_at(at);
    let base = canonical(base);
    let sign = rest.split_once(')').map_or(rest, |(_, sign)| sign).trim();
    match base.as_str() {
        "boolean" => "tinyint".to_owned(),
        "integer" | "tinyint" | "smallint" | "mediumint" | "bigint" => {
            format!("{base} {sign}").trim_end().to_owned()
        }
        _ => canonical(type_text),
    }
}

/// A longer limit of a type with variable length, and a number that needs no more bytes, are noted
/// and no more.
fn is_metadata_in_sql_server(old: &str, new: &str) -> bool {
    let (old_base, old_limit) = split(old);
    let (new_base, new_limit) = split(new);
    let longest = |text: &str| text.ends_with("(max)");
    match (old_base, new_base) {
        ("varchar", "varchar") | ("nvarchar", "nvarchar") | ("varbinary", "varbinary") => {
            match (old_limit, new_limit) {
                (Some(old), Some(new)) => new >= old,
                (Some(_), None) => longest(new),
                (None, None) => longest(old) == longest(new),
                (None, Some(_)) => false,
            }
        }
        ("numeric", "numeric") => {
            let bytes = |digits: u32| match digits {
                0..=9 => 5,
                10..=19 => 9,
                20..=28 => 13,
                _ => 17,
            };
            let (old_digits, new_digits) = (old_limit.unwrap_or(18), new_limit.unwrap_or(18));
            new_digits >= old_digits
                && bytes(old_digits) == bytes(new_digits)
                && scale(old).unwrap_or("0") == scale(new).unwrap_or("0")
        }
        _ => canonical(old) == canonical(new),
    }
}

/// The values of MySQL's `ENUM('a', 'b')`.
pub(super) fn values(type_text: &str) -> Vec<String> {
    type_text.split('\'').skip(1).step_by(2).map(str::to_owned).collect()
}

fn scale(type_text: &str) -> Option<&str> {
    type_text.split(',').nth(1).map(|scale| scale.trim_matches([' ', ')']))
}

/// Whether a change to this type is free for columns that were text of some kind before.
pub(super) fn is_text_like(new: &str) -> bool {
    matches!(split(new), ("text", _) | ("varchar", _))
}

/// One spelling for types that are the same; `serial` is the integer that is stored.
pub(super) fn canonical(type_text: &str) -> String {
    let (base, rest) = match type_text.split_once('(') {
        Some((base, rest)) => (base.trim(), format!("({}", rest.replace(' ', ""))),
        None => (type_text.trim(), String::new()),
    };
    let base = match base.trim_start_matches("pg_catalog.") {
        "int" | "int4" | "serial" | "serial4" => "integer",
        "int8" | "bigserial" | "serial8" => "bigint",
        "int2" | "smallserial" | "serial2" => "smallint",
        "character varying" => "varchar",
        "decimal" => "numeric",
        "timestamp with time zone" => "timestamptz",
        "timestamp without time zone" => "timestamp",
        "bool" => "boolean",
        "float8" => "double precision",
        "float4" => "real",
        other => other,
    };
    format!("{base}{rest}")
}

fn split(type_text: &str) -> (&str, Option<u32>) {
    let (base, arguments) = type_text.split_once('(').unwrap_or((type_text, ""));
    let base = match base.trim() {
        "character varying" => "varchar",
        "bit varying" => "varbit",
        "decimal" => "numeric",
        "timestamp with time zone" => "timestamptz",
        "timestamp without time zone" => "timestamp",
        "time without time zone" => "time",
        other => other,
    };
    let first = arguments.split([',', ')']).next().unwrap_or("");
    (base, first.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_changes_that_keep_the_stored_form_are_free() {
        for (old, new) in [
            ("varchar(50)", "varchar(100)"),
            ("varchar(50)", "character varying"),
            ("varchar(50)", "text"),
            ("text", "varchar"),
            ("numeric(10,2)", "numeric(12, 2)"),
            ("decimal(10, 2)", "numeric"),
            ("int4", "integer"),
            ("citext", "text"),
            ("cidr", "inet"),
            ("timestamp(3)", "timestamp(6)"),
            ("timestamp(6)", "timestamp"),
            ("nvarchar(20)", "nvarchar(40)"),
            ("nvarchar(20)", "nvarchar(max)"),
        ] {
            assert!(is_free(Dialect::Postgres, old, new), "{old} to {new}");
        }
        for (old, new) in [
            ("varchar(100)", "varchar(50)"),
            ("text", "varchar(50)"),
            ("int", "bigint"),
            ("char(10)", "varchar(10)"),
            ("numeric(10,2)", "numeric(12,4)"),
            ("timestamp", "timestamptz"),
            ("timestamp", "timestamp(3)"),
            ("inet", "cidr"),
        ] {
            assert!(!is_free(Dialect::Postgres, old, new), "{old} to {new}");
        }
    }

    #[test]
    fn mysql_counts_the_bytes_of_the_length() {
        assert!(is_free(Dialect::MySql, "varchar(20)", "varchar(60)"));
        assert!(is_free(Dialect::MySql, "varchar(300)", "varchar(400)"));
        assert!(!is_free(Dialect::MySql, "varchar(20)", "varchar(300)"));
        assert!(is_free(Dialect::MySql, "enum('a','b')", "enum('a','b','c')"));
        assert!(!is_free(Dialect::MySql, "enum('a','b')", "enum('a','c','b')"));
        assert!(!is_free(Dialect::MySql, "int", "bigint"));
        assert!(is_free(Dialect::MySql, "int(11)", "int"));
        assert!(is_free(Dialect::MySql, "tinyint(1)", "bool"));
        assert!(!is_free(Dialect::MySql, "int(10)", "int(10) unsigned"));
        assert!(is_free(Dialect::MySql, "int(10) unsigned", "int unsigned"));
        let set = |count: usize| format!("set('{}')", vec!["v"; count].join("','"));
        assert!(is_free(Dialect::MySql, &set(9), &set(16)));
        assert!(!is_free(Dialect::MySql, &set(8), &set(9)));
    }

    #[test]
    fn sql_server_notes_a_longer_limit_only() {
        let free = |old, new| is_free(Dialect::SqlServer, old, new);
        assert!(free("nvarchar(50)", "nvarchar(200)") && free("nvarchar(50)", "nvarchar(max)"));
        assert!(free("decimal(10,2)", "decimal(18,2)") && free("int", "int"));
        assert!(!free("nvarchar(200)", "nvarchar(50)") && !free("nvarchar(max)", "nvarchar(50)"));
        assert!(!free("varchar(50)", "nvarchar(50)") && !free("int", "bigint"));
        assert!(!free("decimal(18,2)", "decimal(20,2)") && !free("decimal(18,2)", "decimal(18,4)"));
    }

    #[test]
    fn a_cast_that_says_nothing_new_is_plain() {
        assert!(is_plain_cast("\"field\"::varchar(10)", "field", "varchar(10)"));
        assert!(!is_plain_cast("lower(field)", "field", "text"));
    }
}

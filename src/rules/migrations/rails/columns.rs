//! Column definitions of Rails, as PostgreSQL writes them.

use super::super::translate::{Call, Value, literal, name};

/// Methods of a table's block, and types of `add_column`, that declare a column.
pub(super) fn type_of(kind: &str, call: &Call) -> Option<String> {
    let number = |option: &str| match call.option(option) {
        Some(Value::Number(number)) => number.replace('_', "").parse::<u32>().ok(),
        _ => None,
    };
    let (limit, precision, scale) = (number("limit"), number("precision"), number("scale"));
    let sized = |base: &str, size: Option<u32>| match size {
        Some(size) => format!("{base}({size})"),
        None => base.to_owned(),
    };
    let fraction = precision.or(limit);
    let text = match kind {
        "string" | "varchar" => sized("varchar", limit),
        "text" | "mediumtext" | "longtext" => "text".to_owned(),
        "integer" | "int" => match limit {
            Some(5..=8) => "bigint".to_owned(),
            Some(1..=2) => "smallint".to_owned(),
            _ => "integer".to_owned(),
        },
        "bigint" | "big_integer" => "bigint".to_owned(),
        "smallint" => "smallint".to_owned(),
        "float" | "double" => "double precision".to_owned(),
        "decimal" | "numeric" => match (precision, scale) {
            (Some(precision), Some(scale)) => format!("numeric({precision},{scale})"),
            (Some(precision), None) => format!("numeric({precision})"),
            _ => "numeric".to_owned(),
        },
        // Rails gives its `datetime` six digits unless it is told otherwise.
        "datetime" if call.option("precision") == Some(&Value::Nothing) => "timestamp".to_owned(),
        "datetime" => sized("timestamp", fraction.or(Some(6))),
        "timestamp" | "timestamptz" | "time" | "timetz" | "interval" => sized(kind, fraction),
        "binary" | "blob" => "bytea".to_owned(),
        "boolean" | "date" | "json" | "jsonb" | "uuid" | "inet" | "cidr" | "macaddr" | "citext"
        | "hstore" | "xml" | "tsvector" | "money" | "point" | "bit" | "ltree" | "int4range"
        | "int8range" | "daterange" | "tsrange" | "tstzrange" | "numrange" | "serial"
        | "bigserial" => kind.to_owned(),
        "primary_key" => "bigserial".to_owned(),
        "enum" => call
            .text_option("enum_type")
            .or_else(|| call.text_option("enum"))
            .and_then(name)
            .unwrap_or_else(|| "text".to_owned()),
        "virtual" => return type_of(call.text_option("type")?, &without_type(call)),
        // A type as the database calls it (`"varchar(10)"`, `"geometry"`).
        other if other.chars().all(|c| c.is_alphanumeric() || " (),_".contains(c)) => {
            other.to_lowercase()
        }
        _ => return None,
    };
    Some(if call.option("array").is_some_and(Value::is_true) { format!("{text}[]") } else { text })
}

fn without_type(call: &Call) -> Call {
    let named = call.named.iter().filter(|(key, _)| key != "type").cloned().collect();
    Call { named, ..call.clone() }
}

/// A column as `CREATE TABLE` and `ADD COLUMN` take it; `None` if a part of it is not constant.
pub(super) fn definition(column: &str, kind: &str, call: &Call) -> Option<String> {
    let mut sql = format!("{} {}", name(column)?, type_of(kind, call)?);
    if call.option("null").is_some_and(Value::is_false) {
        sql.push_str(" NOT NULL");
    }
    if kind == "primary_key" || call.option("primary_key").is_some_and(Value::is_true) {
        sql.push_str(" PRIMARY KEY");
    }
    if kind == "virtual" {
        let expression = call.text_option("as")?;
        let stored = call.option("stored").is_some_and(Value::is_true);
        let how = if stored { "STORED" } else { "VIRTUAL" };
        sql.push_str(&format!(" GENERATED ALWAYS AS ({expression}) {how}"));
    } else if let Some(value) = call.option("default")
        && *value != Value::Nothing
    {
        sql.push_str(&format!(" DEFAULT {}", default(kind, value)));
    }
    Some(sql)
}

/// The expression of a default. What cannot be read is taken for a constant: that is what nearly
/// all are.
pub(super) fn default(kind: &str, value: &Value) -> String {
    match value {
        // The adapter takes this for a call of a function.
        Value::Text(text) if kind == "uuid" && text.text.ends_with("()") => text.text.clone(),
        Value::Computed(Some(inner)) => inner.text().map_or("0".to_owned(), str::to_owned),
        other => literal(other).unwrap_or_else(|| "''".to_owned()),
    }
}

/// `users` → `user`, well enough for the names of keys.
pub(super) fn singular(table: &str) -> String {
    let table = table.rsplit('.').next().unwrap_or(table);
    let ends =
        |suffix: &str, with: &str| table.strip_suffix(suffix).map(|stem| format!("{stem}{with}"));
    ends("ies", "y")
        .or_else(|| ends("sses", "ss"))
        .or_else(|| ends("xes", "x"))
        .or_else(|| ends("ches", "ch"))
        .or_else(|| ends("shes", "sh"))
        .or_else(|| (!table.ends_with("ss")).then(|| ends("s", "")).flatten())
        .unwrap_or_else(|| table.to_owned())
}

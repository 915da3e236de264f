//! Names and values as SQL writes them.

use super::value::Value;

/// Words that PostgreSQL or MySQL refuse as bare names and that tables and columns are called.
const RESERVED: [&str; 42] = [
    "all",
    "analyze",
    "and",
    "any",
    "array",
    "as",
    "asc",
    "case",
    "check",
    "column",
    "constraint",
    "create",
    "default",
    "desc",
    "distinct",
    "do",
    "else",
    "end",
    "from",
    "grant",
    "group",
    "having",
    "in",
    "index",
    "interval",
    "key",
    "limit",
    "offset",
    "on",
    "option",
    "order",
    "primary",
    "rank",
    "references",
    "row",
    "select",
    "table",
    "to",
    "union",
    "unique",
    "user",
    "where",
];

/// A table, column or other name, quoted where SQL needs it; `None` if it is no sound name.
pub fn name(text: &str) -> Option<String> {
    let sound = |part: &str| {
        !part.is_empty()
            && part.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '$' | '-' | '~' | ' '))
    };
    if text.len() > 256 || !text.split('.').all(sound) {
        return None;
    }
    Some(text.split('.').map(quoted).collect::<Vec<_>>().join("."))
}

fn quoted(part: &str) -> String {
    let plain = part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        && !part.starts_with(|c: char| c.is_ascii_digit())
        && !RESERVED.contains(&part);
    if plain { part.to_owned() } else { format!("\"{part}\"") }
}

/// Names as a list between commas.
pub fn list<S: AsRef<str>>(names: &[S]) -> Option<String> {
    let quoted: Option<Vec<String>> = names.iter().map(|each| name(each.as_ref())).collect();
    quoted.filter(|names| !names.is_empty()).map(|names| names.join(", "))
}

/// A constant as SQL writes it.
pub fn literal(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(format!("'{}'", text.text.replace('\'', "''"))),
        Value::Number(number) => Some(number.replace('_', "")),
        Value::Boolean(true) => Some("TRUE".to_owned()),
        Value::Boolean(false) => Some("FALSE".to_owned()),
        Value::Nothing => Some("NULL".to_owned()),
        Value::List(_) | Value::Pairs(_) => Some("'{}'".to_owned()),
        _ => None,
    }
}

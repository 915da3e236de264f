//! The strict form: block style, keys in the order of the type, every doubtful text quoted.

use serde_json::Value;

use crate::domain::plan::Plan;

/// The plan as a YAML document with the key `plan`.
pub fn write(plan: &Plan) -> String {
    let value = serde_json::to_value(plan).unwrap_or_default();
    let mut text = "plan:\n".to_owned();
    block(&value, 1, &mut text);
    text
}

/// Depth is that of the type: a plan holds no free-form data.
fn block(value: &Value, indent: usize, text: &mut String) {
    match value {
        Value::Object(entries) => {
            for (key, value) in entries {
                pad(indent, text);
                text.push_str(key);
                text.push(':');
                after(value, indent, text);
            }
        }
        Value::Array(items) => {
            for item in items {
                pad(indent, text);
                text.push('-');
                match item {
                    Value::Object(entries) if !entries.is_empty() => {
                        let mut inner = String::new();
                        block(item, indent + 1, &mut inner);
                        // The first key stands beside the dash.
                        text.push(' ');
                        text.push_str(inner.trim_start());
                    }
                    other => after(other, indent, text),
                }
            }
        }
        scalar => {
            pad(indent, text);
            plain(scalar, text);
            text.push('\n');
        }
    }
}

fn after(value: &Value, indent: usize, text: &mut String) {
    match value {
        Value::Object(entries) if entries.is_empty() => text.push_str(" {}\n"),
        Value::Array(items) if items.is_empty() => text.push_str(" []\n"),
        Value::Array(items) if items.iter().all(is_short) && items.len() <= 12 => {
            text.push_str(" [");
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push_str(", ");
                }
                plain(item, text);
            }
            text.push_str("]\n");
        }
        Value::Object(_) | Value::Array(_) => {
            text.push('\n');
            block(value, indent + 1, text);
        }
        scalar => {
            text.push(' ');
            plain(scalar, text);
            text.push('\n');
        }
    }
}

/// Ids and the like stand on one line.
fn is_short(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.len() <= 24 && is_plain(text))
}

fn pad(indent: usize, text: &mut String) {
    for _ in 0..indent {
        text.push_str("  ");
    }
}

fn plain(value: &Value, text: &mut String) {
    match value {
        Value::String(string) if is_plain(string) => text.push_str(string),
        // A JSON string is a double-quoted YAML scalar, once the breaks that only YAML knows, and the
        // two code points that it does not allow, are written as escapes.
        Value::String(string) => {
            let quoted = Value::String(string.clone()).to_string();
            for character in quoted.chars() {
                match character {
                    '\u{7F}'..='\u{9F}'
                    | '\u{2028}'
                    | '\u{2029}'
                    | '\u{FEFF}'
                    | '\u{FFFE}'
                    | '\u{FFFF}' => {
                        text.push_str(&format!("\\u{:04X}", character as u32));
                    }
                    other => text.push(other),
                }
            }
        }
        other => text.push_str(&other.to_string()),
    }
}

/// Whether a text may stand without quotes and still be read as the same text.
fn is_plain(text: &str) -> bool {
    let start = text.starts_with(|c: char| c.is_ascii_alphabetic());
    let end = text.ends_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | ')'));
    let inside = |c: char| {
        c.is_ascii_alphanumeric() || matches!(c, ' ' | '_' | '-' | '/' | '.' | ';' | '(' | ')')
    };
    let word = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    start
        && end
        && text.chars().all(inside)
        && !text.contains("  ")
        && !word.contains(&text.to_ascii_lowercase().as_str())
}

//! Scalar types, the names that protobuf derives from others, and default values.

use super::model::{Cardinality, DefaultValue, Kind};
use super::syntax::Value;

/// The text of a simple value; empty for messages and lists.
pub fn written(value: &Value) -> String {
    match value {
        Value::Name(text) | Value::Number(text) | Value::Text(text) => text.clone(),
        Value::Message(_) | Value::List(_) => String::new(),
    }
}

pub fn scalar(name: &str) -> Option<Kind> {
    Some(match name {
        "double" => Kind::Double,
        "float" => Kind::Float,
        "int32" => Kind::Int32,
        "int64" => Kind::Int64,
        "uint32" => Kind::Uint32,
        "uint64" => Kind::Uint64,
        "sint32" => Kind::Sint32,
        "sint64" => Kind::Sint64,
        "fixed32" => Kind::Fixed32,
        "fixed64" => Kind::Fixed64,
        "sfixed32" => Kind::Sfixed32,
        "sfixed64" => Kind::Sfixed64,
        "bool" => Kind::Bool,
        "string" => Kind::Text,
        "bytes" => Kind::Bytes,
        _ => return None,
    })
}

/// `order_items` becomes `OrderItemsEntry`.
pub fn map_entry_name(field: &str) -> String {
    joined(field, true) + "Entry"
}

/// `order_items` becomes `orderItems`.
pub fn json_name(field: &str) -> String {
    joined(field, false)
}

/// The words between underscores, all but the first with a capital; that one if `upper`.
fn joined(field: &str, mut upper: bool) -> String {
    let mut name = String::with_capacity(field.len());
    for c in field.chars() {
        match c {
            '_' => upper = true,
            _ if std::mem::take(&mut upper) => name.push(c.to_ascii_uppercase()),
            _ => name.push(c),
        }
    }
    name
}

pub fn default(kind: Kind, cardinality: Cardinality, set: Option<&Value>) -> Option<DefaultValue> {
    if matches!(cardinality, Cardinality::Repeated | Cardinality::Map) {
        return None;
    }
    let text = set.map(written);
    Some(match kind {
        Kind::Message | Kind::Group | Kind::Unknown => return None,
        // The number of the value is looked up later.
        Kind::Enum => return text.map(DefaultValue::Text),
        Kind::Text | Kind::Bytes => DefaultValue::Text(text.unwrap_or_default()),
        Kind::Bool => DefaultValue::Whole(i128::from(text.as_deref() == Some("true"))),
        Kind::Double => DefaultValue::Number(number(text.as_deref())),
        #[allow(clippy::cast_possible_truncation)]
        Kind::Float => DefaultValue::Number(f64::from(number(text.as_deref()) as f32)),
        _ => DefaultValue::Whole(whole(text.as_deref().unwrap_or("0"))?),
    })
}

fn number(text: Option<&str>) -> f64 {
    let text = text.unwrap_or("0");
    whole(text).map_or_else(
        || text.parse().unwrap_or(0.0),
        #[allow(clippy::cast_precision_loss)]
        |whole| whole as f64,
    )
}

fn whole(text: &str) -> Option<i128> {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
    let lower = digits.to_ascii_lowercase();
    let value = match lower.strip_prefix("0x") {
        Some(digits) => i128::from_str_radix(digits, 16).ok()?,
        None if lower.len() > 1 && lower.starts_with('0') => {
            i128::from_str_radix(&lower, 8).ok()?
        }
        None => lower.parse().ok()?,
    };
    Some(sign * value)
}

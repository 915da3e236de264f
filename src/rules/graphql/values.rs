//! When two defaults mean the same.

use super::syntax::{Input, Type, Value};

/// Whether both sides do the same when the argument or field is left out.
pub fn same_default(old: &Input, new: &Input) -> bool {
    match (&old.default, &new.default) {
        (Some(before), Some(after)) => same(before, &old.kind, after, &new.kind),
        // A default of `null` is what leaving it out means anyway.
        (Some(one), None) | (None, Some(one)) => *one == Value::Name("null".to_owned()),
        (None, None) => true,
    }
}

fn same(one: &Value, one_kind: &Type, other: &Value, other_kind: &Type) -> bool {
    let (one_kind, other_kind) = (nullable(one_kind), nullable(other_kind));
    if let (Some(inner), Some(other_inner)) = (items(one_kind), items(other_kind)) {
        let (ones, others) = (as_list(one), as_list(other));
        let alike = |(a, b): (&Value, &Value)| same(a, inner, b, other_inner);
        return ones.len() == others.len() && ones.iter().zip(others).all(alike);
    }
    match (one, other) {
        (Value::Number(a), Value::Number(b)) => {
            a == b || matches!((a.parse::<f64>(), b.parse::<f64>()), (Ok(a), Ok(b)) if a == b)
        }
        // Ids are texts, however they are written.
        (Value::Number(a), Value::Text(b)) | (Value::Text(a), Value::Number(b)) => {
            let is_id = |kind: &Type| *kind == Type::Named("ID".to_owned());
            a == b && is_id(one_kind) && is_id(other_kind)
        }
        (Value::List(a), Value::List(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, one_kind, b, other_kind))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter().all(|(key, value)| {
                    b.iter().any(|(k, v)| k == key && same(value, one_kind, v, other_kind))
                })
        }
        _ => one == other,
    }
}

fn nullable(kind: &Type) -> &Type {
    match kind {
        Type::NonNull(inner) => inner,
        other => other,
    }
}

fn items(kind: &Type) -> Option<&Type> {
    match kind {
        Type::List(inner) => Some(inner),
        _ => None,
    }
}

/// A single value given for a list is a list of one.
fn as_list(value: &Value) -> &[Value] {
    match value {
        Value::List(items) => items,
        other => std::slice::from_ref(other),
    }
}

//! Rows changed through models.

use super::super::translate::{Call, Value, literal, name};
use super::Walk;

impl Walk<'_, '_> {
    /// Whether the call changes rows of a model's table.
    pub(super) fn is_data_change(&self, call: &Call) -> bool {
        matches!(call.name.as_str(), "update_all" | "delete_all" | "destroy_all")
            && call.receiver.is_some()
    }

    pub(super) fn data_change(&mut self, call: &Call) {
        let Some((model, filtered, batched)) = chain(call.receiver.as_ref(), 0) else { return };
        // In batches it is what the rules ask for.
        let Some(table) = name(&table_of(&model)).filter(|_| !batched) else { return };
        let only = if filtered { " WHERE id IS NOT NULL" } else { "" };
        let assigned = call.named.iter().find_map(|(column, value)| {
            Some(format!("{} = {}", name(column)?, literal(&value.value)?))
        });
        let sql = match call.name.as_str() {
            "update_all" => {
                format!("UPDATE {table} SET {}{only}", assigned.unwrap_or("id = id".to_owned()))
            }
            _ => format!("DELETE FROM {table}{only}"),
        };
        self.writer.statement(&call.bytes, &sql);
    }
}

/// The model at the start of a chain of calls, whether the chain filters, and whether it goes in
/// batches.
fn chain(value: Option<&Value>, depth: usize) -> Option<(String, bool, bool)> {
    match value? {
        Value::Name(model) if model.starts_with(|c: char| c.is_uppercase()) => {
            Some((model.clone(), false, false))
        }
        Value::Call(call) if depth < 12 => {
            let (model, filtered, batched) = chain(call.receiver.as_ref(), depth + 1)?;
            let narrows =
                !matches!(call.name.as_str(), "all" | "unscoped" | "order" | "in_batches");
            Some((model, filtered || narrows, batched || call.name == "in_batches"))
        }
        _ => None,
    }
}

/// `OrderItem` → `order_items`.
fn table_of(model: &str) -> String {
    let model = model.rsplit("::").next().unwrap_or(model);
    let mut table = String::new();
    for (at, letter) in model.chars().enumerate() {
        if letter.is_uppercase() && at > 0 {
            table.push('_');
        }
        table.extend(letter.to_lowercase());
    }
    super::keys::plural(&table)
}

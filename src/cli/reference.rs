//! Tables of settings, made from the types that read them.

use serde_json::Value;

/// The keys of a settings type as a Markdown table: key, values, default, meaning. `defaults` is
/// the type's default value, serialised.
pub fn table(schema: &Value, defaults: &Value) -> String {
    let mut rows = Vec::new();
    collect(schema, schema, defaults, "", &mut rows);
    let mut table = String::from("| Key | Values | Default | Meaning |\n|---|---|---|---|\n");
    for row in rows {
        table.push_str(&row);
    }
    table
}

fn collect(root: &Value, schema: &Value, defaults: &Value, prefix: &str, rows: &mut Vec<String>) {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return };
    for (key, property) in properties {
        let target = resolve(root, property);
        let default = defaults.get(key).unwrap_or(&Value::Null);
        let name = format!("{prefix}{key}");
        if target.get("properties").is_some() {
            collect(root, target, default, &format!("{name}."), rows);
            continue;
        }
        let text =
            |value: &Value| value.get("description").and_then(Value::as_str).map(str::to_owned);
        let meaning = text(property).or_else(|| text(target)).unwrap_or_default();
        rows.push(format!(
            "| `{name}` | {} | {} | {} |\n",
            values(root, property),
            shown(default),
            meaning.replace('\n', " ").replace('|', "\\|")
        ));
    }
}

/// What a `$ref` points at.
fn resolve<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    let reference = schema.get("$ref").and_then(Value::as_str);
    let pointer = reference.and_then(|reference| reference.strip_prefix('#'));
    pointer.and_then(|pointer| root.pointer(pointer)).unwrap_or(schema)
}

fn values(root: &Value, schema: &Value) -> String {
    let schema = resolve(root, schema);
    if let Some(choices) = choices(schema) {
        return choices.join(", ");
    }
    for word in ["anyOf", "oneOf"] {
        if let Some(any) = schema.get(word).and_then(Value::as_array) {
            let kinds: Vec<String> = any
                .iter()
                .filter(|kind| kind.get("type").and_then(Value::as_str) != Some("null"))
                .map(|kind| values(root, kind))
                .collect();
            return kinds.join(" or ");
        }
    }
    let kind = match schema.get("type") {
        Some(Value::String(kind)) => kind.as_str(),
        Some(Value::Array(kinds)) => {
            kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null").unwrap_or_default()
        }
        _ => "",
    };
    match kind {
        "array" => format!("list of {}", values(root, schema.get("items").unwrap_or(&Value::Null))),
        "boolean" => "true, false".to_owned(),
        "integer" => "number".to_owned(),
        "string" => "text".to_owned(),
        "object" => "table".to_owned(),
        other => other.to_owned(),
    }
}

fn choices(schema: &Value) -> Option<Vec<String>> {
    let quoted = |value: &Value| value.as_str().map(|text| format!("`{text}`"));
    if let Some(list) = schema.get("enum").and_then(Value::as_array) {
        return list.iter().map(quoted).collect();
    }
    let each = schema.get("oneOf").and_then(Value::as_array)?;
    each.iter().map(|one| quoted(one.get("const")?)).collect()
}

fn shown(default: &Value) -> String {
    match default {
        Value::Null => "–".to_owned(),
        Value::Array(list) if list.is_empty() => "none".to_owned(),
        Value::Object(map) if map.is_empty() => "none".to_owned(),
        Value::Array(list) => {
            let items: Vec<String> = list.iter().map(|item| format!("`{item}`")).collect();
            items.join(", ").replace('"', "")
        }
        Value::String(text) => format!("`{text}`"),
        other => format!("`{other}`"),
    }
}

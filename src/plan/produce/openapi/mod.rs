//! Operations added to an OpenAPI document: text is inserted, everything else stays as it was
//! written, and the result is read back to see that nothing else changed.

mod insert_json;
mod insert_yaml;
mod operation;

use serde_json::Value;

use super::ground::Overlay;
use super::{ProduceError, Produced};
use crate::domain::plan::{Endpoint, Plan};

/// Longest document that is edited, in bytes.
const MAX_DOCUMENT: usize = 4_000_000;
const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// One operation to add.
struct Addition {
    path: String,
    /// Lower case.
    method: String,
    operation: Value,
}

pub(super) fn produce(
    path: &str,
    endpoints: &[Endpoint],
    plan: &Plan,
    overlay: &Overlay<'_>,
) -> Result<Produced, ProduceError> {
    if endpoints.is_empty() {
        return Err(ProduceError::Unknown(
            "no endpoint is named that could be described".to_owned(),
        ));
    }
    let json = path.ends_with(".json");
    let there = overlay.has(path);
    let before = match overlay.text(path) {
        Some(text) => text,
        None if there => {
            return Err(ProduceError::Unknown(format!("`{path}` could not be read")));
        }
        None => new_document(json),
    };
    if before.len() > MAX_DOCUMENT {
        return Err(ProduceError::NotGenerated(format!("`{path}` is too large to be edited here")));
    }
    let old = read(&before, json, path)?;
    check_version(&old, path)?;
    let mut text = before;
    let mut produced = Produced::default();
    let mut added = Vec::new();
    for endpoint in endpoints {
        let addition = operation::addition(endpoint, plan, &old)?;
        if old.pointer(&pointer(&addition)).is_some() {
            produced.notes.push(format!(
                "`{} {}` is in `{path}` already and was left as it is",
                endpoint.method, addition.path
            ));
            continue;
        }
        text = if json {
            insert_json::insert(&text, &addition)
        } else {
            insert_yaml::insert(&text, &addition)
        }
        .ok_or_else(|| {
            ProduceError::NotGenerated(format!(
                "`{path}` is laid out in a way that this cannot add to without changing the rest"
            ))
        })?;
        added.push(addition);
    }
    if added.is_empty() {
        return Err(ProduceError::Conflict(format!("all operations are in `{path}` already")));
    }
    check_result(&old, &text, json, path, &added)?;
    if there {
        produced.modify(path, text)?
    } else {
        produced.add(path, text)?
    }
    notes(&old, &added, plan, &mut produced);
    Ok(produced)
}

fn pointer(addition: &Addition) -> String {
    let path = addition.path.replace('~', "~0").replace('/', "~1");
    format!("/paths/{path}/{}", addition.method)
}

fn read(text: &str, json: bool, path: &str) -> Result<Value, ProduceError> {
    let value = if json {
        serde_json::from_str(text).ok()
    } else {
        serde_saphyr::from_str::<Value>(text).ok()
    };
    value
        .filter(Value::is_object)
        .ok_or_else(|| ProduceError::Unknown(format!("`{path}` could not be read as one document")))
}

fn check_version(document: &Value, path: &str) -> Result<(), ProduceError> {
    match document.get("openapi").and_then(Value::as_str) {
        Some(version) if version.starts_with("3.") => Ok(()),
        _ => Err(ProduceError::NotGenerated(format!(
            "`{path}` is not an OpenAPI 3 document; other versions are written by a person"
        ))),
    }
}

/// The new text must say what the old one said, and the additions.
fn check_result(
    old: &Value,
    text: &str,
    json: bool,
    path: &str,
    added: &[Addition],
) -> Result<(), ProduceError> {
    let mut wanted = old.clone();
    for addition in added {
        let paths = wanted.as_object_mut().map(|document| {
            document.entry("paths").or_insert_with(|| Value::Object(serde_json::Map::new()))
        });
        if let Some(paths) = paths {
            if paths.is_null() {
                *paths = Value::Object(serde_json::Map::new());
            }
            let item = paths.as_object_mut().map(|paths| {
                paths
                    .entry(addition.path.clone())
                    .or_insert_with(|| Value::Object(serde_json::Map::new()))
            });
            if let Some(item) = item.and_then(Value::as_object_mut) {
                item.insert(addition.method.clone(), addition.operation.clone());
            }
        }
    }
    if read(text, json, path)? == wanted {
        return Ok(());
    }
    Err(ProduceError::NotGenerated(format!(
        "`{path}` is laid out in a way that this cannot add to without changing the rest"
    )))
}

fn new_document(json: bool) -> String {
    if json {
        "{\n  \"openapi\": \"3.1.0\",\n  \"info\": {\n    \"title\": \"API\",\n    \"version\": \"0.1.0\"\n  },\n  \"paths\": {}\n}\n".to_owned()
    } else {
        "openapi: 3.1.0\ninfo:\n  title: API\n  version: 0.1.0\npaths: {}\n".to_owned()
    }
}

fn notes(old: &Value, added: &[Addition], plan: &Plan, produced: &mut Produced) {
    let schemes = old.pointer("/components/securitySchemes").and_then(Value::as_object);
    if let Some(names) = schemes.filter(|schemes| !schemes.is_empty())
        && old.get("security").is_none()
        && added.iter().any(|addition| addition.operation.get("security").is_none())
    {
        let names: Vec<String> = names.keys().take(5).map(|name| format!("`{name}`")).collect();
        produced.notes.push(format!(
            "Which of the security schemes ({}) the new operations need is still to be said",
            names.join(", ")
        ));
    }
    let open =
        added.iter().any(|addition| addition.operation.to_string().contains(operation::OPEN));
    if open {
        produced
            .notes
            .push("Fields whose type is not known yet say so in their description".to_owned());
    }
    if plan.contract.as_ref().is_some_and(|contract| contract.profile.is_none()) {
        produced.notes.push("The form of error answers is not settled".to_owned());
    }
    for addition in added {
        produced.verification.push(format!(
            "the document describes `{} {}`, and everything else in it is unchanged",
            addition.method.to_uppercase(),
            addition.path
        ));
    }
}

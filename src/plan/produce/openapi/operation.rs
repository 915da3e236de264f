//! What is known about an operation, as OpenAPI says it.

use serde_json::{Map, Value, json};

use super::{Addition, METHODS};
use crate::domain::plan::{Artefact, ColumnSpec, Endpoint, Execution, Plan, SchemaChange};
use crate::plan::produce::ProduceError;
use crate::plan::produce::names::{camel, singular, snake, words};
use crate::plan::words::sentence;

/// Stands where a type is not known.
pub(super) const OPEN: &str = "Type to be agreed.";

pub(super) fn addition(
    endpoint: &Endpoint,
    plan: &Plan,
    document: &Value,
) -> Result<Addition, ProduceError> {
    let method = endpoint.method.to_ascii_lowercase();
    let path = path(&endpoint.path);
    let sound = path.starts_with('/')
        && path.len() <= 200
        && path.chars().all(|c| c.is_ascii_alphanumeric() || "/{}_-.~:".contains(c));
    if !METHODS.contains(&method.as_str()) || !sound {
        let shown: String = endpoint.path.chars().filter(|c| *c != '`').take(80).collect();
        return Err(ProduceError::Unknown(format!("`{shown}` is not the path of an operation")));
    }
    let mut operation = Map::new();
    let action = action(&method, &path);
    let summary = match &action {
        Some((verb, noun)) => format!("{} {}", sentence(verb), with_article(noun)),
        None => summary(&method, &path),
    };
    operation.insert("summary".to_owned(), summary.into());
    let name = match &action {
        Some((verb, noun)) => format!("{verb} {noun}"),
        None => by_path(&method, &path),
    };
    operation.insert("operationId".to_owned(), operation_id(&name, document).into());
    let mut parameters: Vec<Value> = parameters(&path)
        .map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}))
        .collect();
    parameters.extend(usual_parameters(&method, &path, document));
    if let Some(security) = usual_security(document) {
        operation.insert("security".to_owned(), security);
    }
    if !parameters.is_empty() {
        operation.insert("parameters".to_owned(), parameters.into());
    }
    // What is done to one thing often needs nothing but the thing.
    let bare = action.is_some() && endpoint.request.is_empty();
    if matches!(method.as_str(), "post" | "put" | "patch") && !bare {
        let content = json!({"application/json": {"schema": schema(&endpoint.request, plan)}});
        operation.insert("requestBody".to_owned(), json!({"required": true, "content": content}));
    }
    let responses = responses(&method, action.is_some(), endpoint, plan, document);
    operation.insert("responses".to_owned(), responses);
    Ok(Addition { path, method, operation: Value::Object(operation) })
}

/// `/trades/:id` and `/trades/<id>` as `/trades/{id}`.
fn path(written: &str) -> String {
    let segment = |segment: &str| {
        let name = segment
            .strip_prefix(':')
            .or_else(|| segment.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')));
        match name {
            Some(name) => format!("{{{}}}", name.rsplit(':').next().unwrap_or(name)),
            None => segment.to_owned(),
        }
    };
    let path = written.split(['?', '#']).next().unwrap_or(written);
    path.split('/').map(segment).collect::<Vec<_>>().join("/")
}

fn parameters(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
}

/// Words at the end of a path that say what is done to the thing before them.
const ACTIONS: [&str; 44] = [
    "accept",
    "activate",
    "approve",
    "archive",
    "assign",
    "block",
    "cancel",
    "capture",
    "close",
    "complete",
    "confirm",
    "deactivate",
    "decline",
    "disable",
    "enable",
    "expire",
    "fulfil",
    "fulfill",
    "lock",
    "pause",
    "pay",
    "publish",
    "refund",
    "reject",
    "release",
    "renew",
    "reopen",
    "resend",
    "reset",
    "restore",
    "resume",
    "retry",
    "revoke",
    "send",
    "ship",
    "start",
    "stop",
    "submit",
    "suspend",
    "unblock",
    "unlock",
    "unpublish",
    "verify",
    "void",
];

/// `POST /orders/{id}/cancel`: what is done, and to what.
fn action(method: &str, path: &str) -> Option<(String, String)> {
    let mut parts = path.rsplit('/');
    let (verb, one, many) = (parts.next()?, parts.next()?, parts.next()?);
    let fits = method == "post" && ACTIONS.contains(&verb) && one.starts_with('{');
    let noun = singular(&words(many).join(" "));
    (fits && !noun.is_empty() && !many.starts_with('{')).then(|| (verb.to_owned(), noun))
}

fn with_article(noun: &str) -> String {
    let article = if noun.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {noun}")
}

fn summary(method: &str, path: &str) -> String {
    let one = path.ends_with('}');
    let last = path.split('/').rfind(|segment| !segment.is_empty() && !segment.starts_with('{'));
    let many = words(last.unwrap_or("it")).join(" ");
    let single = with_article(&singular(&many));
    match method {
        "get" if one => format!("Read {single}"),
        "get" => format!("List {many}"),
        "post" => format!("Create {single}"),
        "put" => format!("Replace {single}"),
        "patch" => format!("Change {single}"),
        "delete" => format!("Delete {single}"),
        other => format!("{} {many}", other.to_uppercase()),
    }
}

/// Method and path as words.
fn by_path(method: &str, path: &str) -> String {
    let by: Vec<String> = path
        .split('/')
        .filter(|segment| !segment.is_empty())
        .map(|segment| match segment.strip_prefix('{') {
            Some(name) => format!("by {}", name.trim_end_matches('}')),
            None => segment.to_owned(),
        })
        .collect();
    format!("{method} {}", by.join(" "))
}

/// These words in the style of the ids that are there.
fn operation_id(words: &str, document: &Value) -> String {
    let items = document.get("paths").and_then(Value::as_object);
    let known: Vec<&str> = items
        .into_iter()
        .flat_map(Map::values)
        .filter_map(Value::as_object)
        .flat_map(Map::values)
        .filter_map(|operation| operation.get("operationId")?.as_str())
        .collect();
    let id = if known.iter().any(|id| id.contains('_')) { snake(words, 80) } else { camel(words) };
    if !known.contains(&id.as_str()) {
        return id;
    }
    (2..100).map(|n| format!("{id}{n}")).find(|id| !known.contains(&id.as_str())).unwrap_or(id)
}

/// Names by which lists are cut into pages.
const PAGING: &[&str] = &[
    "limit",
    "offset",
    "page",
    "page_size",
    "pagesize",
    "per_page",
    "perpage",
    "size",
    "cursor",
    "after",
    "before",
    "page_token",
    "pagetoken",
];

/// Path, method and operation of everything that the document describes.
fn operations(document: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    let items = document.get("paths").and_then(Value::as_object).into_iter().flatten();
    items.flat_map(|(path, item)| {
        let methods = item.as_object().into_iter().flatten();
        methods
            .filter(|(method, _)| METHODS.contains(&method.as_str()))
            .map(move |(method, operation)| (path.as_str(), method.as_str(), operation))
    })
}

/// Parameters for pages of a list, or against doing a thing twice, that most operations of this
/// kind take, as they write them.
fn usual_parameters(method: &str, path: &str, document: &Value) -> Vec<Value> {
    let fits = |name: &str| match method {
        "get" => PAGING.contains(&name),
        "post" => name == "idempotency-key",
        _ => false,
    };
    let list = |path: &str| !path.ends_with('}');
    if method == "get" && !list(path) {
        return Vec::new();
    }
    let alike: Vec<&Value> = operations(document)
        .filter(|(other, its, _)| *its == method && (method != "get" || list(other)))
        .map(|(_, _, operation)| operation)
        .collect();
    let mut found: Vec<(String, usize, &Value)> = Vec::new();
    let written = alike.iter().filter_map(|operation| operation.get("parameters")?.as_array());
    for parameter in written.flatten() {
        let Some(name) = parameter_name(parameter, document).filter(|name| fits(name)) else {
            continue;
        };
        match found.iter_mut().find(|(known, _, _)| *known == name) {
            Some((_, count, _)) => *count += 1,
            None => found.push((name, 1, parameter)),
        }
    }
    let most = found.into_iter().filter(|(_, count, _)| count * 2 > alike.len());
    most.map(|(_, _, parameter)| parameter.clone()).collect()
}

/// In lower case, also of a parameter that is kept among the components.
fn parameter_name(parameter: &Value, document: &Value) -> Option<String> {
    let own = match parameter.get("$ref").and_then(Value::as_str) {
        Some(reference) => document.pointer(reference.strip_prefix('#')?)?,
        None => parameter,
    };
    Some(own.get("name")?.as_str()?.to_ascii_lowercase())
}

/// What every operation needs to be called, where each says so for itself and all say the same.
fn usual_security(document: &Value) -> Option<Value> {
    if document.get("security").is_some() {
        return None;
    }
    let mut all = operations(document).map(|(_, _, operation)| operation.get("security"));
    let first = all.next()??;
    all.all(|other| other == Some(first)).then(|| first.clone())
}

/// An object of these fields, with types from the columns that the plan adds.
fn schema(fields: &[String], plan: &Plan) -> Value {
    let mut properties = Map::new();
    for field in fields {
        let name = field.split([':', ' ', '?']).next().unwrap_or_default().trim_matches('`');
        let sound = !name.is_empty() && name.len() <= 60;
        if sound && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-') {
            properties.insert(name.to_owned(), property(name, plan));
        }
    }
    if properties.is_empty() {
        return json!({"type": "object", "description": "Fields to be agreed."});
    }
    json!({"type": "object", "properties": properties})
}

fn property(name: &str, plan: &Plan) -> Value {
    let plain = words(name).join("_");
    match columns(plan).find(|column| column.name == plain).map(|column| column.kind.as_str()) {
        Some("text") => json!({"type": "string"}),
        Some("integer") => json!({"type": "integer", "format": "int32"}),
        Some("bigint") => json!({"type": "integer", "format": "int64"}),
        Some("boolean") => json!({"type": "boolean"}),
        Some("timestamp") => json!({"type": "string", "format": "date-time"}),
        Some("date") => json!({"type": "string", "format": "date"}),
        Some("uuid") => json!({"type": "string", "format": "uuid"}),
        // As text, because floating point numbers lose digits.
        Some("decimal") => json!({"type": "string", "format": "decimal"}),
        Some("json") => json!({"type": "object"}),
        _ => json!({"description": OPEN}),
    }
}

fn columns(plan: &Plan) -> impl Iterator<Item = &ColumnSpec> {
    let changes = plan.tasks.iter().flat_map(|task| match &task.execution {
        Execution::Generated { artefact: Artefact::Migration { changes } } => changes.as_slice(),
        _ => &[],
    });
    changes.flat_map(|change| match change {
        SchemaChange::CreateTable { columns, .. } => columns.as_slice(),
        SchemaChange::AddColumn { column, .. } => std::slice::from_ref(column),
        _ => &[],
    })
}

fn responses(
    method: &str,
    action: bool,
    endpoint: &Endpoint,
    plan: &Plan,
    document: &Value,
) -> Value {
    let body = json!({"application/json": {"schema": schema(&endpoint.response, plan)}});
    let mut responses = Map::new();
    match method {
        "post" if action && endpoint.response.is_empty() => {
            responses.insert("200".to_owned(), json!({"description": "OK"}))
        }
        "post" if !action => {
            responses.insert("201".to_owned(), json!({"description": "Created", "content": body}))
        }
        "delete" => responses.insert("204".to_owned(), json!({"description": "Deleted"})),
        _ => responses.insert("200".to_owned(), json!({"description": "OK", "content": body})),
    };
    let contract = plan.contract.as_ref();
    for error in
        contract.map(|contract| contract.errors.as_slice()).unwrap_or_default().iter().take(8)
    {
        if (400..600).contains(&error.status) {
            let description = words(&error.kind).join(" ");
            responses.insert(error.status.to_string(), json!({"description": description}));
        }
    }
    let problem = contract.and_then(|contract| contract.profile.as_deref()) == Some("rfc7807");
    responses.insert("default".to_owned(), default_error(problem, document));
    Value::Object(responses)
}

/// The document's own answer for errors, where it has one.
fn default_error(problem: bool, document: &Value) -> Value {
    let named = document.pointer("/components/responses").and_then(Value::as_object);
    let known = ["Error", "Problem", "DefaultError", "ErrorResponse", "Default", "UnexpectedError"];
    if let Some(name) =
        known.iter().find(|name| named.is_some_and(|named| named.contains_key(**name)))
    {
        return json!({"$ref": format!("#/components/responses/{name}")});
    }
    if problem {
        let schema = json!({"type": "object", "properties": {
            "type": {"type": "string"}, "title": {"type": "string"},
            "status": {"type": "integer"}, "detail": {"type": "string"},
        }});
        return json!({"description": "An error", "content": {"application/problem+json": {"schema": schema}}});
    }
    json!({"description": "An error"})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_done_to_a_thing_is_told_from_what_it_has() {
        let found = |path| action("post", path);
        let both = |verb: &str, noun: &str| Some((verb.to_owned(), noun.to_owned()));
        assert_eq!(found("/orders/{id}/cancel"), both("cancel", "order"));
        assert_eq!(found("/v1/line-items/{item_id}/refund"), both("refund", "line item"));
        for other in ["/orders/{id}/items", "/users/{id}/avatar", "/cancel", "/orders/cancel", ""] {
            assert_eq!(found(other), None, "{other}");
        }
        assert_eq!(action("get", "/orders/{id}/cancel"), None);
    }
}

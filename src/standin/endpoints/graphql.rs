//! The part of the GraphQL interface that has no REST counterpart: review threads.

use serde_json::{Map, Value, json};

use super::graphql_document::{Field, parse};
use crate::standin::server::access::sees;
use crate::standin::server::answer::{Answer, Call};
use crate::standin::shapes::node_id;
use crate::standin::world::{Repository, ReviewComment, World};

const THREAD: &str = "PRRT";

pub(in crate::standin) fn post(world: &mut World, call: &Call) -> Result<Answer, Answer> {
    let Some(document) = call.text("query") else {
        return Err(Answer::error(
            400,
            "A query attribute must be specified and must be a string.",
        ));
    };
    let variables = call.json.get("variables").unwrap_or(&Value::Null);
    let operation = match parse(document, variables) {
        Ok(operation) => operation,
        Err(why) => return Ok(errors("PARSE_ERROR", &why, "")),
    };
    let mut data = Map::new();
    for field in &operation.fields {
        let result = match (operation.mutation, field.name.as_str()) {
            (false, "repository") => repository(world, call, field),
            (true, "resolveReviewThread") => set_resolved(world, call, field, true),
            (true, "unresolveReviewThread") => set_resolved(world, call, field, false),
            (_, name) => Err(unknown(name)),
        };
        match result {
            Ok(value) => data.insert(field.key.clone(), value),
            Err((kind, why)) => return Ok(errors(kind, &why, &field.key)),
        };
    }
    Ok(Answer::ok(json!({ "data": data })))
}

type Refusal = (&'static str, String);

fn unknown(name: &str) -> Refusal {
    ("undefinedField", format!("Field '{name}' doesn't exist here"))
}

fn missing(what: &str) -> Refusal {
    ("NOT_FOUND", format!("Could not resolve to {what}"))
}

/// GraphQL answers 200 also when it refuses.
fn errors(kind: &str, why: &str, path: &str) -> Answer {
    Answer::ok(
        json!({ "data": null, "errors": [{ "type": kind, "message": why, "path": [path] }] }),
    )
}

fn repository(world: &World, call: &Call, field: &Field) -> Result<Value, Refusal> {
    let text = |name: &str| field.arguments.get(name).and_then(Value::as_str).unwrap_or_default();
    let found = world
        .find_repository(text("owner"), text("name"))
        .filter(|found| call.token.as_ref().is_some_and(|token| sees(world, token, found.id)))
        .ok_or_else(|| missing("a Repository"))?;
    let mut object = Map::new();
    for inner in &field.fields {
        let value = match inner.name.as_str() {
            "id" => json!(node_id("R", found.id)),
            "nameWithOwner" => json!(found.slug()),
            "pullRequest" => pull_request(world, found, inner)?,
            name => return Err(unknown(name)),
        };
        object.insert(inner.key.clone(), value);
    }
    Ok(Value::Object(object))
}

fn pull_request(world: &World, repository: &Repository, field: &Field) -> Result<Value, Refusal> {
    let number = field.arguments.get("number").and_then(Value::as_u64);
    let number = number.filter(|number| repository.pulls.contains_key(number));
    let number = number.ok_or_else(|| missing("a PullRequest"))?;
    let mut object = Map::new();
    for inner in &field.fields {
        let value = match inner.name.as_str() {
            "number" => json!(number),
            "reviewThreads" => threads(world, repository, number, inner)?,
            name => return Err(unknown(name)),
        };
        object.insert(inner.key.clone(), value);
    }
    Ok(Value::Object(object))
}

/// The comments that start the threads of a pull request.
fn first_comments(repository: &Repository, number: u64) -> Vec<&ReviewComment> {
    let pending = |id: &u64| repository.reviews.get(id).is_some_and(|r| r.state == "PENDING");
    repository
        .review_comments
        .values()
        .filter(|comment| comment.pull == number && comment.in_reply_to.is_none())
        .filter(|comment| !pending(&comment.review))
        .collect()
}

fn threads(
    world: &World,
    repository: &Repository,
    number: u64,
    field: &Field,
) -> Result<Value, Refusal> {
    let items: Vec<Value> = first_comments(repository, number)
        .into_iter()
        .map(|first| thread(world, repository, first))
        .collect();
    connection(&items, field)
}

fn thread(world: &World, repository: &Repository, first: &ReviewComment) -> Value {
    let comments: Vec<Value> = repository
        .review_comments
        .values()
        .filter(|comment| comment.id == first.id || comment.in_reply_to == Some(first.id))
        .map(|comment| {
            json!({
                "id": node_id("PRRC", comment.id),
                "databaseId": comment.id,
                "fullDatabaseId": comment.id.to_string(),
                "body": comment.body,
                "path": comment.path,
                "author": {
                    // GraphQL leaves the suffix of a bot's login away.
                    "login": comment.author.trim_end_matches("[bot]"),
                    "__typename": if comment.author == world.bot_login() { "Bot" } else { "User" },
                },
            })
        })
        .collect();
    json!({
        "id": node_id(THREAD, first.id),
        "isResolved": first.resolved,
        "isOutdated": false,
        "isCollapsed": first.resolved,
        "path": first.path,
        "line": first.line,
        "comments": comments,
    })
}

/// A page of a list, with `first` and `after`, cut to what the selection asks for.
fn connection(items: &[Value], field: &Field) -> Result<Value, Refusal> {
    let size = field.arguments.get("first").and_then(Value::as_u64);
    let size = size.filter(|size| (1..=100).contains(size)).ok_or_else(|| {
        let why = "You must provide a `first` value between 1 and 100 to paginate the connection";
        ("MISSING_PAGINATION_BOUNDARIES", why.to_owned())
    })?;
    let after = field.arguments.get("after").and_then(Value::as_str);
    let start: usize = match after {
        Some(cursor) => cursor
            .strip_prefix("cursor:")
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| ("INVALID_CURSOR_ARGUMENTS", format!("`{cursor}` is no cursor")))?,
        None => 0,
    };
    let start = start.min(items.len());
    let end = start.saturating_add(usize::try_from(size).unwrap_or(100)).min(items.len());
    let page = items.get(start..end).unwrap_or_default();
    let info = json!({
        "hasNextPage": end < items.len(),
        "hasPreviousPage": start > 0,
        "endCursor": (end > start).then(|| format!("cursor:{end}")),
        "startCursor": (end > start).then(|| format!("cursor:{start}")),
    });
    let mut object = Map::new();
    for inner in &field.fields {
        let value = match inner.name.as_str() {
            "totalCount" => json!(items.len()),
            "pageInfo" => project(&info, inner)?,
            "nodes" => {
                let nodes: Result<Vec<Value>, Refusal> =
                    page.iter().map(|item| project(item, inner)).collect();
                Value::Array(nodes?)
            }
            name => return Err(unknown(name)),
        };
        object.insert(inner.key.clone(), value);
    }
    Ok(Value::Object(object))
}

/// The fields of an object that the selection names. A list inside is a connection.
fn project(value: &Value, field: &Field) -> Result<Value, Refusal> {
    if field.fields.is_empty() {
        let nested = value.is_object() || value.is_array();
        let why = || format!("Field '{}' must have selections", field.name);
        return if nested { Err(("selectionMismatch", why())) } else { Ok(value.clone()) };
    }
    let mut object = Map::new();
    for inner in &field.fields {
        let found = value.get(&inner.name).ok_or_else(|| unknown(&inner.name))?;
        let part = match found {
            Value::Array(items) => connection(items, inner)?,
            other => project(other, inner)?,
        };
        object.insert(inner.key.clone(), part);
    }
    Ok(Value::Object(object))
}

fn set_resolved(
    world: &mut World,
    call: &Call,
    field: &Field,
    resolved: bool,
) -> Result<Value, Refusal> {
    let input = field.arguments.get("input");
    let id = input.and_then(|input| input.get("threadId")).and_then(Value::as_str);
    let token = call.token.as_ref().ok_or_else(|| missing("a viewer"))?;
    let place = world.repositories.values().find_map(|repository| {
        let first = repository.review_comments.values().find(|comment| {
            comment.in_reply_to.is_none() && Some(node_id(THREAD, comment.id).as_str()) == id
        })?;
        sees(world, token, repository.id).then_some((repository.id, first.id))
    });
    let (repository, comment) = place.ok_or_else(|| missing("a PullRequestReviewThread"))?;
    let level = token.permissions.get("pull_requests").map_or("", String::as_str);
    if token.installation && level != "write" {
        return Err(("FORBIDDEN", "Resource not accessible by integration".to_owned()));
    }
    let done = world.set_resolved(repository, comment, resolved);
    done.map_err(|error| ("NOT_FOUND", error.to_string()))?;
    let found = world.repository(repository).map_err(|error| ("NOT_FOUND", error.to_string()))?;
    let first = found.review_comments.get(&comment).ok_or_else(|| missing("a comment"))?;
    let payload = json!({ "thread": thread(world, found, first), "clientMutationId": null });
    project(&payload, field)
}

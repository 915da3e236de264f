//! Names in paths, parameters and fields, compared without regard to their spelling.

use crate::rules::openapi::model::{Description, Operation};
use crate::rules::openapi::resolve::At;

/// Deepest nesting of `allOf` that is looked through, and most properties that are collected.
const MAX_NESTING: usize = 8;
const MAX_PROPERTIES: usize = 400;

/// Without case, `_`, `-`, `$`, `@`, `.` and brackets: `page[size]` and `page_size` are `pagesize`.
pub fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The parts of a path that are no parameters, in lower case, without a leading `api` or version.
/// A custom verb (`/orders:cancel`) is a part of its own.
pub fn fixed_parts(path: &str) -> Vec<String> {
    let parts = path.split(['/', ':']).filter(|part| !part.is_empty() && !part.contains('{'));
    let mut parts: Vec<String> = parts.map(str::to_lowercase).collect();
    let prefix = |part: &String| {
        let number = part.strip_prefix('v').unwrap_or(part);
        let version = number.split(['.', '-']).next().unwrap_or(number);
        matches!(part.as_str(), "api" | "rest")
            || version.starts_with(|c: char| c.is_ascii_digit())
            || matches!(part.as_str(), "v1beta" | "v1alpha")
    };
    let prefixes = parts.iter().take_while(|part| prefix(part)).count();
    parts.drain(..prefixes);
    parts
}

/// Whether the path ends in a parameter: one thing, and not all of them.
pub fn names_one(path: &str) -> bool {
    path.trim_end_matches('/').rsplit('/').next().is_some_and(|last| last.starts_with('{'))
}

/// Whether a parameter stands before the last fixed part: a collection that belongs to something.
pub fn is_nested(path: &str) -> bool {
    path.split('/').any(|part| part.starts_with('{')) && !names_one(path)
}

/// Whether the description, summary or an extension's name of the operation holds one of these.
pub fn mentions(operation: &Operation<'_>, words: &[&str]) -> bool {
    ["summary", "description"].iter().any(|key| {
        let text = operation.at.word(key).to_lowercase();
        words.iter().any(|word| text.contains(word))
    })
}

/// The properties of a schema, those of its `allOf` included, each resolved.
pub fn properties<'t>(description: &Description<'t>, schema: At<'t>) -> Vec<(&'t str, At<'t>)> {
    let mut found = Vec::new();
    let mut open = vec![(schema, 0)];
    while let Some((at, depth)) = open.pop() {
        let at = description.value(at);
        if let Some(holder) = at.get("properties") {
            for entry in holder.entries() {
                if found.len() < MAX_PROPERTIES {
                    found.push((entry.name(), description.value(holder.with(&entry.value))));
                }
            }
        }
        if let Some(parts) = at.get("allOf").filter(|_| depth < MAX_NESTING) {
            open.extend(parts.items().map(|part| (part, depth + 1)));
        }
    }
    found
}

/// Whether the schema is of that type, by itself or with `null`.
pub fn is_of_type(schema: At<'_>, name: &str) -> bool {
    let Some(at) = schema.get("type") else { return false };
    at.node.as_str() == Some(name) || at.node.items().iter().any(|one| one.as_str() == Some(name))
}

/// Schemas of the successful answers that are JSON.
pub fn success<'t>(description: &Description<'t>, operation: &Operation<'t>) -> Vec<At<'t>> {
    let responses = description.responses(operation);
    let success = responses.iter().filter(|response| response.status.starts_with('2'));
    let media = success.flat_map(|response| &response.media);
    media.filter(|media| is_json(media.name)).filter_map(|media| media.schema).collect()
}

/// Whether bodies of that media type are one JSON value. Streams of lines are not.
pub fn is_json(media: &str) -> bool {
    let name = media.to_ascii_lowercase();
    (name.contains("json") && !name.contains("ndjson") && !name.contains("jsonl"))
        || name.starts_with("*/*")
}

/// Text that can stand between code marks.
pub fn code(text: &str) -> String {
    text.replace(['`', '\n', '\r'], "'")
}

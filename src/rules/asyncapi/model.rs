//! What an AsyncAPI document of version 2 or 3 says that its application sends and receives.

use crate::domain::diff::LineRange;
use crate::rules::openapi::diff::Direction;
use crate::rules::openapi::document::without_parameter_names;
use crate::rules::openapi::resolve::{At, Documents};
use crate::rules::parse::tree::Node;

pub struct Operation<'t> {
    /// The address of the channel, without the names of its parameters.
    pub key: String,
    pub address: &'t str,
    /// What the application sends is a response to those who read it.
    pub direction: Direction,
    /// Index into the files of the document.
    pub file: usize,
    pub line: LineRange,
    pub messages: Vec<Message<'t>>,
}

pub struct Message<'t> {
    pub name: String,
    /// Index into the files of the document.
    pub file: usize,
    pub line: LineRange,
    /// Payload and headers, as far as they are JSON schemas.
    pub schemas: Vec<(&'static str, At<'t>)>,
}

impl Operation<'_> {
    /// What happens to its messages, to be followed by the channel.
    pub fn verb(&self) -> &'static str {
        if self.direction == Direction::Response { "sent to" } else { "received from" }
    }
}

/// Whether a node is an AsyncAPI document of a version that is read here.
pub fn is_asyncapi(root: &Node) -> bool {
    let version = root.get("asyncapi").and_then(Node::as_str).unwrap_or("");
    version.starts_with("2.") || version.starts_with("3.")
}

pub fn operations<'t>(documents: &Documents<'t>) -> Vec<Operation<'t>> {
    let Some(root) = documents.root() else { return Vec::new() };
    if root.word("asyncapi").starts_with("2.") {
        version_two(documents, root)
    } else {
        version_three(documents, root)
    }
}

/// In version 2 a channel's `publish` is what others do: the application receives it.
fn version_two<'t>(documents: &Documents<'t>, root: At<'t>) -> Vec<Operation<'t>> {
    let channels = root.get("channels").and_then(|at| documents.value(at));
    let Some(channels) = channels else { return Vec::new() };
    let mut found = Vec::new();
    for entry in channels.entries() {
        let Some(channel) = documents.value(channels.with(&entry.value)) else { continue };
        for (verb, direction) in
            [("publish", Direction::Request), ("subscribe", Direction::Response)]
        {
            let Some(at) = channel.get(verb) else { continue };
            let list = at.get("message");
            let several = list.and_then(|message| message.get("oneOf"));
            let messages: Vec<At<'t>> = match (several, list) {
                (Some(several), _) => several.items().collect(),
                (None, Some(one)) => vec![one],
                (None, None) => Vec::new(),
            };
            found.push(Operation {
                key: without_parameter_names(entry.name()),
                address: entry.name(),
                direction,
                file: channel.file,
                line: channel.line_of(verb),
                messages: messages.into_iter().filter_map(|at| message(documents, at)).collect(),
            });
        }
    }
    found
}

fn version_three<'t>(documents: &Documents<'t>, root: At<'t>) -> Vec<Operation<'t>> {
    let operations = root.get("operations").and_then(|at| documents.value(at));
    let Some(operations) = operations else { return Vec::new() };
    let mut found = Vec::new();
    for entry in operations.entries() {
        let Some(at) = documents.value(operations.with(&entry.value)) else { continue };
        let direction = match at.word("action") {
            "send" => Direction::Response,
            "receive" => Direction::Request,
            _ => continue,
        };
        let Some(reference) = at.get("channel") else { continue };
        let Some(channel) = documents.value(reference) else { continue };
        // A channel without an address is told by its name.
        let name = reference.word("$ref").rsplit('/').next().unwrap_or_default();
        let address = Some(channel.word("address")).filter(|text| !text.is_empty()).unwrap_or(name);
        let messages: Vec<Message<'t>> = match at.get("messages") {
            Some(list) => list.items().filter_map(|item| message(documents, item)).collect(),
            None => channel_messages(documents, channel),
        };
        found.push(Operation {
            key: without_parameter_names(address),
            address,
            direction,
            file: operations.file,
            line: LineRange::line(entry.key.line()),
            messages,
        });
    }
    found
}

/// All messages of a channel, by their keys.
fn channel_messages<'t>(documents: &Documents<'t>, channel: At<'t>) -> Vec<Message<'t>> {
    let holder = channel.get("messages").and_then(|at| documents.value(at));
    let Some(holder) = holder else { return Vec::new() };
    let entries = holder.entries().iter();
    entries
        .filter_map(|entry| {
            let found = message(documents, holder.with(&entry.value))?;
            Some(Message {
                name: entry.name().to_owned(),
                file: holder.file,
                line: LineRange::line(entry.key.line()),
                ..found
            })
        })
        .collect()
}

fn message<'t>(documents: &Documents<'t>, item: At<'t>) -> Option<Message<'t>> {
    let at = documents.value(item)?;
    let referred = item.word("$ref").rsplit('/').next().unwrap_or_default();
    let names = [referred, at.word("messageId"), at.word("name")];
    let name = names.into_iter().find(|name| !name.is_empty()).unwrap_or_default().to_owned();
    let mut schemas = Vec::new();
    for key in ["payload", "headers"] {
        schemas.extend(schema(at, key).map(|schema| (key, schema)));
    }
    Some(Message { name, file: item.file, line: item.line(), schemas })
}

/// The schema under a key, unless it is one of Avro, protobuf or the like.
fn schema<'t>(message: At<'t>, key: &str) -> Option<At<'t>> {
    let at = message.get(key)?;
    let plain = |format: &str| {
        let format = format.to_ascii_lowercase();
        format.is_empty()
            || format.contains("asyncapi")
            || format.contains("schema+json")
            || format.contains("schema+yaml")
    };
    match at.get("schemaFormat") {
        Some(_) => at.get("schema").filter(|_| plain(at.word("schemaFormat"))),
        None => plain(message.word("schemaFormat")).then_some(at),
    }
}

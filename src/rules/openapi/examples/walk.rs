//! Finding the examples of a description, and the schema that each belongs to.

use std::collections::HashSet;

use super::fit::Way;
use crate::rules::openapi::document::METHODS;
use crate::rules::openapi::model::Description;
use crate::rules::openapi::resolve::At;

/// Things of a description that are looked at, at most.
const MAX_PARTS: usize = 400_000;

/// An example and its schema.
pub struct Example<'t> {
    /// Where it stands, the same before and after a change that moves lines only.
    pub place: String,
    pub value: At<'t>,
    pub schema: At<'t>,
    pub way: Way,
}

/// What a node of a description is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Part {
    Root,
    Components,
    PathItem,
    Operation,
    Callback,
    Parameter,
    Body,
    Response,
    Media(Way),
    Schema,
    /// A mapping of names to parts, or a list of them.
    Each(&'static Part),
}

use Part::{Body, Callback, Components, Each, Media, Operation, Parameter, PathItem, Response};

const ROOT: &[(&str, Part)] = &[
    ("components", Components),
    ("definitions", Each(&Part::Schema)),
    ("parameters", Each(&Parameter)),
    ("responses", Each(&Response)),
    ("paths", Each(&PathItem)),
    ("webhooks", Each(&PathItem)),
];
const COMPONENTS: &[(&str, Part)] = &[
    ("schemas", Each(&Part::Schema)),
    ("parameters", Each(&Parameter)),
    ("headers", Each(&Parameter)),
    ("requestBodies", Each(&Body)),
    ("responses", Each(&Response)),
    ("pathItems", Each(&PathItem)),
    ("callbacks", Each(&Callback)),
];
const OPERATION: &[(&str, Part)] = &[
    ("parameters", Each(&Parameter)),
    ("requestBody", Body),
    ("responses", Each(&Response)),
    ("callbacks", Each(&Callback)),
];
const PARAMETER: &[(&str, Part)] =
    &[("schema", Part::Schema), ("content", Each(&Media(Way::Unknown)))];
const BODY: &[(&str, Part)] = &[("content", Each(&Media(Way::Request)))];
const RESPONSE: &[(&str, Part)] = &[
    ("content", Each(&Media(Way::Response))),
    ("headers", Each(&Parameter)),
    ("schema", Part::Schema),
];
const SCHEMA: &[(&str, Part)] = &[
    ("properties", Each(&Part::Schema)),
    ("patternProperties", Each(&Part::Schema)),
    ("$defs", Each(&Part::Schema)),
    ("items", Part::Schema),
    ("additionalProperties", Part::Schema),
    ("allOf", Each(&Part::Schema)),
    ("anyOf", Each(&Part::Schema)),
    ("oneOf", Each(&Part::Schema)),
    ("prefixItems", Each(&Part::Schema)),
];

/// All examples, those of other files included.
pub fn examples<'t>(description: &Description<'t>) -> Vec<Example<'t>> {
    let mut found = Vec::new();
    let mut seen = HashSet::new();
    let mut open = vec![(Part::Root, description.root, String::new())];
    while let Some((part, at, place)) = open.pop() {
        let Some(value) = description.documents.value(at) else { continue };
        if seen.len() >= MAX_PARTS || !seen.insert((part, value.identity())) {
            continue;
        }
        // What a reference leads to is called by its own place, not by the way there.
        let place = match at.word("$ref") {
            "" => place,
            reference => {
                let (file, pointer) = reference.split_once('#').unwrap_or((reference, ""));
                let file = if file.is_empty() && value.file == 0 {
                    String::new()
                } else {
                    value.file.to_string()
                };
                format!("{file}{pointer}")
            }
        };
        collect(description, part, value, &place, &mut found);
        for (name, part, child) in children(part, value) {
            open.push((part, child, format!("{place}/{}", name.replace('/', "~1"))));
        }
    }
    found
}

fn children<'t>(part: Part, at: At<'t>) -> Vec<(String, Part, At<'t>)> {
    let keys = |list: &[(&'static str, Part)]| -> Vec<(String, Part, At<'t>)> {
        let child =
            |(key, part): &(&'static str, Part)| Some(((*key).to_owned(), *part, at.get(key)?));
        list.iter().filter_map(child).collect()
    };
    match part {
        Part::Root => keys(ROOT),
        Components => keys(COMPONENTS),
        Operation => keys(OPERATION),
        Parameter => keys(PARAMETER),
        Body => keys(BODY),
        Response => keys(RESPONSE),
        Media(_) => keys(&[("schema", Part::Schema)]),
        Part::Schema => keys(SCHEMA),
        PathItem => {
            let methods: Vec<(&'static str, Part)> =
                METHODS.into_iter().map(|method| (method, Operation)).collect();
            let mut all = keys(&methods);
            all.extend(keys(&[("parameters", Each(&Parameter))]));
            all
        }
        Callback => named(at, &PathItem),
        Each(inner) if at.node.is_sequence() => {
            let item = |(number, item): (usize, At<'t>)| {
                let name = match item.word("name") {
                    "" => number.to_string(),
                    name => format!("{}:{name}", item.word("in")),
                };
                (name, *inner, item)
            };
            at.items().enumerate().map(item).collect()
        }
        Each(inner) => named(at, inner),
    }
}

fn named<'t>(at: At<'t>, inner: &Part) -> Vec<(String, Part, At<'t>)> {
    let sound = |name: &str, inner: &Part| *inner == Part::Schema || !name.starts_with("x-");
    let entries = at.entries().iter().filter(|entry| sound(entry.name(), inner));
    entries
        .map(|entry| {
            let part = match inner {
                // Only of JSON it is known how a value is written as an example.
                Media(_) if !is_json(entry.name()) => Media(Way::Skipped),
                other => *other,
            };
            (entry.name().to_owned(), part, at.with(&entry.value))
        })
        .collect()
}

fn is_json(media: &str) -> bool {
    let name = media.split(';').next().unwrap_or(media).trim().to_ascii_lowercase();
    name == "application/json" || name.ends_with("+json") || name == "text/json"
}

fn collect<'t>(
    description: &Description<'t>,
    part: Part,
    at: At<'t>,
    place: &str,
    found: &mut Vec<Example<'t>>,
) {
    let mut add = |name: String, value: At<'t>, schema: At<'t>, way: Way| {
        found.push(Example { place: format!("{place}/{name}"), value, schema, way });
    };
    let holder = match part {
        Part::Schema => {
            if let Some(value) = at.get("example") {
                add("example".to_owned(), value, at, Way::Unknown);
            }
            for (number, value) in at.get("examples").into_iter().flat_map(At::items).enumerate() {
                add(format!("examples/{number}"), value, at, Way::Unknown);
            }
            return;
        }
        Parameter => at.get("schema").map(|schema| (schema, Way::Parameter)),
        Media(way) if way != Way::Skipped => at.get("schema").map(|schema| (schema, way)),
        Response => {
            // Swagger 2: by media type.
            let examples = at.get("examples").filter(|_| at.get("schema").is_some());
            for entry in examples.map(At::entries).unwrap_or_default() {
                if let Some(schema) = at.get("schema").filter(|_| is_json(entry.name())) {
                    add(
                        format!("examples/{}", entry.name()),
                        at.with(&entry.value),
                        schema,
                        Way::Response,
                    );
                }
            }
            return;
        }
        _ => return,
    };
    let Some((schema, way)) = holder else { return };
    if let Some(value) = at.get("example") {
        add("example".to_owned(), value, schema, way);
    }
    let examples = at.get("examples").filter(|at| at.node.is_mapping());
    for entry in examples.map(|at| (at, at.entries())).into_iter().flat_map(|(holder, entries)| {
        entries.iter().map(move |entry| (entry.name(), holder.with(&entry.value)))
    }) {
        let (name, example) = entry;
        let value = description.documents.value(example).and_then(|example| example.get("value"));
        if let Some(value) = value {
            add(format!("examples/{name}"), value, schema, way);
        }
    }
}

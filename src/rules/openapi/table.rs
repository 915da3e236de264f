//! The operations that a change adds, changes and removes: what a reader wants to see at a glance.

use std::collections::BTreeMap;

use super::catalogue::Level;
use super::diff::{Comparison, Difference};
use super::model::{Description, Media, Operation};
use super::resolve::At;
use crate::domain::report::{Became, Endpoint};
use crate::rules::parse::tree::Node;

/// Added, changed and removed operations, in the order of the documents. Operations that only
/// changed in what is worth knowing are in the list too.
pub fn endpoints<'t>(
    base: &Description<'t>,
    head: &Description<'t>,
    comparison: &Comparison,
) -> Vec<Endpoint> {
    let mut by_operation: BTreeMap<(&str, &str), Vec<&Difference>> = BTreeMap::new();
    for one in comparison.differences.iter().filter(|one| !one.method.is_empty()) {
        by_operation.entry((&one.path, &one.method)).or_default().push(one);
    }
    let mut list = Vec::new();
    for (description, old) in [(head, false), (base, true)] {
        for path in description.paths() {
            for operation in description.operations(path) {
                let method = operation.method.to_ascii_uppercase();
                let Some(found) = by_operation.get(&(operation.path.name, method.as_str())) else {
                    continue;
                };
                let became = became(found);
                // The head describes what is there now, the base what is gone.
                if (became == Became::Removed) != old {
                    continue;
                }
                let breaks =
                    found.iter().filter(|one| one.level == Level::Error && !one.moot).count();
                list.push(endpoint(description, &operation, became, breaks));
            }
        }
    }
    list
}

fn became(found: &[&Difference]) -> Became {
    let is = |id: &str| found.iter().any(|one| one.id == id);
    if is("endpoint-added") {
        Became::Added
    } else if found.iter().any(|one| {
        one.id.starts_with("api-removed-")
            || one.id.starts_with("api-path-removed-")
            || (one.id == "api-path-sunset-parse" && one.operation_at.is_none())
    }) {
        Became::Removed
    } else {
        Became::Changed
    }
}

fn endpoint<'t>(
    description: &Description<'t>,
    operation: &Operation<'t>,
    became: Became,
    breaks: usize,
) -> Endpoint {
    let names = |media: &[Media<'t>]| -> Vec<String> {
        let mut names: Vec<String> = media
            .iter()
            .map(|one| {
                one.schema.map_or_else(|| one.name.to_owned(), |at| schema_name(description, at))
            })
            .collect();
        names.dedup();
        names
    };
    let (mut response, mut errors) = (Vec::new(), Vec::new());
    for one in description.responses(operation) {
        if one.status.starts_with('2') {
            response
                .push(format!("{} {}", one.status, names(&one.media).join(", ")).trim().to_owned());
        } else {
            errors.push(one.status.to_owned());
        }
    }
    Endpoint {
        became,
        method: operation.method.to_ascii_uppercase(),
        path: operation.path.name.to_owned(),
        request: description.body(operation).map(|body| names(&body.media)).unwrap_or_default(),
        response,
        errors,
        breaks,
    }
}

/// `Order`, `array of Order`, `object`.
fn schema_name<'t>(description: &Description<'t>, at: At<'t>) -> String {
    let name = |at: At<'_>| {
        let reference = at.word("$ref");
        let last = reference.rsplit('/').next().unwrap_or(reference);
        let last = last.strip_suffix(".yaml").or(last.strip_suffix(".json")).unwrap_or(last);
        (!last.is_empty()).then(|| last.to_owned())
    };
    if let Some(name) = name(at) {
        return name;
    }
    if let Some(items) = at.get("items") {
        let inside = name(items).unwrap_or_else(|| kind(description.value(items)));
        return format!("array of {inside}");
    }
    kind(at)
}

fn kind(at: At<'_>) -> String {
    let composed = ["oneOf", "anyOf", "allOf"].into_iter().find(|key| at.get(key).is_some());
    match (at.get("type").map(|at| at.node), composed) {
        (Some(list), _) if list.is_sequence() => {
            list.items().iter().filter_map(Node::as_str).collect::<Vec<_>>().join(" or ")
        }
        (Some(one), _) => one.as_str().unwrap_or("object").to_owned(),
        (None, Some(key)) => key.to_owned(),
        (None, None) => "object".to_owned(),
    }
}

//! Types, `null` and alternatives of one pair of schemas.

use super::keywords::is_same_encoding;
use super::pairs::label;
use super::site::{Direction, Scope, Site, code};
use super::subschemas::Lists;
use super::types::{TypeChange, Verdict, Wrapping, nullability, types as type_names};
use crate::domain::diff::Side;
use crate::rules::openapi::resolve::At;
use crate::rules::parse::tree::Node;

/// Keywords that tell a reader something and do not constrain values.
const NOTES: [&str; 8] = [
    "title",
    "description",
    "example",
    "examples",
    "default",
    "externalDocs",
    "$comment",
    "deprecated",
];

pub fn check(site: &mut Site<'_, '_>) {
    null(site);
    match &site.pair.wrapping {
        Wrapping::None => {
            site.quietly(site.rearranged || is_same_encoding(site), types);
            lists(site);
        }
        Wrapping::Nullable | Wrapping::NotNullable => {}
        Wrapping::OneOf { .. } => wrapped(site),
        Wrapping::Types { new, gone } if new.is_empty() && gone.is_empty() => {}
        Wrapping::Types { new, gone } => {
            let (new, gone) = (new.join(", "), gone.join(", "));
            list_of_types(site, &new, &gone);
        }
    }
    if site.in_body() {
        discriminator(site);
    }
}

fn null(site: &mut Site<'_, '_>) {
    let (base, head) = (site.base(), site.head());
    let Some(now) = nullability(base.node, head.node, &site.pair.wrapping) else { return };
    let key = if head.get("nullable").is_some() { "nullable" } else { "type" };
    let (what, words) = match (now, site.is_request()) {
        (true, true) => ("became-nullable", "may be `null` now"),
        (true, false) => ("became-nullable", "may be `null` now"),
        (false, true) => ("became-not-nullable", "no longer accepts `null`"),
        (false, false) => ("became-not-nullable", "is never `null` now"),
    };
    site.say(what, key, words);
}

fn types(site: &mut Site<'_, '_>) {
    let Some(change) = TypeChange::of(site.base(), site.head()) else { return };
    let verdict = match site.scope {
        Scope::Parameter if becomes_list(site, &change) => Verdict::Widened,
        Scope::Parameter => match change.for_requests(false) {
            Verdict::Compatible => Verdict::Widened,
            other => other,
        },
        Scope::ParameterProperty => {
            parameter_property(site, &change);
            return;
        }
        _ if site.is_request() => change.for_requests(site.strong),
        _ => change.for_responses(site.strong),
    };
    let what = match verdict {
        Verdict::Widened => "type-generalized",
        Verdict::Narrowed => "type-specialized",
        Verdict::Compatible => "type-compatible",
        Verdict::Changed => "type-changed",
    };
    site.say(what, type_key(&change), &in_words(&change));
}

/// How a parameter that is an object is sent is not known: as JSON, or as text by field.
fn parameter_property(site: &mut Site<'_, '_>, change: &TypeChange<'_>) {
    let breaks = |strong| change.for_requests(strong) == Verdict::Changed;
    let what = match (breaks(true), breaks(false)) {
        (true, true) => "type-specialized",
        (false, false) => "type-generalized",
        _ => "type-changed",
    };
    site.say(what, type_key(change), &in_words(change));
}

fn type_key(change: &TypeChange<'_>) -> &'static str {
    if change.old == change.new { "format" } else { "type" }
}

fn in_words(change: &TypeChange<'_>) -> String {
    let shown = |types: &[&str], format: &str| {
        let types = if types.is_empty() { "any".to_owned() } else { types.join(" or ") };
        let text = if format.is_empty() { types } else { format!("{types} ({format})") };
        code(&text)
    };
    let (old, new) = (shown(&change.old, change.old_format), shown(&change.new, change.new_format));
    let what = type_key(change);
    format!("changes its {what} from `{old}` to `{new}`")
}

/// Whether one value, as it was sent before, is a list of one value now: so it is where each
/// value of a list is sent as a parameter of its own, the usual way in queries.
fn becomes_list(site: &Site<'_, '_>, change: &TypeChange<'_>) -> bool {
    let plain = |types: &[&str]| -> Vec<String> {
        types.iter().filter(|t| **t != "null").map(|t| (*t).to_owned()).collect()
    };
    let (old, new) = (plain(&change.old), plain(&change.new));
    let single = !old.is_empty() && !old.iter().any(|one| one == "array" || one == "object");
    if new != ["array"] || !single || !site.out.spreads_lists {
        return false;
    }
    let Some(items) = site.head().get("items") else { return false };
    let inside = plain(&type_names(items.node));
    // Everything can be read as text.
    if inside != ["string"] && !old.iter().all(|one| inside.contains(one)) {
        return false;
    }
    let demands = |at: At<'_>| -> Vec<(String, String)> {
        let constrains =
            |name: &str| name != "type" && !NOTES.contains(&name) && !name.starts_with("x-");
        let mut list: Vec<_> = at
            .entries()
            .iter()
            .filter(|entry| constrains(entry.name()))
            .map(|entry| (entry.name().to_owned(), format!("{:?}", texts(&entry.value))))
            .collect();
        list.sort();
        list
    };
    demands(site.base()) == demands(items)
}

fn texts(node: &Node) -> Vec<String> {
    let texts = node.walk().filter_map(Node::as_str).filter(|text| *text != "null");
    texts.map(str::to_owned).collect()
}

fn wrapped(site: &mut Site<'_, '_>) {
    match (site.scope, site.direction) {
        (Scope::Body, _) => {
            site.say("wrapped-in-one-of", "oneOf", "is now one of several objects");
        }
        (Scope::Property, Direction::Request) => {
            site.say("one-of-added", "oneOf", "may be one of several objects now");
        }
        (Scope::Property, Direction::Response) => {
            site.say("one-of-added", "oneOf", "is now one of several objects");
        }
        _ => {}
    }
}

fn list_of_types(site: &mut Site<'_, '_>, new: &str, gone: &str) {
    let key = if site.head().get("anyOf").is_some() { "anyOf" } else { "oneOf" };
    let (what, words) = match (site.is_request(), new, gone) {
        (true, _, "") => ("list-of-types-widened", format!("may be `{}` now", code(new))),
        (true, _, gone) => ("list-of-types-narrowed", format!("can no longer be `{}`", code(gone))),
        (false, "", gone) => ("list-of-types-narrowed", format!("is never `{}` now", code(gone))),
        (false, new, _) => ("list-of-types-widened", format!("may be `{}` now", code(new))),
    };
    if site.scope != Scope::Header {
        let key = if site.head().get(key).is_some() { key } else { "type" };
        site.say(what, key, &words);
    }
}

fn lists(site: &mut Site<'_, '_>) {
    if !site.in_body() {
        return;
    }
    for (key, lists) in &site.pair.lists {
        let name = match *key {
            "oneOf" => "one-of",
            "anyOf" => "any-of",
            "allOf" => "all-of",
            _ => "prefix-items",
        };
        let keep = |at: At<'_>| *key != "allOf" || constrains(at);
        site.quietly(*key == "allOf" && site.rearranged, |site| {
            one_side(site, (key, name), lists, Side::Head, &keep);
            one_side(site, (key, name), lists, Side::Base, &keep);
        });
    }
}

/// Reports the schemas of a list that one side has alone, once for all of them.
fn one_side(
    site: &mut Site<'_, '_>,
    (key, name): (&str, &str),
    lists: &Lists,
    side: Side,
    keep: &dyn Fn(At<'_>) -> bool,
) {
    let (at, indices, how) = match side {
        Side::Head => (site.head(), &lists.new, "added"),
        Side::Base => (site.base(), &lists.gone, "removed"),
    };
    let parts: Vec<_> = indices
        .iter()
        .filter_map(|index| Some((*index, at.with(at.node.get(key)?.items().get(*index)?))))
        .collect();
    for (annotation, suffix) in [(false, ""), (true, "-annotation-only")] {
        let group: Vec<_> = parts.iter().filter(|(_, part)| keep(*part) != annotation).collect();
        let Some((first, part)) = group.first() else { continue };
        let which = code(&label(*part, *first));
        let words = match (key, how) {
            ("allOf", "added") => format!("must also satisfy `{which}`"),
            ("allOf", _) => format!("need no longer satisfy `{which}`"),
            (_, "added") => format!("may also be `{which}` (`{key}`)"),
            _ => format!("can no longer be `{which}` (`{key}`)"),
        };
        let id = site.id(&format!("{name}-{how}{suffix}"));
        site.say_value(&id, side, part.node, &words);
    }
}

/// Whether a schema of an `allOf` demands anything.
fn constrains(at: At<'_>) -> bool {
    at.entries()
        .iter()
        .any(|entry| !NOTES.contains(&entry.name()) && !entry.name().starts_with("x-"))
}

fn discriminator(site: &mut Site<'_, '_>) {
    let key = "discriminator";
    let (old, new) = match site.both(key) {
        (None, Some(_)) => return site.say("discriminator-added", key, "gets a discriminator"),
        (Some(_), None) => {
            return site.say("discriminator-removed", key, "loses its discriminator");
        }
        (Some(old), Some(new)) => (old, new),
        (None, None) => return,
    };
    let name = |node: &Node| node.get("propertyName").and_then(Node::as_str).map(str::to_owned);
    if name(old) != name(new) {
        site.say("discriminator-property-name-changed", key, "is told apart by another field");
    }
    let entries = |node: &'_ Node| -> Vec<(String, String)> {
        let mapping = node.get("mapping").map(Node::entries).unwrap_or_default();
        let text = |node: &Node| node.as_str().unwrap_or("").to_owned();
        mapping.iter().map(|e| (e.name().to_owned(), text(&e.value))).collect()
    };
    let (old, new) = (entries(old), entries(new));
    let find = |list: &[(String, String)], name: &str| {
        list.iter().find(|(other, _)| other == name).map(|(_, to)| to.clone())
    };
    if new.iter().any(|(name, _)| find(&old, name).is_none()) {
        site.say("discriminator-mapping-added", key, "knows more kinds");
    }
    if old.iter().any(|(name, _)| find(&new, name).is_none()) {
        site.say("discriminator-mapping-deleted", key, "knows fewer kinds");
    }
    if old.iter().any(|(name, to)| find(&new, name).is_some_and(|now| now != *to)) {
        site.say("discriminator-mapping-changed", key, "maps a kind to another schema");
    }
}

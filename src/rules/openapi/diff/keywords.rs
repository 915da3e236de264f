//! Values and the demands of JSON Schema: `enum`, `const`, `default`, `contains`, `if` and so on.

use std::collections::HashSet;

use super::site::{Direction, Scope, Site, shown};
use super::types::accepts_null;
use crate::rules::openapi::resolve::At;
use crate::rules::parse::tree::{Entry, MAX_DEPTH, Node, Value};

/// Keywords that demand something by being there, and their names in ids.
const DEMANDS: [(&str, &str); 8] = [
    ("contains", "contains"),
    ("propertyNames", "property-names"),
    ("if", "if"),
    ("then", "then"),
    ("else", "else"),
    ("contentSchema", "content-schema"),
    ("unevaluatedItems", "unevaluated-items"),
    ("unevaluatedProperties", "unevaluated-properties"),
];

pub fn check(site: &mut Site<'_, '_>) {
    let one_value = is_one_value(site);
    site.quietly(one_value, enumeration);
    extensible(site);
    if site.in_body() {
        site.quietly(one_value, constant);
        default(site);
        demands(site);
        by_name(site, "patternProperties", "pattern-property");
        by_name(site, "dependentSchemas", "dependent-schema");
        dependent_required(site);
        site.quietly(is_same_encoding(site), content);
        additional(site);
    }
}

/// Whether one side lists a single value and the other fixes it.
fn is_one_value(site: &Site<'_, '_>) -> bool {
    let (old, new) = (site.both("enum"), site.both("const"));
    let same = |list: Option<&Node>, fixed: Option<&Node>| match (list.map(Node::items), fixed) {
        (Some([only]), Some(fixed)) => equal(only, fixed),
        _ => false,
    };
    let (was_listed, is_listed) = old;
    let (was_fixed, is_fixed) = new;
    (is_listed.is_none() && same(was_listed, is_fixed))
        || (was_listed.is_none() && same(is_listed, was_fixed))
}

/// Whether both sides hold bytes in the same way, which OpenAPI 3.0 says by `format` and 3.1 by
/// `contentEncoding` and `contentMediaType`.
pub fn is_same_encoding(site: &Site<'_, '_>) -> bool {
    let bytes = |at: At<'_>| match (at.word("format"), at.word("contentEncoding")) {
        ("byte", _) | (_, "base64") => Some("base64"),
        ("binary", _) => Some("binary"),
        (_, "") if !at.word("contentMediaType").is_empty() => Some("binary"),
        _ => None,
    };
    let (old, new) = (bytes(site.base()), bytes(site.head()));
    old.is_some() && old == new && site.base().word("format") != site.head().word("format")
}

fn values(node: Option<&Node>) -> Vec<(&Node, String)> {
    let items = node.map(Node::items).unwrap_or_default();
    items.iter().map(|item| (item, canonical(item, 0))).collect()
}

/// The same text for the same value, however numbers are written and keys are ordered. Lengths
/// stand before texts, so that nothing has to be escaped.
fn canonical(node: &Node, depth: usize) -> String {
    if depth > MAX_DEPTH {
        return String::new();
    }
    let with_length = |text: &str| format!("{}:{text}", text.len());
    match &node.value {
        Value::Scalar(scalar) => match node.as_f64() {
            Some(number) if scalar.text.contains(['.', 'e', 'E']) => {
                with_length(&number.to_string())
            }
            _ => with_length(&scalar.text),
        },
        Value::Sequence(items) => {
            let items: String = items.iter().map(|item| canonical(item, depth + 1)).collect();
            format!("[{items}]")
        }
        Value::Mapping(entries) => {
            let mut sorted: Vec<String> = entries
                .iter()
                .map(|entry| with_length(entry.name()) + &canonical(&entry.value, depth + 1))
                .collect();
            sorted.sort_unstable();
            format!("{{{}}}", sorted.concat())
        }
    }
}

/// Whether two values are the same, however they are written.
pub fn equal(one: &Node, other: &Node) -> bool {
    canonical(one, 0) == canonical(other, 0)
}

/// The values of one list that the other does not have.
fn missing<'n>(from: &[(&'n Node, String)], other: &[(&Node, String)]) -> Vec<&'n Node> {
    let known: HashSet<&str> = other.iter().map(|(_, text)| text.as_str()).collect();
    from.iter().filter(|(_, text)| !known.contains(text.as_str())).map(|(node, _)| *node).collect()
}

fn enumeration(site: &mut Site<'_, '_>) {
    let (base, head) = site.both("enum");
    let (mut old, mut new) = (values(base), values(head));
    // Whether null is listed beside `nullable` is a matter of style.
    if accepts_null(site.base().node) && accepts_null(site.head().node) {
        old.retain(|(node, _)| !node.is_null());
        new.retain(|(node, _)| !node.is_null());
    }
    let (gone, added) = (missing(&old, &new), missing(&new, &old));
    if old.is_empty() && !new.is_empty() && site.is_request() {
        let words = "accepts only listed values now";
        match site.scope {
            Scope::ParameterProperty if site.in_header => {
                site.say_as("request-header-property-became-enum", "enum", words);
            }
            Scope::ParameterProperty => {}
            _ => site.say("became-enum", "enum", words),
        }
    }
    // Without a list, every value goes.
    let gone = if new.is_empty() { Vec::new() } else { gone };
    for value in gone {
        let id = match (site.direction, site.scope) {
            (Direction::Request, Scope::Property) if site.is_read_only() => {
                "request-read-only-property-enum-value-removed".to_owned()
            }
            (Direction::Response, Scope::Body) => {
                "response-mediatype-enum-value-removed".to_owned()
            }
            (Direction::Response, Scope::Header) => continue,
            _ => site.id("enum-value-removed"),
        };
        let verb = if site.is_request() { "no longer accepts" } else { "is never" };
        let words =
            format!("{verb} `{}`{}", shown(value), if site.is_request() { "" } else { " now" });
        site.say_value(&id, crate::domain::diff::Side::Base, value, &words);
    }
    if site.scope == Scope::Body || site.scope == Scope::Header {
        return;
    }
    for value in added {
        let id = match site.direction {
            // A list where there was none before promises more.
            Direction::Response if old.is_empty() => continue,
            Direction::Response if site.is_write_only() => {
                "response-write-only-property-enum-value-added".to_owned()
            }
            _ => site.id("enum-value-added"),
        };
        let verb = if site.is_request() { "accepts" } else { "may be" };
        let words = format!("{verb} `{}` now", shown(value));
        site.say_value(&id, crate::domain::diff::Side::Head, value, &words);
    }
}

/// A list that may grow, for which clients are prepared, but not shrink.
fn extensible(site: &mut Site<'_, '_>) {
    let (base, head) = site.both("x-extensible-enum");
    let wanted = matches!(site.scope, Scope::Parameter | Scope::Property) && site.is_request();
    if head.is_none() || !wanted {
        return;
    }
    for value in missing(&values(base), &values(head)) {
        let id = site.id("x-extensible-enum-value-removed");
        let words = format!("no longer accepts `{}`", shown(value));
        site.say_value(&id, crate::domain::diff::Side::Base, value, &words);
    }
}

fn constant(site: &mut Site<'_, '_>) {
    match site.both("const") {
        (None, Some(new)) => {
            let words = format!("must be `{}` now", shown(new));
            site.say("const-added", "const", &words);
        }
        (Some(_), None) => site.say("const-removed", "const", "is no longer one fixed value"),
        (Some(old), Some(new)) if !equal(old, new) => {
            let words =
                format!("changes its fixed value from `{}` to `{}`", shown(old), shown(new));
            site.say("const-changed", "const", &words);
        }
        _ => {}
    }
}

fn default(site: &mut Site<'_, '_>) {
    match site.both("default") {
        (None, Some(_)) => site.say("default-value-added", "default", "gets a default"),
        (Some(_), None) => site.say("default-value-removed", "default", "loses its default"),
        (Some(old), Some(new)) if !equal(old, new) => {
            site.say("default-value-changed", "default", "changes its default");
        }
        _ => {}
    }
}

fn demands(site: &mut Site<'_, '_>) {
    for (key, name) in DEMANDS {
        // `true` allows everything, as leaving the keyword out does.
        let there = |node: Option<&Node>| node.is_some_and(|node| node.as_bool() != Some(true));
        let (old, new) = site.both(key);
        match (there(old), there(new)) {
            (false, true) => {
                let words = format!("must satisfy `{key}` now");
                site.say(&format!("{name}-added"), key, &words);
            }
            (true, false) => {
                let words = format!("no longer promises `{key}`");
                site.say(&format!("{name}-removed"), key, &words);
            }
            _ => {}
        }
    }
}

fn names(node: Option<&Node>) -> Vec<&str> {
    node.map(Node::entries).unwrap_or_default().iter().map(Entry::name).collect()
}

fn by_name(site: &mut Site<'_, '_>, key: &str, name: &str) {
    let (base, head) = site.both(key);
    let (old, new) = (names(base), names(head));
    let before: HashSet<&str> = old.iter().copied().collect();
    let after: HashSet<&str> = new.iter().copied().collect();
    for added in new.iter().filter(|one| !before.contains(*one)) {
        let words = format!("gets rules for `{}` in `{key}`", super::site::code(added));
        site.say(&format!("{name}-added"), key, &words);
    }
    for gone in old.iter().filter(|one| !after.contains(*one)) {
        let words = format!("loses the rules for `{}` in `{key}`", super::site::code(gone));
        site.say(&format!("{name}-removed"), key, &words);
    }
}

fn dependent_required(site: &mut Site<'_, '_>) {
    let key = "dependentRequired";
    let (base, head) = site.both(key);
    let (old, new) = (names(base), names(head));
    let after: HashSet<&str> = new.iter().copied().collect();
    for name in old.iter().filter(|name| !after.contains(*name)) {
        let words = format!("no longer ties other fields to `{}`", super::site::code(name));
        site.say("dependent-required-removed", key, &words);
    }
    for name in new {
        let lists = (base.and_then(|node| node.get(name)), head.and_then(|node| node.get(name)));
        let shown = super::site::code(name);
        match lists {
            (None, Some(_)) => {
                let words = format!("demands other fields where `{shown}` is given");
                site.say("dependent-required-added", key, &words);
            }
            (Some(old), Some(new)) => {
                let (old, new) = (values(Some(old)), values(Some(new)));
                if !missing(&old, &new).is_empty() || !missing(&new, &old).is_empty() {
                    let words = format!("changes which fields `{shown}` demands");
                    site.say("dependent-required-changed", key, &words);
                }
            }
            _ => {}
        }
    }
}

fn content(site: &mut Site<'_, '_>) {
    for (key, name) in
        [("contentMediaType", "content-media-type"), ("contentEncoding", "content-encoding")]
    {
        let (old, new) = (site.base().word(key), site.head().word(key));
        if old != new {
            let shown = |text: &str| {
                if text.is_empty() { "none".to_owned() } else { super::site::code(text) }
            };
            let words = format!("changes its `{key}` from `{}` to `{}`", shown(old), shown(new));
            site.say(&format!("{name}-changed"), key, &words);
        }
    }
}

/// Fields that are not listed are refused now.
fn additional(site: &mut Site<'_, '_>) {
    let (old, new) = site.both("additionalProperties");
    let closed = |node: Option<&Node>| node.and_then(Node::as_bool) == Some(false);
    if site.is_request() && closed(new) && !closed(old) {
        let words = "refuses fields that are not listed";
        site.say("additional-properties-refused", "additionalProperties", words);
    }
}

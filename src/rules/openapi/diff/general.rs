//! What concerns no schema: ids and tags of operations, security, components, the version.

use std::collections::HashSet;

use super::collect::Collector;
use super::site::code;
use crate::domain::diff::{LineRange, Side};
use crate::rules::openapi::catalogue::Level;
use crate::rules::openapi::model::{Description, Operation};
use crate::rules::openapi::resolve::At;
use crate::rules::parse::tree::{Entry, Node};

pub fn operation(before: &Operation<'_>, after: &Operation<'_>, out: &mut Collector) {
    let place = |key: &str| (Side::Head, after.at.file, after.at.line_of(key));
    let (old, new) = (before.at.word("operationId"), after.at.word("operationId"));
    match (old, new) {
        (old, new) if old == new => {}
        ("", new) => {
            let title = format!("The operation gets the id `{}`", code(new));
            out.add("api-operation-id-added", place("operationId"), title);
        }
        (old, _) => {
            let title = format!("The operation loses the id `{}`", code(old));
            out.add("api-operation-id-removed", place("operationId"), title);
        }
    }
    let tags = |at: At<'_>| -> Vec<String> {
        let list = at.node.get("tags").map(Node::items).unwrap_or_default();
        list.iter().filter_map(Node::as_str).map(str::to_owned).collect()
    };
    let (old, new) = (tags(before.at), tags(after.at));
    for tag in old.iter().filter(|tag| !new.contains(tag)) {
        out.add("api-tag-removed", place("tags"), format!("The tag `{}` is removed", code(tag)));
    }
    for tag in new.iter().filter(|tag| !old.contains(tag)) {
        out.add("api-tag-added", place("tags"), format!("The tag `{}` is new", code(tag)));
    }
    security(before.at, after.at, "api-security", out);
}

/// Alternatives of security requirements, by the schemes that each combines.
fn security(before: At<'_>, after: At<'_>, id: &str, out: &mut Collector) {
    let place = match after.get("security") {
        Some(at) => (Side::Head, at.file, at.line()),
        None => match before.get("security") {
            Some(at) => (Side::Base, at.file, at.line()),
            None => return,
        },
    };
    let alternatives = |at: At<'_>| -> Vec<Vec<(String, Vec<String>)>> {
        let list = at.node.get("security").map(Node::items).unwrap_or_default();
        let scopes = |entry: &Entry| {
            entry.value.items().iter().filter_map(Node::as_str).map(str::to_owned).collect()
        };
        let one = |node: &Node| {
            let mut schemes: Vec<(String, Vec<String>)> =
                node.entries().iter().map(|e| (e.name().to_owned(), scopes(e))).collect();
            schemes.sort();
            schemes
        };
        list.iter().map(one).collect()
    };
    let names = |one: &[(String, Vec<String>)]| -> String {
        one.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(" and ")
    };
    let (old, new) = (alternatives(before), alternatives(after));
    for gone in old.iter().filter(|one| !new.iter().any(|other| names(other) == names(one))) {
        let title = format!("The security requirement `{}` is removed", code(&names(gone)));
        out.add(&format!("{id}-removed"), place, title);
    }
    for added in &new {
        let Some(known) = old.iter().find(|one| names(one) == names(added)) else {
            let title = format!("The security requirement `{}` is new", code(&names(added)));
            out.add(&format!("{id}-added"), place, title);
            continue;
        };
        for ((scheme, was), (_, is)) in known.iter().zip(added) {
            for (how, one, other) in [("added", is, was), ("removed", was, is)] {
                for scope in one.iter().filter(|scope| !other.contains(scope)) {
                    let title =
                        format!("The scope `{}` of `{}` is {how}", code(scope), code(scheme));
                    out.add(&format!("{id}-scope-{how}"), place, title);
                }
            }
        }
    }
}

/// Differences of the whole description.
pub fn description<'t>(base: &Description<'t>, head: &Description<'t>, out: &mut Collector) {
    security(base.root, head.root, "api-global-security", out);
    security_schemes(base, head, out);
    for name in only(base.root, head.root, &["components", "schemas"]) {
        let title = format!("The schema `{}` is removed", code(name.0));
        out.add("api-schema-removed", (Side::Base, 0, name.1), title);
    }
    for (id, one, other, side, words) in [
        ("webhook-removed", base, head, Side::Base, "is no longer sent"),
        ("webhook-added", head, base, Side::Head, "is new"),
    ] {
        let known: HashSet<&str> = other.webhooks().iter().map(|hook| hook.name).collect();
        for hook in one.webhooks().iter().filter(|hook| !known.contains(hook.name)) {
            let title = format!("The webhook `{}` {words}", code(hook.name));
            out.add(id, (side, 0, hook.line), title);
        }
    }
}

/// Keys of a mapping that the other description does not have there.
fn only<'t>(one: At<'t>, other: At<'t>, path: &[&str]) -> Vec<(&'t str, LineRange)> {
    let entries = |at: At<'t>| at.node.path(path).map(Node::entries).unwrap_or_default();
    let known: HashSet<&str> = entries(other).iter().map(Entry::name).collect();
    let gone = entries(one).iter().filter(|entry| !known.contains(entry.name()));
    gone.map(|entry| (entry.name(), LineRange::line(entry.key.line()))).collect()
}

fn security_schemes(base: &Description<'_>, head: &Description<'_>, out: &mut Collector) {
    let path = ["components", "securitySchemes"];
    let id = "api-security-component";
    for (name, line) in only(base.root, head.root, &path) {
        let title = format!("The security scheme `{}` is removed", code(name));
        out.add(&format!("{id}-removed"), (Side::Base, 0, line), title);
    }
    for (name, line) in only(head.root, base.root, &path) {
        let title = format!("The security scheme `{}` is new", code(name));
        out.add(&format!("{id}-added"), (Side::Head, 0, line), title);
    }
    let schemes = |root: At<'_>| root.node.path(&path).map(Node::entries).unwrap_or_default().len();
    if schemes(base.root) == 0 || schemes(head.root) == 0 {
        return;
    }
    for entry in base.root.node.path(&path).map(Node::entries).unwrap_or_default() {
        let Some(new) = head.root.node.path(&path).and_then(|node| node.get(entry.name())) else {
            continue;
        };
        let (old, place) = (&entry.value, (Side::Head, 0, LineRange::line(new.line())));
        let name = code(entry.name());
        let text = |node: &Node, key: &str| node.get(key).and_then(Node::as_str).map(str::to_owned);
        if text(old, "type") != text(new, "type") {
            let title = format!("The security scheme `{name}` changes its type");
            out.add(&format!("{id}-type-changed"), place, title);
        }
        flows(old, new, &name, place, out);
    }
}

fn flows(old: &Node, new: &Node, name: &str, place: (Side, usize, LineRange), out: &mut Collector) {
    let id = "api-security-component-oauth";
    let (Some(old), Some(new)) = (old.get("flows"), new.get("flows")) else { return };
    for flow in old.entries() {
        let Some(now) = new.get(flow.name()) else { continue };
        let text = |node: &Node, key: &str| node.get(key).and_then(Node::as_str).map(str::to_owned);
        for (key, what) in [("authorizationUrl", "url"), ("tokenUrl", "token-url")] {
            if text(&flow.value, key) != text(now, key) {
                let title = format!("The security scheme `{name}` changes its `{key}`");
                out.add(&format!("{id}-{what}-changed"), place, title);
            }
        }
        let scopes = |node: &Node| -> Vec<(String, String)> {
            let list = node.get("scopes").map(Node::entries).unwrap_or_default();
            let text = |e: &Entry| e.value.as_str().unwrap_or("").to_owned();
            list.iter().map(|e| (e.name().to_owned(), text(e))).collect()
        };
        let (was, is) = (scopes(&flow.value), scopes(now));
        let known = |list: &[(String, String)], scope: &str| {
            list.iter().find(|(other, _)| other == scope).map(|(_, text)| text.clone())
        };
        for (scope, text) in &was {
            let (what, words) = match known(&is, scope) {
                None => ("removed", "loses"),
                Some(now) if now != *text => ("changed", "describes anew"),
                Some(_) => continue,
            };
            let title = format!("The security scheme `{name}` {words} the scope `{}`", code(scope));
            out.add(&format!("{id}-scope-{what}"), place, title);
        }
        for (scope, _) in is.iter().filter(|(scope, _)| known(&was, scope).is_none()) {
            let title = format!("The security scheme `{name}` gets the scope `{}`", code(scope));
            out.add(&format!("{id}-scope-added"), place, title);
        }
    }
}

/// A break without a new major version, where versions are of that kind.
pub fn version(base: &Description<'_>, head: &Description<'_>, out: &mut Collector) {
    let text = |side: &Description<'_>| {
        side.root.node.path(&["info", "version"]).and_then(Node::as_str).unwrap_or("").to_owned()
    };
    let (old, new) = (text(base), text(head));
    let (Some(was), Some(is)) = (semantic(&old), semantic(&new)) else { return };
    if out.found.iter().all(|one| one.level != Level::Error) {
        return;
    }
    let id = match is.cmp(&was) {
        std::cmp::Ordering::Less => "api-version-decreased",
        std::cmp::Ordering::Equal => "api-version-not-bumped",
        std::cmp::Ordering::Greater if is.0 == was.0 => "api-major-version-not-bumped",
        std::cmp::Ordering::Greater => return,
    };
    let line = head.root.node.path(&["info", "version"]).map_or(1, Node::line);
    let title = format!("The version goes from `{}` to `{}`", code(&old), code(&new));
    out.add(id, (Side::Head, 0, LineRange::line(line)), title);
}

fn semantic(text: &str) -> Option<(u64, u64, u64)> {
    let text = text.strip_prefix('v').unwrap_or(text);
    let core = text.split(['-', '+']).next()?;
    let mut parts = core.split('.').map(|part| {
        let sound = !part.is_empty() && (part == "0" || !part.starts_with('0'));
        part.parse::<u64>().ok().filter(|_| sound)
    });
    let version = (parts.next()??, parts.next()??, parts.next()??);
    parts.next().is_none().then_some(version)
}

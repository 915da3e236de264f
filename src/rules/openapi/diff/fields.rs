//! Properties of an object: there, gone, required, read-only, deprecated.

use std::collections::HashSet;

use super::lifecycle::{Stability, Sunset, WITHOUT_END};
use super::pairs::Pair;
use super::site::{Direction, Scope, Site};
use super::types::Wrapping;
use crate::domain::diff::{LineRange, Side};
use crate::rules::openapi::resolve::{At, Documents};
use crate::rules::parse::tree::{Entry, Node};

/// Both documents, to look into properties that are references.
pub type Both<'d, 't> = (&'d Documents<'t>, &'d Documents<'t>);

pub fn check<'t>(site: &mut Site<'_, 't>, documents: Both<'_, 't>) {
    let moved: HashSet<&str> = match &site.pair.wrapping {
        Wrapping::OneOf { moved } => moved.iter().copied().collect(),
        _ => HashSet::new(),
    };
    if site.in_body() {
        for entry in &site.pair.gone {
            if !moved.contains(entry.name()) {
                gone(site, entry, documents);
            }
        }
        for entry in &site.pair.new {
            added(site, entry, documents);
        }
    } else if site.in_header && site.is_request() {
        for entry in &site.pair.new {
            let name = entry.name();
            let read_only = value(site.head(), entry, documents.1).is_true("readOnly");
            if required(site.head()).contains_key(name) && !read_only {
                let line = LineRange::line(entry.key.line());
                let words = "is new and required";
                site.say_property(
                    "new-required-request-header-property",
                    Side::Head,
                    name,
                    line,
                    words,
                );
            }
        }
    }
    requirements(site, documents);
    if site.in_body() {
        access(site);
        deprecation(site);
        stability(site);
    }
}

/// Parts and alternatives of a schema, and of these, that are looked into.
const MAX_PARTS: usize = 64;

/// Where the properties of a schema may be described besides the schema itself.
const COMPOSED: [&str; 3] = ["allOf", "anyOf", "oneOf"];

/// A property as it is written, and what it refers to.
#[derive(Clone, Copy)]
struct Described<'t> {
    written: At<'t>,
    meant: At<'t>,
}

impl<'t> Described<'t> {
    fn of(written: At<'t>, documents: &Documents<'t>) -> Self {
        Self { written, meant: documents.value(written).unwrap_or(written) }
    }

    fn is_true(self, key: &str) -> bool {
        self.written.is_true(key) || self.meant.is_true(key)
    }

    fn has(self, key: &str) -> bool {
        self.written.get(key).is_some() || self.meant.get(key).is_some()
    }

    fn is_early(self) -> bool {
        Stability::is_early_at(self.written) || Stability::is_early_at(self.meant)
    }
}

fn value<'t>(holder: At<'t>, entry: &'t Entry, documents: &Documents<'t>) -> Described<'t> {
    Described::of(holder.with(&entry.value), documents)
}

/// Whether the schema's parts under one of the keys, or their parts, describe the property.
fn in_parts<'t>(documents: &Documents<'t>, at: At<'t>, keys: &[&str], name: &str) -> bool {
    let parts = |at: At<'t>| -> Vec<At<'t>> {
        keys.iter().filter_map(|key| at.get(key)).flat_map(At::items).collect()
    };
    let mut open = parts(at);
    for _ in 0..MAX_PARTS {
        let Some(part) = open.pop() else { return false };
        let Some(part) = documents.value(part) else { continue };
        let properties = part.get("properties").map(|at| at.node);
        if properties.is_some_and(|node| documents.child(node, name).is_some()) {
            return true;
        }
        open.extend(parts(part));
    }
    false
}

/// Whether properties moved into the `allOf` of the schema, or out of it: it says the same in
/// another way then.
pub fn rearranged<'t>(pair: &Pair<'t>, documents: Both<'_, 't>) -> bool {
    let keys = ["allOf"];
    pair.gone.iter().any(|entry| in_parts(documents.1, pair.head, &keys, entry.name()))
        || pair.new.iter().any(|entry| in_parts(documents.0, pair.base, &keys, entry.name()))
}

/// Names of required properties and the lines that say so.
fn required<'t>(at: At<'t>) -> std::collections::HashMap<&'t str, LineRange> {
    let items = at.node.get("required").map(Node::items).unwrap_or_default();
    items.iter().filter_map(|item| Some((item.as_str()?, LineRange::line(item.line())))).collect()
}

fn gone<'t>(site: &mut Site<'_, 't>, entry: &'t Entry, documents: Both<'_, 't>) {
    let at = value(site.base(), entry, documents.0);
    let needed = required(site.base()).contains_key(entry.name());
    let moved = in_parts(documents.1, site.head(), &COMPOSED, entry.name());
    let id = match site.direction {
        _ if at.is_early() => return,
        Direction::Request if at.is_true("readOnly") => return,
        Direction::Request => "request-property-removed".to_owned(),
        Direction::Response => {
            let kind = if needed { "required" } else { "optional" };
            let hidden = if at.is_true("writeOnly") { "-write-only" } else { "" };
            format!("response-{kind}{hidden}-property-removed")
        }
    };
    let line = LineRange::line(entry.key.line());
    site.quietly(moved, |site| {
        site.say_property(&id, Side::Base, entry.name(), line, "is removed");
    });
}

fn added<'t>(site: &mut Site<'_, 't>, entry: &'t Entry, documents: Both<'_, 't>) {
    let at = value(site.head(), entry, documents.1);
    let needed = required(site.head()).get(entry.name()).copied();
    let moved = in_parts(documents.0, site.base(), &COMPOSED, entry.name());
    let (id, words) = match (site.direction, needed) {
        _ if at.is_early() => return,
        (Direction::Request, _) if at.is_true("readOnly") => return,
        (Direction::Request, Some(_)) if at.has("default") => {
            ("new-required-request-property-with-default".to_owned(), "is new and required")
        }
        (Direction::Request, Some(_)) => {
            ("new-required-request-property".to_owned(), "is new and required")
        }
        (Direction::Request, None) => ("new-optional-request-property".to_owned(), "is new"),
        (Direction::Response, needed) => {
            let kind = if needed.is_some() { "required" } else { "optional" };
            let hidden = if at.is_true("writeOnly") { "-write-only" } else { "" };
            (format!("response-{kind}{hidden}-property-added"), "is new")
        }
    };
    let line = needed.filter(|_| site.is_request());
    let line = line.unwrap_or(LineRange::line(entry.key.line()));
    site.quietly(moved, |site| {
        site.say_property(&id, Side::Head, entry.name(), line, words);
    });
}

/// Properties of both sides that became required, or stopped being it.
fn requirements<'t>(site: &mut Site<'_, 't>, documents: Both<'_, 't>) {
    let (old, new) = (required(site.base()), required(site.head()));
    let (base, head) = (site.base().get("properties"), site.head().get("properties"));
    let find = |holder: Option<At<'t>>, documents: &Documents<'t>, name: &str| {
        let holder = holder?;
        Some(Described::of(holder.with(documents.child(holder.node, name)?), documents))
    };
    let mut changes: Vec<(&str, LineRange, bool)> = Vec::new();
    changes.extend(new.iter().filter(|(n, _)| !old.contains_key(*n)).map(|(n, l)| (*n, *l, true)));
    changes.extend(old.iter().filter(|(n, _)| !new.contains_key(*n)).map(|(n, l)| (*n, *l, false)));
    changes.sort_by_key(|(_, line, _)| line.start());
    for (name, line, became) in changes {
        let (Some(_), Some(now)) = (find(base, documents.0, name), find(head, documents.1, name))
        else {
            continue;
        };
        if now.is_early() {
            continue;
        }
        let with_default = if now.has("default") { "-with-default" } else { "" };
        let hidden = if now.is_true("writeOnly") { "-write-only" } else { "" };
        let id = match (site.direction, became, site.in_body()) {
            (Direction::Request, true, _) if now.is_true("readOnly") => continue,
            (Direction::Request, true, true) => {
                format!("request-property-became-required{with_default}")
            }
            (Direction::Request, false, true) => "request-property-became-optional".to_owned(),
            (Direction::Request, true, false) if site.in_header => {
                "request-header-property-became-required".to_owned()
            }
            (Direction::Response, true, true) => {
                format!("response{hidden}-property-became-required")
            }
            (Direction::Response, false, true) => {
                format!("response{hidden}-property-became-optional")
            }
            _ => continue,
        };
        let (side, words) = match (became, site.direction) {
            (true, Direction::Request) => (Side::Head, "becomes required"),
            (true, Direction::Response) => (Side::Head, "is always there now"),
            (false, Direction::Request) => (Side::Base, "becomes optional"),
            (false, Direction::Response) => (Side::Base, "is no longer always there"),
        };
        site.say_property(&id, side, name, line, words);
    }
}

/// `readOnly` and `writeOnly` of a property.
fn access(site: &mut Site<'_, '_>) {
    let Some(needed) = site.required else { return };
    let kind = if needed { "required" } else { "optional" };
    let direction = if site.is_request() { "request" } else { "response" };
    for (key, name) in [("writeOnly", "write-only"), ("readOnly", "read-only")] {
        let (was, is) = (site.base().is_true(key), site.head().is_true(key));
        if was != is {
            let not = if is { "" } else { "not-" };
            let id = format!("{direction}-{kind}-property-became-{not}{name}");
            let words = if is { format!("becomes {name}") } else { format!("is no longer {name}") };
            // Clients notice this much: what they sent had an effect, or they received it.
            let moot = std::mem::take(&mut site.out.moot);
            site.say_as(&id, key, &words);
            site.out.moot = moot;
        }
    }
}

/// How much clients may rely on a property that they could rely on before.
pub fn stability(site: &mut Site<'_, '_>) {
    let (Ok(was), Ok(is)) = (Stability::of(site.base()), Stability::of(site.head())) else {
        return;
    };
    let reliable = site.scope == Scope::Property && !Stability::is_early_at(site.base());
    let Some(old) = was.filter(|_| reliable) else { return };
    if is.is_none_or(|new| new < old) {
        site.say("stability-decreased", "x-stability-level", "becomes less stable");
    } else if is > was {
        site.say("stability-increased", "x-stability-level", "becomes more stable");
    }
}

fn deprecation(site: &mut Site<'_, '_>) {
    if site.scope != Scope::Property {
        return;
    }
    let (was, is) = (site.base().is_true("deprecated"), site.head().is_true("deprecated"));
    let (what, words) = match (was, is) {
        (true, false) => ("reactivated", "is no longer deprecated"),
        (false, true) => match Sunset::of(site.head()) {
            Sunset::None => ("deprecated", "is deprecated"),
            Sunset::Date(_) => ("deprecated-with-sunset", "is deprecated, with a date for its end"),
            Sunset::Malformed => {
                ("deprecated-sunset-invalid", "is deprecated with a date that cannot be read")
            }
        },
        _ => return,
    };
    site.say(what, "deprecated", words);
    if what == "deprecated" && site.out.ends_announced {
        site.say("deprecated-sunset-missing", "deprecated", WITHOUT_END);
    }
}

//! Properties of an object: there, gone, required, read-only, deprecated.

use std::collections::HashSet;

use super::lifecycle::{Stability, Sunset};
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

fn value<'t>(holder: At<'t>, entry: &'t Entry, documents: &Documents<'t>) -> At<'t> {
    let at = holder.with(&entry.value);
    documents.value(at).unwrap_or(at)
}

/// Names of required properties and the lines that say so.
fn required<'t>(at: At<'t>) -> std::collections::HashMap<&'t str, LineRange> {
    let items = at.node.get("required").map(Node::items).unwrap_or_default();
    items.iter().filter_map(|item| Some((item.as_str()?, LineRange::line(item.line())))).collect()
}

fn gone<'t>(site: &mut Site<'_, 't>, entry: &'t Entry, documents: Both<'_, 't>) {
    let at = value(site.base(), entry, documents.0);
    let needed = required(site.base()).contains_key(entry.name());
    let id = match site.direction {
        Direction::Request if at.is_true("readOnly") => return,
        Direction::Request => "request-property-removed".to_owned(),
        Direction::Response => {
            let kind = if needed { "required" } else { "optional" };
            let hidden = if at.is_true("writeOnly") { "-write-only" } else { "" };
            format!("response-{kind}{hidden}-property-removed")
        }
    };
    let line = LineRange::line(entry.key.line());
    site.say_property(&id, Side::Base, entry.name(), line, "is removed");
}

fn added<'t>(site: &mut Site<'_, 't>, entry: &'t Entry, documents: Both<'_, 't>) {
    let at = value(site.head(), entry, documents.1);
    let needed = required(site.head()).get(entry.name()).copied();
    let (id, words) = match (site.direction, needed) {
        (Direction::Request, _) if at.is_true("readOnly") => return,
        (Direction::Request, Some(_)) if at.get("default").is_some() => {
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
    site.say_property(&id, Side::Head, entry.name(), line, words);
}

/// Properties of both sides that became required, or stopped being it.
fn requirements<'t>(site: &mut Site<'_, 't>, documents: Both<'_, 't>) {
    let (old, new) = (required(site.base()), required(site.head()));
    let (base, head) = (site.base().get("properties"), site.head().get("properties"));
    let find = |holder: Option<At<'t>>, documents: &Documents<'t>, name: &str| {
        let holder = holder?;
        let at = holder.with(documents.child(holder.node, name)?);
        Some(documents.value(at).unwrap_or(at))
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
        let with_default = if now.get("default").is_some() { "-with-default" } else { "" };
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
            site.say_as(&id, key, &words);
        }
    }
}

/// How much clients may rely on a property.
fn stability(site: &mut Site<'_, '_>) {
    let (Ok(was), Ok(is)) = (Stability::of(site.base()), Stability::of(site.head())) else {
        return;
    };
    let Some(old) = was.filter(|_| site.scope == Scope::Property) else { return };
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
}

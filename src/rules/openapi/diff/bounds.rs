//! Limits and patterns: when a number or a pattern allows less to be sent, or more to come back.

use super::site::{Scope, Site, shown};
use crate::rules::openapi::resolve::At;
use crate::rules::parse::tree::Node;

/// A keyword that bounds values from one side.
struct Bound {
    keyword: &'static str,
    /// In ids.
    name: &'static str,
    upper: bool,
    /// A bound of zero demands nothing.
    zero_is_none: bool,
    parameters: bool,
    /// Whether responses that may go beyond it are of interest.
    responses: bool,
    contains: bool,
}

const fn bound(keyword: &'static str, name: &'static str, upper: bool) -> Bound {
    Bound {
        keyword,
        name,
        upper,
        zero_is_none: false,
        parameters: true,
        responses: true,
        contains: false,
    }
}

const BOUNDS: [Bound; 12] = [
    bound("maximum", "max", true),
    bound("exclusiveMaximum", "exclusive-max", true),
    bound("minimum", "min", false),
    bound("exclusiveMinimum", "exclusive-min", false),
    bound("maxLength", "max-length", true),
    Bound { zero_is_none: true, ..bound("minLength", "min-length", false) },
    Bound { zero_is_none: true, ..bound("minItems", "min-items", false) },
    Bound { responses: false, ..bound("maxItems", "max-items", true) },
    Bound {
        zero_is_none: true,
        responses: false,
        ..bound("minProperties", "min-properties", false)
    },
    Bound { responses: false, ..bound("maxProperties", "max-properties", true) },
    Bound { contains: true, parameters: false, ..bound("minContains", "min-contains", false) },
    Bound { contains: true, parameters: false, ..bound("maxContains", "max-contains", true) },
];

pub fn check(site: &mut Site<'_, '_>) {
    if matches!(site.scope, Scope::ParameterProperty | Scope::Header) {
        return;
    }
    for bound in &BOUNDS {
        if bound.parameters || !site.is_parameter() {
            one(site, bound);
        }
    }
    pattern(site);
}

fn one(site: &mut Site<'_, '_>, bound: &Bound) {
    let (old, new) = site.both(bound.keyword);
    let across = across_versions(site, bound.keyword);
    // OpenAPI 3.0 says with `true` that the limit itself is excluded.
    let (was, is) = (flag(old), flag(new));
    if (was || is) && !across {
        if is && !was && number(old).is_none() && site.is_request() {
            let words = format!("excludes its limit itself now (`{}`)", bound.keyword);
            site.say(&format!("{}-set", bound.name), bound.keyword, &words);
        }
        return;
    }
    let zero = |value: Option<f64>| match value {
        None if bound.zero_is_none => Some(0.0),
        other => other,
    };
    let (old, new) = if across {
        (limit(site.base(), bound.keyword), limit(site.head(), bound.keyword))
    } else {
        (number(old), number(new))
    };
    match (zero(old), zero(new)) {
        (Some(from), Some(to)) if from != to => moved(site, bound, from, to),
        (None, Some(to)) if site.is_request() && !bound.contains => {
            let words = format!("gets a `{}` of {to}", bound.keyword);
            site.say(&format!("{}-set", bound.name), bound.keyword, &words);
        }
        (Some(from), None)
            if bound.name == "max-length" && !site.is_request() && !site.is_write_only() =>
        {
            let words = format!("loses its `{}` of {from}", bound.keyword);
            site.say("max-length-unset", bound.keyword, &words);
        }
        _ => {}
    }
}

fn number(node: Option<&Node>) -> Option<f64> {
    node.and_then(Node::as_f64)
}

fn flag(node: Option<&Node>) -> bool {
    node.and_then(Node::as_bool) == Some(true)
}

/// The keyword of the limit itself, and the one that excludes it.
fn keywords(keyword: &str) -> Option<(&'static str, &'static str)> {
    match keyword {
        "maximum" | "exclusiveMaximum" => Some(("maximum", "exclusiveMaximum")),
        "minimum" | "exclusiveMinimum" => Some(("minimum", "exclusiveMinimum")),
        _ => None,
    }
}

/// Whether one side excludes its limit as OpenAPI 3.0 does, and the other as 3.1 does.
fn across_versions(site: &Site<'_, '_>, keyword: &str) -> bool {
    let Some((_, exclusive)) = keywords(keyword) else { return false };
    let (old, new) = site.both(exclusive);
    (flag(old) && number(new).is_some()) || (number(old).is_some() && flag(new))
}

/// A limit as OpenAPI 3.1 writes it, however it is written.
fn limit(at: At<'_>, keyword: &str) -> Option<f64> {
    let (plain, exclusive) = keywords(keyword)?;
    let flagged = flag(at.node.get(exclusive));
    match (flagged, keyword == exclusive) {
        (true, true) => number(at.node.get(plain)),
        (true, false) => None,
        (false, _) => number(at.node.get(keyword)),
    }
}

/// Limits of fields for which it is known besides that the server ignores the field.
const READ_ONLY: [&str; 5] = ["max", "exclusive-max", "max-length", "min", "exclusive-min"];

/// Whether a limit that allows more than before is of interest where it stands.
fn loosening_counts(site: &Site<'_, '_>, bound: &Bound) -> bool {
    match bound.name {
        "min-properties" | "max-properties" => false,
        "min-items" | "max-items" => site.is_parameter() || !site.is_request(),
        _ => true,
    }
}

fn moved(site: &mut Site<'_, '_>, bound: &Bound, from: f64, to: f64) {
    let up = to > from;
    let how = if up { "increased" } else { "decreased" };
    let narrows = bound.upper != up;
    if site.is_write_only() {
        return;
    }
    if site.is_read_only() && narrows && READ_ONLY.contains(&bound.name) {
        let id = format!("request-read-only-property-{}-{how}", bound.name);
        site.say_as(&id, bound.keyword, &format!("changes its `{}`", bound.keyword));
        return;
    }
    if !narrows && !loosening_counts(site, bound) {
        return;
    }
    // Of responses only what may break is of interest.
    if !site.is_request() && ((narrows && !bound.contains) || !bound.responses) {
        return;
    }
    let words = format!("changes its `{}` from {from} to {to}", bound.keyword);
    site.say(&format!("{}-{how}", bound.name), bound.keyword, &words);
}

fn pattern(site: &mut Site<'_, '_>) {
    let text = |node: Option<&Node>| node.and_then(Node::as_str).unwrap_or("").to_owned();
    let (old, new) = site.both("pattern");
    let (old, new) = (text(old), text(new));
    // Bodies that are a single text are not compared by pattern.
    if old == new || site.scope == Scope::Body {
        return;
    }
    let (what, words) = match (old.as_str(), new.as_str()) {
        ("", _) => ("pattern-added", "must match a pattern now"),
        (_, "") => ("pattern-removed", "need no longer match a pattern"),
        (_, ".*") if site.is_request() => ("pattern-generalized", "may be any text now"),
        _ => ("pattern-changed", "must match another pattern now"),
    };
    site.say(what, "pattern", words);
}

/// `multipleOf` and `uniqueItems`, which narrow what is accepted.
pub fn other_limits(site: &mut Site<'_, '_>) {
    if !site.is_request() || site.scope == Scope::Header {
        return;
    }
    let (old, new) = site.both("multipleOf");
    if let Some(new) = new
        && old.is_none_or(|old| !divides(new, old))
    {
        site.say(
            "multiple-of-changed",
            "multipleOf",
            &format!("must be a multiple of {}", shown(new)),
        );
    }
    let (old, new) = site.both("uniqueItems");
    let set = |node: Option<&Node>| node.and_then(Node::as_bool) == Some(true);
    if set(new) && !set(old) {
        site.say("unique-items-set", "uniqueItems", "must not repeat its items now");
    }
}

/// Whether every multiple of `old` is one of `new`.
fn divides(new: &Node, old: &Node) -> bool {
    let (Some(new), Some(old)) = (new.as_f64(), old.as_f64()) else { return true };
    new == old || (new != 0.0 && (old / new).fract() == 0.0)
}

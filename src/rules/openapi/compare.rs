//! What a changed document breaks for clients of the old one.

use std::collections::BTreeMap;

use super::document::{self, Operation};
use super::schema::{Comparison, Direction, Roots};
use crate::domain::diff::{LineRange, Side};
use crate::domain::finding::Severity;
use crate::rules::parse::tree::Node;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    OperationRemoved,
    RequiredParameter,
    RequiredField,
    FieldRemoved,
    RequestFieldRemoved,
    StatusRemoved,
    MediaTypeRemoved,
    ValueRemoved,
    LimitTightened,
    TypeChanged,
    DefaultChanged,
}

/// One break, at one place of the document.
#[derive(Debug, Clone)]
pub struct Difference {
    pub kind: Kind,
    pub side: Side,
    pub lines: LineRange,
    pub title: String,
    pub evidence: String,
    /// Other than the rule's own.
    pub severity: Option<Severity>,
}

type Place = (Kind, Side, LineRange);

/// Breaks by place, each with the operations it concerns: a shared schema is reported once.
#[derive(Default)]
pub struct Report {
    found: BTreeMap<Place, (Difference, Vec<String>)>,
    operation: String,
}

impl Report {
    pub fn add(&mut self, difference: Difference) {
        let place = (difference.kind, difference.side, difference.lines);
        let (_, operations) = self.found.entry(place).or_insert_with(|| (difference, Vec::new()));
        if !operations.contains(&self.operation) {
            operations.push(self.operation.clone());
        }
    }

    pub fn of_kind(&self, kind: Kind) -> impl Iterator<Item = (&Difference, &[String])> {
        self.found
            .values()
            .filter(move |(difference, _)| difference.kind == kind)
            .map(|(difference, operations)| (difference, operations.as_slice()))
    }
}

/// Compares two documents.
pub fn compare(base: &Node, head: &Node) -> Report {
    let mut report = Report::default();
    let roots = Roots { base, head };
    let now = document::operations(head);
    for before in document::operations(base) {
        report.operation = before.name();
        match now.iter().find(|operation| operation.key() == before.key()) {
            None => removed(&before, &mut report),
            Some(after) => operation(roots, &before, after, &mut report),
        }
    }
    report
}

fn removed(operation: &Operation<'_>, report: &mut Report) {
    let node = &operation.entry.value;
    let unstable = node.get("x-stability-level").and_then(Node::as_str);
    if matches!(unstable, Some("draft" | "alpha")) {
        return;
    }
    let deprecated = node.get("deprecated").and_then(Node::as_bool) == Some(true);
    let note = match (deprecated, node.get("x-sunset").and_then(Node::as_str)) {
        (true, Some(date)) => {
            format!(" It was marked as deprecated, with its end announced for {date}.")
        }
        (true, None) => " It was marked as deprecated, without a date for its end.".to_owned(),
        _ => String::new(),
    };
    report.add(Difference {
        kind: Kind::OperationRemoved,
        side: Side::Base,
        lines: operation.line(),
        title: format!("`{}` is removed", operation.name()),
        evidence: format!("Clients that call it get an error from the next release on.{note}"),
        severity: deprecated.then_some(Severity::Minor),
    });
}

fn operation(roots: Roots<'_>, before: &Operation<'_>, after: &Operation<'_>, report: &mut Report) {
    parameters(roots, before, after, report);
    bodies(roots, before, after, report);
    responses(roots, before, after, report);
}

fn parameters(
    roots: Roots<'_>,
    before: &Operation<'_>,
    after: &Operation<'_>,
    report: &mut Report,
) {
    let old = document::parameters(roots.base, before);
    for parameter in document::parameters(roots.head, after) {
        let known = old.iter().find(|p| p.name == parameter.name && p.place == parameter.place);
        // Path parameters are always there; one with another name takes the place of an old one.
        if parameter.place == "path" && known.is_none() {
            continue;
        }
        if parameter.required && known.is_none_or(|known| !known.required) {
            let (name, place) = (parameter.name, parameter.place);
            let how = if known.is_some() { "becomes required" } else { "is new and required" };
            let line = parameter.node.get("required").unwrap_or(parameter.node).line();
            report.add(Difference {
                kind: Kind::RequiredParameter,
                side: Side::Head,
                lines: LineRange::line(line),
                title: format!("The {place} parameter `{name}` {how}"),
                evidence: "Clients that do not send it, as they were allowed to, are refused now."
                    .to_owned(),
                severity: None,
            });
        }
        if let Some(known) = known
            && let (Some(base), Some(head)) =
                (known.node.get("schema"), parameter.node.get("schema"))
        {
            let mut comparison = Comparison::new(roots, Direction::Request, report);
            comparison.schemas(base, head, parameter.name, 0);
            default_value(roots, parameter.name, base, head, report);
        }
    }
}

/// A default that was there before decides what a request means that leaves the parameter out.
fn default_value(roots: Roots<'_>, name: &str, base: &Node, head: &Node, report: &mut Report) {
    let (Some(base), Some(head)) =
        (document::resolve(roots.base, base), document::resolve(roots.head, head))
    else {
        return;
    };
    let Some(old) = base.get("default") else { return };
    let new = head.get("default");
    if new.is_some_and(|new| new.same(old)) {
        return;
    }
    let shown = |node: &Node| node.as_str().unwrap_or("another value").to_owned();
    let (side, line, title) = match new {
        Some(new) => {
            let title = format!(
                "The default of `{name}` changes from `{}` to `{}`",
                shown(old),
                shown(new)
            );
            (Side::Head, new.line(), title)
        }
        None => {
            let title = format!("`{name}` loses its default `{}`", shown(old));
            (Side::Base, old.line(), title)
        }
    };
    report.add(Difference {
        kind: Kind::DefaultChanged,
        side,
        lines: LineRange::line(line),
        title,
        evidence: "Clients that leave the parameter out, as they may, get other results than before from the same request."
            .to_owned(),
        severity: None,
    });
}

fn bodies(roots: Roots<'_>, before: &Operation<'_>, after: &Operation<'_>, report: &mut Report) {
    let body = |root, operation: &Operation<'_>| {
        // The operation lives as long as the document, not as long as the borrow of `operation`.
        operation
            .entry
            .value
            .get("requestBody")
            .and_then(|node| document::resolve(root, node))
            .cloned()
    };
    let (old, new) = (body(roots.base, before), body(roots.head, after));
    let Some(new) = new else {
        if let Some(old) = old {
            report.add(Difference {
                kind: Kind::RequestFieldRemoved,
                side: Side::Base,
                lines: LineRange::line(old.line()),
                title: "The request body is removed".to_owned(),
                evidence:
                    "What clients send in it, as they were told to, is refused or ignored now."
                        .to_owned(),
                severity: Some(Severity::Major),
            });
        }
        return;
    };
    let required = |node: &Node| node.get("required").and_then(Node::as_bool) == Some(true);
    if required(&new) && !old.as_ref().is_some_and(required) {
        report.add(Difference {
            kind: Kind::RequiredField,
            side: Side::Head,
            lines: LineRange::line(new.get("required").unwrap_or(&new).line()),
            title: "A request body is required now".to_owned(),
            evidence: "Clients that send none, as they were allowed to, are refused now."
                .to_owned(),
            severity: None,
        });
    }
    if let Some(old) = old {
        media_types(roots, &old, &new, Direction::Request, report);
    }
}

fn media_types(
    roots: Roots<'_>,
    old: &Node,
    new: &Node,
    direction: Direction,
    report: &mut Report,
) {
    let now = document::contents(new);
    for (name, before) in document::contents(old) {
        let Some((_, after)) = now.iter().find(|(other, _)| essence(other) == essence(name)) else {
            let narrower = direction == Direction::Response
                && now.iter().any(|(other, _)| is_special_case(other, name));
            let what = match direction {
                Direction::Request => "accepted in requests",
                Direction::Response => "offered in responses",
            };
            report.add(Difference {
                kind: Kind::MediaTypeRemoved,
                side: Side::Base,
                lines: LineRange::line(before.key.line()),
                title: format!("`{name}` is no longer {what}"),
                evidence:
                    "Clients that use this media type get an error or a form they cannot read."
                        .to_owned(),
                severity: narrower.then_some(Severity::Minor),
            });
            continue;
        };
        if let (Some(base), Some(head)) = (before.value.get("schema"), after.value.get("schema")) {
            Comparison::new(Roots { base: roots.base, head: roots.head }, direction, report)
                .schemas(base, head, "body", 0);
        }
    }
}

/// A media type without its parameters.
fn essence(name: &str) -> &str {
    name.split(';').next().unwrap_or(name).trim()
}

/// Whether one is written in the syntax of the other, as `application/problem+json` is in that of
/// `application/json`: clients can read it, though they may not ask for it.
fn is_special_case(one: &str, other: &str) -> bool {
    let (Some((kind, one)), Some((general_kind, other))) =
        (essence(one).split_once('/'), essence(other).split_once('/'))
    else {
        return false;
    };
    kind == general_kind && one.rsplit_once('+').is_some_and(|(_, syntax)| syntax == other)
}

/// Headers that were promised in every response.
fn headers(roots: Roots<'_>, old: &Node, new: &Node, report: &mut Report) {
    let required = |node: &Node| node.get("required").and_then(Node::as_bool) == Some(true);
    for entry in old.get("headers").map(Node::entries).unwrap_or_default() {
        let Some(before) = document::resolve(roots.base, &entry.value) else { continue };
        let after = new
            .get("headers")
            .map(Node::entries)
            .unwrap_or_default()
            .iter()
            .find(|other| other.name().eq_ignore_ascii_case(entry.name()))
            .and_then(|other| document::resolve(roots.head, &other.value));
        if required(before) && !after.is_some_and(required) {
            let how = if after.is_some() { "is no longer always there" } else { "is removed" };
            report.add(Difference {
                kind: Kind::FieldRemoved,
                side: Side::Base,
                lines: LineRange::line(entry.key.line()),
                title: format!("Response header `{}` {how}", entry.name()),
                evidence: "The header was promised in every response; clients that read it fail."
                    .to_owned(),
                severity: None,
            });
        }
        if let (Some(base), Some(head)) =
            (before.get("schema"), after.and_then(|after| after.get("schema")))
        {
            Comparison::new(roots, Direction::Response, report).schemas(
                base,
                head,
                entry.name(),
                0,
            );
        }
    }
}

fn responses(roots: Roots<'_>, before: &Operation<'_>, after: &Operation<'_>, report: &mut Report) {
    let old = before.entry.value.get("responses").map(Node::entries).unwrap_or_default();
    let Some(new) = after.entry.value.get("responses") else { return };
    for status in old {
        let Some(now) = new.get(status.name()) else {
            if status.name().starts_with('2') {
                report.add(Difference {
                    kind: Kind::StatusRemoved,
                    side: Side::Base,
                    lines: LineRange::line(status.key.line()),
                    title: format!("Response status {} is removed", status.name()),
                    evidence: "Clients take this status as success; another one goes into their error handling."
                        .to_owned(),
                    severity: None,
                });
            }
            continue;
        };
        let pair =
            (document::resolve(roots.base, &status.value), document::resolve(roots.head, now));
        if let (Some(old), Some(new)) = pair {
            media_types(roots, old, new, Direction::Response, report);
            headers(roots, old, new, report);
        }
    }
}

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
    StatusRemoved,
    MediaTypeRemoved,
    ValueRemoved,
    LimitTightened,
    TypeChanged,
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
        }
    }
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
    let Some(new) = new else { return };
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
        let Some((_, after)) = now.iter().find(|(other, _)| *other == name) else {
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
                severity: None,
            });
            continue;
        };
        if let (Some(base), Some(head)) = (before.value.get("schema"), after.value.get("schema")) {
            Comparison::new(Roots { base: roots.base, head: roots.head }, direction, report)
                .schemas(base, head, "body", 0);
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
        }
    }
}

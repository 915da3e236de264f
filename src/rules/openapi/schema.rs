//! Comparing schemas from the point of view of a client that was written for the base.

use std::collections::HashSet;

use super::compare::{Difference, Kind, Report};
use super::document::resolve;
use super::keywords::{
    DEMANDS, Property, becomes_a_list_of, capital, is_compared_whole, is_note, is_nullable,
    is_true, join, properties_of, shown, types_of, widens, word,
};
use crate::domain::diff::{LineRange, Side};
use crate::domain::finding::Severity;
use crate::rules::parse::tree::Node;

/// Nesting of schemas that is followed.
const MAX_DEPTH: usize = 24;

/// Which way the data goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Request,
    Response,
}

impl Direction {
    fn noun(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Response => "response",
        }
    }
}

/// The two documents that references lead through.
#[derive(Clone, Copy)]
pub struct Roots<'t> {
    pub base: &'t Node,
    pub head: &'t Node,
}

/// One comparison of two schemas and all that is below them.
pub struct Comparison<'r, 't> {
    pub roots: Roots<'t>,
    pub direction: Direction,
    pub report: &'r mut Report,
    /// Pairs of schemas that are being or were compared, by their places.
    seen: HashSet<(usize, usize)>,
}

impl<'r, 't> Comparison<'r, 't> {
    pub fn new(roots: Roots<'t>, direction: Direction, report: &'r mut Report) -> Self {
        Self { roots, direction, report, seen: HashSet::new() }
    }

    /// Compares two schemas; `name` is the way to them in the data (`order.items[].price`).
    pub fn schemas(&mut self, base: &'t Node, head: &'t Node, name: &str, depth: usize) {
        let (Some(base), Some(head)) =
            (resolve(self.roots.base, base), resolve(self.roots.head, head))
        else {
            return;
        };
        if depth > MAX_DEPTH || !self.seen.insert((base.bytes.start, head.bytes.start)) {
            return;
        }
        self.types(base, head, name);
        self.nullability(base, head, name);
        if self.direction == Direction::Request {
            self.values(base, head, name);
            self.limits(base, head, name);
        }
        self.alternatives(base, head, name);
        self.keywords(base, head, name);
        self.properties(base, head, name, depth);
        for (key, step) in [("items", "[]"), ("additionalProperties", ".*")] {
            if let (Some(base), Some(head)) = (base.get(key), head.get(key)) {
                self.schemas(base, head, &format!("{name}{step}"), depth + 1);
            }
        }
    }

    fn say(&mut self, kind: Kind, side: Side, lines: LineRange, title: String, why: &str) {
        let evidence = why.to_owned();
        self.report.add(Difference { kind, side, lines, title, evidence, severity: None });
    }

    fn types(&mut self, base: &'t Node, head: &'t Node, name: &str) {
        let (old, new) = (types_of(base), types_of(head));
        let fits = |inner: &[&str], outer: &[&str]| {
            outer.is_empty()
                || inner
                    .iter()
                    .all(|t| outer.contains(t) || (*t == "integer" && outer.contains(&"number")))
        };
        let sound = match self.direction {
            Direction::Request => fits(&old, &new) && (!old.is_empty() || new.is_empty()),
            Direction::Response => fits(&new, &old) && (!new.is_empty() || old.is_empty()),
        };
        let (old_format, new_format) = (word(base, "format"), word(head, "format"));
        if self.direction == Direction::Request && becomes_a_list_of(&old, head) {
            return;
        }
        let place = head.get("type").or(head.get("format")).unwrap_or(head);
        let noun = self.direction.noun();
        if !sound {
            let title = format!(
                "{} `{name}` changes its type from `{}` to `{}`",
                capital(noun),
                shown(&old),
                shown(&new)
            );
            let lines = LineRange::line(place.line());
            let why = match self.direction {
                Direction::Request => {
                    "Clients go on sending values of the old type, which are refused now."
                }
                Direction::Response => {
                    "Clients decode the value as the old type and fail on the new one."
                }
            };
            self.say(Kind::TypeChanged, Side::Head, lines, title, why);
        } else if old == new
            && !old_format.is_empty()
            && !new_format.is_empty()
            && old_format != new_format
            && !widens(self.direction, old_format, new_format)
        {
            let title = format!(
                "{} `{name}` changes its format from `{old_format}` to `{new_format}`",
                capital(noun)
            );
            let lines = LineRange::line(head.get("format").unwrap_or(head).line());
            self.say(
                Kind::TypeChanged,
                Side::Head,
                lines,
                title,
                "Generated clients map the format to a type of their language, which no longer fits.",
            );
        }
    }

    fn nullability(&mut self, base: &'t Node, head: &'t Node, name: &str) {
        let (old, new) = (is_nullable(base), is_nullable(head));
        let declared = !types_of(base).is_empty() && !types_of(head).is_empty();
        if !declared || old == new {
            return;
        }
        let lines =
            LineRange::line(head.get("nullable").or(head.get("type")).unwrap_or(head).line());
        match self.direction {
            Direction::Request if old => self.say(
                Kind::TypeChanged,
                Side::Head,
                lines,
                format!("Request `{name}` no longer accepts `null`"),
                "Clients that send `null`, which was allowed, are refused now.",
            ),
            Direction::Response if new => self.say(
                Kind::TypeChanged,
                Side::Head,
                lines,
                format!("Response `{name}` may be `null` now"),
                "Clients that were promised a value meet `null` and fail.",
            ),
            _ => {}
        }
    }

    fn values(&mut self, base: &'t Node, head: &'t Node, name: &str) {
        // An extensible list may grow, for which clients are prepared, but not shrink.
        let key =
            if base.get("x-extensible-enum").is_some() { "x-extensible-enum" } else { "enum" };
        let list = |node: &'t Node| node.get(key).map(Node::items).unwrap_or_default();
        let (old, new) = (list(base), list(head));
        if new.is_empty() {
            return;
        }
        if old.is_empty() {
            let line = head.get(key).map_or(head.line(), Node::line);
            self.say(
                Kind::ValueRemoved,
                Side::Head,
                LineRange::line(line),
                format!("Request `{name}` accepts only listed values now"),
                "Any value was accepted before; clients that send one that is not listed are refused now.",
            );
        }
        for gone in old.iter().filter(|v| !new.iter().any(|w| w.as_str() == v.as_str())) {
            let value = gone.as_str().unwrap_or("");
            self.say(
                Kind::ValueRemoved,
                Side::Base,
                LineRange::line(gone.line()),
                format!("Request `{name}` no longer accepts `{value}`"),
                "Clients that send this value, which was allowed, are refused now.",
            );
        }
    }

    fn limits(&mut self, base: &'t Node, head: &'t Node, name: &str) {
        let upper = [
            "maxLength",
            "maxItems",
            "maximum",
            "maxProperties",
            "exclusiveMaximum",
            "maxContains",
        ];
        let lower = [
            "minLength",
            "minItems",
            "minimum",
            "minProperties",
            "exclusiveMinimum",
            "minContains",
        ];
        for (keys, tighter_is_less) in [(upper, true), (lower, false)] {
            for key in keys {
                let Some(new) = head.get(key).and_then(Node::as_f64) else { continue };
                let tighter = match base.get(key).and_then(Node::as_f64) {
                    Some(old) => {
                        if tighter_is_less {
                            new < old
                        } else {
                            new > old
                        }
                    }
                    None => tighter_is_less || new > 0.0,
                };
                if tighter {
                    let line = head.get(key).map_or(head.line(), Node::line);
                    self.tightened(
                        line,
                        format!("Request `{name}` gets a tighter `{key}`: {new}"),
                        base.get(key).is_some(),
                    );
                }
            }
        }
        let (old, new) = (word(base, "pattern"), word(head, "pattern"));
        if !new.is_empty() && old != new {
            let line = head.get("pattern").map_or(head.line(), Node::line);
            self.tightened(line, format!("Request `{name}` must match another pattern now"), false);
        }
    }

    /// A limit that was there before and is tighter now is a break; one that is written down for
    /// the first time may only say what was enforced all along.
    fn tightened(&mut self, line: u32, title: String, was_written: bool) {
        self.report.add(Difference {
            kind: Kind::LimitTightened,
            side: Side::Head,
            lines: LineRange::line(line),
            title,
            evidence: "Clients that send values which were fine so far are refused now.".to_owned(),
            severity: (!was_written).then_some(Severity::Minor),
        });
    }

    /// Keywords of JSON Schema that demand something of a value. A request breaks when one is
    /// added or says something else, a response when one that was promised is gone.
    fn keywords(&mut self, base: &'t Node, head: &'t Node, name: &str) {
        for key in DEMANDS {
            let (old, new) = (base.get(key), head.get(key));
            let (noun, side) = (capital(self.direction.noun()), self.direction);
            let (place, title, why) = match (side, old, new) {
                (Direction::Request, None, Some(new)) if !is_note(key) => (
                    (Side::Head, new),
                    format!("{noun} `{name}` must satisfy `{key}` now"),
                    "Clients that send values which were fine so far are refused now.",
                ),
                (Direction::Response, Some(old), None) if !is_note(key) => (
                    (Side::Base, old),
                    format!("{noun} `{name}` no longer promises `{key}`"),
                    "Clients that rely on it meet values which they were told could not come.",
                ),
                (_, Some(old), Some(new)) if is_compared_whole(key) && !old.same(new) => (
                    (Side::Head, new),
                    format!("{noun} `{name}` changes its `{key}`"),
                    "Clients were written for what the keyword said before.",
                ),
                _ => continue,
            };
            let lines = LineRange::line(place.1.line());
            self.say(Kind::TypeChanged, place.0, lines, title, why);
        }
    }

    /// `oneOf` and `anyOf`, compared by the names of the schemas they refer to.
    fn alternatives(&mut self, base: &'t Node, head: &'t Node, name: &str) {
        for key in ["oneOf", "anyOf"] {
            let (Some(old), Some(new)) = (base.get(key), head.get(key)) else { continue };
            let (gone_from, present_in, side) = match self.direction {
                Direction::Request => (old, new, Side::Base),
                Direction::Response => (new, old, Side::Head),
            };
            // Clients of an `anyOf` take what they know of a value; more of it does no harm.
            if key == "anyOf" && self.direction == Direction::Response {
                continue;
            }
            for one in gone_from.items() {
                let reference = word(one, "$ref");
                let known = present_in.items().iter().any(|other| word(other, "$ref") == reference);
                if reference.is_empty() || known {
                    continue;
                }
                let which = reference.rsplit('/').next().unwrap_or(reference);
                let (title, why) = match self.direction {
                    Direction::Request => (
                        format!("Request `{name}` can no longer be a `{which}`"),
                        "Clients that send this form, which was allowed, are refused now.",
                    ),
                    Direction::Response => (
                        format!("Response `{name}` may also be a `{which}` now"),
                        "Clients that were written for the listed forms cannot decode another one.",
                    ),
                };
                self.say(Kind::TypeChanged, side, LineRange::line(one.line()), title, why);
            }
        }
    }

    fn properties(&mut self, base: &'t Node, head: &'t Node, name: &str, depth: usize) {
        let old = properties_of(self.roots.base, base);
        let new = properties_of(self.roots.head, head);
        let find = |list: &[Property<'t>], wanted: &str| {
            list.iter().position(|property| property.entry.name() == wanted)
        };
        for property in &new {
            let key = property.entry.name();
            let before = find(&old, key).and_then(|at| old.get(at));
            if self.direction == Direction::Request
                && !is_true(self.roots.head, &property.entry.value, "readOnly")
                && let Some(lines) = property.required
                && before.is_none_or(|before| before.required.is_none())
            {
                let field = join(name, key);
                let title = match before {
                    None => format!("Request field `{field}` is new and required"),
                    Some(_) => format!("Request field `{field}` becomes required"),
                };
                let why = "Clients that do not send it, as they were allowed to, are refused now.";
                self.say(Kind::RequiredField, Side::Head, lines, title, why);
            }
            let hidden = self.direction == Direction::Request
                && is_true(self.roots.head, &property.entry.value, "readOnly");
            if let Some(before) = before.filter(|_| !hidden) {
                let field = join(name, key);
                self.schemas(&before.entry.value, &property.entry.value, &field, depth + 1);
            }
        }
        match self.direction {
            Direction::Response => self.lost_properties(&old, &new, name),
            Direction::Request => self.ignored_properties(&old, &new, name),
        }
    }

    /// Fields that clients may go on sending, which nothing reads any more.
    fn ignored_properties(&mut self, old: &[Property<'t>], new: &[Property<'t>], name: &str) {
        let now_free = new.is_empty();
        for property in old.iter().filter(|_| !now_free) {
            let key = property.entry.name();
            if new.iter().any(|other| other.entry.name() == key)
                || is_true(self.roots.base, &property.entry.value, "readOnly")
            {
                continue;
            }
            self.say(
                Kind::RequestFieldRemoved,
                Side::Base,
                LineRange::line(property.entry.key.line()),
                format!("Request field `{}` is removed", join(name, key)),
                "Clients that send it are refused, or believe that it was taken into account when it was not.",
            );
        }
    }

    fn lost_properties(&mut self, old: &[Property<'t>], new: &[Property<'t>], name: &str) {
        for property in old {
            if is_true(self.roots.base, &property.entry.value, "writeOnly") {
                continue;
            }
            let key = property.entry.name();
            let field = join(name, key);
            let line = LineRange::line(property.entry.key.line());
            match new.iter().find(|other| other.entry.name() == key) {
                // A schema that loses all of its properties became something else.
                None if !new.is_empty() => self.report.add(Difference {
                    kind: Kind::FieldRemoved,
                    side: Side::Base,
                    lines: line,
                    title: format!("Response field `{field}` is removed"),
                    evidence: match property.required {
                        Some(_) => {
                            "The field was promised in every response; clients that read it fail."
                        }
                        None => "Clients that read the field find it gone in every response.",
                    }
                    .to_owned(),
                    severity: property.required.is_none().then_some(Severity::Minor),
                }),
                Some(other) if other.required.is_none() && property.required.is_some() => {
                    let lines = property.required.unwrap_or(line);
                    self.say(
                        Kind::FieldRemoved,
                        Side::Base,
                        lines,
                        format!("Response field `{field}` is no longer always there"),
                        "Clients were promised the field in every response and do not expect it to be missing.",
                    );
                }
                _ => {}
            }
        }
    }
}

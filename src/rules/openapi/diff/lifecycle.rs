//! Removal, deprecation, announced ends and stability of operations and parameters.

use super::collect::Collector;
use crate::domain::diff::Side;
use crate::rules::openapi::model::{Description, Operation, Parameter};
use crate::rules::openapi::resolve::At;

/// What is announced as the end of something.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sunset<'t> {
    None,
    Malformed,
    /// `YYYY-MM-DD`, or a date and time that starts so: such texts sort by time.
    Date(&'t str),
}

/// A day that had passed when this was written. What was to end before it has ended, whatever the
/// day is on which it is removed; rules do not read the clock.
const PASSED: &str = "2026-11-01";

impl<'t> Sunset<'t> {
    /// Whether the end is a day that has passed for sure.
    pub fn has_passed(&self) -> bool {
        matches!(self, Self::Date(day) if *day < PASSED)
    }

    pub fn of(at: At<'t>) -> Self {
        let Some(node) = at.node.get("x-sunset") else { return Self::None };
        let Some(text) = node.as_str() else { return Self::Malformed };
        let day = text.get(..10).unwrap_or_default();
        let sound = day.len() == 10
            && day
                .char_indices()
                .all(|(at, c)| if matches!(at, 4 | 7) { c == '-' } else { c.is_ascii_digit() });
        if sound { Self::Date(day) } else { Self::Malformed }
    }
}

/// Ordered by how much clients may rely on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stability {
    Draft,
    Alpha,
    Beta,
    Stable,
}

impl Stability {
    /// `None` when nothing is said, `Err` for a value that is none of the four.
    pub fn of(at: At<'_>) -> Result<Option<Self>, ()> {
        let Some(node) = at.node.get("x-stability-level") else { return Ok(None) };
        match node.as_str().filter(|_| node.as_f64().is_none() && node.as_bool().is_none()) {
            Some("draft") => Ok(Some(Self::Draft)),
            Some("alpha") => Ok(Some(Self::Alpha)),
            Some("beta") => Ok(Some(Self::Beta)),
            Some("stable") => Ok(Some(Self::Stable)),
            Some("") => Ok(None),
            _ => Err(()),
        }
    }

    /// Whether clients were told not to rely on what is described here.
    pub fn is_early_at(at: At<'_>) -> bool {
        Self::of(at).is_ok_and(Self::is_early)
    }

    /// Whether clients were told not to rely on it yet.
    fn is_early(level: Option<Self>) -> bool {
        level.is_some_and(|level| level <= Self::Alpha)
    }
}

/// Operations that must have a date for their end before others are expected to.
const ANNOUNCED: usize = 2;

/// Whether a description gives a date for the end of every operation that it deprecates.
pub fn ends_announced(description: &Description<'_>) -> bool {
    let paths = description.paths();
    let deprecated: Vec<Operation<'_>> = paths
        .into_iter()
        .flat_map(|path| description.operations(path))
        .filter(|operation| operation.at.is_true("deprecated"))
        .collect();
    deprecated.len() >= ANNOUNCED
        && deprecated.iter().all(|operation| matches!(Sunset::of(operation.at), Sunset::Date(_)))
}

/// What is said about a deprecation without a date, where all others have one.
pub const WITHOUT_END: &str = "is deprecated without a date for its end, which the others have";

/// An operation that the new description does not have, with its whole path or by itself.
pub fn removed(operation: &Operation<'_>, whole_path: bool, out: &mut Collector) {
    if Stability::of(operation.at).is_ok_and(Stability::is_early) {
        return;
    }
    let what = if whole_path { "api-path" } else { "api" };
    let place = (Side::Base, operation.at.file, operation.line);
    let name = super::site::code(&operation.name());
    let (id, words) = match (operation.at.is_true("deprecated"), Sunset::of(operation.at)) {
        (false, _) => (format!("{what}-removed-without-deprecation"), "is removed".to_owned()),
        (true, Sunset::None) => (
            format!("{what}-removed-with-deprecation"),
            "is removed after its deprecation".to_owned(),
        ),
        (true, Sunset::Malformed) => (
            "api-path-sunset-parse".to_owned(),
            "is removed; its announced end cannot be read".to_owned(),
        ),
        (true, ended) if ended.has_passed() => {
            (format!("{what}-removed-after-sunset"), "is removed after its end".to_owned())
        }
        (true, Sunset::Date(day)) => (
            format!("{what}-removed-before-sunset"),
            format!("is removed; its end was announced for {day}"),
        ),
    };
    out.add(&id, place, format!("`{name}` {words}"));
}

/// Both sides of an operation. `false` when clients were told not to rely on it yet.
pub fn stability(before: &Operation<'_>, after: &Operation<'_>, out: &mut Collector) -> bool {
    let name = super::site::code(&after.name());
    let place = (Side::Head, after.at.file, after.at.line_of("x-stability-level"));
    let (Ok(old), Ok(new)) = (Stability::of(before.at), Stability::of(after.at)) else {
        let words = "has a stability level that is none of draft, alpha, beta and stable";
        out.add("api-invalid-stability-level", place, format!("`{name}` {words}"));
        return true;
    };
    match (old, new) {
        (Some(old), new) if new.is_none_or(|new| new < old) => {
            out.add("api-stability-decreased", place, format!("`{name}` becomes less stable"));
        }
        (Some(Stability::Beta), Some(Stability::Stable)) => {
            out.add("api-stability-increased", place, format!("`{name}` becomes more stable"));
        }
        _ => {}
    }
    !Stability::is_early(new)
}

pub fn deprecation(before: &Operation<'_>, after: &Operation<'_>, out: &mut Collector) {
    let (was, is) = (before.at.is_true("deprecated"), after.at.is_true("deprecated"));
    let name = super::site::code(&after.name());
    let place = |key: &str| match after.at.get(key) {
        Some(_) => (Side::Head, after.at.file, after.at.line_of(key)),
        None if before.at.get(key).is_some() => {
            (Side::Base, before.at.file, before.at.line_of(key))
        }
        None => (Side::Head, after.at.file, after.line),
    };
    let (old, new) = (Sunset::of(before.at), Sunset::of(after.at));
    let found = match (was, is) {
        (false, true) => match new {
            Sunset::None => ("endpoint-deprecated", "deprecated", "is deprecated"),
            Sunset::Malformed => (
                "api-deprecated-sunset-parse",
                "x-sunset",
                "is deprecated with a date that cannot be read",
            ),
            Sunset::Date(_) => (
                "endpoint-deprecated-with-sunset",
                "deprecated",
                "is deprecated, with a date for its end",
            ),
        },
        (true, false) => ("endpoint-reactivated", "deprecated", "is no longer deprecated"),
        (true, true) => match (old, new) {
            (Sunset::Date(_) | Sunset::Malformed, Sunset::None) => (
                "sunset-deleted",
                "x-sunset",
                "is deprecated still, but no longer has a date for its end",
            ),
            (Sunset::Date(_), Sunset::Malformed) => {
                ("api-path-sunset-parse", "x-sunset", "has a date for its end that cannot be read")
            }
            (Sunset::Date(old), Sunset::Date(new)) if new < old => {
                ("api-sunset-date-changed-too-small", "x-sunset", "ends earlier than announced")
            }
            _ => return,
        },
        (false, false) => return,
    };
    let (id, key, words) = found;
    out.add(id, place(key), format!("`{name}` {words}"));
    if id == "endpoint-deprecated" && out.ends_announced {
        let title = format!("`{name}` {WITHOUT_END}");
        out.add("api-deprecated-sunset-missing", place(key), title);
    }
}

/// The same for a parameter that both sides have.
pub fn parameter(before: &Parameter<'_>, after: &Parameter<'_>, owner: &str, out: &mut Collector) {
    let (was, is) = (before.at.is_true("deprecated"), after.at.is_true("deprecated"));
    let (id, words) = match (was, is, Sunset::of(before.at), Sunset::of(after.at)) {
        (false, true, _, Sunset::Malformed) => {
            ("request-parameter-sunset-parse", "is deprecated with a date that cannot be read")
        }
        (false, true, ..) => ("request-parameter-deprecated", "is deprecated"),
        (true, false, ..) => ("request-parameter-reactivated", "is no longer deprecated"),
        (true, true, Sunset::Date(_), Sunset::None) => (
            "request-parameter-sunset-deleted",
            "is deprecated still, but no longer has a date for its end",
        ),
        (true, true, Sunset::Date(old), Sunset::Date(new)) if new < old => {
            ("request-parameter-sunset-date-changed-too-small", "ends earlier than announced")
        }
        _ => return,
    };
    let place = (Side::Head, after.at.file, after.at.line_of("deprecated"));
    out.add(id, place, format!("{owner} {words}"));
    let open_end = id == "request-parameter-deprecated" && Sunset::of(after.at) == Sunset::None;
    if open_end && out.ends_announced {
        let title = format!("{owner} {WITHOUT_END}");
        out.add("request-parameter-deprecated-sunset-missing", place, title);
    }
}

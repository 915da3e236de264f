//! The shape in which errors are described.

use std::collections::{BTreeSet, HashSet};

use super::words::{code, fixed_parts, is_json, is_of_type, properties, success};
use super::{HABIT, Habit, Missed, Now};
use crate::config::policy::ErrorShape;
use crate::rules::openapi::model::{Description, Media, Operation, Response};
use crate::rules::openapi::resolve::At;

/// Names that are shown of a shape.
const SHOWN: usize = 3;

/// How an error looks to the code that reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Shape {
    /// RFC 9457, or RFC 7807 before it.
    Problem,
    /// An object under `error`, with these fields as far as they are known.
    Envelope(BTreeSet<String>),
    /// A list under `errors`.
    List,
    /// An object with these fields.
    Flat(BTreeSet<String>),
    Text,
}

impl Shape {
    /// Whether code that was written for one finds its way in the other.
    fn fits(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Envelope(one), Self::Envelope(other)) => {
                one.is_empty() || other.is_empty() || !one.is_disjoint(other)
            }
            (Self::Flat(one), Self::Flat(other)) => !one.is_disjoint(other),
            (one, other) => one == other,
        }
    }

    /// What both have: the fields that can be relied on.
    fn common(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Envelope(one), Self::Envelope(other)) if one.is_empty() || other.is_empty() => {
                Self::Envelope(one | other)
            }
            (Self::Envelope(one), Self::Envelope(other)) => Self::Envelope(one & other),
            (Self::Flat(one), Self::Flat(other)) => Self::Flat(one & other),
            (one, _) => one.clone(),
        }
    }

    fn in_words(&self) -> String {
        match self {
            Self::Problem => "problem details (RFC 9457)".to_owned(),
            Self::Envelope(_) => "an object under `error`".to_owned(),
            Self::List => "a list under `errors`".to_owned(),
            Self::Flat(names) => {
                let names: Vec<String> =
                    names.iter().take(SHOWN).map(|name| format!("`{}`", code(name))).collect();
                format!("an object with {}", names.join(", "))
            }
            Self::Text => "plain text".to_owned(),
        }
    }
}

/// One described error of an operation.
struct Described<'t> {
    response: Response<'t>,
    /// More than one where it says that it is one of several.
    shapes: Vec<Shape>,
}

/// The shape that errors have here, and the other ones that are in use.
pub struct Profile {
    shape: Shape,
    /// The policy says so, whatever the description did before.
    by_policy: bool,
    /// Every shape in use, with its status and the first part of its path.
    known: Vec<(Shape, String, String)>,
}

impl Profile {
    /// `None` where the policy leaves it to the description and that shows no habit.
    pub fn of<'t>(
        base: Option<(&Description<'t>, &[Operation<'t>])>,
        wanted: ErrorShape,
    ) -> Option<Self> {
        let asked = match wanted {
            ErrorShape::Problem => Some(Shape::Problem),
            ErrorShape::Envelope => Some(Shape::Envelope(BTreeSet::new())),
            ErrorShape::Detect => None,
        };
        if let Some(shape) = asked {
            return Some(Self { shape, by_policy: true, known: Vec::new() });
        }
        let (base, operations) = base?;
        let bodies: HashSet<usize> =
            operations.iter().flat_map(|one| bodies_of(base, one)).collect();
        let mut known = Vec::new();
        // Shapes that belong together, in how many errors and in which operations.
        let mut groups: Vec<(Shape, usize, HashSet<usize>)> = Vec::new();
        for (number, one) in operations.iter().enumerate() {
            for error in errors(base, one, &bodies) {
                let Some(shape) = error.shapes.first() else { continue };
                known.push((shape.clone(), error.response.status.to_owned(), area(one)));
                match groups.iter_mut().find(|(group, ..)| group.fits(shape)) {
                    Some((group, many, within)) => {
                        *group = group.common(shape);
                        *many += 1;
                        within.insert(number);
                    }
                    None => groups.push((shape.clone(), 1, HashSet::from([number]))),
                }
            }
        }
        let (shape, many, within) = groups.into_iter().max_by_key(|(_, many, _)| *many)?;
        let habit = within.len() >= HABIT && many * 5 >= known.len() * 4;
        habit.then_some(Self { shape, by_policy: false, known })
    }

    /// The first error that the change adds to an operation in another shape.
    pub fn missed<'t>(
        &self,
        base: Option<&Description<'t>>,
        head: &Description<'t>,
        one: &Now<'t>,
        bodies: &HashSet<usize>,
    ) -> Option<Missed> {
        let old: Vec<&str> = one
            .before
            .and_then(|before| Some(base?.responses(&before)))
            .unwrap_or_default()
            .iter()
            .map(|response| response.status)
            .collect();
        let area = area(&one.operation);
        let error = errors(head, &one.operation, bodies).into_iter().find(|error| {
            !old.contains(&error.response.status)
                && !error.shapes.is_empty()
                && !error.shapes.iter().any(|shape| self.shape.fits(shape))
                && !self.is_in_use(&error.shapes, error.response.status, &area)
        })?;
        let (habit, found) = (self.shape.in_words(), error.shapes.first()?.in_words());
        let status = code(error.response.status);
        let others = if self.by_policy {
            format!("The policy of this repository asks for {habit}; `{status}` is {found}")
        } else {
            format!("The errors of the description so far are {habit}; `{status}` is {found}")
        };
        let place = Some((one.operation.at.file, error.response.line));
        Some(Missed { habit: Habit::ErrorShape, place, others })
    }

    /// Whether the description uses the shape for that status, or beside this operation, already.
    fn is_in_use(&self, shapes: &[Shape], status: &str, area: &str) -> bool {
        self.known.iter().any(|(known, with, within)| {
            (with == status || within == area) && shapes.iter().any(|shape| known.fits(shape))
        })
    }
}

/// The part of the API that an operation belongs to.
fn area(operation: &Operation<'_>) -> String {
    fixed_parts(operation.path.name).into_iter().next().unwrap_or_default()
}

/// Bodies of successful answers. An error that has one is no error report: a probe that tells what
/// is down, or the thing that a conflict is about.
pub fn success_schemas<'t>(head: &Description<'t>, all: &[Now<'t>]) -> HashSet<usize> {
    all.iter().flat_map(|one| bodies_of(head, &one.operation)).collect()
}

fn bodies_of<'t>(description: &Description<'t>, operation: &Operation<'t>) -> Vec<usize> {
    let bodies = success(description, operation).into_iter();
    // The same schema written in place twice is not the same thing.
    bodies
        .filter(|at| at.get("$ref").is_some())
        .map(|at| description.value(at).identity())
        .collect()
}

/// The errors that say how they look.
fn errors<'t>(
    description: &Description<'t>,
    operation: &Operation<'t>,
    bodies: &HashSet<usize>,
) -> Vec<Described<'t>> {
    // A probe tells the orchestrator what is down, and nobody else.
    let probe = fixed_parts(operation.path.name).iter().any(|part| {
        ["health", "healthcheck", "healthz", "live", "livez", "ready", "readyz", "status"]
            .contains(&part.as_str())
    });
    let responses = description.responses(operation);
    let answers = responses.iter().any(|response| response.status.starts_with('2'));
    let json = !success(description, operation).is_empty()
        || responses
            .iter()
            .filter(|response| response.status.starts_with('2'))
            .all(|response| response.media.is_empty());
    responses
        .into_iter()
        .filter(|response| {
            (response.status.starts_with(['4', '5']) && !(probe && response.status == "503"))
                || (response.status == "default" && answers)
        })
        .filter_map(|response| {
            let body = response.media.iter().find(|media| is_json(media.name));
            let shapes = match body {
                Some(media) => shapes(description, media, bodies),
                None => {
                    let text =
                        response.media.iter().all(|media| media.name.starts_with("text/plain"));
                    let text = text && json && !response.media.is_empty();
                    if text && response.status.starts_with('4') {
                        vec![Shape::Text]
                    } else {
                        Vec::new()
                    }
                }
            };
            (!shapes.is_empty()).then_some(Described { response, shapes })
        })
        .collect()
}

fn shapes<'t>(
    description: &Description<'t>,
    media: &Media<'t>,
    bodies: &HashSet<usize>,
) -> Vec<Shape> {
    if media.name.to_ascii_lowercase().contains("problem+") {
        return vec![Shape::Problem];
    }
    let Some(schema) = media.schema else { return Vec::new() };
    let at = description.value(schema);
    if bodies.contains(&at.identity()) || is_about_validation(schema, at) {
        return Vec::new();
    }
    let several = ["oneOf", "anyOf"].into_iter().find_map(|key| at.get(key));
    match several {
        Some(list) => list
            .items()
            .filter(|part| !is_about_validation(*part, description.value(*part)))
            .filter_map(|part| shape(description, description.value(part)))
            .collect(),
        None => shape(description, at).into_iter().collect(),
    }
}

/// Frameworks describe refused input in a shape of their own, for every operation.
fn is_about_validation(schema: At<'_>, resolved: At<'_>) -> bool {
    let name = schema.word("$ref").rsplit('/').next().unwrap_or_default().to_lowercase();
    name.contains("validation") || resolved.word("title").to_lowercase().contains("validation")
}

fn shape<'t>(description: &Description<'t>, at: At<'t>) -> Option<Shape> {
    let fields = properties(description, at);
    let has = |name: &str| fields.iter().any(|(field, _)| *field == name);
    let names = |fields: &[(&str, At<'t>)]| -> BTreeSet<String> {
        fields.iter().map(|(name, _)| (*name).to_owned()).collect()
    };
    if fields.is_empty() {
        return is_of_type(at, "string").then_some(Shape::Text);
    }
    if has("title") && has("status") && (has("detail") || has("type")) {
        return Some(Shape::Problem);
    }
    if let Some((_, error)) = fields.iter().find(|(name, _)| *name == "error") {
        let inner = properties(description, *error);
        if !inner.is_empty() || is_of_type(*error, "object") {
            return Some(Shape::Envelope(names(&inner)));
        }
        // RFC 6749: what it must be where tokens are given out.
        if has("error_description") {
            return None;
        }
    }
    let list = fields.iter().any(|(name, at)| *name == "errors" && is_of_type(*at, "array"));
    if list && !["message", "title", "code", "detail"].into_iter().any(has) {
        return Some(Shape::List);
    }
    Some(Shape::Flat(names(&fields)))
}

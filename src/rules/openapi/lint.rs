//! What a new operation leaves out although the description does it everywhere else: said only
//! where the old description shows the habit.

use super::diff::Comparison;
use super::model::{Description, Media, Operation};
use super::resolve::At;
use crate::domain::diff::LineRange;
use crate::domain::path::RepoPath;

/// Operations that must show a habit before a new one is measured by it.
const HABIT: usize = 2;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Habit {
    Security,
    Pagination,
    Idempotency,
    ErrorShape,
}

/// A new operation that does not keep a habit, at head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lapse {
    pub habit: Habit,
    pub operation: String,
    pub file: RepoPath,
    pub lines: LineRange,
    /// What the others have.
    pub others: String,
}

/// Measures the operations that the change adds by those that were there.
pub fn lapses<'t>(
    base: &Description<'t>,
    head: &Description<'t>,
    comparison: &Comparison,
) -> Vec<Lapse> {
    let added: Vec<(&str, &str)> = comparison
        .differences
        .iter()
        .filter(|one| one.id == "endpoint-added")
        .map(|one| (one.path.as_str(), one.method.as_str()))
        .collect();
    if added.is_empty() {
        return Vec::new();
    }
    let before: Vec<Operation<'t>> =
        base.paths().into_iter().flat_map(|path| base.operations(path)).collect();
    let habits = Habits::of(base, &before);
    let mut found = Vec::new();
    for path in head.paths() {
        for operation in head.operations(path) {
            let method = operation.method.to_ascii_uppercase();
            if !added.contains(&(path.name, method.as_str())) {
                continue;
            }
            let Some(file) = head.documents.path(operation.at.file) else { continue };
            for (habit, others) in habits.missed_by(head, &operation) {
                found.push(Lapse {
                    habit,
                    operation: operation.name(),
                    file: file.clone(),
                    lines: operation.line,
                    others,
                });
            }
        }
    }
    found
}

/// What the operations of a description have in common.
struct Habits {
    /// Every operation names its security, and there is none for all.
    security: bool,
    /// Names of the parameters by which lists are cut into pages.
    pagination: Option<String>,
    /// The header that makes repeated creation harmless.
    idempotency: Option<String>,
    errors: Option<Shape>,
}

/// How a description writes errors.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Shape {
    /// RFC 9457, or RFC 7807 before it.
    Problem,
    /// `{error: {code, message}}`.
    Envelope,
    /// A schema of that name.
    Named(String),
}

impl Habits {
    fn of<'t>(base: &Description<'t>, operations: &[Operation<'t>]) -> Self {
        let secured = |one: &Operation<'_>| {
            one.at.get("security").is_some_and(|list| !list.node.items().is_empty())
        };
        let global = base.root.get("security").is_some();
        let lists: Vec<_> = operations.iter().filter(|one| is_list(base, one)).collect();
        let paged: Vec<String> = lists.iter().filter_map(|one| page_parameter(base, one)).collect();
        let created: Vec<_> = operations.iter().filter(|one| one.method == "post").collect();
        let keyed: Vec<String> =
            created.iter().filter_map(|one| idempotency_header(base, one)).collect();
        let most = |some: &[String], all: usize| {
            (some.len() >= HABIT && some.len() * 2 > all).then(|| some.first().cloned()).flatten()
        };
        let shapes: Vec<Shape> =
            operations.iter().flat_map(|one| error_shapes(base, one)).map(|(_, s)| s).collect();
        let first = shapes.first().cloned();
        Self {
            security: !global && operations.len() >= HABIT && operations.iter().all(secured),
            pagination: most(&paged, lists.len()),
            idempotency: most(&keyed, created.len()),
            errors: first.filter(|one| shapes.len() >= HABIT && shapes.iter().all(|s| s == one)),
        }
    }

    fn missed_by<'t>(&self, head: &Description<'t>, one: &Operation<'t>) -> Vec<(Habit, String)> {
        let mut missed = Vec::new();
        let silent = one.at.get("security").is_none() && head.root.get("security").is_none();
        if self.security && silent {
            missed.push((Habit::Security, "`security`".to_owned()));
        }
        if let Some(name) = &self.pagination
            && is_list(head, one)
            && page_parameter(head, one).is_none()
        {
            missed.push((Habit::Pagination, format!("`{}`", name.replace('`', "'"))));
        }
        if let Some(name) = &self.idempotency
            && one.method == "post"
            && creates(head, one)
            && idempotency_header(head, one).is_none()
        {
            missed.push((Habit::Idempotency, format!("`{}`", name.replace('`', "'"))));
        }
        if let Some(shape) = &self.errors {
            let other = error_shapes(head, one).into_iter().find(|(_, found)| found != shape);
            if let Some((status, _)) = other {
                let status = status.replace('`', "'");
                missed.push((Habit::ErrorShape, format!("{} (here: `{status}`)", in_words(shape))));
            }
        }
        missed
    }
}

fn in_words(shape: &Shape) -> String {
    match shape {
        Shape::Problem => "`application/problem+json`".to_owned(),
        Shape::Envelope => "an object with `error`".to_owned(),
        Shape::Named(name) => format!("`{}`", name.replace('`', "'")),
    }
}

/// Whether a successful answer is a list, or an object around one.
fn is_list<'t>(description: &Description<'t>, one: &Operation<'t>) -> bool {
    if one.method != "get" {
        return false;
    }
    let responses = description.responses(one);
    let success = responses.iter().filter(|response| response.status.starts_with('2'));
    let schemas = success.flat_map(|response| &response.media).filter_map(|media| media.schema);
    schemas.map(|at| description.value(at)).any(|at| {
        let array = |at: At<'t>| at.word("type") == "array";
        let wrapped = ["items", "data", "results", "values", "records"].iter().any(|name| {
            let field = at.get("properties").and_then(|properties| properties.get(name));
            field.is_some_and(|field| array(description.value(field)))
        });
        array(at) || wrapped
    })
}

fn page_parameter<'t>(description: &Description<'t>, one: &Operation<'t>) -> Option<String> {
    const NAMES: [&str; 16] = [
        "after",
        "before",
        "continue",
        "count",
        "cursor",
        "first",
        "last",
        "limit",
        "offset",
        "page",
        "pagesize",
        "pagetoken",
        "perpage",
        "size",
        "skip",
        "top",
    ];
    let plain = |name: &str| name.to_ascii_lowercase().replace(['_', '-', '$', '[', ']'], "");
    let parameters = description.parameters(one);
    let paging = parameters.iter().find(|parameter| {
        let name = plain(parameter.name);
        NAMES.contains(&name.as_str()) || name.starts_with("page") || name.ends_with("cursor")
    });
    paging.map(|parameter| parameter.name.to_owned())
}

fn idempotency_header<'t>(description: &Description<'t>, one: &Operation<'t>) -> Option<String> {
    let parameters = description.parameters(one);
    let key = parameters.iter().find(|parameter| {
        let name = parameter.name.to_ascii_lowercase();
        parameter.location == "header" && (name.contains("idempoten") || name == "x-request-id")
    });
    key.map(|parameter| parameter.name.to_owned())
}

/// Whether a repeated call would make a second thing: the answer says that one was made.
fn creates<'t>(description: &Description<'t>, one: &Operation<'t>) -> bool {
    description.responses(one).iter().any(|response| matches!(response.status, "201" | "202"))
}

/// The shapes of the described errors that say how they look.
fn error_shapes<'t>(description: &Description<'t>, one: &Operation<'t>) -> Vec<(String, Shape)> {
    let responses = description.responses(one);
    let errors = responses.iter().filter(|response| response.status.starts_with(['4', '5']));
    errors
        .flat_map(|response| response.media.iter().map(|media| (response.status, media)))
        .filter_map(|(status, media)| Some((status.to_owned(), shape(description, media)?)))
        .collect()
}

fn shape<'t>(description: &Description<'t>, media: &Media<'t>) -> Option<Shape> {
    if media.name.contains("problem+") {
        return Some(Shape::Problem);
    }
    let schema = media.schema?;
    let resolved = description.value(schema);
    let error = resolved.get("properties").and_then(|properties| properties.get("error"));
    let is_object = |at: At<'t>| at.get("properties").is_some() || at.word("type") == "object";
    if error.is_some_and(|at| is_object(description.value(at))) {
        return Some(Shape::Envelope);
    }
    let reference = schema.word("$ref");
    let name = reference.rsplit('/').next().unwrap_or(reference);
    (!name.is_empty()).then(|| Shape::Named(name.to_owned()))
}

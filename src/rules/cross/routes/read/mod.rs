//! The routes that a file of code registers, read from its syntax tree; where there is no grammar
//! for the language, from its lines.
//!
//! Prefixes that the file itself gives are part of the path. Others are not known: paths are
//! compared by their ends.

mod go;
mod java;
mod javascript;
mod lines;
pub mod mounts;
pub mod named;
mod python;
mod rust;
mod syntax;
#[cfg(test)]
mod tests;

use self::named::Named;
use crate::domain::path::RepoPath;
use crate::rules::parse::code::{Language, ParsedCode};

/// A route as code registers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    pub line: u32,
    /// Lower case; `None` when the code does not say.
    pub method: Option<String>,
    /// With `{}` for parameters.
    pub path: String,
    pub written: String,
    /// What the code says about requests and answers, where it is surely read.
    pub handler: Handler,
    /// What another file names to mount it: the variable of the router, or the function that
    /// registers the route (`Type.method` of Go).
    pub scope: Option<String>,
}

impl Route {
    /// The same route behind a prefix.
    pub fn behind(&self, prefix: &str) -> Self {
        let written = joined(prefix, &self.written);
        Self { path: plain(&written), written, ..self.clone() }
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Handler {
    /// Statuses that it answers with, and where.
    pub statuses: Vec<(u16, u32)>,
    pub query: Vec<Query>,
    /// What the parameters of the path must be, by name, and where that stands.
    pub types: Vec<(String, Kind, u32)>,
    /// The function that it is, where that is written elsewhere and not read yet.
    pub named: Option<Named>,
}

impl Handler {
    fn named(named: Option<Named>) -> Self {
        Self { named, ..Self::default() }
    }
}

/// A parameter of the query string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    pub name: String,
    pub required: bool,
    pub line: u32,
}

/// What a parameter of a path is parsed as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Integer,
    Uuid,
}

const NOT_PUBLIC: [&str; 11] = [
    "/health",
    "/ready",
    "/live",
    "/metrics",
    "/debug",
    "/internal",
    "/static",
    "/ping",
    "/favicon",
    "/admin",
    "/swagger",
];

/// Ends of paths that probes ask, behind whatever prefix.
const PROBES: [&str; 7] =
    ["health", "healthcheck", "healthz", "livez", "liveness", "readiness", "readyz"];

/// Marks of which one stands in files that register routes without calling a method of a router.
const MARKS: [&str; 13] = [
    "#[delete",
    "#[get",
    "#[patch",
    "#[post",
    "#[put",
    "@Controller",
    "@DeleteMapping",
    "@GetMapping",
    "@PatchMapping",
    "@PostMapping",
    "@PutMapping",
    "@RequestMapping",
    "urlpatterns",
];

/// Methods by which routers take routes, without regard to case.
const CALLS: [&str; 10] =
    ["api_route", "delete", "get", "handle", "handlefunc", "nest", "patch", "post", "put", "route"];

/// Whether a text may register routes: cheap, and seldom wrongly yes.
pub fn may_have_routes(text: &str) -> bool {
    let calls = || {
        text.match_indices('(').any(|(at, _)| {
            let (before, after) = text.split_at(at);
            let name = before.trim_end_matches(|c: char| c.is_alphanumeric() || c == '_');
            let word = before.get(name.len()..).unwrap_or_default();
            name.ends_with('.')
                && CALLS.iter().any(|call| word.eq_ignore_ascii_case(call))
                && takes_path(after.trim_start_matches('(').trim_start())
        })
    };
    MARKS.iter().any(|mark| text.contains(mark)) || calls()
}

/// Whether arguments start with what may be a path, or with options.
fn takes_path(arguments: &str) -> bool {
    let mut letters = arguments.chars();
    let first = letters.next().unwrap_or(' ');
    let second = letters.next().unwrap_or(' ');
    // `"GET /a"` of Go.
    let verb = ["GET ", "POST ", "PUT ", "PATCH ", "DELETE "]
        .iter()
        .any(|verb| arguments.get(1..).is_some_and(|rest| rest.starts_with(verb)));
    (matches!(first, '"' | '\'' | '`') && (second == '/' || second == first || verb))
        || first == '{'
        || arguments.starts_with("path")
}

/// What a file registers.
#[derive(Debug, Clone, Default)]
pub struct Routes {
    /// By line.
    pub list: Vec<Route>,
    /// Some routes have a path that is computed: the list is not all.
    pub is_partial: bool,
}

/// The routes of a file.
pub fn routes(path: &RepoPath, text: &str) -> Routes {
    let mut found = routes_with_bare(path, text);
    found.list.retain(|route| route.path.len() > 1);
    found
}

/// The same, with those that have no path but the one at which their router is mounted.
pub fn routes_with_bare(path: &RepoPath, text: &str) -> Routes {
    if !may_have_routes(text) {
        return Routes::default();
    }
    let language = match path.extension().as_deref() {
        Some("jsx") => Some(Language::JavaScript),
        _ => Language::of(path),
    };
    let mut found = Found::default();
    match language {
        None | Some(Language::CSharp | Language::Kotlin | Language::Php | Language::Ruby) => {
            lines::read(text, &mut found);
        }
        Some(language) => {
            let code = ParsedCode::new(text, language);
            let nodes = code.nodes();
            match language {
                Language::Go => go::read(&nodes, &mut found),
                Language::Java => java::read(&nodes, &mut found),
                Language::JavaScript | Language::TypeScript => javascript::read(&nodes, &mut found),
                Language::Python => python::read(&nodes, text, &mut found),
                Language::Rust => rust::read(&nodes, &mut found),
                Language::CSharp | Language::Kotlin | Language::Php | Language::Ruby => {}
            }
            named::fill(&mut found.routes, &nodes, language);
        }
    }
    found.routes.sort_by(|one, other| (one.line, &one.method).cmp(&(other.line, &other.method)));
    Routes { list: found.routes, is_partial: found.is_partial }
}

#[derive(Default)]
struct Found {
    routes: Vec<Route>,
    is_partial: bool,
    /// What the routes that are added have for a scope.
    scope: Option<String>,
}

impl Found {
    /// Adds a route, unless it is none of those that are described for clients.
    fn add(&mut self, line: u32, method: Option<&str>, path: &str, handler: Handler) {
        let written = joined("", path);
        let last = written.rsplit('/').next().unwrap_or_default();
        let public =
            !NOT_PUBLIC.iter().any(|prefix| written.starts_with(prefix)) && !PROBES.contains(&last);
        let named = written.len() > 1 || self.scope.is_some();
        if public && named && !written.contains(char::is_whitespace) {
            let method = method.map(str::to_ascii_lowercase);
            let scope = self.scope.clone();
            self.routes.push(Route {
                line,
                method,
                path: plain(&written),
                written,
                handler,
                scope,
            });
        }
    }
}

/// A path behind a prefix, with one slash between and none at the end.
fn joined(prefix: &str, path: &str) -> String {
    let parts = prefix.split('/').chain(path.split('/')).filter(|part| !part.is_empty());
    format!("/{}", parts.collect::<Vec<_>>().join("/"))
}

/// A path with `{}` for `:id`, `{id}`, `{id:[0-9]+}`, `<int:id>` and `*rest`.
fn plain(path: &str) -> String {
    let parts = path.trim_end_matches('/').split('/').map(|part| {
        let parameter = part.starts_with([':', '{', '<', '*']);
        if parameter { "{}" } else { part }
    });
    parts.collect::<Vec<_>>().join("/")
}

/// The names of the parameters of a path, in order.
pub fn parameter_names(path: &str) -> Vec<String> {
    let parts = path.split('/').filter(|part| part.starts_with([':', '{', '<', '*']));
    parts
        .map(|part| {
            let inner = part.trim_matches([':', '{', '}', '<', '>', '*', '?']);
            // `<int:id>` names its type first, `{id:[0-9]+}` last.
            let name = if part.starts_with('<') {
                inner.rsplit(':').next()
            } else {
                inner.split(':').next()
            };
            name.unwrap_or(inner).to_owned()
        })
        .collect()
}

fn is_method(name: &str) -> bool {
    matches!(name, "get" | "post" | "put" | "delete" | "patch")
}

/// Whether a thing of that name registers routes, and does not send requests.
fn is_router_name(name: &str) -> bool {
    const NAMES: [&str; 12] = [
        "app",
        "api",
        "blueprint",
        "bp",
        "e",
        "fastify",
        "g",
        "group",
        "mux",
        "r",
        "router",
        "routes",
    ];
    let lower = name.to_lowercase();
    NAMES.contains(&name)
        || lower.ends_with("router")
        || name.ends_with("Group")
        || name.ends_with("_bp")
        || name.ends_with("_api")
        || name
            .strip_prefix('v')
            .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()))
}

//! Handlers that a route names and that are written elsewhere: what they answer with.

pub mod go;
pub mod javascript;
pub mod rust;

use super::{Route, syntax};
use crate::domain::path::RepoPath;
use crate::rules::parse::code::{Language, ParsedCode, Syntax};

/// A handler as a route names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    pub from: From,
    pub name: String,
}

/// Where it comes from, as far as the file of the route shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum From {
    /// The same file; in Go, the same package.
    Here,
    /// A type of the same package, of which it is a method.
    Type(String),
    /// The Go package at an import path, and the type there of which it is a method.
    Package(String, Option<String>),
    /// The module of Rust of that name.
    Module(String),
    /// What an import of JavaScript leads to.
    File(String),
}

/// A function that may handle requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    pub name: String,
    /// The type of which it is a method.
    pub owner: Option<String>,
    /// Statuses that it answers with, and where.
    pub statuses: Vec<(u16, u32)>,
}

/// The nodes that say where a name comes from, so that they are not looked for in the whole file
/// each time.
pub fn declarations<'t>(nodes: &[Syntax<'t>]) -> Vec<Syntax<'t>> {
    const KINDS: [&str; 6] = [
        "function_item",
        "import_from_statement",
        "import_spec",
        "import_statement",
        "use_declaration",
        "variable_declarator",
    ];
    nodes.iter().filter(|node| KINDS.contains(&node.kind().as_ref())).cloned().collect()
}

/// The functions of a file that may handle requests.
#[derive(Debug, Default)]
pub struct Functions(pub Vec<Function>);

/// Whether a text may have handlers that answer with statuses: cheap, and seldom wrongly yes.
pub fn may_answer(path: &RepoPath, text: &str) -> bool {
    match Language::of(path) {
        Some(Language::Go) => ["http.ResponseWriter", "gin.Context", "echo.Context"]
            .iter()
            .any(|mark| text.contains(mark)),
        Some(Language::Rust) => text.contains("StatusCode::") && text.contains("fn "),
        Some(Language::JavaScript | Language::TypeScript) => {
            [".status(", ".sendStatus(", ".code("].iter().any(|mark| text.contains(mark))
        }
        _ => false,
    }
}

/// Reads the handlers of a file.
pub fn functions(path: &RepoPath, text: &str) -> Functions {
    let Some(language) = Language::of(path).filter(|_| may_answer(path, text)) else {
        return Functions::default();
    };
    let code = ParsedCode::new(text, language);
    Functions(of_nodes(&code.nodes(), language))
}

fn of_nodes(nodes: &[Syntax<'_>], language: Language) -> Vec<Function> {
    match language {
        Language::Go => go::functions(nodes),
        Language::Rust => rust::functions(nodes),
        Language::JavaScript | Language::TypeScript => javascript::functions(nodes),
        _ => Vec::new(),
    }
}

/// Adds what handlers of the same file answer with to the routes that name them.
pub fn fill(routes: &mut [Route], nodes: &[Syntax<'_>], language: Language) {
    let waits = |route: &Route| matches!(&route.handler.named, Some(it) if it.is_here());
    if !routes.iter().any(waits) {
        return;
    }
    let functions = of_nodes(nodes, language);
    let all: Vec<Option<Named>> = routes.iter().map(|route| route.handler.named.clone()).collect();
    for route in routes.iter_mut().filter(|route| waits(route)) {
        let Some(named) = &route.handler.named else { continue };
        // What serves several routes may answer in some ways on one of them only.
        if all.iter().flatten().filter(|other| *other == named).count() > 1 {
            continue;
        }
        let mut fitting = functions.iter().filter(|function| named.is(function));
        if let (Some(function), None) = (fitting.next(), fitting.next()) {
            route.handler.statuses.clone_from(&function.statuses);
            route.handler.named = None;
        }
    }
}

impl Named {
    fn is_here(&self) -> bool {
        matches!(self.from, From::Here | From::Type(_))
    }

    /// Whether it is that function, if the function stands where this one comes from.
    fn is(&self, function: &Function) -> bool {
        let owner = match &self.from {
            From::Type(owner) | From::Package(_, Some(owner)) => Some(owner),
            _ => None,
        };
        function.name == self.name && function.owner.as_ref() == owner
    }

    /// The function of another file that it is; `None` if it is not certain.
    pub fn find<'f>(
        &self,
        own: &RepoPath,
        other: &RepoPath,
        functions: &'f Functions,
    ) -> Option<&'f Function> {
        if !self.leads_to(own, other) {
            return None;
        }
        let mut fitting = functions.0.iter().filter(|function| self.is(function));
        fitting.next().filter(|_| fitting.next().is_none())
    }

    /// Whether what the first file names may stand in the other.
    pub fn leads_to(&self, own: &RepoPath, other: &RepoPath) -> bool {
        let language = Language::of(other);
        let directory = other.directory();
        match &self.from {
            From::Here | From::Type(_) => {
                language == Some(Language::Go) && own.directory() == directory && own != other
            }
            From::Package(path, _) => {
                language == Some(Language::Go)
                    && !directory.is_empty()
                    && path.ends_with(&format!("/{directory}"))
            }
            From::Module(name) => {
                let crate_of = |path: &RepoPath| {
                    path.as_str().split_once("src/").map(|(root, _)| root.to_owned())
                };
                let stem = other.file_name().trim_end_matches(".rs").to_owned();
                let module = match stem.as_str() {
                    "mod" => directory.rsplit('/').next().unwrap_or_default().to_owned(),
                    _ => stem,
                };
                language == Some(Language::Rust)
                    && module == *name
                    && crate_of(own).is_some()
                    && crate_of(own) == crate_of(other)
            }
            From::File(place) => own.resolve(place).is_some_and(|target| {
                let target = target.as_str();
                let plain = |path: &str| {
                    let stem = path.rsplit_once('.').map_or(path, |(stem, end)| {
                        if ["js", "ts", "mjs", "cjs", "mts", "cts"].contains(&end) {
                            stem
                        } else {
                            path
                        }
                    });
                    stem.to_owned()
                };
                let other = plain(other.as_str());
                plain(target) == other || format!("{target}/index") == other
            }),
        }
    }
}

/// The statuses of some nodes, with their lines.
fn coded<'t>(nodes: impl Iterator<Item = Syntax<'t>>) -> Vec<(u16, u32)> {
    nodes.filter_map(|node| Some((syntax::status(&node.text())?, syntax::line(&node)))).collect()
}

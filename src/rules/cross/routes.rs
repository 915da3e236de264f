//! Routes of code and the API description beside it: what one has and the other does not.

pub(super) mod drift;
pub(super) mod gone;
mod mounted;
mod read;

use std::sync::Arc;

use self::read::{Kind, Route, Routes, may_have_routes};
use super::places::{is_code, is_live, text_now};
use crate::domain::change::{Change, FileChange};
use crate::domain::diff::{LineRange, Side};
use crate::domain::path::RepoPath;
use crate::ports::source::Need;
use crate::rules::nearby::{above, in_each};
use crate::rules::openapi::document::{self, without_parameter_names};
use crate::rules::openapi::model::{Description, Operation, path_parameters};
use crate::rules::openapi::resolve::{At, Documents};
use crate::rules::parse::tree::Node;
use crate::rules::parse::yaml;
use crate::rules::{Draft, Findings, RuleContext, contracts};

pub(super) fn applies(change: &Change) -> bool {
    change.files.iter().any(has_routes)
}

/// Whether a file is code in use that may register routes on either side.
fn has_routes(file: &FileChange) -> bool {
    let holds = |side: Side| {
        let path = file.path_on(side);
        is_code(path)
            && is_live(path)
            && file.text(side).is_some_and(|text| may_have_routes(text.as_str()))
    };
    !file.derived && (holds(Side::Base) || holds(Side::Head))
}

/// Whether a file is code in use with a handler that the change makes answer with a status.
fn adds_answers(file: &FileChange) -> bool {
    const MARKS: [&str; 6] =
        ["Status", ".status(", ".code(", ".JSON(", "WriteHeader", "http.NotFound"];
    let Some(text) = file.head_text().filter(|_| !file.derived) else { return false };
    let holds = |line: &str| MARKS.iter().any(|mark| line.contains(mark));
    is_code(&file.path)
        && is_live(&file.path)
        && read::named::may_answer(&file.path, text.as_str())
        && file.added_lines().filter_map(|line| text.line(line)).any(holds)
}

/// The routes of one side of a file, behind the prefixes at which other files mount them.
fn routes_of(context: &RuleContext<'_>, file: &FileChange, side: Side) -> Arc<Routes> {
    let key = (file.path_on(side).clone(), side);
    let known = mounted::all(context).0.get(&key).cloned();
    known.unwrap_or_else(|| routes_in(context, file, side))
}

/// The routes of one side of a file as they stand there, read once for all rules.
fn routes_in(context: &RuleContext<'_>, file: &FileChange, side: Side) -> Arc<Routes> {
    let path = file.path_on(side);
    let read = |text: &str| read::routes(path, text);
    let wanted = has_routes(file) && is_code(path) && is_live(path);
    let found = wanted.then(|| context.parsed(file, side, read)).flatten();
    found.unwrap_or_default()
}

/// The routes that a file has at head and did not have before, on lines that the change adds.
fn is_new(file: &FileChange, route: &Route, before: &[Route]) -> bool {
    file.adds_any(LineRange::line(route.line))
        && !before.iter().any(|b| b.path == route.path && b.method == route.method)
}

pub(super) fn needs(change: &Change) -> Vec<Need> {
    let mut needs = vec![need(change)];
    needs.extend(mounted::need(change));
    needs
}

/// Where the description of a service lies: beside or above its code, in a directory whose name
/// says so, or one directory below the root.
fn need(change: &Change) -> Need {
    const FILE: &str = "*openapi*.{yaml,yml,json}";
    const FOLDERS: &str = "{api,apis,doc,docs,openapi,swagger,schema,schemas,contract,contracts,definitions,\
                           resources,static,public}";
    let touched = |file: &&FileChange| has_routes(file) || adds_answers(file);
    let files = change.files.iter().filter(touched);
    let directories = above(files.map(|file| &file.path));
    let tails = [
        FILE.to_owned(),
        format!("{FOLDERS}/{FILE}"),
        format!("{FOLDERS}/*/{FILE}"),
        format!("src/main/resources/**/{FILE}"),
        "openapi/*.yaml".to_owned(),
        "*/openapi/*.yaml".to_owned(),
    ];
    let tails: Vec<&str> = tails.iter().map(String::as_str).collect();
    let mut globs = in_each(directories, &tails);
    globs.push(format!("*/{FILE}"));
    Need::Glob { side: Side::Head, globs, limit: 20 }
}

/// Stands for every method.
const ANY: &str = "*";

/// An operation that a document lists: method, path with `{}`, and the document's own path.
struct Listed {
    method: String,
    path: String,
    written: String,
    document: String,
    /// What stands before all paths of the document, by its servers.
    bases: Arc<Vec<String>>,
    /// As written: `200`, `4XX`, `default`.
    statuses: Vec<String>,
    /// Parameters of the query; `None` where some could not be read.
    query: Option<Vec<String>>,
    /// What each parameter of the path is, where it says so.
    types: Vec<Option<Kind>>,
}

/// What the documents list, read once for all rules.
#[derive(Default)]
struct Documented(Vec<Listed>);

fn listed(context: &RuleContext<'_>) -> Arc<Documented> {
    let read = || {
        let mut all = Vec::new();
        // Another document may list what one does not: all must be there.
        let files = context.gathered_whole(&need(context.change)).unwrap_or_default().iter();
        for file in files.filter(|file| contracts::is_public(&file.path)) {
            if let Some(text) = text_now(context, file) {
                let tree = yaml::parse(text.as_str());
                if let Some(root) = document::root(&tree) {
                    list(&file.path, root, &mut all);
                }
            }
        }
        Documented(all)
    };
    context.shared(read).unwrap_or_default()
}

fn list(path: &RepoPath, root: &Node, all: &mut Vec<Listed>) {
    let documents = Documents::new(vec![(path.clone(), root)]);
    let Some(description) = Description::new(documents) else { return };
    let bases = Arc::new(bases(root));
    for item in description.paths() {
        if item.at.get("$ref").is_some() {
            all.push(elsewhere(path, item.name));
        }
        for operation in description.operations(item) {
            let names = path_parameters(item.name);
            let parameters = description.parameters(&operation);
            let kind = |name: &&str| {
                let of_path = |one: &&crate::rules::openapi::model::Parameter<'_>| {
                    one.location == "path" && one.name == *name
                };
                kind(description.value(parameters.iter().find(of_path)?.schema?))
            };
            let query = parameters.iter().filter(|one| one.location == "query");
            all.push(Listed {
                method: operation.method.to_owned(),
                path: without_parameter_names(item.name),
                written: item.name.to_owned(),
                document: path.to_string(),
                bases: Arc::clone(&bases),
                statuses: description
                    .responses(&operation)
                    .iter()
                    .map(|r| r.status.to_owned())
                    .collect(),
                query: is_complete(&description, &operation)
                    .then(|| query.map(|one| one.name.to_owned()).collect()),
                types: names.iter().map(kind).collect(),
            });
        }
    }
}

/// A path whose operations stand in a file that is not read: it may have any.
fn elsewhere(document: &RepoPath, path: &str) -> Listed {
    Listed {
        method: ANY.to_owned(),
        path: without_parameter_names(path),
        written: path.to_owned(),
        document: document.to_string(),
        bases: Arc::default(),
        statuses: Vec::new(),
        query: None,
        types: Vec::new(),
    }
}

/// The paths of the servers, and what is usual before the paths of an API.
fn bases(root: &Node) -> Vec<String> {
    let urls = root.get("servers").map(Node::items).unwrap_or_default().iter();
    let urls = urls.filter_map(|server| server.get("url")).chain(root.get("basePath"));
    let path = |url: &Node| {
        let url = url.as_str()?;
        let path = match url.split_once("://") {
            Some((_, rest)) => rest.find('/').and_then(|at| rest.get(at..)).unwrap_or(""),
            None => url,
        };
        (!path.contains('{')).then(|| path.trim_end_matches('/').to_owned())
    };
    let usual = ["/api", "/api/v1", "/api/v2", "/v1", "/v2"].map(str::to_owned);
    urls.filter_map(path).chain(usual).collect()
}

fn kind(schema: At<'_>) -> Option<Kind> {
    match (schema.word("type"), schema.word("format")) {
        ("integer", _) => Some(Kind::Integer),
        ("string", "uuid") => Some(Kind::Uuid),
        _ => None,
    }
}

/// Whether every parameter of an operation could be read, and none is an object of parameters.
fn is_complete<'t>(description: &Description<'t>, operation: &Operation<'t>) -> bool {
    let lists = [operation.at, operation.path.at].map(|holder| holder.get("parameters"));
    let read = lists.into_iter().flatten().flat_map(At::items).all(|item| {
        let at = description.documents.value(item);
        at.is_some_and(|at| {
            let schema = at.get("schema").map(|schema| description.value(schema));
            schema.is_none_or(|schema| {
                schema.word("type") != "object" && schema.get("properties").is_none()
            })
        })
    });
    read && operation.path.at.get("$ref").is_none()
}

/// Whether one path is the other, or its end behind a prefix that a router or server adds.
fn same(one: &str, other: &str) -> bool {
    one == other || one.ends_with(other) || other.ends_with(one)
}

/// The first part that tells what a path is about: no parameter, and no version.
fn first_part(path: &str) -> &str {
    let version = |part: &str| {
        part.strip_prefix('v').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    let mut parts = path.split('/').filter(|part| !part.is_empty() && *part != "{}");
    parts.find(|part| !matches!(*part, "api" | "rest") && !version(part)).unwrap_or("")
}

/// Whether an operation of the document is this route.
fn is_listed(listed: &[Listed], route: &Route) -> bool {
    listed.iter().any(|l| same(&l.path, &route.path) && fits(&l.method, route))
}

/// The listed path that this route continues: `/orders/{}` for `/orders/{}/refunds`.
fn parent<'l>(listed: &'l [Listed], route: &Route) -> Option<&'l Listed> {
    let ends = route.path.match_indices('/').map(|(at, _)| at).filter(|at| *at > 0);
    let above: Vec<&str> = ends.filter_map(|end| route.path.get(..end)).collect();
    above.into_iter().rev().filter(|path| !first_part(path).is_empty()).find_map(|path| {
        let long = path.matches('/').count() > 1;
        listed.iter().find(|l| l.path == path || (long && same(&l.path, path)))
    })
}

/// Why the document is taken to be meant for a route that it does not list.
fn reason(listed: &[Listed], route: &Route, before: &[Route], now: &[Route]) -> Option<Reason> {
    let sibling = before.iter().find_map(|neighbour| {
        let near = first_part(&neighbour.path) == first_part(&route.path);
        let found =
            listed.iter().find(|l| same(&l.path, &neighbour.path) && fits(&l.method, neighbour));
        found.filter(|_| near).map(|l| (neighbour, l))
    });
    if let Some((neighbour, entry)) = sibling {
        let why = format!("`{}`, which stands in this file too,", neighbour.written);
        return Some(Reason { document: entry.document.clone(), why });
    }
    if let Some(entry) = parent(listed, route) {
        let why = format!("`{}`, of which this is a part,", entry.written);
        return Some(Reason { document: entry.document.clone(), why });
    }
    // The file is documented throughout, but for this route.
    let was = |other: &Route| {
        before.iter().any(|one| one.path == other.path && one.method == other.method)
    };
    let others = || now.iter().filter(|other| other.path != route.path || was(other));
    let known = |other: &Route| is_listed(listed, other) || parent(listed, other).is_some();
    let complete = others().count() > 0 && others().all(known);
    let entry = listed.iter().find(|l| {
        others().any(|other| same(&l.path, &other.path) || parent(listed, other).is_some())
    })?;
    complete.then(|| Reason {
        document: entry.document.clone(),
        why: "the other routes of this file, or those that they belong to,".to_owned(),
    })
}

struct Reason {
    document: String,
    why: String,
}

pub(super) fn check(context: &RuleContext<'_>, findings: &mut Findings<'_>) {
    let documented = listed(context);
    let listed = documented.0.as_slice();
    if listed.is_empty() {
        return;
    }
    for file in context.change.files.iter().filter(|file| has_routes(file)) {
        let before = &routes_of(context, file, Side::Base).list;
        let now = &routes_of(context, file, Side::Head).list;
        let new = now.iter().filter(|route| is_new(file, route, before));
        for route in new.filter(|route| !is_listed(listed, route)) {
            let Some(Reason { document, why }) = reason(listed, route, before, now) else {
                continue;
            };
            let method = route.method.as_deref().unwrap_or("").to_ascii_uppercase();
            let name = format!("{method} {}", route.written);
            let name = name.trim();
            let draft = Draft {
                title: format!("`{name}` is missing from the API description"),
                evidence: format!(
                    "`{document}` lists {why} but not the new route: clients and checks that are made from the document \
                     do not know it."
                ),
                recommendation: format!("Add the operation to `{document}` in this change."),
                symbol: Some(name.to_owned()),
                ..Draft::default()
            };
            findings.at_head(file, LineRange::line(route.line), draft);
        }
    }
}

fn fits(method: &str, route: &Route) -> bool {
    method == ANY || route.method.as_deref().is_none_or(|own| own == method)
}

//! Routes that code gains while the API description beside it does not.

pub(super) mod gone;

use std::sync::LazyLock;

use regex::Regex;

use super::places::{is_code, is_live, text_now};
use crate::domain::change::{Change, FileChange};
use crate::domain::diff::{LineRange, Side};
use crate::ports::source::Need;
use crate::rules::nearby::{above, in_each};
use crate::rules::openapi::document::{self, without_parameter_names};
use crate::rules::parse::yaml;
use crate::rules::{Draft, Findings, RuleContext};

/// A route as a line of code registers it.
struct Route {
    line: u32,
    /// Lower case; `None` when the line does not say.
    method: Option<String>,
    /// With `{}` for parameters.
    path: String,
    written: String,
}

/// Calls on things named like routers: `router.get("/a"`, `r.GET("/a"`, `app.route("/a"`. A call
/// on `client` or `http` is a request, not a route.
static CALL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?:^|[\s@(.])(?:app|api|router|routes|r|e|g|mux|group|v\d+|\w+[rR]outer|\w+Group)\.(get|post|put|delete|patch|GET|POST|PUT|DELETE|PATCH|Get|Post|Put|Delete|Patch)\(\s*["'`](/[^"'`\s]*)["'`]"#,
    )
    .ok()
});
/// axum's `.route("/a", get(…))`.
static AXUM: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"\.route\(\s*"(/[^"\s]*)"\s*,\s*(?:axum::)?(?:routing::)?(get|post|put|delete|patch)\("#,
    )
    .ok()
});
static MORE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\)\.(get|post|put|delete|patch)\(").ok());
/// `#[get("/a")]` of actix and Rocket, `@GetMapping("/a")` of Spring.
static MARK: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?:#\[|@)(get|post|put|delete|patch|Get|Post|Put|Delete|Patch)(?:Mapping)?\(\s*(?:(?:path|value)\s*=\s*)?"(/[^"\s]*)""#,
    )
    .ok()
});
/// `HandleFunc("GET /a", …)` of Go 1.22 and later.
static GO: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"\.Handle(?:Func)?\(\s*"(GET|POST|PUT|DELETE|PATCH) (/[^"\s]*)""#).ok()
});
/// Flask's `@app.route("/a", methods=["POST"])`.
static FLASK: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"@\w+\.route\(\s*["'](/[^"']*)["'](?:.*methods\s*=\s*\[\s*["'](\w+)["']\s*\])?"#)
        .ok()
});

/// A NestJS controller's prefix.
static CONTROLLER: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"@Controller\(\s*(?:["'`]([^"'`]*)["'`])?\s*\)"#).ok());
/// NestJS's `@Get(':id')`, which continues the prefix of its controller.
static NEST: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"@(Get|Post|Put|Delete|Patch)\(\s*(?:["'`]([^"'`]*)["'`])?\s*\)"#).ok()
});

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

/// The routes of NestJS controllers: the prefix of the class and the path of the method.
fn nest_routes(text: &str) -> Vec<(u32, String, String)> {
    let mut prefix: Option<String> = None;
    let mut found = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        if let Some(controller) = CONTROLLER.iter().find_map(|pattern| pattern.captures(line)) {
            prefix = Some(controller.get(1).map_or("", |path| path.as_str()).to_owned());
        }
        let Some(prefix) = &prefix else { continue };
        for mark in NEST.iter().flat_map(|pattern| pattern.captures_iter(line)) {
            let own = mark.get(2).map_or("", |path| path.as_str());
            let parts = prefix.split('/').chain(own.split('/')).filter(|part| !part.is_empty());
            let path = format!("/{}", parts.collect::<Vec<_>>().join("/"));
            let method = mark.get(1).map_or("", |method| method.as_str());
            found.push((number, method.to_ascii_lowercase(), path));
        }
    }
    found
}

fn routes_of(text: &str) -> Vec<Route> {
    let nest = nest_routes(text);
    if !nest.is_empty() {
        let route = |(line, method, written): (u32, String, String)| Route {
            line,
            method: Some(method),
            path: plain(&written),
            written,
        };
        let public = |route: &Route| !NOT_PUBLIC.iter().any(|p| route.path.starts_with(p));
        return nest.into_iter().map(route).filter(public).filter(|r| r.path.len() > 1).collect();
    }
    let mut routes = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        if super::places::is_comment(line) && !line.trim_start().starts_with("#[") {
            continue;
        }
        let mut add = |method: Option<&str>, path: &str| {
            let public = !NOT_PUBLIC.iter().any(|prefix| path.starts_with(prefix));
            if public && path.len() > 1 {
                routes.push(Route {
                    line: number,
                    method: method.map(str::to_ascii_lowercase),
                    path: plain(path),
                    written: path.to_owned(),
                });
            }
        };
        for (pattern, method, path) in
            [(&CALL, 1, 2), (&AXUM, 2, 1), (&MARK, 1, 2), (&GO, 1, 2), (&FLASK, 2, 1)]
        {
            for found in pattern.iter().flat_map(|pattern| pattern.captures_iter(line)) {
                if let Some(path) = found.get(path) {
                    add(found.get(method).map(|m| m.as_str()), path.as_str());
                    // axum's `get(…).post(…)`.
                    let rest = found.get(0).and_then(|all| line.get(all.end()..)).unwrap_or("");
                    let chained = std::ptr::eq(pattern, &AXUM);
                    for more in MORE.iter().filter(|_| chained).flat_map(|m| m.captures_iter(rest))
                    {
                        add(more.get(1).map(|m| m.as_str()), path.as_str());
                    }
                }
            }
        }
    }
    routes
}

/// A path with `{}` for `:id`, `{id}`, `{id:[0-9]+}`, `<int:id>` and `*rest`.
fn plain(path: &str) -> String {
    let parts = path.trim_end_matches('/').split('/').map(|part| {
        let parameter = part.starts_with([':', '{', '<', '*']);
        if parameter { "{}" } else { part }
    });
    parts.collect::<Vec<_>>().join("/")
}

pub(super) fn applies(change: &Change) -> bool {
    change.files.iter().any(|file| !new_routes(file).is_empty())
}

fn new_routes(file: &FileChange) -> Vec<Route> {
    if !is_code(&file.path) || !is_live(&file.path) || file.derived {
        return Vec::new();
    }
    let Some(text) = file.head_text() else { return Vec::new() };
    let before = file.base_text().map_or(Vec::new(), |text| routes_of(text.as_str()));
    routes_of(text.as_str())
        .into_iter()
        .filter(|route| file.adds_any(LineRange::line(route.line)))
        .filter(|route| !before.iter().any(|b| b.path == route.path && b.method == route.method))
        .collect()
}

pub(super) fn needs(change: &Change) -> Vec<Need> {
    vec![need(change)]
}

/// Where the description of a service lies: beside or above its code, in a directory whose name
/// says so, or one directory below the root.
fn need(change: &Change) -> Need {
    const FILE: &str = "*openapi*.{yaml,yml,json}";
    const FOLDERS: &str = "{api,apis,openapi,swagger,schema,schemas,contract,contracts,definitions,\
                           resources,static,public}";
    let touched =
        |file: &&FileChange| !new_routes(file).is_empty() || !gone::removed(file).is_empty();
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
    Need::Glob { side: Side::Head, globs, limit: 10 }
}

/// An operation that a document lists: method, path with `{}`, and the document's own path.
struct Listed {
    method: String,
    path: String,
    written: String,
    document: String,
}

fn listed(context: &RuleContext<'_>) -> Vec<Listed> {
    let mut all = Vec::new();
    for file in context.gathered(&need(context.change)).iter().filter(|file| is_live(&file.path)) {
        let Some(text) = text_now(context, file) else { continue };
        let tree = yaml::parse(text.as_str());
        let Some(root) = document::root(&tree) else { continue };
        all.extend(document::operations(root).iter().map(|operation| Listed {
            method: operation.method.to_owned(),
            path: without_parameter_names(operation.path),
            written: operation.path.to_owned(),
            document: file.path.to_string(),
        }));
    }
    all
}

/// Whether one path is the other, or its end behind a prefix that a router or server adds.
fn same(one: &str, other: &str) -> bool {
    one == other || one.ends_with(other) || other.ends_with(one)
}

fn first_part(path: &str) -> &str {
    path.split('/').find(|part| !part.is_empty() && *part != "{}").unwrap_or("")
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
    let others = || now.iter().filter(|other| other.path != route.path);
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
    let listed = listed(context);
    if listed.is_empty() {
        return;
    }
    for file in &context.change.files {
        let new = new_routes(file);
        let before = file.base_text().map_or(Vec::new(), |text| routes_of(text.as_str()));
        let now = file.head_text().map_or(Vec::new(), |text| routes_of(text.as_str()));
        for route in new.iter().filter(|route| !is_listed(&listed, route)) {
            let Some(Reason { document, why }) = reason(&listed, route, &before, &now) else {
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
    route.method.as_deref().is_none_or(|own| own == method)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_are_recognised_and_requests_are_not() {
        let routes = |line: &str| {
            routes_of(line)
                .into_iter()
                .map(|r| format!("{:?} {}", r.method, r.path))
                .collect::<Vec<_>>()
        };
        for (line, path) in [
            (r#".route("/orders/{id}", get(show))"#, "Some(\"get\") /orders/{}"),
            (r#"#[post("/orders")]"#, "Some(\"post\") /orders"),
            (r#"r.GET("/orders/:id", show)"#, "Some(\"get\") /orders/{}"),
            (r#"mux.HandleFunc("DELETE /orders/{id}", h)"#, "Some(\"delete\") /orders/{}"),
            (r#"app.get('/orders', list)"#, "Some(\"get\") /orders"),
            (r#"@router.put("/orders/{id}")"#, "Some(\"put\") /orders/{}"),
            (
                r#"@app.route("/orders/<int:id>", methods=["POST"])"#,
                "Some(\"POST\".to_lowercase()) ",
            ),
            (r#"@GetMapping("/orders")"#, "Some(\"get\") /orders"),
        ] {
            let found = routes(line);
            assert_eq!(found.len(), 1, "{line}: {found:?}");
            if !path.ends_with(' ') {
                assert_eq!(found[0], path);
            }
        }
        for line in [
            r#"client.get("/orders")"#,
            r#"axios.post('/orders')"#,
            r#"app.get("/healthz", h)"#,
            r#"map.get("orders")"#,
        ] {
            assert!(routes(line).is_empty(), "{line}");
        }
    }
}

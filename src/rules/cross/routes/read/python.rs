//! FastAPI, Flask and Django.

use std::collections::HashMap;

use super::syntax::{arguments, line, literal, status};
use super::{Found, Handler, Kind, Query, is_method, is_router_name, joined, parameter_names};
use crate::rules::parse::code::{Syntax, in_error};

/// Types whose values FastAPI takes from the query string.
const SCALARS: [&str; 8] = ["UUID", "bool", "date", "datetime", "float", "int", "str", "Decimal"];

pub fn read(nodes: &[Syntax<'_>], text: &str, found: &mut Found) {
    let prefixes = prefixes(nodes);
    let fast = text.contains("fastapi");
    for node in nodes {
        match node.kind().as_ref() {
            "decorated_definition" => decorated(node, &prefixes, fast, found),
            "call" if text.contains("urlpatterns") => django(node, found),
            _ => {}
        }
    }
}

/// The prefixes of routers by the names of their variables.
fn prefixes(nodes: &[Syntax<'_>]) -> HashMap<String, String> {
    let mut own: HashMap<String, String> = HashMap::new();
    for node in nodes.iter().filter(|node| node.kind() == "assignment") {
        let (Some(left), Some(right)) = (node.field("left"), node.field("right")) else { continue };
        let class = right.field("function").map(|f| f.text().into_owned()).unwrap_or_default();
        let class = class.rsplit('.').next().unwrap_or_default().to_owned();
        if right.kind() == "call"
            && matches!(class.as_str(), "APIRouter" | "Blueprint" | "FastAPI" | "Flask" | "Quart")
        {
            let prefix = ["prefix", "url_prefix"].iter().find_map(|key| keyword(&right, key));
            let prefix = prefix.and_then(|value| literal(&value)).unwrap_or_default();
            own.insert(left.text().into_owned(), prefix);
        }
    }
    let mut mounts: HashMap<String, Vec<String>> = HashMap::new();
    for node in nodes.iter().filter(|node| node.kind() == "call") {
        let name = node.field("function").and_then(|f| f.field("attribute"));
        let name = name.map(|name| name.text().into_owned()).unwrap_or_default();
        let key = match name.as_str() {
            "include_router" => "prefix",
            "register_blueprint" => "url_prefix",
            _ => continue,
        };
        let Some(router) = arguments(node).first().map(|first| first.text().into_owned()) else {
            continue;
        };
        let Some(prefix) = keyword(node, key).and_then(|value| literal(&value)) else { continue };
        // Flask: the place of registration counts, not the blueprint's own prefix.
        let inner = own.get(&router).filter(|_| key == "prefix").cloned().unwrap_or_default();
        mounts.entry(router).or_default().push(joined(&prefix, &inner));
    }
    for (router, prefix) in mounts {
        if let ([only], Some(known)) = (prefix.as_slice(), own.get_mut(&router)) {
            known.clone_from(only);
        }
    }
    own
}

fn keyword<'a>(call: &Syntax<'a>, name: &str) -> Option<Syntax<'a>> {
    let mut all = arguments(call).into_iter().filter(|node| node.kind() == "keyword_argument");
    all.find(|node| node.field("name").is_some_and(|key| key.text() == name))?.field("value")
}

fn decorated(node: &Syntax<'_>, prefixes: &HashMap<String, String>, fast: bool, found: &mut Found) {
    let Some(function) = node.field("definition").filter(|f| f.kind() == "function_definition")
    else {
        return;
    };
    for decorator in node.named_children().filter(|child| child.kind() == "decorator") {
        let Some(call) = decorator.named_children().find(|child| child.kind() == "call") else {
            continue;
        };
        let Some(target) = call.field("function").filter(|f| f.kind() == "attribute") else {
            continue;
        };
        let part = |name| target.field(name).map(|f: Syntax<'_>| f.text().into_owned());
        let (Some(router), Some(verb)) = (part("object"), part("attribute")) else { continue };
        let prefix = prefixes.get(&router);
        if prefix.is_none() && !is_router_name(&router) {
            continue;
        }
        let first = arguments(&call).first().and_then(literal);
        let Some(own) = first.or_else(|| keyword(&call, "path").and_then(|path| literal(&path)))
        else {
            found.is_partial |= is_method(&verb) || verb == "route";
            continue;
        };
        // Left out of the description on purpose.
        if keyword(&call, "include_in_schema").is_some_and(|value| value.text() == "False") {
            continue;
        }
        let path = joined(prefix.map_or("", String::as_str), &own);
        let methods = match verb.as_str() {
            "route" | "api_route" => methods(&call),
            verb if is_method(verb) => vec![Some(verb.to_owned())],
            _ => continue,
        };
        let handler = handler(&call, &function, &path, fast);
        found.scope = Some(router);
        for method in methods {
            found.add(line(&decorator), method.as_deref(), &path, handler.clone());
        }
    }
}

fn methods(call: &Syntax<'_>) -> Vec<Option<String>> {
    let Some(list) = keyword(call, "methods") else { return vec![Some("get".to_owned())] };
    let names: Vec<Option<String>> =
        list.named_children().filter_map(|one| literal(&one)).map(Some).collect();
    if names.is_empty() { vec![None] } else { names }
}

fn handler(call: &Syntax<'_>, function: &Syntax<'_>, path: &str, fast: bool) -> Handler {
    let mut handler = Handler::default();
    if in_error(function) {
        return handler;
    }
    if let Some(value) = keyword(call, "status_code") {
        handler.statuses.extend(status(&value.text()).map(|code| (code, line(&value))));
    }
    for part in path.split('/').filter(|part| part.starts_with('<')) {
        let kind = match part.split_once(':').map(|(kind, _)| kind) {
            Some("<int") => Kind::Integer,
            Some("<uuid") => Kind::Uuid,
            _ => continue,
        };
        let names = parameter_names(part);
        handler.types.extend(names.into_iter().map(|name| (name, kind, line(call))));
    }
    body_statuses(function, &mut handler);
    if fast {
        parameters(function, path, &mut handler);
    }
    handler
}

/// `raise HTTPException(404)`, `abort(404)`, `return body, 201`.
fn body_statuses(function: &Syntax<'_>, handler: &mut Handler) {
    let Some(body) = function.field("body") else { return };
    for node in body.dfs() {
        let found = match node.kind().as_ref() {
            "call" => {
                let name =
                    node.field("function").map(|f| f.text().into_owned()).unwrap_or_default();
                let name = name.rsplit('.').next().unwrap_or_default().to_owned();
                let raised = node.parent().is_some_and(|parent| parent.kind() == "raise_statement");
                if !((name == "HTTPException" && raised) || name == "abort") {
                    continue;
                }
                keyword(&node, "status_code").or_else(|| {
                    arguments(&node).into_iter().find(|a| a.kind() != "keyword_argument")
                })
            }
            "return_statement" => node
                .named_children()
                .find(|child| matches!(child.kind().as_ref(), "expression_list" | "tuple"))
                .and_then(|list| list.named_children().nth(1))
                .filter(|second| second.kind() == "integer"),
            _ => continue,
        };
        let code = found.and_then(|value| Some((status(&value.text())?, line(&value))));
        handler.statuses.extend(code);
    }
}

/// The parameters of a FastAPI function that are part of the path or of the query.
fn parameters(function: &Syntax<'_>, path: &str, handler: &mut Handler) {
    let names = parameter_names(path);
    let Some(list) = function.field("parameters") else { return };
    for one in list.named_children() {
        let (name, default) = match one.kind().as_ref() {
            "typed_parameter" => (one.named_children().next(), None),
            "typed_default_parameter" => (one.field("name"), one.field("value")),
            _ => continue,
        };
        let (Some(name), Some(kind)) =
            (name.filter(|n| n.kind() == "identifier"), one.field("type"))
        else {
            continue;
        };
        let (name, kind) = (name.text().into_owned(), kind.text().into_owned());
        let default = default.map(|value| value.text().into_owned());
        if names.contains(&name) {
            let wanted = match kind.as_str() {
                "int" => Kind::Integer,
                "UUID" | "uuid.UUID" => Kind::Uuid,
                _ => continue,
            };
            handler.types.push((name, wanted, line(&one)));
            continue;
        }
        // What a call as default does (`Depends`, `Body`, `Header`, an alias) is not looked into.
        let computed = default.as_deref().is_some_and(|value| value.contains('('));
        if SCALARS.contains(&kind.as_str()) && !computed {
            handler.query.push(Query { name, required: default.is_none(), line: line(&one) });
        }
    }
}

/// `path("orders/<int:id>/", …)` of Django, inside of `include([…])` of the same file too.
fn django(call: &Syntax<'_>, found: &mut Found) {
    let Some(own) = pattern(call) else { return };
    let args = arguments(call);
    let Some(view) = args.get(1) else { return };
    let view = view.text();
    if view.starts_with("include(") || view.contains("site.urls") {
        return;
    }
    let mut path = own;
    for outer in call.ancestors().filter(|node| node.kind() == "call") {
        if let Some(prefix) = pattern(&outer) {
            path = joined(&prefix, &path);
        }
    }
    found.scope = None;
    found.add(line(call), None, &path, Handler::default());
}

fn pattern(call: &Syntax<'_>) -> Option<String> {
    let name = call.field("function")?.text().into_owned();
    let text = literal(arguments(call).first()?)?;
    match name.as_str() {
        "path" => Some(text),
        "re_path" | "url" => from_regex(&text),
        _ => None,
    }
}

/// A path for a regular expression in which only whole parts are open.
fn from_regex(pattern: &str) -> Option<String> {
    let inner = pattern.strip_prefix('^')?;
    let inner = inner.strip_suffix('$').unwrap_or(inner);
    let mut parts = Vec::new();
    let (mut depth, mut part) = (0_usize, String::new());
    for c in inner.chars().chain(['/']) {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            '/' if depth == 0 => {
                parts.push(std::mem::take(&mut part));
                continue;
            }
            _ => {}
        }
        part.push(c);
    }
    let parts = parts.into_iter().map(|part| {
        if part.starts_with('(') && part.ends_with(')') {
            let name = part.split_once("?P<").and_then(|(_, rest)| rest.split_once('>'));
            return Some(format!("<{}>", name.map_or("id", |(name, _)| name)));
        }
        let fixed = part.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'));
        fixed.then_some(part)
    });
    Some(parts.collect::<Option<Vec<String>>>()?.join("/"))
}

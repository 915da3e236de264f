//! axum, actix and Rocket.

use std::collections::HashMap;

use super::named::{Named, declarations, rust::named};
use super::syntax::{arguments, contains, line, literal};
use super::{Found, Handler, is_method, joined};
use crate::rules::parse::code::{Syntax, enclosing_function};

/// Calls in a row that are followed.
const MAX_CHAIN: usize = 200;

pub fn read(nodes: &[Syntax<'_>], found: &mut Found) {
    let nests = nests(nodes);
    let declarations = declarations(nodes);
    for node in nodes {
        match node.kind().as_ref() {
            "call_expression" => route(node, &nests, &declarations, found),
            "attribute_item" => attribute(node, found),
            _ => {}
        }
    }
}

/// What a method is called on, and its name.
fn method<'a>(call: &Syntax<'a>) -> Option<(Syntax<'a>, String)> {
    let function = call.field("function").filter(|f| f.kind() == "field_expression")?;
    Some((function.field("value")?, function.field("field")?.text().into_owned()))
}

/// Variables and functions whose routers are nested at a prefix; those that are at several are
/// left out.
fn nests(nodes: &[Syntax<'_>]) -> HashMap<String, Option<String>> {
    let mut found: HashMap<String, Option<String>> = HashMap::new();
    for node in nodes.iter().filter(|node| node.kind() == "call_expression") {
        if method(node).is_none_or(|(_, name)| name != "nest") {
            continue;
        }
        let args = arguments(node);
        let (Some(prefix), Some(inner)) = (args.first().and_then(literal), args.get(1)) else {
            continue;
        };
        let name = inner.field("function").map_or_else(|| inner.text(), |function| function.text());
        let known = found.contains_key(name.as_ref());
        found.insert(name.into_owned(), Some(prefix).filter(|_| !known));
    }
    found
}

fn route(
    call: &Syntax<'_>,
    nests: &HashMap<String, Option<String>>,
    nodes: &[Syntax<'_>],
    found: &mut Found,
) {
    let Some((receiver, name)) = method(call) else { return };
    let args = arguments(call);
    if name != "route" {
        return;
    }
    let Some(path) = args.first().and_then(literal) else {
        found.is_partial |= args.len() > 1;
        return;
    };
    let Some(handlers) = args.get(1) else { return };
    found.scope = enclosing_function(call);
    let path = joined(&prefix(call, &receiver, nests), &path);
    for (verb, at, handler) in verbs(handlers, nodes) {
        found.add(at, Some(&verb), &path, Handler::named(handler));
    }
}

/// `get(list).post(create)`, `web::get().to(list)`.
fn verbs(handlers: &Syntax<'_>, nodes: &[Syntax<'_>]) -> Vec<(String, u32, Option<Named>)> {
    let mut found = Vec::new();
    let mut current = handlers.clone();
    for _ in 0..MAX_CHAIN {
        let Some(function) = current.field("function") else { break };
        let text = function.text();
        let name = text.rsplit(['.', ':']).next().unwrap_or_default().trim().to_owned();
        let inner = method(&current).map(|(receiver, _)| receiver);
        // A receiver that is no call is an object with a method of that name, and no router's.
        if is_method(&name) && inner.as_ref().is_none_or(|inner| inner.kind() == "call_expression")
        {
            let at = function.field("field").or_else(|| function.field("name"));
            let handler = arguments(&current).first().and_then(|one| named(one, nodes));
            found.push((name, line(at.as_ref().unwrap_or(&function)), handler));
        }
        match inner {
            Some(receiver) => current = receiver,
            None => break,
        }
    }
    found
}

/// The prefixes around a call: of `nest` and of `web::scope`.
fn prefix(
    call: &Syntax<'_>,
    receiver: &Syntax<'_>,
    nests: &HashMap<String, Option<String>>,
) -> String {
    let mut path = scope(receiver).unwrap_or_default();
    for outer in call.ancestors() {
        match outer.kind().as_ref() {
            "call_expression" => {
                let Some((receiver, name)) = method(&outer) else { continue };
                let args = arguments(&outer);
                if !args.iter().any(|argument| contains(argument, call)) {
                    continue;
                }
                if name == "nest"
                    && let Some(prefix) = args.first().and_then(literal)
                {
                    path = joined(&prefix, &path);
                } else if name == "service"
                    && let Some(prefix) = scope(&receiver)
                {
                    path = joined(&prefix, &path);
                }
            }
            "let_declaration" => {
                path = nested(outer.field("pattern"), nests, &path);
            }
            "function_item" => return nested(outer.field("name"), nests, &path),
            _ => {}
        }
    }
    path
}

fn nested(name: Option<Syntax<'_>>, nests: &HashMap<String, Option<String>>, path: &str) -> String {
    let prefix = name.and_then(|name| nests.get(name.text().as_ref()).cloned()).flatten();
    prefix.map_or_else(|| path.to_owned(), |prefix| joined(&prefix, path))
}

/// The prefix of `web::scope("/a")` at the start of a chain.
fn scope(receiver: &Syntax<'_>) -> Option<String> {
    let mut current = receiver.clone();
    for _ in 0..MAX_CHAIN {
        match method(&current) {
            Some((inner, _)) => current = inner,
            None => {
                let function = current.field("function")?.text().into_owned();
                let is_scope = function == "scope" || function.ends_with("::scope");
                return literal(arguments(&current).first()?).filter(|_| is_scope);
            }
        }
    }
    None
}

/// `#[get("/a")]`.
fn attribute(node: &Syntax<'_>, found: &mut Found) {
    found.scope = None;
    let text = node.text();
    let Some(inner) = text.strip_prefix("#[") else { return };
    let Some((name, rest)) = inner.split_once('(') else { return };
    let name = name.rsplit("::").next().unwrap_or(name);
    let path = rest.trim_start().strip_prefix('"').and_then(|rest| rest.split_once('"'));
    if let Some((path, _)) = path.filter(|(path, _)| is_method(name) && path.starts_with('/')) {
        // Rocket writes the query behind the path.
        let path = path.split('?').next().unwrap_or(path);
        found.add(line(node), Some(name), path, Handler::default());
    }
}

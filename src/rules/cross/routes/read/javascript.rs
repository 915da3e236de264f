//! Express, Fastify, Koa and Hono routers, and NestJS controllers.

use std::collections::HashMap;

use super::named::declarations;
use super::named::javascript::{answers, named as handler_named};
use super::syntax::{arguments, line, literal, status};
use super::{Found, Handler, Kind, is_method, is_router_name, joined};
use crate::rules::parse::code::{Syntax, in_error};

pub fn read(nodes: &[Syntax<'_>], found: &mut Found) {
    let routers = routers(nodes);
    let declarations = declarations(nodes);
    for node in nodes {
        match node.kind().as_ref() {
            "call_expression" => call(node, &routers, &declarations, found),
            "class_declaration" => controller(node, found),
            _ => {}
        }
    }
}

/// Variables that hold routers, with the prefix at which the file mounts them.
fn routers(nodes: &[Syntax<'_>]) -> HashMap<String, String> {
    let mut own: HashMap<String, String> = HashMap::new();
    for node in nodes.iter().filter(|node| node.kind() == "variable_declarator") {
        let (Some(name), Some(value)) = (node.field("name"), node.field("value")) else { continue };
        let made = value.field("function").or_else(|| value.field("constructor"));
        let made = made.map(|made| made.text().into_owned()).unwrap_or_default();
        let class = made.rsplit('.').next().unwrap_or_default().to_lowercase();
        if matches!(class.as_str(), "express" | "router" | "fastify" | "hono" | "koarouter") {
            own.insert(name.text().into_owned(), String::new());
        }
    }
    let mut mounts: HashMap<String, Vec<String>> = HashMap::new();
    for node in nodes.iter().filter(|node| node.kind() == "call_expression") {
        let Some(target) = node.field("function").filter(|f| f.kind() == "member_expression")
        else {
            continue;
        };
        let verb = target.field("property").map(|p| p.text().into_owned()).unwrap_or_default();
        let args = arguments(node);
        if !matches!(verb.as_str(), "use" | "route") || args.len() < 2 {
            continue;
        }
        let (Some(prefix), Some(router)) = (args.first().and_then(literal), args.last()) else {
            continue;
        };
        mounts.entry(router.text().into_owned()).or_default().push(prefix);
    }
    for (router, prefixes) in mounts {
        if let ([only], Some(known)) = (prefixes.as_slice(), own.get_mut(&router)) {
            known.clone_from(only);
        }
    }
    own
}

fn call(
    node: &Syntax<'_>,
    routers: &HashMap<String, String>,
    nodes: &[Syntax<'_>],
    found: &mut Found,
) {
    let Some(target) = node.field("function").filter(|f| f.kind() == "member_expression") else {
        return;
    };
    let (Some(object), Some(verb)) = (target.field("object"), target.field("property")) else {
        return;
    };
    let verb = verb.text().into_owned();
    let args = arguments(node);
    if !is_method(&verb) {
        if verb == "route" {
            described(&object, &args, routers, nodes, found);
        }
        return;
    }
    // `router.route('/a').get(…).post(…)`
    if object.kind() == "call_expression" {
        if let Some((router, path)) = chained(&object)
            && let Some(prefix) = prefix(&router, routers)
        {
            found.scope = Some(router);
            found.add(line(&target), Some(&verb), &joined(&prefix, &path), handler(&args, nodes));
        }
        return;
    }
    let Some(prefix) = prefix(&object.text(), routers) else { return };
    // `app.get('/a')` alone reads a setting.
    if args.len() < 2 {
        return;
    }
    let Some(path) = args.first().and_then(literal) else {
        found.is_partial = true;
        return;
    };
    if path.starts_with('/') {
        found.scope = Some(object.text().into_owned());
        found.add(line(node), Some(&verb), &joined(&prefix, &path), handler(&args, nodes));
    }
}

fn prefix(object: &str, routers: &HashMap<String, String>) -> Option<String> {
    let known = routers.get(object).cloned();
    let name = object.strip_prefix("this.").unwrap_or(object);
    known.or_else(|| is_router_name(name).then(String::new))
}

/// The router and path of `router.route('/a')` below calls of methods.
fn chained(node: &Syntax<'_>) -> Option<(String, String)> {
    let mut current = node.clone();
    // Chains are short; what is longer is no router.
    for _ in 0..8 {
        let target = current.field("function").filter(|f| f.kind() == "member_expression")?;
        let (object, verb) = (target.field("object")?, target.field("property")?);
        if verb.text() == "route" {
            return Some((object.text().into_owned(), literal(arguments(&current).first()?)?));
        }
        current = object;
    }
    None
}

/// `fastify.route({method: 'GET', url: '/a', handler})`.
fn described(
    object: &Syntax<'_>,
    args: &[Syntax<'_>],
    routers: &HashMap<String, String>,
    nodes: &[Syntax<'_>],
    found: &mut Found,
) {
    let Some(options) = args.first().filter(|first| first.kind() == "object") else { return };
    let Some(prefix) = prefix(&object.text(), routers) else { return };
    let value = |name: &str| {
        let mut pairs = options.named_children().filter(|pair| pair.kind() == "pair");
        pairs.find(|pair| pair.field("key").is_some_and(|key| key.text() == name))?.field("value")
    };
    let path = value("url").or_else(|| value("path")).and_then(|value| literal(&value));
    let method = value("method").and_then(|value| literal(&value)).map(|m| m.to_lowercase());
    if let (Some(path), Some(method)) = (path, method.filter(|method| is_method(method))) {
        let handler = value("handler").map(|handler| self::handler(&[handler], nodes));
        let handler = handler.unwrap_or_default();
        found.scope = Some(object.text().into_owned());
        found.add(line(options), Some(&method), &joined(&prefix, &path), handler);
    }
}

/// What the last of the handlers answers with, or which function it is.
fn handler(args: &[Syntax<'_>], nodes: &[Syntax<'_>]) -> Handler {
    let Some(last) = args.last() else { return Handler::default() };
    let in_place =
        matches!(last.kind().as_ref(), "arrow_function" | "function_expression" | "function");
    match in_place {
        true => Handler { statuses: answers(last).unwrap_or_default(), ..Handler::default() },
        false => Handler::named(handler_named(last, nodes)),
    }
}

/// A NestJS controller: the prefix of the class and the path of each method.
fn controller(class: &Syntax<'_>, found: &mut Found) {
    let mut marks: Vec<Syntax<'_>> = decorators(class);
    marks.extend(
        class.parent().filter(|p| p.kind() == "export_statement").iter().flat_map(decorators),
    );
    let Some(mark) = marks.iter().find_map(|mark| named(mark, "Controller")) else { return };
    let Some(prefixes) = paths(&mark) else {
        found.is_partial = true;
        return;
    };
    let Some(body) = class.field("body") else { return };
    found.scope = None;
    let mut waiting: Vec<Syntax<'_>> = Vec::new();
    for member in body.named_children() {
        match member.kind().as_ref() {
            "decorator" => waiting.push(member),
            "comment" => {}
            "method_definition" => {
                waiting.extend(decorators(&member));
                method(&member, &waiting, &prefixes, found);
                waiting.clear();
            }
            _ => waiting.clear(),
        }
    }
}

fn decorators<'a>(node: &Syntax<'a>) -> Vec<Syntax<'a>> {
    node.named_children().filter(|child| child.kind() == "decorator").collect()
}

/// The call of a decorator of that name.
fn named<'a>(decorator: &Syntax<'a>, name: &str) -> Option<Syntax<'a>> {
    let call = decorator.named_children().find(|child| child.kind() == "call_expression")?;
    let function = call.field("function")?;
    (function.text() == name).then_some(call)
}

/// The paths that a decorator names; `None` when they are computed or versioned.
fn paths(call: &Syntax<'_>) -> Option<Vec<String>> {
    let args = arguments(call);
    let Some(first) = args.first() else { return Some(vec![String::new()]) };
    match first.kind().as_ref() {
        "array" => first.named_children().map(|one| literal(&one)).collect(),
        "object" => {
            let mut pairs = first.named_children().filter(|pair| pair.kind() == "pair");
            let path = pairs.find(|pair| pair.field("key").is_some_and(|key| key.text() == "path"));
            Some(vec![literal(&path?.field("value")?)?])
        }
        _ => Some(vec![literal(first)?]),
    }
}

fn method(member: &Syntax<'_>, marks: &[Syntax<'_>], prefixes: &[String], found: &mut Found) {
    // Left out of the description on purpose.
    if marks.iter().any(|mark| named(mark, "ApiExcludeEndpoint").is_some()) {
        return;
    }
    for mark in marks {
        let verb = ["Get", "Post", "Put", "Delete", "Patch"]
            .into_iter()
            .find_map(|name| Some((name, named(mark, name)?)));
        let Some((verb, call)) = verb else { continue };
        let handler = nest_handler(member, marks);
        found.is_partial |= paths(&call).is_none();
        for own in paths(&call).unwrap_or_default() {
            for prefix in prefixes {
                let path = joined(prefix, &own);
                found.add(line(mark), Some(verb), &path, handler.clone());
            }
        }
    }
}

fn nest_handler(member: &Syntax<'_>, marks: &[Syntax<'_>]) -> Handler {
    let mut handler = Handler::default();
    if in_error(member) {
        return handler;
    }
    let code = marks.iter().find_map(|mark| named(mark, "HttpCode"));
    if let Some(value) = code.and_then(|call| arguments(&call).into_iter().next()) {
        handler.statuses.extend(status(&value.text()).map(|code| (code, line(&value))));
    }
    for node in member.dfs() {
        match node.kind().as_ref() {
            "throw_statement" => {
                let class = node.named_children().find(|child| child.kind() == "new_expression");
                let class = class.and_then(|new| new.field("constructor"));
                let name = class.map(|class| class.text().into_owned()).unwrap_or_default();
                let code = name.strip_suffix("Exception").and_then(status);
                handler.statuses.extend(code.map(|code| (code, line(&node))));
            }
            "required_parameter" => {
                let text = node.text();
                let Some(rest) = text.strip_prefix("@Param(") else { continue };
                let Some((name, rest)) = rest.split_once([',', ')']) else { continue };
                let name = name.trim_matches(['\'', '"', '`', ' ']).to_owned();
                let kind = match rest.trim_start() {
                    rest if rest.starts_with("ParseIntPipe") => Kind::Integer,
                    rest if rest.starts_with("ParseUUIDPipe") => Kind::Uuid,
                    _ => continue,
                };
                handler.types.push((name, kind, line(&node)));
            }
            _ => {}
        }
    }
    handler
}

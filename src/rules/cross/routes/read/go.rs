//! gin, echo, chi, fiber, gorilla and `net/http`.

use std::collections::HashMap;

use super::named::declarations;
use super::named::go::{named, receiver_type};
use super::syntax::{arguments, contains, line, literal};
use super::{Found, Handler, is_method, is_router_name, joined};
use crate::rules::parse::code::Syntax;

/// Groups within groups that are followed.
const MAX_GROUPS: usize = 16;

/// Variables that hold groups: what they are a group of, and their own prefix. `None` for names
/// that stand for several groups.
pub type Groups = HashMap<String, Option<(String, String)>>;

pub fn read(nodes: &[Syntax<'_>], found: &mut Found) {
    let groups = groups(nodes);
    let declarations = declarations(nodes);
    for node in nodes.iter().filter(|node| node.kind() == "call_expression") {
        let Some((operand, name)) = selector(node) else { continue };
        found.scope = scope(node);
        let args = arguments(node);
        let text = args.first().and_then(literal);
        if matches!(name.as_str(), "Handle" | "HandleFunc") {
            match text {
                Some(text) => {
                    let handler = args.get(1).and_then(|last| named(last, &declarations));
                    handle(node, &operand, &text, &groups, &Handler::named(handler), found);
                }
                None => found.is_partial = true,
            }
            continue;
        }
        let verb = name.to_ascii_lowercase();
        if !name.starts_with(char::is_uppercase) || !is_method(&verb) || args.len() < 2 {
            continue;
        }
        let Some(prefix) = prefix(node, &operand, &groups) else { continue };
        let Some(text) = text else {
            found.is_partial = true;
            continue;
        };
        if text.is_empty() || text.starts_with('/') {
            let handler = Handler::named(args.last().and_then(|last| named(last, &declarations)));
            found.add(line(node), Some(&verb), &joined(&prefix, &text), handler);
        }
    }
}

/// The function around a call, with the type of which it is a method.
fn scope(call: &Syntax<'_>) -> Option<String> {
    let kinds = ["function_declaration", "method_declaration"];
    let function = call.ancestors().find(|outer| kinds.contains(&outer.kind().as_ref()))?;
    let name = function.field("name")?.text().into_owned();
    let owner = function.field("receiver").and_then(|list| receiver_type(&list));
    Some(owner.map_or_else(|| name.clone(), |owner| format!("{owner}.{name}")))
}

/// The name of what a method is called on, and of the method.
fn selector(call: &Syntax<'_>) -> Option<(String, String)> {
    let function = call.field("function").filter(|f| f.kind() == "selector_expression")?;
    let operand = function.field("operand")?.text().into_owned();
    Some((operand, function.field("field")?.text().into_owned()))
}

/// `HandleFunc("GET /a", …)`, and `HandleFunc("/a", …).Methods("GET")` of gorilla.
fn handle(
    call: &Syntax<'_>,
    operand: &str,
    text: &str,
    groups: &Groups,
    handler: &Handler,
    found: &mut Found,
) {
    if let Some((method, path)) = text.split_once(' ') {
        let verb = method.to_ascii_lowercase();
        // A host may stand before the path.
        let path = path.trim().find('/').and_then(|at| path.trim().get(at..));
        if let Some(path) = path.filter(|_| is_method(&verb)) {
            let path = path.strip_suffix("{$}").unwrap_or(path);
            found.add(line(call), Some(&verb), path, handler.clone());
        }
        return;
    }
    let outer = call.parent().and_then(|parent| parent.parent());
    let methods = outer.filter(|outer| selector(outer).is_some_and(|(_, name)| name == "Methods"));
    let Some(methods) = methods else { return };
    let Some(prefix) = prefix(call, operand, groups) else { return };
    let path = joined(&prefix, text);
    for argument in arguments(&methods) {
        let text = literal(&argument).unwrap_or_else(|| argument.text().into_owned());
        let verb = text.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
        let verb = verb.strip_prefix("method").unwrap_or(&verb).to_owned();
        if is_method(&verb) {
            found.add(line(call), Some(&verb), &path, handler.clone());
        }
    }
}

/// The groups that a file makes.
pub fn groups(nodes: &[Syntax<'_>]) -> Groups {
    let mut found = Groups::new();
    for node in nodes.iter().filter(|node| node.kind() == "short_var_declaration") {
        let (Some(left), Some(right)) = (node.field("left"), node.field("right")) else { continue };
        let Some(call) = right.named_children().next().filter(|c| c.kind() == "call_expression")
        else {
            continue;
        };
        let name = left.text().into_owned();
        let group = selector(&call).filter(|(_, method)| method == "Group");
        let sub = selector(&call).filter(|(_, method)| method == "Subrouter");
        let entry = match (group, sub) {
            (Some((of, _)), _) => {
                arguments(&call).first().and_then(literal).map(|prefix| (of, prefix))
            }
            // `r.PathPrefix("/a").Subrouter()`
            (_, Some(_)) => {
                let inner = call.field("function").and_then(|f| f.field("operand"));
                inner.and_then(|inner| {
                    let (of, _) = selector(&inner).filter(|(_, m)| m == "PathPrefix")?;
                    Some((of, literal(arguments(&inner).first()?)?))
                })
            }
            _ => continue,
        };
        let known = found.contains_key(&name);
        found.insert(name, entry.filter(|_| !known));
    }
    found
}

/// The prefix in force where a router of that name is used; `None` for what is no router.
pub fn prefix(call: &Syntax<'_>, operand: &str, groups: &Groups) -> Option<String> {
    let mut path = String::new();
    let mut name = operand.to_owned();
    if !groups.contains_key(&name) {
        let own = name.rsplit('.').next().unwrap_or(&name);
        is_router_name(own).then_some(())?;
    }
    for _ in 0..MAX_GROUPS {
        // A name of several groups: only the end of the path is known.
        let Some((of, own)) = groups.get(&name).cloned().flatten() else { break };
        path = joined(&own, &path);
        if of == name {
            break;
        }
        name = of;
    }
    // chi: `r.Route("/a", func(r chi.Router) { … })`
    for outer in call.ancestors().filter(|node| node.kind() == "call_expression") {
        let args = arguments(&outer);
        let inside =
            args.get(1).is_some_and(|body| body.kind() == "func_literal" && contains(body, call));
        if inside
            && selector(&outer)
                .is_some_and(|(_, method)| matches!(method.as_str(), "Route" | "Group"))
        {
            path = joined(&args.first().and_then(literal)?, &path);
        }
    }
    Some(path)
}

//! Handlers of Express, Koa's router and Fastify.

use super::{From, Function, Named, coded};
use crate::rules::cross::routes::read::syntax::{arguments, literal};
use crate::rules::parse::code::{Syntax, in_error};

pub fn functions(nodes: &[Syntax<'_>]) -> Vec<Function> {
    let mut found = Vec::new();
    for node in nodes {
        let (name, body) = match node.kind().as_ref() {
            "function_declaration" | "method_definition" => {
                (node.field("name"), Some(node.clone()))
            }
            "variable_declarator" => (node.field("name"), node.field("value")),
            // `exports.show = (req, res) => …`
            "assignment_expression" => {
                let left = node.field("left").filter(|left| {
                    left.field("object").is_some_and(|object| {
                        matches!(object.text().as_ref(), "exports" | "module.exports")
                    })
                });
                (left.and_then(|left| left.field("property")), node.field("right"))
            }
            "pair" => (node.field("key"), node.field("value")),
            _ => continue,
        };
        let (Some(name), Some(body)) = (name, body) else { continue };
        if let Some(statuses) = unwrapped(&body).as_ref().and_then(answers) {
            found.push(Function { name: name.text().into_owned(), owner: None, statuses });
        }
    }
    found
}

fn is_function(node: &Syntax<'_>) -> bool {
    matches!(
        node.kind().as_ref(),
        "arrow_function"
            | "function_expression"
            | "function"
            | "function_declaration"
            | "method_definition"
    )
}

/// A function, or the one that a wrapper is handed: `asyncHandler(async (req, res) => …)`.
fn unwrapped<'t>(node: &Syntax<'t>) -> Option<Syntax<'t>> {
    if is_function(node) {
        return Some(node.clone());
    }
    let args = (node.kind() == "call_expression").then(|| arguments(node))?;
    let [only] = args.as_slice() else { return None };
    is_function(only).then(|| only.clone())
}

/// The statuses that a function with a request and an answer writes; `None` for other functions.
pub fn answers(function: &Syntax<'_>) -> Option<Vec<(u16, u32)>> {
    if in_error(function) {
        return None;
    }
    let body = function.field("body")?;
    let list: Vec<String> = function
        .field("parameters")?
        .named_children()
        .map(|one| one.field("pattern").unwrap_or(one).text().into_owned())
        .collect();
    let answer =
        list.get(1).filter(|name| matches!(name.as_str(), "res" | "reply" | "response" | "rep"))?;
    let calls = body.dfs().filter(|node| node.kind() == "call_expression");
    let given = calls.filter_map(|call| {
        let target = call.field("function").filter(|it| it.kind() == "member_expression")?;
        let verb = target.field("property")?.text().into_owned();
        let on_answer = target.field("object")?.text() == *answer;
        let answers = on_answer && matches!(verb.as_str(), "status" | "sendStatus" | "code");
        arguments(&call).into_iter().next().filter(|one| answers && one.kind() == "number")
    });
    Some(coded(given))
}

/// The handler that an argument names: `show`, `orders.show`, `wrap(show)`.
pub fn named(argument: &Syntax<'_>, nodes: &[Syntax<'_>]) -> Option<Named> {
    let target = match argument.kind().as_ref() {
        "call_expression" => {
            let args = arguments(argument);
            let [only] = args.as_slice() else { return None };
            only.clone()
        }
        _ => argument.clone(),
    };
    match target.kind().as_ref() {
        "identifier" => {
            let name = target.text().into_owned();
            let from = imported(nodes, &name).map_or(From::Here, From::File);
            Some(Named { from, name })
        }
        "member_expression" => {
            let object = target.field("object").filter(|it| it.kind() == "identifier")?;
            let name = target.field("property")?.text().into_owned();
            Some(Named { from: From::File(imported(nodes, &object.text())?), name })
        }
        _ => None,
    }
}

/// The relative file that a name is imported from.
pub fn imported(nodes: &[Syntax<'_>], name: &str) -> Option<String> {
    nodes.iter().find_map(|node| {
        let (names, source) = match node.kind().as_ref() {
            "import_statement" => {
                let source = literal(&node.field("source")?)?;
                let clause = node.named_children().find(|part| part.kind() == "import_clause")?;
                (clause.text().into_owned(), source)
            }
            "variable_declarator" => {
                let call = node.field("value").filter(|it| it.kind() == "call_expression")?;
                let required = call.field("function")?.text() == "require";
                let source = literal(arguments(&call).first()?).filter(|_| required)?;
                (node.field("name")?.text().into_owned(), source)
            }
            _ => return None,
        };
        let known = names
            .split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '$')))
            .any(|own| own == name);
        (known && source.starts_with('.')).then_some(source)
    })
}

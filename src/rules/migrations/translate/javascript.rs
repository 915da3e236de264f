//! JavaScript and TypeScript expressions and calls.

use super::MAX_DEPTH;
use super::value::{Argument, Call, Literal, Value};
use crate::rules::parse::code::Syntax;

/// One call of a chain (`a.b(1).c(2)`), with its arguments as syntax for those that are functions.
pub struct Link<'t> {
    pub call: Call,
    pub arguments: Vec<Syntax<'t>>,
}

/// The name at the start of a chain of calls and properties, and the calls in their order.
pub fn chain<'t>(node: &Syntax<'t>) -> Option<(String, Vec<Link<'t>>)> {
    let mut links = Vec::new();
    let mut at = node.clone();
    for _ in 0..MAX_DEPTH {
        match at.kind().as_ref() {
            "call_expression" => {
                let function = at.field("function")?;
                let arguments: Vec<Syntax<'t>> = at
                    .field("arguments")?
                    .named_children()
                    .filter(|child| child.kind() != "comment")
                    .collect();
                let (name, next) = match function.kind().as_ref() {
                    "member_expression" => {
                        (function.field("property")?.text().into_owned(), function.field("object")?)
                    }
                    // `knex('table')`: the call of the name itself.
                    "identifier" => (String::new(), function),
                    _ => return None,
                };
                let positional = arguments.iter().map(argument).collect();
                let call = Call {
                    receiver: None,
                    name,
                    positional,
                    named: Vec::new(),
                    bytes: own_bytes(node, &at),
                    partial: false,
                };
                links.push(Link { call, arguments });
                at = next;
            }
            "member_expression" => at = at.field("object")?,
            "identifier" | "this" => {
                links.reverse();
                return Some((at.text().into_owned(), links));
            }
            _ => return None,
        }
    }
    None
}

/// From the name of the method to its closing bracket, so that calls of one chain differ.
fn own_bytes(whole: &Syntax<'_>, call: &Syntax<'_>) -> std::ops::Range<usize> {
    let property = call.field("function").and_then(|function| function.field("property"));
    let start = property.map_or(whole.range().start, |property| property.range().start);
    start..call.range().end
}

/// An expression with its place.
pub fn argument(node: &Syntax<'_>) -> Argument {
    Argument { value: value(node, 0), bytes: node.range() }
}

/// The function that a module or class has under a name: the name of its first parameter, and its
/// body.
pub fn function<'t>(root: &Syntax<'t>, name: &str) -> Option<(String, Syntax<'t>)> {
    root.dfs().find_map(|node| {
        let named = |field: &str| node.field(field).is_some_and(|own| own.text() == name);
        let found = match node.kind().as_ref() {
            "method_definition" | "function_declaration" if named("name") => Some(node.clone()),
            "variable_declarator" if named("name") => node.field("value"),
            "pair" if named("key") => node.field("value"),
            "assignment_expression" => {
                let left = node.field("left")?;
                let exported = ["exports.", "module.exports."]
                    .iter()
                    .any(|prefix| left.text().strip_prefix(prefix) == Some(name));
                exported.then(|| node.field("right")).flatten()
            }
            _ => None,
        }?;
        Some((first_parameter(&found)?, found.field("body")?))
    })
}

/// The name of a function's first parameter; empty if it has none.
pub fn first_parameter(function: &Syntax<'_>) -> Option<String> {
    if let Some(single) = function.field("parameter") {
        return Some(single.text().into_owned());
    }
    let list = function.field("parameters")?;
    let first = list.named_children().find(|child| child.kind() != "comment");
    let Some(first) = first else { return Some(String::new()) };
    let name = first.field("pattern").unwrap_or(first);
    Some(name.text().into_owned())
}

fn value(node: &Syntax<'_>, depth: usize) -> Value {
    if depth > MAX_DEPTH {
        return Value::Unknown;
    }
    match node.kind().as_ref() {
        "string" | "template_string" => text(node),
        "number" => Value::Number(node.text().into_owned()),
        "unary_expression" if node.text().starts_with('-') => {
            Value::Number(node.text().into_owned())
        }
        "true" => Value::Boolean(true),
        "false" => Value::Boolean(false),
        "null" | "undefined" => Value::Nothing,
        "array" => Value::List(
            node.named_children()
                .filter(|child| child.kind() != "comment")
                .map(|child| Argument { value: value(&child, depth + 1), bytes: child.range() })
                .collect(),
        ),
        "object" => {
            let pairs = node.named_children().filter(|child| child.kind() == "pair");
            let pair = |child: Syntax<'_>| {
                let key = child.field("key")?.text().trim_matches(['\'', '"']).to_owned();
                let given = child.field("value")?;
                Some((key, Argument { value: value(&given, depth + 1), bytes: given.range() }))
            };
            Value::Pairs(pairs.filter_map(pair).collect())
        }
        "identifier" | "member_expression" => Value::Name(node.text().into_owned()),
        "new_expression" | "call_expression" => called(node, depth),
        "await_expression" | "parenthesized_expression" | "as_expression" => {
            node.named_children().next().map_or(Value::Unknown, |inner| value(&inner, depth + 1))
        }
        "arrow_function" => Value::Computed(None),
        _ => Value::Unknown,
    }
}

fn called(node: &Syntax<'_>, depth: usize) -> Value {
    let function = node.field("constructor").or_else(|| node.field("function"));
    let Some(function) = function else { return Value::Unknown };
    let arguments = node.field("arguments");
    let positional = arguments
        .iter()
        .flat_map(|list| list.named_children())
        .filter(|child| child.kind() != "comment")
        .map(|child| Argument { value: value(&child, depth + 1), bytes: child.range() })
        .collect();
    let name = function.text();
    Value::Call(Box::new(Call {
        receiver: None,
        name: name.rsplit('.').next().unwrap_or(&name).to_owned(),
        positional,
        named: Vec::new(),
        bytes: node.range(),
        partial: false,
    }))
}

/// The text of a string; unknown if a part of it is computed.
fn text(node: &Syntax<'_>) -> Value {
    let range = node.range();
    if node.children().any(|child| child.kind() == "template_substitution") {
        return Value::Unknown;
    }
    let written = node.text();
    let inner = written.get(1..written.len().saturating_sub(1)).unwrap_or_default();
    if inner.contains('\\') {
        let plain = inner
            .replace("\\n", "\n")
            .replace("\\t", "\t")
            .replace("\\'", "'")
            .replace("\\\"", "\"")
            .replace("\\`", "`");
        return Value::Text(Literal { text: plain, verbatim: None });
    }
    let verbatim = range.start + 1..range.start + 1 + inner.len();
    Value::Text(Literal { text: inner.to_owned(), verbatim: Some(verbatim) })
}

//! Python expressions and calls.

use super::MAX_DEPTH;
use super::value::{Argument, Call, Literal, Value};
use crate::rules::parse::code::Syntax;

/// An expression with its place.
pub fn argument(node: &Syntax<'_>) -> Argument {
    Argument { value: value(node, 0), bytes: node.range() }
}

/// The call that a node is.
pub fn call(node: &Syntax<'_>) -> Option<Call> {
    (node.kind() == "call").then(|| read_call(node, 0)).flatten()
}

/// What a module or class assigns to a name, the last time.
pub fn assigned<'t>(body: &Syntax<'t>, name: &str) -> Option<Syntax<'t>> {
    let statements: Vec<Syntax<'t>> = body.named_children().collect();
    statements.iter().rev().find_map(|statement| {
        let assignment =
            statement.named_children().next().filter(|node| node.kind() == "assignment");
        let assignment = assignment.filter(|_| statement.kind() == "expression_statement")?;
        let left = assignment.field("left")?;
        (left.text() == name).then(|| assignment.field("right")).flatten()
    })
}

/// A function of a module or class.
pub fn function<'t>(body: &Syntax<'t>, name: &str) -> Option<Syntax<'t>> {
    body.named_children()
        .filter(|node| node.kind() == "function_definition")
        .find(|node| node.field("name").is_some_and(|own| own.text() == name))
        .and_then(|node| node.field("body"))
}

fn read_call(node: &Syntax<'_>, depth: usize) -> Option<Call> {
    let function = node.field("function")?;
    let (receiver, name) = match function.kind().as_ref() {
        "attribute" => {
            let object = function.field("object")?;
            (Some(value(&object, depth + 1)), function.field("attribute")?.text().into_owned())
        }
        "identifier" => (None, function.text().into_owned()),
        _ => return None,
    };
    let mut call = Call {
        receiver,
        name,
        positional: Vec::new(),
        named: Vec::new(),
        bytes: node.range(),
        partial: false,
    };
    let arguments = node.field("arguments");
    for child in arguments.iter().flat_map(|list| list.named_children()) {
        match child.kind().as_ref() {
            "keyword_argument" => {
                let (Some(key), Some(given)) = (child.field("name"), child.field("value")) else {
                    continue;
                };
                let given = Argument { value: value(&given, depth + 1), bytes: given.range() };
                call.named.push((key.text().into_owned(), given));
            }
            "comment" => {}
            "list_splat" | "dictionary_splat" => call.partial = true,
            _ => call
                .positional
                .push(Argument { value: value(&child, depth + 1), bytes: child.range() }),
        }
    }
    Some(call)
}

fn value(node: &Syntax<'_>, depth: usize) -> Value {
    if depth > MAX_DEPTH {
        return Value::Unknown;
    }
    match node.kind().as_ref() {
        "string" | "concatenated_string" => joined(node),
        "integer" | "float" => Value::Number(node.text().into_owned()),
        "unary_operator" if node.text().starts_with('-') => Value::Number(node.text().into_owned()),
        "true" => Value::Boolean(true),
        "false" => Value::Boolean(false),
        "none" => Value::Nothing,
        "list" | "tuple" | "set" => Value::List(
            node.named_children()
                .filter(|child| child.kind() != "comment")
                .map(|child| Argument { value: value(&child, depth + 1), bytes: child.range() })
                .collect(),
        ),
        "dictionary" => {
            let pairs = node.named_children().filter(|child| child.kind() == "pair");
            let pair = |child: Syntax<'_>| {
                let key = value(&child.field("key")?, depth + 1).text()?.to_owned();
                let given = child.field("value")?;
                Some((key, Argument { value: value(&given, depth + 1), bytes: given.range() }))
            };
            Value::Pairs(pairs.filter_map(pair).collect())
        }
        "call" => read_call(node, depth).map_or(Value::Unknown, |call| Value::Call(Box::new(call))),
        "identifier" | "attribute" => Value::Name(node.text().into_owned()),
        "parenthesized_expression" => node
            .named_children()
            .find(|child| child.kind() != "comment")
            .map_or(Value::Unknown, |inner| value(&inner, depth + 1)),
        "lambda" => Value::Computed(None),
        _ => Value::Unknown,
    }
}

/// The text of a string or of strings side by side; unknown if a part of it is computed.
fn joined(node: &Syntax<'_>) -> Value {
    let mut text = String::new();
    let mut pieces = 0;
    let mut verbatim = None;
    for part in node.dfs() {
        match part.kind().as_ref() {
            "interpolation" => return Value::Unknown,
            "string_content" => {
                text.push_str(&part.text());
                verbatim = Some(part.range());
                pieces += 1;
            }
            "escape_sequence" => pieces += 1,
            _ => {}
        }
    }
    if pieces > 1 {
        text = text.replace("\\n", "\n").replace("\\'", "'").replace("\\\"", "\"");
    }
    Value::Text(Literal { text, verbatim: verbatim.filter(|_| pieces == 1) })
}

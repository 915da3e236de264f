//! C# expressions and calls.

use super::MAX_DEPTH;
use super::value::{Argument, Call, Literal, Value};
use crate::rules::parse::code::Syntax;

/// Most assignments of a file in which constants are looked for.
const MAX_CONSTANTS: usize = 200;

/// Reads expressions of one file.
#[derive(Default)]
pub struct Reader {
    /// Variables and fields that are set to a text once, and nowhere again.
    constants: Vec<(String, Value)>,
}

/// One call of a chain (`a.B(1).C(2)`), with its arguments as syntax for those that are functions.
pub struct Link<'t> {
    pub call: Call,
    /// Arguments with the names that they are given under.
    pub arguments: Vec<(Option<String>, Syntax<'t>)>,
    /// The first type argument (`string` in `AddColumn<string>`).
    pub type_argument: Option<String>,
}

impl<'t> Link<'t> {
    /// An argument by place or by name.
    pub fn argument(&self, at: usize, name: &str) -> Option<&Syntax<'t>> {
        let named = self.arguments.iter().find(|(given, _)| given.as_deref() == Some(name));
        let placed = || self.arguments.get(at).filter(|(given, _)| given.is_none());
        named.or_else(placed).map(|(_, node)| node)
    }
}

impl Reader {
    /// Takes the constants out of a file.
    pub fn new(root: &Syntax<'_>) -> Self {
        let plain = Self::default();
        let mut constants: Vec<(String, Value)> = Vec::new();
        let set = root.dfs().filter(|node| {
            matches!(node.kind().as_ref(), "variable_declarator" | "assignment_expression")
        });
        let set: Vec<Syntax<'_>> = set.take(MAX_CONSTANTS + 1).collect();
        if set.len() > MAX_CONSTANTS {
            return plain;
        }
        for node in set {
            let Some(name) = node.field("name").or_else(|| node.field("left")) else { continue };
            let name = name.text().into_owned();
            let first = constants.iter().all(|(known, _)| *known != name);
            let initial = node.named_children().last();
            let initial = initial.filter(|_| first && node.kind() == "variable_declarator");
            let value = match initial.map(|given| plain.value(&given, 0)) {
                Some(Value::Text(text)) => Value::Text(Literal { verbatim: None, ..text }),
                _ => Value::Unknown,
            };
            constants.retain(|(known, _)| *known != name);
            constants.push((name, value));
        }
        Self { constants }
    }

    /// An expression with its place.
    pub fn argument(&self, node: &Syntax<'_>) -> Argument {
        Argument { value: self.value(node, 0), bytes: node.range() }
    }

    /// The name at the start of a chain of calls, and the calls in their order.
    pub fn chain<'t>(&self, node: &Syntax<'t>) -> Option<(String, Vec<Link<'t>>)> {
        let mut links = Vec::new();
        let mut at = node.clone();
        for _ in 0..MAX_DEPTH {
            match at.kind().as_ref() {
                "invocation_expression" => {
                    let function = at.field("function")?;
                    let (named, next) = match function.kind().as_ref() {
                        "member_access_expression" => {
                            (function.field("name")?, function.field("expression"))
                        }
                        "identifier" | "generic_name" => (function, None),
                        _ => return None,
                    };
                    links.push(self.link(node, &at, &named));
                    match next {
                        Some(next) => at = next,
                        None => {
                            links.reverse();
                            return Some((String::new(), links));
                        }
                    }
                }
                "identifier" | "this" | "base" => {
                    links.reverse();
                    return Some((at.text().into_owned(), links));
                }
                _ => return None,
            }
        }
        None
    }

    fn link<'t>(&self, whole: &Syntax<'t>, at: &Syntax<'t>, named: &Syntax<'t>) -> Link<'t> {
        let (name, type_argument) = match named.kind().as_ref() {
            "generic_name" => {
                let mut parts = named.named_children();
                let name = parts.next().map(|name| name.text().into_owned()).unwrap_or_default();
                let given = parts.next().and_then(|list| list.named_children().next());
                (name, given.map(|given| given.text().into_owned()))
            }
            _ => (named.text().into_owned(), None),
        };
        let arguments = arguments(at);
        let mut call = Call {
            receiver: None,
            name,
            positional: Vec::new(),
            named: Vec::new(),
            bytes: whole.range(),
            partial: false,
        };
        for (name, node) in &arguments {
            let read = self.argument(node);
            match name {
                Some(name) => call.named.push((name.clone(), read)),
                None => call.positional.push(read),
            }
        }
        Link { call, arguments, type_argument }
    }

    fn value(&self, node: &Syntax<'_>, depth: usize) -> Value {
        if depth > MAX_DEPTH {
            return Value::Unknown;
        }
        let inner = |at: usize| node.named_children().nth(at);
        match node.kind().as_ref() {
            "string_literal" | "verbatim_string_literal" | "raw_string_literal" => text(node),
            "interpolated_string_expression" => Value::Unknown,
            "integer_literal" | "real_literal" => {
                let digits = node.text();
                let suffix = |c: char| matches!(c, 'm' | 'M' | 'L' | 'l' | 'u' | 'U');
                Value::Number(digits.trim_end_matches(suffix).to_owned())
            }
            "prefix_unary_expression" if node.text().starts_with('-') => {
                match inner(0).map(|inner| self.value(&inner, depth + 1)) {
                    Some(Value::Number(number)) => Value::Number(format!("-{number}")),
                    _ => Value::Unknown,
                }
            }
            "boolean_literal" => Value::Boolean(node.text() == "true"),
            "null_literal" => Value::Nothing,
            "implicit_array_creation_expression" | "array_creation_expression" => {
                let list = node.named_children().find(|it| it.kind() == "initializer_expression");
                list.map_or(Value::Unknown, |list| self.items(&list, depth))
            }
            "initializer_expression" | "collection_expression" => self.items(node, depth),
            "collection_element" | "expression_element" | "parenthesized_expression" => {
                inner(0).map_or(Value::Unknown, |inner| self.value(&inner, depth + 1))
            }
            "cast_expression" => {
                node.field("value").map_or(Value::Unknown, |given| self.value(&given, depth + 1))
            }
            "binary_expression" => self.joined(node, depth),
            "identifier" => {
                let name = node.text();
                let known = self.constants.iter().find(|(own, _)| *own == name);
                match known.map(|(_, value)| value) {
                    Some(Value::Text(text)) => Value::Text(text.clone()),
                    _ => Value::Name(name.into_owned()),
                }
            }
            "member_access_expression" => Value::Name(node.text().into_owned()),
            "typeof_expression" => node
                .field("type")
                .or_else(|| inner(0))
                .map_or(Value::Unknown, |kind| Value::Name(kind.text().into_owned())),
            "lambda_expression" | "anonymous_method_expression" => Value::Computed(None),
            _ => Value::Unknown,
        }
    }

    fn items(&self, list: &Syntax<'_>, depth: usize) -> Value {
        let items = list.named_children().filter(|child| child.kind() != "comment");
        Value::List(
            items
                .map(|child| Argument {
                    value: self.value(&child, depth + 1),
                    bytes: child.range(),
                })
                .collect(),
        )
    }

    /// Texts that are put together from constants.
    fn joined(&self, node: &Syntax<'_>, depth: usize) -> Value {
        let adds = node.field("operator").is_some_and(|operator| operator.text() == "+");
        let sides = node.field("left").zip(node.field("right")).filter(|_| adds);
        let Some((left, right)) = sides else { return Value::Unknown };
        match (self.value(&left, depth + 1), self.value(&right, depth + 1)) {
            (Value::Text(one), Value::Text(other)) => {
                Value::Text(Literal { text: one.text + &other.text, verbatim: None })
            }
            _ => Value::Unknown,
        }
    }
}

/// The arguments of a call, each with its name.
fn arguments<'t>(call: &Syntax<'t>) -> Vec<(Option<String>, Syntax<'t>)> {
    let list = call.field("arguments");
    let given =
        list.iter().flat_map(|list| list.named_children()).filter(|it| it.kind() == "argument");
    let read = |argument: Syntax<'t>| {
        let name = argument.field("name");
        let skipped = usize::from(name.is_some());
        let mut parts = argument.named_children().filter(|part| part.kind() != "comment");
        let value = parts.nth(skipped)?;
        Some((name.map(|name| name.text().into_owned()), value))
    };
    given.filter_map(read).collect()
}

/// The text of a string in one of the forms that nothing is computed in.
fn text(node: &Syntax<'_>) -> Value {
    let written = node.text();
    let start = node.range().start;
    let of = |inner: &str, before: usize| Literal {
        text: inner.to_owned(),
        verbatim: Some(start + before..start + before + inner.len()),
    };
    let literal = if let Some(rest) = written.strip_prefix("@\"") {
        let inner = rest.strip_suffix('"').unwrap_or(rest);
        match inner.contains("\"\"") {
            true => Literal { text: inner.replace("\"\"", "\""), verbatim: None },
            false => of(inner, 2),
        }
    } else if written.starts_with("\"\"\"") {
        let marks = written.bytes().take_while(|byte| *byte == b'"').count();
        let end = written.len().saturating_sub(marks).max(marks);
        of(written.get(marks..end).unwrap_or_default(), marks)
    } else {
        let inner = written.get(1..written.len().saturating_sub(1)).unwrap_or_default();
        match inner.contains('\\') {
            true => Literal { text: unescaped(inner), verbatim: None },
            false => of(inner, 1),
        }
    };
    Value::Text(literal)
}

fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            plain.push(character);
            continue;
        }
        match characters.next() {
            Some('n' | 'r') => plain.push('\n'),
            Some('t') => plain.push('\t'),
            Some(other) => plain.push(other),
            None => {}
        }
    }
    plain
}

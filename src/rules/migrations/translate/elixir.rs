//! Elixir expressions and calls.

use super::MAX_DEPTH;
use super::value::{Argument, Call, Literal, Value};
use crate::rules::parse::code::Syntax;

/// Most constants of a module that are kept.
const MAX_ATTRIBUTES: usize = 200;

/// Reads expressions of one module.
#[derive(Default)]
pub struct Reader {
    /// Constants of the module (`@table "orders"`); without those that it sets again.
    attributes: Vec<(String, Value)>,
}

impl Reader {
    /// Takes the constants out of the body of a module.
    pub fn new(body: &Syntax<'_>) -> Self {
        let plain = Self::default();
        let mut attributes: Vec<(String, Value)> = Vec::new();
        let given = body.named_children().filter_map(|node| attribute(&node));
        for (name, given) in given.take(MAX_ATTRIBUTES) {
            let value = match attributes.iter().any(|(known, _)| *known == name) {
                true => Value::Unknown,
                false => apart(plain.value(&given, 0)),
            };
            attributes.retain(|(known, _)| *known != name);
            attributes.push((name, value));
        }
        Self { attributes }
    }

    /// The constant that the module sets under a name.
    pub fn attribute(&self, name: &str) -> Option<&Value> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// The call that a statement is; `None` for anything else.
    pub fn call(&self, node: &Syntax<'_>) -> Option<Call> {
        match node.kind().as_ref() {
            "call" => self.read_call(node, 0),
            "identifier" => Some(Call {
                receiver: None,
                name: node.text().into_owned(),
                positional: Vec::new(),
                named: Vec::new(),
                bytes: node.range(),
                partial: false,
            }),
            _ => None,
        }
    }

    /// An expression as far as it is constant.
    pub fn argument(&self, node: &Syntax<'_>) -> Value {
        self.value(node, 0)
    }

    fn read_call(&self, node: &Syntax<'_>, depth: usize) -> Option<Call> {
        if depth > MAX_DEPTH {
            return None;
        }
        let target = node.field("target")?;
        let (receiver, name) = match target.kind().as_ref() {
            "identifier" => (None, target.text().into_owned()),
            "dot" => {
                let left = target.field("left")?;
                (Some(self.value(&left, depth + 1)), target.field("right")?.text().into_owned())
            }
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
        let Some(arguments) = child(node, "arguments") else { return Some(call) };
        for given in arguments.named_children() {
            match given.kind().as_ref() {
                "keywords" => call.named.extend(self.pairs(&given, depth + 1)),
                "comment" => {}
                _ => call
                    .positional
                    .push(Argument { value: self.value(&given, depth + 1), bytes: given.range() }),
            }
        }
        Some(call)
    }

    fn pairs(&self, keywords: &Syntax<'_>, depth: usize) -> Vec<(String, Argument)> {
        let pair = |node: Syntax<'_>| {
            let value = node.field("value")?;
            let read = Argument { value: self.value(&value, depth + 1), bytes: value.range() };
            Some((key(&node)?, read))
        };
        keywords.named_children().filter(|node| node.kind() == "pair").filter_map(pair).collect()
    }

    fn value(&self, node: &Syntax<'_>, depth: usize) -> Value {
        if depth > MAX_DEPTH {
            return Value::Unknown;
        }
        match node.kind().as_ref() {
            "atom" => Value::Text(plain(node.text().trim_start_matches(':'))),
            "string" | "quoted_atom" | "charlist" => quoted(node),
            "sigil" => sigil(node),
            "integer" | "float" => Value::Number(node.text().into_owned()),
            "boolean" => Value::Boolean(node.text() == "true"),
            "nil" => Value::Nothing,
            "alias" | "identifier" | "dot" => Value::Name(node.text().into_owned()),
            "list" | "tuple" => self.items(node, depth),
            // Only what is in it would have to be known.
            "map" => Value::Pairs(Vec::new()),
            "call" => self
                .read_call(node, depth)
                .map_or(Value::Unknown, |call| Value::Call(Box::new(call))),
            "anonymous_function" => Value::Computed(None),
            "unary_operator" => self.unary(node, depth),
            "binary_operator" => self.joined(node, depth),
            "block" => {
                let mut inner = node.named_children();
                match (inner.next(), inner.next()) {
                    (Some(only), None) => self.value(&only, depth + 1),
                    _ => Value::Unknown,
                }
            }
            _ => Value::Unknown,
        }
    }

    /// A list or tuple; a list of nothing but keywords as pairs.
    fn items(&self, node: &Syntax<'_>, depth: usize) -> Value {
        let mut items = Vec::new();
        let mut keywords = None;
        for given in node.named_children().filter(|given| given.kind() != "comment") {
            if given.kind() == "keywords" {
                let pairs = Value::Pairs(self.pairs(&given, depth + 1));
                keywords = Some(Argument { value: pairs, bytes: given.range() });
            } else {
                let value = self.value(&given, depth + 1);
                items.push(Argument { value, bytes: given.range() });
            }
        }
        match keywords {
            Some(only) if items.is_empty() && node.kind() == "list" => only.value,
            keywords => {
                items.extend(keywords);
                Value::List(items)
            }
        }
    }

    fn unary(&self, node: &Syntax<'_>, depth: usize) -> Value {
        let parts = node.field("operator").zip(node.field("operand"));
        let Some((operator, operand)) = parts else { return Value::Unknown };
        match (operator.text().as_ref(), self.value(&operand, depth + 1)) {
            ("-", Value::Number(number)) => Value::Number(format!("-{number}")),
            ("@", Value::Name(name)) => self.attribute(&name).cloned().unwrap_or(Value::Unknown),
            ("&", _) => Value::Computed(None),
            _ => Value::Unknown,
        }
    }

    /// Texts that are put together from constants.
    fn joined(&self, node: &Syntax<'_>, depth: usize) -> Value {
        let joins = node.field("operator").is_some_and(|operator| operator.text() == "<>");
        let sides = node.field("left").zip(node.field("right")).filter(|_| joins);
        let Some((left, right)) = sides else { return Value::Unknown };
        match (self.value(&left, depth + 1), self.value(&right, depth + 1)) {
            (Value::Text(one), Value::Text(other)) => Value::Text(plain(&(one.text + &other.text))),
            _ => Value::Unknown,
        }
    }
}

/// The first child of a kind.
pub fn child<'t>(node: &Syntax<'t>, kind: &str) -> Option<Syntax<'t>> {
    node.named_children().find(|inner| inner.kind() == kind)
}

/// The key of a pair, without its colon.
pub fn key(pair: &Syntax<'_>) -> Option<String> {
    let key = pair.field("key")?;
    match key.kind().as_ref() {
        "keyword" => Some(key.text().trim().trim_end_matches(':').to_owned()),
        _ => quoted(&key).text().map(str::to_owned),
    }
}

/// `@name value`.
fn attribute<'t>(node: &Syntax<'t>) -> Option<(String, Syntax<'t>)> {
    let operand = node.field("operand").filter(|_| node.kind() == "unary_operator")?;
    let set = operand.kind() == "call" && node.field("operator")?.text() == "@";
    let name = operand.field("target").filter(|_| set)?.text().into_owned();
    Some((name, child(&operand, "arguments")?.named_children().next()?))
}

fn plain(text: &str) -> Literal {
    Literal { text: text.to_owned(), verbatim: None }
}

/// A value that is used elsewhere than where it stands.
fn apart(value: Value) -> Value {
    match value {
        Value::Text(literal) => Value::Text(Literal { verbatim: None, ..literal }),
        other => other,
    }
}

/// The text of a string, with or without here-document marks; unknown if a part of it is computed.
fn quoted(node: &Syntax<'_>) -> Value {
    let mut text = String::new();
    let mut pieces = 0;
    let mut verbatim = None;
    for part in node.named_children() {
        match part.kind().as_ref() {
            "quoted_content" => {
                text.push_str(&part.text());
                verbatim = Some(part.range());
                pieces += 1;
            }
            "escape_sequence" => {
                text.push_str(match part.text().as_ref() {
                    "\\n" | "\\r" => "\n",
                    "\\t" => "\t",
                    other => other.get(1..).unwrap_or_default(),
                });
                pieces += 2;
            }
            "sigil_name" | "sigil_modifiers" | "comment" => {}
            _ => return Value::Unknown,
        }
    }
    Value::Text(Literal { text, verbatim: verbatim.filter(|_| pieces == 1) })
}

/// `~s(…)` and `~S(…)` are texts, `~w(…)` is a list of words.
fn sigil(node: &Syntax<'_>) -> Value {
    let name = child(node, "sigil_name").map(|name| name.text().into_owned()).unwrap_or_default();
    let text = quoted(node);
    match (name.as_str(), text) {
        ("s" | "S", text) => text,
        ("w" | "W", Value::Text(words)) => {
            let bytes = node.range();
            let word = |word| Argument { value: Value::Text(plain(word)), bytes: bytes.clone() };
            Value::List(words.text.split_whitespace().map(word).collect())
        }
        _ => Value::Unknown,
    }
}

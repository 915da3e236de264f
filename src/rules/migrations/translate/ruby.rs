//! Ruby expressions and calls.

use super::MAX_DEPTH;
use super::value::{Argument, Call, Literal, Value};
use crate::rules::parse::code::Syntax;

/// Reads expressions of one file.
pub struct Reader<'t> {
    /// Where each here-document starts in the code, and its body, in order.
    documents: Vec<(usize, Syntax<'t>)>,
}

impl<'t> Reader<'t> {
    pub fn new(root: &Syntax<'t>) -> Self {
        let nodes: Vec<Syntax<'t>> = root
            .dfs()
            .filter(|node| matches!(node.kind().as_ref(), "heredoc_beginning" | "heredoc_body"))
            .collect();
        let (starts, bodies): (Vec<_>, Vec<_>) =
            nodes.into_iter().partition(|node| node.kind() == "heredoc_beginning");
        let starts = starts.into_iter().map(|node| node.range().start);
        Self { documents: starts.zip(bodies).collect() }
    }

    /// The call that a statement is; `None` for anything else.
    pub fn call(&self, node: &Syntax<'t>) -> Option<Call> {
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

    fn read_call(&self, node: &Syntax<'t>, depth: usize) -> Option<Call> {
        let mut call = Call {
            receiver: node.field("receiver").map(|receiver| self.value(&receiver, depth + 1)),
            name: node.field("method")?.text().into_owned(),
            positional: Vec::new(),
            named: Vec::new(),
            bytes: node.range(),
            partial: false,
        };
        let arguments = node.field("arguments");
        for child in arguments.iter().flat_map(|arguments| arguments.named_children()) {
            match child.kind().as_ref() {
                "pair" => match self.pair(&child, depth + 1) {
                    Some(pair) => call.named.push(pair),
                    None => call.partial = true,
                },
                "comment" => {}
                "splat_argument" | "hash_splat_argument" | "block_argument" => call.partial = true,
                // A here-document that starts in this list.
                "heredoc_body" => {}
                _ => call
                    .positional
                    .push(Argument { value: self.value(&child, depth + 1), bytes: child.range() }),
            }
        }
        Some(call)
    }

    fn pair(&self, node: &Syntax<'t>, depth: usize) -> Option<(String, Argument)> {
        let key = node.field("key")?;
        let name = match key.kind().as_ref() {
            "hash_key_symbol" => key.text().into_owned(),
            _ => self.value(&key, depth).text()?.to_owned(),
        };
        let value = node.field("value")?;
        Some((name, Argument { value: self.value(&value, depth), bytes: value.range() }))
    }

    fn value(&self, node: &Syntax<'t>, depth: usize) -> Value {
        if depth > MAX_DEPTH {
            return Value::Unknown;
        }
        let items = || {
            let children: Vec<Syntax<'t>> = node.named_children().collect();
            children
                .iter()
                .map(|child| Argument { value: self.value(child, depth + 1), bytes: child.range() })
                .collect::<Vec<_>>()
        };
        match node.kind().as_ref() {
            "simple_symbol" => text(node.text().trim_start_matches(':')),
            "string" | "delimited_symbol" | "bare_string" | "bare_symbol" | "chained_string" => {
                joined(node)
            }
            "heredoc_beginning" => {
                let at = node.range().start;
                let found = self.documents.iter().find(|(start, _)| *start == at);
                found.map_or(Value::Unknown, |(_, body)| joined(body))
            }
            // `<<~SQL.squish` and the like only change white space.
            "call" if strips_space(node) => {
                node.field("receiver").map_or(Value::Unknown, |inner| self.value(&inner, depth + 1))
            }
            "call" => self
                .read_call(node, depth)
                .map_or(Value::Unknown, |call| Value::Call(Box::new(call))),
            "integer" | "float" | "unary" | "rational" => Value::Number(node.text().into_owned()),
            "true" => Value::Boolean(true),
            "false" => Value::Boolean(false),
            "nil" => Value::Nothing,
            "array" | "string_array" | "symbol_array" => Value::List(items()),
            "hash" => {
                let pairs = node.named_children().filter(|child| child.kind() == "pair");
                Value::Pairs(pairs.filter_map(|child| self.pair(&child, depth + 1)).collect())
            }
            "constant" | "scope_resolution" | "identifier" | "instance_variable" => {
                Value::Name(node.text().into_owned())
            }
            "lambda" => {
                let body = node.field("body").and_then(|block| block.field("body"));
                let only = body.filter(|body| body.named_children().count() == 1);
                let inner = only.and_then(|body| body.named_children().next());
                Value::Computed(inner.map(|inner| Box::new(self.value(&inner, depth + 1))))
            }
            _ => Value::Unknown,
        }
    }
}

fn strips_space(node: &Syntax<'_>) -> bool {
    node.field("arguments").is_none()
        && node.field("method").is_some_and(|method| {
            matches!(
                method.text().as_ref(),
                "squish" | "strip" | "strip_heredoc" | "chomp" | "freeze"
            )
        })
}

fn text(text: &str) -> Value {
    Value::Text(Literal { text: text.to_owned(), verbatim: None })
}

/// The text of a string-like node; unknown if a part of it is computed.
fn joined(node: &Syntax<'_>) -> Value {
    let mut content = String::new();
    let mut pieces = 0;
    let mut verbatim = None;
    for part in node.dfs() {
        match part.kind().as_ref() {
            "interpolation" => return Value::Unknown,
            "string_content" | "heredoc_content" => {
                content.push_str(&part.text());
                pieces += 1;
                verbatim = Some(part.range());
            }
            "escape_sequence" => {
                content.push_str(match part.text().as_ref() {
                    "\\n" => "\n",
                    "\\t" => "\t",
                    other => other.get(1..).unwrap_or_default(),
                });
                pieces += 2;
            }
            _ => {}
        }
    }
    Value::Text(Literal { text: content, verbatim: verbatim.filter(|_| pieces == 1) })
}

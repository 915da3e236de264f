//! Ecto migrations: which functions run forwards, and what their statements mean.

mod columns;
mod objects;
mod reversible;
mod rows;
mod tables;

pub(super) use reversible::{WayBack, way_back};

use std::collections::HashMap;

use super::translate::elixir::{self, Reader};
use super::translate::{Call, Literal, MAX_DEPTH, Translation, Value, Writer};
use crate::rules::parse::code::{ParsedCode, Syntax, in_error};

/// Deepest chain of the module's own functions that is followed.
const MAX_CALLS: usize = 4;
/// Most functions of a module that are known by name.
const MAX_FUNCTIONS: usize = 200;

/// The functions that run forwards, the first that is there.
const FORWARD: [&str; 2] = ["up", "change"];

/// Puts the forward part of an Ecto migration into SQL.
pub(super) fn translate(text: &str) -> Translation {
    translate_function(text, &FORWARD)
}

/// Puts the function `down` into SQL; Ecto itself turns `change` around.
pub(super) fn translate_down(text: &str) -> Translation {
    translate_function(text, &["down"])
}

/// Whether Ecto puts a transaction around the migration.
pub(super) fn runs_in_transaction(text: &str) -> bool {
    !text.lines().map(str::trim).any(|line| {
        let rest = line.strip_prefix("@disable_ddl_transaction");
        rest.is_some_and(|rest| rest.trim_start_matches([' ', '(']).starts_with("true"))
    })
}

fn translate_function(text: &str, names: &[&str]) -> Translation {
    let code = ParsedCode::elixir(text);
    let mut writer = Writer::default();
    let Some(root) = code.root() else { return writer.finish() };
    let Some(module) = Module::read(&root) else {
        writer.unread(&root.range(), "its module was not found");
        return writer.finish();
    };
    let Some((name, body)) = module.first(names) else {
        writer.unread(&root.range(), "its function was not found");
        return writer.finish();
    };
    let called = vec![name.to_owned()];
    let mut walk = Walk { writer, module: &module, called, texts: HashMap::new() };
    walk.body(body, 0);
    walk.writer.finish()
}

/// The module of a migration.
struct Module<'t> {
    reader: Reader,
    /// Functions without parameters, and their definitions.
    functions: Vec<(String, Syntax<'t>)>,
}

impl<'t> Module<'t> {
    fn read(root: &Syntax<'t>) -> Option<Self> {
        let migrates = |block: &Syntax<'t>| {
            block.named_children().any(|node| {
                let uses = node.field("target").is_some_and(|target| target.text() == "use");
                let of = elixir::child(&node, "arguments").filter(|_| uses);
                of.is_some_and(|it| it.text().trim_start_matches('(').starts_with("Ecto.Migration"))
            })
        };
        let modules = root.dfs().filter(|node| {
            node.kind() == "call"
                && node.field("target").is_some_and(|target| target.text() == "defmodule")
        });
        let body = modules.filter_map(|node| elixir::child(&node, "do_block")).find(migrates)?;
        let functions = body.named_children().filter_map(function).take(MAX_FUNCTIONS).collect();
        Some(Self { reader: Reader::new(&body), functions })
    }

    fn function(&self, name: &str) -> Option<&Syntax<'t>> {
        self.functions.iter().find(|(known, _)| known == name).map(|(_, node)| node)
    }

    fn first<'n>(&self, names: &[&'n str]) -> Option<(&'n str, &Syntax<'t>)> {
        names.iter().find_map(|name| Some((*name, self.function(name)?)))
    }
}

/// The name of a function without parameters, and the call of `def` or `defp` that defines it.
fn function(node: Syntax<'_>) -> Option<(String, Syntax<'_>)> {
    let defines = matches!(node.field("target")?.text().as_ref(), "def" | "defp");
    let head = elixir::child(&node, "arguments").filter(|_| defines)?.named_children().next()?;
    let name = match head.kind().as_ref() {
        "identifier" => head.text().into_owned(),
        "call" => {
            let parameters = elixir::child(&head, "arguments");
            let none = parameters.is_none_or(|list| list.named_children().next().is_none());
            head.field("target").filter(|_| none)?.text().into_owned()
        }
        _ => return None,
    };
    Some((name, node))
}

/// The statements of a call with a block, or of its `do:`.
fn statements<'t>(node: &Syntax<'t>) -> Vec<Syntax<'t>> {
    if let Some(block) = elixir::child(node, "do_block") {
        let code = |inner: &Syntax<'t>| inner.kind() != "comment";
        return block.named_children().filter(code).collect();
    }
    let arguments = elixir::child(node, "arguments");
    let keywords = arguments.and_then(|list| elixir::child(&list, "keywords"));
    let only = keywords.and_then(|keywords| {
        let mut pairs = keywords.named_children().filter(|node| node.kind() == "pair");
        pairs.find(|pair| elixir::key(pair).as_deref() == Some("do"))?.field("value")
    });
    match only {
        // `do: (a; b)`
        Some(block) if block.kind() == "block" => block.named_children().collect(),
        other => other.into_iter().collect(),
    }
}

/// The walk through the statements that run.
struct Walk<'w, 't> {
    writer: Writer,
    module: &'w Module<'t>,
    /// Functions of the migration that are being followed.
    called: Vec<String>,
    /// Variables that hold a constant text.
    texts: HashMap<String, Literal>,
}

impl<'t> Walk<'_, 't> {
    fn body(&mut self, node: &Syntax<'t>, depth: usize) {
        for statement in statements(node) {
            self.statement(&statement, depth + 1);
        }
    }

    fn statement(&mut self, node: &Syntax<'t>, depth: usize) {
        if depth > MAX_DEPTH {
            return self.writer.unread(&node.range(), "nested too deeply");
        }
        match node.kind().as_ref() {
            "call" | "identifier" => self.call(node, depth),
            "binary_operator" => self.operator(node, depth),
            "block" => {
                for inner in node.named_children() {
                    self.statement(&inner, depth + 1);
                }
            }
            // A value that nothing is done with.
            "atom" | "quoted_atom" | "string" | "boolean" | "nil" | "integer" | "float"
            | "alias" | "tuple" | "list" | "sigil" | "comment" => {}
            "rescue_block" | "after_block" | "else_block" | "catch_block" => {
                self.unread(node, "whether it runs is decided when the migration runs");
            }
            _ => self.unread(node, "it is no operation of Ecto"),
        }
    }

    fn unread(&mut self, node: &Syntax<'t>, why: &'static str) {
        self.writer.unread(&node.range(), why);
    }

    /// Assignments and pipes.
    fn operator(&mut self, node: &Syntax<'t>, depth: usize) {
        let operator = node.field("operator").map(|it| it.text().into_owned());
        match operator.as_deref() {
            Some("=") => {
                let Some(right) = node.field("right") else { return };
                self.keep(node, &right);
                // A query or a constant that is only kept does nothing by itself.
                if right.kind() == "call" && !is_query(&right) {
                    self.statement(&right, depth + 1);
                }
            }
            Some("|>") => self.piped(node),
            _ => self.unread(node, "it is no operation of Ecto"),
        }
    }

    /// Remembers the text that a variable is given.
    fn keep(&mut self, node: &Syntax<'t>, right: &Syntax<'t>) {
        let Some(left) = node.field("left").filter(|left| left.kind() == "identifier") else {
            return;
        };
        match self.module.reader.argument(right) {
            Value::Text(text) => {
                let text = Literal { verbatim: None, ..text };
                self.texts.insert(left.text().into_owned(), text);
            }
            _ => drop(self.texts.remove(left.text().as_ref())),
        }
    }

    fn call(&mut self, node: &Syntax<'t>, depth: usize) {
        let Some(call) = self.module.reader.call(node) else {
            return self.unread(node, "it is no operation of Ecto");
        };
        if call.receiver.is_some() {
            return self.remote(node, &call);
        }
        if call.positional.is_empty()
            && call.named.is_empty()
            && let Some(function) = self.module.function(&call.name).cloned()
        {
            if self.called.contains(&call.name) || self.called.len() > MAX_CALLS {
                return;
            }
            self.called.push(call.name);
            self.body(&function, depth + 1);
            self.called.pop();
            return;
        }
        if in_error(node) {
            return self.unread(node, "the code around it could not be parsed");
        }
        match call.name.as_str() {
            "create" | "create_if_not_exists" | "drop" | "drop_if_exists" => {
                self.create_or_drop(node, &call);
            }
            "alter" => self.alter(node, &call),
            "rename" => self.rename(&call),
            "execute" => self.execute(&call),
            // `flush` runs at once what was only noted; the order stays.
            "flush" | "raise" | "import" | "alias" | "require" => {}
            "if" | "unless" | "case" | "cond" | "with" | "for" | "try" => {
                self.unread(node, "whether and how often it runs is decided when it runs");
            }
            "execute_file" => self.unread(node, "the SQL is in another file"),
            _ => self.unread(node, "it is no operation of Ecto"),
        }
    }

    /// Notes a call whose arguments are not written down as constants.
    fn computed(&mut self, call: &Call) {
        self.writer.unread(&call.bytes, "its arguments are computed");
    }

    /// Adds a statement that a call stands for, or notes that its arguments are computed.
    fn say(&mut self, call: &Call, sql: Option<String>) {
        match sql {
            Some(sql) => self.writer.statement(&call.bytes, &sql),
            None => self.computed(call),
        }
    }

    /// `execute "up"` and `execute "up", "down"`.
    fn execute(&mut self, call: &Call) {
        let kept = match call.argument(0) {
            Some(Value::Name(variable)) => self.texts.get(variable),
            _ => None,
        };
        if let Some(sql) = kept {
            return self.writer.embedded(&sql.trimmed(), &call.bytes);
        }
        match call.argument(0) {
            Some(Value::Text(sql)) => self.writer.embedded(&sql.trimmed(), &call.bytes),
            Some(Value::Computed(_)) => {
                self.writer.unread(&call.bytes, "what the function that it is given does");
            }
            _ => self.writer.unread(&call.bytes, "the SQL is put together when it runs"),
        }
    }
}

/// Whether a call only builds a query.
fn is_query(node: &Syntax<'_>) -> bool {
    node.field("target").is_some_and(|target| target.text() == "from")
}

#[cfg(test)]
mod tests;

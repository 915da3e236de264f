//! Rails migrations: which methods run forwards, and what their blocks mean.

mod columns;
mod data;
mod keys;
mod operations;
mod rules;
mod tables;

pub(super) use rules::{DEFAULT_CHANGED, FILLED_AT_ONCE, REVERTED, WIDE_INDEX, WRITES_BLOCKED};

use super::translate::ruby::Reader;
use super::translate::{Call, MAX_DEPTH, Translation, Writer};
use crate::rules::parse::code::{ParsedCode, Syntax, in_error};

/// Deepest chain of the migration's own methods that is followed.
const MAX_CALLS: usize = 4;

/// The methods that run forwards, the first that is there.
const FORWARD: [&str; 2] = ["up", "change"];

/// Puts the forward part of a Rails migration into SQL.
pub(super) fn translate(text: &str) -> Translation {
    translate_method(text, &FORWARD)
}

/// Puts the method `down` of a Rails migration into SQL; Rails itself turns `change` around.
pub(super) fn translate_down(text: &str) -> Translation {
    translate_method(text, &["down"])
}

fn translate_method(text: &str, names: &[&str]) -> Translation {
    let code = ParsedCode::ruby(text);
    let mut writer = Writer::default();
    let Some(root) = code.root() else { return writer.finish() };
    let class = Class::read(&root);
    let Some((name, body)) = class.first(names) else {
        writer.unread(&root.range(), "its method was not found");
        return writer.finish();
    };
    let mut walk = Walk {
        reader: Reader::new(&root),
        writer,
        class: &class,
        reversed: false,
        called: vec![name],
    };
    walk.known_types();
    walk.body(body, 0);
    walk.writer.finish()
}

/// What a migration class has.
struct Class<'t> {
    methods: Vec<(String, Syntax<'t>)>,
}

impl<'t> Class<'t> {
    fn read(root: &Syntax<'t>) -> Self {
        let mut class = Self { methods: Vec::new() };
        let outer = root.dfs().find(|node| node.kind() == "class");
        let Some(body) = outer.and_then(|class| class.field("body")) else { return class };
        for node in body.named_children() {
            if node.kind() == "method"
                && let Some(name) = node.field("name").map(|name| name.text().into_owned())
            {
                class.methods.push((name, node));
            }
        }
        class
    }

    fn method(&self, name: &str) -> Option<Syntax<'t>> {
        self.methods.iter().find(|(known, _)| known == name).map(|(_, node)| node.clone())
    }

    fn forward(&self) -> Option<(String, Syntax<'t>)> {
        self.first(&FORWARD)
    }

    fn first(&self, names: &[&str]) -> Option<(String, Syntax<'t>)> {
        names.iter().find_map(|name| Some(((*name).to_owned(), self.method(name)?)))
    }
}

/// How a migration gets back.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum WayBack {
    /// Written down, or worked out by Rails.
    There,
    /// `up` without `down`.
    Missing,
    /// `down` is there and does nothing.
    Empty,
    /// `change` has a call that Rails cannot turn around, as written.
    Irreversible(String),
    /// `down` says that there is no way back.
    Declared,
}

/// What rolling the migration back would do.
pub(super) fn way_back(text: &str) -> WayBack {
    let code = ParsedCode::ruby(text);
    let Some(root) = code.root() else { return WayBack::There };
    let class = Class::read(&root);
    if let Some(up) = class.method("up") {
        let Some(down) = class.method("down") else { return WayBack::Missing };
        if down.text().contains("IrreversibleMigration") {
            return WayBack::Declared;
        }
        let empty = |method: &Syntax<'_>| {
            method.field("body").is_none_or(|body| body.named_children().count() == 0)
        };
        return if empty(&down) && !empty(&up) { WayBack::Empty } else { WayBack::There };
    }
    let Some(change) = class.method("change") else { return WayBack::There };
    let reader = Reader::new(&root);
    let stuck = change.dfs().filter(|node| node.kind() == "call").find_map(|node| {
        let call = reader.call(&node)?;
        let guarded = node.ancestors().any(|outer| {
            outer.kind() == "call"
                && outer.field("method").is_some_and(|method| {
                    matches!(
                        method.text().as_ref(),
                        "reversible" | "up_only" | "revert" | "up" | "down"
                    )
                })
        });
        (call.receiver.is_none() && !guarded && is_stuck(&call)).then_some(call.name)
    });
    stuck.map_or(WayBack::There, WayBack::Irreversible)
}

/// Whether Rails raises `IrreversibleMigration` for this call in `change`.
fn is_stuck(call: &Call) -> bool {
    let has_change = |call: &Call| call.option("from").is_some() && call.option("to").is_some();
    match call.name.as_str() {
        "execute" | "change_column" => true,
        "remove_column" => call.positional.len() < 3 && !call.partial,
        "remove_columns" => call.option("type").is_none() && !call.partial,
        "change_column_default" => {
            let pairs = call.argument(2).is_some_and(|value| value.pair("from").is_some());
            !has_change(call) && !pairs && !call.partial
        }
        "remove_index" => {
            call.positional.len() < 2 && call.option("column").is_none() && !call.partial
        }
        _ => false,
    }
}

/// The walk through the statements that run forwards.
struct Walk<'w, 't> {
    reader: Reader<'t>,
    writer: Writer,
    class: &'w Class<'t>,
    /// Inside of `revert do`.
    reversed: bool,
    /// Methods of the migration that are being followed.
    called: Vec<String>,
}

impl<'t> Walk<'_, 't> {
    /// The types that columns had before the migration, as the way back tells them: written first,
    /// as assured statements, which nothing is said about.
    fn known_types(&mut self) {
        let forward = self.class.forward().map(|(_, node)| node);
        let down = self.class.method("down");
        let blocks = forward.iter().flat_map(|node| node.dfs()).filter(|node| {
            let method = node.field("method").filter(|_| node.kind() == "call");
            node.field("receiver").is_some() && method.is_some_and(|name| name.text() == "down")
        });
        let back: Vec<Syntax<'t>> = blocks.chain(down).collect();
        let Some(start) = forward.map(|node| node.range().start) else { return };
        let assured = std::mem::replace(&mut self.writer.assured, true);
        for node in back.iter().flat_map(|node| node.dfs()).filter(|node| node.kind() == "call") {
            let call = self.reader.call(&node).filter(|call| call.receiver.is_none());
            let Some(call) = call.filter(|call| call.name == "change_column") else { continue };
            let kept = call.named.iter().filter(|(key, _)| key != "null" && key != "default");
            // Before everything that runs forwards.
            let bytes = start..start + "def".len();
            self.change_column(&Call { named: kept.cloned().collect(), bytes, ..call.clone() });
        }
        self.writer.assured = assured;
    }

    /// Follows the statements of a method, block or branch.
    fn body(&mut self, node: Syntax<'t>, depth: usize) {
        if depth > MAX_DEPTH {
            return self.writer.unread(&node.range(), "nested too deeply");
        }
        let children: Vec<Syntax<'t>> = match node.kind().as_ref() {
            "method" | "block" | "do_block" | "if_modifier" | "unless_modifier"
            | "rescue_modifier" => node.field("body").into_iter().collect(),
            "if" | "unless" | "elsif" => {
                ["consequence", "alternative"].iter().filter_map(|name| node.field(name)).collect()
            }
            "call" | "identifier" => {
                return self.statement(&node, depth);
            }
            "body_statement"
            | "block_body"
            | "then"
            | "else"
            | "begin"
            | "ensure"
            | "parenthesized_statements" => node.named_children().collect(),
            "assignment" => node.field("right").into_iter().collect(),
            _ => Vec::new(),
        };
        for child in children {
            self.body(child, depth + 1);
        }
    }

    fn statement(&mut self, node: &Syntax<'t>, depth: usize) {
        let Some(call) = self.reader.call(node) else { return };
        if in_error(node) {
            return self.writer.unread(&call.bytes, "the code around it could not be parsed");
        }
        let block = node.field("block");
        let own = call.receiver.is_none().then(|| self.class.method(&call.name)).flatten();
        if let Some(method) = own {
            if self.called.contains(&call.name) || self.called.len() > MAX_CALLS {
                return;
            }
            self.called.push(call.name.clone());
            self.body(method, depth + 1);
            self.called.pop();
            return;
        }
        match (call.name.as_str(), block) {
            ("safety_assured", Some(block)) => {
                let before = std::mem::replace(&mut self.writer.assured, true);
                self.body(block, depth + 1);
                self.writer.assured = before;
            }
            ("revert", Some(block)) => {
                self.reversed = !self.reversed;
                self.body(block, depth + 1);
                self.reversed = !self.reversed;
            }
            // The other way is not taken now.
            ("down", Some(_)) if call.receiver.is_some() => {}
            ("create_table" | "change_table" | "create_join_table", block) => {
                self.table(&call, block.as_ref());
            }
            (_, Some(block)) if !self.is_data_change(&call) => self.body(block, depth + 1),
            _ => self.operation(&call),
        }
    }
}

#[cfg(test)]
mod tests;

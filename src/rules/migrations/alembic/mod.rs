//! Alembic migrations: the operations that `upgrade` runs.

mod columns;
mod operations;

use super::translate::{Call, MAX_DEPTH, Translation, Value, Writer, python};
use crate::rules::parse::code::{Language, ParsedCode, Syntax, in_error};

/// Deepest chain of the module's own functions that is followed.
const MAX_CALLS: usize = 4;

/// Puts what a function of an Alembic migration does (`upgrade`, `downgrade`) into SQL.
pub(super) fn translate(text: &str, function: &str) -> Translation {
    let code = ParsedCode::new(text, Language::Python);
    let mut writer = Writer::default();
    let Some(root) = code.root() else { return writer.finish() };
    let Some(body) = python::function(&root, function) else {
        writer.unread(&root.range(), "its function was not found");
        return writer.finish();
    };
    let mut walk = Walk { writer, root: &root, called: Vec::new(), batches: Vec::new() };
    walk.body(&body, 0);
    walk.writer.finish()
}

/// The revision that a file is, and those that it follows.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Revision {
    pub own: String,
    pub follows: Vec<String>,
}

/// Reads `revision` and `down_revision`.
pub(super) fn revision(text: &str) -> Option<Revision> {
    let code = ParsedCode::new(text, Language::Python);
    let root = code.root()?;
    let own = python::argument(&python::assigned(&root, "revision")?).value;
    let follows = python::argument(&python::assigned(&root, "down_revision")?).value;
    let follows = match &follows {
        Value::Nothing => Vec::new(),
        other => other.texts()?.into_iter().map(str::to_owned).collect(),
    };
    Some(Revision { own: own.text()?.to_owned(), follows })
}

/// What a migration has for going back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WayBack {
    /// `downgrade` does something, or says that it cannot.
    There,
    /// It is there and does nothing.
    Empty,
    Missing,
}

pub(super) fn way_back(text: &str) -> WayBack {
    let code = ParsedCode::new(text, Language::Python);
    let Some(root) = code.root() else { return WayBack::There };
    let Some(body) = python::function(&root, "downgrade") else { return WayBack::Missing };
    let acts = body.named_children().any(|statement| match statement.kind().as_ref() {
        "pass_statement" | "comment" => false,
        "expression_statement" => statement
            .named_children()
            .any(|inner| !matches!(inner.kind().as_ref(), "string" | "ellipsis")),
        _ => true,
    });
    if acts { WayBack::There } else { WayBack::Empty }
}

/// The walk through the statements that run.
struct Walk<'w, 't> {
    writer: Writer,
    root: &'w Syntax<'t>,
    called: Vec<String>,
    /// Variables of `batch_alter_table`, with their tables.
    batches: Vec<(String, String)>,
}

impl<'t> Walk<'_, 't> {
    fn body(&mut self, node: &Syntax<'t>, depth: usize) {
        if depth > MAX_DEPTH {
            return self.writer.unread(&node.range(), "nested too deeply");
        }
        match node.kind().as_ref() {
            "call" => self.statement(node, depth),
            "with_statement" => self.with(node, depth),
            "if_statement"
            | "elif_clause"
            | "else_clause"
            | "for_statement"
            | "try_statement"
            | "except_clause"
            | "finally_clause"
            | "while_statement"
            | "block"
            | "expression_statement"
            | "assignment" => {
                let condition = node.field("condition").map(|node| node.range());
                let children: Vec<Syntax<'t>> = node.named_children().collect();
                for child in children {
                    if Some(child.range()) != condition {
                        self.body(&child, depth + 1);
                    }
                }
            }
            _ => {}
        }
    }

    /// `with op.batch_alter_table("t") as batch_op:` and `with ….autocommit_block():`.
    fn with(&mut self, node: &Syntax<'t>, depth: usize) {
        let Some(body) = node.field("body") else { return };
        let clause = node.named_children().find(|child| child.kind() == "with_clause");
        let calls: Vec<Syntax<'t>> =
            clause.iter().flat_map(|clause| clause.dfs().filter(|n| n.kind() == "call")).collect();
        let known = self.batches.len();
        let mut outside = false;
        for (node, call) in calls.iter().filter_map(|node| Some((node, python::call(node)?))) {
            outside |= call.name == "autocommit_block";
            if call.name != "batch_alter_table" {
                continue;
            }
            let pattern = node.parent().filter(|parent| parent.kind() == "as_pattern");
            let alias = pattern.and_then(|pattern| pattern.field("alias"));
            match (alias, self.constant(&call)) {
                (Some(alias), Some(table)) => self.batches.push((alias.text().into_owned(), table)),
                _ => self.writer.unread(&call.bytes, "the name of the table is computed"),
            }
        }
        let before = self.writer.outside;
        self.writer.outside |= outside;
        self.body(&body, depth + 1);
        self.writer.outside = before;
        self.batches.truncate(known);
    }

    /// The text that a call is given first, also by the name of a constant of the module.
    fn constant(&self, call: &Call) -> Option<String> {
        match call.either(0, "table_name")? {
            Value::Text(text) => Some(text.text.clone()),
            Value::Name(name) => {
                let value = python::argument(&python::assigned(self.root, name)?).value;
                value.text().map(str::to_owned)
            }
            _ => None,
        }
    }

    fn statement(&mut self, node: &Syntax<'t>, depth: usize) {
        let Some(call) = python::call(node) else { return };
        if in_error(node) {
            return self.writer.unread(&call.bytes, "the code around it could not be parsed");
        }
        if call.receiver.is_none()
            && let Some(function) = python::function(self.root, &call.name)
        {
            if self.called.contains(&call.name) || self.called.len() > MAX_CALLS {
                return;
            }
            self.called.push(call.name.clone());
            self.body(&function, depth + 1);
            self.called.pop();
            return;
        }
        let Some(receiver) = call.receiver_name().map(str::to_owned) else {
            return self.connection(&call);
        };
        let batch = self.batches.iter().rfind(|(alias, _)| *alias == receiver);
        match batch.map(|(_, table)| table.clone()) {
            Some(table) => self.operation(&in_batch(&call, &table)),
            None if receiver == "op" => self.operation(&call),
            None => self.connection(&call),
        }
    }

    /// SQL that is run on the connection (`op.get_bind().execute(…)`, `conn.execute(…)`).
    fn connection(&mut self, call: &Call) {
        if matches!(call.name.as_str(), "execute" | "exec_driver_sql") {
            self.execute(call);
        }
    }
}

/// A call on a batch, as the call with the table's name that it stands for.
fn in_batch(call: &Call, table: &str) -> Call {
    let table = super::translate::Argument {
        value: Value::Text(super::translate::Literal { text: table.to_owned(), verbatim: None }),
        bytes: call.bytes.clone(),
    };
    let mut call = call.clone();
    // Where a name comes first, the table is second.
    let second = matches!(
        call.name.as_str(),
        "create_index"
            | "create_foreign_key"
            | "create_unique_constraint"
            | "create_primary_key"
            | "create_check_constraint"
            | "drop_constraint"
            | "drop_index"
    );
    let at = usize::from(second).min(call.positional.len());
    call.positional.insert(at, table);
    call
}

#[cfg(test)]
mod tests;

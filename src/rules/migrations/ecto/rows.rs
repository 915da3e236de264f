//! What a migration asks of the repository itself: queries, and rows that it changes.

use super::super::translate::{Call, Value, name};
use super::{Walk, elixir};
use crate::rules::parse::code::Syntax;

/// Modules whose functions change nothing in the database.
const HARMLESS: [&str; 3] = ["IO", "Logger", "Process"];

impl<'t> Walk<'_, 't> {
    /// A call on a module or on what a call returns (`repo().query!("…")`).
    pub(super) fn remote(&mut self, node: &Syntax<'t>, call: &Call) {
        let module = match &call.receiver {
            Some(Value::Name(name)) => name.as_str(),
            Some(Value::Call(inner)) if inner.receiver.is_none() && inner.name == "repo" => "Repo",
            _ => "",
        };
        let last = module.rsplit('.').next().unwrap_or(module);
        let plain = call.name.trim_end_matches('!');
        match plain {
            "query" if last == "SQL" => self.query(call, 1),
            "query" if last.ends_with("Repo") => self.query(call, 0),
            "update_all" | "delete_all" if last.ends_with("Repo") => {
                let arguments = elixir::child(node, "arguments");
                let source = arguments.and_then(|list| list.named_children().next());
                match source {
                    Some(source) => self.change_rows(&source, call),
                    None => self.computed(call),
                }
            }
            "sleep" | "puts" | "info" | "debug" | "warning" | "warn" | "inspect"
                if HARMLESS.contains(&last) => {}
            _ => self.writer.unread(&call.bytes, "it is no operation of Ecto"),
        }
    }

    fn query(&mut self, call: &Call, at: usize) {
        match call.argument(at) {
            Some(Value::Text(sql)) => self.writer.embedded(&sql.trimmed(), &call.bytes),
            _ => self.writer.unread(&call.bytes, "the SQL is put together when it runs"),
        }
    }

    /// `from(o in "orders", where: …) |> repo().update_all(set: …)`.
    pub(super) fn piped(&mut self, node: &Syntax<'t>) {
        let sides = node.field("left").zip(node.field("right"));
        let read = sides.and_then(|(left, right)| Some((left, self.module.reader.call(&right)?)));
        match read {
            Some((left, call))
                if matches!(call.name.as_str(), "update_all" | "delete_all")
                    && call.receiver.is_some() =>
            {
                self.change_rows(&left, &call);
            }
            // `"…" |> execute()`
            Some((left, call)) if call.receiver.is_none() && call.name == "execute" => {
                let given = self.module.reader.argument(&left);
                match given {
                    Value::Text(sql) => self.writer.embedded(&sql.trimmed(), &node.range()),
                    _ => self.unread(node, "the SQL is put together when it runs"),
                }
            }
            _ => self.unread(node, "it is no operation of Ecto"),
        }
    }

    /// Rows of a table that the source names, all of them or a part.
    fn change_rows(&mut self, source: &Syntax<'t>, call: &Call) {
        let Some((table, filtered)) = self.source(source) else {
            return self.writer.unread(&call.bytes, "which rows it changes");
        };
        let only = if filtered { " WHERE id IS NOT NULL" } else { "" };
        let sql = name(&table).map(|table| match call.name.as_str() {
            "delete_all" => format!("DELETE FROM {table}{only}"),
            _ => format!("UPDATE {table} SET id = id{only}"),
        });
        self.say(call, sql);
    }

    /// The table at the start of a query, and whether the query narrows it down; `None` where the
    /// source is a schema, whose table is not in this file, or a variable.
    fn source(&self, node: &Syntax<'t>) -> Option<(String, bool)> {
        if node.kind() == "string" {
            return Some((self.module.reader.argument(node).text()?.to_owned(), false));
        }
        let call = self.module.reader.call(node).filter(|call| call.name == "from")?;
        let arguments = elixir::child(node, "arguments")?;
        let first = arguments.named_children().next()?;
        let table = match first.kind().as_ref() {
            "binary_operator" if first.field("operator")?.text() == "in" => first.field("right")?,
            _ => first,
        };
        let table = self.module.reader.argument(&table).text()?.to_owned();
        Some((table, call.named.iter().any(|(key, _)| key != "update" && key != "select")))
    }
}

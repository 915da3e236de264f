//! What the functions of `RunPython` do to rows.

use std::collections::HashMap;
use std::ops::Range;

use super::super::translate::{Call, MAX_DEPTH, Value, Writer, literal, name, python};
use crate::rules::parse::code::Syntax;

/// Deepest chain of the module's own functions that is followed.
const MAX_CALLS: usize = 4;

/// Methods of a query set that hand on the same rows.
const SAME_ROWS: [&str; 13] = [
    "all",
    "order_by",
    "select_related",
    "prefetch_related",
    "only",
    "defer",
    "iterator",
    "using",
    "distinct",
    "annotate",
    "select_for_update",
    "get_queryset",
    "reverse",
];

/// What a variable holds.
#[derive(Clone)]
enum Known {
    /// The registry of historical models, the editor of the schema, or a connection.
    Access,
    /// A model, by its table.
    Model(String),
    Rows(Rows),
}

/// Rows of a table, all of them or a part.
#[derive(Clone)]
struct Rows {
    table: String,
    filtered: bool,
}

/// A loop that saves every row of a table by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Loop {
    pub table: String,
    pub bytes: Range<usize>,
}

/// What was found in a function and in those that it calls.
pub(super) struct Reading<'w, 't> {
    writer: &'w mut Writer,
    root: &'w Syntax<'t>,
    known: HashMap<String, Known>,
    called: Vec<String>,
    pub loops: Vec<Loop>,
    /// How many statements were written.
    written: usize,
    /// Rows may change in a function of another file.
    elsewhere: bool,
}

impl<'w, 't> Reading<'w, 't> {
    pub fn new(writer: &'w mut Writer, root: &'w Syntax<'t>) -> Self {
        Self {
            writer,
            root,
            known: HashMap::new(),
            called: Vec::new(),
            loops: Vec::new(),
            written: 0,
            elsewhere: false,
        }
    }

    /// Reads the function of a `RunPython`; whether all that it may change was found.
    pub fn run(&mut self, call: &Call) -> bool {
        let Some(Value::Name(function)) = call.either(0, "code") else { return false };
        if function.ends_with(".noop") {
            return true;
        }
        self.known.clear();
        self.follow(function, &[Some(Known::Access), Some(Known::Access)], 0);
        self.written > 0 && !self.elsewhere
    }

    fn follow(&mut self, name: &str, given: &[Option<Known>], depth: usize) {
        let definition = self
            .root
            .named_children()
            .map(|node| match node.kind().as_ref() {
                "decorated_definition" => node.field("definition").unwrap_or(node),
                _ => node,
            })
            .filter(|node| node.kind() == "function_definition")
            .find(|node| node.field("name").is_some_and(|own| own.text() == name));
        let parts = definition.and_then(|it| Some((it.field("parameters")?, it.field("body")?)));
        let Some((parameters, body)) = parts else {
            self.elsewhere = true;
            return;
        };
        if self.called.len() >= MAX_CALLS || self.called.iter().any(|known| known == name) {
            return;
        }
        let own = parameters
            .named_children()
            .zip(given)
            .filter_map(|(parameter, given)| Some((parameter.text().into_owned(), given.clone()?)));
        let outer = std::mem::replace(&mut self.known, own.collect());
        self.called.push(name.to_owned());
        self.visit(&body, depth + 1);
        self.called.pop();
        self.known = outer;
    }

    fn visit(&mut self, node: &Syntax<'t>, depth: usize) {
        if depth > MAX_DEPTH {
            self.elsewhere = true;
            return;
        }
        match node.kind().as_ref() {
            // Found where they are called.
            "function_definition" | "lambda" | "comment" => return,
            "assignment" => {
                self.inner(node, depth);
                return self.assign(node);
            }
            "for_statement" => self.each(node),
            "call" => self.call(node, depth),
            _ => {}
        }
        self.inner(node, depth);
    }

    fn inner(&mut self, node: &Syntax<'t>, depth: usize) {
        for child in node.named_children() {
            self.visit(&child, depth + 1);
        }
    }

    fn assign(&mut self, node: &Syntax<'t>) {
        let sides = node.field("left").zip(node.field("right"));
        let Some((left, right)) = sides.filter(|(left, _)| left.kind() == "identifier") else {
            return;
        };
        let value = python::argument(&right).value;
        let held =
            self.model(&value).map(Known::Model).or_else(|| self.rows(&value).map(Known::Rows));
        match held.or_else(|| self.access(&value)) {
            Some(held) => self.known.insert(left.text().into_owned(), held),
            None => self.known.remove(left.text().as_ref()),
        };
    }

    /// `for order in Order.objects.all(): …; order.save()`.
    fn each(&mut self, node: &Syntax<'t>) {
        let parts = node.field("left").zip(node.field("right")).zip(node.field("body"));
        let Some(((row, source), body)) = parts else { return };
        let Some(rows) = self.rows(&python::argument(&source).value) else { return };
        let row = row.text().into_owned();
        let saves = |node: &Syntax<'t>| {
            python::call(node).is_some_and(|call| {
                call.name == "save" && matches!(&call.receiver, Some(Value::Name(it)) if *it == row)
            })
        };
        if !body.dfs().any(|node| node.kind() == "call" && saves(&node)) {
            return;
        }
        if !rows.filtered {
            self.loops.push(Loop { table: rows.table.clone(), bytes: node.range() });
        }
        // One by one: no statement changes them all.
        let sql =
            name(&rows.table).map(|it| format!("UPDATE {it} SET id = id WHERE id IS NOT NULL"));
        self.write(&node.range(), sql);
    }

    fn write(&mut self, bytes: &Range<usize>, sql: Option<String>) {
        if let Some(sql) = sql {
            self.written += 1;
            self.writer.statement(bytes, &sql);
        }
    }

    fn call(&mut self, node: &Syntax<'t>, depth: usize) {
        let Some(call) = python::call(node) else { return };
        let Some(receiver) = &call.receiver else {
            return self.own_function(&call, depth);
        };
        if call.name == "execute" {
            return self.execute(receiver, &call);
        }
        let Some(rows) = self.rows(receiver) else { return };
        let Some(table) = name(&rows.table) else { return };
        let only = if rows.filtered { " WHERE id IS NOT NULL" } else { "" };
        match call.name.as_str() {
            "update" => {
                let set = call.named.iter().find_map(|(column, value)| {
                    let value = literal(&value.value).unwrap_or_else(|| "NULL".to_owned());
                    Some(format!("{} = {value}", name(column)?))
                });
                let set = set.unwrap_or_else(|| "id = id".to_owned());
                self.write(&call.bytes, Some(format!("UPDATE {table} SET {set}{only}")));
            }
            "delete" => self.write(&call.bytes, Some(format!("DELETE FROM {table}{only}"))),
            "create" | "bulk_create" | "get_or_create" | "update_or_create" => {
                self.write(&call.bytes, Some(format!("INSERT INTO {table} DEFAULT VALUES")));
            }
            "bulk_update" => {
                let sql = format!("UPDATE {table} SET id = id WHERE id IS NOT NULL");
                self.write(&call.bytes, Some(sql));
            }
            _ => {}
        }
    }

    /// `schema_editor.execute("…")`, `cursor.execute("…")`.
    fn execute(&mut self, receiver: &Value, call: &Call) {
        let Value::Name(on) = receiver else { return };
        let head = on.split('.').next().unwrap_or(on);
        if !on.ends_with("cursor") && !matches!(self.known.get(head), Some(Known::Access)) {
            return;
        }
        match call.argument(0) {
            Some(Value::Text(sql)) => {
                self.written += 1;
                self.writer.embedded(sql, &call.bytes);
            }
            _ => self.elsewhere = true,
        }
    }

    /// A function that is handed what reaches the database.
    fn own_function(&mut self, call: &Call, depth: usize) {
        let held = |value: &Value| {
            let known = match value {
                Value::Name(name) => self.known.get(name).cloned(),
                _ => self.model(value).map(Known::Model),
            };
            known.or_else(|| self.rows(value).map(Known::Rows))
        };
        let given: Vec<Option<Known>> =
            call.positional.iter().map(|argument| held(&argument.value)).collect();
        let harmless = matches!(call.name.as_str(), "len" | "print" | "list" | "enumerate" | "str");
        if given.iter().any(Option::is_some) && !harmless {
            self.follow(&call.name, &given, depth);
        }
    }

    /// `apps.get_model("shop", "Order")`, `apps.get_model("shop.Order")`.
    fn model(&self, value: &Value) -> Option<String> {
        let call = value.call().filter(|call| call.name == "get_model")?;
        let own = call.either(1, "model_name").or_else(|| call.argument(0))?.text()?;
        Some(own.rsplit('.').next()?.to_lowercase())
    }

    fn access(&self, value: &Value) -> Option<Known> {
        match value {
            Value::Name(name) => {
                let head = name.split('.').next().unwrap_or(name);
                let access = matches!(self.known.get(head), Some(Known::Access));
                access.then_some(Known::Access)
            }
            _ => None,
        }
    }

    /// The rows that an expression stands for.
    fn rows(&self, value: &Value) -> Option<Rows> {
        match value {
            Value::Name(name) => {
                if let Some(Known::Rows(rows)) = self.known.get(name) {
                    return Some(rows.clone());
                }
                let (model, manager) = name.rsplit_once('.')?;
                let managed = matches!(manager, "objects" | "_default_manager" | "_base_manager");
                match self.known.get(model).filter(|_| managed)? {
                    Known::Model(table) => Some(Rows { table: table.clone(), filtered: false }),
                    _ => None,
                }
            }
            Value::Call(call) => {
                let rows = self.rows(call.receiver.as_ref()?)?;
                let given = !call.positional.is_empty() || !call.named.is_empty() || call.partial;
                match call.name.as_str() {
                    "filter" | "exclude" => Some(Rows { filtered: rows.filtered || given, ..rows }),
                    same if SAME_ROWS.contains(&same) => Some(rows),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

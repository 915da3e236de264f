//! Django migrations: the list of operations of the class `Migration`.

mod fields;
mod operations;
mod rows;
mod rules;

pub(super) use rules::{FIELD_ALTERED, REAL_MODEL, saved_one_by_one};

use super::translate::{Argument, Translation, Value, Writer, python};
use crate::rules::parse::code::{Language, ParsedCode, Syntax};

/// Puts the operations of a Django migration into SQL.
///
/// Tables are called as their models, in lower case: the name of the app, which Django puts in
/// front, is nowhere in the file.
pub(super) fn translate(text: &str) -> Translation {
    let code = ParsedCode::new(text, Language::Python);
    let mut writer = Writer::default();
    let Some(root) = code.root() else { return writer.finish() };
    let Some(operations) = assigned(&root, "operations") else {
        return writer.finish();
    };
    match operations.value {
        Value::List(items) => {
            operations::Walk { writer: &mut writer, depth: 0, root: &root }.list(&items);
        }
        _ => writer.unread(&operations.bytes, "the list of operations is computed"),
    }
    writer.finish()
}

fn migration_class<'t>(root: &Syntax<'t>) -> Option<Syntax<'t>> {
    root.named_children()
        .filter(|node| node.kind() == "class_definition")
        .find(|node| node.field("name").is_some_and(|name| name.text() == "Migration"))
        .and_then(|node| node.field("body"))
}

fn assigned(root: &Syntax<'_>, name: &str) -> Option<Argument> {
    let body = migration_class(root)?;
    python::assigned(&body, name).map(|value| python::argument(&value))
}

/// What a migration says about its place in the graph.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Links {
    /// App and name of each migration that it follows.
    pub follows: Vec<(String, String)>,
    /// It stands for several earlier ones.
    pub squashed: bool,
}

/// Reads `dependencies` and `replaces`; `None` if they are computed.
pub(super) fn links(text: &str) -> Option<Links> {
    let code = ParsedCode::new(text, Language::Python);
    let root = code.root()?;
    let pairs = match assigned(&root, "dependencies").map(|argument| argument.value) {
        None => Vec::new(),
        Some(Value::List(items)) => items,
        Some(_) => return None,
    };
    let follows = pairs.iter().filter_map(|pair| match pair.value.texts()?.as_slice() {
        [app, name] => Some(((*app).to_owned(), (*name).to_owned())),
        _ => None,
    });
    Some(Links { follows: follows.collect(), squashed: assigned(&root, "replaces").is_some() })
}

/// The first operation that Django cannot undo, by name.
pub(super) fn irreversible(text: &str) -> Option<&'static str> {
    let code = ParsedCode::new(text, Language::Python);
    let operations = assigned(&code.root()?, "operations")?;
    let Value::List(items) = operations.value else { return None };
    items.iter().find_map(|item| operations::irreversible(item, 0))
}

/// The last definition of a field in a file, as the reader of fields gives it: type and whether
/// it takes `NULL`.
pub(super) fn field_in(text: &str, model: &str, field: &str) -> Option<fields::Field> {
    let code = ParsedCode::new(text, Language::Python);
    let operations = assigned(&code.root()?, "operations")?;
    let Value::List(items) = operations.value else { return None };
    items.iter().rev().find_map(|item| operations::field_of(item, model, field))
}

/// The fields that a file alters: model, field, new definition and place.
pub(super) fn altered(text: &str) -> Vec<(String, String, fields::Field, std::ops::Range<usize>)> {
    let code = ParsedCode::new(text, Language::Python);
    let operations = code.root().and_then(|root| assigned(&root, "operations"));
    let Some(Value::List(items)) = operations.map(|operations| operations.value) else {
        return Vec::new();
    };
    items
        .iter()
        .filter_map(|item| {
            let call = item.value.call().filter(|call| call.name == "AlterField")?;
            let model = call.either(0, "model_name")?.text()?.to_lowercase();
            let name = call.either(1, "name")?.text()?.to_owned();
            let field = fields::read(call.either(2, "field")?.call()?)?;
            Some((model, name, field, item.bytes.clone()))
        })
        .collect()
}

/// The loops of a file's `RunPython` functions that save every row of a table by itself, in one
/// transaction.
fn loops(text: &str) -> Vec<rows::Loop> {
    let code = ParsedCode::new(text, Language::Python);
    let Some(root) = code.root() else { return Vec::new() };
    let Some(Value::List(items)) = assigned(&root, "operations").map(|it| it.value) else {
        return Vec::new();
    };
    let mut writer = Writer::default();
    let mut reading = rows::Reading::new(&mut writer, &root);
    for call in items.iter().filter_map(|item| item.value.call()) {
        let apart = call.option("atomic").is_some_and(Value::is_false);
        if call.name == "RunPython" && !apart {
            reading.run(call);
        }
    }
    reading.loops
}

/// A field that a migration gives to a model, or takes from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::rules) struct Moved {
    /// In lower case.
    pub model: String,
    pub field: String,
    pub added: bool,
    pub bytes: std::ops::Range<usize>,
}

/// The fields that the operations of a file add and remove, in order, both in the database and in
/// what Django takes the models to be.
pub(in crate::rules) fn moved(text: &str) -> Vec<Moved> {
    let code = ParsedCode::new(text, Language::Python);
    let operations = code.root().and_then(|root| assigned(&root, "operations"));
    let Some(Value::List(items)) = operations.map(|operations| operations.value) else {
        return Vec::new();
    };
    items.iter().flat_map(moved_by).collect()
}

fn moved_by(item: &Argument) -> Vec<Moved> {
    let of = |call: &super::translate::Call| {
        let text = |at, name: &str| Some(call.either(at, name)?.text()?.to_owned());
        let model = text(0, "model_name")?.to_lowercase();
        let one =
            |field, added| Moved { model: model.clone(), field, added, bytes: item.bytes.clone() };
        Some(match call.name.as_str() {
            "AddField" => vec![one(text(1, "name")?, true)],
            "RemoveField" => vec![one(text(1, "name")?, false)],
            "RenameField" => {
                vec![one(text(1, "old_name")?, false), one(text(2, "new_name")?, true)]
            }
            _ => return None,
        })
    };
    item.value.call().and_then(of).unwrap_or_default()
}

#[cfg(test)]
mod tests;

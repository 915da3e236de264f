//! Migrations of Entity Framework Core: what `Up` and `Down` tell the `MigrationBuilder`.

mod columns;
mod operations;
mod tables;

use super::translate::c_sharp::Reader;
use super::translate::{Translation, Writer};
use crate::rules::parse::code::{ParsedCode, Syntax, in_error};

/// Puts what a method of a migration does (`Up`, `Down`) into SQL.
pub(super) fn translate(text: &str, method: &str) -> Translation {
    let code = ParsedCode::c_sharp(text);
    let mut writer = Writer::default();
    let Some(root) = code.root() else { return writer.finish() };
    let Some((handle, body)) = find(&root, method) else {
        writer.unread(&root.range(), "its method was not found");
        return writer.finish();
    };
    let mut walk = Walk { writer, reader: Reader::new(&root), handle };
    for statement in body {
        walk.statement(&statement);
    }
    walk.writer.finish()
}

/// How a migration gets back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WayBack {
    /// `Down` does something, or says that it cannot.
    There,
    /// It is there and does nothing.
    Empty,
    Missing,
}

pub(super) fn way_back(text: &str) -> WayBack {
    let code = ParsedCode::c_sharp(text);
    let Some(root) = code.root() else { return WayBack::There };
    // A class without `Up` is no migration of its own.
    let Some((_, up)) = find(&root, "Up") else { return WayBack::There };
    match find(&root, "Down") {
        None => WayBack::Missing,
        Some((_, down)) if down.is_empty() && !up.is_empty() => WayBack::Empty,
        Some(_) => WayBack::There,
    }
}

/// A method that is handed a `MigrationBuilder`: the name of its parameter, and its statements.
fn find<'t>(root: &Syntax<'t>, method: &str) -> Option<(String, Vec<Syntax<'t>>)> {
    root.dfs().filter(|node| node.kind() == "method_declaration").find_map(|node| {
        node.field("name").filter(|name| name.text() == method)?;
        let parameters = node.field("parameters")?;
        let first = parameters.named_children().find(|it| it.kind() == "parameter")?;
        first.field("type").filter(|kind| kind.text().ends_with("MigrationBuilder"))?;
        let body = node.field("body")?;
        // `=> migrationBuilder.…;`
        let parts = body.named_children().filter(|child| child.kind() != "comment");
        Some((first.field("name")?.text().into_owned(), parts.collect()))
    })
}

/// The walk through the statements that run.
struct Walk {
    writer: Writer,
    reader: Reader,
    /// What the method calls its `MigrationBuilder`.
    handle: String,
}

impl Walk {
    fn statement(&mut self, node: &Syntax<'_>) {
        let expression = match node.kind().as_ref() {
            "expression_statement" => node.named_children().find(|child| child.kind() != "comment"),
            // The body of a method that is one expression.
            "invocation_expression" => Some(node.clone()),
            // Constants; what is computed from other things is named where it is used.
            "local_declaration_statement" | "empty_statement" | "throw_statement" => return,
            "return_statement" | "comment" | "preproc_region" | "preproc_endregion"
            | "preproc_pragma" | "preproc_nullable" => return,
            _ => None,
        };
        let Some(expression) = expression else {
            let why = "whether and how often it runs is decided when it runs";
            return self.writer.unread(&node.range(), why);
        };
        let chain = self.reader.chain(&expression);
        let Some((_, links)) = chain.filter(|(start, _)| *start == self.handle) else {
            return self.writer.unread(&node.range(), "it is no operation of EF Core");
        };
        if in_error(&expression) {
            let why = "the code around it could not be parsed";
            return self.writer.unread(&node.range(), why);
        }
        self.operation(&links);
    }
}

#[cfg(test)]
mod tests;

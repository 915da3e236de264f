//! Migrations in JavaScript and TypeScript: Knex, Sequelize and TypeORM.

mod columns;
mod knex;
mod sequelize;
mod typeorm;

use super::discover::Framework;
use super::translate::javascript::{self, Link};
use super::translate::{Translation, Value, Writer};
use crate::rules::parse::code::{Language, ParsedCode, Syntax, in_error};

/// Puts what a function of a migration does (`up`, `down`) into SQL.
pub(super) fn translate(framework: Framework, text: &str, function: &str) -> Translation {
    let code = ParsedCode::new(text, Language::TypeScript);
    let mut writer = Writer::default();
    let Some(root) = code.root() else { return writer.finish() };
    let Some((handle, body)) = javascript::function(&root, function) else {
        writer.unread(&root.range(), "its function was not found");
        return writer.finish();
    };
    let calls: Vec<Syntax<'_>> =
        body.dfs().filter(|node| node.kind() == "call_expression" && is_outermost(node)).collect();
    for node in calls {
        let Some((start, links)) = javascript::chain(&node) else { continue };
        if start != handle && !links.iter().any(|link| link.call.name == "query") {
            continue;
        }
        if in_error(&node) {
            writer.unread(&node.range(), "the code around it could not be parsed");
            continue;
        }
        match framework {
            Framework::Knex => knex::statement(&mut writer, &links),
            Framework::Sequelize => sequelize::statement(&mut writer, &links),
            _ => typeorm::statement(&mut writer, &links),
        }
    }
    writer.finish()
}

/// Whether `down` does something, or says that it cannot.
pub(super) fn has_way_back(text: &str) -> bool {
    let code = ParsedCode::new(text, Language::TypeScript);
    let Some(root) = code.root() else { return true };
    let Some((_, body)) = javascript::function(&root, "down") else { return false };
    // An arrow function may be a single expression.
    body.kind() != "statement_block"
        || body.named_children().any(|statement| {
            let idle = statement.kind() == "return_statement"
                && matches!(
                    statement.text().trim_end_matches(';'),
                    "return" | "return Promise.resolve()"
                );
            statement.kind() != "comment" && !idle
        })
}

/// Whether a call is no part of a longer chain.
fn is_outermost(node: &Syntax<'_>) -> bool {
    node.parent().is_none_or(|parent| parent.kind() != "member_expression")
}

/// SQL that a call is handed as its first argument.
fn raw(writer: &mut Writer, link: &Link<'_>) {
    let Some(argument) = link.call.positional.first() else { return };
    match &argument.value {
        Value::Text(sql) => writer.embedded(sql, &link.call.bytes),
        _ => writer.unread(&link.call.bytes, "the SQL is put together when it runs"),
    }
}

#[cfg(test)]
mod tests;

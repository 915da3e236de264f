//! `CreateTable`: the columns and constraints of its lambdas.

use std::collections::HashMap;

use super::super::translate::c_sharp::Link;
use super::super::translate::{list, name};
use super::Walk;
use super::columns::{definition, standard};
use super::operations::{foreign_key, qualified};
use crate::rules::parse::code::Syntax;

/// The properties of the anonymous object that `columns:` makes, each with its column.
type Properties = HashMap<String, String>;

impl Walk {
    pub(super) fn create_table(&mut self, link: &Link<'_>) {
        let call = &link.call;
        let table = qualified(call, 0, "name", "schema");
        let columns = link.argument(1, "columns").and_then(|lambda| self.columns(lambda));
        let (Some(table), Some((mut parts, properties))) = (table, columns) else {
            return self.writer.unread(&call.bytes, "its arguments are computed");
        };
        if let Some(lambda) = link.argument(3, "constraints") {
            parts.extend(self.constraints(lambda, &properties));
        }
        let sql = format!("CREATE TABLE {table} ({})", parts.join(", "));
        self.writer.statement(&call.bytes, &sql);
    }

    /// `table => new { Id = table.Column<int>(…), … }`; `None` if a definition is computed.
    fn columns(&self, lambda: &Syntax<'_>) -> Option<(Vec<String>, Properties)> {
        let object = lambda.field("body")?;
        if object.kind() != "anonymous_object_creation_expression" {
            return None;
        }
        let (mut parts, mut properties) = (Vec::new(), Properties::new());
        let mut property: Option<String> = None;
        for node in object.named_children().filter(|node| node.kind() != "comment") {
            if node.kind() == "identifier" {
                property = Some(node.text().into_owned());
                continue;
            }
            let own = property.take()?;
            let (_, links) = self.reader.chain(&node)?;
            let first = links.first().filter(|link| link.call.name == "Column")?;
            let column = first.call.text_option("name").unwrap_or(&own).to_owned();
            parts.push(definition(&column, &links)?);
            properties.insert(own, column);
        }
        Some((parts, properties))
    }

    /// `table => { table.PrimaryKey("PK", x => x.Id); … }`.
    fn constraints(&mut self, lambda: &Syntax<'_>, properties: &Properties) -> Vec<String> {
        let body = lambda.field("body");
        let calls = body.iter().flat_map(|body| body.named_children());
        let calls: Vec<Syntax<'_>> =
            calls.filter(|node| node.kind() == "expression_statement").collect();
        let mut parts = Vec::new();
        for node in calls {
            let inner = node.named_children().find(|child| child.kind() != "comment");
            let chain = inner.and_then(|inner| self.reader.chain(&inner));
            let part = chain.and_then(|(_, links)| constraint(links.first()?, properties));
            match part {
                Some(part) => parts.push(part),
                None => self.writer.unread(&node.range(), "its arguments are computed"),
            }
        }
        parts
    }
}

fn constraint(link: &Link<'_>, properties: &Properties) -> Option<String> {
    let call = &link.call;
    let own = name(call.either(0, "name")?.text()?)?;
    let columns = |at: usize, key: &str| {
        let plural = format!("{key}s");
        let lambda = link.argument(at, key).or_else(|| link.argument(at, &plural))?;
        list(&selected(lambda, properties)?)
    };
    match call.name.as_str() {
        "PrimaryKey" => Some(format!("CONSTRAINT {own} PRIMARY KEY ({})", columns(1, "column")?)),
        "UniqueConstraint" => Some(format!("CONSTRAINT {own} UNIQUE ({})", columns(1, "column")?)),
        "CheckConstraint" => {
            Some(format!("CONSTRAINT {own} CHECK ({})", standard(call.either(1, "sql")?.text()?)))
        }
        "ForeignKey" => foreign_key(call, columns(1, "column")?),
        _ => None,
    }
}

/// The columns of `x => x.Id` and `x => new { x.Id, x.Version }`.
fn selected(lambda: &Syntax<'_>, properties: &Properties) -> Option<Vec<String>> {
    let body = lambda.field("body")?;
    let members: Vec<Syntax<'_>> = match body.kind().as_ref() {
        "member_access_expression" => vec![body],
        "anonymous_object_creation_expression" => {
            body.named_children().filter(|node| node.kind() != "comment").collect()
        }
        _ => return None,
    };
    let column =
        |member: &Syntax<'_>| properties.get(member.field("name")?.text().as_ref()).cloned();
    members.iter().map(column).collect()
}

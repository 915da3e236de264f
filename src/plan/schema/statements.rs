//! What a sentence says about tables. A sentence that is not understood says nothing.

use super::columns::{Found, describe};
use super::tokens::{self, Token};
use crate::plan::words::{is_identifier, plural};

/// A statement about the schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Statement {
    Table { name: String, create: bool },
    Column { table: Option<String>, column: Found },
    Index { table: String, columns: Vec<String>, unique: bool },
    Drop { table: Option<String>, column: String },
    DropTable { table: String },
    Rename { table: Option<String>, from: String, to: String },
}

/// An item that names a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableItem {
    pub table: String,
    pub linked: Vec<String>,
    pub many_to_many: bool,
}

const TABLE: &[&str] = &["table", "tables", "model", "entity"];
const COLUMN: &[&str] = &["column", "columns", "field", "fields", "attribute", "attributes"];
const CREATE: &[&str] = &["add", "create", "new", "introduce", "design", "store", "need", "needs"];
const GONE: &[&str] = &["drop", "remove", "delete", "removed", "dropped"];
/// Words before "table" that name none.
const NO_NAMES: &[&str] = &[
    "a",
    "an",
    "and",
    "any",
    "all",
    "another",
    "both",
    "database",
    "db",
    "each",
    "every",
    "existing",
    "extra",
    "first",
    "in",
    "into",
    "join",
    "its",
    "large",
    "lookup",
    "main",
    "new",
    "of",
    "on",
    "one",
    "our",
    "pivot",
    "same",
    "second",
    "separate",
    "single",
    "small",
    "such",
    "temporary",
    "that",
    "the",
    "their",
    "these",
    "this",
    "those",
    "to",
    "two",
    "three",
    "which",
    "with",
    "add",
    "create",
    "design",
    "drop",
    "hash",
    "routing",
    "for",
    "from",
    "per",
    "or",
    "by",
    "no",
    "more",
    "other",
    "multi",
    "whole",
    "entire",
    "full",
    "related",
    "linked",
    "multi-table",
    "html",
    "summary",
];

/// Reads one sentence. `context` is the table that the text speaks of; `known` tells whether a
/// table exists.
pub fn read(text: &str, context: Option<&str>, known: &dyn Fn(&str) -> bool) -> Vec<Statement> {
    let tokens = tokens::read(text);
    let has = |words: &[&str]| tokens.iter().any(|token| token.any(words));
    let gone = has(GONE);
    let mut found = Vec::new();
    let tables = tables(&tokens, known);
    if has(&["index", "indexes"]) {
        return indexes(&tokens, &tables);
    }
    if has(&["rename", "renamed"]) {
        return renames(&tokens, tables.first().map(String::as_str).or(context));
    }
    let create = has(CREATE) && !gone;
    for name in &tables {
        if gone && has(&["table"]) && !has(COLUMN) {
            found.push(Statement::DropTable { table: name.clone() });
        } else if !gone {
            let after_table = named_as_table(&tokens, name);
            found.push(Statement::Table { name: name.clone(), create: create && after_table });
        }
    }
    let table = tables.first().map(String::as_str).or(context);
    found.extend(columns(&tokens, table, gone, create, has(COLUMN), &tables));
    found
}

/// The table that a heading names: "`refunds` table", "Table `refunds`".
pub fn table_of_heading(tokens: &[Token<'_>]) -> Option<String> {
    named_tables(tokens).into_iter().next()
}

/// Tables by the word "table" beside a name in code.
fn named_tables(tokens: &[Token<'_>]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        if !token.any(TABLE) {
            continue;
        }
        let before = index.checked_sub(1).and_then(|at| tokens.get(at));
        let skip = usize::from(tokens.get(index + 1).is_some_and(|t| t.any(&["called", "named"])));
        let after = tokens.get(index + 1 + skip);
        // "A table for refunds": the plural names it, if nothing else follows.
        let purpose = match (after, tokens.get(index + 2), tokens.get(index + 3)) {
            (Some(link), Some(Token::Word(word)), next)
                if (link.is("for") || link.is("of"))
                    && token.any(&["table"])
                    && is_table_name(word)
                    && crate::plan::words::singular(word) != *word
                    && next
                        .is_none_or(|n| n.any(&["and", "with"]) || matches!(n, Token::Mark(_))) =>
            {
                Some(word.clone())
            }
            _ => None,
        };
        let code = |token: Option<&Token<'_>>| {
            token.and_then(|t| t.code()).filter(|c| is_identifier(c)).map(str::to_owned)
        };
        let plain = before.and_then(|token| match token {
            Token::Word(word) if is_identifier(word) && !NO_NAMES.contains(&word.as_str()) => {
                Some(word.clone())
            }
            _ => None,
        });
        // "model" and "entity" are common words: only code names one there.
        let plain = plain.filter(|_| token.any(&["table"]));
        let plain = plain.filter(|_| !matches!(after, Some(Token::Code(_))));
        if let Some(name) = code(before).or_else(|| code(after)).or(plain).or(purpose)
            && !found.contains(&name)
        {
            found.push(name);
        }
        // "tables `a`, `b` and `c`"
        if token.any(&["tables"]) {
            for next in tokens.iter().skip(index + 1).take(24) {
                match next {
                    Token::Code(name) if is_identifier(name) => {
                        if !found.iter().any(|known| known == name) {
                            found.push((*name).to_owned());
                        }
                    }
                    Token::Mark(',' | ':') => {}
                    Token::Word(word) if word == "and" => {}
                    _ => break,
                }
            }
        }
    }
    found
}

fn named_as_table(tokens: &[Token<'_>], name: &str) -> bool {
    named_tables(tokens).iter().any(|table| table == name)
}

/// Tables that a sentence names: beside the word, as `table.column`, or by a name that exists.
fn tables(tokens: &[Token<'_>], known: &dyn Fn(&str) -> bool) -> Vec<String> {
    let mut found = named_tables(tokens);
    let mut add = |name: &str| {
        if !found.iter().any(|known| known == name) {
            found.push(name.to_owned());
        }
    };
    for (index, token) in tokens.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|at| tokens.get(at));
        let preposition =
            before.is_some_and(|t| t.any(&["to", "on", "in", "from", "into", "of", "for", "the"]));
        match token {
            Token::Code(code) => {
                let base = code.split(['.', '(', ' ']).next().unwrap_or(code);
                if is_identifier(base) && (known(base) || (dotted(code).is_some() && known(base))) {
                    add(base);
                }
            }
            Token::Word(word) if preposition && is_identifier(word) && known(word) => add(word),
            _ => {}
        }
    }
    found
}

/// `table.column`
fn dotted(code: &str) -> Option<(&str, &str)> {
    let (table, column) = code.split_once('.')?;
    (is_identifier(table) && is_identifier(column)).then_some((table, column))
}

fn indexes(tokens: &[Token<'_>], tables: &[String]) -> Vec<Statement> {
    let unique = tokens.iter().any(|token| token.is("unique"));
    let mut found = Vec::new();
    let mut columns: Vec<String> = Vec::new();
    let mut owner: Option<String> = None;
    for code in tokens.iter().filter_map(Token::code) {
        if let Some((table, rest)) = code.split_once('(')
            && is_identifier(table.trim())
        {
            let names = rest.trim_end_matches(')').split(',').map(str::trim);
            let names: Vec<String> =
                names.filter(|n| is_identifier(n)).map(str::to_owned).collect();
            let table = table.trim().to_owned();
            found.push(Statement::Index { table, columns: names, unique });
        } else if let Some((table, column)) = dotted(code) {
            owner = Some(table.to_owned());
            columns.push(column.to_owned());
        } else if is_identifier(code) && !tables.iter().any(|table| table == code) {
            columns.push(code.to_owned());
        }
    }
    if found.is_empty()
        && let Some(table) = owner.or_else(|| tables.first().cloned())
    {
        found.push(Statement::Index { table, columns, unique });
    }
    found
}

fn renames(tokens: &[Token<'_>], table: Option<&str>) -> Vec<Statement> {
    let codes: Vec<&str> = tokens.iter().filter_map(Token::code).collect();
    let column = |code: &str| dotted(code).map_or(code.to_owned(), |(_, column)| column.to_owned());
    match codes.as_slice() {
        [from, to, ..] => {
            let owner = dotted(from).map(|(table, _)| table.to_owned());
            let (from_name, to_name) = (column(from), column(to));
            if !is_identifier(&from_name) || !is_identifier(&to_name) {
                return Vec::new();
            }
            let table = owner.or(table.map(str::to_owned)).filter(|table| *table != from_name);
            vec![Statement::Rename { table, from: from_name, to: to_name }]
        }
        _ => Vec::new(),
    }
}

fn columns(
    tokens: &[Token<'_>],
    table: Option<&str>,
    gone: bool,
    create: bool,
    says_column: bool,
    tables: &[String],
) -> Vec<Statement> {
    let mut found = Vec::new();
    // "with `a`, `b`" after a table that is being made lists its columns.
    let with = tokens.iter().position(|t| t.any(&["with", "has", "having", "contains", "columns"]));
    let lists = create && !tables.is_empty() && with.is_some();
    for (index, token) in tokens.iter().enumerate() {
        let Some(code) = token.code() else { continue };
        let (owner, name) = match dotted(code) {
            Some((owner, column)) if tables.iter().any(|t| t == owner) || says_column => {
                (Some(owner), column)
            }
            Some(_) => continue,
            None => (None, code),
        };
        let named = owner.is_some() || says_column || (lists && with.is_some_and(|at| at < index));
        if !is_identifier(name) || !named || tables.iter().any(|table| table == name) {
            continue;
        }
        let table = owner.or(table).map(str::to_owned);
        if gone {
            found.push(Statement::Drop { table, column: name.to_owned() });
            continue;
        }
        // A dotted name alone may speak of a column that is there already.
        if !create && owner.is_some() && !says_column {
            continue;
        }
        let mut column = Found::named(name);
        describe(&mut column, around(tokens, index));
        if super::columns::kind_of_word(name).is_none() {
            found.push(Statement::Column { table, column });
        }
    }
    found
}

/// The words that describe the code at `index`: those right before it, and those after it up to
/// the next piece of code or comma outside of brackets.
fn around<'a, 'b>(tokens: &'a [Token<'b>], index: usize) -> &'a [Token<'b>] {
    let before = tokens.get(..index).unwrap_or_default();
    let start = before
        .iter()
        .rposition(|t| matches!(t, Token::Code(_) | Token::Mark(_)) || t.any(&["and", "a", "an"]));
    let start = start.map_or(0, |at| at + 1);
    let mut end = index + 1;
    let mut depth = 0_u32;
    while let Some(token) = tokens.get(end) {
        match token {
            Token::Mark('(') => depth += 1,
            Token::Mark(')') => depth = depth.saturating_sub(1),
            Token::Mark(',') if depth == 0 => break,
            Token::Code(_) if depth == 0 => break,
            Token::Word(word) if depth == 0 && word == "and" => break,
            _ => {}
        }
        end += 1;
    }
    tokens.get(start..end).unwrap_or_default()
}

/// "Schema for a trade journal with positions, trades, and tags": plain names, because a schema
/// with things in it can only mean tables.
pub fn announced_tables(text: &str) -> Vec<String> {
    let tokens = tokens::read(text);
    let schema = tokens.iter().position(|token| token.any(&["schema", "tables"]));
    let Some(at) = schema else { return Vec::new() };
    let intro = tokens
        .iter()
        .skip(at + 1)
        .position(|t| t.any(&["with", "for", "containing"]) || matches!(t, Token::Mark(':')));
    let Some(intro) = intro else { return Vec::new() };
    let rest = tokens.get(at + 2 + intro..).unwrap_or_default();
    // "schema for a journal with …": the list follows the last introduction.
    let last = rest.iter().rposition(|token| token.any(&["with", "containing"]));
    let of_tables = tokens.get(at).is_some_and(|token| token.is("tables"));
    let list = match last {
        Some(last) => rest.get(last + 1..).unwrap_or_default(),
        None if of_tables => rest,
        None => return Vec::new(),
    };
    let mut names: Vec<String> = Vec::new();
    let mut expecting = true;
    for token in list {
        match token {
            Token::Mark(',') => expecting = true,
            Token::Word(word) if word == "and" => expecting = true,
            Token::Word(word) if expecting && is_table_name(word) => {
                names.push(word.clone());
                expecting = false;
            }
            Token::Code(code) if expecting && is_identifier(code) => {
                names.push((*code).to_owned());
                expecting = false;
            }
            // A longer phrase is no list of names.
            _ => return Vec::new(),
        }
    }
    if names.len() > 1 { names } else { Vec::new() }
}

fn is_table_name(word: &str) -> bool {
    is_identifier(word)
        && word.len() > 2
        && !NO_NAMES.contains(&word)
        && !matches!(word, "rls" | "indexes")
}

/// "Positions table", "Trades table (linked to positions)", "Tags with many-to-many relationship".
pub fn table_item(text: &str) -> Option<TableItem> {
    let tokens = tokens::read(text);
    let name = match tokens.first()? {
        Token::Word(word) if is_table_name(word) => word.clone(),
        Token::Code(code) if is_identifier(code) => (*code).to_owned(),
        _ => return None,
    };
    let second = tokens.get(1)?;
    let many_to_many = tokens.iter().any(|token| token.any(&["many-to-many"]))
        || tokens
            .windows(3)
            .any(|w| matches!(w, [a, b, c] if a.is("many") && b.is("to") && c.is("many")));
    let is_table = second.is("table") || (many_to_many && second.any(&["with", "many-to-many"]));
    if !is_table {
        return None;
    }
    let mut linked = Vec::new();
    for pair in tokens.windows(3) {
        let [first, second, third] = pair else { continue };
        let points =
            (first.any(&["linked", "belongs", "belonging", "related", "refers", "pointing"])
                && second.is("to"))
                || (second.any(&["references", "referencing"]));
        let target = match third {
            Token::Word(word) if is_table_name(word) => Some(word.clone()),
            Token::Code(code) if is_identifier(code) => Some((*code).to_owned()),
            _ => None,
        };
        if let Some(target) = target.filter(|_| points && !many_to_many) {
            linked.push(plural(&target));
        }
    }
    Some(TableItem { table: name, linked, many_to_many })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<Statement> {
        read(text, None, &|name| ["orders", "customers"].contains(&name))
    }

    #[test]
    fn columns_of_a_known_table() {
        let found = of("Add a nullable text column `note` to `orders`");
        let column = Found {
            name: "note".into(),
            kind: Some("text".into()),
            required: Some(false),
            references: None,
        };
        assert!(
            found.contains(&Statement::Column { table: Some("orders".into()), column }),
            "{found:?}"
        );
        let found = of("Add `orders.currency` (text, not null)");
        assert!(
            found.iter().any(|s| matches!(s, Statement::Column { table: Some(t), column }
                if t == "orders" && column.name == "currency" && column.required == Some(true))),
            "{found:?}"
        );
    }

    #[test]
    fn tables_indexes_renames_and_drops() {
        assert!(
            of("Create a `refunds` table")
                .contains(&Statement::Table { name: "refunds".into(), create: true })
        );
        assert_eq!(
            of("Add an index on `orders (customer_id, created_at)`"),
            [Statement::Index {
                table: "orders".into(),
                columns: vec!["customer_id".into(), "created_at".into()],
                unique: false
            }]
        );
        assert_eq!(
            of("Rename `orders.total` to `amount`"),
            [Statement::Rename {
                table: Some("orders".into()),
                from: "total".into(),
                to: "amount".into()
            }]
        );
        assert!(
            of("Drop the column `legacy` from `orders`").contains(&Statement::Drop {
                table: Some("orders".into()),
                column: "legacy".into()
            })
        );
        assert_eq!(of("Show the total of `amount` on the page"), []);
    }

    #[test]
    fn lists_of_tables() {
        assert_eq!(
            announced_tables(
                "Design the schema for a trade journal with positions, trades, and tags"
            ),
            ["positions", "trades", "tags"]
        );
        assert!(announced_tables("Change the schema with care and in small steps").is_empty());
        let item = table_item("Trades table (linked to positions)").unwrap();
        assert_eq!(
            (item.table.as_str(), item.linked.as_slice()),
            ("trades", &["positions".to_owned()][..])
        );
    }
}

//! PostgreSQL scripts, parsed by squawk's syntax crate, in the common form of facts.

mod block;
mod objects;
mod table;

use std::ops::Range;

use squawk_syntax::SyntaxNode;
use squawk_syntax::ast::{self, AstNode};

use super::facts::{CreateIndex, CreateTable, Kind, Statement, Transactions};
use super::names::{bare_name, table_name};
use crate::rules::parse::sql;

/// The facts of a script, statement by statement. `wrapped`: the tool runs it in a transaction.
pub fn statements(file: &ast::SourceFile, wrapped: bool) -> Vec<Statement> {
    let mut transactions = Transactions::new(wrapped);
    let mut script: Option<String> = None;
    let mut statements = Vec::new();
    for statement in file.stmts() {
        let kind = kind(&statement);
        let chained = matches!(kind, Kind::End) && is_chained(statement.syntax());
        let bytes = own_bytes(statement.syntax());
        let made = transactions.statement(bytes.clone(), kind, chained);
        let outer = made.clone();
        statements.push(made);
        if let ast::Stmt::Do(_) = statement {
            let script = script.get_or_insert_with(|| file.syntax().text().to_string());
            statements.extend(inside(script, bytes, &outer));
        }
    }
    statements
}

/// The plain statements of a `DO` block, which run in one transaction.
fn inside(script: &str, place: Range<usize>, outer: &Statement) -> Vec<Statement> {
    let Some(block) = block::unwrap(script, place) else { return Vec::new() };
    let Some(parsed) = sql::parse(&block.masked) else { return Vec::new() };
    let made = parsed.tree().stmts().map(|statement| {
        let bytes = own_bytes(statement.syntax());
        let batched = block.loops.iter().any(|range| range.contains(&bytes.start));
        let kind = match kind(&statement) {
            Kind::Update { table, .. } if batched => Kind::Update { table, filtered: true },
            Kind::Delete { table, .. } if batched => Kind::Delete { table, filtered: true },
            other => other,
        };
        Statement { bytes, kind, in_transaction: true, transaction: outer.transaction }
    });
    made.filter(|made| !matches!(made.kind, Kind::Other | Kind::Begin | Kind::End)).collect()
}

/// The scripts inside the `DO` blocks of a script, each at its place.
pub fn blocks(file: &ast::SourceFile, script: &str) -> Vec<String> {
    let places = file.stmts().filter_map(|statement| match &statement {
        ast::Stmt::Do(it) => Some(own_bytes(it.syntax())),
        _ => None,
    });
    places.filter_map(|place| block::unwrap(script, place)).map(|block| block.masked).collect()
}

/// `COMMIT AND CHAIN`, which begins the next transaction.
fn is_chained(node: &SyntaxNode) -> bool {
    let text = node.text().to_string().to_ascii_lowercase();
    let words: Vec<&str> = text.split_whitespace().collect();
    words.windows(2).any(|pair| {
        pair.first() == Some(&"and") && pair.get(1).is_some_and(|word| word.starts_with("chain"))
    })
}

fn kind(statement: &ast::Stmt) -> Kind {
    match statement {
        ast::Stmt::CreateTable(it) => Kind::CreateTable(table::create_table(it)),
        ast::Stmt::CreateTableAs(it) => {
            made_by_query(table_of(it.table_name().as_ref()), it.syntax())
        }
        ast::Stmt::SelectInto(it) => made_by_query(select_into_name(it), it.syntax()),
        ast::Stmt::AlterTable(it) => Kind::AlterTable {
            table: table_of(it.table_relation_name().as_ref()),
            actions: it.actions().map(|action| table::action(&action)).collect(),
        },
        ast::Stmt::CreateIndex(it) => Kind::CreateIndex(create_index(it)),
        ast::Stmt::DropTable(it) => Kind::DropTable {
            tables: it.table_name_refs().map(|name| table_of(Some(&name))).collect(),
            cascade: cascades(it.drop_behavior().as_ref()),
        },
        ast::Stmt::DropIndex(it) => Kind::DropIndex {
            indexes: it.index_refs().map(|name| name_of(name.syntax())).collect(),
            table: None,
            concurrently: it.concurrently_token().is_some(),
        },
        ast::Stmt::Update(it) => Kind::Update {
            table: table_of(it.relation_name().as_ref()),
            filtered: it.where_clause_or_current_of().is_some() || it.from_clause().is_some(),
        },
        ast::Stmt::Delete(it) => Kind::Delete {
            table: table_of(it.relation_name().as_ref()),
            filtered: it.where_clause_or_current_of().is_some() || it.using_clause().is_some(),
        },
        ast::Stmt::Insert(it) => Kind::Insert {
            table: table_of(it.relation_name_ref().as_ref()),
            from_query: it.insert_source().is_some_and(|source| {
                starts_with_word(source.syntax(), &["select", "with", "table", "("])
            }),
        },
        ast::Stmt::Begin(_) => Kind::Begin,
        ast::Stmt::Commit(_) | ast::Stmt::Rollback(_) => Kind::End,
        other => objects::kind(other),
    }
}

fn starts_with_word(node: &SyntaxNode, words: &[&str]) -> bool {
    let text = node.text().to_string().trim_start().to_ascii_lowercase();
    words.iter().any(|word| text.starts_with(word))
}

fn made_by_query(name: String, node: &SyntaxNode) -> Kind {
    let text = node.text().to_string().to_ascii_lowercase();
    let head = text.split(" as ").next().unwrap_or_default();
    let temporary = head.split_whitespace().any(|word| word == "temp" || word == "temporary");
    Kind::CreateTable(CreateTable {
        name,
        columns_elsewhere: true,
        temporary,
        ..CreateTable::default()
    })
}

fn select_into_name(select: &ast::SelectInto) -> String {
    let clause = select.into_clause().map(|clause| clause.syntax().text().to_string());
    let clause = clause.unwrap_or_default();
    let named = clause.trim_start().get("into".len()..).unwrap_or_default().trim_start();
    let skipped = ["temporary ", "temp ", "unlogged ", "table "];
    let named = skipped.iter().fold(named, |rest, word| match rest.get(..word.len()) {
        Some(start) if start.eq_ignore_ascii_case(word) => rest.get(word.len()..).unwrap_or(rest),
        _ => rest,
    });
    table_name(named)
}

fn create_index(index: &ast::CreateIndex) -> CreateIndex {
    let items = index.partition_item_list().into_iter().flat_map(|list| {
        list.partition_items().map(|item| item.syntax().text().to_string()).collect::<Vec<_>>()
    });
    let keyword = index.index_token().map(|token| token.text_range());
    let method = index.using_method().map(|method| method.syntax().text().to_string());
    CreateIndex {
        name: name_of_optional(index.index().as_ref()),
        table: table_of(index.table_relation_name().as_ref()),
        columns: items
            .take_while(|item| !item.contains('('))
            .filter_map(|item| item.split_whitespace().next().map(bare_name))
            .collect(),
        unique: index.unique_token().is_some(),
        concurrently: index.concurrently_token().is_some(),
        partial: index.where_clause().is_some(),
        if_not_exists: index.if_not_exists().is_some(),
        method: method.and_then(|text| text.split_whitespace().last().map(bare_name)),
        keyword: keyword.map_or(0..0, |range| range.start().into()..range.end().into()),
        ..CreateIndex::default()
    }
}

/// Bytes of a node without leading comments and white space.
pub fn own_bytes(node: &SyntaxNode) -> Range<usize> {
    let range = node.text_range();
    let start = node
        .children_with_tokens()
        .find(|child| !child.kind().is_trivia())
        .map_or(range.start(), |child| child.text_range().start());
    usize::from(start)..usize::from(range.end())
}

fn name_of(node: &SyntaxNode) -> String {
    bare_name(&node.text().to_string())
}

fn name_of_optional<N: AstNode>(node: Option<&N>) -> String {
    node.map(|node| name_of(node.syntax())).unwrap_or_default()
}

/// The name of a table, view or type, with its schema if that is not the default one.
fn table_of<N: AstNode>(node: Option<&N>) -> String {
    node.map(|node| table_name(&node.syntax().text().to_string())).unwrap_or_default()
}

fn cascades(behavior: Option<&ast::DropBehavior>) -> bool {
    behavior.is_some_and(|it| starts_with_word(it.syntax(), &["cascade"]))
}

/// The text with white space runs as single blanks.
fn one_line(node: &SyntaxNode) -> String {
    node.text().to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::migrations::actions::{ActionKind, Reference};

    fn read(script: &str) -> Vec<Statement> {
        statements(&sql::parse(script).unwrap().tree(), false)
    }

    #[test]
    fn transactions_are_numbered() {
        let read = read("select 1; begin; select 2; commit and chain; select 3; commit; select 4;");
        let numbers: Vec<(u32, bool)> =
            read.iter().map(|s| (s.transaction, s.in_transaction)).collect();
        assert_eq!(numbers[1].0, numbers[2].0);
        assert_ne!(numbers[2].0, numbers[4].0);
        assert!(numbers[4].1 && !numbers[6].1);
        assert_ne!(numbers[4].0, numbers[6].0);
    }

    #[test]
    fn tables_keep_their_keys_and_references() {
        let read = read(
            "CREATE TABLE shop.items (id bigint PRIMARY KEY, \"Name\" varchar(20) NOT NULL DEFAULT 'x', \
             owner int REFERENCES users (id) ON DELETE CASCADE, CONSTRAINT u UNIQUE (owner, \"Name\"), \
             FOREIGN KEY (owner) REFERENCES people) PARTITION BY RANGE (id)",
        );
        let Kind::CreateTable(made) = &read[0].kind else { panic!("{read:?}") };
        assert_eq!((made.name.as_str(), made.partitioned), ("shop.items", true));
        assert_eq!(made.primary_key(), ["id"]);
        assert_eq!(made.columns[1].name, "Name");
        assert!(made.columns[1].not_null && made.columns[1].is_filled());
        let keys: Vec<_> = made.foreign_keys().collect();
        let users = Reference { table: "users".into(), columns: vec!["id".into()], cascades: true };
        assert_eq!(keys[0], (vec!["owner".to_owned()], &users));
        assert_eq!(keys[1].1.table, "people");
        assert_eq!(made.indexed().count(), 2);
    }

    #[test]
    fn names_survive_options() {
        let read = read(
            "DROP TABLE IF EXISTS a, public.b CASCADE; DROP FUNCTION f(int, text), g() CASCADE; \
             ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID, ALTER a TYPE bigint USING a::bigint; \
             CREATE TYPE mood AS ENUM ('a', 'b'); ALTER TYPE mood RENAME VALUE 'a' TO 'c'; SELECT 1 INTO TEMP x;",
        );
        assert!(matches!(&read[0].kind, Kind::DropTable { tables, cascade: true }
            if *tables == ["a", "b"]));
        assert!(
            matches!(&read[1].kind, Kind::Drop { names, cascade: true, .. } if *names == ["f", "g"])
        );
        let Kind::AlterTable { actions, .. } = &read[2].kind else { panic!("{read:?}") };
        assert!(matches!(&actions[0].kind, ActionKind::AddConstraint(c)
            if c.name == "c" && c.not_valid && c.expression.as_deref() == Some("a > 0")));
        assert!(matches!(&actions[1].kind, ActionKind::SetType { using: Some(using), .. }
            if using == "a::bigint"));
        assert!(matches!(&read[3].kind, Kind::CreateEnum { values, .. } if *values == ["a", "b"]));
        assert!(
            matches!(&read[4].kind, Kind::RenameEnumValue { from, to, .. } if from == "a" && to == "c")
        );
        assert!(
            matches!(&read[5].kind, Kind::CreateTable(made) if made.name == "x" && made.temporary)
        );
    }
}

//! Scripts for databases other than PostgreSQL. Those for MySQL, MariaDB and SQLite are parsed by
//! `sqlparser` one statement, and in `ALTER TABLE` one action, at a time: what one parser cannot read
//! does not hide the rest. Those for SQL Server have a reader of their own ([`tsql`]).

mod alter;
mod statement;
mod table;
mod tokens;
mod tsql;

use sqlparser::dialect::{Dialect as Grammar, MsSqlDialect, MySqlDialect, SQLiteDialect};
use sqlparser::parser::Parser;

use super::dialect::Dialect;
use super::facts::{Kind, Transactions};
use super::read::Read;
use tokens::{Piece, Source};

/// Deepest nesting that is parsed.
const MAX_DEPTH: usize = 60;

/// The facts of a script; `None` when it cannot be split into tokens.
pub fn read(dialect: Dialect, script: &str, wrapped: bool) -> Option<Read> {
    let grammar: &dyn Grammar = match dialect {
        Dialect::MySql => &MySqlDialect {},
        Dialect::SqlServer => &MsSqlDialect {},
        _ => &SQLiteDialect {},
    };
    let source = Source::new(grammar, script)?;
    if dialect == Dialect::SqlServer {
        return Some(tsql::read(&source, wrapped));
    }
    let mut transactions = Transactions::new(wrapped);
    let mut read = Read { complete: true, ..Read::default() };
    for piece in source.statements() {
        let kinds = statement::kinds(&source, &piece).unwrap_or_else(|| {
            if !piece.is_routine(&source) {
                read.complete = false;
                read.unread.push(source.bytes(&piece));
            }
            vec![Kind::Other]
        });
        for kind in kinds {
            let bytes = source.bytes(&piece);
            // Definitions commit what is open in MySQL; each of them stands alone.
            let alone = dialect == Dialect::MySql && defines(&kind);
            let mut statement = transactions.statement(bytes, kind, false);
            statement.in_transaction &= !alone;
            read.statements.push(statement);
        }
    }
    Some(read)
}

fn defines(kind: &Kind) -> bool {
    !matches!(
        kind,
        Kind::Update { .. }
            | Kind::Delete { .. }
            | Kind::Insert { .. }
            | Kind::Set
            | Kind::Begin
            | Kind::End
            | Kind::Other
    )
}

/// A parser for the tokens of a piece.
fn parser<'g>(source: &Source<'g>, piece: &Piece) -> Parser<'g> {
    Parser::new(source.grammar)
        .with_recursion_limit(MAX_DEPTH)
        .with_tokens_with_locations(source.of(piece).to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::migrations::actions::ActionKind;
    use crate::rules::migrations::facts::Statement;

    fn statements(dialect: Dialect, script: &str) -> Vec<Statement> {
        read(dialect, script, false).unwrap().statements
    }

    fn actions(dialect: Dialect, script: &str) -> Vec<ActionKind> {
        match &statements(dialect, script)[0].kind {
            Kind::AlterTable { actions, .. } => actions.iter().map(|a| a.kind.clone()).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn mysql_alters_are_read_action_by_action() {
        let script = "ALTER TABLE `shop`.`items` ADD COLUMN `a` int NOT NULL DEFAULT 1 AFTER `b`, \
                      MODIFY `c` varchar(10) NOT NULL, CHANGE `d` `e` bigint, DROP KEY `old`, \
                      ADD UNIQUE KEY `u` (`a`, `c`), DROP FOREIGN KEY `fk`, ENGINE=InnoDB, \
                      CONVERT TO CHARACTER SET utf8mb4, ALGORITHM=INPLACE, LOCK=NONE;";
        let read = actions(Dialect::MySql, script);
        assert!(
            matches!(&read[0], ActionKind::AddColumn(c) if c.name == "a" && c.not_null && c.is_filled())
        );
        assert!(
            matches!(&read[1], ActionKind::RedefineColumn { column, .. } if column.not_null && column.type_text == "varchar(10)")
        );
        assert!(
            matches!(&read[2], ActionKind::RedefineColumn { from, column } if from == "d" && column.name == "e")
        );
        assert!(
            matches!(&read[3], ActionKind::DropIndex { name } if name == "old"),
            "{:?}",
            read[3]
        );
        assert!(matches!(&read[4], ActionKind::AddConstraint(c) if c.columns == ["a", "c"]));
        assert!(matches!(&read[5], ActionKind::DropConstraint { name, .. } if name == "fk"));
        assert!(matches!(&read[6], ActionKind::Rebuild { .. }));
        assert!(matches!(&read[7], ActionKind::Rebuild { .. }));
        assert!(matches!(&read[8], ActionKind::Algorithm(how) if how == "inplace"));
        assert!(matches!(&read[9], ActionKind::LockClause(how) if how == "none"));
    }

    #[test]
    fn places_are_bytes_also_after_wide_letters() {
        let script = "-- é\nSELECT 'größe';\nDROP TABLE `a`;\n";
        let read = statements(Dialect::MySql, script);
        assert_eq!(&script[read[1].bytes.clone()], "DROP TABLE `a`");
        assert!(matches!(&read[1].kind, Kind::DropTable { tables, .. } if *tables == ["a"]));
    }

    #[test]
    fn routines_are_one_statement() {
        let script = "CREATE TRIGGER t AFTER INSERT ON a FOR EACH ROW BEGIN UPDATE b SET n = 1; \
                      DELETE FROM c; END;\nDROP TABLE d;";
        let read = statements(Dialect::MySql, script);
        assert_eq!(read.len(), 2, "{read:?}");
        assert!(matches!(read[1].kind, Kind::DropTable { .. }));
    }

    #[test]
    fn sql_server_batches_and_columns() {
        let script = "ALTER TABLE dbo.Orders ADD Note nvarchar(50) NULL, Code int NOT NULL\nGO\n\
                      ALTER TABLE [dbo].[Orders] ALTER COLUMN [Note] nvarchar(90) NOT NULL;\nGO\n\
                      EXEC sp_rename 'dbo.Orders.Note', 'Remark', 'COLUMN';";
        let read = statements(Dialect::SqlServer, script);
        let Kind::AlterTable { table, actions } = &read[0].kind else { panic!("{read:?}") };
        assert_eq!(table, "orders");
        assert!(
            matches!(&actions[1].kind, ActionKind::AddColumn(c) if c.name == "code" && c.not_null)
        );
        let Kind::AlterTable { actions, .. } = &read[1].kind else { panic!("{read:?}") };
        assert!(
            matches!(&actions[0].kind, ActionKind::SetType { type_text, .. } if type_text == "nvarchar(90)")
        );
        assert!(matches!(&actions[1].kind, ActionKind::SetNotNull { column } if column == "note"));
        let Kind::AlterTable { actions, .. } = &read[2].kind else { panic!("{read:?}") };
        assert!(
            matches!(&actions[0].kind, ActionKind::RenameColumn { from, to } if from == "note" && to == "remark")
        );
    }

    #[test]
    fn sqlite_tables_and_rows() {
        let script = "CREATE TABLE t (id integer PRIMARY KEY AUTOINCREMENT, a int REFERENCES o(id), UNIQUE (a));\
                      INSERT INTO t (id, a) SELECT id, a FROM o; PRAGMA foreign_keys = off; \
                      ALTER TABLE t RENAME TO u; UPDATE u SET a = 1 WHERE a IS NULL;";
        let read = statements(Dialect::Sqlite, script);
        let Kind::CreateTable(made) = &read[0].kind else { panic!("{read:?}") };
        assert!(made.columns[0].identity && made.foreign_keys().count() == 1);
        assert!(matches!(&read[1].kind, Kind::Insert { from_query: true, .. }));
        assert!(matches!(&read[4].kind, Kind::Update { filtered: true, .. }));
    }

    proptest::proptest! {
        #[test]
        fn never_panics(script in "[a-zA-Z0-9(),;'\"`. \n-]{0,200}", alter in "[a-z(),;'` ]{0,80}") {
            for dialect in [Dialect::MySql, Dialect::Sqlite, Dialect::SqlServer] {
                let _ = read(dialect, &script, false);
                let _ = read(dialect, &format!("ALTER TABLE t {alter}"), true);
            }
        }
    }
}

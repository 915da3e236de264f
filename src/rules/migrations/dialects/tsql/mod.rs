//! Scripts for SQL Server. No parser at hand reads Transact-SQL whole, and its statements need no
//! semicolon between them: they are told apart by the words that begin them, and of each only what
//! the rules ask for is read.

mod alter;
mod column;
mod split;
mod statement;

use std::ops::Range;

use super::tokens::Source;
use crate::rules::migrations::facts::{Kind, Transactions};
use crate::rules::migrations::read::Read;

/// The facts of a script.
pub fn read(source: &Source<'_>, wrapped: bool) -> Read {
    let mut transactions = Transactions::new(wrapped);
    let mut read = Read { complete: true, ..Read::default() };
    for part in split::statements(source) {
        let bytes: Range<usize> = source.bytes(&part.piece);
        let kinds = statement::kinds(source, &part).unwrap_or_else(|| {
            read.complete = false;
            read.unread.push(bytes.clone());
            vec![Kind::Other]
        });
        for kind in kinds {
            read.statements.push(transactions.statement(bytes.clone(), kind, false));
        }
    }
    read
}

//! Migrations that are written in code, put into SQL, so that the rules about SQL hold for them.
//!
//! Every statement that is written remembers the place in the source that it stands for: rules
//! work on the SQL, findings point at the source. What is not understood is written down as
//! unread, and never guessed.

pub(super) mod c_sharp;
pub(super) mod elixir;
pub(super) mod javascript;
mod names;
pub(super) mod python;
pub(super) mod ruby;
mod value;
mod wording;

use std::ops::Range;

pub(super) use names::{list, literal, name};
pub(super) use value::{Argument, Call, Literal, Value};
pub(super) use wording::adapt;

use super::actions::ActionKind;
use super::discover::Framework;
use super::facts::Kind;
use super::read::Read;

/// Longest source that is read, in bytes.
const MAX_BYTES: usize = 1_000_000;
/// Deepest nesting of syntax that is followed.
pub(super) const MAX_DEPTH: usize = 48;

/// A migration in SQL.
#[derive(Debug, Default)]
pub struct Translation {
    pub sql: String,
    pieces: Vec<Piece>,
    /// Bytes of the source that could not be put into SQL, and why.
    pub unread: Vec<(Range<usize>, &'static str)>,
}

/// A statement, and what it stands for.
#[derive(Debug)]
struct Piece {
    sql: Range<usize>,
    source: Range<usize>,
    /// The SQL is written in the source just like that, so that offsets inside correspond.
    verbatim: bool,
    /// The author has declared it safe, in the way that the framework provides.
    assured: bool,
    /// Runs outside of the transaction that the tool puts around the rest.
    outside: bool,
    /// Names the type of a column because the operation asks for it, whether it is another or not.
    restated: bool,
}

impl Translation {
    /// The facts that were read from the SQL, with their places in the source.
    ///
    /// Statements that one call stands for start one byte after the other, so that their order
    /// can still be told by where they start.
    pub fn in_source(&self, mut read: Read) -> Read {
        let mut free = u32::MAX;
        for statement in &mut read.statements {
            let piece = self.piece_at(statement.bytes.start);
            let restated = piece.is_some_and(|piece| piece.restated);
            if piece.is_some_and(|piece| piece.outside) {
                statement.in_transaction = false;
                statement.transaction = free;
                free = free.saturating_sub(1);
            }
            statement.bytes = self.source(&statement.bytes);
            match &mut statement.kind {
                Kind::AlterTable { actions, .. } => {
                    for action in actions {
                        action.bytes = self.source(&action.bytes);
                        if let ActionKind::SetType { restated: own, .. } = &mut action.kind {
                            *own = restated;
                        }
                    }
                }
                Kind::CreateIndex(index) => index.keyword = 0..0,
                _ => {}
            }
        }
        for hit in &mut read.hits {
            // Edits of the translation say nothing about the source.
            hit.edits.clear();
            let range = &mut hit.bytes;
            *range = self.source(range);
        }
        let assured = self.pieces.iter().filter(|piece| piece.assured);
        // Other statements may stand for the same call: only where it starts is its own.
        let own = |piece: &Piece| match piece.verbatim {
            true => piece.source.clone(),
            false => piece.source.start..piece.source.start + 1,
        };
        read.assured = assured.map(own).collect();
        read.complete &= self.unread.is_empty();
        read
    }

    fn piece_at(&self, at: usize) -> Option<&Piece> {
        self.pieces.get(self.pieces.partition_point(|piece| piece.sql.end <= at))
    }

    /// The bytes of the source that these bytes of the SQL stand for.
    fn source(&self, sql: &Range<usize>) -> Range<usize> {
        let end = sql.end.max(sql.start + 1);
        let first = self.pieces.partition_point(|piece| piece.sql.end <= sql.start);
        let touched = self.pieces.iter().skip(first).take_while(|piece| piece.sql.start < end);
        let places = touched.map(|piece| {
            if !piece.verbatim {
                return piece.source.clone();
            }
            let inside = |at: usize| {
                let offset = at.clamp(piece.sql.start, piece.sql.end) - piece.sql.start;
                (piece.source.start + offset).min(piece.source.end)
            };
            inside(sql.start)..inside(sql.end)
        });
        places
            .reduce(|one, other| one.start.min(other.start)..one.end.max(other.end))
            .unwrap_or(0..0)
    }
}

/// Collects the statements of a translation.
#[derive(Default)]
pub(super) struct Writer {
    done: Translation,
    /// Statements that follow are declared safe by their author.
    pub assured: bool,
    /// Statements that follow run outside of a transaction.
    pub outside: bool,
    /// Statements that follow repeat the type of a column that may have it already.
    pub restated: bool,
}

impl Writer {
    /// Adds a statement, without its semicolon, that stands for these bytes.
    pub fn statement(&mut self, source: &Range<usize>, sql: &str) {
        self.piece(source.clone(), sql, false);
    }

    /// Adds SQL that the source holds as text.
    pub fn embedded(&mut self, literal: &Literal, source: &Range<usize>) {
        match &literal.verbatim {
            Some(at) => self.piece(at.clone(), &literal.text, true),
            None => self.piece(source.clone(), &literal.text, false),
        }
    }

    /// Notes what could not be read.
    pub fn unread(&mut self, source: &Range<usize>, why: &'static str) {
        self.done.unread.push((source.clone(), why));
    }

    fn piece(&mut self, source: Range<usize>, sql: &str, verbatim: bool) {
        let taken = |piece: &Piece| piece.source.end == source.end && !verbatim && !piece.verbatim;
        let start = match self.done.pieces.last().filter(|piece| taken(piece)) {
            Some(before) if before.source.start >= source.start => before.source.start + 1,
            _ => source.start,
        };
        let source = start.min(source.end.saturating_sub(1)).max(source.start)..source.end;
        let start = self.done.sql.len();
        self.done.sql.push_str(sql);
        let end = self.done.sql.len();
        // A comment at the end of embedded text must not swallow the semicolon.
        self.done.sql.push_str(if sql.trim_end().ends_with(';') { "\n" } else { "\n;\n" });
        self.done.pieces.push(Piece {
            sql: start..end,
            source,
            verbatim,
            assured: self.assured,
            outside: self.outside,
            restated: self.restated,
        });
    }

    pub fn finish(self) -> Translation {
        self.done
    }
}

/// Puts the forward part of a migration into SQL; `None` for SQL files, and for what is too long.
pub(super) fn translate(framework: Framework, text: &str) -> Option<Translation> {
    if text.len() > MAX_BYTES {
        return None;
    }
    match framework {
        Framework::Rails => Some(super::rails::translate(text)),
        Framework::Alembic => Some(super::alembic::translate(text, "upgrade")),
        Framework::Django => Some(super::django::translate(text)),
        Framework::Liquibase => super::liquibase::translate(text),
        Framework::Knex | Framework::Sequelize | Framework::TypeOrm => {
            Some(super::javascript::translate(framework, text, "up"))
        }
        Framework::Ecto => Some(super::ecto::translate(text)),
        Framework::EfCore => Some(super::ef_core::translate(text, "Up")),
        _ => None,
    }
}

/// Puts the way back that is written out in a migration into SQL; `None` for frameworks that work
/// it out, or keep it elsewhere.
pub(super) fn backward(framework: Framework, text: &str) -> Option<Translation> {
    if text.len() > MAX_BYTES {
        return None;
    }
    match framework {
        Framework::Rails => Some(super::rails::translate_down(text)),
        Framework::Alembic => Some(super::alembic::translate(text, "downgrade")),
        Framework::Knex | Framework::Sequelize | Framework::TypeOrm => {
            Some(super::javascript::translate(framework, text, "down"))
        }
        Framework::Ecto => Some(super::ecto::translate_down(text)),
        Framework::EfCore => Some(super::ef_core::translate(text, "Down")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_lead_back_to_the_source() {
        let mut writer = Writer::default();
        writer.statement(&(10..20), "DROP TABLE a");
        let literal = Literal { text: "UPDATE b SET c = 1".into(), verbatim: Some(30..48) };
        writer.assured = true;
        writer.embedded(&literal, &(25..50));
        let done = writer.finish();
        assert_eq!(done.source(&(0..4)), 10..20);
        let at = done.sql.find("SET").unwrap();
        assert_eq!(done.source(&(at..at + 3)), 39..42);
        let read = done.in_source(Read::default());
        assert_eq!(read.assured, vec![std::ops::Range { start: 30, end: 48 }]);
        assert_eq!(done.source(&(9_000..9_001)), 0..0);
    }
}

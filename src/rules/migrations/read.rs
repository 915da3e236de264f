//! From a file's text to the common form of facts, whatever it is written in.

use std::ops::Range;

use squawk_linter::{Linter, Rule as Hit};

use super::dialect::Dialect;
use super::discover::{self, Framework};
use super::facts::Statement;
use super::{postgres, translate};
use crate::rules::parse::sql;

/// What one direction of a migration does.
#[derive(Debug, Default)]
pub struct Read {
    /// In the order in which they run.
    pub statements: Vec<Statement>,
    /// What squawk's linter reports, by rule; empty for everything but PostgreSQL's SQL.
    pub hits: Vec<(Hit, Range<usize>)>,
    /// Whether every statement was understood. What is not is `Kind::Other`.
    pub complete: bool,
    /// Bytes of the file whose statements the author has declared safe, as the framework lets one.
    pub assured: Vec<Range<usize>>,
}

/// Reads the forward part of a migration. `wrapped`: the tool runs it in a transaction.
pub fn forward(framework: Framework, dialect: Dialect, text: &str, wrapped: bool) -> Read {
    if let Some(translation) = translate::translate(framework, text) {
        let masked = sql::standard_quotes(&translation.sql);
        let read = postgres_sql(dialect, &masked, wrapped);
        return translation.in_source(read);
    }
    let forward = discover::forward_part(framework, text);
    let masked = sql::standard_quotes(&sql::keep_only(text, &forward));
    postgres_sql(dialect, &masked, wrapped)
}

fn postgres_sql(dialect: Dialect, masked: &str, wrapped: bool) -> Read {
    let Some(parsed) = sql::parse(masked) else { return Read::default() };
    let statements = postgres::statements(&parsed.tree(), wrapped);
    let hits =
        if dialect == Dialect::Postgres { hits(&parsed, masked, wrapped) } else { Vec::new() };
    Read { statements, hits, complete: parsed.errors().is_empty(), assured: Vec::new() }
}

fn hits(
    parsed: &squawk_syntax::Parse<squawk_syntax::SourceFile>,
    text: &str,
    wrapped: bool,
) -> Vec<(Hit, Range<usize>)> {
    let mut linter = Linter::with_default_rules();
    linter.rules.insert(Hit::BanDisableTrigger);
    linter.rules.insert(Hit::BanReplicaIdentity);
    linter.rules.insert(Hit::BanAlterGeneratedExpression);
    linter.settings.assume_in_transaction = wrapped;
    linter
        .lint(parsed, text)
        .into_iter()
        .map(|hit| (hit.code, hit.text_range.start().into()..hit.text_range.end().into()))
        .collect()
}

//! SQL in code that names a column which no migration adds.

use std::collections::BTreeSet;

use super::places::has_word;
use super::sql::{self, Asked, Query};
use crate::domain::change::Change;
use crate::domain::path::RepoPath;
use crate::rules::migrations::present::History;
use crate::rules::{Draft, Findings, RuleContext};

/// Most columns of a table that are listed.
const MAX_LISTED: usize = 10;

pub(super) fn applies(change: &Change) -> bool {
    sql::applies(change)
}

pub(super) fn needs(change: &Change) -> Vec<crate::ports::source::Need> {
    sql::needs(change)
}

pub(super) fn check(context: &RuleContext<'_>, findings: &mut Findings<'_>) {
    let Some(asked) = sql::asked(context) else { return };
    let mut said: BTreeSet<(usize, String, String)> = BTreeSet::new();
    for query in &asked.queries {
        let Some(file) = context.change.files.get(query.file) else { continue };
        for missing in missing(&asked, query, &file.path) {
            let lines = query.at(missing.line);
            let key = (query.file, missing.table.clone(), missing.column.clone());
            if file.adds_any(lines) && said.insert(key) {
                findings.at_head(file, lines, draft(&missing));
            }
        }
    }
}

struct Missing<'h> {
    table: String,
    column: String,
    line: u32,
    written: bool,
    history: &'h History,
}

/// The columns that a statement names and that its table does not have.
fn missing<'h>(asked: &'h Asked, query: &Query, path: &RepoPath) -> Vec<Missing<'h>> {
    let mut found = Vec::new();
    // Columns that are there, by table: they show that the statement means this table.
    let mut known: Vec<&str> = Vec::new();
    for each in &query.uses {
        let mut owners = Vec::new();
        for table in &each.tables {
            match asked.histories_of(table, path) {
                Some(histories) => owners.extend(histories.into_iter().map(|it| (table, it))),
                None => {
                    owners.clear();
                    break;
                }
            }
        }
        let Some((table, history)) = owners.first().copied() else { continue };
        let has = |(table, history): &(&String, &History)| has_column(history, table, &each.column);
        if owners.iter().any(has) {
            known.extend((each.tables.len() == 1).then_some(table.as_str()));
            continue;
        }
        let hidden = owners.iter().any(|(table, history)| history.may_make(table, &each.column));
        let dumped = asked.dumps.iter().any(|dump| has_word(dump, &each.column.to_lowercase()));
        if !hidden && !dumped {
            found.push(Missing {
                table: table.clone(),
                column: each.column.clone(),
                line: each.line,
                written: each.written,
                history,
            });
        }
    }
    // A statement of which most is unknown is about another database.
    let fits = |missing: &Missing<'_>| {
        let there = known.iter().filter(|table| **table == missing.table).count();
        let own: BTreeSet<&str> = found
            .iter()
            .filter(|other| other.table == missing.table)
            .map(|other| other.column.as_str())
            .collect();
        there > 0 && own.len() <= there
    };
    let keep: Vec<bool> = found.iter().map(fits).collect();
    let mut keep = keep.into_iter();
    found.retain(|_| keep.next().unwrap_or(false));
    found
}

fn has_column(history: &History, table: &str, column: &str) -> bool {
    let known = history.schema.table(table);
    known.whole().is_none_or(|table| {
        table.columns.iter().any(|own| own.name == column || own.name.eq_ignore_ascii_case(column))
    })
}

fn draft(missing: &Missing<'_>) -> Draft {
    let Missing { table, column, history, .. } = missing;
    let known = history.schema.table(table);
    let columns: Vec<&str> = known
        .table()
        .map(|table| table.columns.iter().map(|own| own.name.as_str()).collect())
        .unwrap_or_default();
    let shown: Vec<String> =
        columns.iter().take(MAX_LISTED).map(|name| format!("`{name}`")).collect();
    let more = match columns.len().saturating_sub(MAX_LISTED) {
        0 => String::new(),
        rest => format!(" and {rest} more"),
    };
    let (count, gives) = match history.count {
        1 => ("The migration".to_owned(), "gives"),
        count => (format!("The {count} migrations"), "give"),
    };
    let place = match history.root.as_str() {
        "" => String::new(),
        root => format!(" in `{root}`"),
    };
    let verb = if missing.written { "written" } else { "read" };
    let meant = nearest(column, &columns).map(|name| format!("; `{name}` may be meant"));
    Draft {
        title: format!("`{table}.{column}` is {verb} here, but no migration adds it"),
        evidence: format!(
            "{count}{place} {gives} `{table}` the columns {}{more}. The database will refuse this statement.",
            shown.join(", ")
        ),
        recommendation: format!(
            "Add the column with a migration in this change, or correct the name{}.",
            meant.unwrap_or_default()
        ),
        symbol: Some(format!("{table}.{column}")),
        ..Draft::default()
    }
}

/// The column that is written almost like this.
fn nearest<'c>(column: &str, columns: &[&'c str]) -> Option<&'c str> {
    let likeness = |name: &&&str| {
        let ratio = similar::TextDiff::from_chars(column, **name).ratio();
        (ratio >= 0.75).then_some(ratio)
    };
    let mut best: Option<(f32, &'c str)> = None;
    for name in columns {
        if let Some(ratio) =
            likeness(&name).filter(|ratio| best.is_none_or(|(known, _)| *ratio > known))
        {
            best = Some((ratio, name));
        }
    }
    best.map(|(_, name)| name)
}

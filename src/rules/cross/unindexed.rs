//! Queries that look rows of a growing table up by columns without an index.

use std::collections::BTreeSet;

use super::places::has_word;
use super::sql::filter::{Condition, Filter};
use super::sql::{self, Asked};
use crate::domain::change::Change;
use crate::domain::path::RepoPath;
use crate::ports::source::Need;
use crate::rules::migrations::discover;
use crate::rules::migrations::present::History;
use crate::rules::migrations::{Dialect, Table};
use crate::rules::waiting::is_waited_for;
use crate::rules::{Draft, Findings, RuleContext};

/// Tables that stay small.
const SMALL: [&str; 26] = [
    "setting",
    "settings",
    "config",
    "configs",
    "configuration",
    "countries",
    "currencies",
    "languages",
    "locales",
    "roles",
    "permissions",
    "plans",
    "categories",
    "statuses",
    "types",
    "features",
    "feature_flags",
    "flags",
    "regions",
    "units",
    "tenants",
    "organizations",
    "organisations",
    "teams",
    "migrations",
    "versions",
];
/// Columns with so few values that an index on them alone would not help.
const COARSE: [&str; 20] = [
    "status",
    "state",
    "type",
    "kind",
    "role",
    "level",
    "priority",
    "enabled",
    "active",
    "deleted",
    "locale",
    "language",
    "country",
    "currency",
    "version",
    "category",
    "gender",
    "source",
    "deleted_at",
    "archived_at",
];

pub(super) fn applies(change: &Change) -> bool {
    sql::applies(change)
}

pub(super) fn needs(change: &Change) -> Vec<Need> {
    sql::needs(change)
}

pub(super) fn check(context: &RuleContext<'_>, findings: &mut Findings<'_>) {
    let Some(asked) = sql::asked(context) else { return };
    let mut said: BTreeSet<(String, String)> = BTreeSet::new();
    for query in &asked.queries {
        let Some(file) = context.change.files.get(query.file) else { continue };
        let Some(filter) = query.filter.as_ref().filter(|_| is_waited_for(&file.path)) else {
            continue;
        };
        let Some((condition, sorted)) = unserved(&asked, filter, &file.path) else { continue };
        if refers_since_this_change(context.change, &filter.table, &condition.column) {
            continue;
        }
        let lines = query.at(condition.line);
        let key = (filter.table.clone(), condition.column.clone());
        if file.adds_any(lines) && said.insert(key) {
            findings.at_head(file, lines, draft(filter, condition, sorted));
        }
    }
}

/// Whether a migration of this change may make the column a foreign key: then the missing index is
/// said there, where it is to be added.
fn refers_since_this_change(change: &Change, table: &str, column: &str) -> bool {
    let migrations = change.files.iter().filter(|file| discover::identify_file(file).is_some());
    migrations.filter_map(|file| file.head_text()).any(|text| {
        let text = text.as_str().to_lowercase();
        let words = [table.to_lowercase(), column.to_lowercase(), "references".to_owned()];
        words.iter().all(|word| has_word(&text, word))
    })
}

/// The column that should be indexed and is not, and whether it is for an order.
fn unserved<'f>(
    asked: &Asked,
    filter: &'f Filter,
    path: &RepoPath,
) -> Option<(&'f Condition, bool)> {
    let histories = asked.histories_of(&filter.table, path)?;
    let [history] = histories.as_slice() else { return None };
    let known = history.schema.table(&filter.table);
    let table = known.whole()?;
    let judged =
        matches!(history.dialect, Some(Dialect::Postgres | Dialect::MySql | Dialect::Sqlite));
    if !judged || !history.plain || !grows(table) {
        return None;
    }
    let served = |condition: &Condition| {
        is_led(history, table, &condition.column)
            || history.may_make(&filter.table, &condition.column)
    };
    let there = |condition: &&Condition| table.column(&condition.column).is_some();
    if filter.conditions.is_empty() {
        let first = filter.first_of.as_ref().filter(there)?;
        return (!served(first)).then_some((first, true));
    }
    // An index for the order may find the first rows soon enough.
    if filter.first_of.iter().chain(&filter.conditions).any(served) {
        return None;
    }
    let telling =
        |condition: &&Condition| condition.equal && is_telling(history, table, &condition.column);
    let first = filter.conditions.iter().filter(there).find(telling)?;
    Some((first, false))
}

/// Whether a row is added with everything that happens: it keeps the time at which that was.
pub(super) fn grows(table: &Table) -> bool {
    let timed = table.columns.iter().any(|column| {
        let time = column.type_text.contains("time") || column.type_text.contains("date");
        let by_default = column.default.as_ref().is_some_and(|value| {
            let text = value.text.to_lowercase();
            text.contains("now") || text.contains("current_timestamp")
        });
        let named =
            ["created_at", "inserted_at", "occurred_at", "createdat", "created_on", "logged_at"];
        let name = column.name.to_lowercase().replace("createdat", "created_at");
        time && (by_default || named.contains(&name.as_str()))
    });
    timed
        && !SMALL.contains(&table.name.as_str())
        && !table.partitioned
        && table.partition_of.is_none()
}

fn is_led(history: &History, table: &Table, column: &str) -> bool {
    let keys = table.indexed().any(|columns| columns.first().is_some_and(|first| first == column));
    let indexes = table.indexes.iter().any(|index| match &index.method {
        Some(method) if method != "btree" => index.columns.iter().any(|own| own == column),
        _ => index.columns.first().is_some_and(|first| first == column),
    });
    // MySQL makes an index for every foreign key.
    let referring = history.dialect == Some(Dialect::MySql)
        && table.constraints.iter().any(|key| {
            key.references.is_some() && key.columns.first().is_some_and(|first| first == column)
        });
    keys || indexes || referring
}

/// Whether a value of the column stands for few rows.
fn is_telling(history: &History, table: &Table, column: &str) -> bool {
    let Some(known) = table.column(column) else { return false };
    let kind = known.type_text.trim_matches('"');
    let coarse = COARSE.contains(&column)
        || column.starts_with("is_")
        || column.starts_with("has_")
        || kind.starts_with("bool")
        || kind.starts_with("enum")
        || kind == "tinyint(1)"
        || known.check.is_some()
        || history.schema.enums().any(|(name, _)| name.eq_ignore_ascii_case(kind));
    !coarse
}

fn draft(filter: &Filter, condition: &Condition, sorted: bool) -> Draft {
    let (table, column) = (&filter.table, &condition.column);
    let does = if sorted { "sorts" } else { "reads" };
    let (what, instead) = match sorted {
        true => (
            format!(
                "To find the first rows by `{column}`, the database reads and sorts the whole table"
            ),
            format!("Add an index on `{table} ({column})`, in a migration of its own."),
        ),
        false => (
            format!(
                "No index or key of `{table}` begins with a column that this statement filters by"
            ),
            format!(
                "Add an index that begins with `{column}`, in a migration of its own; if the table will stay small, \
                 say so where the statement is."
            ),
        ),
    };
    Draft {
        title: format!("This {does} all of `{table}`: `{column}` has no index"),
        evidence: format!(
            "{what}. The table keeps when each row was made, so it grows, and this statement slows down with it."
        ),
        recommendation: instead,
        symbol: Some(format!("{table}.{column}")),
        ..Draft::default()
    }
}

//! Where code names a column or a table that goes away.

use std::collections::BTreeSet;

use super::{Removed, forms, is_telling, mapped};
use crate::domain::change::Text;
use crate::domain::path::RepoPath;
use crate::rules::cross::places::{camel_case, has_word, is_comment, pascal_case, singular};
use crate::rules::cross::sql;

/// How many lines a list or the marks of a field may take.
const MAX_LIST: usize = 30;
const MAX_MARKS: usize = 4;

/// The lines of a file that use it, from the first.
pub(super) fn lines(path: &RepoPath, text: &Text, thing: &Removed<'_>) -> BTreeSet<u32> {
    let tables = table_forms(&thing.table);
    let names_table = |text: &str| tables.iter().any(|form| has_word(text, form));
    let all: Vec<&str> = text.lines().map(|(_, line)| line).collect();
    let Some(column) = &thing.column else {
        let used = |line: &str| !is_comment(line) && is_table_use(line, &thing.table);
        return numbered(&all, |_, line| used(line));
    };
    if !names_table(text.as_str()) {
        return BTreeSet::new();
    }
    let searched = is_telling(column);
    let statements = sql::naming(path, text, &thing.table, column);
    // A statement that was read says itself which table a short name belongs to.
    let read = |at: usize| {
        let line = u32::try_from(at + 1).unwrap_or(u32::MAX);
        !column.contains('_') && statements.read.iter().any(|lines| lines.contains(line))
    };
    let mut found = numbered(&all, |at, line| {
        searched
            && !is_comment(line)
            && is_column_use(line, column, thing, names_table)
            && !is_left_out(&all, at)
            && !read(at)
    });
    // What needs no guess: names that a statement or a mapper gives to this very table.
    found.extend(&statements.lines);
    found.extend(mapped::lines(path, text, &thing.table, column));
    found
}

fn numbered(all: &[&str], wanted: impl Fn(usize, &str) -> bool) -> BTreeSet<u32> {
    let found = all.iter().enumerate().filter(|(at, line)| wanted(*at, line));
    found.filter_map(|(at, _)| u32::try_from(at + 1).ok()).collect()
}

/// Whether the line says that the column is not read any more: a model that ignores it, a field
/// that is not mapped. That is what is to be released before the column goes.
fn is_left_out(all: &[&str], at: usize) -> bool {
    const ON_LINE: [&str; 6] =
        ["ignored_columns", ".Ignore(", "@ignore", "sqlx(skip)", "gorm:\"-", "db:\"-\""];
    const BEFORE: [&str; 4] = ["[NotMapped]", "@Transient", ":Transient", "sqlx(skip)"];
    let line = all.get(at).copied().unwrap_or_default();
    let marks = all.get(at.saturating_sub(MAX_MARKS)..at).unwrap_or_default();
    let marked = marks
        .iter()
        .rev()
        .take_while(|above| above.trim_start().starts_with(['@', '[', '#']))
        .chain([&line])
        .any(|above| BEFORE.iter().any(|mark| above.contains(mark)));
    marked || ON_LINE.iter().any(|mark| line.contains(mark)) || in_ignored_list(all, at)
}

/// Inside of `self.ignored_columns = [ … ]` that goes over several lines.
fn in_ignored_list(all: &[&str], at: usize) -> bool {
    let above = all.get(at.saturating_sub(MAX_LIST)..at).unwrap_or_default();
    let open = above.iter().rev().find(|line| line.contains(['[', ']', '(', ')']));
    open.is_some_and(|line| {
        line.contains("ignored_columns") && !line.trim_end().ends_with([']', ')'])
    })
}

/// The table, and the type that stands for a row of it.
pub(in crate::rules::cross) fn table_forms(table: &str) -> Vec<String> {
    let one = singular(table);
    let mut forms = vec![
        table.to_owned(),
        pascal_case(table),
        camel_case(table),
        pascal_case(&one),
        camel_case(&one),
        one,
    ];
    forms.sort();
    forms.dedup();
    forms
}

fn is_column_use(
    line: &str,
    column: &str,
    thing: &Removed<'_>,
    names_table: impl Fn(&str) -> bool,
) -> bool {
    // A name of several words says enough by itself; one word must stand beside its table, or
    // behind a dot or in quotes.
    let telling = column.contains('_');
    let spelled = thing.spelled.as_deref().is_some_and(|name| has_word(line, name));
    if !spelled && !forms(column).iter().any(|form| has_word(line, form)) {
        return false;
    }
    // After a rename, fields in code may keep the old name and map to the new one.
    if thing.renamed_to.is_some() {
        return (spelled || has_word(line, column)) && looks_like_sql(line);
    }
    telling || (looks_like_sql(line) && names_table(line))
}

fn looks_like_sql(line: &str) -> bool {
    let lower = line.to_ascii_lowercase();
    ["select ", "insert ", "update ", "delete ", " from ", "where ", "order by ", "join ", " set "]
        .iter()
        .any(|word| lower.contains(word))
}

/// Whether a line names the table as a table: in SQL, or where mappers are told a table's name.
fn is_table_use(line: &str, table: &str) -> bool {
    let lower = line.to_ascii_lowercase();
    if !has_word(&lower, table) {
        return false;
    }
    let clean: String = lower
        .chars()
        .map(|c| if matches!(c, '"' | '`' | '\'' | '[' | '(') { ' ' } else { c })
        .collect();
    let words: Vec<&str> = clean.split_whitespace().collect();
    let named = words.windows(2).any(|pair| {
        let [keyword, name] = pair else { return false };
        let name = name.trim_end_matches(|c: char| !c.is_alphanumeric() && c != '_');
        let name = name.rsplit('.').next().unwrap_or(name);
        ["from", "join", "into", "update"].contains(keyword) && name == table
    });
    let quoted = ["\"", "'", "`"].iter().any(|q| lower.contains(&format!("{q}{table}{q}")));
    let mapped = ["__tablename__", "@table", "table_name", "tablename", "pgtable", "knex("]
        .iter()
        .any(|mark| lower.contains(mark));
    named || (quoted && mapped)
}

//! What earlier migrations say about a column.

use super::actions::ActionKind;
use super::facts::{Kind, Statement};
use super::postgres;
use super::script::{At, context_need};
use crate::rules::RuleContext;
use crate::rules::parse::sql;

/// The type that a column had before a statement, as far as this script and the migrations
/// beside it show.
pub(super) fn type_before(
    context: &RuleContext<'_>,
    at: &At<'_>,
    table: &str,
    column: &str,
) -> Option<String> {
    let earlier = at.migration.script.statements.iter();
    let earlier = earlier.filter(|s| s.bytes.start < at.statement.bytes.start);
    if let Some(known) = last_type(earlier, table, column) {
        return Some(known);
    }
    let siblings = context.gathered(&context_need(context.change)).iter();
    siblings
        .rev()
        .filter(|file| file.path.as_str() < at.migration.file.path.as_str())
        .filter(|file| file.text.as_str().to_ascii_lowercase().contains(column))
        .find_map(|file| {
            let parsed = sql::parse(file.text.as_str())?;
            let statements = postgres::statements(&parsed.tree(), false);
            last_type(statements.iter(), table, column)
        })
}

fn last_type<'s>(
    statements: impl Iterator<Item = &'s Statement>,
    wanted: &str,
    name: &str,
) -> Option<String> {
    statements
        .filter_map(|statement| match &statement.kind {
            Kind::CreateTable(made) if made.name == wanted => {
                made.columns.iter().find(|c| c.name == name).map(|c| c.type_text.clone())
            }
            Kind::AlterTable { table, actions } if table == wanted => {
                actions.iter().rev().find_map(|action| match &action.kind {
                    ActionKind::AddColumn(c) if c.name == name => Some(c.type_text.clone()),
                    ActionKind::SetType { column, type_text, .. } if column == name => {
                        Some(type_text.clone())
                    }
                    _ => None,
                })
            }
            _ => None,
        })
        .last()
}

/// Whether PostgreSQL makes this change of type without touching rows or indexes.
pub(super) fn is_widening(old: &str, new: &str) -> bool {
    let (old_base, old_limit) = split(old);
    let (new_base, new_limit) = split(new);
    let wider = match (old_limit, new_limit) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(old), Some(new)) => new >= old,
    };
    match (old_base, new_base) {
        ("varchar" | "text" | "citext", "text" | "citext") | ("cidr", "inet") => true,
        // Without a number there are six digits; `timestamptz` differs in meaning, not in size.
        ("timestamp", "timestamp")
        | ("timestamptz", "timestamptz")
        | ("time", "time")
        | ("timetz", "timetz")
        | ("interval", "interval") => new_limit.unwrap_or(6) >= old_limit.unwrap_or(6),
        ("varchar", "varchar") | ("varbit", "varbit") => wider,
        ("text", "varchar") => new_limit.is_none(),
        ("numeric", "numeric") => {
            // A larger precision is free only with the same scale.
            wider && (new.split(',').nth(1) == old.split(',').nth(1) || new_limit.is_none())
        }
        _ => old == new,
    }
}

/// Whether a change to this type is free for columns that were text of some kind before.
pub(super) fn is_text_like(new: &str) -> bool {
    matches!(split(new), ("text", _) | ("varchar", _))
}

fn split(type_text: &str) -> (&str, Option<u32>) {
    let (base, arguments) = type_text.split_once('(').unwrap_or((type_text, ""));
    let base = match base.trim() {
        "character varying" => "varchar",
        "bit varying" => "varbit",
        "decimal" => "numeric",
        "timestamp without time zone" => "timestamp",
        "timestamp with time zone" => "timestamptz",
        "time without time zone" => "time",
        other => other,
    };
    let first = arguments.split([',', ')']).next().unwrap_or("");
    (base, first.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::is_widening;

    #[test]
    fn only_changes_that_keep_the_stored_form_are_free() {
        for (old, new) in [
            ("varchar(50)", "varchar(100)"),
            ("varchar(50)", "character varying"),
            ("varchar(50)", "text"),
            ("text", "varchar"),
            ("numeric(10,2)", "numeric(12,2)"),
            ("decimal(10, 2)", "numeric"),
            ("citext", "text"),
            ("cidr", "inet"),
            ("timestamp(3)", "timestamp(6)"),
            ("timestamp(6)", "timestamp"),
        ] {
            assert!(is_widening(old, new), "{old} to {new}");
        }
        for (old, new) in [
            ("varchar(100)", "varchar(50)"),
            ("text", "varchar(50)"),
            ("int", "bigint"),
            ("char(10)", "varchar(10)"),
            ("numeric(10,2)", "numeric(12,4)"),
            ("timestamp", "timestamptz"),
            ("timestamp", "timestamp(3)"),
            ("inet", "cidr"),
        ] {
            assert!(!is_widening(old, new), "{old} to {new}");
        }
    }
}

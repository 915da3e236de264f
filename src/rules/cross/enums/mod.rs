//! Values of enums that a migration takes away while code still uses them.

mod gone;
mod uses;

use self::gone::Gone;
use super::places::{code_globs, has_word, is_code, is_live, related, singular, text_now};
use crate::domain::change::{Change, SourceFile};
use crate::domain::diff::Side;
use crate::domain::finding::Related;
use crate::ports::source::Need;
use crate::rules::migrations::{discover, schema_needs};
use crate::rules::{Draft, Findings, RuleContext};

/// Files looked at, and places shown.
const MAX_FILES: usize = 120;
const MAX_PLACES: usize = 5;

pub(super) fn applies(change: &Change) -> bool {
    !gone::words(change).is_empty()
}

pub(super) fn needs(change: &Change) -> Vec<Need> {
    let mut needs = schema_needs(change);
    needs.push(search(change));
    needs
}

fn search(change: &Change) -> Need {
    let mut globs = code_globs();
    globs.extend(["**/*.sql".to_owned(), "**/*.prisma".to_owned()]);
    Need::Search { side: Side::Head, words: gone::words(change), globs, limit: MAX_FILES }
}

pub(super) fn check(context: &RuleContext<'_>, findings: &mut Findings<'_>) {
    let files = context.gathered(&search(context.change));
    for value in gone::values(context).iter().filter(|gone| gone.value.len() >= 2) {
        let places: Vec<Related> = files
            .iter()
            .filter(|file| is_live(&file.path) && is_reader(file))
            .flat_map(|file| places_in(context, file, value))
            .take(MAX_PLACES)
            .collect();
        let Some(first) = places.first() else { continue };
        findings.at_head(value.file, value.lines, draft(value, first, places.clone()));
    }
}

fn is_reader(file: &SourceFile) -> bool {
    let sql = matches!(file.path.extension().as_deref(), Some("sql" | "prisma"));
    let migration = discover::identify(&file.path, file.text.as_str()).is_some();
    let dump = ["schema.sql", "structure.sql"].contains(&file.path.file_name());
    (is_code(&file.path) || sql) && !migration && !dump
}

fn places_in(context: &RuleContext<'_>, file: &SourceFile, gone: &Gone<'_>) -> Vec<Related> {
    let Some(text) = text_now(context, file) else { return Vec::new() };
    // The link: the file names the type, or a table that holds the value.
    let named = |name: &str| gone::forms(name).iter().any(|form| has_word(text.as_str(), form));
    let linked = gone.type_name.as_deref().is_some_and(named)
        || gone.columns.iter().any(|(table, _)| named(table) || named(&singular(table)));
    if !linked {
        return Vec::new();
    }
    let lines = uses::lines(text, gone).into_iter().take(MAX_PLACES);
    lines.filter_map(|line| related(context, file, line, "still uses it")).collect()
}

fn draft(gone: &Gone<'_>, first: &Related, places: Vec<Related>) -> Draft {
    let Gone { value, renamed_to, type_name, columns, .. } = gone;
    let of = match (type_name, columns.first()) {
        (Some(name), _) => format!("type `{name}`"),
        (None, Some((table, column))) => format!("`{table}.{column}`"),
        (None, None) => "the column".to_owned(),
    };
    let verb = match renamed_to {
        Some(new) => format!("renamed to `{new}`"),
        None => "taken away".to_owned(),
    };
    let at = first.anchor.lines().map_or(String::new(), |lines| format!(", line {lines}"));
    let count =
        if places.len() == 1 { "one place".to_owned() } else { format!("{} places", places.len()) };
    Draft {
        title: format!("`{value}` of {of} is {verb} here, but code still uses it"),
        evidence: format!(
            "At the head of this change, `{}`{at} still has the value ({count} in all). Once the migration has run, \
             the database refuses it, and rows that held it read differently.",
            first.anchor.path()
        ),
        recommendation: "Change the code first, so that it takes both the old and the new values, and release it; \
                         take the value away in a later change."
            .to_owned(),
        covers: &["migration/enum-value-renamed"],
        symbol: Some(format!("{}.{value}", type_name.as_deref().unwrap_or(&of).trim_matches('`'))),
        related: places,
        ..Draft::default()
    }
}

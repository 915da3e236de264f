//! Questions about tables and rows.

use super::{MIGRATION_TOOL, Open, RETENTION};
use crate::domain::plan::{Area, Pattern};
use crate::plan::facts::Facts;
use crate::plan::schema::{
    COLUMNS_TOPIC, Destructive, INDEX_TOPIC, ROWS_TOPIC, SchemaRequest, kind_by_name,
};
use crate::plan::words::{Words, code, codes, cut};

pub(super) fn columns(facts: &Facts<'_>) -> Option<Open> {
    let request = &facts.schema;
    if !request.bare_tables.is_empty() || !request.unclear_joins.is_empty() {
        return Some(bare_tables(request));
    }
    if !request.untyped.is_empty() || !request.homeless.is_empty() {
        return Some(unclear_columns(request));
    }
    if let Some(open) = unstored_fields(facts) {
        return Some(open);
    }
    let expected = facts.has(Area::Schema) || facts.nature.pattern == Some(Pattern::NewService);
    (expected && request.is_empty()).then(|| Open {
        topic: COLUMNS_TOPIC,
        text: "Which tables and columns change? The issue names none that can be told for certain."
            .to_owned(),
        options: vec![
            "The schema stays as it is for now; the data step only proposes a design".to_owned(),
            "Name them, for example `orders: note text, priority integer required`".to_owned(),
        ],
        assumption: "The schema stays as it is".to_owned(),
        needed: true,
    })
}

/// Fields that a request gets while the table of its resource has no column for them.
fn unstored_fields(facts: &Facts<'_>) -> Option<Open> {
    if !facts.schema.is_empty() || facts.endpoints.iter().any(|mentioned| mentioned.removed) {
        return None;
    }
    let writing = facts
        .endpoints
        .iter()
        .filter(|mentioned| matches!(mentioned.endpoint.method.as_str(), "POST" | "PUT" | "PATCH"));
    let mut found: Vec<(String, String)> = Vec::new();
    for mentioned in writing {
        // `/orders` and `/orders/{id}` are about rows of `orders`; `/orders/{id}/cancel` need not be.
        let parts: Vec<&str> = mentioned.endpoint.path.trim_matches('/').split('/').collect();
        let resource = match parts.as_slice() {
            [.., name, last] if last.starts_with(['{', ':', '<']) => name,
            [.., name] => name,
            [] => continue,
        };
        let Some(table) = facts.repository.table(resource) else { continue };
        let missing = mentioned.endpoint.request.iter().filter(|field| {
            !table.columns.is_empty() && !table.columns.iter().any(|column| column == *field)
        });
        found.extend(missing.map(|field| (table.name.clone(), field.clone())));
    }
    let (table, _) = found.first()?.clone();
    found.retain(|(other, _)| *other == table);
    let fields: Vec<&str> = found.iter().map(|(_, field)| field.as_str()).collect();
    let columns: Vec<String> =
        fields.iter().map(|field| format!("{field} {}", kind_of(facts, field))).collect();
    let (verb, they) = if fields.len() == 1 { ("Is", "It is") } else { ("Are", "They are") };
    Some(Open {
        topic: COLUMNS_TOPIC,
        text: format!(
            "{verb} {} kept in {}? No column has that name.",
            codes(&fields),
            code(&table)
        ),
        options: vec![
            code(&format!("{table}: {}", columns.join(", "))),
            format!("{they} not kept"),
            "As other columns (name them in the form of A)".to_owned(),
        ],
        assumption: format!("{they} not kept"),
        needed: true,
    })
}

/// The type that a field's name or the words suggest.
fn kind_of(facts: &Facts<'_>, field: &str) -> &'static str {
    kind_by_name(field).unwrap_or_else(|| {
        let said = [
            (&["date time", "datetime", "timestamp"] as &[&str], "timestamp"),
            (&["boolean", "true or false"], "boolean"),
            (&["integer", "whole number"], "integer"),
        ];
        let words = |(words, _): &&(&[&str], &str)| facts.words.any(words);
        said.iter().find(words).map_or("text", |(_, kind)| *kind)
    })
}

/// New tables of which no column is known.
fn bare_tables(request: &SchemaRequest) -> Open {
    let does = |one: bool| if one { "does" } else { "do" };
    let joins = &request.unclear_joins;
    let mut tables: Vec<String> = request.bare_tables.clone();
    tables.retain(|table| !joins.contains(table));
    let mut text = String::new();
    if !tables.is_empty() {
        let verb = does(tables.len() == 1);
        text = format!("Which columns {verb} {} have, with types? ", codes(&tables));
    }
    if !joins.is_empty() {
        let one = joins.len() == 1;
        let related = if one { "is it" } else { "are they" };
        text.push_str(&format!(
            "Which columns {} {} have, and to which table {related} related many to many?",
            does(one),
            codes(joins),
        ));
    }
    let example = request.bare_tables.first().or(joins.first()).cloned().unwrap_or_default();
    let example = code(&format!("{example}: name text required, note text"));
    Open {
        topic: COLUMNS_TOPIC,
        text: text.trim().to_owned(),
        options: vec![
            "Only keys, references that the issue names, and `created_at`; columns follow in \
             later migrations"
                .to_owned(),
            format!("Name them, for example {example}"),
        ],
        assumption: "New tables get keys, the references that the issue names, and `created_at`"
            .to_owned(),
        needed: true,
    }
}

/// Columns whose table or type is not said.
fn unclear_columns(request: &SchemaRequest) -> Open {
    let untyped = request.untyped.iter().map(|(table, column)| format!("{table}.{column}"));
    let names: Vec<String> = untyped.chain(request.homeless.iter().cloned()).collect();
    let text = if request.untyped.is_empty() {
        format!("To which table does {} belong, and which type does it have?", codes(&names))
    } else if names.len() == 1 {
        format!("Which type does {} have, and may it be empty?", codes(&names))
    } else {
        format!("Which types do {} have, and may they be empty?", codes(&names))
    };
    let first = names.first().cloned().unwrap_or_default();
    let (table, column) = request.untyped.first().cloned().unwrap_or(("table".to_owned(), first));
    Open {
        topic: COLUMNS_TOPIC,
        text,
        options: vec![
            code(&format!("{table}: {column} text")),
            code(&format!("{table}: {column} integer required")),
            "Something else, in the same form".to_owned(),
        ],
        assumption: format!("{} is text that may be empty", codes(&names)),
        needed: true,
    }
}

pub(super) fn rows(facts: &Facts<'_>) -> Option<Open> {
    let filled: Vec<String> =
        facts.schema.filled.iter().map(|(table, column)| format!("{table}.{column}")).collect();
    let mut options = vec![
        "None yet: it may be empty in this release, is filled afterwards and made required later"
            .to_owned(),
        "A constant that fits every existing row (name it)".to_owned(),
    ];
    if let Some(said) = said_of_old_rows(facts) {
        options.insert(1, format!("As the issue says: \u{201C}{said}\u{201D}"));
    }
    (!filled.is_empty()).then(|| Open {
        topic: ROWS_TOPIC,
        text: format!(
            "Which value do existing rows get for {}, which must not be empty?",
            codes(&filled)
        ),
        options,
        assumption: format!("{} may be empty until existing rows are filled", codes(&filled)),
        needed: true,
    })
}

/// What the issue itself says about rows that are there already.
fn said_of_old_rows(facts: &Facts<'_>) -> Option<String> {
    let old = [
        "existing rows",
        "existing",
        "already",
        "before today",
        "so far",
        "until now",
        "up to now",
        "placed before",
        "created before",
        "older",
        "old rows",
        "backfill",
    ];
    let table = |table: &String| {
        let name = table.replace('_', " ");
        let one = crate::plan::words::singular(&name);
        [name, one, "rows".to_owned()]
    };
    let names: Vec<String> = facts.schema.filled.iter().flat_map(|(of, _)| table(of)).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let said = facts.asked.requirements.iter().map(|requirement| &requirement.text).find(|text| {
        let words = Words::of(text);
        words.any(&old) && words.any(&names)
    });
    said.map(|text| cut(text, 160))
}

pub(super) fn renames(facts: &Facts<'_>) -> Option<Open> {
    let gone = facts.schema.destructive.first()?;
    let (text, first) = match gone {
        Destructive::RenameColumn { from, to, .. } => (
            format!(
                "May {} and {} exist side by side for at least one release?",
                code(from),
                code(to)
            ),
            format!(
                "Yes: add {}, write both, fill it, read it, then drop {} in a later release",
                code(to),
                code(from)
            ),
        ),
        Destructive::DropColumn { table, column } => (
            format!(
                "Does anything outside of this repository still read {}?",
                code(&format!("{table}.{column}"))
            ),
            "Not known: stop using it in this release, drop it in a later one".to_owned(),
        ),
        Destructive::DropTable { table } => (
            format!("Does anything outside of this repository still read {}?", code(table)),
            "Not known: stop using it in this release, drop it in a later one".to_owned(),
        ),
    };
    Some(Open {
        topic: "removal",
        text,
        options: vec![first, "All readers are known and change with this release".to_owned()],
        assumption: "Old and new exist side by side for a release".to_owned(),
        needed: true,
    })
}

pub(super) fn index(facts: &Facts<'_>) -> Option<Open> {
    let tables = &facts.schema.unclear_indexes;
    (!tables.is_empty()).then(|| {
        let known = tables.first().and_then(|table| facts.repository.table(table));
        let columns: Vec<String> =
            known.map(|table| table.columns.iter().take(8).cloned().collect()).unwrap_or_default();
        let have = if columns.is_empty() {
            String::new()
        } else {
            format!(" It has {}.", codes(&columns))
        };
        Open {
            topic: INDEX_TOPIC,
            text: format!(
                "Which query is slow, and by which columns of {} does it filter or sort?{have}",
                codes(tables)
            ),
            options: vec![
                "Not known: measure first, then choose the index by the plan of the slowest query"
                    .to_owned(),
                "Name the columns in order".to_owned(),
            ],
            assumption: "The index is chosen by the plan of the slowest query".to_owned(),
            needed: true,
        }
    })
}

pub(super) fn migration_tool(facts: &Facts<'_>) -> Option<Open> {
    let schema = !facts.schema.is_empty() || facts.has(Area::Schema);
    (schema && facts.repository.migrations.is_none()).then(|| Open {
        topic: MIGRATION_TOOL,
        text: "How are schema changes applied? The repository shows no migrations.".to_owned(),
        options: vec![
            "As reviewed SQL scripts, run by hand, each with its way back".to_owned(),
            "With a tool (name it and its directory)".to_owned(),
        ],
        assumption: "Schema changes are reviewed SQL scripts with their way back".to_owned(),
        needed: true,
    })
}

pub(super) fn retention(facts: &Facts<'_>) -> Option<Open> {
    let keeps = facts.nature.sensitive.personal && !facts.schema.is_empty();
    let said = facts.words.any(&["retention", "delete after", "deleted after", "kept for", "days"]);
    (keeps && !said).then(|| Open {
        topic: RETENTION,
        text: "How long is the personal data kept, and who may read it?".to_owned(),
        options: vec![
            "As long as the row that it belongs to; readable by whoever may read that row; never logged"
                .to_owned(),
            "A time after which it is deleted (name it)".to_owned(),
        ],
        assumption: "Personal data is kept as long as its row and never logged".to_owned(),
        needed: true,
    })
}

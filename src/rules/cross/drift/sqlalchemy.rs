//! SQLAlchemy: a mapped class gets a column that no migration makes.

use super::Drift;
use crate::domain::change::{Change, FileChange, Text};
use crate::domain::diff::{LineRange, Side};
use crate::ports::source::Need;
use crate::rules::RuleContext;
use crate::rules::cross::places::is_live;
use crate::rules::migrations::present::{self, History};
use crate::rules::parse::code::{Language, ParsedCode, Syntax, in_error};

/// A column that a class declares.
struct Declared {
    table: String,
    class: String,
    column: String,
    line: u32,
}

pub fn is_models_file(file: &FileChange) -> bool {
    file.path.extension().as_deref() == Some("py")
        && !file.derived
        && is_live(&file.path)
        && file.head_text().is_some_and(|text| {
            let text = text.as_str();
            text.contains("__tablename__") && text.contains("sqlalchemy")
        })
}

pub fn needs(change: &Change) -> Vec<Need> {
    need(change).into_iter().collect()
}

fn need(change: &Change) -> Option<Need> {
    let files = change.files.iter().filter(|file| is_models_file(file));
    let mut with_new = files.filter(|file| !new_columns(file).is_empty()).peekable();
    with_new.peek()?;
    Some(present::need(with_new.map(|file| &file.path)))
}

pub fn drifts<'a>(context: &RuleContext<'a>) -> Vec<Drift<'a>> {
    let Some(files) = need(context.change).and_then(|need| context.gathered_whole(&need)) else {
        return Vec::new();
    };
    let histories = present::histories(files);
    let mut found = Vec::new();
    for file in context.change.files.iter().filter(|file| is_models_file(file)) {
        for declared in new_columns(file) {
            let Some(history) = lacking(&histories, &declared, file) else { continue };
            found.push(Drift {
                file,
                side: Side::Head,
                lines: LineRange::line(declared.line),
                model: declared.class.clone(),
                what: vec![format!("the column `{}.{}` is new", declared.table, declared.column)],
                place: history.root.clone(),
                how: "Make the migration with `alembic revision --autogenerate` and add it to this change.".to_owned(),
            });
        }
    }
    found
}

/// The one history that makes the table, if the table surely lacks the column.
fn lacking<'h>(
    histories: &'h [History],
    declared: &Declared,
    file: &FileChange,
) -> Option<&'h History> {
    let near = histories.iter().filter(|history| history.serves(&file.path));
    let mut owners = near.filter(|history| {
        history
            .schema
            .table(&declared.table)
            .table()
            .is_some_and(|table| table.name == declared.table)
    });
    let only = owners.next()?;
    if owners.next().is_some() || only.may_make(&declared.table, &declared.column) {
        return None;
    }
    let known = only.schema.table(&declared.table);
    let table = known.whole()?;
    table.column(&declared.column).is_none().then_some(only)
}

/// The columns on lines that the change adds to classes that were there before.
fn new_columns(file: &FileChange) -> Vec<Declared> {
    let Some(text) = file.head_text() else { return Vec::new() };
    let code = ParsedCode::new(text.as_str(), Language::Python);
    let Some(root) = code.root() else { return Vec::new() };
    let classes = root.dfs().filter(|node| node.kind() == "class_definition");
    let all = classes.filter_map(|class| columns(&class, text)).flatten();
    all.filter(|declared| file.adds_any(LineRange::line(declared.line))).collect()
}

fn columns(class: &Syntax<'_>, text: &Text) -> Option<Vec<Declared>> {
    let name = class.field("name")?.text().into_owned();
    let body = class.field("body")?;
    if in_error(class) {
        return None;
    }
    let assignments: Vec<Syntax<'_>> = body
        .named_children()
        .filter(|node| node.kind() == "expression_statement")
        .filter_map(|node| node.named_children().next().filter(|it| it.kind() == "assignment"))
        .collect();
    let given = |wanted: &str| {
        assignments.iter().find(|it| it.field("left").is_some_and(|left| left.text() == wanted))
    };
    // In another schema, or with a table made elsewhere.
    if given("__table_args__").is_some_and(|it| it.text().contains("schema"))
        || given("__table__").is_some()
    {
        return None;
    }
    let table = string(&given("__tablename__")?.field("right")?)?;
    let mut found = Vec::new();
    for assignment in &assignments {
        let (Some(left), Some(call)) = (assignment.field("left"), assignment.field("right")) else {
            continue;
        };
        let function = call.field("function").map(|function| function.text().into_owned());
        let is_column = function.is_some_and(|function| {
            matches!(function.rsplit('.').next(), Some("Column" | "mapped_column"))
        });
        if !is_column || left.kind() != "identifier" {
            continue;
        }
        let first = call.field("arguments").and_then(|arguments| arguments.named_children().next());
        let named = first.as_ref().and_then(string);
        found.push(Declared {
            table: table.clone(),
            class: name.clone(),
            column: named.unwrap_or_else(|| left.text().into_owned()),
            line: text.line_at(assignment.range().start),
        });
    }
    Some(found)
}

/// A plain string; `None` for anything else.
fn string(node: &Syntax<'_>) -> Option<String> {
    let plain = node.kind() == "string"
        && node
            .named_children()
            .all(|part| part.kind() == "string_content" || part.kind().starts_with("string_"));
    let text = node.text();
    let inner = text.strip_prefix(['"', '\''])?.strip_suffix(['"', '\''])?;
    (plain && !inner.is_empty()).then(|| inner.to_owned())
}

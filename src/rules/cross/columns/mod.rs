//! Columns and tables that a migration removes while code still reads them.

mod mapped;
mod uses;

pub(super) use self::uses::table_forms;

use super::places::{
    camel_case, code_globs, is_code, is_live, pascal_case, related, singular, text_now,
};
use crate::domain::change::{Change, FileChange, SourceFile, Text};
use crate::domain::diff::{LineRange, Side};
use crate::domain::finding::Related;
use crate::ports::source::Need;
use crate::rules::migrations::discover::{self, Direction};
use crate::rules::migrations::{ActionKind, Kind, Statement, forward_statements, names};
use crate::rules::{Draft, Findings, RuleContext};

/// Most removed names that are searched for in one change.
const MAX_NAMES: usize = 12;
/// Files looked at for one name, and places shown.
const MAX_FILES: usize = 80;
const MAX_PLACES: usize = 5;

/// Something that a migration of the change takes away.
struct Removed<'a> {
    file: &'a FileChange,
    lines: LineRange,
    table: String,
    /// `None`: the whole table.
    column: Option<String>,
    /// The name that takes its place.
    renamed_to: Option<String>,
    /// The column as the migration writes it, where databases that do not tell capitals apart let
    /// it write `DiscountCode`: `table` and `column` are then `orders` and `discount_code`.
    spelled: Option<String>,
}

impl Removed<'_> {
    /// Takes the parts of the names from how the migration writes them.
    fn spell(mut self) -> Self {
        let text = self.file.head_text();
        let lines = (self.lines.start()..=self.lines.end()).filter_map(|line| text?.line(line));
        let words: Vec<&str> =
            lines.flat_map(|line| line.split(|c: char| !c.is_alphanumeric() && c != '_')).collect();
        let written = |name: &str| {
            words.iter().find(|word| word.eq_ignore_ascii_case(name) && is_pascal(word)).copied()
        };
        if let Some(column) = self.column.as_deref().and_then(written) {
            self.table = written(&self.table).map_or(self.table, snake_case);
            self.column = Some(snake_case(column));
            self.spelled = Some(column.to_owned());
        }
        self
    }
}

fn is_pascal(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_uppercase())
        && word.chars().any(|c| c.is_ascii_lowercase())
        && !word.contains('_')
}

/// `DiscountCode` as `discount_code`.
fn snake_case(pascal: &str) -> String {
    let mut snake = String::new();
    let mut before = '_';
    for letter in pascal.chars() {
        if letter.is_uppercase() && !before.is_uppercase() && before != '_' {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
        before = letter;
    }
    snake
}

/// Rules that see the statement and not who still uses what it takes away.
const REMOVALS: [&str; 4] = [
    "migration/column-dropped",
    "migration/column-renamed",
    "migration/table-dropped",
    "migration/table-renamed",
];

pub(super) fn applies(change: &Change) -> bool {
    change.files.iter().any(|file| discover::is_forward(file) && !file.hunks.is_empty())
}

pub(super) fn needs(change: &Change) -> Vec<Need> {
    removed(change).iter().map(need).collect()
}

fn need(removed: &Removed<'_>) -> Need {
    let mut globs = code_globs();
    globs.extend(["**/*.sql".to_owned(), "**/*.prisma".to_owned()]);
    let words = match &removed.column {
        Some(column) if is_telling(column) => {
            forms(column).into_iter().chain(removed.spelled.clone()).collect()
        }
        // A name that stands for many things is only looked for where the table is named.
        Some(_) => vec![removed.table.clone(), pascal_case(&singular(&removed.table))],
        None => vec![removed.table.clone()],
    };
    Need::Search { side: Side::Head, words, globs, limit: MAX_FILES }
}

/// A name as SQL, JavaScript and type names write it.
fn forms(name: &str) -> Vec<String> {
    let mut forms = vec![name.to_owned(), camel_case(name), pascal_case(name)];
    forms.dedup();
    forms
}

/// What the migrations of a change take away and bring.
#[derive(Default)]
struct Balance<'a> {
    removed: Vec<Removed<'a>>,
    /// Tables, views and other objects that get a name.
    made: Vec<String>,
    /// Columns, with their tables.
    added: Vec<(String, String)>,
}

fn removed(change: &Change) -> Vec<Removed<'_>> {
    let mut balance = Balance::default();
    for file in change.files.iter().filter(|file| discover::is_forward(file)) {
        let Some(text) = file.head_text() else { continue };
        let identity = discover::identify_file(file);
        if identity.is_none_or(|identity| identity.direction == Direction::Repeatable) {
            continue;
        }
        for statement in forward_statements(&file.path, text.as_str()) {
            balance.take(file, text, &statement);
        }
    }
    let Balance { removed: mut all, made, added } = balance;
    all.retain(|thing| {
        let again = thing.column.as_ref().is_some_and(|column| {
            added.iter().any(|(table, name)| *table == thing.table && name == column)
        });
        let new = again || made.contains(&thing.table);
        let searched = thing.column.is_some() || is_telling(&thing.table);
        !new && thing.file.adds_any(thing.lines) && searched
    });
    all.truncate(MAX_NAMES);
    all.into_iter().map(Removed::spell).collect()
}

impl<'a> Balance<'a> {
    fn take(&mut self, file: &'a FileChange, text: &Text, statement: &Statement) {
        let lines = text.lines_of(statement.bytes.start, statement.bytes.end);
        match &statement.kind {
            Kind::CreateTable(table) => {
                self.made.push(names::without_schema(&table.name).to_owned())
            }
            Kind::Create { name, .. } | Kind::CreateEnum { name, .. } => {
                self.made.push(name.clone())
            }
            Kind::DropTable { tables, .. } => {
                for table in tables {
                    self.lose(file, lines, table, None, None);
                }
            }
            Kind::AlterTable { table, actions } => {
                for action in actions {
                    let lines = text.lines_of(action.bytes.start, action.bytes.end);
                    match &action.kind {
                        ActionKind::DropColumn { column, .. } => {
                            self.lose(file, lines, table, Some(column), None);
                        }
                        ActionKind::RenameColumn { from, to } => {
                            self.lose(file, lines, table, Some(from), Some(to));
                        }
                        ActionKind::RenameTable { to } => {
                            self.made.push(to.clone());
                            self.lose(file, lines, table, None, Some(to));
                        }
                        ActionKind::AddColumn(column) => {
                            let table = names::without_schema(table).to_owned();
                            self.added.push((table, column.name.clone()));
                        }
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }

    fn lose(
        &mut self,
        file: &'a FileChange,
        lines: LineRange,
        table: &str,
        column: Option<&String>,
        renamed_to: Option<&String>,
    ) {
        self.removed.push(Removed {
            file,
            lines,
            table: names::without_schema(table).to_owned(),
            column: column.cloned(),
            renamed_to: renamed_to.cloned(),
            spelled: None,
        });
    }
}

/// Whether the name says enough to search for it.
fn is_telling(name: &str) -> bool {
    name.len() >= 4 && !["name", "type", "data", "value", "state", "status"].contains(&name)
}

pub(super) fn check(context: &RuleContext<'_>, findings: &mut Findings<'_>) {
    for thing in removed(context.change) {
        let files = context.gathered(&need(&thing));
        let places: Vec<Related> = files
            .iter()
            .filter(|file| is_live(&file.path) && is_reader(file))
            .flat_map(|file| places_in(context, file, &thing))
            .take(MAX_PLACES)
            .collect();
        let Some(first) = places.first() else { continue };
        let what = match &thing.column {
            Some(column) => format!("{}.{column}", thing.table),
            None => thing.table.clone(),
        };
        let at = first.anchor.lines().map_or(String::new(), |lines| format!(", line {lines}"));
        let verb = if thing.renamed_to.is_some() { "renamed" } else { "dropped" };
        let draft = Draft {
            title: format!("`{what}` is {verb} here, but code still uses it"),
            evidence: format!(
                "At the head of this change, `{}`{at} still names it ({} in all). Once the migration has run, that code \
                 fails.",
                first.anchor.path(),
                if places.len() == 1 { "one place".to_owned() } else { format!("{} places", places.len()) },
            ),
            recommendation: "Change the code first and release it; remove the column or table in a later change.".to_owned(),
            symbol: Some(what),
            covers: &REMOVALS,
            related: places,
            ..Draft::default()
        };
        findings.at_head(thing.file, thing.lines, draft);
    }
}

fn is_reader(file: &SourceFile) -> bool {
    let sql = matches!(file.path.extension().as_deref(), Some("sql" | "prisma"));
    let migration = discover::identify(&file.path, file.text.as_str()).is_some();
    let dump = ["schema.sql", "structure.sql"].contains(&file.path.file_name());
    (is_code(&file.path) || sql) && !migration && !dump
}

fn places_in(context: &RuleContext<'_>, file: &SourceFile, thing: &Removed<'_>) -> Vec<Related> {
    let Some(text) = text_now(context, file) else { return Vec::new() };
    let lines = uses::lines(&file.path, text, thing).into_iter();
    let places = lines.filter_map(|line| related(context, file, line, "still uses it"));
    places.take(MAX_PLACES).collect()
}

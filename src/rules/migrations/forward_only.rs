//! Migrations after which nobody misses a way back.

use super::actions::{ActionKind, ConstraintKind};
use super::dialect::{self, Dialect};
use super::discover::{self, Direction, Framework, Identity};
use super::facts::{Kind, Statement};
use super::files::{comment, has_statements, says_how_to_recover};
use super::read::{self, Setting};
use super::surroundings::history_need;
use crate::domain::change::FileChange;
use crate::rules::RuleContext;

/// Whether the migration has no statement, or only queries and settings of its session.
pub(super) fn changes_nothing(file: &FileChange) -> bool {
    let Some((read, text)) = forward(file) else { return false };
    let idle = |statement: &Statement| match statement.kind {
        Kind::Set | Kind::Begin | Kind::End => true,
        Kind::Other => text.get(statement.bytes.clone()).is_some_and(|text| {
            text.split_whitespace().next().is_some_and(|word| word.eq_ignore_ascii_case("select"))
        }),
        _ => false,
    };
    read.complete && read.statements.iter().all(idle)
}

/// Whether the migration changes no schema and takes no row away: what it fills may stay when the
/// release goes back.
pub(super) fn fills_only(file: &FileChange) -> bool {
    let fills = |statement: &Statement| {
        matches!(
            statement.kind,
            Kind::Update { filtered: true, .. }
                | Kind::Insert { .. }
                | Kind::Set
                | Kind::Begin
                | Kind::End
                | Kind::Other
        )
    };
    forward(file).is_some_and(|(read, _)| read.statements.iter().all(fills))
}

fn forward(file: &FileChange) -> Option<(read::Read, &str)> {
    let text = file.head_text()?.as_str();
    let identity = discover::identify_file(file)?;
    let dialect = dialect::of_file(&file.path, text).unwrap_or(Dialect::Postgres);
    Some((read::forward(identity.framework, text, Setting::plain(dialect)), text))
}

/// Whether the release before can go on with the schema that the migration leaves: nothing is
/// taken away, and nothing is demanded of rows that it writes.
pub(super) fn only_adds(file: &FileChange) -> bool {
    let Some((read::Read { statements, .. }, _)) = forward(file) else { return false };
    let made = |table: &str| {
        statements.iter().any(|s| matches!(&s.kind, Kind::CreateTable(made) if made.name == table))
    };
    let adds_empty = |table: &str, wanted: &str| {
        statements.iter().any(|s| match &s.kind {
            Kind::AlterTable { table: on, actions } if on == table => {
                actions.iter().any(|action| {
                    matches!(&action.kind, ActionKind::AddColumn(column)
                    if column.name == wanted && !column.not_null && !column.is_filled())
                })
            }
            _ => false,
        })
    };
    !statements.is_empty()
        && statements.iter().all(|statement| match &statement.kind {
            Kind::CreateTable(_)
            | Kind::Create { .. }
            | Kind::CreateEnum { .. }
            | Kind::CreatePolicy { .. }
            | Kind::Set
            | Kind::Begin
            | Kind::End
            | Kind::Other
            | Kind::AddEnumValue { .. } => true,
            Kind::OtherSchemaChange => is_remark(file, statement),
            Kind::CreateIndex(index) => !index.unique || made(&index.table),
            Kind::Insert { table, .. } => made(table),
            Kind::AlterTable { table, actions } => {
                made(table)
                    || actions.iter().all(|action| match &action.kind {
                        ActionKind::AddColumn(column) => !column.not_null || column.is_filled(),
                        // A reference from a column that is new and empty.
                        ActionKind::AddConstraint(it) => {
                            it.kind == ConstraintKind::ForeignKey
                                && it.columns.iter().all(|column| adds_empty(table, column))
                        }
                        ActionKind::ValidateConstraint { .. }
                        | ActionKind::DropNotNull { .. }
                        | ActionKind::SetDefault { .. } => true,
                        _ => false,
                    })
            }
            _ => false,
        })
}

/// `COMMENT ON …`, which only people read.
fn is_remark(file: &FileChange, statement: &Statement) -> bool {
    let text = file.head_text().and_then(|text| text.as_str().get(statement.bytes.clone()));
    text.is_some_and(|text| {
        text.split_whitespace().next().is_some_and(|word| word.eq_ignore_ascii_case("comment"))
    })
}

/// Whether no earlier migration has a way back either: this repository goes forward only. Without
/// an earlier one that is said of tools that have no way back at all, and of folders whose neighbours
/// are not seen.
pub(super) fn is_habit(context: &RuleContext<'_>, file: &FileChange, identity: &Identity) -> bool {
    // Frameworks in code work most ways back out by themselves: there it is the habit to have one.
    if identity.framework.is_code() {
        return false;
    }
    let mut earlier = 0;
    for other in context.gathered(&history_need(context.change)) {
        let text = other.text.as_str();
        let Some(known) = discover::identify(&other.path, text) else { continue };
        if discover::root(&other.path, &known) != discover::root(&file.path, identity) {
            continue;
        }
        let backward = discover::backward_part(known.framework, text);
        let undone = backward.iter().filter_map(|part| text.get(part.clone())).any(has_statements);
        let noted = text.lines().filter_map(comment).any(says_how_to_recover);
        if known.direction == Direction::Down || undone || noted {
            return false;
        }
        earlier += 1;
    }
    let no_way_back_at_all =
        [Framework::Prisma, Framework::Supabase, Framework::Drizzle].contains(&identity.framework);
    earlier > 0 || no_way_back_at_all || discover::is_nested(&file.path, identity)
}

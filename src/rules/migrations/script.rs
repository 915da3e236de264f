//! A migration as the rules see it: parsed once, with the linter's hits and what the rest of the
//! change creates.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

pub use squawk_linter::Rule as Hit;

pub(super) use super::surroundings::needs;

use super::actions::{Action, ActionKind};
use super::dialect::{self, Dialect};
use super::discover::{self, Direction, Framework, Identity};
use super::facts::{Kind, Statement};
use super::read::{self, LinterHit, Setting};
use super::state::{Known, Timeline};
use super::surroundings::{Surroundings, configuration_need, history_need};
use super::{drizzle, frameworks, names, translate};
use crate::config::policy::{NewTables, Policy};
use crate::domain::change::{Change, FileChange, Text};
use crate::domain::diff::{LineRange, Side};
use crate::domain::finding::Fix;
use crate::rules::{Draft, Findings, RuleContext};

/// One side of a migration file, parsed.
pub struct Script {
    pub identity: Option<Identity>,
    pub statements: Vec<Statement>,
    /// What the linter reports, by rule.
    hits: Vec<LinterHit>,
    /// The file's own text, for fixes.
    pub text: String,
    /// The tool runs it in a transaction; `None` when the file does not show it.
    pub wrapped: Option<bool>,
    /// Every statement was understood.
    pub complete: bool,
    /// Bytes whose statements the author has declared safe.
    assured: Vec<Range<usize>>,
}

impl Script {
    fn parse(change: &Change, file: &FileChange, dialect: Dialect, policy: &Policy) -> Self {
        let text = file.head_text().map_or("", Text::as_str);
        let identity = discover::identify(&file.path, text);
        let framework = identity.as_ref().map_or(Framework::Plain, |identity| identity.framework);
        let wrapped = match framework {
            Framework::Diesel if opts_out(change, file) => Some(false),
            _ => {
                discover::runs_in_transaction(framework, text).or(policy.migrations.in_transaction)
            }
        };
        let setting = Setting {
            dialect,
            wrapped: wrapped == Some(true),
            lint: true,
            postgres: read::postgres_version(policy),
        };
        let read = read::forward(framework, text, setting);
        Self {
            identity,
            statements: read.statements,
            hits: read.hits,
            text: text.to_owned(),
            wrapped,
            complete: read.complete,
            assured: read.assured,
        }
    }
}

impl Script {
    /// Whether the author has declared the statement at this byte safe.
    pub fn is_assured(&self, at: usize) -> bool {
        self.assured.iter().any(|bytes| bytes.contains(&at))
    }
}

/// Whether a Diesel migration comes with a `metadata.toml` that switches its transaction off.
fn opts_out(change: &Change, file: &FileChange) -> bool {
    let metadata = format!("{}/metadata.toml", file.path.directory());
    change.files.iter().filter(|other| other.path.as_str() == metadata).any(|other| {
        other.head_text().is_some_and(|text| {
            let settings: String = text.as_str().split_whitespace().collect();
            settings.contains("run_in_transaction=false")
        })
    })
}

/// The forward migrations of a change with the schema that they meet, worked out once a review.
struct Prepared {
    /// In the order in which they run.
    migrations: Vec<Part>,
    timelines: Vec<Timeline>,
}

struct Part {
    /// Position in the change's files.
    file: usize,
    script: Arc<Script>,
    dialect: Dialect,
    timeline: usize,
    /// Tables made by migrations of this change that run before this one.
    created_before: HashSet<String>,
}

/// A migration of the change that runs forwards.
pub struct Migration<'a> {
    pub file: &'a FileChange,
    pub script: Arc<Script>,
    pub dialect: Dialect,
    new_tables: NewTables,
    prepared: Arc<Prepared>,
    at: usize,
}

/// A statement of a migration with what belongs to it.
#[derive(Clone, Copy)]
pub struct At<'m> {
    pub migration: &'m Migration<'m>,
    pub statement: &'m Statement,
    pub action: Option<&'m Action>,
    /// Position of the statement in its script.
    pub index: usize,
    /// The bytes to report.
    start: usize,
    end: usize,
    /// How the linter would mend it.
    edits: &'m [(Range<usize>, String)],
}

impl Prepared {
    fn new(context: &RuleContext<'_>) -> Self {
        let files = &context.change.files;
        let mut order: Vec<usize> = (0..files.len())
            .filter(|at| files.get(*at).is_some_and(discover::is_forward))
            .collect();
        order.sort_by_key(|at| files.get(*at).map(|file| file.path.as_str()));
        drizzle::reorder(context.change, &mut order);
        let history = context.gathered(&history_need(context.change));
        let around =
            Surroundings::new(context.gathered(&configuration_need(context.change)), history);
        let mut made = Self { migrations: Vec::new(), timelines: Vec::new() };
        let mut roots: Vec<String> = Vec::new();
        let mut created: HashSet<String> = HashSet::new();
        for at in order {
            let Some(file) = files.get(at) else { continue };
            let text = file.head_text().map_or("", Text::as_str);
            let shown = dialect::of_migration(&file.path, text, context.policy);
            let usual = discover::identify_file(file)
                .map_or(Dialect::Postgres, |it| frameworks::usual_dialect(it.framework));
            let dialect = shown.or_else(|| around.dialect(&file.path)).unwrap_or(usual);
            let parsed = context.parsed(file, Side::Head, |_| {
                Script::parse(context.change, file, dialect, context.policy)
            });
            let Some(script) = parsed else { continue };
            let root = script.identity.as_ref().map_or("", |it| discover::root(&file.path, it));
            let timeline = roots.iter().position(|known| known == root).unwrap_or_else(|| {
                roots.push(root.to_owned());
                made.timelines.push(Timeline::of_base(context.change, history, root, dialect));
                roots.len() - 1
            });
            if let Some(timeline) = made.timelines.get_mut(timeline) {
                timeline.apply(file, &script.statements, script.complete);
            }
            let created_before = created.clone();
            if file.is_added() && context.policy.migrations.new_tables == NewTables::Change {
                created.extend(tables_made(&script.statements).map(str::to_owned));
            }
            made.migrations.push(Part { file: at, script, dialect, timeline, created_before });
        }
        made
    }
}

impl<'a> Migration<'a> {
    /// The forward migrations of a change, in path order.
    pub fn all(context: &RuleContext<'a>) -> Vec<Migration<'a>> {
        let Some(prepared) = context.shared(|| Prepared::new(context)) else { return Vec::new() };
        let made = prepared.migrations.iter().enumerate().filter_map(|(at, part)| {
            Some(Migration {
                file: context.change.files.get(part.file)?,
                script: part.script.clone(),
                dialect: part.dialect,
                new_tables: context.policy.migrations.new_tables,
                prepared: prepared.clone(),
                at,
            })
        });
        made.collect()
    }

    fn part(&self) -> Option<&Part> {
        self.prepared.migrations.get(self.at)
    }

    /// How the schema of its folder comes about.
    pub fn timeline(&self) -> Option<&Timeline> {
        self.prepared.timelines.get(self.part()?.timeline)
    }

    /// A table as the statement at this position of the script meets it.
    pub fn table_before(&self, statement: usize, name: &str) -> Known {
        let timeline = self.timeline();
        let moment = timeline.and_then(|it| it.moment(&self.file.path, statement));
        moment.map_or(Known::Unknown, |moment| moment.table(name))
    }

    /// Whether the table is new with this change at that point, so that it is empty and nobody
    /// waits for its locks.
    pub fn is_new_table(&self, table: &str, before: usize) -> bool {
        let position = self.script.statements.iter().rposition(|s| s.bytes.start <= before);
        if self.file.is_added()
            && self.new_tables != NewTables::Transaction
            && let Some(Known::Table(known)) = position.map(|at| self.table_before(at, table))
        {
            return match (known.made_in, self.new_tables) {
                (Some(made_in), NewTables::Migration) => Some(made_in) == self.number(),
                (made_in, _) => made_in.is_some(),
            };
        }
        self.was_made(table, before, position)
    }

    /// Its number among the migrations of its folder.
    fn number(&self) -> Option<usize> {
        let own = self.part()?.timeline;
        let before = self.prepared.migrations.get(..self.at)?;
        Some(before.iter().filter(|part| part.timeline == own).count())
    }

    /// Whether a script of the change makes the table before that point.
    fn was_made(&self, table: &str, before: usize, position: Option<usize>) -> bool {
        let earlier_files = self
            .part()
            .is_some_and(|part| part.created_before.iter().any(|made| names::same(made, table)));
        if earlier_files {
            return true;
        }
        let statements = &self.script.statements;
        let own = position.and_then(|at| statements.get(at)).map(|s| s.transaction);
        let earlier: Vec<&Statement> = statements
            .iter()
            .take_while(|s| s.bytes.start < before)
            .filter(|s| self.new_tables != NewTables::Transaction || Some(s.transaction) == own)
            .collect();
        let renamed_from = earlier.iter().find_map(|s| match &s.kind {
            Kind::AlterTable { table: from, actions } => actions.iter().find_map(|action| {
                let ActionKind::RenameTable { to } = &action.kind else { return None };
                names::same(to, table).then_some(from.as_str())
            }),
            _ => None,
        });
        earlier.iter().any(|s| match &s.kind {
            Kind::CreateTable(made) => {
                names::same(&made.name, table)
                    || renamed_from.is_some_and(|from| names::same(&made.name, from))
            }
            _ => false,
        })
    }

    /// The statements, the ones added by this change only.
    pub fn statements(&self) -> impl Iterator<Item = At<'_>> {
        self.script
            .statements
            .iter()
            .enumerate()
            .map(|(index, statement)| At {
                migration: self,
                statement,
                action: None,
                index,
                start: statement.bytes.start,
                end: statement.bytes.end,
                edits: &[],
            })
            .filter(|at| self.file.adds_any(at.lines()))
    }

    /// The actions of `ALTER TABLE` statements that this change adds.
    pub fn actions(&self) -> impl Iterator<Item = (At<'_>, &str, &Action)> {
        self.script.statements.iter().enumerate().flat_map(move |(index, statement)| {
            let (table, actions) = match &statement.kind {
                Kind::AlterTable { table, actions } => (table.as_str(), actions.as_slice()),
                _ => ("", [].as_slice()),
            };
            actions.iter().filter_map(move |action| {
                let at = At {
                    migration: self,
                    statement,
                    action: Some(action),
                    index,
                    start: action.bytes.start,
                    end: action.bytes.end,
                    edits: &[],
                };
                self.file.adds_any(at.lines()).then_some((at, table, action))
            })
        })
    }

    /// What the linter reports under one of its rules, in lines that this change adds.
    pub fn hits(&self, wanted: Hit) -> impl Iterator<Item = At<'_>> {
        self.script.hits.iter().filter(move |hit| hit.rule == wanted).filter_map(move |hit| {
            let range = &hit.bytes;
            let statements = &self.script.statements;
            let index = statements
                .iter()
                .rposition(|s| s.bytes.start <= range.start && range.start <= s.bytes.end)?;
            let statement = statements.get(index)?;
            let action = match &statement.kind {
                Kind::AlterTable { actions, .. } => actions
                    .iter()
                    .find(|a| a.bytes.start <= range.start && range.start < a.bytes.end),
                _ => None,
            };
            let (start, end) = (range.start, range.end);
            let edits = hit.edits.as_slice();
            let at = At { migration: self, statement, action, index, start, end, edits };
            self.file.adds_any(at.lines()).then_some(at)
        })
    }

    /// How many statements do something, transaction control and settings apart.
    pub fn effective_statements(&self) -> usize {
        let idle = |s: &&Statement| matches!(s.kind, Kind::Other | Kind::Begin | Kind::End);
        self.script.statements.iter().filter(|s| !idle(s)).count()
    }

    pub fn framework(&self) -> Framework {
        self.script.identity.as_ref().map_or(Framework::Plain, |identity| identity.framework)
    }

    /// Whether the migration itself adds these columns, without a value for the rows that are there.
    pub fn adds_empty(&self, table: &str, columns: &[String]) -> bool {
        let adds = |wanted: &String| {
            self.script.statements.iter().any(|statement| match &statement.kind {
                Kind::AlterTable { table: on, actions } if on == table => {
                    actions.iter().any(|action| {
                        matches!(&action.kind, ActionKind::AddColumn(column)
                            if column.name == *wanted && !column.is_filled())
                    })
                }
                _ => false,
            })
        };
        !columns.is_empty() && columns.iter().all(adds)
    }

    pub fn is_repeatable(&self) -> bool {
        self.script.identity.as_ref().is_some_and(|i| i.direction == Direction::Repeatable)
    }
}

impl At<'_> {
    pub fn lines(&self) -> LineRange {
        let text = self.migration.file.head_text();
        text.map_or(LineRange::line(1), |text| text.lines_of(self.start, self.end.max(self.start)))
    }

    /// The table that the statement works on, empty if it names none.
    pub fn table(&self) -> &str {
        match &self.statement.kind {
            Kind::AlterTable { table, .. }
            | Kind::Update { table, .. }
            | Kind::Delete { table, .. }
            | Kind::Insert { table, .. } => table,
            Kind::CreatePolicy { table } => table,
            Kind::CreateTable(made) => &made.name,
            Kind::CreateIndex(index) => &index.table,
            Kind::DropTable { tables, .. } | Kind::Truncate { tables, .. } => {
                tables.first().map_or("", String::as_str)
            }
            _ => "",
        }
    }

    /// What the linter would change, as a fix, where it stays within a few lines.
    pub fn linter_fix(&self) -> Option<Fix> {
        let text = self.migration.file.head_text()?;
        let first = self.edits.iter().map(|(range, _)| range.start).min()?;
        let last = self.edits.iter().map(|(range, _)| range.end).max()?;
        let lines = text.lines_of(first, last.max(first + 1));
        let source = text.as_str();
        let start = source.get(..first)?.rfind('\n').map_or(0, |at| at + 1);
        let end = source.get(last..)?.find('\n').map_or(source.len(), |at| last + at);
        let mut edits: Vec<_> = self.edits.iter().collect();
        edits.sort_by_key(|(range, _)| std::cmp::Reverse(range.start));
        let mut replacement = source.get(start..end)?.to_owned();
        for (range, with) in edits {
            let own = range.start.checked_sub(start)?..range.end.checked_sub(start)?;
            replacement.get(own.clone())?;
            replacement.replace_range(own, with);
        }
        let short = lines.end() - lines.start() < 10 && !source.contains('\r');
        short.then_some(Fix::Replace { lines, replacement })
    }

    /// A table that the statement names, as it is before the statement runs.
    pub fn before(&self, table: &str) -> Known {
        self.migration.table_before(self.index, table)
    }

    /// Whether that table is new with this change.
    pub fn on_new_table(&self) -> bool {
        self.migration.is_new_table(self.table(), self.start)
    }

    /// What is reported, as written, on one line and cut to a length that fits a title.
    pub fn snippet(&self) -> String {
        let text = &self.migration.script.text;
        // Statements that one call of a framework stands for start one byte after the other.
        let cut = text.get(..self.start).unwrap_or_default();
        let word = cut.trim_end_matches(|c: char| c.is_alphanumeric() || c == '_').len();
        let written = text.get(word..self.end).unwrap_or_default();
        let line = written.split_whitespace().collect::<Vec<_>>().join(" ").replace('`', "\"");
        let line = line.trim_end_matches(';');
        if line.chars().count() <= 50 {
            return line.to_owned();
        }
        line.chars().take(49).chain(['…']).collect()
    }

    pub fn report(&self, findings: &mut Findings<'_>, draft: Draft) {
        let script = &self.migration.script;
        if script.is_assured(self.start) {
            return;
        }
        let framework = self.migration.framework();
        let Some(draft) = translate::adapt(framework, findings.rule_code(), draft) else { return };
        let symbol = draft
            .symbol
            .clone()
            .or_else(|| Some(self.table()).filter(|table| !table.is_empty()).map(str::to_owned));
        findings.at_head(self.migration.file, self.lines(), Draft { symbol, ..draft });
    }
}

/// Names of the tables that a script makes.
fn tables_made(statements: &[Statement]) -> impl Iterator<Item = &str> {
    statements.iter().filter_map(|statement| match &statement.kind {
        Kind::CreateTable(made) => Some(made.name.as_str()),
        _ => None,
    })
}

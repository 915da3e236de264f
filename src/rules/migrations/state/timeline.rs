//! The history of one folder of migrations: the base branch's in order, then the change's.

use std::collections::HashMap;

use super::sequence::{Versioned, by_journal, in_order};
use super::{Known, Schema};
use crate::domain::change::{Change, FileChange, SourceFile};
use crate::domain::diff::Side;
use crate::domain::path::RepoPath;
use crate::ports::source::Need;
use crate::rules::migrations::actions::{Action, ActionKind};
use crate::rules::migrations::dialect::Dialect;
use crate::rules::migrations::discover::{self, Direction};
use crate::rules::migrations::drizzle;
use crate::rules::migrations::facts::{Kind, Statement};
use crate::rules::migrations::read::{self, Setting};

/// Most migrations of one end of a change that are read, and most bytes.
pub const MAX_FILES: usize = 1_500;
pub const MAX_BYTES: usize = 8_000_000;

/// What a statement meets: the tables that it names, as they are before it runs.
#[derive(Debug, Clone, Default)]
pub struct Moment(Vec<(String, Known)>);

impl Moment {
    pub fn table(&self, name: &str) -> Known {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map_or(Known::Unknown, |(_, known)| known.clone())
    }
}

/// How the schema comes about.
#[derive(Debug, Default)]
pub struct Timeline {
    /// As the base branch has it.
    pub base: Schema,
    /// As the change leaves it.
    pub end: Schema,
    /// For each migration of the change, by path, what each statement meets.
    moments: HashMap<RepoPath, Vec<Moment>>,
}

impl Timeline {
    /// Reads the base branch's migrations out of `files`.
    pub fn of_base(change: &Change, files: &[SourceFile], root: &str, dialect: Dialect) -> Self {
        let mut own: Vec<Versioned<'_>> = files
            .iter()
            .filter(|file| file.side == Side::Base && !moved_or_new(change, &file.path))
            .filter_map(|file| {
                let identity = discover::identify(&file.path, file.text.as_str())?;
                let own = matches!(identity.direction, Direction::Up | Direction::Many)
                    && discover::root(&file.path, &identity) == root;
                own.then(|| Versioned::new(&identity.version, file))
            })
            .collect();
        let journal = drizzle::journal_of(root);
        let journal = files.iter().find(|file| Some(&file.path) == journal.as_ref());
        if let Some(tags) = journal.and_then(|file| drizzle::tags(file.text.as_str())) {
            by_journal(&mut own, &tags);
        }
        let mut base = Schema { doubtful: files.len() >= MAX_FILES, ..Schema::default() };
        let mut bytes = 0;
        for file in in_order(own) {
            bytes += file.text.as_str().len();
            if bytes > MAX_BYTES {
                base.doubtful = true;
                break;
            }
            let Some(identity) = discover::identify(&file.path, file.text.as_str()) else {
                continue;
            };
            let text = file.text.as_str();
            let read = read::forward(identity.framework, text, Setting::plain(dialect));
            base.seen = true;
            base.doubtful |= !read.complete;
            for statement in &read.statements {
                base.apply(&statement.kind, None);
            }
            if identity.framework.is_code() && !read.complete {
                doubt_new(&mut base, &read.statements);
            }
        }
        Self { end: base.clone(), base, moments: HashMap::new() }
    }

    /// Goes on with a migration of the change.
    pub fn apply(&mut self, file: &FileChange, statements: &[Statement], complete: bool) {
        let number = self.moments.len();
        // The earlier form of an edited migration is part of the base.
        let made_in = file.is_added().then_some(number);
        let mut moments = Vec::with_capacity(statements.len());
        for statement in statements {
            let mut seen: Vec<(String, Known)> = Vec::new();
            for name in mentioned(&statement.kind, &self.end) {
                if !seen.iter().any(|(known, _)| *known == name) {
                    let known = self.end.table(&name);
                    seen.push((name, known));
                }
            }
            moments.push(Moment(seen));
            self.end.apply(&statement.kind, made_in);
        }
        self.end.doubtful |= !complete;
        let code = discover::identify_file(file).is_some_and(|it| it.framework.is_code());
        if code && !complete {
            doubt_new(&mut self.end, statements);
        }
        self.moments.insert(file.path.clone(), moments);
    }

    pub fn moment(&self, path: &RepoPath, statement: usize) -> Option<&Moment> {
        self.moments.get(path)?.get(statement)
    }
}

/// Notes that tables which code makes may have columns and keys of which only a part was read.
fn doubt_new(schema: &mut Schema, statements: &[Statement]) {
    for statement in statements {
        if let Kind::CreateTable(made) = &statement.kind {
            schema.doubt(&made.name);
        }
    }
}

fn moved_or_new(change: &Change, path: &RepoPath) -> bool {
    change.file(path).is_some_and(FileChange::is_added)
}

/// The tables that a statement names, its own first.
fn mentioned(kind: &Kind, schema: &Schema) -> Vec<String> {
    match kind {
        Kind::CreateTable(made) => {
            let targets = made.foreign_keys().map(|(_, target)| target.table.clone());
            std::iter::once(made.name.clone())
                .chain(targets)
                .chain(made.partition_of.clone())
                .collect()
        }
        Kind::AlterTable { table, actions } => {
            let others = actions.iter().filter_map(other_table);
            std::iter::once(table.clone()).chain(others).collect()
        }
        Kind::CreateIndex(index) => vec![index.table.clone()],
        Kind::DropTable { tables, .. }
        | Kind::Truncate { tables, .. }
        | Kind::Lock { tables, .. } => tables.clone(),
        Kind::DropIndex { indexes, table, .. } => {
            let owners = indexes
                .iter()
                .filter_map(|name| schema.table_of_index(name))
                .map(|t| t.name.clone());
            table.iter().cloned().chain(owners).collect()
        }
        Kind::Update { table, .. }
        | Kind::Delete { table, .. }
        | Kind::Insert { table, .. }
        | Kind::Rewrite { table, .. }
        | Kind::CreatePolicy { table } => vec![table.clone()],
        _ => Vec::new(),
    }
}

fn other_table(action: &Action) -> Option<String> {
    match &action.kind {
        ActionKind::AddColumn(column) => column.references.as_ref().map(|it| it.table.clone()),
        ActionKind::AddConstraint(it) => it.references.as_ref().map(|it| it.table.clone()),
        ActionKind::AttachPartition { partition, .. }
        | ActionKind::DetachPartition { partition, .. } => Some(partition.clone()),
        ActionKind::RenameTable { to } => Some(to.clone()),
        _ => None,
    }
}

/// The migrations of the base branch in the folders that the change adds to.
pub fn history_need(globs: Vec<String>) -> Need {
    Need::Glob { side: Side::Base, globs, limit: MAX_FILES }
}

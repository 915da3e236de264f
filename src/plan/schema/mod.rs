//! Changes to tables that an issue names, as far as it names them without doubt.

mod columns;
mod statements;
mod tokens;

pub use columns::kind_by_name;

use super::issue::{BlockKind, Brief, Section, without_code};
use super::repository::Repository;
use super::words::{Words, plural, singular};
use crate::domain::plan::{ColumnSpec, SchemaChange};
use statements::Statement;

/// What an issue wants of the schema.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SchemaRequest {
    pub changes: Vec<SchemaChange>,
    /// New tables of which no own column is known.
    pub bare_tables: Vec<String>,
    /// Columns whose type is not said: table and column.
    pub untyped: Vec<(String, String)>,
    /// Columns for which no table can be told.
    pub homeless: Vec<String>,
    /// Columns that existing rows must fill: table and column.
    pub filled: Vec<(String, String)>,
    /// Columns or tables that are to go or change their name.
    pub destructive: Vec<Destructive>,
    /// Tables that are to get an index on columns that are not named.
    pub unclear_indexes: Vec<String>,
    /// Tables that are to be joined many to many, with what is not said.
    pub unclear_joins: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destructive {
    DropColumn { table: String, column: String },
    RenameColumn { table: Option<String>, from: String, to: String },
    DropTable { table: String },
}

impl SchemaRequest {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether everything that is wanted is known well enough to be written.
    pub fn is_complete(&self) -> bool {
        !self.changes.is_empty()
            && self.bare_tables.is_empty()
            && self.untyped.is_empty()
            && self.homeless.is_empty()
            && self.unclear_indexes.is_empty()
            && self.unclear_joins.is_empty()
    }

    pub fn creates(&self) -> Vec<&str> {
        let created = self.changes.iter().filter_map(|change| match change {
            SchemaChange::CreateTable { table, .. } => Some(table.as_str()),
            _ => None,
        });
        created.chain(self.bare_tables.iter().map(String::as_str)).collect()
    }

    /// Every table that is touched, each once.
    pub fn tables(&self) -> Vec<String> {
        let mut tables: Vec<String> = self.creates().into_iter().map(str::to_owned).collect();
        let changed = self.changes.iter().map(|change| match change {
            SchemaChange::CreateTable { table, .. }
            | SchemaChange::AddColumn { table, .. }
            | SchemaChange::AddIndex { table, .. }
            | SchemaChange::AddForeignKey { table, .. }
            | SchemaChange::DropColumn { table, .. } => table.clone(),
        });
        let unclear = self.unclear_indexes.iter().cloned();
        let unclear = unclear.chain(self.untyped.iter().map(|(table, _)| table.clone()));
        let gone = self.destructive.iter().filter_map(|gone| match gone {
            Destructive::DropColumn { table, .. } | Destructive::DropTable { table } => {
                Some(table.clone())
            }
            Destructive::RenameColumn { table, .. } => table.clone(),
        });
        for table in changed.chain(unclear).chain(gone) {
            if !tables.contains(&table) {
                tables.push(table);
            }
        }
        tables
    }
}

/// Topics of the questions whose answers are read here.
pub const COLUMNS_TOPIC: &str = "table-columns";
pub const ROWS_TOPIC: &str = "existing-rows";
pub const INDEX_TOPIC: &str = "index-columns";

/// Reads what the issue and the answers say about tables.
pub fn request(brief: &Brief, repository: &Repository) -> SchemaRequest {
    let mut reading = Reading { repository, request: SchemaRequest::default(), context: None };
    reading.announced(&brief.title);
    reading.sentence(&brief.title);
    for block in brief.wanted().filter(|block| block.section != Section::Observed) {
        if block.depth <= 1 && block.kind != BlockKind::Row && block.kind == BlockKind::Paragraph {
            reading.context = None;
        }
        let heading = tokens::read(&block.heading);
        if let Some(table) = statements::table_of_heading(&heading) {
            reading.table(&table, false);
            reading.context = Some(table);
        }
        let items = block.kind != BlockKind::Paragraph;
        if items && reading.column_item(&block.text) {
            continue;
        }
        if items {
            reading.table_item(&block.text);
        }
        reading.announced(&block.text);
        for sentence in super::issue::sentences(&block.text) {
            reading.sentence(sentence);
        }
    }
    for answer in &brief.answers {
        reading.answer(&answer.topic, &answer.text);
    }
    reading.finish()
}

struct Reading<'a> {
    repository: &'a Repository,
    request: SchemaRequest,
    /// The table that the text is speaking of.
    context: Option<String>,
}

impl Reading<'_> {
    /// The table as the repository writes it, else as given.
    fn known_name(&self, name: &str) -> Option<String> {
        self.repository.table(name).map(|table| table.name.clone())
    }

    fn column_exists(&self, table: &str, column: &str) -> bool {
        let known = self.repository.table(table);
        known.is_some_and(|known| known.columns.iter().any(|name| name == column))
    }

    /// A table that is to be there; `create` where a sentence says so.
    fn table(&mut self, name: &str, create: bool) {
        if self.known_name(name).is_some() || self.creates(name).is_some() || !create {
            return;
        }
        let table = name.to_owned();
        self.request.changes.push(SchemaChange::CreateTable { table, columns: Vec::new() });
    }

    fn creates(&mut self, name: &str) -> Option<&mut Vec<ColumnSpec>> {
        let wanted = singular(name);
        self.request.changes.iter_mut().find_map(|change| match change {
            SchemaChange::CreateTable { table, columns } if singular(table) == wanted => {
                Some(columns)
            }
            _ => None,
        })
    }

    /// "A schema for X with a, b and c", "tables: a, b".
    fn announced(&mut self, text: &str) {
        for table in statements::announced_tables(text) {
            self.table(&table, true);
        }
    }

    /// An item that names a table: "Trades table (linked to positions)".
    fn table_item(&mut self, text: &str) {
        let Some(item) = statements::table_item(text) else { return };
        self.table(&item.table, true);
        self.context = Some(item.table.clone());
        for target in &item.linked {
            let column = ColumnSpec {
                name: format!("{}_id", singular(target)),
                kind: "reference".to_owned(),
                required: true,
                references: Some(plural(target)),
            };
            self.column(&item.table, column);
        }
        if item.many_to_many && !self.request.unclear_joins.contains(&item.table) {
            self.request.unclear_joins.push(item.table);
        }
    }

    /// An item that is a column of the table at hand: "`name`: text, required".
    fn column_item(&mut self, text: &str) -> bool {
        let Some(table) = self.context.clone() else { return false };
        let known = self.known_name(&table).is_some() || self.creates(&table).is_some();
        let Some(column) = columns::of_item(text).filter(|_| known) else { return false };
        self.typed_column(&table, column);
        true
    }

    fn typed_column(&mut self, table: &str, found: columns::Found) {
        let kind = found.kind.clone().or_else(|| kind_by_name(&found.name).map(str::to_owned));
        match kind {
            Some(kind) => {
                let references = found.references.clone().or_else(|| {
                    (kind == "reference")
                        .then(|| plural(found.name.strip_suffix("_id").unwrap_or(&found.name)))
                });
                let required = found.required.unwrap_or(false);
                self.column(table, ColumnSpec { name: found.name, kind, required, references });
            }
            None => {
                let entry = (self.known_name(table).unwrap_or(table.to_owned()), found.name);
                if !self.request.untyped.contains(&entry) {
                    self.request.untyped.push(entry);
                }
            }
        }
    }

    fn column(&mut self, table: &str, mut column: ColumnSpec) {
        // A reference is certain only if its table is there or is being made.
        if let Some(target) = column.references.clone() {
            let known = self.known_name(&target);
            match known {
                Some(name) => column.references = Some(name),
                None if self.creates(&target).is_some() => {}
                None => {
                    column.kind = "bigint".to_owned();
                    column.references = None;
                }
            }
        }
        if let Some(columns) = self.creates(table) {
            if !columns.iter().any(|known| known.name == column.name) {
                columns.push(column);
            }
            return;
        }
        let Some(table) = self.known_name(table) else { return };
        if self.column_exists(&table, &column.name) {
            return;
        }
        let twice = self.request.changes.iter().any(|change| {
            matches!(change, SchemaChange::AddColumn { table: t, column: c }
                if *t == table && c.name == column.name)
        });
        if !twice {
            if column.required {
                self.request.filled.push((table.clone(), column.name.clone()));
                column.required = false;
            }
            self.request.changes.push(SchemaChange::AddColumn { table, column });
        }
    }

    fn sentence(&mut self, text: &str) {
        let known = |name: &str| self.repository.table(name).is_some();
        let found = statements::read(text, self.context.as_deref(), &known);
        for statement in found {
            self.statement(statement);
        }
    }

    fn statement(&mut self, statement: Statement) {
        match statement {
            Statement::Table { name, create } => {
                self.table(&name, create);
                self.context = Some(name);
            }
            Statement::Column { table: Some(table), column } => {
                let exists = self.known_name(&table).is_some() || self.creates(&table).is_some();
                if exists && !self.column_exists(&table, &column.name) {
                    self.typed_column(&table, column);
                }
            }
            Statement::Column { table: None, column } => {
                let elsewhere = self.repository.tables.iter();
                let exists = { elsewhere }.any(|t| t.columns.contains(&column.name));
                if !exists && !self.request.homeless.contains(&column.name) {
                    self.request.homeless.push(column.name);
                }
            }
            Statement::Index { table, columns, unique } => self.index(&table, columns, unique),
            Statement::Drop { table, column } => {
                let Some(table) = table.and_then(|table| self.known_name(&table)) else { return };
                self.destroy(Destructive::DropColumn { table, column });
            }
            Statement::DropTable { table } => {
                let Some(table) = self.known_name(&table) else { return };
                self.destroy(Destructive::DropTable { table });
            }
            Statement::Rename { table, from, to } => {
                let table = table.and_then(|table| self.known_name(&table)).or_else(|| {
                    let mut having =
                        self.repository.tables.iter().filter(|t| t.columns.contains(&from));
                    having.next().filter(|_| having.next().is_none()).map(|t| t.name.clone())
                });
                self.destroy(Destructive::RenameColumn { table, from, to });
            }
        }
    }

    fn destroy(&mut self, destructive: Destructive) {
        if !self.request.destructive.contains(&destructive) {
            self.request.destructive.push(destructive);
        }
    }

    fn index(&mut self, table: &str, columns: Vec<String>, unique: bool) {
        let table = self.known_name(table).unwrap_or_else(|| table.to_owned());
        if columns.is_empty() {
            if !self.request.unclear_indexes.contains(&table) {
                self.request.unclear_indexes.push(table);
            }
            return;
        }
        self.request.unclear_indexes.retain(|unclear| *unclear != table);
        let change = SchemaChange::AddIndex { table, columns, unique };
        if !self.request.changes.contains(&change) {
            self.request.changes.push(change);
        }
    }

    fn answer(&mut self, topic: &str, text: &str) {
        match topic {
            COLUMNS_TOPIC => {
                let mut answered = false;
                for part in text.split(';') {
                    let Some((table, list)) = part.split_once(':') else { continue };
                    let table = table.replace('`', "").trim().to_lowercase();
                    for item in list.split(',') {
                        if let Some(column) = columns::of_answer(item) {
                            self.answered_column(&table, column);
                            answered = true;
                        }
                    }
                }
                if !answered
                    && Words::of(&without_code(text)).any(&["only keys", "keys references"])
                {
                    self.minimal_tables();
                }
            }
            INDEX_TOPIC => {
                for table in self.request.unclear_indexes.clone() {
                    let names: Vec<String> = text
                        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
                        .filter(|name| self.column_exists(&table, name))
                        .map(str::to_owned)
                        .collect();
                    if !names.is_empty() {
                        self.index(&table, names, false);
                    }
                }
            }
            _ => {}
        }
    }

    fn answered_column(&mut self, table: &str, column: columns::Found) {
        let name = column.name.clone();
        self.request.homeless.retain(|homeless| *homeless != name);
        self.request.untyped.retain(|(_, untyped)| *untyped != name);
        if self.known_name(table).is_none() {
            self.table(table, true);
        }
        self.typed_column(table, column);
        if let Some(target) =
            self.request.unclear_joins.iter().position(|join| singular(join) == singular(table))
        {
            self.request.unclear_joins.remove(target);
        }
    }

    /// New tables get the keys and references that are known and nothing else.
    fn minimal_tables(&mut self) {
        let created = ColumnSpec {
            name: "created_at".to_owned(),
            kind: "timestamp".to_owned(),
            required: true,
            references: None,
        };
        for change in &mut self.request.changes {
            if let SchemaChange::CreateTable { columns, .. } = change
                && !columns.iter().any(|column| column.name == created.name)
            {
                columns.push(created.clone());
            }
        }
        self.request.unclear_joins.clear();
    }

    /// Tables without a column of their own are not known well enough.
    fn finish(mut self) -> SchemaRequest {
        let untyped = self.request.untyped.clone();
        self.request.changes.retain(|change| match change {
            SchemaChange::CreateTable { table, columns } => {
                let telling = columns.iter().any(|column| column.kind != "reference");
                if !telling && !untyped.iter().any(|(t, _)| t == table) {
                    self.request.bare_tables.push(table.clone());
                }
                !columns.is_empty()
            }
            _ => true,
        });
        let kept: Vec<String> = self
            .request
            .changes
            .iter()
            .filter_map(|change| match change {
                SchemaChange::CreateTable { table, .. } => Some(table.clone()),
                _ => None,
            })
            .collect();
        // A bare table that has a reference stays among the changes for what is known of it.
        self.request.changes.retain(|change| match change {
            SchemaChange::CreateTable { table, .. } => {
                kept.contains(table) && !self.request.bare_tables.contains(table)
            }
            _ => true,
        });
        let gone: Vec<String> = self
            .request
            .destructive
            .iter()
            .filter_map(|gone| match gone {
                Destructive::RenameColumn { to, .. } => Some(to.clone()),
                Destructive::DropColumn { column, .. } => Some(column.clone()),
                Destructive::DropTable { .. } => None,
            })
            .collect();
        self.request.untyped.retain(|(_, column)| !gone.contains(column));
        self.request.homeless.retain(|column| !gone.contains(column));
        self.request
    }
}

//! Tables that are replaced by a copy of another shape: what SQLite needs for most changes.

use super::actions::{ActionKind, Column, Generated};
use super::facts::{CreateTable, Kind};
use super::names;
use super::script::Migration;
use super::state::Known;

/// One table that a script replaces.
pub(super) struct Rebuild<'m> {
    /// Position of the `CREATE TABLE` in the script.
    pub create: usize,
    /// The name that the table has before and after.
    pub table: &'m str,
    pub new: &'m CreateTable,
    pub old: Known,
    /// Columns and the expressions that they are filled with.
    copied: Vec<(String, String)>,
}

impl Rebuild<'_> {
    /// What a column is filled with: an expression in lower case, `None` if it is left out.
    pub fn source_of(&self, column: &str) -> Option<&str> {
        let found = self.copied.iter().find(|(name, _)| name == column);
        found.map(|(_, expression)| expression.as_str())
    }

    /// Whether a column takes over the values of the old one of the same name as they are.
    pub fn keeps(&self, column: &str) -> bool {
        self.source_of(column)
            .is_some_and(|from| names::bare_name(from).eq_ignore_ascii_case(column))
    }

    /// The old columns whose values the new table does not take over, computed ones apart.
    pub fn lost(&self) -> impl Iterator<Item = &Column> {
        let old = self.old.whole().filter(|_| !self.new.columns_elsewhere);
        old.into_iter().flat_map(|old| &old.columns).filter(|column| {
            column.generated != Some(Generated::Virtual)
                && !self.new.columns.iter().any(|it| it.name == column.name)
                && !self.copied.iter().any(|(_, from)| mentions(from, &column.name))
        })
    }

    /// Old and new names of columns that are copied as they are into one of another name.
    pub fn renamed(&self) -> impl Iterator<Item = (&Column, &str)> {
        let old = self.old.whole();
        self.copied.iter().filter_map(move |(to, from)| {
            let from = names::bare_name(from).to_lowercase();
            let gone = !self.new.columns.iter().any(|it| it.name == from);
            let column = old?.column(&from).filter(|_| gone && from != *to)?;
            Some((column, to.as_str()))
        })
    }

    /// Columns that must have a value and get none by themselves.
    pub fn demanding(&self) -> impl Iterator<Item = &Column> {
        self.new
            .columns
            .iter()
            .filter(|column| column.not_null && !column.is_filled() && !column.primary_key)
    }
}

/// The tables that a script replaces: create, copy, drop the old one, rename, in one of the two
/// usual orders.
pub(super) fn rebuilds<'m>(migration: &'m Migration<'_>) -> Vec<Rebuild<'m>> {
    let statements = &migration.script.statements;
    let mut found = Vec::new();
    for (at, statement) in statements.iter().enumerate() {
        let Kind::CreateTable(new) = &statement.kind else { continue };
        let later = || statements.iter().enumerate().skip(at + 1);
        let dropped = |name: &str| {
            later().any(|(_, s)| matches!(&s.kind, Kind::DropTable { tables, .. } if tables.iter().any(|t| t == name)))
        };
        // Renamed away before, dropped after.
        let away = statements.iter().enumerate().take(at).find_map(|(i, s)| match &s.kind {
            Kind::AlterTable { table, actions } if *table == new.name => {
                actions.iter().find_map(|a| match &a.kind {
                    ActionKind::RenameTable { to } => Some((i, to.as_str())),
                    _ => None,
                })
            }
            _ => None,
        });
        // Made under another name, renamed at the end.
        let place = later().find_map(|(_, s)| match &s.kind {
            Kind::AlterTable { table, actions } if *table == new.name => {
                actions.iter().find_map(|a| match &a.kind {
                    ActionKind::RenameTable { to } => Some(to.as_str()),
                    _ => None,
                })
            }
            _ => None,
        });
        let (table, old) = match (away, place) {
            (Some((i, old)), _) if dropped(old) => {
                (new.name.as_str(), migration.table_before(i, &new.name))
            }
            (_, Some(name)) if dropped(name) => {
                let drop = later().find(|(_, s)| {
                    matches!(&s.kind, Kind::DropTable { tables, .. } if tables.iter().any(|t| t == name))
                });
                let old = drop.map_or(Known::Unknown, |(i, _)| migration.table_before(i, name));
                (name, old)
            }
            _ => continue,
        };
        let copied = later().find_map(|(_, s)| {
            let fills = matches!(&s.kind, Kind::Insert { table, .. } if *table == new.name);
            fills.then(|| migration.script.text.get(s.bytes.clone()).map(copied_columns))?
        });
        found.push(Rebuild { create: at, table, new, old, copied: copied.unwrap_or_default() });
    }
    found
}

/// Whether an expression names a column.
fn mentions(expression: &str, column: &str) -> bool {
    let apart = |c: char| !c.is_alphanumeric() && c != '_' && c != '$';
    expression.split(apart).any(|word| word.eq_ignore_ascii_case(column))
}

/// The pairs of `INSERT INTO t (columns) SELECT expressions FROM …`.
fn copied_columns(insert: &str) -> Vec<(String, String)> {
    let lower = insert.to_lowercase();
    let Some((head, rest)) = lower.split_once("select ") else { return Vec::new() };
    let list =
        head.split_once('(').and_then(|(_, list)| list.rsplit_once(')')).map(|(list, _)| list);
    let expressions = at_commas(rest.split(" from ").next().unwrap_or(rest));
    let Some(list) = list else { return Vec::new() };
    list.split(',')
        .map(names::bare_name)
        .zip(expressions.iter().map(|expression| expression.trim().to_owned()))
        .collect()
}

/// Parts between commas that are not in brackets.
fn at_commas(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0_usize);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => {
                parts.extend(text.get(start..at));
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.extend(text.get(start..));
    parts
}

#[cfg(test)]
mod tests {
    use super::copied_columns;

    #[test]
    fn copied_columns_are_paired_with_their_sources() {
        let pairs =
            copied_columns("INSERT INTO `n` (`a`, \"b\") SELECT IFNULL(`a`, 1), \"b\" FROM `o`");
        assert_eq!(pairs[0], ("a".into(), "ifnull(`a`, 1)".into()));
        assert_eq!(pairs[1], ("b".into(), "\"b\"".into()));
        assert!(copied_columns("INSERT INTO n VALUES (1)").is_empty());
    }
}

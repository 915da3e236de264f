//! Migrations, and parts of them, that no rule has looked at.

use std::ops::Range;

use super::dialect::{self, Dialect};
use super::discover::{self, Framework};
use super::read::{self, Setting};
use super::translate;
use crate::domain::change::{FileChange, Text};
use crate::domain::path::RepoPath;

/// Most places named for one file.
const MAX_PLACES: usize = 3;

/// How much of a changed file the rules of this family have read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// It is no migration that is known here.
    Unknown,
    Whole,
    /// Not, or not whole; says why.
    Missing(String),
}

/// Settings, and files in which tools note the schema that migrations lead to: nothing runs them.
fn is_record(path: &RepoPath) -> bool {
    let name = path.file_name();
    let of_drizzle = name == "_journal.json" || name.ends_with("_snapshot.json");
    name.ends_with(".Designer.cs")
        || name.ends_with("ModelSnapshot.cs")
        || name == ".formatter.exs"
        || path.directory().ends_with("meta") && of_drizzle
}

/// What was read of a file at head.
pub fn reading(file: &FileChange) -> Reading {
    if is_record(&file.path) {
        return Reading::Whole;
    }
    let Some((identity, text)) = discover::identify_file(file).zip(file.head_text()) else {
        return Reading::Unknown;
    };
    if !identity.framework.is_code() || file.path.extension().as_deref() == Some("sql") {
        return of_sql(file, identity.framework, text);
    }
    let Some(translation) = translate::translate(identity.framework, text.as_str()) else {
        return Reading::Missing("too long to be read".to_owned());
    };
    let places = translation.unread.iter().map(|(bytes, why)| (bytes.clone(), why.to_string()));
    missing(file, text, places)
}

/// SQL whose dialect the file itself shows. The statements around one that is not understood are
/// read all the same.
fn of_sql(file: &FileChange, framework: Framework, text: &Text) -> Reading {
    let dialect = dialect::of_file(&file.path, text.as_str());
    let Some(dialect @ (Dialect::MySql | Dialect::Sqlite | Dialect::SqlServer)) = dialect else {
        return Reading::Whole;
    };
    let read = read::forward(framework, text.as_str(), Setting::plain(dialect));
    let why = "a statement that is not understood";
    missing(file, text, read.unread.into_iter().map(|bytes| (bytes, why.to_owned())))
}

fn missing(
    file: &FileChange,
    text: &Text,
    unread: impl Iterator<Item = (Range<usize>, String)>,
) -> Reading {
    let places: Vec<String> = unread
        .filter(|(bytes, _)| file.adds_any(text.lines_of(bytes.start, bytes.end)))
        .map(|(bytes, why)| format!("line {}: {why}", text.line_at(bytes.start)))
        .collect();
    match places.len() {
        0 => Reading::Whole,
        count => {
            let more = count.saturating_sub(MAX_PLACES);
            let shown = places.into_iter().take(MAX_PLACES).collect::<Vec<_>>().join("; ");
            let rest = if more > 0 { format!("; and {more} more") } else { String::new() };
            Reading::Missing(format!("not all of it could be read ({shown}{rest})"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::assemble;

    fn of(path: &str, text: &str) -> Reading {
        reading(&assemble::file_change(RepoPath::new(path).unwrap(), None, Some(text)))
    }

    #[test]
    fn what_is_not_read_is_named() {
        let ruby = "class A < ActiveRecord::Migration[7.1]\ndef change\nexecute \"DROP TABLE #{a}\"\nend\nend\n";
        let expected = "not all of it could be read (line 3: the SQL is put together when it runs)";
        assert_eq!(of("db/migrate/20240101_a.rb", ruby), Reading::Missing(expected.to_owned()));
        let elixir = "defmodule A do\n  use Ecto.Migration\n  def change do\n    Oban.Migration.up()\n  end\nend\n";
        let expected = "not all of it could be read (line 4: it is no operation of Ecto)";
        let path = "priv/repo/migrations/20240101_a.exs";
        assert_eq!(of(path, elixir), Reading::Missing(expected.to_owned()));
        assert_eq!(of("db/migrations/1_a.sql", "DROP TABLE a;"), Reading::Whole);
        assert_eq!(of("Shop/Migrations/20240101_A.Designer.cs", "class A"), Reading::Whole);
        assert_eq!(of("src/main.rs", ""), Reading::Unknown);
        let batch = "ALTER TABLE a ADD b int\nGO\nEXEC (@statement)\nGO\n";
        let expected = "not all of it could be read (line 3: a statement that is not understood)";
        assert_eq!(of("db/migrations/1_a.sql", batch), Reading::Missing(expected.to_owned()));
    }
}

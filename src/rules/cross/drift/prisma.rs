//! Prisma: the schema's tables change, and there is no new migration.

use std::collections::BTreeMap;

use super::{Drift, touches};
use crate::domain::change::{Change, FileChange};
use crate::domain::diff::{LineRange, Side};
use crate::domain::path::RepoPath;
use crate::ports::source::Need;
use crate::rules::RuleContext;
use crate::rules::cross::places::is_live;

const MAX_NAMED: usize = 6;

/// A model or an enum.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Block {
    line: u32,
    is_enum: bool,
    /// The table's name in the database.
    mapped: Option<String>,
    /// Fields or values, by the name that they have in the database: type, and line.
    members: BTreeMap<String, (String, u32)>,
}

pub fn is_schema_file(file: &FileChange) -> bool {
    !file.derived && file.path.extension().as_deref() == Some("prisma") && is_live(&file.path)
}

/// The folder of the migrations that belong to a schema file.
fn folders(path: &RepoPath) -> Vec<String> {
    let directory = path.directory();
    let above = directory.rsplit_once('/').map_or("", |(above, _)| above);
    // A schema in several files lies one folder deeper.
    let folder = |base: &str| {
        if base.is_empty() { "migrations".to_owned() } else { format!("{base}/migrations") }
    };
    let mut found = vec![folder(directory)];
    if matches!(directory.rsplit('/').next(), Some("schema" | "models")) {
        found.push(folder(above));
    }
    found
}

pub fn needs(change: &Change) -> Vec<Need> {
    let files = change.files.iter().filter(|file| is_schema_file(file));
    files.flat_map(|file| folders(&file.path)).filter_map(|folder| lock(&folder)).collect()
}

/// The file that Prisma puts beside its migrations.
fn lock(folder: &str) -> Option<Need> {
    let path = RepoPath::new(&format!("{folder}/migration_lock.toml"))?;
    Some(Need::File { side: Side::Head, path })
}

pub fn drifts<'a>(context: &RuleContext<'a>) -> Vec<Drift<'a>> {
    let files: Vec<&FileChange> =
        context.change.files.iter().filter(|file| is_schema_file(file)).collect();
    let before: Vec<(usize, String, Block)> = all_blocks(&files, Side::Base);
    let after: Vec<(usize, String, Block)> = all_blocks(&files, Side::Head);
    let enums: Vec<&str> = names(&before, &after, true);
    let models: Vec<&str> = names(&before, &after, false);
    let mut found = Vec::new();
    for (at, name, block) in &after {
        let Some(file) = files.get(*at).copied() else { continue };
        let Some(folder) = folders(&file.path)
            .into_iter()
            .find(|folder| lock(folder).is_some_and(|need| !context.gathered(&need).is_empty()))
        else {
            continue;
        };
        let whole = file.head_text().map_or("", |text| text.as_str());
        // SQLite has no enums: Prisma alone knows them.
        let foreign =
            whole.contains("\"mongodb\"") || (block.is_enum && whole.contains("\"sqlite\""));
        if touches(context.change, &folder) || foreign || file.base_text().is_none() {
            continue;
        }
        let old = before.iter().find(|(_, old, _)| old == name).map(|(_, _, old)| old);
        let is_column = |kind: &str| is_column(kind, &enums, &models);
        let Some((side, line, what)) = difference(old, name, block, &is_column) else { continue };
        found.push(Drift {
            file,
            side,
            lines: LineRange::line(line),
            model: name.clone(),
            what,
            place: folder,
            how: "Make the migration with `prisma migrate dev` and add it to this change."
                .to_owned(),
        });
    }
    found
}

fn names<'b>(
    before: &'b [(usize, String, Block)],
    after: &'b [(usize, String, Block)],
    enums: bool,
) -> Vec<&'b str> {
    let all = before.iter().chain(after);
    all.filter(|(_, _, block)| block.is_enum == enums).map(|(_, name, _)| name.as_str()).collect()
}

/// Whether a field of that type is a column: the other side of a relation is not. Of types that
/// are defined in files which the change does not touch, nothing is known.
fn is_column(kind: &str, enums: &[&str], models: &[&str]) -> bool {
    const SCALARS: [&str; 9] =
        ["String", "Boolean", "Int", "BigInt", "Float", "Decimal", "DateTime", "Json", "Bytes"];
    let bare = kind.split(['?', '[', ' ']).next().unwrap_or_default();
    !models.contains(&bare)
        && (SCALARS.contains(&bare) || enums.contains(&bare) || bare == "Unsupported")
}

fn all_blocks(files: &[&FileChange], side: Side) -> Vec<(usize, String, Block)> {
    let mut all = Vec::new();
    for (at, file) in files.iter().enumerate() {
        let Some(text) = file.text(side) else { continue };
        all.extend(blocks(text.as_str()).into_iter().map(|(name, block)| (at, name, block)));
    }
    all
}

fn difference(
    old: Option<&Block>,
    name: &str,
    new: &Block,
    is_column: &dyn Fn(&str) -> bool,
) -> Option<(Side, u32, Vec<String>)> {
    let Some(old) = old else {
        let what = if new.is_enum { "enum" } else { "model" };
        return Some((Side::Head, new.line, vec![format!("the {what} `{name}` is new")]));
    };
    if old.mapped != new.mapped || old.is_enum != new.is_enum {
        return None;
    }
    let mut shown: Option<(Side, u32)> = None;
    let mut what = Vec::new();
    let counts = |kind: &str| new.is_enum || is_column(kind);
    let word = if new.is_enum { "value" } else { "field" };
    for (name, (kind, line)) in new.members.iter().filter(|(_, (kind, _))| counts(kind)) {
        let said = match old.members.get(name) {
            None => format!("the {word} `{name}` is new"),
            Some((before, _)) if before != kind && counts(before) => {
                format!("`{name}` turns from `{before}` into `{kind}`")
            }
            _ => continue,
        };
        shown = shown.or(Some((Side::Head, *line)));
        what.push(said);
    }
    for (name, (_, line)) in old.members.iter().filter(|(_, (kind, _))| counts(kind)) {
        if !new.members.contains_key(name) {
            shown = shown.or(Some((Side::Base, *line)));
            what.push(format!("the {word} `{name}` is gone"));
        }
    }
    what.truncate(MAX_NAMED);
    shown.map(|(side, line)| (side, line, what))
}

/// The models and enums of a schema.
fn blocks(text: &str) -> Vec<(String, Block)> {
    let mut found: Vec<(String, Block)> = Vec::new();
    let mut open: Option<(String, Block)> = None;
    for (number, line) in (1_u32..).zip(text.lines()) {
        let line = line.split("//").next().unwrap_or_default().trim();
        if let Some((_, block)) = &mut open {
            if line.starts_with('}') {
                found.extend(open.take());
            } else if let Some(rest) = line.strip_prefix("@@map(") {
                block.mapped = rest.split('"').nth(1).map(str::to_owned);
            } else if !line.is_empty() && !line.starts_with("@@") {
                let mut words = line.split_whitespace();
                let name = words.next().unwrap_or_default();
                let kind = if block.is_enum { "" } else { words.next().unwrap_or_default() };
                let mapped = line.split("@map(").nth(1).and_then(|rest| rest.split('"').nth(1));
                block.members.insert(mapped.unwrap_or(name).to_owned(), (kind.to_owned(), number));
            }
            continue;
        }
        let mut words = line.split_whitespace();
        let (kind, name) = (words.next(), words.next());
        if let (Some(kind @ ("model" | "enum")), Some(name)) = (kind, name)
            && line.ends_with('{')
        {
            let block = Block { line: number, is_enum: kind == "enum", ..Block::default() };
            open = Some((name.to_owned(), block));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::blocks;

    #[test]
    fn blocks_have_their_names_in_the_database() {
        let text = "model Order {\n  id Int @id // key\n  note String? @map(\"remark\")\n  @@map(\"orders\")\n}\n\
                    enum Kind {\n  A\n  B @map(\"b\")\n}\nmodel Open {\n  id Int\n";
        let found = blocks(text);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].1.mapped.as_deref(), Some("orders"));
        assert_eq!(found[0].1.members["remark"], ("String?".to_owned(), 3));
        assert_eq!(found[1].1.members.keys().collect::<Vec<_>>(), ["A", "b"]);
    }
}

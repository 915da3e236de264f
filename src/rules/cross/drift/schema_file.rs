//! The file into which a tool writes the schema after each migration, and the migrations.

use std::collections::BTreeMap;

use crate::domain::change::{Change, FileChange, SourceFile, Text};
use crate::domain::diff::{LineRange, Side};
use crate::domain::path::RepoPath;
use crate::ports::source::Need;
use crate::rules::cross::places::text_now;
use crate::rules::migrations::discover::{self, Direction, Framework};
use crate::rules::{Draft, Findings, RuleContext};

pub(crate) fn applies(change: &Change) -> bool {
    !new_migrations(change).is_empty() || !moved_versions(change).is_empty()
}

pub(crate) fn needs(change: &Change) -> Vec<Need> {
    let mut needs: Vec<Need> = Vec::new();
    for (file, framework, _) in new_migrations(change) {
        needs.extend(dumps(&file.path, framework).into_iter().map(of_head));
    }
    needs.extend(
        moved_versions(change)
            .iter()
            .filter_map(|(file, _, version)| migration_of(&file.path, version)),
    );
    needs
}

fn of_head(path: RepoPath) -> Need {
    Need::File { side: Side::Head, path }
}

/// The migrations that the change adds to a tool that writes the schema down, with their versions.
fn new_migrations(change: &Change) -> Vec<(&FileChange, Framework, String)> {
    let added = change.files.iter().filter(|file| file.is_added() && file.head_text().is_some());
    added
        .filter_map(|file| {
            let identity = discover::identify_file(file)?;
            let kept = matches!(identity.framework, Framework::Rails | Framework::Dbmate);
            let own = kept && identity.direction == Direction::Up && identity.version.len() >= 14;
            own.then(|| (file, identity.framework, identity.version.clone()))
        })
        .collect()
}

/// Where the tool writes the schema of a folder of migrations.
fn dumps(migration: &RepoPath, framework: Framework) -> Vec<RepoPath> {
    let folder = migration.directory();
    let (above, own) = folder.rsplit_once('/').unwrap_or(("", folder));
    let names: &[&str] = match (framework, own) {
        (Framework::Rails, "migrate") => &["schema.rb", "structure.sql"],
        (Framework::Dbmate, "migrations") => &["schema.sql"],
        _ => &[],
    };
    let path = |name: &&str| {
        RepoPath::new(&if above.is_empty() {
            (*name).to_owned()
        } else {
            format!("{above}/{name}")
        })
    };
    names.iter().filter_map(path).collect()
}

/// The migration that a version of Rails's schema file stands for.
fn migration_of(schema: &RepoPath, version: &str) -> Option<Need> {
    let folder = schema.directory();
    let plain = !folder.contains(['*', '?', '[', ']', '{', '}']) && !folder.is_empty();
    let globs = vec![format!("{folder}/*/{version}_*.rb")];
    plain.then_some(Need::Glob { side: Side::Head, globs, limit: 20 })
}

/// Rails's schema files whose version the change moves: line and new version.
fn moved_versions(change: &Change) -> Vec<(&FileChange, u32, String)> {
    let files = change.files.iter().filter(|file| file.path.file_name() == "schema.rb");
    files
        .filter_map(|file| {
            let before = version(file.base_text()?)?;
            let (line, now) = version(file.head_text()?)?;
            (before.1 != now).then_some((file, line, now))
        })
        .collect()
}

/// The version that a `schema.rb` says it has, as digits.
fn version(text: &Text) -> Option<(u32, String)> {
    text.lines().find_map(|(number, line)| {
        let rest = line.trim_start().strip_prefix("ActiveRecord::Schema")?;
        let rest = rest.split("version:").nth(1)?;
        let digits: String = rest.chars().filter(char::is_ascii_digit).collect();
        (digits.len() >= 14).then_some((number, digits))
    })
}

pub(crate) fn check(context: &RuleContext<'_>, findings: &mut Findings<'_>) {
    // Said once for each file, at the newest migration that it lacks.
    let mut lacking: BTreeMap<RepoPath, (&FileChange, Draft, String)> = BTreeMap::new();
    for (file, framework, version) in new_migrations(context.change) {
        let paths = dumps(&file.path, framework);
        let there: Vec<(&RepoPath, &Text)> =
            paths.iter().filter_map(|path| Some((path, dump(context, path)?))).collect();
        // One of two may be left over from before the other was chosen.
        let all = there.iter().all(|(path, text)| is_behind(path, text, &version));
        if let Some((path, _)) = there.first().filter(|_| all) {
            let known = lacking.get(*path).is_some_and(|(_, _, newest)| *newest > version);
            if !known {
                let draft = behind(path, &version, framework);
                lacking.insert((*path).clone(), (file, draft, version));
            }
        }
    }
    for (file, draft, _) in lacking.into_values() {
        findings.on_file(file, draft);
    }
    for (file, line, version) in moved_versions(context.change) {
        let found = migration_of(&file.path, &version)
            .and_then(|need| context.gathered_whole(&need).map(<[SourceFile]>::is_empty));
        if found == Some(true) {
            findings.at_head(file, LineRange::line(line), ahead(&version));
        }
    }
}

fn dump<'a>(context: &RuleContext<'a>, path: &RepoPath) -> Option<&'a Text> {
    match context.change.file(path) {
        Some(changed) => changed.head_text(),
        None => {
            let found = context.gathered(&of_head(path.clone())).first()?;
            text_now(context, found)
        }
    }
}

/// Whether the dump was written before the migration ran.
fn is_behind(path: &RepoPath, text: &Text, migration: &str) -> bool {
    if path.file_name() == "schema.rb" {
        return version(text).is_some_and(|(_, own)| own.as_str() < migration);
    }
    // The dumps of both tools end with the versions that have run.
    let lists =
        text.as_str().contains("INSERT INTO") && text.as_str().contains("schema_migrations");
    lists && !text.as_str().contains(&format!("'{migration}'"))
}

fn behind(path: &RepoPath, version: &str, framework: Framework) -> Draft {
    let command = match framework {
        Framework::Rails => "bin/rails db:migrate",
        _ => "dbmate up",
    };
    Draft {
        title: format!("`{}` does not have migration `{version}`", path.file_name()),
        evidence: format!(
            "`{path}` was written before this migration. Test databases and new environments are made from it, so they \
             lack what the migration does, and the next person who migrates commits it for you."
        ),
        recommendation: format!("Run `{command}` and commit `{path}` with the migration."),
        symbol: Some(version.to_owned()),
        ..Draft::default()
    }
}

fn ahead(version: &str) -> Draft {
    Draft {
        title: format!("There is no migration `{version}`"),
        evidence: "The schema file says that it was written after a migration of that version, and the repository has \
                   none: it was written from a database with changes of another branch, or the migration was left out. \
                   Databases made from it differ from databases that migrate."
            .to_owned(),
        recommendation: "Commit the migration, or write the schema file anew from a database that has only this \
                         branch's migrations."
            .to_owned(),
        symbol: Some(version.to_owned()),
        ..Draft::default()
    }
}

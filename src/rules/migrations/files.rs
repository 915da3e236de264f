//! Migrations as files: undone, edited, numbered twice.

use super::discover::{self, Direction, Framework, Identity};
use super::rails::{self, WayBack};
use super::say::{About, draft};
use super::surroundings::history_need;
use super::ways_back::down_script;
use super::{alembic, django, ecto, ef_core, forward_only, javascript, liquibase, translate};
use crate::domain::change::{Change, ChangeKind, FileChange};
use crate::domain::diff::{LineRange, Side};
use crate::domain::finding::Category::{Process, Reliability};
use crate::domain::finding::Confidence::{High, Medium};
use crate::domain::finding::FindingKind;
use crate::domain::finding::Severity::{Major, Minor};
use crate::domain::path::RepoPath;
use crate::domain::team::Lane;
use crate::ports::source::Need;
use crate::rules::parse::sql;
use crate::rules::{Check, Draft, Findings, Rule, RuleContext};

pub(super) const fn rule(
    about: About,
    kind: FindingKind,
    needs: fn(&Change) -> Vec<Need>,
    check: fn(&RuleContext<'_>, &mut Findings<'_>),
) -> Rule {
    Rule {
        code: about.code,
        title: about.title,
        lane: Lane::Data,
        kind,
        category: if matches!(kind, FindingKind::MissingEvidence) { Process } else { Reliability },
        severity: about.severity,
        confidence: about.confidence,
        equivalents: about.equivalents,
        page: about.page,
        check: Check::Change { applies: discover::has_forward_migration, needs, check },
    }
}

pub(super) const MISSING_ROLLBACK: Rule = rule(
    About {
        code: "migration/missing-rollback",
        title: "A migration without a way back",
        severity: Major,
        confidence: High,
        equivalents: &[],
        page: include_str!("../../../fixtures/rules/migration/missing-rollback.md"),
    },
    FindingKind::MissingEvidence,
    |change| {
        let paths = added(change).filter_map(|(file, identity)| counterpart(file, &identity));
        let counterparts = paths.map(|path| Need::File { side: Side::Head, path });
        counterparts.chain([history_need(change)]).collect()
    },
    |context, findings| {
        if says_how_to_recover(context.change.body.expose()) {
            return;
        }
        for (file, identity) in added(context.change) {
            if has_rollback(context, file, &identity) || forward_only::changes_nothing(file) {
                continue;
            }
            let forward_only = forward_only::is_habit(context, file, &identity);
            let asked_for = context.policy.rules.contains_key("migration/missing-rollback");
            if forward_only && !asked_for && forward_only::only_adds(file) {
                continue;
            }
            let how = match identity.framework {
                Framework::Goose => "Fill the `-- +goose Down` section",
                Framework::Dbmate => "Fill the `-- migrate:down` section",
                Framework::SqlMigrate => "Fill the `-- +migrate Down` section",
                Framework::Diesel => "Write `down.sql` beside it",
                Framework::Pairs => "Write the `.down.sql` file beside it",
                Framework::Flyway => {
                    "Write down in the file, as a comment that starts with `-- Rollback:`, how to undo it; editions of \
                     Flyway with undo migrations take a `U` file of the same version"
                }
                Framework::Rails => "Write `down`, or the reverse inside `reversible`",
                Framework::Django => {
                    "Give `reverse_code` or `reverse_sql` (`noop` where nothing has to be done)"
                }
                Framework::Alembic => "Write `downgrade`",
                Framework::Knex | Framework::Sequelize | Framework::TypeOrm => "Write `down`",
                Framework::Ecto => {
                    "Write `down`, or use `change` with operations that can be turned around"
                }
                Framework::EfCore => "Write `Down`",
                Framework::Prisma
                | Framework::Supabase
                | Framework::Plain
                | Framework::Atlas
                | Framework::Drizzle
                | Framework::Liquibase => {
                    "Write down in the file, as a comment that starts with `-- Rollback:`, how to undo it"
                }
            };
            let name = match identity.framework {
                Framework::Prisma | Framework::Diesel => &identity.version,
                _ => file.path.file_name(),
            };
            findings.on_file(
                file,
                Draft {
                    symbol: Some(identity.version.clone()),
                    fix: down_script(file, &identity),
                    severity: forward_only.then_some(Minor),
                    ..draft(
                        format!("No way back from migration `{name}`"),
                        "Neither a down script nor a note says how to get out of this migration. When the release fails at \
                         night, whoever is on call has to work that out on the live database.",
                        format!(
                            "{how}. If it cannot be undone, say so with `{} Irreversible:` and what to restore instead, or put \
                             a rollback section into the pull request's text.",
                            comment_mark(identity.framework)
                        ),
                    )
                },
            );
        }
    },
);

/// What begins a comment in the language of the framework's migrations.
pub(super) fn comment_mark(framework: Framework) -> &'static str {
    match framework {
        Framework::Rails | Framework::Django | Framework::Alembic | Framework::Ecto => "#",
        Framework::Knex | Framework::Sequelize | Framework::TypeOrm | Framework::EfCore => "//",
        _ => "--",
    }
}

/// Forward migrations that the change adds and that run once.
pub(super) fn added(change: &Change) -> impl Iterator<Item = (&FileChange, Identity)> {
    change.files.iter().filter(|file| file.is_added()).filter_map(|file| {
        let identity = discover::identify_file(file)?;
        (identity.direction == Direction::Up && file.head_text().is_some())
            .then_some((file, identity))
    })
}

/// Where the tool would look for the script that undoes a migration.
pub(super) fn counterpart(file: &FileChange, identity: &Identity) -> Option<RepoPath> {
    let path = file.path.as_str();
    let name = file.path.file_name();
    let beside = |name: String| {
        let directory = file.path.directory();
        RepoPath::new(&if directory.is_empty() { name } else { format!("{directory}/{name}") })
    };
    match identity.framework {
        Framework::Pairs => RepoPath::new(&format!("{}.down.sql", path.get(..path.len() - 7)?)),
        Framework::Diesel => beside("down.sql".to_owned()),
        Framework::Prisma => beside("down.sql".to_owned()),
        Framework::Flyway => beside(format!("U{}", name.get(1..)?)),
        Framework::Plain | Framework::Supabase | Framework::Drizzle | Framework::Atlas => {
            beside(format!("{}.down.sql", name.strip_suffix(".sql")?))
        }
        _ => None,
    }
}

fn has_rollback(context: &RuleContext<'_>, file: &FileChange, identity: &Identity) -> bool {
    let text = file.head_text().map_or("", |text| text.as_str());
    let worked_out = match identity.framework {
        Framework::Rails => match rails::way_back(text) {
            WayBack::There | WayBack::Declared => true,
            WayBack::Empty => forward_only::fills_only(file),
            WayBack::Missing | WayBack::Irreversible(_) => false,
        },
        Framework::Django => django::irreversible(text).is_none(),
        Framework::Alembic => match alembic::way_back(text) {
            alembic::WayBack::There => true,
            alembic::WayBack::Empty => forward_only::fills_only(file),
            alembic::WayBack::Missing => false,
        },
        Framework::Knex | Framework::Sequelize | Framework::TypeOrm => {
            javascript::has_way_back(text)
        }
        Framework::Ecto => match ecto::way_back(text) {
            ecto::WayBack::There | ecto::WayBack::Declared => true,
            ecto::WayBack::Empty => forward_only::fills_only(file),
            ecto::WayBack::Missing | ecto::WayBack::Irreversible(_) => false,
        },
        Framework::EfCore => match ef_core::way_back(text) {
            ef_core::WayBack::There => true,
            ef_core::WayBack::Empty => forward_only::fills_only(file),
            ef_core::WayBack::Missing => false,
        },
        // Change sets are undone by what Liquibase works out.
        Framework::Liquibase => true,
        _ => false,
    };
    if worked_out {
        return true;
    }
    let backward = discover::backward_part(identity.framework, text);
    let undone_here = backward.iter().filter_map(|part| text.get(part.clone())).any(has_statements);
    if undone_here || text.lines().filter_map(comment).any(says_how_to_recover) {
        return true;
    }
    if let Some(path) = counterpart(file, identity) {
        let there = context.gathered(&Need::File { side: Side::Head, path: path.clone() });
        let changed = context.change.file(&path).and_then(|file| file.head_text());
        let text = changed.or(there.first().map(|file| &file.text));
        if text.is_some_and(|text| {
            has_statements(text.as_str())
                || text.as_str().lines().filter_map(comment).any(says_how_to_recover)
        }) {
            return true;
        }
    }
    // Flyway's undo migrations may carry another description.
    identity.framework == Framework::Flyway
        && context.change.files.iter().any(|other| {
            discover::identify_file(other).is_some_and(|undo| {
                undo.direction == Direction::Down && undo.version == identity.version
            })
        })
}

pub(super) fn has_statements(part: &str) -> bool {
    sql::without_comments(part).chars().any(char::is_alphanumeric)
}

pub(super) fn comment(line: &str) -> Option<&str> {
    let line = line.trim_start();
    line.strip_prefix("--")
        .or_else(|| line.strip_prefix('#'))
        .or_else(|| line.strip_prefix("//"))
        .or_else(|| line.strip_prefix("/*"))
        .or_else(|| line.strip_prefix("* "))
}

/// Whether a text says how to get back: one of the words, followed by more than a word or two.
pub(super) fn says_how_to_recover(text: &str) -> bool {
    const WORDS: [&str; 6] =
        ["rollback", "roll back", "rolling back", "irreversible", "to revert", "to undo"];
    let lower = text.to_lowercase();
    WORDS.iter().any(|word| {
        lower.match_indices(word).any(|(at, _)| {
            let rest = lower.get(at + word.len()..).unwrap_or("");
            let section = rest.split("\n#").next().unwrap_or(rest);
            let said = section.split_whitespace().filter(|part| part.len() > 1).count();
            let empty = ["n/a", "none", "todo", "tbd"].iter().any(|filler| {
                section.trim_start_matches([':', ' ', '\n', '\r', '-', '*']).starts_with(filler)
            });
            said >= 3 && !empty
        })
    })
}

pub(super) const EDITED_APPLIED: Rule = rule(
    About {
        code: "migration/edited-applied",
        title: "A migration that is already on the base branch is edited",
        severity: Major,
        confidence: High,
        equivalents: &[],
        page: include_str!("../../../fixtures/rules/migration/edited-applied.md"),
    },
    FindingKind::Evidence,
    |_| Vec::new(),
    |context, findings| {
        for file in &context.change.files {
            liquibase::edited_sets(findings, file);
            let Some((side, lines)) = edited_lines(file) else { continue };
            findings.at(
                file,
                side,
                lines,
                draft(
                    format!("`{}` is on the base branch already and is changed here", file.path.file_name()),
                    "Databases that have run it will not run it again: they keep the old schema, or the tool stops because the \
                     checksum no longer fits. New databases get another schema than old ones.",
                    "Leave the file as it is and put the change into a new migration. If it is certain that no environment \
                     has run it, say so in the pull request and dismiss this.",
                ),
            );
        }
    },
);

/// Where a migration that existed before changes its meaning.
fn edited_lines(file: &FileChange) -> Option<(Side, LineRange)> {
    if matches!(file.kind, ChangeKind::Added | ChangeKind::Deleted) {
        return None;
    }
    let identity = discover::identify_file(file)?;
    let (base, head) = (file.base_text()?, file.head_text()?);
    discover::identify(file.path_on(Side::Base), base.as_str())?;
    if identity.direction != Direction::Up
        || meaning(&identity, base.as_str()) == meaning(&identity, head.as_str())
    {
        return None;
    }
    let first =
        file.hunks.iter().find(|hunk| !hunk.added.is_empty() || !hunk.removed.is_empty())?;
    let (side, lines) = if first.added.is_empty() {
        (Side::Base, &first.removed)
    } else {
        (Side::Head, &first.added)
    };
    let start = *lines.first()?;
    let run = lines.iter().zip(start..).take_while(|(line, wanted)| *line == wanted).last()?;
    Some((side, LineRange::new(start, *run.0)?))
}

fn meaning(identity: &Identity, text: &str) -> String {
    if let Some(translation) = translate::translate(identity.framework, text) {
        let unread = translation.unread.iter().filter_map(|(bytes, _)| text.get(bytes.clone()));
        let unread: Vec<&str> = unread.flat_map(str::split_whitespace).collect();
        return format!("{}\n{}", sql::without_comments(&translation.sql), unread.join(" "));
    }
    if identity.framework.is_code() {
        let code = text.lines().map(str::trim).filter(|line| !line.starts_with(['#', '/', '*']));
        return code.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ");
    }
    let forward = discover::forward_part(identity.framework, text);
    sql::without_comments(&sql::keep_only(text, &forward))
}

pub(super) const VERSION_COLLISION: Rule = rule(
    About {
        code: "migration/version-collision",
        title: "Two migrations have the same version",
        severity: Major,
        confidence: High,
        equivalents: &[],
        page: include_str!("../../../fixtures/rules/migration/version-collision.md"),
    },
    FindingKind::Evidence,
    |change| added(change).filter_map(|(file, identity)| same_version(file, &identity)).collect(),
    |context, findings| {
        for (file, identity) in added(context.change) {
            let Some(need) = same_version(file, &identity) else { continue };
            let found =
                context.gathered(&need).iter().map(|other| (&other.path, other.text.as_str()));
            let changed = context
                .change
                .files
                .iter()
                .filter_map(|other| other.head_text().map(|text| (&other.path, text.as_str())));
            let twin = found.chain(changed).find(|(path, text)| {
                **path != file.path
                    && discover::root(path, &identity) == discover::root(&file.path, &identity)
                    && discover::identify(path, text).is_some_and(|other| {
                        other.direction == Direction::Up && other.version == identity.version
                    })
            });
            let Some((twin, _)) = twin else { continue };
            let sure = !matches!(identity.framework, Framework::Plain | Framework::Drizzle);
            findings.on_file(
                file,
                Draft {
                    symbol: Some(identity.version.clone()),
                    confidence: (!sure).then_some(Medium),
                    ..draft(
                        format!("Version `{}` is taken by `{}`", identity.version, twin),
                        "Most tools refuse to start with two migrations of one version, or apply only one of them. It happens \
                         when two branches take the next number and are merged one after the other.",
                        "Give this migration the next free version.",
                    )
                },
            );
        }
    },
);

/// Asks for files whose names start with the version. `None` where equal prefixes do not mean
/// equal versions: Prisma goes by the whole name, and days are shared by many files.
fn same_version(file: &FileChange, identity: &Identity) -> Option<Need> {
    let version = identity.version.as_str();
    let day = version.len() == 8 && (version.starts_with("19") || version.starts_with("20"));
    let dated = version.contains('-') && identity.framework != Framework::Diesel;
    let year = version.len() == 4 && (version.starts_with("19") || version.starts_with("20"));
    if identity.framework == Framework::Prisma || version.is_empty() || day || dated || year {
        return None;
    }
    let root = discover::root(&file.path, identity);
    if root.contains(['*', '?', '[', ']', '{', '}']) {
        return None;
    }
    let name = match identity.framework {
        Framework::Diesel => format!("{version}*/up.sql"),
        Framework::Flyway => format!("V{}__*.sql", version.replace('.', "[._]")),
        Framework::Rails => format!("{version}_*.rb"),
        Framework::Ecto => format!("{version}_*.exs"),
        // Equal numbers are common here, and names or a graph tell the files apart.
        framework if framework.is_code() => return None,
        _ => format!("{version}[!0-9]*.sql"),
    };
    let glob = if root.is_empty() { name } else { format!("{root}/{name}") };
    Some(Need::Glob { side: Side::Head, globs: vec![glob], limit: 10 })
}

#[cfg(test)]
mod tests {
    use super::says_how_to_recover;

    #[test]
    fn a_note_must_say_something() {
        assert!(says_how_to_recover("Rollback: drop the index users_email_idx"));
        assert!(says_how_to_recover("## Rollback\n\nRedeploy the previous release."));
        assert!(says_how_to_recover("irreversible: restore the orders table from the backup"));
        assert!(!says_how_to_recover("## Rollback\n\nTODO: write this section down later"));
        assert!(!says_how_to_recover("rollback"));
        assert!(!says_how_to_recover("adds a column"));
    }
}

//! The way back: whether it undoes the way forward, and a script that would; and the sections
//! that a policy may ask for.

use super::dialect::{self, Dialect};
use super::discover::{self, Framework, Identity};
use super::facts::Kind;
use super::files::{added, comment, comment_mark, counterpart, rule, says_how_to_recover};
use super::read::{self, Setting};
use super::rollback;
use super::say::{About, draft};
use crate::domain::change::FileChange;
use crate::domain::diff::Side;
use crate::domain::finding::Confidence::High;
use crate::domain::finding::Severity::Minor;
use crate::domain::finding::{FindingKind, Fix};
use crate::ports::source::Need;
use crate::rules::parse::sql;
use crate::rules::{Draft, Rule, RuleContext};

/// A new file that undoes the migration, where the tool looks for one and every statement has a
/// plain opposite.
pub(super) fn down_script(file: &FileChange, identity: &Identity) -> Option<Fix> {
    let apart = [Framework::Pairs, Framework::Diesel, Framework::Flyway];
    let path = counterpart(file, identity).filter(|_| apart.contains(&identity.framework))?;
    let text = file.head_text()?.as_str();
    let dialect = dialect::of_path(&file.path).or_else(|| dialect::of_text(text));
    let dialect = dialect.unwrap_or(Dialect::Postgres);
    let read = read::forward(identity.framework, text, Setting::plain(dialect));
    let content = rollback::inverse(&read.statements, dialect).filter(|_| read.complete)?;
    Some(Fix::NewFile { path, content })
}

pub(super) const ROLLBACK_INCOMPLETE: Rule = rule(
    About {
        code: "migration/rollback-incomplete",
        title: "The way back leaves behind what the way forward makes",
        severity: Minor,
        confidence: High,
        equivalents: &[],
        page: include_str!("../../../fixtures/rules/migration/rollback-incomplete.md"),
    },
    FindingKind::Evidence,
    |change| {
        let paths = added(change).filter_map(|(file, identity)| counterpart(file, &identity));
        paths.map(|path| Need::File { side: Side::Head, path }).collect()
    },
    |context, findings| {
        for (file, identity) in added(context.change) {
            let Some(left) = left_behind(context, file, &identity) else { continue };
            let Some(first) = left.first() else { continue };
            let all: Vec<String> = left.iter().map(rollback::Made::describe).take(5).collect();
            findings.on_file(
                file,
                Draft {
                    symbol: Some(identity.version.clone()),
                    ..draft(
                        format!("Rolling back leaves {} behind", first.describe()),
                        format!(
                            "The down part does not take away: {}. After a rollback the next attempt to migrate stops there.",
                            all.join(", ")
                        ),
                        "Drop in the down part what the up part makes, in reverse order.",
                    )
                },
            );
        }
    },
);

/// A comment of SQL, Python, Ruby or JavaScript.
fn remark(line: &str) -> Option<&str> {
    comment(line).or_else(|| line.trim_start().strip_prefix("//"))
}

/// What stays after the down part; `None` if there is none, or not all of it is understood.
fn left_behind(
    context: &RuleContext<'_>,
    file: &FileChange,
    identity: &Identity,
) -> Option<Vec<rollback::Made>> {
    let text = file.head_text()?.as_str();
    let dialect = dialect::of_migration(&file.path, text, context.policy);
    let setting = Setting::plain(dialect.unwrap_or(Dialect::Postgres));
    let forward = read::forward(identity.framework, text, setting);
    let own = discover::backward_part(identity.framework, text);
    let written_out = read::backward(identity.framework, text, setting);
    let backward = if let Some(backward) = written_out {
        if text.lines().filter_map(remark).any(says_how_to_recover) {
            return None;
        }
        backward
    } else if own.is_empty() {
        let path = counterpart(file, identity)?;
        let there = context.gathered(&Need::File { side: Side::Head, path: path.clone() });
        let changed = context.change.file(&path).and_then(|file| file.head_text());
        let down = changed.or(there.first().map(|file| &file.text))?.as_str();
        if down.lines().filter_map(comment).any(says_how_to_recover) {
            return None;
        }
        read::forward(Framework::Plain, down, setting)
    } else {
        read::forward(Framework::Plain, &sql::keep_only(text, &own), setting)
    };
    let understood = |read: &read::Read| {
        read.complete
            && !read
                .statements
                .iter()
                .any(|s| matches!(s.kind, Kind::OtherSchemaChange | Kind::Other))
    };
    let sure = !backward.statements.is_empty() && understood(&backward) && forward.complete;
    sure.then(|| rollback::left_behind(&forward.statements, &backward.statements))
}

pub(super) const SECTION_MISSING: Rule = rule(
    About {
        code: "migration/section-missing",
        title: "A migration without a section that the policy asks for",
        severity: Minor,
        confidence: High,
        equivalents: &[],
        page: include_str!("../../../fixtures/rules/migration/section-missing.md"),
    },
    FindingKind::MissingEvidence,
    |_| Vec::new(),
    |context, findings| {
        let wanted = &context.policy.migrations.sections;
        for (file, identity) in added(context.change) {
            let text = file.head_text().map_or("", |text| text.as_str());
            let lacks = |section: &&String| {
                !text.lines().filter_map(comment).any(|line| heads(line, section))
            };
            for section in wanted.iter().filter(lacks) {
                findings.on_file(
                    file,
                    Draft {
                        symbol: Some(format!("{} {section}", identity.version)),
                        ..draft(
                            format!("No `{section}` section in `{}`", file.path.file_name()),
                            format!(
                                "The policy of this repository asks for a comment that begins with `{section}` in every migration."
                            ),
                            format!(
                                "Add `{} {section}: …` with what whoever runs the migration has to know.",
                                comment_mark(identity.framework)
                            ),
                        )
                    },
                );
            }
        }
    },
);

/// Whether a comment line begins with the name of a section and goes on, or stands alone as a
/// heading.
fn heads(line: &str, section: &str) -> bool {
    let line = line.trim_start_matches([' ', '#', '*', '=', '-']).to_lowercase();
    line.strip_prefix(&section.to_lowercase())
        .is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric()))
}

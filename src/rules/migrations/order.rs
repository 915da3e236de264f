//! Migrations that come late: numbered below ones that have run, or beside them in a graph.

use std::collections::HashSet;

use super::discover::root;
use super::discover::{self, Framework, Identity};
use super::files::{added, rule};
use super::frameworks::{Late, late};
use super::say::{About, draft};
use super::{alembic, django, drizzle};
use crate::domain::change::FileChange;
use crate::domain::diff::Side;
use crate::domain::finding::Confidence::{High, Medium};
use crate::domain::finding::FindingKind;
use crate::domain::finding::Severity::{Major, Minor};
use crate::domain::path::RepoPath;
use crate::ports::source::Need;
use crate::rules::{Draft, Findings, Rule, RuleContext};

/// Most files of one folder that are read to find the ends of a graph.
const MAX_GRAPH: usize = 2_000;

pub(super) const OUT_OF_ORDER: Rule = rule(
    About {
        code: "migration/out-of-order",
        title: "A migration is older than ones on the base branch, or splits the history",
        severity: Major,
        confidence: High,
        equivalents: &[],
        page: include_str!("../../../fixtures/rules/migration/out-of-order.md"),
    },
    FindingKind::Evidence,
    |change| {
        let mut needs = Vec::new();
        for (file, identity) in added(change) {
            let need = match identity.framework {
                Framework::Django | Framework::Alembic => graph_need(file),
                _ => newer_need(file, &identity),
            };
            if let Some(need) = need.filter(|need| !needs.contains(need)) {
                needs.push(need);
            }
        }
        needs
    },
    |context, findings| {
        drizzle::skipped(context, findings);
        for (file, identity) in added(context.change) {
            match identity.framework {
                Framework::Django => django_graph(context, findings, file),
                Framework::Alembic => alembic_graph(context, findings, file),
                _ => numbered(context, findings, file, &identity),
            }
        }
    },
);

fn numbered(
    context: &RuleContext<'_>,
    findings: &mut Findings<'_>,
    file: &FileChange,
    identity: &Identity,
) {
    let Some(need) = newer_need(file, identity) else { return };
    let newer = context.gathered(&need).iter().find(|other| {
        // Numbered anew or taken back by this change.
        let moved = context.change.files.iter().any(|changed| {
            changed.path_on(Side::Base) == &other.path
                && (changed.is_deleted() || changed.path != other.path)
        });
        let same_kind = discover::identify(&other.path, other.text.as_str()).is_some_and(|known| {
            known.framework == identity.framework && known.direction == identity.direction
        });
        !moved && same_kind && root(&other.path, identity) == root(&file.path, identity)
    });
    let Some(newer) = newer else { return };
    let tool = identity.framework.name();
    let (evidence, severity) = match late(identity) {
        Late::Refused => (
            format!(
                "Databases that have run `{}` are past this version: {tool} stops there unless it is told to accept \
                 migrations out of order.",
                newer.path.file_name()
            ),
            None,
        ),
        Late::Skipped => (
            format!(
                "golang-migrate goes on from the version that a database is at: where `{}` has run, this migration is \
                 never run, and nothing says so.",
                newer.path.file_name()
            ),
            None,
        ),
        _ => (
            format!(
                "New databases run it before `{}`, existing ones after it: the two can end up with different schemas.",
                newer.path.file_name()
            ),
            Some(Minor),
        ),
    };
    findings.on_file(
        file,
        Draft {
            symbol: Some(identity.version.clone()),
            severity,
            confidence: severity.map(|_| Medium),
            ..draft(
                format!("Version `{}` is older than the newest on the base branch", identity.version),
                evidence,
                "Give it a version after the newest one, and check that it still fits the schema that it meets there.",
            )
        },
    );
}

/// Asks for files of the base whose versions are greater: a digit of the version is greater where
/// all before it are equal. `None` where a late version does no harm, or is not in the name.
fn newer_need(file: &FileChange, identity: &Identity) -> Option<Need> {
    let version = identity.version.as_str();
    let plain = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit());
    if matches!(late(identity), Late::Runs | Late::Elsewhere) || !plain || version.len() > 20 {
        return None;
    }
    let root = root(&file.path, identity);
    if root.contains(['*', '?', '[', ']', '{', '}']) {
        return None;
    }
    let (before, after) = match identity.framework {
        Framework::Flyway => ("V", "__*.sql"),
        Framework::Diesel => ("", "[!0-9]*/up.sql"),
        Framework::Pairs => ("", "[!0-9]*.up.sql"),
        _ => ("", "[!0-9]*.sql"),
    };
    let folder = if root.is_empty() { String::new() } else { format!("{root}/") };
    let mut globs = Vec::new();
    for (at, digit) in version.char_indices().filter(|(_, digit)| *digit < '9') {
        let next = char::from_digit(digit.to_digit(10)? + 1, 10)?;
        let equal = version.get(..at)?;
        let free = "[0-9]".repeat(version.len() - at - 1);
        globs.push(format!("{folder}{before}{equal}[{next}-9]{free}{after}"));
    }
    // Numbers without leading zeros grow longer.
    if version.len() < 6 && !version.starts_with('0') {
        let longer = "[0-9]".repeat(version.len());
        globs.push(format!("{folder}{before}[1-9]{longer}{after}"));
    }
    Some(Need::Glob { side: Side::Base, globs, limit: 4 })
}

fn graph_need(file: &FileChange) -> Option<Need> {
    let folder = file.path.directory();
    if folder.is_empty() || folder.contains(['*', '?', '[', ']', '{', '}']) {
        return None;
    }
    Some(Need::Glob { side: Side::Head, globs: vec![format!("{folder}/*.py")], limit: MAX_GRAPH })
}

/// The Python files of a folder at head, changed ones as the change has them.
fn folder<'a>(context: &RuleContext<'a>, file: &'a FileChange) -> Vec<(&'a RepoPath, &'a str)> {
    let Some(need) = graph_need(file) else { return Vec::new() };
    let gathered = context.gathered(&need);
    let changed = context.change.files.iter().filter(|other| {
        other.path.directory() == file.path.directory()
            && other.path.extension().as_deref() == Some("py")
    });
    let mut all: Vec<(&RepoPath, &str)> =
        changed.filter_map(|other| Some((&other.path, other.head_text()?.as_str()))).collect();
    for other in gathered {
        if !all.iter().any(|(path, _)| **path == other.path) {
            all.push((&other.path, other.text.as_str()));
        }
    }
    all
}

fn stem(path: &RepoPath) -> &str {
    path.file_name().strip_suffix(".py").unwrap_or(path.file_name())
}

/// Two migrations of one app that no other follows: Django refuses to migrate.
fn django_graph(context: &RuleContext<'_>, findings: &mut Findings<'_>, file: &FileChange) {
    let own = stem(&file.path);
    let mut names = Vec::new();
    let mut followed = HashSet::new();
    for (path, text) in folder(context, file) {
        if path.file_name() == "__init__.py" {
            continue;
        }
        // What is computed may follow anything.
        let Some(links) = django::links(text) else { return };
        if links.squashed {
            return;
        }
        names.push(stem(path));
        followed.extend(links.follows.into_iter().map(|(_, name)| name));
    }
    let ends: Vec<&str> = names.into_iter().filter(|name| !followed.contains(*name)).collect();
    let other = ends.iter().find(|end| **end != own);
    let (true, Some(other)) = (ends.contains(&own), other) else { return };
    split(
        findings,
        file,
        own,
        format!(
            "Nothing in the app follows `{own}` or `{other}`: `migrate` stops with \"multiple leaf nodes\" until one does."
        ),
        format!(
            "Let this migration depend on `{other}`, or add one that depends on both (`makemigrations --merge`)."
        ),
    );
}

/// Two revisions that no other follows, or one that follows none that exists.
fn alembic_graph(context: &RuleContext<'_>, findings: &mut Findings<'_>, file: &FileChange) {
    let mut all = Vec::new();
    for (path, text) in folder(context, file) {
        if text.contains("down_revision") {
            let Some(revision) = alembic::revision(text) else { return };
            // Branches with labels are meant to have ends of their own.
            if text.lines().any(|line| line.starts_with("branch_labels") && !line.ends_with("None"))
            {
                return;
            }
            all.push((path, revision));
        }
    }
    let followed: HashSet<&str> =
        all.iter().flat_map(|(_, revision)| revision.follows.iter().map(String::as_str)).collect();
    let is_end = |own: &str| !followed.contains(own);
    let Some((_, own)) = all.iter().find(|(path, _)| **path == file.path) else { return };
    let other = all.iter().find(|(path, revision)| **path != file.path && is_end(&revision.own));
    let (true, Some((path, _))) = (is_end(&own.own), other) else { return };
    split(
        findings,
        file,
        &own.own,
        format!(
            "No revision follows this one or the one in `{}`: `alembic upgrade head` stops with \"Multiple head \
             revisions\".",
            path.file_name()
        ),
        "Set `down_revision` to the newest revision, or add a merge revision (`alembic merge heads`).".to_owned(),
    );
}

fn split(
    findings: &mut Findings<'_>,
    file: &FileChange,
    own: &str,
    evidence: String,
    instead: String,
) {
    findings.on_file(
        file,
        Draft {
            symbol: Some(own.to_owned()),
            ..draft(format!("`{own}` gives the history a second end"), evidence, instead)
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn globs(path: &str) -> Vec<String> {
        let file =
            crate::domain::assemble::file_change(RepoPath::new(path).unwrap(), None, Some(""));
        let identity = discover::identify_file(&file).unwrap();
        match newer_need(&file, &identity) {
            Some(Need::Glob { globs, .. }) => globs,
            _ => Vec::new(),
        }
    }

    #[test]
    fn greater_versions_are_asked_for() {
        assert_eq!(
            globs("db/0019_a.up.sql"),
            [
                "db/[1-9][0-9][0-9][0-9][!0-9]*.up.sql",
                "db/0[1-9][0-9][0-9][!0-9]*.up.sql",
                "db/00[2-9][0-9][!0-9]*.up.sql",
            ]
        );
        assert_eq!(globs("db/migration/V9__a.sql"), ["db/migration/V[1-9][0-9]__*.sql"]);
        assert!(globs("db/20240101000000_a.up.sql").is_empty());
    }
}

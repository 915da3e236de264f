//! The fixes that rules offer, applied one after the other. Pure: a caller says what the rules
//! find in a change.

use std::collections::BTreeMap;

use crate::domain::assemble;
use crate::domain::change::{Change, ChangeKind, Content, FileChange};
use crate::domain::diff::Side;
use crate::domain::finding::{Finding, Fingerprint, Fix};
use crate::domain::path::RepoPath;
use crate::plan::produce::is_protected;

/// Most findings that are fixed at once: each one runs the rules again.
pub const MAX_FIXES: usize = 30;

/// Why a finding without a fix is left.
pub const NO_FIX: &str = "its rule offers no fix";

/// A finding with its identity.
pub type Found = (Fingerprint, Finding);

/// One fix that held: one commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fixed {
    pub fingerprint: Fingerprint,
    pub finding: Finding,
    pub path: RepoPath,
    /// The file before this fix; `None` where the fix adds it.
    pub before: Option<String>,
    pub after: String,
    /// Of the commit: the rule's title of the finding, and what to do instead.
    pub message: String,
}

#[derive(Debug, Clone, Default)]
pub struct Fixes {
    /// In the order in which they build on one another.
    pub fixed: Vec<Fixed>,
    /// Findings that stay, each with the reason in one clause.
    pub left: Vec<(Fingerprint, String)>,
}

impl Fixes {
    /// Every changed file as it is after all fixes.
    pub fn files(&self) -> BTreeMap<&RepoPath, &str> {
        self.fixed.iter().map(|fixed| (&fixed.path, fixed.after.as_str())).collect()
    }
}

/// Applies what the rules offer for the wanted findings. Each fix is checked by running the rules
/// again: one that leaves its finding, or brings another, is not taken.
pub fn fixes(
    change: &Change,
    wanted: &dyn Fn(&Fingerprint) -> bool,
    find: &dyn Fn(&Change) -> Vec<Found>,
) -> Fixes {
    let mut fixes = Fixes::default();
    let mut current = change.clone();
    let mut known = find(&current);
    let mut queue: Vec<(RepoPath, u32, Fingerprint)> = known
        .iter()
        .filter(|(fingerprint, finding)| wanted(fingerprint) && finding.fix.is_some())
        .map(|(fingerprint, finding)| {
            let line = finding.anchor.lines().map_or(0, |lines| lines.start());
            (finding.anchor.path().clone(), line, fingerprint.clone())
        })
        .collect();
    // From the end of each file upwards: what stands above keeps its lines and its identity.
    queue.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)));
    for (_, _, fingerprint) in queue {
        if fixes.fixed.len() >= MAX_FIXES {
            fixes.left.push((fingerprint, format!("only {MAX_FIXES} are fixed at once")));
            continue;
        }
        let found = known.iter().find(|(known, _)| *known == fingerprint);
        let Some((_, finding)) = found.cloned() else {
            continue; // An earlier fix took it along.
        };
        match attempt(&current, &known, &finding, find) {
            Ok((next, after_known, fixed)) => {
                fixes.fixed.push(Fixed { fingerprint, ..fixed });
                current = next;
                known = after_known;
            }
            Err(why) => fixes.left.push((fingerprint, why)),
        }
    }
    let rest = known.iter().filter(|(fingerprint, finding)| {
        finding.fix.is_none()
            && wanted(fingerprint)
            && !fixes.left.iter().any(|(left, _)| left == fingerprint)
    });
    let rest: Vec<_> =
        rest.map(|(fingerprint, _)| (fingerprint.clone(), NO_FIX.to_owned())).collect();
    fixes.left.extend(rest);
    fixes
}

type Attempt = Result<(Change, Vec<Found>, Fixed), String>;

fn attempt(
    current: &Change,
    known: &[Found],
    finding: &Finding,
    find: &dyn Fn(&Change) -> Vec<Found>,
) -> Attempt {
    let (next, fixed) = apply(current, finding)?;
    let after = find(&next);
    let (before_counts, after_counts) = (counts(known), counts(&after));
    let own = key(finding);
    if after_counts.get(&own).copied().unwrap_or(0) >= before_counts.get(&own).copied().unwrap_or(0)
    {
        return Err("the fix leaves the finding".to_owned());
    }
    let brought = after_counts
        .iter()
        .find(|(key, count)| **count > before_counts.get(*key).copied().unwrap_or(0));
    if let Some(((rule, path), _)) = brought {
        return Err(format!("the fix brings `{rule}` in `{path}`"));
    }
    Ok((next, after, fixed))
}

/// Findings by rule and file: lines and identities may shift with a fix, these do not.
fn counts(findings: &[Found]) -> BTreeMap<(String, String), usize> {
    let mut counts = BTreeMap::new();
    for (_, finding) in findings {
        *counts.entry(key(finding)).or_default() += 1;
    }
    counts
}

fn key(finding: &Finding) -> (String, String) {
    (finding.rule.0.clone(), finding.anchor.path().as_str().to_owned())
}

/// The change with the fix of one finding in it.
fn apply(change: &Change, finding: &Finding) -> Result<(Change, Fixed), String> {
    let (path, before, after) = match &finding.fix {
        None => return Err(NO_FIX.to_owned()),
        Some(Fix::NewFile { path, content }) => {
            if change.file(path).is_some_and(|file| file.head_text().is_some()) {
                return Err(format!("`{path}` is there already"));
            }
            (path.clone(), None, content.clone())
        }
        Some(Fix::Replace { lines, replacement }) => {
            let path = finding.anchor.head_path().clone();
            let text = change.file(&path).and_then(FileChange::head_text);
            let text = text.ok_or_else(|| format!("the text of `{path}` is not at hand"))?.as_str();
            let after = replaced(text, lines.start(), lines.end(), replacement);
            let after = after.ok_or_else(|| format!("`{path}` has no such lines"))?;
            (path, Some(text.to_owned()), after)
        }
    };
    if is_protected(path.as_str()) {
        return Err(format!("`{path}` is never written"));
    }
    let mut next = change.clone();
    match next.files.iter_mut().find(|file| file.path == path) {
        Some(file) => *file = with_head(file, &after),
        None => next.files.push(assemble::file_change(path.clone(), None, Some(&after))),
    }
    let message = format!(
        "{}\n\n{}\n\nFinding of the rule {}.\n",
        commit_line(&finding.title),
        commit_line(&finding.recommendation),
        finding.rule
    );
    let (fingerprint, finding) = (Fingerprint(String::new()), finding.clone());
    Ok((next, Fixed { fingerprint, finding, path, before, after, message }))
}

/// Lines `start..=end` replaced; the line breaks around stay as they are.
fn replaced(text: &str, start: u32, end: u32, replacement: &str) -> Option<String> {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let first = usize::try_from(start).ok()?.checked_sub(1)?;
    let last = usize::try_from(end).ok()?;
    let (before, cut, after) = (lines.get(..first)?, lines.get(first..last)?, lines.get(last..)?);
    let ending = match cut.last()? {
        line if line.ends_with("\r\n") => "\r\n",
        line if line.ends_with('\n') => "\n",
        _ => "",
    };
    let mut out = before.concat();
    if !replacement.is_empty() {
        let windows = ending == "\r\n";
        out.push_str(&if windows {
            replacement.replace('\n', "\r\n")
        } else {
            replacement.to_owned()
        });
        out.push_str(ending);
    }
    out.push_str(&after.concat());
    Some(out)
}

/// The same file with another text at head.
fn with_head(file: &FileChange, text: &str) -> FileChange {
    let base =
        file.content(Side::Base).and_then(Content::text).map(|text| text.as_str().to_owned());
    let made = assemble::file_change(file.path.clone(), base.as_deref(), Some(text));
    let kind = match &file.kind {
        ChangeKind::Deleted => made.kind.clone(),
        kind => kind.clone(),
    };
    FileChange {
        kind,
        base_mode: file.base_mode,
        head_mode: file.head_mode.or(made.head_mode),
        base: file.base.clone(),
        derived: file.derived,
        ..made
    }
}

/// Plain words: no code marks, mentions or references.
fn commit_line(text: &str) -> String {
    let text: String =
        text.chars().filter(|c| !c.is_control() && !matches!(c, '`' | '@' | '#')).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::policy::Policy;
    use crate::domain::team::Lane;
    use crate::report::fingerprint::fingerprints;
    use crate::rules::{self, Memo};

    fn find(change: &Change) -> Vec<Found> {
        let (policy, memo) = (Policy::default(), Memo::default());
        let selection = rules::plan_rules(change, &policy, &Lane::REVIEWERS);
        let run =
            |rule| rules::run_rule(rule, change, &policy, &Default::default(), &memo).findings;
        let findings: Vec<Finding> = selection.rules.into_iter().flat_map(run).collect();
        let ids = fingerprints(&findings, change);
        ids.into_iter().zip(findings).collect()
    }

    fn change(path: &str, text: &str) -> Change {
        let path = RepoPath::new(path).unwrap();
        assemble::change(vec![assemble::file_change(path, None, Some(text))])
    }

    #[test]
    fn lines_are_replaced_and_nothing_else() {
        assert_eq!(replaced("a\nb\nc", 2, 2, "x\ny").unwrap(), "a\nx\ny\nc");
        assert_eq!(replaced("a\r\nb\r\n", 1, 1, "x\ny").unwrap(), "x\r\ny\r\nb\r\n");
        assert_eq!(replaced("a\nb", 2, 2, "").unwrap(), "a\n");
        assert_eq!(replaced("a\n", 2, 2, "x"), None);
        assert_eq!(replaced("a\n", 0, 0, "x"), None);
    }

    #[test]
    fn a_fix_that_holds_is_one_commit_each() {
        let goose = "-- +goose NO TRANSACTION\n-- +goose Up\nCREATE INDEX a_idx ON users (a);\nCREATE INDEX b_idx ON users (b);\n-- +goose Down\nDROP INDEX CONCURRENTLY a_idx;\nDROP INDEX CONCURRENTLY b_idx;\n";
        let fixes = fixes(&change("db/migrations/7_a.sql", goose), &|_| true, &find);
        assert_eq!(fixes.fixed.len(), 2, "{fixes:?}");
        let last = &fixes.fixed[1];
        assert!(fixes.fixed[0].after.contains("CREATE INDEX CONCURRENTLY b_idx"));
        assert_eq!(last.before.as_deref(), Some(fixes.fixed[0].after.as_str()));
        assert_eq!(last.after.matches("INDEX CONCURRENTLY a_idx").count(), 2);
        assert!(last.message.ends_with("Finding of the rule migration/index-not-concurrent.\n"));
        assert!(!last.message.contains('`'));
    }

    #[test]
    fn a_fix_that_brings_something_else_is_left() {
        let sql = "-- +goose NO TRANSACTION\n-- +goose Up\nCREATE INDEX a_idx ON users (a);\n-- +goose Down\nDROP INDEX CONCURRENTLY a_idx;\n";
        let change = change("db/migrations/0007_a.sql", sql);
        let known = find(&change);
        let offered: Vec<&Found> =
            known.iter().filter(|(_, finding)| finding.fix.is_some()).collect();
        let fingerprint = offered.first().map(|(fingerprint, _)| fingerprint.clone()).unwrap();
        // The same rules, and one more that does not like the fix.
        let strict = |change: &Change| {
            let mut found = find(change);
            let text = change.files[0].head_text().unwrap().as_str().to_owned();
            if text.matches("CONCURRENTLY").count() == 2 {
                let mut other = known[0].1.clone();
                other.rule.0 = "a/b".to_owned();
                found.push((Fingerprint("1".to_owned()), other));
            }
            found
        };
        let fixes = fixes(&change, &|id| *id == fingerprint, &strict);
        assert!(fixes.fixed.is_empty());
        assert_eq!(fixes.left[0].1, "the fix brings `a/b` in `db/migrations/0007_a.sql`");
    }
}

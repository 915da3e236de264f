//! What a change touches: labels from paths and from the lines it adds, each with its evidence.
//!
//! A label needs a reason to exist: a path whose name is a convention, or a word of code in a
//! line that the change adds. Tests, documentation and generated files earn nothing but their
//! own label.

mod content;
mod kind;
mod manifest;
mod terms;
mod words;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::config::policy::{PathSet, Policy};
use crate::domain::change::{Anchor, Change, ChangeKind, FileChange, Subject};
use crate::domain::routing::{ChangeLabel, Labelled};

use kind::FileKind;

/// Places that one label names at most.
const MAX_EVIDENCE: usize = 3;
/// Lines removed and added on critical paths from which on a change counts as a refactoring.
const REFACTOR_LINES: usize = 150;
/// Renamed code files from which on a change counts as a refactoring.
const REFACTOR_RENAMES: usize = 5;

/// The labels under construction.
#[derive(Default)]
pub(crate) struct Labels(BTreeMap<ChangeLabel, Labelled>);

impl Labels {
    /// Adds a label or more evidence for it; the first reason stays.
    fn add(&mut self, label: ChangeLabel, because: &str, evidence: Option<Anchor>) {
        let labelled = self.0.entry(label).or_insert_with(|| Labelled {
            label,
            because: because.to_owned(),
            evidence: Vec::new(),
        });
        if let Some(anchor) = evidence
            && labelled.evidence.len() < MAX_EVIDENCE
            && !labelled.evidence.iter().any(|known| {
                // A line says more than the file it stands in.
                *known == anchor || (known.path() == anchor.path() && anchor.lines().is_none())
            })
        {
            labelled.evidence.push(anchor);
        }
    }
}

/// The labels of a change, in the order of their names.
pub fn classify(change: &Change, policy: &Policy) -> Vec<Labelled> {
    let ignored = PathSet::new(&policy.ignore);
    let mut labels = Labels::default();
    let mut backend = None;
    let mut web = None;
    let files = || change.files.iter().filter(|file| !ignored.matches(&file.path) && !file.derived);
    for file in files() {
        let kind = kind::of(file);
        match kind {
            FileKind::Code if backend.is_none() => backend = Some(file.anchor_file()),
            FileKind::Web if web.is_none() => web = Some(file.anchor_file()),
            _ => {}
        }
        kind::label(file, kind, &mut labels);
        content::label(file, kind, &mut labels);
    }
    if let (Some(backend), Some(web)) = (backend, web) {
        let because = "backend code and web code change together";
        labels.add(ChangeLabel::CrossStack, because, Some(backend));
        labels.add(ChangeLabel::CrossStack, because, Some(web));
    }
    new_modules(files(), &mut labels);
    refactoring(files(), policy, &mut labels);
    bug_fix(change, &mut labels);
    labels.0.into_values().collect()
}

/// An added entry file or manifest in a directory of which nothing else was there before, as far
/// as the change shows.
fn new_modules<'a>(files: impl Iterator<Item = &'a FileChange>, labels: &mut Labels) {
    let mut added: BTreeMap<&str, Vec<&FileChange>> = BTreeMap::new();
    let mut known: Vec<&str> = Vec::new();
    for file in files {
        let directory = file.path.directory();
        if file.is_added() {
            added.entry(directory).or_default().push(file);
        } else {
            known.push(directory);
        }
    }
    for (directory, files) in added {
        if directory.is_empty() || known.contains(&directory) {
            continue;
        }
        let code = files.iter().filter(|file| kind::of(file) == FileKind::Code).count();
        let entry = files.iter().find(|file| {
            let name = file.path.file_name();
            kind::of(file) != FileKind::Test
                && (manifest::is_manifest(name) || (code >= 2 && is_entry(name)))
        });
        if let Some(entry) = entry {
            let because = "a module or service was added";
            labels.add(ChangeLabel::NewModule, because, Some(entry.anchor_file()));
        }
    }
}

fn is_entry(name: &str) -> bool {
    matches!(
        name,
        "__init__.py"
            | "__main__.py"
            | "lib.rs"
            | "main.go"
            | "main.py"
            | "main.rs"
            | "mod.rs"
            | "index.ts"
            | "index.js"
            | "main.ts"
            | "main.js"
            | "doc.go"
            | "module.ts"
            | "package-info.java"
    ) || name.ends_with(".module.ts")
        || name.ends_with("Application.java")
        || name.ends_with("Application.kt")
}

/// Much churn on critical paths, or many renamed code files.
fn refactoring<'a>(
    files: impl Iterator<Item = &'a FileChange>,
    policy: &Policy,
    labels: &mut Labels,
) {
    let critical = PathSet::new(&policy.critical_paths);
    let mut churn = 0;
    let mut touched = Vec::new();
    let mut renamed = Vec::new();
    for file in files.filter(|file| kind::of(file) == FileKind::Code) {
        if matches!(file.kind, ChangeKind::Renamed { .. }) {
            renamed.push(file.anchor_file());
        }
        if critical.matches(&file.path) && !file.is_added() {
            let removed = file.removed_lines().count();
            // Lines that only come in are new behaviour, not a refactoring.
            if removed > 0 || matches!(file.kind, ChangeKind::Renamed { .. }) {
                churn += removed + file.added_lines().count();
                touched.push(file.anchor_file());
            }
        }
    }
    if churn >= REFACTOR_LINES {
        for anchor in touched {
            let because = "much code on critical paths was rewritten";
            labels.add(ChangeLabel::CoreRefactor, because, Some(anchor));
        }
    }
    if renamed.len() >= REFACTOR_RENAMES {
        for anchor in renamed {
            let because = "many code files were moved or renamed";
            labels.add(ChangeLabel::CoreRefactor, because, Some(anchor));
        }
    }
}

/// The title or a label says that something is mended, or the text closes an issue.
fn bug_fix(change: &Change, labels: &mut Labels) {
    let title = change.title.expose().to_lowercase();
    let first = words::split(&title).into_iter().next().unwrap_or_default();
    if matches!(first.as_str(), "fix" | "fixes" | "fixed" | "bugfix" | "hotfix") {
        return labels.add(ChangeLabel::BugFix, "the title says that something is fixed", None);
    }
    let labelled = match &change.subject {
        Subject::Pull { labels, .. } => labels.iter().any(|label| {
            words::split(&label.to_lowercase()).iter().any(|w| w == "bug" || w == "regression")
        }),
        Subject::Range => false,
    };
    if labelled {
        return labels.add(ChangeLabel::BugFix, "a label calls it a bug", None);
    }
    let body = change.body.expose().to_lowercase();
    let closes = body.lines().take(500).any(|line| {
        ["fixes #", "fix #", "fixed #"].iter().any(|word| {
            line.split_once(word)
                .is_some_and(|(_, rest)| rest.starts_with(|c: char| c.is_ascii_digit()))
        })
    });
    if closes {
        labels.add(ChangeLabel::BugFix, "the description says that it fixes an issue", None);
    }
}

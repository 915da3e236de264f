//! The protobuf files of a change, compared.

use std::collections::HashSet;

use super::build::build;
use super::compare::{Difference, compare};
use super::config::{Breaking, Settings, Subject, wants};
use super::model::{At, Model, Service};
use super::parse::parse;
use super::syntax::File;
use crate::domain::change::{Change, FileChange};
use crate::domain::diff::Side;
use crate::ports::source::Need;
use crate::rules::RuleContext;
use crate::rules::contracts::is_public;
use crate::rules::parse::cursor::SyntaxError;

/// Most files of the repository that are read for the names they define.
const MAX_OTHERS: usize = 400;

/// What is to be said about a change. Places name files by their number in the change.
#[derive(Debug, Default)]
pub struct Review {
    pub differences: Vec<Difference>,
    /// Files that could be read before and no longer can.
    pub unreadable: Vec<(usize, SyntaxError)>,
    /// Fields that are gone, renamed, or required now or before: one finding says enough.
    pub removed: HashSet<String>,
    pub renamed: HashSet<String>,
    pub required: HashSet<String>,
}

pub fn is_proto(file: &FileChange) -> bool {
    file.path.extension().as_deref() == Some("proto") && is_public(&file.path)
}

pub fn applies(change: &Change) -> bool {
    change.files.iter().any(|file| is_proto(file) && file.base.is_some())
}

fn others_need() -> Need {
    Need::Glob { side: Side::Head, globs: vec!["**/*.proto".to_owned()], limit: MAX_OTHERS }
}

fn settings_need() -> Need {
    Need::Glob { side: Side::Base, globs: vec!["**/buf.yaml".to_owned()], limit: 50 }
}

pub fn needs(_: &Change) -> Vec<Need> {
    vec![others_need(), settings_need()]
}

/// The files of one side that could be read, with their numbers in the change.
#[derive(Default)]
struct Files {
    numbers: Vec<usize>,
    files: Vec<(String, File)>,
}

impl Files {
    fn model(&self, others: &[&File]) -> Model {
        let files: Vec<(String, &File)> =
            self.files.iter().map(|(path, file)| (path.clone(), file)).collect();
        build(&files, others)
    }

    /// The place as one of the change.
    fn in_change(&self, at: Option<At>) -> Option<At> {
        let at = at?;
        Some(At { file: *self.numbers.get(at.file)?, line: at.line })
    }
}

pub fn review(context: &RuleContext<'_>) -> Review {
    let mut review = Review::default();
    let (base, head) = read(context.change, &mut review);
    let changed: HashSet<&str> =
        context.change.files.iter().map(|file| file.path.as_str()).collect();
    let gathered = context.gathered(&others_need());
    let others: Vec<File> = gathered
        .iter()
        .filter(|file| !changed.contains(file.path.as_str()))
        .filter_map(|file| parse(file.text.as_str()).ok())
        .collect();
    let others: Vec<&File> = others.iter().collect();
    let (old, new) = (base.model(&others), head.model(&others));
    let settings: Vec<Settings> = context
        .gathered(&settings_need())
        .iter()
        .map(|file| Settings::read(file.path.directory(), file.text.as_str()))
        .collect();
    let complete = gathered.len() < MAX_OTHERS;
    let usual = Breaking::usual();
    let all = compare(&old, &new);
    let of_wire = |id: &str| id.starts_with("FIELD_WIRE_") && id.contains("_COMPATIBLE_");
    let broken: HashSet<(String, String)> = all
        .iter()
        .filter(|difference| of_wire(difference.id))
        .map(|difference| (difference.symbol.clone(), difference.title.clone()))
        .collect();
    for mut difference in all {
        let about = (difference.symbol.clone(), difference.title.clone());
        difference.breaks_wire = broken.contains(&about);
        // With some files of the repository unread, the package may live on in one of them.
        let unsure = !complete && difference.id.starts_with("PACKAGE_");
        if unsure || !counts(&difference, &old, &new, &settings, &usual) {
            continue;
        }
        difference.base = base.in_change(difference.base);
        difference.head = head.in_change(difference.head);
        let symbol = difference.symbol.clone();
        match difference.id {
            id if id.starts_with("FIELD_NO_DELETE") => review.removed.insert(symbol),
            "FIELD_SAME_NAME" => review.renamed.insert(symbol),
            "MESSAGE_SAME_REQUIRED_FIELDS" => review.required.insert(symbol),
            _ => false,
        };
        review.differences.push(difference);
    }
    review
}

fn counts(
    difference: &Difference,
    old: &Model,
    new: &Model,
    settings: &[Settings],
    unsaid: &Breaking,
) -> bool {
    let head = difference.head.and_then(|at| new.files.get(at.file));
    let base = difference.base.and_then(|at| old.files.get(at.file));
    let served = |service: &Service| {
        let file = old.files.get(service.file);
        file.is_some_and(|file| file.package.0 == difference.symbol)
    };
    let subject = Subject {
        id: difference.id,
        served: difference.id == "PACKAGE_NO_DELETE" && old.services.iter().any(served),
        paths: [head, base].map(|file| file.map(|file| file.path.as_str())),
        packages: [head, base].map(|file| file.map(|file| file.package.0.as_str())),
    };
    wants(settings, &subject, unsaid)
}

/// Both sides of the changed files. A file that cannot be read on one side is left out on both.
fn read(change: &Change, review: &mut Review) -> (Files, Files) {
    let (mut base, mut head) = (Files::default(), Files::default());
    for (number, file) in change.files.iter().enumerate().filter(|(_, file)| is_proto(file)) {
        // A side that is there but was not read (too large, binary) says nothing.
        let unread = |side| file.content(side).is_some() && file.text(side).is_none();
        if unread(Side::Base) || unread(Side::Head) {
            continue;
        }
        let side = |side| file.text(side).map(|text| parse(text.as_str())).transpose();
        let (old, new) = match (side(Side::Base), side(Side::Head)) {
            (Ok(old), Ok(new)) => (old, new),
            (Ok(Some(_)), Err(error)) => {
                review.unreadable.push((number, error));
                continue;
            }
            _ => continue,
        };
        for (files, side, content) in [(&mut base, Side::Base, old), (&mut head, Side::Head, new)] {
            if let Some(content) = content {
                files.numbers.push(number);
                files.files.push((file.path_on(side).as_str().to_owned(), content));
            }
        }
    }
    (base, head)
}

/// A difference as `buf breaking` lists it: rule, path and line; no path for what is gone
/// altogether, no line for a file as a whole.
pub type Listed = (&'static str, Option<String>, Option<u32>);

/// The differences between two versions of a tree of files (path and text), `buf.yaml` among
/// them, as `buf breaking` lists them. The rules are those of the head's `buf.yaml`.
pub fn differences(base: &[(&str, &str)], head: &[(&str, &str)]) -> Vec<Listed> {
    let side = |tree: &[(&str, &str)]| {
        let yaml = tree.iter().find(|(path, _)| *path == "buf.yaml");
        let settings = Settings::read("", yaml.map_or("", |(_, text)| text));
        let mut files = Files::default();
        for (path, text) in tree.iter().filter(|(path, _)| path.ends_with(".proto")) {
            if let Ok(file) = parse(text) {
                files.files.push((settings.inside_root(path).to_owned(), file));
            }
        }
        (files.model(&[]), settings)
    };
    let ((old, _), (new, mut settings)) = (side(base), side(head));
    settings.roots.clear();
    let (settings, unsaid) = ([settings], Breaking::of_buf());
    compare(&old, &new)
        .into_iter()
        .filter(|difference| counts(difference, &old, &new, &settings, &unsaid))
        .map(|difference| {
            let file = difference.head.and_then(|at| new.files.get(at.file));
            let line = difference.head.and_then(|at| at.line);
            (difference.id, file.map(|file| file.path.clone()), line)
        })
        .collect()
}

//! Rules of the `json-schema` family: changes of JSON Schema files.
//!
//! A schema does not say which way its documents travel. A file's name may (`config.schema.json`
//! is written by its users); otherwise only a change is reported that breaks both who writes
//! documents and who reads them, because that harms somebody however the schema is used.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::openapi::Level;
use super::openapi::diff::{self, Difference, Direction, Used};
use super::openapi::document::is_description;
use super::parse::tree::Node;
use super::spread::{self, Files, Spread, Unread, refers_to_files};
use super::{Check, Draft, Findings, Memo, Rule, RuleContext, contracts};
use crate::domain::change::{Change, FileChange};
use crate::domain::diff::Side;
use crate::domain::finding::Severity::Major;
use crate::domain::path::RepoPath;
use crate::ports::source::Need;

const fn rule(
    code: &'static str,
    title: &'static str,
    page: &'static str,
    check: fn(&RuleContext<'_>, &mut Findings<'_>),
) -> Rule {
    contracts::rule(code, title, Major, &[], page, Check::Change { applies, needs, check })
}

/// Folders in which parts of schemas lie.
const FOLDERS: [&str; 7] =
    ["common", "components", "contracts", "definitions", "defs", "schema", "schemas"];

fn applies(change: &Change) -> bool {
    change.files.iter().any(|file| may_be_schema(file) || may_be_part(file))
}

fn may_be_schema(file: &FileChange) -> bool {
    spread::is_readable(&file.path)
        && file.base_text().is_some()
        && file.head_text().is_some_and(|text| names_itself(&file.path, text.as_str()))
        && contracts::is_public(&file.path)
}

fn names_itself(path: &RepoPath, text: &str) -> bool {
    path.file_name().contains(".schema.") || text.contains("json-schema.org")
}

/// A file of definitions that a schema may refer to.
fn may_be_part(file: &FileChange) -> bool {
    let in_place = FOLDERS.iter().any(|folder| file.path.has_directory(folder));
    (in_place || file.path.file_name().contains(".schema."))
        && spread::is_readable(&file.path)
        && contracts::is_public(&file.path)
        && file.base_text().is_some()
        && file.head_text().is_some_and(|text| text.as_str().contains("type"))
}

fn needs(change: &Change) -> Vec<Need> {
    spread::needs_near(change, may_be_part, may_be_schema, None)
}

/// Who has to do with the documents of a schema, as far as is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// Others write them, and are refused.
    Input,
    /// Others read them.
    Output,
    Unknown,
}

/// By words of the file's name.
fn purpose(path: &RepoPath) -> Purpose {
    const INPUT: [&str; 12] = [
        "args",
        "command",
        "config",
        "configuration",
        "input",
        "manifest",
        "options",
        "params",
        "parameters",
        "request",
        "settings",
        "values",
    ];
    const OUTPUT: [&str; 5] = ["output", "report", "response", "result", "results"];
    let name = path.file_name().to_ascii_lowercase();
    let stem = name.split(".schema.").next().unwrap_or(&name);
    let stem = stem.rsplit_once('.').map_or(stem, |(stem, end)| {
        if matches!(end, "json" | "yaml" | "yml") { stem } else { end }
    });
    let words: Vec<&str> = stem.split(['-', '_', '.']).collect();
    let has = |list: &[&str]| words.iter().any(|word| list.contains(word));
    match (has(&INPUT), has(&OUTPUT)) {
        (true, false) => Purpose::Input,
        (false, true) => Purpose::Output,
        _ => Purpose::Unknown,
    }
}

/// Whether a document is a schema: it says so, or its file is called one.
fn is_schema(node: &Node, path: &RepoPath) -> bool {
    const KEYWORDS: [&str; 8] =
        ["$ref", "allOf", "anyOf", "enum", "items", "oneOf", "properties", "type"];
    let dialect = node.get("$schema").and_then(Node::as_str).unwrap_or("");
    (dialect.contains("json-schema.org") || path.file_name().contains(".schema."))
        && !is_description(node)
        && KEYWORDS.iter().any(|key| node.get(key).is_some())
}

/// The breaks of the schemas of a change, found once for both rules.
#[derive(Default)]
struct Reviewed {
    schemas: Vec<Breaks>,
    unread: Vec<Unread>,
}

/// The breaks of a schema, for those who write documents and for those who read them.
struct Breaks {
    path: RepoPath,
    writers: Vec<Difference>,
    readers: Vec<Difference>,
}

/// Schemas of which parts could not be compared, as far as rules compared schemas in the review
/// that the memory belongs to.
pub(super) fn unread(memo: &Memo) -> Vec<Unread> {
    memo.known::<Reviewed>().map(|reviewed| reviewed.unread.clone()).unwrap_or_default()
}

fn review(context: &RuleContext<'_>) -> Arc<Reviewed> {
    context.shared(|| make(context)).unwrap_or_default()
}

fn make(context: &RuleContext<'_>) -> Reviewed {
    let needs = needs(context.change);
    let whole = needs.iter().all(|need| context.gathered_whole(need).is_some());
    let mut base = Files::new(context, Side::Base, &needs);
    let mut head = Files::new(context, Side::Head, &needs);
    let named = |path: &RepoPath, text: &str| {
        contracts::is_public(path) && names_itself(path, text) && refers_to_files(text)
    };
    let mut reviewed = Reviewed::default();
    for (before, after) in spread::roots(context, &base, may_be_schema, named) {
        let is_root = |node: &Node| is_schema(node, &after);
        let (Some(old), Some(new)) = (base.load(&before, is_root), head.load(&after, is_root))
        else {
            continue;
        };
        if old.is_touched(context.change) || new.is_touched(context.change) {
            reviewed.unread.extend(spread::unread(&old, &new, whole));
            reviewed.schemas.extend(breaks(&after, &old, &new));
        }
    }
    reviewed
}

fn breaks(path: &RepoPath, old: &Spread, new: &Spread) -> Option<Breaks> {
    let (old, new) = (old.documents(), new.documents());
    let found = |direction| {
        let used = Used {
            base: old.root()?,
            head: new.root()?,
            direction,
            owner: "The document".to_owned(),
            place: String::new(),
        };
        let mut found = diff::schemas(&old, &new, &[used]);
        found.retain(|one| one.level == Level::Error);
        Some(found)
    };
    let (mut writers, mut readers) = (found(Direction::Request)?, found(Direction::Response)?);
    match purpose(path) {
        Purpose::Input => readers.clear(),
        Purpose::Output => writers.clear(),
        Purpose::Unknown if writers.is_empty() || readers.is_empty() => {
            writers.clear();
            readers.clear();
        }
        // What breaks both ways at once is said once; that readers break too is known by then.
        Purpose::Unknown => readers.retain(|one| {
            !writers.iter().any(|w| (w.side, &w.file, w.lines) == (one.side, &one.file, one.lines))
        }),
    }
    Some(Breaks { path: path.clone(), writers, readers })
}

fn say(
    context: &RuleContext<'_>,
    pick: fn(&Breaks) -> &[Difference],
    texts: (&str, &str),
    findings: &mut Findings<'_>,
) {
    let mut said = BTreeSet::new();
    for schema in &review(context).schemas {
        for one in pick(schema) {
            // One line may break in several ways; the first says enough.
            let Some(file) = spread::changed(context, one.side, &one.file) else { continue };
            if !said.insert((one.side, one.file.clone(), one.lines)) {
                continue;
            }
            let through = match schema.path == file.path {
                true => String::new(),
                false => format!("`{}` refers to this. ", schema.path),
            };
            let draft = Draft {
                title: one.title.clone(),
                evidence: format!("{through}{}", texts.0),
                recommendation: texts.1.to_owned(),
                symbol: Some(one.title.clone()),
                ..Draft::default()
            };
            findings.at(file, one.side, one.lines, draft);
        }
    }
}

const REFUSED: Rule = rule(
    "json-schema/valid-document-refused",
    "A document that was valid no longer is",
    include_str!("../../../fixtures/rules/json-schema/valid-document-refused.md"),
    |context, findings| {
        let texts = (
            "Documents that are valid by the schema so far are refused by the new one: those that are stored, and those of everybody who has not moved yet.",
            "Go on accepting what was valid, or publish the new form under a new `$id` or file name.",
        );
        say(context, |breaks| &breaks.writers, texts, findings);
    },
);

const READERS: Rule = rule(
    "json-schema/reader-broken",
    "A document may be what its readers do not know",
    include_str!("../../../fixtures/rules/json-schema/reader-broken.md"),
    |context, findings| {
        let texts = (
            "The schema promised this to readers of its documents; code that relies on it fails on what is valid now.",
            "Keep the promise, or publish the new form under a new `$id` or file name.",
        );
        say(context, |breaks| &breaks.readers, texts, findings);
    },
);

pub(super) const RULES: &[Rule] = &[REFUSED, READERS];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_what_a_schema_is_for() {
        for (path, expected) in [
            ("schemas/app-config.schema.json", Purpose::Input),
            ("charts/shop/values.schema.json", Purpose::Input),
            ("schemas/scan.output.schema.json", Purpose::Output),
            ("schemas/order.schema.json", Purpose::Unknown),
            ("schemas/order.json", Purpose::Unknown),
            ("schemas/response-settings.schema.json", Purpose::Unknown),
        ] {
            assert_eq!(purpose(&RepoPath::new(path).unwrap()), expected, "{path}");
        }
    }
}

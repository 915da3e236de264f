//! Rules of the `json-schema` family: changes of JSON Schema files.
//!
//! A schema does not say which way its documents travel. A file's name may (`config.schema.json`
//! is written by its users); otherwise only a change is reported that breaks both who writes
//! documents and who reads them, because that harms somebody however the schema is used.

use super::openapi::diff::{self, Difference, Direction, Used};
use super::openapi::document::is_description;
use super::openapi::resolve::Documents;
use super::openapi::{Level, document};
use super::parse::tree::Node;
use super::{Check, Draft, Findings, Rule, RuleContext, contracts};
use crate::domain::change::FileChange;
use crate::domain::diff::Side;
use crate::domain::finding::Severity::Major;
use crate::domain::path::RepoPath;

const fn rule(
    code: &'static str,
    title: &'static str,
    page: &'static str,
    check: fn(&RuleContext<'_>, &FileChange, &mut Findings<'_>),
) -> Rule {
    contracts::rule(code, title, Major, &[], page, Check::File { applies, check })
}

fn applies(file: &FileChange) -> bool {
    matches!(file.path.extension().as_deref(), Some("json" | "yaml" | "yml"))
        && file.base_text().is_some()
        && file.head_text().is_some_and(|text| {
            file.path.file_name().contains(".schema.") || text.as_str().contains("json-schema.org")
        })
        && contracts::is_public(&file.path)
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

/// The breaks of a changed file, for those who write documents and for those who read them.
struct Breaks {
    writers: Vec<Difference>,
    readers: Vec<Difference>,
}

fn breaks(context: &RuleContext<'_>, file: &FileChange) -> Option<Breaks> {
    let base = document::tree(context, file, Side::Base)?;
    let head = document::tree(context, file, Side::Head)?;
    let sound = base.error.is_none() && head.error.is_none();
    let (old, new) = (base.documents.first()?, head.documents.first()?);
    let path = &file.path;
    if !sound || !is_schema(old, path) || !is_schema(new, path) {
        return None;
    }
    let old = Documents::new(vec![(file.path_on(Side::Base).clone(), old)]);
    let new = Documents::new(vec![(file.path.clone(), new)]);
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
    let (writers, mut readers) = (found(Direction::Request)?, found(Direction::Response)?);
    if purpose(&file.path) == Purpose::Unknown && !readers.is_empty() {
        // What breaks both ways at once is said once; that readers break too is known by then.
        let of_writers =
            |one: &Difference| writers.iter().any(|w| w.side == one.side && w.lines == one.lines);
        let both = !writers.is_empty();
        readers.retain(|one| !of_writers(one));
        if both {
            return Some(Breaks { writers, readers });
        }
    }
    Some(match purpose(&file.path) {
        Purpose::Input => Breaks { writers, readers: Vec::new() },
        Purpose::Output => Breaks { writers: Vec::new(), readers },
        Purpose::Unknown if writers.is_empty() || readers.is_empty() => {
            Breaks { writers: Vec::new(), readers: Vec::new() }
        }
        Purpose::Unknown => Breaks { writers, readers },
    })
}

fn say(file: &FileChange, list: &[Difference], texts: (&str, &str), findings: &mut Findings<'_>) {
    let mut said = Vec::new();
    for one in list.iter().filter(|one| file.text(one.side).is_some()) {
        // One line may break in several ways; the first says enough.
        if said.contains(&(one.side, one.lines)) {
            continue;
        }
        said.push((one.side, one.lines));
        let draft = Draft {
            title: one.title.clone(),
            evidence: texts.0.to_owned(),
            recommendation: texts.1.to_owned(),
            symbol: Some(one.title.clone()),
            ..Draft::default()
        };
        findings.at(file, one.side, one.lines, draft);
    }
}

const REFUSED: Rule = rule(
    "json-schema/valid-document-refused",
    "A document that was valid no longer is",
    include_str!("../../../fixtures/rules/json-schema/valid-document-refused.md"),
    |context, file, findings| {
        let texts = (
            "Documents that are valid by the schema so far are refused by the new one: those that are stored, and those of everybody who has not moved yet.",
            "Go on accepting what was valid, or publish the new form under a new `$id` or file name.",
        );
        if let Some(breaks) = breaks(context, file) {
            say(file, &breaks.writers, texts, findings);
        }
    },
);

const READERS: Rule = rule(
    "json-schema/reader-broken",
    "A document may be what its readers do not know",
    include_str!("../../../fixtures/rules/json-schema/reader-broken.md"),
    |context, file, findings| {
        let texts = (
            "The schema promised this to readers of its documents; code that relies on it fails on what is valid now.",
            "Keep the promise, or publish the new form under a new `$id` or file name.",
        );
        if let Some(breaks) = breaks(context, file) {
            say(file, &breaks.readers, texts, findings);
        }
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

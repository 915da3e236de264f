//! Metrics that code stops exporting while an alert or dashboard still asks for them.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use super::places::{code_globs, has_word, is_code, is_live, related, text_now};
use crate::domain::change::{Change, FileChange};
use crate::domain::diff::{LineRange, Side};
use crate::domain::finding::Related;
use crate::ports::source::Need;
use crate::rules::{Draft, Findings, RuleContext};

const MAX_NAMES: usize = 10;
const MAX_PLACES: usize = 5;

/// Quoted names with an ending that Prometheus metrics have.
static NAME: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let endings = "total|seconds|milliseconds|ms|bytes|count|ratio|errors|requests|failures|duration|size|info";
    Regex::new(&format!(r#"["'`]([a-z][a-z0-9]*(?:_[a-z0-9]+)*_(?:{endings}))["'`]"#)).ok()
});

/// What a client library is called with, somewhere near.
const SIGNS: [&str; 9] = [
    "counter",
    "gauge",
    "histogram",
    "summary",
    "metric",
    "prometheus",
    "meter",
    "opts{",
    "register",
];

pub(super) fn applies(change: &Change) -> bool {
    !lost(change).is_empty()
}

pub(super) fn needs(change: &Change) -> Vec<Need> {
    lost(change).iter().flat_map(|(_, _, name)| [users(name), exporters(name)]).collect()
}

/// Alert rules and dashboards that may name the metric, also under the names that a client
/// library makes of it.
fn users(name: &str) -> Need {
    let mut words = vec![name.to_owned()];
    words.extend(["total", "bucket", "count", "sum"].iter().map(|end| format!("{name}_{end}")));
    let globs = ["yaml", "yml", "json", "jsonnet", "libsonnet", "rules"];
    let globs = globs.iter().map(|extension| format!("**/*.{extension}")).collect();
    Need::Search { side: Side::Head, words, globs, limit: 20 }
}

fn exporters(name: &str) -> Need {
    Need::Search { side: Side::Head, words: vec![name.to_owned()], globs: code_globs(), limit: 20 }
}

/// Metric names on removed lines that no changed file has at head.
fn lost(change: &Change) -> Vec<(&FileChange, LineRange, String)> {
    let Some(pattern) = NAME.as_ref() else { return Vec::new() };
    let mut seen = BTreeSet::new();
    let mut names = Vec::new();
    for file in change.files.iter().filter(|f| is_code(&f.path) && is_live(&f.path) && !f.derived) {
        let Some(base) = file.base_text() else { continue };
        for line in file.removed_lines() {
            let near: String = (line.saturating_sub(3)..=line + 1)
                .filter_map(|number| base.line(number))
                .collect::<String>()
                .to_ascii_lowercase();
            if !SIGNS.iter().any(|sign| near.contains(sign)) {
                continue;
            }
            for found in pattern.captures_iter(base.line(line).unwrap_or("")) {
                let Some(name) = found.get(1).map(|name| name.as_str().to_owned()) else {
                    continue;
                };
                let still = change.files.iter().filter(|f| is_code(&f.path)).any(|other| {
                    other.head_text().is_some_and(|text| has_word(text.as_str(), &name))
                });
                if !still && seen.insert(name.clone()) {
                    names.push((file, LineRange::line(line), name));
                }
            }
        }
    }
    names.truncate(MAX_NAMES);
    names
}

pub(super) fn check(context: &RuleContext<'_>, findings: &mut Findings<'_>) {
    for (file, lines, name) in lost(context.change) {
        let exported = context.gathered(&exporters(&name)).iter().any(|other| {
            is_live(&other.path)
                && text_now(context, other).is_some_and(|text| has_word(text.as_str(), &name))
        });
        if exported {
            continue;
        }
        let places = queries(context, &name);
        let Some(first) = places.first() else { continue };
        let draft = Draft {
            title: format!("`{name}` is no longer exported, but `{}` still asks for it", first.anchor.path()),
            evidence: format!(
                "This change removes the metric `{name}`. A query for a metric that does not exist gives no data: the alert \
                 never fires and the panel stays empty, without an error."
            ),
            recommendation: "Change the query in the same change, or export both names until the alerts and dashboards have \
                             moved."
                .to_owned(),
            symbol: Some(name),
            related: places,
            ..Draft::default()
        };
        findings.at(file, Side::Base, lines, draft);
    }
}

/// Lines of queries that name the metric.
fn queries(context: &RuleContext<'_>, name: &str) -> Vec<Related> {
    let exported = ["", "_total", "_bucket", "_count", "_sum"].map(|end| format!("{name}{end}"));
    let files = context.gathered(&users(name)).iter();
    files
        .filter(|file| is_live(&file.path))
        .filter_map(|file| Some((file, text_now(context, file)?)))
        .filter(|(_, text)| text.as_str().contains("expr"))
        .flat_map(|(file, text)| {
            let asks = |line: &str| exported.iter().any(|name| has_word(line, name));
            let comment = |line: &str| line.trim_start().starts_with('#');
            let lines: Vec<u32> = text
                .lines()
                .filter(|(_, line)| asks(line) && !comment(line))
                .map(|(number, _)| number)
                .collect();
            lines.into_iter().filter_map(move |n| related(context, file, n, "still asks for it"))
        })
        .take(MAX_PLACES)
        .collect()
}

//! Measures the comparison of API descriptions on pairs of documents that oasdiff judged, read
//! from the folder that `EVAL_DIR` names.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use backend_team::config::policy::Policy;
use backend_team::domain::assemble;
use backend_team::domain::finding::Severity;
use backend_team::domain::path::RepoPath;
use backend_team::rules::{self, Gathered, Level, Memo, openapi_differences, run_rule};
use serde_json::Value;

type Label = (u64, String, String, String);

/// Hits and misses of one level.
#[derive(Default)]
struct Score {
    right: usize,
    missed: usize,
    wrong: usize,
}

impl Score {
    fn f1(&self) -> f64 {
        let all = 2 * self.right + self.missed + self.wrong;
        if all == 0 { 1.0 } else { 2.0 * self.right as f64 / all as f64 }
    }

    fn share(&self, other: usize) -> f64 {
        let all = self.right + other;
        if all == 0 { 1.0 } else { self.right as f64 / all as f64 }
    }
}

fn rows() -> Option<Vec<Value>> {
    let Some(folder) = std::env::var_os("EVAL_DIR") else {
        eprintln!("skipped: set EVAL_DIR to the folder of labelled cases");
        return None;
    };
    let path = Path::new(&folder).join("oasdiff/cases.jsonl.gz");
    let out = Command::new("gzip").arg("-dc").arg(&path).output().expect("gzip runs");
    assert!(out.status.success(), "cannot read {}", path.display());
    let text = String::from_utf8(out.stdout).expect("UTF-8");
    Some(text.lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect())
}

fn document(row: &Value, side: &str) -> String {
    serde_json::to_string_pretty(&row[side]).expect("JSON")
}

/// What depends on the day of the review is not compared.
fn counts(id: &str) -> bool {
    !id.contains("sunset")
}

fn expected(row: &Value) -> BTreeSet<Label> {
    let text = |label: &Value, key: &str| label[key].as_str().unwrap_or("").to_owned();
    let labels = row["oracle"].as_array().into_iter().flatten();
    labels
        .map(|label| {
            let level = label["level"].as_u64().unwrap_or(0);
            (level, text(label, "id"), text(label, "operation"), text(label, "path"))
        })
        .filter(|label| counts(&label.1))
        .collect()
}

fn found(row: &Value) -> BTreeSet<Label> {
    let differences = openapi_differences(&document(row, "base"), &document(row, "revision"));
    let level = |level| match level {
        Level::Info => 1,
        Level::Warning => 2,
        Level::Error => 3,
    };
    let labels = differences.unwrap_or_default().into_iter();
    labels
        .map(|one| (level(one.level), one.id, one.method, one.path))
        .filter(|label| counts(&label.1))
        .collect()
}

#[test]
fn oasdiff_differences() {
    let Some(rows) = rows() else { return };
    let mut scores: BTreeMap<u64, Score> = BTreeMap::new();
    let (mut same, mut same_breaking) = (0, 0);
    for row in &rows {
        let (wanted, said) = (expected(row), found(row));
        let ids = |labels: &BTreeSet<Label>, level| -> BTreeSet<String> {
            labels.iter().filter(|l| l.0 >= level).map(|l| l.1.clone()).collect()
        };
        same += usize::from(ids(&wanted, 1) == ids(&said, 1));
        same_breaking += usize::from(ids(&wanted, 3) == ids(&said, 3));
        for label in wanted.union(&said) {
            let score = scores.entry(label.0).or_default();
            let how = match (wanted.contains(label), said.contains(label)) {
                (true, true) => {
                    score.right += 1;
                    continue;
                }
                (true, false) => {
                    score.missed += 1;
                    "missed"
                }
                _ => {
                    score.wrong += 1;
                    "wrong"
                }
            };
            if std::env::var_os("EVAL_VERBOSE").is_some() {
                eprintln!("{} {how} {label:?}", row["id"]);
            }
        }
    }
    for (level, score) in &scores {
        eprintln!(
            "oasdiff level {level}: right {} missed {} wrong {}: precision {:.3} recall {:.3} F1 {:.3}",
            score.right,
            score.missed,
            score.wrong,
            score.share(score.wrong),
            score.share(score.missed),
            score.f1()
        );
    }
    eprintln!("oasdiff pairs {}: same ids {same}, same breaking ids {same_breaking}", rows.len());
    assert!(scores[&3].f1() >= 0.97 && same_breaking * 100 >= rows.len() * 95);
}

/// Whether the rules, which leave out what a reader should not be told, judge a pair the same.
#[test]
fn oasdiff_pairs() {
    let Some(rows) = rows() else { return };
    let mut score = Score::default();
    for row in &rows {
        let breaking = expected(row).iter().any(|label| label.0 == 3);
        let path = RepoPath::new("api/openapi.json").expect("a sound path");
        let (base, head) = (document(row, "base"), document(row, "revision"));
        let change = assemble::change(vec![assemble::file_change(path, Some(&base), Some(&head))]);
        let (memo, policy) = (Memo::default(), Policy::default());
        let of_family = rules::all().filter(|rule| rule.code.starts_with("openapi/"));
        let titles: Vec<String> = of_family
            .flat_map(|rule| run_rule(rule, &change, &policy, &Gathered::default(), &memo).findings)
            .filter(|finding| finding.severity >= Severity::Major)
            .map(|finding| finding.title)
            .collect();
        match (breaking, !titles.is_empty()) {
            (true, true) => score.right += 1,
            (true, false) => score.missed += 1,
            (false, true) => score.wrong += 1,
            (false, false) => {}
        }
        if breaking == titles.is_empty() && std::env::var_os("EVAL_VERBOSE").is_some() {
            eprintln!("{} breaking {breaking}: {titles:?}", row["id"]);
        }
    }
    eprintln!(
        "oasdiff pairs judged breaking: right {} missed {} wrong {}: F1 {:.3}",
        score.right,
        score.missed,
        score.wrong,
        score.f1()
    );
}

//! Scores rules against labelled cases of other tools' test suites, where `EVAL_DIR` names a folder
//! with them; says so and does nothing otherwise. A rule is scored by the ids that it names as
//! equivalents.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use backend_team::config::policy::Policy;
use backend_team::domain::assemble;
use backend_team::domain::change::Change;
use backend_team::domain::finding::Finding;
use backend_team::domain::path::RepoPath;
use backend_team::rules::{Check, Gathered, Memo, Rule, all, run_rule};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

#[derive(Debug, Default, Clone, Copy)]
struct Score {
    found: usize,
    missed: usize,
    wrong: usize,
    silent: usize,
}

impl Score {
    fn count(&mut self, expected: bool, said: bool) {
        match (expected, said) {
            (true, true) => self.found += 1,
            (true, false) => self.missed += 1,
            (false, true) => self.wrong += 1,
            (false, false) => self.silent += 1,
        }
    }

    fn precision(&self) -> f64 {
        ratio(self.found, self.wrong)
    }

    fn recall(&self) -> f64 {
        ratio(self.found, self.missed)
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of cases are small")]
fn ratio(good: usize, bad: usize) -> f64 {
    if good + bad == 0 { 1.0 } else { good as f64 / (good + bad) as f64 }
}

/// Scores by the peer's id.
type Scores = BTreeMap<String, Score>;

fn cases(set: &str) -> Option<Vec<Value>> {
    let Some(folder) = std::env::var_os("EVAL_DIR").map(PathBuf::from) else {
        eprintln!("skipped: EVAL_DIR is not set");
        return None;
    };
    Some(read(&folder.join(set)))
}

fn read(path: &Path) -> Vec<Value> {
    let output = Command::new("gzip").arg("-dc").arg(path).output().expect("gzip runs");
    assert!(output.status.success(), "{} cannot be read", path.display());
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn rules_for(tool: &str, id: &str) -> Vec<&'static Rule> {
    let wanted = format!("{tool}:{id}");
    all().filter(|rule| rule.equivalents.contains(&wanted.as_str())).collect()
}

fn change(files: &[(String, String)]) -> Change {
    let file = |(path, text): &(String, String)| {
        assemble::file_change(RepoPath::new(path).expect("a sound path"), None, Some(text))
    };
    assemble::change(files.iter().map(file).collect())
}

fn findings(rule: &Rule, change: &Change) -> Vec<Finding> {
    let applies = match rule.check {
        Check::File { .. } => true,
        Check::Change { applies, .. } => applies(change),
    };
    let nothing = Gathered::default();
    if !applies {
        return Vec::new();
    }
    run_rule(rule, change, &Policy::default(), &nothing, &Memo::default()).findings
}

fn text<'a>(case: &'a Value, key: &str) -> &'a str {
    case.get(key).and_then(Value::as_str).unwrap_or("")
}

fn files_of(case: &Value, place: impl Fn(&str) -> String) -> Vec<(String, String)> {
    let files = case.get("files").and_then(Value::as_object).into_iter().flatten();
    files.map(|(path, text)| (place(path), text.as_str().unwrap_or("").to_owned())).collect()
}

fn report(set: &str, scores: &Scores) -> Score {
    let mut total = Score::default();
    eprintln!("{set}: id, found, missed, wrong, silent");
    for (id, score) in scores {
        eprintln!("  {id}: {} {} {} {}", score.found, score.missed, score.wrong, score.silent);
        total.found += score.found;
        total.missed += score.missed;
        total.wrong += score.wrong;
        total.silent += score.silent;
    }
    eprintln!("{set}: precision {:.3}, recall {:.3}", total.precision(), total.recall());
    total
}

/// Scores cases with one id and one expectation each.
fn score_each(
    tool: &str,
    cases: &[Value],
    id_of: impl Fn(&Value) -> String,
    expected: impl Fn(&Value) -> bool,
    files: impl Fn(&Value) -> Vec<(String, String)>,
) -> Scores {
    let verbose = std::env::var_os("EVAL_VERBOSE").is_some();
    let mut scores = Scores::new();
    for case in cases {
        let id = id_of(case);
        let rules = rules_for(tool, &id);
        if rules.is_empty() {
            continue;
        }
        let change = change(&files(case));
        let said = rules.iter().any(|rule| !findings(rule, &change).is_empty());
        if verbose && said != expected(case) {
            eprintln!("{id}: said {said}: {:.600}", format!("{:?}", files(case)));
        }
        scores.entry(id).or_default().count(expected(case), said);
    }
    scores
}

#[test]
fn gitleaks_cases() {
    let Some(cases) = cases("secrets/gitleaks_cases.jsonl.gz") else { return };
    let scores = score_each(
        "gitleaks",
        &cases,
        |case| text(case, "rule").to_owned(),
        |case| case.get("expect").and_then(Value::as_bool).unwrap_or(false),
        |case| {
            let content = STANDARD.decode(text(case, "content_b64")).expect("base64");
            let path = Some(text(case, "path")).filter(|path| !path.is_empty());
            let content = String::from_utf8_lossy(&content).into_owned();
            vec![(path.unwrap_or("config/settings.py").to_owned(), content)]
        },
    );
    let total = report("gitleaks", &scores);
    assert!(total.precision() >= 0.97 && total.recall() >= 0.9, "{total:?}");
}

#[test]
fn hadolint_cases() {
    let Some(cases) = cases("hadolint/cases.jsonl.gz") else { return };
    let plain: Vec<Value> = cases.into_iter().filter(|case| case["config"].is_null()).collect();
    let scores = score_each(
        "hadolint",
        &plain,
        |case| text(case, "rule").to_owned(),
        |case| case["expect"].as_bool().unwrap_or(false),
        |case| vec![("Dockerfile".to_owned(), text(case, "dockerfile").to_owned())],
    );
    let total = report("hadolint", &scores);
    assert!(total.precision() >= 0.9 && total.recall() >= 0.8, "{total:?}");
}

fn manifest_place(path: &str) -> String {
    format!("deploy/{}", path.rsplit('/').next().unwrap_or(path))
}

#[test]
fn polaris_cases() {
    let Some(cases) = cases("polaris/cases.jsonl.gz") else { return };
    let scores = score_each(
        "polaris",
        &cases,
        |case| text(case, "check").to_owned(),
        |case| text(case, "label") == "FAIL",
        |case| files_of(case, manifest_place),
    );
    let total = report("polaris", &scores);
    assert!(total.precision() >= 0.99, "{total:?}");
}

#[test]
fn kube_linter_cases() {
    let Some(cases) = cases("kube-linter/cases.jsonl.gz") else { return };
    let scores = score_each(
        "kube-linter",
        &cases,
        |case| text(case, "check").to_owned(),
        |case| case["count"].as_u64().unwrap_or(0) > 0,
        |case| files_of(case, manifest_place),
    );
    let total = report("kube-linter", &scores);
    assert!(total.recall() >= 0.75, "{total:?}");
}

#[test]
fn checkov_cases() {
    let Some(cases) = cases("checkov/cases.jsonl.gz") else { return };
    let mut scores = Scores::new();
    for case in cases.iter().filter(|case| text(case, "framework") != "terraform") {
        let path = match text(case, "framework") {
            "dockerfile" => "Dockerfile",
            _ => "deploy/manifest.yaml",
        };
        let change = change(&[(path.to_owned(), text(case, "content").to_owned())]);
        for label in case["labels"].as_array().into_iter().flatten() {
            let id = text(label, "check");
            let rules = rules_for("checkov", id);
            if rules.is_empty() || text(label, "label") == "SKIP" {
                continue;
            }
            let lines = |at: usize| label["lines"][at].as_u64().unwrap_or(0);
            let said = rules.iter().flat_map(|rule| findings(rule, &change)).any(|finding| {
                let line = finding.anchor.lines().map_or(0, |lines| u64::from(lines.start()));
                path == "Dockerfile" || (lines(0)..=lines(1)).contains(&line)
            });
            scores.entry(id.to_owned()).or_default().count(text(label, "label") == "FAIL", said);
        }
    }
    let total = report("checkov", &scores);
    assert!(total.precision() >= 0.9, "{total:?}");
}

/// (id, line) pairs of workflow linters: what is said where nothing is expected counts as wrong.
fn score_lines(tool: &str, cases: &[Value], key: &str, ids: &[&str]) -> Scores {
    let verbose = std::env::var_os("EVAL_VERBOSE").is_some();
    let mut scores = Scores::new();
    for case in cases {
        let files = files_of(case, |path| {
            let name = path.rsplit('/').next().unwrap_or(path);
            match name {
                "action.yml" | "action.yaml" => name.to_owned(),
                _ => format!(".github/workflows/{name}"),
            }
        });
        if files.len() != 1 {
            continue;
        }
        let change = change(&files);
        for id in ids {
            let expected = case["expected"].as_array().into_iter().flatten();
            let mut wanted: Vec<u64> = expected
                .filter(|label| text(label, key) == *id)
                .filter_map(|label| label["line"].as_u64())
                .collect();
            wanted.dedup();
            let said: Vec<u64> = rules_for(tool, id)
                .iter()
                .flat_map(|rule| findings(rule, &change))
                // Ignore comments are the review's matter, not the rules'.
                .filter(|finding| !finding.quote.contains("zizmor: ignore"))
                .filter_map(|finding| Some(u64::from(finding.anchor.lines()?.start())))
                .collect();
            let score = scores.entry((*id).to_owned()).or_default();
            wanted.iter().for_each(|line| score.count(true, said.contains(line)));
            said.iter()
                .filter(|line| !wanted.contains(line))
                .for_each(|_| score.count(false, true));
            if verbose && said != wanted {
                eprintln!("{id} {}: expected {wanted:?}, said {said:?}", files[0].0);
            }
        }
    }
    scores
}

#[test]
fn zizmor_cases() {
    let Some(cases) = cases("zizmor/cases.jsonl.gz") else { return };
    let ids = [
        "unpinned-uses",
        "excessive-permissions",
        "template-injection",
        "insecure-commands",
        "secrets-inherit",
        "hardcoded-container-credentials",
    ];
    let total = report("zizmor", &score_lines("zizmor", &cases, "audit", &ids));
    assert!(total.found > 0, "{total:?}");
}

#[test]
fn actionlint_cases() {
    let Some(cases) = cases("actionlint/cases.jsonl.gz") else { return };
    let ids = ["credentials", "deprecated-commands"];
    let total = report("actionlint", &score_lines("actionlint", &cases, "kind", &ids));
    assert!(total.found > 0, "{total:?}");
}

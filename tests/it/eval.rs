//! Measures rules on labelled cases of other tools, read from the folder that `EVAL_DIR` names.
//! Without it there is nothing to measure, and the tests say so.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::process::Command;

use backend_team::config::policy::Policy;
use backend_team::domain::assemble;
use backend_team::domain::change::{Change, Text};
use backend_team::domain::finding::{Finding, Severity};
use backend_team::domain::path::RepoPath;
use backend_team::rules::{self, Check, Memo, Rule, run_rule};
use serde_json::Value;

/// Hits and misses of one rule or set.
#[derive(Default)]
pub(crate) struct Score {
    pub(crate) right: usize,
    pub(crate) missed: usize,
    pub(crate) wrong: usize,
}

impl Score {
    fn add(&mut self, right: usize, missed: usize, wrong: usize) {
        self.right += right;
        self.missed += missed;
        self.wrong += wrong;
    }

    pub(crate) fn flagged(&mut self, expected: bool, said: bool) {
        match (expected, said) {
            (true, true) => self.right += 1,
            (true, false) => self.missed += 1,
            (false, true) => self.wrong += 1,
            (false, false) => {}
        }
    }
}

impl std::fmt::Display for Score {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let share = |part: usize, whole: usize| {
            if whole == 0 { 1.0 } else { part as f64 / whole as f64 }
        };
        let precision = share(self.right, self.right + self.wrong);
        let recall = share(self.right, self.right + self.missed);
        let f1 = share(2 * self.right, 2 * self.right + self.wrong + self.missed);
        write!(
            f,
            "right {} missed {} wrong {}: precision {precision:.2} recall {recall:.2} F1 {f1:.2}",
            self.right, self.missed, self.wrong
        )
    }
}

pub(crate) fn eval_dir() -> Option<PathBuf> {
    let folder = std::env::var_os("EVAL_DIR").map(PathBuf::from);
    if folder.is_none() {
        eprintln!("skipped: set EVAL_DIR to the folder of labelled cases");
    }
    folder
}

pub(crate) fn rows(folder: &Path, name: &str) -> Vec<Value> {
    let path = folder.join(name);
    let out = Command::new("gzip").arg("-dc").arg(&path).output().expect("gzip runs");
    assert!(out.status.success(), "cannot read {}", path.display());
    let text = String::from_utf8(out.stdout).expect("UTF-8");
    text.lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect()
}

pub(crate) fn text<'v>(row: &'v Value, key: &str) -> &'v str {
    row[key].as_str().unwrap_or("")
}

fn change(files: &[(String, Option<&str>, Option<&str>)]) -> Change {
    let files = files
        .iter()
        .map(|(path, base, head)| {
            assemble::file_change(RepoPath::new(path).expect("a sound path"), *base, *head)
        })
        .collect();
    assemble::change(files)
}

fn run(change: &Change, wanted: impl Fn(&Rule) -> bool) -> Vec<(&'static Rule, Finding)> {
    let memo = Memo::default();
    let policy = Policy::default();
    let mut all = Vec::new();
    for rule in rules::all().filter(|rule| wanted(rule)) {
        let applies = match rule.check {
            Check::File { applies, .. } => change.files.iter().any(applies),
            Check::Change { applies, .. } => applies(change),
        };
        if applies {
            let done = run_rule(rule, change, &policy, &HashMap::new(), &memo);
            all.extend(done.findings.into_iter().map(|finding| (rule, finding)));
        }
    }
    all
}

#[test]
fn squawk_cases() {
    let Some(folder) = eval_dir() else { return };
    let mut scores: BTreeMap<String, Score> = BTreeMap::new();
    let (mut total, mut unclaimed, mut failing) = (Score::default(), 0, Vec::new());
    for row in rows(&folder, "squawk/cases.jsonl.gz") {
        let id = format!("squawk:{}", text(&row, "rule"));
        let claims = |rule: &Rule| rule.equivalents.contains(&id.as_str());
        if !rules::all().any(claims) {
            unclaimed += 1;
            continue;
        }
        let sql = text(&row, "sql");
        let wrapped = row["assume_in_transaction"].as_bool() == Some(true);
        let path = if wrapped { "db/V1__case.sql" } else { "db/migrations/0001_case.sql" };
        let change = change(&[(path.to_owned(), None, Some(sql))]);
        let source = Text::new(sql);
        let said: Vec<_> =
            run(&change, claims).iter().filter_map(|(_, finding)| finding.anchor.lines()).collect();
        let expected: Vec<_> = row["expected"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|label| {
                // An alias of two rules is labelled with the rules' own names.
                let own = format!("squawk:{}", text(label, "rule"));
                rules::all().any(|r| claims(r) && r.equivalents.contains(&own.as_str()))
            })
            .map(|label| {
                let at = |key: &str| label[key].as_u64().map_or(0, |n| n as usize);
                source.lines_of(at("start"), at("end"))
            })
            .collect();
        let right = expected.iter().filter(|e| said.iter().any(|s| s.overlaps(**e))).count();
        let wrong = said.iter().filter(|s| !expected.iter().any(|e| e.overlaps(**s))).count();
        let missed = expected.len() - right;
        scores.entry(id.clone()).or_default().add(right, missed, wrong);
        total.add(right, missed, wrong);
        if missed + wrong > 0 {
            failing.push(format!("{id} missed {missed} wrong {wrong}: {}", text(&row, "test")));
        }
    }
    for (id, score) in &scores {
        eprintln!("{id}: {score}");
    }
    eprintln!("failing:\n{}", failing.join("\n"));
    eprintln!("squawk, claimed rules: {total}; cases of rules not claimed: {unclaimed}");
    assert!(total.right > 4 * (total.wrong + total.missed), "{total}");
}

/// Migration rules that speak about safety, without those about form and process.
pub(crate) fn safety(finding: &Finding) -> bool {
    finding.severity >= Severity::Major && finding.rule.0 != "migration/missing-rollback"
}

pub(crate) fn migrations(files: &[(String, Option<&str>, Option<&str>)]) -> Vec<Finding> {
    let change = change(files);
    run(&change, |rule| rule.code.starts_with("migration/")).into_iter().map(|(_, f)| f).collect()
}

#[test]
fn eugene_examples() {
    let Some(folder) = eval_dir() else { return };
    let (mut score, mut failing) = (Score::default(), Vec::new());
    for row in rows(&folder, "migrations/eugene_examples.jsonl.gz") {
        let files = row["files"].as_array().expect("files");
        let (last, _) = files.split_last().expect("a file");
        let head = text(last, "sql");
        let found = migrations(&[("db/migrations/0009_last.sql".to_owned(), None, Some(head))]);
        let said = found.iter().any(|f| {
            f.rule.0 != "migration/missing-rollback"
                && f.rule.0 != "migration/foreign-key-without-index"
        });
        let expected = row["should_flag"].as_bool().unwrap_or(false);
        score.flagged(expected, said);
        if said != expected {
            failing.push(format!("{} expected {expected}", text(&row, "id")));
        }
    }
    eprintln!("eugene: {score}\n{}", failing.join("\n"));
    assert!(score.right > score.wrong, "{score}");
}

#[test]
fn atlas_cases() {
    let Some(folder) = eval_dir() else { return };
    let (mut score, mut failing) = (Score::default(), Vec::new());
    for row in rows(&folder, "migrations/atlas_lint.jsonl.gz") {
        let files = row["files"].as_array().expect("files");
        let latest = row["latest"].as_u64().map_or(0, |n| n as usize);
        let change: Vec<_> = files
            .iter()
            .skip(files.len().saturating_sub(latest))
            .map(|f| (format!("db/migrations/{}", text(f, "name")), None, Some(text(f, "sql"))))
            .collect();
        let said = !change.is_empty() && migrations(&change).iter().any(safety);
        let labels = row["expected"].as_array().expect("labels");
        // Naming policies are configured, and not a matter of safety.
        let expected = labels.iter().any(|label| !text(label, "code").starts_with("NM"));
        score.flagged(expected, said);
        if said != expected {
            failing.push(format!("{} expected {expected}", text(&row, "id")));
        }
    }
    eprintln!("atlas: {score}\n{}", failing.join("\n"));
    assert!(score.right > score.wrong, "{score}");
}

#[test]
fn django_cases() {
    let Some(folder) = eval_dir() else { return };
    let (mut score, mut failing) = (Score::default(), Vec::new());
    for row in rows(&folder, "migrations/django_migration_linter_sql.jsonl.gz") {
        let statements: Vec<&str> =
            row["statements"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let directory = match text(&row, "dialect") {
            "postgresql" => "db/migrations",
            other => other,
        };
        let sql = statements.join("\n");
        let path = format!("{directory}/migrations/0001_case.sql");
        let said = migrations(&[(path, None, Some(&sql))]).iter().any(safety);
        let expected = text(&row, "assertion") == "error";
        score.flagged(expected, said);
        if said != expected {
            failing.push(format!("{} expected {expected}", text(&row, "id")));
        }
    }
    eprintln!("django: {score}\n{}", failing.join("\n"));
}

#[test]
fn oasdiff_pairs() {
    let Some(folder) = eval_dir() else { return };
    let (mut score, mut missed, mut wrong) =
        (Score::default(), BTreeMap::<String, usize>::new(), Vec::new());
    for row in rows(&folder, "oasdiff/cases.jsonl.gz") {
        let breaking: Vec<&str> = row["oracle"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|label| label["level"].as_u64() == Some(3))
            .map(|label| text(label, "id"))
            .filter(|id| !id.contains("sunset"))
            .collect();
        let document = |side: &str| serde_json::to_string_pretty(&row[side]).expect("JSON");
        let (base, head) = (document("base"), document("revision"));
        let change = change(&[("api/openapi.json".to_owned(), Some(&base), Some(&head))]);
        let found = run(&change, |rule| rule.code.starts_with("openapi/"));
        let said = found.iter().any(|(_, finding)| finding.severity >= Severity::Major);
        score.flagged(!breaking.is_empty(), said);
        if !breaking.is_empty() && !said {
            *missed.entry(breaking[0].to_owned()).or_default() += 1;
            if std::env::var_os("EVAL_VERBOSE").is_some() {
                let titles: Vec<&str> = found.iter().map(|(_, f)| f.title.as_str()).collect();
                eprintln!("{} {breaking:?}: {titles:?}", text(&row, "id"));
            }
        }
        if breaking.is_empty() && said {
            let titles: Vec<&str> = found.iter().map(|(_, f)| f.title.as_str()).collect();
            wrong.push(format!("{}: {}", text(&row, "id"), titles.join(" | ")));
        }
    }
    eprintln!("oasdiff pairs: {score}\nmissed: {missed:?}\nwrong:\n{}", wrong.join("\n"));
    assert!(score.right > score.wrong, "{score}");
}

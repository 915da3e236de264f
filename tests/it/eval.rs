//! Measures rules on labelled cases of other tools, read from the folder that `EVAL_DIR` names.
//! Without it there is nothing to measure, and the tests say so.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use backend_team::config::policy::{NewTables, Policy, RuleLevel, RuleSetting};
use backend_team::domain::assemble;
use backend_team::domain::change::{Change, SourceFile, Text};
use backend_team::domain::diff::Side;
use backend_team::domain::finding::Finding;
use backend_team::domain::path::RepoPath;
use backend_team::report::ignore::{Silence, silence};
use backend_team::rules::{self, Check, Gathered, Memo, Rule, run_rule};
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

fn run_under(
    policy: &Policy,
    change: &Change,
    wanted: impl Fn(&Rule) -> bool,
) -> Vec<(&'static Rule, Finding)> {
    let memo = Memo::default();
    let mut all = Vec::new();
    for rule in rules::all().filter(|rule| wanted(rule)) {
        let applies = match rule.check {
            Check::File { applies, .. } => change.files.iter().any(applies),
            Check::Change { applies, .. } => applies(change),
        };
        if applies {
            let done = run_rule(rule, change, policy, &Gathered::default(), &memo);
            all.extend(done.findings.into_iter().map(|finding| (rule, finding)));
        }
    }
    all
}

/// The settings of a case: the rules under test switched on, and tables new for a transaction.
fn squawk_policy(row: &Value) -> Policy {
    let mut policy = Policy::default();
    let id = format!("squawk:{}", text(row, "rule"));
    for rule in rules::all().filter(|rule| rule.equivalents.contains(&id.as_str())) {
        policy.rules.insert(rule.code.to_owned(), RuleSetting::Level(RuleLevel::Info));
    }
    let major = text(row, "pg_version").split('.').next().and_then(|part| part.parse().ok());
    policy.migrations.postgres_version = major;
    policy.migrations.in_transaction = row["assume_in_transaction"].as_bool();
    policy.migrations.new_tables = NewTables::Transaction;
    policy
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
        let path = "db/migrations/postgres/0001_case.sql".to_owned();
        let change = change(&[(path, None, Some(sql))]);
        let source = Text::new(sql);
        let found = run_under(&squawk_policy(&row), &change, claims);
        let said: Vec<_> = found.iter().filter_map(|(_, f)| f.anchor.lines()).collect();
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

/// A migration before the change, as a file that the change does not touch.
pub(crate) fn base_file(path: &str, sql: &str) -> SourceFile {
    let path = RepoPath::new(path).expect("a sound path");
    SourceFile { path, side: Side::Base, text: Text::new(sql) }
}

/// What the rules with an equivalent in `tool` find, without what comments in the files silence.
pub(crate) fn peer_findings(
    tool: &str,
    new_tables: NewTables,
    base: &[SourceFile],
    files: &[(String, Option<&str>, Option<&str>)],
) -> Vec<Finding> {
    let found = findings_under(peer_policy(new_tables), tool, base, files);
    found.into_iter().map(|(_, finding)| finding).collect()
}

/// What the peers take for granted.
fn peer_policy(new_tables: NewTables) -> Policy {
    let mut policy = Policy::default();
    policy.migrations.new_tables = new_tables;
    policy.migrations.in_transaction = Some(true);
    policy
}

/// The same under a policy, in which the rules of the tool are switched on, with each finding's rule.
/// The tool `own` stands for all rules of migrations as they come.
pub(crate) fn findings_under(
    mut policy: Policy,
    tool: &str,
    base: &[SourceFile],
    files: &[(String, Option<&str>, Option<&str>)],
) -> Vec<(&'static Rule, Finding)> {
    let change = change(files);
    let of_tool = |rule: &Rule| {
        if tool == "own" {
            return rule.code.starts_with("migration/");
        }
        rule.equivalents.iter().any(|id| id.split_once(':').is_some_and(|(name, _)| name == tool))
    };
    for rule in rules::all().filter(|rule| tool != "own" && of_tool(rule)) {
        let own = RuleSetting::Table { level: None, ignore: Vec::new() };
        policy.rules.insert(rule.code.to_owned(), own);
    }
    let memo = Memo::default();
    let mut found = Vec::new();
    for rule in rules::all().filter(|rule| of_tool(rule)) {
        let Check::Change { applies, needs, .. } = rule.check else { continue };
        if !applies(&change) {
            continue;
        }
        let gathered: Gathered =
            needs(&change).into_iter().map(|need| (need, base.to_vec())).collect();
        let ids: Vec<String> = rule.equivalents.iter().map(|&id| id.to_owned()).collect();
        let done = run_rule(rule, &change, &policy, &gathered, &memo);
        let heard = done.findings.into_iter().filter(|finding| {
            let file = change.file(finding.anchor.head_path()).expect("a changed file");
            let text = file.head_text().expect("text at head");
            !matches!(silence(finding, text, &ids), Some(Silence::Ignored { .. }))
        });
        found.extend(heard.map(|finding| (rule, finding)));
    }
    found
}

/// The failing case with what was said.
fn note(id: &str, expected: bool, found: &[Finding]) -> String {
    let said: Vec<&str> = found.iter().map(|f| f.rule.0.as_str()).collect();
    format!("{id} expected {expected}, said {said:?}")
}

#[test]
fn eugene_examples() {
    let Some(folder) = eval_dir() else { return };
    let (mut score, mut failing) = (Score::default(), Vec::new());
    for row in rows(&folder, "migrations/eugene_examples.jsonl.gz") {
        let files = row["files"].as_array().expect("files");
        let (last, earlier) = files.split_last().expect("a file");
        let path = |at: usize| format!("db/migrations/postgres/{:04}_step.sql", at + 1);
        let base: Vec<SourceFile> =
            earlier.iter().enumerate().map(|(i, f)| base_file(&path(i), text(f, "sql"))).collect();
        let change = [(path(earlier.len()), None, Some(text(last, "sql")))];
        let found = peer_findings("eugene", NewTables::Change, &base, &change);
        let expected = row["should_flag"].as_bool().unwrap_or(false);
        score.flagged(expected, !found.is_empty());
        if expected == found.is_empty() {
            failing.push(note(text(&row, "id"), expected, &found));
        }
    }
    eprintln!("eugene: {score}\n{}", failing.join("\n"));
    assert!(score.right > score.wrong, "{score}");
}

/// Whether the labels can say what the rule says: they come from the open-source version of Atlas,
/// which leaves out the checks that need an account (PG3…), and each dialect has checks of its own.
fn is_labelled(rule: &Rule, dialect: &str) -> bool {
    rule.equivalents.iter().filter_map(|id| id.strip_prefix("atlas:")).any(|code| {
        match (code.get(..2), dialect) {
            (Some("PG"), "postgres") => !code.starts_with("PG3"),
            (Some("MY"), "mysql") | (Some("LT"), "sqlite") => true,
            (Some("PG" | "MY" | "LT"), _) => false,
            _ => true,
        }
    })
}

#[test]
fn atlas_cases() {
    let Some(folder) = eval_dir() else { return };
    let mut scores: BTreeMap<String, Score> = BTreeMap::new();
    let (mut failing, mut opposite) = (Vec::new(), 0);
    let rows = rows(&folder, "migrations/atlas_lint.jsonl.gz");
    // Naming policies are configured, and not a matter of safety.
    let expected = |row: &Value| {
        let labels = row["expected"].as_array().expect("labels");
        labels.iter().any(|label| !text(label, "code").starts_with("NM"))
    };
    let parts = |row: &Value| -> (Vec<Value>, Vec<Value>) {
        let files = row["files"].as_array().expect("files");
        let latest = row["latest"].as_u64().map_or(0, |n| n as usize);
        let (earlier, change) = files.split_at(files.len().saturating_sub(latest));
        (earlier.to_vec(), change.to_vec())
    };
    let key = |row: &Value| -> (String, Vec<String>) {
        let change = parts(row).1.iter().map(|f| text(f, "sql").trim().to_owned()).collect();
        (text(row, "dialect").to_owned(), change)
    };
    for row in &rows {
        let (earlier, latest) = parts(row);
        let path =
            |file: &Value| format!("db/{}/migrations/{}", text(row, "dialect"), text(file, "name"));
        let base: Vec<SourceFile> =
            earlier.iter().map(|f| base_file(&path(f), text(f, "sql"))).collect();
        let change: Vec<_> = latest.iter().map(|f| (path(f), None, Some(text(f, "sql")))).collect();
        let found = if change.is_empty() {
            Vec::new()
        } else {
            let mut found =
                findings_under(peer_policy(NewTables::Migration), "atlas", &base, &change);
            found.retain(|(rule, _)| is_labelled(rule, text(row, "dialect")));
            found.into_iter().map(|(_, finding)| finding).collect()
        };
        let wanted = expected(row);
        // The same change with another label elsewhere: no rule can be right about both.
        if rows.iter().any(|other| key(other) == key(row) && expected(other) != wanted) {
            opposite += 1;
        }
        scores
            .entry(text(row, "dialect").to_owned())
            .or_default()
            .flagged(wanted, !found.is_empty());
        if wanted == found.is_empty() {
            failing.push(note(text(row, "id"), wanted, &found));
        }
    }
    for (dialect, score) in &scores {
        eprintln!("atlas {dialect}: {score}");
    }
    eprintln!(
        "{}\ncases whose change has the opposite label elsewhere: {opposite}",
        failing.join("\n")
    );
    assert!(scores.values().all(|score| score.right >= score.wrong), "{failing:?}");
}

#[test]
fn django_cases() {
    let Some(folder) = eval_dir() else { return };
    let (mut score, mut failing) = (Score::default(), Vec::new());
    for row in rows(&folder, "migrations/django_migration_linter_sql.jsonl.gz") {
        let statements: Vec<&str> =
            row["statements"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let sql = statements.join("\n");
        let path = format!("{}/migrations/0001_case.sql", text(&row, "dialect"));
        let tool = "django-migration-linter";
        let found = peer_findings(tool, NewTables::Change, &[], &[(path, None, Some(&sql))]);
        let expected = text(&row, "assertion") != "valid";
        score.flagged(expected, !found.is_empty());
        if expected == found.is_empty() {
            failing.push(note(text(&row, "id"), expected, &found));
        }
    }
    eprintln!("django: {score}\n{}", failing.join("\n"));
    assert!(score.right > score.wrong, "{score}");
}

//! Measures the protobuf and GraphQL comparisons on the labelled cases of other tools, read from
//! the folder that `EVAL_DIR` names. Without it there is nothing to measure.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;

use backend_team::config::policy::Policy;
use backend_team::domain::assemble;
use backend_team::domain::change::{SourceFile, Text};
use backend_team::domain::diff::Side;
use backend_team::domain::path::RepoPath;
use backend_team::ports::source::Need;
use backend_team::rules::{self, Check, Gathered, Memo, graphql, protobuf, run_rule};
use serde_json::Value;

#[derive(Default)]
struct Score {
    right: usize,
    missed: usize,
    wrong: usize,
}

impl Score {
    /// Compares two multisets and returns what is missing and what is too much.
    fn compare(&mut self, mut expected: Vec<String>, said: Vec<String>) -> Vec<String> {
        let mut failing = Vec::new();
        for key in said {
            if let Some(at) = expected.iter().position(|wanted| *wanted == key) {
                expected.swap_remove(at);
                self.right += 1;
            } else {
                self.wrong += 1;
                failing.push(format!("wrong {key}"));
            }
        }
        self.missed += expected.len();
        failing.extend(expected.into_iter().map(|key| format!("missed {key}")));
        failing
    }

    fn f1(&self) -> f64 {
        let whole = 2 * self.right + self.wrong + self.missed;
        if whole == 0 { 1.0 } else { 2.0 * self.right as f64 / whole as f64 }
    }
}

impl std::fmt::Display for Score {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let share = |whole: usize| {
            if whole == 0 { 1.0 } else { self.right as f64 / whole as f64 }
        };
        write!(
            f,
            "right {} missed {} wrong {}: precision {:.3} recall {:.3} F1 {:.3}",
            self.right,
            self.missed,
            self.wrong,
            share(self.right + self.wrong),
            share(self.right + self.missed),
            self.f1()
        )
    }
}

fn rows(name: &str) -> Option<Vec<Value>> {
    let Some(folder) = std::env::var_os("EVAL_DIR").map(PathBuf::from) else {
        eprintln!("skipped: set EVAL_DIR to the folder of labelled cases");
        return None;
    };
    let path = folder.join(name);
    let out = Command::new("gzip").arg("-dc").arg(&path).output().expect("gzip runs");
    assert!(out.status.success(), "cannot read {}", path.display());
    let text = String::from_utf8(out.stdout).expect("UTF-8");
    Some(text.lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect())
}

fn text<'v>(row: &'v Value, key: &str) -> &'v str {
    row[key].as_str().unwrap_or("")
}

#[test]
fn graphql_cases() {
    let Some(rows) = rows("graphql/cases.jsonl.gz") else { return };
    for levels in [&["BREAKING"][..], &["BREAKING", "DANGEROUS"][..]] {
        let mut score = Score::default();
        let mut by_id: BTreeMap<String, usize> = BTreeMap::new();
        for row in &rows {
            let labels = row["oracle"].as_array().expect("labels");
            let wanted = |label: &&Value| levels.contains(&text(label, "level"));
            let expected: Vec<String> = labels
                .iter()
                .filter(wanted)
                .map(|label| format!("{} {}", text(label, "type"), text(label, "path")))
                .collect();
            let found = graphql::differences(text(row, "old"), text(row, "new"));
            let said = found
                .unwrap_or_default()
                .into_iter()
                .filter(|(_, _, breaking)| *breaking || levels.contains(&"DANGEROUS"))
                .map(|(id, path, _)| format!("{id} {path}"))
                .collect();
            for failing in score.compare(expected, said) {
                eprintln!("{}: {failing}", text(row, "id"));
                *by_id.entry(failing).or_default() += 1;
            }
        }
        eprintln!("graphql-inspector, {}: {score}", levels.join(" and "));
        assert!(score.f1() >= 0.9, "{score}");
    }
}

/// Ids that a rule claims are ids that the comparison gives.
#[test]
fn every_breaking_id_has_a_rule() {
    let Some(rows) = rows("graphql/cases.jsonl.gz") else { return };
    for label in rows.iter().flat_map(|row| row["oracle"].as_array().expect("labels")) {
        let id = format!("graphql-inspector:{}", text(label, "type"));
        // A directive on a union has no meaning in GraphQL; nothing is said about it.
        if text(label, "level") == "BREAKING" && !id.ends_with("USAGE_UNION_MEMBER_ADDED") {
            assert!(rules::all().any(|rule| rule.equivalents.contains(&id.as_str())), "{id}");
        }
    }
}

fn tree<'v>(row: &'v Value, key: &str) -> Vec<(&'v str, &'v str)> {
    let files = row[key].as_object().expect("files");
    files.iter().map(|(path, text)| (path.as_str(), text.as_str().unwrap_or(""))).collect()
}

#[test]
fn buf_cases() {
    let Some(rows) = rows("buf/cases.jsonl.gz") else { return };
    let mut score = Score::default();
    for row in &rows {
        let labels = row["expected"].as_array().expect("labels");
        let expected = labels
            .iter()
            .map(|label| {
                let line = label["start_line"].as_u64().unwrap_or(1);
                format!("{} {}:{line}", text(label, "type"), text(label, "path"))
            })
            .collect();
        let said = protobuf::differences(&tree(row, "previous"), &tree(row, "current"))
            .into_iter()
            .map(|(id, path, line)| {
                format!("{id} {}:{}", path.unwrap_or_default(), line.unwrap_or(1))
            })
            .collect();
        for failing in score.compare(expected, said) {
            eprintln!("{}: {failing}", text(row, "id"));
        }
    }
    eprintln!("buf: {score}");
    assert!(score.f1() >= 0.9, "{score}");
}

/// What `buf breaking` lists for the same trees when every rule counts.
#[test]
fn buf_cases_with_all_rules() {
    let Some(rows) = rows("buf/cases.jsonl.gz") else { return };
    let mut score = Score::default();
    for row in &rows {
        let (base, mut head) = (tree(row, "previous"), tree(row, "current"));
        let yaml = head.iter().find(|(path, _)| *path == "buf.yaml").map_or("", |(_, text)| *text);
        // Where it asks for more than rules, what was asked for is not known.
        let rooted = base.iter().any(|(_, text)| text.contains("roots:"));
        if rooted || ["roots:", "ignore", "modules:"].iter().any(|word| yaml.contains(word)) {
            continue;
        }
        head.retain(|(path, _)| *path != "buf.yaml");
        head.push(("buf.yaml", "breaking:\n  use: [FILE, PACKAGE, WIRE_JSON, WIRE]\n"));
        let labels = row["oracle_all"].as_array().expect("labels");
        let expected = labels
            .iter()
            .map(|label| {
                let line = label["start_line"].as_u64().unwrap_or(1);
                format!("{} {}:{line}", text(label, "type"), text(label, "path"))
            })
            .collect();
        let said = protobuf::differences(&base, &head)
            .into_iter()
            .map(|(id, path, line)| {
                format!("{id} {}:{}", path.unwrap_or_default(), line.unwrap_or(1))
            })
            .collect();
        for failing in score.compare(expected, said) {
            eprintln!("{}, all rules: {failing}", text(row, "id"));
        }
    }
    eprintln!("buf, all rules: {score}");
    assert!(score.f1() >= 0.9, "{score}");
}

#[test]
fn every_rule_of_buf_is_claimed_once() {
    let Some(rows) = rows("buf/rules.jsonl.gz") else { return };
    for row in &rows {
        let id = format!("buf:{}", text(row, "id"));
        let claims = rules::all().filter(|rule| rule.equivalents.contains(&id.as_str())).count();
        assert_eq!(claims, 1, "{id}");
    }
}

/// Ids in other tools of the rules that report something about a change of these files, with
/// `buf.yaml` as it is at the base.
fn reported(base: &[(&str, &str)], head: &[(&str, &str)], yaml: &str) -> BTreeSet<&'static str> {
    let text = |tree: &[(&str, &str)], path: &str| {
        tree.iter().find(|(other, _)| *other == path).map(|(_, text)| (*text).to_owned())
    };
    let path = |path: &str| RepoPath::new(path).expect("a sound path");
    let paths: BTreeSet<&str> = base.iter().chain(head).map(|(path, _)| *path).collect();
    let files = paths.iter().filter(|path| **path != "buf.yaml").map(|name| {
        let (base, head) = (text(base, name), text(head, name));
        assemble::file_change(path(name), base.as_deref(), head.as_deref())
    });
    let change = assemble::change(files.collect());
    let (memo, policy) = (Memo::default(), Policy::default());
    let mut ids = BTreeSet::new();
    for rule in rules::all() {
        let Check::Change { applies, needs, .. } = rule.check else { continue };
        if !applies(&change) {
            continue;
        }
        let gathered: Gathered = needs(&change)
            .into_iter()
            .map(|need| {
                let wanted = matches!(&need, Need::Glob { globs, .. } if globs.iter().any(|g| g.ends_with("buf.yaml")));
                let file = SourceFile { path: path("buf.yaml"), side: Side::Base, text: Text::new(yaml) };
                (need, if wanted { vec![file] } else { Vec::new() })
            })
            .collect();
        let run = run_rule(rule, &change, &policy, &gathered, &memo);
        assert_eq!(run.dropped, 0, "{} reports a place that is not there", rule.code);
        if !run.findings.is_empty() {
            ids.extend(rule.equivalents);
        }
    }
    ids
}

/// What the comparison finds, the rules report.
#[test]
fn rules_report_what_is_labelled() {
    let (Some(buf), Some(graphql)) = (rows("buf/cases.jsonl.gz"), rows("graphql/cases.jsonl.gz"))
    else {
        return;
    };
    let mut silent = Vec::new();
    for row in &buf {
        let (base, head) = (tree(row, "previous"), tree(row, "current"));
        let yaml = head.iter().find(|(path, _)| *path == "buf.yaml").map_or("", |(_, text)| *text);
        // Roots of the two sides differ in these: files move.
        if base.iter().chain(&head).any(|(_, text)| text.contains("roots:")) {
            continue;
        }
        let yaml = if yaml.is_empty() { "version: v1\nbreaking:\n  use: [FILE]\n" } else { yaml };
        let ids = reported(&base, &head, yaml);
        let labels = row["expected"].as_array().expect("labels");
        let wanted: BTreeSet<String> =
            labels.iter().map(|label| format!("buf:{}", text(label, "type"))).collect();
        let missing = wanted.into_iter().filter(|id| !ids.contains(id.as_str()));
        silent.extend(missing.map(|id| format!("{}: {id}", text(row, "id"))));
    }
    for row in &graphql {
        let ids =
            reported(&[("a.graphql", text(row, "old"))], &[("a.graphql", text(row, "new"))], "");
        for label in row["oracle"].as_array().expect("labels") {
            let id = format!("graphql-inspector:{}", text(label, "type"));
            let meant = !id.ends_with("USAGE_UNION_MEMBER_ADDED");
            if text(label, "level") == "BREAKING" && meant && !ids.contains(id.as_str()) {
                silent.push(format!("{}: {id}", text(row, "id")));
            }
        }
    }
    assert!(silent.is_empty(), "{}", silent.join("\n"));
}

//! Labelled migrations of our own, in `fixtures/migrations`: what each documented check of the peers
//! must report and must leave alone, and the same for SQL Server, which they do not read.
//!
//! A file begins with `--# TOOL DIALECT`. Each case begins with `--# CODES: title` or
//! `--# silent CODES: title`; `[pg=11]`, `[transaction]` and `[tables=migration]` in a title set the
//! policy. Files before the change are parted from it, and from each other, by `--= next`.

use std::collections::BTreeSet;
use std::path::Path;

use backend_team::config::policy::{NewTables, Policy};
use backend_team::domain::change::SourceFile;
use backend_team::domain::team::Lane;
use backend_team::rules;

use crate::eval::{base_file, findings_under};

struct Case {
    title: String,
    codes: BTreeSet<String>,
    silent: bool,
    files: Vec<String>,
}

fn cases(text: &str) -> (String, String, Vec<Case>) {
    let mut parts = text.split("--# ").skip(1);
    let head = parts.next().expect("a head");
    let mut words = head.split_whitespace().map(str::to_owned);
    let (tool, dialect) = (words.next().expect("a tool"), words.next().expect("a dialect"));
    let cases = parts.map(|part| {
        let (title, body) = part.split_once('\n').expect("a body");
        let (codes, _) = title.split_once(':').expect("codes and a title");
        let silent = codes.starts_with("silent");
        let codes = codes.trim_start_matches("silent").split_whitespace().map(str::to_owned);
        let files = body.split("--= next\n").map(str::to_owned).collect();
        Case { title: title.to_owned(), codes: codes.collect(), silent, files }
    });
    let cases = cases.collect();
    (tool, dialect, cases)
}

fn policy(title: &str) -> Policy {
    let mut policy = Policy::default();
    let setting = |key: &str| {
        let (_, rest) = title.split_once(&format!("[{key}"))?;
        rest.split(']').next().map(|value| value.trim_start_matches('=').to_owned())
    };
    policy.migrations.postgres_version = setting("pg").and_then(|version| version.parse().ok());
    policy.migrations.in_transaction = setting("transaction").map(|_| true);
    policy.migrations.new_tables = match setting("tables").as_deref() {
        Some("migration") => NewTables::Migration,
        Some("transaction") => NewTables::Transaction,
        _ => NewTables::Change,
    };
    policy
}

/// The codes of the tool that the findings stand for, or the rules' own where the tool is `own`.
fn said(tool: &str, dialect: &str, case: &Case) -> BTreeSet<String> {
    let path = |at: usize| match dialect.strip_prefix("rails-") {
        Some(adapter) => format!("{adapter}/db/migrate/202401010000{:02}_step.rb", at + 1),
        None => format!("db/{dialect}/migrations/{:04}_step.sql", at + 1),
    };
    let (last, earlier) = case.files.split_last().expect("a file");
    let base: Vec<SourceFile> =
        earlier.iter().enumerate().map(|(at, text)| base_file(&path(at), text)).collect();
    let change = [(path(earlier.len()), None, Some(last.as_str()))];
    let found = findings_under(policy(&case.title), tool, &base, &change);
    // What concerns the file rather than its statements.
    let of_files = ["missing-rollback", "rollback-incomplete", "out-of-order"];
    let codes = found.iter().flat_map(|(rule, _)| match tool {
        "own" if of_files.iter().any(|code| rule.code.ends_with(code)) => Vec::new(),
        "own" => vec![rule.code.trim_start_matches("migration/").to_owned()],
        _ => rule
            .equivalents
            .iter()
            .filter_map(|id| id.split_once(':').filter(|(name, _)| *name == tool))
            .map(|(_, code)| code.to_owned())
            .collect(),
    });
    codes.collect()
}

#[test]
fn labelled_migrations_are_judged_as_labelled() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/migrations");
    let mut paths: Vec<_> =
        std::fs::read_dir(folder).expect("a folder").map(|it| it.expect("a file").path()).collect();
    paths.sort();
    let (mut failing, mut count) = (Vec::new(), 0);
    for path in paths {
        let text = std::fs::read_to_string(&path).expect("text");
        let (tool, dialect, cases) = cases(&text);
        let (mut right, mut missed, mut wrong) = (0, 0, 0);
        for case in &cases {
            let said = said(&tool, &dialect, case);
            let judged = if case.silent {
                let heard =
                    said.iter().any(|code| case.codes.is_empty() || case.codes.contains(code));
                wrong += usize::from(heard);
                !heard
            } else {
                let heard = case.codes.is_subset(&said) && (tool != "own" || case.codes == said);
                missed += usize::from(!heard);
                heard
            };
            right += usize::from(judged);
            count += 1;
            if !judged {
                failing.push(format!("{tool} {dialect} / {}: said {said:?}", case.title));
            }
        }
        let name = path.file_name().expect("a name").to_string_lossy();
        eprintln!("{name}: right {right} missed {missed} wrong {wrong}");
    }
    assert!(failing.is_empty() && count > 0, "{}", failing.join("\n"));
}

#[test]
fn every_rule_of_sql_server_is_labelled() {
    let text = include_str!("../../fixtures/migrations/sqlserver.sql");
    let (_, _, cases) = cases(text);
    let labelled: BTreeSet<&String> = cases.iter().flat_map(|case| &case.codes).collect();
    for wanted in ["index-not-online", "constraint-untrusted", "goes-on-after-error"] {
        assert!(labelled.iter().any(|code| *code == wanted), "{wanted}");
        let code = format!("migration/{wanted}");
        assert!(rules::all().any(|rule| rule.code == code && rule.lane == Lane::Data));
    }
}

//! A history of 500 migrations, read and applied: for a new migration, and for new code with SQL.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use std::fmt::Write as _;
use std::hint::black_box;

use backend_team::config::policy::Policy;
use backend_team::domain::assemble;
use backend_team::domain::change::{Change, SourceFile, Text};
use backend_team::domain::diff::Side;
use backend_team::domain::path::RepoPath;
use backend_team::ports::source::Need;
use backend_team::rules::{Check, Gathered, Memo, Rule, by_code, run_rule};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

const MIGRATIONS: usize = 500;

/// A migration as people write them: a table with its index, or a change of an earlier one.
fn migration(number: usize) -> String {
    let mut text = String::new();
    if number.is_multiple_of(2) {
        writeln!(text, "CREATE TABLE t{number} (").unwrap();
        text.push_str("    id bigserial PRIMARY KEY,\n    account_id bigint NOT NULL,\n");
        text.push_str("    name text NOT NULL CHECK (length(name) < 200),\n");
        text.push_str("    state text NOT NULL DEFAULT 'open',\n    amount numeric(12, 2),\n");
        text.push_str("    created_at timestamptz NOT NULL DEFAULT now()\n);\n");
        writeln!(text, "CREATE INDEX t{number}_account_idx ON t{number} (account_id);").unwrap();
    } else {
        let table = number - 1;
        writeln!(text, "ALTER TABLE t{table} ADD COLUMN note_{number} text;").unwrap();
        writeln!(text, "UPDATE t{table} SET note_{number} = '' WHERE note_{number} IS NULL;")
            .unwrap();
        writeln!(text, "ALTER TABLE t{table} RENAME COLUMN name TO title;").unwrap();
    }
    text
}

fn history(side: Side) -> Vec<SourceFile> {
    let file = |number: usize| SourceFile {
        path: RepoPath::new(&format!("db/migrations/{number:04}_step.up.sql")).unwrap(),
        side,
        text: Text::new(migration(number)),
    };
    (0..MIGRATIONS).map(file).collect()
}

fn added(path: &str, text: &str) -> Change {
    let path = RepoPath::new(path).unwrap();
    assemble::change(vec![assemble::file_change(path, None, Some(text))])
}

/// The rule's answers: the history wherever many files are asked for.
fn gathered(rule: &Rule, change: &Change) -> Gathered {
    let Check::Change { applies, needs, .. } = rule.check else { panic!("about the change") };
    assert!(applies(change));
    needs(change)
        .into_iter()
        .map(|need| {
            let files = match &need {
                Need::Glob { side, limit, .. } if *limit >= MIGRATIONS => history(*side),
                _ => Vec::new(),
            };
            (need, files)
        })
        .collect()
}

fn histories(criterion: &mut Criterion) {
    let bytes: usize = (0..MIGRATIONS).map(|number| migration(number).len()).sum();
    let mut group = criterion.benchmark_group("500 migrations");
    group.throughput(Throughput::Bytes(bytes as u64)).sample_size(20);
    let sql = "ALTER TABLE t498 DROP COLUMN note_499;\n";
    let code =
        "package store\n\nconst find = \"SELECT id, title, missing FROM t498 WHERE id = $1\"\n";
    for (name, rule, path, text) in [
        ("a new migration", "migration/column-dropped", "db/migrations/0500_step.up.sql", sql),
        ("new code", "cross/column-never-added", "internal/store/find.go", code),
    ] {
        let (rule, change) = (by_code(rule).unwrap(), added(path, text));
        let (gathered, policy) = (gathered(rule, &change), Policy::default());
        let run = || run_rule(rule, &change, &policy, &gathered, &Memo::default());
        assert_eq!(run().findings.len(), 1, "{name}");
        group.bench_function(name, |bencher| bencher.iter(|| black_box(run())));
    }
    group.finish();
}

criterion_group!(benches, histories);
criterion_main!(benches);

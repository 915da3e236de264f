//! Planning in a repository of 10,000 files: with nothing cached, and with the list of files kept.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use std::fmt::Write as _;
use std::hint::black_box;
use std::path::Path;
use std::process::Command;

use backend_team::app;
use backend_team::cli::issue_of;
use backend_team::pipeline::draft::draft_plan;
use backend_team::ports::source::Source;
use criterion::{Criterion, criterion_group, criterion_main};

const ISSUE: &str = "# Filter orders by status\n\n## Acceptance criteria\n\n\
                     - [ ] `GET /orders?status=open` returns only orders with that status\n\
                     - [ ] Add a nullable text column `note` to `t7`\n";

fn git(folder: &Path, arguments: &[&str]) {
    let done = Command::new("git")
        .args(["-c", "user.name=Bench", "-c", "user.email=bench@example.org"])
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("HOME", folder)
        .output()
        .unwrap();
    assert!(done.status.success(), "git {arguments:?}");
}

fn write(folder: &Path, path: &str, text: &str) {
    let path = folder.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// 500 directories of code and 400 migrations.
fn repository() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    git(folder.path(), &["init", "--quiet", "--initial-branch=main"]);
    for directory in 0..500 {
        for file in 0..19 {
            let mut text = String::new();
            for line in 0..40 {
                writeln!(text, "pub fn handle_{directory}_{file}_{line}() {{}}").unwrap();
            }
            let (upper, lower) = (directory / 10, directory % 10);
            write(folder.path(), &format!("src/mod{upper}/part{lower}/file{file}.rs"), &text);
        }
    }
    for number in 0..400 {
        let table = format!("CREATE TABLE t{number} (\n  id bigint,\n  name text\n);\n");
        write(folder.path(), &format!("migrations/{number:04}_t.up.sql"), &table);
    }
    write(folder.path(), "src/orders/handlers.rs", "pub async fn list_orders() {}\n");
    write(folder.path(), "Cargo.toml", "[dependencies]\naxum = \"0.8\"\nsqlx = \"0.8\"\n");
    git(folder.path(), &["add", "--all"]);
    git(folder.path(), &["commit", "--quiet", "--message", "start"]);
    folder
}

async fn plan(source: &dyn Source, folder: &Path) -> usize {
    let fetched = source.open_local(folder, "HEAD", "HEAD").await.unwrap();
    let base = fetched.head.clone();
    let drafted = draft_plan(source, &fetched, &base, &issue_of(ISSUE), &[]).await.unwrap();
    assert!(drafted.plan_problems.is_empty());
    drafted.plan.tasks.len()
}

fn planning(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let folder = repository();
    let mut group = criterion.benchmark_group("plan, 10,000 files");
    group.sample_size(10);
    group.bench_function("nothing cached", |bencher| {
        bencher.iter(|| {
            let source = app::local_source().unwrap();
            black_box(runtime.block_on(plan(&source, folder.path())))
        });
    });
    let source = app::local_source().unwrap();
    runtime.block_on(plan(&source, folder.path()));
    group.bench_function("list of files kept", |bencher| {
        bencher.iter(|| black_box(runtime.block_on(plan(&source, folder.path()))));
    });
    group.finish();
}

criterion_group!(benches, planning);
criterion_main!(benches);

//! The parts of a review: loading and judging the demo's change, rendering, reading instructions
//! and large documents.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use std::fmt::Write as _;
use std::hint::black_box;
use std::path::Path;
use std::process::Command;

use backend_team::app;
use backend_team::domain::change::Subject;
use backend_team::domain::path::RepoPath;
use backend_team::domain::text::Untrusted;
use backend_team::instructions::{self, RawFile};
use backend_team::pipeline::load::{self, Loaded};
use backend_team::pipeline::review::{ReviewRequest, review};
use backend_team::ports::source::{ChangeHead, Fetched, Source};
use backend_team::report::comment::{self, CommentContext};
use backend_team::report::findings_v1::ReviewFindings;
use backend_team::report::text;
use backend_team::rules::parse::{json, yaml};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

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

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            std::fs::create_dir_all(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// The demo's repository with its pull request as the last commit.
fn repository() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/repos/demo");
    git(folder.path(), &["init", "--quiet", "--initial-branch=main"]);
    for step in ["base", "change"] {
        copy(&demo.join(step), folder.path());
        git(folder.path(), &["add", "--all"]);
        git(folder.path(), &["commit", "--quiet", "--message", step]);
    }
    folder
}

async fn load(source: &dyn Source, folder: &Path) -> (Fetched, Loaded) {
    let fetched = source.open_local(folder, "HEAD~1", "HEAD").await.unwrap();
    let head = ChangeHead {
        repo: None,
        subject: Subject::Range,
        title: Untrusted::default(),
        body: Untrusted::default(),
    };
    let loaded = load::load(source, &fetched, head).await.unwrap();
    (fetched, loaded)
}

fn reviewing(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let folder = repository();
    let source = app::local_source().unwrap();
    let (fetched, loaded) = runtime.block_on(load(&source, folder.path()));
    let judge = || {
        let request = ReviewRequest::default();
        runtime.block_on(review(&source, &fetched, &loaded, request)).unwrap()
    };
    let report = judge().report;
    assert!(!report.findings.is_empty(), "the demo's change has findings");
    let mut group = criterion.benchmark_group("review");
    group.bench_function("load", |bencher| {
        bencher.iter(|| runtime.block_on(load(&source, folder.path())));
    });
    group.bench_function("rules", |bencher| bencher.iter(judge));
    let context = CommentContext { web_url: None, version: "0".to_owned() };
    group.bench_function("comment", |bencher| {
        bencher.iter(|| comment::summary(black_box(&report), &loaded.policy, &context));
    });
    group.bench_function("findings json", |bencher| {
        bencher.iter(|| ReviewFindings::of(black_box(&report), "0").to_json());
    });
    group.bench_function("terminal text", |bencher| {
        let excerpt = |anchor: &_| text::changed_text(&loaded.change, anchor);
        bencher.iter(|| text::text(black_box(&report), &excerpt, false));
    });
    group.finish();
}

fn reading_instructions(criterion: &mut Criterion) {
    let text = include_str!("../fixtures/repos/demo/base/AGENTS.md");
    let file = RawFile {
        path: RepoPath::new("AGENTS.md").unwrap(),
        bytes: text.as_bytes().to_vec(),
        symlink_target: None,
    };
    let mut group = criterion.benchmark_group("instructions");
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("AGENTS.md", |bencher| {
        bencher.iter(|| instructions::read(vec![black_box(file.clone())], &[]));
    });
    group.finish();
}

/// An API of 2,000 operations.
fn openapi() -> String {
    let mut text = String::from("openapi: 3.1.0\ninfo:\n  title: Orders\n  version: '1'\npaths:\n");
    for number in 0..1_000 {
        write!(
            text,
            "  /orders/{number}/{{id}}:\n    get:\n      operationId: getOrder{number}\n      \
             parameters:\n        - {{name: id, in: path, required: true, schema: {{type: string}}}}\n      \
             responses:\n        '200':\n          description: An order\n          content:\n            \
             application/json:\n              schema:\n                $ref: '#/components/schemas/Order'\n    \
             delete:\n      operationId: deleteOrder{number}\n      responses:\n        '204':\n          \
             description: Gone\n"
        )
        .unwrap();
    }
    text
}

fn reading_documents(criterion: &mut Criterion) {
    let text = openapi();
    let tree = yaml::parse(&text);
    assert!(tree.error.is_none() && tree.documents.len() == 1);
    let value: serde_json::Value = (0..10_000)
        .map(|number| {
            (format!("key{number}"), serde_json::json!({"a": [1, 2, "three"], "b": null}))
        })
        .collect::<serde_json::Map<_, _>>()
        .into();
    let document = value.to_string();
    assert!(json::parse(&document).is_ok());
    let mut group = criterion.benchmark_group("documents");
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("OpenAPI as YAML", |bencher| {
        bencher.iter(|| yaml::parse(black_box(&text)))
    });
    group.throughput(Throughput::Bytes(document.len() as u64));
    group.bench_function("JSON", |bencher| bencher.iter(|| json::parse(black_box(&document))));
    group.finish();
}

criterion_group!(benches, reviewing, reading_instructions, reading_documents);
criterion_main!(benches);

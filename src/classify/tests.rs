//! Realistic changes and the labels they earn.

use super::classify;
use crate::config::policy::Policy;
use crate::domain::assemble::{change, file_change};
use crate::domain::change::{Change, FileChange};
use crate::domain::path::RepoPath;
use crate::domain::routing::ChangeLabel::{self, *};
use crate::domain::text::Untrusted;

fn added(path: &str, text: &str) -> FileChange {
    file_change(RepoPath::new(path).unwrap(), None, Some(text))
}

fn edited(path: &str, base: &str, head: &str) -> FileChange {
    file_change(RepoPath::new(path).unwrap(), Some(base), Some(head))
}

fn labels_of(change: &Change) -> Vec<ChangeLabel> {
    classify(change, &Policy::default()).into_iter().map(|labelled| labelled.label).collect()
}

fn labels(files: Vec<FileChange>) -> Vec<ChangeLabel> {
    labels_of(&change(files))
}

#[test]
fn a_migration_with_its_evidence() {
    let sql = "-- tenant remarks\nALTER TABLE orders ADD COLUMN note text;\n";
    let found =
        classify(&change(vec![added("db/migrations/0007_note.up.sql", sql)]), &Policy::default());
    let names: Vec<_> = found.iter().map(|labelled| labelled.label).collect();
    assert_eq!(names, [Migration, Schema]);
    assert_eq!(found[0].because, "a migration was added");
    assert_eq!(found[1].evidence[0].lines().map(|lines| lines.start()), Some(2));
}

#[test]
fn migrations_of_the_frameworks() {
    for path in [
        "app/migrations/0002_auto.py",
        "db/migrate/20240101120000_add_users.rb",
        "alembic/versions/ab12_users.py",
        "src/main/resources/db/migration/V2__users.sql",
        "prisma/migrations/20240101_init/migration.sql",
        "migrations/001_init.sql",
        "src/migrations/1700000000-AddUser.ts",
    ] {
        assert!(labels(vec![added(path, "x\n")]).contains(&Migration), "{path}");
    }
    for path in [
        "app/migrations/__init__.py",
        "alembic/env.py",
        "docs/migrations/guide.md",
        "src/migrations/runner.ts",
    ] {
        assert!(!labels(vec![added(path, "x\n")]).contains(&Migration), "{path}");
    }
}

#[test]
fn tests_and_documents_earn_only_themselves() {
    let code = "import stripe\njwt.decode(tenant_id)\nrequests.get(url)\n";
    assert_eq!(labels(vec![added("tests/test_pay.py", code)]), [Tests]);
    assert_eq!(labels(vec![added("pkg/auth/jwt_test.go", code)]), [Tests]);
    assert_eq!(labels(vec![added("docs/payments.md", code)]), [Docs]);
    assert_eq!(labels(vec![edited("README.md", "a\n", "stripe tenant\n")]), [Docs]);
    assert_eq!(labels(vec![added("AGENTS.md", "# stripe\n")]), [Policy_]);
}

use ChangeLabel::Policy as Policy_;

#[test]
fn comments_and_unchanged_lines_earn_nothing() {
    let base = "stripe.charge();\n// one\n\n\n\n\n\n\n\nlet a = 1;\n";
    let head = "stripe.charge();\n// one\n\n\n\n\n\n\n\n// jwt tenant\nlet a = 2;\n";
    assert_eq!(labels(vec![edited("src/total.ts", base, head)]), [Code]);
}

#[test]
fn guards_taken_away_count() {
    let base = "@PreAuthorize(\"x\")\nvoid a() {}\n";
    let found = labels(vec![edited("src/main/java/A.java", base, "void a() {}\n")]);
    assert_eq!(found, [Auth, Code]);
    let base = "q = q.filter(tenant_id=t)\nreturn q\n";
    assert!(labels(vec![edited("app/q.py", base, "return q\n")]).contains(&Tenancy));
}

#[test]
fn infrastructure_pipelines_and_secrets() {
    let deployment = "apiVersion: apps/v1\nkind: Deployment\nspec:\n  containerPort: 80\n  a:\n    secretKeyRef: {}\n";
    assert_eq!(labels(vec![added("ops/pay.yaml", deployment)]), [Infra, Ingress, Secrets]);
    assert_eq!(labels(vec![added("Dockerfile", "FROM x\n")]), [Infra]);
    assert_eq!(
        labels(vec![added("deploy/main.tf", "resource \"aws_sqs_queue\" \"a\" {}\n")]),
        [Infra, Queue]
    );
    assert_eq!(
        labels(vec![added(".github/workflows/ci.yml", "on: push\nrun: ${{ secrets.A }}\n")]),
        [Ci, Secrets]
    );
    assert_eq!(
        labels(vec![added("k8s/external-secret.yaml", "kind: ExternalSecret\n")]),
        [Infra, Secrets]
    );
    assert_eq!(labels(vec![added(".env.example", "A=1\n")]), [Config]);
}

#[test]
fn contracts_routes_and_calls() {
    assert_eq!(labels(vec![edited("api/openapi.yaml", "a: 1\n", "a: 2\n")]), [Api]);
    assert_eq!(labels(vec![added("proto/pay.proto", "syntax = \"proto3\";\n")]), [Api]);
    let go = "r.Get(\"/orders\", h)\nresp, err := http.Get(u)\n";
    assert_eq!(labels(vec![added("internal/server.go", go)]), [Api, Code, ExternalCall, NewFlow]);
    let listener = "@KafkaListener(topics = \"a\")\n";
    assert_eq!(labels(vec![added("src/main/java/L.java", listener)]), [Code, NewFlow, Queue]);
}

#[test]
fn dependencies_need_a_dependency_line() {
    let base = "{\n  \"version\": \"1.0.0\",\n  \"dependencies\": {\n    \"a\": \"1\"\n  }\n}\n";
    let version = base.replace("1.0.0", "1.0.1");
    assert_eq!(labels(vec![edited("package.json", base, &version)]), []);
    let more = base.replace("\"a\": \"1\"", "\"a\": \"1\",\n    \"stripe\": \"^14\"");
    assert_eq!(
        labels(vec![edited("package.json", base, &more)]),
        [Dependency, ExternalIntegration]
    );
    let cargo = "[package]\nname = \"x\"\n\n[dependencies]\n";
    let with = format!("{cargo}serde = \"1\"\n");
    assert_eq!(labels(vec![edited("Cargo.toml", cargo, &with)]), [Dependency]);
}

#[test]
fn modules_refactorings_and_stacks() {
    let found = labels(vec![
        added("src/ledger/mod.rs", "pub mod book;\n"),
        added("src/ledger/book.rs", "struct Book;\n"),
    ]);
    assert_eq!(found, [Code, NewModule]);
    let found =
        labels(vec![edited("src/a.rs", "a\n", "b\n"), edited("web/src/a.tsx", "a\n", "b\n")]);
    assert_eq!(found, [Code, CrossStack, Web]);

    let policy = Policy { critical_paths: vec!["core/**".into()], ..Policy::default() };
    let lines = |word: &str| (0..100).map(|n| format!("{word}{n}\n")).collect::<String>();
    let big = change(vec![edited("core/ledger.go", &lines("a"), &lines("b"))]);
    let found: Vec<_> = classify(&big, &policy).into_iter().map(|l| l.label).collect();
    assert_eq!(found, [Code, CoreRefactor]);
    assert_eq!(labels_of(&big), [Code]);
}

#[test]
fn the_title_tells_a_fix() {
    let mut fix = change(vec![edited("src/a.rs", "a\n", "b\n")]);
    fix.title = Untrusted::from("fix(orders): total");
    assert_eq!(labels_of(&fix), [BugFix, Code]);
    fix.title = Untrusted::from("Add prefix to orders");
    assert_eq!(labels_of(&fix), [Code]);
    fix.body = Untrusted::from("Fixes #12");
    assert_eq!(labels_of(&fix), [BugFix, Code]);
}

#[test]
fn evidence_is_bounded_and_ignored_files_stay_out() {
    let code = "jwt.verify(a);\n".repeat(10);
    let many = change(vec![added("src/a.ts", &code), added("src/b.ts", &code)]);
    let found = classify(&many, &Policy::default());
    assert!(found.iter().all(|labelled| labelled.evidence.len() <= 3));
    let policy = Policy { ignore: vec!["src/**".into()], ..Policy::default() };
    assert_eq!(classify(&many, &policy), vec![]);
}

proptest::proptest! {
    #[test]
    fn any_text_is_classified(path in "[a-z./_]{1,30}", text in "\\PC{0,300}") {
        if let Some(path) = RepoPath::new(&path) {
            let found = classify(&change(vec![file_change(path, None, Some(&text))]), &Policy::default());
            proptest::prop_assert!(found.iter().all(|labelled| !labelled.because.is_empty()));
        }
    }
}

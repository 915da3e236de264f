//! What is written without a model: as a reader sees it, and as the product's own rules see it.

use backend_team::domain::plan::*;
use backend_team::plan::landing;
use backend_team::plan::produce::{CalendarTime, Ground, ProduceError, Produced, produce, wants};
use backend_team::rules;

use crate::harness::page::Case;

const NOW: CalendarTime =
    CalendarTime { year: 2026, month: 3, day: 1, hour: 9, minute: 5, second: 7 };

pub type Files = Vec<(String, String)>;

pub fn files(files: &[(&str, &str)]) -> Files {
    files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
}

pub fn column(name: &str, kind: &str, required: bool) -> ColumnSpec {
    ColumnSpec { name: name.to_owned(), kind: kind.to_owned(), required, references: None }
}

pub fn reference(name: &str, table: &str) -> ColumnSpec {
    ColumnSpec { references: Some(table.to_owned()), ..column(name, "reference", true) }
}

fn task(artefact: Artefact) -> Task {
    Task {
        id: "T1".to_owned(),
        title: "Write it".to_owned(),
        agent: "data-gatekeeper".to_owned(),
        lane: "data".to_owned(),
        because: "it was asked for".to_owned(),
        input: Vec::new(),
        output: Vec::new(),
        files: Vec::new(),
        depends_on: Vec::new(),
        checks: vec!["it is there".to_owned()],
        serves: Vec::new(),
        rollback: None,
        observe: None,
        execution: Execution::Generated { artefact },
    }
}

fn plan(artefact: &Artefact) -> Plan {
    Plan {
        version: 1,
        goal: "Let traders keep a journal of their trades".to_owned(),
        strategy: Strategy::Sequential,
        classification: Classification {
            kind: WorkKind::Feature,
            scope: WorkScope::SingleApp,
            risk: Risk::High,
            risk_reasons: Vec::new(),
            complexity: Complexity::Simple,
            areas: Vec::new(),
            pattern: None,
        },
        requirements: Vec::new(),
        checklist: Vec::new(),
        inputs: Vec::new(),
        evidence: Vec::new(),
        files: Vec::new(),
        tasks: vec![task(artefact.clone()), task(journal_migration())],
        checkpoints: Vec::new(),
        integration: Vec::new(),
        contract: None,
        gates: Vec::new(),
        assumptions: Vec::new(),
        questions: Vec::new(),
        phases: Vec::new(),
        left_out: Vec::new(),
    }
}

/// Writes the artefact in a repository of these files, reading only what it says that it wants.
pub fn written(repository: &Files, artefact: Artefact) -> Result<Produced, ProduceError> {
    let paths: Vec<&str> = repository.iter().map(|(path, _)| path.as_str()).collect();
    let task = task(artefact.clone());
    let wanted = wants(&task, &paths);
    let text = |path: &str| {
        let file = repository.iter().find(|(known, _)| known == path);
        file.filter(|_| wanted.contains(&path)).map(|(_, text)| text.clone())
    };
    produce(&task, &plan(&artefact), &Ground { paths: &paths, text: &text, now: NOW }, &[])
}

pub fn contents(produced: &Produced) -> Files {
    produced.files.iter().map(|file| (file.path.to_string(), file.content.clone())).collect()
}

/// What every rule says about the change that these files make.
fn findings(repository: &Files, produced: &Produced) -> Vec<String> {
    let case = Case::of(repository, &contents(produced));
    let say = |rule: &rules::Rule| {
        let (findings, _) = case.run(rule);
        let code = rule.code;
        findings
            .into_iter()
            .map(move |finding| format!("{code}: {}: {}", finding.anchor.path(), finding.title))
            .collect::<Vec<_>>()
    };
    rules::all().flat_map(say).collect()
}

fn shown(produced: &Produced) -> String {
    let mut out = String::new();
    for file in &produced.files {
        out.push_str(&format!("=== {:?} {}\n{}", file.action, file.path, file.content));
    }
    produced.notes.iter().for_each(|note| out.push_str(&format!("--- note: {note}\n")));
    produced.verification.iter().for_each(|text| out.push_str(&format!("--- verify: {text}\n")));
    out
}

pub fn journal_migration() -> Artefact {
    Artefact::Migration {
        changes: vec![SchemaChange::CreateTable {
            table: "trade_entries".to_owned(),
            columns: vec![
                column("symbol", "text", true),
                column("quantity", "decimal", true),
                column("note", "text", false),
                column("created_at", "timestamp", true),
            ],
        }],
    }
}

/// A table, a column, a reference and an index on a table in use.
pub fn everything() -> Artefact {
    let table = "orders".to_owned();
    Artefact::Migration {
        changes: vec![
            SchemaChange::CreateTable {
                table: "coupons".to_owned(),
                columns: vec![column("code", "text", true), reference("user_id", "users")],
            },
            SchemaChange::AddColumn { table: table.clone(), column: column("note", "text", false) },
            SchemaChange::AddColumn {
                table: table.clone(),
                column: reference("coupon_id", "coupons"),
            },
            SchemaChange::AddIndex { table, columns: vec!["status".to_owned()], unique: false },
        ],
    }
}

const USERS: &str = "CREATE TABLE users (\n    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,\n    email text NOT NULL\n);\nCREATE TABLE orders (\n    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,\n    status text NOT NULL\n);\n";
const DROP_USERS: &str = "DROP TABLE orders;\nDROP TABLE users;\n";

/// Repositories whose migrations are SQL, with the tool's name.
pub fn sql_repositories() -> Vec<(&'static str, Files)> {
    let goose = format!("-- +goose Up\n{USERS}\n-- +goose Down\n{DROP_USERS}");
    let dbmate = format!("-- migrate:up\n{USERS}\n-- migrate:down\n{DROP_USERS}");
    let sql_migrate = format!("-- +migrate Up\n{USERS}\n-- +migrate Down\n{DROP_USERS}");
    let prisma = "datasource db {\n  provider = \"postgresql\"\n}\n\nmodel users {\n  id BigInt @id @default(autoincrement())\n}\n\nmodel orders {\n  id     BigInt @id @default(autoincrement())\n  status String\n\n  @@index([id])\n}\n";
    vec![
        (
            "golang-migrate",
            files(&[
                ("go.mod", "module x\nrequire github.com/jackc/pgx/v5 v5.5.0\n"),
                ("db/migrations/000001_users.up.sql", USERS),
                ("db/migrations/000001_users.down.sql", DROP_USERS),
            ]),
        ),
        ("goose", files(&[("sql/migrations/00001_users.sql", &goose)])),
        ("dbmate", files(&[("db/migrations/20240102030405_users.sql", &dbmate)])),
        ("sql-migrate", files(&[("migrations/1_users.sql", &sql_migrate)])),
        (
            "sqlx pairs",
            files(&[
                (
                    "Cargo.toml",
                    "[dependencies]\nsqlx = { version = \"0.8\", features = [\"postgres\"] }\n",
                ),
                ("migrations/20240102030405_users.up.sql", USERS),
                ("migrations/20240102030405_users.down.sql", DROP_USERS),
            ]),
        ),
        (
            "sqlx",
            files(&[
                (
                    "Cargo.toml",
                    "[dependencies]\nsqlx = { version = \"0.8\", features = [\"postgres\"] }\n",
                ),
                ("migrations/0001_users.sql", USERS),
            ]),
        ),
        (
            "Flyway",
            files(&[
                ("pom.xml", "<artifactId>postgresql</artifactId>"),
                ("src/main/resources/db/migration/V1__users.sql", USERS),
            ]),
        ),
        (
            "Flyway with undo",
            files(&[
                ("pom.xml", "<artifactId>postgresql</artifactId>"),
                ("src/main/resources/db/migration/V1__users.sql", USERS),
                ("src/main/resources/db/migration/U1__users.sql", DROP_USERS),
            ]),
        ),
        (
            "Diesel",
            files(&[
                ("migrations/2024-01-02-030405_users/up.sql", USERS),
                ("migrations/2024-01-02-030405_users/down.sql", DROP_USERS),
            ]),
        ),
        (
            "Prisma",
            files(&[
                ("prisma/schema.prisma", prisma),
                ("prisma/migrations/20240102030405_users/migration.sql", USERS),
            ]),
        ),
        ("plain", files(&[("db/migrations/0001_users.sql", USERS)])),
    ]
}

pub fn code_repositories() -> Vec<(&'static str, Files)> {
    let rails = "class CreateUsers < ActiveRecord::Migration[7.1]\n  def change\n    create_table :users do |t|\n      t.text :email, null: false\n    end\n  end\nend\n";
    let django = "from django.db import migrations, models\n\n\nclass Migration(migrations.Migration):\n    initial = True\n    dependencies = []\n    operations = [\n        migrations.CreateModel(\n            name=\"Order\",\n            fields=[\n                (\"id\", models.BigAutoField(primary_key=True)),\n                (\"status\", models.CharField(max_length=20)),\n            ],\n        ),\n        migrations.CreateModel(\n            name=\"User\",\n            fields=[\n                (\"id\", models.BigAutoField(primary_key=True)),\n                (\"email\", models.TextField()),\n            ],\n        ),\n    ]\n";
    let models = "from django.db import models\n\n\nclass Order(models.Model):\n    status = models.CharField(\n        max_length=20,\n    )\n\n    def __str__(self):\n        return self.status\n\n\nclass User(models.Model):\n    email = models.TextField()\n";
    let alembic = "\"\"\"users\"\"\"\nfrom alembic import op\n\nrevision: str = \"1a2b3c4d5e6f\"\ndown_revision: str | None = None\n\n\ndef upgrade():\n    op.execute(\"CREATE TABLE users (id bigint PRIMARY KEY)\")\n\n\ndef downgrade():\n    op.execute(\"DROP TABLE users\")\n";
    let knex = "exports.up = function (knex) {\n  return knex.raw(\"CREATE TABLE users (id bigint PRIMARY KEY)\");\n};\nexports.down = function (knex) {\n  return knex.raw(\"DROP TABLE users\");\n};\n";
    vec![
        (
            "Rails",
            files(&[
                ("Gemfile", "gem \"rails\"\ngem \"pg\"\n"),
                ("db/migrate/20240102030405_create_users.rb", rails),
            ]),
        ),
        (
            "Django",
            files(&[
                ("requirements.txt", "django\npsycopg[binary]\n"),
                ("shop/migrations/0001_initial.py", django),
                ("shop/models.py", models),
            ]),
        ),
        (
            "Alembic",
            files(&[
                ("pyproject.toml", "dependencies = [\"alembic\", \"psycopg\"]\n"),
                ("alembic/versions/1a2b3c4d5e6f_users.py", alembic),
            ]),
        ),
        (
            "Knex",
            files(&[
                ("package.json", "{\"dependencies\": {\"knex\": \"3\", \"pg\": \"8\"}}\n"),
                ("migrations/20240102030405_users.js", knex),
            ]),
        ),
    ]
}

#[test]
fn migrations_of_every_tool_pass_the_rules() {
    let mut all = String::new();
    let mut problems = Vec::new();
    for (name, repository) in sql_repositories() {
        let artefact = if name == "Prisma" { with_index() } else { everything() };
        let produced =
            written(&repository, artefact).unwrap_or_else(|error| panic!("{name}: {error}"));
        problems.extend(
            findings(&repository, &produced).into_iter().map(|said| format!("{name}: {said}")),
        );
        all.push_str(&format!("##### {name}\n{}", shown(&produced)));
    }
    insta::assert_snapshot!(all);
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// What Prisma can take without a decision about names.
fn with_index() -> Artefact {
    let table = "orders".to_owned();
    let Artefact::Migration { mut changes } = journal_migration() else { unreachable!() };
    changes.push(SchemaChange::AddColumn {
        table: table.clone(),
        column: column("note", "text", true),
    });
    changes.push(SchemaChange::AddIndex {
        table,
        columns: vec!["status".to_owned()],
        unique: false,
    });
    Artefact::Migration { changes }
}

#[test]
fn migrations_in_code_pass_the_rules() {
    let mut all = String::new();
    let mut problems = Vec::new();
    for (name, repository) in code_repositories() {
        let artefact = match name {
            "Django" => Artefact::Migration {
                changes: vec![
                    SchemaChange::CreateTable {
                        table: "coupons".to_owned(),
                        columns: vec![column("code", "text", true), reference("user_id", "users")],
                    },
                    SchemaChange::AddColumn {
                        table: "orders".to_owned(),
                        column: column("note", "text", false),
                    },
                ],
            },
            _ => everything(),
        };
        let produced =
            written(&repository, artefact).unwrap_or_else(|error| panic!("{name}: {error}"));
        problems.extend(
            findings(&repository, &produced).into_iter().map(|said| format!("{name}: {said}")),
        );
        all.push_str(&format!("##### {name}\n{}", shown(&produced)));
    }
    insta::assert_snapshot!(all);
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn what_the_repository_does_not_show_is_refused() {
    let one = |changes: Vec<SchemaChange>| Artefact::Migration { changes };
    let repository = files(&[("db/migrations/0001_users.sql", USERS)]);
    let unknown_key = one(vec![SchemaChange::CreateTable {
        table: "a".to_owned(),
        columns: vec![reference("team_id", "teams")],
    }]);
    let again = one(vec![SchemaChange::CreateTable { table: "users".to_owned(), columns: vec![] }]);
    let known_column = one(vec![SchemaChange::AddColumn {
        table: "users".to_owned(),
        column: column("email", "text", false),
    }]);
    let dropped = one(vec![SchemaChange::DropColumn {
        table: "users".to_owned(),
        column: "email".to_owned(),
    }]);
    let injected = one(vec![SchemaChange::AddIndex {
        table: "users; DROP TABLE users".to_owned(),
        columns: vec!["email".to_owned()],
        unique: false,
    }]);
    assert!(matches!(written(&repository, unknown_key), Err(ProduceError::Unknown(_))));
    assert!(matches!(written(&repository, again), Err(ProduceError::Conflict(_))));
    assert!(matches!(written(&repository, known_column), Err(ProduceError::Conflict(_))));
    assert!(matches!(written(&repository, dropped), Err(ProduceError::NotGenerated(_))));
    assert!(matches!(written(&repository, injected), Err(ProduceError::Unknown(_))));
    let mysql = files(&[(
        "db/migrations/0001_users.sql",
        "CREATE TABLE users (id bigint AUTO_INCREMENT PRIMARY KEY) ENGINE=InnoDB;\n",
    )]);
    assert!(matches!(written(&mysql, journal_migration()), Err(ProduceError::Unknown(_))));
}

fn endpoint(method: &str, path: &str, request: &[&str], response: &[&str]) -> Endpoint {
    let strings = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    Endpoint {
        method: method.to_owned(),
        path: path.to_owned(),
        request: strings(request),
        response: strings(response),
    }
}

#[test]
fn operations_are_added_and_nothing_else_changes() {
    let yaml = "# The shop's API.\nopenapi: 3.0.3\ninfo:\n  title: Shop   # as customers know it\n  version: \"1.4\"\npaths:\n  /orders:\n    get:\n      operationId: listOrders\n      responses:\n        '200': {description: \"the orders\"}\n\n# Shared parts\ncomponents:\n  responses:\n    Error:\n      description: An error\n";
    let artefact = |path: &str| Artefact::ApiContract {
        path: path.to_owned(),
        endpoints: vec![
            endpoint("POST", "/trades", &["symbol", "quantity", "side"], &["id", "symbol"]),
            endpoint("GET", "/trades/:id", &[], &[]),
            endpoint("DELETE", "/orders", &[], &[]),
        ],
    };
    let json = "{\n    \"openapi\": \"3.1.0\",\n    \"info\": {\"title\": \"Shop\", \"version\": \"1\"},\n    \"paths\": {\n        \"/orders\": {\"get\": {\"responses\": {\"200\": {\"description\": \"ok\"}}}}\n    }\n}\n";
    let mut all = String::new();
    for (path, text) in
        [("api/openapi.yaml", Some(yaml)), ("api/openapi.json", Some(json)), ("openapi.yaml", None)]
    {
        let repository: Files =
            text.map(|text| (path.to_owned(), text.to_owned())).into_iter().collect();
        let produced =
            written(&repository, artefact(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert_eq!(findings(&repository, &produced), Vec::<String>::new(), "{path}");
        all.push_str(&shown(&produced));
    }
    insta::assert_snapshot!(all);
    keeps_to_what_is_usual(artefact("api/openapi.yaml"));
    let flow = files(&[("api/openapi.yaml", "openapi: 3.1.0\npaths: {/a: {}}\n")]);
    assert!(matches!(
        written(&flow, artefact("api/openapi.yaml")),
        Err(ProduceError::NotGenerated(_))
    ));
    let swagger = files(&[("api/openapi.yaml", "swagger: '2.0'\npaths: {}\n")]);
    assert!(matches!(
        written(&swagger, artefact("api/openapi.yaml")),
        Err(ProduceError::NotGenerated(_))
    ));
}

/// Pages, keys and security as the other operations of the document have them.
fn keeps_to_what_is_usual(artefact: Artefact) {
    let Artefact::ApiContract { path, mut endpoints } = artefact else { unreachable!() };
    endpoints.push(endpoint("GET", "/trades", &[], &["id"]));
    let get = "    get:\n      security: [{token: []}]\n      parameters: [{$ref: '#/components/parameters/Limit'}]\n      responses: {'200': {description: ok}}\n";
    let post = "    post:\n      security: [{token: []}]\n      parameters: [{name: Idempotency-Key, in: header, schema: {type: string}}]\n      responses: {'201': {description: made}}\n";
    let usual = format!(
        "openapi: 3.0.3\ninfo: {{title: Shop, version: '1'}}\npaths:\n  /orders:\n{get}{post}  /carts:\n{get}{post}components:\n  parameters:\n    Limit: {{name: limit, in: query, schema: {{type: integer}}}}\n  securitySchemes:\n    token: {{type: http, scheme: bearer}}\n"
    );
    let repository = vec![(path.clone(), usual)];
    let produced = written(&repository, Artefact::ApiContract { path, endpoints }).unwrap();
    assert_eq!(findings(&repository, &produced), Vec::<String>::new());
    let text = &produced.files[0].content;
    assert_eq!(text.matches("name: Idempotency-Key").count(), 3, "{text}");
    assert_eq!(text.matches("$ref: ").count(), 3, "{text}");
    assert_eq!(text.matches("security:").count(), 8, "{text}");
}

#[test]
fn tests_alerts_and_documents() {
    let cases = || {
        vec![
            "a trader never sees another trader's \"entries\"".to_owned(),
            "404 for an unknown id".to_owned(),
        ]
    };
    let skeleton =
        || Artefact::TestSkeleton { subject: "trade journal".to_owned(), cases: cases() };
    let samples: Vec<Files> = vec![
        files(&[("Cargo.toml", ""), ("tests/orders.rs", "#[test]\nfn a() {}\n")]),
        files(&[
            ("go.mod", "module x\n"),
            ("internal/api/orders_test.go", "package api_test\n\nimport \"testing\"\n"),
        ]),
        files(&[("tests/test_orders.py", "def test_a():\n    pass\n")]),
        files(&[("shop/tests/test_orders.py", "from django.test import TestCase\n")]),
        files(&[("spec/models/order_spec.rb", "require \"rails_helper\"\n")]),
        files(&[("test/models/order_test.rb", "require \"test_helper\"\n")]),
        files(&[
            ("package.json", "{\"devDependencies\": {\"vitest\": \"1\"}}"),
            ("src/order-list.test.ts", ""),
        ]),
        files(&[("src/orders.spec.js", "")]),
        files(&[(
            "src/test/java/shop/OrderTest.java",
            "package shop;\n\nimport org.junit.jupiter.api.Test;\n",
        )]),
    ];
    let mut all = String::new();
    for repository in samples {
        let produced = written(&repository, skeleton())
            .unwrap_or_else(|error| panic!("{repository:?}: {error}"));
        assert_eq!(findings(&repository, &produced), Vec::<String>::new());
        all.push_str(&shown(&produced));
    }
    let alerts = files(&[(
        "deploy/prometheus/alerts/orders.yaml",
        "groups:\n  - name: orders\n    rules:\n      - alert: OrdersFailing\n        expr: sum(rate(http_requests_total{route=\"/orders\", code=~\"5..\"}[5m])) > 1\n        for: 10m\n",
    )]);
    let produced =
        written(&alerts, Artefact::Alert { subject: "POST /trades".to_owned() }).unwrap();
    assert_eq!(findings(&alerts, &produced), Vec::<String>::new());
    all.push_str(&shown(&produced));
    let none = Artefact::Alert { subject: "POST /trades".to_owned() };
    assert!(matches!(written(&Files::new(), none), Err(ProduceError::Unknown(_))));
    let document = |topic: &str| Artefact::Document {
        path: "docs/api.md".to_owned(),
        topic: topic.to_owned(),
    };
    let docs = files(&[("docs/api.md", "# API\n\nAll of it.\n\n## Orders\n\nText.\n")]);
    let produced = written(&docs, document("Trade journal <img src=x> @octocat")).unwrap();
    assert_eq!(findings(&docs, &produced), Vec::<String>::new());
    all.push_str(&shown(&produced));
    assert!(matches!(written(&docs, document("orders")), Err(ProduceError::Conflict(_))));
    insta::assert_snapshot!(all);
}

#[test]
fn a_risky_change_lands_over_releases() {
    for rule in landing::rules_with_recipes() {
        assert!(rules::known(rule), "{rule} does not exist");
    }
    let repository = files(&[("db/migrations/0001_users.sql", USERS)]);
    let change = Case::of(
        &repository,
        &files(&[(
            "db/migrations/0002_change.sql",
            "-- Rollback: none of it is needed again, see the plan.\nSET lock_timeout = '2s';\nALTER TABLE users DROP COLUMN email;\nCREATE INDEX orders_status_idx ON orders (status);\n",
        )]),
    );
    let findings: Vec<_> = rules::all().flat_map(|rule| change.run(rule).0).collect();
    let landing = landing::landing(&findings);
    let said: Vec<String> = landing
        .steps
        .iter()
        .map(|step| format!("{}: {}", step.stage.as_str(), step.does))
        .collect();
    assert_eq!(
        said,
        [
            "expand: build the index on `orders` concurrently, in a migration of its own before the code that needs it",
            "migrate: release code that no longer reads or writes `users.email`",
            "contract: drop `users.email` once no instance of the earlier release runs",
        ]
    );
    assert_eq!(landing.releases(), 3);
}

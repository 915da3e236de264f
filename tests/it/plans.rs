//! Plans of the fixture issues over the fixture repositories, and what holds for every plan.
//!
//! `UPDATE_PLANS=1` writes the plans beside their issues; read them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, LazyLock};

use backend_team::app;
use backend_team::cli::issue_of;
use backend_team::config::policy::Policy;
use backend_team::domain::ids::{CommitSha, Login};
use backend_team::domain::issue::Issue;
use backend_team::domain::job::Timestamp;
use backend_team::domain::path::RepoPath;
use backend_team::domain::plan::{
    Answered, Artefact, Complexity, Execution, GateKind, MAX_FILES_PER_TASK, Plan, Strategy,
};
use backend_team::domain::survey::{Hit, Listing, Survey, SurveyedFile};
use backend_team::domain::text::Untrusted;
use backend_team::instructions;
use backend_team::pipeline::draft::{Drafted, draft_plan};
use backend_team::plan;
use backend_team::ports::source::Source;
use backend_team::report::plan::{
    DelegationPacket, PlanState, PlanView, Verbosity, packet, packets,
};
use proptest::proptest;
use proptest::test_runner::Config as ProptestConfig;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/plans")
}

fn git(folder: &Path, arguments: &[&str]) {
    let done = Command::new("git")
        .args(["-c", "user.name=Test", "-c", "user.email=test@example.org"])
        .args(["-c", "commit.gpgsign=false", "-c", "core.autocrlf=false"])
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("HOME", folder)
        .env("GIT_AUTHOR_DATE", "2024-06-01T12:00:00Z")
        .env("GIT_COMMITTER_DATE", "2024-06-01T12:00:00Z")
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

fn repository(name: &str) -> tempfile::TempDir {
    let made = tempfile::tempdir().unwrap();
    git(made.path(), &["init", "--quiet", "--initial-branch=main"]);
    copy(&folder().join("repos").join(name), made.path());
    git(made.path(), &["add", "--all", "--force"]);
    git(made.path(), &["commit", "--quiet", "--message", "start"]);
    made
}

/// An issue page: its name, its text, and a key of its front matter.
struct Page {
    name: String,
    text: String,
}

impl Page {
    fn key(&self, key: &str) -> Option<&str> {
        let line = self.text.lines().take(8).find(|line| line.starts_with(key))?;
        line.split_once(": ").map(|(_, value)| value)
    }
}

fn pages() -> Vec<Page> {
    let mut pages = Vec::new();
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "md") {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            pages.push(Page { name, text: std::fs::read_to_string(&path).unwrap() });
        }
    }
    pages.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(pages.len() >= 18, "the issues were not found");
    pages
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

fn drafted(repo: &Path, issue: &Issue, answers: &[Answered]) -> Drafted {
    runtime().block_on(async {
        let source = app::local_source().unwrap();
        let fetched = source.open_local(repo, "HEAD", "HEAD").await.unwrap();
        let base = fetched.head.clone();
        draft_plan(&source, &fetched, &base, issue, answers).await.unwrap()
    })
}

fn draft_page(name: &str, answers: &[(&str, &str)]) -> Drafted {
    let page = pages().into_iter().find(|page| page.name == name).unwrap();
    let repo = repository(page.key("repo").unwrap());
    let answers: Vec<Answered> = answers
        .iter()
        .map(|(topic, answer)| Answered {
            topic: (*topic).to_owned(),
            answer: (*answer).to_owned(),
            by: Login("ana".to_owned()),
        })
        .collect();
    drafted(repo.path(), &issue_of(&page.text), &answers)
}

/// Agents in the order of the tasks, those that follow themselves once.
fn agents(plan: &Plan) -> Vec<&str> {
    let mut agents: Vec<&str> = plan.tasks.iter().map(|task| task.agent.as_str()).collect();
    agents.dedup();
    agents
}

/// What every plan promises.
fn hold_promises(name: &str, plan: &Plan) {
    assert_eq!(plan::validate(plan), vec![], "{name}");
    static SCHEMA: LazyLock<jsonschema::Validator> =
        LazyLock::new(|| jsonschema::validator_for(&plan::json_schema()).unwrap());
    let value = serde_json::to_value(plan).unwrap();
    let errors: Vec<String> = SCHEMA.iter_errors(&value).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{name}: {errors:?}");
    assert_eq!(plan.strategy, plan::strategy_of(&plan.tasks), "{name}");
    let waves = plan::waves(&plan.tasks);
    assert_eq!(waves.iter().map(Vec::len).sum::<usize>(), plan.tasks.len(), "{name}: a cycle");
    for task in &plan.tasks {
        assert!(!task.agent.is_empty() && !task.checks.is_empty(), "{name} {}", task.id);
        assert!(task.files.len() <= MAX_FILES_PER_TASK, "{name} {}", task.id);
        let known: Vec<&str> = plan.files.iter().map(|file| file.path.as_str()).collect();
        assert!(task.files.iter().all(|path| known.contains(&path.as_str())), "{name} {}", task.id);
    }
    for question in &plan.questions {
        assert!(question.options.len() >= 2, "{name}: question {}", question.id);
    }
    let writes = plan.tasks.iter().any(|task| task.execution != Execution::Advice);
    assert_eq!(writes, !plan.gates.is_empty(), "{name}: what writes has a gate, and only that");
    for task in plan.tasks.iter().filter(|task| task.execution != Execution::Advice) {
        let gated = plan.gates.iter().any(|gate| gate.tasks.contains(&task.id));
        assert!(gated, "{name}: {} is behind no gate", task.id);
    }
    let phase = |id: &String| plan.phases.iter().position(|phase| phase.tasks.contains(id));
    for task in &plan.tasks {
        let later = task.depends_on.iter().find(|before| phase(before) > phase(&task.id));
        assert_eq!(later, None, "{name}: {} waits for a later phase", task.id);
    }
    let text = plan::yaml::write(plan);
    let read = plan::yaml::read(&text).unwrap_or_else(|error| panic!("{name}: {error}\n{text}"));
    assert_eq!(&read.plan, plan, "{name}: YAML reads back");
    assert_eq!(read.warnings, vec![], "{name}");
}

/// What every delegation packet of a plan promises: it fits the published schema, lacks nothing but
/// what the repository does not say, and its Markdown has a line for each part.
fn hold_packets(name: &str, drafted: &Drafted) {
    static SCHEMA: LazyLock<jsonschema::Validator> =
        LazyLock::new(|| jsonschema::validator_for(&packet::json_schema()).unwrap());
    let state = PlanState::AwaitingApproval { given: Vec::new() };
    let view = PlanView {
        plan: &drafted.plan,
        state: &state,
        digest: &drafted.digest,
        base: Some(&drafted.base),
        yaml: "",
        answered: &[],
        problems: &[],
        approvers: &[],
        owners: &drafted.owners,
        house: &drafted.house,
        made_at: Some(Timestamp(1_772_323_200_000)),
        verbosity: Verbosity::Balanced,
        prefix: "backend-team",
        forge: None,
    };
    let packets = packets(&view);
    let delegated =
        drafted.plan.tasks.iter().filter(|task| task.execution == Execution::Delegated).count();
    assert_eq!(packets.len(), delegated, "{name}");
    for packet in packets {
        let value: serde_json::Value = serde_json::from_str(&packet.to_json()).unwrap();
        let errors: Vec<String> = SCHEMA.iter_errors(&value).map(|e| e.to_string()).collect();
        assert!(errors.is_empty(), "{name} {}: {errors:?}", packet.task);
        let back: DelegationPacket = serde_json::from_value(value).unwrap();
        assert_eq!(back, packet, "{name}");
        let expected: &[&str] =
            if drafted.house.validation.is_empty() { &["validation"] } else { &[] };
        assert_eq!(packet.missing(), expected, "{name} {}", packet.task);
        let markdown = packet.to_markdown();
        for part in ["Acceptance criteria", "Constraints", "Validation plan", "Risks"] {
            assert!(markdown.contains(&format!("**{part}")), "{name}: {markdown}");
        }
    }
}

#[test]
fn every_fixture_issue_has_the_plan_that_stands_beside_it() {
    let update = std::env::var_os("UPDATE_PLANS").is_some();
    let mut wrong = Vec::new();
    for page in pages() {
        let repo = repository(page.key("repo").unwrap());
        let drafted = drafted(repo.path(), &issue_of(&page.text), &[]);
        let text = plan::yaml::write(&drafted.plan);
        let path = folder().join(format!("{}.yaml", page.name));
        if update {
            std::fs::write(&path, &text).unwrap();
        }
        hold_promises(&page.name, &drafted.plan);
        hold_packets(&page.name, &drafted);
        if let Some(expected) = page.key("agents") {
            let expected: Vec<&str> =
                expected.trim_matches(['[', ']']).split(',').map(str::trim).collect();
            if agents(&drafted.plan) != expected {
                wrong.push(format!("{}: {:?}", page.name, agents(&drafted.plan)));
            }
        }
        if std::fs::read_to_string(&path).unwrap_or_default() != text {
            wrong.push(format!("{}: the plan differs; UPDATE_PLANS=1 writes it", page.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_worked_example_has_three_tasks_of_which_two_wait_for_the_first() {
    let plan = draft_page("trade-journal", &[]).plan;
    let graph: Vec<_> = plan.tasks.iter().map(|t| (t.id.as_str(), t.depends_on.clone())).collect();
    let first = vec!["T1".to_owned()];
    assert_eq!(graph, [("T1", vec![]), ("T2", first.clone()), ("T3", first)]);
    assert_eq!(plan.strategy, Strategy::Hybrid);
    assert!(plan.questions.iter().any(|q| q.topic == "table-columns" && q.blocking));
    // The same request, to a team that names nobody.
    let repo = repository("rust-sqlx");
    let title = "# Design the schema for a trade journal with positions, trades, and tags";
    let plan = drafted(repo.path(), &issue_of(title), &[]).plan;
    assert_eq!(agents(&plan), ["data-gatekeeper", "security-reviewer", "data-gatekeeper"]);
    assert_eq!(plan.strategy, Strategy::Hybrid);
}

#[test]
fn answers_settle_questions_and_shape_the_plan() {
    let before = draft_page("payments-question", &[]).plan;
    let topics: Vec<&str> = before.questions.iter().map(|q| q.topic.as_str()).collect();
    assert!(topics.contains(&"table-columns") && topics.contains(&"api-endpoints"), "{topics:?}");
    assert!(!before.tasks.iter().any(|t| matches!(
        t.execution,
        Execution::Generated { artefact: Artefact::Migration { .. } }
    )));
    let after = draft_page(
        "payments-question",
        &[
            ("table-columns", "refunds: order_id reference to orders required, amount_cents bigint required, reason text"),
            ("api-endpoints", "`POST /orders/{id}/refunds`"),
        ],
    )
    .plan;
    hold_promises("answered", &after);
    let topics: Vec<&str> = after.questions.iter().map(|q| q.topic.as_str()).collect();
    assert!(!topics.contains(&"table-columns") && !topics.contains(&"api-endpoints"), "{topics:?}");
    let yaml = plan::yaml::write(&after);
    assert!(yaml.contains("amount_cents") && yaml.contains("/orders/{id}/refunds"), "{yaml}");
    assert!(after.gates.iter().any(|gate| gate.id == GateKind::Payments));
}

#[test]
fn an_answer_is_an_option_or_ones_own_words() {
    let plan = draft_page("vague", &[]).plan;
    assert_eq!(plan.classification.complexity, Complexity::Ambiguous);
    let by = || Login("ana".to_owned());
    let first = plan::answered(&plan, "1", "a", by()).unwrap();
    assert_eq!(first.answer, plan.questions[0].options[0]);
    assert_eq!(plan::answered(&plan, "subject", "`GET /orders`", by()).unwrap().topic, "subject");
    assert!(plan::answered(&plan, "9", "A", by()).is_err());
    assert!(plan::answered(&plan, "1", "Z", by()).is_err());
    assert!(plan::answered(&plan, "1", " ", by()).is_err());
}

#[test]
fn the_text_of_an_issue_steers_nothing() {
    let plan = draft_page("steering", &[]).plan;
    assert!(plan.gates.iter().any(|gate| gate.id == GateKind::Schema));
    for file in &plan.files {
        assert!(!file.path.contains("passwd") && !file.path.contains("backend-team.toml"));
    }
    let yaml = plan::yaml::write(&plan);
    assert!(!yaml.contains("drop-column") && !yaml.contains("customers`"), "{yaml}");
    assert!(plan.requirements.iter().all(|requirement| !requirement.text.contains("pre-approved")));
    assert!(plan.left_out.iter().any(|text| text.contains("pre-approved")));
    assert!(!plan.goal.contains("Ignore"));
}

#[test]
fn the_digest_names_plan_and_commit() {
    let drafted = draft_page("index", &[]);
    let other = CommitSha::parse(&"b".repeat(40)).unwrap();
    assert_eq!(drafted.digest, plan::digest(&drafted.plan, &drafted.base));
    assert_ne!(drafted.digest, plan::digest(&drafted.plan, &other));
    let changed = Plan { goal: "Another".to_owned(), ..drafted.plan.clone() };
    assert_ne!(drafted.digest, plan::digest(&changed, &drafted.base));
    assert_eq!(drafted.digest.len(), 64);
}

#[test]
fn the_published_schemas_are_the_present_ones() {
    for (name, schema) in [
        ("plan-v1.schema.json", plan::json_schema()),
        ("delegation-packet-v1.schema.json", packet::json_schema()),
    ] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas").join(name);
        let now = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        if std::env::var_os("UPDATE_SCHEMAS").is_some() {
            std::fs::write(&path, &now).unwrap();
        }
        let published = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(published, now, "{name}: run the tests with UPDATE_SCHEMAS=1");
    }
}

#[test]
fn the_reader_takes_what_people_write() {
    let text = "strategy: sequential\n\ntasks:\n  - id: T1\n    agent: backend/db-architect\n    \
                task: Design the tables\n  - id: T2\n    agent: backend/security\n    task: Policies\n    \
                depends_on: [T1]\n  - id: T3\n    agent: backend/query-optimizer\n    task: Indexes\n    \
                depends_on: [T1]\n";
    let read = plan::yaml::read(text).unwrap();
    assert_eq!(read.plan.strategy, Strategy::Hybrid);
    assert_eq!(plan::validate(&read.plan), vec![]);
    let lanes: Vec<&str> = read.plan.tasks.iter().map(|task| task.lane.as_str()).collect();
    assert_eq!(lanes, ["data", "security", "data"]);
    let said: Vec<String> = read.warnings.iter().map(ToString::to_string).collect();
    assert!(said.iter().any(|w| w.contains("/strategy") && w.contains("hybrid")), "{said:?}");
    assert!(
        said.iter().any(|w| w.contains("/goal"))
            && said.iter().any(|w| w.contains("/tasks/0/task"))
    );
    // As a template has it: lists where texts are expected, texts where lists are.
    let text = "plan:\n  goal: [one line]\n  strategy: parallel\n  tasks:\n    - id: T1\n      \
                agent: backend/db-architect\n      input: requirements\n      output: [migration, types]\n      \
                depends_on: []\n  checkpoints:\n    - after: T1\n      validate: [schema valid]\n  \
                integration:\n    - merge: [T1]\n      into: [migration]\n";
    let read = plan::yaml::read(text).unwrap();
    assert_eq!(read.plan.goal, "one line");
    assert_eq!(read.plan.checkpoints[0].after, ["T1"]);
    assert!(plan::yaml::read("- a\n- b\n").is_err());
    assert!(plan::yaml::read("goal: x\n").is_err());
    assert!(plan::yaml::read("\tnot: [yaml").is_err());
}

pub fn sample_survey() -> Survey {
    let files = [
        ("Cargo.toml", "[dependencies]\naxum = \"0.8\"\nsqlx = \"0.8\"\n"),
        (
            "migrations/0001_orders.up.sql",
            "CREATE TABLE orders (\n  id bigint,\n  status text\n);\n",
        ),
        ("migrations/0001_orders.down.sql", "DROP TABLE orders;\n"),
        ("openapi.yaml", "paths:\n  /orders:\n    get:\n      summary: List\n"),
        ("src/orders/handlers.rs", "pub async fn list_orders() {}\n"),
        ("tests/orders.rs", "fn lists() {}\n"),
        ("web/src/App.tsx", "export {}\n"),
    ];
    let texts = files
        .iter()
        .map(|(path, text)| SurveyedFile {
            path: RepoPath::new(path).unwrap(),
            text: (*text).to_owned(),
        })
        .collect();
    let hit = Hit {
        path: RepoPath::new("src/orders/handlers.rs").unwrap(),
        line: 1,
        text: "pub async fn list_orders() {}".to_owned(),
        word: "orders".to_owned(),
    };
    Survey {
        listing: Arc::new(Listing::of_paths(files.iter().map(|(path, _)| *path))),
        texts,
        hits: vec![hit],
        left_out: Vec::new(),
    }
}

fn issue(title: &str, body: &str) -> Issue {
    Issue {
        title: Untrusted::new(title.to_owned()),
        body: Untrusted::new(body.to_owned()),
        ..issue_of("# x")
    }
}

/// Pieces from which issues that mean something are put together.
const PIECES: &[&str] = &[
    "add",
    "a",
    "the",
    "table",
    "`orders`",
    "column",
    "columns",
    "`note`",
    "text",
    "required",
    "to",
    "`orders.total`",
    "rename",
    "drop",
    "index",
    "on",
    "`orders (status)`",
    "endpoint",
    "`POST /orders`",
    "GET /orders/{id}",
    "slow",
    "faster",
    "error",
    "deploy",
    "incident",
    "auth",
    "tenant",
    "payments",
    "frontend",
    "button",
    "realtime",
    "websocket",
    "new service",
    "with",
    ",",
    "and",
    "\n\n",
    "\n- ",
    "\n- [ ] ",
    "\n## Requirements\n\n",
    "\n### Steps to reproduce\n\n",
    "schema",
    "positions",
    "trades",
    "many-to-many",
    "refactor",
    "metrics",
    "`",
    "```\n",
    "> ",
    "|",
    "edge function",
    "lambda",
    "PII",
    "email address",
    "redis",
    "add `kafka`",
    "remove",
    "\u{202E}",
];

fn made_issue() -> impl proptest::strategy::Strategy<Value = Vec<&'static str>> {
    proptest::collection::vec(proptest::sample::select(PIECES), 0..60)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_issue_gets_a_sound_plan(title in made_issue(), body in made_issue(), answer in ".{0,60}") {
        let issue = issue(&title.iter().take(8).copied().collect::<Vec<_>>().join(" "), &body.join(" "));
        let survey = sample_survey();
        let team = instructions::built_in_team();
        let answers = [Answered { topic: "table-columns".into(), answer, by: Login("a".into()) }];
        for answers in [&[][..], &answers[..]] {
            let plan = plan::draft(&issue, &survey, &team, &Policy::default(), answers);
            hold_promises("made", &plan);
        }
    }

    #[test]
    fn any_text_gets_a_sound_plan(title in ".{0,120}", body in "(?s).{0,800}") {
        let plan = plan::draft(
            &issue(&title, &body), &sample_survey(), &instructions::built_in_team(), &Policy::default(), &[],
        );
        hold_promises("any", &plan);
    }

    #[test]
    fn any_yaml_is_read_or_refused(text in "(?s).{0,400}") {
        let _ = plan::yaml::read(&text);
        let _ = plan::yaml::read(&format!("tasks:\n  - task: {text}\n    agent: [x"));
    }
}

#[test]
fn signs_that_yaml_does_not_allow_read_back() {
    let team = instructions::built_in_team();
    let odd = issue("Odd \u{FFFE}\u{FFFF}\u{85}\u{FEFF} title", "- Returns `\u{FFFF}`\n");
    let plan = plan::draft(&odd, &sample_survey(), &team, &Policy::default(), &[]);
    assert!(plan.goal.contains('\u{FFFE}'));
    hold_promises("odd", &plan);
}

#[test]
fn long_issues_take_time_in_proportion() {
    let survey = sample_survey();
    let team = instructions::built_in_team();
    for piece in
        ["`", "- [ ] a\n", "> ", "#\n", "GET /a ", "add column `a` to `orders`, ", "a.b.c/d ", "["]
    {
        let body = piece.repeat(60_000 / piece.len());
        let plan = plan::draft(&issue("Long", &body), &survey, &team, &Policy::default(), &[]);
        assert_eq!(plan::validate(&plan), vec![], "{piece}");
        let _ = plan::wants(&issue("Long", &body), &survey.listing);
    }
}

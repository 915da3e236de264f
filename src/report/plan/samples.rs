//! Plans for tests.

use super::view::{Approval, PlanState, PlanView, TaskProgress, Verbosity};
use crate::domain::house::House;
use crate::domain::ids::Login;
use crate::domain::plan::*;
use crate::domain::run::TaskState;

pub const DIGEST: &str = "9f2c41d07ab35e6688d1c0ffee00b1e5d2a4c6e8f0123456789abcdef0123456";

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn task(id: &str, title: &str, (agent, lane): (&str, &str), because: &str, after: &[&str]) -> Task {
    Task {
        id: id.to_owned(),
        title: title.to_owned(),
        agent: agent.to_owned(),
        lane: lane.to_owned(),
        because: because.to_owned(),
        input: Vec::new(),
        output: Vec::new(),
        files: Vec::new(),
        depends_on: strings(after),
        checks: Vec::new(),
        serves: strings(&["R1"]),
        rollback: None,
        observe: None,
        execution: Execution::Delegated,
    }
}

/// A table, its queries and its endpoints: two tasks wait for the first.
pub fn journal() -> Plan {
    Plan {
        version: 1,
        goal: "Store trade journal entries and let traders list and add their own".to_owned(),
        strategy: Strategy::Hybrid,
        classification: Classification {
            kind: WorkKind::Feature,
            scope: WorkScope::SingleApp,
            risk: Risk::High,
            risk_reasons: strings(&["the schema changes"]),
            complexity: Complexity::Complex,
            areas: vec![Area::Schema, Area::Api],
            pattern: Some(Pattern::NewFeature),
        },
        requirements: vec![
            Requirement {
                id: "R1".to_owned(),
                text: "A trader adds an entry with symbol, side, quantity and price".to_owned(),
                from: "Requirements".to_owned(),
            },
            Requirement {
                id: "R2".to_owned(),
                text: "A trader lists their own entries, newest first".to_owned(),
                from: "task list".to_owned(),
            },
        ],
        checklist: strings(&[
            "Create `trade_entries` with its way back",
            "Add the two operations to `api/openapi.yaml`",
            "Write the failing tests, then the handlers",
        ]),
        inputs: vec![
            Input { name: "APIContract".to_owned(), path: Some("api/openapi.yaml".to_owned()) },
            Input { name: "PerfTargets".to_owned(), path: None },
            Input { name: "SecurityPolicy".to_owned(), path: None },
        ],
        evidence: vec![
            Evidence {
                path: "db/migrations/000007_accounts.up.sql".to_owned(),
                lines: Some("1-9".to_owned()),
                shows: "migrations are pairs for golang-migrate, numbered with six digits"
                    .to_owned(),
            },
            Evidence {
                path: "internal/api/accounts.go".to_owned(),
                lines: Some("41".to_owned()),
                shows: "handlers take the trader from `auth.FromContext`".to_owned(),
            },
        ],
        files: journal_files(),
        tasks: journal_tasks(),
        checkpoints: vec![Checkpoint {
            after: strings(&["T1"]),
            validate: strings(&["the migration runs up, down and up again"]),
        }],
        integration: vec![Integration {
            merge: strings(&["T2", "T3"]),
            into: strings(&["the operations answer what the document says"]),
        }],
        contract: None,
        gates: vec![schema_gate()],
        assumptions: strings(&["Entries are never shared between traders"]),
        questions: Vec::new(),
        phases: Vec::new(),
        left_out: strings(&["12 files larger than 512 kB"]),
    }
}

fn journal_files() -> Vec<PlannedFile> {
    let file = |path: &str, class, action, task: &str| PlannedFile {
        path: path.to_owned(),
        class,
        action,
        task: task.to_owned(),
    };
    vec![
        file(
            "db/migrations/000008_trade_entries.up.sql",
            FileClass::Migration,
            FileAction::Add,
            "T1",
        ),
        file("api/openapi.yaml", FileClass::Controller, FileAction::Modify, "T2"),
        file("internal/journal/", FileClass::Service, FileAction::Add, "T3"),
    ]
}

fn journal_tasks() -> Vec<Task> {
    let data = ("data-gatekeeper", "data");
    let lead = ("backend-lead", "lead");
    let implementer = ("service-implementer", "implementer");
    let mut schema = task("T1", "Add the table `trade_entries`", data, "the schema changes", &[]);
    schema.input = strings(&["columns from the issue"]);
    schema.output = strings(&["a migration and its way back"]);
    schema.checks = strings(&["the migration runs up, down and up again"]);
    schema.files = strings(&[
        "db/migrations/000008_trade_entries.up.sql",
        "db/migrations/000008_trade_entries.down.sql",
    ]);
    schema.rollback = Some("run the down migration; the table is empty until release".to_owned());
    schema.observe = Some("lock waits while the migration runs".to_owned());
    schema.execution =
        Execution::Generated { artefact: Artefact::Migration { changes: Vec::new() } };
    let mut api = task(
        "T2",
        "Add the operations to the API document",
        lead,
        "the API contract changes",
        &["T1"],
    );
    api.checks = strings(&["the document has `POST /trades` and `GET /trades`"]);
    api.execution = Execution::Generated {
        artefact: Artefact::ApiContract {
            path: "api/openapi.yaml".to_owned(),
            endpoints: Vec::new(),
        },
    };
    let mut service =
        task("T3", "Write handlers and queries", implementer, "code must be written", &["T1"]);
    service.input = strings(&["table of T1"]);
    service.output = strings(&["two handlers with their queries"]);
    service.checks = strings(&["a trader never sees another trader's entries"]);
    service.serves = strings(&["R1", "R2"]);
    vec![schema, api, service]
}

fn schema_gate() -> Gate {
    let option = |name: &str, pros: &str, cons: &str| GateOption {
        name: name.to_owned(),
        pros: pros.to_owned(),
        cons: cons.to_owned(),
    };
    Gate {
        id: GateKind::Schema,
        decision: "May the table `trade_entries` be added?".to_owned(),
        context: "It is new; nothing that exists is changed.".to_owned(),
        options: vec![
            option("Add it as planned", "small, reversible while empty", "one more table to keep"),
            option("Use `accounts.metadata`", "no migration", "cannot be indexed or constrained"),
        ],
        risk: "Handlers would be written against a table that is then refused.".to_owned(),
        tasks: strings(&["T1", "T3"]),
    }
}

/// The same with questions that work waits for.
pub fn unclear() -> Plan {
    let mut plan = journal();
    plan.questions = vec![
        Question {
            id: 1,
            topic: "table-columns".to_owned(),
            text: "Which columns does `trade_entries` have beyond `symbol` and `side`?".to_owned(),
            options: strings(&[
                "`quantity` and `price`, both decimal and required",
                "those and a free `note`",
            ]),
            blocking: true,
        },
        Question {
            id: 2,
            topic: "retention".to_owned(),
            text: "How long are entries kept?".to_owned(),
            options: strings(&["without limit, deleted with the account", "seven years"]),
            blocking: true,
        },
    ];
    plan
}

pub fn contract() -> Contract {
    Contract {
        state: ContractState::Draft,
        endpoints: vec![Endpoint {
            method: "POST".to_owned(),
            path: "/trades".to_owned(),
            request: strings(&["symbol", "side"]),
            response: Vec::new(),
        }],
        errors: vec![ErrorShape {
            status: 422,
            kind: "validation".to_owned(),
            code: "trade.invalid".to_owned(),
        }],
        i18n: vec![I18nText {
            key: "trade.invalid".to_owned(),
            default: "The trade is not complete".to_owned(),
        }],
        profile: Some("rfc7807".to_owned()),
    }
}

pub fn waiting() -> PlanState {
    PlanState::AwaitingApproval { given: Vec::new() }
}

pub fn approved() -> PlanState {
    let by = Login("maria".to_owned());
    PlanState::AwaitingApproval { given: vec![Approval { gate: GateKind::Schema, by }] }
}

pub fn progress(states: &[TaskState]) -> Vec<TaskProgress> {
    let one = |(index, state): (usize, &TaskState)| TaskProgress {
        task: format!("T{}", index + 1),
        state: *state,
        note: None,
    };
    states.iter().enumerate().map(one).collect()
}

static HOUSE: House =
    House { constraints: Vec::new(), validation: Vec::new(), references: Vec::new() };

pub fn view<'a>(plan: &'a Plan, state: &'a PlanState) -> PlanView<'a> {
    PlanView {
        plan,
        state,
        digest: DIGEST,
        base: None,
        yaml: "version: 1\ngoal: Store trade journal entries\n",
        answered: &[],
        problems: &[],
        approvers: &[],
        owners: &[],
        house: &HOUSE,
        made_at: None,
        verbosity: Verbosity::Balanced,
        prefix: "backend-team",
        forge: None,
    }
}

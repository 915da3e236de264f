use proptest::prelude::*;

use super::view::TaskProgress;
use super::*;
use crate::domain::house::House;
use crate::domain::ids::{Login, Number, RepoSlug};
use crate::domain::job::Timestamp;
use crate::domain::plan::{Answered, GateKind, Plan};
use crate::domain::run::TaskState;
use crate::report::WebUrl;
use crate::report::samples::{hostile_text, sha};

fn said(plan: &Plan, state: &PlanState, verbosity: Verbosity) -> String {
    let base = sha('b');
    let web = WebUrl::parse("https://github.com").unwrap();
    let repo = RepoSlug::parse("acme/shop").unwrap();
    let view = PlanView {
        base: Some(&base),
        forge: Some((&web, &repo)),
        verbosity,
        ..samples::view(plan, state)
    };
    comment(&view)
}

#[test]
fn questions_first() {
    let plan = samples::unclear();
    insta::assert_snapshot!(said(&plan, &PlanState::NeedsInput, Verbosity::Balanced));
}

#[test]
fn approval_needed() {
    let plan = samples::journal();
    insta::assert_snapshot!(said(&plan, &samples::waiting(), Verbosity::Balanced));
}

#[test]
fn terse() {
    let plan = samples::journal();
    insta::assert_snapshot!(said(&plan, &samples::waiting(), Verbosity::Terse));
}

#[test]
fn verbose_with_a_contract_and_phases() {
    let mut plan = samples::journal();
    plan.contract = Some(samples::contract());
    let phase = |name: &str, tasks: &[&str]| crate::domain::plan::Phase {
        name: name.to_owned(),
        tasks: tasks.iter().map(|task| (*task).to_owned()).collect(),
        done: vec!["its checks pass".to_owned()],
    };
    plan.phases = vec![phase("1, schema", &["T1"]), phase("2, API", &["T2", "T3"])];
    let body = said(&plan, &samples::approved(), Verbosity::Verbose);
    insta::assert_snapshot!(body);
}

#[test]
fn every_end() {
    let plan = samples::journal();
    let done = samples::progress(&[TaskState::Done, TaskState::Done, TaskState::HandedOver]);
    let mut failed = samples::progress(&[TaskState::Done, TaskState::Failed, TaskState::Skipped]);
    failed[1].note = Some("`api/openapi.yaml` is not valid YAML, see line 12".to_owned());
    let states = [
        PlanState::Executing {
            tasks: samples::progress(&[TaskState::Done, TaskState::Running, TaskState::Waiting]),
        },
        PlanState::Delivered {
            branch: Some("backend-team/12-trade-journal".to_owned()),
            pull: Some(Number(13)),
            tasks: done.clone(),
        },
        PlanState::Delivered { branch: None, pull: None, tasks: done },
        PlanState::Rejected {
            by: Login("maria".to_owned()),
            gate: GateKind::Schema,
            reason: "we agreed on one ledger table, see #4".to_owned(),
        },
        PlanState::Cancelled { why: "A newer plan took its place.".to_owned() },
        PlanState::Escalated {
            task: Some("T2".to_owned()),
            failure: "`api/openapi.yaml` is not valid YAML".to_owned(),
            attempts: 3,
            tasks: failed,
        },
    ];
    // The upper part, where they differ.
    let upper = |state: &PlanState| {
        let body = said(&plan, state, Verbosity::Terse);
        body.split("<details>").next().unwrap_or_default().to_owned()
    };
    let all: Vec<String> = states.iter().map(upper).collect();
    insta::assert_snapshot!(all.join("\n=====\n"));
}

#[test]
fn delivered() {
    let plan = samples::journal();
    let tasks = samples::progress(&[TaskState::Done, TaskState::Done, TaskState::HandedOver]);
    let files = [
        WrittenFile {
            path: "db/migrations/000008_trade_entries.up.sql",
            class: crate::domain::plan::FileClass::Migration,
            action: crate::domain::plan::FileAction::Add,
            content: "CREATE TABLE trade_entries (id bigint);\nCREATE INDEX a ON trade_entries (id);\n",
            task: "T1",
        },
        WrittenFile {
            path: "api/openapi.yaml",
            class: crate::domain::plan::FileClass::Controller,
            action: crate::domain::plan::FileAction::Modify,
            content: "openapi: 3.1.0\n",
            task: "T2",
        },
    ];
    let state = PlanState::Delivered { branch: None, pull: None, tasks };
    let view = samples::view(&plan, &state);
    let delivery = Delivery {
        issue: Some(Number(12)),
        files: &files,
        notes: &["the service must be deployed after the migration".to_owned()],
        verification: &["`SELECT to_regclass('trade_entries') IS NOT NULL` answers true".to_owned()],
        setup: &[],
        review: "no findings",
    };
    let changes = changes_comment(&view, &files, "the policy does not allow branches");
    insta::assert_snapshot!(format!("{}=====\n{changes}", pull_body(&view, &delivery)));
}

#[test]
fn packets() {
    let plan = samples::journal();
    let state = samples::approved();
    let answered = [Answered {
        topic: "table-columns".to_owned(),
        answer: "`quantity` and `price`".to_owned(),
        by: Login("maria".to_owned()),
    }];
    let house = House {
        constraints: vec!["No new dependency (`AGENTS.md`:12)".to_owned()],
        validation: vec!["`make test` (`Makefile`:3)".to_owned()],
        references: vec!["docs/adr/0004-money.md".to_owned()],
    };
    let bare = PlanView { answered: &answered, ..samples::view(&plan, &state) };
    let made_at = Some(Timestamp(1_772_323_200_000));
    let view = PlanView { house: &house, made_at, ..bare };
    let full = packet::delegation(&view, &plan.tasks[2]);
    assert_eq!(full.missing(), Vec::<&str>::new());
    assert_eq!(full.date.as_deref(), Some("2026-03-01"));
    let bare = packet::delegation(&bare, &plan.tasks[2]);
    assert_eq!(bare.missing(), ["date", "validation"]);
    let back: packet::DelegationPacket = serde_json::from_str(&full.to_json()).unwrap();
    assert_eq!(back, full);
    let recovery =
        packet::recovery(&view, &plan.tasks[0], "the name is taken", 3, "data-gatekeeper");
    let handoff = packet::handoff(&view, 0);
    assert_eq!(handoff, None, "there is one phase only, without a name");
    let all = [full.to_markdown(), full.to_json(), recovery.to_markdown()];
    insta::assert_snapshot!(all.join("\n=====\n"));
}

#[test]
fn a_phase_is_handed_over() {
    let mut plan = samples::journal();
    let phase = |name: &str, tasks: &[&str]| crate::domain::plan::Phase {
        name: name.to_owned(),
        tasks: tasks.iter().map(|task| (*task).to_owned()).collect(),
        done: vec!["its checks pass".to_owned()],
    };
    plan.phases = vec![phase("schema", &["T1"]), phase("API", &["T2", "T3"])];
    let tasks = samples::progress(&[TaskState::Done, TaskState::Waiting, TaskState::Waiting]);
    let state = PlanState::Executing { tasks };
    let view = samples::view(&plan, &state);
    let first = packet::handoff(&view, 0).unwrap();
    assert_eq!(first.to, ["backend-lead", "service-implementer"]);
    assert_eq!(first.done.len(), 1);
    assert!(first.open.is_empty());
    let last = packet::handoff(&view, 1).unwrap();
    assert!(last.to.is_empty());
    assert_eq!(last.open.len(), 2);
    assert!(last.to_markdown().contains("nobody, this was the last phase"));
}

#[test]
fn in_a_terminal() {
    let plan = samples::unclear();
    let asked = text(&samples::view(&plan, &PlanState::NeedsInput));
    let plan = samples::journal();
    let gated = text(&samples::view(&plan, &samples::waiting()));
    insta::assert_snapshot!(format!("{asked}=====\n{gated}"));
}

/// A plan of `count` tasks with long texts.
fn long(count: usize) -> Plan {
    let mut plan = samples::journal();
    let one = plan.tasks[2].clone();
    plan.tasks = (1..=count)
        .map(|number| {
            let mut task = one.clone();
            task.id = format!("T{number}");
            task.depends_on = Vec::new();
            task.title = format!("Task {number} {}", "word ".repeat(40));
            task.checks = vec!["x ".repeat(200); 5];
            task
        })
        .collect();
    plan
}

#[test]
fn what_does_not_fit_is_named() {
    let plan = long(60);
    let state = samples::waiting();
    let body = said(&plan, &state, Verbosity::Balanced);
    assert!(
        body.contains("Left out because this comment would be too long: the delegation packets")
    );
    assert!(body.contains("**T60**"), "every task keeps its line");
    let plan = long(3_000);
    let body = said(&plan, &state, Verbosity::Verbose);
    assert!(body.contains("more; the canonical form has them"));
    assert!(body.contains("APPROVAL NEEDED"));
    let yaml = "x: y\n".repeat(20_000);
    let view = PlanView { yaml: &yaml, ..samples::view(&plan, &state) };
    assert!(comment(&view).contains("the canonical YAML"));
}

/// Every text of the plan and of the state is `text`.
fn hostile_plan(text: &str) -> (Plan, PlanState) {
    let t = || text.to_owned();
    let mut plan = samples::unclear();
    plan.contract = Some(samples::contract());
    plan.goal = t();
    plan.classification.risk_reasons = vec![t()];
    plan.checklist = vec![t(), t()];
    plan.assumptions = vec![t()];
    plan.left_out = vec![t()];
    plan.inputs[0].name = t();
    plan.inputs[0].path = Some(t());
    for requirement in &mut plan.requirements {
        (requirement.id, requirement.text, requirement.from) = (t(), t(), t());
    }
    for evidence in &mut plan.evidence {
        (evidence.path, evidence.lines, evidence.shows) = (t(), Some(t()), t());
    }
    for file in &mut plan.files {
        (file.path, file.task) = (t(), t());
    }
    for task in &mut plan.tasks {
        (task.title, task.agent, task.lane, task.because) = (t(), t(), t(), t());
        (task.input, task.output, task.checks) = (vec![t()], vec![t()], vec![t()]);
        (task.rollback, task.observe, task.files) = (Some(t()), Some(t()), vec![t()]);
    }
    for gate in &mut plan.gates {
        (gate.decision, gate.context, gate.risk) = (t(), t(), t());
        for option in &mut gate.options {
            (option.name, option.pros, option.cons) = (t(), t(), t());
        }
    }
    for question in &mut plan.questions {
        (question.topic, question.text, question.options) = (t(), t(), vec![t(), t()]);
    }
    if let Some(contract) = &mut plan.contract {
        contract.profile = Some(t());
        contract.endpoints[0].path = t();
        contract.endpoints[0].request = vec![t()];
        contract.errors[0].code = t();
        contract.i18n[0].default = t();
    }
    let task = TaskProgress { task: "T1".to_owned(), state: TaskState::Failed, note: Some(t()) };
    let state =
        PlanState::Escalated { task: Some(t()), failure: t(), attempts: 3, tasks: vec![task] };
    (plan, state)
}

/// What of the comment is not ours: mentions, references, links and HTML outside of code.
fn offences(body: &str) -> Vec<String> {
    use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
    let ours = ["<details>", "</details>", "<sub>", "</sub>", "<summary>", "</summary>", MARKER];
    let mut found = Vec::new();
    let (mut text, mut code) = (String::new(), false);
    let options = Options::ENABLE_TABLES | Options::ENABLE_GFM | Options::ENABLE_STRIKETHROUGH;
    for event in Parser::new_ext(body, options) {
        match event {
            Event::Start(Tag::CodeBlock(_)) => code = true,
            Event::End(TagEnd::CodeBlock) => code = false,
            Event::Text(piece) if !code => text.push_str(&piece),
            Event::Html(html) | Event::InlineHtml(html)
                if !ours.iter().any(|ours| html.starts_with(ours)) =>
            {
                found.push(format!("html {html}"));
            }
            Event::Start(Tag::Image { .. }) => found.push("image".to_owned()),
            Event::Start(Tag::Link { dest_url, .. })
                if !dest_url.starts_with("https://github.com/acme/shop/blob/") =>
            {
                found.push(format!("link {dest_url}"));
            }
            Event::Code(_) => text.push('\u{0}'),
            Event::SoftBreak | Event::HardBreak | Event::End(_) => text.push('\n'),
            _ => {}
        }
    }
    for pattern in [r"@[A-Za-z0-9]", r"#[0-9]", r"(?i)https?://", r"(?i)\bgh-[0-9]", r"(?m)^/[a-z]"]
    {
        if let Some(hit) = regex::Regex::new(pattern).unwrap().find(&text) {
            found.push(format!("{pattern}: {:?}", hit.as_str()));
        }
    }
    if body.matches("<!-- backend-team:").count() != 1 {
        found.push("a forged marker".to_owned());
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn nothing_of_the_issue_escapes(text in hostile_text(), verbose in any::<bool>()) {
        let (plan, escalated) = hostile_plan(&text);
        let verbosity = if verbose { Verbosity::Verbose } else { Verbosity::Balanced };
        for state in [PlanState::NeedsInput, samples::waiting(), escalated] {
            let body = said(&plan, &state, verbosity);
            prop_assert_eq!(offences(&body), Vec::<String>::new(), "{}", body);
            let file = WrittenFile {
                path: &text,
                class: crate::domain::plan::FileClass::Docs,
                action: crate::domain::plan::FileAction::Add,
                content: &text,
                task: &text,
            };
            let texts = [text.clone()];
            let delivery = Delivery {
                issue: None,
                files: &[file],
                notes: &texts,
                verification: &texts,
                setup: &texts,
                review: &text,
            };
            let files = [file];
            let view = samples::view(&plan, &state);
            let body = format!("{MARKER}\n{}", pull_body(&view, &delivery));
            prop_assert_eq!(offences(&body), Vec::<String>::new(), "{}", body);
            let shown = changes_comment(&view, &files, &text).replace(DIFF_MARKER, MARKER);
            prop_assert_eq!(offences(&shown), Vec::<String>::new(), "{}", shown);
            prop_assert!(body.encode_utf16().count() <= MAX_COMMENT_CHARS);
        }
    }

    #[test]
    fn a_terminal_gets_no_control_characters(text_in in hostile_text()) {
        let (plan, state) = hostile_plan(&text_in);
        let said = text(&samples::view(&plan, &state));
        prop_assert!(!said.chars().any(|c| c != '\n' && crate::report::markdown::is_invisible(c)), "{said:?}");
    }
}

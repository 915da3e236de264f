use proptest::prelude::*;

use super::*;
use crate::domain::ids::CommentId;
use crate::domain::plan::{
    Classification, Complexity, Gate, Question, Risk, Strategy as Order, WorkKind, WorkScope,
};

pub(crate) fn plan(goal: &str, gates: &[GateKind], blocking: bool) -> Plan {
    let gate = |id: &GateKind| Gate {
        id: *id,
        decision: String::new(),
        context: String::new(),
        options: Vec::new(),
        risk: String::new(),
        tasks: vec!["T1".into()],
    };
    let question = Question {
        id: 1,
        topic: "columns".into(),
        text: "Which?".into(),
        options: vec!["None".into(), "All".into()],
        blocking: true,
    };
    Plan {
        version: 1,
        goal: goal.to_owned(),
        strategy: Order::Sequential,
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
        tasks: Vec::new(),
        checkpoints: Vec::new(),
        integration: Vec::new(),
        contract: None,
        gates: gates.iter().map(gate).collect(),
        assumptions: Vec::new(),
        questions: if blocking { vec![question] } else { Vec::new() },
        phases: Vec::new(),
        left_out: Vec::new(),
    }
}

fn sha(digit: u8) -> CommitSha {
    CommitSha::parse(&format!("{digit:x}").repeat(40)).unwrap()
}

/// A world in which everything can happen at any time. It keeps its own book of who approved what
/// and asks after every step whether a permit is honest.
struct Outside {
    run: PlanRun,
    base: u8,
    text: u8,
    clock: i64,
    /// (digest, base, gate, by) of approvals by people who may, of the plan in force.
    book: Vec<(String, CommitSha, GateKind, Login)>,
    closed: bool,
}

#[derive(Debug, Clone)]
enum Step {
    Plan,
    Approve { who: u8, permitted: u8, all: bool, seen: u8, at: i64 },
    Reject { who: u8, permitted: u8 },
    Answer,
    Edit,
    Push,
    Close,
    Reopen,
    Unlabel,
    Cancel,
    Ask,
    Pause,
    Resume,
    Start,
    Write,
}

const PEOPLE: [&str; 4] = ["author", "ann", "ben", "helper[bot]"];
const GATES: [GateKind; 2] = [GateKind::Schema, GateKind::Auth];

impl Outside {
    fn new() -> Self {
        let run = PlanRun::new(Login("author".into()), false);
        Self { run, base: 1, text: 0, clock: 0, book: Vec::new(), closed: false }
    }

    fn digest(&self) -> String {
        format!("{:064x}", 0xabc_0000 + u32::from(self.text) * 16 + u32::from(self.answered()))
    }

    fn answered(&self) -> bool {
        !self.run.answers.is_empty()
    }

    /// Somebody with the right to as many of the gates as `permitted` says.
    fn approver(&self, who: u8, permitted: u8, at: i64) -> Approver {
        let login = PEOPLE[usize::from(who) % PEOPLE.len()];
        let permitted = GATES[..usize::from(permitted) % (GATES.len() + 1)].to_vec();
        Approver {
            login: Login(login.into()),
            is_bot: login.ends_with("[bot]"),
            permitted,
            comment: CommentId(1),
            said_at: Timestamp(at),
        }
    }

    fn step(&mut self, step: &Step) {
        self.clock += 1;
        match step {
            Step::Plan => {
                if self.closed || !self.run.follows_base() {
                    return;
                }
                let blocking = self.text % 2 == 1 && !self.answered();
                let current = Current {
                    plan: plan("g", &GATES, blocking),
                    digest: self.digest(),
                    base: sha(self.base),
                    base_ref: "main".into(),
                    inputs: String::new(),
                    made_at: Timestamp(self.clock),
                    problems: Vec::new(),
                    house: House::default(),
                };
                self.run.planned(current, RunRules::default());
            }
            Step::Approve { who, permitted, all, seen, at } => {
                let approver = self.approver(*who, *permitted, self.clock - at);
                let digest = self.digest();
                let seen = match seen % 3 {
                    0 => None,
                    1 => digest.get(..64),
                    _ => Some("0123456789"),
                };
                let choice = if *all { GateChoice::All } else { GateChoice::One(GATES[0]) };
                let tip = sha(self.base);
                if let Ok(gates) = self.run.approve(&approver, choice, seen, &tip) {
                    assert!(!approver.is_bot && approver.login.0 != "author");
                    assert!(gates.iter().all(|gate| approver.permitted.contains(gate)));
                    let current = self.run.current.as_ref().unwrap();
                    assert_eq!(current.base, tip, "approved on a commit that is not the tip");
                    for gate in gates {
                        self.book.push((
                            current.digest.clone(),
                            tip.clone(),
                            gate,
                            approver.login.clone(),
                        ));
                    }
                }
            }
            Step::Reject { who, permitted } => {
                let approver = self.approver(*who, *permitted, self.clock);
                if self.run.reject(&approver, GateChoice::All, "no").is_ok() {
                    assert_eq!(approver.permitted, GATES);
                    self.book.clear();
                }
            }
            Step::Answer => {
                let given = Answered {
                    topic: "columns".into(),
                    answer: "All".into(),
                    by: Login("ann".into()),
                };
                if self.run.answer(vec![given]).is_ok() {
                    self.book.clear();
                }
            }
            Step::Edit => {
                self.text = (self.text + 1) % 4;
                if self.run.is_open() {
                    self.run.outdated();
                    self.book.clear();
                }
            }
            Step::Push => self.base = self.base % 14 + 1,
            Step::Close => {
                self.closed = true;
                if self.run.cancel(Cancelled::Closed) {
                    self.book.clear();
                }
            }
            Step::Reopen => {
                self.closed = false;
                if self.run.may_reopen() {
                    self.run.restart(Login("author".into()), false);
                    self.book.clear();
                }
            }
            Step::Unlabel => {
                if self.run.cancel(Cancelled::Unlabelled) {
                    self.book.clear();
                }
            }
            Step::Cancel => {
                if self.run.cancel(Cancelled::ByCommand) {
                    self.book.clear();
                }
            }
            Step::Ask => {
                self.run.restart(Login("author".into()), true);
                self.book.clear();
            }
            Step::Pause => self.run.paused = true,
            Step::Resume => self.run.paused = false,
            Step::Start => {
                if let Ok(approved) = self.run.permit() {
                    self.run.start(&approved);
                }
            }
            Step::Write => {
                if let Ok(approved) = self.run.permit() {
                    self.honest(&approved);
                    let delivery = Delivery {
                        branch: None,
                        head: None,
                        pull: None,
                        why: None,
                        written: vec![],
                    };
                    self.run.delivered(approved, delivery);
                }
            }
        }
        if let Ok(approved) = self.run.permit() {
            self.honest(&approved);
            assert!(self.run.is_open() && !self.run.paused);
        }
    }

    fn honest(&self, approved: &Approved) {
        let current = self.run.current.as_ref().unwrap();
        assert_eq!((approved.digest(), approved.base()), (current.digest.as_str(), &current.base));
        for gate in GATES {
            assert!(
                self.book.iter().any(|(digest, base, of, by)| {
                    (digest.as_str(), base, *of) == (approved.digest(), approved.base(), gate)
                        && by.0 != "author"
                }),
                "{gate:?} was never approved for this plan"
            );
        }
    }
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Plan),
        6 => (any::<u8>(), any::<u8>(), any::<bool>(), any::<u8>(), 0..3_i64).prop_map(
            |(who, permitted, all, seen, at)| Step::Approve { who, permitted, all, seen, at }
        ),
        1 => (any::<u8>(), any::<u8>())
            .prop_map(|(who, permitted)| Step::Reject { who, permitted }),
        1 => Just(Step::Answer),
        1 => Just(Step::Edit),
        1 => Just(Step::Push),
        1 => Just(Step::Close),
        1 => Just(Step::Reopen),
        1 => Just(Step::Unlabel),
        1 => Just(Step::Cancel),
        1 => Just(Step::Ask),
        1 => Just(Step::Pause),
        2 => Just(Step::Resume),
        2 => Just(Step::Start),
        2 => Just(Step::Write),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn nothing_is_written_without_live_approvals(steps in prop::collection::vec(step(), 0..60)) {
        let mut outside = Outside::new();
        for step in &steps {
            outside.step(step);
        }
    }

    #[test]
    fn a_fourth_attempt_never_happens(
        failures in prop::collection::vec((any::<bool>(), any::<bool>(), 0..4_u8), 0..80),
    ) {
        let mut task = TaskRun::new("T1", "data", TaskState::Waiting);
        let mut agents = std::collections::BTreeMap::new();
        let (mut reroutes, mut splits) = (0, 0);
        for (certain, splittable, owner) in failures {
            if task.state == TaskState::Failed || !task.begin() {
                break;
            }
            let count = agents.entry(task.agent.clone()).or_insert(0);
            *count += 1;
            prop_assert!(*count <= MAX_ATTEMPTS, "{} tried {count} times", task.agent);
            let owner = (owner > 1).then(|| format!("agent-{owner}"));
            let failure = Failure { what: "no".into(), owner, splittable, certain };
            match recover(&mut task, &failure) {
                Recovery::Retry => prop_assert!(task.attempts() < MAX_ATTEMPTS),
                Recovery::Reroute { to } => {
                    reroutes += 1;
                    prop_assert_eq!(&to, &task.agent);
                }
                Recovery::Decompose => splits += 1,
                Recovery::Escalate => prop_assert_eq!(task.state, TaskState::Failed),
            }
        }
        prop_assert!(reroutes <= 1 && splits <= usize::from(MAX_DEPTH));
    }
}

fn waiting() -> Outside {
    let mut outside = Outside::new();
    outside.step(&Step::Plan);
    assert_eq!(outside.run.phase, Phase::AwaitingApproval);
    outside
}

fn ann(outside: &Outside) -> Approver {
    outside.approver(1, 2, outside.clock)
}

#[test]
fn every_gate_must_be_approved_by_somebody_else_than_the_author() {
    let mut outside = waiting();
    let tip = sha(outside.base);
    let author = outside.approver(0, 2, outside.clock);
    assert_eq!(outside.run.approve(&author, GateChoice::All, None, &tip), Err(Refusal::Author));
    let bot = outside.approver(3, 2, outside.clock);
    assert_eq!(outside.run.approve(&bot, GateChoice::All, None, &tip), Err(Refusal::Bot));
    let stranger = outside.approver(2, 0, outside.clock);
    let refused = outside.run.approve(&stranger, GateChoice::All, None, &tip);
    assert_eq!(refused, Err(Refusal::NotPermitted));
    let ann = ann(&outside);
    outside.run.approve(&ann, GateChoice::One(GateKind::Schema), None, &tip).unwrap();
    assert_eq!(outside.run.permit(), Err(NotApproved::Phase));
    assert_eq!(outside.run.open_gates(), [GateKind::Auth]);
    outside.run.approve(&ann, GateChoice::One(GateKind::Auth), None, &tip).unwrap();
    assert!(outside.run.permit().is_ok());
    outside.run.paused = true;
    assert_eq!(outside.run.permit(), Err(NotApproved::Paused));
}

#[test]
fn the_right_to_one_gate_is_no_right_to_another() {
    let mut outside = waiting();
    let tip = sha(outside.base);
    let owner = outside.approver(2, 1, outside.clock);
    assert_eq!(owner.permitted, [GateKind::Schema]);
    let mut approve = |choice| outside.run.approve(&owner, choice, None, &tip);
    assert_eq!(approve(GateChoice::All), Err(Refusal::NotPermitted));
    assert_eq!(approve(GateChoice::One(GateKind::Auth)), Err(Refusal::NotPermitted));
    assert_eq!(approve(GateChoice::One(GateKind::Payments)), Err(Refusal::NoSuchGate));
    assert_eq!(approve(GateChoice::One(GateKind::Schema)), Ok(vec![GateKind::Schema]));
    let all = outside.run.reject(&owner, GateChoice::All, "no");
    assert_eq!(all, Err(Refusal::NotPermitted));
    assert_eq!(outside.run.open_gates(), [GateKind::Auth]);
    outside.run.reject(&owner, GateChoice::One(GateKind::Schema), "no").unwrap();
    assert!(matches!(outside.run.phase, Phase::Rejected { gate: GateKind::Schema, .. }));
}

#[test]
fn an_approval_is_for_the_plan_that_was_seen() {
    let mut outside = waiting();
    let tip = sha(outside.base);
    let ann = ann(&outside);
    let mut approve = |seen: Option<&str>, tip: &CommitSha, who: &Approver| {
        outside.run.approve(who, GateChoice::One(GateKind::Schema), seen, tip)
    };
    assert_eq!(approve(Some("0000"), &tip, &ann), Err(Refusal::Stale), "too short");
    assert_eq!(approve(Some("feedbeef"), &tip, &ann), Err(Refusal::Stale));
    assert_eq!(approve(None, &sha(9), &ann), Err(Refusal::Stale), "the branch moved on");
    let early = Approver { said_at: Timestamp(0), ..ann.clone() };
    assert_eq!(approve(None, &tip, &early), Err(Refusal::Stale), "said before it was made");
    assert!(approve(Some(&tip.as_str()[..7]), &tip, &early).is_ok());
}

#[test]
fn the_same_plan_on_another_commit_asks_again() {
    let mut outside = waiting();
    let tip = sha(outside.base);
    let ann = ann(&outside);
    outside.run.approve(&ann, GateChoice::One(GateKind::Schema), None, &tip).unwrap();
    outside.step(&Step::Plan);
    assert_eq!(outside.run.open_gates(), [GateKind::Auth], "nothing changed");
    outside.step(&Step::Push);
    outside.step(&Step::Plan);
    assert_eq!(outside.run.open_gates().len(), 2);
}

#[test]
fn an_escalated_task_ends_the_run_and_writes_nothing() {
    let mut outside = waiting();
    let tip = sha(outside.base);
    let ann = ann(&outside);
    outside.run.approve(&ann, GateChoice::All, None, &tip).unwrap();
    let approved = outside.run.permit().unwrap();
    outside.run.start(&approved);
    outside.run.tasks = vec![
        TaskRun::new("T1", "data", TaskState::Waiting),
        TaskRun::new("T2", "qa", TaskState::Waiting),
    ];
    let failure = Failure { what: "bad".into(), owner: None, splittable: false, certain: false };
    for expected in [Recovery::Retry, Recovery::Retry, Recovery::Escalate] {
        assert!(outside.run.task_mut("T1").unwrap().begin());
        assert_eq!(outside.run.failed("T1", &failure), expected);
    }
    assert!(!outside.run.task_mut("T1").unwrap().begin());
    assert_eq!(outside.run.tasks[1].state, TaskState::Skipped);
    assert_eq!(outside.run.permit(), Err(NotApproved::Phase));
    assert!(matches!(outside.run.phase, Phase::Escalated { attempts: 3, .. }));
}

#[test]
fn a_run_survives_storage() {
    let mut outside = waiting();
    let (tip, ann) = (sha(outside.base), ann(&outside));
    outside.run.approve(&ann, GateChoice::All, None, &tip).unwrap();
    let json = serde_json::to_string(&outside.run).unwrap();
    let back: PlanRun = serde_json::from_str(&json).unwrap();
    assert_eq!(back, outside.run);
    assert!(back.permit().is_ok());
}

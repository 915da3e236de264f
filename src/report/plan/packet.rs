//! Packets: what somebody needs to carry a task out, to take a phase over, or to get work going
//! again. Markdown for people, JSON for tools; both say the same.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::view::{PlanView, gate_name, word};
use super::{MAX_CLAUSE, MAX_TEXT};
use crate::domain::finding::Prose;
use crate::domain::job::Timestamp;
use crate::domain::plan::{Execution, Phase, Risk, Task};
use crate::report::markdown::{cut, plain, prose};

/// Everything that a person or coding agent needs for one task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DelegationPacket {
    /// 1.
    pub version: u32,
    /// Who hands over: `backend-team`.
    pub from: String,
    /// The member of the team that the task is for.
    pub to: String,
    /// When the plan was made (`2026-03-01`, UTC); absent when not known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub date: Option<String>,
    /// The task's id in the plan.
    pub task: String,
    /// Digest of the plan that it belongs to.
    pub plan_digest: String,
    /// One sentence.
    pub objective: Prose,
    pub classification: PacketClass,
    /// Requirements that the task serves, and its checks.
    pub acceptance_criteria: Vec<Prose>,
    /// Ground rules of the repository.
    pub constraints: Vec<Prose>,
    /// Approvals that the task waits for, each with its state.
    pub gates: Vec<Prose>,
    /// What people answered and approved so far.
    pub key_decisions: Vec<Prose>,
    pub assumptions: Vec<Prose>,
    /// Places in the repository that the work builds on.
    pub reuse_targets: Vec<Prose>,
    /// Paths of documents that are the single source of truth.
    pub references: Vec<String>,
    /// What comes before, goes in, comes out and follows.
    pub plan: Vec<Prose>,
    /// Exact commands that check the work.
    pub validation: Vec<Prose>,
    /// Paths, or directories with a final `/`.
    pub files: Vec<String>,
    /// Risks, the way back, and what to watch.
    pub risks: Vec<Prose>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PacketClass {
    #[serde(rename = "type")]
    pub kind: String,
    pub scope: String,
    pub risk: String,
}

/// The JSON Schema of a delegation packet, version 1.
pub fn json_schema() -> serde_json::Value {
    let mut schema = schemars::schema_for!(DelegationPacket).to_value();
    if let Some(object) = schema.as_object_mut() {
        let title = "backend-team delegation packet, version 1".to_owned();
        object.insert("title".to_owned(), serde_json::Value::String(title));
    }
    schema
}

/// The packets of the tasks that somebody else carries out, in the order of the plan.
pub fn delegations(view: &PlanView<'_>) -> Vec<DelegationPacket> {
    let delegated = view.plan.tasks.iter().filter(|task| task.execution == Execution::Delegated);
    delegated.map(|task| delegation(view, task)).collect()
}

/// The packet for one task of the plan.
pub fn delegation(view: &PlanView<'_>, task: &Task) -> DelegationPacket {
    let (plan, house) = (view.plan, view.house);
    let serves = |id: &String| plan.requirements.iter().find(|requirement| requirement.id == *id);
    let required = task
        .serves
        .iter()
        .filter_map(serves)
        .map(|requirement| format!("{}: {}", requirement.id, requirement.text));
    let gates = plan.gates.iter().filter(|gate| gate.tasks.contains(&task.id));
    DelegationPacket {
        version: 1,
        from: "backend-team".to_owned(),
        to: task.agent.clone(),
        date: view.made_at.and_then(iso_date),
        task: task.id.clone(),
        plan_digest: view.digest.to_owned(),
        objective: task.title.clone(),
        classification: class(view),
        acceptance_criteria: required.chain(task.checks.iter().cloned()).collect(),
        constraints: house.constraints.clone(),
        gates: gates.map(|gate| gate_line(view, gate)).collect(),
        key_decisions: key_decisions(view),
        assumptions: plan.assumptions.clone(),
        reuse_targets: reuse(view),
        references: references(view),
        plan: steps(view, task),
        validation: house.validation.clone(),
        files: task.files.clone(),
        risks: risks(view, task),
    }
}

fn class(view: &PlanView<'_>) -> PacketClass {
    let class = &view.plan.classification;
    PacketClass { kind: word(class.kind), scope: word(class.scope), risk: word(class.risk) }
}

fn gate_line(view: &PlanView<'_>, gate: &crate::domain::plan::Gate) -> Prose {
    let approved = view.approval_of(gate.id);
    let state = match (approved, view.asks()) {
        (Some(approval), _) => format!("approved by `{}`", approval.by.0),
        (None, true) => "not approved yet".to_owned(),
        (None, false) => "asked for".to_owned(),
    };
    format!("`{}` ({state}): {}", gate_name(gate.id), gate.decision)
}

/// What people answered, and what they approved.
fn key_decisions(view: &PlanView<'_>) -> Vec<Prose> {
    let answers = view.answered.iter().map(|answer| {
        format!("{}: {} (`{}`)", answer.topic.replace('-', " "), answer.answer, answer.by.0)
    });
    let approvals =
        view.state.approvals().iter().map(|approval| {
            format!("`{}` approved by `{}`", gate_name(approval.gate), approval.by.0)
        });
    answers.chain(approvals).collect()
}

/// Places that the plan rests on: what is there already is used before something new is written.
fn reuse(view: &PlanView<'_>) -> Vec<Prose> {
    let place = |evidence: &crate::domain::plan::Evidence| {
        let lines = evidence.lines.as_ref().map_or(String::new(), |lines| format!(":{lines}"));
        format!("`{}{lines}`: {}", evidence.path, evidence.shows)
    };
    view.plan.evidence.iter().take(12).map(place).collect()
}

/// The day in UTC.
fn iso_date(at: Timestamp) -> Option<String> {
    let moment = OffsetDateTime::from_unix_timestamp(at.0.div_euclid(1_000)).ok()?;
    let (year, month, day) = (moment.year(), u8::from(moment.month()), moment.day());
    Some(format!("{year:04}-{month:02}-{day:02}"))
}

fn references(view: &PlanView<'_>) -> Vec<String> {
    let mut all: Vec<String> = view.house.references.clone();
    all.extend(view.plan.inputs.iter().filter_map(|input| input.path.clone()));
    let mut seen = std::collections::BTreeSet::new();
    all.retain(|path| seen.insert(path.clone()));
    all
}

/// Inputs, outputs, and what stands before and after.
fn steps(view: &PlanView<'_>, task: &Task) -> Vec<Prose> {
    let mut steps = Vec::new();
    if !task.depends_on.is_empty() {
        steps.push(format!("Starts after {}", task.depends_on.join(", ")));
    }
    steps.extend(task.input.iter().map(|text| format!("Input: {text}")));
    steps.extend(task.output.iter().map(|text| format!("Output: {text}")));
    let in_phase = |phase: &&Phase| view.plan.phases.len() > 1 && phase.tasks.contains(&task.id);
    steps.extend(
        view.plan
            .phases
            .iter()
            .filter(in_phase)
            .map(|phase| format!("Phase {} is done when: {}", phase.name, phase.done.join("; "))),
    );
    let follows = view.plan.tasks.iter().filter(|other| other.depends_on.contains(&task.id));
    let follows: Vec<&str> = follows.map(|other| other.id.as_str()).collect();
    if !follows.is_empty() {
        steps.push(format!("Waiting for it: {}", follows.join(", ")));
    }
    steps
}

fn risks(view: &PlanView<'_>, task: &Task) -> Vec<Prose> {
    let class = &view.plan.classification;
    let general = class.risk_reasons.iter().filter(|_| class.risk > Risk::Low).cloned();
    let way_back = task.rollback.iter().map(|text| format!("Way back: {text}"));
    let watch = task.observe.iter().map(|text| format!("Watch: {text}"));
    general.chain(way_back).chain(watch).collect()
}

impl DelegationPacket {
    pub fn to_json(&self) -> String {
        json(self)
    }

    /// What a packet must have and this one lacks, by field name. A packet that lacks something is
    /// shown with it, never filled up.
    pub fn missing(&self) -> Vec<&'static str> {
        let mut missing = Vec::new();
        for (name, empty) in [
            ("date", self.date.is_none()),
            ("objective", self.objective.trim().is_empty()),
            ("acceptance_criteria", self.acceptance_criteria.is_empty()),
            ("validation", self.validation.is_empty()),
        ] {
            if empty {
                missing.push(name);
            }
        }
        missing
    }

    pub fn to_markdown(&self) -> String {
        let class = &self.classification;
        let mut out = heading("Delegation packet", &self.task, &self.objective);
        let date = self
            .date
            .as_deref()
            .map_or(String::new(), |date| format!(" · **Date:** {}", plain(&cut(date, 20))));
        out.push_str(&format!(
            "**From:** {} · **To:** {}{date} · **Plan:** {}\n\n**Classification:** type {}, scope {}, \
             risk {}\n",
            plain(&cut(&self.from, 60)),
            plain(&cut(&self.to, 60)),
            prose(&format!("`{}`", short(&self.plan_digest))),
            plain(&class.kind),
            plain(&class.scope),
            plain(&class.risk),
        ));
        let code =
            |texts: &[String]| texts.iter().map(|text| format!("`{text}`")).collect::<Vec<_>>();
        list(&mut out, "Acceptance criteria", &self.acceptance_criteria);
        list(&mut out, "Constraints", &self.constraints);
        list(&mut out, "Gates", &self.gates);
        list(&mut out, "Key decisions", &self.key_decisions);
        list(&mut out, "Assumptions", &self.assumptions);
        list(&mut out, "Reuse targets", &self.reuse_targets);
        list(&mut out, "References", &code(&self.references));
        list(&mut out, "Plan", &self.plan);
        list(&mut out, "Validation plan", &self.validation);
        list(&mut out, "Files likely touched", &code(&self.files));
        list(&mut out, "Risks", &self.risks);
        out.trim_end().to_owned()
    }
}

/// What one phase leaves for the next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HandoffPacket {
    pub phase: Prose,
    pub plan_digest: String,
    /// Agents that receive it.
    pub to: Vec<String>,
    pub done: Vec<Prose>,
    pub open: Vec<Prose>,
    pub done_when: Vec<Prose>,
    pub outputs: Vec<Prose>,
    pub next: Vec<Prose>,
}

/// The packet at the end of the phase at `index`; `None` if there is no such phase.
pub fn handoff(view: &PlanView<'_>, index: usize) -> Option<HandoffPacket> {
    use crate::domain::run::TaskState;
    let plan = view.plan;
    let phase = plan.phases.get(index)?;
    let of = |ids: &[String]| -> Vec<&Task> {
        plan.tasks.iter().filter(|task| ids.contains(&task.id)).collect()
    };
    let tasks = of(&phase.tasks);
    let finished = |task: &&&Task| {
        view.progress_of(task)
            .is_some_and(|done| matches!(done.state, TaskState::Done | TaskState::HandedOver))
    };
    let named = |task: &&Task| format!("{}: {}", task.id, task.title);
    let open = |task: &&&Task| !finished(task);
    let next = plan.phases.get(index + 1).map_or_else(Vec::new, |phase| of(&phase.tasks));
    let mut to: Vec<String> = next.iter().map(|task| task.agent.clone()).collect();
    to.sort();
    to.dedup();
    Some(HandoffPacket {
        phase: phase.name.clone(),
        plan_digest: view.digest.to_owned(),
        to,
        done: tasks.iter().filter(finished).map(named).collect(),
        open: tasks.iter().filter(open).map(named).collect(),
        done_when: phase.done.clone(),
        outputs: tasks.iter().filter(finished).flat_map(|task| task.output.clone()).collect(),
        next: next.iter().map(named).collect(),
    })
}

impl HandoffPacket {
    pub fn to_json(&self) -> String {
        json(self)
    }

    pub fn to_markdown(&self) -> String {
        let mut out = heading("Phase handoff", "", &self.phase);
        let to: Vec<String> = self.to.iter().map(|agent| plain(&cut(agent, 60))).collect();
        let to = if to.is_empty() {
            "nobody, this was the last phase".to_owned()
        } else {
            to.join(", ")
        };
        out.push_str(&format!("**To:** {to}\n"));
        list(&mut out, "Done", &self.done);
        list(&mut out, "Open", &self.open);
        list(&mut out, "Done when", &self.done_when);
        list(&mut out, "Outputs", &self.outputs);
        list(&mut out, "Next", &self.next);
        out.trim_end().to_owned()
    }
}

/// What is known about a task that failed for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecoveryPacket {
    pub task: String,
    pub plan_digest: String,
    pub objective: Prose,
    pub failure: Prose,
    /// How often it was tried, the first time included.
    pub attempts: u32,
    /// Who should look.
    pub owner: String,
    /// Tasks that cannot start meanwhile.
    pub waiting: Vec<String>,
    pub rollback: Option<Prose>,
    pub options: Vec<Prose>,
}

/// The packet for a task whose last attempt failed; `owner` is who the failure belongs to.
pub fn recovery(
    view: &PlanView<'_>,
    task: &Task,
    failure: &str,
    attempts: u32,
    owner: &str,
) -> RecoveryPacket {
    let waits = view.plan.tasks.iter().filter(|other| other.depends_on.contains(&task.id));
    let mut options = vec![
        format!("Repair the cause and comment `/{} plan`: finished tasks are kept", view.prefix),
        format!("Take {} over by hand with its delegation packet", task.id),
    ];
    if task.rollback.is_some() {
        options.push("Go back the way that the task names".to_owned());
    }
    RecoveryPacket {
        task: task.id.clone(),
        plan_digest: view.digest.to_owned(),
        objective: task.title.clone(),
        failure: failure.to_owned(),
        attempts,
        owner: owner.to_owned(),
        waiting: waits.map(|other| other.id.clone()).collect(),
        rollback: task.rollback.clone(),
        options,
    }
}

impl RecoveryPacket {
    pub fn to_json(&self) -> String {
        json(self)
    }

    pub fn to_markdown(&self) -> String {
        let mut out = heading("Recovery packet", &self.task, &self.objective);
        out.push_str(&format!(
            "**Failed after:** {} · **Owner:** {}\n\n**Failure:** {}\n",
            crate::report::counted(usize::try_from(self.attempts).unwrap_or(usize::MAX), "attempt"),
            plain(&cut(&self.owner, 60)),
            prose(&cut(&self.failure, MAX_TEXT))
        ));
        list(&mut out, "Waiting for it", &self.waiting);
        list(&mut out, "Way back", self.rollback.as_slice());
        list(&mut out, "Options", &self.options);
        out.trim_end().to_owned()
    }
}

fn short(digest: &str) -> &str {
    digest.get(..super::SHORT_DIGEST).unwrap_or(digest)
}

fn heading(kind: &str, id: &str, title: &str) -> String {
    let id = if id.is_empty() { String::new() } else { format!(" {}", plain(&cut(id, 12))) };
    format!("#### {kind}{id}: {}\n\n", prose(&cut(title, 200)))
}

fn list(out: &mut String, title: &str, texts: &[String]) {
    if texts.is_empty() {
        out.push_str(&format!("\n**{title}:** none stated\n"));
        return;
    }
    out.push_str(&format!("\n**{title}**\n\n"));
    for text in texts.iter().take(30) {
        out.push_str(&format!("- {}\n", prose(&cut(text, MAX_CLAUSE))));
    }
    if texts.len() > 30 {
        out.push_str(&format!("- and {} more\n", texts.len() - 30));
    }
}

/// Serialising these types cannot fail: they hold strings and numbers only.
fn json(packet: &impl Serialize) -> String {
    serde_json::to_string_pretty(packet).unwrap_or_default()
}

//! Answers to commands about plans.

use super::deciders::{Deciders, names};
use super::markdown::{code_span, cut, prose};
use crate::domain::ids::{CommentId, CommitSha, Login};
use crate::domain::publication::CommentPurpose;
use crate::domain::run::{Cancelled, Delivery, NotApproved, Phase, Refusal, TaskRun, TaskState};

/// Digits of a digest that people see.
const SHORT: usize = 12;

fn answer(comment: CommentId, text: &str) -> String {
    format!("{}\n{text}\n", CommentPurpose::Answer(comment).marker())
}

/// A command that means something on issues only.
pub fn only_on_issues(comment: CommentId, verb: &str) -> String {
    answer(comment, &format!("{} works on issues only.", code_span(verb)))
}

pub fn no_plan(comment: CommentId, prefix: &str) -> String {
    let plan = code_span(&format!("/{prefix} plan"));
    answer(comment, &format!("No plan is open here; {plan} makes one."))
}

/// The comment in a plan's place where none could be made. `why` is ours.
pub fn not_planned(why: &str, prefix: &str) -> String {
    let marker = CommentPurpose::Plan.marker();
    let plan = code_span(&format!("/{prefix} plan"));
    format!("{marker}\nThis issue could not be planned because of {why}. {plan} tries again.\n")
}

pub fn closed(comment: CommentId) -> String {
    answer(comment, "A closed issue is not planned; reopen it first.")
}

pub fn may_not_answer(comment: CommentId, by: &Login) -> String {
    let text = format!(
        "Questions are answered by the author of the issue, or with triage permission, which {} \
         does not have.",
        code_span(&cut(&by.0, 60))
    );
    answer(comment, &text)
}

pub fn nothing_asked(comment: CommentId) -> String {
    answer(comment, "The plan asks nothing.")
}

pub fn other_questions(comment: CommentId) -> String {
    answer(comment, "The plan was made again meanwhile; look at its questions and answer anew.")
}

pub fn no_such_question(comment: CommentId, question: u8) -> String {
    answer(comment, &format!("The plan asks no question {question}."))
}

pub fn no_such_option(comment: CommentId, question: u8) -> String {
    answer(comment, &format!("Question {question} has no such option."))
}

/// A gate that somebody may not decide about, and who may.
#[derive(Debug, Clone)]
pub struct Closed<'a> {
    /// As people type it.
    pub gate: &'a str,
    pub deciders: Deciders<'a>,
}

/// Who may decide instead, gate by gate. `unreadable` are teams whose members the App may not see.
fn not_permitted(closed: &[Closed<'_>], unreadable: &[String]) -> String {
    let mut same: Vec<(Vec<&str>, String)> = Vec::new();
    for one in closed {
        let who = format!("{}.{}", one.deciders.in_words(), one.deciders.unresolved());
        match same.iter_mut().find(|(_, known)| *known == who) {
            Some((gates, _)) => gates.push(one.gate),
            None => same.push((vec![one.gate], who)),
        }
    }
    let said = |(gates, who): &(Vec<&str>, String)| {
        let verb = if gates.len() == 1 { "is" } else { "are" };
        format!("{} {verb} decided by {who}", names(gates))
    };
    let mut parts: Vec<String> = same.iter().map(said).collect();
    if !unreadable.is_empty() {
        let needs = code_span("members: read");
        let teams = names(unreadable);
        parts.push(format!("The members of {teams} cannot be read: the App needs {needs}."));
    }
    parts.join("\n")
}

/// Why an approval or rejection does not count, and who or what would. `closed` are the gates that
/// were meant and are not this person's; `gates` those of the plan.
pub fn decision_refused(
    comment: CommentId,
    refusal: &Refusal,
    closed: &[Closed<'_>],
    gates: &[&str],
    unreadable: &[String],
) -> String {
    let text = match refusal {
        Refusal::Bot => "Bots do not decide about gates.".to_owned(),
        Refusal::NotPermitted => not_permitted(closed, unreadable),
        Refusal::Author => "The author of the issue does not approve its gates.".to_owned(),
        Refusal::NotOpen => "Nothing waits for a decision here.".to_owned(),
        Refusal::NeedsInput => "The plan waits for answers to its questions first.".to_owned(),
        Refusal::NoSuchGate if gates.is_empty() => {
            format!("The only gate of this plan is {}.", code_span("plan"))
        }
        Refusal::NoSuchGate => format!("The gates of this plan are {}.", names(gates)),
        Refusal::Stale => "That is not the plan in force: the plan, its commit or the default \
                           branch changed. It is brought up to date and asks again."
            .to_owned(),
    };
    answer(comment, &text)
}

/// The id of a pull request's gate as people see and type it.
pub fn short_id(id: &str) -> &str {
    id.get(..8).unwrap_or(id)
}

/// Why a decision about a pull request's gate does not count, whoever takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GateRefusal {
    Bot,
    Author,
    /// The pull request has no open gate.
    None,
    Unknown,
    /// Another head than the present one, or one that was not reviewed yet.
    Stale,
}

/// `open` are the ids of the open gates.
pub fn gate_refused(comment: CommentId, refusal: GateRefusal, open: &[&str]) -> String {
    let short: Vec<&str> = open.iter().map(|id| short_id(id)).collect();
    let text = match refusal {
        GateRefusal::Bot => return decision_refused(comment, &Refusal::Bot, &[], &[], &[]),
        GateRefusal::Author => {
            "The author of a pull request does not approve its gates.".to_owned()
        }
        GateRefusal::None => "No gate is open on this pull request.".to_owned(),
        GateRefusal::Unknown => format!("The open gates are {}.", names(&short)),
        GateRefusal::Stale => {
            "That is not the head that was reviewed; look at the review of the present head first."
                .to_owned()
        }
    };
    answer(comment, &text)
}

/// A text of this program as an answer.
pub fn plain(comment: CommentId, text: &str) -> String {
    answer(comment, text)
}

/// Why nothing can be begun.
pub fn not_approved(comment: CommentId, why: NotApproved) -> String {
    let text = match why {
        NotApproved::Phase => "Nothing is approved and waiting to be begun.",
        NotApproved::Paused => "The plan is paused; resume it first.",
        NotApproved::Gate(_) => "Not every gate is approved.",
    };
    answer(comment, text)
}

pub fn paused(comment: CommentId, prefix: &str) -> String {
    let resume = code_span(&format!("/{prefix} resume"));
    answer(comment, &format!("Paused: nothing is begun or written until {resume}."))
}

/// State of a plan.
#[derive(Debug, Clone)]
pub struct PlanStatus<'a> {
    pub phase: &'a Phase,
    pub paused: bool,
    pub digest: Option<&'a str>,
    pub base: Option<&'a CommitSha>,
    pub open_gates: &'a [&'a str],
    pub tasks: &'a [TaskRun],
    pub delivery: Option<&'a Delivery>,
}

pub fn status(comment: CommentId, status: &PlanStatus<'_>) -> String {
    let mut lines = vec![format!("- {}", phase(status.phase))];
    if status.paused {
        lines.push("- Paused: nothing is begun or written.".to_owned());
    }
    if let (Some(digest), Some(base)) = (status.digest, status.base) {
        let digest = code_span(digest.get(..SHORT).unwrap_or(digest));
        lines.push(format!("- Plan {digest} on {}.", code_span(base.short())));
    }
    if !status.open_gates.is_empty() {
        lines.push(format!("- Open gates: {}.", names(status.open_gates)));
    }
    for task in status.tasks.iter().take(30) {
        let note = task.note.as_ref();
        let note = note.map_or(String::new(), |note| format!(": {}", prose(&cut(note, 200))));
        let (id, agent) = (code_span(&task.id), code_span(&cut(&task.agent, 80)));
        lines.push(format!("- {id} ({agent}) {}{note}", task_state(task.state)));
    }
    if let Some(delivery) = status.delivery {
        if let Some(branch) = &delivery.branch {
            lines.push(format!("- Branch {}.", code_span(&cut(branch, 120))));
        }
        if let Some(pull) = delivery.pull {
            lines.push(format!("- Draft pull request #{pull}."));
        }
        if let Some(why) = &delivery.why {
            lines.push(format!("- {}", prose(&cut(why, 300))));
        }
    }
    answer(comment, &lines.join("\n"))
}

fn phase(phase: &Phase) -> String {
    match phase {
        Phase::Planning => "The plan is being made.".to_owned(),
        Phase::NeedsInput => "The plan waits for answers to its questions.".to_owned(),
        Phase::AwaitingApproval => "The plan waits for approval.".to_owned(),
        Phase::Approved => "Approved; the work was not begun.".to_owned(),
        Phase::Executing => "The work is under way.".to_owned(),
        Phase::Delivered => "Delivered.".to_owned(),
        Phase::Rejected { by, reason, .. } => {
            format!("Rejected by {}: {}", code_span(&by.0), prose(&cut(reason, 300)))
        }
        Phase::Cancelled { cause } => {
            let cause = match cause {
                Cancelled::Closed => "the issue was closed",
                Cancelled::Unlabelled => "the label was taken off",
                Cancelled::ByCommand => "by command",
            };
            format!("Cancelled: {cause}.")
        }
        Phase::Escalated { task, failure, attempts } => format!(
            "Stopped at {} after {attempts} attempts: {}",
            code_span(task),
            prose(&cut(failure, 300))
        ),
    }
}

fn task_state(state: TaskState) -> &'static str {
    match state {
        TaskState::Waiting => "waits",
        TaskState::Running => "runs",
        TaskState::Retrying => "is tried again",
        TaskState::Done => "is done",
        TaskState::HandedOver => "is handed over",
        TaskState::Failed => "failed",
        TaskState::Skipped => "was not begun",
    }
}

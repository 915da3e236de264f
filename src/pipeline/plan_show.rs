//! Shows outside where a plan stands: its one comment and its label.

use sha2::{Digest, Sha256};

use super::publish::Known;
use super::{JobError, Services};
use crate::domain::event::RepoRef;
use crate::domain::ids::Number;
use crate::domain::job::JobKind;
use crate::domain::plan::GateKind;
use crate::domain::publication::{CommentPurpose, Publication};
use crate::domain::run::{Cancelled, Current, Phase, PlanDetail, PlanRun, TaskRun, WrittenText};
use crate::plan;
use crate::ports::ledger::PullMemory;
use crate::ports::queue::Lease;
use crate::report::deciders::Deciders;
use crate::report::plan::{Approval, PlanState, PlanView, TaskProgress, Verbosity, WrittenFile};
use crate::report::{WebUrl, labels, plan as report, plan_reply};

/// Publishes what changed since it was last shown. Saves the memory.
pub async fn show(
    services: &Services,
    lease: &Lease,
    repo: &RepoRef,
    number: Number,
    memory: &mut PullMemory,
) -> Result<(), JobError> {
    let Some(run) = &memory.plan else { return Ok(()) };
    let wanted = publications(services, repo, run);
    let digest = hex::encode(Sha256::digest(format!("{wanted:?}").as_bytes()));
    if run.shown.as_ref() == Some(&digest) {
        return save(services, lease, number, memory).await;
    }
    // Kept first: what happened must not be lost if showing it fails.
    save(services, lease, number, memory).await?;
    let labels = match wanted.iter().any(|one| matches!(one, Publication::StateLabel { .. })) {
        true => services.reader.issue(repo, number).await?.labels,
        false => Vec::new(),
    };
    let known = Known { number: Some(number), labels, ..Known::default() };
    services.publisher.reconcile(repo, &known, &wanted).await?;
    if let Some(run) = &mut memory.plan {
        run.shown = Some(digest);
    }
    save(services, lease, number, memory).await
}

/// A job about a plan is given up: the plan says so, and how to go on.
pub async fn give_up(services: &Services, lease: &Lease) {
    let (JobKind::PlanIssue { number, .. } | JobKind::ExecutePlan { number }) = &lease.job.kind
    else {
        return;
    };
    let repo = &lease.job.repo;
    let fault = format!("an internal fault, number {}", lease.job.id);
    let result = async {
        let mut memory = services.ledger.load(repo.id, *number).await?;
        let Some(run) = &mut memory.plan else { return Ok(()) };
        run.gave_up(fault.clone());
        if run.current.is_some() {
            return show(services, lease, repo, *number, &mut memory).await;
        }
        let body = plan_reply::not_planned(&fault, &run.rules.prefix);
        save(services, lease, *number, &memory).await?;
        let known = Known { number: Some(*number), ..Known::default() };
        let wanted = [Publication::Comment { purpose: CommentPurpose::Plan, body }];
        services.publisher.reconcile(repo, &known, &wanted).await?;
        Ok::<(), JobError>(())
    };
    if let Err(error) = result.await {
        tracing::error!(event = "trouble_not_reported", %error);
    }
}

pub async fn save(
    services: &Services,
    lease: &Lease,
    number: Number,
    memory: &PullMemory,
) -> Result<(), JobError> {
    match services.ledger.save(lease, number, memory).await? {
        true => Ok(()),
        // Somebody else has the job now and will finish it.
        false => Err(JobError::Superseded),
    }
}

fn publications(services: &Services, repo: &RepoRef, run: &PlanRun) -> Vec<Publication> {
    let Some(current) = &run.current else { return Vec::new() };
    let mut wanted = Vec::new();
    if let Some(state) = state(run, current) {
        let web = WebUrl::parse(&services.options.web_url);
        let yaml = plan::yaml::write(&current.plan);
        let forge = web.as_ref().map(|web| (web, &repo.slug));
        let view = view(run, current, &state, &yaml, forge);
        let body = report::comment(&view);
        wanted.push(Publication::Comment { purpose: CommentPurpose::Plan, body });
        if let Some(delivery) = run.delivery.as_ref().filter(|one| !one.written.is_empty()) {
            let why = delivery.why.as_deref().unwrap_or_default();
            let body = report::changes_comment(&view, &written(&delivery.written), why);
            wanted.push(Publication::Comment { purpose: CommentPurpose::PlanDiff, body });
        }
    }
    // One label is always shown: work waits for an answer.
    let all = match run.rules.labels {
        true => labels::plan_labels(),
        false => vec![labels::needs_input().to_owned()],
    };
    let present = labels::plan_label(&run.phase).filter(|label| all.iter().any(|one| one == label));
    wanted.push(Publication::StateLabel { all, present: present.map(str::to_owned) });
    wanted
}

/// Written files in the terms of the report.
pub fn written(texts: &[WrittenText]) -> Vec<WrittenFile<'_>> {
    let file = |text| {
        let WrittenText { path, class, action, content, task }: &WrittenText = text;
        WrittenFile { path, class: *class, action: *action, content, task }
    };
    texts.iter().map(file).collect()
}

/// Who decides about a gate of the plan in force.
pub fn deciders(run: &PlanRun, gate: GateKind) -> Deciders<'_> {
    let owned = run.rules.owners.iter().find(|owned| owned.gate == gate);
    Deciders { approvers: &run.rules.approvers, owners: owned.map_or(&[], |owned| &owned.lists) }
}

/// What the texts about a plan are made from.
pub fn view<'a>(
    run: &'a PlanRun,
    current: &'a Current,
    state: &'a PlanState,
    yaml: &'a str,
    forge: Option<(&'a WebUrl, &'a crate::domain::ids::RepoSlug)>,
) -> PlanView<'a> {
    PlanView {
        plan: &current.plan,
        state,
        digest: &current.digest,
        base: Some(&current.base),
        yaml,
        answered: &run.answers,
        problems: &current.problems,
        approvers: &run.rules.approvers,
        owners: &run.rules.owners,
        house: &current.house,
        made_at: Some(current.made_at),
        verbosity: match run.rules.detail {
            PlanDetail::Terse => Verbosity::Terse,
            PlanDetail::Balanced => Verbosity::Balanced,
            PlanDetail::Verbose => Verbosity::Verbose,
        },
        prefix: &run.rules.prefix,
        forge,
    }
}

/// The state in the terms of the report. `None` while the plan is being made again: what is shown
/// stays.
pub fn state(run: &PlanRun, current: &Current) -> Option<PlanState> {
    let tasks = || run.tasks.iter().map(progress).collect();
    Some(match &run.phase {
        Phase::Planning => return None,
        Phase::NeedsInput => PlanState::NeedsInput,
        Phase::AwaitingApproval => PlanState::AwaitingApproval { given: given(run, current) },
        // Approved, and waiting to be told to begin.
        Phase::Approved if !run.rules.automatic => {
            PlanState::AwaitingApproval { given: given(run, current) }
        }
        Phase::Approved | Phase::Executing => PlanState::Executing { tasks: tasks() },
        Phase::Delivered => PlanState::Delivered {
            branch: run.delivery.as_ref().and_then(|delivery| delivery.branch.clone()),
            pull: run.delivery.as_ref().and_then(|delivery| delivery.pull),
            tasks: tasks(),
        },
        Phase::Rejected { by, gate, reason } => {
            PlanState::Rejected { by: by.clone(), gate: *gate, reason: reason.clone() }
        }
        Phase::Cancelled { cause } => PlanState::Cancelled { why: why(cause).to_owned() },
        Phase::Escalated { task, failure, attempts } => PlanState::Escalated {
            task: Some(task.clone()),
            failure: failure.clone(),
            attempts: *attempts,
            tasks: tasks(),
        },
    })
}

fn given(run: &PlanRun, current: &Current) -> Vec<Approval> {
    let open = run.open_gates();
    let live = run
        .approvals
        .iter()
        .filter(|approval| approval.digest == current.digest && !open.contains(&approval.gate));
    live.map(|approval| Approval { gate: approval.gate, by: approval.by.clone() }).collect()
}

fn why(cause: &Cancelled) -> &'static str {
    match cause {
        Cancelled::Closed => "the issue was closed",
        Cancelled::Unlabelled => "the label was taken off",
        Cancelled::ByCommand => "somebody cancelled it",
    }
}

fn progress(task: &TaskRun) -> TaskProgress {
    TaskProgress { task: task.id.clone(), state: task.state, note: task.note.clone() }
}

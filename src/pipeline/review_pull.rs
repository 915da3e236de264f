//! The review of a pull request, and of a merge queue's commit: load, review, publish, remember.

use std::collections::HashSet;

use sha2::{Digest, Sha256};

use super::load::{self, Loaded};
use super::progress::Progress;
use super::publish::Known;
use super::review::{self, ReviewRequest, ReviewResult};
use super::{JobError, Services, owner_policy};
use crate::config::policy::Policy;
use crate::domain::change::Subject;
use crate::domain::event::RepoRef;
use crate::domain::finding::Fingerprint;
use crate::domain::ids::{CommitSha, Login, Number};
use crate::domain::job::JobKind;
use crate::domain::publication::{CommentPurpose, Publication};
use crate::domain::report::{RejectedGate, RememberedFinding, RememberedState, Report, Verdict};
use crate::domain::team::{Lane, Team};
use crate::domain::text::Untrusted;
use crate::ports::forge::{Pull, PullState};
use crate::ports::ledger::{PullMemory, Reviewed};
use crate::ports::queue::Lease;
use crate::ports::source::{ChangeHead, FetchRequest, Fetched, Remote};
use crate::report::check::{self, Reviewer};
use crate::report::comment::{self, CommentContext};
use crate::report::findings_v1::ReviewFindings;
use crate::report::gates;
use crate::report::{WebUrl, labels, line_note};
use crate::rules;

/// Version of this program, part of what decides a result.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What the job asks for.
struct Wanted<'a> {
    number: Number,
    full: bool,
    lanes: &'a [Lane],
    requested: bool,
}

/// Reviews a pull request at its present head, unless that was done or it is to be left alone.
pub async fn review_pull(services: &Services, lease: &Lease) -> Result<(), JobError> {
    let JobKind::ReviewPull { number, full, lanes, requested } = &lease.job.kind else {
        return Err(JobError::Permanent("not a review".to_owned()));
    };
    let wanted = Wanted { number: *number, full: *full, lanes, requested: *requested };
    let pull = services.reader.pull(&lease.job.repo, wanted.number).await?;
    if pull.state != PullState::Open {
        return Ok(());
    }
    let repo = RepoRef { slug: pull.slug.clone(), ..lease.job.repo.clone() };
    let mut memory = services.ledger.load(repo.id, pull.number).await?;
    if memory.paused && !wanted.requested {
        tracing::info!(event = "review_skipped", why = "paused");
        return Ok(());
    }
    let fetched = fetch(services, &repo, &pull).await?;
    let loaded = load::load(services.source.as_ref(), &fetched, about(&repo, &pull)).await?;
    let loaded = owner_policy::apply(services, &repo, loaded).await?;
    if let Some(why) = left_alone(&pull, &loaded.policy, wanted.requested) {
        tracing::info!(event = "review_skipped", why);
        return Ok(());
    }
    let inputs = inputs(&loaded);
    let done = memory.reviewed.as_ref().is_some_and(|done| {
        done.head == fetched.head && done.base == loaded.change.merge_base && done.inputs == inputs
    });
    if done && !wanted.requested && !wanted.full {
        tracing::info!(event = "review_skipped", why = "this head was reviewed");
        return Ok(());
    }
    let request = ReviewRequest {
        memory: memory.findings.clone(),
        lanes: wanted.lanes.to_vec(),
        approved: approved(&memory, &pull.head),
        rejected: rejected(&memory, &pull.head),
        limits: services.options.run_limits,
    };
    let progress = Progress {
        services,
        lease,
        repo: &repo,
        number: pull.number,
        head: &pull.head,
        policy: &loaded.policy,
    };
    let work = review::review(services.source.as_ref(), &fetched, &loaded, request);
    let result = progress.during(&mut memory, work).await?;
    if services.queue.superseded(lease).await? {
        let now = services.reader.pull(&repo, pull.number).await?;
        progress.overtaken(&memory, &now.head).await?;
        return Err(JobError::Superseded);
    }
    let run = Run { services, lease, repo: &repo, pull: &pull, loaded: &loaded, inputs };
    run.publish(memory, result, wanted.lanes.is_empty()).await
}

/// Gates that somebody approved for this very head.
fn approved(memory: &PullMemory, head: &CommitSha) -> Vec<(Fingerprint, Login)> {
    let live = memory.gates.iter().filter(|approval| approval.head == *head);
    live.map(|approval| (approval.finding.clone(), approval.by.clone())).collect()
}

/// Gates that somebody said no to, at this very head.
fn rejected(memory: &PullMemory, head: &CommitSha) -> Vec<RejectedGate> {
    let live = memory.rejections.iter().filter(|rejection| rejection.head == *head);
    live.map(|rejection| RejectedGate {
        fingerprint: rejection.finding.clone(),
        by: rejection.by.clone(),
        reason: rejection.reason.clone(),
    })
    .collect()
}

/// Why the pull request is not reviewed without being asked.
fn left_alone(pull: &Pull, policy: &Policy, requested: bool) -> Option<&'static str> {
    let has = |label: &str| pull.labels.iter().any(|own| own.eq_ignore_ascii_case(label));
    if policy.labels.exclude.iter().any(|label| has(label)) {
        return (!requested).then_some("excluded by a label");
    }
    if requested || has(&policy.labels.trigger) {
        return None;
    }
    if pull.draft && !policy.review.drafts {
        return Some("draft");
    }
    (pull.author.is_bot && !policy.review.bots).then_some("by a bot")
}

pub(super) fn about(repo: &RepoRef, pull: &Pull) -> ChangeHead {
    ChangeHead {
        repo: Some((repo.id, repo.slug.clone())),
        subject: Subject::Pull {
            number: pull.number,
            author: pull.author.login.0.clone(),
            from_fork: pull.from_fork,
            labels: pull.labels.clone(),
        },
        title: pull.title.clone(),
        body: pull.body.clone(),
    }
}

pub(super) async fn remote(services: &Services, repo: &RepoRef) -> Result<Remote, JobError> {
    Ok(Remote {
        id: repo.id,
        slug: repo.slug.clone(),
        url: format!("{}/{}.git", services.options.web_url, repo.slug),
        token: Some(services.reader.git_token(repo).await?),
    })
}

pub(super) async fn fetch(
    services: &Services,
    repo: &RepoRef,
    pull: &Pull,
) -> Result<Fetched, JobError> {
    let request = FetchRequest {
        base: pull.base.clone(),
        head: pull.head.clone(),
        pull: Some(pull.number),
        base_ref: Some(pull.base_ref.clone()),
    };
    let remote = remote(services, repo).await?;
    Ok(services.source.fetch(&remote, &request).await?)
}

/// Digest of what decides the result besides the commits.
fn inputs(loaded: &Loaded) -> String {
    let mut digest = Sha256::new();
    digest.update(VERSION);
    for rule in rules::all() {
        digest.update(rule.code);
        digest.update([0]);
    }
    digest.update(format!("{:?}", loaded.policy));
    digest.update(format!("{:?}", loaded.instructions.team));
    digest.update(loaded.change.title.expose());
    digest.update([0]);
    digest.update(loaded.change.body.expose());
    hex::encode(digest.finalize().get(..12).unwrap_or_default())
}

/// One review on its way out.
struct Run<'a> {
    services: &'a Services,
    lease: &'a Lease,
    repo: &'a RepoRef,
    pull: &'a Pull,
    loaded: &'a Loaded,
    inputs: String,
}

impl Run<'_> {
    async fn publish(
        &self,
        mut memory: PullMemory,
        result: ReviewResult,
        everyone: bool,
    ) -> Result<(), JobError> {
        let head = &result.report.head;
        let known = Known {
            number: Some(self.pull.number),
            summary: memory.summary,
            head_is_untouched: memory.publishing.as_ref() != Some(head),
            labels: self.pull.labels.clone(),
        };
        memory.publishing = Some(head.clone());
        self.save(&memory).await?;
        let wanted = self.publications(&memory, &result, everyone);
        let published = self.services.publisher.reconcile(self.repo, &known, &wanted).await?;
        memory.summary = published.summary;
        memory.findings = result.memory;
        remember_notes(&mut memory.findings, &published.noted);
        memory.command_prefix = Some(self.loaded.policy.commands.prefix.clone());
        memory.lanes_seen = lanes_seen(memory.lanes_seen, &result.report);
        if everyone {
            memory.reviewed = Some(Reviewed {
                head: head.clone(),
                base: self.loaded.change.merge_base.clone(),
                inputs: self.inputs.clone(),
                unknown: Default::default(),
            });
        }
        self.keep_result(&result.report).await;
        record(&result.report);
        self.save(&memory).await
    }

    async fn save(&self, memory: &PullMemory) -> Result<(), JobError> {
        let ledger = &self.services.ledger;
        match ledger.save(self.lease, self.pull.number, memory).await? {
            true => Ok(()),
            // Somebody else has the job now and will finish it.
            false => Err(JobError::Superseded),
        }
    }

    fn publications(
        &self,
        memory: &PullMemory,
        result: &ReviewResult,
        everyone: bool,
    ) -> Vec<Publication> {
        let Loaded { change, policy, instructions, .. } = self.loaded;
        let report = &result.report;
        let mut wanted = Vec::new();
        // A change that is for nobody here gets no comment, unless one stands already.
        if report.verdict != Verdict::NothingToReview || memory.summary.is_some() {
            let context = CommentContext {
                web_url: WebUrl::parse(&self.services.options.web_url),
                version: VERSION.to_owned(),
            };
            let body = comment::summary(report, policy, &context);
            wanted.push(Publication::Comment { purpose: CommentPurpose::Review, body });
            wanted
                .push(only_open_notes(line_note::notes(report, change, policy), &memory.findings));
        }
        let reviewers = if everyone { reviewers(&instructions.team) } else { Vec::new() };
        let checks = check::checks(report, policy, &reviewers, &memory.lanes_seen);
        wanted.extend(checks.into_iter().map(Publication::Check));
        if policy.labels.state {
            let present = labels::state_label(report.verdict).map(str::to_owned);
            wanted.push(Publication::StateLabel { all: labels::all(), present });
        }
        wanted
    }

    async fn keep_result(&self, report: &Report) {
        let Some(folder) = &self.services.options.results_dir else { return };
        let json = ReviewFindings::of(report, VERSION).to_json();
        let name = format!("{}-{}.json", self.pull.number, report.head.short());
        let folder = folder.join(self.repo.id.to_string());
        let written = async {
            tokio::fs::create_dir_all(&folder).await?;
            tokio::fs::write(folder.join(&name), json).await
        };
        if let Err(error) = written.await {
            tracing::warn!(event = "result_not_kept", %error);
        }
    }
}

/// Leaves out notes that stand unchanged and closes only those that were posted, so that the
/// usual review need not list the notes at all.
fn only_open_notes(publication: Publication, memory: &[RememberedFinding]) -> Publication {
    let noted: HashSet<&Fingerprint> =
        memory.iter().filter(|old| old.noted).map(|old| &old.fingerprint).collect();
    let Publication::LineNotes { head, notes, fixed } = publication else { return publication };
    Publication::LineNotes {
        head,
        notes: notes.into_iter().filter(|note| !noted.contains(&note.fingerprint)).collect(),
        fixed: fixed.into_iter().filter(|note| noted.contains(&note.fingerprint)).collect(),
    }
}

/// Open findings remember their note. The notes of others were closed just now and need not be
/// looked for again.
fn remember_notes(findings: &mut [RememberedFinding], noted: &[Fingerprint]) {
    for finding in findings {
        let open = finding.state == RememberedState::Open;
        finding.noted = open && (finding.noted || noted.contains(&finding.fingerprint));
    }
}

fn lanes_seen(mut seen: Vec<Lane>, report: &Report) -> Vec<Lane> {
    seen.extend(report.sections.iter().map(|section| section.lane));
    seen.sort_unstable();
    seen.dedup();
    seen
}

fn reviewers(team: &Team) -> Vec<Reviewer> {
    Lane::REVIEWERS
        .into_iter()
        .map(|lane| Reviewer { lane, agent: team.name_for(lane).to_owned() })
        .collect()
}

fn record(report: &Report) {
    for reported in &report.findings {
        let severity = reported.finding.severity.as_str();
        metrics::counter!("backend_team_findings_total", "severity" => severity).increment(1);
    }
    tracing::info!(
        event = "reviewed",
        head = %report.head,
        files = report.stats.files,
        findings = report.findings.len(),
        fixed = report.fixed.len(),
        not_checked = report.not_checked.len(),
        dropped = report.dropped,
        verdict = ?report.verdict,
    );
}

/// Answers the checks that a merge queue waits for.
pub async fn review_merge_group(
    services: &Services,
    lease: &Lease,
    head: &CommitSha,
    base: &CommitSha,
) -> Result<(), JobError> {
    let repo = &lease.job.repo;
    let request =
        FetchRequest { base: base.clone(), head: head.clone(), pull: None, base_ref: None };
    let remote = remote(services, repo).await?;
    let fetched = services.source.fetch(&remote, &request).await?;
    let about = ChangeHead {
        repo: Some((repo.id, repo.slug.clone())),
        subject: Subject::Range,
        title: Untrusted::default(),
        body: Untrusted::default(),
    };
    let loaded = load::load(services.source.as_ref(), &fetched, about).await?;
    let loaded = owner_policy::apply(services, repo, loaded).await?;
    let request = ReviewRequest { limits: services.options.run_limits, ..ReviewRequest::default() };
    let mut result = review::review(services.source.as_ref(), &fetched, &loaded, request).await?;
    gates::leave_to_pulls(&mut result.report, &loaded.policy);
    let reviewers = reviewers(&loaded.instructions.team);
    let checks = check::checks(&result.report, &loaded.policy, &reviewers, &[]);
    let wanted: Vec<Publication> = checks.into_iter().map(Publication::Check).collect();
    services.publisher.reconcile(repo, &Known::default(), &wanted).await?;
    Ok(())
}

/// The job is given up: the check says so, neither green nor red, and how to run it again.
pub async fn give_up(services: &Services, lease: &Lease) {
    let JobKind::ReviewPull { number, .. } = &lease.job.kind else { return };
    let result = async {
        let pull = services.reader.pull(&lease.job.repo, *number).await?;
        let reason = format!("an internal fault, number {}", lease.job.id);
        let checks = check::troubled(&pull.head, &reason, &Policy::default(), &[]);
        let wanted: Vec<Publication> = checks.into_iter().map(Publication::Check).collect();
        let known = Known { number: Some(*number), ..Known::default() };
        services.publisher.reconcile(&lease.job.repo, &known, &wanted).await
    };
    if let Err(error) = result.await {
        tracing::error!(event = "trouble_not_reported", %error);
    }
}

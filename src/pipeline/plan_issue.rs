//! Brings the plan of an issue in line with the issue, its answers and the default branch.

use sha2::{Digest, Sha256};

use super::draft::{self, Drafted};
use super::load::PolicyOrigin;
use super::owner_policy;
use super::plan_show::{save, show};
use super::review_pull::{VERSION, remote};
use super::{JobError, Services};
use crate::config::policy::Policy;
use crate::domain::event::RepoRef;
use crate::domain::ids::{CommitSha, Number};
use crate::domain::issue::Issue;
use crate::domain::job::{JobKind, NewJob};
use crate::domain::run::{Cancelled, Current, GateOwners, Phase, PlanRun, RunRules};
use crate::ports::forge::{DefaultBranch, ForgeError};
use crate::ports::ledger::PullMemory;
use crate::ports::queue::Lease;
use crate::ports::source::FetchRequest;

/// An issue that is not found this often is gone: right after an event a replica of GitHub may not
/// have seen it yet.
const BELIEVE_GONE: u32 = 3;
/// Problems of policy and instruction files that are kept with a plan.
const MAX_PROBLEMS: usize = 20;

/// Plans an issue, plans it again, or ends its plan: whatever its present state asks for.
pub async fn plan_issue(services: &Services, lease: &Lease) -> Result<(), JobError> {
    let JobKind::PlanIssue { number, label } = &lease.job.kind else {
        return Err(JobError::Permanent("not a plan".to_owned()));
    };
    let mut repo = lease.job.repo.clone();
    let mut memory = services.ledger.load(repo.id, *number).await?;
    let rules = match (&memory.plan, label) {
        (None, None) => return Ok(()),
        (Some(run), _) if run.current.is_some() => run.rules.clone(),
        _ => {
            let policy = owner_policy::on_default_branch(services, &repo).await?;
            rules_of(&policy, PolicyOrigin::default(), Vec::new())
        }
    };
    let asks = |label: &String| rules.trigger.eq_ignore_ascii_case(label);
    if memory.plan.is_none() && !label.as_ref().is_some_and(asks) {
        return Ok(());
    }
    let issue = match services.reader.issue(&repo, *number).await {
        Err(ForgeError::NotFound(_)) if lease.job.attempt >= BELIEVE_GONE => {
            return gone(services, lease, *number, memory).await;
        }
        other => other?,
    };
    if let Some(slug) = &issue.slug {
        repo.slug = slug.clone();
    }
    let job = Planning { services, lease, repo: &repo, issue: &issue };
    if !job.follow(&mut memory, &rules) {
        return Ok(());
    }
    if memory.plan.as_ref().is_some_and(|run| run.current.is_none()) {
        // That a plan is wanted is known from here on, whatever becomes of making it.
        save(services, lease, *number, &memory).await?;
    }
    if !job.plan(&mut memory).await? {
        return Err(JobError::Superseded);
    }
    show(services, lease, &repo, *number, &mut memory).await
}

async fn gone(
    services: &Services,
    lease: &Lease,
    number: Number,
    mut memory: PullMemory,
) -> Result<(), JobError> {
    if memory.plan.as_mut().is_some_and(|run| run.cancel(Cancelled::Closed)) {
        save(services, lease, number, &memory).await?;
    }
    Ok(())
}

fn rules_of(policy: &Policy, origin: PolicyOrigin, owners: Vec<GateOwners>) -> RunRules {
    RunRules {
        trigger: policy.labels.trigger.clone(),
        exclude: policy.labels.exclude.clone(),
        approvers: policy.gates.approvers.clone(),
        owners,
        from_owner: origin == PolicyOrigin::Owner,
        allow_branches: policy.gates.allow_branches,
        automatic: policy.gates.automatic,
        labels: policy.labels.state,
        prefix: policy.commands.prefix.clone(),
        detail: policy.plans.detail,
    }
}

struct Planning<'a> {
    services: &'a Services,
    lease: &'a Lease,
    repo: &'a RepoRef,
    issue: &'a Issue,
}

impl Planning<'_> {
    /// Follows what people did with the issue. `false`: it has no plan and wants none.
    fn follow(&self, memory: &mut PullMemory, rules: &RunRules) -> bool {
        let has = |label: &str| self.issue.labels.iter().any(|own| own.eq_ignore_ascii_case(label));
        let excluded = rules.exclude.iter().any(|label| has(label));
        let labelled = has(&rules.trigger);
        let author = self.issue.author.login.clone();
        let Some(run) = &mut memory.plan else {
            let wanted = self.issue.open && labelled && !excluded;
            if wanted {
                memory.plan = Some(PlanRun::new(author, false));
            }
            return wanted;
        };
        let wanted = self.issue.open && !excluded && (run.asked || labelled);
        if !wanted {
            let closed = !self.issue.open;
            run.cancel(if closed { Cancelled::Closed } else { Cancelled::Unlabelled });
        } else if run.may_reopen() {
            run.restart(author, false);
        }
        true
    }

    /// Makes the plan if it is not the one that would be made now. `false`: something newer waits,
    /// which will make it.
    async fn plan(&self, memory: &mut PullMemory) -> Result<bool, JobError> {
        let Some(run) = &mut memory.plan else { return Ok(true) };
        if !run.is_open() {
            return Ok(true);
        }
        if let (false, Some(current)) = (run.follows_base(), &run.current) {
            // Approved as a whole: it stands on its commit, but not on words that changed.
            if current.inputs == self.inputs(run, &current.base, run.rules.from_owner).await? {
                return Ok(true);
            }
            run.outdated();
        }
        let tip = self.services.reader.default_branch(self.repo).await?;
        let inputs = self.inputs(run, &tip.head, run.rules.from_owner).await?;
        let same = run.current.as_ref().is_some_and(|current| current.inputs == inputs);
        if same && run.phase != Phase::Planning {
            return Ok(true);
        }
        let drafted = self.draft(run, &tip).await?;
        if self.services.queue.superseded(self.lease).await? {
            return Ok(false);
        }
        let rules = rules_of(&drafted.policy, drafted.origin, drafted.owners.clone());
        let inputs = self.inputs(run, &tip.head, rules.from_owner).await?;
        memory.command_prefix = Some(rules.prefix.clone());
        run.planned(self.current(drafted, tip, inputs), rules);
        Ok(true)
    }

    async fn draft(&self, run: &PlanRun, tip: &DefaultBranch) -> Result<Drafted, JobError> {
        let request = FetchRequest {
            base: tip.head.clone(),
            head: tip.head.clone(),
            pull: None,
            base_ref: Some(tip.name.clone()),
        };
        let remote = remote(self.services, self.repo).await?;
        let source = self.services.source.as_ref();
        let fetched = source.fetch(&remote, &request).await?;
        let at = draft::at(&fetched, &tip.head);
        let in_force = owner_policy::in_force(self.services, self.repo, &at).await?;
        let drafted = draft::draft_under(source, &at, self.issue, &run.answers, in_force).await?;
        if let Some(problem) = drafted.plan_problems.first() {
            return Err(JobError::Permanent(format!("the plan is not sound: {problem:?}")));
        }
        Ok(drafted)
    }

    fn current(&self, drafted: Drafted, tip: DefaultBranch, inputs: String) -> Current {
        Current {
            plan: drafted.plan,
            digest: drafted.digest,
            base: tip.head,
            base_ref: tip.name,
            inputs,
            made_at: self.services.clock.now(),
            problems: drafted.problems.into_iter().take(MAX_PROBLEMS).collect(),
            house: drafted.house,
        }
    }

    /// Digest of everything that a plan is made from: the rest is in the commit, but for the
    /// owner's policy where that counts.
    async fn inputs(
        &self,
        run: &PlanRun,
        base: &CommitSha,
        from_owner: bool,
    ) -> Result<String, JobError> {
        let mut digest = Sha256::new();
        for part in [VERSION, base.as_str(), self.issue.title.expose(), self.issue.body.expose()] {
            digest.update(part.len().to_le_bytes());
            digest.update(part);
        }
        digest.update(format!("{:?}", run.answers));
        if from_owner && let Some(text) = owner_policy::text(self.services, self.repo).await? {
            digest.update(text);
        }
        Ok(hex::encode(digest.finalize().get(..16).unwrap_or_default()))
    }
}

/// The default branch moved: plans that follow it are made again.
pub async fn refresh(services: &Services, lease: &Lease) -> Result<(), JobError> {
    let repo = &lease.job.repo;
    services.prefixes.forget(repo.id).await;
    let numbers = services.ledger.plans_that_follow_base(repo.id).await?;
    let job = |number| NewJob {
        repo: repo.clone(),
        kind: JobKind::PlanIssue { number, label: None },
        delivery: lease.job.delivery.clone(),
    };
    let jobs: Vec<NewJob> = numbers.into_iter().map(job).collect();
    if jobs.is_empty() {
        return Ok(());
    }
    Ok(services.queue.enqueue(jobs, services.clock.now()).await?)
}

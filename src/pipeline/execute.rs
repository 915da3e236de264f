//! Carries out an approved plan: writes what rules can write, checks it as pull requests are
//! checked, and delivers it as a branch with a draft pull request.

mod deliver;
mod ground;
mod validate;
mod work;

use super::plan_show::show;
use super::{JobError, Services};
use crate::domain::event::RepoRef;
use crate::domain::ids::Number;
use crate::domain::job::JobKind;
use crate::domain::plan::Task;
use crate::domain::run::Cancelled;
use crate::plan::produce::Produced;
use crate::ports::ledger::PullMemory;
use crate::ports::queue::Lease;

/// What one task of the plan wrote.
#[derive(Debug, Clone)]
struct Done {
    task: Task,
    produced: Produced,
}

/// Carries out the plan of an issue if it is approved, and nothing otherwise.
pub async fn execute(services: &Services, lease: &Lease) -> Result<(), JobError> {
    let JobKind::ExecutePlan { number } = &lease.job.kind else {
        return Err(JobError::Permanent("no plan to carry out".to_owned()));
    };
    let mut repo = lease.job.repo.clone();
    let mut memory = services.ledger.load(repo.id, *number).await?;
    let Some(approved) = memory.plan.as_ref().and_then(|run| run.permit().ok()) else {
        // Done already, if anything was; what could not be shown then is shown now.
        return show(services, lease, &repo, *number, &mut memory).await;
    };
    let issue = services.reader.issue(&repo, *number).await?;
    if let Some(slug) = &issue.slug {
        repo.slug = slug.clone();
    }
    let job = Carrying { services, lease, repo: &repo, number: *number };
    if !issue.open {
        return job.cancel(&mut memory).await;
    }
    if let Some(run) = &mut memory.plan {
        run.start(&approved);
    }
    job.show(&mut memory).await?;
    let ground = ground::read(services, &repo, &approved).await?;
    let Some(done) = job.work(&mut memory, &approved, &ground).await? else {
        return job.show(&mut memory).await;
    };
    // Asked again at the last moment: people change their minds while work goes on.
    if !services.reader.issue(&repo, *number).await?.open {
        return job.cancel(&mut memory).await;
    }
    job.deliver(&mut memory, approved, &done).await?;
    job.show(&mut memory).await
}

/// One plan while it is carried out.
struct Carrying<'a> {
    services: &'a Services,
    lease: &'a Lease,
    repo: &'a RepoRef,
    number: Number,
}

impl Carrying<'_> {
    async fn show(&self, memory: &mut PullMemory) -> Result<(), JobError> {
        show(self.services, self.lease, self.repo, self.number, memory).await
    }

    async fn cancel(&self, memory: &mut PullMemory) -> Result<(), JobError> {
        if let Some(run) = &mut memory.plan {
            run.cancel(Cancelled::Closed);
        }
        self.show(memory).await
    }
}

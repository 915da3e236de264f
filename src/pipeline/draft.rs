//! From an issue to a drafted plan: reads policy, team and survey at the base commit.

use sha2::{Digest, Sha256};

use super::{JobError, load, survey};
use crate::config::policy::Policy;
use crate::domain::ids::CommitSha;
use crate::domain::instructions::Problem;
use crate::domain::issue::Issue;
use crate::domain::plan::{Answered, Plan};
use crate::domain::survey::Survey;
use crate::domain::team::Team;
use crate::plan;
use crate::plan::PlanProblem;
use crate::ports::source::{Fetched, Source};

/// A plan with everything that it was made from.
#[derive(Debug, Clone)]
pub struct Drafted {
    pub plan: Plan,
    /// The commit that the plan is about.
    pub base: CommitSha,
    /// What approvals are bound to.
    pub digest: String,
    pub team: Team,
    pub policy: Policy,
    /// Problems of policy and instruction files.
    pub problems: Vec<Problem>,
    /// Empty unless the planner itself is wrong.
    pub plan_problems: Vec<PlanProblem>,
    /// Names what was looked at: 64 hexadecimal digits.
    pub survey_digest: String,
    pub survey: Survey,
}

/// Drafts the plan of an issue at a base commit.
pub async fn draft_plan(
    source: &dyn Source,
    fetched: &Fetched,
    base: &CommitSha,
    issue: &Issue,
    answers: &[Answered],
) -> Result<Drafted, JobError> {
    let at = Fetched {
        repository: fetched.repository.clone(),
        base: base.clone(),
        head: base.clone(),
        merge_base: Some(base.clone()),
    };
    let (policy, mut problems) = load::policy(source, &at).await?;
    let instructions = load::instructions(source, &at).await?;
    problems.extend(instructions.problems);
    let team = instructions.team;
    let survey = survey::survey(source, &at, base, issue).await?;
    let drafting = {
        let (issue, answers) = (issue.clone(), answers.to_vec());
        move || {
            let plan = plan::draft(&issue, &survey, &team, &policy, &answers);
            (plan, survey, team, policy)
        }
    };
    let (plan, survey, team, policy) = tokio::task::spawn_blocking(drafting)
        .await
        .map_err(|error| JobError::Permanent(format!("the plan was not drafted: {error}")))?;
    Ok(Drafted {
        digest: plan::digest(&plan, base),
        plan_problems: plan::validate(&plan),
        survey_digest: survey_digest(&survey),
        base: base.clone(),
        plan,
        team,
        policy,
        problems,
        survey,
    })
}

fn survey_digest(survey: &Survey) -> String {
    let mut hash = Sha256::new();
    for file in &survey.listing.files {
        hash.update(file.path.as_str().as_bytes());
        hash.update([0]);
        hash.update(file.object.as_bytes());
        hash.update([b'\n']);
    }
    for file in &survey.texts {
        hash.update(file.path.as_str().as_bytes());
        hash.update([b'\n']);
    }
    for left_out in &survey.left_out {
        hash.update(left_out.as_bytes());
        hash.update([b'\n']);
    }
    hex::encode(hash.finalize())
}

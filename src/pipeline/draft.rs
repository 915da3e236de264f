//! From an issue to a drafted plan: reads policy, team and survey at the base commit.

use sha2::{Digest, Sha256};

use super::load::PolicyOrigin;
use super::owner_policy::{self, InForce};
use super::{JobError, load, survey};
use crate::config::code_owners::CodeOwners;
use crate::config::policy::Policy;
use crate::domain::house::House;
use crate::domain::ids::CommitSha;
use crate::domain::instructions::Problem;
use crate::domain::issue::Issue;
use crate::domain::plan::{Answered, Plan};
use crate::domain::run::GateOwners;
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
    pub origin: PolicyOrigin,
    /// Code owners who decide about the gates.
    pub owners: Vec<GateOwners>,
    /// What goes along with every task that is handed over.
    pub house: House,
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
    let at = at(fetched, base);
    let in_force = owner_policy::own(source, &at).await?;
    draft_under(source, &at, issue, answers, in_force).await
}

/// A repository seen at one commit.
pub fn at(fetched: &Fetched, base: &CommitSha) -> Fetched {
    Fetched {
        repository: fetched.repository.clone(),
        base: base.clone(),
        head: base.clone(),
        merge_base: Some(base.clone()),
    }
}

/// Drafts the plan of an issue at a commit under the policy that is in force there.
pub async fn draft_under(
    source: &dyn Source,
    at: &Fetched,
    issue: &Issue,
    answers: &[Answered],
    in_force: InForce,
) -> Result<Drafted, JobError> {
    let base = &at.base;
    let InForce { policy, mut problems, origin } = in_force;
    let code_owners = match policy.gates.code_owners {
        true => load::code_owners(source, at).await?,
        false => CodeOwners::default(),
    };
    let instructions = load::instructions(source, at).await?;
    problems.extend(instructions.problems);
    let team = instructions.team;
    let survey = survey::survey(source, at, base, issue).await?;
    let drafting = {
        let (issue, answers) = (issue.clone(), answers.to_vec());
        move || {
            let plan = plan::draft(&issue, &survey, &team, &policy, &answers);
            let owners = plan::owners(&plan, &code_owners);
            let house = plan::house(&survey, &team);
            (plan, owners, house, survey, team, policy)
        }
    };
    let (plan, owners, house, survey, team, policy) =
        tokio::task::spawn_blocking(drafting)
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
        origin,
        owners,
        house,
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

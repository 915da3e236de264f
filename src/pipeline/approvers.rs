//! Who may decide about gates.

use super::{JobError, Services};
use crate::domain::event::RepoRef;
use crate::domain::ids::Login;
use crate::ports::forge::{ForgeError, Permission};

/// What was found out about somebody who decides.
#[derive(Debug, Clone, Copy, Default)]
pub struct Found {
    pub permitted: bool,
    /// A team is named whose members the App may not see.
    pub teams_unreadable: bool,
}

/// Whether the policy's `approvers` name this person. Where they name nobody, whoever maintains
/// the repository may.
pub async fn permitted(
    services: &Services,
    repo: &RepoRef,
    approvers: &[String],
    login: &Login,
    permission: Permission,
) -> Result<Found, JobError> {
    let mut found = Found::default();
    if approvers.is_empty() {
        found.permitted = permission >= Permission::Maintain;
        return Ok(found);
    }
    let person = |name: &&String| *login == Login(name.trim_start_matches('@').to_owned());
    if approvers.iter().any(|name| person(&name)) {
        found.permitted = true;
        return Ok(found);
    }
    let teams = approvers.iter().filter_map(|name| name.trim_start_matches('@').split_once('/'));
    for (organisation, team) in teams {
        let reader = &services.reader;
        match reader.is_team_member(repo, organisation, team, &login.0).await {
            Ok(true) => {
                found.permitted = true;
                return Ok(found);
            }
            Ok(false) => {}
            Err(ForgeError::Forbidden(_)) => found.teams_unreadable = true,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(found)
}

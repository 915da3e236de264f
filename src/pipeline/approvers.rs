//! Who may decide about gates.

use std::collections::BTreeMap;

use super::{JobError, Services};
use crate::domain::event::RepoRef;
use crate::domain::ids::Login;
use crate::ports::forge::{ForgeError, Permission};

/// One person who wants to decide, and what was found out about them. Each team is asked for once.
pub struct Decider<'a> {
    services: &'a Services,
    repo: &'a RepoRef,
    login: &'a Login,
    permission: Permission,
    /// By organisation and team.
    teams: BTreeMap<(String, String), bool>,
    /// Teams whose members the App may not see.
    pub unreadable: Vec<String>,
}

impl<'a> Decider<'a> {
    /// `permission` is what the forge says now.
    pub fn new(
        services: &'a Services,
        repo: &'a RepoRef,
        login: &'a Login,
        permission: Permission,
    ) -> Self {
        Self { services, repo, login, permission, teams: BTreeMap::new(), unreadable: Vec::new() }
    }

    /// Whether this person may decide about a gate: the policy's `approvers` name them, or they
    /// maintain the repository where it names nobody; or they are in every list of `owners`, the
    /// code owners of the files that wait for the gate, and may write.
    pub async fn may(
        &mut self,
        approvers: &[String],
        owners: &[Vec<String>],
    ) -> Result<bool, JobError> {
        let by_policy = match approvers {
            [] => self.permission >= Permission::Maintain,
            named => self.is_among(named).await?,
        };
        if by_policy || owners.is_empty() || self.permission < Permission::Write {
            return Ok(by_policy);
        }
        for list in owners {
            if !self.is_among(list).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether a list of logins and teams has this person. E-mail addresses name nobody.
    async fn is_among(&mut self, names: &[String]) -> Result<bool, JobError> {
        let bare = |name: &'_ String| name.trim_start_matches('@').to_owned();
        let known: Vec<String> =
            names.iter().map(bare).filter(|name| !name.contains('@')).collect();
        if known.iter().any(|name| *self.login == Login(name.clone())) {
            return Ok(true);
        }
        for (organisation, team) in known.iter().filter_map(|name| name.split_once('/')) {
            if self.is_in(organisation, team).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn is_in(&mut self, organisation: &str, team: &str) -> Result<bool, JobError> {
        let key = (organisation.to_owned(), team.to_owned());
        if let Some(known) = self.teams.get(&key) {
            return Ok(*known);
        }
        let reader = &self.services.reader;
        let found = match reader.is_team_member(self.repo, organisation, team, &self.login.0).await
        {
            Ok(found) => found,
            Err(ForgeError::Forbidden(_)) => {
                self.unreadable.push(format!("@{organisation}/{team}"));
                false
            }
            Err(error) => return Err(error.into()),
        };
        self.teams.insert(key, found);
        Ok(found)
    }
}

//! Who of the team does which kind of work.

use crate::domain::team::{Lane, Member, Team};

/// A kind of work of a plan. Rosters name specialists for some; else the member of its lane does it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// Decides on boundaries, contracts and compatibility.
    Contract,
    Schema,
    Query,
    Security,
    Implement,
    ServerFunction,
    Realtime,
    Deployment,
    Debugging,
    Monitoring,
    Testing,
}

impl Role {
    pub fn lane(self) -> Lane {
        match self {
            Self::Contract => Lane::Lead,
            Self::Schema | Self::Query => Lane::Data,
            Self::Security => Lane::Security,
            Self::Implement | Self::ServerFunction | Self::Realtime => Lane::Implementer,
            Self::Deployment => Lane::Infra,
            Self::Debugging | Self::Monitoring => Lane::Observability,
            Self::Testing => Lane::Qa,
        }
    }

    /// Words of the names of specialists, most fitting first.
    fn specialists(self) -> &'static [&'static str] {
        match self {
            Self::Contract => &["api-data", "api-designer", "backend-lead", "architect"],
            Self::Schema => {
                &["db-architect", "schema-architect", "database-architect", "data-gatekeeper"]
            }
            Self::Query => &["query-optimizer", "query-optimiser", "db-tuner"],
            Self::Security => &["security"],
            Self::Implement => &["service-implementer", "api-data"],
            Self::ServerFunction => &["edge-functions", "functions"],
            Self::Realtime => &["websocket", "realtime"],
            Self::Deployment => &["deployment", "devops"],
            Self::Debugging => &["debugger"],
            Self::Monitoring => &["monitor", "observability-guardian"],
            Self::Testing => &["qa-specialist", "qa"],
        }
    }

    /// What it answers for, as a clause after the agent's name.
    pub fn mandate(self) -> &'static str {
        match self {
            Self::Contract => "answers for contracts, boundaries and compatibility",
            Self::Schema => "answers for schemas and migrations",
            Self::Query => "answers for queries and the indexes that they need",
            Self::Security => "answers for authentication, authorization and isolation",
            Self::Implement => "implements endpoints and services with their tests",
            Self::ServerFunction => "implements server functions",
            Self::Realtime => "implements real-time delivery",
            Self::Deployment => "answers for pipelines, deployment and configuration",
            Self::Debugging => "finds the causes of failures",
            Self::Monitoring => "answers for logs, metrics, traces and alerts",
            Self::Testing => "answers for tests",
        }
    }
}

/// An agent of the team for a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    pub name: String,
    pub lane: Lane,
    /// Why this one.
    pub because: String,
}

/// The member for a role: a specialist that the repository names, else the member of the lane.
pub fn agent(role: Role, team: &Team) -> Agent {
    let member = specialist(role, team).or_else(|| team.member_for(role.lane()));
    match member {
        Some(member) => {
            Agent { name: member.name.clone(), lane: role.lane(), because: because(role, member) }
        }
        None => Agent {
            name: role.lane().default_agent().to_owned(),
            lane: role.lane(),
            because: role.mandate().to_owned(),
        },
    }
}

/// Whether the repository names somebody for just this role.
pub fn has_specialist(role: Role, team: &Team) -> bool {
    specialist(role, team).is_some_and(|member| !member.is_built_in())
}

fn specialist(role: Role, team: &Team) -> Option<&Member> {
    role.specialists().iter().find_map(|wanted| {
        team.members.iter().find(|member| {
            member.lane.is_some() && !member.is_built_in() && normalized(&member.name) == *wanted
        })
    })
}

fn because(role: Role, member: &Member) -> String {
    match &member.source {
        Some(source) => {
            format!("{} (`{}`:{})", role.mandate(), source.path, source.lines.start())
        }
        None => format!("{} (built-in: the repository names nobody for it)", role.mandate()),
    }
}

/// The last part of a name in lower case, words joined by `-`.
pub fn normalized(name: &str) -> String {
    let last = if name.contains(' ') { name } else { name.rsplit('/').next().unwrap_or(name) };
    let words = last.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join("-")
}

/// The lane that a name speaks of; the lead's for a name that says nothing.
pub fn lane_of_name(name: &str) -> Lane {
    let name = normalized(name);
    let roles = [
        Role::Schema,
        Role::Query,
        Role::Security,
        Role::ServerFunction,
        Role::Realtime,
        Role::Deployment,
        Role::Debugging,
        Role::Monitoring,
        Role::Testing,
        Role::Contract,
        Role::Implement,
    ];
    if let Ok(lane) = name.parse() {
        return lane;
    }
    let found = roles.into_iter().find(|role| role.specialists().contains(&name.as_str()));
    found.map_or(Lane::Lead, Role::lane)
}

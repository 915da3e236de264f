//! The team that works where a repository names none.

use crate::domain::team::{CollaborationPattern, Lane, Member, PatternStep, Sourced, Team};

struct Profile {
    lane: Lane,
    role: &'static str,
    responsibilities: &'static [&'static str],
    use_when: &'static [&'static str],
    checklist: &'static [&'static str],
}

const PROFILES: &[Profile] = &[
    Profile {
        lane: Lane::Lead,
        role: "Keeps the shape of the backend sound",
        responsibilities: &[
            "Service boundaries, API contracts and their compatibility",
            "New modules, dependencies and patterns",
            "The size of a change and the order of its parts",
        ],
        use_when: &[
            "Backend code, an API contract or a dependency changes",
            "A change crosses tenants, services or stacks",
        ],
        checklist: &[],
    },
    Profile {
        lane: Lane::Data,
        role: "Keeps data safe while schemas move",
        responsibilities: &[
            "Schemas, migrations and their way back",
            "Locks, backfills and compatibility during a rollout",
            "Queries and the indexes that they need",
        ],
        use_when: &["A migration, a schema or an entity changes"],
        checklist: &[],
    },
    Profile {
        lane: Lane::Infra,
        role: "Keeps the service deployable",
        responsibilities: &[
            "Images, manifests and infrastructure as code",
            "Pipelines and what they are allowed to do",
            "Run-time configuration, secrets by reference, queues",
        ],
        use_when: &["Deployment, pipelines, secrets, queues or ingress change"],
        checklist: &[],
    },
    Profile {
        lane: Lane::Observability,
        role: "Keeps failures visible",
        responsibilities: &[
            "Logs, metrics and traces of new flows",
            "Alerts and dashboards that follow the code",
        ],
        use_when: &["A flow, a consumer or a call to another service is new"],
        checklist: &[
            "Does the new code log what an operator needs?",
            "Do metrics cover the critical paths?",
            "Does tracing reach the new work?",
        ],
    },
    Profile {
        lane: Lane::Security,
        role: "Keeps people out who should be out",
        responsibilities: &[
            "Authentication, authorization and tenant isolation",
            "Secrets, personal data and payments",
        ],
        use_when: &["Sign-in, permissions, payments, personal data or secrets are touched"],
        checklist: &[],
    },
    Profile {
        lane: Lane::Qa,
        role: "Keeps promises checked",
        responsibilities: &["Tests for changed behaviour", "Trial runs of migrations"],
        use_when: &["Code changes without tests, or a schema changes"],
        checklist: &[],
    },
    Profile {
        lane: Lane::Implementer,
        role: "Writes code on request",
        responsibilities: &["Small, reversible changes on branches of its own"],
        use_when: &["A plan was approved"],
        checklist: &[],
    },
];

type Step = (Lane, &'static str, bool);

const PATTERNS: &[(&str, &[Step])] = &[
    (
        "New service or subsystem",
        &[
            (Lane::Lead, "settle boundaries and contracts", false),
            (Lane::Data, "design the schema and its migrations", false),
            (Lane::Implementer, "build the endpoints and the logic", false),
            (Lane::Infra, "prepare deployment and secrets", false),
            (Lane::Observability, "add logs, metrics and traces", false),
        ],
    ),
    (
        "API change",
        &[
            (Lane::Lead, "settle the contract and its compatibility", false),
            (Lane::Implementer, "implement and test it", false),
            (Lane::Data, "adapt the schema if needed", true),
            (Lane::Observability, "watch the new behaviour", false),
        ],
    ),
    (
        "Operational incident follow-up",
        &[
            (Lane::Observability, "collect signals and failure patterns", false),
            (Lane::Lead, "propose corrections", false),
            (Lane::Infra, "mitigate at the level of infrastructure", false),
            (Lane::Implementer, "correct the code", false),
        ],
    ),
];

/// The built-in team: one member a lane and three patterns.
pub fn team() -> Team {
    let statements = |texts: &[&str]| -> Vec<Sourced<String>> {
        texts.iter().map(|text| Sourced { value: (*text).to_owned(), source: None }).collect()
    };
    let members = PROFILES.iter().map(|profile| Member {
        lane: Some(profile.lane),
        role: Some(profile.role.to_owned()),
        responsibilities: statements(profile.responsibilities),
        use_when: statements(profile.use_when),
        checklist: statements(profile.checklist),
        ..Member::named(profile.lane.default_agent())
    });
    let patterns = PATTERNS.iter().map(|(name, steps)| CollaborationPattern {
        name: (*name).to_owned(),
        steps: steps
            .iter()
            .map(|(lane, task, conditional)| PatternStep {
                agent: lane.default_agent().to_owned(),
                task: (*task).to_owned(),
                conditional: *conditional,
            })
            .collect(),
        source: None,
    });
    Team { members: members.collect(), patterns: patterns.collect(), ..Team::default() }
}

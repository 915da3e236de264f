//! Which lane a member of a team stands in, from its name and what is said of it.

use super::display::fold;
use crate::domain::team::{Lane, Member};

/// Settled aliases: the last part of the name, words joined by `-`.
const ALIASES: &[(&str, Lane)] = &[
    ("api-data", Lane::Lead),
    ("api-designer", Lane::Lead),
    ("architect", Lane::Lead),
    ("backend-architect", Lane::Lead),
    ("backend-lead", Lane::Lead),
    ("lead", Lane::Lead),
    ("software-architect", Lane::Lead),
    ("solution-architect", Lane::Lead),
    ("system-architect", Lane::Lead),
    ("tech-lead", Lane::Lead),
    ("data-gatekeeper", Lane::Data),
    ("database-administrator", Lane::Data),
    ("db-architect", Lane::Data),
    ("dba", Lane::Data),
    ("query-optimizer", Lane::Data),
    ("deployment", Lane::Infra),
    ("devops", Lane::Infra),
    ("infra", Lane::Infra),
    ("infra-engineer", Lane::Infra),
    ("platform-engineer", Lane::Infra),
    ("sre", Lane::Infra),
    ("debugger", Lane::Observability),
    ("monitor", Lane::Observability),
    ("observability", Lane::Observability),
    ("observability-guardian", Lane::Observability),
    ("privacy-reviewer", Lane::Security),
    ("security", Lane::Security),
    ("security-privacy-reviewer", Lane::Security),
    ("security-reviewer", Lane::Security),
    ("qa", Lane::Qa),
    ("qa-specialist", Lane::Qa),
    ("qa-test-specialist", Lane::Qa),
    ("test-engineer", Lane::Qa),
    ("tester", Lane::Qa),
    ("backend-developer", Lane::Implementer),
    ("backend-engineer", Lane::Implementer),
    ("backend-implementer", Lane::Implementer),
    ("coder", Lane::Implementer),
    ("developer", Lane::Implementer),
    ("edge-functions", Lane::Implementer),
    ("implementer", Lane::Implementer),
    ("senior-backend-engineer", Lane::Implementer),
    ("service-implementer", Lane::Implementer),
    ("websocket", Lane::Implementer),
];

/// Members that look for causes first and pass on: they come after the lane's own reviewer.
const TRIAGE: &[&str] = &["debugger"];

/// Words that belong to a lane, in several languages.
const WORDS: &[(Lane, &[&str])] = &[
    (
        Lane::Lead,
        &[
            "api",
            "apis",
            "architect",
            "architecture",
            "arquiteto",
            "arquitetura",
            "arquitecto",
            "lead",
        ],
    ),
    (
        Lane::Data,
        &[
            "data",
            "database",
            "databases",
            "db",
            "dados",
            "datos",
            "migration",
            "migrations",
            "postgres",
            "postgresql",
            "query",
            "schema",
            "schemas",
            "sql",
        ],
    ),
    (
        Lane::Infra,
        &[
            "ci",
            "cloud",
            "deploy",
            "deployment",
            "deployments",
            "devops",
            "docker",
            "helm",
            "infra",
            "infraestrutura",
            "infrastructure",
            "kubernetes",
            "platform",
            "sre",
            "terraform",
        ],
    ),
    (
        Lane::Observability,
        &[
            "alerting",
            "logging",
            "metrics",
            "monitor",
            "monitoring",
            "monitoramento",
            "observability",
            "observabilidade",
            "observabilidad",
            "telemetry",
            "tracing",
        ],
    ),
    (
        Lane::Security,
        &[
            "appsec",
            "privacy",
            "protection",
            "security",
            "seguranca",
            "segurança",
            "seguridad",
            "threat",
            "vulnerabilities",
        ],
    ),
    (
        Lane::Qa,
        &["qa", "qualidade", "quality", "test", "tester", "testes", "testing", "tests", "calidad"],
    ),
    (
        Lane::Implementer,
        &[
            "coder",
            "desenvolvedor",
            "developer",
            "implementation",
            "implementer",
            "implements",
            "programmer",
        ],
    ),
];

/// Roles outside of a backend team.
const ELSEWHERE: &[&str] = &[
    "android",
    "copywriter",
    "css",
    "design",
    "designer",
    "docs",
    "documentation",
    "frontend",
    "game",
    "ios",
    "legal",
    "marketing",
    "mobile",
    "po",
    "product",
    "react",
    "sales",
    "seo",
    "ui",
    "ux",
    "vue",
    "web",
    "writer",
];

/// The last part of a name, folded: `backend/db-architect` and `DB Architect Agent` agree.
pub fn normalized_name(name: &str) -> String {
    let mut words: Vec<String> =
        fold(last_part(name)).split(' ').map(str::to_owned).filter(|w| !w.is_empty()).collect();
    if words.len() > 1 && words.last().is_some_and(|w| matches!(w.as_str(), "agent" | "agente")) {
        words.pop();
    }
    if words.len() > 1 && words.first().is_some_and(|w| matches!(w.as_str(), "agent" | "agente")) {
        words.remove(0);
    }
    words.join("-")
}

/// What stands after the last `/` of a slug. "Security/Privacy Reviewer" is not a slug.
fn last_part(name: &str) -> &str {
    match name.rsplit_once('/') {
        Some((_, last)) if !name.contains(' ') && !last.is_empty() => last,
        _ => name,
    }
}

/// Whether the member looks for causes and hands over, rather than reviewing for its lane.
pub fn is_triage(member: &Member) -> bool {
    TRIAGE.contains(&normalized_name(&member.name).as_str())
}

/// The lane of an alias or of the words of a name.
pub fn from_name(name: &str) -> Option<Lane> {
    let normalized = normalized_name(name);
    if let Some((_, lane)) = ALIASES.iter().find(|(alias, _)| *alias == normalized) {
        return Some(*lane);
    }
    if is_elsewhere(name) {
        return None;
    }
    let folded = fold(last_part(name));
    best(&folded).or_else(|| {
        // "Lead" and "developer" qualify rather than name a subject.
        let subject: Vec<&str> = folded
            .split(' ')
            .filter(|w| !matches!(*w, "lead" | "developer" | "architect"))
            .collect();
        best(&subject.join(" "))
    })
}

fn is_elsewhere(text: &str) -> bool {
    fold(last_part(text)).split(' ').any(|word| ELSEWHERE.contains(&word))
}

/// The one lane that most words speak for.
fn best(folded: &str) -> Option<Lane> {
    let mut counts: Vec<(usize, Lane)> = WORDS
        .iter()
        .map(|(lane, words)| (folded.split(' ').filter(|w| words.contains(w)).count(), *lane))
        .filter(|(count, _)| *count > 0)
        .collect();
    counts.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
    match counts.as_slice() {
        [] => None,
        [(_, lane)] => Some(*lane),
        [(first, lane), (second, _), ..] => (first > second).then_some(*lane),
    }
}

/// The lane of a member: by name, else by role, else by description.
pub fn infer(member: &Member) -> Option<Lane> {
    if let Some(lane) = from_name(&member.name) {
        return Some(lane);
    }
    if is_elsewhere(&member.name) {
        return None;
    }
    let texts = [member.role.as_deref(), member.description.as_deref()];
    texts.into_iter().flatten().find_map(|text| {
        let folded = fold(text);
        let elsewhere = folded.split(' ').any(|word| ELSEWHERE.contains(&word));
        if elsewhere { None } else { best(&folded) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settled_aliases() {
        for (name, lane) in [
            ("backend/db-architect", Lane::Data),
            ("backend/query-optimizer", Lane::Data),
            ("backend/deployment", Lane::Infra),
            ("backend/monitor", Lane::Observability),
            ("backend/debugger", Lane::Observability),
            ("backend/api-data", Lane::Lead),
            ("Backend Architect Agent", Lane::Lead),
            ("Backend Lead", Lane::Lead),
            ("edge-functions", Lane::Implementer),
            ("senior-backend-engineer", Lane::Implementer),
            ("Security/Privacy Reviewer", Lane::Security),
            ("QA/Test Specialist", Lane::Qa),
        ] {
            assert_eq!(from_name(name), Some(lane), "{name}");
        }
    }

    #[test]
    fn words_decide_and_strangers_stay_outside() {
        assert_eq!(from_name("Database Migration Expert"), Some(Lane::Data));
        assert_eq!(from_name("terraform-wizard"), Some(Lane::Infra));
        assert_eq!(from_name("Especialista de Segurança"), Some(Lane::Security));
        assert_eq!(from_name("frontend-developer"), None);
        assert_eq!(from_name("Web Lead"), None);
        assert_eq!(from_name("poet"), None);
        assert_eq!(from_name("security data"), None);
    }
}

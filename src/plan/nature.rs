//! What kind of work a request is: type, scope, risk, complexity and the pattern it follows.

use super::facts::Facts;
use super::words::{code, codes};
use crate::domain::plan::{Area, Pattern, Risk, SchemaChange, WorkKind, WorkScope};

/// The classification but for what follows from the tasks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Nature {
    pub kind: Option<WorkKind>,
    pub scope: Option<WorkScope>,
    pub risk: Option<Risk>,
    pub reasons: Vec<String>,
    pub pattern: Option<Pattern>,
    pub subject: Subject,
    pub sensitive: Sensitive,
    /// Only the shape of the data is asked for.
    pub schema_only: bool,
    /// Nothing that callers see is asked for.
    pub breaking: Vec<String>,
    /// New packages or services that the request asks for, in code marks.
    pub dependencies: Vec<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Subject {
    /// Work on the backend, with something to work on.
    #[default]
    Backend,
    /// Work for somebody else.
    Elsewhere,
    /// Nobody can tell what is meant.
    Unclear,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sensitive {
    pub auth: bool,
    pub tenancy: bool,
    pub payments: bool,
    pub personal: bool,
}

pub fn of(facts: &Facts<'_>) -> Nature {
    let sensitive = sensitive(facts);
    let breaking = breaking(facts);
    let dependencies = dependencies(facts);
    let kind = kind(facts);
    let scope = scope(facts);
    let (risk, reasons) = risk(facts, sensitive, &breaking, &dependencies);
    let pattern = pattern(facts);
    let subject = subject(facts);
    let schema_only = schema_only(facts);
    Nature {
        kind: Some(kind),
        scope: Some(scope),
        risk: Some(if subject == Subject::Elsewhere { Risk::Low } else { risk }),
        reasons: if subject == Subject::Elsewhere { Vec::new() } else { reasons },
        pattern: if subject == Subject::Backend { pattern } else { None },
        subject,
        sensitive,
        schema_only,
        breaking,
        dependencies,
    }
}

fn labelled(facts: &Facts<'_>, words: &[&str]) -> bool {
    let labels = facts.brief.labels.iter().chain(&facts.brief.prefix);
    let mut parts = labels.flat_map(|label| label.split(|c: char| !c.is_alphanumeric()));
    parts.any(|part| words.contains(&part))
}

fn is_incident(facts: &Facts<'_>) -> bool {
    let title = facts.brief.title_words();
    labelled(facts, &["incident", "postmortem", "outage"])
        || title.any(&[
            "incident",
            "outage",
            "postmortem",
            "post mortem",
            "sev1",
            "sev2",
            "sev 1",
            "sev 2",
        ])
}

fn kind(facts: &Facts<'_>) -> WorkKind {
    let title = facts.brief.title_words();
    let starts = |words: &[&str]| title.iter().next().is_some_and(|word| words.contains(&word));
    if labelled(facts, &["docs", "documentation"]) {
        WorkKind::Content
    } else if labelled(facts, &["i18n", "l10n", "translation"])
        || title.any(&["translate", "translation", "translations"])
    {
        WorkKind::I18n
    } else if is_incident(facts)
        || labelled(facts, &["bug", "fix", "regression"])
        || facts.signals.failure
    {
        WorkKind::Bug
    } else if labelled(facts, &["refactor", "refactoring"])
        || starts(&["refactor", "extract", "restructure"])
    {
        WorkKind::Refactor
    } else if labelled(facts, &["test", "tests", "testing"]) {
        WorkKind::Testing
    } else if starts(&["investigate", "review", "audit", "spike", "research", "explore"])
        || title.any(&["security review", "security audit", "threat model"])
    {
        WorkKind::Discovery
    } else if labelled(facts, &["rfc", "proposal", "design"]) || starts(&["design", "model"]) {
        WorkKind::Design
    } else if title.any(&["new service", "new microservice", "from scratch", "new project"]) {
        WorkKind::NewProject
    } else if labelled(facts, &["chore", "build", "dependencies"]) || starts(&["bump", "upgrade"]) {
        WorkKind::Chore
    } else if labelled(facts, &["ci", "infra", "ops", "deployment", "devops"])
        || (facts.signals.deployment && !facts.signals.api && !facts.signals.schema)
    {
        WorkKind::Devops
    } else {
        WorkKind::Feature
    }
}

fn scope(facts: &Facts<'_>) -> WorkScope {
    let everywhere =
        ["all services", "every service", "across services", "monorepo", "all packages"];
    if facts.words.any(&everywhere) {
        return WorkScope::MonorepoWide;
    }
    let said = facts.words.any(&[
        "frontend",
        "front end",
        "web app",
        "webapp",
        "web client",
        "mobile app",
        "ios app",
        "android app",
        "web and backend",
        "backend and web",
    ]);
    let seen = facts.signals.web && !facts.repository.web.is_empty();
    let backend = facts.signals.api || facts.signals.schema || facts.signals.auth;
    if (said || seen) && backend { WorkScope::CrossStack } else { WorkScope::SingleApp }
}

fn sensitive(facts: &Facts<'_>) -> Sensitive {
    use super::issue::Section;
    let mut words = facts.brief.title_words();
    // What was observed says what was hit, not what is changed.
    for block in facts.brief.wanted().filter(|block| block.section != Section::Observed) {
        words.push(&super::issue::without_code(&block.text));
    }
    let words = &words;
    Sensitive {
        auth: facts.signals.auth,
        tenancy: words.any(&[
            "tenant",
            "tenants",
            "tenancy",
            "multi tenant",
            "multi tenancy",
            "tenant isolation",
            "workspace isolation",
        ]),
        payments: words.any(&[
            "payment",
            "payments",
            "billing",
            "refund",
            "refunds",
            "refunded",
            "stripe",
            "payout",
            "payouts",
            "charge",
            "charges",
            "credit card",
            "checkout session",
        ]),
        personal: words.any(&[
            "personal data",
            "pii",
            "gdpr",
            "date of birth",
            "phone number",
            "phone numbers",
            "home address",
            "email address",
            "email addresses",
            "social security",
            "data subject",
        ]),
    }
}

/// Changes that existing callers would notice.
fn breaking(facts: &Facts<'_>) -> Vec<String> {
    let mut found = Vec::new();
    for mentioned in facts.endpoints.iter().filter(|mentioned| mentioned.removed) {
        let endpoint = &mentioned.endpoint;
        if facts.repository.documents.endpoint(&endpoint.method, &endpoint.path).is_some() {
            found.push(format!(
                "{} changes or goes",
                code(&format!("{} {}", endpoint.method, endpoint.path))
            ));
        }
    }
    let said = [
        "breaking change",
        "backwards incompatible",
        "backward incompatible",
        "incompatible change",
    ];
    if facts.words.any(&said) && found.is_empty() {
        found.push("the issue speaks of a breaking change".to_owned());
    }
    let renames = [
        "rename the field",
        "rename field",
        "renamed field",
        "remove the field",
        "no longer return",
        "no longer returns",
        "change the type",
        "make it required",
    ];
    if facts.signals.api && facts.words.any(&renames) && found.is_empty() {
        found.push("a field that callers may read changes or goes".to_owned());
    }
    found
}

/// Packages and services that the request brings in.
fn dependencies(facts: &Facts<'_>) -> Vec<String> {
    let mut found = Vec::new();
    let verbs = ["add", "introduce", "use", "adopt", "bring in", "switch to", "with", "via"];
    for block in std::iter::once(facts.brief.title.as_str())
        .chain(facts.brief.wanted().map(|block| block.text.as_str()))
    {
        let words = super::words::Words::of(&super::issue::without_code(block));
        let says = words.any(&["dependency", "library", "package", "crate", "gem", "module"])
            && words.any(&verbs);
        for span in super::issue::code_spans(block) {
            let known = super::repository::known_package(span);
            let shown = known.clone().unwrap_or_else(|| code(span));
            let plain = shown.trim_matches('`');
            let new = !facts.repository.stack.has(plain);
            let package = span
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '/' | '@' | '.'));
            let named = says && package && !facts.survey.listing.has(span) && !span.contains('_');
            if new && (known.is_some() && words.any(&verbs) || named) && !found.contains(&shown) {
                found.push(shown);
            }
        }
        for name in ["redis", "kafka", "rabbitmq", "memcached", "elasticsearch", "mongodb"] {
            let brings = ["add", "introduce", "use", "adopt"]
                .iter()
                .any(|verb| words.has(&format!("{verb} {name}")));
            let shown = super::repository::known_package(name).unwrap_or_else(|| code(name));
            if brings
                && !facts.repository.stack.has(shown.trim_matches('`'))
                && !found.contains(&shown)
            {
                found.push(shown);
            }
        }
    }
    found.truncate(5);
    found
}

fn risk(
    facts: &Facts<'_>,
    sensitive: Sensitive,
    breaking: &[String],
    dependencies: &[String],
) -> (Risk, Vec<String>) {
    let mut high = Vec::new();
    let mut medium = Vec::new();
    let tables = facts.schema.tables();
    let indexes_only = !facts.schema.changes.is_empty()
        && facts.schema.changes.iter().all(|c| matches!(c, SchemaChange::AddIndex { .. }))
        && facts.schema.destructive.is_empty()
        && facts.schema.bare_tables.is_empty();
    if !facts.schema.destructive.is_empty() {
        high.push("columns or tables with data change their name or go".to_owned());
    } else if indexes_only
        || (facts.has(Area::Query)
            && facts.schema.is_empty()
            && facts.schema.unclear_indexes.is_empty()
            && !facts.has(Area::Schema))
    {
        medium.push("queries or indexes of a live database change".to_owned());
    } else if !facts.schema.unclear_indexes.is_empty() && facts.schema.changes.is_empty() {
        medium.push(format!("an index is built on {}, which has data", codes(&tables)));
    } else if !facts.schema.is_empty() {
        high.push(if tables.is_empty() {
            "the schema changes".to_owned()
        } else {
            format!("the schema of {} changes", codes(tables.get(..4).unwrap_or(&tables)))
        });
    } else if facts.has(Area::Schema) {
        high.push("the schema changes".to_owned());
    }
    if sensitive.auth {
        high.push("it touches authentication or permissions".to_owned());
    }
    if sensitive.tenancy {
        high.push("it touches what keeps tenants apart".to_owned());
    }
    if sensitive.payments {
        high.push("it touches payments".to_owned());
    }
    if sensitive.personal {
        high.push("it touches personal data".to_owned());
    }
    high.extend(breaking.iter().cloned());
    if facts.signals.api && breaking.is_empty() {
        medium.push("callers depend on the API".to_owned());
    }
    if !dependencies.is_empty() {
        medium.push(format!("{} would be new here", super::words::list(dependencies)));
    }
    if facts.signals.deployment {
        medium.push("how the service is deployed changes".to_owned());
    }
    if let Some(critical) = facts.code().find(|relevant| facts.is_critical(&relevant.path)) {
        medium.push(format!("{} is a critical path by policy", code(&critical.path)));
    }
    if is_incident(facts) {
        medium.push("it follows an incident in production".to_owned());
    }
    match (high.is_empty(), medium.is_empty()) {
        (false, _) => (Risk::High, high),
        (true, false) => (Risk::Medium, medium),
        (true, true) => (Risk::Low, Vec::new()),
    }
}

fn pattern(facts: &Facts<'_>) -> Option<Pattern> {
    let title = facts.brief.title_words();
    let signals = &facts.signals;
    if is_incident(facts) {
        return Some(Pattern::Incident);
    }
    let reviewing = title.any(&[
        "security review",
        "security audit",
        "pen test",
        "penetration test",
        "pentest",
        "threat model",
    ]) || (signals.auth
        && title.any(&["review", "audit", "vulnerability", "vulnerabilities", "harden"]));
    if reviewing {
        return Some(Pattern::SecurityReview);
    }
    if title.any(&[
        "new service",
        "new microservice",
        "new subsystem",
        "new module",
        "from scratch",
        "standalone service",
        "service for",
    ]) || facts.words.any(&["new service", "new microservice"])
    {
        return Some(Pattern::NewService);
    }
    if signals.slow && !facts.brief.title.is_empty() {
        return Some(Pattern::Performance);
    }
    let deploys = signals.deployment && !signals.api && !signals.schema;
    if deploys {
        return Some(Pattern::Deployment);
    }
    if signals.failure {
        return Some(Pattern::BugFix);
    }
    let creates = !facts.schema.creates().is_empty();
    let areas = facts.areas.len();
    if creates
        || (areas > 2 && !signals.api)
        || (signals.realtime && areas > 1)
        || signals.server_function
    {
        return Some(Pattern::NewFeature);
    }
    if signals.api {
        return Some(Pattern::ApiChange);
    }
    (areas > 1).then_some(Pattern::NewFeature)
}

fn subject(facts: &Facts<'_>) -> Subject {
    let found = !facts.endpoints.is_empty()
        || !facts.references.files.is_empty()
        || !facts.schema.is_empty();
    if facts.brief.answer(super::questions::SUBJECT).is_some() {
        return Subject::Backend;
    }
    let nobody = super::scope::roles_by_tree(&facts.signals).is_empty();
    if nobody && !found {
        if facts.signals.web || is_paperwork(facts) {
            return Subject::Elsewhere;
        }
        let named = facts
            .references
            .identifiers
            .iter()
            .any(|identifier| facts.survey.hits.iter().any(|hit| hit.word == *identifier));
        let telling = facts.relevant.first().is_some_and(|relevant| relevant.score >= 14);
        return if named || telling { Subject::Backend } else { Subject::Unclear };
    }
    // "Make it faster", "it is broken": something is wrong, nobody says with what.
    let vague = facts.areas.iter().all(|area| matches!(area, Area::Performance | Area::Debugging));
    let telling = facts.relevant.iter().any(|relevant| relevant.score >= 10);
    if vague && !found && !telling && facts.references.identifiers.is_empty() {
        return Subject::Unclear;
    }
    Subject::Backend
}

/// Documentation and texts, which nobody of a backend team needs for.
fn is_paperwork(facts: &Facts<'_>) -> bool {
    let title = facts.brief.title_words();
    title.any(&["typo", "readme", "changelog", "documentation", "docs", "blog post", "license"])
        && facts.references.identifiers.is_empty()
}

fn schema_only(facts: &Facts<'_>) -> bool {
    let signals = &facts.signals;
    let other = signals.api
        || signals.realtime
        || signals.server_function
        || signals.deployment
        || signals.failure
        || signals.slow;
    facts.has(Area::Schema) && !other
}

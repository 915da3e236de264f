//! What a request is about: the scope map, and the decision tree that must agree with it.

use super::issue::{Brief, Section, endpoints};
use super::roles::Role;
use super::words::Words;
use crate::domain::plan::Area;

/// What the words of a request say, before anything is made of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Signals {
    pub schema: bool,
    pub query: bool,
    pub server_function: bool,
    pub realtime: bool,
    pub api: bool,
    pub deployment: bool,
    pub failure: bool,
    pub slow: bool,
    pub auth: bool,
    pub monitoring: bool,
    /// Words of a web or mobile front end.
    pub web: bool,
}

const SCHEMA: &[&str] = &[
    "schema",
    "schemas",
    "column",
    "columns",
    "migration",
    "migrations",
    "foreign key",
    "foreign keys",
    "data model",
    "database model",
    "entity",
    "entities",
    "many to many",
    "one to many",
    "database schema",
];
const TABLE: &[&str] = &["table", "tables"];
const QUERY: &[&str] = &[
    "slow query",
    "slow queries",
    "query plan",
    "explain",
    "explain analyze",
    "index",
    "indexes",
    "indices",
    "n+1",
    "full table scan",
    "sequential scan",
    "seq scan",
    "optimized queries",
    "optimised queries",
    "optimize queries",
    "query optimization",
    "slow sql",
];
const FUNCTION: &[&str] = &[
    "edge function",
    "edge functions",
    "serverless",
    "lambda",
    "lambdas",
    "cloud function",
    "cloud functions",
    "server function",
    "server functions",
];
const REALTIME: &[&str] = &[
    "realtime",
    "real time",
    "websocket",
    "websockets",
    "server sent events",
    "sse",
    "live updates",
    "push updates",
    "presence",
    "broadcast",
];
const API: &[&str] = &[
    "api",
    "apis",
    "endpoint",
    "endpoints",
    "rest",
    "graphql",
    "openapi",
    "http",
    "webhook",
    "webhooks",
    "pagination",
    "api contract",
    "query parameter",
    "status code",
    "response body",
];
/// Read in the title only: every change is deployed some day.
const DEPLOYMENT: &[&str] = &[
    "deploy",
    "deploys",
    "deployed",
    "deploying",
    "deployment",
    "deployments",
    "ci",
    "infra",
    "pipeline",
    "docker",
    "rollout",
    "infrastructure",
    "staging",
    "replicas",
];
const DEPLOYMENT_ANYWHERE: &[&str] = &[
    "ci cd",
    "crashloopbackoff",
    "container image",
    "dockerfile",
    "environment variable",
    "environment variables",
    "github actions",
    "helm",
    "image pull",
    "k8s",
    "kubernetes",
    "terraform",
];
/// Read in the title only: acceptance criteria speak of errors too.
const FAILURE: &[&str] = &[
    "bug",
    "error",
    "errors",
    "crash",
    "crashes",
    "crashed",
    "panic",
    "panics",
    "exception",
    "fails",
    "failing",
    "failed",
    "failure",
    "failures",
    "broken",
    "breaks",
    "doesnt work",
    "does not work",
    "not working",
    "500",
    "502",
    "503",
    "504",
    "regression",
    "wrong",
    "incorrect",
    "incorrectly",
    "throws",
    "hangs",
    "deadlock",
    "corrupt",
    "duplicated",
    "incident",
    "outage",
    "postmortem",
    "fix",
    "crashlooping",
    "twice",
];
/// Read in the title.
const SLOW: &[&str] = &[
    "performance",
    "slow",
    "slower",
    "slowness",
    "faster",
    "latency",
    "throughput",
    "speed",
    "speed up",
    "optimize",
    "optimise",
    "optimization",
    "timeouts",
    "times out",
    "timing out",
    "n+1",
];
/// Strong enough to count in the text too.
const SLOW_ANYWHERE: &[&str] = &["p95", "p99", "too slow", "is slow", "are slow", "response time"];
const AUTH: &[&str] = &[
    "auth",
    "authentication",
    "authorization",
    "authorisation",
    "authenticate",
    "permission",
    "permissions",
    "rbac",
    "rls",
    "row level security",
    "login",
    "log in",
    "sign in",
    "signin",
    "password",
    "passwords",
    "oauth",
    "oauth2",
    "sso",
    "saml",
    "jwt",
    "access control",
    "user isolation",
    "tenant isolation",
    "security",
    "vulnerability",
    "vulnerabilities",
    "csrf",
    "injection",
    "encryption",
    "encrypt",
    "api key",
    "api keys",
    "access token",
    "access tokens",
    "refresh token",
    "refresh tokens",
    "session cookie",
    "idor",
    "privilege",
];
const MONITORING: &[&str] = &[
    "monitoring",
    "monitor",
    "alerting",
    "alert rule",
    "alert rules",
    "metrics",
    "health check",
    "health checks",
    "healthcheck",
    "observability",
    "tracing",
    "prometheus",
    "grafana",
    "slo",
    "slos",
    "postmortem",
];
const WEB: &[&str] = &[
    "css",
    "button",
    "buttons",
    "colour",
    "color",
    "colors",
    "layout",
    "landing page",
    "font",
    "fonts",
    "icon",
    "icons",
    "frontend",
    "front end",
    "dark mode",
    "styling",
    "logo",
    "tooltip",
    "modal",
    "responsive",
    "homepage",
    "home page",
    "web app",
    "webapp",
    "ios app",
    "android app",
    "mobile app",
    "react component",
    "favicon",
    "animation",
    "sidebar",
    "navbar",
    "typography",
    "web client",
    "checkout page",
    "settings page",
];

/// Reads the words of a request.
pub fn signals(brief: &Brief) -> Signals {
    let all = brief.words();
    let mut title = brief.title_words();
    for label in brief.labels.iter().chain(&brief.prefix) {
        title.push(label);
    }
    let observed = brief.blocks.iter().any(|block| block.section == Section::Observed);
    let mut signals = from_words(&title, &all);
    signals.api |= !endpoints(brief).is_empty();
    signals.failure |= observed && !signals.slow;
    signals
}

/// What a title and the whole text say.
pub fn from_words(title: &Words, all: &Words) -> Signals {
    let query = all.any(QUERY);
    Signals {
        // A table that only gets an index keeps its shape.
        schema: (all.any(SCHEMA) && !all.has("json schema")) || (all.any(TABLE) && !query),
        query,
        server_function: all.any(FUNCTION),
        realtime: all.any(REALTIME),
        api: all.any(API),
        deployment: title.any(DEPLOYMENT) || all.any(DEPLOYMENT_ANYWHERE),
        failure: title.any(FAILURE),
        slow: title.any(SLOW) || all.any(SLOW_ANYWHERE),
        auth: all.any(AUTH),
        monitoring: all.any(MONITORING),
        web: all.any(WEB),
    }
}

/// An area, what makes it, and who works on it.
type Row = (Area, fn(&Signals) -> bool, &'static [Role]);

/// The scope map: each area with the signal that makes it and who works on it.
const MAP: [Row; 10] = [
    (Area::Schema, |s| s.schema, &[Role::Schema]),
    (Area::Query, |s| s.query, &[Role::Query]),
    (Area::ServerFunction, |s| s.server_function, &[Role::ServerFunction]),
    (Area::Realtime, |s| s.realtime, &[Role::Realtime]),
    (Area::Api, |s| s.api, &[Role::Contract]),
    (Area::Deployment, |s| s.deployment, &[Role::Deployment]),
    (Area::Debugging, |s| s.failure, &[Role::Debugging]),
    (Area::Performance, |s| s.slow, &[Role::Monitoring, Role::Query]),
    (Area::Auth, |s| s.auth, &[Role::Security]),
    (Area::Monitoring, |s| s.monitoring, &[Role::Monitoring]),
];

/// The areas that the signals speak of, in the order of the type.
pub fn areas(signals: &Signals) -> Vec<Area> {
    let mut areas: Vec<Area> =
        MAP.iter().filter(|(_, speaks, _)| speaks(signals)).map(|(area, ..)| *area).collect();
    areas.sort_unstable();
    areas
}

/// Who the scope map calls for.
pub fn roles_by_map(signals: &Signals) -> Vec<Role> {
    let called = MAP.iter().filter(|(_, speaks, _)| speaks(signals));
    let mut roles: Vec<Role> = called.flat_map(|(.., roles)| roles.iter().copied()).collect();
    roles.sort_unstable();
    roles.dedup();
    roles
}

/// Who the decision tree calls for: its questions one after the other. Nobody: it is unclear, ask.
///
/// The tree has no question for performance in general. Slowness is asked about twice in it: as a
/// slow query and as a matter of the system's health.
pub fn roles_by_tree(signals: &Signals) -> Vec<Role> {
    let mut roles = Vec::new();
    if signals.schema {
        roles.push(Role::Schema);
    }
    if signals.query || signals.slow {
        roles.push(Role::Query);
    }
    if signals.server_function {
        roles.push(Role::ServerFunction);
    }
    if signals.realtime {
        roles.push(Role::Realtime);
    }
    if signals.api {
        roles.push(Role::Contract);
    }
    if signals.deployment {
        roles.push(Role::Deployment);
    }
    if signals.failure {
        roles.push(Role::Debugging);
    }
    if signals.monitoring || signals.slow {
        roles.push(Role::Monitoring);
    }
    if signals.auth {
        roles.push(Role::Security);
    }
    roles.sort_unstable();
    roles
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<Area> {
        let words = Words::of(text);
        areas(&from_words(&words, &words))
    }

    #[test]
    fn the_examples_of_each_area() {
        assert_eq!(of("Add an index to positions table"), [Area::Query]);
        assert_eq!(of("Design schema for trade journal with RLS"), [Area::Schema, Area::Auth]);
        assert_eq!(
            of("Build realtime API with optimized queries and proper security"),
            [Area::Query, Area::Api, Area::Realtime, Area::Auth]
        );
        assert_eq!(of("Make it faster"), [Area::Performance]);
        assert_eq!(of("Change the colour of the button"), []);
    }

    proptest::proptest! {
        #[test]
        fn map_and_tree_agree(title in ".{0,80}", body in "[a-z ./+0-9]{0,300}") {
            let (title, mut all) = (Words::of(&title), Words::of(&title));
            all.push(&body);
            let signals = from_words(&title, &all);
            proptest::prop_assert_eq!(roles_by_map(&signals), roles_by_tree(&signals));
            proptest::prop_assert_eq!(roles_by_map(&signals).is_empty(), areas(&signals).is_empty());
        }

        #[test]
        fn map_and_tree_agree_on_every_mix_of_signals(bits in 0_u32..2_048) {
            let bit = |at: u32| bits & (1 << at) != 0;
            let signals = Signals {
                schema: bit(0), query: bit(1), server_function: bit(2), realtime: bit(3),
                api: bit(4), deployment: bit(5), failure: bit(6), slow: bit(7), auth: bit(8),
                monitoring: bit(9), web: bit(10),
            };
            proptest::prop_assert_eq!(roles_by_map(&signals), roles_by_tree(&signals));
        }
    }
}

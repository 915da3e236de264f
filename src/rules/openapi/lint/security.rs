//! Authorisation that every other operation declares.

use super::words::{fixed_parts, mentions, plain};
use super::{HABIT, Habit, Missed, Now};
use crate::rules::openapi::model::{Description, Operation};
use crate::rules::parse::tree::Node;

/// From so many operations on, one in ten may leave it out without there being no habit.
const MANY: usize = 10;

/// Parts of paths that are open by their nature, wherever they stand.
const OPEN: [&str; 29] = [
    ".well-known",
    "forgot-password",
    "forgotten-password",
    "health",
    "healthcheck",
    "healthz",
    "jwks",
    "jwks.json",
    "livez",
    "log-in",
    "login",
    "oauth",
    "oauth2",
    "oidc",
    "openid",
    "password-reset",
    "public",
    "readyz",
    "register",
    "registration",
    "reset-password",
    "saml",
    "sign-in",
    "sign-up",
    "signin",
    "signup",
    "sso",
    "webhook",
    "webhooks",
];

/// Parts that are open only at the start of a path: `/status`, but not `/orders/{id}/status`.
const OPEN_FIRST: [&str; 22] = [
    "auth",
    "authenticate",
    "authorize",
    "callback",
    "callbacks",
    "docs",
    "hooks",
    "info",
    "live",
    "liveness",
    "metrics",
    "openapi.json",
    "openapi.yaml",
    "password",
    "ping",
    "ready",
    "readiness",
    "sessions",
    "status",
    "swagger",
    "token",
    "version",
];

const SAID: [&str; 8] = [
    "anonymous",
    "no auth",
    "not authenticated",
    "not require auth",
    "public",
    "unauthenticated",
    "without auth",
    "without a token",
];

/// The habit of naming the security of each operation.
pub struct Declared;

impl Declared {
    /// Not where the description names it for all operations: then each has it.
    pub fn of<'t>(base: &Description<'t>, operations: &[Operation<'t>]) -> Option<Self> {
        if base.root.get("security").is_some() {
            return None;
        }
        let list = |one: &Operation<'t>| one.at.get("security").map(|at| at.node.items().len());
        let closed: Vec<_> = operations.iter().filter(|one| !is_open(base, one)).collect();
        let secured = closed.iter().filter(|one| list(one).is_some_and(|many| many > 0)).count();
        let silent = closed.iter().filter(|one| list(one).is_none()).count();
        let allowed = if closed.len() >= MANY { closed.len() / MANY } else { 0 };
        (secured >= HABIT && silent <= allowed).then_some(Self)
    }

    pub fn missed<'t>(&self, head: &Description<'t>, one: &Now<'t>) -> Option<Missed> {
        let operation = &one.operation;
        let silent = operation.at.get("security").is_none() && head.root.get("security").is_none();
        (silent && !is_open(head, operation)).then(|| Missed {
            habit: Habit::Security,
            place: None,
            others: "`security`".to_owned(),
        })
    }
}

/// Whether an operation is open to everybody by what it is or says, or asks for its proof in a
/// parameter of its own.
fn is_open<'t>(description: &Description<'t>, operation: &Operation<'t>) -> bool {
    let parts = fixed_parts(operation.path.name);
    let first = parts.first().is_some_and(|part| OPEN_FIRST.contains(&part.as_str()));
    let tags = operation.at.node.get("tags").map(Node::items).unwrap_or_default();
    let tagged = tags.iter().filter_map(Node::as_str).any(|tag| plain(tag) == "public");
    let proof = description.parameters(operation).iter().any(|parameter| {
        let name = plain(parameter.name);
        matches!(parameter.location, "header" | "query" | "cookie")
            && (name == "authorization"
                || name.ends_with("apikey")
                || name.ends_with("accesstoken")
                || name.ends_with("authtoken")
                || name.contains("signature"))
    });
    operation.method == "options"
        || first
        || tagged
        || proof
        || parts.iter().any(|part| OPEN.contains(&part.as_str()))
        || mentions(operation, &SAID)
}

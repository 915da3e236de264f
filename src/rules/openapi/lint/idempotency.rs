//! The key by which a client may repeat a call that creates something.

use super::words::{fixed_parts, mentions, names_one, plain, properties};
use super::{HABIT, Habit, Missed, Now};
use crate::rules::openapi::model::{Description, Operation};

/// Verbs at the end of a path after which a repeated call changes nothing more.
const STATES: [&str; 34] = [
    "abort",
    "accept",
    "acknowledge",
    "activate",
    "approve",
    "archive",
    "block",
    "cancel",
    "close",
    "complete",
    "confirm",
    "deactivate",
    "decline",
    "disable",
    "dismiss",
    "enable",
    "finalize",
    "lock",
    "mute",
    "pause",
    "publish",
    "refresh",
    "reject",
    "release",
    "resume",
    "revoke",
    "rotate",
    "start",
    "stop",
    "suspend",
    "undelete",
    "unlock",
    "verify",
    "void",
];

/// Parts of paths whose callers have no key to send, or need none: who signs in, and other
/// systems that report something.
const ASIDE: [&str; 30] = [
    "auth",
    "authenticate",
    "callback",
    "callbacks",
    "events",
    "forgot-password",
    "hooks",
    "ingest",
    "log-in",
    "login",
    "logout",
    "logs",
    "metrics",
    "oauth",
    "oauth2",
    "otp",
    "password-reset",
    "preview",
    "reset-password",
    "search",
    "session",
    "sessions",
    "sign-in",
    "signin",
    "telemetry",
    "token",
    "tokens",
    "validate",
    "webhook",
    "webhooks",
];

const SAID: [&str; 6] =
    ["idempot", "no-op if", "safe to repeat", "safe to retry", "safely be retried", "upsert"];

/// How the operations of a description that create something take their key.
pub struct Keys {
    name: String,
    /// The operations with a key describe a conflict too: a conflict does not mean that a repeated
    /// call is refused by a natural key.
    with_conflict: bool,
}

impl Keys {
    pub fn of<'t>(base: &Description<'t>, operations: &[Operation<'t>]) -> Option<Self> {
        let creating: Vec<_> = operations.iter().filter(|one| creates(base, one)).collect();
        let keyed: Vec<(String, bool)> = creating
            .iter()
            .filter_map(|one| Some((key(base, one)?, conflicts(base, one))))
            .collect();
        let most = keyed.len() >= HABIT && keyed.len() * 3 >= creating.len() * 2;
        let name = keyed.first().filter(|_| most)?.0.clone();
        let with_conflict = keyed.iter().any(|(_, conflict)| *conflict);
        Some(Self { name, with_conflict })
    }

    pub fn missed<'t>(&self, head: &Description<'t>, one: &Now<'t>) -> Option<Missed> {
        let operation = &one.operation;
        let harmless = key(head, operation).is_some()
            || mentions(operation, &SAID)
            || operation.at.entries().iter().any(|e| plain(e.name()).starts_with("xidempot"))
            || (conflicts(head, operation) && !self.with_conflict)
            || is_conditional(head, operation);
        (creates(head, operation) && !harmless).then(|| Missed {
            habit: Habit::Idempotency,
            place: None,
            others: format!("`{}`", super::words::code(&self.name)),
        })
    }
}

/// Whether a call makes something new each time: it says that something was made, at an address
/// that is not the thing's own.
fn creates<'t>(description: &Description<'t>, one: &Operation<'t>) -> bool {
    if one.method != "post" || names_one(one.path.name) {
        return false;
    }
    let parts = fixed_parts(one.path.name);
    let last = parts.last().map_or("", String::as_str);
    let word = last.split(['-', '_']).next().unwrap_or(last);
    if STATES.contains(&word) || parts.iter().any(|part| ASIDE.contains(&part.as_str())) {
        return false;
    }
    let made = |status: &str| matches!(status, "201" | "202");
    let responses = description.responses(one);
    let said = ["operationId", "summary"].iter().any(|key| {
        let text = one.at.word(key).to_lowercase();
        text.starts_with("create") || text.split(['_', '.', '/']).next_back() == Some("create")
    });
    responses.iter().any(|response| made(response.status))
        || (said && responses.iter().any(|response| response.status.starts_with('2')))
}

fn conflicts<'t>(description: &Description<'t>, one: &Operation<'t>) -> bool {
    description.responses(one).iter().any(|response| response.status == "409")
}

fn is_conditional<'t>(description: &Description<'t>, one: &Operation<'t>) -> bool {
    let conditional = |name: &str| matches!(plain(name).as_str(), "ifmatch" | "ifnonematch");
    description.parameters(one).iter().any(|parameter| conditional(parameter.name))
}

/// The name of the key: a parameter, or a field of the body.
fn key<'t>(description: &Description<'t>, one: &Operation<'t>) -> Option<String> {
    let parameters = description.parameters(one);
    let parameter = parameters.iter().find(|parameter| {
        let about = parameter.at.word("description").to_lowercase();
        is_key(parameter.name)
            || (parameter.location == "header"
                && ["idempot", "safely retr", "safe retr"].iter().any(|word| about.contains(word)))
    });
    if let Some(parameter) = parameter {
        return Some(parameter.name.to_owned());
    }
    let body = description.body(one)?;
    let schemas = body.media.iter().filter_map(|media| media.schema);
    let names = schemas.flat_map(|schema| properties(description, schema));
    names.map(|(name, _)| name).find(|name| is_key(name)).map(str::to_owned)
}

fn is_key(name: &str) -> bool {
    const NAMES: [&str; 10] = [
        "clientmutationid",
        "clientreference",
        "clientrequestid",
        "clienttoken",
        "deduplicationid",
        "deduplicationkey",
        "externalid",
        "paypalrequestid",
        "requestid",
        "transactionref",
    ];
    let name = plain(name);
    // `X-Request-Id` follows a request through logs; it does not make repeating harmless.
    name.contains("idempoten") || NAMES.contains(&name.as_str())
}

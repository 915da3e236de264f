//! Who asks, and whether they may.

use super::answer::{Answer, Call};
use super::routes::{Needs, Route};
use crate::standin::keys::{AppKey, process_key};
use crate::standin::world::{Token, World};

/// Longest life of an App's token, in seconds.
const LONGEST_TOKEN: i64 = 600;
/// How far clocks may differ, in seconds.
const CLOCK_SKEW: i64 = 60;

/// Checks the credentials of a call against what the route needs.
pub(super) fn authorize(
    world: &World,
    route: &Route,
    call: &Call,
) -> Result<Option<Token>, Answer> {
    match route.needs {
        Needs::Nothing => Ok(None),
        Needs::App => {
            let key = process_key().map_err(Answer::from)?;
            app_token(world, key, credential(call)).map(|()| None)
        }
        Needs::Token => installation_token(world, credential(call)).map(Some),
        Needs::Read(names) => permitted(world, call, names, false).map(Some),
        Needs::Write(names) => permitted(world, call, names, true).map(Some),
    }
}

fn credential(call: &Call) -> &str {
    let header = call.header("authorization");
    match header.split_once(' ') {
        Some((scheme, rest))
            if scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("token") =>
        {
            rest.trim()
        }
        _ => "",
    }
}

fn app_token(world: &World, key: &AppKey, token: &str) -> Result<(), Answer> {
    if token.is_empty() {
        return Err(Answer::error(401, "A JSON web token could not be decoded"));
    }
    let Ok(claims) = key.verify(token) else {
        return Err(Answer::error(401, "A JSON web token could not be decoded"));
    };
    let issuer = match &claims.iss {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    if issuer != world.app.id.to_string() && issuer != world.app.client_id {
        return Err(Answer::error(404, "Integration not found"));
    }
    let now = world.now();
    if claims.iat > now + CLOCK_SKEW {
        let why = "'Issued at' claim ('iat') must be an Integer representing the time that the \
                   assertion was issued";
        return Err(Answer::error(401, why));
    }
    if claims.exp <= now {
        let why = "'Expiration time' claim ('exp') must be a numeric value representing the \
                   future time at which the assertion expires";
        return Err(Answer::error(401, why));
    }
    if claims.exp > now + LONGEST_TOKEN + CLOCK_SKEW {
        return Err(Answer::error(401, "'Expiration time' claim ('exp') is too far in the future"));
    }
    Ok(())
}

/// The token's row, if it is known, in time and of an installation that works.
pub(in crate::standin) fn installation_token(world: &World, token: &str) -> Result<Token, Answer> {
    if token.is_empty() {
        return Err(Answer::error(401, "Requires authentication"));
    }
    let bad = || Answer::error(401, "Bad credentials");
    let found = world.tokens.get(token).ok_or_else(bad)?;
    if found.expires_at.is_some_and(|expiry| expiry <= world.now()) {
        return Err(bad());
    }
    if found.installation && world.installation.removed {
        return Err(bad());
    }
    if found.installation && world.installation.suspended_at.is_some() {
        return Err(Answer::error(403, "This installation has been suspended"));
    }
    Ok(found.clone())
}

fn permitted(world: &World, call: &Call, names: &[&str], write: bool) -> Result<Token, Answer> {
    let token = installation_token(world, credential(call))?;
    if !sees(world, &token, call.repository) {
        return Err(Answer::not_found());
    }
    if !token.installation {
        return Ok(token);
    }
    // A public repository without the App can be read like by anybody, but not changed.
    let installed = world.repositories.get(&call.repository).is_some_and(|found| found.installed);
    let granted = (installed || !write)
        && names.iter().any(|name| {
            let level = token.permissions.get(*name).map_or("", String::as_str);
            // Every installation token may read metadata.
            matches!(level, "write" | "admin")
                || (!write && (level == "read" || *name == "metadata"))
        });
    if granted {
        Ok(token)
    } else {
        Err(Answer::error(403, "Resource not accessible by integration"))
    }
}

/// Whether the token reaches this repository.
pub(in crate::standin) fn sees(world: &World, token: &Token, repository: u64) -> bool {
    let Some(found) = world.repositories.get(&repository) else { return false };
    if !token.installation {
        return !found.private || found.permission_of(&token.login) != "none";
    }
    let chosen = token.repositories.as_ref().is_none_or(|ids| ids.contains(&repository));
    (found.installed && chosen) || (!found.private && !found.installed)
}

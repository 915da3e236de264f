//! A repository and what accounts may do in it.

use serde_json::json;

use crate::standin::server::answer::{Answer, Call};
use crate::standin::world::World;

pub(in crate::standin) fn get(world: &mut World, call: &Call) -> Result<Answer, Answer> {
    Ok(Answer::ok(world.full_repository_json(world.repository(call.repository)?)))
}

/// The App's installation in a repository.
pub(in crate::standin) fn installation(world: &mut World, call: &Call) -> Result<Answer, Answer> {
    let installed = world.repository(call.repository)?.installed && !world.installation.removed;
    if installed { Ok(Answer::ok(world.installation_json())) } else { Err(Answer::not_found()) }
}

pub(in crate::standin) fn permission(world: &mut World, call: &Call) -> Result<Answer, Answer> {
    let login = call.arg("username");
    let account = world.accounts.get(&login.to_ascii_lowercase());
    let login = account.map(|account| account.login.clone()).ok_or_else(Answer::not_found)?;
    let role = world.repository(call.repository)?.permission_of(&login).to_owned();
    // The older field knows four levels only.
    let permission = match role.as_str() {
        "maintain" => "write",
        "triage" => "read",
        other => other,
    };
    let rank = ["none", "read", "triage", "write", "maintain", "admin"]
        .iter()
        .position(|level| *level == role)
        .unwrap_or(0);
    let mut user = world.user_json(&login);
    if let Some(fields) = user.as_object_mut() {
        fields.insert("role_name".into(), json!(role));
        fields.insert(
            "permissions".into(),
            json!({
                "pull": rank >= 1,
                "triage": rank >= 2,
                "push": rank >= 3,
                "maintain": rank >= 4,
                "admin": rank >= 5,
            }),
        );
    }
    Ok(Answer::ok(json!({ "permission": permission, "role_name": role, "user": user })))
}

//! Teams of the organisation.

use serde_json::json;

use crate::standin::server::answer::{Answer, Call};
use crate::standin::shapes::encode_segment;
use crate::standin::world::World;

pub(in crate::standin) fn membership(world: &mut World, call: &Call) -> Result<Answer, Answer> {
    let token = call.token.as_ref().ok_or_else(Answer::not_found)?;
    let level = token.permissions.get("members").map_or("", String::as_str);
    if token.installation && !matches!(level, "read" | "write") {
        return Err(Answer::error(403, "Resource not accessible by integration"));
    }
    let (org, team, login) = (call.arg("org"), call.arg("team_slug"), call.arg("username"));
    let members = world.teams.get(&format!("{org}/{team}").to_ascii_lowercase());
    let login = login.to_ascii_lowercase();
    if !members.is_some_and(|members| members.contains(&login)) {
        return Err(Answer::not_found());
    }
    let url = format!(
        "{}/orgs/{}/teams/{}/memberships/{}",
        world.api,
        encode_segment(org),
        encode_segment(team),
        encode_segment(&login)
    );
    Ok(Answer::ok(json!({ "url": url, "role": "member", "state": "active" })))
}

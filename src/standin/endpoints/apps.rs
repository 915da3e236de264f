//! The App, its installation and tokens, its webhook deliveries.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::standin::deliveries::{DeliveryOutcome, DeliveryRecord};
use crate::standin::server::access::sees;
use crate::standin::server::answer::{Answer, Call};
use crate::standin::shapes::timestamp;
use crate::standin::world::{Token, World};

pub(in crate::standin) fn app(world: &mut World, _: &Call) -> Result<Answer, Answer> {
    let mut app = world.app_json();
    if let Some(fields) = app.as_object_mut() {
        fields.insert("installations_count".into(), json!(1));
    }
    Ok(Answer::ok(app))
}

pub(in crate::standin) fn installations(world: &mut World, call: &Call) -> Result<Answer, Answer> {
    let mut items = Vec::new();
    if !world.installation.removed {
        let mut item = world.installation_json();
        // The description of this listing wants an enterprise's properties on every account.
        if let Some(account) = item.get_mut("account").and_then(Value::as_object_mut) {
            let login = account.get("login").cloned().unwrap_or_default();
            account.insert("name".into(), login.clone());
            account.insert("slug".into(), login);
            account.insert("created_at".into(), Value::Null);
            account.insert("updated_at".into(), Value::Null);
        }
        items.push(item);
    }
    Ok(Answer::listing(call, &world.root, &items))
}

pub(in crate::standin) fn installation(world: &mut World, call: &Call) -> Result<Answer, Answer> {
    known_installation(world, call)?;
    Ok(Answer::ok(world.installation_json()))
}

fn known_installation(world: &World, call: &Call) -> Result<(), Answer> {
    let known = call.number("installation_id")? == world.installation.id;
    if known && !world.installation.removed { Ok(()) } else { Err(Answer::not_found()) }
}

pub(in crate::standin) fn access_token(world: &mut World, call: &Call) -> Result<Answer, Answer> {
    known_installation(world, call)?;
    if world.installation.suspended_at.is_some() {
        return Err(Answer::error(403, "This installation has been suspended"));
    }
    let repositories = chosen_repositories(world, call)?;
    let permissions = chosen_permissions(world, call)?;
    let expires_at = world.now().saturating_add(world.token_ttl);
    let token = new_token(world);
    let mut object = json!({
        "token": token,
        "expires_at": timestamp(expires_at),
        "permissions": permissions,
        "repository_selection": if repositories.is_some() { "selected" } else { "all" },
    });
    if let (Some(ids), Some(fields)) = (&repositories, object.as_object_mut()) {
        let list: Vec<Value> = ids
            .iter()
            .filter_map(|id| world.repositories.get(id))
            .map(|repository| world.repository_json(repository))
            .collect();
        fields.insert("repositories".into(), Value::Array(list));
    }
    let login = world.bot_login();
    let row = Token {
        login,
        installation: true,
        repositories,
        permissions,
        expires_at: Some(expires_at),
    };
    world.tokens.insert(token, row);
    Ok(Answer::json(201, object))
}

/// A token in GitHub's present format: about 520 characters with dots, dashes and underscores.
fn new_token(world: &mut World) -> String {
    let part = |length: usize| -> String {
        (0..length)
            .map(|_| match fastrand::u8(0..64) {
                62 => '-',
                63 => '_',
                _ => fastrand::alphanumeric(),
            })
            .collect()
    };
    let (head, claims, signature) = (part(36), part(120), part(342));
    let serial = world.next_id();
    format!("ghs_{}_{head}.{claims}{serial}.{signature}", world.app.id)
}

fn chosen_repositories(world: &World, call: &Call) -> Result<Option<Vec<u64>>, Answer> {
    let refused = || {
        Answer::error(
            422,
            "There is at least one repository that does not exist or is not accessible to the \
             parent installation.",
        )
    };
    let mut chosen = Vec::new();
    let by_id = call.json.get("repository_ids").and_then(Value::as_array);
    let by_name = call.json.get("repositories").and_then(Value::as_array);
    if by_id.is_none() && by_name.is_none() {
        return Ok(None);
    }
    for id in by_id.into_iter().flatten() {
        chosen.push(id.as_u64().ok_or_else(refused)?);
    }
    for name in by_name.into_iter().flatten() {
        let name = name.as_str().ok_or_else(refused)?;
        let found = world.find_repository(&world.installation.account, name);
        chosen.push(found.ok_or_else(refused)?.id);
    }
    let reached = |id: &u64| world.repositories.get(id).is_some_and(|r| r.installed);
    if chosen.len() > 500 || !chosen.iter().all(reached) {
        return Err(refused());
    }
    Ok(Some(chosen))
}

fn chosen_permissions(world: &World, call: &Call) -> Result<BTreeMap<String, String>, Answer> {
    let Some(wanted) = call.json.get("permissions").and_then(Value::as_object) else {
        return Ok(world.app.permissions.clone());
    };
    let mut granted = BTreeMap::new();
    for (name, level) in wanted {
        let level = level.as_str().unwrap_or_default();
        let held = world.app.permissions.get(name).map_or("", String::as_str);
        let enough = matches!((held, level), ("write", "write" | "read") | ("read", "read"));
        if !enough {
            let why = "The permissions requested are not granted to this installation.";
            return Err(Answer::error(422, why));
        }
        granted.insert(name.clone(), level.to_owned());
    }
    granted.entry("metadata".to_owned()).or_insert_with(|| "read".to_owned());
    Ok(granted)
}

pub(in crate::standin) fn installation_repositories(
    world: &mut World,
    call: &Call,
) -> Result<Answer, Answer> {
    let token = call.token.as_ref().filter(|token| token.installation);
    let token = token.ok_or_else(|| Answer::error(403, "Resource not accessible"))?;
    let items: Vec<Value> = world
        .repositories
        .values()
        .filter(|repository| repository.installed && sees(world, token, repository.id))
        .map(|repository| world.repository_json(repository))
        .collect();
    Ok(Answer::counted(call, &world.root, "repositories", &items))
}

pub(in crate::standin) fn convert_manifest(
    world: &mut World,
    call: &Call,
) -> Result<Answer, Answer> {
    // A code works once.
    let manifest = world.manifests.remove(call.arg("code")).ok_or_else(Answer::not_found)?;
    let key = crate::standin::keys::process_key().map_err(Answer::from)?;
    let mut app = world.app_json();
    if let Some(fields) = app.as_object_mut() {
        if let Some(name) = manifest.get("name").and_then(Value::as_str) {
            fields.insert("name".into(), json!(name));
        }
        fields.insert("client_secret".into(), json!("standin-client-secret"));
        fields.insert("webhook_secret".into(), json!(world.app.webhook_secret));
        fields.insert("pem".into(), json!(key.private_pem));
    }
    Ok(Answer::json(201, app))
}

/// Deliveries that a webhook got or should have got, newest first.
fn listed(world: &World) -> impl Iterator<Item = &DeliveryRecord> {
    world.outbox.records.iter().rev().filter(|record| {
        !matches!(record.outcome, DeliveryOutcome::Waiting | DeliveryOutcome::NotSent)
    })
}

pub(in crate::standin) fn deliveries(world: &mut World, call: &Call) -> Result<Answer, Answer> {
    let size = call.query("per_page").and_then(|text| text.parse().ok()).unwrap_or(30);
    let size = usize::clamp(size, 1, 100);
    let wanted = call.query("status");
    let before: u64 = match call.query("cursor") {
        Some(text) => text
            .trim_start_matches("v1_")
            .parse()
            .map_err(|_| Answer::error(422, "The cursor is not valid."))?,
        None => u64::MAX,
    };
    let mut matching = listed(world).filter(|record| record.id < before).filter(|record| {
        let good = matches!(record.outcome, DeliveryOutcome::Answered(200..=299));
        match wanted {
            Some("success") => good,
            Some("failure") => !good,
            _ => true,
        }
    });
    let page: Vec<&DeliveryRecord> = matching.by_ref().take(size).collect();
    let more = matching.next().is_some();
    let items: Vec<Value> = page.iter().map(|record| delivery_json(world, record)).collect();
    let mut answer = Answer::ok(Value::Array(items));
    if let Some(last) = page.last().filter(|_| more) {
        let status = wanted.map(|status| format!("&status={status}")).unwrap_or_default();
        let address = format!(
            "<{}{}?per_page={size}&cursor=v1_{}{status}>; rel=\"next\"",
            world.root, call.full_path, last.id
        );
        answer.headers.push(("link", address));
    }
    Ok(answer)
}

fn delivery_json(world: &World, record: &DeliveryRecord) -> Value {
    let (code, status) = match &record.outcome {
        DeliveryOutcome::Answered(code @ 200..=299) => (*code, "OK".to_owned()),
        DeliveryOutcome::Answered(code) => (*code, format!("Invalid HTTP Response: {code}")),
        DeliveryOutcome::Failed(why) if why == "timed out" => (0, why.clone()),
        _ => (0, "failed to connect to host".to_owned()),
    };
    json!({
        "id": record.id,
        "guid": record.guid,
        "delivered_at": timestamp(record.delivered_at),
        "redelivery": record.redelivery,
        "duration": record.duration,
        "status": status,
        "status_code": code,
        "event": record.event,
        "action": record.action,
        "installation_id": world.installation.id,
        "repository_id": record.repository,
        "throttled_at": null,
    })
}

fn find<'a>(world: &'a World, call: &Call) -> Result<&'a DeliveryRecord, Answer> {
    let id = call.number("delivery_id")?;
    listed(world).find(|record| record.id == id).ok_or_else(Answer::not_found)
}

pub(in crate::standin) fn delivery(world: &mut World, call: &Call) -> Result<Answer, Answer> {
    let record = find(world, call)?;
    let mut object = delivery_json(world, record);
    if let Some(fields) = object.as_object_mut() {
        fields.insert("url".into(), json!(world.outbox.webhook));
        let headers = json!({ "X-GitHub-Delivery": record.guid, "X-GitHub-Event": record.event });
        fields.insert("request".into(), json!({ "headers": headers, "payload": record.payload }));
        fields.insert("response".into(), json!({ "headers": {}, "payload": record.answer }));
    }
    Ok(Answer::ok(object))
}

pub(in crate::standin) fn redeliver(world: &mut World, call: &Call) -> Result<Answer, Answer> {
    let id = find(world, call)?.id;
    world.redeliver(id).ok_or_else(Answer::not_found)?;
    Ok(Answer::json(202, json!({})))
}

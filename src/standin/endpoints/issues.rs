//! Issues, their comments and labels. Pull requests are issues here.

use serde_json::Value;

use super::too_long;
use crate::standin::server::answer::{Answer, Call};
use crate::standin::world::World;

pub(in crate::standin) fn get(world: &mut World, call: &Call) -> Result<Answer, Answer> {
    let repository = world.repository(call.repository)?;
    let issue = repository.issue(call.number("issue_number")?)?;
    Ok(Answer::ok(world.issue_json(repository, issue)))
}

pub(in crate::standin) fn comments(world: &mut World, call: &Call) -> Result<Answer, Answer> {
    let repository = world.repository(call.repository)?;
    let number = repository.issue(call.number("issue_number")?)?.number;
    let items: Vec<Value> = repository
        .comments
        .values()
        .filter(|comment| comment.issue == number)
        .map(|comment| world.comment_json(repository, comment))
        .collect();
    Ok(Answer::listing(call, &world.root, &items))
}

fn body(call: &Call) -> Result<&str, Answer> {
    let body = call.text("body").filter(|body| !body.trim().is_empty());
    let body =
        body.ok_or_else(|| Answer::invalid("IssueComment", "body", "Body cannot be blank"))?;
    if too_long(body) {
        let why = "Body is too long (maximum is 65536 characters)";
        return Err(Answer::invalid("IssueComment", "data", why));
    }
    Ok(body)
}

pub(in crate::standin) fn create_comment(world: &mut World, call: &Call) -> Result<Answer, Answer> {
    let number = call.number("issue_number")?;
    world.repository(call.repository)?.issue(number)?;
    let id = world.add_comment(call.repository, number, &call.actor(), body(call)?)?;
    comment_answer(world, call, id, 201)
}

pub(in crate::standin) fn comment(world: &mut World, call: &Call) -> Result<Answer, Answer> {
    comment_answer(world, call, call.number("comment_id")?, 200)
}

pub(in crate::standin) fn edit_comment(world: &mut World, call: &Call) -> Result<Answer, Answer> {
    let id = call.number("comment_id")?;
    let known = world.repository(call.repository)?.comments.contains_key(&id);
    if !known {
        return Err(Answer::not_found());
    }
    world.edit_comment(call.repository, id, body(call)?, &call.actor())?;
    comment_answer(world, call, id, 200)
}

fn comment_answer(world: &World, call: &Call, id: u64, status: u16) -> Result<Answer, Answer> {
    let repository = world.repository(call.repository)?;
    let comment = repository.comments.get(&id).ok_or_else(Answer::not_found)?;
    Ok(Answer::json(status, world.comment_json(repository, comment)))
}

pub(in crate::standin) fn labels(world: &mut World, call: &Call) -> Result<Answer, Answer> {
    let repository = world.repository(call.repository)?;
    let issue = repository.issue(call.number("issue_number")?)?;
    let items: Vec<Value> =
        issue.labels.iter().map(|name| world.label_json(repository, name)).collect();
    Ok(Answer::listing(call, &world.root, &items))
}

pub(in crate::standin) fn add_labels(world: &mut World, call: &Call) -> Result<Answer, Answer> {
    let number = call.number("issue_number")?;
    world.repository(call.repository)?.issue(number)?;
    // Both `{"labels": […]}` and a plain list are accepted.
    let list = call.json.get("labels").unwrap_or(&call.json).as_array();
    let refused = || Answer::invalid("Label", "name", "labels are texts of 1 to 50 characters");
    let mut names = Vec::new();
    for item in list.ok_or_else(refused)? {
        let name = item.as_str().or_else(|| item.get("name").and_then(Value::as_str));
        let name = name.filter(|name| !name.is_empty() && name.chars().count() <= 50);
        names.push(name.ok_or_else(refused)?.to_owned());
    }
    for name in names {
        world.add_label(call.repository, number, &name, &call.actor())?;
    }
    all_labels(world, call, number)
}

pub(in crate::standin) fn remove_label(world: &mut World, call: &Call) -> Result<Answer, Answer> {
    let number = call.number("issue_number")?;
    let removed = world.remove_label(call.repository, number, call.arg("name"), &call.actor());
    removed.map_err(|_| Answer::error(404, "Label does not exist"))?;
    all_labels(world, call, number)
}

fn all_labels(world: &World, call: &Call, number: u64) -> Result<Answer, Answer> {
    let repository = world.repository(call.repository)?;
    Ok(Answer::ok(world.labels_json(repository, repository.issue(number)?)))
}

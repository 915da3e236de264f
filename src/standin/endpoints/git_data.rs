//! References, commits and trees as objects.

use git2::{ObjectType, Oid};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::standin::events::NO_COMMIT;
use crate::standin::git_store::{FileEdit, RawCommit};
use crate::standin::server::answer::{Answer, Call};
use crate::standin::shapes::{encode_path, node_id, timestamp};
use crate::standin::world::{Repository, World};

fn reference_json(world: &World, repository: &Repository, name: &str, sha: &str) -> Value {
    let api = world.repository_api(repository);
    json!({
        "ref": name,
        "node_id": node_id("REF", repository.id),
        "url": format!("{api}/git/{}", encode_path(name)),
        "object": { "sha": sha, "type": "commit", "url": format!("{api}/git/commits/{sha}") },
    })
}

pub(in crate::standin) fn reference(world: &mut World, call: &Call) -> Result<Answer, Answer> {
    let repository = world.repository(call.repository)?;
    let name = format!("refs/{}", call.arg("ref"));
    let sha = repository.git.reference(&name)?.ok_or_else(Answer::not_found)?;
    Ok(Answer::ok(reference_json(world, repository, &name, &sha)))
}

pub(in crate::standin) fn create_reference(
    world: &mut World,
    call: &Call,
) -> Result<Answer, Answer> {
    let repository = world.repository(call.repository)?;
    let (name, sha) = (call.text("ref").unwrap_or_default(), call.text("sha").unwrap_or_default());
    let Some(branch) = name.strip_prefix("refs/heads/").filter(|branch| !branch.is_empty()) else {
        return Err(Answer::error(422, "Reference name must start with 'refs/heads/'"));
    };
    if !git2::Reference::is_valid_name(name) {
        return Err(Answer::error(422, &format!("{name} is not a valid ref name.")));
    }
    if repository.git.resolve(sha)?.is_none() {
        return Err(Answer::error(422, "Object does not exist"));
    }
    if repository.git.reference(name)?.is_some() {
        return Err(Answer::error(422, "Reference already exists"));
    }
    if repository.protected.iter().any(|start| branch.starts_with(start.as_str())) {
        let why = "Repository rule violations found\n\nCannot create ref due to creations being \
                   restricted.\n\n";
        return Err(Answer::error(422, why));
    }
    let (branch, sha) = (branch.to_owned(), sha.to_owned());
    repository.git.set_reference(name, &sha)?;
    world.branch_moved(call.repository, &branch, NO_COMMIT, &sha, Some(&call.actor()))?;
    let repository = world.repository(call.repository)?;
    Ok(Answer::json(201, reference_json(world, repository, name, &sha)))
}

pub(in crate::standin) fn commit(world: &mut World, call: &Call) -> Result<Answer, Answer> {
    let repository = world.repository(call.repository)?;
    let sha = repository.git.resolve(call.arg("commit_sha"))?.ok_or_else(Answer::not_found)?;
    Ok(Answer::ok(commit_json(world, repository, &sha)?))
}

fn commit_json(world: &World, repository: &Repository, sha: &str) -> Result<Value, Answer> {
    let failed = |error: git2::Error| Answer::error(500, &error.to_string());
    let git = repository.git.open_objects()?;
    let id = Oid::from_str(sha).map_err(failed)?;
    let commit = git.find_commit(id).map_err(failed)?;
    let (api, page) = (world.repository_api(repository), world.repository_page(repository));
    let person = |signature: git2::Signature<'_>| {
        json!({
            "name": String::from_utf8_lossy(signature.name_bytes()),
            "email": String::from_utf8_lossy(signature.email_bytes()),
            "date": timestamp(signature.when().seconds()),
        })
    };
    let parent = |id: Oid| {
        json!({
            "sha": id.to_string(),
            "url": format!("{api}/git/commits/{id}"),
            "html_url": format!("{page}/commit/{id}"),
        })
    };
    Ok(json!({
        "sha": sha,
        "node_id": node_id("C", repository.id),
        "url": format!("{api}/git/commits/{sha}"),
        "html_url": format!("{page}/commit/{sha}"),
        "author": person(commit.author()),
        "committer": person(commit.committer()),
        "tree": {
            "sha": commit.tree_id().to_string(),
            "url": format!("{api}/git/trees/{}", commit.tree_id()),
        },
        "message": String::from_utf8_lossy(commit.message_bytes()),
        "parents": commit.parent_ids().map(parent).collect::<Value>(),
        "verification": {
            "verified": false,
            "reason": "unsigned",
            "signature": null,
            "payload": null,
            "verified_at": null,
        },
    }))
}

pub(in crate::standin) fn create_commit(world: &mut World, call: &Call) -> Result<Answer, Answer> {
    let now = world.now();
    let repository = world.repository(call.repository)?;
    let author = call.json.get("author");
    let of = |name: &str| author.and_then(|author| author.get(name)).and_then(Value::as_str);
    let time = match of("date") {
        Some(text) => OffsetDateTime::parse(text, &Rfc3339)
            .map_err(|_| Answer::error(422, "Invalid request.\n\ndate is not a date-time."))?
            .unix_timestamp(),
        None => now,
    };
    let parents: Vec<String> = call
        .json
        .get("parents")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|parent| parent.as_str().map(str::to_owned))
        .collect();
    let actor = call.actor();
    let new = RawCommit {
        tree: call.text("tree").unwrap_or_default(),
        parents: &parents,
        message: call.text("message").unwrap_or_default(),
        name: of("name").unwrap_or(&actor),
        email: of("email").unwrap_or("noreply@users.noreply.example"),
        time,
    };
    let sha = repository
        .git
        .write_commit(&new)
        .map_err(|_| Answer::error(422, "Tree SHA does not exist"))?;
    Ok(Answer::json(201, commit_json(world, repository, &sha)?))
}

pub(in crate::standin) fn create_tree(world: &mut World, call: &Call) -> Result<Answer, Answer> {
    let repository = world.repository(call.repository)?;
    let refused = |why: &str| Answer::error(422, why);
    let entries = call.json.get("tree").and_then(Value::as_array);
    let mut edits = Vec::new();
    for entry in entries.ok_or_else(|| refused("Invalid tree info"))? {
        edits.push(edit(entry).ok_or_else(|| refused("Invalid tree info"))?);
    }
    let base = call.text("base_tree").unwrap_or_default();
    let id = repository
        .git
        .write_tree(base, &edits)
        .map_err(|_| refused("base_tree is not a valid tree oid"))?;
    Ok(Answer::json(201, tree_json(world, repository, &id)?))
}

/// Only the forms with a content, and removals.
fn edit(entry: &Value) -> Option<FileEdit> {
    let text = |name: &str| entry.get(name).and_then(Value::as_str);
    let path = text("path")?.to_owned();
    if entry.get("sha").is_some_and(Value::is_null) {
        return Some(FileEdit::Delete { path });
    }
    let content = text("content")?.as_bytes().to_vec();
    match text("mode")? {
        "100644" => Some(FileEdit::Write { path, content }),
        "100755" => Some(FileEdit::WriteExecutable { path, content }),
        _ => None,
    }
}

fn tree_json(world: &World, repository: &Repository, id: &str) -> Result<Value, Answer> {
    let failed = |error: git2::Error| Answer::error(500, &error.to_string());
    let git = repository.git.open_objects()?;
    let tree = git.find_tree(Oid::from_str(id).map_err(failed)?).map_err(failed)?;
    let api = world.repository_api(repository);
    let mut items = Vec::new();
    for entry in &tree {
        let (kind, folder) = match entry.kind() {
            Some(ObjectType::Tree) => ("tree", "trees"),
            Some(ObjectType::Commit) => ("commit", "commits"),
            _ => ("blob", "blobs"),
        };
        let mut item = json!({
            "path": String::from_utf8_lossy(entry.name_bytes()),
            "mode": format!("{:06o}", entry.filemode()),
            "type": kind,
            "sha": entry.id().to_string(),
            "url": format!("{api}/git/{folder}/{}", entry.id()),
        });
        if let (Ok(blob), Some(fields)) = (git.find_blob(entry.id()), item.as_object_mut()) {
            fields.insert("size".to_owned(), json!(blob.size()));
        }
        items.push(item);
    }
    Ok(json!({
        "sha": id,
        "url": format!("{api}/git/trees/{id}"),
        "tree": items,
        "truncated": false,
    }))
}

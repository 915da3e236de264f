//! Pull requests and their files.

use serde_json::Value;

use super::too_long;
use crate::standin::acts::{PullEdit, PullRequestSpec};
use crate::standin::diff::pull_files;
use crate::standin::server::answer::{Answer, Call};
use crate::standin::world::{Repository, World};

/// Most files that GitHub lists for a pull request.
const FILES_LIMIT: usize = 3_000;

pub(in crate::standin) fn list(world: &mut World, call: &Call) -> Result<Answer, Answer> {
    let repository = world.repository(call.repository)?;
    let state = call.query("state").unwrap_or("open");
    if !matches!(state, "open" | "closed" | "all") {
        return Err(Answer::invalid("PullRequest", "state", "state is not known"));
    }
    let mut found: Vec<(i64, u64)> = Vec::new();
    for (number, pull) in &repository.pulls {
        let issue = repository.issue(*number)?;
        let wanted = match state {
            "open" => issue.open,
            "closed" => !issue.open,
            _ => true,
        };
        let head = call.query("head").is_none_or(|head| is_head(world, repository, *number, head));
        let base = call.query("base").is_none_or(|base| base == pull.base_ref);
        if wanted && head && base {
            let key = if call.query("sort") == Some("updated") { issue.updated_at } else { 0 };
            found.push((key, *number));
        }
    }
    found.sort_unstable();
    // Newest first, unless another order is named without a direction.
    let sorted = call.query("sort").is_some_and(|sort| sort != "created");
    if call.query("direction").map_or(!sorted, |direction| direction == "desc") {
        found.reverse();
    }
    let items = numbers_json(world, repository, found.into_iter().map(|(_, number)| number))?;
    Ok(Answer::listing(call, &world.root, &items))
}

/// Whether the pull request's head is `owner:branch` (or, as GitHub takes it, any if malformed).
fn is_head(world: &World, repository: &Repository, number: u64, head: &str) -> bool {
    let Some((owner, branch)) = head.split_once(':') else { return true };
    let Some(pull) = repository.pulls.get(&number) else { return false };
    let source = pull.head_repository.and_then(|id| world.repositories.get(&id));
    pull.head_ref == branch && source.is_some_and(|r| r.owner.eq_ignore_ascii_case(owner))
}

fn numbers_json(
    world: &World,
    repository: &Repository,
    numbers: impl Iterator<Item = u64>,
) -> Result<Vec<Value>, Answer> {
    let items: Result<Vec<Value>, _> =
        numbers.map(|number| world.pull_simple_json(repository, number)).collect();
    Ok(items?)
}

pub(in crate::standin) fn get(world: &mut World, call: &Call) -> Result<Answer, Answer> {
    let repository = world.repository(call.repository)?;
    Ok(Answer::ok(world.pull_json(repository, call.number("pull_number")?)?))
}

pub(in crate::standin) fn files(world: &mut World, call: &Call) -> Result<Answer, Answer> {
    let repository = world.repository(call.repository)?;
    let pull = repository.pull(call.number("pull_number")?)?;
    let files = pull_files(&repository.git, &pull.base_sha, &pull.head_sha)?;
    let items: Vec<Value> = files
        .iter()
        .take(FILES_LIMIT)
        .map(|file| world.file_json(repository, &pull.head_sha, file))
        .collect();
    Ok(Answer::listing(call, &world.root, &items))
}

/// Pull requests that contain a commit: open ones for any commit, merged ones for their own.
pub(in crate::standin) fn of_commit(world: &mut World, call: &Call) -> Result<Answer, Answer> {
    let repository = world.repository(call.repository)?;
    let commit = repository.git.resolve(call.arg("commit_sha"))?.ok_or_else(|| {
        Answer::error(422, &format!("No commit found for SHA: {}", call.arg("commit_sha")))
    })?;
    let mut numbers = Vec::new();
    for (number, pull) in repository.pulls.iter().rev() {
        let contained = repository.git.contains(&pull.head_sha, &commit)?
            && !repository.git.contains(&pull.base_sha, &commit)?;
        if contained
            || pull.merge_sha.as_deref().is_some_and(|sha| pull.merged.is_some() && sha == commit)
        {
            numbers.push(*number);
        }
    }
    let items = numbers_json(world, repository, numbers.into_iter())?;
    Ok(Answer::listing(call, &world.root, &items))
}

/// Opens a pull request from a branch of the repository itself.
pub(in crate::standin) fn create(world: &mut World, call: &Call) -> Result<Answer, Answer> {
    let text = |name: &str| call.text(name).unwrap_or_default().to_owned();
    let (head, base, title) = (text("head"), text("base"), text("title"));
    let refused = |field: &str, why: &str| Answer::invalid("PullRequest", field, why);
    let repository = world.repository(call.repository)?;
    if title.trim().is_empty() {
        return Err(refused("title", "title is missing"));
    }
    if too_long(&text("body")) {
        return Err(refused("body", "body is too long (maximum is 65536 characters)"));
    }
    let Some(head_sha) = repository.git.branch(&head)? else {
        return Err(refused("head", "head is invalid"));
    };
    let Some(base_sha) = repository.git.branch(&base)? else {
        return Err(refused("base", "base is invalid"));
    };
    if repository.git.contains(&base_sha, &head_sha)? {
        return Err(refused("head", &format!("No commits between {base} and {head}")));
    }
    let standing = repository.pulls.iter().any(|(number, pull)| {
        let open = repository.issues.get(number).is_some_and(|issue| issue.open);
        open && pull.head_ref == head && pull.base_ref == base
    });
    if standing {
        let owner = &repository.owner;
        let why = format!("A pull request already exists for {owner}:{head}.");
        return Err(refused("base", &why));
    }
    let draft = call.json.get("draft").and_then(Value::as_bool).unwrap_or(false);
    let spec = PullRequestSpec {
        head,
        head_repository: None,
        base,
        title,
        body: text("body"),
        author: call.actor(),
        draft,
    };
    let number = world.open_pull(call.repository, &spec)?;
    Ok(Answer::json(201, world.pull_json(world.repository(call.repository)?, number)?))
}

pub(in crate::standin) fn update(world: &mut World, call: &Call) -> Result<Answer, Answer> {
    let number = call.number("pull_number")?;
    world.repository(call.repository)?.pull(number)?;
    let text = |name: &str| call.text(name).map(str::to_owned);
    if call.text("body").is_some_and(too_long) {
        return Err(Answer::invalid("PullRequest", "body", "body is too long"));
    }
    let edit = PullEdit { title: text("title"), body: text("body"), base: text("base") };
    world.edit_pull(call.repository, number, &edit, &call.actor())?;
    Ok(Answer::ok(world.pull_json(world.repository(call.repository)?, number)?))
}

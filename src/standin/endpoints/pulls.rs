//! Pull requests and their files.

use serde_json::Value;

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

//! Check runs and suites, with GitHub's limits.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::standin::server::answer::{Answer, Call};
use crate::standin::shapes::pull::blob_page;
use crate::standin::world::{CheckRun, Repository, World};

/// Annotations in one request.
const ANNOTATIONS_LIMIT: usize = 50;
/// Characters of an output's summary and text.
const TEXT_LIMIT: usize = 65_535;
/// Buttons of a check run.
const ACTIONS_LIMIT: usize = 3;
const CONCLUSIONS: &[&str] =
    &["action_required", "cancelled", "failure", "neutral", "success", "skipped", "timed_out"];
const STATUSES: &[&str] = &["queued", "in_progress", "completed"];

fn refuse(why: &str) -> Answer {
    Answer::error(422, &format!("Invalid request.\n\n{why}"))
}

pub(in crate::standin) fn create(world: &mut World, call: &Call) -> Result<Answer, Answer> {
    let name = call.text("name").filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| refuse("\"name\" wasn't supplied."))?.to_owned();
    let sha = call.text("head_sha").ok_or_else(|| refuse("\"head_sha\" wasn't supplied."))?;
    let known = sha.len() == 40 && world.repository(call.repository)?.git.resolve(sha)?.is_some();
    if !known {
        return Err(Answer::error(422, &format!("No commit found for SHA: {sha}")));
    }
    validate(call, true)?;
    let suite = world.suite_of(call.repository, sha, None)?;
    let (id, now) = (world.next_id(), world.now());
    let mut run = CheckRun {
        id,
        suite,
        name,
        head_sha: sha.to_owned(),
        external_id: String::new(),
        details_url: None,
        status: "queued".to_owned(),
        conclusion: None,
        started_at: now,
        completed_at: None,
        title: None,
        summary: None,
        text: None,
        annotations: Vec::new(),
        actions: Vec::new(),
    };
    apply(&mut run, call, now);
    let completed = run.conclusion.is_some();
    world.repository_mut(call.repository)?.check_runs.insert(id, run);
    let actor = call.actor();
    world.emit_check_run(call.repository, id, "created", &actor, Value::Null)?;
    if completed {
        world.emit_check_run(call.repository, id, "completed", &actor, Value::Null)?;
    }
    run_answer(world, call, id, 201)
}

pub(in crate::standin) fn update(world: &mut World, call: &Call) -> Result<Answer, Answer> {
    let id = call.number("check_run_id")?;
    let now = world.now();
    let repository = world.repository_mut(call.repository)?;
    let run = repository.check_runs.get_mut(&id).ok_or_else(Answer::not_found)?;
    validate(call, false)?;
    let before = run.conclusion.is_some();
    apply(run, call, now);
    if run.conclusion.is_some() && !before {
        world.emit_check_run(call.repository, id, "completed", &call.actor(), Value::Null)?;
    }
    run_answer(world, call, id, 200)
}

fn validate(call: &Call, new: bool) -> Result<(), Answer> {
    let status = call.text("status");
    let conclusion = call.text("conclusion");
    if status.is_some_and(|status| !STATUSES.contains(&status)) {
        return Err(refuse("\"status\" is not one of queued, in_progress, completed."));
    }
    if conclusion.is_some_and(|conclusion| !CONCLUSIONS.contains(&conclusion)) {
        return Err(refuse("\"conclusion\" is not known."));
    }
    if status == Some("completed") && conclusion.is_none() {
        return Err(refuse("\"conclusion\" is required when the status is completed."));
    }
    if let Some(output) = call.json.get("output").filter(|output| !output.is_null()) {
        validate_output(output, new)?;
    }
    let actions = call.json.get("actions").and_then(Value::as_array);
    let actions = actions.map(Vec::as_slice).unwrap_or_default();
    if actions.len() > ACTIONS_LIMIT {
        return Err(refuse("No more than 3 items are allowed; too many actions were supplied."));
    }
    for action in actions {
        for (field, limit) in [("label", 20), ("description", 40), ("identifier", 20)] {
            let text = action.get(field).and_then(Value::as_str).unwrap_or_default();
            if text.is_empty() || text.chars().count() > limit {
                return Err(refuse(&format!("action {field} must have 1 to {limit} characters.")));
            }
        }
    }
    Ok(())
}

fn validate_output(output: &Value, new: bool) -> Result<(), Answer> {
    let text = |name: &str| output.get(name).and_then(Value::as_str);
    if text("summary").is_none() || (new && text("title").is_none()) {
        return Err(refuse("\"title\" and \"summary\" are required in the output."));
    }
    for name in ["summary", "text"] {
        let length = text(name).map_or(0, |text| text.chars().count());
        if length > TEXT_LIMIT {
            let why = format!("Only {TEXT_LIMIT} characters are allowed; {length} were supplied.");
            return Err(refuse(&why));
        }
    }
    if text("title").is_some_and(|title| title.chars().count() > 255) {
        return Err(refuse("the title has more than 255 characters."));
    }
    let annotations = output.get("annotations").and_then(Value::as_array);
    let annotations = annotations.map(Vec::as_slice).unwrap_or_default();
    if annotations.len() > ANNOTATIONS_LIMIT {
        let count = annotations.len();
        return Err(refuse(&format!("No more than 50 items are allowed; {count} were supplied.")));
    }
    annotations.iter().try_for_each(validate_annotation)
}

fn validate_annotation(annotation: &Value) -> Result<(), Answer> {
    let text = |name: &str| annotation.get(name).and_then(Value::as_str).unwrap_or_default();
    let number = |name: &str| annotation.get(name).and_then(Value::as_u64);
    let (Some(start), Some(end)) = (number("start_line"), number("end_line")) else {
        return Err(refuse("an annotation needs start_line and end_line."));
    };
    let columns = number("start_column").or(number("end_column")).is_some();
    let problem = if text("path").is_empty() || text("message").is_empty() {
        "an annotation needs a path and a message."
    } else if !matches!(text("annotation_level"), "notice" | "warning" | "failure") {
        "annotation_level is not one of notice, warning, failure."
    } else if start > end {
        "start_line lies after end_line."
    } else if columns && start != end {
        "columns are allowed only where start_line and end_line are the same."
    } else if text("message").len() > 65_536 || text("raw_details").len() > 65_536 {
        "message and raw_details may have 64 KB."
    } else if text("title").chars().count() > 255 {
        "an annotation's title may have 255 characters."
    } else {
        return Ok(());
    };
    Err(refuse(problem))
}

fn apply(run: &mut CheckRun, call: &Call, now: i64) {
    if let Some(name) = call.text("name") {
        name.clone_into(&mut run.name);
    }
    if let Some(id) = call.text("external_id") {
        id.clone_into(&mut run.external_id);
    }
    if let Some(address) = call.text("details_url") {
        run.details_url = Some(address.to_owned());
    }
    if let Some(conclusion) = call.text("conclusion") {
        run.status = "completed".to_owned();
        run.conclusion = Some(conclusion.to_owned());
        run.completed_at = Some(now);
    } else if let Some(status) = call.text("status") {
        status.clone_into(&mut run.status);
        run.conclusion = None;
        run.completed_at = None;
    }
    if let Some(output) = call.json.get("output").filter(|output| output.is_object()) {
        let text = |name: &str| output.get(name).and_then(Value::as_str).map(str::to_owned);
        run.title = text("title").or(run.title.take());
        run.summary = text("summary").or(run.summary.take());
        run.text = text("text").or(run.text.take());
        let more = output.get("annotations").and_then(Value::as_array);
        run.annotations.extend(more.into_iter().flatten().cloned());
    }
    if let Some(actions) = call.json.get("actions").and_then(Value::as_array) {
        run.actions.clone_from(actions);
    }
}

fn run_answer(world: &World, call: &Call, id: u64, status: u16) -> Result<Answer, Answer> {
    let repository = world.repository(call.repository)?;
    let run = repository.check_runs.get(&id).ok_or_else(Answer::not_found)?;
    Ok(Answer::json(status, world.check_run_json(repository, run)))
}

pub(in crate::standin) fn get(world: &mut World, call: &Call) -> Result<Answer, Answer> {
    run_answer(world, call, call.number("check_run_id")?, 200)
}

pub(in crate::standin) fn annotations(world: &mut World, call: &Call) -> Result<Answer, Answer> {
    let repository = world.repository(call.repository)?;
    let run = repository.check_runs.get(&call.number("check_run_id")?);
    let run = run.ok_or_else(Answer::not_found)?;
    let field =
        |annotation: &Value, name: &str| annotation.get(name).cloned().unwrap_or(Value::Null);
    let items: Vec<Value> = run
        .annotations
        .iter()
        .map(|annotation| {
            let path = annotation.get("path").and_then(Value::as_str).unwrap_or_default();
            json!({
                "path": path,
                "blob_href": blob_page(&world.root, &repository.slug(), &run.head_sha, path),
                "start_line": field(annotation, "start_line"),
                "start_column": field(annotation, "start_column"),
                "end_line": field(annotation, "end_line"),
                "end_column": field(annotation, "end_column"),
                "annotation_level": field(annotation, "annotation_level"),
                "title": field(annotation, "title"),
                "message": field(annotation, "message"),
                "raw_details": field(annotation, "raw_details"),
            })
        })
        .collect();
    Ok(Answer::listing(call, &world.root, &items))
}

/// The commit that the path names, by id or by branch.
fn commit(repository: &Repository, call: &Call) -> Result<String, Answer> {
    let name = call.arg("ref");
    let name = name.strip_prefix("heads/").unwrap_or(name);
    repository
        .git
        .resolve(name)?
        .ok_or_else(|| Answer::error(422, &format!("No commit found for SHA: {name}")))
}

/// Whether the query asks for another App than the only one there is.
fn other_app(world: &World, call: &Call) -> bool {
    call.query("app_id").is_some_and(|id| id != world.app.id.to_string())
}

pub(in crate::standin) fn list(world: &mut World, call: &Call) -> Result<Answer, Answer> {
    let repository = world.repository(call.repository)?;
    let sha = commit(repository, call)?;
    let all = call.query("filter") == Some("all");
    let name = call.query("check_name");
    let status = call.query("status");
    // Ids rise with time: a later run of a name takes the place of an earlier one.
    let mut chosen: BTreeMap<(String, u64), &CheckRun> = BTreeMap::new();
    for run in repository.check_runs.values().filter(|run| run.head_sha == sha) {
        let key = (run.name.clone(), if all { run.id } else { 0 });
        chosen.insert(key, run);
    }
    let mut runs: Vec<&CheckRun> = chosen.into_values().collect();
    runs.retain(|run| {
        name.is_none_or(|name| name == run.name)
            && status.is_none_or(|status| status == run.status)
            && !other_app(world, call)
    });
    runs.sort_unstable_by_key(|run| std::cmp::Reverse(run.id));
    let items: Vec<Value> =
        runs.into_iter().map(|run| world.check_run_json(repository, run)).collect();
    Ok(Answer::counted(call, &world.root, "check_runs", &items))
}

pub(in crate::standin) fn suites(world: &mut World, call: &Call) -> Result<Answer, Answer> {
    let repository = world.repository(call.repository)?;
    let sha = commit(repository, call)?;
    let mut items = Vec::new();
    for suite in repository.check_suites.values().filter(|suite| suite.head_sha == sha) {
        if !other_app(world, call) {
            items.push(world.check_suite_json(repository, suite)?);
        }
    }
    Ok(Answer::counted(call, &world.root, "check_suites", &items))
}

pub(in crate::standin) fn suite(world: &mut World, call: &Call) -> Result<Answer, Answer> {
    let repository = world.repository(call.repository)?;
    let suite = repository.check_suites.get(&call.number("check_suite_id")?);
    let suite = suite.ok_or_else(Answer::not_found)?;
    Ok(Answer::ok(world.check_suite_json(repository, suite)?))
}

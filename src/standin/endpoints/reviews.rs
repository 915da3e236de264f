//! Reviews and review comments. A comment must stand on a line of the diff, or GitHub refuses the
//! whole review.

use serde_json::{Value, json};

use super::too_long;
use crate::standin::StandinError;
use crate::standin::diff::{DiffFile, pull_files};
use crate::standin::server::answer::{Answer, Call};
use crate::standin::world::{Review, ReviewComment, World};

pub(in crate::standin) fn list(world: &mut World, call: &Call) -> Result<Answer, Answer> {
    let repository = world.repository(call.repository)?;
    let number = call.number("pull_number")?;
    repository.pull(number)?;
    let items: Vec<Value> = repository
        .reviews
        .values()
        .filter(|review| review.pull == number)
        .map(|review| world.review_json(repository, review))
        .collect();
    Ok(Answer::listing(call, &world.root, &items))
}

pub(in crate::standin) fn comments(world: &mut World, call: &Call) -> Result<Answer, Answer> {
    let repository = world.repository(call.repository)?;
    let number = call.number("pull_number")?;
    repository.pull(number)?;
    let pending = |id: &u64| repository.reviews.get(id).is_some_and(|r| r.state == "PENDING");
    let items: Vec<Value> = repository
        .review_comments
        .values()
        .filter(|comment| comment.pull == number && !pending(&comment.review))
        .map(|comment| world.review_comment_json(repository, comment))
        .collect();
    Ok(Answer::listing(call, &world.root, &items))
}

pub(in crate::standin) fn edit_comment(world: &mut World, call: &Call) -> Result<Answer, Answer> {
    let id = call.number("comment_id")?;
    let now = world.now();
    let body = call.text("body").filter(|body| !body.trim().is_empty() && !too_long(body));
    let repository = world.repository_mut(call.repository)?;
    let comment = repository.review_comments.get_mut(&id).ok_or_else(Answer::not_found)?;
    let refused = || Answer::invalid("PullRequestReviewComment", "body", "body is not valid");
    comment.body = body.ok_or_else(refused)?.to_owned();
    comment.updated_at = now;
    world.emit_review_comment(call.repository, id, "edited", &call.actor())?;
    let repository = world.repository(call.repository)?;
    let comment = repository.review_comments.get(&id).ok_or_else(Answer::not_found)?;
    Ok(Answer::ok(world.review_comment_json(repository, comment)))
}

/// One comment of a new review, checked against the diff.
struct Note {
    path: String,
    body: String,
    subject: String,
    line: Option<u64>,
    side: String,
    start_line: Option<u64>,
    start_side: Option<String>,
    diff_hunk: String,
}

pub(in crate::standin) fn create(world: &mut World, call: &Call) -> Result<Answer, Answer> {
    let number = call.number("pull_number")?;
    let repository = world.repository(call.repository)?;
    let pull = repository.pull(number)?;
    let commit = call.text("commit_id").unwrap_or(&pull.head_sha).to_owned();
    if repository.git.resolve(&commit)?.is_none() {
        return Err(Answer::unprocessable(&["commit_id is not part of the pull request".into()]));
    }
    let listed = call.json.get("comments").and_then(Value::as_array);
    let wanted = listed.map(Vec::as_slice).unwrap_or_default();
    let body = call.text("body").unwrap_or_default().to_owned();
    let state = review_state(call.text("event"), &body, wanted)?;
    let files = pull_files(&repository.git, &pull.base_sha, &commit)?;
    let mut notes = Vec::new();
    let mut errors: Vec<String> = Vec::new();
    for comment in wanted {
        match checked(&files, comment) {
            Ok(note) => notes.push(note),
            Err(why) if errors.contains(&why) => {}
            Err(why) => errors.push(why),
        }
    }
    if !errors.is_empty() {
        return Err(Answer::unprocessable(&errors));
    }
    let id = store(world, call, number, &body, &commit, state, notes)?;
    let repository = world.repository(call.repository)?;
    let review = repository.reviews.get(&id).ok_or_else(Answer::not_found)?;
    Ok(Answer::ok(world.review_json(repository, review)))
}

fn review_state(
    event: Option<&str>,
    body: &str,
    comments: &[Value],
) -> Result<&'static str, Answer> {
    let empty = body.trim().is_empty() && comments.is_empty();
    if too_long(body) {
        let why = "body is too long (maximum is 65536 characters)";
        return Err(Answer::unprocessable(&[why.to_owned()]));
    }
    match event {
        None => Ok("PENDING"),
        Some("APPROVE") => Ok("APPROVED"),
        Some("COMMENT" | "REQUEST_CHANGES") if empty => {
            Err(Answer::unprocessable(&["Body is missing".to_owned()]))
        }
        Some("COMMENT") => Ok("COMMENTED"),
        Some("REQUEST_CHANGES") => Ok("CHANGES_REQUESTED"),
        Some(_) => Err(Answer::unprocessable(&["Event is not known".to_owned()])),
    }
}

fn checked(files: &[DiffFile], comment: &Value) -> Result<Note, String> {
    let text = |name: &str| comment.get(name).and_then(Value::as_str);
    let number = |name: &str| comment.get(name).and_then(Value::as_u64);
    let path = text("path").unwrap_or_default();
    let body = text("body").filter(|body| !body.trim().is_empty() && !too_long(body));
    let body = body.ok_or("Body is missing or too long")?;
    let file = files.iter().find(|file| file.path == path).ok_or("Path could not be resolved")?;
    let subject = text("subject_type").unwrap_or("line");
    let mut note = Note {
        path: path.to_owned(),
        body: body.to_owned(),
        subject: subject.to_owned(),
        line: None,
        side: text("side").unwrap_or("RIGHT").to_owned(),
        start_line: None,
        start_side: None,
        diff_hunk: String::new(),
    };
    if subject == "file" {
        return Ok(note);
    }
    if !matches!(note.side.as_str(), "LEFT" | "RIGHT") {
        return Err("Side is neither LEFT nor RIGHT".to_owned());
    }
    let line = number("line").ok_or("Line could not be resolved")?;
    let hunk = file.hunk_of(&note.side, line).ok_or("Line could not be resolved")?;
    note.line = Some(line);
    note.diff_hunk = file.hunks.get(hunk).map(|hunk| hunk.text.clone()).unwrap_or_default();
    if let Some(start) = number("start_line") {
        let side = text("start_side").unwrap_or(&note.side).to_owned();
        if side == note.side && start >= line {
            return Err("Start line must precede the end line.".to_owned());
        }
        if file.hunk_of(&side, start) != Some(hunk) {
            return Err("Start line must be part of the same hunk as the line.".to_owned());
        }
        note.start_line = Some(start);
        note.start_side = Some(side);
    }
    Ok(note)
}

fn store(
    world: &mut World,
    call: &Call,
    number: u64,
    body: &str,
    commit: &str,
    state: &'static str,
    notes: Vec<Note>,
) -> Result<u64, StandinError> {
    let (id, now, actor) = (world.next_id(), world.now(), call.actor());
    let review = Review {
        id,
        pull: number,
        author: actor.clone(),
        body: body.to_owned(),
        state,
        commit: commit.to_owned(),
        submitted_at: now,
    };
    world.repository_mut(call.repository)?.reviews.insert(id, review);
    let mut made = Vec::new();
    for note in notes {
        let comment = ReviewComment {
            id: world.next_id(),
            pull: number,
            review: id,
            author: actor.clone(),
            body: note.body,
            path: note.path,
            line: note.line,
            side: note.side,
            start_line: note.start_line,
            start_side: note.start_side,
            subject: note.subject,
            diff_hunk: note.diff_hunk,
            commit: commit.to_owned(),
            in_reply_to: None,
            resolved: false,
            created_at: now,
            updated_at: now,
        };
        made.push(comment.id);
        world.repository_mut(call.repository)?.review_comments.insert(comment.id, comment);
    }
    if state == "PENDING" {
        return Ok(id);
    }
    for comment in made {
        world.emit_review_comment(call.repository, comment, "created", &actor)?;
    }
    let repository = world.repository(call.repository)?;
    let review = repository.reviews.get(&id).map(|review| world.review_json(repository, review));
    let fields = json!({
        "review": review,
        "pull_request": world.pull_simple_json(repository, number)?,
    });
    let event = "pull_request_review";
    world.emit(event, Some("submitted"), Some(call.repository), &actor, fields)?;
    Ok(id)
}

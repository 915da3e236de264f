//! Files and folders of a repository at a reference.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use git2::{ObjectType, Oid};
use serde_json::{Value, json};

use crate::standin::StandinError;
use crate::standin::server::answer::{Answer, Call};
use crate::standin::shapes::{encode_path, encode_segment};
use crate::standin::world::{Repository, World};

/// Bytes up to which the JSON form carries the content.
const JSON_LIMIT: usize = 1024 * 1024;

pub(in crate::standin) fn get(world: &mut World, call: &Call) -> Result<Answer, Answer> {
    let repository = world.repository(call.repository)?;
    let reference = call.query("ref").unwrap_or(&repository.default_branch);
    let short = reference.strip_prefix("refs/heads/").unwrap_or(reference);
    let sha = repository
        .git
        .resolve(short)?
        .ok_or_else(|| Answer::error(404, &format!("No commit found for the ref {reference}")))?;
    let path = call.arg("path").trim_matches('/');
    let raw = call.header("accept").contains("raw");
    Ok(read(world, repository, &sha, path, reference, raw)?)
}

fn read(
    world: &World,
    repository: &Repository,
    sha: &str,
    path: &str,
    reference: &str,
    raw: bool,
) -> Result<Answer, StandinError> {
    let git = repository.git.open_objects()?;
    let root = git.find_commit(Oid::from_str(sha)?)?.tree()?;
    let missing = || StandinError::Unknown(format!("file {path}"));
    let (id, kind, mode) = if path.is_empty() {
        (root.id(), Some(ObjectType::Tree), 0o040_000)
    } else {
        let entry = root.get_path(Path::new(path)).map_err(|_| missing())?;
        (entry.id(), entry.kind(), entry.filemode())
    };
    let place = Place { world, repository, reference };
    if kind == Some(ObjectType::Tree) {
        let tree = git.find_tree(id)?;
        let mut items = Vec::new();
        for entry in &tree {
            let name = String::from_utf8_lossy(entry.name_bytes()).into_owned();
            let inner = if path.is_empty() { name } else { format!("{path}/{name}") };
            let size = git.find_blob(entry.id()).map_or(0, |blob| blob.size());
            items.push(place.object(kind_name(entry.filemode()), &inner, &entry.id(), size));
        }
        return Ok(Answer::ok(Value::Array(items)));
    }
    if mode == 0o160_000 {
        let mut object = place.object("submodule", path, &id, 0);
        crate::standin::events::merge(&mut object, json!({ "submodule_git_url": null }));
        return Ok(Answer::ok(object));
    }
    let blob = git.find_blob(id)?;
    if raw {
        let kind = "application/vnd.github.raw; charset=utf-8";
        return Ok(Answer::bytes(kind, blob.content().to_vec()));
    }
    let mut object = place.object(kind_name(mode), path, &id, blob.size());
    let extra = if mode == 0o120_000 {
        json!({ "target": String::from_utf8_lossy(blob.content()) })
    } else if blob.size() > JSON_LIMIT {
        json!({ "encoding": "none", "content": "" })
    } else {
        json!({ "encoding": "base64", "content": wrapped(&STANDARD.encode(blob.content())) })
    };
    crate::standin::events::merge(&mut object, extra);
    Ok(Answer::ok(object))
}

fn kind_name(mode: i32) -> &'static str {
    match mode {
        0o040_000 => "dir",
        0o120_000 => "symlink",
        0o160_000 => "submodule",
        _ => "file",
    }
}

/// GitHub breaks the encoded content into lines of 60 characters.
fn wrapped(text: &str) -> String {
    let mut lines = String::with_capacity(text.len() + text.len() / 60 + 1);
    for (index, character) in text.chars().enumerate() {
        if index > 0 && index % 60 == 0 {
            lines.push('\n');
        }
        lines.push(character);
    }
    if !lines.is_empty() {
        lines.push('\n');
    }
    lines
}

struct Place<'a> {
    world: &'a World,
    repository: &'a Repository,
    reference: &'a str,
}

impl Place<'_> {
    fn object(&self, kind: &str, path: &str, id: &Oid, size: usize) -> Value {
        let api = self.world.repository_api(self.repository);
        let page = self.world.repository_page(self.repository);
        let (path_part, reference) = (encode_path(path), encode_path(self.reference));
        let query = encode_segment(self.reference);
        let url = format!("{api}/contents/{path_part}?ref={query}");
        let folder = kind == "dir";
        let git = format!("{api}/git/{}/{id}", if folder { "trees" } else { "blobs" });
        let view = if folder { "tree" } else { "blob" };
        let html = format!("{page}/{view}/{reference}/{path_part}");
        let download = (kind == "file").then(|| format!("{page}/raw/{reference}/{path_part}"));
        json!({
            "type": kind,
            "name": path.rsplit('/').next().unwrap_or_default(),
            "path": path,
            "sha": id.to_string(),
            "size": size,
            "url": url,
            "html_url": html,
            "git_url": git,
            "download_url": download,
            "_links": { "self": url, "git": git, "html": html },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoded_content_is_wrapped_at_sixty_characters() {
        assert_eq!(wrapped(""), "");
        assert_eq!(wrapped(&"a".repeat(61)), format!("{}\na\n", "a".repeat(60)));
    }
}

//! Routes behind the prefix at which another file mounts their router: only where there is one
//! such place.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::has_routes;
use super::read::mounts::{self, Mount, Mounts};
use super::read::{self, Route, Routes};
use crate::domain::change::{Change, FileChange};
use crate::domain::diff::Side;
use crate::domain::path::RepoPath;
use crate::ports::source::Need;
use crate::rules::RuleContext;
use crate::rules::cross::places::{is_code, is_live};
use crate::rules::parse::code::Language;

/// Most files that are read for the places at which routers are mounted.
const MAX_FILES: usize = 60;
/// Names of files that say nothing of what is in them.
const PLAIN: [&str; 12] = [
    "__init__",
    "api",
    "endpoints",
    "handler",
    "handlers",
    "index",
    "mod",
    "router",
    "routes",
    "urls",
    "views",
    "controller",
];

/// The routes of changed files that are mounted by other files.
#[derive(Default)]
pub struct Mounted(pub HashMap<(RepoPath, Side), Arc<Routes>>);

/// The files that may mount the routers of changed files: they name their module or package.
pub fn need(change: &Change) -> Option<Need> {
    let mut words = BTreeSet::new();
    let mut globs = BTreeSet::new();
    for file in change.files.iter().filter(|file| has_routes(file)) {
        for path in [&file.path, file.path_on(Side::Base)] {
            let Some((word, extensions)) = name(path) else { continue };
            words.insert(word);
            globs.extend(extensions.iter().map(|extension| format!("**/*.{extension}")));
        }
    }
    let (words, globs): (Vec<String>, Vec<String>) =
        (words.into_iter().collect(), globs.into_iter().collect());
    let wanted = !words.is_empty();
    wanted.then_some(Need::Search { side: Side::Head, words, globs, limit: MAX_FILES })
}

/// The name by which other files import this one, and how they may be called.
fn name(path: &RepoPath) -> Option<(String, &'static [&'static str])> {
    let stem = path.file_name().split('.').next().unwrap_or_default();
    let folder = path.directory().rsplit('/').next().unwrap_or_default();
    let by_file = if PLAIN.contains(&stem) && !folder.is_empty() { folder } else { stem };
    let (word, extensions): (&str, &[&str]) = match Language::of(path)? {
        Language::JavaScript | Language::TypeScript => (by_file, &["js", "cjs", "mjs", "ts"]),
        Language::Python => (by_file, &["py"]),
        Language::Rust => (by_file, &["rs"]),
        Language::Go => (if folder.is_empty() { stem } else { folder }, &["go"]),
        _ => return None,
    };
    (!word.is_empty()).then(|| (word.to_owned(), extensions))
}

pub fn all(context: &RuleContext<'_>) -> Arc<Mounted> {
    context.shared(|| make(context)).unwrap_or_default()
}

fn make(context: &RuleContext<'_>) -> Mounted {
    let mut found = Mounted::default();
    let Some(need) = need(context.change) else { return found };
    // Another place may mount a router a second time: all must be there.
    let Some(gathered) = context.gathered_whole(&need) else { return found };
    for side in [Side::Base, Side::Head] {
        let mut places: Vec<(RepoPath, Mounts)> = Vec::new();
        for file in context.change.files.iter().filter(|file| !file.derived) {
            let path = file.path_on(side);
            if let Some(text) = file.text(side).filter(|_| is_code(path) && is_live(path)) {
                places.push((path.clone(), mounts::mounts(path, text.as_str())));
            }
        }
        for file in gathered.iter().filter(|file| is_live(&file.path)) {
            if context.change.file(&file.path).is_none() {
                let read = mounts::mounts(&file.path, file.text.as_str());
                places.push((file.path.clone(), read));
            }
        }
        places.retain(|(_, mounts)| !mounts.0.is_empty());
        for file in context.change.files.iter().filter(|file| has_routes(file)) {
            if let Some(routes) = behind(file, side, &places) {
                found.0.insert((file.path_on(side).clone(), side), Arc::new(routes));
            }
        }
    }
    found
}

/// The routes of a file with the prefixes of where they are mounted; `None` if they are not.
fn behind(file: &FileChange, side: Side, places: &[(RepoPath, Mounts)]) -> Option<Routes> {
    let path = file.path_on(side);
    let text = file.text(side).filter(|_| is_code(path) && is_live(path))?;
    if places.is_empty() {
        return None;
    }
    // With those whose path is nothing but the prefix.
    let mut routes = read::routes_with_bare(path, text.as_str());
    let several = routes
        .list
        .iter()
        .any(|one| routes.list.first().is_some_and(|first| first.scope != one.scope));
    // In Flask the place of registration counts, not the blueprint's own prefix.
    let own_prefix = text.as_str().contains("url_prefix");
    let mut changed = false;
    for route in &mut routes.list {
        let Some(mount) = only(places, path, route) else { continue };
        let unclear = own_prefix || (mount.is_by_file() && several);
        if unclear || mount.prefix.trim_matches('/').is_empty() {
            continue;
        }
        *route = route.behind(&mount.prefix);
        changed = true;
    }
    routes.list.retain(|route| route.path.len() > 1);
    changed.then_some(routes)
}

/// The one place at which a route's router is mounted.
fn only<'m>(places: &'m [(RepoPath, Mounts)], path: &RepoPath, route: &Route) -> Option<&'m Mount> {
    let all = places.iter().flat_map(|(own, mounts)| mounts.0.iter().map(move |it| (own, it)));
    let mut fitting = all.filter(|(own, mount)| mount.leads(own, path, route.scope.as_deref()));
    let (_, first) = fitting.next()?;
    fitting.next().is_none().then_some(first)
}

//! Routes behind the prefix at which another file mounts their router: only where there is one
//! such place.

use std::collections::{BTreeMap, BTreeSet, HashMap};
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
use crate::rules::nearby;
use crate::rules::parse::code::Language;

/// Most files that are read for the places at which routers are mounted.
const MAX_FILES: usize = 200;
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

/// The files near changed routes that may mount their routers: they name the module, or in Go make
/// groups.
pub fn need(change: &Change) -> Option<Need> {
    let mut words = BTreeSet::new();
    let routed = || change.files.iter().filter(|file| has_routes(file));
    for path in routed().flat_map(|file| [&file.path, file.path_on(Side::Base)]) {
        words.extend(names(path));
    }
    let globs = near(routed().map(|file| &file.path));
    let (words, wanted) = (words.into_iter().collect::<Vec<_>>(), !globs.is_empty());
    (wanted && !words.is_empty()).then_some(Need::Search {
        side: Side::Head,
        words,
        globs,
        limit: MAX_FILES,
    })
}

/// The words by which other files mount what is in this one.
fn names(path: &RepoPath) -> Vec<String> {
    let stem = path.file_name().split('.').next().unwrap_or_default();
    let folder = path.directory().rsplit('/').next().unwrap_or_default();
    let by_file = if PLAIN.contains(&stem) && !folder.is_empty() { folder } else { stem };
    match Language::of(path) {
        Some(Language::Go) => ["Group", "Mount", "Route"].map(str::to_owned).to_vec(),
        Some(Language::JavaScript | Language::TypeScript | Language::Python | Language::Rust)
            if !by_file.is_empty() =>
        {
            // `orders.router.ts` is imported as `./orders.router`, with that word in it.
            vec![by_file.to_owned()]
        }
        _ => Vec::new(),
    }
}

/// Where routers are put together, in the directories on the way to the files.
pub fn near<'a>(paths: impl Iterator<Item = &'a RepoPath>) -> Vec<String> {
    const SCRIPT: [&str; 3] = [
        "*.{js,ts,mjs,cjs}",
        "{src,app,api,server,routes,router,http}/*.{js,ts,mjs,cjs}",
        "*/{index,routes,router}.{js,ts}",
    ];
    const PYTHON: [&str; 3] =
        ["*.py", "{app,src,api,core,config,routers}/*.py", "*/{urls,main,__init__}.py"];
    const RUST: [&str; 3] = ["*.rs", "{src,http,api,routes,web}/*.rs", "*/mod.rs"];
    const GO: [&str; 4] = [
        "*.go",
        "cmd/*/*.go",
        "{internal,pkg}/{server,http,httpapi,api,routes,router,app,web}/*.go",
        "{server,http,httpapi,api,routes,router,app,web}/*.go",
    ];
    let mut folders: BTreeMap<&[&str], Vec<&RepoPath>> = BTreeMap::new();
    for path in paths {
        let tails: &[&str] = match Language::of(path) {
            Some(Language::JavaScript | Language::TypeScript) => &SCRIPT,
            Some(Language::Python) => &PYTHON,
            Some(Language::Rust) => &RUST,
            Some(Language::Go) => &GO,
            _ => continue,
        };
        folders.entry(tails).or_default().push(path);
    }
    let all = folders.into_iter();
    all.flat_map(|(tails, paths)| nearby::in_each(nearby::above(paths), tails)).collect()
}

/// A route of a file that the change does not touch, behind the prefix at which the known files
/// mount it, if that is one.
pub fn placed(path: &RepoPath, routes: Routes, places: &[(RepoPath, Mounts)]) -> Routes {
    let several = mixed(&routes);
    let list = routes.list.into_iter().map(|route| match only(places, path, &route) {
        Some(mount) if !(mount.is_by_file() && several) => route.behind(&mount.prefix),
        _ => route,
    });
    Routes { list: list.filter(|route| route.path.len() > 1).collect(), ..routes }
}

/// Whether the routes are of several routers.
fn mixed(routes: &Routes) -> bool {
    let first = routes.list.first().map(|first| &first.scope);
    routes.list.iter().any(|one| Some(&one.scope) != first)
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

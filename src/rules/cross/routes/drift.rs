//! Handlers that take or answer what the API description of their route does not say: only what
//! the change writes, and only where route and operation are surely the same.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::read::mounts::{self, Mounts};
use super::read::{Kind, Route, Routes, named};
use super::{Listed, adds_answers, gone, has_routes, listed, mounted, routes_of};
use crate::domain::change::{Change, FileChange, SourceFile};
use crate::domain::diff::{LineRange, Side};
use crate::domain::finding::Severity;
use crate::domain::path::RepoPath;
use crate::ports::source::Need;
use crate::rules::cross::places::{is_code, is_live};
use crate::rules::{Draft, Findings, RuleContext};

/// Most handlers whose routes are looked for, and files that are read for them.
const MAX_NAMES: usize = 40;
const MAX_FILES: usize = 200;

/// Described once for a whole API, if at all.
const EVERYWHERE: [u16; 5] = [401, 403, 405, 406, 429];

/// Calls `say` for each route of the change and the one operation that describes it.
fn each(context: &RuleContext<'_>, mut say: impl FnMut(&FileChange, &Route, &Listed)) {
    let documented = listed(context);
    for file in context.change.files.iter().filter(|file| has_routes(file)) {
        for route in &routes_of(context, file, Side::Head).list {
            if let Some(entry) = only_entry(&documented.0, route) {
                say(file, route, entry);
            }
        }
    }
}

fn name(entry: &Listed) -> String {
    format!("{} {}", entry.method.to_ascii_uppercase(), entry.written).replace('`', "'")
}

pub(in crate::rules::cross) fn applies(change: &Change) -> bool {
    super::applies(change) || change.files.iter().any(adds_answers)
}

/// What the other rules ask for, and the files whose routes may name the handlers of the change.
pub(in crate::rules::cross) fn needs(change: &Change) -> Vec<Need> {
    let mut needs = super::needs(change);
    needs.extend(elsewhere(change));
    needs
}

/// The files near the handlers of the change that name them.
fn elsewhere(change: &Change) -> Option<Need> {
    let mut words: BTreeSet<String> = BTreeSet::new();
    let mut paths: Vec<&RepoPath> = Vec::new();
    for file in change.files.iter().filter(|file| adds_answers(file)) {
        let Some(text) = file.head_text() else { continue };
        let functions = named::functions(&file.path, text.as_str());
        let answering = functions.0.iter().filter(|function| {
            function.statuses.iter().any(|(_, line)| file.adds_any(LineRange::line(*line)))
        });
        words.extend(answering.map(|function| function.name.clone()));
        // And the files that may mount the routers which name them.
        words.extend(file.path.file_name().split('.').next().map(str::to_owned));
        paths.push(&file.path);
    }
    let globs = mounted::near(paths.into_iter());
    let words: Vec<String> = words.into_iter().take(MAX_NAMES).collect();
    let wanted = !words.is_empty() && !globs.is_empty();
    wanted.then_some(Need::Search { side: Side::Head, words, globs, limit: MAX_FILES })
}

/// The routes of all files that are known at head, with the files.
fn all_routes(context: &RuleContext<'_>) -> Vec<(RepoPath, Arc<Routes>)> {
    let changed = context.change.files.iter().filter(|file| has_routes(file));
    let mut found: Vec<(RepoPath, Arc<Routes>)> =
        changed.map(|file| (file.path.clone(), routes_of(context, file, Side::Head))).collect();
    let besides = elsewhere(context.change);
    let gathered = besides.iter().flat_map(|need| context.gathered(need));
    let others: Vec<&SourceFile> = gathered
        .filter(|file| context.change.file(&file.path).is_none())
        .filter(|file| is_code(&file.path) && is_live(&file.path))
        .collect();
    let places: Vec<(RepoPath, Mounts)> = others
        .iter()
        .map(|file| (file.path.clone(), mounts::mounts(&file.path, file.text.as_str())))
        .collect();
    for file in others {
        let routes = super::read::routes_with_bare(&file.path, file.text.as_str());
        let routes = mounted::placed(&file.path, routes, &places);
        found.push((file.path.clone(), Arc::new(routes)));
    }
    found
}

pub(in crate::rules::cross) fn statuses(context: &RuleContext<'_>, findings: &mut Findings<'_>) {
    let mut said: BTreeSet<(RepoPath, String, u16)> = BTreeSet::new();
    let mut say = |file: &FileChange, statuses: &[(u16, u32)], entry: &Listed| {
        for (status, line) in statuses {
            let added = file.adds_any(LineRange::line(*line));
            if added && is_missing(*status, &entry.statuses) {
                let name = name(entry);
                if said.insert((file.path.clone(), name.clone(), *status)) {
                    let draft = missing_status(&name, *status, entry);
                    findings.at_head(file, LineRange::line(*line), draft);
                }
            }
        }
    };
    each(context, |file, route, entry| say(file, &route.handler.statuses, entry));
    // Handlers in other files than the routes that name them.
    let documented = listed(context);
    let routes = all_routes(context);
    for file in context.change.files.iter().filter(|file| adds_answers(file)) {
        let read = |text: &str| named::functions(&file.path, text);
        let Some(functions) = context.parsed(file, Side::Head, read) else { continue };
        let served = served(&routes, &file.path, &functions);
        for (function, route) in &served {
            // What serves several routes may answer in some ways on one of them only.
            let several = served.iter().filter(|(other, _)| other == function).count() > 1;
            if let Some(entry) = only_entry(&documented.0, route).filter(|_| !several) {
                say(file, &function.statuses, entry);
            }
        }
    }
}

/// The functions of a file that routes of other files name, with these routes.
fn served<'r>(
    routes: &'r [(RepoPath, Arc<Routes>)],
    path: &RepoPath,
    functions: &'r named::Functions,
) -> Vec<(&'r named::Function, &'r Route)> {
    let all = routes.iter().flat_map(|(own, found)| found.list.iter().map(move |it| (own, it)));
    let found = all.filter_map(|(own, route)| {
        let named = route.handler.named.as_ref()?;
        Some((named.find(own, path, functions)?, route))
    });
    found.collect()
}

/// The one operation that describes a route.
fn only_entry<'l>(documented: &'l [Listed], route: &Route) -> Option<&'l Listed> {
    let mut fitting = documented.iter().filter(|entry| gone::is(entry, route));
    fitting.next().filter(|_| fitting.next().is_none())
}

fn missing_status(name: &str, status: u16, entry: &Listed) -> Draft {
    let document = &entry.document;
    Draft {
        title: format!("`{name}` answers with {status}, which its description does not list"),
        evidence: format!(
            "`{document}` lists {} for this operation. Clients that are made from it take {status} for an unknown answer.",
            entry.statuses.join(", ").replace('`', "'")
        ),
        recommendation: format!("Add the response `{status}` to the operation in `{document}`."),
        symbol: Some(format!("{name} {status}")),
        ..Draft::default()
    }
}

/// Whether the list says something of such statuses, but not this one.
fn is_missing(status: u16, listed: &[String]) -> bool {
    let (text, class) = (status.to_string(), status / 100);
    let covers = |one: &String| {
        let lower = one.to_ascii_lowercase();
        lower == text || lower == "default" || lower == format!("{class}xx")
    };
    // Frameworks list what they refuse by themselves; that says nothing of the handler's own.
    let of_class = |one: &String| {
        one.starts_with(&class.to_string())
            && one != "422"
            && one.parse().is_ok_and(|number| !EVERYWHERE.contains(&number))
    };
    !EVERYWHERE.contains(&status)
        && matches!(class, 2 | 4)
        && listed.iter().any(of_class)
        && !listed.iter().any(covers)
}

pub(in crate::rules::cross) fn queries(context: &RuleContext<'_>, findings: &mut Findings<'_>) {
    each(context, |file, route, entry| {
        let Some(known) = &entry.query else { return };
        for query in &route.handler.query {
            let missing = !known.contains(&query.name);
            if !missing || !file.adds_any(LineRange::line(query.line)) {
                continue;
            }
            let (name, document, parameter) = (name(entry), &entry.document, &query.name);
            let why = if query.required {
                "Calls as the document describes them are refused, because the handler requires it."
            } else {
                "Clients and checks that are made from the document do not know it."
            };
            let draft = Draft {
                title: format!("`{name}` takes `{parameter}`, which its description does not list"),
                evidence: format!(
                    "`{document}` describes the operation without this query parameter. {why}"
                ),
                recommendation: format!(
                    "Add the parameter to the operation in `{document}` in this change."
                ),
                symbol: Some(format!("{name} {parameter}")),
                severity: query.required.then_some(Severity::Major),
                ..Draft::default()
            };
            findings.at_head(file, LineRange::line(query.line), draft);
        }
    });
}

pub(in crate::rules::cross) fn types(context: &RuleContext<'_>, findings: &mut Findings<'_>) {
    each(context, |file, route, entry| {
        let names = super::read::parameter_names(&route.written);
        // A prefix that the code does not show may hold parameters too: count from the end.
        let Some(ahead) = entry.types.len().checked_sub(names.len()) else { return };
        for (parameter, kind, line) in &route.handler.types {
            let Some(at) = names.iter().position(|name| name == parameter) else { continue };
            let Some(described) = entry.types.get(ahead + at).copied().flatten() else { continue };
            if described == *kind || !file.adds_any(LineRange::line(*line)) {
                continue;
            }
            let (name, document) = (name(entry), &entry.document);
            let (code, said) = (in_words(*kind), in_words(described));
            let draft = Draft {
                title: format!(
                    "`{name}` parses `{parameter}` as {code}, and is described with {said}"
                ),
                evidence: format!("A call with {said}, as `{document}` asks for, is refused."),
                recommendation: format!("Parse {said}, or correct the parameter in `{document}`."),
                symbol: Some(format!("{name} {parameter}")),
                ..Draft::default()
            };
            findings.at_head(file, LineRange::line(*line), draft);
        }
    });
}

fn in_words(kind: Kind) -> &'static str {
    match kind {
        Kind::Integer => "a whole number",
        Kind::Uuid => "a UUID",
    }
}

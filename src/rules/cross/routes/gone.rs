//! Routes that code loses while the API description goes on listing them.

use super::{Listed, Route, listed, routes_of, same};
use crate::domain::change::{Change, FileChange};
use crate::domain::diff::{LineRange, Side};
use crate::rules::cross::places::{is_code, is_live};
use crate::rules::{Draft, Findings, RuleContext};

pub(in crate::rules::cross) fn applies(change: &Change) -> bool {
    change.files.iter().any(|file| !removed(file).is_empty())
}

/// Routes that a file registered and does not any more.
pub(super) fn removed(file: &FileChange) -> Vec<Route> {
    let path = file.path_on(Side::Base);
    if !is_code(path) || !is_live(path) || file.derived {
        return Vec::new();
    }
    let Some(text) = file.base_text() else { return Vec::new() };
    let now = file.head_text().map_or(Vec::new(), |text| routes_of(text.as_str()));
    routes_of(text.as_str())
        .into_iter()
        .filter(|route| route.method.is_some())
        .filter(|route| !now.iter().any(|n| n.path == route.path && n.method == route.method))
        .collect()
}

pub(in crate::rules::cross) fn check(context: &RuleContext<'_>, findings: &mut Findings<'_>) {
    let listed = listed(context);
    if listed.is_empty() {
        return;
    }
    let live =
        context.change.files.iter().filter(|file| is_code(&file.path) && is_live(&file.path));
    let now: Vec<Route> = live
        .filter_map(|file| file.head_text())
        .flat_map(|text| routes_of(text.as_str()))
        .collect();
    for file in &context.change.files {
        for route in removed(file) {
            // It may have moved to another file, behind another prefix.
            let moved = now.iter().any(|n| {
                same(&n.path, &route.path) && (n.method == route.method || n.method.is_none())
            });
            if let Some(entry) = listed.iter().find(|entry| is(entry, &route)).filter(|_| !moved) {
                let other = now.iter().find(|n| n.path == route.path);
                let line = LineRange::line(route.line);
                findings.at(file, Side::Base, line, draft(entry, &route, other));
            }
        }
    }
}

/// Whether the document means this very route: short paths must be equal, because many end alike.
fn is(entry: &Listed, route: &Route) -> bool {
    let long = route.path.matches('/').count() > 1;
    let path = entry.path == route.path || (long && entry.path.ends_with(&route.path));
    path && route.method.as_deref() == Some(entry.method.as_str())
}

fn draft(entry: &Listed, route: &Route, other: Option<&Route>) -> Draft {
    let method = entry.method.to_ascii_uppercase();
    let (name, document) = (format!("{method} {}", entry.written), &entry.document);
    let answers = other.and_then(|other| other.method.as_deref()).map(str::to_ascii_uppercase);
    let (title, recommendation) = match answers {
        Some(answers) => (
            format!("`{name}` is documented, but the code answers {answers} there now"),
            format!("Change the operation in `{document}` too, or keep the method."),
        ),
        None => (
            format!("`{name}` is documented, but its route is removed"),
            format!("Remove or deprecate the operation in `{document}` too, or keep the route."),
        ),
    };
    Draft {
        title,
        evidence: format!(
            "`{}` is registered by none of the changed files any more, and `{document}` goes on listing it: clients that \
             follow the document get an error.",
            route.written
        ),
        recommendation,
        symbol: Some(name),
        ..Draft::default()
    }
}

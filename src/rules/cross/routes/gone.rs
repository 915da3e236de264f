//! Routes that code loses while the API description goes on listing them.

use super::{Listed, Route, has_routes, listed, routes_of, same};
use crate::domain::change::FileChange;
use crate::domain::diff::{LineRange, Side};
use crate::rules::{Draft, Findings, RuleContext};

/// Routes that a file registered and does not any more.
fn removed(context: &RuleContext<'_>, file: &FileChange) -> Vec<Route> {
    let now = routes_of(context, file, Side::Head);
    let before = routes_of(context, file, Side::Base);
    let gone = |route: &&Route| {
        route.method.is_some()
            && !now.list.iter().any(|n| n.path == route.path && n.method == route.method)
    };
    if now.is_partial {
        return Vec::new();
    }
    before.list.iter().filter(gone).cloned().collect()
}

pub(in crate::rules::cross) fn check(context: &RuleContext<'_>, findings: &mut Findings<'_>) {
    let documented = listed(context);
    let listed = &documented.0;
    if listed.is_empty() {
        return;
    }
    let files = || context.change.files.iter().filter(|file| has_routes(file));
    let now: Vec<Route> =
        files().flat_map(|file| routes_of(context, file, Side::Head).list.clone()).collect();
    for file in files() {
        for route in removed(context, file) {
            // It may have moved to another file, behind another prefix.
            let moved = now.iter().any(|n| {
                same(&n.path, &route.path) && (n.method == route.method || n.method.is_none())
            });
            if let Some(entry) = listed.iter().find(|entry| is(entry, &route)).filter(|_| !moved) {
                // What takes its place, unless it was beside it before.
                let before = routes_of(context, file, Side::Base);
                let other = now.iter().find(|n| {
                    let was = |one: &Route| one.path == n.path && one.method == n.method;
                    n.path == route.path && !before.list.iter().any(was)
                });
                let line = LineRange::line(route.line);
                findings.at(file, Side::Base, line, draft(entry, &route, other));
            }
        }
    }
}

/// Whether the document means this very route: short paths must be equal, because many end alike.
/// The document may leave out what stands before all of its paths.
pub(super) fn is(entry: &Listed, route: &Route) -> bool {
    let long = route.path.matches('/').count() > 1;
    let behind = |prefix: &str| !prefix.is_empty() && entry.bases.iter().any(|base| base == prefix);
    let path = entry.path == route.path
        || (long && entry.path.ends_with(&route.path))
        || route.path.strip_suffix(&entry.path).is_some_and(behind);
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

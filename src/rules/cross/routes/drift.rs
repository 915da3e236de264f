//! Handlers that take or answer what the API description of their route does not say: only what
//! the change writes, and only where route and operation are surely the same.

use super::read::{Kind, Route};
use super::{Listed, gone, has_routes, listed, routes_of};
use crate::domain::change::FileChange;
use crate::domain::diff::{LineRange, Side};
use crate::domain::finding::Severity;
use crate::rules::{Draft, Findings, RuleContext};

/// Described once for a whole API, if at all.
const EVERYWHERE: [u16; 5] = [401, 403, 405, 406, 429];

/// Calls `say` for each route of the change and the one operation that describes it.
fn each(context: &RuleContext<'_>, mut say: impl FnMut(&FileChange, &Route, &Listed)) {
    let documented = listed(context);
    for file in context.change.files.iter().filter(|file| has_routes(file)) {
        for route in &routes_of(context, file, Side::Head).list {
            let mut fitting = documented.0.iter().filter(|entry| gone::is(entry, route));
            if let (Some(entry), None) = (fitting.next(), fitting.next()) {
                say(file, route, entry);
            }
        }
    }
}

fn name(entry: &Listed) -> String {
    format!("{} {}", entry.method.to_ascii_uppercase(), entry.written).replace('`', "'")
}

pub(in crate::rules::cross) fn statuses(context: &RuleContext<'_>, findings: &mut Findings<'_>) {
    each(context, |file, route, entry| {
        let mut said = Vec::new();
        for (status, line) in &route.handler.statuses {
            let added = file.adds_any(LineRange::line(*line));
            if added && !said.contains(status) && is_missing(*status, &entry.statuses) {
                said.push(*status);
                let (name, document) = (name(entry), &entry.document);
                let draft = Draft {
                    title: format!(
                        "`{name}` answers with {status}, which its description does not list"
                    ),
                    evidence: format!(
                        "`{document}` lists {} for this operation. Clients that are made from it take {status} for an unknown answer.",
                        entry.statuses.join(", ").replace('`', "'")
                    ),
                    recommendation: format!(
                        "Add the response `{status}` to the operation in `{document}`."
                    ),
                    symbol: Some(format!("{name} {status}")),
                    ..Draft::default()
                };
                findings.at_head(file, LineRange::line(*line), draft);
            }
        }
    });
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

//! The table of the operations that a change adds, changes and removes, and what that means for
//! clients.

use super::comment::View;
use super::comment_sections::folded;
use super::counted;
use super::markdown::{cut, prose_cell};
use crate::domain::report::{Became, Endpoint};

/// Longer tables are folded.
const OPEN_ROWS: usize = 8;
/// Most characters of one cell.
const MAX_CELL: usize = 120;

pub(super) fn endpoints(view: &View<'_>) -> Option<String> {
    let all = &view.report.endpoints;
    if all.is_empty() {
        return None;
    }
    let shown = all.len().min(view.detail.entries);
    let rows: Vec<String> = all.iter().take(shown).map(row).collect();
    let more = match all.len() - shown {
        0 => String::new(),
        hidden => format!("\n\nand {hidden} more"),
    };
    let title = format!("API operations ({})", all.len());
    let note = compatibility(all);
    if rows.is_empty() {
        return Some(format!("### {title}\n\n{note}"));
    }
    let head = "| | Operation | Request | Response | Errors |\n|---|---|---|---|---|";
    let table = format!("{head}\n{}{more}", rows.join("\n"));
    if all.len() > OPEN_ROWS {
        return Some(format!("### {title}\n\n{note}\n\n{}", folded("The operations", &table)));
    }
    Some(format!("### {title}\n\n{note}\n\n{table}"))
}

fn row(endpoint: &Endpoint) -> String {
    let became = match endpoint.became {
        Became::Added => "added",
        Became::Changed if endpoint.breaks > 0 => "**changed, breaking**",
        Became::Changed => "changed",
        Became::Removed => "**removed**",
    };
    let code = |text: &str| format!("`{}`", text.replace('`', "'"));
    let list = |texts: &[String]| match texts {
        [] => "\u{2013}".to_owned(),
        texts => {
            let texts: Vec<String> = texts.iter().map(|text| code(&cut(text, MAX_CELL))).collect();
            prose_cell(&texts.join(", "))
        }
    };
    let name = code(&cut(&format!("{} {}", endpoint.method, endpoint.path), MAX_CELL));
    format!(
        "| {became} | {} | {} | {} | {} |",
        prose_cell(&name),
        list(&endpoint.request),
        list(&endpoint.response),
        list(&endpoint.errors)
    )
}

/// One sentence for clients.
fn compatibility(all: &[Endpoint]) -> String {
    let breaking = all.iter().filter(|endpoint| endpoint.breaks > 0).count();
    let added = all.iter().filter(|endpoint| endpoint.became == Became::Added).count();
    match (breaking, added) {
        (0, added) if added == all.len() => {
            "Compatible: operations are added, and none changes.".to_owned()
        }
        (0, _) => "Compatible: clients written for the old description go on working.".to_owned(),
        (breaking, _) => format!(
            "**Not compatible**: {} {} clients that were written for the old description.",
            counted(breaking, "operation"),
            if breaking == 1 { "breaks" } else { "break" }
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::policy::Policy;
    use crate::report::comment::{CommentContext, summary};
    use crate::report::samples;

    fn endpoint(became: Became, path: &str, breaks: usize) -> Endpoint {
        Endpoint {
            became,
            method: "POST".to_owned(),
            path: path.to_owned(),
            request: vec!["NewOrder".to_owned()],
            response: vec!["201 Order".to_owned()],
            errors: vec!["400".to_owned(), "default".to_owned()],
            breaks,
        }
    }

    fn section(endpoints: Vec<Endpoint>) -> String {
        let mut report = samples::clean();
        report.endpoints = endpoints;
        let body = summary(&report, &Policy::default(), &CommentContext::default());
        let start = body.find("### API operations").unwrap();
        let end = body[start..].find("<details><summary>ReviewFindings").unwrap();
        let rest = body[start..start + end].split("\n\n<details><summary>Who looked").next();
        rest.unwrap_or_default().trim().to_owned()
    }

    #[test]
    fn a_short_table_is_open_and_says_what_breaks() {
        let list = vec![
            endpoint(Became::Added, "/orders", 0),
            endpoint(Became::Changed, "/a|b`@octocat`", 2),
            endpoint(Became::Removed, "/old", 1),
        ];
        insta::assert_snapshot!(section(list));
    }

    #[test]
    fn a_long_table_is_folded() {
        let list = (0..20).map(|n| endpoint(Became::Added, &format!("/orders/{n}"), 0)).collect();
        let said = section(list);
        assert!(said.contains("Compatible: operations are added"), "{said}");
        assert!(said.contains("<details><summary>The operations</summary>"), "{said}");
    }
}

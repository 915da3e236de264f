//! `code/query-in-loop`.

mod calls;
mod loops;

use self::loops::Loop;
use super::view::CodeView;
use crate::domain::change::FileChange;
use crate::domain::diff::LineRange;
use crate::domain::finding::{Category, Confidence, FindingKind, Severity};
use crate::domain::team::Lane;
use crate::rules::parse::code::{
    Syntax, enclosing_function, first_line, in_error, is_production_code, lines_of,
};
use crate::rules::waiting::is_waited_for;
use crate::rules::{Check, Draft, Findings, Rule, RuleContext};

pub(super) const RULE: Rule = Rule {
    code: "code/query-in-loop",
    title: "a query runs once for every row of another query",
    lane: Lane::Data,
    kind: FindingKind::Evidence,
    category: Category::Performance,
    severity: Severity::Minor,
    confidence: Confidence::Medium,
    equivalents: &[],
    page: include_str!("../../../../fixtures/rules/code/query-in-loop.md"),
    check: Check::File { applies, check },
};

fn applies(file: &FileChange) -> bool {
    is_production_code(file) && is_waited_for(&file.path)
}

fn check(context: &RuleContext<'_>, file: &FileChange, findings: &mut Findings<'_>) {
    let Some(view) = CodeView::of(context, file) else { return };
    let mut said: Vec<LineRange> = Vec::new();
    for node in view.code.nodes() {
        let Some(query) = calls::query(&node, view.language) else { continue };
        let lines = lines_of(&view.text, &node);
        if !file.adds_any(lines) || in_error(&node) {
            continue;
        }
        let Some(around) = Loop::around(&node, view.language) else { continue };
        let head = first_line(&view.text, &around.node);
        if !around.is_over_rows(view.language) || !around.feeds(&node) || said.contains(&lines) {
            continue;
        }
        said.push(lines);
        findings.at_head(file, lines, draft(&query, &around, head, &node));
    }
}

fn draft(query: &str, around: &Loop<'_>, head: LineRange, node: &Syntax<'_>) -> Draft {
    let function = enclosing_function(node);
    let place = function.as_ref().map(|name| format!(" in `{name}`")).unwrap_or_default();
    let rows = match &around.rows {
        Some(name) => format!("the rows in `{name}`"),
        None => "the rows of another query".to_owned(),
    };
    Draft {
        title: format!("`{query}` runs once for every row{place}"),
        evidence: format!(
            "The loop on line {} goes over {rows}, and asks the database again for each of them: a list of 500 rows \
             makes 501 round trips, one after the other.",
            head.start()
        ),
        recommendation: "Ask once: join the tables in the first query, or collect the keys, read all their rows with \
                         one query (`IN`, `= ANY`) before the loop, and look them up in a map."
            .to_owned(),
        symbol: function,
        ..Draft::default()
    }
}

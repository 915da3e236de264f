//! List endpoints that answer with every row of a growing table.

mod endpoints;
mod reads;

use std::collections::BTreeSet;

use self::reads::Read;
use super::places::is_live;
use super::sql;
use super::unindexed::grows;
use crate::domain::change::{Change, FileChange, Text};
use crate::domain::diff::Side;
use crate::domain::path::RepoPath;
use crate::ports::source::Need;
use crate::rules::migrations::present::{self, History};
use crate::rules::parse::code::{
    Language, ParsedCode, Syntax, enclosing_function, in_error, in_inline_test, is_production_code,
    lines_of,
};
use crate::rules::waiting::is_waited_for;
use crate::rules::{Draft, Findings, RuleContext};

/// Most calls from a handler to a function that reads rows which are looked for.
const MAX_READS: usize = 100;

pub(super) fn applies(change: &Change) -> bool {
    change.files.iter().any(may_read)
}

/// Code for whose answer somebody waits, to which the change adds what may be a read of rows.
fn may_read(file: &FileChange) -> bool {
    let live = is_production_code(file) && is_live(&file.path) && is_waited_for(&file.path);
    let Some(text) = file.head_text().filter(|_| live) else { return false };
    let Some(language) = Language::of(&file.path) else { return false };
    let mut added = file.added_lines().filter_map(|line| text.line(line));
    added.any(|line| reads::may_be(line, language))
}

pub(super) fn needs(change: &Change) -> Vec<Need> {
    vec![need(change)]
}

fn need(change: &Change) -> Need {
    present::need(change.files.iter().filter(|file| may_read(file)).map(|file| &file.path))
}

pub(super) fn check(context: &RuleContext<'_>, findings: &mut Findings<'_>) {
    let Some(migrations) = context.gathered_whole(&need(context.change)) else { return };
    let histories = present::histories(migrations);
    if histories.is_empty() {
        return;
    }
    let mut said: BTreeSet<(RepoPath, String)> = BTreeSet::new();
    for file in context.change.files.iter().filter(|file| may_read(file)) {
        let Some((language, text, code)) = parsed(context, file) else { continue };
        let Some(root) = code.root() else { continue };
        let nodes = code.nodes();
        for read in reads::all(&root, &nodes, language, text).into_iter().take(MAX_READS) {
            let lines = lines_of(text, &read.node);
            if !file.adds_any(lines) || in_error(&read.node) || in_inline_test(&read.node) {
                continue;
            }
            let Some(table) = growing(&histories, &read, &file.path) else { continue };
            if is_answered(context, &read, language, &nodes)
                && said.insert((file.path.clone(), table.clone()))
            {
                findings.at_head(file, lines, draft(&table, &read.node));
            }
        }
    }
}

type Parsed<'a> = (Language, &'a Text, std::sync::Arc<ParsedCode>);

fn parsed<'a>(context: &RuleContext<'a>, file: &'a FileChange) -> Option<Parsed<'a>> {
    let language = Language::of(&file.path)?;
    let text = file.head_text()?;
    let code = context.parsed(file, Side::Head, |text| ParsedCode::new(text, language))?;
    Some((language, text, code))
}

/// The table that is read, if it is known and gets a row with everything that happens.
fn growing(histories: &[History], read: &Read<'_>, path: &RepoPath) -> Option<String> {
    let known = |name: &String| {
        let found = sql::histories_of(histories, name, path)?;
        let [history] = found.as_slice() else { return None };
        history.schema.table(name).whole().filter(|table| grows(table)).map(|_| name.clone())
    };
    read.tables.iter().find_map(known)
}

/// Whether the rows are the answer of a list endpoint: the function is one, or one of the change
/// calls it and answers with what it gets.
fn is_answered(
    context: &RuleContext<'_>,
    read: &Read<'_>,
    language: Language,
    nodes: &[Syntax<'_>],
) -> bool {
    let Some(function) = endpoints::function(&read.node) else { return false };
    if endpoints::has_limits(&function.text()) {
        return false;
    }
    if endpoints::is_list(&function, language) {
        return endpoints::answers_with(&read.node, &function);
    }
    let Some(name) = enclosing_function(&read.node) else { return false };
    let returned = endpoints::is_returned(&read.node, &function);
    returned && (calls(nodes, &name, language) || called_elsewhere(context, &name, language))
}

/// Whether one of the changed files has a list endpoint that answers with what it gets.
fn called_elsewhere(context: &RuleContext<'_>, name: &str, language: Language) -> bool {
    let files = context.change.files.iter().filter(|file| {
        let known = Language::of(&file.path) == Some(language);
        let text = file.head_text().filter(|_| known && is_production_code(file));
        text.is_some_and(|text| text.as_str().contains(&format!(".{name}(")))
    });
    files
        .filter_map(|file| parsed(context, file))
        .any(|(_, _, code)| calls(&code.nodes(), name, language))
}

fn calls(nodes: &[Syntax<'_>], name: &str, language: Language) -> bool {
    let called = format!(".{name}(");
    let all = nodes.iter().filter(|node| {
        matches!(
            node.kind().as_ref(),
            "call"
                | "call_expression"
                | "invocation_expression"
                | "method_invocation"
                | "member_call_expression"
        )
    });
    let own = all.filter(|node| {
        let text = node.text();
        text.len() < 200 && (text.contains(&called) || text.contains(&called.replace('.', "->")))
    });
    own.into_iter().any(|call| {
        endpoints::function(call).is_some_and(|function| {
            endpoints::is_list(&function, language)
                && !endpoints::has_limits(&function.text())
                && endpoints::answers_with(call, &function)
        })
    })
}

fn draft(table: &str, node: &Syntax<'_>) -> Draft {
    let function = enclosing_function(node);
    let place = function.as_ref().map(|name| format!(" in `{name}`")).unwrap_or_default();
    Draft {
        title: format!("A list endpoint answers with every row of `{table}`"),
        evidence: format!(
            "The read{place} has neither a condition nor a limit. The table keeps when each row was made, so it grows, \
             and time, memory and the size of the answer grow with it."
        ),
        recommendation: "Take a limit with an upper bound from the request, and a cursor or page, and hand them to the \
                         query."
            .to_owned(),
        symbol: function.or_else(|| Some(table.to_owned())),
        ..Draft::default()
    }
}

//! From differences to findings: one for each place of the document, with the operations that it
//! concerns.

use std::collections::BTreeMap;

use super::catalogue::Level;
use super::diff::Difference;
use super::inputs;
use super::lint::Habit;
use crate::domain::change::FileChange;
use crate::domain::diff::{LineRange, Side};
use crate::domain::finding::Severity;
use crate::domain::path::RepoPath;
use crate::rules::{Draft, Findings, RuleContext};

/// Other things said about the same line that are named.
const ALSO: usize = 3;

/// Reports the differences whose ids are in one of the lists.
pub fn report(
    context: &RuleContext<'_>,
    findings: &mut Findings<'_>,
    ids: &[&str],
    recommendation: &str,
) {
    let reviewed = inputs::review(context);
    for description in &reviewed.descriptions {
        let mut groups: BTreeMap<(Side, &RepoPath, LineRange), Vec<&Difference>> = BTreeMap::new();
        let wanted = |one: &&Difference| {
            let known = |id: &&str| id.strip_prefix("oasdiff:").unwrap_or(id) == one.id;
            one.level > Level::Info && !one.moot && ids.iter().any(known)
        };
        let comparison = &description.comparison;
        let all = comparison.differences.iter().filter(|one| concerns_clients(one));
        for one in all.chain(&comparison.further).filter(wanted) {
            let place = place(context, one);
            groups.entry(place).or_default().push(one);
        }
        for ((side, path, lines), mut group) in groups {
            let Some(file) = changed(context, side, path) else { continue };
            group.sort_by_key(|one| std::cmp::Reverse(one.level));
            findings.at(file, side, lines, draft(&group, recommendation));
        }
    }
}

/// Reports new operations that do not keep a habit. The texts: what the operation does, why that
/// matters with `{}` for what the others have, and what to do instead.
pub fn report_lapses(
    context: &RuleContext<'_>,
    findings: &mut Findings<'_>,
    habit: Habit,
    (words, why, instead): (&str, &str, &str),
) {
    let reviewed = inputs::review(context);
    let all = reviewed.descriptions.iter().flat_map(|description| &description.lapses);
    for lapse in all.filter(|lapse| lapse.habit == habit) {
        let Some(file) = changed(context, Side::Head, &lapse.file) else { continue };
        let operation = lapse.operation.replace(['`', '\n', '\r'], "'");
        let draft = Draft {
            title: format!("`{operation}` {words}"),
            evidence: why.replace("{}", &lapse.others),
            recommendation: instead.to_owned(),
            symbol: Some(lapse.operation.clone()),
            ..Draft::default()
        };
        findings.at_head(file, lapse.lines, draft);
    }
}

/// Reports examples that the change writes and their schemas refuse, and those that fitted before.
pub fn report_misfits(context: &RuleContext<'_>, findings: &mut Findings<'_>) {
    let reviewed = inputs::review(context);
    for one in reviewed.descriptions.iter().flat_map(|description| &description.misfits) {
        let Some(file) = changed(context, Side::Head, &one.file) else { continue };
        let written = file.adds_any(one.example);
        if !written && !one.fitted {
            continue;
        }
        let why = if written {
            "Documentation, mock servers and contract tests show and send it as it stands."
        } else {
            "It did before this change of the schema; documentation, mock servers and contract tests go on using it."
        };
        let draft = Draft {
            title: format!("An example does not fit its schema: {}", one.words),
            evidence: why.to_owned(),
            recommendation:
                "Correct the example, or the schema if the example is what the API sends and takes."
                    .to_owned(),
            symbol: Some(one.place.clone()),
            ..Draft::default()
        };
        findings.at_head(file, one.lines, draft);
    }
}

/// What a webhook sends is no request to clients: they receive it. It is compared as such besides.
fn concerns_clients(one: &Difference) -> bool {
    !one.path.starts_with("webhook:") || one.id.starts_with("webhook")
}

fn changed<'c>(context: &RuleContext<'c>, side: Side, path: &RepoPath) -> Option<&'c FileChange> {
    context.change.files.iter().find(|file| file.path_on(side) == path && file.text(side).is_some())
}

/// Where it stands, or the operation if the change does not touch that file: it may refer to
/// another one now.
fn place<'d>(context: &RuleContext<'_>, one: &'d Difference) -> (Side, &'d RepoPath, LineRange) {
    match &one.operation_at {
        Some((side, path, lines)) if changed(context, one.side, &one.file).is_none() => {
            (*side, path, *lines)
        }
        _ => (one.side, &one.file, one.lines),
    }
}

fn draft(group: &[&Difference], recommendation: &str) -> Draft {
    let Some(first) = group.first() else { return Draft::default() };
    let mut operations: Vec<String> = Vec::new();
    let mut titles: Vec<&str> = Vec::new();
    for one in group {
        let operation = one.operation();
        if !operation.is_empty() && !operations.contains(&operation) {
            operations.push(operation);
        }
        if one.title != first.title && !titles.contains(&one.title.as_str()) {
            titles.push(&one.title);
        }
    }
    titles.truncate(ALSO);
    let also =
        if titles.is_empty() { String::new() } else { format!(" Also: {}.", titles.join("; ")) };
    Draft {
        title: first.title.clone(),
        evidence: format!("{}{}{also}", why(&first.id), concerned(&first.title, &operations)),
        recommendation: recommendation.to_owned(),
        symbol: operations.first().cloned(),
        severity: severity(first),
        ..Draft::default()
    }
}

/// Other than the rule's own: for what only may break, for an end that was announced, and for a
/// default that may say what was so all along.
fn severity(one: &Difference) -> Option<Severity> {
    let announced = one.id.ends_with("removed-before-sunset");
    let may_be_known = one.id.ends_with("default-value-added");
    (one.level == Level::Warning || announced || may_be_known).then_some(Severity::Minor)
}

fn concerned(title: &str, operations: &[String]) -> String {
    let plain = |operation: &str| operation.replace(['`', '\n', '\r'], "'");
    match operations {
        [one] if title.contains(&plain(one)) => String::new(),
        [one] => format!(" It concerns `{}`.", plain(one)),
        [first, second] => format!(" It concerns `{}` and `{}`.", plain(first), plain(second)),
        [first, rest @ ..] => {
            format!(" It concerns `{}` and {} more operations.", plain(first), rest.len())
        }
        [] => String::new(),
    }
}

/// What happens to clients.
fn why(id: &str) -> &'static str {
    let has = |word: &str| id.contains(word);
    match id {
        _ if has("before-sunset") => {
            "Clients that call it get an error from the next release on. Whether the announced day has passed is not known here."
        }
        _ if has("sunset-missing") => {
            "Clients plan their move by the date that is announced to them, and there is none."
        }
        _ if has("sunset") => "Clients plan their move by the date that was announced to them.",
        _ if has("stability") => "Clients decide by the stability level what they may rely on.",
        _ if has("webhook") || has("callback") => {
            "Receivers wait for a call that does not come any more."
        }
        _ if has("style") => {
            "Clients that write it as before are misread: two values arrive as one, or none."
        }
        _ if id.starts_with("api-") => {
            "Clients that call it get an error from the next release on."
        }
        _ if has("default-value-added") => {
            "Clients that leave the parameter out get this value from now on. If the API took another one so far, the same request gives other results."
        }
        _ if has("default-value") => {
            "Clients that leave the parameter out, as they may, get other results than before from the same request."
        }
        _ if has("media-type-removed") || has("media-type-name") => {
            "Clients that use this media type get an error or a form they cannot read."
        }
        _ if has("status-removed") => {
            "Clients take this status as success; another one goes into their error handling."
        }
        "request-body-removed" | "request-property-removed" | "request-parameter-removed" => {
            "Clients that send it are refused, or believe that it was taken into account when it was not."
        }
        _ if has("became-required") || has("added-required") || id.starts_with("new-") => {
            "Clients that do not send it, as they were allowed to, are refused now."
        }
        _ if id.starts_with("request-") => {
            "Clients that send values which were fine so far may be refused now."
        }
        "response-optional-property-removed" | "optional-response-header-removed" => {
            "Clients that read it find it gone in every response."
        }
        _ if has("property-removed") || has("header-removed") || has("became-optional") => {
            "It was promised in every response; clients that read it fail."
        }
        _ if has("nullable") => "Clients that were promised a value meet `null` and fail.",
        _ => {
            "Clients were written for what the description promised before and may fail on what comes now."
        }
    }
}

//! What the plan rests on and how it is ordered.

use super::tasks::{joined, sentence};
use super::view::{PlanView, Verbosity, word};
use super::{Detail, MAX_CLAUSE, MAX_TEXT, folded};
use crate::domain::plan::{Contract, Endpoint, Evidence, FileAction};
use crate::report::comment_sections::{PROBLEMS_TITLE, problem_line};
use crate::report::markdown::{code_span, cut, prose, prose_cell};

/// The goal and the bullets that lead there.
pub(super) fn goal(view: &PlanView<'_>) -> String {
    let plan = view.plan;
    let mut parts = vec![format!("**Goal:** {}", sentence(&prose(&cut(&plan.goal, MAX_TEXT))))];
    if view.verbosity != Verbosity::Terse && !plan.checklist.is_empty() {
        let bullets = plan.checklist.iter().take(7);
        parts.push(
            bullets
                .map(|text| format!("- {}", prose(&cut(text, MAX_CLAUSE))))
                .collect::<Vec<_>>()
                .join("\n"),
        );
    }
    parts.join("\n\n")
}

/// One line of facts.
pub(super) fn overview(view: &PlanView<'_>) -> String {
    let plan = view.plan;
    let class = &plan.classification;
    let mut risk = format!("Risk {}", word(class.risk));
    if !class.risk_reasons.is_empty() {
        let reasons: Vec<String> =
            class.risk_reasons.iter().take(5).map(|text| prose(&cut(text, 160))).collect();
        risk.push_str(&format!(" ({})", reasons.join("; ")));
    }
    let read =
        view.base.map_or(String::new(), |base| format!(" Read at {}.", code_span(base.short())));
    format!(
        "{risk}. {} work, {}, {}, {} order. Plan {}.{read}",
        first_upper(&word(class.kind)),
        word(class.scope),
        word(class.complexity),
        word(plan.strategy),
        code_span(view.short_digest())
    )
}

fn first_upper(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |first| first.to_uppercase().chain(chars).collect())
}

/// A heading and a list, or folded with its count.
fn section(open: bool, title: &str, count: usize, body: &str) -> String {
    if open {
        format!("### {title}\n\n{body}")
    } else {
        folded(&format!("{title} ({count})"), body)
    }
}

fn listed<T>(all: &[T], detail: Detail, line: impl Fn(&T) -> String) -> String {
    let mut lines: Vec<String> = all.iter().take(detail.entries).map(line).collect();
    let hidden = all.len().saturating_sub(detail.entries);
    if hidden > 0 {
        lines.push(format!("- and {hidden} more"));
    }
    lines.join("\n")
}

/// Assumptions stand open: who approves the plan approves them too.
pub(super) fn assumptions(view: &PlanView<'_>, detail: Detail) -> Option<String> {
    let all = &view.plan.assumptions;
    if all.is_empty() {
        return None;
    }
    let list = listed(all, detail, |text| format!("- {}", prose(&cut(text, MAX_CLAUSE))));
    Some(format!("### Assumptions\n\n{list}"))
}

pub(super) fn answered(view: &PlanView<'_>, detail: Detail) -> Option<String> {
    let all = view.answered;
    if all.is_empty() {
        return None;
    }
    let list = listed(all, detail, |answer| {
        format!(
            "- {}: {} ({})",
            prose(&cut(&answer.topic.replace('-', " "), 80)),
            prose(&cut(&answer.answer, MAX_CLAUSE)),
            code_span(&cut(&answer.by.0, 60))
        )
    });
    Some(section(view.verbosity == Verbosity::Verbose, "Answers so far", all.len(), &list))
}

pub(super) fn evidence(view: &PlanView<'_>, detail: Detail) -> Option<String> {
    let plan = view.plan;
    if view.verbosity == Verbosity::Terse {
        return None;
    }
    let mut parts = Vec::new();
    if !plan.evidence.is_empty() {
        parts.push(listed(&plan.evidence, detail, |evidence| {
            format!(
                "- {}: {}",
                evidence_place(view, evidence),
                prose(&cut(&evidence.shows, MAX_CLAUSE))
            )
        }));
    }
    parts.extend(inputs(view));
    if !plan.left_out.is_empty() {
        let left: Vec<String> =
            plan.left_out.iter().take(10).map(|text| prose(&cut(text, MAX_CLAUSE))).collect();
        parts.push(format!("Not looked at: {}.", left.join("; ")));
    }
    (!parts.is_empty()).then(|| format!("### Evidence\n\n{}", parts.join("\n\n")))
}

fn evidence_place(view: &PlanView<'_>, evidence: &Evidence) -> String {
    let lines =
        evidence.lines.as_ref().map_or(String::new(), |lines| format!(":{}", cut(lines, 24)));
    let shown = code_span(&format!("{}{lines}", cut(&evidence.path, 160)));
    match (view.forge, view.base) {
        (Some((web, repo)), Some(base)) => {
            let url = web.file(repo, base, &evidence.path, evidence.lines.as_deref());
            format!("[{shown}]({url})")
        }
        _ => shown,
    }
}

fn inputs(view: &PlanView<'_>) -> Option<String> {
    let inputs = &view.plan.inputs;
    let there: Vec<String> = inputs
        .iter()
        .filter_map(|input| {
            let path = code_span(&cut(input.path.as_ref()?, 160));
            Some(format!("{} {path}", prose(&cut(&input.name, 60))))
        })
        .collect();
    let missing: Vec<String> = inputs
        .iter()
        .filter(|input| input.path.is_none())
        .map(|input| prose(&cut(&input.name, 60)))
        .collect();
    let mut said = Vec::new();
    if !there.is_empty() {
        said.push(format!("Inputs found: {}.", joined(&there)));
    }
    if !missing.is_empty() {
        said.push(format!("Inputs missing: {}.", joined(&missing)));
    }
    (!said.is_empty()).then(|| said.join(" "))
}

pub(super) fn requirements(view: &PlanView<'_>, detail: Detail) -> Option<String> {
    let all = &view.plan.requirements;
    if all.is_empty() || view.verbosity == Verbosity::Terse {
        return None;
    }
    let list = listed(all, detail, |requirement| {
        format!(
            "- **{}** {} (from {})",
            prose(&cut(&requirement.id, 12)),
            prose(&cut(&requirement.text, MAX_CLAUSE)),
            prose(&cut(&requirement.from, 80))
        )
    });
    Some(section(view.verbosity == Verbosity::Verbose, "Requirements as read", all.len(), &list))
}

pub(super) fn files(view: &PlanView<'_>, detail: Detail) -> Option<String> {
    let all = &view.plan.files;
    if all.is_empty() || view.verbosity == Verbosity::Terse {
        return None;
    }
    let mut table = String::from("| Class | File | | Task |\n| --- | --- | --- | --- |");
    for file in all.iter().take(detail.entries) {
        let action = match file.action {
            FileAction::Add => "add",
            FileAction::Modify => "change",
            FileAction::Remove => "remove",
        };
        let path = code_span(&cut(&file.path, 160).replace('|', "¦"));
        let task = prose_cell(&cut(&file.task, 12));
        table.push_str(&format!("\n| {} | {path} | {action} | {task} |", word(file.class)));
    }
    let hidden = all.len().saturating_sub(detail.entries);
    if hidden > 0 {
        table.push_str(&format!("\n\nand {hidden} more"));
    }
    Some(section(
        view.verbosity == Verbosity::Verbose,
        "Files, in the order of writing",
        all.len(),
        &table,
    ))
}

/// Phases, checkpoints and what comes together.
pub(super) fn order(view: &PlanView<'_>, detail: Detail) -> Option<String> {
    let plan = view.plan;
    if view.verbosity == Verbosity::Terse {
        return None;
    }
    let ids = |ids: &[String]| -> String {
        let ids: Vec<String> = ids.iter().take(20).map(|id| prose(&cut(id, 12))).collect();
        joined(&ids)
    };
    let texts = |texts: &[String]| -> String {
        let texts: Vec<String> =
            texts.iter().take(10).map(|text| prose(&cut(text, MAX_CLAUSE))).collect();
        texts.join("; ")
    };
    let phases = plan.phases.iter().filter(|_| plan.phases.len() > 1).map(|phase| {
        format!(
            "- Phase {}: {}. Done when: {}",
            prose(&cut(&phase.name, 120)),
            ids(&phase.tasks),
            texts(&phase.done)
        )
    });
    let checkpoints = plan
        .checkpoints
        .iter()
        .map(|point| format!("- After {}: {}", ids(&point.after), texts(&point.validate)));
    let integration = plan
        .integration
        .iter()
        .map(|merge| format!("- Bring together {}: {}", ids(&merge.merge), texts(&merge.into)));
    let all: Vec<String> = phases.chain(checkpoints).chain(integration).collect();
    if all.is_empty() {
        return None;
    }
    let body = listed(&all, detail, Clone::clone);
    Some(section(view.verbosity == Verbosity::Verbose, "Phases and checkpoints", all.len(), &body))
}

pub(super) fn contract(view: &PlanView<'_>, detail: Detail) -> Option<String> {
    let contract = view.plan.contract.as_ref()?;
    let mut lines: Vec<String> = contract.endpoints.iter().map(endpoint).collect();
    lines.extend(contract.errors.iter().map(|error| {
        format!(
            "- Error {}: type {}, code {}",
            error.status,
            code_span(&cut(&error.kind, 120)),
            code_span(&cut(&error.code, 120))
        )
    }));
    lines.extend(contract.i18n.iter().map(|text| {
        format!(
            "- Text {}: {}",
            code_span(&cut(&text.key, 120)),
            prose(&cut(&text.default, MAX_CLAUSE))
        )
    }));
    let profile = profile(contract);
    let body = format!("{profile}\n\n{}", listed(&lines, detail, Clone::clone));
    let title = format!("Contract, {}", word(contract.state));
    Some(section(view.verbosity == Verbosity::Verbose, &title, lines.len(), body.trim()))
}

fn profile(contract: &Contract) -> String {
    match contract.profile.as_deref() {
        Some("rfc7807") => "Errors as problem details (RFC 7807).".to_owned(),
        Some(other) => format!("Errors as {}.", prose(&cut(other, 60))),
        None => "The form of errors is not settled: the repository shows none.".to_owned(),
    }
}

fn endpoint(endpoint: &Endpoint) -> String {
    let fields = |fields: &[String]| {
        if fields.is_empty() {
            return "to be decided".to_owned();
        }
        let fields: Vec<String> =
            fields.iter().take(30).map(|field| code_span(&cut(field, 60))).collect();
        fields.join(", ")
    };
    format!(
        "- {}: request {}; response {}",
        code_span(&format!("{} {}", cut(&endpoint.method, 10), cut(&endpoint.path, 160))),
        fields(&endpoint.request),
        fields(&endpoint.response)
    )
}

pub(super) fn problems(view: &PlanView<'_>, detail: Detail) -> Option<String> {
    let all = view.problems;
    if all.is_empty() {
        return None;
    }
    Some(folded(&format!("{PROBLEMS_TITLE} ({})", all.len()), &listed(all, detail, problem_line)))
}

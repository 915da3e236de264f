//! From a report to the format.

use std::collections::BTreeMap;

use super::format::*;
use crate::domain::change::Anchor;
use crate::domain::diff::Side;
use crate::domain::finding::{Category, Confidence, Finding, FindingKind, Fix, Origin};
use crate::domain::report::{
    AnswerKind, FindingState, RememberedFinding, RememberedState, Report, Verdict,
};
use crate::report::markdown::cut;
use crate::report::shown_quote;

impl ReviewFindings {
    /// The findings of a report. `version` is this program's version.
    pub fn of(report: &Report, version: &str) -> Self {
        let open = |kind: FindingKind| {
            report.findings.iter().filter(move |reported| reported.finding.kind == kind)
        };
        Self {
            tool: "backend-team".to_owned(),
            version: version.to_owned(),
            status: status(report),
            base_sha: Some(report.base.to_string()),
            head_sha: Some(report.head.to_string()),
            verdict: Some(verdict_name(report.verdict)),
            agents: agents(report),
            missing: missing(report),
            assumptions: report.assumptions.clone(),
            questions: open(FindingKind::Question)
                .map(|reported| reported.finding.title.clone())
                .collect(),
            gates: open(FindingKind::Gate)
                .map(|reported| Gate {
                    fingerprint: reported.fingerprint.to_string(),
                    title: reported.finding.title.clone(),
                })
                .collect(),
            checklists: checklists(report),
            limits: limits(report),
            usage: Usage {
                rules_run: report.sections.iter().map(|section| section.rules_run.len()).sum(),
                files: report.stats.files,
                added_lines: report.stats.added_lines,
                removed_lines: report.stats.removed_lines,
            },
            findings: open_findings(report),
            suppressed: suppressed(report),
            fixed: report.fixed.iter().map(earlier).collect(),
            carried: report.carried.iter().map(earlier).collect(),
        }
    }
}

fn status(report: &Report) -> Status {
    match report.verdict {
        Verdict::Blocking => Status::Blocked,
        Verdict::ActionRequired => Status::NeedsInput,
        _ if !report.not_checked.is_empty() || !report.carried.is_empty() => Status::Partial,
        _ => Status::Ready,
    }
}

/// What could not be checked, each once.
fn missing(report: &Report) -> Vec<String> {
    let mut missing: Vec<String> = Vec::new();
    for entry in &report.not_checked {
        let text = format!("{}: {}", entry.what, entry.why);
        if !missing.contains(&text) {
            missing.push(text);
        }
    }
    missing
}

fn verdict_name(verdict: Verdict) -> VerdictName {
    match verdict {
        Verdict::NoFindings => VerdictName::NoFindings,
        Verdict::Advisory => VerdictName::Advisory,
        Verdict::Blocking => VerdictName::Blocking,
        Verdict::ActionRequired => VerdictName::ActionRequired,
        Verdict::NothingToReview => VerdictName::NothingToReview,
    }
}

fn agents(report: &Report) -> Vec<Agent> {
    let reasons = |lane| {
        let assignment = report.routing.assignment(lane);
        assignment.into_iter().flat_map(|a| &a.reasons).map(|reason| reason.text.clone()).collect()
    };
    report
        .sections
        .iter()
        .map(|section| Agent {
            name: section.agent.clone(),
            lane: section.lane.to_string(),
            reasons: reasons(section.lane),
            rules_run: section.rules_run.iter().map(ToString::to_string).collect(),
            files_looked_at: section.files_looked_at,
        })
        .collect()
}

fn checklists(report: &Report) -> BTreeMap<String, Vec<ChecklistAnswer>> {
    let mut lists: BTreeMap<String, Vec<ChecklistAnswer>> = BTreeMap::new();
    for answer in &report.answers {
        lists.entry(answer.lane.to_string()).or_default().push(ChecklistAnswer {
            key: answer.key.to_owned(),
            question: answer.question.clone(),
            answer: match answer.answer {
                AnswerKind::Yes => AnswerName::Yes,
                AnswerKind::No => AnswerName::No,
                AnswerKind::NotApplicable => AnswerName::NotApplicable,
                AnswerKind::NoEvidence => AnswerName::NoEvidence,
            },
            explanation: answer.explanation.clone(),
            evidence: answer.evidence.iter().map(place).collect(),
        });
    }
    lists
}

fn limits(report: &Report) -> Limits {
    let not_checked = report
        .not_checked
        .iter()
        .map(|entry| NotCheckedV1 { what: entry.what.clone(), why: entry.why.clone() });
    Limits { not_checked: not_checked.collect(), dropped: report.dropped }
}

fn open_findings(report: &Report) -> Vec<FindingV1> {
    report
        .findings
        .iter()
        .map(|reported| FindingV1 {
            state: Some(match reported.state {
                FindingState::New => StateName::New,
                FindingState::Unchanged => StateName::Unchanged,
                FindingState::Reopened => StateName::Reopened,
            }),
            blocking: Some(reported.blocking),
            fingerprint: Some(reported.fingerprint.to_string()),
            ..finding_v1(report, &reported.finding)
        })
        .collect()
}

fn suppressed(report: &Report) -> Vec<Suppressed> {
    let dismissed = report.dismissed.iter().map(|entry| Suppressed {
        finding: FindingV1 {
            fingerprint: Some(entry.fingerprint.to_string()),
            ..finding_v1(report, &entry.finding)
        },
        by: SuppressedBy::Command,
        reason: entry.reason.clone(),
    });
    let ignored = report.ignored.iter().map(|entry| Suppressed {
        finding: FindingV1 {
            fingerprint: Some(entry.fingerprint.to_string()),
            ..finding_v1(report, &entry.finding)
        },
        by: SuppressedBy::Comment,
        reason: entry.reason.clone(),
    });
    dismissed.chain(ignored).collect()
}

fn finding_v1(report: &Report, finding: &Finding) -> FindingV1 {
    let section = report.sections.iter().find(|section| section.lane == finding.lane);
    let (suggestion, suggestion_lines) = match &finding.fix {
        Some(Fix::Replace { lines, replacement }) => {
            (Some(replacement.clone()), Some(lines.to_string()))
        }
        _ => (None, None),
    };
    let new_file = match &finding.fix {
        Some(Fix::NewFile { path, content }) => {
            Some(NewFileV1 { path: path.to_string(), content: content.clone() })
        }
        _ => None,
    };
    let agent = match &finding.origin {
        Origin::Model { agent } => Some(agent.clone()),
        Origin::Rule => section.map(|section| section.agent.clone()),
    };
    FindingV1 {
        kind: kind_name(finding.kind),
        category: category_name(finding.category),
        severity: finding.severity,
        title: cut(&finding.title, 120),
        place: place(&finding.anchor),
        evidence: finding.evidence.clone(),
        recommendation: finding.recommendation.clone(),
        quote: shown_quote(finding).map(str::to_owned),
        agent,
        lane: Some(finding.lane.to_string()),
        rule_id: Some(finding.rule.to_string()),
        source: Some(match finding.origin {
            Origin::Rule => SourceName::Rule,
            Origin::Model { .. } => SourceName::Llm,
        }),
        confidence: Some(match finding.confidence {
            Confidence::High => 0.95,
            Confidence::Medium => 0.7,
        }),
        fingerprint: None,
        suggestion,
        suggestion_lines,
        new_file,
        state: None,
        blocking: None,
        symbol: finding.symbol.clone(),
        related: finding
            .related
            .iter()
            .map(|other| RelatedV1 { place: place(&other.anchor), note: other.note.clone() })
            .collect(),
    }
}

fn kind_name(kind: FindingKind) -> KindName {
    match kind {
        FindingKind::Evidence => KindName::Evidence,
        FindingKind::MissingEvidence => KindName::MissingEvidence,
        FindingKind::Question => KindName::Question,
        FindingKind::Gate => KindName::Gate,
        FindingKind::Policy => KindName::Policy,
    }
}

fn category_name(category: Category) -> CategoryName {
    match category {
        Category::Security => CategoryName::Security,
        Category::Data => CategoryName::Data,
        Category::Api => CategoryName::Api,
        Category::Performance => CategoryName::Performance,
        Category::Observability => CategoryName::Observability,
        Category::Infra => CategoryName::Infra,
        Category::Testing => CategoryName::Testing,
        Category::Docs => CategoryName::Docs,
        Category::Reliability => CategoryName::Reliability,
        Category::Architecture => CategoryName::Architecture,
        Category::Process => CategoryName::Process,
    }
}

fn place(anchor: &Anchor) -> Where {
    Where {
        path: anchor.path().to_string(),
        lines: anchor.lines().map(|lines| lines.to_string()),
        side: Some(match anchor.side() {
            Side::Head => SideName::Head,
            Side::Base => SideName::Base,
        }),
    }
}

fn earlier(old: &RememberedFinding) -> Earlier {
    Earlier {
        fingerprint: old.fingerprint.to_string(),
        rule_id: old.rule.to_string(),
        severity: old.severity,
        title: old.title.clone(),
        path: old.path.to_string(),
        fixed_in: match &old.state {
            RememberedState::Fixed { head } => Some(head.to_string()),
            _ => None,
        },
    }
}

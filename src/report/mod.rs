//! Everything that the bot says. Pure: from a report to texts, and from findings to a report.

pub mod check;
pub mod comment;
mod comment_endpoints;
mod comment_gates;
mod comment_sections;
pub mod deciders;
pub mod findings_v1;
pub mod fingerprint;
pub mod gates;
pub mod github;
pub mod ignore;
pub mod labels;
pub mod line_note;
pub mod markdown;
mod place;
pub mod plan;
pub mod plan_reply;
pub mod proposals;
pub mod reply;
#[cfg(test)]
mod samples;
pub mod sarif;
pub mod settle;
pub mod text;
pub mod verdict;

pub use place::WebUrl;

use crate::domain::finding::{Category, Finding, Severity};

/// What a report needs to know of a rule. The report does not know the rules; its caller does.
#[derive(Debug, Clone, Copy)]
pub struct RuleDoc<'a> {
    pub code: &'a str,
    pub title: &'a str,
    pub severity: Severity,
    pub category: Category,
    /// The rule's page, Markdown written by this project.
    pub page: &'a str,
    /// Ids of the same check in other tools, `tool:id`.
    pub equivalents: &'a [&'a str],
}

/// The quote of a finding as it may be repeated. A finding about a secret shows its quote only if
/// the secret is masked there: otherwise the quote would spread what the finding warns about.
pub fn shown_quote(finding: &Finding) -> Option<&str> {
    let family = finding.rule.0.split('/').next().unwrap_or_default();
    let bare_secret = matches!(family, "secret" | "secrets") && !finding.quote_redacted;
    (!bare_secret && !finding.quote.trim().is_empty()).then_some(finding.quote.as_str())
}

/// "1 finding", "3 findings".
pub(crate) fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

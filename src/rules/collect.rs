//! Where rules put what they find.

use super::Rule;
use crate::domain::change::{Anchor, FileChange};
use crate::domain::diff::{LineRange, Side};
use crate::domain::finding::{Confidence, Finding, Fix, Origin, Related, RuleCode, Severity};

/// Longest quote kept with a finding, in characters.
const MAX_QUOTE_CHARS: usize = 400;

/// Collects the findings of one rule. It fills in what the rule's data says, takes the quote from
/// the file, and counts what has no place in the change instead of keeping it.
pub struct Findings<'a> {
    rule: &'a Rule,
    list: Vec<Finding>,
    dropped: usize,
}

/// What a rule says about one place. Everything else comes from the rule's data and the file.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    /// At most 120 characters, `` `code` `` marks allowed.
    pub title: String,
    pub evidence: String,
    pub recommendation: String,
    /// The enclosing named thing (table, function, operation, job): part of the identity, so give
    /// it wherever there is one.
    pub symbol: Option<String>,
    pub related: Vec<Related>,
    pub fix: Option<Fix>,
    /// Other than the rule's own.
    pub severity: Option<Severity>,
    pub confidence: Option<Confidence>,
    /// Values that must not be repeated anywhere: they are replaced in the quote, and in the texts
    /// as a second line of defence.
    pub redact: Vec<String>,
    /// Codes of rules that say less about the same lines.
    pub covers: &'static [&'static str],
}

impl<'a> Findings<'a> {
    pub fn new(rule: &'a Rule) -> Self {
        Self { rule, list: Vec::new(), dropped: 0 }
    }

    /// The rule that finds.
    pub fn rule_code(&self) -> &'static str {
        self.rule.code
    }

    /// Reports lines of a changed file, at head.
    pub fn at_head(&mut self, file: &FileChange, lines: LineRange, draft: Draft) {
        self.at(file, Side::Head, lines, draft);
    }

    /// Reports lines of a changed file.
    pub fn at(&mut self, file: &FileChange, side: Side, lines: LineRange, draft: Draft) {
        // An emptied file has no line to quote, but it is there to point at.
        let quote = file.text(side).and_then(|text| match text.line_count() {
            0 => Some(String::new()),
            _ => text.slice(lines),
        });
        match (file.anchor(side, lines), quote) {
            (Some(anchor), Some(quote)) => self.push(anchor, &quote, draft),
            _ => self.dropped += 1,
        }
    }

    /// Reports a changed file as a whole.
    pub fn on_file(&mut self, file: &FileChange, draft: Draft) {
        self.push(file.anchor_file(), "", draft);
    }

    fn push(&mut self, anchor: Anchor, quote: &str, draft: Draft) {
        // Before cutting: half of a secret would no longer be recognised.
        let hide = |text: &str| redact(text, &draft.redact);
        let (hidden, title) = (hide(quote), hide(&draft.title));
        let (evidence, recommendation) = (hide(&draft.evidence), hide(&draft.recommendation));
        self.list.push(Finding {
            rule: RuleCode(self.rule.code.to_owned()),
            origin: Origin::Rule,
            lane: self.rule.lane,
            kind: self.rule.kind,
            category: self.rule.category,
            severity: draft.severity.unwrap_or(self.rule.severity),
            confidence: draft.confidence.unwrap_or(self.rule.confidence),
            title: cut(&title, 120),
            evidence,
            recommendation,
            anchor,
            quote: cut(&hidden, MAX_QUOTE_CHARS),
            quote_redacted: hidden != quote,
            related: draft.related,
            fix: draft.fix,
            symbol: draft.symbol,
            covers: draft.covers,
        });
    }

    /// The findings, and how many had no place in the change.
    pub fn finish(self) -> (Vec<Finding>, usize) {
        (self.list, self.dropped)
    }
}

/// Replaces each of the values by its mask.
fn redact(text: &str, values: &[String]) -> String {
    let hide = |text: String, value: &String| text.replace(value.as_str(), &mask(value));
    values.iter().filter(|value| !value.is_empty()).fold(text.to_owned(), hide)
}

/// What is shown instead of a secret: the first four characters of a long one, which tell its
/// kind, and nothing of a short one.
pub fn mask(secret: &str) -> String {
    let kept = if secret.chars().count() >= 20 { 4 } else { 0 };
    let start: String = secret.chars().take(kept).collect();
    format!("{start}[redacted]")
}

fn cut(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(limit.saturating_sub(1)).collect();
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::assemble;
    use crate::domain::path::RepoPath;

    #[test]
    fn a_redacted_value_is_nowhere_in_the_finding() {
        let secret = "hunter2-".repeat(60);
        let text = format!("a\npassword = {secret}\n");
        let file = assemble::file_change(RepoPath::new("a.py").unwrap(), None, Some(&text));
        let rule = super::super::all().next().unwrap();
        let mut findings = Findings::new(rule);
        let draft = Draft {
            title: format!("`{secret}`"),
            evidence: secret.clone(),
            recommendation: secret.clone(),
            redact: vec![secret],
            ..Draft::default()
        };
        findings.at_head(&file, LineRange::line(2), draft);
        let (list, _) = findings.finish();
        assert!(list[0].quote_redacted);
        assert!(!format!("{:?}", list[0]).contains("hunter2-hunter2"));
        assert_eq!(list[0].quote, "password = hunt[redacted]");
    }
}

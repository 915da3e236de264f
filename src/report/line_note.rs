//! Notes on lines of the diff.

use super::comment_sections::{headline, short_id};
use super::markdown::{code_span, cut, plain, prose, visible};
use super::settle::note_lines;
use crate::config::policy::Policy;
use crate::domain::change::Change;
use crate::domain::diff::{LineRange, Side};
use crate::domain::finding::{Confidence, Finding, Fingerprint, Fix, Severity};
use crate::domain::publication::{FixedNote, LineNote, MAX_LINE_NOTES, Publication, note_marker};
use crate::domain::report::{
    FindingState, RememberedFinding, RememberedState, Report, ReportedFinding,
};

/// Longest evidence and recommendation in a note, in characters.
const MAX_TEXT: usize = 2_000;
/// Longest text that is offered as a suggestion, in characters.
const MAX_SUGGESTION: usize = 5_000;

/// The notes that should stand on the diff: findings that are in it and ask for something (what is
/// only worth knowing stays in the summary), the most important first, as many as policy and GitHub
/// allow. Also what becomes of notes whose finding is fixed, dismissed or
/// ignored; those entries speak of notes that may exist, they never make one.
pub fn notes(report: &Report, change: &Change, policy: &Policy) -> Publication {
    let limit = policy.review.max_line_notes.min(MAX_LINE_NOTES);
    let limit = if policy.review.line_notes { limit } else { 0 };
    let asks = |reported: &&ReportedFinding| {
        reported.in_diff && reported.finding.severity > Severity::Info
    };
    let notes = report.findings.iter().filter(asks);
    let fixed = report.fixed.iter().filter_map(fixed_note);
    let dismissed = report.dismissed.iter().map(|entry| {
        let by = code_span(&cut(&entry.by.0, 60));
        let reason = plain(&cut(&entry.reason, 300));
        closed_note(&entry.fingerprint, &entry.finding, &format!("Dismissed by {by}: {reason}"))
    });
    let ignored = report.ignored.iter().map(|entry| {
        let reason = prose(&cut(&entry.reason, 300));
        closed_note(&entry.fingerprint, &entry.finding, &format!("Ignored in the file: {reason}"))
    });
    Publication::LineNotes {
        head: report.head.clone(),
        notes: notes.filter_map(|reported| line_note(reported, change)).take(limit).collect(),
        fixed: fixed.chain(dismissed).chain(ignored).collect(),
    }
}

/// The note for one finding; `None` when the diff does not show its lines.
pub fn line_note(reported: &ReportedFinding, change: &Change) -> Option<LineNote> {
    let finding = &reported.finding;
    let shown = note_lines(change, finding)?;
    let suggestion = suggestion(finding, change);
    // A suggestion replaces exactly the lines that the note stands on.
    let lines = suggestion.as_ref().map_or(shown, |(lines, _)| *lines);
    // What came back gets a thread of its own: the old one is resolved and out of sight.
    let again = (reported.state == FindingState::Reopened).then_some(&change.head);
    let mut parts =
        vec![format!("{}\n**{}**", note_marker(&reported.fingerprint, again), headline(finding))];
    parts.push(prose(&cut(&finding.evidence, MAX_TEXT)));
    parts.push(format!("**Instead:** {}", prose(&cut(&finding.recommendation, MAX_TEXT))));
    if finding.confidence == Confidence::Medium {
        parts.push(
            "Likely rather than certain: it rests on what can be read in the repository."
                .to_owned(),
        );
    }
    parts.extend(suggestion.map(|(_, block)| block));
    let (rule, id) = (code_span(&finding.rule.0), code_span(short_id(&reported.fingerprint)));
    parts.push(format!("<sub>{rule} · id {id}</sub>"));
    Some(LineNote {
        fingerprint: reported.fingerprint.clone(),
        path: finding.anchor.path().clone(),
        side: finding.anchor.side(),
        lines,
        body: parts.join("\n\n"),
    })
}

/// The lines that a suggestion replaces and its block: only when every one of them is in one hunk
/// at head, and the text holds nothing that cannot be seen.
fn suggestion(finding: &Finding, change: &Change) -> Option<(LineRange, String)> {
    let Some(Fix::Replace { lines, replacement }) = &finding.fix else { return None };
    let file = change.file(finding.anchor.head_path())?;
    let in_one_hunk = file
        .hunks
        .iter()
        .any(|hunk| (lines.start()..=lines.end()).all(|line| hunk.shows(Side::Head, line)));
    let sound = finding.anchor.side() == Side::Head
        && in_one_hunk
        && replacement.chars().count() <= MAX_SUGGESTION
        && visible(replacement) == *replacement;
    sound.then(|| {
        let longest = replacement.split(|c| c != '`').map(str::len).max().unwrap_or(0);
        let fence = "`".repeat(longest.max(2) + 1);
        let text = if replacement.is_empty() { String::new() } else { format!("{replacement}\n") };
        (*lines, format!("{fence}suggestion\n{text}{fence}"))
    })
}

/// What the note of a fixed finding says from now on.
pub fn fixed_note(old: &RememberedFinding) -> Option<FixedNote> {
    let RememberedState::Fixed { head } = &old.state else { return None };
    let severity = old.severity.as_str().to_ascii_uppercase();
    let title = prose(&cut(&old.title, 200));
    let body = format!(
        "{}\nFixed in {}: [{severity}] [{}] {title}\n\n<sub>{}</sub>",
        note_marker(&old.fingerprint, None),
        code_span(head.short()),
        old.lane,
        code_span(&old.rule.0)
    );
    Some(FixedNote { fingerprint: old.fingerprint.clone(), body })
}

fn closed_note(fingerprint: &Fingerprint, finding: &Finding, how: &str) -> FixedNote {
    let body = format!(
        "{}\n{how}\n\n{}\n\n<sub>{}</sub>",
        note_marker(fingerprint, None),
        headline(finding),
        code_span(&finding.rule.0)
    );
    FixedNote { fingerprint: fingerprint.clone(), body }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;

    fn all(report: &Report) -> (Vec<LineNote>, Vec<FixedNote>) {
        let change = samples::backend_change();
        match notes(report, &change, &Policy::default()) {
            Publication::LineNotes { notes, fixed, .. } => (notes, fixed),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_note_with_a_suggestion_and_closed_notes() {
        let (notes, fixed) = all(&samples::busy());
        let bodies: Vec<&str> = notes.iter().map(|note| note.body.as_str()).collect();
        insta::assert_snapshot!(bodies.join("\n=====\n"));
        let bodies: Vec<&str> = fixed.iter().map(|note| note.body.as_str()).collect();
        insta::assert_snapshot!("closed", bodies.join("\n=====\n"));
    }

    #[test]
    fn no_suggestion_outside_of_the_diff() {
        let far = "a\n".repeat(30);
        let base = format!("{far}b\n");
        let head = format!("{far}c\n");
        let change = samples::change_of(&[("a.txt", Some(&base), Some(&head))]);
        let mut finding = samples::finding(&change, "a/b", "a.txt", 29, 31);
        let replace = |start, end| {
            Some(Fix::Replace {
                lines: LineRange::new(start, end).unwrap(),
                replacement: "`````\nx".to_owned(),
            })
        };
        finding.fix = replace(31, 31);
        let (lines, block) = suggestion(&finding, &change).unwrap();
        assert_eq!(lines, LineRange::line(31));
        assert_eq!(block, "``````suggestion\n`````\nx\n``````");
        finding.fix = replace(2, 2);
        assert_eq!(suggestion(&finding, &change), None);
        finding.fix = replace(20, 31);
        assert_eq!(suggestion(&finding, &change), None);
    }

    #[test]
    fn policy_limits_notes() {
        let report = samples::busy();
        let change = samples::backend_change();
        let mut policy = Policy::default();
        policy.review.max_line_notes = 1;
        let count = |policy: &Policy| match notes(&report, &change, policy) {
            Publication::LineNotes { notes, .. } => notes.len(),
            _ => 99,
        };
        assert_eq!(count(&policy), 1);
        policy.review.line_notes = false;
        assert_eq!(count(&policy), 0);
    }
}

//! Workflow commands: findings as annotations of a GitHub Actions run.

use super::comment::verdict_line;
use super::markdown::{one_line, visible};
use crate::domain::diff::Side;
use crate::domain::finding::Severity;
use crate::domain::report::{Report, ReportedFinding};

/// One line per finding, then what was not checked, then the outcome. GitHub shows ten
/// annotations of each level per step; the order of attention decides which.
pub fn workflow_commands(report: &Report) -> String {
    let mut out = String::new();
    for reported in &report.findings {
        out.push_str(&command(reported));
        out.push('\n');
    }
    for entry in &report.not_checked {
        let text = format!("{}: {}", one_line(&entry.what), one_line(&entry.why));
        out.push_str(&format!("::notice title=Not checked::{}\n", data(&text)));
    }
    out.push_str(&format!("backend-team: {}\n", verdict_line(report)));
    out
}

fn command(reported: &ReportedFinding) -> String {
    let finding = &reported.finding;
    let level = match finding.severity {
        _ if reported.blocking => "error",
        Severity::Info => "notice",
        _ => "warning",
    };
    let severity = finding.severity.as_str().to_ascii_uppercase();
    let title = format!("[{severity}] [{}] {}", finding.lane, one_line(&finding.title));
    let mut properties = vec![format!("file={}", property(finding.anchor.head_path().as_str()))];
    if let (Side::Head, Some(lines)) = (finding.anchor.side(), finding.anchor.lines()) {
        properties.push(format!("line={}", lines.start()));
        properties.push(format!("endLine={}", lines.end()));
    }
    properties.push(format!("title={}", property(&title)));
    let message = format!(
        "{}\nInstead: {}\n{}",
        visible(&finding.evidence),
        visible(&finding.recommendation),
        finding.rule
    );
    format!("::{level} {}::{}", properties.join(","), data(&message))
}

/// Escapes of a message.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes of a property: those of a message, and what ends a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;

    #[test]
    fn commands() {
        insta::assert_snapshot!(workflow_commands(&samples::busy()));
        insta::assert_snapshot!("partial", workflow_commands(&samples::partial()));
    }

    #[test]
    fn nothing_leaves_its_field() {
        let text = workflow_commands(&samples::hostile());
        assert_eq!(text.lines().count(), 3, "{text}");
        let first = text.lines().next().unwrap();
        let properties = first.split("::").nth(1).unwrap();
        assert_eq!(properties.matches(',').count(), 3, "{properties}");
    }

    proptest::proptest! {
        #[test]
        fn one_line_per_command(text in ".*") {
            let said = format!("::error title={}::{}", property(&text), data(&text));
            proptest::prop_assert!(!said.contains(['\n', '\r']));
            proptest::prop_assert!(!property(&text).contains([',', ':']));
        }
    }
}

//! Prometheus rule files: `observability/alert-always-fires`, `observability/alert-without-for`,
//! `observability/value-in-alert-label`.

use std::collections::BTreeSet;

use crate::domain::change::FileChange;
use crate::domain::diff::{LineRange, Side};
use crate::rules::parse::tree::{Node, Tree};
use crate::rules::parse::yaml;
use crate::rules::{Draft, Findings, RuleContext};

/// An alerting rule.
struct Alert<'a> {
    group: &'a str,
    name: &'a str,
    node: &'a Node,
}

struct Problem {
    key: String,
    lines: LineRange,
    draft: Draft,
}

pub(super) fn applies(file: &FileChange) -> bool {
    let yaml = matches!(file.path.extension().as_deref(), Some("yaml" | "yml"));
    yaml && file.head_text().is_some_and(|text| {
        let text = text.as_str();
        // Without these three words there is no alert in it, whatever it is.
        text.contains("alert:") && text.contains("expr:") && text.contains("rules:")
    })
}

fn alerts(tree: &Tree) -> Vec<Alert<'_>> {
    let mut alerts = Vec::new();
    for document in &tree.documents {
        let groups = document.get("groups").or_else(|| document.path(&["spec", "groups"]));
        for group in groups.map_or(&[][..], Node::items) {
            let group_name = group.get("name").and_then(Node::as_str).unwrap_or("");
            for node in group.get("rules").map_or(&[][..], Node::items) {
                if let Some(name) = node.get("alert").and_then(Node::as_str) {
                    alerts.push(Alert { group: group_name, name, node });
                }
            }
        }
    }
    alerts
}

/// Reports what `find` sees at head and did not see at base.
fn report(
    context: &RuleContext<'_>,
    file: &FileChange,
    findings: &mut Findings<'_>,
    find: impl Fn(&Alert<'_>) -> Option<Problem>,
) {
    let side = |side| context.parsed(file, side, yaml::parse);
    let before: BTreeSet<String> = side(Side::Base)
        .map(|tree| alerts(&tree).iter().filter_map(&find).map(|problem| problem.key).collect())
        .unwrap_or_default();
    let Some(head) = side(Side::Head) else { return };
    for problem in alerts(&head).iter().filter_map(&find) {
        if !before.contains(&problem.key) {
            findings.at_head(file, problem.lines, problem.draft);
        }
    }
}

impl Alert<'_> {
    fn expression(&self) -> Option<(&Node, &str)> {
        let node = self.node.get("expr")?;
        Some((node, node.as_str()?))
    }

    fn key(&self) -> String {
        format!("{}/{}", self.group, self.name)
    }
}

pub(super) fn always_fires(
    context: &RuleContext<'_>,
    file: &FileChange,
    findings: &mut Findings<'_>,
) {
    report(context, file, findings, |alert| {
        let (node, expression) = alert.expression()?;
        if has_condition(expression) || expression.trim().is_empty() {
            return None;
        }
        Some(Problem {
            key: alert.key(),
            lines: node.lines,
            draft: Draft {
                title: format!("Alert `{}` has no condition", alert.name),
                evidence: "Its expression compares nothing, so it fires for every series that \
                           exists, whatever the value, zero included."
                    .to_owned(),
                recommendation: "Compare with a limit (`> 0`, `== 0`), or ask for `absent(…)`."
                    .to_owned(),
                symbol: Some(alert.name.to_owned()),
                ..Draft::default()
            },
        })
    });
}

/// Whether an expression can be without result while its series exist: it compares, subtracts
/// sets, or asks for absence. Label matchers, durations and strings are left out.
fn has_condition(expression: &str) -> bool {
    let mut plain = String::with_capacity(expression.len());
    let mut quote = None;
    let mut depth = 0_usize;
    let mut comment = false;
    let mut chars = expression.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (_, '\n') if quote.is_none() => {
                comment = false;
                plain.push(' ');
            }
            _ if comment => {}
            (Some('"' | '\''), '\\') => {
                chars.next();
            }
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'' | '`') => quote = Some(c),
            (None, '#') => comment = true,
            (None, '{') => depth += 1,
            (None, '}') => depth = depth.saturating_sub(1),
            (None, c) if depth == 0 => plain.push(c),
            _ => {}
        }
    }
    let words =
        ["absent", "absent_over_time", "and", "unless", "topk", "bottomk", "vector", "ALERTS"];
    let word = |word: &str| {
        plain
            .split(|c: char| !c.is_alphanumeric() && c != '_')
            .any(|part| part.eq_ignore_ascii_case(word))
    };
    // Recorded expressions may hold the comparison; a colon in the name is their convention.
    let recorded =
        plain.split(|c: char| c.is_whitespace() || "()".contains(c)).any(|part| part.contains(':'));
    plain.contains("==")
        || plain.contains("!=")
        || plain.contains(['<', '>'])
        || recorded
        || words.iter().any(|name| word(name))
        // Templates are not expressions yet.
        || expression.contains("{{")
}

pub(super) fn without_for(
    context: &RuleContext<'_>,
    file: &FileChange,
    findings: &mut Findings<'_>,
) {
    report(context, file, findings, |alert| {
        let (_, expression) = alert.expression()?;
        // A window in the expression smooths as well as `for` does; an absence has no flicker.
        // An age only grows, and what fires always is there to prove that alerts arrive.
        let compact: String = expression.split_whitespace().collect();
        let windowed = expression.contains('[')
            || expression.contains("absent")
            || compact.contains("time()-")
            || compact.starts_with("vector(");
        let waits = alert.node.get("for").is_some() || alert.node.get("keep_firing_for").is_some();
        let entry = alert.node.entry("alert").filter(|_| !windowed && !waits)?;
        Some(Problem {
            key: alert.key(),
            lines: LineRange::line(entry.key.line()),
            draft: Draft {
                title: format!("Alert `{}` fires at the first sample over its limit", alert.name),
                evidence:
                    "Without `for`, and without a window in the expression, one odd scrape or \
                           a restart is enough to call somebody."
                        .to_owned(),
                recommendation: "Add `for:` with the time that the condition may last before it \
                                 matters."
                    .to_owned(),
                symbol: Some(alert.name.to_owned()),
                ..Draft::default()
            },
        })
    });
}

pub(super) fn value_in_label(
    context: &RuleContext<'_>,
    file: &FileChange,
    findings: &mut Findings<'_>,
) {
    report(context, file, findings, |alert| {
        let labels = alert.node.get("labels").map_or(&[][..], Node::entries);
        let entry = labels.iter().find(|entry| {
            let compact: String =
                entry.value.as_str().unwrap_or("").split_whitespace().collect::<String>();
            let inside = compact.split("{{").skip(1).filter_map(|part| part.split("}}").next());
            inside.into_iter().any(|part| part.contains("$value") || part.contains(".Value"))
        })?;
        Some(Problem {
            key: format!("{} {}", alert.key(), entry.name()),
            lines: LineRange::line(entry.key.line()),
            draft: Draft {
                title: format!(
                    "Label `{}` of alert `{}` holds the value",
                    entry.name(),
                    alert.name
                ),
                evidence: "Labels are an alert's identity: with every new value the old alert \
                           resolves and another starts, so `for` never runs out and each \
                           evaluation may notify anew."
                    .to_owned(),
                recommendation: "Put the value into an annotation.".to_owned(),
                symbol: Some(alert.name.to_owned()),
                ..Draft::default()
            },
        })
    });
}

#[cfg(test)]
mod tests {
    use super::has_condition;

    #[test]
    fn conditions() {
        for yes in [
            "up == 0",
            "sum(rate(x{a=~\"b\"}[5m])) > 1",
            "absent(up)",
            "job:errors:ratio",
            "a unless b",
        ] {
            assert!(has_condition(yes), "{yes}");
        }
        for no in ["up", "sum(x{a!=\"b\", c=~\">1\"}) by (job)", "rate(x[5m]) # > 1"] {
            assert!(!has_condition(no), "{no}");
        }
    }
}

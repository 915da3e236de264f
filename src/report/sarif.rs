//! SARIF 2.1.0, as GitHub code scanning reads it.

use serde_json::{Value, json};

use super::markdown::{cut, visible};
use super::place::percent_encoded;
use super::{RuleDoc, shown_quote};
use crate::domain::change::Anchor;
use crate::domain::diff::Side;
use crate::domain::finding::{Category, Confidence, Finding, Fingerprint, Fix, Severity};
use crate::domain::report::Report;

/// The report as a SARIF log. `rules` are the rules that ran or could have run.
pub fn sarif(report: &Report, rules: &[RuleDoc<'_>], version: &str) -> Value {
    let index = |code: &str| rules.iter().position(|rule| rule.code == code);
    let open = report
        .findings
        .iter()
        .map(|reported| result(&reported.finding, &reported.fingerprint, &index));
    let dismissed = report.dismissed.iter().map(|entry| {
        let justification = format!("dismissed by {}: {}", entry.by, entry.reason);
        let result = result(&entry.finding, &entry.fingerprint, &index);
        suppressed(result, "external", &justification)
    });
    let ignored = report.ignored.iter().map(|entry| {
        let result = result(&entry.finding, &entry.fingerprint, &index);
        suppressed(result, "inSource", &entry.reason)
    });
    let results: Vec<Value> = open.chain(dismissed).chain(ignored).collect();
    let notifications: Vec<Value> = report
        .not_checked
        .iter()
        .map(|entry| {
            let text = visible(&format!("not checked: {}: {}", entry.what, entry.why));
            json!({"level": "warning", "message": {"text": text}})
        })
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "backend-team",
                "semanticVersion": version,
                "rules": rules.iter().map(rule).collect::<Vec<_>>(),
            }},
            "automationDetails": {"id": "backend-team/"},
            "columnKind": "unicodeCodePoints",
            "invocations": [{
                "executionSuccessful": true,
                "toolExecutionNotifications": notifications,
            }],
            "properties": {"baseSha": report.base, "headSha": report.head},
            "results": results,
        }],
    })
}

fn rule(rule: &RuleDoc<'_>) -> Value {
    let family = rule.code.split('/').next().unwrap_or_default();
    let mut tags = vec![rule.category.as_str().to_owned(), family.to_owned()];
    tags.extend(rule.equivalents.iter().map(|&id| id.to_owned()));
    tags.dedup();
    // GitHub allows 20 tags on a rule.
    tags.truncate(20);
    let mut properties = json!({
        "tags": tags,
        "problem.severity": problem_severity(rule.severity),
        "precision": "high",
    });
    if rule.category == Category::Security {
        // GitHub's bands: over 9.0 critical, 7.0 high, 4.0 medium.
        let score = match rule.severity {
            Severity::Critical => "9.5",
            Severity::Major => "8.0",
            Severity::Minor => "5.0",
            Severity::Info => "2.0",
        };
        properties["security-severity"] = Value::from(score);
    }
    json!({
        "id": rule.code,
        "name": rule.code,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.title},
        "help": {"text": rule.page, "markdown": rule.page},
        "defaultConfiguration": {"level": level(rule.severity)},
        "properties": properties,
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::Major => "error",
        Severity::Minor => "warning",
        Severity::Info => "note",
    }
}

fn problem_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::Major => "error",
        Severity::Minor => "warning",
        Severity::Info => "recommendation",
    }
}

fn result(
    finding: &Finding,
    fingerprint: &Fingerprint,
    index: &dyn Fn(&str) -> Option<usize>,
) -> Value {
    let mut text = format!(
        "{}. {} Instead: {}",
        cut(&finding.title, 120),
        finding.evidence,
        finding.recommendation
    );
    if let (Side::Base, Some(lines)) = (finding.anchor.side(), finding.anchor.lines()) {
        text.push_str(&format!(" (line {lines} before the change)"));
    }
    let related: Vec<Value> = finding
        .related
        .iter()
        .enumerate()
        .map(|(id, other)| {
            let mut place = location(&other.anchor, None);
            place["id"] = Value::from(id);
            place["message"] = json!({"text": message(&other.note)});
            place
        })
        .collect();
    let mut result = json!({
        "ruleId": finding.rule,
        "level": level(finding.severity),
        "message": {"text": message(&text)},
        "locations": [location(&finding.anchor, shown_quote(finding))],
        "partialFingerprints": {
            "backendTeam/v1": fingerprint,
            "primaryLocationLineHash": format!("{fingerprint}:1"),
        },
        "properties": {
            "lane": finding.lane,
            "category": finding.category,
            "severity": finding.severity,
            "precision": match finding.confidence {
                Confidence::High => "high",
                Confidence::Medium => "medium",
            },
        },
    });
    if let Some(index) = index(&finding.rule.0) {
        result["ruleIndex"] = Value::from(index);
    }
    if let Some(fix) = &finding.fix {
        result["fixes"] = json!([fixed_by(fix, &finding.anchor)]);
    }
    if !related.is_empty() {
        result["relatedLocations"] = Value::from(related);
    }
    result
}

/// Whole lines replaced, or a new file: text put at the start of nothing.
fn fixed_by(fix: &Fix, anchor: &Anchor) -> Value {
    let (path, region, text) = match fix {
        // Lines that go take their break with them.
        Fix::Replace { lines, replacement } if replacement.is_empty() => {
            let next = lines.end().saturating_add(1);
            let region = json!({
                "startLine": lines.start(), "startColumn": 1, "endLine": next, "endColumn": 1
            });
            (anchor.head_path(), region, replacement)
        }
        Fix::Replace { lines, replacement } => {
            let region = json!({"startLine": lines.start(), "endLine": lines.end()});
            (anchor.head_path(), region, replacement)
        }
        Fix::NewFile { path, content } => {
            (path, json!({"startLine": 1, "startColumn": 1, "endColumn": 1}), content)
        }
    };
    let description = match fix {
        Fix::Replace { .. } => "Replace these lines",
        Fix::NewFile { .. } => "Add this file",
    };
    json!({
        "description": {"text": description},
        "artifactChanges": [{
            "artifactLocation": {"uri": percent_encoded(path.as_str()), "uriBaseId": "%SRCROOT%"},
            "replacements": [{"deletedRegion": region, "insertedContent": {"text": text}}],
        }],
    })
}

/// Plain text of a message: `[text](target)` would be a link there, a backslash stops it.
fn message(text: &str) -> String {
    let text = visible(text);
    if text.contains("](") { text.replace('\\', "\\\\").replace('[', "\\[") } else { text }
}

fn suppressed(mut result: Value, kind: &str, justification: &str) -> Value {
    let justification = visible(justification);
    result["suppressions"] =
        json!([{"kind": kind, "status": "accepted", "justification": justification}]);
    result
}

/// GitHub shows places in the files at head only: a place before the change, and a whole file,
/// become the first line.
fn location(anchor: &Anchor, quote: Option<&str>) -> Value {
    let (path, region) = match (anchor.side(), anchor.lines()) {
        (Side::Head, Some(lines)) => {
            let mut region = json!({"startLine": lines.start(), "endLine": lines.end()});
            if let Some(quote) = quote {
                region["snippet"] = json!({"text": quote});
            }
            (anchor.path(), region)
        }
        _ => (anchor.head_path(), json!({"startLine": 1})),
    };
    json!({"physicalLocation": {
        "artifactLocation": {"uri": percent_encoded(path.as_str()), "uriBaseId": "%SRCROOT%"},
        "region": region,
    }})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;

    const RULES: &[RuleDoc<'static>] = &[
        RuleDoc {
            code: "migration/drop-column",
            title: "A column is dropped",
            severity: Severity::Critical,
            category: Category::Data,
            page: "# migration/drop-column\n\nWhy.",
            equivalents: &["squawk:ban-drop-column"],
        },
        RuleDoc {
            code: "docker/root-user",
            title: "An image runs as root",
            severity: Severity::Minor,
            category: Category::Security,
            page: "# docker/root-user",
            equivalents: &[],
        },
    ];

    #[test]
    fn log() {
        let log = sarif(&samples::busy(), RULES, "1.2.3");
        insta::assert_snapshot!(serde_json::to_string_pretty(&log).unwrap());
    }

    #[test]
    fn fixes() {
        let of = |report: &Report| sarif(report, RULES, "1")["runs"][0]["results"][0].clone();
        let log = of(&samples::with_new_file());
        insta::assert_snapshot!("fix", serde_json::to_string_pretty(&log["fixes"]).unwrap());
    }

    /// What GitHub's upload refuses or ignores when it is missing.
    #[test]
    fn every_result_has_what_code_scanning_needs() {
        let reports = [
            samples::busy(),
            samples::hostile(),
            samples::many(50),
            samples::partial(),
            samples::with_new_file(),
        ];
        for (number, report) in reports.iter().enumerate() {
            let log = sarif(report, RULES, "1.2.3");
            // tests/contract/run holds them against the schema of the standard.
            if let Some(folder) = std::env::var_os("SARIF_LOGS") {
                let path = std::path::Path::new(&folder).join(format!("{number}.json"));
                std::fs::write(path, log.to_string()).unwrap();
            }
            assert_eq!(log["version"], "2.1.0");
            let run = &log["runs"][0];
            let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
            for rule in rules {
                assert!(rule["id"].is_string() && rule["shortDescription"]["text"].is_string());
                assert!(rule["help"]["text"].is_string());
            }
            for result in run["results"].as_array().unwrap() {
                let index = result.get("ruleIndex").and_then(Value::as_u64);
                if let Some(index) = index {
                    assert_eq!(rules[index as usize]["id"], result["ruleId"]);
                }
                assert!(["error", "warning", "note"].contains(&result["level"].as_str().unwrap()));
                assert!(!result["message"]["text"].as_str().unwrap().is_empty());
                let place = &result["locations"][0]["physicalLocation"];
                let uri = place["artifactLocation"]["uri"].as_str().unwrap();
                assert!(uri.bytes().all(|b| b.is_ascii_graphic() && !b"<>`[]@ ".contains(&b)));
                let (start, end) = (&place["region"]["startLine"], &place["region"]["endLine"]);
                assert!(start.as_u64().unwrap() >= 1);
                assert!(end.as_u64().is_none_or(|end| end >= start.as_u64().unwrap()));
                assert!(result["partialFingerprints"]["primaryLocationLineHash"].is_string());
            }
        }
    }
}

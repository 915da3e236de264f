//! ReviewFindings, version 1: the JSON that other programs read. A copy of what the domain knows,
//! so that the domain can change without the format.

mod build;
mod format;

pub use format::*;

use serde_json::Value;

use super::markdown::is_invisible;
use crate::domain::finding::Severity;

/// Why a text is not ReviewFindings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not ReviewFindings version 1: {0}")]
pub struct NotFindings(String);

impl ReviewFindings {
    /// Reads findings of any tool that writes this format. Severities are read leniently (`High`,
    /// `Medium` and `Low` are known; anything else becomes minor); what was repaired is told.
    pub fn parse(text: &str) -> Result<(Self, Vec<String>), NotFindings> {
        let mut value: Value =
            serde_json::from_str(text).map_err(|error| NotFindings(error.to_string()))?;
        let mut repaired = Vec::new();
        let findings = value.get_mut("findings").and_then(Value::as_array_mut);
        for (index, finding) in findings.into_iter().flatten().enumerate() {
            let Some(severity) = finding.get_mut("severity") else { continue };
            let Some(written) = severity.as_str() else { continue };
            let (read, known) = severity_of(written);
            if !known {
                repaired.push(format!(
                    "findings[{index}]: unknown severity {written:?} is read as minor"
                ));
            }
            *severity = Value::from(read.as_str());
        }
        let findings =
            serde_json::from_value(value).map_err(|error| NotFindings(error.to_string()))?;
        Ok((findings, repaired))
    }

    /// Pretty JSON in ASCII wherever a character cannot be seen, with a final line break.
    pub fn to_json(&self) -> String {
        let text = serde_json::to_string_pretty(self).unwrap_or_else(|_| "{}".to_owned());
        let mut shown = String::with_capacity(text.len());
        for c in text.chars() {
            // Such characters occur in strings only, where an escape means the same.
            if c != '\n' && is_invisible(c) {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    shown.push_str(&format!("\\u{unit:04x}"));
                }
            } else {
                shown.push(c);
            }
        }
        shown.push('\n');
        // The JSON is folded into comments, where our markers must not be forged.
        shown.replace("<!-- backend-team:", "\\u003c!-- backend-team:")
    }
}

/// The published schema (JSON Schema, draft 2020-12).
pub fn schema() -> Value {
    let mut schema = schemars::schema_for!(ReviewFindings).to_value();
    if let Some(object) = schema.as_object_mut() {
        let id = "urn:backend-team:schema:review-findings:1";
        object.insert("$id".to_owned(), Value::from(id));
        object.insert("title".to_owned(), Value::from("ReviewFindings, version 1"));
    }
    schema
}

fn severity_of(written: &str) -> (Severity, bool) {
    match written.to_ascii_lowercase().as_str() {
        "high" => (Severity::Major, true),
        "medium" => (Severity::Minor, true),
        "low" => (Severity::Info, true),
        other => other.parse().map_or((Severity::Minor, false), |severity| (severity, true)),
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;

//! `backend-team rules`: what is checked.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde_json::json;

use super::output::print;
use crate::rules::{self, Rule};

/// Lists the rules.
#[derive(Debug, Args)]
pub struct Rules {
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Json,
    /// The table of the README.
    Markdown,
}

impl Rules {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let text = match self.format {
            Format::Text => text(),
            Format::Json => {
                let list: Vec<_> = rules::all().map(as_json).collect();
                serde_json::to_string_pretty(&list)? + "\n"
            }
            Format::Markdown => markdown_table(),
        };
        print(&text)?;
        Ok(ExitCode::SUCCESS)
    }
}

fn text() -> String {
    let width = rules::all().map(|rule| rule.code.len()).max().unwrap_or(0);
    rules::all()
        .map(|rule| {
            let severity = rule.severity.as_str();
            format!(
                "{:width$}  {severity:8}  {:13}  {}\n",
                rule.code,
                rule.lane.as_str(),
                rule.title
            )
        })
        .collect()
}

fn as_json(rule: &Rule) -> serde_json::Value {
    json!({
        "code": rule.code,
        "title": rule.title,
        "agent": rule.lane.default_agent(),
        "category": rule.category,
        "severity": rule.severity,
        "confidence": rule.confidence,
        "equivalents": rule.equivalents,
    })
}

/// All rules as a Markdown table, as it stands in the README.
pub fn markdown_table() -> String {
    let mut table =
        String::from("| Rule | Severity | Agent | What is flagged |\n|---|---|---|---|\n");
    for rule in rules::all() {
        let (code, agent) = (rule.code, rule.lane.as_str());
        let row = format!(
            "| [`{code}`](fixtures/rules/{code}.md) | {} | {agent} | {} |\n",
            rule.severity, rule.title
        );
        table.push_str(&row);
    }
    table
}

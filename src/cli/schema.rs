//! `backend-team schema`: the JSON Schemas of what goes in and out.

use std::process::ExitCode;

use anyhow::bail;
use clap::{Args, ValueEnum};

use super::output::print;
use super::reference;
use crate::config::policy::Policy;
use crate::config::server::SettingsFile;
use crate::plan;
use crate::report::findings_v1;
use crate::report::plan::packet;

/// Prints a JSON Schema, or the table of keys that the README shows.
#[derive(Debug, Args)]
pub struct Schema {
    #[arg(value_enum)]
    of: Document,
    #[arg(long, value_enum, default_value_t = Format::Json)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Json,
    /// A table of keys (policy and settings only).
    Markdown,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Document {
    /// ReviewFindings JSON, version 1.
    Findings,
    /// `.github/backend-team.toml`.
    Policy,
    /// The server's settings file.
    Settings,
    /// A plan's canonical form, version 1.
    Plan,
    /// A plan's delegation packet, version 1.
    Packet,
}

impl Schema {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        if self.format == Format::Markdown {
            print(&self.table()?)?;
            return Ok(ExitCode::SUCCESS);
        }
        let schema = match self.of {
            Document::Findings => findings_v1::schema(),
            Document::Policy => schemars::schema_for!(Policy).to_value(),
            Document::Settings => schemars::schema_for!(SettingsFile).to_value(),
            Document::Plan => plan::json_schema(),
            Document::Packet => packet::json_schema(),
        };
        print(&(serde_json::to_string_pretty(&schema)? + "\n"))?;
        Ok(ExitCode::SUCCESS)
    }

    fn table(self) -> anyhow::Result<String> {
        match self.of {
            Document::Findings | Document::Plan | Document::Packet => {
                bail!("this has no table; ask for JSON")
            }
            Document::Policy => policy_table(),
            Document::Settings => settings_table(),
        }
    }
}

/// The keys of `.github/backend-team.toml`.
pub fn policy_table() -> anyhow::Result<String> {
    let schema = schemars::schema_for!(Policy).to_value();
    Ok(reference::table(&schema, &serde_json::to_value(Policy::default())?))
}

/// The keys of the server's settings file.
pub fn settings_table() -> anyhow::Result<String> {
    let schema = schemars::schema_for!(SettingsFile).to_value();
    Ok(reference::table(&schema, &serde_json::Value::Null))
}

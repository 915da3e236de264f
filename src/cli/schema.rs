//! `backend-team schema`: the JSON Schemas of what goes in and out.

use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::output::print;
use crate::config::policy::Policy;
use crate::config::server::SettingsFile;
use crate::report::findings_v1;

/// Prints a JSON Schema.
#[derive(Debug, Args)]
pub struct Schema {
    #[arg(value_enum)]
    of: Document,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Document {
    /// ReviewFindings JSON, version 1.
    Findings,
    /// `.github/backend-team.toml`.
    Policy,
    /// The server's settings file.
    Settings,
}

impl Schema {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let schema = match self.of {
            Document::Findings => findings_v1::schema(),
            Document::Policy => schemars::schema_for!(Policy).to_value(),
            Document::Settings => schemars::schema_for!(SettingsFile).to_value(),
        };
        print(&(serde_json::to_string_pretty(&schema)? + "\n"))?;
        Ok(ExitCode::SUCCESS)
    }
}

//! `backend-team review`: the same review as on a pull request, for a range of commits here.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, ValueEnum};

use super::local::{Range, block_on, source};
use super::output::{print, wants_colour};
use crate::config::policy::{BlockOn, Policy};
use crate::domain::change::{Anchor, Change};
use crate::domain::report::Report;
use crate::domain::team::Lane;
use crate::pipeline::review::{ReviewRequest, review};
use crate::pipeline::review_pull::VERSION;
use crate::report::comment::{self, CommentContext};
use crate::report::findings_v1::ReviewFindings;
use crate::report::{RuleDoc, github, sarif, text};
use crate::rules;

/// Reviews a range of commits of a local repository. Exit status: 0 nothing at or above
/// `--fail-on`, 1 findings, 2 could not run.
#[derive(Debug, Args)]
pub struct Review {
    #[command(flatten)]
    range: Range,
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Lowest severity that makes the exit status 1. Default: the repository's `block-on`.
    #[arg(long, value_enum)]
    fail_on: Option<FailOn>,
    /// Only these reviewers (`data`, `infra`, … or a member's default name).
    #[arg(long = "agent", value_name = "AGENT", value_parser = lane)]
    agents: Vec<Lane>,
    /// Writes the result there instead of to standard output.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// No colour, even on a terminal.
    #[arg(long)]
    no_colour: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people, with excerpts of the source.
    Text,
    /// ReviewFindings JSON, version 1.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// What the comment on a pull request would say.
    Markdown,
    /// Annotations for a GitHub Actions log.
    Github,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FailOn {
    Critical,
    Major,
    Minor,
    Info,
    Never,
}

fn lane(text: &str) -> Result<Lane, String> {
    match text.parse() {
        Ok(lane) if Lane::REVIEWERS.contains(&lane) => Ok(lane),
        _ => {
            let names: Vec<&str> = Lane::REVIEWERS.iter().map(|lane| lane.as_str()).collect();
            Err(format!("reviewers are {}", names.join(", ")))
        }
    }
}

impl FailOn {
    fn policy(self) -> BlockOn {
        match self {
            Self::Critical => BlockOn::Critical,
            Self::Major => BlockOn::Major,
            Self::Minor => BlockOn::Minor,
            Self::Info => BlockOn::Info,
            Self::Never => BlockOn::Never,
        }
    }
}

impl Review {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        block_on(self.review())
    }

    async fn review(self) -> anyhow::Result<ExitCode> {
        let source = source()?;
        let (fetched, loaded) = self.range.load(&source).await?;
        let request = ReviewRequest { lanes: self.agents.clone(), ..ReviewRequest::default() };
        let result = review(&source, &fetched, &loaded, request).await?;
        let shown = self.render(&result.report, &loaded.change, &loaded.policy)?;
        match &self.output {
            Some(path) => std::fs::write(path, shown)
                .with_context(|| format!("cannot write {}", path.display()))?,
            None => print(&shown)?,
        }
        let threshold = self.fail_on.map_or(loaded.policy.block_on, FailOn::policy);
        let mut findings = result.report.findings.iter();
        let failed = findings.any(|reported| threshold.blocks(reported.finding.severity));
        Ok(if failed { ExitCode::from(1) } else { ExitCode::SUCCESS })
    }

    fn render(&self, report: &Report, change: &Change, policy: &Policy) -> anyhow::Result<String> {
        Ok(match self.format {
            Format::Text => {
                let colour = !self.no_colour && self.output.is_none() && wants_colour();
                let source = |anchor: &Anchor| text::changed_text(change, anchor);
                text::text(report, &source, colour)
            }
            Format::Json => ReviewFindings::of(report, VERSION).to_json() + "\n",
            Format::Sarif => {
                serde_json::to_string_pretty(&sarif::sarif(report, &docs(), VERSION))? + "\n"
            }
            Format::Markdown => {
                let context = CommentContext { web_url: None, version: VERSION.to_owned() };
                comment::summary(report, policy, &context)
            }
            Format::Github => github::workflow_commands(report),
        })
    }
}

/// What reports need to know of every rule.
fn docs() -> Vec<RuleDoc<'static>> {
    rules::all()
        .map(|rule| RuleDoc {
            code: rule.code,
            title: rule.title,
            severity: rule.severity,
            category: rule.category,
            page: rule.page,
            equivalents: rule.equivalents,
        })
        .collect()
}

//! `backend-team agents`: the team, and why each member would be called.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde_json::json;

use super::local::{Range, block_on, source};
use super::output::print;
use crate::classify::classify;
use crate::domain::routing::Routing;
use crate::domain::team::{Member, Team};
use crate::pipeline::load::Loaded;
use crate::routing;

/// Shows the team that AGENTS.md and other agent files describe at the base commit, and who would
/// be called for the range.
#[derive(Debug, Args)]
pub struct Agents {
    #[command(flatten)]
    range: Range,
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

impl Agents {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        block_on(async {
            let (_, loaded) = self.range.load(&source()?).await?;
            let Loaded { change, policy, instructions, .. } = &loaded;
            let labels = classify(change, policy);
            let routing = routing::assign(change, labels, &instructions.team, policy);
            match self.format {
                Format::Text => print(&text(&instructions.team, &routing))?,
                Format::Json => {
                    let all = json!({
                        "team": instructions.team,
                        "instructions": instructions.files,
                        "problems": instructions.problems,
                        "routing": routing,
                    });
                    print(&(serde_json::to_string_pretty(&all)? + "\n"))?;
                }
            }
            Ok(ExitCode::SUCCESS)
        })
    }
}

fn text(team: &Team, routing: &Routing) -> String {
    let mut out = String::from("Team\n");
    for member in &team.members {
        out.push_str(&introduction(member));
    }
    out.push_str("\nCalled for this range\n");
    if routing.assignments.is_empty() {
        out.push_str("  nobody: nothing in it is for this team\n");
    }
    for assignment in &routing.assignments {
        out.push_str(&format!("  {} ({})\n", assignment.agent, assignment.lane));
        for reason in &assignment.reasons {
            let must = if reason.mandatory { "must be called: " } else { "" };
            out.push_str(&format!("    {must}{}\n", reason.text.replace('`', "")));
            for anchor in &reason.evidence {
                let lines = anchor.lines().map(|lines| format!(":{lines}")).unwrap_or_default();
                out.push_str(&format!("      {}{lines}\n", anchor.path()));
            }
        }
    }
    if let Some(pattern) = &routing.pattern {
        out.push_str(&format!("\nCollaboration pattern: {pattern}\n"));
    }
    out
}

fn introduction(member: &Member) -> String {
    let lane = member.lane.map_or("no lane".to_owned(), |lane| lane.to_string());
    let from = match &member.source {
        Some(source) => format!("{}:{}", source.path, source.lines.start()),
        None => "built in".to_owned(),
    };
    let mut out = format!("  {} ({lane}), {from}\n", member.name);
    let about = member.role.as_deref().or(member.description.as_deref()).unwrap_or_default();
    if let Some(line) = about.lines().next() {
        out.push_str(&format!("    {line}\n"));
    }
    for (count, what) in [
        (member.responsibilities.len(), "responsibilities"),
        (member.use_when.len(), "reasons to call"),
        (member.checklist.len(), "checklist questions"),
        (member.ground_rules.len(), "ground rules"),
    ] {
        if count > 0 {
            out.push_str(&format!("    {count} {what}\n"));
        }
    }
    out
}

//! `backend-team explain RULE`: the rule's page.

use std::process::ExitCode;

use anyhow::bail;
use clap::Args;

use super::output::print;
use crate::rules;

/// Shows what a rule flags, why, and what to do instead.
#[derive(Debug, Args)]
pub struct Explain {
    /// Code of the rule (`migration/missing-rollback`), or the name another tool has for it
    /// (`hadolint:DL3006`).
    rule: String,
}

impl Explain {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let Some(rule) = rules::by_code(&self.rule) else {
            match rules::nearest(&self.rule) {
                Some(near) => bail!("there is no rule `{}`; did you mean `{near}`?", self.rule),
                None => bail!("there is no rule `{}`; `backend-team rules` lists them", self.rule),
            }
        };
        let severity = rule.severity;
        let mut facts = format!("Severity: {severity} · Agent: {}", rule.lane.default_agent());
        if !rule.equivalents.is_empty() {
            facts.push_str(&format!(" · Same check elsewhere: {}", rule.equivalents.join(", ")));
        }
        print(&format!("{}\n\n{facts}\n", rule.page.trim_end()))?;
        Ok(ExitCode::SUCCESS)
    }
}

//! `backend-team fix`: the fixes that the rules offer for a range of commits here.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;

use super::local::{Range, block_on, source};
use super::output::print;
use crate::agents::RunLimits;
use crate::app;
use crate::domain::finding::Fingerprint;
use crate::pipeline::fix::{Fixed, Fixes, NO_FIX, fixes};
use crate::pipeline::lint::Linter;
use crate::ports::branch::{LocalBranches as _, LocalCommit};
use crate::ports::clock::{Clock as _, SystemClock};
use crate::ports::forge::TreeFile;

/// Shows the fixes that rules offer for findings in a range of commits, each checked by running
/// the rules again. With `--branch`, writes them as one commit each; the working tree is never
/// touched. Exit status: 0 everything asked for is fixed, 1 something is left, 2 could not run.
#[derive(Debug, Args)]
pub struct Fix {
    /// Ids of findings, or their first digits; none: all that have a fix.
    #[arg(value_name = "FINDING")]
    findings: Vec<String>,
    #[command(flatten)]
    range: Range,
    /// Writes the fixes to a new branch of this name, on top of `--head`.
    #[arg(long, value_name = "NAME")]
    branch: Option<String>,
}

impl Fix {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        block_on(self.fix())
    }

    async fn fix(self) -> anyhow::Result<ExitCode> {
        let source = source()?;
        let (fetched, loaded) = self.range.load(&source).await?;
        let linter = Linter::new(&source, &fetched, &loaded, RunLimits::default()).await?;
        let asked = |id: &Fingerprint| {
            self.findings.is_empty()
                || self.findings.iter().any(|wanted| id.0.starts_with(wanted.as_str()))
        };
        let change = Arc::clone(&loaded.change);
        let mut found = fixes(&change, &asked, &|change| linter.find(change));
        if self.findings.is_empty() {
            // Nobody asked for those that cannot be fixed.
            found.left.retain(|(_, why)| why != NO_FIX);
        }
        let mut said = shown(&found);
        if let Some(name) = self.branch.as_ref().filter(|_| !found.fixed.is_empty()) {
            let commits: Vec<LocalCommit> = found.fixed.iter().map(commit).collect();
            let at = SystemClock.now();
            let branches = app::local_branches();
            let tip = branches.write(&self.range.repo, &change.head, name, &commits, at).await?;
            said.push_str(&format!("written: {name} at {}\n", tip.short()));
        }
        print(&said)?;
        Ok(if found.left.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
    }
}

fn commit(fixed: &Fixed) -> LocalCommit {
    let file =
        TreeFile { path: fixed.path.clone(), text: Some(fixed.after.clone()), executable: false };
    LocalCommit { message: fixed.message.clone(), files: vec![file] }
}

/// Differences as `git diff` writes them, then what is left.
fn shown(found: &Fixes) -> String {
    let mut out = String::new();
    for fixed in &found.fixed {
        let path = crate::report::markdown::visible(fixed.path.as_str());
        let title = crate::report::markdown::one_line(&fixed.finding.title);
        out.push_str(&format!("# {}: {title}\n", fixed.finding.rule));
        let from =
            if fixed.before.is_some() { format!("a/{path}") } else { "/dev/null".to_owned() };
        let before = fixed.before.as_deref().unwrap_or_default();
        let diff = similar::TextDiff::from_lines(before, &fixed.after);
        let diff = diff.unified_diff().header(&from, &format!("b/{path}")).to_string();
        out.push_str(&crate::report::markdown::visible(&diff));
    }
    for (id, why) in &found.left {
        out.push_str(&format!("left: {id}: {}\n", crate::report::markdown::one_line(why)));
    }
    if found.fixed.is_empty() && found.left.is_empty() {
        out.push_str("nothing that the rules can fix by themselves\n");
    }
    out
}

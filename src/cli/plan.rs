//! `backend-team plan`: the plan of an issue, for a repository on this machine.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, ValueEnum};

use super::local::{block_on, source};
use super::output::print;
use crate::app;
use crate::domain::event::Actor;
use crate::domain::ids::{CommitSha, Login, Number};
use crate::domain::issue::Issue;
use crate::domain::job::Timestamp;
use crate::domain::plan::Answered;
use crate::domain::text::Untrusted;
use crate::pipeline::apply::{Applied, apply};
use crate::pipeline::draft::{Drafted, draft_plan};
use crate::plan::produce::CalendarTime;
use crate::plan::{self, deliver};
use crate::ports::branch::LocalBranches as _;
use crate::ports::clock::{Clock as _, SystemClock};
use crate::ports::source::Source;
use crate::report::markdown::{one_line, visible};
use crate::report::plan::{self as shown, PlanState, PlanView, Verbosity};

/// Longest issue that is read, in bytes; GitHub's own limit is 65,536 characters.
const MAX_ISSUE_BYTES: u64 = 512 * 1024;

/// Plans the work for an issue. Nothing of the repository is run, and nothing is written without
/// `--apply`. Exit
/// status: 0 the plan can be approved, 1 it waits for answers, 2 could not run.
#[derive(Debug, Args)]
pub struct Plan {
    /// The repository.
    #[arg(long, default_value = ".", value_name = "PATH")]
    repo: PathBuf,
    /// The issue in Markdown: its first `# heading` is the title; front matter may have `labels`.
    #[arg(long, value_name = "FILE", visible_alias = "local")]
    issue: PathBuf,
    /// The commit that the plan is about.
    #[arg(long, default_value = "HEAD", value_name = "REV")]
    base: String,
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// How much the text and the comment say.
    #[arg(long, value_enum, default_value_t = Detail::Balanced)]
    verbosity: Detail,
    /// Answers a question by its number or topic: `1=A`, `table-columns=orders: note text`.
    #[arg(long = "answer", value_name = "QUESTION=ANSWER")]
    answers: Vec<String>,
    /// Writes what rules can write to a new branch on the commit of the plan. The working tree is
    /// not touched.
    #[arg(long)]
    apply: bool,
    /// Name of that branch. Default: made from the issue's title.
    #[arg(long, value_name = "NAME", requires = "apply")]
    branch: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// What the comment on an issue would say.
    Markdown,
    /// The canonical form.
    Yaml,
    /// The same as JSON.
    Json,
    /// Delegation packets of the tasks that somebody else carries out, as a JSON list.
    Packets,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Detail {
    Terse,
    Balanced,
    Verbose,
}

impl Plan {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        block_on(self.plan())
    }

    async fn plan(self) -> anyhow::Result<ExitCode> {
        let issue = read_issue(&self.issue)?;
        let source = source()?;
        let fetched = source.open_local(&self.repo, &self.base, &self.base).await?;
        let base = fetched.head.clone();
        let mut answers: Vec<Answered> = Vec::new();
        let mut drafted = draft_plan(&source, &fetched, &base, &issue, &answers).await?;
        let first = drafted.plan.clone();
        // Numbers are those of the first plan; an answer may bring further questions up.
        for answer in &self.answers {
            let open = read_answer(&first, answer)
                .ok()
                .filter(|read| !answers.iter().any(|known: &Answered| known.topic == read.topic));
            answers.push(match open {
                Some(read) => read,
                None => read_answer(&drafted.plan, answer)?,
            });
            drafted = draft_plan(&source, &fetched, &base, &issue, &answers).await?;
        }
        if let Some(problem) = drafted.plan_problems.first() {
            anyhow::bail!("the plan is not sound: {problem}");
        }
        print(&self.render(&drafted, &answers)?)?;
        let waits = drafted.plan.questions.iter().any(|question| question.blocking);
        if self.apply && !waits {
            let at = SystemClock.now();
            let applied =
                apply(&source, &fetched, &base, &drafted.plan, CalendarTime::of(at)).await?;
            let title = issue.title.expose();
            let name = self.branch.clone().unwrap_or_else(|| deliver::local_branch_name(title));
            print(&self.write(&applied, &base, &name, at).await?)?;
        }
        Ok(if waits { ExitCode::from(1) } else { ExitCode::SUCCESS })
    }

    /// Writes the branch, and says what is on it and what is left.
    async fn write(
        &self,
        applied: &Applied,
        base: &CommitSha,
        name: &str,
        at: Timestamp,
    ) -> anyhow::Result<String> {
        let mut said = String::new();
        if applied.commits.is_empty() {
            said.push_str("nothing was written: no task of this plan is one for rules\n");
        } else {
            let branches = app::local_branches();
            let tip = branches.write(&self.repo, base, name, &applied.commits, at).await?;
            said.push_str(&format!("written: {name} at {}\n", tip.short()));
        }
        for file in applied.commits.iter().flat_map(|commit| &commit.files) {
            said.push_str(&format!("  {}\n", visible(file.path.as_str())));
        }
        for (task, why) in &applied.left {
            said.push_str(&format!("left: {}: {}\n", one_line(task), one_line(why)));
        }
        applied.notes.iter().for_each(|note| said.push_str(&format!("note: {}\n", one_line(note))));
        let checks = applied.verification.iter();
        checks.for_each(|check| said.push_str(&format!("verify: {}\n", one_line(check))));
        Ok(said)
    }

    fn render(&self, drafted: &Drafted, answers: &[Answered]) -> anyhow::Result<String> {
        let waiting = drafted.plan.questions.iter().any(|question| question.blocking);
        let state = if waiting {
            PlanState::NeedsInput
        } else {
            PlanState::AwaitingApproval { given: Vec::new() }
        };
        let yaml = plan::yaml::write(&drafted.plan);
        let view = PlanView {
            plan: &drafted.plan,
            state: &state,
            digest: &drafted.digest,
            base: Some(&drafted.base),
            yaml: &yaml,
            answered: answers,
            problems: &drafted.problems,
            approvers: &drafted.policy.gates.approvers,
            owners: &drafted.owners,
            house: &drafted.house,
            made_at: Some(SystemClock.now()),
            verbosity: match self.verbosity {
                Detail::Terse => Verbosity::Terse,
                Detail::Balanced => Verbosity::Balanced,
                Detail::Verbose => Verbosity::Verbose,
            },
            prefix: &drafted.policy.commands.prefix,
            forge: None,
        };
        Ok(match self.format {
            Format::Text => shown::text(&view),
            Format::Markdown => shown::comment(&view),
            Format::Yaml => yaml.clone(),
            Format::Json => serde_json::to_string_pretty(&drafted.plan)? + "\n",
            Format::Packets => serde_json::to_string_pretty(&shown::packets(&view))? + "\n",
        })
    }
}

/// `QUESTION=ANSWER`, with a letter for an option.
fn read_answer(plan: &crate::domain::plan::Plan, text: &str) -> anyhow::Result<Answered> {
    let (question, answer) =
        text.split_once('=').with_context(|| format!("`{text}`: write QUESTION=ANSWER"))?;
    let answer = answer.trim().trim_matches('"');
    plan::answered(plan, question, answer, Login("you".to_owned()))
        .with_context(|| format!("--answer {text}"))
}

fn read_issue(path: &Path) -> anyhow::Result<Issue> {
    let shown = path.display();
    let size = std::fs::metadata(path).with_context(|| format!("cannot read {shown}"))?.len();
    anyhow::ensure!(size <= MAX_ISSUE_BYTES, "{shown} has {size} bytes, too many for an issue");
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {shown}"))?;
    Ok(issue_of(&text))
}

/// An issue from a Markdown file: labels from front matter, the title from the first heading.
pub fn issue_of(text: &str) -> Issue {
    let text = text.replace("\r\n", "\n");
    let (labels, text) = front_matter(&text);
    let mut title = String::new();
    let mut body = String::new();
    for line in text.lines() {
        match line.strip_prefix("# ") {
            Some(heading) if title.is_empty() => title = heading.trim().to_owned(),
            _ => {
                body.push_str(line);
                body.push('\n');
            }
        }
    }
    if title.is_empty() {
        // A file without a heading is all title up to its first break.
        let first = body.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        title = first.trim().to_owned();
    }
    Issue {
        number: Number(0),
        slug: None,
        open: true,
        title: Untrusted::new(title),
        body: Untrusted::new(body),
        author: Actor { login: Login("you".to_owned()), is_bot: false },
        labels,
    }
}

fn front_matter(text: &str) -> (Vec<String>, &str) {
    let Some((matter, rest)) =
        text.strip_prefix("---\n").and_then(|after| after.split_once("\n---\n"))
    else {
        return (Vec::new(), text);
    };
    let labels = matter.lines().find_map(|line| line.strip_prefix("labels:")).unwrap_or_default();
    let labels = labels.trim().trim_matches(['[', ']']).split(',');
    let labels = labels.map(|label| label.trim().trim_matches(['"', '\'']).to_owned());
    (labels.filter(|label| !label.is_empty()).collect(), rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issue_from_a_file() {
        let issue =
            issue_of("---\nlabels: [bug, \"area: api\"]\n---\n\n# Title `x`\n\nBody\n# Two\n");
        assert_eq!(issue.labels, ["bug", "area: api"]);
        assert_eq!(issue.title.expose(), "Title `x`");
        assert_eq!(issue.body.expose().trim(), "Body\n# Two");
        assert_eq!(issue_of("Just a line").title.expose(), "Just a line");
    }
}

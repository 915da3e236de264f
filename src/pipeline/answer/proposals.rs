//! `fix`, `split` and `remember`.

use std::sync::Arc;

use super::Answering;
use crate::commands::FindingRef;
use crate::domain::change::{Change, ChangeKind};
use crate::domain::finding::Fingerprint;
use crate::domain::ids::{CommitSha, Login};
use crate::domain::path::RepoPath;
use crate::domain::requested::Requested;
use crate::pipeline::fix::{Fixed, Fixes, fixes};
use crate::pipeline::lint::Linter;
use crate::pipeline::load::{self, Loaded};
use crate::pipeline::publish::{BranchCommit, Written};
use crate::pipeline::remember::addition;
use crate::pipeline::review_pull::{about, fetch, remote};
use crate::pipeline::split::{Part, proposal};
use crate::pipeline::{JobError, owner_policy};
use crate::plan::deliver::branch_name;
use crate::ports::forge::{ForgeError, NewPull, Permission, Pull, TreeFile};
use crate::ports::source::{FetchRequest, Fetched};
use crate::report::plan_reply;
use crate::report::proposals::{self, FixesAt, ShownFix, ShownPart};

/// The file that rules for everybody go to.
const AGENTS: &str = "AGENTS.md";
/// Longest instruction file that is read, in bytes.
const MAX_FILE_BYTES: usize = 256 * 1024;
/// Most parts of a split that get a branch.
const MAX_BRANCHES: usize = 8;

const FROM_FORK: &str = "No branch was written, because this pull request comes from a fork.";
const NOT_ALLOWED: &str = "No branch was written, because the policy allows none.";

/// A change with all that its rules need.
struct Looked {
    pull: Pull,
    loaded: Loaded,
    linter: Linter,
}

impl Answering<'_> {
    async fn look(&self) -> Result<Option<Looked>, JobError> {
        let Some(pull) = &self.pull else { return Ok(None) };
        let fetched = fetch(self.services, self.repo, pull).await?;
        let source = self.services.source.as_ref();
        let loaded = load::load(source, &fetched, about(self.repo, pull)).await?;
        let loaded = owner_policy::apply(self.services, self.repo, loaded).await?;
        let limits = self.services.options.run_limits;
        let linter = Linter::new(source, &fetched, &loaded, limits).await?;
        Ok(Some(Looked { pull: pull.clone(), loaded, linter }))
    }

    /// Why no branch may be written for a change of this pull request; else the proof that one may.
    async fn requested(
        &mut self,
        pull: &Pull,
        allowed: bool,
    ) -> Result<Result<Requested, &'static str>, JobError> {
        if pull.from_fork {
            return Ok(Err(FROM_FORK));
        }
        self.requested_on(&pull.head, allowed).await
    }

    async fn requested_on(
        &mut self,
        on: &CommitSha,
        allowed: bool,
    ) -> Result<Result<Requested, &'static str>, JobError> {
        if !allowed {
            return Ok(Err(NOT_ALLOWED));
        }
        let may_write = self.permission().await? >= Permission::Write;
        let by = Login(self.author.login.0.clone());
        let at = self.lease.job.enqueued_at;
        let requested = Requested::new(by, self.author.is_bot, may_write, on.clone(), at);
        Ok(requested.ok_or("No branch was written, because you may not write to this repository."))
    }

    /// What GitHub does not let the App do is an answer here, not a fault.
    async fn write(
        &self,
        requested: &Requested,
        name: &str,
        commits: &[BranchCommit],
    ) -> Result<Written, JobError> {
        let publisher = &self.services.publisher;
        match publisher.publish_branch(self.repo, requested, name, commits).await {
            Err(ForgeError::Forbidden(_)) => Ok(Written::Refused {
                why: "GitHub does not let the App write branches".to_owned(),
            }),
            other => Ok(other?),
        }
    }

    /// The branch is there already: without its pull request it is still worth something.
    async fn open_draft(&self, requested: &Requested, pull: &NewPull) -> Result<(), JobError> {
        let publisher = &self.services.publisher;
        match publisher.publish_draft_pull(self.repo, requested, pull).await {
            Ok(_) | Err(ForgeError::Forbidden(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) async fn fix(&mut self, wanted: &[FindingRef]) -> Result<(), JobError> {
        let Some(looked) = self.look().await? else { return Ok(()) };
        let found = run_fixes(&looked, wanted).await?;
        let asked = self.requested(&looked.pull, looked.loaded.policy.gates.allow_branches).await?;
        let branch = match asked {
            Err(why) => Err(why.to_owned()),
            Ok(_) if found.fixed.is_empty() => Err(String::new()),
            Ok(requested) => self.fix_branch(&looked.pull, &requested, &found).await?,
        };
        let shown: Vec<ShownFix<'_>> = found.fixed.iter().map(shown_fix).collect();
        let at = match &branch {
            Ok(name) => FixesAt::Branch(name),
            Err(why) => FixesAt::Shown(why),
        };
        let left: Vec<(Fingerprint, String)> = match wanted {
            // Nobody asked for those that no rule can fix.
            [] => found
                .left
                .into_iter()
                .filter(|(_, why)| why != crate::pipeline::fix::NO_FIX)
                .collect(),
            _ => found.left,
        };
        let text = proposals::fixes(&shown, &left, at);
        self.replies.push(plan_reply::plain(self.comment, &text));
        Ok(())
    }

    /// The branch, with a draft pull request into the author's; or why there is none.
    async fn fix_branch(
        &self,
        pull: &Pull,
        requested: &Requested,
        found: &Fixes,
    ) -> Result<Result<String, String>, JobError> {
        let commits: Vec<BranchCommit> = found
            .fixed
            .iter()
            .map(|fixed| BranchCommit {
                message: fixed.message.clone(),
                files: vec![TreeFile {
                    path: fixed.path.clone(),
                    text: Some(fixed.after.clone()),
                    executable: false,
                }],
            })
            .collect();
        let name = branch_name(pull.number, "fix");
        match self.write(requested, &name, &commits).await? {
            Written::Refused { why } => Ok(Err(format!("No branch was written: {why}."))),
            Written::Branch { name, .. } => {
                let count = commits.len();
                let title = format!(
                    "Fix {count} {} of the review",
                    if count == 1 { "finding" } else { "findings" }
                );
                let body = format!(
                    "Fixes that the rules offer for #{}, a commit each. Merging this adds them to \
                     that pull request.\n",
                    pull.number
                );
                let base = pull.head_ref.clone();
                let new = NewPull { title, body, head: name.clone(), base };
                self.open_draft(requested, &new).await?;
                Ok(Ok(name))
            }
        }
    }

    pub(super) async fn split(&mut self, branches: bool) -> Result<(), JobError> {
        let Some(looked) = self.look().await? else { return Ok(()) };
        let change = &looked.loaded.change;
        let limit = looked.loaded.policy.max_files;
        let parts = proposal(change, limit).unwrap_or_default();
        let mut names: Vec<Option<String>> = vec![None; parts.len()];
        let mut said = String::new();
        if branches && parts.len() > 1 {
            let allowed = looked.loaded.policy.gates.allow_branches;
            let asked = match looked.pull.from_fork {
                true => Err(FROM_FORK),
                false => self.requested_on(&looked.pull.base, allowed).await?,
            };
            match asked {
                Err(why) => said = why.to_owned(),
                Ok(_) if change.merge_base != looked.pull.base => {
                    said = "No branches were prepared: the base has moved on; bring the pull \
                            request up to date first."
                        .to_owned();
                }
                Ok(requested) => {
                    for (at, part) in parts.iter().take(MAX_BRANCHES).enumerate() {
                        if let Some(slot) = names.get_mut(at) {
                            *slot = self.part_branch(&looked, &requested, at, part).await?;
                        }
                    }
                }
            }
        }
        let shown: Vec<ShownPart<'_>> = parts
            .iter()
            .zip(&names)
            .map(|(part, branch)| ShownPart {
                title: &part.title,
                files: part.files.iter().map(RepoPath::as_str).collect(),
                after: &part.after,
                branch: branch.as_deref(),
            })
            .collect();
        let text = proposals::split(&shown, change.files.len(), &self.policy.commands.prefix);
        let text = if said.is_empty() { text } else { format!("{said}\n\n{text}") };
        self.replies.push(plan_reply::plain(self.comment, &text));
        Ok(())
    }

    /// A branch of the base with the files of one part as they are at head; `None` where one of
    /// them is no plain text.
    async fn part_branch(
        &self,
        looked: &Looked,
        requested: &Requested,
        at: usize,
        part: &Part,
    ) -> Result<Option<String>, JobError> {
        let Some(files) = tree_files(&looked.loaded.change, part) else { return Ok(None) };
        let (part_number, pull) = (at + 1, looked.pull.number);
        let message = format!("Take over part {part_number} of pull request {pull}\n");
        let commits = [BranchCommit { message, files }];
        let name = branch_name(looked.pull.number, &format!("part {}", at + 1));
        match self.write(requested, &name, &commits).await? {
            Written::Branch { name, .. } => Ok(Some(name)),
            Written::Refused { .. } => Ok(None),
        }
    }

    pub(super) async fn remember(&mut self, text: &str) -> Result<(), JobError> {
        let branch = self.services.reader.default_branch(self.repo).await?;
        let request = FetchRequest {
            base: branch.head.clone(),
            head: branch.head.clone(),
            pull: None,
            base_ref: Some(branch.name.clone()),
        };
        let source = self.services.source.as_ref();
        let fetched = source.fetch(&remote(self.services, self.repo).await?, &request).await?;
        let policy = owner_policy::in_force(self.services, self.repo, &fetched).await?.policy;
        let Some(path) = RepoPath::new(AGENTS) else { return Ok(()) };
        let before = self.agents_file(&fetched, &path).await?;
        let added = match addition(before.as_deref(), text) {
            Ok(added) => added,
            Err(why) => {
                self.refuse(plan_reply::plain(self.comment, &format!("`{AGENTS}`: {why}")));
                return Ok(());
            }
        };
        let at = match self.requested_on(&branch.head, policy.gates.allow_branches).await? {
            Err(why) => Err(why.to_owned()),
            Ok(requested) => {
                self.remember_branch(&requested, &branch.name, &path, &added.content).await?
            }
        };
        let place = match &at {
            Ok(name) => FixesAt::Branch(name),
            Err(why) => FixesAt::Shown(why),
        };
        let text = proposals::remembered(AGENTS, &added.line, added.number, &added.heading, place);
        self.replies.push(plan_reply::plain(self.comment, &text));
        Ok(())
    }

    async fn agents_file(
        &self,
        fetched: &Fetched,
        path: &RepoPath,
    ) -> Result<Option<String>, JobError> {
        let source = self.services.source.as_ref();
        let bytes = source.read(fetched, &fetched.base, path, MAX_FILE_BYTES).await?;
        Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    }

    async fn remember_branch(
        &self,
        requested: &Requested,
        base: &str,
        path: &RepoPath,
        content: &str,
    ) -> Result<Result<String, String>, JobError> {
        let files = vec![TreeFile {
            path: path.clone(),
            text: Some(content.to_owned()),
            executable: false,
        }];
        let message = format!("Add a rule to {AGENTS}\n\nAsked for by {}.\n", requested.by().0);
        let commits = [BranchCommit { message, files }];
        let name = branch_name(self.number, &format!("remember {}", self.comment));
        match self.write(requested, &name, &commits).await? {
            Written::Refused { why } => Ok(Err(format!("No branch was written: {why}."))),
            Written::Branch { name, .. } => {
                let new = NewPull {
                    title: format!("Add a rule to {AGENTS}"),
                    body: format!("Asked for in #{}.\n", self.number),
                    head: name.clone(),
                    base: base.to_owned(),
                };
                self.open_draft(requested, &new).await?;
                Ok(Ok(name))
            }
        }
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, JobError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| JobError::Permanent(format!("the rules did not run: {error}")))
}

async fn run_fixes(looked: &Looked, wanted: &[FindingRef]) -> Result<Fixes, JobError> {
    let (change, linter) = (Arc::clone(&looked.loaded.change), looked.linter.clone());
    let wanted = wanted.to_vec();
    blocking(move || {
        let asked = |id: &Fingerprint| wanted.is_empty() || wanted.iter().any(|one| one.fits(id));
        fixes(&change, &asked, &|change| linter.find(change))
    })
    .await
}

fn shown_fix(fixed: &Fixed) -> ShownFix<'_> {
    ShownFix {
        fingerprint: &fixed.fingerprint,
        title: &fixed.finding.title,
        rule: &fixed.finding.rule.0,
        path: fixed.path.as_str(),
        before: fixed.before.as_deref(),
        after: &fixed.after,
    }
}

/// The files of a part as they are at head; `None` where one cannot be carried over as text.
fn tree_files(change: &Change, part: &Part) -> Option<Vec<TreeFile>> {
    let mut files = Vec::new();
    for path in &part.files {
        let file = change.file(path)?;
        let gone = |path: &RepoPath| TreeFile { path: path.clone(), text: None, executable: false };
        if let ChangeKind::Renamed { from } = &file.kind {
            files.push(gone(from));
        }
        if file.kind == ChangeKind::Deleted {
            files.push(gone(path));
            continue;
        }
        files.push(TreeFile {
            path: path.clone(),
            text: Some(file.head_text()?.as_str().to_owned()),
            executable: file.head_mode == Some(0o100_755),
        });
    }
    Some(files)
}

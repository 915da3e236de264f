//! From what was written to a branch and a draft pull request, or to the plan's comment.

use super::{Carrying, Done};
use crate::domain::plan::{FileAction, FileClass, Plan};
use crate::domain::run::{Approved, Delivery, WrittenText};
use crate::pipeline::JobError;
use crate::pipeline::plan_show::{state, view, written};
use crate::pipeline::publish::{BranchCommit, Written};
use crate::plan;
use crate::plan::deliver::{branch_name, commit_message, pull_title};
use crate::ports::forge::{ForgeError, NewPull, TreeFile};
use crate::ports::ledger::PullMemory;
use crate::report::plan as report;

/// A refusal of GitHub is believed when it repeats: right after an event it may be about what a
/// replica has not seen yet, and proxies in between refuse as well.
const BELIEVE_REFUSAL: u32 = 3;

impl Carrying<'_> {
    /// Leaves the result outside and the run delivered.
    pub(super) async fn deliver(
        &self,
        memory: &mut PullMemory,
        approved: Approved,
        done: &[Done],
    ) -> Result<(), JobError> {
        let Some(run) = memory.plan.clone() else { return Ok(()) };
        let files = texts(approved.plan(), done);
        let mut delivery =
            Delivery { branch: None, head: None, pull: None, why: None, written: Vec::new() };
        match self.branch(&approved, done, run.rules.allow_branches).await? {
            Written::Branch { name, head } => {
                let body = self.body(memory, &approved, done, &files);
                let pull = NewPull {
                    title: pull_title(approved.plan()),
                    body,
                    head: name.clone(),
                    base: approved.base_ref().to_owned(),
                };
                let number =
                    self.services.publisher.publish_draft_pull(self.repo, &approved, &pull);
                match self.believed(number.await)? {
                    Ok(number) => delivery.pull = Some(number),
                    Err(why) => {
                        tracing::warn!(event = "pull_refused", why);
                        delivery.why = Some("GitHub refused the draft pull request".to_owned());
                    }
                }
                delivery.branch = Some(name);
                delivery.head = Some(head);
            }
            Written::Refused { why } => {
                delivery.why = Some(why);
                delivery.written = files;
            }
        }
        if let Some(run) = &mut memory.plan {
            run.delivered(approved, delivery);
        }
        Ok(())
    }

    async fn branch(
        &self,
        approved: &Approved,
        done: &[Done],
        allowed: bool,
    ) -> Result<Written, JobError> {
        if !allowed {
            let why = "the policy allows no branches".to_owned();
            return Ok(Written::Refused { why });
        }
        let commits: Vec<BranchCommit> = done
            .iter()
            .map(|done| BranchCommit {
                message: message(approved, done, self.number),
                files: done
                    .produced
                    .files
                    .iter()
                    .map(|file| TreeFile {
                        path: file.path.clone(),
                        text: (file.action != FileAction::Remove).then(|| file.content.clone()),
                        executable: false,
                    })
                    .collect(),
            })
            .collect();
        let name = branch_name(self.number, &approved.plan().goal);
        let publisher = &self.services.publisher;
        let written = publisher.publish_branch(self.repo, approved, &name, &commits).await;
        match self.believed(written)? {
            Ok(written) => Ok(written),
            Err(why) => {
                tracing::warn!(event = "branch_refused", why);
                let why = "GitHub refused the branch: the App may not write it".to_owned();
                Ok(Written::Refused { why })
            }
        }
    }

    /// A refusal that repeated is an answer, anything else a reason to try again.
    fn believed<T>(&self, result: Result<T, ForgeError>) -> Result<Result<T, String>, JobError> {
        match result {
            Ok(value) => Ok(Ok(value)),
            Err(
                error @ (ForgeError::Forbidden(_)
                | ForgeError::Invalid(_)
                | ForgeError::NotFound(_)),
            ) if self.lease.job.attempt >= BELIEVE_REFUSAL => Ok(Err(error.to_string())),
            Err(error) => Err(error.into()),
        }
    }

    fn body(
        &self,
        memory: &PullMemory,
        approved: &Approved,
        done: &[Done],
        files: &[WrittenText],
    ) -> String {
        let Some(run) = &memory.plan else { return String::new() };
        let Some(current) = &run.current else { return String::new() };
        let Some(state) = state(run, current) else { return String::new() };
        let notes: Vec<String> =
            done.iter().flat_map(|done| done.produced.notes.iter().cloned()).collect();
        let verification: Vec<String> =
            done.iter().flat_map(|done| done.produced.verification.iter().cloned()).collect();
        let delivery = report::Delivery {
            issue: Some(self.number),
            files: &written(files),
            notes: &notes,
            verification: &verification,
            setup: &[],
            review: "no blocking findings",
        };
        let yaml = plan::yaml::write(approved.plan());
        report::pull_body(&view(run, current, &state, &yaml, None), &delivery)
    }
}

/// What the task did and who agreed to it.
fn message(approved: &Approved, done: &Done, issue: crate::domain::ids::Number) -> String {
    let text = commit_message(&done.task, approved.plan(), Some(issue));
    let mut people: Vec<&str> = approved.by().iter().map(|(_, by)| by.0.as_str()).collect();
    people.sort_unstable();
    people.dedup();
    format!("{}\nApproved-by: {}\n", text.trim_end(), people.join(", "))
}

/// The files in the order of the tasks, each with what the plan says about it.
fn texts(plan: &Plan, done: &[Done]) -> Vec<WrittenText> {
    let class = |path: &str| {
        let planned = plan.files.iter().find(|file| {
            file.path == path || (file.path.ends_with('/') && path.starts_with(&file.path))
        });
        planned.map_or(FileClass::Docs, |file| file.class)
    };
    let mut texts: Vec<WrittenText> = Vec::new();
    for done in done {
        for file in &done.produced.files {
            texts.retain(|old| old.path != file.path.as_str());
            texts.push(WrittenText {
                path: file.path.as_str().to_owned(),
                class: class(file.path.as_str()),
                action: file.action,
                content: file.content.clone(),
                task: done.task.id.clone(),
            });
        }
    }
    texts
}

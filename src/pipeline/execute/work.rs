//! The tasks of a plan, one after the other, with what happens when one fails.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use super::ground::Ground;
use super::{Carrying, Done};
use crate::domain::path::RepoPath;
use crate::domain::plan::{Artefact, Execution, Plan, Task};
use crate::domain::run::{Approved, Failure, MAX_DEPTH, Recovery, TaskState};
use crate::pipeline::JobError;
use crate::pipeline::plan_show::save;
use crate::plan::produce::{self, Produced, ProducedFile};
use crate::ports::ledger::PullMemory;

/// What an attempt came to.
enum Attempt {
    Wrote(Produced),
    /// Not a task for rules after all: somebody else gets it.
    HandedOver(String),
    Failed(Failure),
}

impl Carrying<'_> {
    /// Works through the tasks in their order. `None`: the run ended without a result.
    pub(super) async fn work(
        &self,
        memory: &mut PullMemory,
        approved: &Approved,
        ground: &Ground,
    ) -> Result<Option<Vec<Done>>, JobError> {
        let mut done: Vec<Done> = Vec::new();
        let mut shown = Instant::now();
        for task in &approved.plan().tasks {
            if !matches!(task.execution, Execution::Generated { .. }) {
                continue;
            }
            match self.task(memory, approved.plan(), task, ground, &done).await? {
                Outcome::Done(produced) => done.push(Done { task: task.clone(), produced }),
                Outcome::HandedOver => {}
                Outcome::Ended => return Ok(None),
            }
            // Each step is shown if the work takes long enough for anybody to look.
            if shown.elapsed() >= self.services.options.announce_after {
                self.show(memory).await?;
                shown = Instant::now();
            }
        }
        Ok(Some(done))
    }

    async fn task(
        &self,
        memory: &mut PullMemory,
        plan: &Plan,
        task: &Task,
        ground: &Ground,
        done: &[Done],
    ) -> Result<Outcome, JobError> {
        let mut parts = vec![task.clone()];
        loop {
            let Some(run) = memory.plan.as_mut() else { return Ok(Outcome::Ended) };
            let began = run.task_mut(&task.id).is_some_and(|known| {
                // What was done before the process ended is done again; that is no new attempt.
                known.state == TaskState::Done || known.begin()
            });
            let attempt = if began {
                self.attempt(plan, &parts, ground, done).await?
            } else {
                let what = "the task had all of its attempts".to_owned();
                let splittable = false;
                Attempt::Failed(Failure { what, owner: None, splittable, certain: true })
            };
            let Some(run) = memory.plan.as_mut() else { return Ok(Outcome::Ended) };
            match attempt {
                Attempt::Wrote(produced) => {
                    if let Some(known) = run.task_mut(&task.id) {
                        known.done(None);
                    }
                    return Ok(Outcome::Done(produced));
                }
                Attempt::HandedOver(why) => {
                    if let Some(known) = run.task_mut(&task.id) {
                        known.state = TaskState::HandedOver;
                        known.note = Some(why);
                    }
                    return Ok(Outcome::HandedOver);
                }
                Attempt::Failed(failure) => {
                    let recovery = run.failed(&task.id, &failure);
                    tracing::warn!(event = "task_failed", task = task.id, ?recovery);
                    // Kept at once: an attempt that failed stays counted.
                    save(self.services, self.lease, self.number, memory).await?;
                    match recovery {
                        Recovery::Retry | Recovery::Reroute { .. } => {}
                        Recovery::Decompose => parts = parts.iter().flat_map(halves).collect(),
                        Recovery::Escalate => return Ok(Outcome::Ended),
                    }
                }
            }
        }
    }

    /// Writes the parts of a task one after the other and checks the result.
    async fn attempt(
        &self,
        plan: &Plan,
        parts: &[Task],
        ground: &Ground,
        done: &[Done],
    ) -> Result<Attempt, JobError> {
        let prior: Vec<ProducedFile> =
            done.iter().flat_map(|done| done.produced.files.clone()).collect();
        let splittable = parts.iter().any(|part| halves(part).len() > 1);
        let produced = match written(plan, parts, ground, prior) {
            Ok(Ok(produced)) => produced,
            Ok(Err(why)) => return Ok(Attempt::HandedOver(why)),
            Err(what) => {
                let failure = Failure { what, owner: None, splittable, certain: true };
                return Ok(Attempt::Failed(failure));
            }
        };
        match self.validate(ground, done, &produced).await? {
            None => Ok(Attempt::Wrote(produced)),
            Some(problem) => Ok(Attempt::Failed(Failure {
                what: problem.what,
                // The same rules would write it, whoever has it.
                owner: None,
                splittable,
                certain: problem.certain,
            })),
        }
    }
}

enum Outcome {
    Done(Produced),
    HandedOver,
    Ended,
}

/// What the parts wrote together. `Ok(Err)`: not a task for rules. `Err`: a fault of ours.
fn written(
    plan: &Plan,
    parts: &[Task],
    ground: &Ground,
    mut prior: Vec<ProducedFile>,
) -> Result<Result<Produced, String>, String> {
    let paths: Vec<&str> = ground.listing.paths().map(RepoPath::as_str).collect();
    let text = |path: &str| ground.texts.get(path).cloned();
    let shown = produce::Ground { paths: &paths, text: &text, now: ground.now };
    let mut all = Produced::default();
    for part in parts {
        let write = || produce::produce(part, plan, &shown, &prior);
        let produced = match catch_unwind(AssertUnwindSafe(write)) {
            Ok(Ok(produced)) => produced,
            Ok(Err(error)) => return Ok(Err(error.to_string())),
            Err(_) => return Err("the writer failed; this is a fault of backend-team".to_owned()),
        };
        for file in produced.files {
            all.files.retain(|old| old.path != file.path);
            prior.push(file.clone());
            all.files.push(file);
        }
        all.notes.extend(produced.notes);
        all.verification.extend(produced.verification);
    }
    all.notes.dedup();
    all.verification.dedup();
    Ok(Ok(all))
}

/// The task in two, each with half of what it writes; alone if it cannot be cut.
fn halves(task: &Task) -> Vec<Task> {
    fn cut<T: Clone>(all: &[T]) -> Option<(Vec<T>, Vec<T>)> {
        let (first, second) = all.split_at(all.len() / 2);
        (!first.is_empty()).then(|| (first.to_vec(), second.to_vec()))
    }
    let Execution::Generated { artefact } = &task.execution else { return vec![task.clone()] };
    let pair = match artefact {
        Artefact::Migration { changes } => cut(changes)
            .map(|(a, b)| (Artefact::Migration { changes: a }, Artefact::Migration { changes: b })),
        Artefact::ApiContract { path, endpoints } => cut(endpoints).map(|(a, b)| {
            let of = |endpoints| Artefact::ApiContract { path: path.clone(), endpoints };
            (of(a), of(b))
        }),
        Artefact::TestSkeleton { subject, cases } => cut(cases).map(|(a, b)| {
            let of = |cases| Artefact::TestSkeleton { subject: subject.clone(), cases };
            (of(a), of(b))
        }),
        Artefact::Alert { .. } | Artefact::Document { .. } => None,
    };
    let Some((first, second)) = pair else { return vec![task.clone()] };
    let with = |artefact| Task { execution: Execution::Generated { artefact }, ..task.clone() };
    vec![with(first), with(second)]
}

// Halving as often as a task may be decomposed makes at most four parts.
const _: () = assert!(MAX_DEPTH == 2);

//! Commands about the plan of an issue.

use super::Answering;
use crate::commands::{AnswerText, GateName, GivenAnswer, gate_kind_name};
use crate::domain::ids::{CommentId, Login};
use crate::domain::issue::Issue;
use crate::domain::job::{JobKind, NewJob};
use crate::domain::plan::{Answered, GateKind};
use crate::domain::run::{Approver, Cancelled, GateChoice, Phase, PlanRun, Refusal};
use crate::pipeline::JobError;
use crate::pipeline::approvers::Decider;
use crate::pipeline::plan_show::{deciders, save, show};
use crate::ports::forge::Permission;
use crate::report::plan_reply::{self, Closed, PlanStatus};

impl Answering<'_> {
    /// The issue as it is now.
    async fn issue(&mut self) -> Result<&Issue, JobError> {
        let issue = match self.issue.take() {
            Some(known) => known,
            None => self.services.reader.issue(self.repo, self.number).await?,
        };
        Ok(self.issue.insert(issue))
    }

    fn key(&self) -> (CommentId, usize) {
        (self.comment, self.line)
    }

    /// Whether this very line changed the run before, in an attempt that did not come to its end.
    fn was_applied(&self) -> bool {
        let key = self.key();
        self.memory.plan.as_ref().is_some_and(|run| run.applied.contains(&key))
    }

    async fn enqueue(&self, kind: JobKind) -> Result<(), JobError> {
        let delivery = self.lease.job.delivery.clone();
        let job = NewJob { repo: self.repo.clone(), kind, delivery };
        Ok(self.services.queue.enqueue(vec![job], self.services.clock.now()).await?)
    }

    async fn plan_again(&self) -> Result<(), JobError> {
        self.enqueue(JobKind::PlanIssue { number: self.number, label: None }).await
    }

    /// Shows the run as it is now and keeps it.
    async fn shown(&mut self) -> Result<(), JobError> {
        let repo = self.repo.clone();
        show(self.services, self.lease, &repo, self.number, &mut self.memory).await
    }

    fn no_plan(&mut self) {
        self.refuse(plan_reply::no_plan(self.comment, &self.policy.commands.prefix));
    }

    /// `plan`: starts, or starts again.
    pub(super) async fn plan_issue(&mut self) -> Result<(), JobError> {
        let issue = self.issue().await?;
        if !issue.open {
            self.refuse(plan_reply::closed(self.comment));
            return Ok(());
        }
        let author = issue.author.login.clone();
        let key = self.key();
        if !self.was_applied() {
            match &mut self.memory.plan {
                Some(run) => run.restart(author, true),
                None => self.memory.plan = Some(PlanRun::new(author, true)),
            }
            if let Some(run) = &mut self.memory.plan {
                run.apply(key);
            }
            save(self.services, self.lease, self.number, &self.memory).await?;
        }
        self.plan_again().await
    }

    /// Whether somebody may answer questions: the issue's author, or whoever may triage.
    pub(super) async fn may_answer(&mut self) -> Result<bool, JobError> {
        let author = self.author.login.clone();
        if self.memory.plan.as_ref().is_some_and(|run| run.author == author) {
            return Ok(true);
        }
        Ok(self.permission().await? >= Permission::Triage)
    }

    /// `answer`, or a plain reply (`quiet`: what does not fit is no answer, and nobody is told).
    pub(super) async fn answer_questions(
        &mut self,
        given: &[GivenAnswer],
        quiet: bool,
    ) -> Result<bool, JobError> {
        if !self.may_answer().await? {
            if !quiet {
                let by = Login(self.author.login.0.clone());
                self.refuse(plan_reply::may_not_answer(self.comment, &by));
            }
            return Ok(false);
        }
        if !self.was_applied() {
            match self.understood(given) {
                Ok(answers) => {
                    let key = self.key();
                    if let Some(run) = &mut self.memory.plan {
                        run.apply(key);
                    }
                    let run = self.memory.plan.as_mut();
                    if run.is_none_or(|run| run.answer(answers).is_err()) {
                        self.no_plan();
                        return Ok(false);
                    }
                    save(self.services, self.lease, self.number, &self.memory).await?;
                }
                Err(text) => {
                    if !quiet {
                        self.refuse(text);
                    }
                    return Ok(false);
                }
            }
        }
        self.plan_again().await?;
        Ok(true)
    }

    /// The answers in words, or what to say instead.
    fn understood(&self, given: &[GivenAnswer]) -> Result<Vec<Answered>, String> {
        let run = self.memory.plan.as_ref().filter(|run| run.follows_base());
        let current = run.and_then(|run| run.current.as_ref());
        let Some(current) = current.filter(|current| !current.plan.questions.is_empty()) else {
            return Err(plan_reply::nothing_asked(self.comment));
        };
        if self.lease.job.enqueued_at < current.made_at {
            return Err(plan_reply::other_questions(self.comment));
        }
        let mut answers = Vec::new();
        for one in given {
            let questions = &current.plan.questions;
            let question = questions.iter().find(|question| question.id == one.question);
            let question =
                question.ok_or_else(|| plan_reply::no_such_question(self.comment, one.question))?;
            let answer = match &one.answer {
                AnswerText::Words(words) => words.clone(),
                AnswerText::Option(at) => question
                    .options
                    .get(*at)
                    .cloned()
                    .ok_or_else(|| plan_reply::no_such_option(self.comment, one.question))?,
            };
            let by = Login(self.author.login.0.clone());
            answers.push(Answered { topic: question.topic.clone(), answer, by });
        }
        Ok(answers)
    }

    /// Who speaks, with the gates that are theirs to decide, and the teams that could not be read.
    async fn approver(&mut self, run: &PlanRun) -> Result<(Approver, Vec<String>), JobError> {
        let login = Login(self.author.login.0.clone());
        let permission = self.permission().await?;
        let mut decider = Decider::new(self.services, self.repo, &login, permission);
        let mut permitted: Vec<GateKind> = Vec::new();
        for gate in run.gates() {
            if decider.may(&run.rules.approvers, deciders(run, gate).owners).await? {
                permitted.push(gate);
            }
        }
        let unreadable = std::mem::take(&mut decider.unreadable);
        let approver = Approver {
            login,
            is_bot: self.author.is_bot,
            permitted,
            comment: self.comment,
            said_at: self.lease.job.enqueued_at,
        };
        Ok((approver, unreadable))
    }

    pub(super) async fn approve_plan(
        &mut self,
        gate: &GateName,
        seen: Option<&str>,
    ) -> Result<(), JobError> {
        if !self.was_applied() {
            let Some(mut run) = self.memory.plan.clone() else {
                self.no_plan();
                return Ok(());
            };
            let (approver, unreadable) = self.approver(&run).await?;
            let outcome = match choice(gate) {
                Some(choice) => {
                    let tip = self.services.reader.default_branch(self.repo).await?.head;
                    run.approve(&approver, choice, seen, &tip)
                }
                None => Err(Refusal::NoSuchGate),
            };
            if let Err(refusal) = outcome {
                return self.refuse_decision(&run, gate, refusal, &approver, &unreadable).await;
            }
            run.apply(self.key());
            self.memory.plan = Some(run);
        }
        self.shown().await?;
        self.begin_if_automatic().await
    }

    async fn begin_if_automatic(&mut self) -> Result<(), JobError> {
        let Some(run) = &self.memory.plan else { return Ok(()) };
        match run.rules.automatic && run.permit().is_ok() {
            true => self.enqueue(JobKind::ExecutePlan { number: self.number }).await,
            false => Ok(()),
        }
    }

    pub(super) async fn reject_plan(
        &mut self,
        gate: &GateName,
        reason: &str,
    ) -> Result<(), JobError> {
        if !self.was_applied() {
            let Some(mut run) = self.memory.plan.clone() else {
                self.no_plan();
                return Ok(());
            };
            let (approver, unreadable) = self.approver(&run).await?;
            let outcome = match choice(gate) {
                Some(choice) => run.reject(&approver, choice, reason),
                None => Err(Refusal::NoSuchGate),
            };
            if let Err(refusal) = outcome {
                return self.refuse_decision(&run, gate, refusal, &approver, &unreadable).await;
            }
            run.apply(self.key());
            self.memory.plan = Some(run);
        }
        self.shown().await
    }

    async fn refuse_decision(
        &mut self,
        run: &PlanRun,
        gate: &GateName,
        refusal: Refusal,
        approver: &Approver,
        unreadable: &[String],
    ) -> Result<(), JobError> {
        let gates: Vec<&str> = run
            .current
            .iter()
            .flat_map(|current| &current.plan.gates)
            .map(|gate| gate_kind_name(gate.id))
            .collect();
        let means = |kind: &GateKind| choice(gate).is_some_and(|choice| choice.means(*kind));
        let mut meant = run.gates();
        if meant.iter().any(means) {
            meant.retain(means);
        }
        let closed: Vec<Closed<'_>> = meant
            .into_iter()
            .filter(|kind| !approver.permitted.contains(kind))
            .map(|kind| Closed { gate: gate_kind_name(kind), deciders: deciders(run, kind) })
            .collect();
        let text =
            plan_reply::decision_refused(self.comment, &refusal, &closed, &gates, unreadable);
        self.refuse(text);
        if refusal == Refusal::Stale {
            // The event that made it so may have been lost.
            self.plan_again().await?;
        }
        Ok(())
    }

    pub(super) async fn implement(&mut self) -> Result<(), JobError> {
        let Some(run) = &self.memory.plan else {
            self.no_plan();
            return Ok(());
        };
        match run.permit() {
            Ok(_) => self.enqueue(JobKind::ExecutePlan { number: self.number }).await,
            Err(why) => {
                self.refuse(plan_reply::not_approved(self.comment, why));
                Ok(())
            }
        }
    }

    pub(super) async fn pause_plan(&mut self, paused: bool) -> Result<(), JobError> {
        let Some(run) = &mut self.memory.plan else {
            self.no_plan();
            return Ok(());
        };
        run.paused = paused;
        save(self.services, self.lease, self.number, &self.memory).await?;
        if paused {
            let prefix = &self.policy.commands.prefix;
            self.replies.push(plan_reply::paused(self.comment, prefix));
            return Ok(());
        }
        self.plan_again().await?;
        self.begin_if_automatic().await
    }

    pub(super) async fn cancel_plan(&mut self) -> Result<(), JobError> {
        let key = self.key();
        if !self.was_applied() {
            let ended = self.memory.plan.as_mut().is_some_and(|run| {
                let ended = run.cancel(Cancelled::ByCommand);
                if ended {
                    run.apply(key);
                }
                ended
            });
            if !ended {
                self.no_plan();
                return Ok(());
            }
        }
        self.shown().await
    }

    pub(super) fn plan_status(&mut self) {
        let Some(run) = &self.memory.plan else {
            self.no_plan();
            return;
        };
        let open = run.open_gates();
        let gates: Vec<&str> = open.iter().map(|gate| gate_kind_name(*gate)).collect();
        let status = PlanStatus {
            phase: &run.phase,
            paused: run.paused,
            digest: run.current.as_ref().map(|current| current.digest.as_str()),
            base: run.current.as_ref().map(|current| &current.base),
            open_gates: match run.phase {
                Phase::AwaitingApproval => &gates,
                _ => &[],
            },
            tasks: &run.tasks,
            delivery: run.delivery.as_ref(),
        };
        self.replies.push(plan_reply::status(self.comment, &status));
    }
}

fn choice(gate: &GateName) -> Option<GateChoice> {
    match gate {
        GateName::All => Some(GateChoice::All),
        GateName::Kind(kind) => Some(GateChoice::One(*kind)),
        // Findings are gates of pull requests.
        GateName::Finding(_) => None,
    }
}

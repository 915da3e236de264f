//! Carries out the commands of one comment.

mod issue;
mod proposals;
mod pull;

use super::load::{self, PolicyOrigin};
use super::owner_policy;
use super::publish::Known;
use super::review_pull::fetch;
use super::{JobError, Services};
use crate::commands::{
    self, AgentName, Command, ExplainTarget, FindingRef, Parsed, Place, VERBS, Verb, lanes_of,
    permission_name,
};
use crate::config::policy::{POLICY_PATH, Policy};
use crate::domain::event::{Actor, RepoRef};
use crate::domain::ids::{CommentId, Login, Number};
use crate::domain::issue::Issue;
use crate::domain::job::{JobKind, NewJob};
use crate::domain::publication::{CommentPurpose, Publication, Reaction};
use crate::domain::report::{RememberedFinding, RememberedState};
use crate::domain::run::Phase;
use crate::domain::team::Lane;
use crate::ports::forge::{Permission, Pull};
use crate::ports::ledger::PullMemory;
use crate::ports::queue::Lease;
use crate::ports::source::Fetched;
use crate::report::RuleDoc;
use crate::report::plan_reply;
use crate::report::reply::{self, HelpRow, PolicyFile, PolicySource, Status};
use crate::rules::{self, Rule};

/// Comments of one pull request that are remembered as answered.
const MAX_ANSWERED: usize = 200;

/// Reads the comment of the job and does what it asks for.
pub async fn answer(services: &Services, lease: &Lease) -> Result<(), JobError> {
    let JobKind::AnswerCommand { number, on_pull, comment, author, body } = &lease.job.kind else {
        return Err(JobError::Permanent("not a command".to_owned()));
    };
    let repo = &lease.job.repo;
    let memory = services.ledger.load(repo.id, *number).await?;
    if memory.answered.contains(comment) {
        return Ok(());
    }
    let mut policy = Policy::default();
    if let Some(prefix) = &memory.command_prefix {
        policy.commands.prefix.clone_from(prefix);
    }
    let mut parsed = commands::parse(body.expose(), &policy.commands.prefix);
    if parsed.is_empty() && memory.command_prefix.is_none() && commands::addresses(body.expose()) {
        // Nothing was reviewed or planned here yet that would have told the repository's own word.
        policy.commands.prefix = services.prefixes.of(services, repo).await?;
        parsed = commands::parse(body.expose(), &policy.commands.prefix);
    }
    let waits = memory.plan.as_ref().is_some_and(|run| run.phase == Phase::NeedsInput);
    let replies = commands::replies(body.expose()).filter(|_| !on_pull && waits);
    if parsed.is_empty() && replies.is_none() {
        return Ok(());
    }
    let pull = match on_pull {
        true => Some(services.reader.pull(repo, *number).await?),
        false => None,
    };
    let mut answering = Answering {
        services,
        lease,
        repo,
        number: *number,
        comment: *comment,
        author,
        pull,
        issue: None,
        line: 0,
        memory,
        policy,
        permission: None,
        replies: Vec::new(),
        refused: false,
    };
    if parsed.is_empty() {
        // Ordinary conversation, unless it answers what is asked: no word about it otherwise.
        let answered = answering.answer_questions(&replies.unwrap_or_default(), true).await?;
        return if answered { answering.finish().await } else { Ok(()) };
    }
    answering.react(Reaction::Eyes).await?;
    for line in parsed {
        answering.line(line).await?;
        answering.line += 1;
    }
    answering.finish().await
}

struct Answering<'a> {
    services: &'a Services,
    lease: &'a Lease,
    repo: &'a RepoRef,
    number: Number,
    comment: CommentId,
    author: &'a Actor,
    /// `None` on an issue.
    pull: Option<Pull>,
    /// Once read.
    issue: Option<Issue>,
    /// Which command of the comment is carried out, from 0.
    line: usize,
    memory: PullMemory,
    /// The defaults with the repository's prefix: what the answers' texts need.
    policy: Policy,
    /// The author's, once asked.
    permission: Option<Permission>,
    replies: Vec<String>,
    refused: bool,
}

impl Answering<'_> {
    async fn line(&mut self, line: Parsed) -> Result<(), JobError> {
        match line {
            Parsed::Command { verb, command } => {
                if self.may(verb).await? {
                    self.carry_out(command).await?;
                }
            }
            Parsed::Unknown { verb, suggestion } => {
                self.refuse(reply::unknown_verb(self.comment, &verb, suggestion, &self.policy));
            }
            Parsed::Invalid { verb, problem } => {
                let text =
                    reply::wrong_arguments(self.comment, &problem.0, verb.usage, &self.policy);
                self.refuse(text);
            }
        }
        Ok(())
    }

    /// Whether the author may, asked of GitHub now.
    async fn may(&mut self, verb: &Verb) -> Result<bool, JobError> {
        match (verb.on, self.pull.is_some()) {
            (Place::Pulls, false) => {
                self.refuse(reply::only_on_pulls(self.comment, verb.name));
                return Ok(false);
            }
            (Place::Issues, true) => {
                self.refuse(plan_reply::only_on_issues(self.comment, verb.name));
                return Ok(false);
            }
            _ => {}
        }
        if self.permission().await? < verb.needs {
            let needs = permission_name(verb.needs);
            self.refuse(reply::refused(self.comment, &self.author.login, verb.name, needs));
            return Ok(false);
        }
        Ok(true)
    }

    /// What the author may do in the repository, asked of GitHub now.
    async fn permission(&mut self) -> Result<Permission, JobError> {
        let permission = match self.permission {
            Some(known) => known,
            None => self.services.reader.permission(self.repo, &self.author.login.0).await?,
        };
        self.permission = Some(permission);
        Ok(permission)
    }

    /// Refusals are answered once, and on forks not at all: a reaction is enough for strangers.
    fn refuse(&mut self, text: String) {
        self.refused = true;
        if !self.pull.as_ref().is_some_and(|pull| pull.from_fork) {
            self.replies.push(text);
        }
    }

    async fn carry_out(&mut self, command: Command) -> Result<(), JobError> {
        match command {
            Command::Help => self.help(),
            Command::Review { agents, full } => return self.review(&agents, full).await,
            Command::Explain { what } => self.explain(&what),
            Command::Dismiss { finding, reason } => {
                let by = Login(self.author.login.0.clone());
                let state = RememberedState::Dismissed { by, reason };
                return self.change_state(&finding, state).await;
            }
            Command::Restore { finding } => {
                return self.change_state(&finding, RememberedState::Open).await;
            }
            Command::Plan if self.pull.is_none() => return self.plan_issue().await,
            Command::Plan => return self.plan_pull().await,
            Command::Approve { gate, seen } if self.pull.is_some() => {
                return self.approve_pull(&gate, seen.as_deref()).await;
            }
            Command::Reject { gate, reason } if self.pull.is_some() => {
                return self.reject_pull(&gate, &reason).await;
            }
            Command::Pause if self.pull.is_none() => return self.pause_plan(true).await,
            Command::Resume if self.pull.is_none() => return self.pause_plan(false).await,
            Command::Status if self.pull.is_none() => self.plan_status(),
            Command::Approve { gate, seen } => {
                return self.approve_plan(&gate, seen.as_deref()).await;
            }
            Command::Reject { gate, reason } => {
                return self.reject_plan(&gate, &reason).await;
            }
            Command::Answer { answers } => {
                self.answer_questions(&answers, false).await?;
            }
            Command::Implement => return self.implement().await,
            Command::Cancel => return self.cancel_plan().await,
            Command::Fix { findings } => return self.fix(&findings).await,
            Command::Split { branches } => return self.split(branches).await,
            Command::Remember { text } => return self.remember(&text).await,
            Command::Pause => {
                self.memory.paused = true;
                self.save().await?;
                self.replies.push(reply::paused(self.comment, &self.policy));
            }
            Command::Resume => {
                self.memory.paused = false;
                self.save().await?;
                return self.enqueue_review(false, Vec::new()).await;
            }
            Command::Status => self.status(),
            Command::Config => return self.config().await,
        }
        Ok(())
    }

    fn help(&mut self) {
        let rows: Vec<HelpRow<'_>> = VERBS
            .iter()
            .map(|verb| HelpRow {
                usage: verb.usage,
                help: verb.help,
                permission: permission_name(verb.needs),
            })
            .collect();
        self.replies.push(reply::help(self.comment, &rows, &self.policy));
    }

    async fn review(&mut self, agents: &[AgentName], full: bool) -> Result<(), JobError> {
        let lanes = match agents {
            [] => Vec::new(),
            _ => {
                let Some(fetched) = self.fetched().await? else { return Ok(()) };
                let team = load::team(self.services.source.as_ref(), &fetched).await?;
                match lanes_of(agents, &team) {
                    Ok(lanes) => lanes,
                    Err(unknown) => {
                        let names: Vec<&str> = unknown.iter().map(|name| name.0.as_str()).collect();
                        let reviewers: Vec<&str> =
                            Lane::REVIEWERS.iter().map(|lane| team.name_for(*lane)).collect();
                        let text = reply::unknown_agents(self.comment, &names, &reviewers);
                        self.refuse(text);
                        return Ok(());
                    }
                }
            }
        };
        self.enqueue_review(full, lanes).await
    }

    async fn enqueue_review(&self, full: bool, lanes: Vec<Lane>) -> Result<(), JobError> {
        let kind = JobKind::ReviewPull { number: self.number, full, lanes, requested: true };
        let job =
            NewJob { repo: self.repo.clone(), kind, delivery: self.lease.job.delivery.clone() };
        Ok(self.services.queue.enqueue(vec![job], self.services.clock.now()).await?)
    }

    fn explain(&mut self, what: &ExplainTarget) {
        let text = match what {
            ExplainTarget::Rule(code) => match rules::by_code(code) {
                Some(rule) => Ok(reply::explain_rule(self.comment, &doc(rule))),
                None => {
                    let near = rules::nearest(code);
                    Err(reply::unknown_rule_or_finding(self.comment, code, near))
                }
            },
            ExplainTarget::Finding(finding) => self.find(finding).map(|found| {
                let rule = rules::by_code(&found.rule.0).map(doc);
                reply::explain_finding(self.comment, found, rule.as_ref())
            }),
        };
        match text {
            Ok(text) => self.replies.push(text),
            Err(text) => self.refuse(text),
        }
    }

    /// The one finding that the reference means, or what to say instead.
    fn find(&self, wanted: &FindingRef) -> Result<&RememberedFinding, String> {
        let fitting: Vec<&RememberedFinding> =
            self.memory.findings.iter().filter(|old| wanted.fits(&old.fingerprint)).collect();
        match fitting.as_slice() {
            [one] => Ok(one),
            many => {
                let ids: Vec<_> = many.iter().map(|old| &old.fingerprint).collect();
                Err(reply::ambiguous_finding(self.comment, wanted.as_str(), &ids))
            }
        }
    }

    async fn change_state(
        &mut self,
        finding: &FindingRef,
        state: RememberedState,
    ) -> Result<(), JobError> {
        let found = self.find(finding).and_then(|found| match &found.state {
            RememberedState::Fixed { head } => {
                Err(reply::already_fixed(self.comment, &found.fingerprint, head))
            }
            _ => Ok(found.fingerprint.clone()),
        });
        let fingerprint = match found {
            Ok(fingerprint) => fingerprint,
            Err(text) => {
                self.refuse(text);
                return Ok(());
            }
        };
        let known = self.memory.findings.iter_mut().find(|old| old.fingerprint == fingerprint);
        if let Some(known) = known {
            // Its thread was resolved: it gets a new one, as a finding that came back does.
            let restored = known.state != RememberedState::Open && state == RememberedState::Open;
            if let Some(pull) = self.pull.as_ref().filter(|_| restored) {
                known.reopened_at = Some(pull.head.clone());
            }
            known.state = state;
        }
        self.save().await?;
        self.enqueue_review(false, Vec::new()).await
    }

    fn status(&mut self) {
        let of = |wanted: fn(&RememberedState) -> bool| {
            self.memory.findings.iter().filter(|old| wanted(&old.state)).count()
        };
        let open: Vec<RememberedFinding> = self
            .memory
            .findings
            .iter()
            .filter(|old| old.state == RememberedState::Open)
            .cloned()
            .collect();
        let status = Status {
            paused: self.memory.paused,
            head: self.pull.as_ref().map(|pull| &pull.head),
            reviewed: self.memory.reviewed.as_ref().map(|reviewed| &reviewed.head),
            open: &open,
            fixed: of(|state| matches!(state, RememberedState::Fixed { .. })),
            dismissed: of(|state| matches!(state, RememberedState::Dismissed { .. })),
        };
        self.replies.push(reply::status(self.comment, &status));
    }

    async fn config(&mut self) -> Result<(), JobError> {
        let Some(fetched) = self.fetched().await? else { return Ok(()) };
        let found = owner_policy::in_force(self.services, self.repo, &fetched).await?;
        let toml = toml::to_string(&found.policy)
            .map_err(|error| JobError::Permanent(format!("policy not shown: {error}")))?;
        let file = match found.origin {
            PolicyOrigin::Repository => PolicyFile::At(POLICY_PATH, &fetched.base),
            PolicyOrigin::Owner => PolicyFile::OfOwner(&self.repo.slug.owner, POLICY_PATH),
            PolicyOrigin::Defaults => PolicyFile::None,
        };
        let from = PolicySource { file, problems: &found.problems };
        self.replies.push(reply::config(self.comment, &toml, from));
        Ok(())
    }

    async fn fetched(&self) -> Result<Option<Fetched>, JobError> {
        match &self.pull {
            Some(pull) => Ok(Some(fetch(self.services, self.repo, pull).await?)),
            None => Ok(None),
        }
    }

    async fn save(&self) -> Result<(), JobError> {
        match self.services.ledger.save(self.lease, self.number, &self.memory).await? {
            true => Ok(()),
            false => Err(JobError::Superseded),
        }
    }

    async fn react(&self, content: Reaction) -> Result<(), JobError> {
        self.publish(&[Publication::Reaction { comment: self.comment, content }]).await
    }

    async fn publish(&self, wanted: &[Publication]) -> Result<(), JobError> {
        let known = Known { number: Some(self.number), ..Known::default() };
        self.services.publisher.reconcile(self.repo, &known, wanted).await?;
        Ok(())
    }

    /// One answer for all lines of the comment, and a reaction that says how it went.
    async fn finish(mut self) -> Result<(), JobError> {
        if !self.replies.is_empty() {
            let purpose = CommentPurpose::Answer(self.comment);
            let body = reply::together(self.comment, &self.replies);
            self.publish(&[Publication::Comment { purpose, body }]).await?;
        }
        self.react(if self.refused { Reaction::Confused } else { Reaction::ThumbsUp }).await?;
        let answered = &mut self.memory.answered;
        answered.push(self.comment);
        answered.drain(..answered.len().saturating_sub(MAX_ANSWERED));
        self.save().await
    }
}

fn doc(rule: &'static Rule) -> RuleDoc<'static> {
    RuleDoc {
        code: rule.code,
        title: rule.title,
        severity: rule.severity,
        category: rule.category,
        page: rule.page,
        equivalents: rule.equivalents,
    }
}

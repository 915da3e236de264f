//! Commands about how a pull request lands, and about its gates.

use super::Answering;
use crate::commands::{GateName, gate_kind_name};
use crate::config::code_owners::CodeOwners;
use crate::domain::finding::FindingKind;
use crate::domain::ids::{CommitSha, Login};
use crate::domain::report::{RememberedFinding, RememberedState};
use crate::domain::run::Refusal;
use crate::pipeline::approvers::Decider;
use crate::pipeline::review::{self, ReviewRequest};
use crate::pipeline::review_pull::about;
use crate::pipeline::{JobError, load, owner_policy};
use crate::plan::landing;
use crate::ports::ledger::{GateApproval, GateRejection};
use crate::ports::source::Fetched;
use crate::report::deciders::Deciders;
use crate::report::plan_reply::{self, Closed, GateRefusal};
use crate::report::proposals::{self, ShownStep};
use crate::rules;

/// Approvals, and rejections, that are remembered for one pull request.
const MAX_APPROVALS: usize = 50;

impl Answering<'_> {
    /// `plan` on a pull request: over which releases it lands safely.
    pub(super) async fn plan_pull(&mut self) -> Result<(), JobError> {
        let (Some(fetched), Some(pull)) = (self.fetched().await?, &self.pull) else {
            return Ok(());
        };
        let source = self.services.source.as_ref();
        let loaded = load::load(source, &fetched, about(self.repo, pull)).await?;
        let loaded = owner_policy::apply(self.services, self.repo, loaded).await?;
        let request = ReviewRequest {
            memory: self.memory.findings.clone(),
            limits: self.services.options.run_limits,
            ..ReviewRequest::default()
        };
        let report = review::review(source, &fetched, &loaded, request).await?.report;
        let found = report.findings.iter().map(|reported| &reported.finding);
        let landing = landing::landing(found);
        let steps: Vec<ShownStep<'_>> = landing
            .steps
            .iter()
            .map(|step| ShownStep {
                stage: step.stage.as_str(),
                does: &step.does,
                paths: &step.paths,
                rule: &step.rule,
            })
            .collect();
        let text = plan_reply::plain(self.comment, &proposals::landing(&steps));
        self.replies.push(text);
        Ok(())
    }

    pub(super) async fn approve_pull(
        &mut self,
        gate: &GateName,
        seen: Option<&str>,
    ) -> Result<(), JobError> {
        let Some((findings, head)) = self.may_decide(gate, seen).await? else { return Ok(()) };
        let by = Login(self.author.login.0.clone());
        for finding in findings {
            let finding = finding.fingerprint;
            self.memory.gates.retain(|old| old.finding != finding);
            self.memory.rejections.retain(|old| old.finding != finding);
            self.memory.gates.push(GateApproval { finding, head: head.clone(), by: by.clone() });
        }
        let gates = &mut self.memory.gates;
        gates.drain(..gates.len().saturating_sub(MAX_APPROVALS));
        self.save().await?;
        self.enqueue_review(false, Vec::new()).await
    }

    pub(super) async fn reject_pull(
        &mut self,
        gate: &GateName,
        reason: &str,
    ) -> Result<(), JobError> {
        let Some((findings, head)) = self.may_decide(gate, None).await? else { return Ok(()) };
        let by = Login(self.author.login.0.clone());
        for finding in findings {
            let finding = finding.fingerprint;
            self.memory.gates.retain(|old| old.finding != finding);
            self.memory.rejections.retain(|old| old.finding != finding);
            self.memory.rejections.push(GateRejection {
                finding,
                head: head.clone(),
                by: by.clone(),
                reason: reason.to_owned(),
            });
        }
        let rejections = &mut self.memory.rejections;
        rejections.drain(..rejections.len().saturating_sub(MAX_APPROVALS));
        self.save().await?;
        self.enqueue_review(false, Vec::new()).await
    }

    /// The gates that are meant, if this person may decide about them now, and the head that they
    /// are decided for. `None`: refused.
    async fn may_decide(
        &mut self,
        gate: &GateName,
        seen: Option<&str>,
    ) -> Result<Option<(Vec<RememberedFinding>, CommitSha)>, JobError> {
        let Some(pull) = &self.pull else { return Ok(None) };
        let (author, head) = (pull.author.login.clone(), pull.head.clone());
        let login = Login(self.author.login.0.clone());
        let reviewed = self.memory.reviewed.as_ref().is_some_and(|done| done.head == head);
        let open: Vec<RememberedFinding> =
            self.memory.findings.iter().filter(|old| is_open_gate(old)).cloned().collect();
        let meant: Vec<RememberedFinding> =
            open.iter().filter(|finding| means(gate, finding)).cloned().collect();
        let refusal = if self.author.is_bot {
            Some(GateRefusal::Bot)
        } else if open.is_empty() {
            Some(GateRefusal::None)
        } else if meant.is_empty() {
            Some(GateRefusal::Unknown)
        } else if !reviewed || seen.is_some_and(|seen| !head.as_str().starts_with(seen)) {
            Some(GateRefusal::Stale)
        } else if login == author {
            Some(GateRefusal::Author)
        } else {
            None
        };
        let ids: Vec<&str> = open.iter().map(|finding| finding.fingerprint.0.as_str()).collect();
        if let Some(refusal) = refusal {
            self.refuse(plan_reply::gate_refused(self.comment, refusal, &ids));
            return Ok(None);
        }
        let Some(fetched) = self.fetched().await? else { return Ok(None) };
        match self.refused_by_rights(&fetched, &login, &meant).await? {
            None => Ok(Some((meant, head))),
            Some(text) => {
                self.refuse(text);
                Ok(None)
            }
        }
    }

    /// Why somebody may not decide about all of these gates by the base commit's policy and
    /// CODEOWNERS; `None` if they may.
    async fn refused_by_rights(
        &mut self,
        fetched: &Fetched,
        login: &Login,
        meant: &[RememberedFinding],
    ) -> Result<Option<String>, JobError> {
        let policy = owner_policy::in_force(self.services, self.repo, fetched).await?.policy;
        let code_owners = match policy.gates.code_owners {
            true => load::code_owners(self.services.source.as_ref(), fetched).await?,
            false => CodeOwners::default(),
        };
        let permission = self.permission().await?;
        let mut decider = Decider::new(self.services, self.repo, login, permission);
        let approvers = &policy.gates.approvers;
        let mut not_theirs = Vec::new();
        for finding in meant {
            let owners = code_owners.of_all(std::iter::once(finding.path.as_str()));
            if !decider.may(approvers, &owners).await? {
                not_theirs.push((plan_reply::short_id(&finding.fingerprint.0), owners));
            }
        }
        if not_theirs.is_empty() {
            return Ok(None);
        }
        let closed: Vec<Closed<'_>> = not_theirs
            .iter()
            .map(|(gate, owners)| Closed { gate, deciders: Deciders { approvers, owners } })
            .collect();
        let refusal = &Refusal::NotPermitted;
        let unreadable = &decider.unreadable;
        Ok(Some(plan_reply::decision_refused(self.comment, refusal, &closed, &[], unreadable)))
    }
}

fn is_open_gate(finding: &RememberedFinding) -> bool {
    let gate = rules::by_code(&finding.rule.0).is_some_and(|rule| rule.kind == FindingKind::Gate);
    gate && finding.state == RememberedState::Open
}

/// A gate is named by its finding, or by the kind that stands in its rule's code.
fn means(gate: &GateName, finding: &RememberedFinding) -> bool {
    match gate {
        GateName::All => true,
        GateName::Kind(kind) => finding.rule.0.contains(gate_kind_name(*kind)),
        GateName::Finding(reference) => reference.fits(&finding.fingerprint),
    }
}

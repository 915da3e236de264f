//! Commands about how a pull request lands, and about its gates.

use super::Answering;
use crate::commands::{GateName, gate_kind_name};
use crate::domain::finding::FindingKind;
use crate::domain::ids::{CommitSha, Login};
use crate::domain::report::{RememberedFinding, RememberedState};
use crate::pipeline::review::{self, ReviewRequest};
use crate::pipeline::review_pull::about;
use crate::pipeline::{JobError, approvers, load, owner_policy};
use crate::plan::landing;
use crate::ports::ledger::GateApproval;
use crate::report::plan_reply::{self, GateRefusal};
use crate::report::proposals::{self, ShownStep};
use crate::rules;

/// Approvals that are remembered for one pull request.
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
            let same = |old: &GateApproval| old.finding == finding.fingerprint;
            self.memory.gates.retain(|old| !same(old));
            let finding = finding.fingerprint;
            self.memory.gates.push(GateApproval { finding, head: head.clone(), by: by.clone() });
        }
        let gates = &mut self.memory.gates;
        gates.drain(..gates.len().saturating_sub(MAX_APPROVALS));
        self.save().await?;
        self.enqueue_review(false, Vec::new()).await
    }

    pub(super) async fn reject_pull(&mut self, gate: &GateName) -> Result<(), JobError> {
        let Some((findings, _)) = self.may_decide(gate, None).await? else { return Ok(()) };
        let rejected =
            |old: &GateApproval| findings.iter().any(|finding| finding.fingerprint == old.finding);
        self.memory.gates.retain(|old| !rejected(old));
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
            self.refuse(plan_reply::gate_refused(self.comment, refusal, &ids, &[]));
            return Ok(None);
        }
        let Some(fetched) = self.fetched().await? else { return Ok(None) };
        let (policy, _) = load::policy(self.services.source.as_ref(), &fetched).await?;
        let permission = self.permission().await?;
        let named = &policy.gates.approvers;
        let found =
            approvers::permitted(self.services, self.repo, named, &login, permission).await?;
        if found.permitted {
            return Ok(Some((meant, head)));
        }
        let refusal = match found.teams_unreadable {
            true => GateRefusal::TeamsUnreadable,
            false => GateRefusal::NotPermitted,
        };
        self.refuse(plan_reply::gate_refused(self.comment, refusal, &ids, named));
        Ok(None)
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

//! What a task wrote is held against the rules that review pull requests.

use std::sync::Arc;

use super::ground::Ground;
use super::{Carrying, Done};
use crate::domain::assemble;
use crate::domain::change::Change;
use crate::domain::path::RepoPath;
use crate::domain::plan::FileAction;
use crate::domain::report::Report;
use crate::pipeline::JobError;
use crate::pipeline::load::{Loaded, PolicyOrigin};
use crate::pipeline::review::{self, ReviewRequest};
use crate::plan::produce::{Produced, ProducedFile, is_protected};

/// Why something is not good enough.
pub(super) struct Problem {
    pub what: String,
    /// Whether it would fail the same way again.
    pub certain: bool,
}

impl Carrying<'_> {
    /// Whether the team would stop this change, seen together with what earlier tasks wrote.
    pub(super) async fn validate(
        &self,
        ground: &Ground,
        done: &[Done],
        produced: &Produced,
    ) -> Result<Option<Problem>, JobError> {
        let certain = |what: String| Ok(Some(Problem { what, certain: true }));
        if produced.files.is_empty() {
            return certain("nothing was written".to_owned());
        }
        if let Some(file) = produced.files.iter().find(|file| is_protected(file.path.as_str())) {
            return certain(format!("`{}` is never written", file.path));
        }
        let earlier = done.iter().flat_map(|done| &done.produced.files);
        let report = self.review(ground, earlier.chain(&produced.files)).await?;
        let own = |path: &RepoPath| produced.files.iter().any(|file| file.path == *path);
        let stopping = report
            .findings
            .iter()
            .find(|reported| reported.blocking && own(reported.finding.anchor.head_path()));
        if let Some(reported) = stopping {
            let finding = &reported.finding;
            return certain(format!("`{}`: {}", finding.rule, finding.title));
        }
        // A rule that ran out of time may have it next time; not looking is not passing.
        let slow = report.not_checked.iter().find(|missing| missing.why.contains("took longer"));
        let missing =
            |what: &str| Problem { what: format!("`{what}` did not look"), certain: false };
        Ok(slow.map(|not_checked| missing(&not_checked.what)))
    }

    /// The review of these files as a change of the approved commit.
    pub(super) async fn review<'a>(
        &self,
        ground: &Ground,
        files: impl Iterator<Item = &'a ProducedFile>,
    ) -> Result<Report, JobError> {
        let mut newest: Vec<&ProducedFile> = Vec::new();
        for file in files {
            newest.retain(|old| old.path != file.path);
            newest.push(file);
        }
        let mut changes = Vec::new();
        for file in newest {
            let base = ground.text(self.services, &file.path).await?;
            let head = (file.action != FileAction::Remove).then_some(file.content.as_str());
            changes.push(assemble::file_change(file.path.clone(), base.as_deref(), head));
        }
        let base = ground.fetched.base.clone();
        let change = Change {
            repo: Some((self.repo.id, self.repo.slug.clone())),
            merge_base: base.clone(),
            base,
            ..assemble::change(changes)
        };
        let loaded = Loaded {
            change: Arc::new(change),
            policy: Arc::new(ground.policy.clone()),
            origin: PolicyOrigin::Repository,
            instructions: ground.instructions.clone(),
            policy_problems: Vec::new(),
        };
        let request =
            ReviewRequest { limits: self.services.options.run_limits, ..ReviewRequest::default() };
        let source = self.services.source.as_ref();
        Ok(review::review(source, &ground.fetched, &loaded, request).await?.report)
    }
}

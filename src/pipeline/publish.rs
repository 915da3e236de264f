//! Makes the outside look as it should. Reads what is there, does the difference, and nothing
//! else: running it again changes nothing, dying in the middle loses nothing.

mod branch;

use std::sync::Arc;

use sha2::{Digest, Sha256};

pub use self::branch::{BranchCommit, Written};
use crate::domain::event::RepoRef;
use crate::domain::finding::Fingerprint;
use crate::domain::ids::{CommentId, CommitSha, Number};
use crate::domain::publication::{
    Annotation, CheckRun, CommentPurpose, FixedNote, LineNote, MAX_ANNOTATIONS_PER_REQUEST,
    MAX_LINE_NOTES, Publication, note_marker_start,
};
use crate::ports::forge::{
    CheckRunWrite, ExistingCheckRun, ForgeError, ForgeRead, ForgeWrite, IssueComment,
    ReviewComment, ReviewNote,
};
use crate::rules::redact_secrets;

/// Holds the only port that writes to GitHub.
#[derive(Clone)]
pub struct Publisher {
    reader: Arc<dyn ForgeRead>,
    writer: Arc<dyn ForgeWrite>,
}

/// What the caller knows, so that nothing is read that cannot be there.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// The pull request or issue; `None` for checks of a bare commit.
    pub number: Option<Number>,
    /// The summary comment's id as remembered.
    pub summary: Option<CommentId>,
    /// Nothing was published for this head before: there are no check runs to look for.
    pub head_is_untouched: bool,
    /// Labels on the pull request now.
    pub labels: Vec<String>,
}

/// What is out there now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Published {
    pub summary: Option<CommentId>,
    /// Findings that have a line note.
    pub noted: Vec<Fingerprint>,
    /// Line notes that GitHub refused: they stand in the summary only.
    pub notes_refused: bool,
}

impl Publisher {
    pub fn new(reader: Arc<dyn ForgeRead>, writer: Arc<dyn ForgeWrite>) -> Self {
        Self { reader, writer }
    }

    /// Does what is missing, in the order of the list.
    pub async fn reconcile(
        &self,
        repo: &RepoRef,
        known: &Known,
        wanted: &[Publication],
    ) -> Result<Published, ForgeError> {
        let mut run = Reconciliation {
            publisher: self,
            repo,
            known,
            comments: None,
            checks: None,
            published: Published { summary: known.summary, ..Published::default() },
            had_summary: false,
        };
        // A permission that is missing for the comment must not keep back the checks. Line notes
        // are not tried without it: that it stands is how a repetition knows to look for them.
        let mut forbidden = None;
        for publication in wanted {
            if forbidden.is_some() && !matches!(publication, Publication::Check(_)) {
                continue;
            }
            match run.publish(&without_secrets(publication.clone())).await {
                Err(error @ ForgeError::Forbidden(_)) => forbidden = forbidden.or(Some(error)),
                other => other?,
            }
        }
        forbidden.map_or(Ok(run.published), Err)
    }

    /// Asks GitHub to send a failed delivery again.
    pub async fn redeliver(&self, delivery: u64) -> Result<(), ForgeError> {
        self.writer.redeliver(delivery).await
    }
}

struct Reconciliation<'a> {
    publisher: &'a Publisher,
    repo: &'a RepoRef,
    known: &'a Known,
    comments: Option<Vec<IssueComment>>,
    checks: Option<(CommitSha, Vec<ExistingCheckRun>)>,
    published: Published,
    /// Whether the summary stood before this run. It is written before any line note, so without
    /// it there are no notes either.
    had_summary: bool,
}

impl Reconciliation<'_> {
    async fn publish(&mut self, publication: &Publication) -> Result<(), ForgeError> {
        match publication {
            Publication::Comment { purpose, body } => self.comment(purpose, body).await,
            Publication::Check(run) => self.check(run).await,
            Publication::LineNotes { head, notes, fixed } => {
                self.line_notes(head, notes, fixed).await
            }
            Publication::StateLabel { all, present } => self.label(all, present.as_deref()).await,
            Publication::Reaction { comment, content } => {
                self.publisher.writer.add_reaction(self.repo, *comment, *content).await
            }
        }
    }

    fn number(&self) -> Result<Number, ForgeError> {
        let missing = || ForgeError::Invalid("a comment needs a pull request or issue".to_owned());
        self.known.number.ok_or_else(missing)
    }

    async fn comment(&mut self, purpose: &CommentPurpose, body: &str) -> Result<(), ForgeError> {
        let number = self.number()?;
        if self.comments.is_none() {
            self.comments = Some(self.publisher.reader.comments(self.repo, number).await?);
        }
        let marker = purpose.marker();
        let ours = |comment: &&IssueComment| {
            comment.ours && comment.body.expose().trim_start().starts_with(&marker)
        };
        let comments = self.comments.as_deref().unwrap_or_default();
        let remembered =
            (*purpose == CommentPurpose::Review).then_some(self.known.summary).flatten();
        let existing = comments.iter().filter(ours).max_by_key(|comment| {
            (Some(comment.id) == remembered, std::cmp::Reverse(comment.id.0))
        });
        let id = match existing {
            Some(comment) => {
                if normalised(comment.body.expose()) != normalised(body) {
                    self.publisher.writer.update_comment(self.repo, comment.id, body).await?;
                }
                comment.id
            }
            None => self.publisher.writer.create_comment(self.repo, number, body).await?,
        };
        if *purpose == CommentPurpose::Review {
            self.had_summary = existing.is_some();
            self.published.summary = Some(id);
        }
        Ok(())
    }

    async fn check(&mut self, wanted: &CheckRun) -> Result<(), ForgeError> {
        let existing = self.existing_check(wanted).await?;
        let id = external_id(wanted);
        let annotations = &wanted.annotations;
        let (target, sent) = match existing {
            // The same content: only annotations that a death in the middle left out.
            Some(run) if run.external_id == id && run.completed == wanted.conclusion.is_some() => {
                if run.annotations >= annotations.len() {
                    return Ok(());
                }
                (Some(run.id), run.annotations)
            }
            // Annotations can be appended but not taken back: a run that has others than these
            // is replaced by a new one of its name, which GitHub then shows.
            Some(run) if same_annotations(&run.external_id, &id) => (Some(run.id), run.annotations),
            Some(run) if run.annotations == 0 => (Some(run.id), 0),
            _ => (None, 0),
        };
        let missing = annotations.get(sent..).unwrap_or_default();
        let mut batches = missing.chunks(MAX_ANNOTATIONS_PER_REQUEST);
        let first = write(wanted, &id, batches.next().unwrap_or_default());
        let writer = &self.publisher.writer;
        let target = match target {
            Some(target) => {
                writer.update_check_run(self.repo, target, &first).await?;
                target
            }
            None => writer.create_check_run(self.repo, &first).await?,
        };
        for batch in batches {
            writer.update_check_run(self.repo, target, &write(wanted, &id, batch)).await?;
        }
        Ok(())
    }

    async fn existing_check(
        &mut self,
        wanted: &CheckRun,
    ) -> Result<Option<ExistingCheckRun>, ForgeError> {
        if self.known.head_is_untouched {
            return Ok(None);
        }
        if self.checks.as_ref().is_none_or(|(head, _)| *head != wanted.head) {
            let runs = self.publisher.reader.check_runs(self.repo, &wanted.head).await?;
            self.checks = Some((wanted.head.clone(), runs));
        }
        let runs = self.checks.as_ref().map(|(_, runs)| runs.as_slice()).unwrap_or_default();
        Ok(runs.iter().filter(|run| run.name == wanted.name).max_by_key(|run| run.id.0).cloned())
    }

    async fn line_notes(
        &mut self,
        head: &CommitSha,
        notes: &[LineNote],
        fixed: &[FixedNote],
    ) -> Result<(), ForgeError> {
        if notes.is_empty() && fixed.is_empty() {
            return Ok(());
        }
        let number = self.number()?;
        let existing = if self.had_summary {
            self.publisher.reader.review_comments(self.repo, number).await?
        } else {
            Vec::new()
        };
        self.mark_fixed(number, &existing, fixed).await?;
        // A note whose words have changed is rewritten.
        for note in notes {
            if let Some(comment) = find(&existing, note)
                && normalised(comment.body.expose()) != normalised(&note.body)
            {
                let writer = &self.publisher.writer;
                writer.update_review_comment(self.repo, comment.id, &note.body).await?;
            }
        }
        let standing = |note: &&LineNote| find(&existing, note).is_some();
        self.published.noted =
            notes.iter().filter(standing).map(|note| note.fingerprint.clone()).collect();
        let new: Vec<&LineNote> =
            notes.iter().filter(|note| !standing(note)).take(MAX_LINE_NOTES).collect();
        if new.is_empty() {
            return Ok(());
        }
        let review: Vec<ReviewNote> = new.iter().map(|note| review_note(note)).collect();
        match self.publisher.writer.create_review(self.repo, number, head, None, &review).await {
            Ok(()) => {
                let fingerprints = new.iter().map(|note| note.fingerprint.clone());
                self.published.noted.extend(fingerprints);
                Ok(())
            }
            // One line that GitHub does not accept refuses the whole review. Everything is in the
            // summary as well, so nothing is lost.
            Err(ForgeError::Invalid(why)) => {
                tracing::warn!(event = "line_notes_refused", why);
                self.published.notes_refused = true;
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    async fn mark_fixed(
        &self,
        number: Number,
        existing: &[ReviewComment],
        fixed: &[FixedNote],
    ) -> Result<(), ForgeError> {
        let closing: Vec<(&ReviewComment, &FixedNote)> = fixed
            .iter()
            .flat_map(|note| {
                let start = note_marker_start(&note.fingerprint);
                let of_it = move |comment: &&ReviewComment| {
                    comment.ours && comment.body.expose().contains(&start)
                };
                existing.iter().filter(of_it).map(move |comment| (comment, note))
            })
            .collect();
        if closing.is_empty() {
            return Ok(());
        }
        let threads: Vec<CommentId> = closing.iter().map(|(comment, _)| comment.id).collect();
        let writer = &self.publisher.writer;
        match writer.resolve_threads(self.repo, number, &threads).await {
            Ok(()) => return Ok(()),
            Err(error @ (ForgeError::RateLimited { .. } | ForgeError::Transient(_))) => {
                return Err(error);
            }
            Err(error) => tracing::warn!(event = "threads_not_resolved", %error),
        }
        // Without the right to resolve, the notes themselves say it.
        for (comment, note) in closing {
            if normalised(comment.body.expose()) != normalised(&note.body) {
                writer.update_review_comment(self.repo, comment.id, &note.body).await?;
            }
        }
        Ok(())
    }

    async fn label(&self, all: &[String], present: Option<&str>) -> Result<(), ForgeError> {
        let number = self.number()?;
        let has = |label: &str| self.known.labels.iter().any(|l| l.eq_ignore_ascii_case(label));
        for label in all.iter().filter(|label| Some(label.as_str()) != present && has(label)) {
            match self.publisher.writer.remove_label(self.repo, number, label).await {
                Ok(()) | Err(ForgeError::NotFound(_)) => {}
                Err(error) => return Err(error),
            }
        }
        match present {
            Some(label) if !has(label) => {
                self.publisher.writer.add_label(self.repo, number, label).await
            }
            _ => Ok(()),
        }
    }
}

/// The last gate: whatever a repository, a file or a model got into a text, no secret leaves.
fn without_secrets(publication: Publication) -> Publication {
    let clean = |text: String| redact_secrets(&text).into_owned();
    match publication {
        Publication::Comment { purpose, body } => {
            Publication::Comment { purpose, body: clean(body) }
        }
        Publication::Check(run) => Publication::Check(CheckRun {
            title: clean(run.title),
            summary: clean(run.summary),
            text: run.text.map(clean),
            annotations: run
                .annotations
                .into_iter()
                .map(|note| Annotation {
                    message: clean(note.message),
                    raw_details: note.raw_details.map(clean),
                    ..note
                })
                .collect(),
            ..run
        }),
        Publication::LineNotes { head, notes, fixed } => Publication::LineNotes {
            head,
            notes: notes.into_iter().map(|n| LineNote { body: clean(n.body), ..n }).collect(),
            fixed: fixed.into_iter().map(|n| FixedNote { body: clean(n.body), ..n }).collect(),
        },
        other => other,
    }
}

fn find<'a>(existing: &'a [ReviewComment], note: &LineNote) -> Option<&'a ReviewComment> {
    let marker = note.body.lines().next().unwrap_or_default();
    existing.iter().find(|comment| comment.ours && comment.body.expose().starts_with(marker))
}

fn review_note(note: &LineNote) -> ReviewNote {
    ReviewNote {
        path: note.path.clone(),
        side: note.side,
        lines: note.lines,
        body: note.body.clone(),
    }
}

fn write(run: &CheckRun, external_id: &str, annotations: &[Annotation]) -> CheckRunWrite {
    CheckRunWrite {
        name: run.name.clone(),
        head: run.head.clone(),
        external_id: external_id.to_owned(),
        conclusion: run.conclusion,
        title: run.title.clone(),
        summary: run.summary.clone(),
        text: run.text.clone(),
        annotations: annotations.to_vec(),
        actions: run.actions.clone(),
    }
}

/// `<digest of the annotations>:<digest of everything>`: tells what a run on GitHub shows.
fn external_id(run: &CheckRun) -> String {
    let short = |text: String| {
        let digest = Sha256::digest(text.as_bytes());
        hex::encode(digest.get(..8).unwrap_or_default())
    };
    let annotations = short(format!("{:?}", run.annotations));
    let everything = short(format!(
        "{} {:?} {} {} {:?} {:?}",
        run.name, run.conclusion, run.title, run.summary, run.text, run.actions
    ));
    format!("{annotations}:{everything}")
}

fn same_annotations(one: &str, other: &str) -> bool {
    one.split_once(':').map(|(annotations, _)| annotations)
        == other.split_once(':').map(|(annotations, _)| annotations)
}

/// GitHub stores bodies with `\r\n` or `\n` and without trailing white space.
fn normalised(body: &str) -> String {
    body.replace("\r\n", "\n").trim_end().to_owned()
}

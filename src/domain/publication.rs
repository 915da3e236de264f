//! How the outside should look. The publisher makes it so with the fewest calls; running it again
//! changes nothing.

use serde::{Deserialize, Serialize};

use super::diff::{LineRange, Side};
use super::finding::Fingerprint;
use super::ids::{CommentId, CommitSha};
use super::path::RepoPath;

/// GitHub refuses longer comment, issue and review bodies (characters).
pub const MAX_COMMENT_CHARS: usize = 65_536;
/// GitHub refuses longer check run summaries and texts (characters).
pub const MAX_CHECK_TEXT_CHARS: usize = 65_535;
/// Annotations in one check run request; further ones are appended by updates.
pub const MAX_ANNOTATIONS_PER_REQUEST: usize = 50;
/// Line notes in one review.
pub const MAX_LINE_NOTES: usize = 30;
/// Buttons on one check run.
pub const MAX_CHECK_ACTIONS: usize = 3;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Publication {
    /// The one comment for a purpose, edited in place. The body carries its marker.
    Comment {
        purpose: CommentPurpose,
        body: String,
    },
    Check(CheckRun),
    LineNotes {
        head: CommitSha,
        /// Notes that should be there. Those already there (same fingerprint) are left alone.
        notes: Vec<LineNote>,
        /// Notes whose finding is fixed: their threads are resolved.
        fixed: Vec<FixedNote>,
    },
    /// Exactly one of `all` is on the pull request, or none. Other labels are never touched.
    StateLabel {
        all: Vec<String>,
        present: Option<String>,
    },
    Reaction {
        comment: CommentId,
        content: Reaction,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommentPurpose {
    /// The review summary.
    Review,
    /// The plan of an issue.
    Plan,
    /// What was written for a plan, where no branch could be written.
    PlanDiff,
    /// The answer to one command comment.
    Answer(CommentId),
}

impl CommentPurpose {
    /// The hidden marker that the body starts with. A marker alone proves nothing: the publisher
    /// also checks the author.
    pub fn marker(&self) -> String {
        match self {
            Self::Review => "<!-- backend-team:review -->".to_owned(),
            Self::Plan => "<!-- backend-team:plan -->".to_owned(),
            Self::PlanDiff => "<!-- backend-team:plan-diff -->".to_owned(),
            Self::Answer(comment) => format!("<!-- backend-team:answer:{comment} -->"),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reaction {
    Eyes,
    ThumbsUp,
    Confused,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Conclusion {
    Success,
    Failure,
    Neutral,
    Skipped,
    Cancelled,
    ActionRequired,
}

/// A check run as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckRun {
    pub name: String,
    pub head: CommitSha,
    /// Ours, to find it again: changes when the content changes.
    pub external_id: String,
    /// `None` while in progress.
    pub conclusion: Option<Conclusion>,
    pub title: String,
    pub summary: String,
    pub text: Option<String>,
    pub annotations: Vec<Annotation>,
    pub actions: Vec<CheckAction>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckAction {
    /// At most 20 characters.
    pub label: String,
    /// At most 40 characters.
    pub description: String,
    /// At most 20 characters.
    pub identifier: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnnotationLevel {
    Notice,
    Warning,
    Failure,
}

/// A note in the "Files changed" view, attached to a check run. Head side only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Annotation {
    pub path: RepoPath,
    pub lines: LineRange,
    pub level: AnnotationLevel,
    pub title: String,
    pub message: String,
    pub raw_details: Option<String>,
}

/// A comment on lines of the diff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineNote {
    pub fingerprint: Fingerprint,
    pub path: RepoPath,
    pub side: Side,
    pub lines: LineRange,
    /// Its first line is the marker of [`note_marker`].
    pub body: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FixedNote {
    pub fingerprint: Fingerprint,
    /// The note's text from now on (with its marker), where its thread cannot be resolved.
    pub body: String,
}

/// The hidden marker of a line note. A finding that was fixed and came back gets a new note, in a
/// thread of its own: `again` is the head at which it came back.
pub fn note_marker(fingerprint: &Fingerprint, again: Option<&CommitSha>) -> String {
    match again {
        None => format!("{}-->", note_marker_start(fingerprint)),
        Some(head) => format!("{}again:{} -->", note_marker_start(fingerprint), head.short()),
    }
}

/// How the markers of all notes for a finding start.
pub fn note_marker_start(fingerprint: &Fingerprint) -> String {
    format!("<!-- backend-team:note:{fingerprint} ")
}

//! A change under review: the difference between a merge base and a head.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::diff::{Hunk, LineRange, Side};
use super::ids::{CommitSha, Number, RepoId, RepoSlug};
use super::path::RepoPath;
use super::text::Untrusted;

/// What is being reviewed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A pull request.
    Pull { number: Number, author: String, from_fork: bool, labels: Vec<String> },
    /// A range of commits in a local repository.
    Range,
}

/// The change, loaded: its files against the merge base.
#[derive(Debug, Clone)]
pub struct Change {
    pub repo: Option<(RepoId, RepoSlug)>,
    pub subject: Subject,
    /// The commit that policy and instructions are read from (tip of the base branch).
    pub base: CommitSha,
    /// The commit that files are compared with.
    pub merge_base: CommitSha,
    pub head: CommitSha,
    pub title: Untrusted<String>,
    pub body: Untrusted<String>,
    pub files: Vec<FileChange>,
    /// What could not be looked at, in the order met. Shown to people as "not checked".
    pub omissions: Vec<Omission>,
}

/// Something about the change that was not looked at, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Omission {
    /// `None` when it concerns the whole change.
    pub path: Option<RepoPath>,
    /// A clause that completes "not checked: …".
    pub reason: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangeKind {
    Added,
    Modified,
    Deleted,
    /// The path before; content may differ too.
    Renamed {
        from: RepoPath,
    },
}

/// One version of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    Text(Text),
    /// Has a NUL byte or is not UTF-8 (`size` in bytes).
    Binary {
        size: u64,
    },
    /// A Git LFS pointer; the real size in bytes is what the pointer says.
    LfsPointer {
        size: u64,
    },
    /// Target of the link, as stored.
    Symlink {
        target: String,
    },
    Submodule {
        commit: String,
    },
    /// Over the limit for one file or for the whole change.
    TooLarge {
        size: u64,
    },
}

impl Content {
    pub fn text(&self) -> Option<&Text> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// UTF-8 text with an index of its lines. Cheap to clone.
#[derive(Clone)]
pub struct Text {
    source: Arc<str>,
    /// Byte offset at which each line starts.
    starts: Arc<[u32]>,
}

impl Text {
    /// Text longer than 4 GiB is cut by the loader long before it gets here.
    pub fn new(source: impl Into<Arc<str>>) -> Self {
        let source = source.into();
        let mut starts = vec![0];
        starts.extend(
            source
                .bytes()
                .enumerate()
                .filter(|(_, byte)| *byte == b'\n')
                .filter_map(|(at, _)| u32::try_from(at + 1).ok()),
        );
        if source.is_empty() || source.ends_with('\n') {
            starts.pop();
        }
        Self { source, starts: starts.into() }
    }

    pub fn as_str(&self) -> &str {
        &self.source
    }

    /// Number of lines; a final line break does not start another line.
    pub fn line_count(&self) -> u32 {
        u32::try_from(self.starts.len()).unwrap_or(u32::MAX)
    }

    /// Line `number`, counted from 1, without its line break.
    pub fn line(&self, number: u32) -> Option<&str> {
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        let start = *self.starts.get(index)? as usize;
        let end = self.starts.get(index + 1).map_or(self.source.len(), |next| *next as usize);
        Some(self.source.get(start..end)?.trim_end_matches(['\n', '\r']))
    }

    /// The line, counted from 1, that holds byte `offset`; the last line for offsets past the end.
    pub fn line_at(&self, offset: usize) -> u32 {
        let after = self.starts.partition_point(|start| *start as usize <= offset);
        u32::try_from(after.max(1)).unwrap_or(u32::MAX)
    }

    /// The lines that bytes `start..end` touch. An empty range gives the line it stands in.
    pub fn lines_of(&self, start: usize, end: usize) -> LineRange {
        let first = self.line_at(start);
        let last = self.line_at(end.saturating_sub(1).max(start));
        LineRange::new(first, last.max(first)).unwrap_or(LineRange::line(first))
    }

    /// The text of `lines`, joined by `\n`; `None` if a line does not exist.
    pub fn slice(&self, lines: LineRange) -> Option<String> {
        let all: Option<Vec<&str>> = (lines.start()..=lines.end()).map(|n| self.line(n)).collect();
        Some(all?.join("\n"))
    }

    /// Lines with their numbers, counted from 1.
    pub fn lines(&self) -> impl Iterator<Item = (u32, &str)> {
        (1..=self.line_count()).filter_map(|number| Some((number, self.line(number)?)))
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}
impl Eq for Text {}

impl std::fmt::Debug for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Text({} bytes)", self.source.len())
    }
}

/// One changed file.
#[derive(Debug, Clone)]
pub struct FileChange {
    /// The path at head; for a deleted file, the path it had.
    pub path: RepoPath,
    pub kind: ChangeKind,
    /// Unix mode at each side, as git stores it (0o100644, 0o100755, 0o120000, 0o160000).
    pub base_mode: Option<u32>,
    pub head_mode: Option<u32>,
    pub base: Option<Content>,
    pub head: Option<Content>,
    pub hunks: Vec<Hunk>,
    /// Generated, vendored or a lock file: listed, but not counted towards size limits.
    pub derived: bool,
}

impl FileChange {
    /// The path on that side.
    pub fn path_on(&self, side: Side) -> &RepoPath {
        match (&self.kind, side) {
            (ChangeKind::Renamed { from }, Side::Base) => from,
            _ => &self.path,
        }
    }

    pub fn content(&self, side: Side) -> Option<&Content> {
        match side {
            Side::Base => self.base.as_ref(),
            Side::Head => self.head.as_ref(),
        }
    }

    /// The text on that side, if the file exists there and is text within the limits.
    pub fn text(&self, side: Side) -> Option<&Text> {
        self.content(side)?.text()
    }

    pub fn head_text(&self) -> Option<&Text> {
        self.text(Side::Head)
    }

    pub fn base_text(&self) -> Option<&Text> {
        self.text(Side::Base)
    }

    pub fn is_deleted(&self) -> bool {
        self.kind == ChangeKind::Deleted
    }

    pub fn is_added(&self) -> bool {
        self.kind == ChangeKind::Added
    }

    /// Head line numbers that this change added or rewrote, ascending.
    pub fn added_lines(&self) -> impl Iterator<Item = u32> {
        self.hunks.iter().flat_map(|hunk| hunk.added.iter().copied())
    }

    /// Base line numbers that this change removed or rewrote, ascending.
    pub fn removed_lines(&self) -> impl Iterator<Item = u32> {
        self.hunks.iter().flat_map(|hunk| hunk.removed.iter().copied())
    }

    /// Whether any line of `lines` was added by this change.
    pub fn adds_any(&self, lines: LineRange) -> bool {
        self.added_lines().any(|line| lines.contains(line))
    }

    /// Whether any line of `lines` (base side) was removed by this change.
    pub fn removes_any(&self, lines: LineRange) -> bool {
        self.removed_lines().any(|line| lines.contains(line))
    }

    /// Whether the diff that GitHub shows contains the line.
    pub fn diff_shows(&self, side: Side, line: u32) -> bool {
        self.hunks.iter().any(|hunk| hunk.shows(side, line))
    }

    /// A place in this file; `None` when the lines do not exist on that side.
    pub fn anchor(&self, side: Side, lines: LineRange) -> Option<Anchor> {
        let text = self.text(side)?;
        let exists = lines.end() <= text.line_count().max(1);
        exists.then(|| Anchor {
            path: self.path_on(side).clone(),
            head_path: self.path.clone(),
            side,
            lines: Some(lines),
        })
    }

    /// The file as a whole (binary files, deleted files, or where no line is to blame).
    pub fn anchor_file(&self) -> Anchor {
        let side = if self.is_deleted() { Side::Base } else { Side::Head };
        Anchor { path: self.path_on(side).clone(), head_path: self.path.clone(), side, lines: None }
    }
}

/// A place in the change. Can be made only from a [`FileChange`] (or a [`SourceFile`] read at
/// the same commit), so it always exists.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Anchor {
    path: RepoPath,
    head_path: RepoPath,
    side: Side,
    lines: Option<LineRange>,
}

impl Anchor {
    pub fn path(&self) -> &RepoPath {
        &self.path
    }

    /// The path that the file has at head (follows renames), used to find its [`FileChange`].
    pub fn head_path(&self) -> &RepoPath {
        &self.head_path
    }

    pub fn side(&self) -> Side {
        self.side
    }

    /// `None` means the file as a whole.
    pub fn lines(&self) -> Option<LineRange> {
        self.lines
    }
}

/// A file that the change does not touch, read because a rule asked for it.
#[derive(Debug, Clone)]
pub struct SourceFile {
    pub path: RepoPath,
    pub side: Side,
    pub text: Text,
}

impl SourceFile {
    pub fn anchor(&self, lines: LineRange) -> Option<Anchor> {
        (lines.end() <= self.text.line_count().max(1)).then(|| Anchor {
            path: self.path.clone(),
            head_path: self.path.clone(),
            side: self.side,
            lines: Some(lines),
        })
    }
}

impl Change {
    /// The changed file with that path at head.
    pub fn file(&self, path: &RepoPath) -> Option<&FileChange> {
        self.files.iter().find(|file| file.path == *path)
    }

    /// The pull request number, if this is a pull request.
    pub fn number(&self) -> Option<Number> {
        match self.subject {
            Subject::Pull { number, .. } => Some(number),
            Subject::Range => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_as_editors_do() {
        let text = Text::new("a\nbb\r\n\nccc");
        assert_eq!(text.line_count(), 4);
        assert_eq!(text.line(2), Some("bb"));
        assert_eq!(text.line(3), Some(""));
        assert_eq!(text.line(4), Some("ccc"));
        assert_eq!(text.line(5), None);
        assert_eq!(text.line_at(0), 1);
        assert_eq!(text.line_at(2), 2);
        assert_eq!(text.line_at(999), 4);
        assert_eq!(Text::new("").line_count(), 0);
        assert_eq!(Text::new("a\n").line_count(), 1);
    }

    #[test]
    fn lines_of_bytes() {
        let text = Text::new("ab\ncd\nef\n");
        assert_eq!(text.lines_of(0, 5).to_string(), "1-2");
        assert_eq!(text.lines_of(3, 3).to_string(), "2");
        assert_eq!(text.lines_of(0, 3).to_string(), "1");
    }
}

//! Making a [`Change`] from texts: for re-checking a fixed file, and for tests.

use similar::{DiffOp, TextDiff};

use super::change::{Change, ChangeKind, Content, FileChange, Subject, Text};
use super::diff::Hunk;
use super::ids::CommitSha;
use super::path::RepoPath;
use super::text::Untrusted;

/// Lines of context around a change, as GitHub shows them.
pub const CONTEXT_LINES: usize = 3;

/// The hunks between two texts, with [`CONTEXT_LINES`] lines of context.
pub fn hunks_between(base: &str, head: &str) -> Vec<Hunk> {
    // As git and [`Text`] count lines: a carriage return alone ends none.
    let lines = |text| str::split_inclusive(text, '\n').collect::<Vec<&str>>();
    let (base, head) = (lines(base), lines(head));
    let diff = TextDiff::from_slices(&base, &head);
    diff.grouped_ops(CONTEXT_LINES).iter().map(|ops| hunk(ops)).collect()
}

fn hunk(ops: &[DiffOp]) -> Hunk {
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let mut hunk = Hunk {
        base_start: 0,
        base_lines: 0,
        head_start: 0,
        head_lines: 0,
        removed: Vec::new(),
        added: Vec::new(),
    };
    for op in ops {
        let (base, head) = (op.old_range(), op.new_range());
        if hunk.base_lines == 0 && !base.is_empty() {
            hunk.base_start = number(base.start + 1);
        }
        if hunk.head_lines == 0 && !head.is_empty() {
            hunk.head_start = number(head.start + 1);
        }
        hunk.base_lines += number(base.len());
        hunk.head_lines += number(head.len());
        if !matches!(op, DiffOp::Equal { .. }) {
            hunk.removed.extend(base.map(|line| number(line + 1)));
            hunk.added.extend(head.map(|line| number(line + 1)));
        }
    }
    hunk
}

/// One file from its text at each side; `None` means that the file is not there.
pub fn file_change(path: RepoPath, base: Option<&str>, head: Option<&str>) -> FileChange {
    let mode = |side: Option<&str>| side.map(|_| 0o100_644);
    FileChange {
        path,
        kind: match (base, head) {
            (None, _) => ChangeKind::Added,
            (Some(_), None) => ChangeKind::Deleted,
            _ => ChangeKind::Modified,
        },
        base_mode: mode(base),
        head_mode: mode(head),
        hunks: hunks_between(base.unwrap_or(""), head.unwrap_or("")),
        base: base.map(|text| Content::Text(Text::new(text))),
        head: head.map(|text| Content::Text(Text::new(text))),
        derived: false,
    }
}

/// A change of these files between two made-up commits.
pub fn change(files: Vec<FileChange>) -> Change {
    let base = CommitSha::made_up('b');
    Change {
        repo: None,
        subject: Subject::Range,
        merge_base: base.clone(),
        base,
        head: CommitSha::made_up('a'),
        title: Untrusted::default(),
        body: Untrusted::default(),
        files,
        omissions: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::diff::Side;

    #[test]
    fn a_carriage_return_alone_ends_no_line() {
        let path = RepoPath::new("a.sql").unwrap();
        let file = file_change(path, Some("a\n"), Some("a\nb\rc\rd"));
        assert_eq!(file.hunks[0].added, [2]);
        assert_eq!(file.text(Side::Head).unwrap().line_count(), 2);
    }
}

//! The change of a pull request as GitHub shows it: merge base to head, three lines of context.

use git2::{Delta, DiffOptions, Oid, Patch};

use super::StandinError;
use super::git_store::GitStore;

/// One hunk: the line numbers that a review comment may name.
#[derive(Debug, Clone, Default)]
pub(super) struct Hunk {
    pub text: String,
    /// Line numbers before the change.
    pub left: Vec<u64>,
    /// Line numbers after the change.
    pub right: Vec<u64>,
}

#[derive(Debug, Clone)]
pub(super) struct DiffFile {
    pub path: String,
    pub previous: Option<String>,
    pub status: &'static str,
    pub blob: String,
    pub additions: usize,
    pub deletions: usize,
    /// Empty for binary files.
    pub hunks: Vec<Hunk>,
}

impl DiffFile {
    /// The hunks' text as the REST interface gives it; `None` for a binary or unchanged content.
    pub fn patch(&self) -> Option<String> {
        let texts: Vec<&str> =
            self.hunks.iter().map(|hunk| hunk.text.trim_end_matches('\n')).collect();
        (!texts.is_empty()).then(|| texts.join("\n"))
    }

    /// Position of the hunk that holds this line.
    pub fn hunk_of(&self, side: &str, line: u64) -> Option<usize> {
        self.hunks.iter().position(|hunk| {
            if side == "LEFT" { hunk.left.contains(&line) } else { hunk.right.contains(&line) }
        })
    }
}

/// Files changed between the merge base of `base` and `head`, and `head`.
pub(super) fn pull_files(
    store: &GitStore,
    base: &str,
    head: &str,
) -> Result<Vec<DiffFile>, StandinError> {
    let repository = store.open_objects()?;
    let (base, head) = (Oid::from_str(base)?, Oid::from_str(head)?);
    let before = match repository.merge_base(base, head) {
        Ok(id) => Some(repository.find_commit(id)?.tree()?),
        Err(error) if error.code() == git2::ErrorCode::NotFound => None,
        Err(error) => return Err(error.into()),
    };
    let after = repository.find_commit(head)?.tree()?;
    let mut options = DiffOptions::new();
    options.context_lines(3);
    let mut diff =
        repository.diff_tree_to_tree(before.as_ref(), Some(&after), Some(&mut options))?;
    diff.find_similar(None)?;
    let mut files = Vec::new();
    for index in 0..diff.deltas().len() {
        if let Some(file) = diff_file(&diff, index)? {
            files.push(file);
        }
    }
    Ok(files)
}

fn diff_file(diff: &git2::Diff<'_>, index: usize) -> Result<Option<DiffFile>, StandinError> {
    let Some(delta) = diff.get_delta(index) else { return Ok(None) };
    let name = |file: &git2::DiffFile<'_>| {
        file.path_bytes().map(|bytes| String::from_utf8_lossy(bytes).into_owned())
    };
    let (old, new) = (delta.old_file(), delta.new_file());
    let path = name(&new).or_else(|| name(&old)).unwrap_or_default();
    let (status, previous) = match delta.status() {
        Delta::Added => ("added", None),
        Delta::Deleted => ("removed", None),
        Delta::Renamed => ("renamed", name(&old)),
        Delta::Copied => ("copied", name(&old)),
        Delta::Typechange => ("changed", None),
        _ => ("modified", None),
    };
    let blob = if status == "removed" { old.id() } else { new.id() }.to_string();
    let mut file =
        DiffFile { path, previous, status, blob, additions: 0, deletions: 0, hunks: Vec::new() };
    if let Some(patch) = Patch::from_diff(diff, index)? {
        read_hunks(&patch, &mut file)?;
    }
    Ok(Some(file))
}

fn read_hunks(patch: &Patch<'_>, file: &mut DiffFile) -> Result<(), StandinError> {
    for number in 0..patch.num_hunks() {
        let (header, lines) = patch.hunk(number)?;
        let mut hunk =
            Hunk { text: String::from_utf8_lossy(header.header()).into_owned(), ..Hunk::default() };
        for position in 0..lines {
            let line = patch.line_in_hunk(number, position)?;
            let origin = line.origin();
            match origin {
                '+' => file.additions += 1,
                '-' => file.deletions += 1,
                ' ' => {}
                // The note that a file ends without a newline: text only.
                _ => {
                    hunk.text.push_str("\\ No newline at end of file\n");
                    continue;
                }
            }
            hunk.left.extend(line.old_lineno().map(u64::from));
            hunk.right.extend(line.new_lineno().map(u64::from));
            hunk.text.push(origin);
            hunk.text.push_str(&String::from_utf8_lossy(line.content()));
            if !hunk.text.ends_with('\n') {
                hunk.text.push('\n');
            }
        }
        file.hunks.push(hunk);
    }
    Ok(())
}

//! The difference between merge base and head.

use std::collections::{BTreeMap, HashSet};

use git2::{Delta, Diff, DiffDelta, DiffFindOptions, DiffOptions, Odb, Oid, Repository, Tree};

use super::content::{self, Budget, Loaded, MODE_SUBMODULE};
use super::derived::{self, Attributes};
use super::hunks::hunks;
use super::local::{internal, oid};
use super::options::Limits;
use crate::domain::change::{Change, ChangeKind, Content, FileChange, Omission};
use crate::domain::path::RepoPath;
use crate::ports::source::{ChangeHead, Fetched, SourceError};

/// Sources compared with one added file when renames are looked for.
const RENAME_LIMIT: usize = 100;
/// Above this, two files are compared for a rename only if their ids are equal: libgit2 would
/// hold both in memory.
const MAX_RENAME_BYTES: usize = 16 * 1024 * 1024;
/// Tree entries that may differ before a change is not looked at. A tree can name the same subtree
/// many times over, so a few kilobytes can stand for more files than any memory holds.
const MAX_DIFFERENCES: usize = 200_000;
/// Differing paths that are named to libgit2; beyond, its linear search for them costs more than
/// reading the trees.
const MAX_GIVEN_PATHS: usize = 1_000;
const ATTRIBUTES_FILE: &str = ".gitattributes";

/// Loads the change within the limits.
pub(super) fn load(
    repository: &Repository,
    fetched: &Fetched,
    head: ChangeHead,
    limits: &Limits,
) -> Result<Change, SourceError> {
    let from = fetched.merge_base.as_ref().unwrap_or(&fetched.base);
    let trees = Trees::open(repository, oid(from)?, oid(&fetched.head)?)
        .map_err(|error| internal(&error))?;
    let mut loader = Loader::new(repository, &trees, limits).map_err(|error| internal(&error))?;
    loader.load(&trees).map_err(|error| internal(&error))?;
    Ok(Change {
        repo: head.repo,
        subject: head.subject,
        base: fetched.base.clone(),
        merge_base: from.clone(),
        head: fetched.head.clone(),
        title: head.title,
        body: head.body,
        files: loader.files,
        omissions: loader.omissions,
    })
}

/// The blobs that [`load`] will read and that are not there yet, at most `max_change_blobs`.
pub(super) fn missing_blobs(
    repository: &Repository,
    from: Oid,
    to: Oid,
    limits: &Limits,
) -> Result<Vec<Oid>, git2::Error> {
    let trees = Trees::open(repository, from, to)?;
    let odb = repository.odb()?;
    let Some(paths) = trees.differing(repository, MAX_DIFFERENCES)? else {
        return Ok(Vec::new());
    };
    let diff = trees.diff(repository, &paths)?;
    let attributes = trees.from.get_name(ATTRIBUTES_FILE).map(|entry| entry.id());
    let chosen = chosen(&diff, limits.max_files);
    let sides = chosen.into_iter().filter_map(|at| diff.get_delta(at)).flat_map(|delta| {
        [delta.old_file(), delta.new_file()]
            .into_iter()
            .filter(|side| side.exists() && u32::from(side.mode()) != MODE_SUBMODULE)
            .map(|side| side.id())
            .collect::<Vec<_>>()
    });
    let mut seen = HashSet::new();
    let missing = attributes
        .into_iter()
        .chain(sides)
        .filter(|id| !id.is_zero() && seen.insert(*id) && !content::present(&odb, *id));
    Ok(missing.take(limits.max_change_blobs).collect())
}

struct Trees<'a> {
    from: Tree<'a>,
    to: Tree<'a>,
}

impl<'a> Trees<'a> {
    fn open(repository: &'a Repository, from: Oid, to: Oid) -> Result<Self, git2::Error> {
        Ok(Self {
            from: repository.find_commit(from)?.tree()?,
            to: repository.find_commit(to)?.tree()?,
        })
    }

    /// `paths` are those that differ. libgit2 would read every directory of both trees to find
    /// them by itself, which in a large repository takes longer than all the rest of a review.
    fn diff(&self, repository: &'a Repository, paths: &[Vec<u8>]) -> Result<Diff<'a>, git2::Error> {
        let mut options = DiffOptions::new();
        options.include_typechange(true).skip_binary_check(true);
        // No path at all would stand for every path; then the trees are equal.
        if (1..=MAX_GIVEN_PATHS).contains(&paths.len()) {
            options.disable_pathspec_match(true);
            for path in paths {
                options.pathspec(path.as_slice());
            }
        }
        repository.diff_tree_to_tree(Some(&self.from), Some(&self.to), Some(&mut options))
    }

    /// The paths that differ, `None` if more entries (directories included) than `limit` do. A
    /// directory stands for all below it if it is new or gone.
    fn differing(
        &self,
        repository: &Repository,
        limit: usize,
    ) -> Result<Option<Vec<Vec<u8>>>, git2::Error> {
        let mut count = 0;
        let mut paths = Vec::new();
        let mut open = vec![(Some(self.from.id()), Some(self.to.id()), Some(Vec::new()))];
        while let Some((from, to, directory)) = open.pop() {
            let from = from.map(|id| repository.find_tree(id)).transpose()?;
            let to = to.map(|id| repository.find_tree(id)).transpose()?;
            for (name, entries) in differing(from.as_ref(), to.as_ref()) {
                count += 1;
                if count > limit {
                    return Ok(None);
                }
                let path =
                    directory.as_ref().map(|directory| [directory.as_slice(), &name].concat());
                match (entries.only_trees(), path) {
                    (Some((from, to)), Some(path)) => {
                        open.push((Some(from), Some(to), Some([path.as_slice(), b"/"].concat())));
                        continue;
                    }
                    (_, path) => paths.extend(path),
                }
                // Below, it is only counted.
                let subtrees = |side: Vec<Entry>| side.into_iter().filter_map(Entry::tree);
                open.extend(subtrees(entries.from).map(|tree| (Some(tree), None, None)));
                open.extend(subtrees(entries.to).map(|tree| (None, Some(tree), None)));
            }
        }
        Ok(Some(paths))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    id: Oid,
    mode: i32,
    is_tree: bool,
}

impl Entry {
    fn tree(self) -> Option<Oid> {
        self.is_tree.then_some(self.id)
    }
}

/// The entries of one name. A sound tree has each name once; others are not worth a short cut.
#[derive(Debug, Default)]
struct Entries {
    from: Vec<Entry>,
    to: Vec<Entry>,
}

impl Entries {
    /// The trees if there is exactly one on each side and nothing else.
    fn only_trees(&self) -> Option<(Oid, Oid)> {
        match (self.from.as_slice(), self.to.as_slice()) {
            ([from], [to]) => from.tree().zip(to.tree()),
            _ => None,
        }
    }
}

/// The names whose entries differ.
fn differing(
    from: Option<&Tree<'_>>,
    to: Option<&Tree<'_>>,
) -> impl Iterator<Item = (Vec<u8>, Entries)> {
    let entry = |entry: &git2::TreeEntry<'_>| Entry {
        id: entry.id(),
        mode: entry.filemode(),
        is_tree: entry.kind() == Some(git2::ObjectType::Tree),
    };
    let mut names: BTreeMap<Vec<u8>, Entries> = BTreeMap::new();
    for old in from.iter().flat_map(|tree| tree.iter()) {
        names.entry(old.name_bytes().to_vec()).or_default().from.push(entry(&old));
    }
    for new in to.iter().flat_map(|tree| tree.iter()) {
        names.entry(new.name_bytes().to_vec()).or_default().to.push(entry(&new));
    }
    names.into_iter().filter(|(_, entries)| entries.from != entries.to)
}

/// Which files of a diff are looked at, and in what order: what people wrote comes before what
/// was derived, so that a vendored tree does not use up the limits.
fn chosen(diff: &Diff<'_>, limit: usize) -> Vec<usize> {
    let derived = |delta: &DiffDelta<'_>| {
        let file = match delta.status() {
            Delta::Deleted => delta.old_file(),
            _ => delta.new_file(),
        };
        let path = RepoPath::from_bytes(file.path_bytes().unwrap_or_default());
        path.is_some_and(|path| derived::by_path(&path))
    };
    let mut order: Vec<(bool, usize)> =
        diff.deltas().enumerate().map(|(at, delta)| (derived(&delta), at)).collect();
    order.sort_unstable();
    order.into_iter().take(limit).map(|(_, at)| at).collect()
}

/// Whether similar files can be looked for: all their blobs are there and not huge on both sides.
fn can_compare(diff: &Diff<'_>, odb: &Odb<'_>, limits: &Limits) -> bool {
    if diff.deltas().len() > limits.max_files {
        return false;
    }
    let mut huge_added = false;
    let mut huge_deleted = false;
    for delta in diff.deltas() {
        let (file, huge) = match delta.status() {
            Delta::Added => (delta.new_file(), &mut huge_added),
            Delta::Deleted => (delta.old_file(), &mut huge_deleted),
            _ => continue,
        };
        if u32::from(file.mode()) == MODE_SUBMODULE {
            continue;
        }
        if !content::present(odb, file.id()) {
            return false;
        }
        *huge |= odb.read_header(file.id()).map_or(true, |(size, _)| size > MAX_RENAME_BYTES);
    }
    !(huge_added && huge_deleted)
}

struct Loader<'a> {
    repository: &'a Repository,
    odb: Odb<'a>,
    budget: Budget<'a>,
    attributes: Attributes,
    seen: HashSet<RepoPath>,
    files: Vec<FileChange>,
    omissions: Vec<Omission>,
}

impl<'a> Loader<'a> {
    fn new(
        repository: &'a Repository,
        trees: &Trees<'a>,
        limits: &'a Limits,
    ) -> Result<Self, git2::Error> {
        let odb = repository.odb()?;
        let attributes = root_attributes(&odb, &trees.from, limits)?;
        Ok(Self {
            repository,
            odb,
            budget: Budget::new(limits),
            attributes,
            seen: HashSet::new(),
            files: Vec::new(),
            omissions: Vec::new(),
        })
    }

    fn load(&mut self, trees: &Trees<'a>) -> Result<(), git2::Error> {
        let limits = self.budget.limits;
        let Some(paths) = trees.differing(self.repository, MAX_DIFFERENCES)? else {
            let reason = format!("all files, because more than {MAX_DIFFERENCES} differ");
            self.omissions.push(Omission { path: None, reason });
            return Ok(());
        };
        let mut diff = trees.diff(self.repository, &paths)?;
        let mut find = DiffFindOptions::new();
        find.renames(true).rename_limit(RENAME_LIMIT);
        find.exact_match_only(!can_compare(&diff, &self.odb, limits));
        diff.find_similar(Some(&mut find))?;
        let total = diff.deltas().len();
        let mut files = Vec::new();
        for at in chosen(&diff, limits.max_files) {
            if let Some(delta) = diff.get_delta(at) {
                files.extend(self.file(&delta)?.map(|file| (at, file)));
            }
        }
        files.sort_by_key(|(at, _)| *at);
        self.files = files.into_iter().map(|(_, file)| file).collect();
        if let Some(rest) = total.checked_sub(limits.max_files).filter(|rest| *rest > 0) {
            let reason =
                format!("{rest} of {total} files, which is over the limit of {}", limits.max_files);
            self.omissions.push(Omission { path: None, reason });
        }
        Ok(())
    }

    fn file(&mut self, delta: &DiffDelta<'_>) -> Result<Option<FileChange>, git2::Error> {
        let (old, new) = (delta.old_file(), delta.new_file());
        let bytes_at = |deleted: bool| {
            let file = if deleted { &old } else { &new };
            file.path_bytes().unwrap_or_default()
        };
        let deleted = delta.status() == Delta::Deleted;
        let Some(path) = self.usable_path(bytes_at(deleted)) else { return Ok(None) };
        let kind = match delta.status() {
            Delta::Added | Delta::Copied => ChangeKind::Added,
            Delta::Deleted => ChangeKind::Deleted,
            Delta::Renamed => RepoPath::from_bytes(bytes_at(true))
                .map_or(ChangeKind::Added, |from| ChangeKind::Renamed { from }),
            _ => ChangeKind::Modified,
        };
        let base = match kind {
            ChangeKind::Added => None,
            _ => Some(self.side(old.id(), u32::from(old.mode()))?),
        };
        let head = match kind {
            ChangeKind::Deleted => None,
            _ => Some(self.side(new.id(), u32::from(new.mode()))?),
        };
        let (base_mode, base, base_gap) = parts(base, u32::from(old.mode()));
        let (head_mode, head, head_gap) = parts(head, u32::from(new.mode()));
        let hunks = match (as_text(base.as_ref()), as_text(head.as_ref())) {
            (Some(before), Some(after)) => hunks(before, after)?,
            _ => Vec::new(),
        };
        if let Some(reason) = head_gap.or(base_gap).or_else(|| lost_lines(&base, &head)) {
            self.omissions.push(Omission { path: Some(path.clone()), reason });
        }
        let derived = self.derived(&path, head.as_ref().or(base.as_ref()));
        Ok(Some(FileChange { path, kind, base_mode, head_mode, base, head, hunks, derived }))
    }

    /// `None`, with an omission, for a path that cannot be named or was seen before.
    fn usable_path(&mut self, raw: &[u8]) -> Option<RepoPath> {
        let shown = || raw.escape_ascii().to_string();
        let reason = match RepoPath::from_bytes(raw) {
            None => format!("a file whose path is not sound: {}", shown()),
            Some(path) if self.seen.insert(path.clone()) => return Some(path),
            Some(_) => format!("a file whose path cannot be told from another one: {}", shown()),
        };
        self.omissions.push(Omission { path: None, reason });
        None
    }

    fn side(&mut self, id: Oid, mode: u32) -> Result<Loaded, git2::Error> {
        self.budget.load(&self.odb, id, mode)
    }

    fn derived(&self, path: &RepoPath, content: Option<&Content>) -> bool {
        self.attributes.derived(path).unwrap_or_else(|| {
            let text = content.and_then(Content::text);
            derived::by_path(path) || text.is_some_and(|text| derived::by_marker(text.as_str()))
        })
    }
}

fn parts(side: Option<Loaded>, mode: u32) -> (Option<u32>, Option<Content>, Option<String>) {
    side.map_or((None, None, None), |side| (Some(mode), Some(side.content), side.omission))
}

/// The text whose lines count as removed or added. A link or submodule has none, so the text that
/// takes its place is new as a whole.
fn as_text(content: Option<&Content>) -> Option<&str> {
    match content {
        None | Some(Content::Symlink { .. } | Content::Submodule { .. }) => Some(""),
        Some(Content::Text(text)) => Some(text.as_str()),
        Some(_) => None,
    }
}

/// A text whose other version is none: which of its lines changed is unknown.
fn lost_lines(base: &Option<Content>, head: &Option<Content>) -> Option<String> {
    let text_now = matches!(head, Some(Content::Text(_)));
    (text_now && as_text(base.as_ref()).is_none())
        .then(|| "the version before is not text, so its changed lines are unknown".to_owned())
}

fn root_attributes(
    odb: &Odb<'_>,
    tree: &Tree<'_>,
    limits: &Limits,
) -> Result<Attributes, git2::Error> {
    let Some(entry) = tree.get_name(ATTRIBUTES_FILE) else { return Ok(Attributes::default()) };
    let file = entry.filemode() & 0o170_000 == 0o100_000;
    if !file || !content::present(odb, entry.id()) {
        return Ok(Attributes::default());
    }
    if odb.read_header(entry.id())?.0 as u64 > limits.max_text_bytes {
        return Ok(Attributes::default());
    }
    let data = content::read(odb, entry.id())?;
    Ok(Attributes::parse(&String::from_utf8_lossy(&data)))
}

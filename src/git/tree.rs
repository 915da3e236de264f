//! Entries of a commit's tree: looked up, listed, followed through links.

use std::collections::BTreeMap;

use git2::{ObjectType, Odb, Oid, Repository, Tree};

use super::content::{self, MAX_LINK_BYTES, MODE_SYMLINK};
use super::directed::{Directions, Place};
use crate::domain::path::RepoPath;
use crate::ports::source::TreeEntry;

/// Links followed on the way to one file.
const MAX_LINKS: usize = 8;
/// Directories inside one another. Deeper ones are left out: such trees exist only to break tools.
const MAX_DEPTH: usize = 1_000;
/// Bytes of a path; longer ones are left out.
const MAX_PATH_BYTES: usize = 4_096;
/// Entries that one listing of directories returns.
const MAX_LISTED: usize = 50_000;
/// Entries of one commit that `gather` considers.
pub(super) const MAX_ENTRIES: usize = 500_000;

/// A file (or link) of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct File {
    pub path: RepoPath,
    pub mode: u32,
    pub id: Oid,
}

/// The files below a tree in path order, and whether some were left out.
pub(super) struct Walked {
    pub files: Vec<File>,
    pub cut: bool,
}

/// Walks a tree without recursion. `prefix` is the path of the tree, empty for the root.
pub(super) fn walk(
    repository: &Repository,
    tree: Tree<'_>,
    prefix: &str,
    limit: usize,
) -> Result<Walked, git2::Error> {
    walk_along(repository, tree, prefix, limit, &Directions::everywhere())
}

/// Walks only where the directions lead.
pub(super) fn walk_along(
    repository: &Repository,
    tree: Tree<'_>,
    prefix: &str,
    limit: usize,
    directions: &Directions,
) -> Result<Walked, git2::Error> {
    let mut walked = Walked { files: Vec::new(), cut: false };
    let mut open = vec![(tree, prefix.as_bytes().to_vec(), 0, directions.start())];
    while let Some((tree, path, next, place)) = open.pop() {
        let Some(entry) = tree.get(next) else { continue };
        let inside = match entry.kind() {
            Some(ObjectType::Tree) => directions.below(&place, entry.name_bytes()),
            Some(_) if directions.wants(&place, entry.name_bytes()) => Some(Place::Everywhere),
            _ => None,
        };
        let Some(inside) = inside else {
            drop(entry);
            open.push((tree, path, next + 1, place));
            continue;
        };
        let mut below = path.clone();
        if !below.is_empty() {
            below.push(b'/');
        }
        below.extend_from_slice(entry.name_bytes());
        let (id, kind, mode) = (entry.id(), entry.kind(), entry.filemode());
        drop(entry);
        let too_long = below.len() > MAX_PATH_BYTES;
        open.push((tree, path, next + 1, place));
        match kind {
            _ if too_long => walked.cut = true,
            Some(ObjectType::Tree) if open.len() >= MAX_DEPTH => walked.cut = true,
            Some(ObjectType::Tree) => {
                open.push((repository.find_tree(id)?, below, 0, inside));
            }
            Some(ObjectType::Blob) if walked.files.len() >= limit => {
                walked.cut = true;
                break;
            }
            Some(ObjectType::Blob) => match RepoPath::from_bytes(&below) {
                Some(path) => walked.files.push(File { path, mode: mode_of(mode), id }),
                None => walked.cut = true,
            },
            _ => {}
        }
    }
    Ok(walked)
}

fn mode_of(mode: i32) -> u32 {
    u32::try_from(mode).unwrap_or_default()
}

/// Files at or below each of the paths, each once, in path order.
pub(super) fn list(
    repository: &Repository,
    root: &Tree<'_>,
    paths: &[String],
) -> Result<Vec<TreeEntry>, git2::Error> {
    let mut found = BTreeMap::new();
    for text in paths {
        let Some(path) = RepoPath::new(text.trim_end_matches('/')) else { continue };
        let Some((id, kind, mode)) = lookup(repository, root, &path)? else { continue };
        match kind {
            ObjectType::Blob => {
                found.insert(path.clone(), File { path, mode, id });
            }
            ObjectType::Tree => {
                let left = MAX_LISTED.saturating_sub(found.len());
                let below = walk(repository, repository.find_tree(id)?, path.as_str(), left)?;
                found.extend(below.files.into_iter().map(|file| (file.path.clone(), file)));
            }
            _ => {}
        }
    }
    let entry =
        |file: File| TreeEntry { path: file.path, mode: file.mode, object: file.id.to_string() };
    Ok(found.into_values().map(entry).collect())
}

type Entry = (Oid, ObjectType, u32);

/// The entry at a path, links not followed.
fn lookup(
    repository: &Repository,
    root: &Tree<'_>,
    path: &RepoPath,
) -> Result<Option<Entry>, git2::Error> {
    let mut found: Option<Entry> = None;
    for part in path.as_str().split('/') {
        let entry = match found {
            None => child(root, part),
            Some((id, ObjectType::Tree, _)) => child(&repository.find_tree(id)?, part),
            Some(_) => return Ok(None),
        };
        match entry {
            Some(entry) => found = Some(entry),
            None => return Ok(None),
        }
    }
    Ok(found)
}

fn child(tree: &Tree<'_>, name: &str) -> Option<Entry> {
    let entry = tree.get_name(name)?;
    Some((entry.id(), entry.kind()?, mode_of(entry.filemode())))
}

/// Where following a path through links ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Followed {
    File(Oid),
    /// Not a file, outside of the repository, or a loop.
    Nothing,
    /// A link whose content has to be fetched first.
    Missing(Oid),
}

/// The file at a path, following links in its last and in its other parts, at most eight, never
/// out of the tree.
pub(super) fn follow(
    repository: &Repository,
    odb: &Odb<'_>,
    root: &Tree<'_>,
    path: &RepoPath,
) -> Result<Followed, git2::Error> {
    let mut wanted = path.clone();
    for _ in 0..=MAX_LINKS {
        let (link, id, rest) = match first_link(repository, root, &wanted)? {
            Step::End(end) => return Ok(end),
            Step::Link { at, id, rest } => (at, id, rest),
        };
        if !content::present(odb, id) {
            return Ok(Followed::Missing(id));
        }
        let Some(target) = link_target(odb, id)? else { return Ok(Followed::Nothing) };
        // An absolute target names a place on some machine, not in this tree.
        let inside = !target.starts_with('/');
        let joined = inside.then(|| link.resolve(&format!("{target}/{rest}"))).flatten();
        match joined {
            Some(next) => wanted = next,
            None => return Ok(Followed::Nothing),
        }
    }
    Ok(Followed::Nothing)
}

enum Step {
    End(Followed),
    Link { at: RepoPath, id: Oid, rest: String },
}

fn first_link(
    repository: &Repository,
    root: &Tree<'_>,
    path: &RepoPath,
) -> Result<Step, git2::Error> {
    let mut parts = path.as_str().split('/');
    let mut at = String::new();
    let mut entry = None;
    while let Some(part) = parts.next() {
        let found = match entry {
            None => child(root, part),
            Some(id) => child(&repository.find_tree(id)?, part),
        };
        if !at.is_empty() {
            at.push('/');
        }
        at.push_str(part);
        let rest = || parts.clone().collect::<Vec<_>>().join("/");
        match found {
            Some((id, ObjectType::Blob, MODE_SYMLINK)) => {
                return Ok(match RepoPath::new(&at) {
                    Some(at) => Step::Link { at, id, rest: rest() },
                    None => Step::End(Followed::Nothing),
                });
            }
            Some((id, ObjectType::Tree, _)) => entry = Some(id),
            Some((id, ObjectType::Blob, _)) if rest().is_empty() => {
                return Ok(Step::End(Followed::File(id)));
            }
            _ => return Ok(Step::End(Followed::Nothing)),
        }
    }
    Ok(Step::End(Followed::Nothing))
}

fn link_target(odb: &Odb<'_>, id: Oid) -> Result<Option<String>, git2::Error> {
    if odb.read_header(id)?.0 > MAX_LINK_BYTES {
        return Ok(None);
    }
    Ok(String::from_utf8(content::read(odb, id)?).ok())
}

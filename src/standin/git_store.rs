//! The real git repositories behind the stand-in: bare folders that the git program can clone.

use std::path::{Path, PathBuf};

use git2::{Index, IndexEntry, IndexTime, Oid, RepositoryInitOptions, Signature, Time};

use super::StandinError;

/// One change to a file in a commit.
#[derive(Debug, Clone)]
pub enum FileEdit {
    /// Writes a regular file.
    Write {
        path: String,
        content: Vec<u8>,
    },
    /// Writes an executable file.
    WriteExecutable {
        path: String,
        content: Vec<u8>,
    },
    Delete {
        path: String,
    },
    Rename {
        from: String,
        to: String,
    },
    /// Writes a symbolic link; the target is not checked.
    Symlink {
        path: String,
        target: String,
    },
    /// Writes a link to a commit of another repository; the commit need not exist.
    Submodule {
        path: String,
        commit: String,
    },
}

impl FileEdit {
    pub fn write(path: &str, content: impl Into<Vec<u8>>) -> Self {
        Self::Write { path: path.to_owned(), content: content.into() }
    }

    pub fn delete(path: &str) -> Self {
        Self::Delete { path: path.to_owned() }
    }

    pub fn rename(from: &str, to: &str) -> Self {
        Self::Rename { from: from.to_owned(), to: to.to_owned() }
    }
}

/// Folders of a repository. Forks keep their objects in the store of the repository that they were
/// forked from, as GitHub does: the base can then serve a fork's commits as `refs/pull/N/head`.
#[derive(Debug, Clone)]
pub(super) struct GitStore {
    /// The bare repository: its references and its configuration.
    pub folder: PathBuf,
    /// The bare repository that holds the objects.
    objects: PathBuf,
}

pub(super) struct NewCommit<'a> {
    pub parents: &'a [String],
    pub message: &'a str,
    pub author: &'a str,
    /// Seconds since 1970, UTC.
    pub time: i64,
    pub edits: &'a [FileEdit],
}

/// A commit in the terms of the git data interface.
pub(super) struct RawCommit<'a> {
    pub tree: &'a str,
    pub parents: &'a [String],
    pub message: &'a str,
    pub name: &'a str,
    pub email: &'a str,
    /// Seconds since 1970, UTC.
    pub time: i64,
}

const REGULAR: u32 = 0o100_644;
const EXECUTABLE: u32 = 0o100_755;
const SYMLINK: u32 = 0o120_000;
const SUBMODULE: u32 = 0o160_000;

impl GitStore {
    /// Makes an empty bare repository. `network` is the repository that holds a fork's objects.
    pub fn init(
        folder: &Path,
        default_branch: &str,
        network: Option<&Self>,
    ) -> Result<Self, StandinError> {
        let mut options = RepositoryInitOptions::new();
        options.bare(true).external_template(false).initial_head(default_branch);
        let repository = git2::Repository::init_opts(folder, &options)?;
        let mut config = repository.config()?;
        for key in ["uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"] {
            config.set_bool(key, true)?;
        }
        config.set_i32("gc.auto", 0)?;
        let objects = network.map_or_else(|| folder.to_owned(), |store| store.objects.clone());
        if network.is_some() {
            let info = folder.join("objects").join("info");
            std::fs::create_dir_all(&info)?;
            std::fs::write(
                info.join("alternates"),
                format!("{}\n", objects.join("objects").display()),
            )?;
        }
        Ok(Self { folder: folder.to_owned(), objects })
    }

    pub fn open(&self) -> Result<git2::Repository, StandinError> {
        Ok(git2::Repository::open_bare(&self.folder)?)
    }

    pub fn open_objects(&self) -> Result<git2::Repository, StandinError> {
        Ok(git2::Repository::open_bare(&self.objects)?)
    }

    /// Writes a commit on top of the first parent's tree and returns its id. No reference moves.
    pub fn commit(&self, new: &NewCommit<'_>) -> Result<String, StandinError> {
        let repository = self.open_objects()?;
        let mut parents = Vec::new();
        for parent in new.parents {
            parents.push(repository.find_commit(Oid::from_str(parent)?)?);
        }
        let mut index = Index::new()?;
        if let Some(first) = parents.first() {
            index.read_tree(&first.tree()?)?;
        }
        for edit in new.edits {
            apply(&repository, &mut index, edit)?;
        }
        let tree = repository.find_tree(index.write_tree_to(&repository)?)?;
        let address = format!("{}@users.noreply.example", new.author);
        let signature = Signature::new(new.author, &address, &Time::new(new.time, 0))?;
        let parents: Vec<&git2::Commit<'_>> = parents.iter().collect();
        let id = repository.commit(None, &signature, &signature, new.message, &tree, &parents)?;
        Ok(id.to_string())
    }

    /// Writes a tree from another one with these files, and returns its id.
    pub fn write_tree(&self, base: &str, edits: &[FileEdit]) -> Result<String, StandinError> {
        let repository = self.open_objects()?;
        let mut index = Index::new()?;
        index.read_tree(&repository.find_tree(Oid::from_str(base)?)?)?;
        for edit in edits {
            apply(&repository, &mut index, edit)?;
        }
        Ok(index.write_tree_to(&repository)?.to_string())
    }

    /// Writes a commit of a tree that is there. Everything that decides its id is given.
    pub fn write_commit(&self, new: &RawCommit<'_>) -> Result<String, StandinError> {
        let repository = self.open_objects()?;
        let mut parents = Vec::new();
        for parent in new.parents {
            parents.push(repository.find_commit(Oid::from_str(parent)?)?);
        }
        let tree = repository.find_tree(Oid::from_str(new.tree)?)?;
        let signature = Signature::new(new.name, new.email, &Time::new(new.time, 0))?;
        let parents: Vec<&git2::Commit<'_>> = parents.iter().collect();
        let id = repository.commit(None, &signature, &signature, new.message, &tree, &parents)?;
        Ok(id.to_string())
    }

    pub fn branch(&self, name: &str) -> Result<Option<String>, StandinError> {
        self.reference(&format!("refs/heads/{name}"))
    }

    /// Names and tips of all branches.
    pub fn branches(&self) -> Result<Vec<(String, String)>, StandinError> {
        let repository = self.open()?;
        let mut found = Vec::new();
        for reference in repository.references_glob("refs/heads/*")? {
            let reference = reference?;
            let name = String::from_utf8_lossy(reference.shorthand_bytes()).into_owned();
            found.extend(reference.target().map(|id| (name, id.to_string())));
        }
        Ok(found)
    }

    pub fn reference(&self, name: &str) -> Result<Option<String>, StandinError> {
        match self.open()?.refname_to_id(name) {
            Ok(id) => Ok(Some(id.to_string())),
            Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Moves or makes a reference, also backwards.
    pub fn set_reference(&self, name: &str, sha: &str) -> Result<(), StandinError> {
        self.open()?.reference(name, Oid::from_str(sha)?, true, "stand-in")?;
        Ok(())
    }

    /// Removing what is not there is no error.
    pub fn delete_reference(&self, name: &str) -> Result<(), StandinError> {
        match self.open()?.find_reference(name) {
            Ok(mut reference) => Ok(reference.delete()?),
            Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// The commit that a branch name, a full reference name or a commit id means.
    pub fn resolve(&self, name: &str) -> Result<Option<String>, StandinError> {
        for candidate in [format!("refs/heads/{name}"), format!("refs/tags/{name}")] {
            if let Some(sha) = self.reference(&candidate)? {
                return Ok(Some(sha));
            }
        }
        if name.starts_with("refs/") {
            return self.reference(name);
        }
        let Ok(id) = Oid::from_str(name) else { return Ok(None) };
        let exists = name.len() == 40 && self.open_objects()?.find_commit(id).is_ok();
        Ok(exists.then(|| name.to_owned()))
    }

    /// A test merge of two commits: `None` when they conflict.
    pub fn merge(
        &self,
        base: &str,
        head: &str,
        message: &str,
        time: i64,
    ) -> Result<Option<String>, StandinError> {
        let repository = self.open_objects()?;
        let ours = repository.find_commit(Oid::from_str(base)?)?;
        let theirs = repository.find_commit(Oid::from_str(head)?)?;
        let mut merged = repository.merge_commits(&ours, &theirs, None)?;
        if merged.has_conflicts() {
            return Ok(None);
        }
        let tree = repository.find_tree(merged.write_tree_to(&repository)?)?;
        let signature =
            Signature::new("GitHub", "noreply@users.noreply.example", &Time::new(time, 0))?;
        let parents = [&ours, &theirs];
        let id = repository.commit(None, &signature, &signature, message, &tree, &parents)?;
        Ok(Some(id.to_string()))
    }

    /// Whether `ancestor` is `descendant` or one of its ancestors.
    pub fn contains(&self, descendant: &str, ancestor: &str) -> Result<bool, StandinError> {
        if descendant == ancestor {
            return Ok(true);
        }
        let repository = self.open_objects()?;
        let (descendant, ancestor) = (Oid::from_str(descendant)?, Oid::from_str(ancestor)?);
        Ok(repository.graph_descendant_of(descendant, ancestor)?)
    }

    /// Number of commits in `base..head`.
    pub fn ahead(&self, base: &str, head: &str) -> Result<usize, StandinError> {
        let repository = self.open_objects()?;
        Ok(repository.graph_ahead_behind(Oid::from_str(head)?, Oid::from_str(base)?)?.0)
    }
}

fn apply(
    repository: &git2::Repository,
    index: &mut Index,
    edit: &FileEdit,
) -> Result<(), StandinError> {
    match edit {
        FileEdit::Write { path, content } => put(index, path, repository.blob(content)?, REGULAR),
        FileEdit::WriteExecutable { path, content } => {
            put(index, path, repository.blob(content)?, EXECUTABLE)
        }
        FileEdit::Symlink { path, target } => {
            put(index, path, repository.blob(target.as_bytes())?, SYMLINK)
        }
        FileEdit::Submodule { path, commit } => put(index, path, Oid::from_str(commit)?, SUBMODULE),
        FileEdit::Delete { path } => {
            entry(index, path)?;
            Ok(index.remove(Path::new(path), 0)?)
        }
        FileEdit::Rename { from, to } => {
            let old = entry(index, from)?;
            index.remove(Path::new(from), 0)?;
            put(index, to, old.id, old.mode)
        }
    }
}

fn entry(index: &Index, path: &str) -> Result<IndexEntry, StandinError> {
    index
        .get_path(Path::new(path), 0)
        .ok_or_else(|| StandinError::Unknown(format!("file {path} in the commit to change")))
}

fn put(index: &mut Index, path: &str, id: Oid, mode: u32) -> Result<(), StandinError> {
    let zero = IndexTime::new(0, 0);
    Ok(index.add(&IndexEntry {
        ctime: zero,
        mtime: zero,
        dev: 0,
        ino: 0,
        mode,
        uid: 0,
        gid: 0,
        file_size: 0,
        id,
        flags: 0,
        flags_extended: 0,
        path: path.as_bytes().to_vec(),
    })?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit(store: &GitStore, parents: &[String], edits: &[FileEdit]) -> String {
        store.commit(&NewCommit { parents, message: "m", author: "alice", time: 1, edits }).unwrap()
    }

    #[test]
    fn edits_of_every_kind_end_in_the_tree() {
        let folder = tempfile::tempdir().unwrap();
        let store = GitStore::init(folder.path(), "main", None).unwrap();
        let first =
            commit(&store, &[], &[FileEdit::write("a/b.txt", "x"), FileEdit::write("c", "y")]);
        let second = commit(
            &store,
            std::slice::from_ref(&first),
            &[
                FileEdit::rename("a/b.txt", "d/e.txt"),
                FileEdit::delete("c"),
                FileEdit::Symlink { path: "link".into(), target: "d/e.txt".into() },
                FileEdit::Submodule { path: "sub".into(), commit: "1".repeat(40) },
                FileEdit::WriteExecutable { path: "run".into(), content: b"#!/bin/sh\n".to_vec() },
            ],
        );
        let repository = store.open().unwrap();
        let tree = repository.find_commit(Oid::from_str(&second).unwrap()).unwrap().tree().unwrap();
        let mode = |path: &str| tree.get_path(Path::new(path)).unwrap().filemode();
        assert_eq!(mode("d/e.txt"), 0o100_644);
        assert_eq!(mode("link"), 0o120_000);
        assert_eq!(mode("sub"), 0o160_000);
        assert_eq!(mode("run"), 0o100_755);
        assert!(tree.get_name("a").is_none() && tree.get_name("c").is_none());
        assert!(store.contains(&second, &first).unwrap());
        assert_eq!(store.ahead(&first, &second).unwrap(), 1);
    }

    #[test]
    fn a_fork_writes_into_the_store_of_its_parent() {
        let folder = tempfile::tempdir().unwrap();
        let parent = GitStore::init(&folder.path().join("p"), "main", None).unwrap();
        let fork = GitStore::init(&folder.path().join("f"), "main", Some(&parent)).unwrap();
        let sha = commit(&fork, &[], &[FileEdit::write("a", "x")]);
        fork.set_reference("refs/heads/topic", &sha).unwrap();
        assert_eq!(fork.resolve("topic").unwrap(), Some(sha.clone()));
        assert_eq!(parent.resolve(&sha).unwrap(), Some(sha));
        assert_eq!(parent.resolve("topic").unwrap(), None);
    }

    #[test]
    fn conflicting_commits_do_not_merge() {
        let folder = tempfile::tempdir().unwrap();
        let store = GitStore::init(folder.path(), "main", None).unwrap();
        let base = commit(&store, &[], &[FileEdit::write("a", "x\n")]);
        let parents = [base];
        let left = commit(&store, &parents, &[FileEdit::write("a", "left\n")]);
        let right = commit(&store, &parents, &[FileEdit::write("a", "right\n")]);
        let other = commit(&store, &parents, &[FileEdit::write("b", "b\n")]);
        assert_eq!(store.merge(&left, &right, "m", 2).unwrap(), None);
        assert!(store.merge(&left, &other, "m", 2).unwrap().is_some());
    }
}

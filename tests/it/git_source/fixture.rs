//! Repositories made with git2, and shorthands for asking about them.

use std::collections::BTreeMap;
use std::path::Path;

use backend_team::domain::change::{Change, FileChange, Subject};
use backend_team::domain::path::RepoPath;
use backend_team::git::{GitOptions, GitSource};
use backend_team::ports::source::{ChangeHead, Fetched, Source as _};
use git2::{Oid, Repository, Signature, Time, Tree};

pub const FILE: i32 = 0o100_644;
pub const EXECUTABLE: i32 = 0o100_755;
pub const LINK: i32 = 0o120_000;
pub const SUBMODULE: i32 = 0o160_000;
const TREE: i32 = 0o040_000;

/// Path, mode and object.
pub type Entry<'a> = (&'a [u8], i32, Oid);

pub struct Repo {
    pub dir: tempfile::TempDir,
    pub git: Repository,
    clock: std::cell::Cell<i64>,
}

impl Repo {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let git = Repository::init_bare(dir.path()).unwrap();
        Self { dir, git, clock: std::cell::Cell::new(1_700_000_000) }
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    pub fn blob(&self, data: impl AsRef<[u8]>) -> Oid {
        self.git.blob(data.as_ref()).unwrap()
    }

    /// A tree of text files by path.
    pub fn files(&self, files: &[(&str, &str)]) -> Oid {
        let entries: Vec<_> =
            files.iter().map(|(path, text)| (path.as_bytes(), FILE, self.blob(text))).collect();
        self.tree(&entries)
    }

    /// A tree of entries by path, each with mode and object. Paths must be sound.
    pub fn tree(&self, entries: &[Entry<'_>]) -> Oid {
        let mut builder = self.git.treebuilder(None).unwrap();
        let mut below: BTreeMap<Vec<u8>, Vec<Entry<'_>>> = BTreeMap::new();
        for (path, mode, id) in entries {
            match path.iter().position(|byte| *byte == b'/') {
                Some(at) => below.entry(path[..at].to_vec()).or_default().push((
                    &path[at + 1..],
                    *mode,
                    *id,
                )),
                None => {
                    builder.insert(*path, *id, *mode).unwrap();
                }
            }
        }
        for (name, entries) in below {
            builder.insert(name, self.tree(&entries), TREE).unwrap();
        }
        builder.write().unwrap()
    }

    /// A tree object with these raw entries, which git itself may refuse to write.
    pub fn raw_tree(&self, entries: &[(&[u8], &str, Oid)]) -> Oid {
        let mut data = Vec::new();
        for (name, mode, id) in entries {
            data.extend_from_slice(mode.as_bytes());
            data.push(b' ');
            data.extend_from_slice(name);
            data.push(0);
            data.extend_from_slice(id.as_bytes());
        }
        self.git.odb().unwrap().write(git2::ObjectType::Tree, &data).unwrap()
    }

    pub fn commit(&self, tree: Oid, parents: &[Oid]) -> Oid {
        self.clock.set(self.clock.get() + 60);
        let who = Signature::new("a", "a@example.com", &Time::new(self.clock.get(), 0)).unwrap();
        let tree: Tree<'_> = self.git.find_tree(tree).unwrap();
        let parents: Vec<_> = parents.iter().map(|id| self.git.find_commit(*id).unwrap()).collect();
        let parents: Vec<_> = parents.iter().collect();
        self.git.commit(None, &who, &who, "c", &tree, &parents).unwrap()
    }

    /// `count` commits on top of one another, each changing the file `n`; the last one.
    pub fn chain(&self, from: Option<Oid>, count: usize, label: &str) -> Oid {
        let mut tip = from;
        for n in 0..count {
            let tree = self.files(&[("n", &format!("{label} {n}\n"))]);
            tip = Some(self.commit(tree, tip.as_slice()));
        }
        tip.unwrap()
    }

    pub fn branch(&self, name: &str, commit: Oid) {
        self.git.reference(&format!("refs/heads/{name}"), commit, true, "test").unwrap();
    }

    pub async fn between(&self, base: Oid, head: Oid) -> (GitSource, Fetched) {
        let source = source(self.path());
        let fetched =
            source.open_local(self.path(), &base.to_string(), &head.to_string()).await.unwrap();
        (source, fetched)
    }

    /// The change between two trees, each the tree of a commit.
    pub async fn change(&self, base: Oid, head: Oid) -> Change {
        let base = self.commit(base, &[]);
        let head = self.commit(head, &[base]);
        let (source, fetched) = self.between(base, head).await;
        source.change(&fetched, about()).await.unwrap()
    }
}

/// A source that keeps caches (if it makes any) beside the given directory.
pub fn source(dir: &Path) -> GitSource {
    GitSource::new(GitOptions::new(dir.join("backend-team-data"))).unwrap()
}

pub fn about() -> ChangeHead {
    ChangeHead { repo: None, subject: Subject::Range, title: "title".into(), body: "body".into() }
}

pub fn path(text: &str) -> RepoPath {
    RepoPath::new(text).unwrap()
}

pub fn file<'a>(change: &'a Change, name: &str) -> &'a FileChange {
    change.file(&path(name)).unwrap_or_else(|| panic!("{name} is not in the change"))
}

pub fn reason(change: &Change, name: Option<&str>) -> Option<String> {
    let name = name.map(path);
    let found = change.omissions.iter().find(|omission| omission.path == name);
    found.map(|omission| omission.reason.clone())
}

//! Repositories on this machine.

use backend_team::ports::source::{Source as _, SourceError};

use super::fixture::{FILE, LINK, Repo, about, path, source};

#[tokio::test]
async fn revisions_resolve_as_in_git() {
    let repo = Repo::new();
    let first = repo.commit(repo.files(&[("a", "1\n")]), &[]);
    let second = repo.commit(repo.files(&[("a", "2\n")]), &[first]);
    repo.branch("main", second);
    repo.git.set_head("refs/heads/main").unwrap();
    let object = repo.git.find_object(first, None).unwrap();
    repo.git.tag_lightweight("v1", &object, false).unwrap();
    let source = source(repo.path());
    for base in ["v1", "HEAD~1", "main^", &first.to_string()[..10]] {
        let fetched = source.open_local(repo.path(), base, "main").await.unwrap();
        assert_eq!(fetched.base.as_str(), first.to_string(), "{base}");
        assert_eq!(fetched.head.as_str(), second.to_string());
        assert_eq!(fetched.merge_base, Some(fetched.base.clone()));
    }
    let error = source.open_local(repo.path(), "nowhere", "main").await.unwrap_err();
    assert!(matches!(&error, SourceError::NotFound(why) if why.contains("\"nowhere\"")), "{error}");
    assert!(!repo.path().join("backend-team-data").exists());
}

#[tokio::test]
async fn nothing_there() {
    let empty = Repo::new();
    let source = source(empty.path());
    let error = source.open_local(empty.path(), "HEAD", "HEAD").await.unwrap_err();
    assert!(matches!(&error, SourceError::NotFound(why) if why.contains("HEAD")), "{error}");
    let no_repository = tempfile::tempdir().unwrap();
    let error = source.open_local(no_repository.path(), "a", "b").await.unwrap_err();
    assert!(matches!(error, SourceError::NotFound(_)), "{error}");
}

#[tokio::test]
async fn unrelated_histories_are_compared_directly() {
    let repo = Repo::new();
    let base = repo.commit(repo.files(&[("a", "1\n")]), &[]);
    let head = repo.commit(repo.files(&[("b", "2\n")]), &[]);
    let (source, fetched) = repo.between(base, head).await;
    assert_eq!(fetched.merge_base, None);
    let change = source.change(&fetched, about()).await.unwrap();
    assert_eq!(change.files.len(), 2);
    assert_eq!(change.merge_base, fetched.base);
}

#[tokio::test]
async fn the_merge_base_is_compared_not_the_base() {
    let repo = Repo::new();
    let fork = repo.commit(repo.files(&[("a", "1\n")]), &[]);
    let base = repo.commit(repo.files(&[("a", "1\n"), ("later", "x\n")]), &[fork]);
    let head = repo.commit(repo.files(&[("a", "2\n")]), &[fork]);
    let (source, fetched) = repo.between(base, head).await;
    let change = source.change(&fetched, about()).await.unwrap();
    assert_eq!(change.files.len(), 1);
    assert_eq!(change.merge_base.as_str(), fork.to_string());
}

#[tokio::test]
async fn shallow_clones_say_what_to_do() {
    let repo = Repo::new();
    let fork = repo.chain(None, 3, "main");
    let base = repo.chain(Some(fork), 3, "base");
    let head = repo.chain(Some(fork), 3, "head");
    let cut: Vec<String> = [base, head]
        .iter()
        .map(|tip| repo.git.find_commit(*tip).unwrap().parent_id(0).unwrap().to_string())
        .collect();
    std::fs::write(repo.path().join("shallow"), cut.join("\n")).unwrap();
    let source = source(repo.path());
    let open = |base: String| {
        let source = &source;
        let path = repo.path();
        async move { source.open_local(path, &base, &head.to_string()).await }
    };
    let error = open(base.to_string()).await.unwrap_err();
    let SourceError::NotFound(why) = error else { panic!("{error}") };
    assert!(why.contains("fetch-depth: 0"), "{why}");
    // An end that is an ancestor of the other is certain, cut or not.
    let fetched = open(format!("{head}~1")).await.unwrap();
    assert_eq!(fetched.merge_base, Some(fetched.base));
}

#[tokio::test]
async fn linked_worktrees_and_directories_below() {
    let dir = tempfile::tempdir().unwrap();
    let git = git2::Repository::init(dir.path().join("main")).unwrap();
    let who = git2::Signature::now("a", "a@example.com").unwrap();
    let tree = git.find_tree(git.treebuilder(None).unwrap().write().unwrap()).unwrap();
    let commit = git.commit(Some("HEAD"), &who, &who, "c", &tree, &[]).unwrap();
    let linked = dir.path().join("linked");
    git.worktree("linked", &linked, None).unwrap();
    std::fs::create_dir(dir.path().join("main/below")).unwrap();
    let source = source(dir.path());
    for place in [linked, dir.path().join("main/below")] {
        let fetched = source.open_local(&place, "HEAD", "HEAD").await.unwrap();
        assert_eq!(fetched.head.as_str(), commit.to_string());
        assert!(source.change(&fetched, about()).await.unwrap().files.is_empty());
    }
}

#[tokio::test]
async fn reading_follows_links_inside_only() {
    let repo = Repo::new();
    let link = |target: &str| repo.blob(target);
    let tree = repo.tree(&[
        (b"docs/AGENTS.md", FILE, repo.blob("rules\n")),
        (b"AGENTS.md", LINK, link("docs/AGENTS.md")),
        (b"a/b/up.md", LINK, link("../../AGENTS.md")),
        (b"dir", LINK, link("docs/")),
        (b"here", LINK, link(".")),
        (b"out", LINK, link("../../etc/passwd")),
        (b"absolute", LINK, link("/docs/AGENTS.md")),
        (b"loop-a", LINK, link("loop-b")),
        (b"loop-b", LINK, link("loop-a")),
        (b"dangling", LINK, link("nowhere")),
    ]);
    let commit = repo.commit(tree, &[]);
    let (source, fetched) = repo.between(commit, commit).await;
    let read = |name: &'static str| {
        let (source, fetched) = (&source, &fetched);
        async move { source.read(fetched, &fetched.head, &path(name), 100).await.unwrap() }
    };
    for name in ["docs/AGENTS.md", "AGENTS.md", "a/b/up.md", "dir/AGENTS.md", "here/AGENTS.md"] {
        assert_eq!(read(name).await.as_deref(), Some(&b"rules\n"[..]), "{name}");
    }
    for name in ["out", "absolute", "loop-a", "dangling", "docs", "none", "AGENTS.md/x", "dir"] {
        assert_eq!(read(name).await, None, "{name}");
    }
    let start = source.read(&fetched, &fetched.head, &path("AGENTS.md"), 2).await.unwrap();
    assert_eq!(start.as_deref(), Some(&b"ru"[..]));
}

#[tokio::test]
async fn listing_names_files_and_links() {
    let repo = Repo::new();
    let blob = repo.blob("x");
    let tree = repo.tree(&[
        (b"a/b/one", FILE, blob),
        (b"a/two", LINK, blob),
        (b"top", FILE, blob),
        (b"other/three", FILE, blob),
    ]);
    let commit = repo.commit(tree, &[]);
    let (source, fetched) = repo.between(commit, commit).await;
    let paths: Vec<String> = ["top", "a", "a/b", "none", "", "a/../top"].map(String::from).into();
    let entries = source.list(&fetched, &fetched.head, &paths).await.unwrap();
    let names: Vec<&str> = entries.iter().map(|entry| entry.path.as_str()).collect();
    assert_eq!(names, ["a/b/one", "a/two", "top"]);
    assert_eq!(entries[1].mode, 0o120_000);
    assert_eq!(entries[0].object, blob.to_string());
}

#[tokio::test]
async fn repositories_of_another_owner_are_read() {
    let repo = Repo::new();
    let commit = repo.commit(repo.files(&[("a", "1\n")]), &[]);
    // Only root may give files away; for others the repository simply stays their own.
    let given = std::os::unix::fs::chown(repo.path(), Some(12_345), None).is_ok();
    let opened = git2::Repository::open(repo.path());
    assert!(!given || opened.is_err(), "libgit2 checks the owner by default");
    let (source, fetched) = repo.between(commit, commit).await;
    assert!(source.change(&fetched, about()).await.is_ok());
}

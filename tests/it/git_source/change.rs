//! What a change is made of.

use backend_team::domain::change::{ChangeKind, Content};
use backend_team::domain::diff::Side;
use backend_team::git::{GitOptions, GitSource, Limits};
use backend_team::ports::source::Source as _;

use super::fixture::{EXECUTABLE, FILE, LINK, Repo, SUBMODULE, about, file, path, reason};

#[tokio::test]
async fn lines_renames_and_modes() {
    let repo = Repo::new();
    let body: String = (1..=20).map(|n| format!("line {n}\n")).collect();
    let base = repo.files(&[("old/name.rs", &body), ("run.sh", "x\n"), ("gone.txt", "a\nb\n")]);
    let renamed = body.replace("line 10\n", "ten\n");
    let head = repo.tree(&[
        (b"new/name.rs", FILE, repo.blob(&renamed)),
        (b"run.sh", EXECUTABLE, repo.blob("x\n")),
        (b"added.txt", FILE, repo.blob("one\ntwo")),
    ]);
    let change = repo.change(base, head).await;

    assert_eq!(change.files.len(), 4);
    assert!(change.omissions.is_empty(), "{:?}", change.omissions);
    let renamed = file(&change, "new/name.rs");
    assert_eq!(renamed.kind, ChangeKind::Renamed { from: path("old/name.rs") });
    assert_eq!(renamed.added_lines().collect::<Vec<_>>(), [10]);
    assert_eq!(renamed.removed_lines().collect::<Vec<_>>(), [10]);
    assert!(renamed.diff_shows(Side::Head, 7) && !renamed.diff_shows(Side::Head, 6));
    assert!(renamed.diff_shows(Side::Base, 13) && !renamed.diff_shows(Side::Base, 14));
    assert_eq!(renamed.path_on(Side::Base), &path("old/name.rs"));
    let mode = file(&change, "run.sh");
    assert_eq!((mode.base_mode, mode.head_mode), (Some(0o100_644), Some(0o100_755)));
    assert!(mode.hunks.is_empty());
    let added = file(&change, "added.txt");
    assert_eq!(added.added_lines().collect::<Vec<_>>(), [1, 2]);
    assert_eq!((added.base_mode, added.base.as_ref()), (None, None));
    let gone = file(&change, "gone.txt");
    assert!(gone.is_deleted() && gone.head.is_none() && gone.head_mode.is_none());
    assert_eq!(gone.removed_lines().collect::<Vec<_>>(), [1, 2]);
}

#[tokio::test]
async fn contents_that_are_no_text() {
    let repo = Repo::new();
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 77\n";
    let link = repo.blob("target");
    let base = repo.tree(&[
        (b"was-link", LINK, link),
        (b"was-binary", FILE, repo.blob(b"\0")),
        (b"keep", FILE, repo.blob("k")),
    ]);
    let huge = "x".repeat(2 << 20);
    let head = repo.tree(&[
        (b"was-link", FILE, repo.blob("now\ntext\n")),
        (b"was-binary", FILE, repo.blob("text\n")),
        (b"keep", FILE, repo.blob("k")),
        (b"a.bin", FILE, repo.blob(b"\0\x01")),
        (b"latin.py", FILE, repo.blob(b"# gr\xFCn\n")),
        (b"big.dat", FILE, repo.blob(pointer)),
        (b"huge.txt", FILE, repo.blob(&huge)),
        (b"link", LINK, link),
        (b"sub", SUBMODULE, git2::Oid::from_str(&"1".repeat(40)).unwrap()),
    ]);
    let change = repo.change(base, head).await;

    let head_of = |name: &str| file(&change, name).head.clone().unwrap();
    assert_eq!(head_of("a.bin"), Content::Binary { size: 2 });
    assert_eq!(head_of("latin.py"), Content::Binary { size: 7 });
    assert_eq!(reason(&change, Some("latin.py")).as_deref(), Some("not UTF-8"));
    assert_eq!(reason(&change, Some("a.bin")), None);
    assert_eq!(head_of("big.dat"), Content::LfsPointer { size: 77 });
    assert_eq!(head_of("huge.txt"), Content::TooLarge { size: 2 << 20 });
    assert_eq!(reason(&change, Some("huge.txt")).as_deref(), Some("larger than 1 MiB"));
    assert_eq!(head_of("link"), Content::Symlink { target: "target".to_owned() });
    assert_eq!(head_of("sub"), Content::Submodule { commit: "1".repeat(40) });
    let was_link = file(&change, "was-link");
    assert_eq!(was_link.kind, ChangeKind::Modified);
    assert_eq!(was_link.added_lines().count(), 2);
    assert!(file(&change, "was-binary").hunks.is_empty());
    assert!(reason(&change, Some("was-binary")).is_some());
}

#[tokio::test]
async fn odd_paths() {
    let repo = Repo::new();
    let blob = repo.blob("x\n");
    let base = repo.tree(&[]);
    let inner = repo.raw_tree(&[(b"passwd", "100644", blob)]);
    let head = repo.raw_tree(&[
        (b"..", "40000", inner),
        (b"a\nb", "100644", blob),
        (b"bad\xFE", "100644", blob),
        (b"bad\xFF", "100644", blob),
        (b"fine", "100644", blob),
    ]);
    let change = repo.change(base, head).await;

    let paths: Vec<&str> = change.files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths, ["a\nb", "bad\u{FFFD}", "fine"]);
    assert_eq!(change.omissions.len(), 2, "{:?}", change.omissions);
    assert!(change.omissions.iter().all(|omission| omission.path.is_none()));
    assert!(change.omissions.iter().any(|omission| omission.reason.contains("../passwd")));
    assert!(change.omissions.iter().any(|omission| omission.reason.contains("bad\\xff")));
}

#[tokio::test]
async fn more_files_than_the_limit() {
    let repo = Repo::new();
    let names: Vec<String> = (0..3_100).map(|n| format!("d{}/f{n}", n % 7)).collect();
    let blob = repo.blob("x\n");
    let entries: Vec<_> = names.iter().map(|name| (name.as_bytes(), FILE, blob)).collect();
    let change = repo.change(repo.tree(&[]), repo.tree(&entries)).await;

    assert_eq!(change.files.len(), 3_000);
    let reason = reason(&change, None).unwrap();
    assert!(reason.starts_with("100 of 3100 files"), "{reason}");
}

#[tokio::test]
async fn text_of_a_change_is_bounded_as_a_whole() {
    let repo = Repo::new();
    let dir = tempfile::tempdir().unwrap();
    let limits = Limits { max_total_text_bytes: 25, ..Limits::default() };
    let options = GitOptions { limits, ..GitOptions::new(dir.path()) };
    let base = repo.commit(repo.tree(&[]), &[]);
    let text = "123456789\n";
    let head = repo.commit(repo.files(&[("a", text), ("b", text), ("c", text)]), &[base]);
    let source = GitSource::new(options).unwrap();
    let fetched =
        source.open_local(repo.path(), &base.to_string(), &head.to_string()).await.unwrap();
    let change = source.change(&fetched, about()).await.unwrap();

    assert!(file(&change, "b").head_text().is_some());
    assert_eq!(file(&change, "c").head, Some(Content::TooLarge { size: 10 }));
    let reason = reason(&change, Some("c")).unwrap();
    assert_eq!(reason, "the change holds more than 25 bytes of text");
}

#[tokio::test]
async fn deep_trees_do_not_exhaust_the_stack() {
    let repo = Repo::new();
    let mut tree = repo.files(&[("leaf.txt", "x\n")]);
    for _ in 0..500 {
        tree = repo.raw_tree(&[(b"d", "40000", tree)]);
    }
    let change = repo.change(repo.tree(&[]), tree).await;
    assert_eq!(change.files.len(), 1);
    assert_eq!(change.files[0].path.as_str().matches('/').count(), 500);
}

#[tokio::test]
async fn derived_files() {
    let repo = Repo::new();
    let base = repo.files(&[(".gitattributes", "*.gen linguist-generated\n")]);
    let head = repo.files(&[
        (".gitattributes", "*.gen -linguist-generated\n*.rs linguist-generated\n"),
        ("Cargo.lock", "x\n"),
        ("vendor/a.go", "x\n"),
        ("x.gen", "x\n"),
        ("m.go", "// Code generated by mock. DO NOT EDIT.\n"),
        ("src/main.rs", "x\n"),
    ]);
    let change = repo.change(base, head).await;
    for name in ["Cargo.lock", "vendor/a.go", "x.gen", "m.go"] {
        assert!(file(&change, name).derived, "{name}");
    }
    // What the head says about itself does not count.
    assert!(!file(&change, "src/main.rs").derived);
}

#[tokio::test]
async fn trees_that_explode() {
    let repo = Repo::new();
    let mut tree = repo.files(&[("leaf", "x\n")]);
    for _ in 0..12 {
        let names: Vec<String> = (0..10).map(|n| format!("d{n}")).collect();
        let entries: Vec<_> = names.iter().map(|name| (name.as_bytes(), "40000", tree)).collect();
        tree = repo.raw_tree(&entries);
    }
    let change = repo.change(repo.tree(&[]), tree).await;
    assert!(change.files.is_empty());
    assert!(reason(&change, None).unwrap().starts_with("all files"));
}

#[tokio::test]
async fn derived_files_do_not_crowd_out_others() {
    let repo = Repo::new();
    let names: Vec<String> = (0..3_000).map(|n| format!("node_modules/f{n}")).collect();
    let blob = repo.blob("x\n");
    let mut entries: Vec<_> = names.iter().map(|name| (name.as_bytes(), FILE, blob)).collect();
    entries.push((b"src/main.rs", FILE, blob));
    let change = repo.change(repo.tree(&[]), repo.tree(&entries)).await;
    assert_eq!(change.files.len(), 3_000);
    assert!(!file(&change, "src/main.rs").derived);
    assert_eq!(change.files.last().unwrap().path.as_str(), "src/main.rs");
}

//! What rules ask for beyond the change.

use std::time::Duration;

use backend_team::domain::diff::Side;
use backend_team::git::{GitOptions, GitSource, Limits};
use backend_team::ports::source::{Need, NeedResult, Source as _};

use super::fixture::{FILE, LINK, Repo, path};

fn glob(side: Side, globs: &[&str], limit: usize) -> Need {
    Need::Glob { side, globs: globs.iter().map(|g| (*g).to_owned()).collect(), limit }
}

fn search(words: &[&str], globs: &[&str], limit: usize) -> Need {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    Need::Search { side: Side::Head, words: owned(words), globs: owned(globs), limit }
}

fn names(result: &NeedResult) -> Vec<&str> {
    result.files.iter().map(|file| file.path.as_str()).collect()
}

#[tokio::test]
async fn files_patterns_and_words() {
    let repo = Repo::new();
    let base = repo.commit(repo.files(&[("db/1.sql", "old"), ("db/0.sql", "gone")]), &[]);
    let blob = |data: &str| repo.blob(data);
    let tree = repo.tree(&[
        (b"db/1.sql", FILE, blob("create table user_id")),
        (b"db/deep/2.sql", FILE, blob("x")),
        (b"src/a.rs", FILE, blob("let user_id = 1;")),
        (b"src/b.rs", FILE, blob("let user_ids = 1;")),
        (b"src/bin", FILE, repo.blob(b"user_id\0")),
        (b"vendor/v.rs", FILE, blob("user_id")),
        (b"link.rs", LINK, blob("src/a.rs")),
    ]);
    let head = repo.commit(tree, &[base]);
    let (source, fetched) = repo.between(base, head).await;
    let needs = [
        glob(Side::Base, &["db/*.sql"], 10),
        glob(Side::Head, &["db/*.sql"], 10),
        glob(Side::Head, &["db/**/*.sql"], 1),
        search(&["user_id"], &[], 10),
        search(&["user_id"], &["src/**"], 10),
        Need::File { side: Side::Head, path: path("link.rs") },
        Need::File { side: Side::Head, path: path("none.rs") },
        Need::File { side: Side::Head, path: path("src/bin") },
        glob(Side::Head, &["[bad"], 10),
        search(&[], &[], 10),
    ];
    let results = source.gather(&fetched, &needs).await.unwrap().results;
    assert_eq!(results.len(), needs.len());
    assert_eq!(names(&results[0]), ["db/0.sql", "db/1.sql"]);
    assert_eq!(results[0].files[1].text, "old");
    assert_eq!(names(&results[1]), ["db/1.sql"]);
    assert_eq!(names(&results[2]), ["db/1.sql"]);
    assert_eq!(results[2].incomplete.as_deref(), Some("more than 1 files match"));
    assert_eq!(names(&results[3]), ["db/1.sql", "src/a.rs"]);
    assert_eq!(names(&results[4]), ["src/a.rs"]);
    assert_eq!(results[5].files[0].text, "let user_id = 1;");
    assert!(results[6].files.is_empty() && results[6].incomplete.is_none());
    assert_eq!(results[7].incomplete.as_deref(), Some("not UTF-8 text"));
    assert!(results[8].incomplete.as_deref().is_some_and(|why| why.contains("pattern")));
    assert!(results[9].files.is_empty());
    for complete in [0, 1, 3, 4, 5, 9] {
        assert_eq!(results[complete].incomplete, None, "{complete}");
    }
}

#[tokio::test]
async fn bounds_are_named() {
    let repo = Repo::new();
    let tree = repo.files(&[("a.rs", "w"), ("b.rs", "w"), ("c.rs", &"w ".repeat(50))]);
    let commit = repo.commit(tree, &[]);
    let gathered = |limits: Limits| {
        let repo = &repo;
        async move {
            let options = GitOptions { limits, ..GitOptions::new(repo.path().join("data")) };
            let source = GitSource::new(options).unwrap();
            let text = commit.to_string();
            let fetched = source.open_local(repo.path(), &text, &text).await.unwrap();
            source.gather(&fetched, &[search(&["w"], &[], 9)]).await.unwrap().results.remove(0)
        }
    };
    let large = gathered(Limits { gather_file_bytes: 10, ..Limits::default() }).await;
    assert_eq!(names(&large), ["a.rs", "b.rs"]);
    assert!(large.incomplete.is_some_and(|why| why.contains("over 10 bytes")));
    let files = gathered(Limits { gather_files: 1, ..Limits::default() }).await;
    assert_eq!(names(&files), ["a.rs"]);
    assert!(files.incomplete.is_some());
    let bytes = gathered(Limits { gather_bytes: 2, ..Limits::default() }).await;
    assert_eq!(names(&bytes), ["a.rs", "b.rs"]);
    assert!(bytes.incomplete.is_some());
    let time = gathered(Limits { gather_time: Duration::ZERO, ..Limits::default() }).await;
    assert!(time.files.is_empty());
    assert_eq!(time.incomplete.as_deref(), Some("time ran out"));
}

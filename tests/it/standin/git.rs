use backend_team::standin::{FileEdit, StandinOptions};

use super::fixture::{Fixture, REPO};

#[tokio::test]
async fn git_clones_whole_shallow_and_without_blobs() {
    let fixture = Fixture::new().await;
    let folder = tempfile::tempdir().unwrap();
    let url = fixture.clone_url();
    let git = async |arguments: &[&str]| fixture.git(folder.path(), "", arguments).await;
    git(&["clone", "-q", &url, "whole"]).await.unwrap();
    assert!(folder.path().join("whole/a.txt").exists());
    git(&["clone", "-q", "--bare", "--depth=1", "-b", "topic", &url, "shallow"]).await.unwrap();
    assert_eq!(git(&["-C", "shallow", "rev-list", "--count", "HEAD"]).await.unwrap(), "1\n");
    git(&["clone", "-q", "--bare", "--filter=blob:none", &url, "partial"]).await.unwrap();
    let missing = git(&["-C", "partial", "rev-list", "--objects", "--missing=print", "HEAD"]).await;
    assert!(missing.unwrap().lines().any(|line| line.starts_with('?')));
    let old = git(&["-c", "protocol.version=0", "clone", "-q", &url, "old"]).await;
    assert!(old.is_ok(), "{old:?}");
}

#[tokio::test]
async fn the_heads_of_pull_requests_can_be_fetched() {
    let fixture = Fixture::new().await;
    let folder = tempfile::tempdir().unwrap();
    let url = fixture.clone_url();
    let git = async |arguments: &[&str]| fixture.git(folder.path(), "", arguments).await;
    git(&["init", "-q", "--bare", "."]).await.unwrap();
    let fork = fixture.github.fork(REPO, "mallory").unwrap();
    let sha = fixture.github.commit(&fork, "patch", "From a fork", &[FileEdit::write("c", "c\n")]);
    let sha = sha.unwrap();
    let spec = backend_team::standin::PullRequestSpec::new("patch", "Patch").from_fork(&fork);
    let number = fixture.github.open_pull(REPO, &spec).unwrap();
    git(&["fetch", "-q", "--depth=1", &url, &format!("refs/pull/{number}/head")]).await.unwrap();
    assert_eq!(git(&["rev-parse", "FETCH_HEAD"]).await.unwrap().trim(), sha);
    let pushed =
        fixture.github.push(&fork, "patch", "More", &[FileEdit::write("d", "d\n")]).unwrap();
    // Any commit can be asked for by its id.
    git(&["fetch", "-q", "--depth=1", &url, &pushed]).await.unwrap();
    let refs = git(&["ls-remote", &url]).await.unwrap();
    assert!(refs.contains(&format!("{pushed}\trefs/pull/{number}/head")), "{refs}");
    assert!(refs.contains(&format!("refs/pull/{number}/merge")), "{refs}");
    fixture.github.close_pull(REPO, number, "mallory").unwrap();
    let refs = git(&["ls-remote", &url]).await.unwrap();
    assert!(!refs.contains(&format!("refs/pull/{number}/merge")), "{refs}");
}

#[tokio::test]
async fn long_requests_arrive_compressed() {
    let fixture = Fixture::new().await;
    let folder = tempfile::tempdir().unwrap();
    let url = fixture.clone_url();
    let git = async |arguments: &[&str]| fixture.git(folder.path(), "", arguments).await;
    git(&["clone", "-q", &url, "."]).await.unwrap();
    for number in 0..40 {
        let name = format!("branch-{number}");
        let edits = [FileEdit::write("n.txt", format!("{number}\n"))];
        fixture.github.commit(REPO, &name, "More", &edits).unwrap();
    }
    // Forty wanted commits make a body that git compresses.
    git(&["fetch", "-q", "origin"]).await.unwrap();
    let count =
        git(&["for-each-ref", "--count=100", "refs/remotes/origin/branch-*"]).await.unwrap();
    assert_eq!(count.lines().count(), 40);
}

#[tokio::test]
async fn private_repositories_need_a_token() {
    let fixture = Fixture::with(StandinOptions::default(), true).await;
    let folder = tempfile::tempdir().unwrap();
    let url = fixture.clone_url();
    let list = async |token: &str| fixture.git(folder.path(), token, &["ls-remote", &url]).await;
    assert!(list("").await.is_err());
    assert!(list("ghs_wrong").await.is_err());
    assert!(list(&fixture.token).await.unwrap().contains("refs/heads/topic"));
    fixture.github.expire_tokens();
    assert!(list(&fixture.token).await.is_err());
}

//! A push while the review of the head before is running.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use backend_team::domain::change::Change;
use backend_team::domain::ids::{CommitSha, RepoId};
use backend_team::domain::path::RepoPath;
use backend_team::domain::survey::Listing;
use backend_team::ports::source::{
    ChangeHead, FetchRequest, Fetched, Gathered, Need, Remote, Source, SourceError, TreeEntry,
};
use backend_team::standin::FileEdit;
use tokio::sync::Notify;

use crate::harness::bot::{CHECK, FAILED, REPO, WORKFLOW, World, bad, run_test};

/// Holds the first review while it looks for what its rules need.
struct Held {
    inner: Arc<dyn Source>,
    reached: Notify,
    go_on: Notify,
    once: std::sync::atomic::AtomicBool,
}

#[async_trait]
impl Source for Held {
    async fn fetch(&self, remote: &Remote, request: &FetchRequest) -> Result<Fetched, SourceError> {
        self.inner.fetch(remote, request).await
    }

    async fn open_local(
        &self,
        path: &Path,
        base: &str,
        head: &str,
    ) -> Result<Fetched, SourceError> {
        self.inner.open_local(path, base, head).await
    }

    async fn change(&self, fetched: &Fetched, head: ChangeHead) -> Result<Change, SourceError> {
        self.inner.change(fetched, head).await
    }

    async fn list(
        &self,
        fetched: &Fetched,
        commit: &CommitSha,
        paths: &[String],
    ) -> Result<Vec<TreeEntry>, SourceError> {
        self.inner.list(fetched, commit, paths).await
    }

    async fn listing(
        &self,
        fetched: &Fetched,
        commit: &CommitSha,
    ) -> Result<Arc<Listing>, SourceError> {
        self.inner.listing(fetched, commit).await
    }

    async fn read(
        &self,
        fetched: &Fetched,
        commit: &CommitSha,
        path: &RepoPath,
        limit: usize,
    ) -> Result<Option<Vec<u8>>, SourceError> {
        self.inner.read(fetched, commit, path, limit).await
    }

    async fn gather(&self, fetched: &Fetched, needs: &[Need]) -> Result<Gathered, SourceError> {
        if !self.once.swap(true, std::sync::atomic::Ordering::SeqCst) {
            self.reached.notify_one();
            self.go_on.notified().await;
        }
        self.inner.gather(fetched, needs).await
    }

    async fn forget(&self, id: RepoId) -> Result<(), SourceError> {
        self.inner.forget(id).await
    }
}

/// A finding, and a manifest that makes a rule ask for its lock file.
fn edits() -> Vec<FileEdit> {
    let manifest = "{\n  \"devDependencies\": {\"pg\": \"8.0.0\"}\n}\n";
    bad().into_iter().chain([FileEdit::write("package.json", manifest)]).collect()
}

/// Opens a pull request and pushes to it in the middle of its review; the two heads.
async fn overtaken(world: &mut World) -> (u64, String, String) {
    world.repository(&[FileEdit::write("package.json", "{}\n")]);
    let held = Arc::new(Held {
        inner: Arc::clone(&world.bot.services.source),
        reached: Notify::new(),
        go_on: Notify::new(),
        once: Default::default(),
    });
    world.bot.services.source = held.clone();
    let number = world.open(&edits());
    let old = world.head(number);
    let push = async {
        held.reached.notified().await;
        let more = FileEdit::write("docs/notes.md", "Deploys by hand.\n");
        world.github.push(REPO, "topic", "Add a note", &[more]).unwrap();
        world.github.deliveries_settled().await;
        held.go_on.notify_one();
    };
    tokio::join!(world.settle(), push);
    let new = world.head(number);
    assert_ne!(old, new);
    (number, old, new)
}

fn said_once(world: &World, number: u64, new: &str) {
    assert!(world.summary(number).contains(&new[..7]), "the summary speaks of the new head");
    let findings = world.findings(number);
    assert_eq!(findings["head_sha"], new);
    assert_eq!(findings["findings"][0]["state"], "new", "the old head was never spoken of");
    assert_eq!(findings["findings"][0]["where"]["path"], WORKFLOW);
}

#[tokio::test]
async fn a_push_during_a_quick_review_leaves_the_old_head_alone() {
    run_test(async |world| {
        let (number, old, new) = overtaken(world).await;
        world.expect_first_review(number, &FAILED);
        assert_eq!(world.conclusions(&old), [], "nothing was announced, so nothing is to end");
        said_once(world, number, &new);
    })
    .await;
}

#[tokio::test]
async fn a_push_during_an_announced_review_cancels_the_checks_of_the_old_head() {
    run_test(async |world| {
        world.announce_at_once();
        let (number, old, new) = overtaken(world).await;
        let announced = world.expect_check(CHECK);
        assert_eq!((announced.head.as_str(), announced.conclusion.as_str()), (&*old, ""));
        let cancelled = world.expect_check(CHECK);
        assert!(!cancelled.created);
        assert_eq!(
            (&*cancelled.conclusion, &*cancelled.title),
            ("cancelled", "Superseded by a newer commit")
        );
        let announced = world.expect_check(CHECK);
        assert_eq!((announced.head.as_str(), announced.conclusion.as_str()), (&*new, ""));
        world.expect_first_review(number, &FAILED);
        assert_eq!(world.conclusions(&old), [(CHECK.to_owned(), "cancelled".to_owned())]);
        let runs = world.github.check_runs(REPO, &old).unwrap();
        assert_eq!(runs.len(), 1, "{runs:#?}");
        said_once(world, number, &new);
    })
    .await;
}

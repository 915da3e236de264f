//! Statistics, pruning, repositories that are lost, and the ledger.

use std::time::Duration;

use backend_team::domain::ids::{CommentId, DeliveryId, Login, Number, RepoId};
use backend_team::domain::job::{JobOutcome, NewJob};
use backend_team::domain::run::{Cancelled, PlanRun};
use backend_team::ports::ledger::PullMemory;
use backend_team::ports::queue::{QueueStats, StoreError};
use backend_team::store::Store;
use futures::future::join_all;

use super::site::*;

pub async fn statistics_count_states(site: &Site) {
    let store = site.open().await;
    assert_eq!(store.stats(at(5)).await.unwrap(), QueueStats::default());
    bring(&*store, "d1", 10, review(1)).await;
    let held = take(&*store, 20).await;
    store.finish(&held, JobOutcome::Dead { why: String::new() }, at(20)).await.unwrap();
    bring(&*store, "d2", 20, review(2)).await;
    let held = take(&*store, 30).await;
    let retry = JobOutcome::Retry { at: at(5000), why: String::new() };
    store.finish(&held, retry, at(40)).await.unwrap();
    bring(&*store, "d3", 50, review(3)).await;
    take(&*store, 60).await;
    // Behind a running job: ready, but it could not run.
    bring(&*store, "d4", 70, command(3, 1)).await;
    bring(&*store, "d5", 80, review(4)).await;
    let stats = store.stats(at(1080)).await.unwrap();
    let oldest_ready = Duration::from_secs(1);
    assert_eq!(stats, QueueStats { ready: 2, delayed: 1, running: 1, dead: 1, oldest_ready });
}

pub async fn next_due_names_the_earliest(site: &Site) {
    let store = site.open().await;
    assert_eq!(store.next_due().await.unwrap(), None);
    bring(&*store, "d1", 10, review(1)).await;
    let first = take(&*store, 20).await;
    assert_eq!(store.next_due().await.unwrap(), Some(at(60_020)));
    // A job behind the running one is not due before that one ends.
    bring(&*store, "d2", 30, command(1, 1)).await;
    assert_eq!(store.next_due().await.unwrap(), Some(at(60_020)));
    bring(&*store, "d3", 40, review(2)).await;
    let second = take(&*store, 50).await;
    let retry = JobOutcome::Retry { at: at(700), why: String::new() };
    store.finish(&second, retry, at(60)).await.unwrap();
    assert_eq!(store.next_due().await.unwrap(), Some(at(700)));
    store.finish(&first, JobOutcome::Done, at(70)).await.unwrap();
    assert_eq!(store.next_due().await.unwrap(), Some(at(30)));
}

async fn is_stored(store: &dyn Store, id: &str) -> bool {
    store.delivery(&DeliveryId(id.to_owned())).await.unwrap().is_some()
}

pub async fn pruning_spares_what_is_needed(site: &Site) {
    let store = site.open().await;
    bring(&*store, "dead", 10, review(1)).await;
    let held = take(&*store, 11).await;
    store.finish(&held, JobOutcome::Dead { why: String::new() }, at(12)).await.unwrap();
    bring(&*store, "done", 20, review(2)).await;
    let held = take(&*store, 21).await;
    store.finish(&held, JobOutcome::Done, at(22)).await.unwrap();
    bring(&*store, "running", 30, review(3)).await;
    take(&*store, 31).await;
    bring(&*store, "waiting", 40, review(4)).await;
    bring(&*store, "young", 1000, review(5)).await;
    bring(&*store, "young-dead", 50, review(0)).await;
    let waiting = take(&*store, 60).await;
    assert_eq!(waiting.job.kind, review(4));
    store.release(&waiting, at(60)).await.unwrap();
    let resync = NewJob { repo: repo(1), kind: review(9), delivery: None };
    store.enqueue(vec![resync], at(70)).await.unwrap();

    // Two deliveries without live jobs and one dead job.
    assert_eq!(store.prune(at(1000)).await.unwrap(), 3);
    assert!(!is_stored(&*store, "dead").await && !is_stored(&*store, "done").await);
    for kept in ["running", "waiting", "young", "young-dead"] {
        assert!(is_stored(&*store, kept).await, "{kept}");
    }
    assert!(store.dead(10).await.unwrap().is_empty());
    assert_eq!(store.prune(at(1000)).await.unwrap(), 0);
    assert_eq!(store.stats(at(2000)).await.unwrap().ready, 4);
}

pub async fn pruning_deletes_more_than_a_portion(site: &Site) {
    let store = site.open().await;
    let accepted = (0..1203).map(|n| store.accept(delivery(&format!("d{n}"), n), Vec::new()));
    for result in join_all(accepted).await {
        result.unwrap();
    }
    assert_eq!(store.prune(at(1200)).await.unwrap(), 1200);
    assert!(!is_stored(&*store, "d1199").await && is_stored(&*store, "d1200").await);
}

pub async fn a_lost_repository_loses_its_waiting_jobs(site: &Site) {
    let store = site.open().await;
    bring(&*store, "d1", 10, review(1)).await;
    let running = take(&*store, 20).await;
    bring(&*store, "d2", 30, review(2)).await;
    let other = NewJob { repo: repo(2), kind: review(3), delivery: None };
    store.enqueue(vec![other], at(40)).await.unwrap();
    store.drop_repository(RepoId(1)).await.unwrap();
    assert_eq!(take(&*store, 50).await.job.repo.id, RepoId(2));
    assert!(lease(&*store, 50).await.is_none());
    assert!(store.finish(&running, JobOutcome::Done, at(60)).await.unwrap());
}

pub async fn memory_is_kept_under_the_lease(site: &Site) {
    let store = site.open().await;
    bring(&*store, "d1", 10, review(5)).await;
    let held = take(&*store, 20).await;
    assert_eq!(store.load(RepoId(1), Number(5)).await.unwrap(), PullMemory::default());
    for comment in [1, 2] {
        let summary = Some(CommentId(comment));
        let memory = PullMemory { summary, ..PullMemory::default() };
        assert!(store.save(&held, Number(5), &memory).await.unwrap());
        assert_eq!(store.load(RepoId(1), Number(5)).await.unwrap(), memory);
    }
    assert_eq!(store.load(RepoId(1), Number(6)).await.unwrap(), PullMemory::default());
}

pub async fn memory_of_a_repository_is_forgotten(site: &Site) {
    let store = site.open().await;
    let memory = PullMemory { paused: true, ..PullMemory::default() };
    for id in [1, 2] {
        let job = NewJob { repo: repo(id), kind: review(5), delivery: None };
        store.enqueue(vec![job], at(10)).await.unwrap();
        let held = take(&*store, 20).await;
        assert!(store.save(&held, Number(5), &memory).await.unwrap());
    }
    store.forget(RepoId(1)).await.unwrap();
    assert_eq!(store.load(RepoId(1), Number(5)).await.unwrap(), PullMemory::default());
    assert_eq!(store.load(RepoId(2), Number(5)).await.unwrap(), memory);
}

pub async fn plans_that_follow_the_default_branch_are_found(site: &Site) {
    let store = site.open().await;
    let mut run = PlanRun::new(Login("alice".into()), false);
    for (delivery, number) in [("d1", 7), ("d2", 5), ("d3", 6)] {
        bring(&*store, delivery, 10, review(number)).await;
        let held = take(&*store, 20).await;
        let plan = (number != 6).then(|| run.clone());
        let memory = PullMemory { plan, ..PullMemory::default() };
        assert!(store.save(&held, Number(number), &memory).await.unwrap());
        assert_eq!(store.load(RepoId(1), Number(number)).await.unwrap(), memory);
        assert!(store.finish(&held, JobOutcome::Done, at(25)).await.unwrap());
    }
    let found = store.plans_that_follow_base(RepoId(1)).await.unwrap();
    assert_eq!(found, [Number(5), Number(7)]);
    assert_eq!(store.plans_that_follow_base(RepoId(2)).await.unwrap(), []);
    run.cancel(Cancelled::Closed);
    bring(&*store, "d4", 30, review(7)).await;
    let held = take(&*store, 40).await;
    let memory = PullMemory { plan: Some(run), ..PullMemory::default() };
    assert!(store.save(&held, Number(7), &memory).await.unwrap());
    assert_eq!(store.plans_that_follow_base(RepoId(1)).await.unwrap(), [Number(5)]);
}

pub async fn it_is_healthy(site: &Site) {
    let store = site.open().await;
    store.healthy().await.unwrap();
    store.healthy().await.unwrap();
}

pub async fn a_closed_store_says_so(site: &Site) {
    let store = site.open().await;
    bring(&*store, "d1", 10, review(5)).await;
    store.close().await;
    let unavailable = |result: Result<(), StoreError>| {
        assert!(matches!(result, Err(StoreError::Unavailable(_))), "{result:?}");
    };
    unavailable(store.healthy().await);
    unavailable(store.next_due().await.map(|_| ()));
    unavailable(store.lease("worker", at(20), LEASE).await.map(|_| ()));
    let store = site.open().await;
    assert!(lease(&*store, 20).await.is_some());
}

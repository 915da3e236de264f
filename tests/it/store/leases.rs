//! Who works on what, and until when.

use std::time::Duration;

use backend_team::domain::ids::Number;
use backend_team::domain::job::JobOutcome;
use backend_team::ports::ledger::PullMemory;

use super::site::*;

/// When a lease taken at 100 has run out.
const LATER: i64 = 100 + 60_000;

pub async fn the_oldest_comes_first(site: &Site) {
    let store = site.open().await;
    bring(&*store, "d2", 20, review(2)).await;
    bring(&*store, "d1", 10, review(1)).await;
    bring(&*store, "d3", 30, review(3)).await;
    assert!(lease(&*store, 9).await.is_none());
    for number in [1, 2, 3] {
        assert_eq!(take(&*store, 40).await.job.kind, review(number));
    }
}

pub async fn a_subject_runs_one_job_at_a_time(site: &Site) {
    let store = site.open().await;
    bring(&*store, "d1", 10, command(5, 100)).await;
    bring(&*store, "d2", 20, review(5)).await;
    let first = take(&*store, 30).await;
    assert_eq!(first.job.kind, command(5, 100));
    assert!(lease(&*store, 30).await.is_none());
    assert!(store.finish(&first, JobOutcome::Done, at(40)).await.unwrap());
    assert_eq!(take(&*store, 50).await.job.kind, review(5));
}

pub async fn subjects_run_side_by_side(site: &Site) {
    let store = site.open().await;
    bring(&*store, "d1", 10, review(5)).await;
    bring(&*store, "d2", 20, command(5, 100)).await;
    bring(&*store, "d3", 30, review(6)).await;
    let kinds = [take(&*store, 40).await.job.kind, take(&*store, 40).await.job.kind];
    assert_eq!(kinds, [review(5), review(6)]);
}

pub async fn a_running_job_does_not_merge(site: &Site) {
    let store = site.open().await;
    bring(&*store, "d1", 10, review(5)).await;
    let running = take(&*store, 20).await;
    bring(&*store, "d2", 30, full_review(5)).await;
    assert!(store.finish(&running, JobOutcome::Done, at(40)).await.unwrap());
    let next = take(&*store, 50).await;
    assert_eq!((next.job.kind, next.job.enqueued_at), (full_review(5), at(30)));
}

pub async fn an_expired_lease_is_taken_over(site: &Site) {
    let store = site.open().await;
    bring(&*store, "d1", 10, review(5)).await;
    let first = take(&*store, 100).await;
    assert_eq!(first.expires_at, at(LATER));
    assert!(lease(&*store, LATER - 1).await.is_none());
    let second = store.lease("another", at(LATER), LEASE).await.unwrap().unwrap();
    assert_eq!(second.job.id, first.job.id);
    assert_eq!(second.job.attempt, 2);
    assert_eq!(second.worker, "another");
    assert!(second.fence > first.fence);
}

pub async fn a_lost_lease_changes_nothing(site: &Site) {
    let store = site.open().await;
    bring(&*store, "d1", 10, review(5)).await;
    let lost = take(&*store, 100).await;
    let held = take(&*store, LATER).await;
    let memory = PullMemory { paused: true, ..PullMemory::default() };
    assert!(!store.save(&lost, Number(5), &memory).await.unwrap());
    assert!(!store.extend(&lost, at(LATER), LEASE).await.unwrap());
    let retry = JobOutcome::Retry { at: at(LATER), why: "again".to_owned() };
    let dead = JobOutcome::Dead { why: "broken".to_owned() };
    for outcome in [JobOutcome::Done, retry, dead] {
        assert!(!store.finish(&lost, outcome, at(LATER)).await.unwrap());
    }
    store.release(&lost, at(LATER)).await.unwrap();
    assert_eq!(store.stats(at(LATER)).await.unwrap().running, 1);
    assert_eq!(store.load(repo(1).id, Number(5)).await.unwrap(), PullMemory::default());
    assert!(store.save(&held, Number(5), &memory).await.unwrap());
    assert!(store.finish(&held, JobOutcome::Done, at(LATER)).await.unwrap());
    assert!(!store.finish(&held, JobOutcome::Done, at(LATER)).await.unwrap());
    assert!(!store.save(&held, Number(5), &PullMemory::default()).await.unwrap());
    assert_eq!(store.load(repo(1).id, Number(5)).await.unwrap(), memory);
}

pub async fn an_overdue_lease_that_nobody_took_is_still_good(site: &Site) {
    let store = site.open().await;
    bring(&*store, "d1", 10, review(5)).await;
    let overdue = take(&*store, 100).await;
    assert!(store.extend(&overdue, at(LATER + 5), LEASE).await.unwrap());
    assert!(lease(&*store, LATER + 10).await.is_none());
    assert!(store.finish(&overdue, JobOutcome::Done, at(LATER * 3)).await.unwrap());
}

pub async fn extending_keeps_a_lease(site: &Site) {
    let store = site.open().await;
    bring(&*store, "d1", 10, review(5)).await;
    let held = take(&*store, 100).await;
    assert!(store.extend(&held, at(LATER - 1), LEASE).await.unwrap());
    assert!(lease(&*store, LATER + 1).await.is_none());
    assert!(lease(&*store, LATER - 1 + 60_000).await.is_some());
}

pub async fn an_expired_lease_keeps_its_subject_busy(site: &Site) {
    let store = site.open().await;
    bring(&*store, "d1", 10, review(5)).await;
    let first = take(&*store, 100).await;
    bring(&*store, "d2", 110, review(5)).await;
    // The older one is found first, and with it under way the newer one waits.
    assert_eq!(take(&*store, LATER).await.job.id, first.job.id);
    assert!(lease(&*store, LATER).await.is_none());
}

pub async fn a_newer_job_supersedes(site: &Site) {
    let store = site.open().await;
    bring(&*store, "d1", 10, review(5)).await;
    let running = take(&*store, 20).await;
    bring(&*store, "d2", 30, command(5, 100)).await;
    bring(&*store, "d3", 30, review(6)).await;
    assert!(!store.superseded(&running).await.unwrap());
    bring(&*store, "d4", 40, review(5)).await;
    assert!(store.superseded(&running).await.unwrap());
}

pub async fn work_wakes_a_waiter(site: &Site) {
    let store = site.open().await;
    let hour = Duration::from_secs(3600);
    let guard = Duration::from_secs(60);
    // Whether the work comes before or during the wait.
    bring(&*store, "d1", 10, review(5)).await;
    tokio::time::timeout(guard, store.wait(hour)).await.expect("a job came before");
    let waiter = tokio::spawn({
        let store = store.clone();
        async move {
            loop {
                if let Some(found) = store.lease("worker", at(100), LEASE).await.unwrap()
                    && found.job.kind == review(6)
                {
                    return;
                }
                store.wait(hour).await;
            }
        }
    });
    bring(&*store, "d2", 20, review(6)).await;
    tokio::time::timeout(guard, waiter).await.expect("a job came meanwhile").unwrap();
}

//! How jobs end, or come back.

use backend_team::domain::ids::DeliveryId;
use backend_team::domain::job::JobOutcome;

use super::site::*;

fn retry(at_time: i64) -> JobOutcome {
    JobOutcome::Retry { at: at(at_time), why: "rate limited".to_owned() }
}

fn dead(why: &str) -> JobOutcome {
    JobOutcome::Dead { why: why.to_owned() }
}

pub async fn done_is_gone(site: &Site) {
    let store = site.open().await;
    bring(&*store, "d1", 10, review(5)).await;
    let held = take(&*store, 20).await;
    assert!(store.finish(&held, JobOutcome::Done, at(30)).await.unwrap());
    assert!(lease(&*store, i64::MAX / 2).await.is_none());
    assert_eq!(store.next_due().await.unwrap(), None);
}

pub async fn a_retry_waits_for_its_time(site: &Site) {
    let store = site.open().await;
    bring(&*store, "d1", 10, review(5)).await;
    bring(&*store, "d2", 300, review(6)).await;
    let first = take(&*store, 20).await;
    assert!(store.finish(&first, retry(500), at(30)).await.unwrap());
    assert!(lease(&*store, 299).await.is_none());
    let again = take(&*store, 500).await;
    // It has kept its place, before the job that came later.
    assert_eq!((again.job.id, again.job.attempt), (first.job.id, 2));
    assert_eq!(again.job.enqueued_at, at(10));
    assert!(again.fence > first.fence);
    assert!(!store.finish(&first, JobOutcome::Done, at(510)).await.unwrap());
}

pub async fn a_retry_meets_a_waiting_job(site: &Site) {
    let store = site.open().await;
    bring(&*store, "d1", 10, full_review(5)).await;
    let first = take(&*store, 20).await;
    bring(&*store, "d2", 30, requested_review(5)).await;
    assert!(store.finish(&first, retry(500), at(40)).await.unwrap());
    let merged = take(&*store, 50).await;
    assert_eq!(merged.job.kind, full_review(5).merge(requested_review(5)));
    assert_eq!((merged.job.attempt, merged.job.enqueued_at), (1, at(10)));
    assert_eq!(merged.job.delivery, Some(DeliveryId("d2".to_owned())));
    assert!(store.finish(&merged, JobOutcome::Done, at(60)).await.unwrap());
    assert!(lease(&*store, 1000).await.is_none());
}

pub async fn a_new_event_ends_a_delay(site: &Site) {
    let store = site.open().await;
    for (id, kind) in [("d1", review(5)), ("d2", review(6))] {
        bring(&*store, id, 10, kind).await;
        let held = take(&*store, 20).await;
        store.finish(&held, retry(500), at(30)).await.unwrap();
    }
    // One that says the same, and one that has to be merged.
    bring(&*store, "d3", 40, review(5)).await;
    bring(&*store, "d4", 40, full_review(6)).await;
    for kind in [review(5), full_review(6)] {
        let held = take(&*store, 40).await;
        assert_eq!(held.job.kind, kind);
        assert_eq!((held.job.attempt, held.job.enqueued_at), (1, at(10)));
    }
}

pub async fn a_later_event_does_not_delay(site: &Site) {
    let store = site.open().await;
    bring(&*store, "d1", 10, review(5)).await;
    bring(&*store, "d2", 1000, full_review(5)).await;
    bring(&*store, "d3", 2000, full_review(5)).await;
    assert_eq!(take(&*store, 10).await.job.kind, full_review(5));
}

pub async fn dead_jobs_are_listed_newest_first(site: &Site) {
    let store = site.open().await;
    for (id, number) in [("d1", 1), ("d2", 2), ("d3", 3)] {
        bring(&*store, id, 10, review(number)).await;
        let held = take(&*store, 20).await;
        let why = format!("reason {number}\0");
        let now = at(100 + i64::try_from(number).unwrap());
        assert!(store.finish(&held, dead(&why), now).await.unwrap());
    }
    let listed = store.dead(2).await.unwrap();
    assert_eq!(listed.len(), 2);
    assert_eq!((&listed[0].job.kind, listed[0].died_at), (&review(3), at(103)));
    assert!(listed[0].why.starts_with("reason 3"));
    assert_eq!(listed[1].job.kind, review(2));
    assert_eq!(listed[1].job.attempt, 1);
    assert!(lease(&*store, 1000).await.is_none());
}

pub async fn a_dead_job_is_revived(site: &Site) {
    let store = site.open().await;
    bring(&*store, "d1", 10, review(5)).await;
    let held = take(&*store, 20).await;
    assert!(!store.revive(held.job.id, at(25)).await.unwrap());
    store.finish(&held, dead("broken"), at(30)).await.unwrap();
    assert!(store.revive(held.job.id, at(40)).await.unwrap());
    assert!(!store.revive(held.job.id, at(40)).await.unwrap());
    assert!(!store.revive(held.job.id + 1, at(40)).await.unwrap());
    assert!(store.dead(10).await.unwrap().is_empty());
    assert!(lease(&*store, 39).await.is_none());
    let again = take(&*store, 40).await;
    assert_eq!((again.job.id, again.job.attempt), (held.job.id, 1));
    assert!(again.fence > held.fence);
}

pub async fn reviving_meets_a_waiting_job(site: &Site) {
    let store = site.open().await;
    bring(&*store, "d1", 10, full_review(5)).await;
    let held = take(&*store, 20).await;
    store.finish(&held, dead("broken"), at(30)).await.unwrap();
    bring(&*store, "d2", 40, requested_review(5)).await;
    assert!(store.revive(held.job.id, at(50)).await.unwrap());
    let merged = take(&*store, 60).await;
    assert_eq!(merged.job.kind, full_review(5).merge(requested_review(5)));
    assert_eq!(merged.job.enqueued_at, at(40));
    let stats = store.stats(at(60)).await.unwrap();
    assert_eq!((stats.ready, stats.running, stats.dead), (0, 1, 0));
}

pub async fn a_release_does_not_count(site: &Site) {
    let store = site.open().await;
    bring(&*store, "d1", 10, review(5)).await;
    let held = take(&*store, 20).await;
    store.release(&held, at(30)).await.unwrap();
    let again = take(&*store, 30).await;
    assert_eq!((again.job.id, again.job.attempt), (held.job.id, 1));
    assert_eq!(again.job.enqueued_at, at(10));
    assert!(!store.finish(&held, JobOutcome::Done, at(40)).await.unwrap());
}

pub async fn a_release_meets_a_waiting_job(site: &Site) {
    let store = site.open().await;
    bring(&*store, "d1", 10, full_review(5)).await;
    let held = take(&*store, 20).await;
    bring(&*store, "d2", 30, review(5)).await;
    store.release(&held, at(40)).await.unwrap();
    let merged = take(&*store, 50).await;
    assert_eq!((merged.job.kind, merged.job.enqueued_at), (full_review(5), at(10)));
    assert!(lease(&*store, 50).await.is_none());
}

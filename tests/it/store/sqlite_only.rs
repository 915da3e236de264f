//! What only a file has.

use std::path::PathBuf;

use backend_team::domain::ids::DeliveryId;
use backend_team::ports::queue::{Accepted, NewDelivery, StoreError};
use backend_team::store::{Location, open};
use futures::future::join_all;

use super::site::*;

/// Changes the file behind the store's back.
fn meddle(site: &Site, statement: &'static str) {
    let Location::Sqlite(path) = &site.location else { panic!("not a file") };
    rusqlite::Connection::open(path).unwrap().execute_batch(statement).unwrap();
}

#[tokio::test]
async fn orphans_are_requeued_on_start() {
    let site = Site::sqlite();
    let store = site.open().await;
    bring(&*store, "d1", 10, full_review(5)).await;
    bring(&*store, "d2", 20, review(6)).await;
    let first = take(&*store, 30).await;
    take(&*store, 30).await;
    bring(&*store, "d3", 40, review(5)).await;
    drop(store);
    let store = site.open().await;
    // Long before the leases end. One has met a newer job and goes on as that.
    let merged = take(&*store, 41).await;
    assert_eq!((merged.job.kind.clone(), merged.job.enqueued_at), (full_review(5), at(10)));
    let other = take(&*store, 41).await;
    assert_eq!((other.job.kind, other.job.attempt), (review(6), 2));
    assert!(lease(&*store, 41).await.is_none());
    assert!(!store.extend(&first, at(41), LEASE).await.unwrap());
}

#[tokio::test]
async fn a_second_opener_is_told() {
    let site = Site::sqlite();
    let store = site.open().await;
    let Err(refusal) = open(&site.location).await else { panic!("opened twice") };
    assert!(matches!(refusal, StoreError::Unavailable(_)));
    assert!(refusal.to_string().contains("another process"), "{refusal}");
    store.close().await;
    site.open().await;
}

#[tokio::test]
async fn a_missing_folder_is_an_error() {
    let site = Site::sqlite();
    let Location::Sqlite(path) = &site.location else { panic!("not a file") };
    let missing: PathBuf = path.with_file_name("nowhere").join("store.db");
    assert!(matches!(open(&Location::Sqlite(missing)).await, Err(StoreError::Failed(_))));
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let site = Site::sqlite();
    site.open().await.close().await;
    meddle(&site, "INSERT INTO schema_version (version) VALUES (99)");
    let Err(StoreError::Failed(why)) = open(&site.location).await else { panic!("opened") };
    assert!(why.contains("version 99") && why.contains("newer version"), "{why}");
    meddle(&site, "DELETE FROM schema_version WHERE version = 99");
    site.open().await;
}

#[tokio::test]
async fn a_failing_request_does_not_spoil_its_neighbours() {
    let site = Site::sqlite();
    site.open().await.close().await;
    // The second of its two statements fails, so that there is something to undo.
    meddle(
        &site,
        "CREATE TRIGGER poison BEFORE INSERT ON jobs WHEN NEW.subject = 'pull/666' \
         BEGIN SELECT RAISE(ABORT, 'poisoned'); END",
    );
    let store = site.open().await;
    let poisoned = |n: u64| n % 10 == 3;
    let accepts = (0..60_u64).map(|n| {
        let store = &store;
        async move {
            let id = format!("d{n}");
            let number = if poisoned(n) { 666 } else { n };
            store.accept(delivery(&id, 10), vec![job(review(number), &id)]).await
        }
    });
    for (n, result) in (0..).zip(join_all(accepts).await) {
        let stored = store.delivery(&DeliveryId(format!("d{n}"))).await.unwrap();
        assert_eq!(stored.is_none(), poisoned(n), "{n}");
        match result {
            Ok(accepted) => assert!(accepted == Accepted::New && !poisoned(n), "{n}"),
            Err(error) => assert!(poisoned(n) && error.to_string().contains("poisoned"), "{error}"),
        }
    }
    assert_eq!(store.stats(at(20)).await.unwrap().ready, 54);
}

#[tokio::test]
async fn an_unreadable_job_is_set_aside() {
    let site = Site::sqlite();
    let store = site.open().await;
    bring(&*store, "d1", 10, review(5)).await;
    bring(&*store, "d2", 20, review(6)).await;
    bring(&*store, "d3", 30, review(7)).await;
    store.close().await;
    meddle(&site, "UPDATE jobs SET kind = '{\"kind\":\"new\"}' WHERE subject <> 'pull/6'");
    let store = site.open().await;
    // One is replaced by a job that can be read, the other must not block the queue.
    bring(&*store, "d4", 40, full_review(7)).await;
    assert_eq!(take(&*store, 50).await.job.kind, review(6));
    assert_eq!(take(&*store, 50).await.job.kind, full_review(7));
    assert_eq!(store.stats(at(60)).await.unwrap().dead, 1);
    assert!(store.dead(10).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_corrupt_body_is_an_error() {
    let site = Site::sqlite();
    let store = site.open().await;
    let plain = NewDelivery { body: vec![b'x'; 500].into(), ..delivery("d1", 10) };
    store.accept(plain, Vec::new()).await.unwrap();
    store.close().await;
    meddle(&site, "UPDATE deliveries SET body = x'ffffffff00'");
    let store = site.open().await;
    let read = store.delivery(&DeliveryId("d1".to_owned())).await;
    assert!(matches!(read, Err(StoreError::Failed(_))));
}

#[test]
fn dropping_flushes_even_when_the_runtime_ends() {
    let site = Site::sqlite();
    let runtime = || tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let first = runtime();
    let store = first.block_on(site.open());
    for n in 0..50 {
        let store = store.clone();
        first.spawn(async move { bring(&*store, &format!("d{n}"), 10, command(n, n)).await });
    }
    first.block_on(async {
        while store.stats(at(20)).await.unwrap().ready < 50 {
            tokio::task::yield_now().await;
        }
    });
    drop(first);
    drop(store);
    let second = runtime();
    second.block_on(async {
        let store = site.open().await;
        assert_eq!(store.stats(at(20)).await.unwrap().ready, 50);
    });
}

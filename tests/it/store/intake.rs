//! Deliveries in, jobs coalesced.

use backend_team::domain::ids::{DeliveryId, InstallationId, RepoId, RepoSlug};
use backend_team::domain::job::{JobKind, JobOutcome, NewJob};
use backend_team::ports::queue::{Accepted, NewDelivery};
use futures::future::join_all;

use super::site::*;

pub async fn a_delivery_survives_reopening(site: &Site) {
    let store = site.open().await;
    bring(&*store, "d1", 10, review(5)).await;
    drop(store);
    let store = site.open().await;
    let stored = store.delivery(&DeliveryId("d1".to_owned())).await.unwrap().unwrap();
    assert_eq!(stored.body, br#"{"delivery":"d1"}"#);
    assert_eq!((stored.event.as_str(), stored.received_at), ("pull_request", at(10)));
    assert_eq!(stored.ignored, None);
    let lease = take(&*store, 11).await;
    assert_eq!(lease.job.kind, review(5));
    assert_eq!(lease.job.repo, repo(1));
    assert_eq!(lease.job.delivery, Some(DeliveryId("d1".to_owned())));
    assert_eq!((lease.job.attempt, lease.job.enqueued_at), (1, at(10)));
    assert!(store.delivery(&DeliveryId("d2".to_owned())).await.unwrap().is_none());
}

pub async fn a_delivery_is_taken_once(site: &Site) {
    let store = site.open().await;
    bring(&*store, "d1", 10, review(5)).await;
    let again = store.accept(delivery("d1", 20), vec![job(review(6), "d1")]).await.unwrap();
    assert_eq!(again, Accepted::Duplicate);
    assert_eq!(store.stats(at(30)).await.unwrap().ready, 1);
    assert_eq!(take(&*store, 30).await.job.kind, review(5));
}

pub async fn concurrent_duplicates_are_one(site: &Site) {
    let store = site.open().await;
    let calls = (0..40).map(|call| {
        let id = format!("d{}", call % 4);
        let store = &store;
        async move {
            let jobs = vec![job(command(call, call), &id)];
            store.accept(delivery(&id, 10), jobs).await.unwrap()
        }
    });
    let answers = join_all(calls).await;
    assert_eq!(answers.iter().filter(|answer| **answer == Accepted::New).count(), 4);
    assert_eq!(store.stats(at(20)).await.unwrap().ready, 4);
}

/// What arrives at the same moment may be stored together; it must look as if it had not been.
pub async fn a_crowd_is_as_if_one_came_after_another(site: &Site) {
    for known_among_them in [false, true] {
        let store = site.open().await;
        let name = |call: u64| format!("{known_among_them}-{call}");
        if known_among_them {
            bring(&*store, &name(3), 5, review(1_003)).await;
            bring(&*store, "older", 6, requested_review(1_001)).await;
        }
        let calls = (0..90).map(|call| {
            let (store, id) = (&store, name(call));
            // Pull requests 1 to 5 are asked for by some 18 deliveries each, in two ways.
            let kind = match call % 3 {
                0 => command(7, call),
                1 => review(1_000 + call % 5),
                _ => full_review(1_000 + call % 5),
            };
            async move { store.accept(delivery(&id, 10), vec![job(kind, &id)]).await.unwrap() }
        });
        let answers = join_all(calls).await;
        let known = answers.iter().position(|answer| *answer == Accepted::Duplicate);
        assert_eq!(known, known_among_them.then_some(3));
        for call in 0..90 {
            let stored = store.delivery(&DeliveryId(name(call))).await.unwrap().unwrap();
            assert_eq!(stored.body, format!("{{\"delivery\":\"{}\"}}", name(call)).as_bytes());
        }
        let mut commands = 0;
        let mut reviews = Vec::new();
        while let Some(lease) = lease(&*store, 20).await {
            match lease.job.kind {
                JobKind::ReviewPull { number, full, requested, .. } => {
                    reviews.push((number.0, full, requested));
                }
                _ => commands += 1,
            }
            store.finish(&lease, JobOutcome::Done, at(20)).await.unwrap();
        }
        reviews.sort_unstable();
        let asked = |number| known_among_them && number == 1_001;
        let expected: Vec<_> = (1_000..1_005).map(|number| (number, true, asked(number))).collect();
        assert_eq!(reviews, expected);
        // Delivery 3 would have brought the thirtieth.
        assert_eq!(commands, if known_among_them { 29 } else { 30 });
    }
}

pub async fn an_ignored_delivery_is_kept(site: &Site) {
    let store = site.open().await;
    let ignored = NewDelivery { ignored: Some("unknown event".into()), ..delivery("d1", 10) };
    assert_eq!(store.accept(ignored.clone(), Vec::new()).await.unwrap(), Accepted::New);
    assert_eq!(store.accept(ignored, Vec::new()).await.unwrap(), Accepted::Duplicate);
    let stored = store.delivery(&DeliveryId("d1".to_owned())).await.unwrap().unwrap();
    assert_eq!(stored.ignored.as_deref(), Some("unknown event"));
    assert!(lease(&*store, 20).await.is_none());
}

pub async fn equal_jobs_become_one(site: &Site) {
    let store = site.open().await;
    for (received, id) in [(10, "d1"), (20, "d2"), (30, "d3")] {
        bring(&*store, id, received, review(5)).await;
    }
    let lease_taken = take(&*store, 40).await;
    assert_eq!(lease_taken.job.enqueued_at, at(10));
    // The delivery that asked first.
    assert_eq!(lease_taken.job.delivery, Some(DeliveryId("d1".to_owned())));
    assert!(lease(&*store, 40).await.is_none());
}

pub async fn different_jobs_merge(site: &Site) {
    let store = site.open().await;
    bring(&*store, "d1", 10, full_review(5)).await;
    let mut renamed = job(requested_review(5), "d2");
    renamed.repo.slug = RepoSlug::parse("acme/gadgets").unwrap();
    store.accept(delivery("d2", 20), vec![renamed.clone()]).await.unwrap();
    let lease_taken = take(&*store, 30).await;
    assert_eq!(lease_taken.job.kind, full_review(5).merge(requested_review(5)));
    assert_eq!(lease_taken.job.repo, renamed.repo);
    assert!(lease(&*store, 30).await.is_none());
}

pub async fn merging_keeps_the_older_place(site: &Site) {
    let store = site.open().await;
    bring(&*store, "d1", 10, review(5)).await;
    bring(&*store, "d2", 20, review(6)).await;
    bring(&*store, "d3", 30, full_review(5)).await;
    let first = take(&*store, 40).await;
    assert_eq!((first.job.kind, first.job.enqueued_at), (full_review(5), at(10)));
    assert_eq!(take(&*store, 40).await.job.kind, review(6));
}

pub async fn commands_do_not_merge(site: &Site) {
    let store = site.open().await;
    bring(&*store, "d1", 10, command(5, 100)).await;
    bring(&*store, "d2", 20, command(5, 101)).await;
    bring(&*store, "d3", 30, review(5)).await;
    assert_eq!(store.stats(at(40)).await.unwrap().ready, 3);
}

pub async fn jobs_of_other_repositories_are_apart(site: &Site) {
    let store = site.open().await;
    for id in [1, 2] {
        let job = NewJob { repo: repo(id), kind: review(5), delivery: None };
        store.enqueue(vec![job], at(10)).await.unwrap();
    }
    let (a, b) = (take(&*store, 20).await, take(&*store, 20).await);
    assert_eq!([a.job.repo.id, b.job.repo.id], [RepoId(1), RepoId(2)]);
}

pub async fn jobs_without_delivery_coalesce_too(site: &Site) {
    let store = site.open().await;
    bring(&*store, "d1", 10, review(5)).await;
    let resync = NewJob { repo: repo(1), kind: review(5), delivery: None };
    store.enqueue(vec![resync.clone(), resync], at(20)).await.unwrap();
    let lease_taken = take(&*store, 30).await;
    assert_eq!(lease_taken.job.delivery, Some(DeliveryId("d1".to_owned())));
    assert!(lease(&*store, 30).await.is_none());
}

pub async fn one_call_may_bring_equal_jobs(site: &Site) {
    let store = site.open().await;
    let jobs = vec![
        job(review(5), "d1"),
        job(full_review(5), "d1"),
        job(JobKind::Resync, "d1"),
        job(review(5), "d1"),
    ];
    store.accept(delivery("d1", 10), jobs).await.unwrap();
    assert_eq!(take(&*store, 20).await.job.kind, full_review(5));
    assert_eq!(take(&*store, 20).await.job.kind, JobKind::Resync);
    assert!(lease(&*store, 20).await.is_none());
}

pub async fn a_large_body_comes_back_whole(site: &Site) {
    let store = site.open().await;
    let mut random = fastrand::Rng::with_seed(1);
    let bodies = [
        ("empty", Vec::new()),
        ("repetitive", vec![b'a'; 2_000_000]),
        ("random", (0..700_000).map(|_| random.u8(..)).collect()),
    ];
    for (id, body) in &bodies {
        let large = NewDelivery { body: body.clone().into(), ..delivery(id, 10) };
        store.accept(large, Vec::new()).await.unwrap();
    }
    for (id, body) in bodies {
        let stored = store.delivery(&DeliveryId(id.to_owned())).await.unwrap().unwrap();
        assert!(stored.body == body, "{id}");
    }
}

pub async fn extreme_ids_come_back(site: &Site) {
    let store = site.open().await;
    let mut extreme = NewJob { repo: repo(u64::MAX), kind: command(u64::MAX, 1), delivery: None };
    extreme.repo.installation = InstallationId(u64::MAX - 1);
    store.enqueue(vec![extreme.clone()], at(10)).await.unwrap();
    let taken = take(&*store, 20).await;
    assert_eq!((taken.job.repo, taken.job.kind), (extreme.repo, extreme.kind));
}

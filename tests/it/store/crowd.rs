//! Many at once.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use backend_team::domain::job::{JobKind, JobOutcome};
use backend_team::store::Store;
use futures::future::join_all;
use tokio::sync::Mutex;

use super::site::*;

const PULLS: u64 = 12;
const COMMANDS: u64 = 300;
const WORKERS: usize = 6;

#[derive(Default)]
struct Log {
    done: AtomicUsize,
    busy: Mutex<HashSet<String>>,
    runs: Mutex<HashMap<u64, usize>>,
}

async fn work(store: Arc<dyn Store>, log: Arc<Log>) {
    while log.done.load(Ordering::SeqCst) < COMMANDS as usize {
        let Some(held) = store.lease("worker", at(1000), LEASE).await.unwrap() else {
            store.wait(Duration::from_millis(100)).await;
            continue;
        };
        let subject = held.job.kind.subject();
        assert!(log.busy.lock().await.insert(subject.clone()), "{subject} is being worked on");
        let JobKind::AnswerCommand { comment, .. } = held.job.kind else { panic!("not a command") };
        tokio::task::yield_now().await;
        // Every seventh is retried once.
        let outcome = match (comment.0 % 7, held.job.attempt) {
            (0, 1) => JobOutcome::Retry { at: at(0), why: "again".to_owned() },
            _ => JobOutcome::Done,
        };
        let done = outcome == JobOutcome::Done;
        log.busy.lock().await.remove(&subject);
        assert!(store.finish(&held, outcome, at(1000)).await.unwrap());
        if done {
            *log.runs.lock().await.entry(comment.0).or_default() += 1;
            log.done.fetch_add(1, Ordering::SeqCst);
        }
    }
}

pub async fn every_job_is_done_exactly_once(site: &Site) {
    let stores = match &site.location {
        backend_team::store::Location::Sqlite(_) => vec![site.open().await],
        // Replicas.
        backend_team::store::Location::Postgres { .. } => {
            vec![site.open().await, site.open().await]
        }
    };
    let log = Arc::new(Log::default());
    let workers: Vec<_> = (0..WORKERS)
        .map(|n| tokio::spawn(work(stores[n % stores.len()].clone(), log.clone())))
        .collect();
    let accepts = (0..COMMANDS).map(|n| {
        let store = stores[usize::try_from(n).unwrap() % stores.len()].clone();
        async move { bring(&*store, &format!("d{n}"), 10, command(n % PULLS, n)).await }
    });
    join_all(accepts).await;
    for worker in workers {
        worker.await.unwrap();
    }
    let runs = log.runs.lock().await;
    assert_eq!(runs.len(), COMMANDS as usize);
    assert!(runs.values().all(|times| *times == 1));
    let stats = stores[0].stats(at(2000)).await.unwrap();
    assert_eq!((stats.ready, stats.delayed, stats.running, stats.dead), (0, 0, 0, 0));
}

pub async fn accepted_jobs_coalesce_under_load(site: &Site) {
    let store = site.open().await;
    let accepts = (0..200_u64).map(|n| {
        let store = store.clone();
        async move {
            let kind = if n % 50 == 49 { full_review(n % 5) } else { review(n % 5) };
            bring(&*store, &format!("d{n}"), 10, kind).await;
        }
    });
    join_all(accepts).await;
    let mut kinds = Vec::new();
    while let Some(held) = lease(&*store, 20).await {
        kinds.push(held.job.kind);
    }
    assert_eq!(kinds.len(), 5);
    // 49, 99, 149 and 199 all belong to pull request 4.
    for number in 0..4 {
        assert!(kinds.contains(&review(number)), "{number}");
    }
    assert!(kinds.contains(&full_review(4)));
}

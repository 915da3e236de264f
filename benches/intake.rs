//! The parts of taking in a delivery: signature, parsing, and the durable commit with 1, 16 and
//! 64 deliveries at the same time.

#![allow(clippy::unwrap_used, missing_docs)]

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use backend_team::domain::ids::DeliveryId;
use backend_team::domain::job::Timestamp;
use backend_team::pipeline::intake::jobs_for;
use backend_team::ports::queue::NewDelivery;
use backend_team::store::{self, Location, Store};
use backend_team::webhook::{parse, verify};
use bytes::Bytes;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::SecretString;
use serde_json::{Value, json};
use sha2::Sha256;

const SECRET: &str = "benchmark secret";

/// A pull request event of GitHub's usual size, 24 KB: the fixture with the many addresses that
/// GitHub adds to each repository and account.
fn payload() -> Vec<u8> {
    let fixture = include_str!("../fixtures/webhooks/pull_request.opened.json");
    let mut payload: Value = serde_json::from_str(fixture).unwrap();
    for count in 0.. {
        if payload.to_string().len() >= 24_000 {
            break;
        }
        let url = format!("https://api.github.com/repos/acme/widgets/addresses{count}{{/number}}");
        payload["repository"][format!("address_{count}_url")] = json!(url);
        payload["pull_request"][format!("address_{count}_url")] = json!(url);
    }
    payload.to_string().into_bytes()
}

fn parts(criterion: &mut Criterion) {
    let body = payload();
    let secrets = [SecretString::from(SECRET)];
    let mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap().chain_update(&body);
    let signature = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
    let mut group = criterion.benchmark_group("intake");
    group.throughput(Throughput::Bytes(body.len() as u64));
    group.bench_function("signature", |bencher| {
        bencher.iter(|| verify(&secrets, Some(&signature), black_box(&body)).unwrap());
    });
    group.bench_function("parse", |bencher| {
        bencher.iter(|| parse("pull_request", black_box(&body)).unwrap());
    });
    group.finish();
}

fn accept(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let location = Location::Sqlite(folder.path().join("bench.db"));
    let store = runtime.block_on(store::open(&location)).unwrap();
    let body = Bytes::from(payload());
    let serial = Arc::new(AtomicU64::new(0));
    let mut group = criterion.benchmark_group("accept");
    for concurrent in [1_u64, 16, 64] {
        group.throughput(Throughput::Elements(concurrent));
        group.bench_function(BenchmarkId::from_parameter(concurrent), |bencher| {
            bencher.iter(|| runtime.block_on(at_once(&store, &body, &serial, concurrent)));
        });
    }
    group.finish();
    runtime.block_on(store.close());
}

async fn at_once(store: &Arc<dyn Store>, body: &Bytes, serial: &AtomicU64, concurrent: u64) {
    let waiting = (0..concurrent).map(|_| {
        let number = serial.fetch_add(1, Ordering::Relaxed);
        let (store, body) = (store.clone(), body.clone());
        tokio::spawn(async move {
            let id = DeliveryId(format!("bench-{number}"));
            let jobs = jobs_for(&parse("pull_request", &body).unwrap(), &id, &[]);
            let received_at = Timestamp(i64::try_from(number).unwrap());
            let event = "pull_request".to_owned();
            let delivery = NewDelivery { id, event, body, received_at, ignored: None };
            store.accept(delivery, jobs).await.unwrap()
        })
    });
    for accepted in futures::future::join_all(waiting).await {
        black_box(accepted.unwrap());
    }
}

criterion_group!(benches, parts, accept);
criterion_main!(benches);

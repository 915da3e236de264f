//! Figures, not a test: `cargo test --release --test it store::throughput -- --ignored --nocapture`.

use std::time::Instant;

use backend_team::domain::job::JobOutcome;
use backend_team::ports::queue::NewDelivery;
use futures::future::join_all;

use super::site::*;

const DELIVERIES: u64 = 16_000;

/// 24 KB with the redundancy of a pull request event: the same links and names again and again,
/// between values that do not repeat.
fn payload(random: &mut fastrand::Rng) -> Vec<u8> {
    let mut text = String::with_capacity(25_000);
    while text.len() < 24_000 {
        let id = random.u64(..);
        text.push_str(&format!(
            "\"node_id\":\"{id:016x}\",\"html_url\":\"https://github.com/acme/widgets/pull/{}\",\
             \"following_url\":\"https://api.github.com/users/ada/following{{/other_user}}\",",
            id % 1000
        ));
    }
    text.into_bytes()
}

async fn measure(site: Site, callers: u64) {
    let store = site.open().await;
    let mut random = fastrand::Rng::with_seed(7);
    let bodies: Vec<bytes::Bytes> = (0..64).map(|_| payload(&mut random).into()).collect();
    let ratio = lz4_flex::block::compress(&bodies[0]).len() * 100 / bodies[0].len();
    let start = Instant::now();
    let tasks = (0..callers).map(|caller| {
        let (store, bodies) = (store.clone(), bodies.clone());
        tokio::spawn(async move {
            for n in (caller..DELIVERIES).step_by(usize::try_from(callers).unwrap()) {
                let id = format!("{:016x}-{n}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
                let body = bodies[usize::try_from(n % 64).unwrap()].clone();
                let delivery = NewDelivery { body, ..delivery(&id, 10) };
                store.accept(delivery, vec![job(review(n % 4000), &id)]).await.unwrap();
            }
        })
    });
    join_all(tasks).await.into_iter().for_each(|task| task.unwrap());
    let accepted = start.elapsed();
    let start = Instant::now();
    let tasks = (0..8).map(|_| {
        let store = store.clone();
        tokio::spawn(async move {
            while let Some(held) = lease(&*store, 20).await {
                assert!(store.finish(&held, JobOutcome::Done, at(20)).await.unwrap());
            }
        })
    });
    join_all(tasks).await.into_iter().for_each(|task| task.unwrap());
    eprintln!(
        "{callers} callers, body compressed to {ratio}%: {:.0} accepts/s; 8 workers: {:.0} jobs/s",
        DELIVERIES as f64 / accepted.as_secs_f64(),
        4000.0 / start.elapsed().as_secs_f64(),
    );
    drop(store);
    site.clear().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "prints figures"]
async fn of_both_engines() {
    for callers in [1, 16, 64] {
        eprintln!("sqlite");
        measure(Site::sqlite(), callers).await;
    }
    for callers in [1, 16, 64] {
        if let Some(site) = Site::postgres() {
            eprintln!("postgres");
            measure(site, callers).await;
        }
    }
}

//! Two servers on one PostgreSQL database. Skipped without `TEST_DATABASE_URL`.

use backend_team::pipeline::worker::run_until_idle;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use super::harness::faulty::Site;

const PULLS: usize = 6;

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_share_the_work_and_say_nothing_twice() {
    let Ok(server) = std::env::var("TEST_DATABASE_URL") else {
        eprintln!("skipped: TEST_DATABASE_URL is not set");
        return;
    };
    // A database of its own: what an earlier run remembers must not count.
    let name = format!("replicas_{}", std::process::id());
    let mut admin = PgConnection::connect(&server).await.unwrap();
    admin.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.unwrap();
    let (base, _) = server.rsplit_once('/').unwrap();
    let url = format!("{base}/{name}");
    let site = Site::new().await;
    let one = site.wire(Some(url.clone())).await;
    let other = site.wire(Some(url)).await;
    let pulls: Vec<u64> = (0..PULLS).map(|_| site.open()).collect();
    site.github.deliveries_settled().await;
    let (first, second) = tokio::join!(
        run_until_idle(&one.bot.services, "one"),
        run_until_idle(&other.bot.services, "other"),
    );
    assert!(first.unwrap() + second.unwrap() >= PULLS);
    one.settle(&site.github).await;
    let expected = site.outcome(pulls[0]);
    assert_eq!(expected.comments.len(), 1);
    for number in pulls {
        assert_eq!(site.outcome(number), expected);
        site.assert_single(number);
    }
    one.bot.store.close().await;
    other.bot.store.close().await;
    admin.execute(AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)"))).await.unwrap();
}

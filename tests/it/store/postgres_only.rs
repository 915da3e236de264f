//! What only a server has. Without `TEST_DATABASE_URL` there is nothing to test.

use std::time::Duration;

use backend_team::ports::queue::StoreError;
use backend_team::store::{Location, open};
use futures::future::join_all;
use sqlx::Connection;
use sqlx::postgres::PgListener;

use super::site::*;

#[tokio::test]
async fn replicas_may_start_together() {
    let Some(site) = Site::postgres() else { return };
    let stores = join_all((0..4).map(|_| site.open())).await;
    bring(&*stores[0], "d1", 10, review(5)).await;
    assert!(lease(&*stores[3], 20).await.is_some());
    assert!(lease(&*stores[1], 20).await.is_none());
    drop(stores);
    site.clear().await;
}

#[tokio::test]
async fn replicas_are_notified() {
    let Some(site) = Site::postgres() else { return };
    let Location::Postgres { options, .. } = &site.location else { panic!("not a server") };
    let store = site.open().await;
    let url = std::env::var("TEST_DATABASE_URL").unwrap();
    let mut listener = PgListener::connect(&url).await.unwrap();
    listener.listen(&format!("{}_jobs", options.schema.as_str())).await.unwrap();
    bring(&*store, "d1", 10, review(5)).await;
    let heard = tokio::time::timeout(Duration::from_secs(60), listener.recv()).await;
    assert!(heard.expect("a notification was sent").is_ok());
    drop(store);
    site.clear().await;
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let Some(site) = Site::postgres() else { return };
    site.open().await.close().await;
    let Location::Postgres { options, .. } = &site.location else { panic!("not a server") };
    let url = std::env::var("TEST_DATABASE_URL").unwrap();
    let mut connection = sqlx::PgConnection::connect(&url).await.unwrap();
    let schema = options.schema.as_str();
    let future = format!("INSERT INTO {schema}.schema_version (version) VALUES (99)");
    sqlx::query(sqlx::AssertSqlSafe(future)).execute(&mut connection).await.unwrap();
    let Err(StoreError::Failed(why)) = open(&site.location).await else { panic!("opened") };
    assert!(why.contains("version 99"), "{why}");
    site.clear().await;
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_unavailable() {
    // Port 1 of the loopback interface: nothing listens there.
    let location = Location::parse("postgres://nobody:secret@127.0.0.1:1/none");
    let Err(error) = open(&location).await else { panic!("opened") };
    assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
    assert!(!error.to_string().contains("secret"));
}

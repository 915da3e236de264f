//! A place for one test's store, and short ways to make what goes into it.

use std::sync::Arc;
use std::time::Duration;

use backend_team::domain::event::{Actor, RepoRef};
use backend_team::domain::ids::{
    CommentId, DeliveryId, InstallationId, Login, Number, RepoId, RepoSlug,
};
use backend_team::domain::job::{JobKind, NewJob, Timestamp};
use backend_team::ports::queue::{Accepted, Lease, NewDelivery};
use backend_team::store::{Location, PostgresOptions, SchemaName, Store, open};
use sqlx::Connection;

pub const LEASE: Duration = Duration::from_secs(60);

pub struct Site {
    pub location: Location,
    _folder: Option<tempfile::TempDir>,
}

impl Site {
    pub fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let location = Location::Sqlite(folder.path().join("store.db"));
        Self { location, _folder: Some(folder) }
    }

    /// A schema of its own, if there is a server.
    pub fn postgres() -> Option<Self> {
        let Ok(url) = std::env::var("TEST_DATABASE_URL") else {
            eprintln!("skipped: TEST_DATABASE_URL names no PostgreSQL database");
            return None;
        };
        let name = format!("test_{}", uuid::Uuid::new_v4().simple());
        let schema = SchemaName::parse(&name).unwrap();
        let options = PostgresOptions { max_connections: 6, schema };
        Some(Self { location: Location::Postgres { url: url.into(), options }, _folder: None })
    }

    pub async fn open(&self) -> Arc<dyn Store> {
        open(&self.location).await.unwrap()
    }

    pub async fn clear(&self) {
        if let Location::Postgres { options, .. } = &self.location {
            let url = std::env::var("TEST_DATABASE_URL").unwrap();
            let mut connection = sqlx::PgConnection::connect(&url).await.unwrap();
            let drop = format!("DROP SCHEMA {} CASCADE", options.schema.as_str());
            sqlx::query(sqlx::AssertSqlSafe(drop)).execute(&mut connection).await.unwrap();
        }
    }
}

pub fn at(milliseconds: i64) -> Timestamp {
    Timestamp(milliseconds)
}

pub fn repo(id: u64) -> RepoRef {
    RepoRef {
        installation: InstallationId(7),
        id: RepoId(id),
        slug: RepoSlug::parse("acme/widgets").unwrap(),
    }
}

pub fn review(number: u64) -> JobKind {
    JobKind::ReviewPull { number: Number(number), full: false, lanes: Vec::new(), requested: false }
}

pub fn full_review(number: u64) -> JobKind {
    JobKind::ReviewPull { number: Number(number), full: true, lanes: Vec::new(), requested: false }
}

pub fn requested_review(number: u64) -> JobKind {
    JobKind::ReviewPull { number: Number(number), full: false, lanes: Vec::new(), requested: true }
}

pub fn command(number: u64, comment: u64) -> JobKind {
    JobKind::AnswerCommand {
        number: Number(number),
        on_pull: true,
        comment: CommentId(comment),
        author: Actor { login: Login("ada".to_owned()), is_bot: false },
        body: "/backend-team review".into(),
    }
}

pub fn delivery(id: &str, received: i64) -> NewDelivery {
    NewDelivery {
        id: DeliveryId(id.to_owned()),
        event: "pull_request".to_owned(),
        body: format!("{{\"delivery\":\"{id}\"}}").into(),
        received_at: at(received),
        ignored: None,
    }
}

pub fn job(kind: JobKind, delivery: &str) -> NewJob {
    NewJob { repo: repo(1), kind, delivery: Some(DeliveryId(delivery.to_owned())) }
}

/// Stores a delivery with one job in repository 1.
pub async fn bring(store: &dyn Store, id: &str, received: i64, kind: JobKind) {
    let accepted = store.accept(delivery(id, received), vec![job(kind, id)]).await.unwrap();
    assert_eq!(accepted, Accepted::New);
}

pub async fn lease(store: &dyn Store, now: i64) -> Option<Lease> {
    store.lease("worker", at(now), LEASE).await.unwrap()
}

/// Leases a job that must be there.
pub async fn take(store: &dyn Store, now: i64) -> Lease {
    lease(store, now).await.expect("a job is due")
}

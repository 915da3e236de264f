//! The least that a durable webhook receiver can do, to compare with: an axum handler that checks
//! the signature and inserts the body into SQLite (write-ahead log, `synchronous = FULL`), all
//! that wait at a moment in one transaction. No parsing, no jobs, no metrics, no log.
//!
//! `intake-bare ADDRESS DATABASE`, with the secret in `WEBHOOK_SECRET`.

use anyhow::Context;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use hmac::{Hmac, KeyInit, Mac};
use rusqlite::Connection;
use sha2::Sha256;
use tokio::sync::{mpsc, oneshot};

struct Delivery {
    id: String,
    body: Bytes,
    stored: oneshot::Sender<bool>,
}

#[derive(Clone)]
struct Receiver {
    secret: String,
    writer: mpsc::Sender<Delivery>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().context("an address is needed")?;
    let database = arguments.next().context("a database file is needed")?;
    let secret = std::env::var("WEBHOOK_SECRET").context("WEBHOOK_SECRET")?;
    let connection = Connection::open(database)?;
    connection.pragma_update(None, "page_size", 8192)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "wal_autocheckpoint", 4096)?;
    let table = "CREATE TABLE deliveries (id TEXT NOT NULL UNIQUE, body BLOB NOT NULL) STRICT";
    connection.execute_batch(table)?;
    let (writer, waiting) = mpsc::channel(1024);
    std::thread::spawn(move || write(connection, waiting));
    let router = Router::new().route("/", post(receive)).with_state(Receiver { secret, writer });
    let listener = tokio::net::TcpListener::bind(address).await?;
    axum::serve(listener, router).await?;
    Ok(())
}

async fn receive(State(receiver): State<Receiver>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let signature = text("x-hub-signature-256").and_then(|value| value.strip_prefix("sha256="));
    let signature = signature.and_then(|digits| hex::decode(digits).ok()).unwrap_or_default();
    let sound = Hmac::<Sha256>::new_from_slice(receiver.secret.as_bytes())
        .is_ok_and(|mac| mac.chain_update(&body).verify_slice(&signature).is_ok());
    if !sound {
        return StatusCode::UNAUTHORIZED;
    }
    let Some(id) = text("x-github-delivery").map(str::to_owned) else {
        return StatusCode::BAD_REQUEST;
    };
    let (stored, answer) = oneshot::channel();
    if receiver.writer.send(Delivery { id, body, stored }).await.is_err() {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    match answer.await {
        Ok(true) => StatusCode::ACCEPTED,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    }
}

fn write(mut connection: Connection, mut waiting: mpsc::Receiver<Delivery>) {
    let mut group = Vec::with_capacity(256);
    while waiting.blocking_recv_many(&mut group, 256) > 0 {
        let stored = store(&mut connection, &group).is_ok();
        for delivery in group.drain(..) {
            let _ = delivery.stored.send(stored);
        }
    }
}

fn store(connection: &mut Connection, group: &[Delivery]) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    for delivery in group {
        transaction
            .prepare_cached("INSERT INTO deliveries VALUES ($1, $2) ON CONFLICT (id) DO NOTHING")?
            .execute((&delivery.id, delivery.body.as_ref()))?;
    }
    transaction.commit()
}

//! Webhook deliveries: queued in order, signed, sent by one background task, recorded.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_lc_rs::hmac;
use axum::body::Body;
use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::Request;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use super::server::Shared;
use super::world::{Seconds, World};

/// Most of an answer that is kept.
const ANSWER_LIMIT: usize = 64 * 1024;

/// What became of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeliveryOutcome {
    /// Waits for its turn, or for [`release`](super::Standin::release_deliveries).
    Waiting,
    /// The webhook answered with this status.
    Answered(u16),
    /// No answer: refused, cut, or too late.
    Failed(String),
    /// Lost on purpose; listed as failed.
    Lost,
    /// No webhook address is set; not listed.
    NotSent,
}

/// One attempt to deliver an event. A redelivery is a record of its own with the same GUID.
#[derive(Debug, Clone)]
pub struct DeliveryRecord {
    pub id: u64,
    /// The `X-GitHub-Delivery` header.
    pub guid: String,
    pub event: String,
    pub action: Option<String>,
    pub payload: Value,
    pub repository: Option<u64>,
    pub redelivery: bool,
    pub outcome: DeliveryOutcome,
    /// Body of the webhook's answer.
    pub answer: String,
    /// Seconds since 1970; when it was made, then when it was sent.
    pub delivered_at: Seconds,
    /// Seconds until the answer.
    pub duration: f64,
}

/// In which order held deliveries go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReleaseOrder {
    AsMade,
    Reversed,
}

pub(super) struct Outbox {
    pub webhook: Option<String>,
    pub records: Vec<DeliveryRecord>,
    queue: VecDeque<u64>,
    held: Option<Vec<u64>>,
    pub lose_next: usize,
    pub duplicate_next: usize,
    /// Deliveries that are queued or on their way.
    pub outstanding: watch::Sender<usize>,
    wake: Arc<Notify>,
}

impl Default for Outbox {
    fn default() -> Self {
        Self {
            webhook: None,
            records: Vec::new(),
            queue: VecDeque::new(),
            held: None,
            lose_next: 0,
            duplicate_next: 0,
            outstanding: watch::Sender::new(0),
            wake: Arc::new(Notify::new()),
        }
    }
}

impl Outbox {
    fn enqueue(&mut self, id: u64) {
        if let Some(held) = &mut self.held {
            held.push(id);
            return;
        }
        self.queue.push_back(id);
        self.outstanding.send_modify(|count| *count += 1);
        self.wake.notify_one();
    }

    pub fn hold(&mut self) {
        self.held.get_or_insert_default();
    }

    pub fn release(&mut self, order: ReleaseOrder) {
        let mut held = self.held.take().unwrap_or_default();
        if order == ReleaseOrder::Reversed {
            held.reverse();
        }
        for id in held {
            self.enqueue(id);
        }
    }

    /// Puts a delivery into the queue, or to where the controls of tests send it.
    pub fn submit(&mut self, mut record: DeliveryRecord) {
        let id = record.id;
        if self.webhook.is_none() {
            record.outcome = DeliveryOutcome::NotSent;
        } else if self.lose_next > 0 {
            self.lose_next -= 1;
            record.outcome = DeliveryOutcome::Lost;
        }
        let waits = record.outcome == DeliveryOutcome::Waiting;
        self.records.push(record);
        if !waits {
            return;
        }
        self.enqueue(id);
        if self.duplicate_next > 0 {
            self.duplicate_next -= 1;
            self.enqueue(id);
        }
    }

    fn record_mut(&mut self, id: u64) -> Option<&mut DeliveryRecord> {
        self.records.iter_mut().find(|record| record.id == id)
    }
}

impl World {
    /// Sends a recorded delivery again under its GUID. `None` when it is not known.
    pub fn redeliver(&mut self, id: u64) -> Option<()> {
        let original = self.outbox.records.iter().find(|record| record.id == id)?.clone();
        let (id, delivered_at) = (self.next_id(), self.now());
        self.outbox.submit(DeliveryRecord {
            id,
            redelivery: true,
            outcome: DeliveryOutcome::Waiting,
            answer: String::new(),
            delivered_at,
            duration: 0.0,
            ..original
        });
        Some(())
    }
}

struct Parcel {
    id: u64,
    address: String,
    request: Request<Body>,
}

/// Sends queued deliveries, one after another, until the token is cancelled.
pub(super) async fn send_all(shared: Arc<Shared>, limit: Duration, stop: CancellationToken) {
    let client: Client<HttpConnector, Body> = Client::builder(TokioExecutor::new()).build_http();
    let wake = Arc::clone(&shared.world().outbox.wake);
    loop {
        let next = shared.world().outbox.queue.pop_front();
        let Some(id) = next else {
            tokio::select! {
                () = stop.cancelled() => return,
                () = wake.notified() => continue,
            }
        };
        let packed = pack(&shared.world(), id);
        if let Some(parcel) = packed {
            let started = Instant::now();
            let outcome = tokio::select! {
                () = stop.cancelled() => return,
                outcome = send(&client, parcel.request, limit) => outcome,
            };
            let duration = started.elapsed().as_secs_f64();
            note(&shared, parcel.id, outcome, duration, &parcel.address);
        }
        shared.world().outbox.outstanding.send_modify(|count| *count = count.saturating_sub(1));
    }
}

fn note(
    shared: &Shared,
    id: u64,
    outcome: Result<(u16, String), String>,
    duration: f64,
    address: &str,
) {
    let mut world = shared.world();
    let now = world.now();
    let Some(record) = world.outbox.record_mut(id) else { return };
    record.delivered_at = now;
    record.duration = duration;
    match outcome {
        Ok((status, body)) => {
            record.outcome = DeliveryOutcome::Answered(status);
            record.answer = body;
        }
        Err(why) => {
            tracing::debug!(%address, %why, "a delivery of the stand-in failed");
            record.outcome = DeliveryOutcome::Failed(why);
        }
    }
}

fn pack(world: &World, id: u64) -> Option<Parcel> {
    let record = world.outbox.records.iter().find(|record| record.id == id)?;
    let address = world.outbox.webhook.clone()?;
    let bytes = record.payload.to_string().into_bytes();
    let request = Request::post(&address)
        .header("accept", "*/*")
        .header("content-type", "application/json")
        .header("user-agent", "GitHub-Hookshot/7a4bb3e")
        .header("x-github-delivery", &record.guid)
        .header("x-github-event", &record.event)
        .header("x-github-hook-id", world.app.id + 7)
        .header("x-github-hook-installation-target-id", world.app.id)
        .header("x-github-hook-installation-target-type", "integration")
        .header("x-hub-signature", signature("sha1", &world.app.webhook_secret, &bytes))
        .header("x-hub-signature-256", signature("sha256", &world.app.webhook_secret, &bytes))
        .body(Body::from(bytes))
        .ok()?;
    Some(Parcel { id, address, request })
}

/// `sha256=…` as GitHub writes it.
fn signature(name: &str, secret: &str, bytes: &[u8]) -> String {
    let algorithm =
        if name == "sha1" { hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY } else { hmac::HMAC_SHA256 };
    let key = hmac::Key::new(algorithm, secret.as_bytes());
    format!("{name}={}", hex::encode(hmac::sign(&key, bytes)))
}

async fn send(
    client: &Client<HttpConnector, Body>,
    request: Request<Body>,
    limit: Duration,
) -> Result<(u16, String), String> {
    let exchange = async {
        let response = client.request(request).await.map_err(|error| format!("{error:?}"))?;
        let status = response.status().as_u16();
        let body = Limited::new(response.into_body(), ANSWER_LIMIT).collect().await;
        let bytes = body.map(http_body_util::Collected::to_bytes).unwrap_or_else(|_| Bytes::new());
        Ok((status, String::from_utf8_lossy(&bytes).into_owned()))
    };
    tokio::time::timeout(limit, exchange).await.unwrap_or_else(|_| Err("timed out".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_match_githubs_published_example() {
        let signed = signature("sha256", "It's a Secret to Everybody", b"Hello, World!");
        assert_eq!(
            signed,
            "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
        );
    }
}

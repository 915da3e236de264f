//! Sends signed webhook deliveries over keep-alive connections as fast as they are answered, and
//! prints one JSON object: how many were accepted, the rate and the latency's percentiles.
//!
//! `intake-load URL PAYLOAD EVENT CONNECTIONS SECONDS`, with the secret in `WEBHOOK_SECRET`.
//!
//! Bodies are made before the clock starts: the payload for [`PULLS`] different pull requests,
//! each with its signature. Every delivery id is new. One thread, so that the generator leaves
//! the other cores to the server.

#![allow(clippy::print_stdout)]

use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail, ensure};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const PULLS: u64 = 200;
/// Deliveries sent before the measurement starts, for each connection.
const WARM_UP: usize = 20;

struct Load {
    address: String,
    path: String,
    event: String,
    /// Signature and body.
    bodies: Vec<(String, Vec<u8>)>,
}

#[derive(Default)]
struct Seen {
    accepted: usize,
    other: usize,
    latencies: Vec<Duration>,
}

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, payload, event, connections, seconds] = arguments.as_slice() else {
        bail!("URL PAYLOAD EVENT CONNECTIONS SECONDS");
    };
    let rest = url.strip_prefix("http://").context("the URL starts with http://")?;
    let (address, path) = rest.split_once('/').unwrap_or((rest, ""));
    let secret = std::env::var("WEBHOOK_SECRET").context("WEBHOOK_SECRET")?;
    let payload: Value = serde_json::from_slice(&std::fs::read(payload)?)?;
    let load = Rc::new(Load {
        address: address.to_owned(),
        path: format!("/{path}"),
        event: event.clone(),
        bodies: (1..=PULLS).map(|number| signed(payload.clone(), number, &secret)).collect(),
    });
    let (connections, seconds) = (connections.parse()?, Duration::from_secs(seconds.parse()?));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let seen = tokio::task::LocalSet::new().block_on(&runtime, all(load, connections, seconds))?;
    println!("{}", summary(seen, seconds));
    Ok(())
}

fn signed(mut payload: Value, number: u64, secret: &str) -> (String, Vec<u8>) {
    payload["number"] = json!(number);
    payload["pull_request"]["number"] = json!(number);
    let body = payload.to_string().into_bytes();
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).map(|mac| mac.chain_update(&body));
    let digits = mac.map(|mac| hex::encode(mac.finalize().into_bytes())).unwrap_or_default();
    (format!("sha256={digits}"), body)
}

async fn all(load: Rc<Load>, connections: usize, length: Duration) -> anyhow::Result<Seen> {
    let mut running = Vec::new();
    for connection in 0..connections {
        running.push(tokio::task::spawn_local(one(load.clone(), connection, length)));
    }
    let mut total = Seen::default();
    for task in running {
        let seen = task.await??;
        total.accepted += seen.accepted;
        total.other += seen.other;
        total.latencies.extend(seen.latencies);
    }
    Ok(total)
}

async fn one(load: Rc<Load>, connection: usize, length: Duration) -> anyhow::Result<Seen> {
    let mut stream = TcpStream::connect(&load.address).await?;
    stream.set_nodelay(true)?;
    let mut buffer = Vec::new();
    let mut seen = Seen::default();
    let mut start = Instant::now();
    for count in 0.. {
        if count == WARM_UP {
            start = Instant::now();
        } else if count > WARM_UP && start.elapsed() >= length {
            break;
        }
        let sent = Instant::now();
        let status = exchange(&load, &mut stream, &mut buffer, connection, count).await?;
        if count < WARM_UP {
            continue;
        }
        seen.latencies.push(sent.elapsed());
        if (200..300).contains(&status) { seen.accepted += 1 } else { seen.other += 1 }
    }
    Ok(seen)
}

/// An id as GitHub makes them: a UUID of version 1, whose first part is the time in units of 100 ns.
/// The last two parts make it new.
fn delivery_id(connection: usize, count: usize) -> String {
    /// From the beginning of the Gregorian calendar to 1970.
    const EPOCH: u128 = 0x01B2_1DD2_1381_4000;
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let time = since_1970.as_nanos() / 100 + EPOCH;
    let (low, middle, high) = (time & 0xFFFF_FFFF, time >> 32 & 0xFFFF, time >> 48 & 0xFFF);
    format!("{low:08x}-{middle:04x}-1{high:03x}-{connection:04x}-{count:012x}")
}

async fn exchange(
    load: &Load,
    stream: &mut TcpStream,
    buffer: &mut Vec<u8>,
    connection: usize,
    count: usize,
) -> anyhow::Result<u16> {
    let at = (count * 7 + connection) % load.bodies.len();
    let (signature, body) = load.bodies.get(at).context("there are bodies")?;
    let mut request = format!(
        "POST {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: GitHub-Hookshot/bench\r\nAccept: */*\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nX-GitHub-Event: {}\r\n\
         X-GitHub-Delivery: {}\r\nX-Hub-Signature-256: {signature}\r\n\r\n",
        load.path,
        load.address,
        body.len(),
        load.event,
        delivery_id(connection, count),
    )
    .into_bytes();
    request.extend_from_slice(body);
    stream.write_all(&request).await?;
    answer(stream, buffer).await
}

/// Reads one answer; its length is announced or it comes in chunks.
async fn answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> anyhow::Result<u16> {
    buffer.clear();
    loop {
        ensure!(stream.read_buf(buffer).await? > 0, "the server closed the connection");
        let text = String::from_utf8_lossy(buffer);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let head = head.to_ascii_lowercase();
        let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
        let length = length.and_then(|digits| digits.trim().parse::<usize>().ok());
        let complete = match length {
            Some(length) => body.len() >= length,
            None if head.contains("transfer-encoding: chunked") => body.ends_with("0\r\n\r\n"),
            None => true,
        };
        if complete {
            return Ok(head.split(' ').nth(1).context("a status")?.parse()?);
        }
    }
}

fn summary(mut seen: Seen, length: Duration) -> Value {
    seen.latencies.sort_unstable();
    let at = |share: usize| {
        let index = (seen.latencies.len() * share / 100).min(seen.latencies.len().max(1) - 1);
        seen.latencies.get(index).map_or(0.0, |latency| latency.as_secs_f64() * 1000.0)
    };
    // Rates of a benchmark stay far below 2^52.
    #[allow(clippy::cast_precision_loss)]
    let rate = seen.accepted as f64 / length.as_secs_f64();
    json!({
        "accepted": seen.accepted,
        "other": seen.other,
        // The warm-up costs the server CPU too.
        "sent": seen.latencies.len(),
        "rate": rate,
        "p50_ms": at(50),
        "p99_ms": at(99),
    })
}

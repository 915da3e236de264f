//! What a stand-in saw, kept for the check against GitHub's OpenAPI description.

use std::io::Write;

use backend_team::standin::Standin;
use serde_json::json;

/// With `STANDIN_RECORDING` set to a file, adds what the stand-in saw to it: see `tests/contract`.
pub fn keep(github: &Standin) {
    let Some(path) = std::env::var_os("STANDIN_RECORDING") else { return };
    let mut lines = String::new();
    for request in github.requests() {
        lines.push_str(&json!({ "request": request }).to_string());
        lines.push('\n');
    }
    for delivery in github.deliveries() {
        let line = json!({
            "event": delivery.event, "action": delivery.action, "payload": delivery.payload,
        });
        lines.push_str(&line.to_string());
        lines.push('\n');
    }
    let file = std::fs::OpenOptions::new().create(true).append(true).open(path);
    file.unwrap().write_all(lines.as_bytes()).unwrap();
}

//! Deliveries that GitHub could not hand over. GitHub repeats nothing by itself.

use std::collections::HashSet;

use super::call::{Call, Scope};
use super::client::GitHub;
use super::wire;
use crate::domain::job::Timestamp;
use crate::ports::forge::{FailedDelivery, ForgeError};

/// Entries that are looked at: three pages.
const MAX_ENTRIES: usize = 300;

impl GitHub {
    pub(super) async fn deliveries_never_received(
        &self,
        oldest: Timestamp,
    ) -> Result<Vec<FailedDelivery>, ForgeError> {
        let operation = "/app/hook/deliveries";
        let mut entries: Vec<wire::Delivery> = Vec::new();
        let mut query = "per_page=100".to_owned();
        while entries.len() < MAX_ENTRIES {
            let call = Call::get(Scope::App, operation, format!("{operation}?{query}"));
            let page = self.fetch::<Vec<wire::Delivery>>(&call).await?;
            let reached_old = page.value.last().is_none_or(|last| is_older(last, oldest));
            entries.extend(page.value);
            match page.next {
                Some(next) if !reached_old && next != query => query = next,
                _ => break,
            }
        }
        entries.truncate(MAX_ENTRIES);
        entries.retain(|entry| !is_older(entry, oldest));
        Ok(never_received(entries))
    }
}

fn is_older(entry: &wire::Delivery, oldest: Timestamp) -> bool {
    let delivered = entry.delivered_at.as_deref().and_then(wire::milliseconds);
    delivered.is_some_and(|at| at < oldest.0)
}

/// Payloads that this server will not take however often they are sent.
fn refused(entry: &wire::Delivery) -> bool {
    matches!(entry.status_code, Some(400 | 413))
}

fn succeeded(entry: &wire::Delivery) -> bool {
    entry.status.as_deref() == Some("OK")
        || entry.status_code.is_some_and(|code| (200..300).contains(&code))
}

/// Failed attempts, newest first, one for each event that no newer attempt delivered.
fn never_received(newest_first: Vec<wire::Delivery>) -> Vec<FailedDelivery> {
    let mut seen: HashSet<String> = HashSet::new();
    newest_first
        .into_iter()
        .filter(|entry| seen.insert(entry.guid.clone()) && !succeeded(entry) && !refused(entry))
        .map(|entry| FailedDelivery { id: entry.id, guid: entry.guid })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: u64, guid: &str, status: &str, status_code: i64) -> wire::Delivery {
        wire::Delivery {
            id,
            guid: guid.to_owned(),
            delivered_at: None,
            status: Some(status.to_owned()),
            status_code: Some(status_code),
        }
    }

    #[test]
    fn a_later_success_settles_a_failure() {
        let entries = vec![
            entry(5, "a", "OK", 202),
            entry(4, "b", "timed out", 0),
            entry(3, "c", "Invalid HTTP Response: 503", 503),
            entry(2, "a", "failed to connect to host", 0),
            entry(1, "b", "OK", 202),
            entry(0, "c", "timed out", 0),
            entry(0, "d", "Invalid HTTP Response: 400", 400),
        ];
        let ids: Vec<u64> = never_received(entries).into_iter().map(|failed| failed.id).collect();
        assert_eq!(ids, [4, 3]);
    }
}

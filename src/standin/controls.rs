//! What a test or a demonstration steers: the webhook, deliveries, faults, records, tokens.

use serde_json::Value;

use super::deliveries::{DeliveryRecord, ReleaseOrder};
use super::faults::{Fault, FaultRule};
use super::records::RequestRecord;
use super::{Standin, StandinError};

impl Standin {
    /// Where deliveries go, an `http://` address. Before it is set, events are recorded as not
    /// sent.
    pub fn set_webhook(&self, url: &str) {
        self.world().outbox.webhook = Some(url.to_owned());
    }

    /// Waits until every queued delivery got its answer or failed. Held ones do not count.
    pub async fn deliveries_settled(&self) {
        let mut outstanding = self.world().outbox.outstanding.subscribe();
        // The sender lives as long as the world does, so waiting cannot fail.
        let _ = outstanding.wait_for(|count| *count == 0).await;
    }

    /// All attempts, oldest first.
    pub fn deliveries(&self) -> Vec<DeliveryRecord> {
        self.world().outbox.records.clone()
    }

    /// Sends the first attempt with this GUID again, as the redelivery button does.
    pub fn redeliver(&self, guid: &str) -> Result<(), StandinError> {
        let mut world = self.world();
        let found = world.outbox.records.iter().find(|record| record.guid == guid);
        let id = found.map(|record| record.id);
        id.and_then(|id| world.redeliver(id))
            .ok_or_else(|| StandinError::Unknown(format!("delivery {guid}")))
    }

    /// Keeps new deliveries back until [`release`](Self::release_deliveries).
    pub fn hold_deliveries(&self) {
        self.world().outbox.hold();
    }

    /// Sends what was held back, in this order, and stops holding.
    pub fn release_deliveries(&self, order: ReleaseOrder) {
        self.world().outbox.release(order);
    }

    /// The next events are lost on their way: they are listed as failed deliveries.
    pub fn lose_deliveries(&self, count: usize) {
        self.world().outbox.lose_next = count;
    }

    /// The next events are delivered twice, with the same GUID.
    pub fn duplicate_deliveries(&self, count: usize) {
        self.world().outbox.duplicate_next = count;
    }

    /// Adds a rule behind the present ones.
    pub fn fault(&self, fault: Fault) {
        self.world().faults.push(FaultRule::new(fault));
    }

    pub fn clear_faults(&self) {
        self.world().faults.clear();
    }

    /// All requests since the start or the last clearing, in the order of arrival.
    pub fn requests(&self) -> Vec<RequestRecord> {
        self.world().requests.clone()
    }

    /// Only the requests that change something.
    pub fn writes(&self) -> Vec<RequestRecord> {
        let world = self.world();
        world.requests.iter().filter(|record| record.is_write()).cloned().collect()
    }

    pub fn clear_requests(&self) {
        self.world().requests.clear();
    }

    /// Makes every installation token that was issued so far expire now.
    pub fn expire_tokens(&self) {
        let mut world = self.world();
        let now = world.now();
        for token in world.tokens.values_mut().filter(|token| token.installation) {
            token.expires_at = Some(now);
        }
    }

    /// A token of a person, without expiry.
    pub fn person_token(&self, login: &str) -> String {
        self.world().add_person_token(login)
    }

    /// Accepts this code at `POST /app-manifests/{code}/conversions`, once.
    pub fn offer_manifest(&self, code: &str, manifest: Value) {
        self.world().manifests.insert(code.to_owned(), manifest);
    }
}

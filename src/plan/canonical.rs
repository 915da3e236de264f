//! The forms in which a plan is kept: its digest and its JSON Schema.

use sha2::{Digest, Sha256};

use crate::domain::ids::CommitSha;
use crate::domain::plan::Plan;

/// Names a plan for one base commit: 64 hexadecimal digits. Approvals are bound to it, so the
/// whole hash is kept: whoever writes an issue could search for two plans that share a short one.
pub fn digest(plan: &Plan, base: &CommitSha) -> String {
    let mut hash = Sha256::new();
    hash.update(b"backend-team plan 1\n");
    hash.update(base.as_str().as_bytes());
    hash.update(b"\n");
    // The order of keys is that of the type: the same plan has the same bytes.
    hash.update(serde_json::to_vec(plan).unwrap_or_default());
    hex::encode(hash.finalize())
}

/// The JSON Schema of a plan, version 1.
pub fn json_schema() -> serde_json::Value {
    let mut schema = schemars::schema_for!(Plan).to_value();
    if let Some(object) = schema.as_object_mut() {
        let title = "backend-team plan, version 1".to_owned();
        object.insert("title".to_owned(), serde_json::Value::String(title));
    }
    schema
}

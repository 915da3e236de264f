//! Rows to domain types and back, the same on both engines.

use std::borrow::Cow;

use super::body;
use crate::domain::event::RepoRef;
use crate::domain::ids::{DeliveryId, InstallationId, Number, RepoId, RepoSlug};
use crate::domain::job::{Job, JobKind, NewJob, Timestamp};
use crate::ports::ledger::PullMemory;
use crate::ports::queue::{DeadJob, QueueStats, StoreError, StoredDelivery};

/// A new job as the values of its columns.
#[derive(Debug)]
pub(super) struct NewRow {
    pub(super) repo_id: i64,
    pub(super) installation_id: i64,
    pub(super) owner: String,
    pub(super) name: String,
    pub(super) subject: String,
    pub(super) coalescing_key: String,
    pub(super) kind: JobKind,
    /// `kind` as stored.
    pub(super) kind_json: String,
    pub(super) delivery: Option<String>,
}

impl NewRow {
    fn of(job: NewJob) -> Result<Self, StoreError> {
        let NewJob { repo, kind, delivery } = job;
        Ok(Self {
            repo_id: signed(repo.id.0),
            installation_id: signed(repo.installation.0),
            owner: repo.slug.owner,
            name: repo.slug.name,
            subject: kind.subject(),
            coalescing_key: kind.coalescing_key(),
            kind_json: encode_kind(&kind)?,
            kind,
            delivery: delivery.map(|id| id.0),
        })
    }

    /// Whether `later`, which has the same key, changes nothing.
    pub(super) fn repeated_by(&self, later: &Self) -> bool {
        self.kind_json == later.kind_json
            && self.installation_id == later.installation_id
            && (&self.owner, &self.name) == (&later.owner, &later.name)
            && self.delivery.is_some()
    }

    /// Rows in the order given.
    pub(super) fn all(jobs: Vec<NewJob>) -> Result<Vec<Self>, StoreError> {
        jobs.into_iter().map(Self::of).collect()
    }

    /// `kind` of this job and the waiting `older` one in one, as stored. An older job that this
    /// version cannot read is replaced.
    pub(super) fn merged_into(&self, older: &str) -> Result<String, StoreError> {
        match decode_kind(older) {
            Ok(older) => encode_kind(&older.merge(self.kind.clone())),
            Err(_) => Ok(self.kind_json.clone()),
        }
    }
}

/// A delivery with its body compressed.
pub(super) struct DeliveryRow {
    pub(super) id: String,
    pub(super) event: String,
    pub(super) body: Vec<u8>,
    pub(super) received_at: i64,
    pub(super) ignored: Option<String>,
}

/// How a job comes back into the line.
pub(super) struct Return<'a> {
    /// `None` keeps the time at which it was due before.
    pub(super) run_at: Option<Timestamp>,
    pub(super) why: Option<&'a str>,
    /// Takes back the start that was counted.
    pub(super) uncount: bool,
}

/// Two stored kinds as one; an unreadable one gives way.
pub(super) fn merge_kinds(older: &str, newer: &str) -> Result<String, StoreError> {
    match (decode_kind(older), decode_kind(newer)) {
        (Ok(older), Ok(newer)) => encode_kind(&older.merge(newer)),
        (Ok(_), Err(_)) => Ok(older.to_owned()),
        (Err(_), _) => Ok(newer.to_owned()),
    }
}

/// Columns of [`super::sql::JOB_COLUMNS`]: id, installation, repository, owner, name, kind,
/// delivery, attempt, enqueued at.
pub(super) type JobColumns = (i64, i64, i64, String, String, String, Option<String>, i64, i64);

pub(super) fn job(columns: JobColumns) -> Result<Job, StoreError> {
    let (id, installation, repo, owner, name, kind, delivery, attempt, enqueued_at) = columns;
    Ok(Job {
        id,
        repo: RepoRef {
            installation: InstallationId(unsigned(installation)),
            id: RepoId(unsigned(repo)),
            slug: RepoSlug { owner, name },
        },
        kind: decode_kind(&kind)?,
        delivery: delivery.map(DeliveryId),
        attempt: u32::try_from(attempt).unwrap_or(0),
        enqueued_at: Timestamp(enqueued_at),
    })
}

/// [`JobColumns`], fence.
pub(super) type LeasedColumns =
    (i64, i64, i64, String, String, String, Option<String>, i64, i64, i64);

/// A job that is to wait again: id, repository, subject, key, kind, enqueued at, run at, attempt.
pub(super) type ReturningColumns = (i64, i64, String, String, String, i64, i64, i64);

/// [`JobColumns`], why, died at.
pub(super) type DeadColumns =
    (i64, i64, i64, String, String, String, Option<String>, i64, i64, Option<String>, Option<i64>);

/// Dead jobs for people. One that this version cannot read is left out, with a warning.
pub(super) fn dead_jobs(rows: Vec<DeadColumns>) -> Vec<DeadJob> {
    let mut jobs = Vec::with_capacity(rows.len());
    for (id, b, c, d, e, f, g, h, i, why, died_at) in rows {
        match job((id, b, c, d, e, f, g, h, i)) {
            Ok(job) => jobs.push(DeadJob {
                job,
                why: why.unwrap_or_default(),
                died_at: Timestamp(died_at.unwrap_or_default()),
            }),
            Err(error) => tracing::warn!(job_id = id, %error, "not listing a dead job"),
        }
    }
    jobs
}

/// Event, body as stored, received at, why ignored.
pub(super) type DeliveryColumns = (String, Vec<u8>, i64, Option<String>);

pub(super) fn delivery(
    id: &DeliveryId,
    (event, stored, received_at, ignored): DeliveryColumns,
) -> Result<StoredDelivery, StoreError> {
    Ok(StoredDelivery {
        id: id.clone(),
        event,
        body: body::decompress(&stored)?,
        received_at: Timestamp(received_at),
        ignored,
    })
}

/// Ready, delayed, running, dead.
pub(super) type Counts = (i64, i64, i64, i64);

pub(super) fn stats(
    (ready, delayed, running, dead): Counts,
    oldest: Option<i64>,
    now: Timestamp,
) -> QueueStats {
    QueueStats {
        ready: count(ready),
        delayed: count(delayed),
        running: count(running),
        dead: count(dead),
        oldest_ready: oldest.map(|at| now.since(Timestamp(at))).unwrap_or_default(),
    }
}

fn encode_kind(kind: &JobKind) -> Result<String, StoreError> {
    serde_json::to_string(kind).map_err(|error| StoreError::Failed(error.to_string()))
}

fn decode_kind(json: &str) -> Result<JobKind, StoreError> {
    serde_json::from_str(json)
        .map_err(|error| StoreError::Failed(format!("stored job is unreadable: {error}")))
}

pub(super) fn encode_memory(memory: &PullMemory) -> Result<String, StoreError> {
    serde_json::to_string(memory).map_err(|error| StoreError::Failed(error.to_string()))
}

pub(super) fn decode_memory(json: &str) -> Result<PullMemory, StoreError> {
    serde_json::from_str(json).map_err(|error| {
        StoreError::Failed(format!(
            "stored memory of a pull request is unreadable: {error}; if a newer version of \
             backend-team wrote it, run that version again and replay the dead job"
        ))
    })
}

/// Databases have no unsigned 64-bit integers; the bits are kept.
pub(super) fn signed(id: u64) -> i64 {
    id.cast_signed()
}

fn unsigned(id: i64) -> u64 {
    id.cast_unsigned()
}

pub(super) fn number(stored: i64) -> Number {
    Number(unsigned(stored))
}

/// Counts come as non-negative integers.
fn count(rows: i64) -> u64 {
    u64::try_from(rows).unwrap_or(0)
}

/// Free text that PostgreSQL accepts: it has no NUL in text.
pub(super) fn storable(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { text.replace('\0', "\u{fffd}").into() } else { text.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn review(number: u64, full: bool) -> JobKind {
        JobKind::ReviewPull { number: Number(number), full, lanes: Vec::new(), requested: false }
    }

    #[test]
    fn an_unreadable_job_gives_way_to_a_readable_one() {
        let readable = encode_kind(&review(1, true)).unwrap();
        let strange = r#"{"kind":"from_the_future"}"#;
        assert_eq!(merge_kinds(strange, &readable).unwrap(), readable);
        assert_eq!(merge_kinds(&readable, strange).unwrap(), readable);
    }

    /// An older version that runs in between, as this one would be to a newer one.
    #[test]
    fn memory_of_a_newer_version_is_kept() {
        let head = "a".repeat(40);
        let text = format!(
            r#"{{"findings":[{{"fingerprint":"0f","rule":"a/b","lane":"data","severity":"major",
                "category":"data","title":"t","path":"a.sql","lines":null,"first_seen":"{head}",
                "state":{{"state":"open"}},"noted":false,"votes":3}}],
                "reviewed":{{"head":"{head}","base":"{head}","inputs":"x","model":"m"}},
                "snoozed":{{"until":7}}}}"#
        );
        let mut memory = decode_memory(&text).unwrap();
        memory.paused = true;
        let again: serde_json::Value =
            serde_json::from_str(&encode_memory(&memory).unwrap()).unwrap();
        assert_eq!(again["snoozed"]["until"], 7);
        assert_eq!(again["findings"][0]["votes"], 3);
        assert_eq!(again["reviewed"]["model"], "m");
        assert_eq!(again["paused"], true);
        let strange = text.replace("\"open\"", "\"postponed\"");
        let error = decode_memory(&strange).unwrap_err().to_string();
        assert!(error.contains("run that version again"), "{error}");
    }

    #[test]
    fn ids_keep_their_bits() {
        for id in [0, 1, u64::MAX, 1 << 63] {
            assert_eq!(unsigned(signed(id)), id);
        }
    }

    #[test]
    fn nul_is_replaced() {
        assert_eq!(storable("a\0b"), "a\u{fffd}b");
    }
}

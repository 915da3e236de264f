//! Statements that mean the same on both engines. Parameters are `$1`, `$2`, … on both.

/// Columns of a job in the order of [`super::row::JobColumns`], as a macro so that it can stand
/// in a literal.
macro_rules! job_columns {
    () => {
        "id, installation_id, repo_id, owner, name, kind, delivery, attempt, enqueued_at"
    };
}
pub(super) use job_columns;

/// A waiting row `w` whose subject has nobody at work.
macro_rules! subject_is_free {
    () => {
        "NOT EXISTS (SELECT r.id FROM jobs r WHERE r.repo_id = w.repo_id \
         AND r.subject = w.subject AND r.state = 'running')"
    };
}
pub(super) use subject_is_free;

/// Stores a delivery; no row changes if it is known.
/// 1 id, 2 event, 3 body, 4 received at, 5 why ignored.
pub(super) const INSERT_DELIVERY: &str = "INSERT INTO deliveries \
    (id, event, body, received_at, ignored) VALUES ($1, $2, $3, $4, $5) \
    ON CONFLICT (id) DO NOTHING";

/// The columns of a new job, in the order of the parameters of [`INSERT_JOB`].
macro_rules! new_job_columns {
    () => {
        "(repo_id, installation_id, owner, name, subject, coalescing_key, kind, delivery, \
         state, enqueued_at, run_at)"
    };
}

/// A new job meets the waiting one that says exactly the same: refreshes it. The delivery that asked
/// first stays its delivery.
/// May be followed by a comma and more assignments, or by a condition.
///
/// A new event starts the count of attempts anew and ends a delay, because the reason for the
/// earlier failures may be gone.
macro_rules! refresh_waiting {
    () => {
        " ON CONFLICT (repo_id, subject, coalescing_key) WHERE state = 'waiting' DO UPDATE SET \
         installation_id = excluded.installation_id, owner = excluded.owner, \
         name = excluded.name, delivery = COALESCE(jobs.delivery, excluded.delivery), \
         attempt = 0, why = NULL, run_at = \
         CASE WHEN excluded.run_at < jobs.run_at THEN excluded.run_at ELSE jobs.run_at END"
    };
}

/// Stores a job, or refreshes the waiting one that says exactly the same. No row changes if the
/// waiting one says something else: then it has to be merged.
/// 1 repository, 2 installation, 3 owner, 4 name, 5 subject, 6 key, 7 kind, 8 delivery, 9 now.
pub(super) const INSERT_JOB: &str = concat!(
    "INSERT INTO jobs ",
    new_job_columns!(),
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'waiting', $9, $9)",
    refresh_waiting!(),
    " WHERE jobs.kind = excluded.kind"
);

/// Folds a new job into the waiting row 1, keeping its place.
/// 2 kind, 3 installation, 4 owner, 5 name, 6 delivery, 7 now.
pub(super) const FOLD_NEW_JOB: &str = "UPDATE jobs SET kind = $2, installation_id = $3, \
    owner = $4, name = $5, delivery = COALESCE($6, delivery), attempt = 0, why = NULL, \
    run_at = CASE WHEN $7 < run_at THEN $7 ELSE run_at END WHERE id = $1";

/// Folds an older job into the waiting row 1, which gets the older's place.
/// 2 kind, 3 older's enqueued at, 4 older's run at.
pub(super) const FOLD_OLD_JOB: &str = "UPDATE jobs SET kind = $2, \
    enqueued_at = CASE WHEN $3 < enqueued_at THEN $3 ELSE enqueued_at END, \
    run_at = CASE WHEN $4 < run_at THEN $4 ELSE run_at END WHERE id = $1";

/// Makes row 1 wait. 2 enqueued at, 3 run at, 4 attempts so far, 5 why.
pub(super) const MAKE_WAITING: &str = "UPDATE jobs SET state = 'waiting', enqueued_at = $2, \
    run_at = $3, attempt = $4, why = $5, worker = NULL, lease_expires_at = NULL, \
    died_at = NULL WHERE id = $1";

pub(super) const DELETE_JOB: &str = "DELETE FROM jobs WHERE id = $1";

/// 1 job, 2 fence, 3 expires at.
pub(super) const EXTEND: &str = "UPDATE jobs SET lease_expires_at = $3 \
    WHERE id = $1 AND fence = $2 AND state = 'running'";

/// 1 job, 2 fence.
pub(super) const FINISH_DONE: &str =
    "DELETE FROM jobs WHERE id = $1 AND fence = $2 AND state = 'running'";

/// 1 job, 2 fence, 3 why, 4 now.
pub(super) const FINISH_DEAD: &str = "UPDATE jobs SET state = 'dead', why = $3, died_at = $4, \
    worker = NULL, lease_expires_at = NULL WHERE id = $1 AND fence = $2 AND state = 'running'";

/// 1 repository, 2 subject, 3 key, 4 job that asks.
pub(super) const SUPERSEDED: &str = "SELECT id FROM jobs WHERE repo_id = $1 AND subject = $2 \
    AND coalescing_key = $3 AND state = 'waiting' AND id <> $4";

/// The earliest moment at which a job may be leased: a waiting one of a free subject, or the end
/// of a lease. Waiting jobs of a busy subject come up when the running one ends.
pub(super) const NEXT_DUE: &str = concat!(
    "SELECT MIN(due) FROM (SELECT MIN(w.run_at) AS due FROM jobs w WHERE w.state = 'waiting' AND ",
    subject_is_free!(),
    " UNION ALL SELECT MIN(lease_expires_at) AS due FROM jobs WHERE state = 'running') AS dues"
);

/// Ready, delayed, running, dead. 1 now.
pub(super) const COUNT_JOBS: &str = "SELECT \
    COUNT(CASE WHEN state = 'waiting' AND run_at <= $1 THEN 1 END), \
    COUNT(CASE WHEN state = 'waiting' AND run_at > $1 THEN 1 END), \
    COUNT(CASE WHEN state = 'running' THEN 1 END), \
    COUNT(CASE WHEN state = 'dead' THEN 1 END) FROM jobs";

/// 1 now.
pub(super) const OLDEST_READY: &str = concat!(
    "SELECT MIN(w.enqueued_at) FROM jobs w WHERE w.state = 'waiting' AND w.run_at <= $1 AND ",
    subject_is_free!()
);

/// Newest first. 1 limit.
pub(super) const DEAD_JOBS: &str = concat!(
    "SELECT ",
    job_columns!(),
    ", why, died_at FROM jobs WHERE state = 'dead' ORDER BY died_at DESC, id DESC LIMIT $1"
);

/// 1 id.
pub(super) const DELIVERY: &str =
    "SELECT event, body, received_at, ignored FROM deliveries WHERE id = $1";

/// 1 before, 2 limit.
pub(super) const PRUNE_DELIVERIES: &str = "DELETE FROM deliveries WHERE id IN (SELECT id \
    FROM deliveries WHERE received_at < $1 AND id NOT IN (SELECT delivery FROM jobs \
    WHERE delivery IS NOT NULL AND state IN ('waiting', 'running')) LIMIT $2)";

/// 1 before, 2 limit.
pub(super) const PRUNE_DEAD: &str = "DELETE FROM jobs WHERE id IN \
    (SELECT id FROM jobs WHERE state = 'dead' AND died_at < $1 LIMIT $2)";

/// 1 repository.
pub(super) const DROP_WAITING: &str = "DELETE FROM jobs WHERE repo_id = $1 AND state = 'waiting'";

/// 1 repository, 2 number.
pub(super) const LOAD_MEMORY: &str =
    "SELECT memory FROM pull_memory WHERE repo_id = $1 AND number = $2";

/// 1 repository.
pub(super) const PLANS_THAT_FOLLOW_BASE: &str =
    "SELECT number FROM pull_memory WHERE repo_id = $1 AND plan_follows_base = 1 ORDER BY number";

/// 1 repository.
pub(super) const FORGET_MEMORY: &str = "DELETE FROM pull_memory WHERE repo_id = $1";

/// A write that means nothing, to see that writing works.
pub(super) const HEARTBEAT: &str = "INSERT INTO heartbeat (id, beats) VALUES (1, 1) \
    ON CONFLICT (id) DO UPDATE SET beats = heartbeat.beats + 1";

/// Rows that one pruning transaction deletes at most, so that intake does not wait long.
pub(super) const PRUNE_BATCH: i64 = 500;

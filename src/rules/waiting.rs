//! Code for whose answer somebody waits, and code that runs by itself.

use crate::domain::path::RepoPath;

/// Names of folders and files whose code nobody waits for.
const ASIDE: [&str; 28] = [
    "admin",
    "analytics",
    "backfill",
    "backfills",
    "batch",
    "commands",
    "cron",
    "crons",
    "etl",
    "job",
    "jobs",
    "maintenance",
    "migrate",
    "migration",
    "migrations",
    "report",
    "reports",
    "script",
    "scripts",
    "seed",
    "seeders",
    "seeds",
    "task",
    "tasks",
    "tool",
    "tools",
    "worker",
    "workers",
];

/// Whether requests may run through the code of this file, as far as its path tells.
pub(super) fn is_waited_for(path: &RepoPath) -> bool {
    let stem = path.file_name().split('.').next().unwrap_or_default().to_ascii_lowercase();
    let mut parts = path.directory().split('/').chain(stem.split(['_', '-']));
    !parts.any(|part| ASIDE.iter().any(|aside| part.eq_ignore_ascii_case(aside)))
}

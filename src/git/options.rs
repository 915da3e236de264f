//! What the operator may set, with the defaults and where they come from.

use std::path::PathBuf;
use std::time::Duration;

const MIB: u64 = 1024 * 1024;

/// How a [`super::GitSource`] behaves.
#[derive(Debug, Clone)]
pub struct GitOptions {
    /// Caches of remote repositories are kept below `repos/` in here. Nothing is created before
    /// the first fetch.
    pub data_dir: PathBuf,
    pub limits: Limits,
    /// Bytes that all caches together may take before the least recently used ones are deleted.
    pub disk_cap_bytes: u64,
    /// For one run of the git program, and for waiting for another process that holds a lock.
    pub timeout: Duration,
    /// Accepts `file://` remotes. Off except in tests: a remote's address comes from outside.
    pub allow_file_protocol: bool,
}

impl GitOptions {
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            limits: Limits::default(),
            disk_cap_bytes: 5 * 1024 * MIB,
            timeout: Duration::from_secs(120),
            allow_file_protocol: false,
        }
    }
}

/// Bounds on work and memory. What lies beyond one is named in the answer, never dropped silently.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Files in a change. GitHub's own listing of a pull request ends there too.
    pub max_files: usize,
    /// Bytes of one version of a file that is loaded as text.
    pub max_text_bytes: u64,
    /// Bytes of text kept for one change.
    pub max_total_text_bytes: u64,
    /// Lines of both versions of one file together; bounds the memory of the line diff.
    pub max_file_lines: u64,
    /// Lines of all texts kept for one change; bounds the memory of line indexes and hunks.
    pub max_total_lines: u64,
    /// Bytes that one run of the git program may download.
    pub max_fetch_bytes: u64,
    /// Blobs fetched for one change.
    pub max_change_blobs: usize,
    /// Blobs fetched for one call of `gather`.
    pub max_search_blobs: usize,
    /// Bytes of one file for `gather`; larger ones are skipped.
    pub gather_file_bytes: u64,
    /// Files that one call of `gather` looks into.
    pub gather_files: usize,
    /// Bytes that one call of `gather` reads.
    pub gather_bytes: u64,
    /// Time that one call of `gather` spends reading, without the time of a fetch.
    pub gather_time: Duration,
    /// Commits below each tip in the first fetch of a repository. Deepening multiplies by four.
    pub initial_depth: u32,
    /// Fetches at growing depth before the whole history is asked for.
    pub deepen_rounds: u32,
    /// A cache used more recently than this is not evicted.
    pub evict_idle: Duration,
    /// A cache with more packs than this is rebuilt at the next fetch: opening it has become slow
    /// and most of it belongs to closed pull requests.
    pub max_packs: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_files: 3_000,
            max_text_bytes: MIB,
            max_total_text_bytes: 48 * MIB,
            max_file_lines: 200_000,
            max_total_lines: 2_000_000,
            max_fetch_bytes: 2 * 1024 * MIB,
            max_change_blobs: 8_000,
            max_search_blobs: 5_000,
            gather_file_bytes: 512 * 1024,
            gather_files: 20_000,
            gather_bytes: 64 * MIB,
            gather_time: Duration::from_secs(2),
            initial_depth: 50,
            deepen_rounds: 5,
            evict_idle: Duration::from_secs(600),
            max_packs: 200,
        }
    }
}

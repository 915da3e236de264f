//! The ports that use cases work with.

use std::sync::Arc;

use super::owner_policy::OwnerPolicies;
use super::prefix::Prefixes;
use super::publish::Publisher;
use crate::agents::RunLimits;
use crate::ports::clock::Clock;
use crate::ports::forge::{ForgeRead, ForgeWrite};
use crate::ports::ledger::Ledger;
use crate::ports::queue::Queue;
use crate::ports::source::Source;

/// What the composition root hands over.
pub struct ServicesParts {
    pub queue: Arc<dyn Queue>,
    pub ledger: Arc<dyn Ledger>,
    pub source: Arc<dyn Source>,
    pub reader: Arc<dyn ForgeRead>,
    pub writer: Arc<dyn ForgeWrite>,
    pub clock: Arc<dyn Clock>,
    pub options: Options,
}

/// The operator's choices that use cases need.
#[derive(Debug, Clone)]
pub struct Options {
    /// `https://github.com` or an Enterprise host, for clone URLs and links.
    pub web_url: String,
    /// Bot accounts whose commands count.
    pub trusted_bots: Vec<String>,
    /// Whether a repository without a policy uses its owner's.
    pub owner_policy: bool,
    pub run_limits: RunLimits,
    /// A review that takes longer is shown as in progress; zero: every one.
    pub announce_after: std::time::Duration,
    /// Where ReviewFindings JSON files are kept; `None` keeps none.
    pub results_dir: Option<std::path::PathBuf>,
}

/// Cheap to clone.
#[derive(Clone)]
pub struct Services {
    pub queue: Arc<dyn Queue>,
    pub ledger: Arc<dyn Ledger>,
    pub source: Arc<dyn Source>,
    pub reader: Arc<dyn ForgeRead>,
    /// The only holder of the port that writes to GitHub.
    pub publisher: Publisher,
    pub clock: Arc<dyn Clock>,
    pub options: Arc<Options>,
    pub(super) owner_policies: OwnerPolicies,
    pub(super) prefixes: Prefixes,
}

impl Services {
    pub fn new(parts: ServicesParts) -> Self {
        Self {
            publisher: Publisher::new(parts.reader.clone(), parts.writer),
            queue: parts.queue,
            ledger: parts.ledger,
            source: parts.source,
            reader: parts.reader,
            clock: parts.clock,
            options: Arc::new(parts.options),
            owner_policies: OwnerPolicies::default(),
            prefixes: Prefixes::default(),
        }
    }
}

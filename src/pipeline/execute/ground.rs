//! What the repository shows at the approved commit, as far as writing and checking need it.

use std::collections::HashMap;
use std::sync::Arc;

use crate::config::policy::Policy;
use crate::domain::diff::Side;
use crate::domain::event::RepoRef;
use crate::domain::instructions::Instructions;
use crate::domain::path::RepoPath;
use crate::domain::run::Approved;
use crate::domain::survey::Listing;
use crate::pipeline::review_pull::remote;
use crate::pipeline::{JobError, Services, load, owner_policy};
use crate::plan::produce::{self, CalendarTime};
use crate::ports::source::{FetchRequest, Fetched, Need};

/// Longest file that is read, in bytes.
const MAX_FILE_BYTES: usize = 1024 * 1024;

pub(super) struct Ground {
    pub fetched: Fetched,
    pub policy: Policy,
    pub instructions: Instructions,
    pub listing: Arc<Listing>,
    /// Texts of the files that the tasks want to see.
    pub texts: HashMap<String, String>,
    /// When the last approval was given: names that carry a time are the same whenever the work
    /// is done again.
    pub now: CalendarTime,
}

/// Reads the approved commit, and nothing newer.
pub(super) async fn read(
    services: &Services,
    repo: &RepoRef,
    approved: &Approved,
) -> Result<Ground, JobError> {
    let base = approved.base();
    let request = FetchRequest {
        base: base.clone(),
        head: base.clone(),
        pull: None,
        base_ref: Some(approved.base_ref().to_owned()),
    };
    let source = services.source.as_ref();
    let fetched = source.fetch(&remote(services, repo).await?, &request).await?;
    let policy = owner_policy::in_force(services, repo, &fetched).await?.policy;
    let instructions = load::instructions(source, &fetched).await?;
    let listing = source.listing(&fetched, base).await?;
    let paths: Vec<&str> = listing.paths().map(RepoPath::as_str).collect();
    let mut wanted: Vec<&str> =
        approved.plan().tasks.iter().flat_map(|task| produce::wants(task, &paths)).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let needs: Vec<Need> = wanted
        .iter()
        .filter_map(|path| RepoPath::new(path))
        .map(|path| Need::File { side: Side::Head, path })
        .collect();
    let mut texts = HashMap::new();
    for found in source.gather(&fetched, &needs).await?.results.into_iter().flat_map(|r| r.files) {
        texts.insert(found.path.as_str().to_owned(), found.text);
    }
    let now = CalendarTime::of(approved.at());
    Ok(Ground { fetched, policy, instructions, listing, texts, now })
}

impl Ground {
    /// The text of a file at the approved commit, read now if no task wanted it.
    pub async fn text(
        &self,
        services: &Services,
        path: &RepoPath,
    ) -> Result<Option<String>, JobError> {
        if let Some(known) = self.texts.get(path.as_str()) {
            return Ok(Some(known.clone()));
        }
        let source = services.source.as_ref();
        let bytes = source.read(&self.fetched, &self.fetched.base, path, MAX_FILE_BYTES).await?;
        Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    }
}

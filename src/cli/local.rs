//! What the commands on a local repository share.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

use crate::app;
use crate::domain::change::Subject;
use crate::domain::text::Untrusted;
use crate::pipeline::load::{self, Loaded};
use crate::ports::source::{ChangeHead, Fetched, Source};

/// A range of commits in a repository on this machine.
#[derive(Debug, Clone, Args)]
pub struct Range {
    /// The repository (bare, worktree and shallow ones work too).
    #[arg(long, default_value = ".", value_name = "PATH")]
    pub repo: PathBuf,
    /// What the change will be merged into: a branch, tag or commit. The comparison is with the
    /// merge base; policy and AGENTS.md are read here. Default: the remote's default branch, else
    /// `main` or `master`.
    #[arg(long, value_name = "REV")]
    pub base: Option<String>,
    /// The change's last commit.
    #[arg(long, default_value = "HEAD", value_name = "REV")]
    pub head: String,
}

/// Bases that are tried when none is given.
const USUAL_BASES: [&str; 5] = ["origin/HEAD", "origin/main", "origin/master", "main", "master"];

/// Runs a future to its end on this thread.
pub fn block_on<T>(future: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start")?
        .block_on(future)
}

impl Range {
    /// Opens the repository and loads the change with everything that decides its review.
    pub async fn load(&self, source: &dyn Source) -> anyhow::Result<(Fetched, Loaded)> {
        let fetched = self.open(source).await?;
        let head = ChangeHead {
            repo: None,
            subject: Subject::Range,
            title: Untrusted::default(),
            body: Untrusted::default(),
        };
        let loaded = load::load(source, &fetched, head).await?;
        Ok((fetched, loaded))
    }

    async fn open(&self, source: &dyn Source) -> anyhow::Result<Fetched> {
        if let Some(base) = &self.base {
            return Ok(source.open_local(&self.repo, base, &self.head).await?);
        }
        for base in USUAL_BASES {
            if let Ok(fetched) = source.open_local(&self.repo, base, &self.head).await {
                return Ok(fetched);
            }
        }
        // The first attempt's error says what is wrong if it is not the base.
        source.open_local(&self.repo, &self.head, &self.head).await?;
        anyhow::bail!(
            "cannot tell what to compare with; give --base REV (tried {})",
            USUAL_BASES.join(", ")
        )
    }
}

/// The source for local repositories; touches nothing on disk by itself.
pub fn source() -> anyhow::Result<impl Source> {
    app::local_source().context("cannot read git repositories")
}

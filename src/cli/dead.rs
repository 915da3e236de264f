//! `backend-team dead list|replay`: jobs that were given up.

use std::process::ExitCode;

use anyhow::bail;
use clap::{Args, Subcommand};

use super::local::block_on;
use super::output::print;
use super::serve::StoreArguments;
use crate::domain::job::Timestamp;

/// Lists jobs that were given up, or runs one again.
#[derive(Debug, Args)]
pub struct Dead {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Lists them, the newest first.
    List {
        #[command(flatten)]
        store: StoreArguments,
        /// Most jobs to list.
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// Puts one back into the queue. A running server picks it up.
    Replay {
        /// The job's number, as `list` shows it.
        job: i64,
        #[command(flatten)]
        store: StoreArguments,
    },
}

impl Dead {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        block_on(async {
            match self.action {
                Action::List { store, limit } => list(&store, limit).await,
                Action::Replay { job, store } => replay(&store, job).await,
            }
        })
    }
}

async fn list(store: &StoreArguments, limit: usize) -> anyhow::Result<ExitCode> {
    let store = store.open().await?;
    let dead = store.queue.dead(limit).await?;
    if dead.is_empty() {
        print("no dead jobs\n")?;
    }
    for entry in &dead {
        let job = &entry.job;
        print(&format!(
            "{}  {}  {} {}  {}  after {} attempts: {}\n",
            job.id,
            display(entry.died_at),
            job.repo.slug,
            job.kind.subject(),
            job.kind.name(),
            job.attempt,
            entry.why.replace('\n', " "),
        ))?;
    }
    store.close().await;
    Ok(ExitCode::SUCCESS)
}

async fn replay(store: &StoreArguments, job: i64) -> anyhow::Result<ExitCode> {
    let store = store.open().await?;
    let revived = store.queue.revive(job, store.now()).await?;
    store.close().await;
    if !revived {
        bail!("there is no dead job {job}; `backend-team dead list` shows them");
    }
    print(&format!("job {job} is back in the queue\n"))?;
    Ok(ExitCode::SUCCESS)
}

fn display(at: Timestamp) -> String {
    time::OffsetDateTime::from_unix_timestamp(at.0 / 1000)
        .ok()
        .and_then(|at| at.format(&time::format_description::well_known::Rfc3339).ok())
        .unwrap_or_else(|| at.0.to_string())
}

//! `backend-team replay DELIVERY`: does again what a stored delivery asked for.

use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;

use super::local::block_on;
use super::output::print;
use super::serve::StoreArguments;
use crate::app;
use crate::domain::ids::DeliveryId;

/// Enqueues the jobs of a stored delivery again. A running server picks them up; doing a job twice
/// changes nothing on GitHub.
#[derive(Debug, Args)]
pub struct Replay {
    /// The delivery's id (`X-GitHub-Delivery`), as GitHub's App settings and the log show it.
    delivery: String,
    #[command(flatten)]
    store: StoreArguments,
}

impl Replay {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        block_on(async {
            let store = self.store.open().await?;
            let id = DeliveryId(self.delivery.clone());
            let Some(delivery) = store.queue.delivery(&id).await? else {
                bail!("delivery {id} is not stored (unknown, or older than the retention time)");
            };
            let jobs = app::jobs_of(&delivery).context("the stored delivery cannot be read")?;
            let count = jobs.len();
            store.queue.enqueue(jobs, store.now()).await?;
            store.close().await;
            print(&match (count, delivery.ignored) {
                (0, Some(why)) => format!("{}: nothing to do ({why})\n", delivery.event),
                (0, None) => format!("{}: nothing to do\n", delivery.event),
                (1, _) => format!("{}: 1 job enqueued\n", delivery.event),
                (n, _) => format!("{}: {n} jobs enqueued\n", delivery.event),
            })?;
            Ok(ExitCode::SUCCESS)
        })
    }
}

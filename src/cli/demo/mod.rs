//! `backend-team demo`: the real server and worker against a local stand-in for GitHub.
//!
//! Everything happens on loopback and below one folder. What is shown is what the stand-in
//! recorded, so it is what GitHub would have got.

mod repository;
mod view;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::output::print;
use crate::app::{self, Bot};
use crate::config::server::{Credentials, Settings};
use crate::pipeline::Services;
use crate::ports::clock::SystemClock;
use crate::standin::{PullRequestSpec, Standin, StandinOptions};
use crate::telemetry::{self, LogFormat};

const REPOSITORY: &str = "acme/orders";
const BRANCH: &str = "refunds";
/// Longest wait for one review.
const PATIENCE: Duration = Duration::from_secs(120);

/// Shows the whole loop without an account: a pull request with problems is opened, reviewed,
/// improved and reviewed again. Needs the git program; reaches nothing but this machine.
#[derive(Debug, Args)]
pub struct Demo {
    /// Where the database, caches and ReviewFindings JSON go. Default: a new folder among the
    /// system's temporary files.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Shows the server's log lines too.
    #[arg(long)]
    verbose: bool,
}

impl Demo {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        telemetry::start_logging(LogFormat::Text, if self.verbose { "info" } else { "error" });
        let data_dir = match &self.data_dir {
            Some(folder) => std::path::absolute(folder)?,
            None => tempfile::Builder::new().prefix("backend-team-demo-").tempdir()?.keep(),
        };
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(Stage::play(data_dir))?;
        Ok(ExitCode::SUCCESS)
    }
}

/// A running stand-in and a running bot.
struct Stage {
    github: Standin,
    services: Services,
    data_dir: PathBuf,
}

impl Stage {
    async fn play(data_dir: PathBuf) -> anyhow::Result<()> {
        let github = Standin::start(StandinOptions::default()).await?;
        let (settings, credentials) = settings(&github, data_dir.clone());
        let listener = TcpListener::bind(settings.listen).await?;
        let address = listener.local_addr()?;
        let render = Arc::new(String::new);
        let bot: Bot = app::wire(&settings, &credentials, Arc::new(SystemClock), render).await?;
        let shutdown = CancellationToken::new();
        let stage = Self { github, services: bot.services.clone(), data_dir };
        let stop = shutdown.clone();
        let server =
            tokio::spawn(async move { app::run_bot(bot, &settings, listener, stop).await });
        stage.github.set_webhook(&format!("http://{address}/webhook"));
        print(&view::opening(stage.github.url(), address))?;
        let played = stage.acts().await;
        shutdown.cancel();
        server.await.context("the server did not end")?;
        played
    }

    async fn acts(&self) -> anyhow::Result<()> {
        let github = &self.github;
        github.create_repository(REPOSITORY, true, &repository::base())?;
        github.commit(REPOSITORY, BRANCH, "Add refunds", &repository::change())?;
        let spec = PullRequestSpec::new(BRANCH, "Add refunds")
            .author("alice")
            .body("Customers can get money back. Coupons were never used, so they go.");
        print(&view::act(1, "alice opens a pull request, and GitHub delivers the webhook"))?;
        let number = github.open_pull(REPOSITORY, &spec)?;
        let first = self.reviewed(number).await?;
        print(&first)?;
        print(&view::act(2, "alice pushes a second commit that mends most of it"))?;
        github.push(REPOSITORY, BRANCH, "Mend what the review found", &repository::second())?;
        let second = self.reviewed(number).await?;
        print(&second)?;
        print(&view::closing(&self.data_dir))
    }

    /// Waits for the review of the present head and shows what is on GitHub then.
    async fn reviewed(&self, number: u64) -> anyhow::Result<String> {
        self.github.deliveries_settled().await;
        let done = tokio::time::timeout(PATIENCE, self.idle());
        done.await.context("the review did not end in time; run again with --verbose")??;
        let pull = self.github.pull(REPOSITORY, number)?;
        let results = self.data_dir.join("results");
        let repo_id = self.github.repository_id(REPOSITORY)?.to_string();
        let short: String = pull.head.chars().take(7).collect();
        let json = results.join(repo_id).join(format!("{number}-{short}.json"));
        let seen = view::Seen {
            deliveries: self.github.deliveries(),
            checks: self.github.check_runs(REPOSITORY, &pull.head)?,
            comments: self.github.comments(REPOSITORY, number)?,
            notes: self.github.review_comments(REPOSITORY, number)?,
            requests: self.github.requests(),
            json: json.exists().then_some(json),
        };
        self.github.clear_requests();
        if seen.checks.is_empty() {
            bail!("the bot posted no check; run again with --verbose");
        }
        Ok(seen.show())
    }

    /// Ends when the queue has nothing to do.
    async fn idle(&self) -> anyhow::Result<()> {
        loop {
            let stats = self.services.queue.stats(self.services.clock.now()).await?;
            if stats.ready + stats.delayed + stats.running == 0 {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

fn settings(github: &Standin, data_dir: PathBuf) -> (Settings, Credentials) {
    let credentials = Credentials {
        app_id: github.app_id(),
        app_slug: None,
        private_key: SecretString::from(github.private_key_pem().to_owned()),
        webhook_secrets: vec![SecretString::from(github.webhook_secret().to_owned())],
    };
    let settings = Settings {
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        data_dir,
        database_url: None,
        github_url: github.api_url(),
        public_url: None,
        credentials: None,
        workers: 2,
        disk_cap_bytes: 1024 * 1024 * 1024,
        retention: Duration::from_secs(24 * 60 * 60),
        resync: None,
        trusted_bots: Vec::new(),
        owner_policy: false,
        github_timeout: Duration::from_secs(20),
        // GitHub asks for a second between writes; the stand-in does not.
        write_pause: Duration::ZERO,
    };
    (settings, credentials)
}

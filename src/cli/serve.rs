//! `backend-team serve`: the GitHub App's server.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::app::{self, OpenStore};
use crate::config::server::SettingsFile;
use crate::telemetry::{self, LogFormat};

/// Runs the GitHub App's server. Without credentials it serves `/setup` first.
#[derive(Debug, Args)]
pub struct Serve {
    /// TOML file with settings; flags and environment variables override it.
    #[arg(long, value_name = "FILE", env = "BACKEND_TEAM_CONFIG")]
    config: Option<PathBuf>,
    /// Address to listen on. [default: 127.0.0.1:3000]
    #[arg(long, value_name = "HOST:PORT", env = "BACKEND_TEAM_LISTEN")]
    listen: Option<String>,
    /// Directory for database, caches and key. [default: ./backend-team-data]
    #[arg(long, value_name = "DIR", env = "BACKEND_TEAM_DATA_DIR")]
    data_dir: Option<PathBuf>,
    /// `postgres://…` for several replicas. [default: SQLite in the data directory]
    #[arg(long, value_name = "URL", env = "BACKEND_TEAM_DATABASE_URL", hide_env_values = true)]
    database_url: Option<String>,
    /// Base URL of GitHub's REST API. [default: https://api.github.com]
    #[arg(long, value_name = "URL", env = "BACKEND_TEAM_GITHUB_URL")]
    github_url: Option<String>,
    /// Numeric id of the GitHub App.
    #[arg(long, value_name = "ID", env = "BACKEND_TEAM_APP_ID")]
    app_id: Option<u64>,
    /// PEM file with the App's private key.
    #[arg(long, value_name = "FILE", env = "BACKEND_TEAM_PRIVATE_KEY_FILE")]
    private_key_file: Option<PathBuf>,
    /// The webhook's secret. Better given as the variable than as a flag, which others can see.
    #[arg(
        long,
        value_name = "SECRET",
        env = "BACKEND_TEAM_WEBHOOK_SECRET",
        hide_env_values = true
    )]
    webhook_secret: Option<String>,
    /// The secret before, accepted too while it is being changed.
    #[arg(
        long,
        value_name = "SECRET",
        env = "BACKEND_TEAM_WEBHOOK_SECRET_PREVIOUS",
        hide_env_values = true
    )]
    webhook_secret_previous: Option<String>,
    /// Public URL of this server, for `/setup`.
    #[arg(long, value_name = "URL", env = "BACKEND_TEAM_PUBLIC_URL")]
    public_url: Option<String>,
    /// Jobs worked on at the same time. [default: 4]
    #[arg(long, value_name = "N", env = "BACKEND_TEAM_WORKERS")]
    workers: Option<usize>,
    /// Most bytes of disk for repository caches. [default: 5 GiB]
    #[arg(long, value_name = "BYTES", env = "BACKEND_TEAM_DISK_CAP_BYTES")]
    disk_cap_bytes: Option<u64>,
    /// Days that deliveries and dead jobs are kept. [default: 14]
    #[arg(long, value_name = "DAYS", env = "BACKEND_TEAM_RETENTION_DAYS")]
    retention_days: Option<u32>,
    /// Seconds between looks for what webhooks did not bring; 0 turns it off. [default: 600]
    #[arg(long, value_name = "SECONDS", env = "BACKEND_TEAM_RESYNC_SECONDS")]
    resync_seconds: Option<u64>,
    /// Seconds that one request to GitHub may take. [default: 20]
    #[arg(long, value_name = "SECONDS", env = "BACKEND_TEAM_GITHUB_TIMEOUT_SECONDS")]
    github_timeout_seconds: Option<f64>,
    /// Seconds between two writes to one installation. [default: 1]
    #[arg(long, value_name = "SECONDS", env = "BACKEND_TEAM_WRITE_PAUSE_SECONDS")]
    write_pause_seconds: Option<f64>,
    /// Bot accounts that may give commands.
    #[arg(long, value_name = "LOGIN", env = "BACKEND_TEAM_TRUSTED_BOTS", value_delimiter = ',')]
    trusted_bots: Vec<String>,
    /// Whether repositories without a policy use their owner's. [default: false]
    #[arg(long, value_name = "BOOL", env = "BACKEND_TEAM_OWNER_POLICY")]
    owner_policy: Option<bool>,
    /// How log lines look.
    #[arg(long, value_enum, default_value_t = LogFormat::Text, env = "BACKEND_TEAM_LOG_FORMAT")]
    log_format: LogFormat,
}

impl Serve {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        telemetry::start_logging(self.log_format, "info");
        let metrics = telemetry::start_metrics().context("metrics cannot be collected")?;
        let file = self.settings()?;
        // Work is mostly waiting; rules have threads of their own.
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .context("cannot start")?;
        runtime.block_on(async {
            let shutdown = CancellationToken::new();
            tokio::spawn(until_told_to_stop(shutdown.clone()));
            app::run(file, Arc::new(move || metrics.render()), shutdown).await
        })?;
        Ok(ExitCode::SUCCESS)
    }

    fn settings(self) -> anyhow::Result<SettingsFile> {
        let file = match &self.config {
            Some(path) => SettingsFile::read(path)?,
            None => SettingsFile::default(),
        };
        let given = SettingsFile {
            listen: self.listen,
            data_dir: self.data_dir,
            database_url: self.database_url,
            github_url: self.github_url,
            app_id: self.app_id,
            private_key_file: self.private_key_file,
            webhook_secret: self.webhook_secret,
            webhook_secret_previous: self.webhook_secret_previous,
            public_url: self.public_url,
            workers: self.workers,
            disk_cap_bytes: self.disk_cap_bytes,
            retention_days: self.retention_days,
            resync_seconds: self.resync_seconds,
            github_timeout_seconds: self.github_timeout_seconds,
            write_pause_seconds: self.write_pause_seconds,
            trusted_bots: self.trusted_bots,
            owner_policy: self.owner_policy,
        };
        Ok(given.over(file))
    }
}

/// Cancels on SIGTERM or SIGINT.
async fn until_told_to_stop(shutdown: CancellationToken) {
    let (terminate, interrupt) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()));
    match (terminate, interrupt) {
        (Ok(mut terminate), Ok(mut interrupt)) => {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            tracing::info!(event = "stopping");
            shutdown.cancel();
        }
        _ => tracing::error!(event = "signals_not_watched"),
    }
}

/// Which store an administrative command opens.
#[derive(Debug, Args)]
pub struct StoreArguments {
    /// Directory of the server's data.
    #[arg(
        long,
        value_name = "DIR",
        env = "BACKEND_TEAM_DATA_DIR",
        default_value = "backend-team-data"
    )]
    data_dir: PathBuf,
    /// The server's database, if it is not the SQLite file in the data directory.
    #[arg(long, value_name = "URL", env = "BACKEND_TEAM_DATABASE_URL", hide_env_values = true)]
    database_url: Option<String>,
}

impl StoreArguments {
    /// Opens the store beside a server that may be running.
    pub async fn open(&self) -> anyhow::Result<OpenStore> {
        OpenStore::open(&self.data_dir, self.database_url.as_deref()).await
    }
}

//! The composition root: the only place that names concrete adapters.

mod admin;

pub use admin::OpenStore;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::routing::post;
use secrecy::ExposeSecret;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::agents::RunLimits;
use crate::config::server::{Credentials, Settings, SettingsFile};
use crate::domain::job::{NewJob, Timestamp};
use crate::git::{GitBranches, GitOptions, GitSource};
use crate::github::{GitHub, GitHubConfig, ManifestRegistrar, Timeouts};
use crate::pipeline::services::Options;
use crate::pipeline::{Services, ServicesParts, intake, progress, resync, worker};
use crate::ports::branch::LocalBranches;
use crate::ports::clock::{Clock, SystemClock};
use crate::ports::queue::{Queue, StoredDelivery};
use crate::ports::setup::AppRegistrar;
use crate::ports::source::{Source, SourceError};
use crate::store::{self, Location, Store};
use crate::web::health::{HealthState, Probe, ProbeText};
use crate::web::serve::serve;
use crate::web::setup::{self, SetupState};
use crate::webhook::handler::{self, Intake};
use crate::webhook::parse;

const USER_AGENT: &str = concat!("backend-team/", env!("CARGO_PKG_VERSION"));
/// Pause between looks for deliveries that failed just now. Each is one request of the App's own
/// limit, thirty an hour.
const REDELIVERY_INTERVAL: Duration = Duration::from_secs(120);
/// Between rounds of deleting what is past its retention time.
const PRUNE_INTERVAL: Duration = Duration::from_secs(3600);
/// Most time that work waits for the first round of catching up.
const FIRST_ROUND: Duration = Duration::from_secs(5);

/// Renders the present metrics in Prometheus' text format.
pub type RenderMetrics = Arc<dyn Fn() -> String + Send + Sync>;

/// Everything that one configured server consists of, before it listens.
pub struct Bot {
    pub services: Services,
    pub store: Arc<dyn Store>,
    pub router: Router,
}

/// Reads local repositories. Touches nothing on disk by itself.
pub fn local_source() -> Result<impl Source, SourceError> {
    GitSource::new(GitOptions::new(std::env::temp_dir().join("backend-team")))
}

/// Writes branches of local repositories.
pub fn local_branches() -> impl LocalBranches {
    GitBranches
}

/// Where the settings keep the database.
pub fn location(data_dir: &Path, database_url: Option<&str>) -> Location {
    match database_url {
        Some(url) => Location::parse(url),
        None => Location::Sqlite(data_dir.join("backend-team.db")),
    }
}

/// Wires the production adapters together.
pub async fn wire(
    settings: &Settings,
    credentials: &Credentials,
    clock: Arc<dyn Clock>,
    render_metrics: RenderMetrics,
) -> anyhow::Result<Bot> {
    std::fs::create_dir_all(&settings.data_dir)
        .with_context(|| format!("cannot create {}", settings.data_dir.display()))?;
    let url = settings.database_url.as_ref().map(|url| url.expose_secret());
    let store = store::open(&location(&settings.data_dir, url)).await.context("no database")?;
    let github = Arc::new(GitHub::new(GitHubConfig {
        api_url: settings.github_url.clone(),
        app_id: credentials.app_id,
        app_slug: credentials.app_slug.clone(),
        private_key: credentials.private_key.clone(),
        user_agent: USER_AGENT.to_owned(),
        timeouts: Timeouts { request: settings.github_timeout, ..Timeouts::default() },
        write_pause: settings.write_pause,
        clock: clock.clone(),
    })?);
    let mut git = GitOptions::new(&settings.data_dir);
    git.disk_cap_bytes = settings.disk_cap_bytes;
    let services = Services::new(ServicesParts {
        queue: store.clone(),
        ledger: store.clone(),
        source: Arc::new(GitSource::new(git)?),
        reader: github.clone(),
        options: Options {
            web_url: github.endpoints().git().to_owned(),
            trusted_bots: settings.trusted_bots.clone(),
            owner_policy: settings.owner_policy,
            run_limits: RunLimits::default(),
            announce_after: progress::SLOW,
            results_dir: Some(settings.data_dir.join("results")),
        },
        writer: github,
        clock: clock.clone(),
    });
    let intake = Intake {
        queue: store.clone(),
        clock: clock.clone(),
        secrets: credentials.webhook_secrets.clone().into(),
        trusted_bots: settings.trusted_bots.clone().into(),
    };
    let health = health(settings, services.queue.clone(), clock, render_metrics);
    let router = Router::new()
        .route("/webhook", post(handler::receive))
        .with_state(intake)
        .merge(crate::web::health::router(health));
    Ok(Bot { services, store, router })
}

fn health(
    settings: &Settings,
    queue: Arc<dyn Queue>,
    clock: Arc<dyn Clock>,
    render_metrics: RenderMetrics,
) -> HealthState {
    let (store, data_dir) = (queue.clone(), settings.data_dir.clone());
    let probes = [
        Probe::new("store", move || {
            let queue = store.clone();
            async move {
                queue.healthy().await.map_err(|error| {
                    tracing::warn!(event = "store_unhealthy", %error);
                    "the database does not answer".to_owned()
                })
            }
        }),
        Probe::new("disk", move || {
            let folder = data_dir.clone();
            async move {
                tokio::task::spawn_blocking(move || tempfile::tempfile_in(folder).map(drop))
                    .await
                    .map_err(|error| error.to_string())?
                    .map_err(|error| {
                        format!("the data directory is not writable: {}", error.kind())
                    })
            }
        }),
        // The key was parsed when the client was made; without a usable one there is no server.
        Probe::new("key", || async { Ok(()) }),
    ];
    let metrics = Arc::new(move || -> ProbeText {
        let (queue, now, render) = (queue.clone(), clock.now(), render_metrics.clone());
        Box::pin(async move {
            record_queue(queue.as_ref(), now).await;
            render()
        })
    });
    HealthState { probes: probes.into(), metrics }
}

async fn record_queue(queue: &dyn Queue, now: Timestamp) {
    let stats = match queue.stats(now).await {
        Ok(stats) => stats,
        Err(error) => return tracing::warn!(event = "queue_stats_failed", %error),
    };
    let depths = [
        ("ready", stats.ready),
        ("delayed", stats.delayed),
        ("running", stats.running),
        ("dead", stats.dead),
    ];
    for (state, depth) in depths {
        // A count above 2^52 is not to be expected.
        #[allow(clippy::cast_precision_loss)]
        metrics::gauge!("backend_team_queue_jobs", "state" => state).set(depth as f64);
    }
    metrics::gauge!("backend_team_queue_oldest_ready_seconds")
        .set(stats.oldest_ready.as_secs_f64());
}

/// Serves until `shutdown`: in set-up mode as long as there is no App, then for good. `file` is
/// read again after set-up, because it then finds the stored App.
pub async fn run(
    file: SettingsFile,
    render_metrics: RenderMetrics,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    loop {
        let settings = file.clone().resolve()?;
        let listener = TcpListener::bind(settings.listen)
            .await
            .with_context(|| format!("cannot listen on {}", settings.listen))?;
        let Some(credentials) = settings.credentials.clone() else {
            set_up(&settings, listener, &shutdown).await?;
            if shutdown.is_cancelled() {
                return Ok(());
            }
            continue;
        };
        let bot =
            wire(&settings, &credentials, Arc::new(SystemClock), render_metrics.clone()).await?;
        run_bot(bot, &settings, listener, shutdown.clone()).await;
        return Ok(());
    }
}

/// Runs a wired bot until `shutdown`, then drains it.
pub async fn run_bot(
    bot: Bot,
    settings: &Settings,
    listener: TcpListener,
    shutdown: CancellationToken,
) {
    tracing::info!(event = "listening", address = %settings.listen, github = settings.github_url);
    let name = format!("{}-{}", std::process::id(), uuid::Uuid::new_v4().simple());
    let (caught_up, first_round) = oneshot::channel::<()>();
    let work = async {
        // Not both at once: a rate limit that one meets is then known to the other.
        let _ = tokio::time::timeout(FIRST_ROUND, first_round).await;
        worker::run(bot.services.clone(), name, settings.workers, shutdown.clone()).await;
    };
    let upkeep = upkeep(bot.services.clone(), settings.clone(), caught_up, shutdown.clone());
    tokio::join!(serve(listener, bot.router, shutdown.clone()), work, upkeep);
    bot.store.close().await;
    tracing::info!(event = "stopped");
}

/// Catches up with what webhooks did not bring, and deletes what is past its time.
/// `caught_up` is told when the first round of catching up is over.
async fn upkeep(
    services: Services,
    settings: Settings,
    caught_up: oneshot::Sender<()>,
    shutdown: CancellationToken,
) {
    let resync = async {
        let mut caught_up = Some(caught_up);
        let Some(interval) = settings.resync else { return };
        loop {
            resync::round(&services).await;
            caught_up.take();
            let next = tokio::time::Instant::now() + interval;
            while tokio::time::Instant::now() + REDELIVERY_INTERVAL < next {
                tokio::time::sleep(REDELIVERY_INTERVAL).await;
                resync::recover_deliveries(&services).await;
            }
            tokio::time::sleep_until(next).await;
        }
    };
    let prune = async {
        loop {
            let keep = i64::try_from(settings.retention.as_millis()).unwrap_or(i64::MAX);
            let before = Timestamp(services.clock.now().0.saturating_sub(keep));
            match services.queue.prune(before).await {
                Ok(0) => {}
                Ok(count) => tracing::info!(event = "pruned", count),
                Err(error) => tracing::warn!(event = "prune_failed", %error),
            }
            tokio::time::sleep(PRUNE_INTERVAL).await;
        }
    };
    tokio::select! {
        () = async { tokio::join!(resync, prune); } => {}
        () = shutdown.cancelled() => {}
    }
}

/// Offers `/setup` until an App is stored or `shutdown`.
async fn set_up(
    settings: &Settings,
    listener: TcpListener,
    shutdown: &CancellationToken,
) -> anyhow::Result<()> {
    let registrar: Arc<dyn AppRegistrar> =
        Arc::new(ManifestRegistrar::new(&settings.github_url, USER_AGENT)?);
    let token = uuid::Uuid::new_v4().simple().to_string();
    let public_url =
        settings.public_url.clone().unwrap_or_else(|| format!("http://{}", settings.listen));
    let done = shutdown.child_token();
    let configured = CancellationToken::new();
    let state = SetupState {
        registrar,
        data_dir: settings.data_dir.clone(),
        public_url: public_url.clone(),
        token: token.clone(),
        configured: configured.clone(),
    };
    // The address is a secret of its reader; it goes to standard error once, not into the logs of
    // a running server.
    tracing::warn!(event = "not_configured", open = format!("{public_url}/setup?token={token}"));
    let router = setup::router(state)
        .route("/healthz", axum::routing::get(|| async { "ok\n" }))
        .route("/readyz", axum::routing::get(not_configured));
    let end = done.clone();
    tokio::spawn(async move {
        configured.cancelled().await;
        end.cancel();
    });
    serve(listener, router, done).await;
    Ok(())
}

async fn not_configured() -> (axum::http::StatusCode, &'static str) {
    (axum::http::StatusCode::SERVICE_UNAVAILABLE, "no GitHub App is configured; see /setup\n")
}

/// The jobs that a stored delivery asks for.
pub fn jobs_of(delivery: &StoredDelivery) -> anyhow::Result<Vec<NewJob>> {
    // The payload of a delivery that asked for nothing is not kept.
    if delivery.body.is_empty() {
        return Ok(Vec::new());
    }
    let event = parse(&delivery.event, &delivery.body)?;
    Ok(intake::jobs_for(&event, &delivery.id, &[]))
}

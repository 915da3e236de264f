//! A local stand-in for GitHub: the part of its REST and GraphQL interfaces, of its git server and
//! of its webhooks that a pull request bot uses, on loopback, over real HTTP, with real git
//! repositories in a folder.
//!
//! `backend-team demo` shows the product with it, and the flow tests run the production wiring
//! against it. People act through the methods of [`Standin`]; the App acts through HTTP. Both
//! change the same state and cause the same webhooks.
//!
//! Every JSON answer has the properties that GitHub's OpenAPI description requires. What the
//! stand-in leaves out it does not pretend: unknown addresses answer 404.
//!
//! ```no_run
//! # async fn example() -> Result<(), backend_team::standin::StandinError> {
//! use backend_team::standin::{FileEdit, PullRequestSpec, Standin, StandinOptions};
//!
//! let github = Standin::start(StandinOptions::default()).await?;
//! github.set_webhook("http://127.0.0.1:8080/webhook");
//! github.create_repository("acme/widgets", false, &[FileEdit::write("README.md", "# Widgets\n")])?;
//! github.commit("acme/widgets", "topic", "Add a file", &[FileEdit::write("a.txt", "a\n")])?;
//! let number = github.open_pull("acme/widgets", &PullRequestSpec::new("topic", "Add a file"))?;
//! github.deliveries_settled().await;
//! println!("{:?}", github.comments("acme/widgets", number)?);
//! # Ok(()) }
//! ```

mod acts;
mod controls;
mod deliveries;
mod diff;
mod endpoints;
mod events;
mod faults;
mod git_store;
mod keys;
mod model;
mod people;
mod records;
mod server;
mod shapes;
mod views;
mod world;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

pub use self::acts::{PullEdit, PullRequestSpec};
pub use self::deliveries::{DeliveryOutcome, DeliveryRecord, ReleaseOrder};
pub use self::faults::{Fault, FaultAction};
pub use self::git_store::FileEdit;
pub use self::records::RequestRecord;
pub use self::views::{
    CheckRunView, CommentView, CommitView, PullView, ReviewCommentView, ReviewView,
};

use self::server::Shared;
use self::world::{App, World, WorldSeed};

/// Seconds since 1970, for everything but commit dates, which are counted.
pub type StandinClock = Arc<dyn Fn() -> i64 + Send + Sync>;

#[derive(Debug, thiserror::Error)]
pub enum StandinError {
    /// The caller named a repository, pull request, branch, file or comment that is not there.
    #[error("not there: {0}")]
    Unknown(String),
    /// GitHub would refuse this too.
    #[error("refused: {0}")]
    Refused(String),
    #[error("key: {0}")]
    Key(String),
    #[error("git: {0}")]
    Git(#[from] git2::Error),
    #[error("file system or network: {0}")]
    Io(#[from] std::io::Error),
}

/// How a stand-in is set up. The default has the organisation `acme` with the App installed.
pub struct StandinOptions {
    /// Where the repositories live; `None` = a temporary folder that goes away with the stand-in.
    pub folder: Option<PathBuf>,
    /// Port on 127.0.0.1; 0 = any free one.
    pub port: u16,
    /// `""` as on github.com, or `/api/v3` as on GitHub Enterprise Server (GraphQL is then at
    /// `/api/graphql`).
    pub base_path: String,
    /// The organisation that has the App installed.
    pub owner: String,
    pub app_id: u64,
    /// The App's bot account is this with `[bot]` behind.
    pub app_slug: String,
    pub webhook_secret: String,
    /// What the installation grants: permission to `read` or `write`.
    pub permissions: BTreeMap<String, String>,
    /// Events that the App subscribed to. `installation*` and `ping` come always.
    pub events: Vec<String>,
    /// Life of an installation token.
    pub token_ttl: Duration,
    /// How long a webhook may take to answer. GitHub waits 10 seconds.
    pub webhook_timeout: Duration,
    /// The git program that serves fetches.
    pub git_program: PathBuf,
    pub clock: StandinClock,
}

impl Default for StandinOptions {
    fn default() -> Self {
        let permissions = [
            ("checks", "write"),
            ("contents", "read"),
            ("issues", "write"),
            ("merge_queues", "read"),
            ("metadata", "read"),
            ("pull_requests", "write"),
        ];
        let events = [
            "check_run",
            "check_suite",
            "issue_comment",
            "issues",
            "merge_group",
            "pull_request",
            "push",
            "repository",
        ];
        let pair = |(name, level): (&str, &str)| (name.to_owned(), level.to_owned());
        Self {
            folder: None,
            port: 0,
            base_path: String::new(),
            owner: "acme".to_owned(),
            app_id: 4_711,
            app_slug: "backend-team".to_owned(),
            webhook_secret: "stand-in webhook secret".to_owned(),
            permissions: permissions.into_iter().map(pair).collect(),
            events: events.into_iter().map(str::to_owned).collect(),
            token_ttl: Duration::from_secs(3_600),
            webhook_timeout: Duration::from_secs(10),
            git_program: PathBuf::from("git"),
            clock: world::system_clock(),
        }
    }
}

/// A handle to a running stand-in. Clones share it; it stops when the last one goes.
#[derive(Clone)]
pub struct Standin {
    shared: Arc<Shared>,
    root: String,
    app_id: u64,
    installation: u64,
    webhook_secret: String,
    private_key_pem: &'static str,
    _running: Arc<Running>,
}

/// Ends the server and removes the temporary folder, in this order.
struct Running {
    _stop: DropGuard,
    _folder: Option<tempfile::TempDir>,
}

impl Standin {
    /// Starts listening. Must be called inside a tokio runtime, which then serves the requests.
    ///
    /// # Errors
    /// When the folder or the port cannot be used, or no key can be made.
    pub async fn start(options: StandinOptions) -> Result<Self, StandinError> {
        // Making a key is long work without a pause.
        let key = tokio::task::spawn_blocking(keys::process_key).await;
        let key = key.map_err(|error| StandinError::Key(error.to_string()))??;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).await?;
        let root = format!("http://{}", listener.local_addr()?);
        let (folder, temporary) = match options.folder {
            Some(folder) => (folder, None),
            None => {
                let made = tempfile::tempdir()?;
                (made.path().to_owned(), Some(made))
            }
        };
        std::fs::create_dir_all(&folder)?;
        let app = App {
            id: options.app_id,
            slug: options.app_slug,
            client_id: format!("Iv23standin{}", options.app_id),
            webhook_secret: options.webhook_secret.clone(),
            permissions: options.permissions,
            events: options.events,
            created_at: (options.clock)(),
        };
        let world = World::new(WorldSeed {
            root: root.clone(),
            api: format!("{root}{}", options.base_path),
            folder,
            clock: options.clock,
            token_ttl: i64::try_from(options.token_ttl.as_secs()).unwrap_or(i64::MAX),
            app,
            owner: options.owner,
        });
        let installation = world.installation.id;
        let shared = Arc::new(Shared {
            world: Mutex::new(world),
            base_path: options.base_path,
            git_program: options.git_program,
        });
        let stop = CancellationToken::new();
        tokio::spawn(server::serve(Arc::clone(&shared), listener, stop.clone()));
        let sender =
            deliveries::send_all(Arc::clone(&shared), options.webhook_timeout, stop.clone());
        tokio::spawn(sender);
        Ok(Self {
            shared,
            root,
            app_id: options.app_id,
            installation,
            webhook_secret: options.webhook_secret,
            private_key_pem: &key.private_pem,
            _running: Arc::new(Running { _stop: stop.drop_guard(), _folder: temporary }),
        })
    }

    /// `http://127.0.0.1:PORT`: pages and git.
    pub fn url(&self) -> &str {
        &self.root
    }

    /// Root of the REST interface: the same, with the base path.
    pub fn api_url(&self) -> String {
        format!("{}{}", self.root, self.shared.base_path)
    }

    pub fn app_id(&self) -> u64 {
        self.app_id
    }

    /// The App's private key, PKCS#8. All stand-ins of a process have the same.
    pub fn private_key_pem(&self) -> &str {
        self.private_key_pem
    }

    /// Id of the only installation.
    pub fn installation(&self) -> u64 {
        self.installation
    }

    pub fn webhook_secret(&self) -> &str {
        &self.webhook_secret
    }

    /// Login of the App's bot account.
    pub fn bot_login(&self) -> String {
        self.world().bot_login()
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.shared.world()
    }
}

//! What the stand-in knows: accounts, repositories and everything that hangs on them. One value
//! behind one lock, so that a request is applied entirely or not at all.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;

use super::deliveries::Outbox;
use super::faults::FaultRule;
use super::git_store::GitStore;
use super::records::RequestRecord;
use super::{StandinClock, StandinError};

/// Seconds since 1970.
pub(super) type Seconds = i64;

pub(super) struct World {
    /// `http://127.0.0.1:PORT`, without a slash at the end.
    pub root: String,
    /// `root` with the REST base path.
    pub api: String,
    pub folder: PathBuf,
    pub clock: StandinClock,
    pub token_ttl: Seconds,
    pub app: App,
    pub installation: Installation,
    /// By lower-case login.
    pub accounts: BTreeMap<String, Account>,
    pub repositories: BTreeMap<u64, Repository>,
    /// Lower-case `owner/name`, present and former, to the repository's id.
    pub names: HashMap<String, u64>,
    pub tokens: HashMap<String, Token>,
    pub manifests: HashMap<String, Value>,
    pub outbox: Outbox,
    pub faults: Vec<FaultRule>,
    pub requests: Vec<RequestRecord>,
    pub rate_used: u64,
    next_id: u64,
    requests_seen: u64,
    commits_made: i64,
}

pub(super) struct App {
    pub id: u64,
    pub slug: String,
    pub client_id: String,
    pub webhook_secret: String,
    pub permissions: BTreeMap<String, String>,
    pub events: Vec<String>,
    pub created_at: Seconds,
}

pub(super) struct Installation {
    pub id: u64,
    pub account: String,
    pub suspended_at: Option<Seconds>,
    pub removed: bool,
    pub created_at: Seconds,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum AccountKind {
    User,
    Organization,
    Bot,
}

#[derive(Clone)]
pub(super) struct Account {
    pub id: u64,
    pub login: String,
    pub kind: AccountKind,
}

/// An access token: an installation's, or a person's (no installation, every permission).
#[derive(Clone)]
pub(super) struct Token {
    pub login: String,
    pub installation: bool,
    /// `None` = every repository of the installation.
    pub repositories: Option<Vec<u64>>,
    pub permissions: BTreeMap<String, String>,
    pub expires_at: Option<Seconds>,
}

pub(super) struct Repository {
    pub id: u64,
    pub owner: String,
    pub name: String,
    pub private: bool,
    pub default_branch: String,
    pub git: GitStore,
    /// The repository that this one was forked from.
    pub parent: Option<u64>,
    /// The App is installed here.
    pub installed: bool,
    pub created_at: Seconds,
    pub next_number: u64,
    pub issues: BTreeMap<u64, Issue>,
    pub pulls: BTreeMap<u64, Pull>,
    pub comments: BTreeMap<u64, Comment>,
    pub reviews: BTreeMap<u64, Review>,
    pub review_comments: BTreeMap<u64, ReviewComment>,
    pub check_runs: BTreeMap<u64, CheckRun>,
    pub check_suites: BTreeMap<u64, CheckSuite>,
    pub labels: BTreeMap<String, u64>,
    /// Lower-case login to `read`, `triage`, `write`, `maintain` or `admin`.
    pub permissions: BTreeMap<String, String>,
    pub reactions: Vec<Reaction>,
}

/// An issue, or the half of a pull request that it shares with issues.
pub(super) struct Issue {
    pub id: u64,
    pub number: u64,
    pub title: String,
    pub body: Option<String>,
    pub author: String,
    pub labels: Vec<String>,
    pub open: bool,
    pub created_at: Seconds,
    pub updated_at: Seconds,
    pub closed_at: Option<Seconds>,
}

pub(super) struct Pull {
    pub id: u64,
    pub draft: bool,
    /// `None` once a fork was deleted.
    pub head_repository: Option<u64>,
    pub head_ref: String,
    pub head_sha: String,
    pub base_ref: String,
    pub base_sha: String,
    /// The test merge while open, the real one afterwards.
    pub merge_sha: Option<String>,
    pub merged: Option<(Seconds, String)>,
}

pub(super) struct Comment {
    pub id: u64,
    pub issue: u64,
    pub author: String,
    pub body: String,
    pub created_at: Seconds,
    pub updated_at: Seconds,
}

pub(super) struct Review {
    pub id: u64,
    pub pull: u64,
    pub author: String,
    pub body: String,
    pub state: &'static str,
    pub commit: String,
    pub submitted_at: Seconds,
}

pub(super) struct ReviewComment {
    pub id: u64,
    pub pull: u64,
    pub review: u64,
    pub author: String,
    pub body: String,
    pub path: String,
    pub line: Option<u64>,
    pub side: String,
    pub start_line: Option<u64>,
    pub start_side: Option<String>,
    pub subject: String,
    pub diff_hunk: String,
    pub commit: String,
    pub in_reply_to: Option<u64>,
    /// Kept on the first comment of a thread.
    pub resolved: bool,
    pub created_at: Seconds,
    pub updated_at: Seconds,
}

pub(super) struct CheckRun {
    pub id: u64,
    pub suite: u64,
    pub name: String,
    pub head_sha: String,
    pub external_id: String,
    pub details_url: Option<String>,
    pub status: String,
    pub conclusion: Option<String>,
    pub started_at: Seconds,
    pub completed_at: Option<Seconds>,
    pub title: Option<String>,
    pub summary: Option<String>,
    pub text: Option<String>,
    pub annotations: Vec<Value>,
    pub actions: Vec<Value>,
}

pub(super) struct CheckSuite {
    pub id: u64,
    pub head_sha: String,
    pub head_branch: Option<String>,
    pub created_at: Seconds,
}

pub(super) struct Reaction {
    pub id: u64,
    pub comment: u64,
    pub author: String,
    pub content: String,
    pub created_at: Seconds,
}

/// The parts of a world that `Standin::start` decides.
pub(super) struct WorldSeed {
    pub root: String,
    pub api: String,
    pub folder: PathBuf,
    pub clock: StandinClock,
    pub token_ttl: Seconds,
    pub app: App,
    pub owner: String,
}

impl World {
    pub fn new(seed: WorldSeed) -> Self {
        let now = (seed.clock)();
        let mut world = Self {
            root: seed.root,
            api: seed.api,
            folder: seed.folder,
            clock: seed.clock,
            token_ttl: seed.token_ttl,
            installation: Installation {
                id: seed.app.id + 1,
                account: seed.owner.clone(),
                suspended_at: None,
                removed: false,
                created_at: now,
            },
            app: seed.app,
            accounts: BTreeMap::new(),
            repositories: BTreeMap::new(),
            names: HashMap::new(),
            tokens: HashMap::new(),
            manifests: HashMap::new(),
            outbox: Outbox::default(),
            faults: Vec::new(),
            requests: Vec::new(),
            rate_used: 0,
            next_id: 1_000,
            requests_seen: 0,
            commits_made: 0,
        };
        world.account(&seed.owner, AccountKind::Organization);
        let bot = world.bot_login();
        world.account(&bot, AccountKind::Bot);
        world
    }

    pub fn now(&self) -> Seconds {
        (self.clock)()
    }

    pub fn next_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    pub fn next_request(&mut self) -> u64 {
        self.requests_seen += 1;
        self.requests_seen
    }

    /// Commit dates are counted, not read from a clock: the same calls make the same commit ids.
    pub fn next_commit_time(&mut self) -> Seconds {
        const FIRST: Seconds = 1_767_225_600;
        self.commits_made += 1;
        FIRST + self.commits_made * 60
    }

    pub fn bot_login(&self) -> String {
        format!("{}[bot]", self.app.slug)
    }

    /// The account of this login, made when it does not exist yet.
    pub fn account(&mut self, login: &str, kind: AccountKind) -> Account {
        let key = login.to_ascii_lowercase();
        if let Some(account) = self.accounts.get(&key) {
            return account.clone();
        }
        let account = Account { id: self.next_id(), login: login.to_owned(), kind };
        self.accounts.insert(key, account.clone());
        account
    }

    /// A person's account; logins that end in `[bot]` are bots, as on GitHub.
    pub fn person(&mut self, login: &str) -> Account {
        let kind = if login.ends_with("[bot]") { AccountKind::Bot } else { AccountKind::User };
        self.account(login, kind)
    }

    pub fn find_repository(&self, owner: &str, name: &str) -> Option<&Repository> {
        let id = self.names.get(&slug_key(owner, name))?;
        self.repositories.get(id)
    }

    /// The repository that a person names as `owner/name`, by its present or a former name.
    pub fn repository_id(&self, slug: &str) -> Result<u64, StandinError> {
        self.names
            .get(&slug.to_ascii_lowercase())
            .copied()
            .ok_or_else(|| StandinError::Unknown(format!("repository {slug}")))
    }

    pub fn repository(&self, id: u64) -> Result<&Repository, StandinError> {
        self.repositories.get(&id).ok_or_else(|| StandinError::Unknown(format!("repository {id}")))
    }

    pub fn repository_mut(&mut self, id: u64) -> Result<&mut Repository, StandinError> {
        self.repositories
            .get_mut(&id)
            .ok_or_else(|| StandinError::Unknown(format!("repository {id}")))
    }
}

impl Repository {
    pub fn slug(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }

    pub fn issue(&self, number: u64) -> Result<&Issue, StandinError> {
        self.issues.get(&number).ok_or_else(|| self.unknown("issue", number))
    }

    pub fn issue_mut(&mut self, number: u64) -> Result<&mut Issue, StandinError> {
        let unknown = self.unknown("issue", number);
        self.issues.get_mut(&number).ok_or(unknown)
    }

    pub fn pull(&self, number: u64) -> Result<&Pull, StandinError> {
        self.pulls.get(&number).ok_or_else(|| self.unknown("pull request", number))
    }

    pub fn pull_mut(&mut self, number: u64) -> Result<&mut Pull, StandinError> {
        let unknown = self.unknown("pull request", number);
        self.pulls.get_mut(&number).ok_or(unknown)
    }

    /// What an account may do: the owner administers, others as set, everybody reads a public one.
    pub fn permission_of(&self, login: &str) -> &str {
        if login.eq_ignore_ascii_case(&self.owner) {
            return "admin";
        }
        match self.permissions.get(&login.to_ascii_lowercase()) {
            Some(level) => level,
            None if self.private => "none",
            None => "read",
        }
    }

    fn unknown(&self, what: &str, number: u64) -> StandinError {
        StandinError::Unknown(format!("{what} {}#{number}", self.slug()))
    }
}

pub(super) fn slug_key(owner: &str, name: &str) -> String {
    format!("{owner}/{name}").to_ascii_lowercase()
}

/// A clock that reads the system's.
pub(super) fn system_clock() -> StandinClock {
    Arc::new(|| {
        std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
    })
}

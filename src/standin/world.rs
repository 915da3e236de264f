//! What the stand-in knows: accounts, repositories and everything that hangs on them. One value
//! behind one lock, so that a request is applied entirely or not at all.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;

use super::deliveries::Outbox;
use super::faults::FaultRule;
use super::records::RequestRecord;
use super::{StandinClock, StandinError};

pub(super) use super::model::{
    Account, AccountKind, CheckRun, CheckSuite, Comment, Issue, Pull, Reaction, Repository, Review,
    ReviewComment, Seconds, Token,
};

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
    /// Lower-case `organisation/team` to lower-case logins.
    pub teams: BTreeMap<String, Vec<String>>,
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
            teams: BTreeMap::new(),
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
